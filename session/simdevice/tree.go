package simdevice

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/syncml"
)

// Access is the set of commands that a node allows.
type Access uint8

// The commands. Add of an interior node means that nodes may be made below it.
const (
	Add Access = 1 << iota
	Copy
	Delete
	Exec
	Get
	Replace
)

// Node is one node of a management tree (OMA DM Tree and Description 1.2.1).
type Node struct {
	Format    string      // "node" for an interior node, else as in Meta; empty: chr
	Type      string      // as in Meta; empty: text/plain
	Value     syncml.Data // of a leaf
	Access    Access
	Permanent bool   // it can be neither deleted nor renamed
	ACL       string // which servers may give which commands, as in ?prop=ACL; empty: as the node above says
	Title     string // as in ?prop=Title

	// Upsert lets a Replace below this interior node make what is missing, as Windows policies do.
	Upsert bool
	// Below is the access of nodes that commands make below; 0: Add, Delete, Get and Replace.
	Below Access
	// Irreversible makes an Atomic fail to undo what it did to the node or right below it (status 516).
	Irreversible bool
	// Inbox makes an interior node take objects: an Add to the node itself is one more object, and the Type says of
	// which kind it is (OMA DM Standardized Objects 1.2, section 5.3.4).
	Inbox bool
	// Exec runs when the node is executed; nil: nothing happens and the status is 200.
	Exec func(arg syncml.Data) omadm.Status
	// Alert is the type of the generic alert 1226 that tells how an Exec ended that was answered with 202. It has the
	// Correlator of the Exec and goes out with the package after the 202. Empty: there is none.
	Alert string
}

// Interior reports whether n has children instead of a value.
func (n Node) Interior() bool { return n.Format == "node" }

// Tree is a management tree. It is safe for concurrent use. Nodes are named by URIs as in commands: "." is the
// root, "./A/B" and "A/B" are one node, names are percent-escaped. In the profile Windows "./Device/A" is "./A".
// NewTree and EmptyTree make one; the zero Tree is none.
type Tree struct {
	profile Profile

	mu       sync.RWMutex
	root     *entry
	server   string           // identifier of the server in ACLs
	capacity int64            // of all values together, in octets; 0: no limit
	now      func() time.Time // for TStamp; nil: the property is always empty

	describe func(uri string) (n Node, children []string, ok bool) // nil: nodes are as those above them say
}

// entry is a node in its place.
type entry struct {
	Node
	children map[string]*entry
	names    []string  // of the children, in the order in which they were made
	changed  time.Time // by a command
	version  uint16    // counts the changes, beginning again at 0
}

// size returns how many octets the values of e and of all below it have.
func (e *entry) size() int64 {
	n := int64(len(e.Value.Value))
	for _, c := range e.children {
		n += c.size()
	}
	return n
}

func (e *entry) child(name string) *entry { return e.children[name] }

func (e *entry) attach(name string, c *entry) {
	if e.children == nil {
		e.children = make(map[string]*entry)
	}
	e.children[name] = c
	e.names = append(e.names, name)
}

// detach removes a child and returns its place among the names.
func (e *entry) detach(name string) int {
	delete(e.children, name)
	for i, n := range e.names {
		if n == name {
			e.names = append(e.names[:i:i], e.names[i+1:]...)
			return i
		}
	}
	return len(e.names)
}

// EmptyTree returns a tree that has only a root, which allows Add and Get.
func EmptyTree(p Profile) *Tree {
	return &Tree{profile: p, root: &entry{Node: Node{Format: "node", Access: Add | Get, Permanent: true, ACL: rootACL}}}
}

// belongTo makes t the tree of d.
func (t *Tree) belongTo(d *Device) {
	if d.LargeObjects && t.profile.traits().mayLarge {
		t.Put(largeObjects, Node{Format: "bool", Value: syncml.Text("true"), Access: Get, Permanent: true})
	}
	if d.declares() {
		t.plantDeclared()
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.server, t.capacity, t.now = d.serverID(), d.Storage, d.now
}

// Put sets the node at uri, whatever its access says, and makes the interior nodes above it when they are
// missing; those are permanent and allow Get. Children of a node that was there stay. It reports whether uri
// names a node.
func (t *Tree) Put(uri string, n Node) bool {
	path, query, ok := t.path(uri)
	if !ok || query != "" {
		return false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	e := t.root
	for _, name := range path {
		c := e.child(name)
		if c == nil {
			c = &entry{Node: Node{Format: "node", Access: Get, Permanent: true}}
			e.attach(name, c)
		}
		e = c
	}
	e.Node = n
	return true
}

// Node returns the node at uri.
func (t *Tree) Node(uri string) (Node, bool) {
	path, _, ok := t.path(uri)
	t.mu.RLock()
	defer t.mu.RUnlock()
	if e, depth := t.walk(path); ok && depth == len(path) {
		return e.Node, true
	}
	return Node{}, false
}

// Value returns the value of the leaf at uri as text, "" when there is none.
func (t *Tree) Value(uri string) string {
	n, _ := t.Node(uri)
	return n.Value.Value
}

// Names returns the names of the children of the node at uri, not escaped, in the order in which they were made.
func (t *Tree) Names(uri string) []string {
	path, _, ok := t.path(uri)
	t.mu.RLock()
	defer t.mu.RUnlock()
	if e, depth := t.walk(path); ok && depth == len(path) {
		return append([]string(nil), e.names...)
	}
	return nil
}

// Remove removes the node at uri with all below it, whatever its access says.
func (t *Tree) Remove(uri string) {
	path, _, ok := t.path(uri)
	t.mu.Lock()
	defer t.mu.Unlock()
	if !ok || len(path) == 0 {
		return
	}
	last := len(path) - 1
	if parent, depth := t.walk(path[:last]); depth == last && parent.child(path[last]) != nil {
		parent.detach(path[last])
	}
}

// walk goes down path as far as there are nodes.
func (t *Tree) walk(path []string) (deepest *entry, depth int) {
	e := t.root
	for i, name := range path {
		c := e.child(name)
		if c == nil {
			return e, i
		}
		e = c
	}
	return e, len(path)
}

// path splits uri into unescaped names and what follows a question mark (OMA DM Tree and Description 1.2.1,
// section 5).
func (t *Tree) path(uri string) (names []string, query string, ok bool) {
	uri, query, _ = strings.Cut(uri, "?")
	uri = strings.TrimPrefix(uri, "./")
	if uri == "." {
		return nil, query, true
	}
	for i, segment := range strings.Split(uri, "/") {
		name, err := url.PathUnescape(segment)
		switch {
		case err != nil, segment == "", segment == ".", segment == "..", segment == "*":
			return nil, "", false
		case i == 0 && t.profile.traits().deviceScope && name == "Device":
			continue
		}
		names = append(names, name)
	}
	return names, query, true
}

// locate follows uri as far as there are nodes. A status says that uri cannot name a node.
func (t *Tree) locate(uri string) (p *spot, query string, status omadm.Status) {
	path, query, ok := t.path(uri)
	if !ok {
		return nil, query, omadm.StatusNotFound
	}
	if t.tooLong(uri, path) {
		return nil, query, omadm.StatusURITooLong
	}
	p = &spot{t: t, chain: []*entry{t.root}, missing: path}
	for len(p.missing) > 0 {
		c := p.deepest().child(p.missing[0])
		if c == nil {
			break
		}
		p.chain, p.missing = append(p.chain, c), p.missing[1:]
	}
	p.path = path[:len(path)-len(p.missing)]
	return p, query, 0
}

// tooLong reports whether a URI exceeds what ./DevDetail/URI allows, in characters (OMA DM Standardized Objects 1.2,
// section 5.3.3).
func (t *Tree) tooLong(uri string, path []string) bool {
	limit := func(name string) int {
		e, _ := t.walk([]string{"DevDetail", "URI", name})
		n, _ := strconv.Atoi(e.Value.Value)
		return n
	}
	above := func(n, limit int) bool { return limit > 0 && n > limit }
	uri, _, _ = strings.Cut(uri, "?")
	longest := 0
	for _, name := range path {
		longest = max(longest, utf8.RuneCountInString(name))
	}
	return above(len(path), limit("MaxDepth")) || above(utf8.RuneCountInString(uri), limit("MaxTotLen")) ||
		above(longest, limit("MaxSegLen"))
}

// room reports whether the tree can hold n octets more.
func (t *Tree) room(n int64) bool { return t.capacity == 0 || t.root.size()+n <= t.capacity }

// roomFor reports whether an object of n octets can be stored at uri.
func (t *Tree) roomFor(uri string, n int64) bool {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if p, _, status := t.locate(uri); status == 0 && p.found() {
		n -= int64(len(p.deepest().Value.Value))
	}
	return t.room(n)
}

// undo takes a change back. It reports false when it cannot.
type undo func() bool

func nothing() bool { return true }

// add carries out an Add: the node must not be there, those above it are made when they are missing (OMA DM
// Representation Protocol 1.2.1, section 6.6.1).
func (t *Tree) add(uri string, n Node) (omadm.Status, undo) {
	t.mu.Lock()
	defer t.mu.Unlock()
	p, query, status := t.locate(uri)
	switch {
	case status != 0:
		return status, nothing
	case query != "":
		return omadm.StatusCommandNotAllowed, nothing
	case p.found() && p.deepest().Inbox:
		return t.deliver(p, n)
	case p.found():
		return omadm.StatusAlreadyExists, nothing
	}
	return t.grow(p, n, Add)
}

// inbox reports whether uri names a node that takes objects.
func (t *Tree) inbox(uri string) bool {
	n, _ := t.Node(uri)
	return n.Inbox
}

// deliver puts an object into an inbox, under a name of the device's choice.
func (t *Tree) deliver(p *spot, n Node) (omadm.Status, undo) {
	if n.Type == "" {
		return omadm.StatusIncompleteCommand, nothing
	}
	inbox := p.deepest()
	name := len(inbox.names)
	for inbox.child(strconv.Itoa(name)) != nil {
		name++
	}
	p.missing = []string{strconv.Itoa(name)}
	return t.grow(p, n, Add)
}

// replace carries out a Replace: the node must be there, unless the profile or a node above it says otherwise
// (section 6.6.11).
func (t *Tree) replace(uri string, n Node) (omadm.Status, undo) {
	t.mu.Lock()
	defer t.mu.Unlock()
	p, query, status := t.locate(uri)
	if status != 0 {
		return status, nothing
	}
	e := p.deepest()
	switch {
	case !p.found() && query == "" && e.Upsert:
		return t.grow(p, n, Replace)
	case !p.found() && query == "" && t.profile.traits().upsert:
		return t.grow(p, n, Add)
	case !p.found():
		return omadm.StatusNotFound, nothing
	case query != "":
		return t.replaceProperty(p, query, n.Value.Value)
	case e.Access&Replace == 0, e.Interior():
		return omadm.StatusCommandNotAllowed, nothing
	case !p.permits(Replace):
		return omadm.StatusPermissionDenied, nothing
	case !sameFormat(e.Format, n.Format), !lexical(n.Format, n.Value):
		return omadm.StatusUnsupportedFormat, nothing
	case !t.room(int64(len(n.Value.Value) - len(e.Value.Value))):
		return omadm.StatusDeviceFull, nothing
	}
	return omadm.StatusOK, t.change(e, func() {
		e.Value = n.Value
		if n.Type != "" {
			e.Type = n.Type
		}
	})
}

// change lets f change the Node of e and returns how to take that back.
func (t *Tree) change(e *entry, f func()) undo {
	old := e.Node
	f()
	t.touch(e)
	return t.reversal(e, func() { e.Node = old })
}

// touch notes that e was changed (OMA DM Tree and Description 1.2.1, sections 7.7.6 and 7.7.8).
func (t *Tree) touch(e *entry) {
	e.version++
	if t.now != nil {
		e.changed = t.now()
	}
}

// grow makes the nodes that are missing at p, the last of them n.
func (t *Tree) grow(p *spot, n Node, verb Access) (omadm.Status, undo) {
	above := p.deepest()
	switch {
	case !above.Interior(), t.describe == nil && verb == Add && above.Access&Add == 0:
		return omadm.StatusCommandNotAllowed, nothing
	case !p.permits(verb):
		return omadm.StatusPermissionDenied, nothing
	case !lexical(n.Format, n.Value):
		return omadm.StatusUnsupportedFormat, nothing
	case !t.room(int64(len(n.Value.Value))):
		return omadm.StatusDeviceFull, nothing
	}
	makings, status := t.makings(p, n, verb)
	if status != 0 {
		return status, nothing
	}
	acl := t.birthACL(p)
	e := above
	for i, m := range makings {
		if m.Interior() {
			m.ACL, acl = acl, ""
		}
		c := &entry{Node: m.Node}
		t.touch(c)
		e.attach(m.name, c)
		next := ""
		if i+1 < len(makings) {
			next = makings[i+1].name
		}
		t.furnish(c, slices.Concat(p.path, p.missing[:i+1]), m.children, next)
		e = c
	}
	first := p.missing[0]
	return omadm.StatusOK, t.reversal(above, func() { above.detach(first) })
}

// birthACL returns the ACL of the first interior node that is made below p: empty, unless the server may not replace
// the node above; then it gets the new node for itself (section 7.7.1.3).
func (t *Tree) birthACL(p *spot) string {
	if !t.profile.traits().properties || p.permits(Replace) {
		return ""
	}
	acl := "Add=" + t.server + "&Delete=" + t.server
	if p.permits(Get) {
		acl += "&Get=" + t.server
	}
	return acl + "&Replace=" + t.server
}

// remove carries out a Delete (section 6.6.5).
func (t *Tree) remove(uri string) (omadm.Status, undo) {
	t.mu.Lock()
	defer t.mu.Unlock()
	p, query, status := t.locate(uri)
	switch {
	case status != 0:
		return status, nothing
	case !p.found():
		return omadm.StatusNotFound, nothing
	}
	e := p.deepest()
	switch {
	case query != "", e == t.root, e.Permanent, e.Access&Delete == 0:
		return omadm.StatusCommandNotAllowed, nothing
	case !p.permits(Delete):
		return omadm.StatusPermissionDenied, nothing
	}
	parent, name := p.parent().deepest(), p.name()
	i := parent.detach(name)
	return omadm.StatusOK, t.reversal(e, func() {
		parent.attach(name, e)
		copy(parent.names[i+1:], parent.names[i:])
		parent.names[i] = name
	})
}

// copyLeaf carries out a Copy, which is for leaves only (section 6.6.4).
func (t *Tree) copyLeaf(from, to string) (omadm.Status, undo) {
	t.mu.Lock()
	defer t.mu.Unlock()
	source, query, status := t.locate(from)
	switch {
	case status != 0:
		return status, nothing
	case !source.found():
		return omadm.StatusNotFound, nothing
	case query != "", source.deepest().Interior(), source.deepest().Access&(Copy|Get) == 0:
		return omadm.StatusCommandNotAllowed, nothing
	case !source.permits(Get):
		return omadm.StatusPermissionDenied, nothing
	}
	n := source.deepest().Node
	target, query, status := t.locate(to)
	switch {
	case status != 0:
		return status, nothing
	case query != "":
		return omadm.StatusCommandNotAllowed, nothing
	case !target.found():
		return t.grow(target, Node{Format: n.Format, Type: n.Type, Value: n.Value}, Add)
	}
	e := target.deepest()
	switch {
	case e.Access&Replace == 0:
		return omadm.StatusCommandNotAllowed, nothing
	case !target.permits(Replace):
		return omadm.StatusPermissionDenied, nothing
	case !sameFormat(e.Format, n.Format):
		return omadm.StatusForbidden, nothing
	case !t.room(int64(len(n.Value.Value) - len(e.Value.Value))):
		return omadm.StatusDeviceFull, nothing
	}
	return omadm.StatusOK, t.change(e, func() { e.Value, e.Type = n.Value, n.Type })
}

// reversal returns an undo that runs f under the lock, unless e is irreversible.
func (t *Tree) reversal(e *entry, f func()) undo {
	if e.Irreversible {
		return func() bool { return false }
	}
	return func() bool {
		t.mu.Lock()
		defer t.mu.Unlock()
		f()
		return true
	}
}

// exec carries out an Exec (section 6.6.6). It returns the type of the alert that follows, if one does.
func (t *Tree) exec(uri string, arg syncml.Data) (status omadm.Status, alert string) {
	t.mu.RLock()
	p, query, status := t.locate(uri)
	var n Node
	if status == 0 {
		n = p.deepest().Node
		switch {
		case !p.found():
			status = omadm.StatusNotFound
		case query != "", n.Access&Exec == 0:
			status = omadm.StatusCommandNotAllowed
		case !p.permits(Exec):
			status = omadm.StatusPermissionDenied
		case n.Exec == nil:
			status = omadm.StatusOK
		}
	}
	t.mu.RUnlock()
	if status == 0 {
		status = n.Exec(arg)
	}
	return status, n.Alert
}

// get carries out a Get (section 6.6.7) and returns the items of its Results.
func (t *Tree) get(uri string) ([]syncml.Item, omadm.Status) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	p, query, status := t.locate(uri)
	switch {
	case status != 0:
		return nil, status
	case !p.found():
		return nil, omadm.StatusNotFound
	}
	e := p.deepest()
	name, isProperty := strings.CutPrefix(query, "prop=")
	kind, isList := strings.CutPrefix(query, "list=")
	switch {
	case isProperty:
		return t.property(p, uri, name)
	case query != "" && !isList:
		return nil, omadm.StatusFeatureNotSupported
	case e.Access&Get == 0:
		return nil, omadm.StatusCommandNotAllowed
	case !p.permits(Get):
		return nil, omadm.StatusPermissionDenied
	case isList:
		return t.list(p, uri, kind)
	}
	return []syncml.Item{e.item(uri, true)}, omadm.StatusOK
}

// sameFormat reports whether a value of format b may stand where one of format a stood. bin and b64 are two
// ways to carry the same octets.
func sameFormat(a, b string) bool {
	canonical := func(s string) string {
		switch s {
		case "":
			return "chr"
		case "b64":
			return "bin"
		}
		return s
	}
	return canonical(a) == canonical(b)
}

// lexical reports whether v is a value of format.
func lexical(format string, v syncml.Data) bool {
	switch format {
	case "int":
		_, err := strconv.ParseInt(v.Value, 10, 32)
		return err == nil
	case "bool":
		return v.Value == "true" || v.Value == "false"
	case "float":
		_, err := strconv.ParseFloat(v.Value, 64)
		return err == nil
	case "node", "null":
		return v.Value == ""
	}
	return true
}
