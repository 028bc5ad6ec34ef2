package ddf

import (
	"fmt"
	"strings"

	"github.com/gomadm/gomadm/omadm"
)

// Access is the set of commands that a server may use on a node (section 9.4.3.1). The zero Access permits none.
type Access uint8

// accessVerbs are the commands of an AccessType.
var accessVerbs = [...]omadm.Verb{omadm.Add, omadm.Copy, omadm.Delete, omadm.Exec, omadm.Get, omadm.Replace}

// NewAccess returns the set of verbs. Those that no AccessType has are left out.
func NewAccess(verbs ...omadm.Verb) Access {
	var a Access
	for i, known := range accessVerbs {
		for _, v := range verbs {
			if v == known {
				a |= 1 << i
			}
		}
	}
	return a
}

// Has reports whether v is in a.
func (a Access) Has(v omadm.Verb) bool { return a&NewAccess(v) != 0 }

// String returns the names in alphabetical order, such as "Add Get".
func (a Access) String() string {
	var names []string
	for _, v := range accessVerbs {
		if a.Has(v) {
			names = append(names, v.String())
		}
	}
	return strings.Join(names, " ")
}

// AccessError says that a description does not let a server use a command on a node.
type AccessError struct {
	URI    omadm.URI
	Verb   omadm.Verb
	Access Access // what the node permits
}

func (e *AccessError) Error() string {
	return fmt.Sprintf("ddf: %v of %.120q, which permits %q", e.Verb, string(e.URI), e.Access)
}

// Check returns an *AccessError unless the AccessType of the node lets a server do op. The caller may know better. It
// returns nil for nodes that d does not describe, and for properties and lists, which AccessType says nothing about.
func (d *Document) Check(op omadm.Op) error {
	if op.URI == "" || op.URI.Query() != "" {
		return nil
	}
	n, ok := d.Find(op.URI)
	if !ok || n.Access.Has(op.Verb) {
		return nil
	}
	return &AccessError{URI: op.URI, Verb: op.Verb, Access: n.Access}
}
