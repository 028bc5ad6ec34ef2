package ddf

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/beevik/etree"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/omadm/xmltree"
	"github.com/gomadm/gomadm/syncml"
)

// Limits of a file. Published ones have up to a few MB.
const (
	maxOctets = 16 << 20
	maxDepth  = 64
	maxTokens = 1 << 19
)

// Namespaces of a description.
const (
	namespaceSchema  = "http://tempuri.org/DM_DDF-V1_2" // in the published schema, hardly in files
	namespaceWindows = "http://schemas.microsoft.com/MobileDevice/DM"
)

// SyntaxError says why a file cannot be read.
type SyntaxError struct {
	Node   string // as All shows it; empty when the fault is in no node
	Offset int    // octets before the element with the fault
	Line   int    // starting at 1
	Reason string
}

func (e *SyntaxError) Error() string {
	s := fmt.Sprintf("ddf: offset %d, line %d", e.Offset, e.Line)
	if e.Node != "" {
		s += fmt.Sprintf(", node %.120q", e.Node)
	}
	return s + ": " + e.Reason
}

// LimitError says that a file is larger than Parse accepts: 16 MiB, 64 levels of elements, or 2^19 elements,
// attributes and the like (Tokens).
type LimitError struct {
	Limit string // Octets, Depth or Tokens; of a set Files or Folders
	Max   int
}

func (e *LimitError) Error() string { return fmt.Sprintf("ddf: more than %d %s", e.Max, e.Limit) }

// Parse reads a description file. Its document type is passed over, and nothing that it names is fetched; entities are
// refused. The error is a *SyntaxError, a *LimitError or that of r.
func Parse(r io.Reader) (*Document, error) {
	b, err := io.ReadAll(io.LimitReader(r, maxOctets+1))
	if err != nil {
		return nil, fmt.Errorf("ddf: %w", err)
	}
	doc, err := xmltree.Read(b, xmltree.Limits{Octets: maxOctets, Depth: maxDepth, Tokens: maxTokens, DocType: true})
	if err != nil {
		return nil, translate(err)
	}
	p := parser{doc: doc, out: &Document{}}
	if err := p.document(); err != nil {
		return nil, err
	}
	return p.out, nil
}

func translate(err error) error {
	var syntax *xmltree.SyntaxError
	if errors.As(err, &syntax) {
		return &SyntaxError{Offset: syntax.Offset, Line: syntax.Line, Reason: syntax.Reason}
	}
	var limit *xmltree.LimitError
	if errors.As(err, &limit) {
		return &LimitError{Limit: limit.Limit, Max: limit.Max}
	}
	return err
}

// parser reads a file.
type parser struct {
	doc   *xmltree.Document
	out   *Document
	space string   // namespace of the elements of OMA DM
	path  []string // to the node that is read
}

// place returns the path, its beginning left out when it is long.
func (p *parser) place() string {
	const most = 200
	s := ""
	for i := len(p.path) - 1; i >= 0; i-- {
		s = p.path[i] + s
		if len(s) > most {
			return "…" + strings.ToValidUTF8(s[len(s)-most:], "")
		}
		if i > 0 {
			s = "/" + s
		}
	}
	return s
}

func (p *parser) fail(e *etree.Element, reason string) error {
	offset, line := p.doc.Position(e)
	return &SyntaxError{Node: p.place(), Offset: offset, Line: line, Reason: reason}
}

// odd notes an anomaly.
func (p *parser) odd(e *etree.Element, reason string) {
	_, line := p.doc.Position(e)
	p.out.Anomalies = append(p.out.Anomalies, Anomaly{Node: p.place(), Line: line, Reason: reason})
}

// unknown notes an element that has no place where it is.
func (p *parser) unknown(e *etree.Element) {
	p.odd(e, fmt.Sprintf("unknown element %.60q", e.FullTag()))
}

func (p *parser) document() error {
	root := p.doc.Root
	p.space = root.NamespaceURI()
	switch {
	case root.Tag != "MgmtTree" || !xmltree.InSpace(root, p.space):
		return p.fail(root, "root is not MgmtTree")
	case p.space != "" && p.space != syncml.NamespaceTree && p.space != namespaceSchema:
		return p.fail(root, "MgmtTree of an unknown namespace")
	}
	for e := range root.ChildElementsSeq() {
		switch {
		case p.is(e, "VerDTD"):
			p.out.Version = p.prose(e)
		case p.is(e, "Man"):
			p.out.Man = p.prose(e)
		case p.is(e, "Mod"):
			p.out.Mod = p.prose(e)
		case p.is(e, "Node"):
			n, err := p.node(e)
			if err != nil {
				return err
			}
			p.out.Nodes = append(p.out.Nodes, n)
		case xmltree.Is(e, namespaceWindows, "Diagnostics"): // always empty
		default:
			p.unknown(e)
		}
	}
	if len(p.out.Nodes) == 0 {
		return p.fail(root, "MgmtTree without a node")
	}
	if !strings.HasPrefix(p.out.Version, "1.") {
		p.odd(root, "VerDTD that is not 1.2")
	}
	return nil
}

func (p *parser) is(e *etree.Element, name string) bool { return xmltree.Is(e, p.space, name) }

// text returns the text of e as written.
func (p *parser) text(e *etree.Element) string {
	s, ok := xmltree.Text(e)
	if !ok {
		p.odd(e, fmt.Sprintf("elements inside %.60q", e.FullTag()))
	}
	return s
}

// prose returns the text of e without the white space around it.
func (p *parser) prose(e *etree.Element) string { return strings.TrimSpace(p.text(e)) }

// node reads a Node.
func (p *parser) node(e *etree.Element) (*Node, error) {
	name, path, properties, err := p.parts(e)
	if err != nil {
		return nil, err
	}
	_, line := p.doc.Position(e)
	n := &Node{Line: line, Occurrence: One, Scope: Dynamic}
	if n.Name = p.text(name); strings.TrimSpace(n.Name) == "" {
		n.Name = ""
	}
	outer := len(p.path)
	defer func() { p.path = p.path[:outer] }()
	p.parent(path, n)
	p.path = append(p.path, n.Name)
	p.properties(properties, n)
	p.path[len(p.path)-1] = n.label()
	p.naming(name, n)
	return n, p.children(e, n)
}

// parent reads the Path, which says where a root belongs.
func (p *parser) parent(path *etree.Element, n *Node) {
	root := len(p.path) == 0
	switch {
	case path != nil && !root:
		p.odd(path, "Path of a node inside another one")
	case path != nil:
		if n.Path = p.prose(path); strings.HasSuffix(n.Path, "/") {
			p.odd(path, "Path with a delimiter at its end")
		}
	}
	if root {
		p.path = append(p.path, n.root())
	}
}

// parts returns the parts of a Node that are not Nodes.
func (p *parser) parts(e *etree.Element) (name, path, properties *etree.Element, err error) {
	for c := range e.ChildElementsSeq() {
		var part **etree.Element
		switch {
		case p.is(c, "NodeName"):
			part = &name
		case p.is(c, "Path"):
			part = &path
		case p.is(c, "DFProperties"):
			part = &properties
		case p.is(c, "Node"):
			continue
		default:
			p.unknown(c)
			continue
		}
		if *part != nil {
			return nil, nil, nil, p.fail(c, c.Tag+" twice")
		}
		*part = c
	}
	switch {
	case name == nil:
		err = p.fail(e, "Node without a NodeName")
	case properties == nil:
		err = p.fail(e, "Node without DFProperties")
	}
	return name, path, properties, err
}

// naming notes what is odd about the name.
func (p *parser) naming(e *etree.Element, n *Node) {
	switch {
	case n.Dynamic() && n.Title == "":
		p.odd(e, "neither name nor title")
	case !n.Dynamic() && n.Windows.Naming != nil:
		p.odd(e, "name and a rule for names")
	case strings.TrimSpace(n.Name) != n.Name:
		p.odd(e, "name with blanks around it")
	case strings.Contains(n.Name, "/"):
		p.odd(e, "name with a delimiter")
	}
}

func (p *parser) children(e *etree.Element, n *Node) error {
	seen := make(map[string]bool)
	for c := range e.ChildElementsSeq() {
		if !p.is(c, "Node") {
			continue
		}
		child, err := p.node(c)
		if err != nil {
			return err
		}
		if seen[child.Name] {
			p.odd(c, "two children of one name, or two without a name")
		}
		seen[child.Name] = true
		n.Nodes = append(n.Nodes, child)
	}
	return nil
}

// properties reads DFProperties (section 9.4.3): each at most once, in any order.
func (p *parser) properties(e *etree.Element, n *Node) {
	seen := make(map[string]bool)
	for c := range e.ChildElementsSeq() {
		var read func(*parser, *etree.Element, *Node)
		switch {
		case xmltree.InSpace(c, p.space):
			read = readers[c.Tag]
		case xmltree.InSpace(c, namespaceWindows):
			read = windowsReaders[c.Tag]
		}
		switch {
		case read == nil:
			p.unknown(c)
		case seen[c.Tag]: // no two namespaces have a name in common
			p.odd(c, c.Tag+" twice")
		default:
			seen[c.Tag] = true
			read(p, c, n)
		}
	}
	for _, name := range [...]string{"AccessType", "DFFormat", "DFType"} {
		if !seen[name] {
			p.odd(e, "no "+name)
		}
	}
	for _, name := range [...]string{"Occurrence", "Scope"} {
		if !seen[name] {
			n.Assumed = append(n.Assumed, name)
		}
	}
}

// readers are the properties of OMA DM.
var readers = map[string]func(*parser, *etree.Element, *Node){
	"AccessType":   (*parser).access,
	"DefaultValue": func(p *parser, e *etree.Element, n *Node) { n.Default = p.optional(e) },
	"Description":  func(p *parser, e *etree.Element, n *Node) { n.Description = p.prose(e) },
	"DFFormat":     (*parser).format,
	"Occurrence":   (*parser).occurrence,
	"Scope":        (*parser).scope,
	"DFTitle":      func(p *parser, e *etree.Element, n *Node) { n.Title = p.prose(e) },
	"DFType":       (*parser).mediaType,
	"CaseSense":    (*parser).caseSense,
}

func (p *parser) optional(e *etree.Element) *string {
	s := p.text(e)
	return &s
}

func (p *parser) access(e *etree.Element, n *Node) {
	for c := range e.ChildElementsSeq() {
		var verb omadm.Verb
		for _, v := range accessVerbs {
			if p.is(c, v.String()) {
				verb = v
			}
		}
		if verb == 0 {
			p.unknown(c)
		}
		n.Access |= NewAccess(verb)
	}
}

// choice returns the one child of e, or nil.
func (p *parser) choice(e *etree.Element) *etree.Element {
	all := e.ChildElements()
	if len(all) != 1 || !xmltree.InSpace(all[0], p.space) {
		p.odd(e, e.Tag+" without a choice")
		return nil
	}
	return all[0]
}

func (p *parser) format(e *etree.Element, n *Node) {
	c := p.choice(e)
	if c == nil {
		return
	}
	if n.Format = omadm.Format(c.Tag); !n.Format.Known() {
		p.unknown(c)
	}
}

func (p *parser) occurrence(e *etree.Element, n *Node) {
	c := p.choice(e)
	if c == nil {
		return
	}
	o := Occurrence(c.Tag)
	if !o.known() {
		p.unknown(c)
		return
	}
	n.Occurrence = o
	s := p.prose(c)
	if s == "" || o != ZeroOrN && o != OneOrN {
		return
	}
	most, err := strconv.ParseUint(s, 10, 31)
	if err != nil {
		p.odd(c, "count that is not a number")
	}
	n.Most = int(most)
}

func (p *parser) scope(e *etree.Element, n *Node) {
	c := p.choice(e)
	switch {
	case c == nil:
	case c.Tag != string(Dynamic) && c.Tag != string(Permanent):
		p.unknown(c)
	default:
		n.Scope = Scope(c.Tag)
	}
}

func (p *parser) caseSense(e *etree.Element, n *Node) {
	c := p.choice(e)
	switch {
	case c == nil:
	case c.Tag != string(CaseSensitive) && c.Tag != string(CaseInsensitive):
		p.unknown(c)
	default:
		n.Case = CaseSense(c.Tag)
	}
}

// mediaType reads DFType: a MIME or a DDFName, in some published files an empty one of each.
func (p *parser) mediaType(e *etree.Element, n *Node) {
	for c := range e.ChildElementsSeq() {
		switch {
		case p.is(c, "MIME"):
			n.MIME = p.prose(c)
		case p.is(c, "DDFName"):
			n.DDFName = p.prose(c)
		default:
			p.unknown(c)
		}
	}
}
