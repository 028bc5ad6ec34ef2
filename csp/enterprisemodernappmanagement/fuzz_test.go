package enterprisemodernappmanagement_test

import (
	"testing"

	apps "github.com/gomadm/gomadm/csp/enterprisemodernappmanagement"
	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/syncml"
)

// FuzzRead reads what a device might say of its packages.
func FuzzRead(f *testing.F) {
	f.Add(`<Inventory><AppStore><Package PackageFamilyName="a" PackageStatus="9"/></AppStore><nonStore><App PackageFullName="b"/></nonStore></Inventory>`)
	f.Add(`<Inventory/>`)
	f.Add(` `)
	f.Fuzz(func(t *testing.T, text string) {
		found, err := apps.Read(omadm.Result{Items: []syncml.Item{{
			Source: syncml.Location{URI: string(apps.AppManagementAppInventoryResults)}, Data: syncml.Text(text),
		}}})
		for _, p := range found {
			if err != nil || p.Family == "" && p.FullName == "" {
				t.Errorf("got %+v, %v", p, err)
			}
		}
	})
}
