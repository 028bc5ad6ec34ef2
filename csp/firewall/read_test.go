package firewall_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gomadm/gomadm/csp/firewall"
	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/syncml"
)

// TestReadPorts: a range of one port is that port, and one that has its end first or lacks one is none.
func TestReadPorts(t *testing.T) {
	for ports, want := range map[string][]firewall.Ports{
		"80":             {{From: 80}},
		"80-80, 443":     {{From: 80}, {From: 443}},
		"8080-8089":      {{From: 8080, To: 8089}},
		"0-65535":        {{From: 0, To: 65535}},
		"9-3":            nil,
		"80-":            nil,
		"-80":            nil,
		"80-0":           nil,
		"80-81-82":       nil,
		"65535-65536":    nil,
		"PlayToDiscover": nil,
	} {
		item := func(name, value string) syncml.Item {
			return syncml.Item{Source: syncml.Location{URI: "./Vendor/MSFT/Firewall/MdmStore/FirewallRules/r/" + name}, Data: syncml.Text(value)}
		}
		rule, _, err := firewall.Read("r", omadm.Result{Status: 200, Items: []syncml.Item{
			item("Action/Type", "1"), item("Protocol", "6"), item("LocalPortRanges", ports),
		}})
		if d := cmp.Diff(want, rule.LocalPorts); d != "" || (err == nil) != (want != nil) {
			t.Errorf("%s: %v, (-want +got):\n%s", ports, err, d)
		}
	}
}
