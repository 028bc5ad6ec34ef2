package kits_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gomadm/gomadm/csp/firewall"
	"github.com/gomadm/gomadm/csp/node"
	"github.com/gomadm/gomadm/omadm"
)

func TestFirewallRule(t *testing.T) {
	s := newSite(t)
	rules := []firewall.Rule{
		{ID: "plain"},
		{
			ID: "web {1}", Name: "Web server", Description: "For all in the house", In: true, Edge: true, Profiles: firewall.Domain | firewall.Public,
			Interfaces: []firewall.Interface{firewall.LAN, firewall.Wireless}, Protocol: firewall.TCP.Number(),
			LocalPorts: []firewall.Ports{{From: 80}, {From: 8080, To: 8089}}, RemotePorts: []firewall.Ports{{From: 1024, To: 65535}},
			LocalAddresses: []string{"192.0.2.1"}, RemoteAddresses: []string{"LocalSubnet", "192.0.2.0/24", "2001:db8::1-2001:db8::9", "192.0.2.0/255.255.255.0"},
			App: &firewall.App{FilePath: `%ProgramFiles%\Web\web.exe`, Service: "web"}, Users: "O:LSD:(A;;CC;;;BA)",
		},
		{ID: "ping", Off: true, Block: true, Protocol: firewall.ICMP.Number(), ICMP: []string{"8:*", "3:4"}, App: &firewall.App{Package: "Example.Ping_1234567890abc"}},
		{ID: "any", Protocol: firewall.Protocol(0).Number(), App: &firewall.App{Policy: "web:1"}},
	}
	var answers []omadm.Result
	for _, want := range rules {
		s.mayMiss = false
		s.made(want.Request())
		if want.Name != "" {
			s.holds("./Device/Vendor/MSFT/Firewall/MdmStore/FirewallRules/"+omadm.EscapeSegment(want.ID)+"/", map[string]string{
				"Action/Type": "1", "Direction": "IN", "Enabled": "true", "Profiles": "5", "Protocol": "6", "InterfaceTypes": "Lan,Wireless", "EdgeTraversal": "true",
				"LocalPortRanges": "80,8080-8089", "RemotePortRanges": "1024-65535", "LocalAddressRanges": "192.0.2.1", "App/ServiceName": "web",
				"App/FilePath": `%ProgramFiles%\Web\web.exe`, "LocalUserAuthorizedList": "O:LSD:(A;;CC;;;BA)",
				"RemoteAddressRanges": "LocalSubnet,192.0.2.0/24,2001:db8::1-2001:db8::9,192.0.2.0/255.255.255.0",
			})
		}
		s.put("./Device/Vendor/MSFT/Firewall/MdmStore/FirewallRules/"+omadm.EscapeSegment(want.ID)+"/Status", "OK")
		s.mayMiss = true // what the rule lacks
		results := s.made(want.Get())
		answers = append(answers, results...)
		got, state, readErr := firewall.Read(want.ID, results...)
		if diff := cmp.Diff(want, got); diff != "" || readErr != nil || state != "OK" {
			t.Errorf("%s: %v, %q (-want +got):\n%s", want.ID, readErr, state, diff)
		}
	}
	all, err := firewall.ReadAll(append(answers, s.do(firewall.List())...)...)
	for i, want := range rules {
		if diff := cmp.Diff(firewall.Installed{Rule: want, State: "OK"}, all[i]); diff != "" || err != nil || len(all) != len(rules) {
			t.Errorf("of %d: %v (-want +got):\n%s", len(all), err, diff)
		}
	}
	names, err := firewall.ReadList(s.do(firewall.List())...)
	slices.Sort(names)
	if want := []string{"any", "ping", "plain", "web {1}"}; err != nil || !slices.Equal(names, want) {
		t.Errorf("got %q, %v", names, err)
	}
	for _, r := range rules {
		s.made(r.Delete())
	}
	request, err := rules[1].Get()
	if _, _, err := firewall.Read("web {1}", s.made(request, err)...); !errors.Is(err, node.ErrNoValue) {
		t.Errorf("deleted: got error %v", err)
	}
	if names, err := firewall.ReadList(s.do(firewall.List())...); err != nil || len(names) != 0 {
		t.Errorf("deleted: got %q, %v", names, err)
	}
}

func TestFirewallFields(t *testing.T) {
	tcp, icmp := firewall.TCP.Number(), firewall.ICMP.Number()
	for _, tt := range []struct {
		field string
		r     firewall.Rule
	}{
		{"ID", firewall.Rule{}},
		{"ID", firewall.Rule{ID: "a/b"}},
		{"ID", firewall.Rule{ID: ".."}},
		{"Name", firewall.Rule{ID: "a", Name: "ALL"}},
		{"Description", firewall.Rule{ID: "a", Description: "a|b"}},
		{"Profiles", firewall.Rule{ID: "a", Profiles: 8}},
		{"Interfaces[1]", firewall.Rule{ID: "a", Interfaces: []firewall.Interface{firewall.LAN, firewall.LAN}}},
		{"LocalPorts", firewall.Rule{ID: "a", LocalPorts: []firewall.Ports{{From: 80}}}},
		{"RemotePorts", firewall.Rule{ID: "a", Protocol: icmp, RemotePorts: []firewall.Ports{{From: 80}}}},
		{"LocalPorts[0]", firewall.Rule{ID: "a", Protocol: tcp, LocalPorts: []firewall.Ports{{From: 80, To: 79}}}},
		{"ICMP", firewall.Rule{ID: "a", Protocol: tcp, ICMP: []string{"8:*"}}},
		{"ICMP[0]", firewall.Rule{ID: "a", Protocol: icmp, ICMP: []string{"ping"}}},
		{"LocalAddresses[0]", firewall.Rule{ID: "a", LocalAddresses: []string{"LocalSubnet"}}},
		{"LocalAddresses[1]", firewall.Rule{ID: "a", LocalAddresses: []string{"*", "192.0.2.9-192.0.2.1"}}},
		{"RemoteAddresses[0]", firewall.Rule{ID: "a", RemoteAddresses: []string{"192.0.2.1,192.0.2.2"}}},
		{"RemoteAddresses[0]", firewall.Rule{ID: "a", RemoteAddresses: []string{"2001:db8::/129"}}},
		{"RemoteAddresses[0]", firewall.Rule{ID: "a", RemoteAddresses: []string{"2001:db8::/255.0.0.0"}}},
		{"App", firewall.Rule{ID: "a", App: new(firewall.App)}},
		{"App.Package", firewall.Rule{ID: "a", App: &firewall.App{Package: "p", Service: "s"}}},
		{"App.FilePath", firewall.Rule{ID: "a", App: &firewall.App{FilePath: `C:\*.exe`}}},
		{"App.Service", firewall.Rule{ID: "a", App: &firewall.App{Service: "a|b"}}},
		{"App.Policy", firewall.Rule{ID: "a", App: &firewall.App{Policy: "a b"}}},
		{"Edge", firewall.Rule{ID: "a", Edge: true}},
		{"Users", firewall.Rule{ID: "a", In: true, Users: "O:\n"}},
		{"App.Package", firewall.Rule{ID: "a", App: &firewall.App{Package: "a b"}}},
	} {
		_, err := tt.r.Request()
		wrongField(t, err, "firewall", tt.field)
	}
	_, err := firewall.Rule{}.Delete()
	wrongField(t, err, "firewall", "ID")
	_, err = firewall.Rule{}.Get()
	wrongField(t, err, "firewall", "ID")
}
