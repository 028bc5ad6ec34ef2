package simdevice

import "github.com/gomadm/gomadm/syncml"

// NewTree returns the management tree that a device of profile p is delivered with. id is the value of
// ./DevInfo/DevId.
//
// All have the nodes of DevInfo and DevDetail. Windows has a selection of ./Vendor/MSFT and ./User/Vendor/MSFT:
// leaves that can be read, written or executed, and places where nodes can be added. Below Policy/Config a Replace
// makes what is missing. The generic profiles have ./Data, below which everything is allowed, with leaves of several
// formats, and an account, ./DMAcc/server or ./SyncML/DMAcc/server. Generic12 also has ./Inbox, and ./FwUpdate, whose
// Exec nodes answer 202 and tell later how they ended; Generic11 has ./Update.
func NewTree(p Profile, id string) *Tree {
	t := EmptyTree(p)
	for _, nodes := range factory(p) {
		for _, n := range nodes {
			n.Permanent = true
			t.Put(n.uri, n.Node)
		}
	}
	t.Put("./DevInfo/DevId", Node{Value: syncml.Text(id), Access: Get, Permanent: true})
	return t
}

// place is a node with its address.
type place struct {
	uri string
	Node
}

// factory returns the nodes of a new tree; later ones replace earlier ones.
func factory(p Profile) [][]place {
	switch p {
	case Generic12:
		return [][]place{genericNodes, generic12Nodes}
	case Generic11:
		return [][]place{genericNodes, generic11Nodes}
	}
	return [][]place{windowsNodes}
}

// largeObjects is the node that says whether the device handles large objects.
const largeObjects = "./DevDetail/LrgObj"

// devInfo is the order in which a device reports ./DevInfo (OMA DM Standardized Objects 1.2, section 5.3).
var devInfo = [...]string{"DevId", "Man", "Mod", "DmV", "Lang"}

const (
	readWrite = Get | Replace
	all       = Add | Delete | Get | Replace
)

func leaf(format, value string, a Access) Node {
	return Node{Format: format, Value: syncml.Text(value), Access: a}
}

func interior(a Access) Node { return Node{Format: "node", Access: a} }
