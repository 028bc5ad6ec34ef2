package csp

import (
	_ "embed"
	"encoding/binary"
	"iter"
	"strings"
)

//go:generate go run ./cspgen

//go:embed catalog.bin
var embedded string

var builtin = Catalog{base: table{&embedded}}

// Default returns the catalogue of Windows that is part of this package. It costs nothing.
func Default() *Catalog { return &builtin }

// Catalog is a set of nodes with what is known of them. It does not change and is safe for concurrent use.
// Default, New, Load and With return one; the zero Catalog is none.
type Catalog struct {
	base table
	// top are the nodes of layers, with those above them; it hides what base has of the same address.
	top    table
	layers []Layer
}

// Provenance says what a catalogue was made of.
type Provenance struct {
	Name    string   // such as "DDF v2, February 2026"
	Sources []Source // in the order of their weight
}

// Source is a collection of description files.
type Source struct {
	Name   string
	SHA256 string // of the file, in hexadecimal; empty when it is none
	Files  int    // description files that were read
	Nodes  int    // that are in the catalogue because of it
}

// Provenance says what c without its layers was made of.
func (c *Catalog) Provenance() Provenance { return c.base.madeOf() }

// madeOf returns the provenance of a table.
func (t table) madeOf() Provenance {
	cur := cursor{t: t, rest: t.str(t.u24(atProvenance))}
	if cur.rest == "" {
		return Provenance{}
	}
	p := Provenance{Name: cur.str(), Sources: make([]Source, cur.count())}
	for i := range p.Sources {
		p.Sources[i] = Source{Name: cur.str(), SHA256: cur.str(), Files: cur.length(), Nodes: cur.length()}
	}
	return p
}

func (w *tableWriter) provenance(p Provenance) int {
	b := w.appendStr(nil, p.Name)
	b = binary.AppendUvarint(b, uint64(len(p.Sources)))
	for _, s := range p.Sources {
		b = w.appendStr(w.appendStr(b, s.Name), s.SHA256)
		b = binary.AppendUvarint(b, uint64(s.Files))
		b = binary.AppendUvarint(b, uint64(s.Nodes))
	}
	return w.place(string(b))
}

// All returns the nodes that are described, those of one depth before those below them. What layers add comes last,
// and what they change is as they have it.
func (c *Catalog) All() iter.Seq[Node] {
	return func(yield func(Node) bool) {
		for i := range c.base.nodes() {
			if c.base.flags(i)&flagDescribed == 0 {
				continue
			}
			n := Node{c: c, ref: uint32(i)}
			if c.top.data != nil {
				if found := c.node(c.locate(n)); found != n {
					continue // a layer has it
				}
			}
			if !yield(n) {
				return
			}
		}
		if c.top.data == nil {
			return
		}
		for i := range c.top.nodes() {
			if c.top.flags(i)&flagDescribed != 0 && !yield(Node{c: c, ref: uint32(i) | topBit}) {
				return
			}
		}
	}
}

// Children returns the nodes below the one at u, by name and last the one that is named at run time; nothing when c
// does not have u. The children of "." are the tops of the tree.
func (c *Catalog) Children(u URI) iter.Seq[Node] {
	return func(yield func(Node) bool) {
		p, _, missing := c.walk(u.segments())
		if u.IsZero() || missing != "" {
			return
		}
		c.children(p, yield)
	}
}

// place is a node in both tables of a catalogue; -1 where one does not have it.
type place struct{ base, top int }

func (p place) none() bool { return p.base < 0 && p.top < 0 }

// children merges the children of both tables.
func (c *Catalog) children(p place, yield func(Node) bool) {
	var base, top []int
	list := func(t table, i int) []int {
		if i < 0 {
			return nil
		}
		first, count := t.children(i)
		all := make([]int, count)
		for j := range all {
			all[j] = first + j
		}
		return all
	}
	base, top = list(c.base, p.base), list(c.top, p.top)
	for len(base)+len(top) > 0 {
		next := place{-1, -1}
		order := 0
		switch {
		case len(base) == 0:
			order = 1
		case len(top) == 0:
			order = -1
		default:
			order = compareNodes(c.base, base[0], c.top, top[0])
		}
		if order <= 0 {
			next.base, base = base[0], base[1:]
		}
		if order >= 0 {
			next.top, top = top[0], top[1:]
		}
		if !yield(c.node(next)) {
			return
		}
	}
}

// compareNodes orders siblings of two tables.
func compareNodes(s table, i int, t table, j int) int {
	a, b := s.flags(i)&flagDynamic, t.flags(j)&flagDynamic
	switch {
	case a != b:
		return int(a) - int(b)
	case a != 0:
		return 0
	}
	return compareASCII(s.name(i), t.name(j))
}

// step returns the child of that escaped name. A name that a node has by itself comes before one that is chosen at run
// time, whichever table has it.
func (c *Catalog) step(p place, name string) place {
	next := place{-1, -1}
	if p.base >= 0 {
		next.base = c.base.static(p.base, name)
	}
	if p.top >= 0 {
		next.top = c.top.static(p.top, name)
	}
	if next.none() {
		return c.stepDynamic(p)
	}
	return next
}

func (c *Catalog) stepDynamic(p place) place {
	next := place{-1, -1}
	if p.base >= 0 {
		next.base = c.base.dynamic(p.base)
	}
	if p.top >= 0 {
		next.top = c.top.dynamic(p.top)
	}
	return next
}

func (c *Catalog) root() place {
	if c.top.data == nil {
		return place{0, -1}
	}
	return place{}
}

// walk follows escaped names from the root, as far as they lead. It returns the last place, how many names led there,
// and what is left of the names.
func (c *Catalog) walk(segments string) (p place, depth int, missing string) {
	return c.walkFrom(c.root(), segments)
}

func (c *Catalog) walkFrom(p place, segments string) (_ place, depth int, missing string) {
	for segments != "" {
		name, rest := segments, ""
		if i := strings.IndexByte(segments, '/'); i >= 0 {
			name, rest = segments[:i], segments[i+1:]
		}
		next := c.step(p, name)
		if next.none() {
			return p, depth, segments
		}
		p, segments = next, rest
		depth++
	}
	return p, depth, ""
}

// node returns the node at p: that of the layers, unless only the base describes it.
func (c *Catalog) node(p place) Node {
	if p.top >= 0 && (p.base < 0 || c.top.flags(p.top)&flagDescribed != 0) {
		return Node{c: c, ref: uint32(p.top) | topBit}
	}
	return Node{c: c, ref: uint32(p.base)}
}

// locate returns where n is in both tables.
func (c *Catalog) locate(n Node) place {
	t, i := n.table()
	if c.top.data == nil {
		return place{i, -1}
	}
	if i == 0 {
		return c.root()
	}
	p := c.locate(n.parent())
	if t.flags(i)&flagDynamic != 0 {
		return c.stepDynamic(p)
	}
	return c.step(p, t.name(i))
}
