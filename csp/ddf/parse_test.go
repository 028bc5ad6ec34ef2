package ddf_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/gomadm/gomadm/csp/ddf"
	"github.com/gomadm/gomadm/omadm"
)

func TestAnomaliesAreReported(t *testing.T) {
	const windows = `<MSFT:%s>%s</MSFT:%[1]s>`
	for name, tt := range map[string]struct {
		properties, children string
		want                 string
	}{
		"no AccessType":             {strings.Replace(least, "<AccessType><Get/></AccessType>", "", 1), "", "no AccessType"},
		"no DFFormat":               {strings.Replace(least, "<DFFormat><chr/></DFFormat>", "", 1), "", "no DFFormat"},
		"no DFType":                 {strings.Replace(least, "<DFType><MIME>text/plain</MIME></DFType>", "", 1), "", "no DFType"},
		"unknown property":          {least + "<RTProperties/>", "", `unknown element "RTProperties"`},
		"unknown property, Windows": {least + "<MSFT:RWAccess>3</MSFT:RWAccess>", "", `unknown element "MSFT:RWAccess"`},
		"property of a stranger":    {least + `<x:DFTitle xmlns:x="urn:x"/>`, "", `unknown element "x:DFTitle"`},
		"property twice":            {least + "<Scope><Dynamic/></Scope><Scope><Permanent/></Scope>", "", "Scope twice"},
		"unknown command":           {strings.Replace(least, "<Get/>", "<Get/><Alert/>", 1), "", `unknown element "Alert"`},
		"unknown format":            {strings.Replace(least, "chr", "text", 1), "", `unknown element "text"`},
		"two formats":               {strings.Replace(least, "<chr/>", "<chr/><int/>", 1), "", "DFFormat without a choice"},
		"no scope":                  {least + "<Scope/>", "", "Scope without a choice"},
		"unknown scope":             {least + "<Scope><Local/></Scope>", "", `unknown element "Local"`},
		"no occurrence":             {least + "<Occurrence/>", "", "Occurrence without a choice"},
		"unknown occurrence":        {least + "<Occurrence><Two/></Occurrence>", "", `unknown element "Two"`},
		"count of no number":        {least + "<Occurrence><OneOrN>many</OneOrN></Occurrence>", "", "count that is not a number"},
		"no case":                   {least + "<CaseSense/>", "", "CaseSense without a choice"},
		"unknown case":              {least + "<CaseSense><C/></CaseSense>", "", `unknown element "C"`},
		"choice of a stranger":      {least + `<CaseSense><CS xmlns="urn:x"/></CaseSense>`, "", "CaseSense without a choice"},
		"unknown type":              {strings.ReplaceAll(least, "MIME", "Mime"), "", `unknown element "Mime"`},
		"elements in a text":        {least + "<DFTitle><b/></DFTitle>", "", `elements inside "DFTitle"`},
		"applicability":             {least + fmt.Sprintf(windows, "Applicability", "<MSFT:Sku/>"), "", `unknown element "MSFT:Sku"`},
		"no ValueType":              {least + "<MSFT:AllowedValues/>", "", "no ValueType"},
		"allowed values":            {least + `<MSFT:AllowedValues ValueType="ENUM"><MSFT:Sku/></MSFT:AllowedValues>`, "", `unknown element "MSFT:Sku"`},
		"not Microsoft's":           {least + `<MSFT:AllowedValues ValueType="ENUM"><Value/></MSFT:AllowedValues>`, "", `unknown element "Value"`},
		"description of nothing": {least + `<MSFT:AllowedValues ValueType="ENUM"><MSFT:Value>1</MSFT:Value><MSFT:Enum><MSFT:ValueDescription/></MSFT:Enum></MSFT:AllowedValues>`, "",
			`unknown element "MSFT:ValueDescription"`},
		"naming":        {least + fmt.Sprintf(windows, "DynamicNodeNaming", "<MSFT:Random/>"), "", `unknown element "MSFT:Random"`},
		"dependencies":  {least + fmt.Sprintf(windows, "DependencyBehavior", "<MSFT:Sku/>"), "", `unknown element "MSFT:Sku"`},
		"group":         {least + fmt.Sprintf(windows, "DependencyBehavior", "<MSFT:DependencyGroup><MSFT:Sku/></MSFT:DependencyGroup>"), "", `unknown element "MSFT:Sku"`},
		"dependency":    {least + fmt.Sprintf(windows, "DependencyBehavior", "<MSFT:DependencyGroup><MSFT:Dependency><MSFT:Sku/></MSFT:Dependency></MSFT:DependencyGroup>"), "", `unknown element "MSFT:Sku"`},
		"rule for name": {least + fmt.Sprintf(windows, "DynamicNodeNaming", "<MSFT:ClientInventory/>"), "", "name and a rule for names"},
		"twins":         {least, child("c", least) + child("c", least), "two children of one name, or two without a name"},
		"two dynamic":   {least, child("", least+"<DFTitle>a</DFTitle>") + child("", least+"<DFTitle>b</DFTitle>"), "two children of one name, or two without a name"},
		"inside a node": {least, "<Value>x</Value>", `unknown element "Value"`},
	} {
		t.Run(name, func(t *testing.T) {
			d := parse(t, file(tt.properties, tt.children))
			if len(d.Anomalies) != 1 || d.Anomalies[0].Reason != tt.want {
				t.Fatalf("got %v, want %q", d.Anomalies, tt.want)
			}
			if len(d.Nodes) != 1 || d.Nodes[0].Name != "n" {
				t.Errorf("the rest was not read: %+v", d.Nodes)
			}
		})
	}
}

func TestAnomaliesSayWhere(t *testing.T) {
	doc := head + "<Other/>\n<Node><NodeName>n </NodeName><Path>./a/</Path>\n<DFProperties>" + least + "</DFProperties>\n" +
		"<Node><NodeName/><DFProperties><DFTitle>T</DFTitle>" + least + "</DFProperties><Path>x</Path>\n" +
		child("a/b", least+"\n<Scope/>") + child("", least) + "</Node></Node></MgmtTree>"
	d := parse(t, strings.Replace(doc, "<VerDTD>1.2</VerDTD>", "", 1))
	want := []ddf.Anomaly{
		{Node: "", Line: 1, Reason: `unknown element "Other"`},
		{Node: "", Line: 2, Reason: "Path with a delimiter at its end"},
		{Node: "./a/n ", Line: 2, Reason: "name with blanks around it"},
		{Node: "./a/n ", Line: 4, Reason: "Path of a node inside another one"},
		{Node: "./a/n /{T}/a/b", Line: 6, Reason: "Scope without a choice"},
		{Node: "./a/n /{T}/a/b", Line: 5, Reason: "name with a delimiter"},
		{Node: "./a/n /{T}/{}", Line: 6, Reason: "neither name nor title"},
		{Node: "", Line: 1, Reason: "VerDTD that is not 1.2"},
	}
	if diff := cmp.Diff(want, d.Anomalies); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if n := d.Nodes[0]; n.Line != 2 || n.Nodes[0].Line != 4 || n.Nodes[0].Path != "" {
		t.Errorf("lines %d and %d, path %q", n.Line, n.Nodes[0].Line, n.Nodes[0].Path)
	}
	for path := range d.All() {
		if path != "./a/n " {
			t.Errorf("got %q", path)
		}
		break
	}

	long := strings.Repeat("é", 300)
	d = parse(t, file(least, child(long, least+"<Scope/>")))
	if got := d.Anomalies[0].Node; len(got) > 210 || !strings.HasPrefix(got, "…é") {
		t.Errorf("%d octets: %q", len(got), got)
	}
}

func TestErrorsSayWhere(t *testing.T) {
	doc := head + "\n<Node><NodeName>n</NodeName><DFProperties>" + least + "</DFProperties>\n<Node>\n<NodeName>c</NodeName></Node></Node></MgmtTree>"
	_, err := ddf.Parse(strings.NewReader(doc))
	var e *ddf.SyntaxError
	want := ddf.SyntaxError{Node: "./n", Offset: strings.LastIndex(doc, "<Node>"), Line: 3, Reason: "Node without DFProperties"}
	if !errors.As(err, &e) || *e != want {
		t.Fatalf("got %+v, want %+v", err, want)
	}
	if got, want := err.Error(), fmt.Sprintf(`ddf: offset %d, line 3, node "./n": Node without DFProperties`, want.Offset); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	_, err = ddf.Parse(strings.NewReader("<MgmtTree>\n<a></b>"))
	if got, want := err.Error(), "ddf: offset 14, line 2: end of an element that is not open"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if _, err := ddf.Parse(iotest.ErrReader(io.ErrUnexpectedEOF)); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %v, want the error of the reader", err)
	}
}

func TestLimits(t *testing.T) {
	for limit, doc := range map[string]string{
		"Octets": file(least, strings.Repeat(" ", 16<<20)),
		"Depth":  strings.Repeat("<a>", 65) + strings.Repeat("</a>", 65),
		"Tokens": "<a>" + strings.Repeat("<b/>", 1<<19) + "</a>",
	} {
		_, err := ddf.Parse(strings.NewReader(doc))
		var e *ddf.LimitError
		if !errors.As(err, &e) || e.Limit != limit || !strings.Contains(err.Error(), fmt.Sprintf("more than %d %s", e.Max, limit)) {
			t.Errorf("got %v, want a LimitError of %s", err, limit)
		}
	}
}

func TestFind(t *testing.T) {
	d := parse(t, head+
		`<Node><NodeName>A</NodeName><Path>./Vendor/</Path><DFProperties>`+least+`</DFProperties>`+
		child("", least+"<DFTitle>any</DFTitle>")+child("Fixed", least)+child("folded", least+"<CaseSense><CIS/></CaseSense>")+child("two words", least)+`</Node>`+
		`<Node><NodeName>B</NodeName><Path>.</Path><DFProperties>`+least+`</DFProperties></Node>`+
		`<Node><NodeName>C</NodeName><DFProperties>`+least+`</DFProperties></Node></MgmtTree>`)
	for u, want := range map[omadm.URI]string{
		"./Vendor/A": "A", "Vendor/A": "A", "./Vendor/A/Fixed": "Fixed", "./Vendor/A/fixed": "{any}", "./Vendor/A/FOLDED?prop=ACL": "folded",
		"./Vendor/A/two%20words": "two words", "./Vendor/A/other": "{any}", "./B": "B", "./C": "C",
		".": "", "./Vendor": "", "./vendor/A": "", "./Vendor/A/Fixed/x": "", "./D": "",
	} {
		got := ""
		if n, ok := d.Find(u); ok {
			if got = n.Name; n.Dynamic() {
				got = "{" + n.Title + "}"
			}
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", u, got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(file(least, child("", least+`<DFTitle>t</DFTitle><MSFT:DynamicNodeNaming><MSFT:ClientInventory/></MSFT:DynamicNodeNaming>`))))
	f.Add([]byte(`<!DOCTYPE MgmtTree PUBLIC " -//X" "y" [<?z?>]>` + file(least+`<Occurrence><OneOrN>3</OneOrN></Occurrence>`+
		`<MSFT:AllowedValues ValueType="ENUM"><MSFT:Enum><MSFT:Value>1</MSFT:Value></MSFT:Enum><MSFT:List Delimiter=";"/></MSFT:AllowedValues>`+
		`<MSFT:DependencyBehavior><MSFT:DependencyGroup><MSFT:Dependency><MSFT:DependencyAllowedValue ValueType="Range"/></MSFT:Dependency></MSFT:DependencyGroup></MSFT:DependencyBehavior>`, "")))
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := ddf.Parse(strings.NewReader(string(b)))
		if err != nil {
			var syntax *ddf.SyntaxError
			var limit *ddf.LimitError
			if d != nil || !errors.As(err, &syntax) && !errors.As(err, &limit) {
				t.Fatalf("got %v and %v", d, err)
			}
			return
		}
		line := 0
		for path, n := range d.All() {
			if n.Line < line || n.Line > 1+strings.Count(string(b), "\n") {
				t.Fatalf("%s is in line %d, after one in line %d", path, n.Line, line)
			}
			line = n.Line
		}
		for _, a := range d.Anomalies {
			if a.Reason == "" || a.Line < 1 {
				t.Fatalf("anomaly %+v", a)
			}
		}
	})
}
