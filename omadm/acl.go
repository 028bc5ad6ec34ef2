package omadm

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// ACL is an access control list, the property that says which servers may use which commands on a node (OMA DM
// Tree and Description 1.2.1, section 7.7.1). Each field holds the identifiers of servers; Everyone among them
// permits all servers, and the others then mean nothing. There is no list for Copy.
//
// The zero ACL is the empty one: the node inherits. An ACL that is not empty stands alone, even for commands
// that it does not name. A Replace of the property overwrites all of it: read it, change it, write it back.
type ACL struct {
	Add     []string
	Delete  []string
	Exec    []string
	Get     []string
	Replace []string
}

// Everyone stands for all servers in an ACL.
const Everyone = "*"

// ACLError says what is wrong with an ACL.
type ACLError struct {
	Offset int // in octets of the text; 0 when there is no text
	Reason string
}

func (e *ACLError) Error() string {
	return fmt.Sprintf("omadm: ACL: %s at octet %d", e.Reason, e.Offset)
}

// aclVerbs are the commands of an ACL in the order in which they are written.
var aclVerbs = [...]Verb{Add, Delete, Exec, Get, Replace}

// ids returns the identifiers for v; nil for Copy.
func (a *ACL) ids(v Verb) *[]string {
	switch v {
	case Add:
		return &a.Add
	case Delete:
		return &a.Delete
	case Exec:
		return &a.Exec
	case Get:
		return &a.Get
	case Replace:
		return &a.Replace
	}
	return nil
}

// RootACL returns the list that the root of a tree has by default: Add=*&Get=*.
func RootACL() ACL { return ACL{Add: []string{Everyone}, Get: []string{Everyone}} }

// EffectiveACL returns the list that governs a node, given its own and those of its ancestors up to the root: the
// first that is not empty, or RootACL.
func EffectiveACL(nodeToRoot ...ACL) ACL {
	for _, a := range nodeToRoot {
		if !a.Empty() {
			return a
		}
	}
	return RootACL()
}

// MayChangeACL reports whether server may change the list of a node, given that list and those of its ancestors up to the
// root (section 7.7.1.3): who may replace its parent may. Who may replace the node itself may only if that is interior,
// as the root is. A device answers all others with 425 StatusPermissionDenied.
func MayChangeACL(server string, interior bool, nodeToRoot ...ACL) bool {
	if len(nodeToRoot) > 1 && EffectiveACL(nodeToRoot[1:]...).Allows(Replace, server) {
		return true
	}
	return (interior || len(nodeToRoot) <= 1) && EffectiveACL(nodeToRoot...).Allows(Replace, server)
}

// NewNodeACL returns the list that a node has after server added it, given the lists of its ancestors from the parent up
// to the root (section 7.7.1.3): none, so that it inherits; but who adds an interior node and may not replace its parent
// is given the node.
func NewNodeACL(server string, interior bool, parentToRoot ...ACL) ACL {
	if !interior || EffectiveACL(parentToRoot...).Allows(Replace, server) {
		return ACL{}
	}
	own := []string{server}
	return ACL{Add: own, Delete: slices.Clone(own), Replace: slices.Clone(own)}
}

// ParseACL reads the value of the property ACL, such as "Add=*&Get=dm.example+other.example". White space around
// it is ignored, and a command without identifiers is as good as absent. The error is an *ACLError.
func ParseACL(s string) (ACL, error) {
	var a ACL
	start := len(s) - len(strings.TrimLeftFunc(s, unicode.IsSpace))
	rest := strings.TrimSpace(s)
	if rest == "" {
		return a, nil
	}
	var seen [Copy + 1]bool
	for off, more := start, true; more; {
		var part string
		part, rest, more = strings.Cut(rest, "&")
		name, ids, ok := strings.Cut(part, "=")
		if !ok {
			return ACL{}, &ACLError{off, "command without an equals sign"}
		}
		verb := aclVerb(name)
		if verb == 0 {
			return ACL{}, &ACLError{off, "unknown command"}
		}
		if seen[verb] {
			return ACL{}, &ACLError{off, "command twice"}
		}
		seen[verb] = true
		if ids != "" {
			list, err := parseServers(ids, off+len(name)+1)
			if err != nil {
				return ACL{}, err
			}
			*a.ids(verb) = list
		}
		off += len(part) + 1
	}
	return a, nil
}

func aclVerb(name string) Verb {
	for _, v := range aclVerbs {
		if v.String() == name {
			return v
		}
	}
	return 0
}

func parseServers(s string, off int) ([]string, error) {
	ids := strings.Split(s, "+")
	for _, id := range ids {
		if id != Everyone {
			if reason := checkServerID(id); reason != "" {
				return nil, &ACLError{off, reason}
			}
		}
		off += len(id) + 1
	}
	if slices.Contains(ids, Everyone) {
		return []string{Everyone}, nil
	}
	return ids, nil
}

// ValidateServerID returns an *ACLError unless id can name a server in an ACL: printable characters other than
// "=", "&", "*", "+" and white space, for which there is no escape (section 7.7.1.5).
func ValidateServerID(id string) error {
	if reason := checkServerID(id); reason != "" {
		return &ACLError{0, reason}
	}
	return nil
}

func checkServerID(id string) (reason string) {
	if id == "" {
		return "empty server identifier"
	}
	if !utf8.ValidString(id) {
		return "server identifier in invalid UTF-8"
	}
	for _, r := range id {
		if strings.ContainsRune("=&*+", r) || !unicode.IsPrint(r) || unicode.IsSpace(r) {
			return fmt.Sprintf("server identifier with %U", r)
		}
	}
	return ""
}

// Empty reports whether a names no server at all, so that the node inherits.
func (a ACL) Empty() bool {
	return len(a.Add)+len(a.Delete)+len(a.Exec)+len(a.Get)+len(a.Replace) == 0
}

// Validate returns an *ACLError unless a can be written.
func (a ACL) Validate() error {
	for _, v := range aclVerbs {
		for _, id := range *a.ids(v) {
			if id == Everyone {
				continue
			}
			if err := ValidateServerID(id); err != nil {
				return err
			}
		}
	}
	return nil
}

// Allows reports whether a lets server use v. An empty list allows nothing: see EffectiveACL. Copy needs Get on
// its source and Add or Replace on its destination, so that it is never allowed as such.
func (a ACL) Allows(v Verb, server string) bool {
	ids := a.ids(v)
	return ids != nil && (slices.Contains(*ids, Everyone) || slices.Contains(*ids, server))
}

// String returns the value of the property: commands in alphabetical order, those without identifiers left out,
// Everyone alone where it stands among others. Parsing it gives the same text again.
func (a ACL) String() string {
	var b strings.Builder
	for _, v := range aclVerbs {
		ids := *a.ids(v)
		if len(ids) == 0 {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('&')
		}
		b.WriteString(v.String())
		b.WriteByte('=')
		if slices.Contains(ids, Everyone) {
			b.WriteString(Everyone)
		} else {
			b.WriteString(strings.Join(ids, "+"))
		}
	}
	return b.String()
}

// Op returns the operation that makes a the list of the node u. It overwrites the one the node has.
func (a ACL) Op(u URI) Op {
	return Op{Verb: Replace, URI: u.WithProp(PropACL), Value: Text(a.String())}
}
