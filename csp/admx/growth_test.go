package admx_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/gomadm/gomadm/csp"
	"github.com/gomadm/gomadm/csp/admx"
	"github.com/gomadm/gomadm/omadm"
)

// TestGrowth doubles what is hostile to those who look at each pair of things: the memory must not grow by the square.
func TestGrowth(t *testing.T) {
	for name, tt := range map[string]struct {
		size int
		make func(n int) func()
	}{
		"templates that are installed together": {8, func(n int) func() {
			reqs := make([]omadm.Request, n)
			for i := range reqs {
				reqs[i] = install(fmt.Sprint("App", i), "p", 20)
			}
			return func() {
				if c, report := admx.Ingest(csp.Default(), reqs...); len(report) > 0 || len(c.Layers()) != n {
					t.Errorf("%d templates: %d layers, %v", n, len(c.Layers()), report)
				}
			}
		}},
		"ids that the policy does not have": {500, func(n int) func() {
			var doc strings.Builder
			data := make([]admx.Data, n)
			for i := range n {
				fmt.Fprintf(&doc, `<text id="i%d"/>`, i)
				data[i] = admx.Text(fmt.Sprint("j", i), "x")
			}
			p := &parse(t, document(`<policy name="p" class="User" key="k"><elements>`+doc.String()+`</elements></policy>`)).Policies[0]
			return func() {
				if _, err := p.Enabled(data...); err == nil {
					t.Errorf("%d ids that are not there are none of the faults", n)
				}
			}
		}},
	} {
		octets := func(n int) float64 {
			run := tt.make(n)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			run()
			runtime.ReadMemStats(&after)
			return float64(after.TotalAlloc - before.TotalAlloc)
		}
		octets(tt.size) // what is made once
		if once, twice := octets(tt.size), octets(2*tt.size); twice > 3*once {
			t.Errorf("%s: %d take %.0f octets, and %d take %.0f", name, tt.size, once, 2*tt.size, twice)
		}
	}
}

func document(policies string) string {
	return `<policyDefinitions><policies>` + policies + `</policies></policyDefinitions>`
}

// install returns the request that installs a template with n policies.
func install(app, policy string, n int) omadm.Request {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `<policy name="%s%d" class="Machine" key="k"/>`, policy, i)
	}
	return omadm.Request{Ops: []omadm.Op{{
		Verb: omadm.Add, URI: omadm.URI("./Device/Vendor/MSFT/Policy/ConfigOperations/ADMXInstall/" + app + "/Policy/f"),
		Value: omadm.Text(document(b.String())),
	}}}
}
