package simdevice

import (
	"net/url"
	"slices"
	"strings"

	"github.com/gomadm/gomadm/omadm"
)

// Describe makes t ask f what a node is like before a command makes it: its format, its access, what it does when it is
// executed, and which children it has from the beginning, which are asked for in turn. False says that there can be no
// such node: the status is 404. A node that does not allow the command is not made; whether the one above allows Add does
// not count. The value of a leaf is that of the command, which has to be in the format described; xml may be chr. uri is
// absolute and escaped, without Device. f is called while t is locked and must not call it.
//
// Without f, what is made below a node is as that says (Node.Below).
func (t *Tree) Describe(f func(uri string) (n Node, children []string, ok bool)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.describe = f
}

// making is a node that is about to be made, with the names of the children that come with it.
type making struct {
	name string
	Node
	children []string
}

// makings returns the nodes that are missing at p, the last of them n. A status says that they cannot be made.
func (t *Tree) makings(p *spot, n Node, verb Access) ([]making, omadm.Status) {
	above := p.deepest()
	below := above.Below
	if below == 0 {
		below = all
	}
	list := make([]making, len(p.missing))
	for i, name := range p.missing {
		m := &list[i]
		if m.name, m.Node = name, (Node{Format: "node"}); i == len(list)-1 {
			m.Node = n
		}
		m.Access, m.Below, m.Upsert = below, above.Below, above.Upsert
		if t.describe == nil {
			continue
		}
		d, children, ok := t.describe(pathURI(p.path, p.missing[:i+1]...))
		switch {
		case !ok, d.Interior() != m.Interior():
			return nil, omadm.StatusNotFound
		case !sameFormat(textual(d.Format), textual(m.Format)):
			return nil, omadm.StatusUnsupportedFormat
		case i == len(list)-1 && d.Access&verb == 0:
			return nil, omadm.StatusCommandNotAllowed
		}
		d.Value, d.Type = m.Value, m.Type
		m.Node, m.children = d, children
	}
	return list, 0
}

// textual returns the format that counts for a document.
func textual(format string) string {
	if format == "xml" {
		return "chr"
	}
	return format
}

// furnish makes the children with which e comes, but for the one that is made next.
func (t *Tree) furnish(e *entry, path, children []string, next string) {
	for _, name := range children {
		n, below, ok := t.describe(pathURI(path, name))
		if !ok || name == next {
			continue
		}
		c := &entry{Node: n}
		t.touch(c)
		e.attach(name, c)
		t.furnish(c, append(slices.Clip(path), name), below, "")
	}
}

// pathURI returns the address of the node below a path.
func pathURI(path []string, names ...string) string {
	var b strings.Builder
	b.WriteString(".")
	for _, name := range slices.Concat(path, names) {
		b.WriteString("/" + url.PathEscape(name))
	}
	return b.String()
}
