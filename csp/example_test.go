package csp_test

import (
	"errors"
	"fmt"
	"strings"

	"github.com/gomadm/gomadm/csp"
	"github.com/gomadm/gomadm/csp/policy"
	"github.com/gomadm/gomadm/omadm"
)

func Example() {
	// The address as a portal shows it.
	m, err := csp.Default().ResolveLocURI("./Vendor/MSFT/Policy/Config/camera/AllowCamera")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(m.Node.Format(), m.Node.Allowed().Values, m.Node.Verbs())
	fmt.Println(m.Constant())

	// The typed command.
	req := omadm.Request{Ops: []omadm.Op{policy.CameraAllowCamera.Replace(policy.CameraAllowCameraNotAllowed)}}
	fmt.Println(req.Ops[0])

	// Whether a device takes it.
	d := csp.Device{Build: csp.Build{Major: 10, Number: 22631, Revision: 3007}, Edition: csp.Pro}
	fmt.Println(csp.Default().Check(d, req).Err())
	fmt.Println(m.Node.Applies(d))
	// Output:
	// int [0 1] Add Delete Get Replace
	// policy.CameraAllowCamera
	// Replace "./Device/Vendor/MSFT/Policy/Config/Camera/AllowCamera" int text/plain text[1]
	// <nil>
	// since build 10.0.10240
}

func ExampleMatch_Constant() {
	for _, u := range []omadm.URI{"./Vendor/MSFT/VPNv2/Head%20office/AlwaysOn", "./User/Vendor/MSFT/Policy/Config/Start/HideRecentJumplists"} {
		m, err := csp.Default().ResolveLocURI(u)
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Println(m.Constant())
	}
	// Output:
	// vpnv2.AlwaysOn.At("Head office")
	// policy.UserStartHideRecentJumplists
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

// A layer adds the nodes of a vendor, and corrects what is known of others.
func ExampleReadLayer() {
	layer, err := csp.ReadLayer(strings.NewReader(`{
		"name": "ours",
		"define": [
			{"template": "./Device/Vendor/Example", "format": "node", "verbs": "Get"},
			{"template": "./Device/Vendor/Example/Channels/{Channel}", "format": "chr", "verbs": "Add Delete Get Replace",
				"occurrence": "ZeroOrMore", "allowed": {"kind": "enum", "values": ["fast", "slow"]}}
		],
		"correct": [
			{"nodes": ["./Device/Vendor/MSFT/Policy/Config/Camera/AllowCamera"], "set": {"builds": "10.0.19045"}, "source": "seen on our devices"}
		]
	}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	catalog, err := csp.Default().With(layer)
	if err != nil {
		fmt.Println(err)
		return
	}
	report := catalog.Check(csp.Device{}, omadm.Request{Ops: []omadm.Op{
		{Verb: omadm.Replace, URI: "./Vendor/Example/Channels/updates", Value: omadm.Text("medium")},
	}})
	fmt.Println(report.Err())
	// Output:
	// csp: value.enum "./Vendor/Example/Channels/updates": is none of the values of the node, got "medium", want fast, slow
}
