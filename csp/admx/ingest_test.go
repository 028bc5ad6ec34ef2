package admx_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/gomadm/gomadm/csp"
	"github.com/gomadm/gomadm/csp/admx"
	"github.com/gomadm/gomadm/omadm"
)

func TestIngest(t *testing.T) {
	installAt := func(u omadm.URI, verb omadm.Verb, doc string) omadm.Request {
		return omadm.Request{Ops: []omadm.Op{{Verb: verb, URI: u, Value: omadm.Text(doc)}}}
	}
	const at = "./Vendor/MSFT/Policy/ConfigOperations/ADMXInstall/Browser/Policy/"
	const wrong = "./Device/Vendor/MSFT/Policy/Config/Browser~Policy~browser/CacheSize"
	doc := example(t)
	for name, tt := range map[string]struct {
		req   omadm.Request
		known bool
		err   string
	}{
		"a template":              {installAt(at+"a", omadm.Add, doc), true, ""},
		"its next edition":        {installAt(at+"a", omadm.Replace, doc), true, ""},
		"another spelling":        {installAt("./device/vendor/msft/policy/configoperations/admxinstall/Browser/Policy/a", omadm.Add, doc), true, ""},
		"a template that goes":    {omadm.Request{Ops: []omadm.Op{{Verb: omadm.Delete, URI: at + "a"}}}, false, ""},
		"something else":          {installAt("./Vendor/MSFT/Policy/Config/Camera/AllowCamera", omadm.Replace, "1"), false, ""},
		"what is above":           {installAt("./Vendor/MSFT/Policy/ConfigOperations/ADMXInstall/Browser", omadm.Add, ""), false, ""},
		"no address":              {installAt("", omadm.Add, doc), false, ""},
		"no template":             {installAt(at+"a", omadm.Add, "<a/>"), false, "line 1: root is not policyDefinitions"},
		"categories that go on":   {installAt(at+"a", omadm.Add, `<policyDefinitions><categories><category name="a"><parentCategory ref="a"/></category></categories><policies><policy name="p" class="User" key="k"><parentCategory ref="a"/></policy></policies></policyDefinitions>`), false, "or a ring"},
		"a name that is no place": {installAt(at+"a", omadm.Add, `<policyDefinitions><policies><policy name="*" class="User" key="k"/></policies></policyDefinitions>`), false, "csp: node"},
	} {
		c, report := admx.Ingest(csp.Default(), tt.req)
		err := report.Err()
		if (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
			t.Errorf("%s: got error %v, want %q", name, err, tt.err)
		}
		got := codes(c, wrong, csp.Payload{Enabled: true, Data: []csp.Data{{ID: "Megabytes", Value: "1"}}})
		if known := len(got) == 1 && got[0] == "value.admx.type"; known != tt.known {
			t.Errorf("%s: got %v, want the policies known: %v", name, got, tt.known)
		}
	}
	// One that cannot be read does not stop the others.
	c, report := admx.Ingest(csp.Default(), installAt(at+"a", omadm.Add, doc), installAt(at+"b", omadm.Add, ""))
	if len(report) != 1 || report[0].Request != 1 || report[0].URI != at+"b" || len(c.Layers()) != 1 {
		t.Errorf("got layers %v, %v", c.Layers(), report)
	}
	// Nor does one that no catalogue takes, and what is reported is in the order of the requests.
	star := document(`<policy name="*" class="Machine" key="k"/>`)
	c, report = admx.Ingest(csp.Default(), installAt(at+"a", omadm.Add, doc), installAt(at+"b", omadm.Add, star), installAt(at+"c", omadm.Add, ""),
		installAt("./Vendor/MSFT/Policy/ConfigOperations/ADMXInstall/Other/Policy/d", omadm.Add, document(`<policy name="p" class="Machine" key="k"/>`)))
	if len(report) != 2 || report[0].Request != 1 || report[1].Request != 2 || !slices.Equal(c.Layers(), []string{"templates of Browser", "templates of Other"}) {
		t.Errorf("got layers %v, %v", c.Layers(), report)
	}
}

// TestIngestAsMuchAsGoes ingests more policies than a catalogue has room for.
func TestIngestAsMuchAsGoes(t *testing.T) {
	if os.Getenv("GOMADM_LONG") == "" {
		t.Skip("makes catalogues of 60,000 nodes; set GOMADM_LONG=1")
	}
	var reqs []omadm.Request
	for i := range 5 {
		reqs = append(reqs, install(fmt.Sprint("App", i), "p", 17_000))
	}
	c, report := admx.Ingest(csp.Default(), reqs...)
	if len(c.Layers()) != 3 || len(report) != 2 || report[0].Request != 3 || report[1].Request != 4 {
		t.Fatalf("got layers %v, %v", c.Layers(), report)
	}
	if m, err := c.Resolve(csp.MustParse("./Vendor/MSFT/Policy/Config/App2~Policy/p16999")); err != nil || m.Node.Ingested() {
		t.Errorf("the last that has room: %v, %v", m.Node, err)
	}
}
