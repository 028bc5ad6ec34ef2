package admx_test

import (
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"github.com/gomadm/gomadm/csp"
	"github.com/gomadm/gomadm/csp/admx"
)

var update = flag.Bool("update", false, "write the golden files anew")

// example returns the template of testdata as a text.
func example(t testing.TB) string {
	t.Helper()
	b, err := os.ReadFile("testdata/example.admx")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func parse(t testing.TB, s string) *admx.Template {
	t.Helper()
	got, err := admx.Parse([]byte(s))
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// show writes what was read of a template as a text.
func show(t *admx.Template) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("target %+v, using %+v, superseded %q", t.Target, t.Using, t.Superseded)
	for _, c := range t.Categories {
		line("category %s in %q, line %d", c.Name, c.Parent, c.Line)
	}
	for _, s := range t.Supported {
		line("support %s, all %v: %+v", s.Name, s.All, s.Products)
	}
	for i := range t.Policies {
		showPolicy(line, &t.Policies[i])
	}
	for _, a := range t.Anomalies {
		line("anomaly: %v", a)
	}
	return b.String()
}

func showPolicy(line func(string, ...any), p *admx.Policy) {
	line("\npolicy %s of class %s in %q, for %q, line %d\n  %s, %q", p.Name, p.Class, p.Category, p.Supported, p.Line, p.Key, p.ValueName)
	value := func(name string, v *admx.Value) {
		if v != nil {
			line("  %s: %s %q", name, v.Kind, v)
		}
	}
	list := func(name string, l *admx.ValueList) {
		if l == nil {
			return
		}
		line("  %s in %q", name, l.Key)
		for _, v := range l.Values {
			line("    %s, %s: %s %q", v.Key, v.Name, v.Value.Kind, v.Value)
		}
	}
	value("enabled", p.EnabledValue)
	value("disabled", p.DisabledValue)
	list("enabled list", p.EnabledList)
	list("disabled list", p.DisabledList)
	for i := range p.Elements {
		e := &p.Elements[i]
		line("  element %+v", e.Element)
		line("    %s, %q; soft %v, as text %v, expandable %v, additive %v", e.Key, e.ValueName, e.Soft, e.StoreAsText, e.Expandable, e.Additive)
		value("  true", e.True)
		value("  false", e.False)
		list("  true list", e.TrueList)
		list("  false list", e.FalseList)
		for _, item := range e.Items {
			value("  item", &item.Value)
			list("  item list", item.List)
		}
	}
}

// encoded returns a text in UTF-16.
func encoded(order binary.AppendByteOrder, s string) string {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = order.AppendUint16(b, u)
	}
	return string(b)
}

// TestParse: what is read does not depend on the encoding, nor on what the template says of it.
func TestParse(t *testing.T) {
	text := example(t)
	const golden = "testdata/example.golden"
	if *update {
		if err := os.WriteFile(golden, []byte(show(parse(t, text))), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	declared := func(encoding string) string {
		return strings.Replace(text, `encoding="utf-8"`, `encoding="`+encoding+`"`, 1)
	}
	little, big := binary.LittleEndian, binary.BigEndian
	document := parse(t, text).Document()
	for name, doc := range map[string]string{
		"UTF-8":                                   text,
		"UTF-8 with a mark":                       "\ufeff" + text,
		"UTF-8 that says it is UTF-16":            declared("utf-16"),
		"UTF-8 that says it is unicode":           "\ufeff" + declared("unicode"),
		"UTF-8 that says it is of one octet":      declared("windows-1252"),
		"UTF-16 of Intel":                         encoded(little, declared("utf-16")),
		"UTF-16 of Intel with a mark":             encoded(little, "\ufeff"+declared("utf-16")),
		"UTF-16 of the network":                   encoded(big, declared("utf-16")),
		"UTF-16 of the network with a mark":       encoded(big, "\ufeff"+declared("utf-16")),
		"UTF-16 that says it is UTF-8":            encoded(little, "\ufeff"+text),
		"UTF-16 that says it is unicode":          encoded(little, "\ufeff"+declared("unicode")),
		"UTF-16 of the network that says UTF-8":   encoded(big, "\ufeff"+text),
		"lines that end as on Windows":            strings.ReplaceAll(text, "\n", "\r\n"),
		"the namespace of a preliminary edition":  strings.Replace(text, "schemas.microsoft.com/GroupPolicy/2006/07", "www.microsoft.com/GroupPolicy", 1),
		"no namespace":                            strings.Replace(text, ` xmlns="http://schemas.microsoft.com/GroupPolicy/2006/07/PolicyDefinitions"`, "", 1),
		"elements of others, which do not matter": strings.Replace(text, "<policies>", `<x:y xmlns:x="urn:x"><policy/></x:y><policies>`, 1),
	} {
		tmpl, err := admx.Parse([]byte(doc))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if diff := cmp.Diff(string(want), show(tmpl)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if strings.Contains(name, "says") && tmpl.Document() != document {
			t.Errorf("%s: another document", name)
		}
	}
	if strings.HasPrefix(document, "<?xml") || strings.HasPrefix(document, "\ufeff") || !strings.HasSuffix(document, "</policyDefinitions>") {
		t.Errorf("document begins %.20q", document)
	}
}

// wrap returns a template with one policy, in which inner stands.
func wrap(inner string) string {
	return `<policyDefinitions><policies><policy name="p" class="Both" key="k">` + inner + `</policy></policies></policyDefinitions>`
}

func TestParseRefuses(t *testing.T) {
	long := strings.Repeat("n", 256)
	for name, tt := range map[string]struct{ doc, want string }{
		"nothing":                  {"", "admx: line 1: has no element"},
		"another document":         {"<policyDefinitionResources/>", "admx: line 1: root is not policyDefinitions"},
		"no XML":                   {"<policyDefinitions>", "admx: line 1: ends inside an element"},
		"half of UTF-16":           {"<\x00p", "admx: line 1: half a character of UTF-16"},
		"octets that are no text":  {"<policyDefinitions>\xff\xff</policyDefinitions>", "admx: line 1: octet that is no character of XML in UTF-8"},
		"a document type":          {`<!DOCTYPE policyDefinitions [<!ENTITY a "b">]><policyDefinitions/>`, "admx: line 1: document type"},
		"an entity":                {wrap("&a;"), "admx: line 1: "},
		"a policy without a name":  {`<policyDefinitions><policies><policy class="User" key="k"/></policies></policyDefinitions>`, "admx: line 1: policy without name"},
		"a policy without a class": {"<policyDefinitions>\n<policies><policy name=\"p\" key=\"k\"/></policies></policyDefinitions>", `admx: line 2, policy "p": class that is not Machine, User or Both`},
		"a policy without a key":   {`<policyDefinitions><policies><policy name="p" class="User"/></policies></policyDefinitions>`, `admx: line 1, policy "p": policy without key`},
		"an element without an id": {wrap(`<elements><text valueName="v"/></elements>`), `admx: line 1, policy "p": text without id`},
		"an endless name":          {wrap(`<elements><text id="` + long + `"/></elements>`), `admx: line 1, policy "p": id of more than 255 octets`},
		"an unnamed category":      {`<policyDefinitions><categories><category/></categories></policyDefinitions>`, "admx: line 1: category without name"},
		"deep":                     {strings.Repeat("<a>", 33) + strings.Repeat("</a>", 33), "admx: more than 32 Depth"},
		"many policies": {`<policyDefinitions><policies>` + strings.Repeat(`<policy name="p" class="User" key="k"/>`, 20_001) + `</policies></policyDefinitions>`,
			"admx: more than 20000 Policies"},
		"much in one policy": {wrap(strings.Repeat("<annotation/>", 1<<17)), "admx: more than 131072 Tokens"},
		"much in all":        {strings.Replace(wrap(""), "</policies>", strings.Repeat("<x><y/></x>", 1<<19)+"</policies>", 1), "admx: more than 1048576 Tokens"},
		"large":              {wrap(strings.Repeat(" ", 16<<20)), "admx: more than 16777216 Octets"},
	} {
		got, err := admx.Parse([]byte(tt.doc))
		syntax, limit := new(admx.SyntaxError), new(admx.LimitError)
		if err == nil || got != nil || !strings.HasPrefix(err.Error(), tt.want) || !errors.As(err, &syntax) && !errors.As(err, &limit) {
			t.Errorf("%s: got %v, %v, want %s", name, got, err, tt.want)
		}
	}
}

// TestParseLong: a template that is read in parts is what it is, and what is odd about it is said once.
func TestParseLong(t *testing.T) {
	var doc strings.Builder
	doc.WriteString("<policyDefinitions>\n")
	for _, name := range []string{"supersededAdm", "other"} {
		doc.WriteString("<" + name + " fileName='a.adm'>" + strings.Repeat("<x>"+strings.Repeat(" ", 1000)+"</x>", 200) + "</" + name + ">\n")
	}
	doc.WriteString("<policies>")
	const policies = 5000
	for i := range policies {
		fmt.Fprintf(&doc, "\n<policy name='p%d' class='Both' key='k'><parentCategory ref='c%d'/></policy>", i, i)
	}
	doc.WriteString("</policies>\n<categories>\n")
	for i := range policies {
		fmt.Fprintf(&doc, "<category name='c%d'/>", i)
	}
	doc.WriteString("</categories><last/></policyDefinitions>")
	tmpl := parse(t, doc.String())
	if len(tmpl.Policies) != policies || len(tmpl.Categories) != policies || len(tmpl.Superseded) != 1 {
		t.Errorf("%d policies, %d categories, supersedes %q", len(tmpl.Policies), len(tmpl.Categories), tmpl.Superseded)
	}
	for i := range tmpl.Policies {
		if p := &tmpl.Policies[i]; p.Name != fmt.Sprint("p", i) || p.Line != 5+i {
			t.Fatalf("policy %d: %s at line %d", i, p.Name, p.Line)
		}
	}
	want := []string{`line 3: unknown element "other"`, fmt.Sprintf(`line %d: unknown element "last"`, 6+policies)}
	if got := fmt.Sprint(tmpl.Anomalies); got != fmt.Sprint(want) || tmpl.Document() != doc.String() {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestAnomalies(t *testing.T) {
	for name, tt := range map[string]struct{ doc, want string }{
		"an element of no use":          {wrap("\n<what/>"), `line 2, policy "p": unknown element "what"`},
		"a namespace of no use":         {"<policyDefinitions><policyNamespaces><other/></policyNamespaces></policyDefinitions>", `line 1: unknown element "other"`},
		"a part of no use":              {"<policyDefinitions><other/></policyDefinitions>", `line 1: unknown element "other"`},
		"no category":                   {"<policyDefinitions><categories><other/></categories></policyDefinitions>", `line 1: unknown element "other"`},
		"a category of more":            {"<policyDefinitions><categories><category name='a'><other/></category></categories></policyDefinitions>", `line 1: unknown element "other"`},
		"support of no use":             {"<policyDefinitions><supportedOn><other/></supportedOn></policyDefinitions>", `line 1: unknown element "other"`},
		"no definition":                 {"<policyDefinitions><supportedOn><definitions><other/></definitions></supportedOn></policyDefinitions>", `line 1: unknown element "other"`},
		"neither and nor or":            {"<policyDefinitions><supportedOn><definitions><definition name='a'><not/></definition></definitions></supportedOn></policyDefinitions>", `line 1: unknown element "not"`},
		"support by no product":         {"<policyDefinitions><supportedOn><definitions><definition name='a'><or><not/></or></definition></definitions></supportedOn></policyDefinitions>", `line 1: unknown element "not"`},
		"no policy":                     {"<policyDefinitions><policies><other/></policies></policyDefinitions>", `line 1: unknown element "other"`},
		"a list of other things":        {wrap("<enabledList><other/></enabledList>"), `line 1, policy "p": unknown element "other"`},
		"an item of more":               {wrap("<enabledList><item valueName='v'><other/></item></enabledList>"), `line 1, policy "p": unknown element "other"`},
		"a kind that is none":           {wrap("<elements><number id='a'/></elements>"), `line 1, policy "p": unknown element "number"`},
		"one id twice":                  {wrap("<elements><text id='a'/><text id='a'/></elements>"), `line 1, policy "p": id that is there twice`},
		"a number that is none":         {wrap("<elements><decimal id='a' maxValue='ten'/></elements>"), `line 1, policy "p": maxValue that is no number of its size`},
		"a number of more than 32 bits": {wrap("<elements><decimal id='a' maxValue='4294967296'/></elements>"), `line 1, policy "p": maxValue that is no number of its size`},
		"limits in the wrong order":     {wrap("<elements><decimal id='a' minValue='2' maxValue='1'/></elements>"), `line 1, policy "p": minValue above maxValue`},
		"truth that is none":            {wrap("<elements><text id='a' required='yes'/></elements>"), `line 1, policy "p": required that is neither true nor false`},
		"no value":                      {wrap("<enabledValue/>"), `line 1, policy "p": no value`},
		"two values":                    {wrap("<enabledValue><delete/><delete/></enabledValue>"), `line 1, policy "p": more than one value`},
		"an enum of nothing":            {wrap("<elements><enum id='a'/></elements>"), `line 1, policy "p": enum without items`},
		"a category that is not there":  {wrap("<parentCategory ref='c'/>"), `line 1, policy "p": category that is not there`},
		"a category above that is not":  {"<policyDefinitions><categories><category name='a'><parentCategory ref='b'/></category></categories></policyDefinitions>", "line 1: category that is not there"},
		"one category twice":            {"<policyDefinitions><categories><category name='a'/><category name='a'/></categories></policyDefinitions>", "line 1: category that is there twice"},
		"one policy twice": {"<policyDefinitions><policies><policy name='p' class='User' key='k'/>\n<policy name='p' class='User' key='k'/></policies></policyDefinitions>",
			`line 2, policy "p": policy that is there twice`},
	} {
		tmpl := parse(t, tt.doc)
		if len(tmpl.Anomalies) != 1 || tmpl.Anomalies[0].String() != tt.want {
			t.Errorf("%s: got %v, want %s", name, tmpl.Anomalies, tt.want)
		}
	}
	// What is odd does not restrict.
	for _, doc := range []string{
		wrap("<elements><decimal id='a' minValue='2' maxValue='1'/></elements>"), wrap("<elements><enum id='a'/></elements>"),
	} {
		p, ok := parse(t, doc).Policy("p")
		if !ok {
			t.Fatal("no policy")
		}
		if _, err := p.Enabled(admx.Number("a", 7)); err != nil {
			t.Errorf("%s: %v", doc, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	text := example(f)
	f.Add([]byte(text))
	f.Add([]byte(encoded(binary.LittleEndian, "\ufeff"+text)))
	f.Add([]byte(wrap("<elements><enum id='a'><item/></enum><list id='b' valuePrefix=''/></elements><what/>")))
	f.Add([]byte("<policyDefinitions><categories><category name='a'><parentCategory ref='a'/></category></categories></policyDefinitions>"))
	f.Add([]byte("\ufeff\ufeff<?xml version='1.0'?><?xml version='1.0'?><policyDefinitions/>"))
	f.Add([]byte("\ufeff\ufeff<policyDefinitions/>"))
	f.Fuzz(func(t *testing.T, b []byte) {
		tmpl, err := admx.Parse(b)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "admx: ") {
				t.Fatalf("error %v", err)
			}
			return
		}
		// The document that is sent says the same.
		again, err := admx.Parse([]byte(tmpl.Document()))
		if err != nil || len(again.Policies) != len(tmpl.Policies) || again.Document() != tmpl.Document() {
			t.Fatalf("read again: %v", err)
		}
		layer, err := admx.App{Name: "App"}.Layer(admx.File{Name: "a.admx", Template: tmpl})
		if err == nil {
			_, _ = csp.Default().With(layer)
		}
		_ = tmpl.Check()
		for i := range tmpl.Policies {
			_, _ = tmpl.Policies[i].Enabled(admx.Text("a", "b"))
		}
	})
}
