package omadm

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/gomadm/gomadm/syncml"
)

// Listed is a node that a device listed, with what it listed below it.
type Listed struct {
	URI   URI   // canonical
	Value Value // of an interior node without data; of a leaf without data unless the list is StructData
	// Nodes are the children, ordered by address. A node whose parent the device left out, because the server has no
	// right to read that, is a child of the nearest ancestor that is there.
	Nodes []*Listed
}

// Interior reports whether n is no leaf.
func (n *Listed) Interior() bool { return n.Value.Format == FormatNode || len(n.Nodes) > 0 }

// All returns n and all below it, parents before their children.
func (n *Listed) All() iter.Seq[*Listed] {
	return func(yield func(*Listed) bool) { n.walk(yield) }
}

func (n *Listed) walk(yield func(*Listed) bool) bool {
	if !yield(n) {
		return false
	}
	for _, child := range n.Nodes {
		if !child.walk(yield) {
			return false
		}
	}
	return true
}

// Find returns the node with the address u, n itself or one below it; nil if there is none.
func (n *Listed) Find(u URI) *Listed {
	u = u.Path().Canonical()
	for n != nil && n.URI != u {
		i, ok := slices.BinarySearchFunc(n.Nodes, u, func(child *Listed, u URI) int { return byAddress(child.URI, u) })
		if !ok {
			if i--; i < 0 || !n.Nodes[i].URI.above(u) {
				return nil
			}
		}
		n = n.Nodes[i]
	}
	return n
}

// ListError says why there is no list.
type ListError struct {
	URI    URI    // that was asked for
	Status Status // that the device reported instead; 0: none
	Reason string
}

func (e *ListError) Error() string {
	return fmt.Sprintf("omadm: list of %s: %s", e.URI.quote(), e.Reason)
}

// Unsupported reports whether the device has no lists, so that plain Gets have to do: see Op.PlainGet.
func (e *ListError) Unsupported() bool {
	return e.Status == StatusFeatureNotSupported || e.Status == StatusNotImplemented
}

// PlainGet returns the operation that asks for a node without the list or property that op asks for: what is left with a
// device that has no lists (OMA DM Tree and Description 1.2.1, section 8.1). It gets the value of a leaf. Of an interior
// node it gets the names of the children (Value.Names), each of which makes the next Get.
func (op Op) PlainGet() Op { return Op{Verb: Get, URI: op.URI.Path()} }

// ReadList makes a tree from what a device reported about a Get of "?list=Struct" or "?list=StructData" (OMA DM Tree and
// Description 1.2.1, section 8.2). The nodes may come in any order, in one result or in many; what was sent twice counts
// as it came last. Asked is the address of the Get, and the tree begins with its node even if the device did not list
// that. The error is a *ListError. Package tnds reads the list TNDS.
func ReadList(asked URI, results ...Result) (*Listed, error) {
	refuse := func(status Status, reason string) (*Listed, error) {
		return nil, &ListError{URI: asked, Status: status, Reason: reason}
	}
	if list := asked.List(); list != ListStruct && list != ListStructData {
		return refuse(0, "is not asked for")
	}
	top := asked.Path().Canonical()
	nodes := []*Listed{{URI: top, Value: Node()}}
	var last Status
	for i := range results {
		if results[i].Status != 0 { // items of a status are not about nodes
			last = results[i].Status
			continue
		}
		for j := range results[i].Items {
			n, err := listed(asked, &results[i].Items[j])
			if err != nil {
				return refuse(0, strings.TrimPrefix(err.Error(), "omadm: "))
			}
			if !top.above(n.URI) {
				return refuse(0, "the device reports a node elsewhere")
			}
			nodes = append(nodes, n)
		}
	}
	switch {
	case last == 0 && len(nodes) == 1:
		return refuse(0, "the device has not reported")
	case last != 0 && !last.Success():
		return refuse(last, "the device answered "+last.String())
	}
	return tree(nodes), nil
}

// listed returns the node of an item.
func listed(asked URI, it *syncml.Item) (*Listed, error) {
	u, err := ResultURI(it, asked)
	if err != nil {
		return nil, err
	}
	return &Listed{URI: u.Path().Canonical(), Value: ItemValue(it)}, nil
}

// ResultURI returns the address that an item of Results is about: its Source, or the address that was asked for if the
// device left that out. The error is a *URIError.
func ResultURI(it *syncml.Item, asked URI) (URI, error) {
	if it.Source.URI == "" {
		return asked, nil
	}
	return ParseURI(it.Source.URI)
}

// tree hangs nodes, of which the first is above all others, below each other.
func tree(nodes []*Listed) *Listed {
	slices.SortStableFunc(nodes, func(a, b *Listed) int { return byAddress(a.URI, b.URI) })
	open := nodes[:0:0] // from the first to the one before
	for _, n := range nodes {
		for len(open) > 0 && !open[len(open)-1].URI.above(n.URI) {
			open = open[:len(open)-1]
		}
		if len(open) > 0 {
			parent := open[len(open)-1]
			if parent.URI == n.URI {
				parent.Value = n.Value
				continue
			}
			parent.Nodes = append(parent.Nodes, n)
		}
		open = append(open, n)
	}
	return open[0]
}

// above reports whether v is the node of u or below it; both are canonical and without query.
func (u URI) above(v URI) bool {
	return u == Root || strings.HasPrefix(string(v), string(u)) && (len(u) == len(v) || v[len(u)] == '/')
}

// byAddress orders canonical addresses so that a node comes right before what is below it.
func byAddress(a, b URI) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return cmp.Compare(rankOf(a[i]), rankOf(b[i]))
		}
	}
	return cmp.Compare(len(a), len(b))
}

// rankOf orders the delimiter before all else.
func rankOf(c byte) int {
	if c == '/' {
		return -1
	}
	return int(c)
}

// Names reads the value of an interior node as a plain Get returns it: the names of the children, in no particular order
// (OMA DM Tree and Description 1.2.1, section 6.2.2). They are unescaped, as Windows escapes them; a name with a broken
// escape is returned as it is. URI.Join makes addresses of them. A node without children has none. The error is a
// *ValueError.
func (v Value) Names() ([]string, error) {
	if v.DataFormat() == FormatNode && v.Data.Kind == syncml.NoData {
		return nil, nil
	}
	s, err := v.text("names", FormatNode)
	if err != nil {
		return nil, err
	}
	var names []string
	for segment := range strings.SplitSeq(s, "/") {
		if segment == "" {
			continue
		}
		name, err := UnescapeSegment(segment)
		if err != nil {
			name = segment
		}
		names = append(names, name)
	}
	return names, nil
}
