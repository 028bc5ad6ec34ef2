package remotewipe_test

import (
	"fmt"

	"github.com/gomadm/gomadm/csp"
	"github.com/gomadm/gomadm/csp/remotewipe"
	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/syncml"
)

func Example() {
	wipe := remotewipe.Wipe{Cloud: true, Keep: remotewipe.UserData, Build: csp.Build{Major: 10, Number: 26100}}
	request, err := wipe.Request()
	fmt.Println(request.Ops, err)

	wipe.Build = csp.Build{Major: 10, Number: 19045}
	_, err = wipe.Request()
	fmt.Println(err)
	// Output:
	// [Exec "./Device/Vendor/MSFT/RemoteWipe/doWipeCloudPersistUserData"] <nil>
	// remotewipe: Build: before 10.0.22621, the first that can do it
}

func ExampleReadRedeployment() {
	// What a device answered to remotewipe.GetRedeployment.
	answer := omadm.Result{Items: []syncml.Item{{
		Source: syncml.Location{URI: "./Device/Vendor/MSFT/RemoteWipe/AutomaticRedeployment/Status"}, Data: syncml.Text("40"),
	}}}
	redeployment, err := remotewipe.ReadRedeployment(answer)
	fmt.Println(redeployment.Status == remotewipe.RedeploymentNoPower, redeployment.Status.Failed(), err)
	// Output: true true <nil>
}
