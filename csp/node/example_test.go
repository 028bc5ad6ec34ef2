package node_test

import (
	"errors"
	"fmt"

	"github.com/gomadm/gomadm/csp/node"
	"github.com/gomadm/gomadm/csp/policy"
	"github.com/gomadm/gomadm/csp/vpnv2"
	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/syncml"
)

func Example() {
	fmt.Println(policy.CameraAllowCamera.Replace(policy.CameraAllowCameraNotAllowed))
	fmt.Println(vpnv2.AlwaysOn.At("Head office").Replace(true)) // the name is escaped
	fmt.Println(vpnv2.AlwaysOn.Template())

	// What a device answered to policy.CameraAllowCamera.Get().
	results := []omadm.Result{{Items: []syncml.Item{{
		Source: syncml.Location{URI: "./Vendor/MSFT/Policy/Config/Camera/AllowCamera"}, Data: syncml.Text("1"),
	}}}}
	n, err := policy.CameraAllowCamera.Value(results...)
	fmt.Println(n == policy.CameraAllowCameraAllowed, err)

	_, err = policy.CameraAllowCamera.Value()
	fmt.Println(errors.Is(err, node.ErrNoValue))
	// Output:
	// Replace "./Device/Vendor/MSFT/Policy/Config/Camera/AllowCamera" int text/plain text[1]
	// Replace "./Device/Vendor/MSFT/VPNv2/Head%20office/AlwaysOn" bool text/plain text[4]
	// ./Device/Vendor/MSFT/VPNv2/{ProfileName}/AlwaysOn
	// true <nil>
	// true
}

// A vendor's own nodes are constants in the same way.
func Example_vendor() {
	const (
		volume  node.GetReplace[int64]                       = "./Device/Vendor/Example/Sound/Volume"
		channel node.Named[node.AddDeleteGetReplace[string]] = "./Device/Vendor/Example/Channels/{Channel}"
	)
	fmt.Println(volume.Replace(7))
	fmt.Println(channel.At("a").Delete())
	// Output:
	// Replace "./Device/Vendor/Example/Sound/Volume" int text/plain text[1]
	// Delete "./Device/Vendor/Example/Channels/a"
}
