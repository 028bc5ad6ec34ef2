package passportforwork_test

import (
	"fmt"

	"github.com/gomadm/gomadm/csp/passportforwork"
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
