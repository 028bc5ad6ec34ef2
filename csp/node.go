package csp

import (
	"iter"
	"slices"

	"github.com/gomadm/gomadm/omadm"
)

// Node is a node of a catalogue: a description, not a value on a device. It is a small handle; two of one catalogue
// are == when they are the same node. The zero Node is none, and has no methods but IsZero.
type Node struct {
	c   *Catalog
	ref uint32 // index in the table, and topBit
}

const topBit = 1 << 31

// IsZero reports whether n is no node.
func (n Node) IsZero() bool { return n.c == nil }

func (n Node) table() (t table, i int) {
	if n.ref&topBit != 0 {
		return n.c.top, int(n.ref &^ topBit)
	}
	return n.c.base, int(n.ref)
}

func (n Node) octet(field int) byte {
	t, i := n.table()
	return t.octet(record(i) + field)
}

func (n Node) is(flag byte) bool { return n.octet(recFlags)&flag != 0 }

func (n Node) list(field int) cursor {
	t, i := n.table()
	return t.list(i, field)
}

func (n Node) extra() extra {
	t, i := n.table()
	return t.extra(i)
}

func (n Node) isRoot() bool { return n.ref&^topBit == 0 }

// parent is Parent without a look at the other table.
func (n Node) parent() Node {
	t, i := n.table()
	return Node{c: n.c, ref: uint32(t.parent(i)) | n.ref&topBit}
}

// Parent returns the node above n; that of the root is the zero Node.
func (n Node) Parent() Node {
	if n.isRoot() {
		return Node{}
	}
	return n.c.node(n.c.locate(n.parent()))
}

// Children returns the nodes below n, by name and last the one that is named at run time.
func (n Node) Children() iter.Seq[Node] {
	return func(yield func(Node) bool) { n.c.children(n.c.locate(n), yield) }
}

// Described reports whether a description says something of n itself. Of the nodes on the way to a configuration
// service provider, such as ./Device/Vendor/MSFT, none does.
func (n Node) Described() bool { return n.is(flagDescribed) }

// Name returns the name, not escaped, or the placeholder of one that is chosen at run time, such as "{ProfileName}";
// empty for the root.
func (n Node) Name() string {
	t, i := n.table()
	name := t.name(i)
	if n.Dynamic() {
		return "{" + name + "}"
	}
	return unescape(name)
}

// Template returns the address with placeholders, "./Device/Vendor/MSFT/VPNv2/{ProfileName}/AlwaysOn". Names are escaped as
// in a URI.
func (n Node) Template() string {
	t, i := n.table()
	way := make([]int, 0, 16) // most are shorter, and so is the address
	for ; i != 0; i = t.parent(i) {
		way = append(way, i)
	}
	b := append(make([]byte, 0, 128), '.')
	for _, i := range slices.Backward(way) {
		b = append(b, '/')
		if t.flags(i)&flagDynamic != 0 {
			b = append(append(append(b, '{'), t.name(i)...), '}')
		} else {
			b = append(b, t.name(i)...)
		}
	}
	return string(b)
}

// String returns Template.
func (n Node) String() string {
	if n.IsZero() {
		return ""
	}
	return n.Template()
}

// URI returns the address of a node that has a fixed one; it reports false when a name on the way is chosen at run
// time.
func (n Node) URI() (URI, bool) {
	t, i := n.table()
	for ; i != 0; i = t.parent(i) {
		if t.flags(i)&flagDynamic != 0 {
			return URI{}, false
		}
	}
	return URI{n.Template()}, true
}

// Depth returns the number of names from the root; 0 for the root.
func (n Node) Depth() int {
	t, i := n.table()
	depth := 0
	for ; i != 0; i = t.parent(i) {
		depth++
	}
	return depth
}

// Scope returns omadm.UserScope for what is below ./User.
func (n Node) Scope() omadm.Scope {
	t, i := n.table()
	for i != 0 && t.parent(i) != 0 {
		i = t.parent(i)
	}
	if t.name(i) == "User" {
		return omadm.UserScope
	}
	return omadm.DeviceScope
}

// Format returns the format of the value; FormatNode for interior nodes. A node of another format may have children,
// too, and one of FormatNode need not.
func (n Node) Format() omadm.Format { return formats[n.octet(recKind)&0xf] }

// Verbs returns the commands that the node takes.
func (n Node) Verbs() Verbs { return Verbs(n.octet(recVerbs)) }

// Occurrence says how often the node may be there.
func (n Node) Occurrence() Occurrence { return occurrences[n.octet(recKind)>>4] }

// Permanent reports whether the node is always there: a server can neither add nor delete it. It says nothing about
// names.
func (n Node) Permanent() bool { return n.is(flagPermanent) }

// Dynamic reports whether the name of the node is chosen at run time.
func (n Node) Dynamic() bool { return n.is(flagDynamic) }

// Naming says who chooses a name at run time.
func (n Node) Naming() Naming { return namings[n.octet(recMore)&3] }

// Pattern returns the pattern that names chosen at run time match as a whole, in the syntax of package regexp; empty
// when nothing is known of them. One that was not found to agree with the documentation may be wrong.
func (n Node) Pattern() (pattern string, confirmed bool) {
	x := n.extra()
	return x.pattern, x.confirmed
}

// CaseSensitive reports whether the description says that case counts. Few do.
func (n Node) CaseSensitive() bool { return n.is(flagCase) }

// Allowed says which values the node takes.
func (n Node) Allowed() Constraint {
	c := n.list(recAllowed)
	return c.constraint()
}

// Default returns the value that a new node has, as a hint: published ones are often wrong.
func (n Node) Default() (string, bool) {
	t, i := n.table()
	s := t.str(t.u24(record(i) + recDefault))
	if s == "" {
		return "", false
	}
	return s[1:], true
}

// Ingested reports whether n stands for the policies of an application whose template was, or is to be, installed on
// the device. Of such a policy only the place is known, unless a layer defines it.
func (n Node) Ingested() bool { return n.octet(recMore)&(1<<7) != 0 }

// Sensitive reports whether the value is a secret.
func (n Node) Sensitive() bool { return n.is(flagSensitive) }

// AtomicRoot returns the node below which all changes go in one Atomic: n or one above it. It reports false when there
// is none.
func (n Node) AtomicRoot() (Node, bool) {
	t, i := n.table()
	for ; i != 0; i = t.parent(i) {
		if t.flags(i)&flagAtomic != 0 {
			return Node{c: n.c, ref: uint32(i) | n.ref&topBit}, true
		}
	}
	return Node{}, false
}

// Dependencies returns the settings that n needs: one of the groups has to be met as a whole.
func (n Node) Dependencies() []DependencyGroup { return n.extra().dependencies }

// Deprecated reports whether n should not be used any more, and since which build; the zero Build when that is not
// said.
func (n Node) Deprecated() (Build, bool) {
	if !n.is(flagDeprecated) {
		return Build{}, false
	}
	return n.extra().deprecated, true
}

// Removed returns the first edition of the description files that no longer has n; devices of before do.
func (n Node) Removed() (edition string, ok bool) {
	if !n.is(flagRemoved) {
		return "", false
	}
	return n.extra().removed, true
}

// Reboot says whether a change takes effect with a restart only.
func (n Node) Reboot() Reboot { return reboots[n.octet(recMore)>>5&3] }

// Conflict says which of two values wins.
func (n Node) Conflict() Conflict { return conflicts[n.octet(recMore)>>2&7] }

// Origin names the description files that n is from; empty for those of the catalogue's name.
func (n Node) Origin() string { return n.extra().origin }

// Sources returns where corrections of n are from.
func (n Node) Sources() []string { return n.extra().sources }

// CSPVersion returns the version of the configuration service provider that first had n, or the next node above that
// says so.
func (n Node) CSPVersion() (string, bool) {
	v, at := n.inherited(cspVersionFact)
	return v, !at.IsZero()
}

// inherited returns a fact of applicability of n, or of the next node above that gives it, and that node.
func (n Node) inherited(fact byte) (string, Node) {
	t, i := n.table()
	for ; i != 0; i = t.parent(i) {
		if s, ok := t.fact(i, fact); ok {
			return s, Node{c: n.c, ref: uint32(i) | n.ref&topBit}
		}
	}
	return "", Node{}
}

// Definition returns what is known of n itself, without what it takes from those above it.
func (n Node) Definition() Definition {
	t, i := n.table()
	own := func(fact byte) *string {
		if s, ok := t.fact(i, fact); ok {
			return &s
		}
		return nil
	}
	x := t.extra(i)
	d := Definition{
		Template: n.Template(), Format: n.Format(), Verbs: n.Verbs(), Occurrence: n.Occurrence(), Permanent: n.Permanent(),
		Naming: n.Naming(), Pattern: x.pattern, PatternConfirmed: x.confirmed, CaseSensitive: n.CaseSensitive(), Allowed: n.Allowed(),
		Builds: own(buildsFact), CSPVersion: own(cspVersionFact), Editions: own(editionsFact),
		Atomic: n.is(flagAtomic), Dependencies: x.dependencies, Reboot: n.Reboot(), Conflict: n.Conflict(),
		Sensitive: n.Sensitive(), Ingested: n.Ingested(), Removed: x.removed, Origin: x.origin, Sources: x.sources,
	}
	if s, ok := n.Default(); ok {
		d.Default = &s
	}
	if since, ok := n.Deprecated(); ok {
		d.Deprecated = &since
	}
	return d
}
