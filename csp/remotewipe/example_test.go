package remotewipe_test

import (
	"fmt"

	"github.com/gomadm/gomadm/csp"
	"github.com/gomadm/gomadm/csp/remotewipe"
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
