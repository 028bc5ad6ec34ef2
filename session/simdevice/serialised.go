package simdevice

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/beevik/etree"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/syncml"
)

// Limits of a serialised tree that a server sends.
const (
	maxSerialised = 1 << 20 // octets
	maxNodes      = 10_000
	maxDepth      = 32
)

// planted is a node of a serialised tree with its address.
type planted struct {
	uri string
	Node
}

// plant carries out an Add or a Replace of a serialised tree: of all its nodes or of none (OMA DM Representation
// Protocol 1.2.1, sections 6.6.1 and 6.6.11).
func (t *Tree) plant(verb Access, uri, document string) (omadm.Status, undo) {
	if verb == Add && t.inbox(uri) {
		uri += "/" + strconv.Itoa(len(t.Names(uri)))
	}
	nodes, ok := readNodes(uri, document)
	if !ok {
		return omadm.StatusUnsupportedFormat, nothing
	}
	var undos []undo
	takeBack := func() bool {
		whole := true
		for i := len(undos) - 1; i >= 0; i-- {
			whole = undos[i]() && whole
		}
		return whole
	}
	for _, n := range nodes {
		var status omadm.Status
		var u undo
		there, known := t.Node(n.uri)
		switch {
		case verb == Add:
			status, u = t.add(n.uri, n.Node)
		case known && there.Interior() && n.Interior():
			continue
		default:
			status, u = t.replace(n.uri, n.Node)
		}
		if status != omadm.StatusOK {
			takeBack()
			return status, nothing
		}
		undos = append(undos, u)
	}
	if verb == Add {
		t.putACLs(nodes)
	}
	return omadm.StatusOK, takeBack
}

// putACLs sets the ACLs of nodes that were made together: those of the document count when it is whole.
func (t *Tree) putACLs(nodes []planted) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, n := range nodes {
		if p, _, status := t.locate(n.uri); n.ACL != "" && status == 0 && p.found() {
			p.deepest().ACL = n.ACL
		}
	}
}

// readNodes reads a document of OMA DM Tree and Description Serialization 1.2 (section 6). Its nodes stand below target,
// but for one without a name, which is target itself.
func readNodes(target, document string) (nodes []planted, ok bool) {
	if len(document) > maxSerialised {
		return nil, false
	}
	doc := etree.NewDocument()
	if err := doc.ReadFromString(document); err != nil {
		return nil, false
	}
	root := doc.Root()
	if root == nil || root.Tag != "MgmtTree" || content(root, "VerDTD") != "1.2" {
		return nil, false
	}
	r := &nodeReader{target: target}
	for _, e := range root.SelectElements("Node") {
		if !r.node(e, target, 1) {
			return nil, false
		}
	}
	return r.nodes, len(r.nodes) > 0
}

// nodeReader collects the nodes of a document.
type nodeReader struct {
	target string
	nodes  []planted
}

// node reads one node, whose place is above unless it has a Path, and those below it.
func (r *nodeReader) node(e *etree.Element, above string, depth int) bool {
	if depth > maxDepth || len(r.nodes) == maxNodes {
		return false
	}
	if path := strings.Trim(strings.TrimPrefix(content(e, "Path"), "."), "/"); path != "" {
		above = r.target + "/" + path
	}
	uri := above
	if name := content(e, "NodeName"); name != "" {
		uri += "/" + url.PathEscape(name)
	}
	n, ok := readNode(e)
	if !ok {
		return false
	}
	r.nodes = append(r.nodes, planted{uri, n})
	for _, c := range e.SelectElements("Node") {
		if content(c, "NodeName") == "" || !r.node(c, uri, depth+1) {
			return false
		}
	}
	return true
}

// readNode reads the properties and the value of a node.
func readNode(e *etree.Element) (n Node, ok bool) {
	if p := e.SelectElement("RTProperties"); p != nil {
		n.ACL, n.Title = content(p, "ACL"), content(p, "Title")
		if f := p.SelectElement("Format"); f != nil && len(f.ChildElements()) == 1 {
			n.Format = f.ChildElements()[0].Tag
		}
		if t := p.SelectElement("Type"); t != nil {
			n.Type = content(t, "MIME") + content(t, "DDFName")
		}
	}
	value := e.SelectElement("Value")
	switch {
	case n.ACL != "" && !wellFormed(n.ACL):
		return n, false
	case n.Format == "" && e.SelectElement("Node") != nil:
		n.Format = "node"
	case n.Format == "bin":
		n.Format = "b64"
	}
	if !n.Interior() && n.Format != "null" {
		n.Value = syncml.Text("")
	}
	if value != nil {
		n.Value = syncml.Text(value.Text())
	}
	n.Format, n.Value, ok = plain(n.Format, n.Value)
	return n, ok
}

// content returns the text of a child, "" when there is none.
func content(e *etree.Element, tag string) string {
	if c := e.SelectElement(tag); c != nil {
		return strings.TrimSpace(c.Text())
	}
	return ""
}
