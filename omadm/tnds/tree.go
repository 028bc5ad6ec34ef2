package tnds

import (
	"iter"

	"github.com/gomadm/gomadm/omadm"
)

// Tree is a part of the tree of a device, below the target of the command that carries it.
type Tree struct {
	Man string // manufacturer of the device that the tree was taken from; may be empty
	Mod string // its model; may be empty

	// Nodes are the children of the target; or one node without a name, which is the target itself.
	Nodes []*Node
}

// Node is a node with all below it.
type Node struct {
	Name string // not escaped; empty only in a node that is the target

	// Value is format, media type and, of a leaf, the data; without Data the document does not say the value.
	// An interior node has format node and no Data. Parse fills in what a document leaves out: node for a node
	// with children, else chr and text/plain.
	Value omadm.Value

	// DDFName names the description of an interior node, such as "org.example/1.0/Mail", where a leaf has
	// a media type: both are the property Type (section 6.2.1).
	DDFName string

	Properties Properties
	Nodes      []*Node // children
}

// Properties are those of a node that Node has no field for, as the device wrote them. Empty ones were left out.
// Servers set only ACL and Title.
type Properties struct {
	ACL    omadm.ACL
	Name   string // the name once more
	Size   string // of the value in octets
	Title  string
	TStamp string // time of the last change
	VerNo  string // number of changes
}

// Interior reports whether n has children or may have: it is no leaf.
func (n *Node) Interior() bool {
	return len(n.Nodes) > 0 || n.Value.DataFormat() == omadm.FormatNode
}

// All returns the nodes with their addresses below target, parents before their children.
func (t *Tree) All(target omadm.URI) iter.Seq2[omadm.URI, *Node] {
	return func(yield func(omadm.URI, *Node) bool) { walk(target.Path(), t.Nodes, yield) }
}

func walk(parent omadm.URI, nodes []*Node, yield func(omadm.URI, *Node) bool) bool {
	for _, n := range nodes {
		u := parent
		if n.Name != "" {
			u = parent.Join(n.Name)
		}
		if !yield(u, n) || !walk(u, n.Nodes, yield) {
			return false
		}
	}
	return true
}
