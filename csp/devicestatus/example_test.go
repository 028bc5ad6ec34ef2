package devicestatus_test

import (
	"fmt"

	"github.com/gomadm/gomadm/csp/devicestatus"
	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/syncml"
)

func Example() {
	fmt.Println(len(devicestatus.Get().Ops), "questions")

	// What came of them.
	item := func(name, value string) syncml.Item {
		return syncml.Item{Source: syncml.Location{URI: "./Vendor/MSFT/DeviceStatus/" + name}, Data: syncml.Text(value)}
	}
	s, err := devicestatus.Read(omadm.Result{Items: []syncml.Item{
		item("SecureBootState", "1"), item("Antivirus/Status", "2"), item("Antivirus/SignatureStatus", "1"),
		item("NetworkIdentifiers/02:00:00:00:00:01/IPAddressV4", "192.0.2.7"), item("NetworkIdentifiers/02:00:00:00:00:01/Type", "2"),
	}})
	fmt.Println("secure boot:", s.SecureBoot)
	fmt.Println("antivirus:", s.Antivirus, *s.AntivirusCurrent)
	fmt.Println("firewall:", s.Firewall)
	fmt.Println(s.Networks[0].IPv4, s.Networks[0].Wireless, err)
	// Output:
	// 21 questions
	// secure boot: on
	// antivirus: partly true
	// firewall: unknown
	// 192.0.2.7 true <nil>
}
