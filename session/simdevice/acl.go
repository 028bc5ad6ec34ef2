package simdevice

import "strings"

// Values of the property ACL (OMA DM Tree and Description 1.2.1, section 7.7.1): the servers that may give each
// command.
const (
	rootACL = "Add=*&Get=*"
	openACL = "Add=*&Delete=*&Exec=*&Get=*&Replace=*"
)

// aclNames are the commands that an ACL can name. Copy needs Get at its source and Add or Replace at its target.
var aclNames = map[Access]string{Add: "Add", Delete: "Delete", Exec: "Exec", Get: "Get", Replace: "Replace"}

// permits reports whether an ACL lets a server give a command.
func permits(acl string, command Access, server string) bool {
	for _, part := range strings.Split(acl, "&") {
		name, ids, _ := strings.Cut(part, "=")
		if name != aclNames[command] {
			continue
		}
		for _, id := range strings.Split(ids, "+") {
			if id == "*" || id == server {
				return true
			}
		}
	}
	return false
}

// wellFormed reports whether s is the value of an ACL that is not empty: commands that differ, each with servers.
func wellFormed(s string) bool {
	seen := make(map[string]bool)
	for _, part := range strings.Split(s, "&") {
		name, ids, _ := strings.Cut(part, "=")
		if seen[name] || !named(name) {
			return false
		}
		seen[name] = true
		for _, id := range strings.Split(ids, "+") {
			if id == "" || strings.ContainsAny(id, "= \t\r\n") || id != "*" && strings.Contains(id, "*") {
				return false
			}
		}
	}
	return true
}

// named reports whether an ACL can name a command so.
func named(command string) bool {
	for _, name := range aclNames {
		if name == command {
			return true
		}
	}
	return false
}

// spot is where a path leads: the nodes on the way that are there, the root first, and the names of those that are
// not.
type spot struct {
	t       *Tree
	chain   []*entry
	path    []string // to the last of the chain
	missing []string
}

func (p *spot) found() bool { return len(p.missing) == 0 }

// deepest returns the node that the path names, or the last on the way to it that is there.
func (p *spot) deepest() *entry { return p.chain[len(p.chain)-1] }

// parent returns the spot of the node above the deepest, which is not the root.
func (p *spot) parent() *spot { return &spot{t: p.t, chain: p.chain[:len(p.chain)-1]} }

// permits reports whether the ACL that counts for the deepest node, its own or else the nearest above, lets the server
// give a command (section 7.7.1.2).
func (p *spot) permits(command Access) bool {
	if !p.t.profile.traits().properties {
		return true
	}
	for i := len(p.chain) - 1; i >= 0; i-- {
		if acl := p.chain[i].ACL; acl != "" {
			return permits(acl, command, p.t.server)
		}
	}
	return true
}

// permitsACL reports whether the server may replace the ACL of the deepest node: it needs Replace at the node above
// or, if the node is an interior one, at the node itself (section 7.7.1.3).
func (p *spot) permitsACL() bool {
	if p.deepest().Interior() && p.permits(Replace) {
		return true
	}
	return len(p.chain) > 1 && p.parent().permits(Replace)
}
