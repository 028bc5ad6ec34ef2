package firewall_test

import (
	"fmt"

	"github.com/gomadm/gomadm/csp/firewall"
	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/syncml"
)

func Example() {
	rule := firewall.Rule{
		ID: "web", Name: "Web server", In: true, Profiles: firewall.Domain | firewall.Private, Protocol: firewall.TCP.Number(),
		LocalPorts: []firewall.Ports{{From: 80}, {From: 8080, To: 8089}}, RemoteAddresses: []string{"LocalSubnet", "192.0.2.0/24"},
	}
	request, err := rule.Request()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(request.Group)
	for _, op := range request.Ops {
		fmt.Println(op.Verb, op.URI.Segments()[7:], op.Value.Data.Value)
	}
	rule.LocalPorts[1].To = 80
	_, err = rule.Request()
	fmt.Println(err)
	// Output:
	// Atomic
	// Replace [Action Type] 1
	// Replace [Direction] IN
	// Replace [Profiles] 3
	// Replace [Protocol] 6
	// Replace [Name] Web server
	// Replace [LocalPortRanges] 80,8080-8089
	// Replace [RemoteAddressRanges] LocalSubnet,192.0.2.0/24
	// Replace [Enabled] true
	// firewall: LocalPorts[1]: ends before it begins
}

func ExampleRead() {
	// What a device answered to firewall.Rule.Get: the action and the state, among others.
	answer := func(name, value string) omadm.Result {
		return omadm.Result{Items: []syncml.Item{{
			Source: syncml.Location{URI: "./Device/Vendor/MSFT/Firewall/MdmStore/FirewallRules/web/" + name}, Data: syncml.Text(value),
		}}}
	}
	rule, state, err := firewall.Read("web", answer("Action/Type", "0"), answer("LocalPortRanges", "80"), answer("Status", "OK"))
	fmt.Println(rule.Block, rule.LocalPorts, state, err)
	// Output: true [80] OK <nil>
}

func ExampleReadAll() {
	// What a device answered to firewall.Rule.Get for two rules.
	answer := func(name, value string) omadm.Result {
		return omadm.Result{Items: []syncml.Item{{
			Source: syncml.Location{URI: "./Device/Vendor/MSFT/Firewall/MdmStore/FirewallRules/" + name}, Data: syncml.Text(value),
		}}}
	}
	rules, err := firewall.ReadAll(
		answer("web/Action/Type", "1"), answer("web/LocalPortRanges", "80"), answer("web/Status", "OK"), answer("mail/Action/Type", "0"),
	)
	for _, r := range rules {
		fmt.Println(r.ID, r.Block, r.State, r.LocalPorts)
	}
	fmt.Println(err)
	// Output:
	// web false OK [80]
	// mail true  []
	// <nil>
}
