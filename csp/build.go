package csp

import (
	"encoding/binary"
	"fmt"
	"slices"
)

// Limits of a table.
const (
	maxNodes = 1<<16 - 1
	maxPool  = 1<<24 - 1
)

// New returns a catalogue of the nodes that are defined, in any order. What lies between them and the root need not
// be. The error is a *FactError.
func New(p Provenance, defs []Definition) (*Catalog, error) {
	data, err := encode(p, defs)
	if err != nil {
		return nil, err
	}
	return &Catalog{base: table{&data}}, nil
}

// treeNode is a node of a table that is made.
type treeNode struct {
	name     string // escaped, or the title
	dynamic  bool
	def      *Definition
	parent   int
	first    int
	children []*treeNode
}

// encode returns the table of the definitions.
func encode(p Provenance, defs []Definition) (string, error) {
	root := &treeNode{}
	byPath := make(map[string]*treeNode)
	count := 1
	for i := range defs {
		if err := defs[i].check(); err != nil {
			return "", err
		}
		n, added, err := grow(root, byPath, &defs[i])
		if err != nil {
			return "", err
		}
		if n.def != nil {
			return "", &FactError{Template: defs[i].Template, Reason: "is defined twice"}
		}
		n.def = &defs[i]
		if count += added; count > maxNodes {
			return "", &FactError{Reason: fmt.Sprintf("more than %d nodes", maxNodes)}
		}
	}
	return write(p, order(root, count))
}

// grow returns the node of a definition, which it makes where there is none, with those above it.
func grow(root *treeNode, byPath map[string]*treeNode, d *Definition) (n *treeNode, added int, err error) {
	segments, err := templateSegments(d.Template)
	if err != nil {
		return nil, 0, err
	}
	n = root
	key, end := pathKey(segments), -1
	for _, s := range segments {
		title, dynamic := placeholder(s)
		if !dynamic {
			title = s
		}
		end = endOfName(key, end+1)
		path := key[:end]
		child := byPath[path]
		switch {
		case child == nil:
			child = &treeNode{name: title, dynamic: dynamic}
			byPath[path] = child
			n.children = append(n.children, child)
			added++
		case child.name != title && dynamic:
			return nil, 0, &FactError{Template: d.Template, Reason: "stands beside {" + child.name + "}, and both are named at run time"}
		}
		n = child
	}
	return n, added, nil
}

// order returns the nodes as they stand in the table.
func order(root *treeNode, count int) []*treeNode {
	all := append(make([]*treeNode, 0, count), root)
	for i := 0; i < len(all); i++ {
		n := all[i]
		slices.SortFunc(n.children, func(a, b *treeNode) int {
			switch {
			case a.dynamic == b.dynamic:
				return compareASCII(a.name, b.name)
			case a.dynamic:
				return 1
			}
			return -1
		})
		n.first = len(all)
		for _, c := range n.children {
			c.parent = i
		}
		all = append(all, n.children...)
	}
	return all
}

func write(p Provenance, nodes []*treeNode) (string, error) {
	w := newTableWriter()
	records := make([]byte, 0, len(nodes)*recordSize)
	for _, n := range nodes {
		records = w.record(records, n)
	}
	place := w.provenance(p)
	if len(w.pool) > maxPool {
		return "", &FactError{Reason: fmt.Sprintf("more than %d octets of facts", maxPool)}
	}
	b := append([]byte(magic), tableVersion, 0)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(nodes)))
	b = binary.LittleEndian.AppendUint32(b, uint32(headerSize+len(records)))
	b = append(appendU24(b, place), 0)
	b = append(b, records...)
	return string(append(b, w.pool...)), nil
}

// check returns an error for what a table cannot hold.
func (d *Definition) check() error {
	bad := func(what, value string) error {
		return &FactError{Template: d.Template, Reason: "unknown " + what + " " + quote(value)}
	}
	switch {
	case index(formats[:], d.Format) < 0:
		return bad("format", string(d.Format))
	case d.Occurrence != "" && index(occurrences[:], d.Occurrence) < 0:
		return bad("occurrence", string(d.Occurrence))
	case index(namings[:], d.Naming) < 0:
		return bad("naming", string(d.Naming))
	case index(reboots[:], d.Reboot) < 0:
		return bad("reboot", string(d.Reboot))
	case index(conflicts[:], d.Conflict) < 0:
		return bad("conflict", string(d.Conflict))
	}
	constraints := []*Constraint{&d.Allowed}
	for i := range d.Dependencies {
		g := &d.Dependencies[i]
		if g.Changed != nil {
			constraints = append(constraints, g.Changed)
		}
		for j := range g.Nodes {
			constraints = append(constraints, &g.Nodes[j].Allowed)
		}
	}
	for _, c := range constraints {
		if index(kinds[:], c.Kind) < 0 {
			return bad("constraint", string(c.Kind))
		}
		for i := range c.Elements {
			if e := &c.Elements[i]; !e.known() {
				return bad("kind of element", e.Kind.String())
			}
		}
	}
	return nil
}

// AppendBinary appends c, layers and all, in the form that Load reads.
func (c *Catalog) AppendBinary(b []byte) ([]byte, error) {
	if c.top.data == nil {
		return append(b, *c.base.data...), nil
	}
	var defs []Definition
	for n := range c.All() {
		defs = append(defs, n.Definition())
	}
	titles(defs)
	data, err := encode(c.Provenance(), defs)
	return append(b, data...), err
}

// Load returns the catalogue that AppendBinary wrote, perhaps into a file that a program embeds. It looks at all of it
// once, and then reads it in place. The error is a *FactError.
func Load(data string) (c *Catalog, err error) {
	c = &Catalog{base: table{&data}}
	defer func() {
		if recover() != nil { // a place outside the table
			c, err = nil, &FactError{Reason: "not a catalogue, or a damaged one"}
		}
	}()
	if data[:len(magic)] != magic || data[len(magic)] != tableVersion {
		return nil, &FactError{Reason: "not a catalogue of this version"}
	}
	if !c.base.sound() {
		return nil, &FactError{Reason: "not a catalogue, or a damaged one"}
	}
	c.Provenance()
	for i := range c.base.nodes() {
		d := Node{c: c, ref: uint32(i)}.Definition()
		if err := d.check(); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// sound reports whether the records make a tree with siblings in order.
func (t table) sound() bool {
	next := 1
	for i := range t.nodes() {
		first, count := t.children(i)
		if first != next || first+count > t.nodes() {
			return false
		}
		for j := first; j < first+count; j++ {
			if t.parent(j) != i || j > first && compareNodes(t, j-1, t, j) >= 0 {
				return false
			}
		}
		next += count
	}
	return next == t.nodes() && t.parent(0) == 0 && t.name(0) == "" && t.flags(0)&flagDynamic == 0 && t.octet(t.u32(atPool)) == 0
}
