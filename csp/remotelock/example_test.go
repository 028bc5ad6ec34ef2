package remotelock_test

import (
	"fmt"

	"github.com/gomadm/gomadm/csp/remotelock"
	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/syncml"
)

func Example() {
	for _, request := range []omadm.Request{remotelock.Reset(), remotelock.GetPIN()} {
		fmt.Println(request.Ops)
	}
	answer := syncml.Item{Source: syncml.Location{URI: "./Device/Vendor/MSFT/RemoteLock/NewPINValue"}, Data: syncml.Text("4711")}
	pin, err := remotelock.ReadPIN(omadm.Result{Items: []syncml.Item{answer}})
	fmt.Println(pin, string(pin), err)
	// Output:
	// [Exec "./Device/Vendor/MSFT/RemoteLock/LockAndResetPIN"]
	// [Get "./Device/Vendor/MSFT/RemoteLock/NewPINValue"]
	// PIN[4] 4711 <nil>
}
