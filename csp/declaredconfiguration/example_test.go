package declaredconfiguration_test

import (
	"fmt"

	dc "github.com/gomadm/gomadm/csp/declaredconfiguration"
	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/syncml"
)

// A device has told at the start of a session which documents it has. One is as it should be, one is another version, and
// of one nobody knows any more.
func Example() {
	vpn := dc.Document{
		ID: "27FEA311-68B9-4320-9FC4-296F6FDFAFE2", Scenario: dc.VPN, Checksum: "3",
		Providers: []dc.Provider{{Name: "./Vendor/MSFT/VPNv2", Settings: []dc.Setting{
			{Path: "Office/AlwaysOn", Value: omadm.Bool(true)},
		}}},
	}
	file := dc.Document{
		ID: "91D1C9D9-6D5C-4D54-9D8A-2C4C7B0B1F11", Scenario: dc.Extensibility, Checksum: "7",
		Resources: []dc.Resource{{
			Namespace: "root/Microsoft/Windows/DesiredStateConfiguration", Class: "MSFT_FileDirectoryConfiguration",
			Keys: []dc.Property{{Name: "DestinationPath", Value: `c:\example\note.txt`}}, Values: []dc.Property{{Name: "Contents", Value: "Hello"}},
		}},
	}
	event := omadm.Event{Type: omadm.TypeDeclaredConfig, Data: syncml.Markup(`<DeclaredConfigurations schema="1.0">
		<DeclaredConfiguration context="Device" id="27FEA311-68B9-4320-9FC4-296F6FDFAFE2" checksum="2" result_checksum="A" state="60"/>
		<DeclaredConfiguration context="Device" id="91D1C9D9-6D5C-4D54-9D8A-2C4C7B0B1F11" checksum="7" result_checksum="B" state="61"/>
		<DeclaredConfiguration context="Device" id="5B2A3F54-0A63-4D0B-8C0B-3F6D7A6C2E01" checksum="1" result_checksum="C" state="60"/>
	</DeclaredConfigurations>`)}

	reported, err := dc.ReadAlert(event)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, r := range reported {
		fmt.Println(r.ID[:8], "of version", r.Checksum, "is", r.State)
	}
	changes, err := dc.Compare(reported, vpn, file)
	if err != nil {
		fmt.Println(err)
		return
	}
	requests, err := changes.Requests()
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, r := range requests {
		fmt.Println(r.Ops[0].Verb, r.Ops[0].URI)
	}
	for _, ref := range changes.Failed {
		get, _ := ref.GetResult()
		fmt.Println(get.Ops[0].Verb, get.Ops[0].URI)
	}
	for _, ref := range changes.Unwanted {
		fmt.Println("not wanted:", ref)
	}
	// Output:
	// 27FEA311 of version 2 is 60 configured
	// 91D1C9D9 of version 7 is 61 not configured
	// 5B2A3F54 of version 1 is 60 configured
	// Replace ./Device/Vendor/MSFT/DeclaredConfiguration/Host/Complete/Documents/27FEA311-68B9-4320-9FC4-296F6FDFAFE2/Document
	// Get ./Device/Vendor/MSFT/DeclaredConfiguration/Host/Complete/Results/91D1C9D9-6D5C-4D54-9D8A-2C4C7B0B1F11/Document
	// not wanted: 5B2A3F54-0A63-4D0B-8C0B-3F6D7A6C2E01
}
