package update_test

import (
	"fmt"

	"github.com/gomadm/gomadm/csp/update"
	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/syncml"
)

func Example() {
	request, err := update.Ring{
		Quality: &update.Timing{Defer: update.Days(7), Deadline: update.Days(3), Grace: update.Days(1)},
		Target:  &update.Target{Product: "Windows 11", Release: "24H2"},
	}.Request()
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, op := range request.Ops {
		fmt.Println(op.Verb, op.URI, op.Value.Data.Value)
	}
	_, err = update.Ring{Quality: &update.Timing{Defer: update.Days(31)}}.Request()
	fmt.Println(err)

	// What a device answered to update.GetStatus.
	const failed = "./Device/Vendor/MSFT/Update/FailedUpdates/0e0a3c7a-7b41-4b5a-9c9e-2c1d0f6a1234"
	item := func(uri, value string) syncml.Item {
		return syncml.Item{Source: syncml.Location{URI: uri}, Data: syncml.Text(value)}
	}
	status, err := update.ReadStatus(omadm.Result{Items: []syncml.Item{item(failed, ""), item(failed+"/HResult", "-2145124329"), item(failed+"/Status", "1")}})
	fmt.Println(status.Failed[0].ID, status.Failed[0].Error, err)
	// Output:
	// Replace ./Device/Vendor/MSFT/Policy/Config/Update/DeferQualityUpdatesPeriodInDays 7
	// Replace ./Device/Vendor/MSFT/Policy/Config/Update/ConfigureDeadlineForQualityUpdates 3
	// Replace ./Device/Vendor/MSFT/Policy/Config/Update/ConfigureDeadlineGracePeriod 1
	// Replace ./Device/Vendor/MSFT/Policy/Config/Update/ProductVersion Windows 11
	// Replace ./Device/Vendor/MSFT/Policy/Config/Update/TargetReleaseVersion 24H2
	// update: Quality.Defer: not 0 to 30
	// 0e0a3c7a-7b41-4b5a-9c9e-2c1d0f6a1234 0x80240017 <nil>
}
