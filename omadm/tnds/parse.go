package tnds

import (
	"errors"
	"fmt"
	"strings"

	"github.com/beevik/etree"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/omadm/xmltree"
	"github.com/gomadm/gomadm/syncml"
)

// Limits bounds what is read. A zero field means its default.
type Limits struct {
	Octets int // size of the document; 8 MiB
	Depth  int // levels of nodes; 32
	Nodes  int // also those that only a Path names; 10,000
}

const (
	defaultOctets = 8 << 20
	defaultDepth  = 32
	defaultNodes  = 10_000

	tokensPerNode  = 20 // a node with every property has 15 elements
	levelsOfTokens = 6  // MgmtTree, and inside a node RTProperties, Type and what an extension may have
)

func (l Limits) withDefaults() Limits {
	for _, f := range [...]struct {
		field *int
		value int
	}{{&l.Octets, defaultOctets}, {&l.Depth, defaultDepth}, {&l.Nodes, defaultNodes}} {
		if *f.field == 0 {
			*f.field = f.value
		}
	}
	return l
}

func (l Limits) xml() xmltree.Limits {
	return xmltree.Limits{Octets: l.Octets, Depth: l.Depth + levelsOfTokens, Tokens: (l.Nodes + 1) * tokensPerNode}
}

// SyntaxError says why a document is no tree. It never holds a value.
type SyntaxError struct {
	Node   string // path from the target, names escaped; empty when the fault is in no node
	Offset int    // octets before the element with the fault
	Line   int    // starting at 1
	Reason string
}

func (e *SyntaxError) Error() string {
	s := fmt.Sprintf("tnds: offset %d, line %d", e.Offset, e.Line)
	if e.Node != "" {
		s += fmt.Sprintf(", node %.120q", e.Node)
	}
	return s + ": " + e.Reason
}

// LimitError says that a document is larger than Limits allow.
type LimitError struct {
	Limit string // name of the field of Limits, or Tokens for the elements of a document with too much beside its nodes
	Max   int
}

func (e *LimitError) Error() string { return fmt.Sprintf("tnds: more than %d %s", e.Max, e.Limit) }

// Parse reads a document of media type TypeXML under the default limits. Elements that it does not know are left out.
// The error is a *SyntaxError or a *LimitError.
func Parse(b []byte) (*Tree, error) { return Limits{}.Parse(b) }

// Parse reads a document under l.
func (l Limits) Parse(b []byte) (*Tree, error) {
	l = l.withDefaults()
	doc, err := xmltree.Read(b, l.xml())
	if err != nil {
		return nil, translate(err)
	}
	r := reader{doc: doc, lim: l, children: make(map[child]*place)}
	return r.tree()
}

func translate(err error) error {
	var syntax *xmltree.SyntaxError
	if errors.As(err, &syntax) {
		return &SyntaxError{Offset: syntax.Offset, Line: syntax.Line, Reason: syntax.Reason}
	}
	var limit *xmltree.LimitError
	if errors.As(err, &limit) {
		max := limit.Max
		if limit.Limit == "Depth" {
			max -= levelsOfTokens
		}
		return &LimitError{Limit: limit.Limit, Max: max}
	}
	return err
}

// reader makes a tree of a document. Nodes find their places first, as a Path may name a node before the node itself
// comes; what depends on the children is settled at the end.
type reader struct {
	doc      *xmltree.Document
	lim      Limits
	space    string // namespace of the document
	target   place
	nodes    int
	children map[child]*place
}

// place is where a node belongs.
type place struct {
	node   *Node
	parent *place
	depth  int
	from   *etree.Element // the Node that describes it; nil while only a Path named it
}

type child struct {
	parent *place
	name   string
}

// uri returns the address from the target.
func (p *place) uri() string {
	if p.parent == nil {
		return ""
	}
	name := omadm.EscapeSegment(p.node.Name)
	if above := p.parent.uri(); above != "" {
		return above + "/" + name
	}
	return name
}

func (r *reader) fail(e *etree.Element, p *place, reason string) error {
	offset, line := r.doc.Position(e)
	err := &SyntaxError{Offset: offset, Line: line, Reason: reason}
	if p != nil {
		err.Node = p.uri()
	}
	return err
}

func (r *reader) tree() (*Tree, error) {
	root := r.doc.Root
	switch {
	case xmltree.Is(root, syncml.NamespaceTree, "MgmtTree"), xmltree.Is(root, "", "MgmtTree"):
		r.space = root.NamespaceURI()
	default:
		return nil, r.fail(root, nil, "root is not MgmtTree")
	}
	r.target.node = &Node{}
	t := &Tree{}
	version := ""
	err := r.texts(root, nil, field{"VerDTD", &version}, field{"Man", &t.Man}, field{"Mod", &t.Mod})
	if err != nil {
		return nil, err
	}
	if version != "" && !strings.HasPrefix(version, "1.") {
		return nil, r.fail(root, nil, "VerDTD of another generation")
	}
	for _, e := range r.elements(root, "Node") {
		if err := r.node(e, &r.target); err != nil {
			return nil, err
		}
	}
	if r.nodes == 0 && r.target.from == nil {
		return nil, r.fail(root, nil, "MgmtTree without a node")
	}
	t.Nodes = r.target.node.Nodes
	if r.target.from != nil {
		t.Nodes = []*Node{r.target.node}
	}
	for _, n := range t.Nodes {
		settle(n)
	}
	return t, nil
}

// elements returns the children of e that have the name.
func (r *reader) elements(e *etree.Element, name string) []*etree.Element {
	var all []*etree.Element
	for c := range e.ChildElementsSeq() {
		if xmltree.Is(c, r.space, name) {
			all = append(all, c)
		}
	}
	return all
}

// single returns the child of e that has the name, or nil.
func (r *reader) single(e *etree.Element, p *place, name string) (*etree.Element, error) {
	all := r.elements(e, name)
	switch len(all) {
	case 0:
		return nil, nil
	case 1:
		return all[0], nil
	}
	return nil, r.fail(all[1], p, name+" twice")
}

// optional returns the text of a child of e; empty when there is none.
func (r *reader) optional(e *etree.Element, p *place, name string) (string, error) {
	c, err := r.single(e, p, name)
	if c == nil || err != nil {
		return "", err
	}
	text, ok := xmltree.Text(c)
	if !ok {
		return "", r.fail(c, p, name+" with elements")
	}
	return text, nil
}

// field is a child of an element, and where its text goes.
type field struct {
	name string
	to   *string
}

// texts reads children that are optional, without the white space around them.
func (r *reader) texts(e *etree.Element, p *place, fields ...field) error {
	for _, f := range fields {
		text, err := r.optional(e, p, f.name)
		if err != nil {
			return err
		}
		*f.to = strings.TrimSpace(text)
	}
	return nil
}

// node reads a Node inside the one of parent.
func (r *reader) node(e *etree.Element, parent *place) error {
	p, err := r.locate(e, parent)
	if err != nil {
		return err
	}
	if p.from != nil {
		return r.fail(e, p, "described twice")
	}
	p.from = e
	if err := r.properties(e, p); err != nil {
		return err
	}
	if err := r.value(e, p); err != nil {
		return err
	}
	for _, c := range r.elements(e, "Node") {
		if err := r.node(c, p); err != nil {
			return err
		}
	}
	return nil
}

// locate returns the place of a Node (sections 6.2.3.1.6 and 6.2.3.1.7).
func (r *reader) locate(e *etree.Element, parent *place) (*place, error) {
	nodeName, err := r.single(e, parent, "NodeName")
	if err != nil {
		return nil, err
	}
	if nodeName == nil {
		return nil, r.fail(e, parent, "Node without a NodeName")
	}
	name, ok := xmltree.Text(nodeName)
	if !ok {
		return nil, r.fail(nodeName, parent, "NodeName with elements")
	}
	path, err := r.single(e, parent, "Path")
	if err != nil {
		return nil, err
	}
	at := parent
	if path != nil {
		if at, err = r.follow(path, parent); err != nil {
			return nil, err
		}
	}
	if strings.TrimSpace(name) == "" {
		if at != &r.target || parent != at {
			return nil, r.fail(nodeName, at, "node without a name below the target")
		}
		return at, nil
	}
	if omadm.Root.Join(name).Validate() != nil {
		return nil, r.fail(nodeName, at, "name that no node can have")
	}
	return r.child(nodeName, at, name)
}

// follow returns the place that a Path names. That of a node inside another one repeats where it is anyway.
func (r *reader) follow(path *etree.Element, parent *place) (*place, error) {
	text, ok := xmltree.Text(path)
	text = strings.TrimSpace(text)
	if text == "" && ok {
		return parent, nil
	}
	u := omadm.URI(text)
	if text == "./" {
		u = omadm.Root
	}
	if !ok || u.Query() != "" || u.Validate() != nil {
		return nil, r.fail(path, parent, "Path that is not relative to the target")
	}
	if u.Depth() >= r.lim.Depth {
		return nil, &LimitError{Limit: "Depth", Max: r.lim.Depth}
	}
	at := &r.target
	for _, name := range u.Segments() {
		var err error
		if at, err = r.child(path, at, name); err != nil {
			return nil, err
		}
	}
	if parent != &r.target && at != parent {
		return nil, r.fail(path, parent, "Path of another place")
	}
	return at, nil
}

// child returns the place of a child, new or known.
func (r *reader) child(e *etree.Element, parent *place, name string) (*place, error) {
	key := child{parent, name}
	if p := r.children[key]; p != nil {
		return p, nil
	}
	p := &place{node: &Node{Name: name}, parent: parent, depth: parent.depth + 1}
	switch r.nodes++; {
	case r.nodes > r.lim.Nodes:
		return nil, &LimitError{Limit: "Nodes", Max: r.lim.Nodes}
	case p.depth > r.lim.Depth:
		return nil, &LimitError{Limit: "Depth", Max: r.lim.Depth}
	case strings.TrimSpace(name) == "": // as a NodeName it would be none
		return nil, r.fail(e, parent, "name of white space")
	case parent.node.Value.Data.Kind != syncml.NoData:
		return nil, r.fail(e, p, "child of a node with a value")
	}
	r.children[key] = p
	parent.node.Nodes = append(parent.node.Nodes, p.node)
	return p, nil
}

// properties reads RTProperties.
func (r *reader) properties(e *etree.Element, p *place) error {
	props, err := r.single(e, p, "RTProperties")
	if props == nil || err != nil {
		return err
	}
	n := &p.node.Properties
	acl := ""
	err = r.texts(props, p, field{omadm.PropACL, &acl}, field{omadm.PropName, &n.Name}, field{omadm.PropSize, &n.Size},
		field{omadm.PropTitle, &n.Title}, field{omadm.PropTStamp, &n.TStamp}, field{omadm.PropVerNo, &n.VerNo})
	if err != nil {
		return err
	}
	if n.ACL, err = omadm.ParseACL(acl); err != nil {
		return r.fail(props, p, "ACL that is none")
	}
	if err := r.format(props, p); err != nil {
		return err
	}
	return r.mediaType(props, p)
}

// format reads Format, which holds one empty element.
func (r *reader) format(props *etree.Element, p *place) error {
	e, err := r.single(props, p, omadm.PropFormat)
	if e == nil || err != nil {
		return err
	}
	for c := range e.ChildElementsSeq() {
		if p.node.Value.Format != "" || !isName(c.Tag) {
			return r.fail(e, p, "Format that is not one format")
		}
		p.node.Value.Format = omadm.Format(c.Tag)
	}
	return nil
}

// mediaType reads Type, which holds a MIME or a DDFName.
func (r *reader) mediaType(props *etree.Element, p *place) error {
	e, err := r.single(props, p, omadm.PropType)
	if e == nil || err != nil {
		return err
	}
	return r.texts(e, p, field{"MIME", &p.node.Value.Type}, field{"DDFName", &p.node.DDFName})
}

// value reads Value. Format bin is base64 here, which stands for octets.
func (r *reader) value(e *etree.Element, p *place) error {
	c, err := r.single(e, p, "Value")
	if c == nil || err != nil {
		return err
	}
	text, ok := xmltree.Text(c)
	parent := len(p.node.Nodes) > 0 || len(r.elements(e, "Node")) > 0
	switch v := &p.node.Value; {
	case !ok:
		return r.fail(c, p, "Value with elements")
	case text == "" && (parent || v.Format == omadm.FormatNode || v.Format == omadm.FormatNull):
	case parent:
		return r.fail(c, p, "value of a node with children")
	case v.Format == omadm.FormatNode:
		return r.fail(c, p, "value of an interior node")
	case v.Format == omadm.FormatBin:
		b, err := omadm.Value{Format: omadm.FormatB64, Data: syncml.Text(text)}.Bytes()
		if err != nil {
			return r.fail(c, p, "binary value that is not base64")
		}
		v.Data = syncml.Octets(b)
	default:
		v.Data = syncml.Text(text)
	}
	return nil
}

// settle fills in the formats and types that the document leaves out, once all children are known.
func settle(n *Node) {
	for _, c := range n.Nodes {
		settle(c)
	}
	if n.Value.Format == "" {
		n.Value.Format = omadm.FormatChr
		if len(n.Nodes) > 0 {
			n.Value.Format = omadm.FormatNode
		}
	}
	switch {
	case n.Interior() && n.DDFName != "":
		n.Value.Type = ""
	case n.Interior():
	case n.Value.Type != "":
		n.DDFName = ""
	case n.DDFName == "":
		n.Value.Type = "text/plain"
	}
}
