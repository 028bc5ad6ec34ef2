package dmclient_test

import (
	"fmt"
	"time"

	"github.com/gomadm/gomadm/csp/dmclient"
	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/syncml"
)

// A device comes every three minutes ten times, then every eight hours, and registers for push notifications.
func Example() {
	request, err := dmclient.Client{
		Provider: "MS DM Server",
		Poll: &dmclient.Poll{
			First: dmclient.Tries{Count: 10, Every: 3 * time.Minute},
			Rest:  dmclient.Tries{Every: 8 * time.Hour},
		},
		PFN: "Example.Agent_1234567890abc",
	}.Request()
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, op := range request.Ops {
		fmt.Println(op.URI.Base(), op.Value.Data.Value)
	}
	_, err = dmclient.Client{Provider: "MS DM Server", Poll: &dmclient.Poll{Rest: dmclient.Tries{Every: time.Second}}}.Request()
	fmt.Println(err)
	// Output:
	// IntervalForFirstSetOfRetries 3
	// NumberOfFirstRetries 10
	// IntervalForSecondSetOfRetries 0
	// NumberOfSecondRetries 0
	// IntervalForRemainingScheduledRetries 480
	// NumberOfRemainingScheduledRetries 0
	// PFN Example.Agent_1234567890abc
	// dmclient: Poll.Rest.Every: not in whole minutes up to 49 days
}

func ExampleReadChannel() {
	// What a device answered to dmclient.GetChannel.
	answer := omadm.Result{Items: []syncml.Item{{
		Source: syncml.Location{URI: "./Device/Vendor/MSFT/DMClient/Provider/MS%20DM%20Server/Push/Status"}, Data: syncml.Text("5"),
	}}}
	channel, err := dmclient.ReadChannel("MS DM Server", answer)
	fmt.Println(channel.Status, err)
	// Output: channel expired <nil>
}
