package devinfo

import (
	"errors"

	"github.com/gomadm/gomadm/csp/node"
	"github.com/gomadm/gomadm/omadm"
)

// Info is what a device says of itself at the start of each session (OMA DM Standardized Objects 1.2.1, section 5.3.2).
type Info struct {
	DeviceID     string
	Manufacturer string
	Model        string
	Client       string // version of the protocol that the client speaks: "1.2"
	Language     string // as in "en-US"
}

// Of returns the Info among the facts of a device, which a server has without asking.
func Of(facts omadm.Facts) Info {
	of := func(n node.Get[string]) string { return facts[string(n)] }
	return Info{DeviceID: of(DevId), Manufacturer: of(Man), Model: of(Mod), Client: of(DmV), Language: of(Lang)}
}

// Get returns the request that asks for an Info. It has no ID: the caller gives it one.
func Get() omadm.Request {
	return omadm.Request{Ops: []omadm.Op{DevId.Get(), Man.Get(), Mod.Get(), DmV.Get(), Lang.Get()}}
}

// Read reads what a device answered to Get. What it does not say is empty. The error joins those of values that cannot
// be read; all others are there.
func Read(results ...omadm.Result) (Info, error) {
	var i Info
	err := errors.Join(
		node.Into(&i.DeviceID)(DevId.Value(results...)),
		node.Into(&i.Manufacturer)(Man.Value(results...)),
		node.Into(&i.Model)(Mod.Value(results...)),
		node.Into(&i.Client)(DmV.Value(results...)),
		node.Into(&i.Language)(Lang.Value(results...)),
	)
	return i, err
}
