package tnds

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/beevik/etree"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/omadm/xmltree"
	"github.com/gomadm/gomadm/syncml"
)

// NodeError says which node cannot be written. Err is an *omadm.ValueError, *omadm.URIError or *omadm.ACLError where it
// is about one of these.
type NodeError struct {
	Node string // path from the target, names escaped; empty for the target and the document
	Err  error
}

func (e *NodeError) Error() string { return fmt.Sprintf("tnds: node %.120q: %v", e.Node, e.Err) }

// Unwrap returns Err.
func (e *NodeError) Unwrap() error { return e.Err }

// Append appends the document in the nested form to dst. Octets become base64. The error is a *NodeError, and dst is
// returned as it came: when a name or value is one that cannot be sent, two children have the same name, or a node
// has both a value and children.
func (t *Tree) Append(dst []byte) ([]byte, error) { return t.append(dst, false) }

// AppendFlat appends the document in the flat form: no node is inside another one.
func (t *Tree) AppendFlat(dst []byte) ([]byte, error) { return t.append(dst, true) }

func (t *Tree) append(dst []byte, flat bool) ([]byte, error) {
	root := etree.NewElement("MgmtTree")
	root.CreateAttr("xmlns", syncml.NamespaceTree)
	w := writer{root: root, flat: flat}
	if err := w.tree(t); err != nil {
		return dst, err
	}
	buf := bytes.NewBuffer(dst)
	root.WriteTo(buf, &etree.WriteSettings{CanonicalText: true})
	return buf.Bytes(), nil
}

// writer makes the elements of a document, in the order of its DTD.
type writer struct {
	root *etree.Element
	flat bool
}

func (w *writer) tree(t *Tree) error {
	fail := func(reason string) error { return &NodeError{Err: errors.New(reason)} }
	switch {
	case len(t.Nodes) == 0:
		return fail("tree without nodes")
	case !xmltree.IsText(t.Man) || !xmltree.IsText(t.Mod):
		return fail("Man or Mod with a character that XML cannot carry")
	}
	w.root.CreateElement("VerDTD").SetText("1.2")
	text(w.root, "Man", t.Man)
	text(w.root, "Mod", t.Mod)
	if n := t.Nodes[0]; n.Name == "" {
		if len(t.Nodes) > 1 {
			return fail("node without a name beside others")
		}
		return w.node(w.root, nil, n)
	}
	return w.nodes(w.root, nil, t.Nodes)
}

// nodes writes the children of the node at path, the names from the target to it.
func (w *writer) nodes(parent *etree.Element, path []string, nodes []*Node) error {
	seen := make(map[string]bool, len(nodes))
	for _, n := range nodes {
		at := append(path[:len(path):len(path)], n.Name)
		err := omadm.Root.Join(n.Name).Validate()
		switch {
		case err != nil:
		case strings.TrimSpace(n.Name) == "":
			err = errors.New("name of white space")
		case seen[n.Name]:
			err = errors.New("two of this name")
		}
		if err != nil {
			return &NodeError{Node: joined(at), Err: err}
		}
		seen[n.Name] = true
		if err := w.node(parent, at, n); err != nil {
			return err
		}
	}
	return nil
}

// joined returns the path as Path and errors show it.
func joined(path []string) string {
	return strings.TrimPrefix(strings.TrimPrefix(string(omadm.Root.Join(path...)), "."), "/")
}

func (w *writer) node(parent *etree.Element, path []string, n *Node) error {
	if err := n.validate(); err != nil {
		return &NodeError{Node: joined(path), Err: err}
	}
	e := parent.CreateElement("Node")
	e.CreateElement("NodeName").SetText(n.Name)
	if w.flat && len(path) > 1 {
		text(e, "Path", joined(path[:len(path)-1]))
	}
	n.properties(e.CreateElement("RTProperties"))
	if n.Value.Data.Kind != syncml.NoData {
		s := n.Value.Data.Value
		if n.Value.Format == omadm.FormatBin {
			s = base64.StdEncoding.EncodeToString([]byte(s))
		}
		e.CreateElement("Value").SetText(s)
	}
	if w.flat {
		e = parent
	}
	return w.nodes(e, path, n.Nodes)
}

// validate checks what a document can hold.
func (n *Node) validate() error {
	v, p := n.Value, n.Properties
	for _, s := range [...]string{v.Type, n.DDFName, p.Name, p.Size, p.Title, p.TStamp, p.VerNo} {
		if !xmltree.IsText(s) {
			return errors.New("property with a character that XML cannot carry")
		}
	}
	if err := p.ACL.Validate(); err != nil {
		return err
	}
	switch kind := v.Data.Kind; {
	case !isName(string(v.DataFormat())):
		return errors.New("format that is not a name")
	case kind == syncml.NoData:
		return nil
	case n.Interior():
		return errors.New("value of an interior node")
	case kind == syncml.MarkupData:
		return errors.New("value that is markup: a document has text")
	}
	return v.Validate()
}

// properties writes the children of RTProperties. Type is always there.
func (n *Node) properties(e *etree.Element) {
	text(e, omadm.PropACL, n.Properties.ACL.String())
	format := n.Value.DataFormat()
	if n.Value.Format == "" && len(n.Nodes) > 0 {
		format = omadm.FormatNode
	}
	e.CreateElement(omadm.PropFormat).CreateElement(string(format))
	text(e, omadm.PropName, n.Properties.Name)
	text(e, omadm.PropSize, n.Properties.Size)
	text(e, omadm.PropTitle, n.Properties.Title)
	text(e, omadm.PropTStamp, n.Properties.TStamp)
	n.mediaType(e.CreateElement(omadm.PropType))
	text(e, omadm.PropVerNo, n.Properties.VerNo)
}

// mediaType writes the child of Type: a MIME for a leaf, a DDFName for an interior node, as far as n has them.
func (n *Node) mediaType(e *etree.Element) {
	switch {
	case n.Interior() && (n.DDFName != "" || n.Value.Type == ""), n.Value.Type == "" && n.DDFName != "":
		e.CreateElement("DDFName").SetText(n.DDFName)
	default:
		e.CreateElement("MIME").SetText(n.Value.MediaType())
	}
}

// text adds an element with text unless there is none.
func text(parent *etree.Element, name, s string) {
	if s != "" {
		parent.CreateElement(name).SetText(s)
	}
}

// isName reports whether s may be the name of the element that stands for a format.
func isName(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', c == '_':
		case i > 0 && ('0' <= c && c <= '9' || c == '-' || c == '.'):
		default:
			return false
		}
	}
	return s != ""
}
