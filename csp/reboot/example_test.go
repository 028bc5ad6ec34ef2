package reboot_test

import (
	"fmt"
	"time"

	"github.com/gomadm/gomadm/csp/reboot"
	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/syncml"
)

func Example() {
	request, err := reboot.Timetable{
		Once:  time.Date(2026, 3, 1, 22, 0, 0, 0, time.FixedZone("", 3600)),
		Daily: time.Date(2026, 3, 2, 3, 0, 0, 0, time.UTC),
	}.Request()
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, op := range request.Ops {
		fmt.Println(op.Verb, op.URI, op.Value.Data.Value)
	}
	// Output:
	// Replace ./Device/Vendor/MSFT/Reboot/Schedule/Single 2026-03-01T21:00:00Z
	// Replace ./Device/Vendor/MSFT/Reboot/Schedule/DailyRecurrent 2026-03-02T03:00:00Z
}

func ExampleRead() {
	// What a device answered to reboot.Get.
	answer := omadm.Result{Items: []syncml.Item{{
		Source: syncml.Location{URI: "./Device/Vendor/MSFT/Reboot/Schedule/DailyRecurrent"}, Data: syncml.Text("2026-03-02T03:00:00"),
	}}}
	timetable, err := reboot.Read(answer)
	fmt.Println(timetable.Daily.Format(time.TimeOnly), timetable.Local, err)
	// Output: 03:00:00 true <nil>
}
