package csp_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gomadm/gomadm/csp"
	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/syncml"
)

// node is where the catalogues of these tests have their one node.
const node = "./Device/Vendor/MSFT/Fabrikam/Setting"

// oneNode returns a catalogue with one node that takes what the constraint says.
func oneNode(t testing.TB, format omadm.Format, allowed csp.Constraint) *csp.Catalog {
	t.Helper()
	c, err := csp.New(csp.Provenance{Name: "test"}, []csp.Definition{
		{Template: "./Device/Vendor/MSFT/Fabrikam", Format: omadm.FormatNode, Verbs: csp.NewVerbs(omadm.Get)},
		{Template: node, Format: format, Verbs: csp.NewVerbs(omadm.Add, omadm.Get, omadm.Replace), Allowed: allowed},
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// verdictOn returns the code of what is wrong with a value, empty if nothing is; "!" stands before an error.
func verdictOn(c *csp.Catalog, format omadm.Format, text string) string {
	v := omadm.Value{Format: format, Data: syncml.Text(text)}
	var codes []string
	for _, i := range c.Check(csp.Device{}, omadm.Request{Ops: []omadm.Op{{Verb: omadm.Replace, URI: node, Value: v}}}) {
		switch i.Severity {
		case csp.Error:
			codes = append(codes, "!"+string(i.Code))
		case csp.Warning:
			codes = append(codes, string(i.Code))
		}
	}
	return strings.Join(codes, " ")
}

func TestValues(t *testing.T) {
	const (
		i, b, s, b64, x = omadm.FormatInt, omadm.FormatBool, omadm.FormatChr, omadm.FormatB64, omadm.FormatXML
		f000            = "\uf000"
	)
	rng := func(r string) csp.Constraint { return csp.Constraint{Kind: csp.Range, Values: []string{r}} }
	enum := func(v ...string) csp.Constraint { return csp.Constraint{Kind: csp.Enum, Values: v} }
	bits := func(v ...string) csp.Constraint { return csp.Constraint{Kind: csp.Flags, Values: v} }
	regex := func(p string) csp.Constraint { return csp.Constraint{Kind: csp.Regex, Values: []string{p}} }
	list := func(c csp.Constraint, d string) csp.Constraint { c.List = d; return c }
	tests := []struct {
		name    string
		format  omadm.Format
		allowed csp.Constraint
		good    []string
		bad     map[string]string
	}{
		{"a range", i, rng("[0-100]"), []string{"0", "100", " 7 "}, map[string]string{"101": "!value.range", "-1": "!value.range", "x": "!value.format", "": "!value.format"}},
		{"from below zero", s, rng("[(-1)-4294967295]"), []string{"-1", "0", "4294967295"}, map[string]string{"-2": "!value.range", "4294967296": "!value.range"}},
		{"a comma for a hyphen", i, rng("[0,4320]"), []string{"0", "17", "4320"}, map[string]string{"4321": "!value.range"}},
		{"32 bits", i, rng("[0-4294967295]"), []string{"4294967295"}, map[string]string{"4294967296": "!value.range"}},
		{"numbers beyond 64 bits", i, rng("[0-9]"), nil, map[string]string{"99999999999999999999": "!value.format"}},
		{"values", i, enum("0", "1"), []string{"0", "1", "01"}, map[string]string{"2": "!value.enum", "one": "!value.format"}},
		{"words in any case", s, enum("IN", "OUT"), []string{"IN", "out"}, map[string]string{"both": "!value.enum", "": "!value.enum"}},
		{"truth in any spelling", b, enum("false", "true"), []string{"true", "True", "1", "0", "FALSE"}, map[string]string{"yes": "!value.format", "2": "!value.format"}},
		{"truth as numbers", b, enum("0", "1"), []string{"true", "1"}, map[string]string{"2": "!value.format"}},
		{"numbers in disguise", b, enum("0", "1", "2", "4", "8"), []string{"8", "true"}, map[string]string{"3": "!value.format"}},
		{"truth", b, csp.Constraint{}, []string{"true", "0"}, map[string]string{"": "!value.format"}},
		{"octets", b64, enum("AA==", "AQ=="), []string{"AA=="}, map[string]string{"AAA=": "!value.enum", "?": "!value.format"}},
		{"bits", i, bits("0x1", "0x2", "8"), []string{"0", "3", "0xB", "9"}, map[string]string{"4": "!value.flags", "7": "!value.flags", "-1": "!value.format"}},
		{"bits that go together", i, bits("0x1", "0x60"), []string{"0x61", "96"}, map[string]string{"32": "!value.flags"}},
		{"all bits", i, bits("0x1", "0x7FFFFFFF", "0x80000000"), []string{"2147483647", "2147483648", "1"}, map[string]string{"2": "!value.flags"}},
		{"a pattern", s, regex("[0-9]{5}"), []string{"12345"}, map[string]string{"123456": "value.regex", "a12345": "value.regex"}},
		{"an anchored pattern", s, regex("^[0-9]{5}$"), []string{"12345"}, map[string]string{"1234": "value.regex"}},
		{"a pattern that is certain", s, csp.Constraint{Kind: csp.Regex, Values: []string{"a"}, Confirmed: true}, []string{"a"}, map[string]string{"b": "!value.regex"}},
		{"a list", s, list(enum("Lan", "Wireless"), ","), []string{"Lan", "Lan,Wireless", "lan, wireless", "", "Lan,"}, map[string]string{"Lan,Sea": "!value.list", "Lan;Wireless": "!value.list"}},
		{"a list of numbers", i, list(rng("[1-9]"), ";"), []string{"1;9"}, map[string]string{"1;10": "!value.list"}},
		{"a list with the character of lists", s, list(enum("a", "b"), f000), []string{"a" + f000 + "b"}, map[string]string{"a,b": "!value.list"}},
		{"a list of whatever", i, csp.Constraint{List: "|"}, []string{"10.0.0.1|10.0.0.2"}, nil},
		{"a pattern for items", s, list(regex("[0-9]+"), ","), []string{"1,22"}, map[string]string{"1,x": "value.regex"}},
		{"a pattern for the whole list", s, list(regex("^([^;]+\\.msix;?){1,2}$"), ";"), []string{"a.msix;b.msix"}, map[string]string{"a.exe;b.msix": "value.regex"}},
		{"a policy of a template", s, csp.Constraint{Kind: csp.ADMX, ADMX: &csp.ADMXReference{File: "a.admx", Name: "b", Area: "c"}},
			[]string{"<enabled/>", "<Disabled/>", ` <enabled></enabled> <Data ID="x" Value="1"/>`},
			map[string]string{"1": "!value.admx.shape", "": "!value.admx.shape", "<disabled/><data id='a' value='b'/>": "!value.admx.shape", "<enabled/><enabled/>": "!value.admx.shape", "<enabled>": "!value.admx.shape", "<enabled/><data id='a'/><data id='a'/>": "!value.admx.shape", "<enabled>true</enabled>": "!value.admx.shape", "<enabled/>x": "!value.admx.shape", "<on/>": "!value.admx.shape"}},
		{"a document with a schema", s, csp.Constraint{Kind: csp.XSD}, []string{"<a/>"}, map[string]string{"<a>": "!value.format"}},
		{"JSON", s, csp.Constraint{Kind: csp.JSON}, []string{"{}"}, map[string]string{"{": "!value.format"}},
		{"XML", x, csp.Constraint{}, []string{"<a/>", "\uFEFF<?xml version=\"1.0\" encoding=\"utf-16\"?><a/>"}, map[string]string{"a": "!value.format", "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>": "!value.format"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := oneNode(t, tt.format, tt.allowed)
			for _, text := range tt.good {
				if got := verdictOn(c, tt.format, text); got != "" {
					t.Errorf("%q: %s", text, got)
				}
			}
			for text, want := range tt.bad {
				if got := verdictOn(c, tt.format, text); got != want {
					t.Errorf("%q: got %q, want %q", text, got, want)
				}
			}
		})
	}
}

func TestFormats(t *testing.T) {
	const truth = "true"
	tests := []struct {
		node, given omadm.Format
		text        string
		want        string
	}{
		{omadm.FormatInt, "", "1", ""},
		{omadm.FormatInt, omadm.FormatInt, "1", ""},
		{omadm.FormatInt, "INT", "1", ""},
		{omadm.FormatInt, omadm.FormatChr, "1", "!value.format"},
		{omadm.FormatInt, omadm.FormatBool, truth, "!value.format"},
		{omadm.FormatBool, omadm.FormatInt, "1", "!value.format"},
		{omadm.FormatChr, omadm.FormatXML, "<a/>", ""},
		{omadm.FormatXML, omadm.FormatChr, "<a/>", ""},
		{omadm.FormatChr, omadm.FormatInt, "1", "!value.format"},
		{omadm.FormatBin, omadm.FormatB64, "AA==", ""},
		{omadm.FormatBin, omadm.FormatChr, "AA==", ""},
		{omadm.FormatFloat, omadm.FormatFloat, "1.5", ""},
		{omadm.FormatFloat, omadm.FormatFloat, "x", "!value.format"},
		{omadm.FormatTime, omadm.FormatChr, "12:00:00", ""},
		{omadm.FormatNull, omadm.FormatChr, "x", ""},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%s as %s", tt.node, tt.given), func(t *testing.T) {
			c := oneNode(t, tt.node, csp.Constraint{})
			if got := verdictOn(c, tt.given, tt.text); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// TestTruthNodesOfNumbers: where the catalogue lists 0 and 1 for a truth value, the format may be int.
func TestTruthNodesOfNumbers(t *testing.T) {
	c := oneNode(t, omadm.FormatBool, csp.Constraint{Kind: csp.Enum, Values: []string{"0", "1"}})
	if got := verdictOn(c, omadm.FormatInt, "1"); got != "" {
		t.Error(got)
	}
}

func TestFixes(t *testing.T) {
	c := csp.Default()
	for name, tt := range map[string]struct {
		op   omadm.Op
		want string
	}{
		"a number for a truth value": {
			omadm.Op{Verb: omadm.Replace, URI: "./Device/Vendor/MSFT/Policy/Config/Camera/AllowCamera", Value: omadm.Bool(true)},
			"Replace ./Device/Vendor/MSFT/Policy/Config/Camera/AllowCamera as int 1",
		},
		"the nearest name": {
			omadm.Op{Verb: omadm.Get, URI: "./DevDetail/SvW"}, "Get ./DevDetail/SwV",
		},
		"the other scope": {
			omadm.Op{Verb: omadm.Replace, URI: "./Device/Vendor/MSFT/Policy/Config/Experience/AllowWindowsSpotlight", Value: omadm.Int(1)},
			"Replace ./User/Vendor/MSFT/Policy/Config/Experience/AllowWindowsSpotlight",
		},
		"the other verb": {
			omadm.Op{Verb: omadm.Add, URI: "./DevDetail/Ext/Microsoft/DeviceName", Value: omadm.Text("PC")},
			"Replace ./DevDetail/Ext/Microsoft/DeviceName",
		},
		"the canonical spelling": {
			omadm.Op{Verb: omadm.Get, URI: "devdetail/swv"}, "Get ./DevDetail/SwV",
		},
	} {
		t.Run(name, func(t *testing.T) {
			for _, i := range c.Check(csp.Device{}, omadm.Request{Ops: []omadm.Op{tt.op}}) {
				if len(i.Fix) > 0 {
					if got := i.Fix[0].String(); got != tt.want {
						t.Errorf("got %q, want %q", got, tt.want)
					}
					return
				}
			}
			t.Error("no fix")
		})
	}
}

// TestEveryNodeWithValues: each Enum, Range and Flags node of the catalogue takes one of its values and refuses another.
// What can only be read is looked at in a catalogue in which it can be written.
func TestEveryNodeWithValues(t *testing.T) {
	counts := map[csp.ConstraintKind]int{}
	for n := range csp.Default().All() {
		allowed := n.Allowed()
		if allowed.Kind != csp.Enum && allowed.Kind != csp.Range && allowed.Kind != csp.Flags {
			continue
		}
		counts[allowed.Kind]++
		c := oneNode(t, n.Format(), allowed)
		good, bad := sampleValues(t, n, allowed)
		if got := verdictOn(c, n.Format(), good); got != "" {
			t.Errorf("%s: %q: %s", n, good, got)
		}
		if got := verdictOn(c, n.Format(), bad); !strings.HasPrefix(got, "!value.") {
			t.Errorf("%s: %q passes: %q", n, bad, got)
		}
	}
	if counts[csp.Enum] < 1000 || counts[csp.Range] < 200 || counts[csp.Flags] < 10 {
		t.Errorf("only %v", counts)
	}
}

// sampleValues returns a value that a node takes, and one that it does not.
func sampleValues(t *testing.T, n csp.Node, c csp.Constraint) (good, bad string) {
	t.Helper()
	switch c.Kind {
	case csp.Range:
		text := strings.NewReplacer("[", "", "]", "", "(", "", ")", "").Replace(c.Values[0])
		cut := strings.LastIndexAny(text, "-,")
		most, err := strconv.ParseInt(text[cut+1:], 10, 64)
		if err != nil {
			t.Fatalf("%s: %v", n, c.Values)
		}
		return text[:cut], strconv.FormatInt(most+1, 10)
	case csp.Flags:
		return c.Values[len(c.Values)-1], strconv.FormatInt(1<<40, 10)
	}
	if n.Format() == omadm.FormatInt {
		return c.Values[0], "987654321"
	}
	return c.Values[0], "none of these"
}

func TestReport(t *testing.T) {
	op := func(u omadm.URI, v omadm.Value) omadm.Op { return omadm.Op{Verb: omadm.Replace, URI: u, Value: v} }
	report := csp.Default().Check(csp.Device{},
		omadm.Request{Ops: []omadm.Op{op("./Device/Vendor/MSFT/Policy/Config/Camera/AllowCamera", omadm.Int(0))}},
		omadm.Request{Ops: []omadm.Op{
			op("./Device/Vendor/MSFT/Policy/Config/Camera/AllowCamera/x", omadm.Int(0)),
			op("./Device/Vendor/MSFT/Policy/Config/Update/ActiveHoursEnd", omadm.Int(24)),
		}})
	err := report.Err()
	if !errors.Is(err, csp.CodeValueRange) || !errors.Is(err, csp.CodeNodeUnknown) || errors.Is(err, csp.CodeURISyntax) {
		t.Errorf("got %v", err)
	}
	var issue *csp.Issue
	if !errors.As(err, &issue) || issue.Request != 1 || issue.Op != 0 {
		t.Errorf("got %+v", issue)
	}
	i := slices.IndexFunc(report, func(i csp.Issue) bool { return i.Code == csp.CodeValueRange })
	got := report[i]
	got.Source = ""
	want := csp.Issue{
		Code: csp.CodeValueRange, Severity: csp.Error, Request: 1, Op: 1,
		URI:  "./Device/Vendor/MSFT/Policy/Config/Update/ActiveHoursEnd",
		Node: "./Device/Vendor/MSFT/Policy/Config/Update/ActiveHoursEnd",
		Got:  "24", Want: "0 to 23", Message: "is out of range",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if report[i].Source == "" {
		t.Error("no source")
	}
	if err := (csp.Report{{Severity: csp.Warning}}).Err(); err != nil {
		t.Errorf("a warning is an error: %v", err)
	}
}

func TestPolicies(t *testing.T) {
	unknown := omadm.Request{Ops: []omadm.Op{{Verb: omadm.Get, URI: "./Device/Vendor/MSFT/Fabrikam/Setting"}}}
	wrong := omadm.Request{Ops: []omadm.Op{{
		Verb: omadm.Replace, URI: "./Device/Vendor/MSFT/Policy/Config/Camera/AllowCamera", Value: omadm.Int(7),
	}}}
	none := omadm.Request{Ops: []omadm.Op{{Verb: omadm.Get, URI: "/a"}}}
	off := func(*csp.Issue) csp.Severity { return csp.Off }
	for _, tt := range []struct {
		name   string
		policy csp.Policy
		req    omadm.Request
		want   csp.Severity
	}{
		{"an unknown provider", nil, unknown, csp.Warning},
		{"strictly", csp.Strict, unknown, csp.Error},
		{"leniently", csp.Lenient, unknown, csp.Warning},
		{"a wrong value", nil, wrong, csp.Error},
		{"leniently", csp.Lenient, wrong, csp.Warning},
		{"no address", csp.Lenient, none, csp.Error},
		{"off", off, wrong, csp.Off},
	} {
		t.Run(tt.name, func(t *testing.T) {
			report := csp.Rules{Policy: tt.policy}.Check(csp.Default(), csp.Device{}, tt.req)
			got := csp.Off
			for _, i := range report {
				got = max(got, i.Severity)
			}
			if got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

// TestChecker: facts of a device decide what is refused before it is queued.
func TestChecker(t *testing.T) {
	req := omadm.Request{Group: omadm.Atomic, Ops: []omadm.Op{{
		Verb: omadm.Replace, URI: "./Vendor/MSFT/Firewall/MdmStore/FirewallRules/Ping/IcmpTypesAndCodes", Value: omadm.Text("8:*"),
	}}}
	check := csp.Default().Checker()
	for build, want := range map[string]error{"": nil, "10.0.26100.1742": nil, "10.0.19045.5011": csp.CodeBuildUnsupported} {
		err := check(context.Background(), omadm.Facts{"./DevDetail/SwV": build}, &req)
		if !errors.Is(err, want) {
			t.Errorf("build %q: got %v, want %v", build, err, want)
		}
	}
}

func TestRulesLookIntoDocuments(t *testing.T) {
	c := oneNode(t, omadm.FormatChr, csp.Constraint{Kind: csp.JSON})
	op := omadm.Op{Verb: omadm.Replace, URI: node, Value: omadm.Text("{}")}
	rules := csp.Rules{Document: func(_ csp.Node, text string) error { return fmt.Errorf("%d octets", len(text)) }}
	report := rules.Check(c, csp.Device{}, omadm.Request{Ops: []omadm.Op{op}})
	if len(report) != 1 || report[0].Severity != csp.Error || report[0].Message != "2 octets" {
		t.Errorf("got %v", report)
	}
	rules.Document = func(csp.Node, string) error { return nil }
	if report = rules.Check(c, csp.Device{}, omadm.Request{Ops: []omadm.Op{op}}); len(report) != 0 {
		t.Errorf("got %v", report)
	}
}

func TestRulesElements(t *testing.T) {
	c := oneNode(t, omadm.FormatChr, csp.Constraint{Kind: csp.ADMX, ADMX: &csp.ADMXReference{File: "a.admx", Name: "b", Area: "c"}})
	elements := []csp.Element{
		{ID: "number", Kind: csp.DecimalElement, Min: 1, Max: 9}, {ID: "any", Kind: csp.DecimalElement},
		{ID: "truth", Kind: csp.BooleanElement}, {ID: "one", Kind: csp.EnumElement, Values: []string{"a", "b"}},
		{ID: "text", Required: true}, {ID: "list", Kind: csp.ListElement}, {ID: "lines", Kind: csp.MultiTextElement},
	}
	rules := csp.Rules{Elements: func(csp.Node) ([]csp.Element, bool) { return elements, true }}
	text := csp.Data{ID: "text", Value: "x"}
	for _, tt := range []struct {
		name string
		data []csp.Data
		want csp.Code
	}{
		{"what is required", []csp.Data{text}, ""},
		{"nothing", nil, csp.CodeADMXMissing},
		{"another element", []csp.Data{text, {ID: "other", Value: "1"}}, csp.CodeADMXID},
		{"a number", []csp.Data{text, {ID: "number", Value: "9"}}, ""},
		{"a large number", []csp.Data{text, {ID: "number", Value: "10"}}, csp.CodeADMXType},
		{"any number", []csp.Data{text, {ID: "any", Value: "4294967295"}}, ""},
		{"truth", []csp.Data{text, {ID: "truth", Value: "TRUE"}}, ""},
		{"no truth", []csp.Data{text, {ID: "truth", Value: "on"}}, csp.CodeADMXType},
		{"a value", []csp.Data{text, {ID: "one", Value: "b"}}, ""},
		{"no value", []csp.Data{text, {ID: "one", Value: "c"}}, csp.CodeADMXType},
		{"names and values", []csp.Data{text, {ID: "list", Value: csp.JoinItems("a", "1", "b", "2")}}, ""},
		{"a name without a value", []csp.Data{text, {ID: "list", Value: csp.JoinItems("a", "1", "b")}}, csp.CodeADMXType},
		{"lines", []csp.Data{text, {ID: "lines", Value: csp.JoinItems("a", "b", "c")}}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			op := omadm.Op{Verb: omadm.Replace, URI: node, Value: csp.Payload{Enabled: true, Data: tt.data}.Value()}
			report := rules.Check(c, csp.Device{}, omadm.Request{Ops: []omadm.Op{op}})
			switch {
			case tt.want == "" && len(report) > 0:
				t.Errorf("got %v", report)
			case tt.want != "" && (len(report) != 1 || report[0].Code != tt.want):
				t.Errorf("got %v, want %s", report, tt.want)
			}
		})
	}
}

// FuzzValues: no value of any node makes Check panic, and a number is in a range when it is.
func FuzzValues(f *testing.F) {
	for _, v := range []string{"1", "0x10", "-1", "true", "a;b", "<enabled/><data id='a' value='\uf000'/>", "{", "\uf000", "[0-1]"} {
		f.Add(v, int64(0), int64(7), int64(3))
	}
	constraints := []csp.Constraint{
		{}, {Kind: csp.Enum, Values: []string{"1", "a"}}, {Kind: csp.Flags, Values: []string{"0x1", "4"}},
		{Kind: csp.Regex, Values: []string{"[a-z]+"}, List: ","}, {Kind: csp.Regex, Values: []string{"[a-z]+"}},
		{Kind: csp.Range, Values: []string{"[0-9]"}, List: ";"}, {Kind: csp.Enum, Values: []string{"1"}, List: "\uf000"},
		{Kind: csp.XSD}, {Kind: csp.JSON}, {Kind: csp.SDDL},
		{Kind: csp.ADMX, ADMX: &csp.ADMXReference{File: "a.admx", Name: "b", Area: "c"}},
	}
	formats := []omadm.Format{omadm.FormatChr, omadm.FormatInt, omadm.FormatBool, omadm.FormatB64, omadm.FormatXML}
	var catalogs []*csp.Catalog
	for _, c := range constraints {
		for _, format := range formats {
			catalogs = append(catalogs, oneNode(f, format, c))
		}
	}
	f.Fuzz(func(t *testing.T, text string, a, b, n int64) {
		for i, c := range catalogs {
			verdictOn(c, formats[i%len(formats)], text)
		}
		a, b = a%(1<<33), b%(1<<33)
		bound := strconv.FormatInt(a, 10)
		if a < 0 {
			bound = "(" + bound + ")"
		}
		if b < 0 || a > b {
			return
		}
		c := oneNode(t, omadm.FormatInt, csp.Constraint{Kind: csp.Range, Values: []string{fmt.Sprintf("[%s-%d]", bound, b)}})
		if in := a <= n && n <= b; in != (verdictOn(c, omadm.FormatInt, strconv.FormatInt(n, 10)) == "") {
			t.Errorf("%d in %s-%d is %v", n, bound, b, in)
		}
	})
}

// FuzzRanges: whatever a description has for a range, checking a value against it does not panic.
func FuzzRanges(f *testing.F) {
	for _, r := range []string{"[0-1]", "[(-1)-5]", "[0,4320]", "[1],[3-4]", "[1", "[]", "[9-1]", "[a-b]", "[(-1-5]", "[1-2],"} {
		f.Add(r, int64(3))
	}
	f.Fuzz(func(t *testing.T, r string, n int64) {
		c, err := csp.New(csp.Provenance{}, []csp.Definition{{
			Template: node, Format: omadm.FormatInt, Verbs: csp.NewVerbs(omadm.Replace),
			Allowed: csp.Constraint{Kind: csp.Range, Values: []string{r}},
		}})
		if err != nil {
			return
		}
		verdictOn(c, omadm.FormatInt, strconv.FormatInt(n, 10))
	})
}

// BenchmarkCheck checks 500 operations on as many nodes.
func BenchmarkCheck(b *testing.B) {
	var reqs []omadm.Request
	ops := 0
	for n := range csp.Default().All() {
		u, fixed := n.URI()
		if !fixed || !n.Verbs().Has(omadm.Replace) || n.Format() == omadm.FormatNode {
			continue
		}
		if ops++; ops > 500 {
			break
		}
		v := omadm.Text("<enabled/>")
		if n.Format() != omadm.FormatChr {
			v = omadm.Value{Format: n.Format(), Data: syncml.Text("1")}
		}
		reqs = append(reqs, omadm.Request{Ops: []omadm.Op{{Verb: omadm.Replace, URI: u.LocURI(), Value: v}}})
	}
	d := csp.Device{Build: csp.Build{Major: 10, Number: 26100, Revision: 1742}, Edition: csp.Enterprise}
	b.ReportAllocs()
	for b.Loop() {
		csp.Default().Check(d, reqs...)
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/1000, "ms/500ops")
}
