package csp

import (
	"encoding/binary"

	"github.com/gomadm/gomadm/omadm"
)

// A table is a tree of nodes in one string that is read in place: nothing is decoded before it is asked for, and all
// that is returned is part of the string.
//
//	header   magic "gcsp", version, 0, number of nodes (2 octets), start of the pool (4), provenance (3), 0
//	nodes    one record each, the root first, siblings side by side: by name without regard to case, and last the one
//	         that is named at run time
//	pool     strings and lists, each one once, with its length before it; what refers to one has its place in 3
//	         octets. Place 0 is nothing.
//
// Numbers are little-endian. Lists are made of single octets, of lengths as in encoding/binary, and of places of strings.
type table struct{ data *string }

const (
	magic        = "gcsp"
	tableVersion = 1
	headerSize   = 16
	recordSize   = 25

	atNodes      = 6
	atPool       = 8
	atProvenance = 12
)

// The fields of a record.
const (
	recName          = 0  // 3: escaped name, or the title of one that is chosen at run time
	recParent        = 3  // 2
	recFirst         = 5  // 2: first child
	recCount         = 7  // 2: of children
	recKind          = 9  // 1: format, and occurrence from bit 4 on
	recVerbs         = 10 // 1
	recFlags         = 11 // 1
	recMore          = 12 // 1: naming (2 bits), conflict (3), reboot (2), ingested (1)
	recAllowed       = 13 // 3
	recDefault       = 16 // 3
	recApplicability = 19 // 3
	recExtra         = 22 // 3
)

// The flags of a record.
const (
	flagDescribed = 1 << iota // there is a definition, not only something below
	flagPermanent
	flagDynamic
	flagAtomic
	flagSensitive
	flagCase
	flagDeprecated
	flagRemoved
)

// The facts of a list of applicability, as bits of its first octet, in the order in which they follow.
const (
	buildsFact = 1 << iota
	cspVersionFact
	editionsFact
)

// What the parts of the list recExtra begin with; 0 ends it.
const (
	extraPattern = iota + 1
	extraDeprecated
	extraRemoved
	extraOrigin
	extraSources
	extraDependencies
	extraConfirmed
)

func (t table) octet(i int) byte { return (*t.data)[i] }

func (t table) u16(i int) int {
	d := (*t.data)[i : i+2]
	return int(d[0]) | int(d[1])<<8
}

func (t table) u24(i int) int {
	d := (*t.data)[i : i+3]
	return int(d[0]) | int(d[1])<<8 | int(d[2])<<16
}

func (t table) u32(i int) int { return t.u24(i) | int(t.octet(i+3))<<24 }

// nodes returns the number of nodes.
func (t table) nodes() int { return t.u16(atNodes) }

func record(i int) int { return headerSize + i*recordSize }

func (t table) name(i int) string { return t.str(t.u24(record(i) + recName)) }

func (t table) flags(i int) byte { return t.octet(record(i) + recFlags) }

func (t table) parent(i int) int { return t.u16(record(i) + recParent) }

// children returns the first child and the number of children.
func (t table) children(i int) (first, count int) {
	r := record(i)
	return t.u16(r + recFirst), t.u16(r + recCount)
}

// static returns the child of that escaped name, or -1.
func (t table) static(i int, name string) int {
	first, count := t.children(i)
	if count > 0 && t.flags(first+count-1)&flagDynamic != 0 {
		count--
	}
	data := *t.data
	pool := data[t.u32(atPool):]
	siblings := data[record(first):record(first+count)]
	lo, hi := 0, count
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		r := siblings[mid*recordSize:][:3]
		sibling := pool[int(r[0])|int(r[1])<<8|int(r[2])<<16:]
		switch c := compareASCII(counted(sibling), name); {
		case c == 0:
			return first + mid
		case c < 0:
			lo = mid + 1
		default:
			hi = mid
		}
	}
	return -1
}

// dynamic returns the child that is named at run time, or -1.
func (t table) dynamic(i int) int {
	first, count := t.children(i)
	if last := first + count - 1; count > 0 && t.flags(last)&flagDynamic != 0 {
		return last
	}
	return -1
}

// str returns the string at a place of the pool.
func (t table) str(place int) string {
	if place == 0 {
		return ""
	}
	return counted((*t.data)[t.u32(atPool)+place:])
}

// counted returns the string that d begins with, after its length.
func counted(d string) string {
	n, width := int(d[0]), 1
	if n >= 0x80 {
		n, width = length(d)
	}
	return d[width:][:n]
}

// length returns the number that d begins with, and its width.
func length(d string) (n, width int) {
	for shift := 0; ; shift += 7 {
		c := d[width]
		n |= int(c&0x7f) << shift
		width++
		if c < 0x80 {
			return n, width
		}
	}
}

// list returns a reader of the list that a field of node i refers to.
func (t table) list(i, field int) cursor {
	return cursor{t: t, rest: t.str(t.u24(record(i) + field))}
}

// cursor reads a list.
type cursor struct {
	t    table
	rest string
}

func (c *cursor) octet() byte {
	if c.rest == "" {
		return 0
	}
	b := c.rest[0]
	c.rest = c.rest[1:]
	return b
}

func (c *cursor) length() int {
	n, width := length(c.rest)
	c.rest = c.rest[width:]
	return n
}

// count returns the number of things that follow, each of an octet at least. A damaged list panics here before it costs
// memory, see Load.
func (c *cursor) count() int { return c.countOf(1) }

// countOf is count for things of so many octets at least.
func (c *cursor) countOf(least int) int {
	n := c.length()
	_ = c.rest[:n*least]
	return n
}

func (c *cursor) str() string {
	place := int(c.rest[0]) | int(c.rest[1])<<8 | int(c.rest[2])<<16
	c.rest = c.rest[3:]
	return c.t.str(place)
}

func (c *cursor) strs() []string {
	n := c.count()
	if n == 0 {
		return nil
	}
	all := make([]string, n)
	for i := range all {
		all[i] = c.str()
	}
	return all
}

// The flags of a constraint.
const (
	hasADMX = 1 << iota
	isConfirmed
	hasElements
)

func (c *cursor) constraint() Constraint {
	if c.rest == "" {
		return Constraint{}
	}
	out := Constraint{Kind: kinds[c.octet()]}
	flags := c.octet()
	out.Confirmed = flags&isConfirmed != 0
	out.Values = c.strs()
	out.List = c.str()
	if flags&hasADMX != 0 {
		out.ADMX = &ADMXReference{c.str(), c.str(), c.str()}
	}
	if flags&hasElements != 0 {
		out.Elements = c.elements()
	}
	return out
}

func (c *cursor) build() Build {
	return Build{c.length(), c.length(), c.length(), c.length()}
}

func (c *cursor) dependencies() []DependencyGroup {
	groups := make([]DependencyGroup, c.count())
	for i := range groups {
		g := &groups[i]
		if c.octet() != 0 {
			changed := c.constraint()
			g.Changed = &changed
		}
		g.Nodes = make([]Dependency, c.count())
		for j := range g.Nodes {
			g.Nodes[j] = Dependency{Not: c.octet() != 0, Template: c.str(), Allowed: c.constraint()}
		}
	}
	return groups
}

// extra is what few nodes have.
type extra struct {
	pattern      string
	confirmed    bool
	deprecated   Build
	removed      string
	origin       string
	sources      []string
	dependencies []DependencyGroup
}

func (t table) extra(i int) extra {
	var x extra
	for c := t.list(i, recExtra); ; {
		switch c.octet() {
		case 0:
			return x
		case extraPattern:
			x.pattern = c.str()
		case extraConfirmed:
			x.confirmed = true
		case extraDeprecated:
			x.deprecated = c.build()
		case extraRemoved:
			x.removed = c.str()
		case extraOrigin:
			x.origin = c.str()
		case extraSources:
			x.sources = c.strs()
		case extraDependencies:
			x.dependencies = c.dependencies()
		}
	}
}

// fact returns a fact of the list of applicability.
func (t table) fact(i int, fact byte) (s string, ok bool) {
	c := t.list(i, recApplicability)
	have := c.octet()
	if have&fact == 0 {
		return "", false
	}
	for bit := byte(1); bit < fact; bit <<= 1 {
		if have&bit != 0 {
			c.str()
		}
	}
	return c.str(), true
}

// tableWriter makes the pool.
type tableWriter struct {
	pool   []byte
	places map[string]int
}

func newTableWriter() *tableWriter {
	return &tableWriter{pool: []byte{0}, places: map[string]int{"": 0}}
}

// place returns the place of s, which it adds where it is new.
func (w *tableWriter) place(s string) int {
	p, ok := w.places[s]
	if !ok {
		p = len(w.pool)
		w.places[s] = p
		w.pool = binary.AppendUvarint(w.pool, uint64(len(s)))
		w.pool = append(w.pool, s...)
	}
	return p
}

func appendU24(b []byte, n int) []byte { return append(b, byte(n), byte(n>>8), byte(n>>16)) }

func (w *tableWriter) appendStr(b []byte, s string) []byte { return appendU24(b, w.place(s)) }

func (w *tableWriter) appendStrs(b []byte, all []string) []byte {
	b = binary.AppendUvarint(b, uint64(len(all)))
	for _, s := range all {
		b = w.appendStr(b, s)
	}
	return b
}

func (w *tableWriter) appendConstraint(b []byte, c *Constraint) []byte {
	var flags byte
	if c.ADMX != nil {
		flags |= hasADMX
	}
	if c.Confirmed {
		flags |= isConfirmed
	}
	if c.Elements != nil {
		flags |= hasElements
	}
	b = append(b, byte(index(kinds[:], c.Kind)), flags)
	b = w.appendStrs(b, c.Values)
	b = w.appendStr(b, c.List)
	if c.ADMX != nil {
		for _, s := range [...]string{c.ADMX.Area, c.ADMX.Name, c.ADMX.File} {
			b = w.appendStr(b, s)
		}
	}
	if c.Elements != nil {
		b = w.appendElements(b, c.Elements)
	}
	return b
}

func (w *tableWriter) appendDependencies(b []byte, groups []DependencyGroup) []byte {
	b = binary.AppendUvarint(b, uint64(len(groups)))
	for _, g := range groups {
		if g.Changed != nil {
			b = w.appendConstraint(append(b, 1), g.Changed)
		} else {
			b = append(b, 0)
		}
		b = binary.AppendUvarint(b, uint64(len(g.Nodes)))
		for _, d := range g.Nodes {
			b = append(b, boolBit(d.Not, 1))
			b = w.appendStr(b, d.Template)
			b = w.appendConstraint(b, &d.Allowed)
		}
	}
	return b
}

// applicability returns the place of the list of applicability.
func (w *tableWriter) applicability(d *Definition) int {
	b := []byte{0}
	for bit, s := range [...]*string{d.Builds, d.CSPVersion, d.Editions} {
		if s != nil {
			b[0] |= 1 << bit
			b = w.appendStr(b, *s)
		}
	}
	if b[0] == 0 {
		return 0
	}
	return w.place(string(b))
}

// extra returns the place of the list of what few nodes have.
func (w *tableWriter) extra(d *Definition) int {
	var b []byte
	if d.Pattern != "" {
		b = w.appendStr(append(b, extraPattern), d.Pattern)
	}
	if d.PatternConfirmed {
		b = append(b, extraConfirmed)
	}
	if d.Deprecated != nil && !d.Deprecated.IsZero() {
		b = append(b, extraDeprecated)
		for _, n := range [...]int{d.Deprecated.Major, d.Deprecated.Minor, d.Deprecated.Number, d.Deprecated.Revision} {
			b = binary.AppendUvarint(b, uint64(n))
		}
	}
	if d.Removed != "" {
		b = w.appendStr(append(b, extraRemoved), d.Removed)
	}
	if d.Origin != "" {
		b = w.appendStr(append(b, extraOrigin), d.Origin)
	}
	if len(d.Sources) > 0 {
		b = w.appendStrs(append(b, extraSources), d.Sources)
	}
	if len(d.Dependencies) > 0 {
		b = w.appendDependencies(append(b, extraDependencies), d.Dependencies)
	}
	return w.place(string(b))
}

// record appends the record of a node; name, parent and children are those of the tree.
func (w *tableWriter) record(b []byte, n *treeNode) []byte {
	start := len(b)
	b = append(b, make([]byte, recordSize)...)
	r := b[start:]
	put24 := func(at, v int) { copy(r[at:], appendU24(nil, v)) }
	put24(recName, w.place(n.name))
	binary.LittleEndian.PutUint16(r[recParent:], uint16(n.parent))
	binary.LittleEndian.PutUint16(r[recFirst:], uint16(n.first))
	binary.LittleEndian.PutUint16(r[recCount:], uint16(len(n.children)))
	r[recFlags] = boolBit(n.dynamic, flagDynamic)
	d := n.def
	if d == nil {
		r[recKind] = byte(index(formats[:], omadm.FormatNode))
		r[recVerbs] = byte(NewVerbs(omadm.Get))
		r[recFlags] |= flagPermanent
		return b
	}
	r[recKind] = byte(index(formats[:], d.Format) | max(index(occurrences[:], d.Occurrence), 0)<<4)
	r[recVerbs] = byte(d.Verbs)
	r[recFlags] |= flagDescribed | boolBit(d.Permanent, flagPermanent) | boolBit(d.Atomic, flagAtomic) |
		boolBit(d.Sensitive, flagSensitive) | boolBit(d.CaseSensitive, flagCase) |
		boolBit(d.Deprecated != nil, flagDeprecated) | boolBit(d.Removed != "", flagRemoved)
	r[recMore] = byte(index(namings[:], d.Naming)|index(conflicts[:], d.Conflict)<<2|index(reboots[:], d.Reboot)<<5) |
		boolBit(d.Ingested, 1<<7)
	if !d.Allowed.isZero() {
		put24(recAllowed, w.place(string(w.appendConstraint(nil, &d.Allowed))))
	}
	if d.Default != nil {
		put24(recDefault, w.place("="+*d.Default)) // an empty one is not none
	}
	put24(recApplicability, w.applicability(d))
	put24(recExtra, w.extra(d))
	return b
}

func boolBit(b bool, bit byte) byte {
	if b {
		return bit
	}
	return 0
}

// index returns the place of v in all, or -1.
func index[T comparable](all []T, v T) int {
	for i := range all {
		if all[i] == v {
			return i
		}
	}
	return -1
}
