package passportforwork_test

import (
	"fmt"

	"github.com/gomadm/gomadm/csp/passportforwork"
	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/syncml"
)

func Example() {
	yes := true
	hello := passportforwork.Hello{
		Tenant: "6D2F0A50-0D9D-4BD5-8B7B-1A2C3D4E5F60", Use: &yes, TPM: &yes,
		PIN: &passportforwork.PIN{Min: 8, Digits: passportforwork.Required, History: passportforwork.Number(5)},
	}
	request, err := hello.Request()
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, op := range request.Ops {
		fmt.Println(op.Verb, op.URI.Segments()[5:], op.Value.Data.Value)
	}
	hello.PIN.Max = 6
	_, err = hello.Request()
	fmt.Println(err)
	// Output:
	// Replace [Policies UsePassportForWork] true
	// Replace [Policies RequireSecurityDevice] true
	// Replace [Policies PINComplexity MinimumPINLength] 8
	// Replace [Policies PINComplexity Digits] 1
	// Replace [Policies PINComplexity History] 5
	// passportforwork: PIN.Max: below Min
}

func ExampleHello_Read() {
	// What a device answered to the request of Get.
	hello := passportforwork.Hello{Tenant: "6D2F0A50-0D9D-4BD5-8B7B-1A2C3D4E5F60"}
	answer := omadm.Result{Items: []syncml.Item{{
		Source: syncml.Location{URI: "./Device/Vendor/MSFT/PassportForWork/6d2f0a50-0d9d-4bd5-8b7b-1a2c3d4e5f60/Policies/PINComplexity/MinimumPINLength"}, Data: syncml.Text("8"),
	}}}
	got, err := hello.Read(answer)
	fmt.Println(got.PIN.Min, err)
	// Output: 8 <nil>
}
