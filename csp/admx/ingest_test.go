package admx_test

import (
	"strings"
	"testing"

	"github.com/gomadm/gomadm/csp"
	"github.com/gomadm/gomadm/csp/admx"
	"github.com/gomadm/gomadm/omadm"
)

func TestIngest(t *testing.T) {
	install := func(u omadm.URI, verb omadm.Verb, doc string) omadm.Request {
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
		"a template":              {install(at+"a", omadm.Add, doc), true, ""},
		"its next edition":        {install(at+"a", omadm.Replace, doc), true, ""},
		"another spelling":        {install("./device/vendor/msft/policy/configoperations/admxinstall/Browser/Policy/a", omadm.Add, doc), true, ""},
		"a template that goes":    {omadm.Request{Ops: []omadm.Op{{Verb: omadm.Delete, URI: at + "a"}}}, false, ""},
		"something else":          {install("./Vendor/MSFT/Policy/Config/Camera/AllowCamera", omadm.Replace, "1"), false, ""},
		"what is above":           {install("./Vendor/MSFT/Policy/ConfigOperations/ADMXInstall/Browser", omadm.Add, ""), false, ""},
		"no address":              {install("", omadm.Add, doc), false, ""},
		"no template":             {install(at+"a", omadm.Add, "<a/>"), false, "line 1: root is not policyDefinitions"},
		"categories that go on":   {install(at+"a", omadm.Add, `<policyDefinitions><categories><category name="a"><parentCategory ref="a"/></category></categories><policies><policy name="p" class="User" key="k"><parentCategory ref="a"/></policy></policies></policyDefinitions>`), false, "or a ring"},
		"a name that is no place": {install(at+"a", omadm.Add, `<policyDefinitions><policies><policy name="*" class="User" key="k"/></policies></policyDefinitions>`), false, "csp: node"},
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
	c, report := admx.Ingest(csp.Default(), install(at+"a", omadm.Add, doc), install(at+"b", omadm.Add, ""))
	if len(report) != 1 || report[0].Request != 1 || report[0].URI != at+"b" || len(c.Layers()) != 1 {
		t.Errorf("got layers %v, %v", c.Layers(), report)
	}
}
