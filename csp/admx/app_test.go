package admx_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/gomadm/gomadm/csp"
	"github.com/gomadm/gomadm/csp/admx"
	"github.com/gomadm/gomadm/omadm"
)

func policy(t testing.TB, tmpl *admx.Template, name string) *admx.Policy {
	t.Helper()
	p, ok := tmpl.Policy(name)
	if !ok {
		t.Fatalf("no policy %s", name)
	}
	return p
}

func TestAddresses(t *testing.T) {
	tmpl := parse(t, example(t))
	const device, user = "./Device/Vendor/MSFT/Policy/Config/", "./User/Vendor/MSFT/Policy/Config/"
	for _, tt := range []struct {
		app    admx.App
		policy string
		scope  omadm.Scope
		want   string
	}{
		{admx.App{Name: "Browser"}, "AllowPrinting", omadm.DeviceScope, device + "Browser~Policy~browser/AllowPrinting"},
		{admx.App{Name: "Browser"}, "HomePage", omadm.DeviceScope, device + "Browser~Policy~browser~startup~pages/HomePage"},
		{admx.App{Name: "Browser"}, "HomePage", omadm.UserScope, user + "Browser~Policy~browser~startup~pages/HomePage"},
		{admx.App{Name: "Browser", Setting: "Preference"}, "Mode", omadm.UserScope, user + "Browser~Preference~browser~startup/Mode"},
		{admx.App{Name: "A/B c"}, "AllowPrinting", omadm.DeviceScope, device + "A%2FB%20c~Policy~browser/AllowPrinting"},
		{admx.App{Name: "Browser"}, "AllowPrinting", omadm.UserScope, `admx: policy "AllowPrinting" is of class Machine only`},
		{admx.App{Name: "Browser"}, "Mode", omadm.DeviceScope, `admx: policy "Mode" is of class User only`},
	} {
		u, err := tt.app.URI(policy(t, tmpl, tt.policy), tt.scope)
		got := string(u)
		if err != nil {
			got = err.Error()
		}
		if got != tt.want {
			t.Errorf("%s of %s: got %s, want %s", tt.policy, tt.app.Name, got, tt.want)
		}
	}
}

func TestPaths(t *testing.T) {
	const head = `<policyDefinitions><policyNamespaces><target prefix="self" namespace="urn:self"/><using prefix="other" namespace="urn:other"/></policyNamespaces><categories>`
	deep := ""
	for i := range 17 {
		deep += fmt.Sprintf(`<category name="c%d"><parentCategory ref="c%d"/></category>`, i, i+1)
	}
	for name, tt := range map[string]struct{ categories, ref, want string }{
		"none":                         {"", "", "[]"},
		"one":                          {`<category name="a"/>`, "a", "[a]"},
		"two":                          {`<category name="a"/><category name="b"><parentCategory ref="a"/></category>`, "b", "[a b]"},
		"by the prefix of the target":  {`<category name="a"/><category name="b"><parentCategory ref="self:a"/></category>`, "self:b", "[a b]"},
		"below another template":       {`<category name="a"><parentCategory ref="other:z"/></category>`, "a", "[a]"},
		"in another template":          {`<category name="z"/>`, "other:z", "[]"},
		"below an undeclared template": {`<category name="a"><parentCategory ref="windows:z"/></category>`, "a", "[a]"},
		"one that is not there":        {"", "a", "[a]"},
		"a ring":                       {`<category name="a"><parentCategory ref="b"/></category><category name="b"><parentCategory ref="a"/></category>`, "a", "more than 16 above each other, or a ring"},
		"a ring of one":                {`<category name="a"><parentCategory ref="a"/></category>`, "a", "more than 16 above each other, or a ring"},
		"too deep":                     {deep, "c0", "more than 16 above each other, or a ring"},
		"as deep as may be":            {deep, "c2", "[c17 c16 c15 c14 c13 c12 c11 c10 c9 c8 c7 c6 c5 c4 c3 c2]"},
	} {
		parent := ""
		if tt.ref != "" {
			parent = `<parentCategory ref="` + tt.ref + `"/>`
		}
		tmpl := parse(t, head+tt.categories+`</categories><policies><policy name="p" class="Both" key="k">`+parent+`</policy></policies></policyDefinitions>`)
		p := policy(t, tmpl, "p")
		names, err := p.Path()
		got := fmt.Sprint(names)
		if err != nil {
			got = err.Error()
			if _, err := (admx.App{Name: "x"}).Layer(admx.File{Name: "x", Template: tmpl}); err == nil {
				t.Errorf("%s: a layer", name)
			}
		}
		if !strings.HasSuffix(got, tt.want) {
			t.Errorf("%s: got %s, want %s", name, got, tt.want)
		}
	}
}

func TestInstall(t *testing.T) {
	tmpl := parse(t, example(t))
	app := admx.App{Name: "Browser"}
	req, err := app.Install(admx.File{Name: "example.admx", Template: tmpl})
	if err != nil {
		t.Fatal(err)
	}
	const want = "./Device/Vendor/MSFT/Policy/ConfigOperations/ADMXInstall/Browser/Policy/example.admx"
	if len(req.Ops) != 1 || req.Ops[0].Verb != omadm.Add || req.Ops[0].URI != want || req.Ops[0].Value != omadm.Text(tmpl.Document()) {
		t.Errorf("got %v", req.Ops)
	}
	req.ID = "install"
	if err := req.Validate(); err != nil {
		t.Error(err)
	}
	windows := csp.Device{Build: csp.Build{Major: 10, Number: 26100}, Edition: csp.Enterprise}
	for name, r := range map[string]omadm.Request{"install": req, "remove": app.Remove("example.admx"), "remove all": app.Remove("")} {
		if report := csp.Default().Check(windows, r); len(report) != 0 {
			t.Errorf("%s: %v", name, report)
		}
	}
	if got := app.Remove("").Ops[0]; got.Verb != omadm.Delete || got.URI != "./Device/Vendor/MSFT/Policy/ConfigOperations/ADMXInstall/Browser" {
		t.Errorf("remove all: got %v", got)
	}
	for name, app := range map[string]admx.App{"no name": {}, "a name that climbs": {Name: ".."}} {
		if req, err := app.Install(admx.File{Name: "x", Template: tmpl}); err == nil {
			t.Errorf("%s: got %v", name, req)
		}
	}
}

// TestKeys: keys that Windows keeps for itself are found wherever they stand, here and by who checks the request.
func TestFilesWithoutATemplate(t *testing.T) {
	app := admx.App{Name: "Browser"}
	const want = `admx: "a.admx" has no template that Parse has read`
	for _, f := range []admx.File{{Name: "a.admx"}, {Name: "a.admx", Template: new(admx.Template)}} {
		if _, err := app.Install(f); err == nil || err.Error() != want {
			t.Errorf("Install: got error %v, want %s", err, want)
		}
	}
	if _, err := app.Layer(admx.File{Name: "a.admx"}); err == nil || err.Error() != want {
		t.Errorf("Layer: got error %v, want %s", err, want)
	}
}

func TestKeys(t *testing.T) {
	const own = `Software\Policies\Example`
	at := func(place string) func(key string) string {
		return func(key string) string {
			s := `<policyDefinitions><policies><policy name="p" class="Both" key="` + own + `">` + place + `</policy></policies></policyDefinitions>`
			return strings.ReplaceAll(s, "KEY", key)
		}
	}
	places := map[string]func(string) string{
		"policy": func(key string) string {
			return strings.Replace(at("")(""), own, key, 1)
		},
		"enabled list":         at(`<enabledList defaultKey="` + own + `"><item key="KEY" valueName="v"><value><delete/></value></item></enabledList>`),
		"default of a list":    at(`<disabledList defaultKey="KEY"/>`),
		"element":              at(`<elements><text id="a" key="KEY" valueName="v"/></elements>`),
		"list of a boolean":    at(`<elements><boolean id="a"><trueList><item key="KEY" valueName="v"><value><delete/></value></item></trueList></boolean></elements>`),
		"list of an enum item": at(`<elements><enum id="a"><item><value><decimal value="1"/></value><valueList defaultKey="KEY"/></item></enum></elements>`),
	}
	keys := map[string]bool{ // that Windows refuses
		own:                                                    false,
		`System`:                                               true,
		`SYSTEM\CurrentControlSet\Services\x`:                  true,
		`Systems`:                                              false,
		`Software\Microsoft`:                                   true,
		`software\microsoft\Windows\x`:                         true,
		`Software\Microsoft Office`:                            false,
		`Software\Policies\Microsoft\Windows\x`:                true,
		`\Software\Policies\Microsoft\Windows\`:                true,
		`Software\Policies\Microsoft\Edge`:                     false,
		`Software\Policies\Microsoft\EdgeWebView`:              true,
		`Software\Policies\Microsoft\Office\16.0`:              false,
		`Software\Microsoft\OneDrive`:                          false,
		`Software\Microsoft\Windows\CurrentVersion\Explorer\x`: false,
		`Software\Microsoft\Windows\CurrentVersion\Run`:        true,
		`Software\Policies\Microsoft\VBA\Security`:             false,
		`Software\Policies\Microsoft\VBA`:                      true,
	}
	for place, with := range places {
		for key, forbidden := range keys {
			doc := with(key)
			tmpl := parse(t, doc)
			if got := tmpl.Check().Has(csp.CodeADMXRegistry); got != forbidden {
				t.Errorf("%s in %s: got %v, want %v", key, place, got, forbidden)
			}
			_, err := admx.App{Name: "x"}.Install(admx.File{Name: "x", Template: tmpl})
			if errors.Is(err, csp.CodeADMXRegistry) != forbidden {
				t.Errorf("%s in %s: install: %v", key, place, err)
			}
			op := omadm.Op{Verb: omadm.Add, URI: "./Vendor/MSFT/Policy/ConfigOperations/ADMXInstall/x/Policy/x", Value: omadm.Text(doc)}
			if got := csp.Default().Check(csp.Device{}, omadm.Request{Ops: []omadm.Op{op}}).Has(csp.CodeADMXRegistry); got != forbidden {
				t.Errorf("%s in %s: who checks the request: got %v, want %v", key, place, got, forbidden)
			}
		}
	}
}

// catalog returns the catalogue of Windows with the policies of a template.
func catalog(t testing.TB, app admx.App, tmpl *admx.Template) *csp.Catalog {
	t.Helper()
	layer, err := app.Layer(admx.File{Name: "example.admx", Template: tmpl})
	if err != nil {
		t.Fatal(err)
	}
	c, err := csp.Default().With(layer)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// codes returns the codes of the errors, and with a minus those of the warnings, of setting a node.
func codes(c *csp.Catalog, u omadm.URI, p csp.Payload) []string {
	var all []string
	for _, i := range c.Check(csp.Device{}, omadm.Request{Ops: []omadm.Op{{Verb: omadm.Replace, URI: u, Value: p.Value()}}}) {
		switch i.Severity {
		case csp.Error:
			all = append(all, string(i.Code))
		case csp.Warning:
			all = append(all, "-"+string(i.Code))
		}
	}
	return all
}

func TestLayer(t *testing.T) {
	tmpl := parse(t, example(t))
	app := admx.App{Name: "Browser"}
	c := catalog(t, app, tmpl)
	const config = "/Vendor/MSFT/Policy/Config/Browser~Policy~browser"
	got := make(map[string]bool)
	for n := range c.All() {
		if strings.Contains(n.Template(), config) {
			got[n.Template()] = true
			if n.Ingested() || n.Verbs().Has(omadm.Replace) != (n.Format() == omadm.FormatChr) || n.Origin() != "example.admx" {
				t.Errorf("got %+v", n.Definition())
			}
		}
	}
	want := []string{"", "/AllowPrinting", "/Kiosk", "/CacheSize", "/Quota", "/Telemetry", "/Banner", "~startup", "~startup/Sites", "~startup~pages", "~startup~pages/HomePage"}
	for _, s := range want {
		if !got["./Device"+config+s] {
			t.Errorf("no node ./Device%s%s", config, s)
		}
	}
	users := []string{"", "/Telemetry", "~startup", "~startup/Mode", "~startup/Sites", "~startup~pages", "~startup~pages/HomePage"}
	for _, s := range users {
		if !got["./User"+config+s] {
			t.Errorf("no node ./User%s%s", config, s)
		}
	}
	if len(got) != len(want)+len(users) {
		t.Errorf("got %d nodes, want %d", len(got), len(want)+len(users))
	}
	if l, err := app.Layer(admx.File{Name: "a.admx", Template: tmpl}, admx.File{Name: "b.admx", Template: tmpl}); err == nil || !strings.Contains(err.Error(), `of "b.admx" and one of "a.admx" have the same address`) {
		t.Errorf("one template twice: got %v, %v", l.Name, err)
	}
	// What is known and what is not.
	const cache = "./Device" + config + "/CacheSize"
	for _, tt := range []struct {
		uri  omadm.URI
		data []csp.Data
		want []string
	}{
		{cache, []csp.Data{{ID: "Megabytes", Value: "64"}}, nil},
		{"./Vendor/MSFT/Policy/Config/browser~policy~Browser/cachesize", []csp.Data{{ID: "Megabytes", Value: "64"}}, nil},
		{cache, []csp.Data{{ID: "Megabytes", Value: "15"}}, []string{"value.admx.type"}},
		{cache, []csp.Data{{ID: "Megabytes", Value: "many"}}, []string{"value.admx.type"}},
		{cache, []csp.Data{{ID: "Gigabytes", Value: "64"}}, []string{"value.admx.id", "-value.admx.missing"}},
		{cache, nil, []string{"-value.admx.missing"}},
		{"./Device" + config + "/AllowPrinting", []csp.Data{{ID: "a", Value: "b"}}, []string{"value.admx.id"}},
		{"./User" + config + "/CacheSize", nil, []string{"uri.scope"}},
		{"./Device" + config + "/CacheSizes", nil, []string{"node.unknown"}},
		{"./Device/Vendor/MSFT/Policy/Config/Other~Policy~x/y", nil, nil},
	} {
		got := codes(c, tt.uri, csp.Payload{Enabled: true, Data: tt.data})
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s, %v: got %v, want %v", tt.uri, tt.data, got, tt.want)
		}
	}
	if got := codes(c, cache, admx.Disabled()); got != nil {
		t.Errorf("disabled: got %v", got)
	}
	// A layer in a file says the same.
	b, err := c.AppendBinary(nil)
	if err != nil {
		t.Fatal(err)
	}
	back, err := csp.Load(string(b))
	if err != nil {
		t.Fatal(err)
	}
	for change := range csp.Diff(c, back) {
		t.Errorf("%v", change)
	}
}
