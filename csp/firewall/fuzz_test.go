package firewall_test

import (
	"reflect"
	"testing"

	"github.com/gomadm/gomadm/csp/firewall"
	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/syncml"
)

// FuzzRead: a rule that was read and can be made is read again from its request as it was.
func FuzzRead(f *testing.F) {
	f.Add("80,8080-8089", "LocalSubnet, 192.0.2.0/24", "Lan,All", "8:*")
	f.Add("0-0", "", "Wireless", "")
	f.Add("1-1", "", "", "")
	f.Fuzz(func(t *testing.T, ports, addresses, interfaces, icmp string) {
		item := func(name, value string) syncml.Item {
			return syncml.Item{Source: syncml.Location{URI: "./Vendor/MSFT/Firewall/MdmStore/FirewallRules/r/" + name}, Data: syncml.Text(value)}
		}
		first, _, err := firewall.Read("r", omadm.Result{Items: []syncml.Item{
			item("Action/Type", "1"), item("Protocol", "6"), item("LocalPortRanges", ports), item("RemoteAddressRanges", addresses),
			item("InterfaceTypes", interfaces), item("IcmpTypesAndCodes", icmp),
		}})
		if err != nil {
			return
		}
		request, err := first.Request()
		if err != nil {
			return
		}
		var items []syncml.Item
		for i := range request.Ops {
			items = append(items, syncml.Item{Source: syncml.Location{URI: string(request.Ops[i].URI)}, Data: request.Ops[i].Value.Data})
		}
		second, _, err := firewall.Read("r", omadm.Result{Items: items})
		if err != nil || !reflect.DeepEqual(first, second) {
			t.Errorf("%+v, then %+v, %v", first, second, err)
		}
	})
}
