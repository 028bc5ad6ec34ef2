package ddf_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gomadm/gomadm/csp/ddf"
	"github.com/gomadm/gomadm/omadm"
)

// rowTest proves one row of the protocol; its name begins with the identifier of the row.
type rowTest struct {
	name string
	run  func(*testing.T)
}

func TestRows(t *testing.T) {
	for _, row := range rows {
		t.Run(row.name, row.run)
	}
}

const (
	head = `<MgmtTree xmlns:MSFT="http://schemas.microsoft.com/MobileDevice/DM"><VerDTD>1.2</VerDTD>`
	// least is what a description cannot leave out.
	least = `<AccessType><Get/></AccessType><DFFormat><chr/></DFFormat><DFType><MIME>text/plain</MIME></DFType>`
)

// file returns a description with one node that has the properties, and then the children.
func file(properties, children string) string {
	return head + `<Node><NodeName>n</NodeName><Path>./a</Path><DFProperties>` + properties + `</DFProperties>` + children + `</Node></MgmtTree>`
}

// child returns a node inside another one.
func child(name, properties string) string {
	return `<Node><NodeName>` + name + `</NodeName><DFProperties>` + properties + `</DFProperties></Node>`
}

func parse(t *testing.T, doc string) *ddf.Document {
	t.Helper()
	d, err := ddf.Parse(strings.NewReader(doc))
	if err != nil {
		t.Fatalf("%s: %v", doc, err)
	}
	return d
}

// node returns the one node of a file, which must have nothing odd.
func node(t *testing.T, doc string) *ddf.Node {
	t.Helper()
	d := parse(t, doc)
	if len(d.Anomalies) > 0 {
		t.Errorf("%s: %v", doc, d.Anomalies)
	}
	return d.Nodes[0]
}

func example(t *testing.T) *ddf.Document {
	t.Helper()
	b, err := os.ReadFile("testdata/example.xml")
	if err != nil {
		t.Fatal(err)
	}
	return parse(t, string(b))
}

func refused(t *testing.T, what, doc, words string) {
	t.Helper()
	d, err := ddf.Parse(strings.NewReader(doc))
	var e *ddf.SyntaxError
	if d != nil || !errors.As(err, &e) || !strings.Contains(e.Reason, words) {
		t.Errorf("%s: got %v and %v, want a SyntaxError about %q", what, d, err, words)
	}
}

var rows = []rowTest{
	{"Z-10_name_path_and_properties_of_a_node", func(t *testing.T) {
		zero := "0"
		got := node(t, file(`<AccessType><Add/><Copy/><Delete/><Exec/><Get/><Replace/></AccessType><DefaultValue>0</DefaultValue>`+
			`<Description> What it is. </Description><DFFormat><int/></DFFormat><Occurrence><ZeroOrOne/></Occurrence><Scope><Permanent/></Scope>`+
			`<DFTitle>Title</DFTitle><DFType><MIME>text/plain</MIME></DFType><CaseSense><CS/></CaseSense>`,
			child("c", `<CaseSense><CIS/></CaseSense><DFType><DDFName>org.example/1.0/c</DDFName></DFType><DFFormat><node/></DFFormat>`+
				`<AccessType><Get/></AccessType><DefaultValue/>`)))
		empty := ""
		want := &ddf.Node{
			Name: "n", Path: "./a", Line: 1,
			Access:  ddf.NewAccess(omadm.Add, omadm.Copy, omadm.Delete, omadm.Exec, omadm.Get, omadm.Replace),
			Default: &zero, Description: "What it is.", Format: omadm.FormatInt, Occurrence: ddf.ZeroOrOne, Scope: ddf.Permanent,
			Title: "Title", MIME: "text/plain", Case: ddf.CaseSensitive,
			Nodes: []*ddf.Node{{
				Name: "c", Line: 1, Access: ddf.NewAccess(omadm.Get), Default: &empty, Format: omadm.FormatNode, Occurrence: ddf.One,
				Scope: ddf.Dynamic, Assumed: []string{"Occurrence", "Scope"}, DDFName: "org.example/1.0/c", Case: ddf.CaseInsensitive,
			}},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if got.Access.String() != "Add Copy Delete Exec Get Replace" || want.Nodes[0].Access.String() != "Get" || ddf.Access(0).String() != "" {
			t.Errorf("access %v and %v", got.Access, want.Nodes[0].Access)
		}
		for _, f := range []omadm.Format{"b64", "bin", "bool", "chr", "date", "float", "int", "node", "null", "time", "xml"} {
			n := node(t, file(strings.Replace(least, "<chr/>", "<"+string(f)+"/>", 1), ""))
			if n.Format != f {
				t.Errorf("format %s: got %s", f, n.Format)
			}
		}

		// In any of the namespaces that descriptions have.
		for _, space := range []string{"syncml:dmddf1.2", "http://tempuri.org/DM_DDF-V1_2"} {
			doc := strings.Replace(file(least, ""), "<MgmtTree", `<MgmtTree xmlns="`+space+`"`, 1)
			if n := node(t, doc); n.Name != "n" || n.Format != omadm.FormatChr {
				t.Errorf("%s: got %+v", space, n)
			}
		}
		d := parse(t, strings.Replace(file(least, ""), "<Node>", "<Man>Example</Man><Mod>One</Mod><Node>", 1))
		if d.Version != "1.2" || d.Man != "Example" || d.Mod != "One" || len(d.Anomalies) > 0 {
			t.Errorf("got %+v", d)
		}

		refused(t, "no name", head+`<Node><DFProperties>`+least+`</DFProperties></Node></MgmtTree>`, "without a NodeName")
		refused(t, "no properties", head+`<Node><NodeName>n</NodeName></Node></MgmtTree>`, "without DFProperties")
		refused(t, "two names", strings.Replace(file(least, ""), "<Path>", "<NodeName>m</NodeName><Path>", 1), "NodeName twice")
		refused(t, "no nodes", head+`</MgmtTree>`, "without a node")
		refused(t, "another root", `<Node/>`, "root")
		refused(t, "another namespace", strings.Replace(file(least, ""), "<MgmtTree", `<MgmtTree xmlns="urn:x"`, 1), "namespace")
		refused(t, "a child without properties", file(least, `<Node><NodeName>c</NodeName></Node>`), "without DFProperties")
	}},
	{"Z-11_occurrence_and_scope_and_their_defaults", func(t *testing.T) {
		n := node(t, file(least, ""))
		if n.Occurrence != ddf.One || n.Scope != ddf.Dynamic || !cmp.Equal(n.Assumed, []string{"Occurrence", "Scope"}) || n.Default != nil || n.Case != "" {
			t.Errorf("got %+v", n)
		}
		for in, want := range map[string]ddf.Node{
			"<One/>":                   {Occurrence: ddf.One},
			"<ZeroOrOne/>":             {Occurrence: ddf.ZeroOrOne},
			"<ZeroOrMore/>":            {Occurrence: ddf.ZeroOrMore},
			"<OneOrMore/>":             {Occurrence: ddf.OneOrMore},
			"<ZeroOrN/>":               {Occurrence: ddf.ZeroOrN},
			"<OneOrN/>":                {Occurrence: ddf.OneOrN},
			"<OneOrN>3</OneOrN>":       {Occurrence: ddf.OneOrN, Most: 3},
			"<ZeroOrN> 12\n</ZeroOrN>": {Occurrence: ddf.ZeroOrN, Most: 12},
		} {
			n := node(t, file(least+"<Occurrence>"+in+"</Occurrence>", ""))
			if n.Occurrence != want.Occurrence || n.Most != want.Most {
				t.Errorf("%s: got %s of %d", in, n.Occurrence, n.Most)
			}
		}
		for in, want := range map[string]ddf.Scope{"<Dynamic/>": ddf.Dynamic, "<Permanent/>": ddf.Permanent} {
			if n := node(t, file(least+"<Scope>"+in+"</Scope>", "")); n.Scope != want {
				t.Errorf("%s: got %s", in, n.Scope)
			}
		}
	}},
	{"Z-12_empty_name_is_chosen_at_run_time", func(t *testing.T) {
		for _, name := range []string{"<NodeName/>", "<NodeName></NodeName>", "<NodeName>\n  </NodeName>"} {
			n := node(t, strings.Replace(file(least+"<DFTitle>Account GUID</DFTitle>", child("c", least)), "<NodeName>n</NodeName>", name, 1))
			if !n.Dynamic() || n.Name != "" || n.Nodes[0].Dynamic() {
				t.Errorf("%s: got %+v", name, n)
			}
		}
		for by, prose := range map[string]string{"UniqueName": "The hash.", "ClientInventory": "", "ServerGeneratedUniqueIdentifier": ""} {
			n := node(t, strings.Replace(file(least+"<DFTitle>Hash</DFTitle><MSFT:DynamicNodeNaming><MSFT:"+by+">"+prose+"</MSFT:"+by+">"+
				"</MSFT:DynamicNodeNaming>", ""), "<NodeName>n", "<NodeName>", 1))
			if want := (&ddf.Naming{By: by, Description: prose}); !cmp.Equal(n.Windows.Naming, want) {
				t.Errorf("%s: got %+v", by, n.Windows.Naming)
			}
		}
		d := example(t)
		var paths []string
		for path, n := range d.All() {
			paths = append(paths, path)
			u := omadm.URI(strings.ReplaceAll(path, "{TunnelName}", "Berlin%201"))
			if got, ok := d.Find(u); !ok || got != n {
				t.Errorf("%s: got %v", u, got)
			}
		}
		const tunnel = "./Device/Vendor/Example/Tunnel"
		if want := []string{tunnel, tunnel + "/{TunnelName}", tunnel + "/{TunnelName}/Server", tunnel + "/{TunnelName}/Restart"}; !cmp.Equal(paths, want) {
			t.Errorf("got %q, want %q", paths, want)
		}
	}},
	{"Z-13_files_of_windows", func(t *testing.T) {
		d := example(t)
		if len(d.Anomalies) > 0 {
			t.Errorf("anomalies %v", d.Anomalies)
		}
		text := func(s string) *string { return &s }
		if got, want := d.Nodes[0].Windows, (ddf.Windows{Applicability: ddf.Applicability{
			Builds: text("10.0.22000, 10.0.19041.1202"), CSP: text("1.0"), Editions: text("0x4;0x1B;"),
		}}); !cmp.Equal(got, want) {
			t.Errorf("got %+v", got)
		}
		if got, want := d.Nodes[0].Nodes[0].Windows, (ddf.Windows{
			Allowed: &ddf.AllowedValues{Type: "RegEx", Values: []ddf.AllowedValue{{Value: "^[^/]*$"}}},
			Naming:  &ddf.Naming{By: "ServerGeneratedUniqueIdentifier"}, Atomic: true,
		}); !cmp.Equal(got, want) {
			t.Errorf("got %+v", got)
		}

		n := node(t, file(least+`<MSFT:Applicability><MSFT:EditionAllowList></MSFT:EditionAllowList></MSFT:Applicability>`+
			`<MSFT:AllowedValues ValueType="ENUM"><MSFT:Enum><MSFT:Value>0</MSFT:Value><MSFT:ValueDescription>Off.</MSFT:ValueDescription></MSFT:Enum>`+
			`<MSFT:Enum><MSFT:Value>1</MSFT:Value><MSFT:ValueDescription>On.</MSFT:ValueDescription><MSFT:Value>2</MSFT:Value></MSFT:Enum>`+
			`<MSFT:List Delimiter="0xF000"/></MSFT:AllowedValues>`+
			`<MSFT:ConflictResolution>LastWrite</MSFT:ConflictResolution><MSFT:RebootBehavior>Automatic</MSFT:RebootBehavior>`+
			`<MSFT:Deprecated OsBuildDeprecated="10.0.22000"/><MSFT:GpMapping GpEnglishName="Name" GpAreaPath="A~B" GpElement="E"/>`+
			`<MSFT:DependencyBehavior><MSFT:DependencyGroup FriendlyId="One"><MSFT:DependencyChangedAllowedValues ValueType="Range">`+
			`<MSFT:Value>[7-365]</MSFT:Value></MSFT:DependencyChangedAllowedValues><MSFT:Dependency Type="DependsOn">`+
			`<MSFT:DependencyUri> Vendor/Example/B </MSFT:DependencyUri><MSFT:DependencyAllowedValue ValueType="ENUM"><MSFT:Enum><MSFT:Value>1</MSFT:Value>`+
			`<MSFT:ValueDescription>B.</MSFT:ValueDescription></MSFT:Enum></MSFT:DependencyAllowedValue></MSFT:Dependency></MSFT:DependencyGroup>`+
			`<MSFT:DependencyGroup FriendlyId="Two"/></MSFT:DependencyBehavior>`, ""))
		want := ddf.Windows{
			Applicability: ddf.Applicability{Editions: text("")},
			Allowed: &ddf.AllowedValues{
				Type: "ENUM", List: text("0xF000"),
				Values: []ddf.AllowedValue{{Value: "0", Description: "Off."}, {Value: "1", Description: "On."}, {Value: "2"}},
			},
			Dependencies: []ddf.DependencyGroup{{
				ID: "One", Changed: &ddf.AllowedValues{Type: "Range", Values: []ddf.AllowedValue{{Value: "[7-365]"}}},
				Nodes: []ddf.Dependency{{
					Type: "DependsOn", URI: "Vendor/Example/B",
					Allowed: ddf.AllowedValues{Type: "ENUM", Values: []ddf.AllowedValue{{Value: "1", Description: "B."}}},
				}},
			}, {ID: "Two"}},
			Policy:   &ddf.GroupPolicy{Name: "Name", Area: "A~B", Element: "E"},
			Conflict: "LastWrite", Reboot: "Automatic", Deprecated: &ddf.Deprecated{Build: "10.0.22000"},
		}
		if diff := cmp.Diff(want, n.Windows); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		n = node(t, file(least+`<MSFT:AllowedValues ValueType="ADMX"><MSFT:AdmxBacked Area="A" Name="N" File="F.admx"/></MSFT:AllowedValues>`, ""))
		if got, want := n.Windows.Allowed, (&ddf.AllowedValues{Type: "ADMX", ADMX: &ddf.ADMX{Area: "A", Name: "N", File: "F.admx"}}); !cmp.Equal(got, want) {
			t.Errorf("got %+v", got)
		}
		// A schema is text, not elements of the file; the prefix may be another one, and there is a byte order mark.
		doc := "\ufeff" + strings.ReplaceAll(file(least+`<MSFT:AllowedValues ValueType="XSD"><MSFT:Value><![CDATA[<xs:schema><Node/></xs:schema>]]></MSFT:Value></MSFT:AllowedValues>`, ""), "MSFT", "ms")
		if got := node(t, strings.ReplaceAll(doc, "\n", "\r\n")).Windows.Allowed.Values; !cmp.Equal(got, []ddf.AllowedValue{{Value: "<xs:schema><Node/></xs:schema>"}}) {
			t.Errorf("got %+v", got)
		}

		refused(t, "entity", `<!DOCTYPE MgmtTree [<!ENTITY a "b">]>`+file(least, ""), "declaration")
		refused(t, "parameter entity", `<!DOCTYPE MgmtTree [<!ENTITY % a SYSTEM "b">%a;]>`+file(least, ""), "declaration")
		refused(t, "reference", file(least+`<DefaultValue>&a;</DefaultValue>`, ""), "entity")
	}},
	{"Z-14_access_type_gives_the_commands", func(t *testing.T) {
		d := example(t)
		const tunnel = "./Device/Vendor/Example/Tunnel"
		all := []omadm.Verb{omadm.Get, omadm.Add, omadm.Replace, omadm.Delete, omadm.Exec, omadm.Copy}
		for u, may := range map[omadm.URI][]omadm.Verb{
			tunnel:                         {omadm.Get},
			tunnel + "/a":                  {omadm.Add, omadm.Delete, omadm.Get},
			tunnel + "/a/Server":           {omadm.Add, omadm.Delete, omadm.Get, omadm.Replace},
			tunnel + "/a/SERVER":           {omadm.Add, omadm.Delete, omadm.Get, omadm.Replace},
			tunnel + "/a/Restart":          {omadm.Exec},
			tunnel + "/a/restart":          all, // case counts: not described
			tunnel + "/a/Server/b":         all,
			"./Device/Vendor/Example":      all,
			"./User/Vendor/Example/Tunnel": all,
			"./Device/Vendor/Other/Tunnel": all,
			tunnel + "?prop=ACL":           all,
		} {
			allowed := make(map[omadm.Verb]bool)
			for _, v := range may {
				allowed[v] = true
			}
			for _, v := range all {
				err := d.Check(omadm.Op{Verb: v, URI: u})
				var e *ddf.AccessError
				switch {
				case allowed[v] && err != nil:
					t.Errorf("%v %s: %v", v, u, err)
				case !allowed[v] && (!errors.As(err, &e) || e.Verb != v || e.URI != u || e.Access != ddf.NewAccess(may...)):
					t.Errorf("%v %s: got %v, want an AccessError", v, u, err)
				}
			}
		}
		err := d.Check(omadm.Op{Verb: omadm.Delete, URI: tunnel})
		if got, want := err.Error(), `ddf: Delete of "`+tunnel+`", which permits "Get"`; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		if err := d.Check(omadm.Op{}); err != nil {
			t.Errorf("an operation on no node: %v", err)
		}
	}},
}
