package defender_test

import (
	"fmt"

	"github.com/gomadm/gomadm/csp/defender"
	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/syncml"
)

func Example() {
	fmt.Println(defender.UpdateSignatures().Ops, defender.QuickScan().Ops)
	request, err := defender.AttackSurface{Rules: map[defender.ASRRule]defender.ASRMode{
		defender.CredentialTheft: defender.ASRBlock, defender.OfficeChildren: defender.ASRAudit,
	}}.Request()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(request.Ops[0].Value.Data.Value)

	// What a device answered to defender.GetState.
	item := func(name, value string) syncml.Item {
		return syncml.Item{Source: syncml.Location{URI: "./Device/Vendor/MSFT/Defender/Health/" + name}, Data: syncml.Text(value)}
	}
	state, err := defender.ReadState(omadm.Result{Items: []syncml.Item{item("DefenderEnabled", "true"), item("ProductStatus", "640"), item("ComputerState", "0")}})
	fmt.Println(state.Enabled, state.Product, state.Computer, err)
	// Output:
	// [Exec "./Device/Vendor/MSFT/Defender/UpdateSignature"] [Exec "./Device/Vendor/MSFT/Defender/Scan" chr text/plain text[1]]
	// 9e6c4e1f-7d60-472f-ba1a-a39ef669e4b2=1|d4f940ab-401b-4efc-aadc-ad5f3c50688a=2
	// true no quick scan, scan in progress clean <nil>
}
