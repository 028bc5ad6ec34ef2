package simdevice

import (
	"fmt"

	"github.com/gomadm/gomadm/omadm"
)

// Profile is a kind of client.
type Profile uint8

// The profiles.
const (
	// Windows behaves like the DM client of Windows 11: CmdIDs of package 1 start at 2, LoginStatus is sent,
	// a Get is answered with one Status per item, Copy, properties of nodes and ACLs are refused, ./Device/X and
	// ./X are one node. What is too large for a message ends the session with Alert 1223, unless
	// Device.LargeObjects is set.
	Windows Profile = iota
	// Generic12 is a client of OMA DM 1.2 with all that is optional: large objects, Copy, Correlators, properties,
	// ACLs and ?list=TNDS.
	Generic12
	// Generic11 is a client of OMA DM 1.1.2: it has Copy, properties and ACLs, but neither large objects nor
	// Correlators, generic alerts and TNDS, and Replace makes a node that is not there.
	Generic11
)

// traits is how a profile differs from the others.
type traits struct {
	name             string
	verDTD, verProto string
	firstID          int          // CmdID of the first command of package 1
	unknown          omadm.Status // answer to a command that is no DM command

	login       bool // package 1 tells who is signed in, and ./User depends on it
	deviceScope bool // ./Device/X and ./X are one node
	eachGet     bool // a Get has one Status per item, even if all are the same
	headerRefs  bool // the Status for a header names its Target and Source

	copies     bool
	properties bool // ?prop, and ACLs are enforced
	tnds       bool
	generic    bool // alerts 1226
	upsert     bool // Replace makes a node that is not there
	large      bool // large objects, whatever Device.LargeObjects says
	mayLarge   bool // large objects when Device.LargeObjects says so

	noCorrelator string // rule that a Correlator breaks; empty: it is allowed
}

var profiles = [...]traits{
	Windows: {
		name: "windows", verDTD: "1.2", verProto: "DM/1.2", firstID: 2, unknown: omadm.StatusBadRequest,
		login: true, deviceScope: true, eachGet: true, generic: true, mayLarge: true, noCorrelator: "W-20",
	},
	Generic12: {
		name: "generic 1.2", verDTD: "1.2", verProto: "DM/1.2", firstID: 1, unknown: omadm.StatusNotImplemented,
		headerRefs: true, copies: true, properties: true, tnds: true, generic: true, large: true,
	},
	Generic11: {
		name: "generic 1.1", verDTD: "1.1", verProto: "DM/1.1", firstID: 1, unknown: omadm.StatusNotImplemented,
		headerRefs: true, copies: true, properties: true, upsert: true, noCorrelator: "O-1",
	},
}

// traits returns what is particular to p. A profile that does not exist is Windows.
func (p Profile) traits() *traits {
	if int(p) >= len(profiles) {
		p = Windows
	}
	return &profiles[p]
}

// String returns "windows", "generic 1.2" or "generic 1.1".
func (p Profile) String() string {
	if int(p) < len(profiles) {
		return profiles[p].name
	}
	return fmt.Sprintf("Profile(%d)", uint8(p))
}
