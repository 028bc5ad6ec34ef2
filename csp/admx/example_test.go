package admx_test

import (
	"errors"
	"fmt"
	"log"
	"os"

	"github.com/gomadm/gomadm/csp"
	"github.com/gomadm/gomadm/csp/admx"
	"github.com/gomadm/gomadm/csp/bitlocker"
	"github.com/gomadm/gomadm/omadm"
)

// A template of an application is installed, and one of its policies is set.
func Example() {
	b, err := os.ReadFile("testdata/example.admx")
	if err != nil {
		log.Fatal(err)
	}
	template, err := admx.Parse(b)
	if err != nil {
		log.Fatal(err)
	}
	browser := admx.App{Name: "Browser"}
	install, err := browser.Install(admx.File{Name: "example.admx", Template: template})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(install.Ops[0].Verb, install.Ops[0].URI)

	policy, _ := template.Policy("CacheSize")
	payload, err := policy.Enabled(admx.Number("Megabytes", 512))
	if err != nil {
		log.Fatal(err)
	}
	u, err := browser.URI(policy, omadm.DeviceScope)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("Replace", u)
	fmt.Println(payload)

	// Output:
	// Add ./Device/Vendor/MSFT/Policy/ConfigOperations/ADMXInstall/Browser/Policy/example.admx
	// Replace ./Device/Vendor/MSFT/Policy/Config/Browser~Policy~browser/CacheSize
	// <enabled/><data id="Megabytes" value="512"/>
}

// A policy of Windows is set. What is wrong with its data is found before it is sent.
func ExamplePolicyAt() {
	const pin = bitlocker.SystemDrivesMinimumPINLength
	policy, err := admx.PolicyAt(csp.Default(), pin.LocURI())
	if err != nil {
		log.Fatal(err)
	}
	_, err = policy.Enabled(admx.Number("MinPINLength", 2))
	fmt.Println(errors.Is(err, csp.CodeADMXType))
	fmt.Println(err)
	payload, err := policy.Enabled(admx.Number("MinPINLength", 8))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(pin.Replace(payload.String()).URI, payload)
	// Output:
	// true
	// admx: policy "SystemDrivesMinimumPINLength": csp: value.admx.type: data of MinPINLength is not what it takes, got "2", want a number from 4 to 20
	// ./Device/Vendor/MSFT/BitLocker/SystemDrivesMinimumPINLength <enabled/><data id="MinPINLength" value="8"/>
}

// With a layer the catalogue knows the policies of an application like those of Windows.
func ExampleApp_Layer() {
	b, err := os.ReadFile("testdata/example.admx")
	if err != nil {
		log.Fatal(err)
	}
	template, err := admx.Parse(b)
	if err != nil {
		log.Fatal(err)
	}
	layer, err := admx.App{Name: "Browser"}.Layer(admx.File{Name: "example.admx", Template: template})
	if err != nil {
		log.Fatal(err)
	}
	catalog, err := csp.Default().With(layer)
	if err != nil {
		log.Fatal(err)
	}
	report := catalog.Check(csp.Device{}, omadm.Request{Ops: []omadm.Op{{
		Verb: omadm.Replace, URI: "./User/Vendor/MSFT/Policy/Config/Browser~Policy~browser~startup/Mode",
		Value: omadm.Text(`<enabled/><data id="Mode" value="kiosk"/>`),
	}}})
	for _, issue := range report {
		fmt.Println(issue.Severity, issue.Code, "got", issue.Got, "want", issue.Want)
	}
	// Output:
	// error value.admx.type got "kiosk" want 0, 1
}
