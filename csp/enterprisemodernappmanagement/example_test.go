package enterprisemodernappmanagement_test

import (
	"fmt"

	apps "github.com/gomadm/gomadm/csp/enterprisemodernappmanagement"
	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/syncml"
)

func Example() {
	r, err := apps.Query{Sources: apps.Store | apps.NonStore, Types: apps.Main}.Request()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(r.Ops[0].Value.Data.Value)

	// What came of it.
	found, err := apps.Read(omadm.Result{Items: []syncml.Item{{
		Source: syncml.Location{URI: string(apps.AppManagementAppInventoryResults)},
		Data: syncml.Text(`<Inventory><AppStore><Package PackageFamilyName="Example.Notes_1234567890abc" Name="Example.Notes" ` +
			`Version="2.1.0.0" PackageStatus="0"/></AppStore></Inventory>`),
	}}})
	for _, p := range found {
		fmt.Println(p.Family, p.Version, p.Source == apps.Store)
	}
	fmt.Println(err)
	// Output:
	// <Inventory Output="PackageDetails" Source="AppStore|nonStore" PackageTypeFilter="Main"/>
	// Example.Notes_1234567890abc 2.1.0.0 true
	// <nil>
}
