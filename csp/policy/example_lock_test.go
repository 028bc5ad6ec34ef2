package policy_test

import (
	"fmt"
	"time"

	"github.com/gomadm/gomadm/csp/policy"
	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/syncml"
)

func ExampleLock() {
	required, inactivity := true, 15*time.Minute
	request, err := policy.Lock{Required: &required, Kind: policy.AnyPIN, MinLength: 8, Inactivity: &inactivity}.Request()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(request.Group)
	for _, op := range request.Ops {
		fmt.Println(op.Verb, op.URI, op.Value.Data.Value)
	}

	// What a device answered to policy.GetLock.
	lock, err := policy.ReadLock(omadm.Result{Items: []syncml.Item{{
		Source: syncml.Location{URI: "./Device/Vendor/MSFT/Policy/Config/DeviceLock/DevicePasswordEnabled"}, Data: syncml.Text("1"),
	}}})
	fmt.Println(*lock.Required, err)
	// Output:
	// Atomic
	// Replace ./Device/Vendor/MSFT/Policy/Config/DeviceLock/DevicePasswordEnabled 0
	// Replace ./Device/Vendor/MSFT/Policy/Config/DeviceLock/AlphanumericDevicePasswordRequired 2
	// Replace ./Device/Vendor/MSFT/Policy/Config/DeviceLock/MinDevicePasswordLength 8
	// Replace ./Device/Vendor/MSFT/Policy/Config/DeviceLock/MaxInactivityTimeDeviceLock 15
	// false <nil>
}
