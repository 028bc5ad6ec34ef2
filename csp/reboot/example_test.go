package reboot_test

import (
	"fmt"
	"time"

	"github.com/gomadm/gomadm/csp/reboot"
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
