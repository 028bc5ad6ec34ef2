package devinfo_test

import (
	"fmt"

	"github.com/gomadm/gomadm/csp/devinfo"
	"github.com/gomadm/gomadm/omadm"
)

func Example() {
	// What a store keeps of the last session.
	facts := omadm.Facts{"./DevInfo/DevId": "device-1", "./DevInfo/Man": "Example Ltd", "./DevInfo/Mod": "Book 4", "./DevInfo/Lang": "en-GB"}
	i := devinfo.Of(facts)
	fmt.Println(i.Manufacturer, i.Model, i.Language)
	// Output: Example Ltd Book 4 en-GB
}
