package csp_test

import (
	"errors"
	"fmt"

	"github.com/gomadm/gomadm/csp"
	"github.com/gomadm/gomadm/omadm"
)

func Example() {
	u, err := csp.Parse("./Vendor/MSFT/Policy/Config/camera/AllowCamera") // as somebody wrote it
	if err != nil {
		fmt.Println(err)
		return
	}
	m, err := csp.Default().Resolve(u)
	if err != nil {
		fmt.Println(err)
		return
	}
	op := omadm.Op{Verb: omadm.Replace, URI: m.URI().LocURI(), Value: omadm.Int(0)}
	fmt.Println(op)
	fmt.Println(m.Node.Format(), m.Node.Allowed().Values, m.Node.Verbs())
	build, err := csp.ParseBuild("10.0.22631.3007")
	if err != nil {
		fmt.Println(err)
		return
	}
	a := m.Node.Applies(csp.Device{Build: build, Edition: csp.Pro})
	fmt.Println(a.Verdict(), a)
	// Output:
	// Replace "./Device/Vendor/MSFT/Policy/Config/Camera/AllowCamera" int text/plain text[1]
	// int [0 1] Add Delete Get Replace
	// yes since build 10.0.10240
}

func ExampleCatalog_Resolve_unknown() {
	_, err := csp.Default().Resolve(csp.MustParse("./Device/Vendor/MSFT/Policy/Config/Camera/AllowCamra"))
	var unknown *csp.UnknownError
	if errors.As(err, &unknown) {
		fmt.Println(unknown.Deepest, unknown.Missing, unknown.Suggest)
	}
	// Output: ./Device/Vendor/MSFT/Policy/Config/Camera AllowCamra [./Device/Vendor/MSFT/Policy/Config/Camera/AllowCamera]
}

func ExampleURI_HasPrefix() {
	denied := csp.MustParse("./Vendor/MSFT/BitLocker")
	for _, s := range []string{"./Device/Vendor/MSFT/bitlocker/RequireDeviceEncryption", "Vendor/MSFT/%42itLocker", "./Vendor/MSFT/BitLockerX"} {
		fmt.Println(csp.MustParse(s).HasPrefix(denied))
	}
	// Output:
	// true
	// true
	// false
}
