package simdevice

import (
	"net/url"
	"strconv"
	"strings"
	"sync"

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
	Permanent bool // it can be neither deleted nor renamed

	// Upsert lets a Replace below this interior node make what is missing, as Windows policies do.
	Upsert bool
	// Below is the access of nodes that commands make below; 0: Add, Delete, Get and Replace.
	Below Access
	// Irreversible makes an Atomic fail to undo what it did to the node or right below it (status 516).
	Irreversible bool
	// Exec runs when the node is executed; nil: nothing happens and the status is 200.
	Exec func(arg syncml.Data) omadm.Status
}

// Interior reports whether n has children instead of a value.
func (n Node) Interior() bool { return n.Format == "node" }

// Tree is a management tree. It is safe for concurrent use. Nodes are named by URIs as in commands: "." is the
// root, "./A/B" and "A/B" are one node, names are percent-escaped. In the profile Windows "./Device/A" is "./A".
type Tree struct {
	profile Profile

	mu   sync.RWMutex
	root *entry
}

// entry is a node in its place.
type entry struct {
	Node
	children map[string]*entry
	names    []string // of the children, in the order in which they were made
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
	return &Tree{profile: p, root: &entry{Node: Node{Format: "node", Access: Add | Get, Permanent: true}}}
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
		case i == 0 && t.profile == Windows && name == "Device":
			continue
		}
		names = append(names, name)
	}
	return names, query, true
}

// undo takes a change back. It reports false when it cannot.
type undo func() bool

func nothing() bool { return true }

// add carries out an Add: the node must not be there, those above it are made when they are missing (OMA DM
// Representation Protocol 1.2.1, section 6.6.1).
func (t *Tree) add(uri string, n Node) (omadm.Status, undo) {
	path, query, ok := t.path(uri)
	switch {
	case !ok:
		return omadm.StatusNotFound, nothing
	case query != "":
		return omadm.StatusCommandNotAllowed, nothing
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	above, depth := t.walk(path)
	if depth == len(path) {
		return omadm.StatusAlreadyExists, nothing
	}
	return t.grow(above, path[depth:], n, Add)
}

// replace carries out a Replace: the node must be there, unless a node above it says otherwise (section 6.6.11).
func (t *Tree) replace(uri string, n Node) (omadm.Status, undo) {
	path, query, ok := t.path(uri)
	switch {
	case !ok:
		return omadm.StatusNotFound, nothing
	case query != "":
		return omadm.StatusFeatureNotSupported, nothing
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	e, depth := t.walk(path)
	if depth < len(path) {
		if !e.Upsert {
			return omadm.StatusNotFound, nothing
		}
		return t.grow(e, path[depth:], n, Replace)
	}
	switch {
	case e.Access&Replace == 0, e.Interior():
		return omadm.StatusCommandNotAllowed, nothing
	case !sameFormat(e.Format, n.Format), !lexical(n.Format, n.Value):
		return omadm.StatusUnsupportedFormat, nothing
	}
	old := e.Node
	e.Value = n.Value
	if n.Type != "" {
		e.Type = n.Type
	}
	return omadm.StatusOK, t.reversal(e, func() { e.Node = old })
}

// grow makes the nodes that path names below above, the last of them n.
func (t *Tree) grow(above *entry, path []string, n Node, verb Access) (omadm.Status, undo) {
	switch {
	case !above.Interior(), verb == Add && above.Access&Add == 0:
		return omadm.StatusCommandNotAllowed, nothing
	case !lexical(n.Format, n.Value):
		return omadm.StatusUnsupportedFormat, nothing
	}
	below := above.Below
	if below == 0 {
		below = Add | Delete | Get | Replace
	}
	e := above
	for i, name := range path {
		made := Node{Format: "node"}
		if i == len(path)-1 {
			made = n
		}
		made.Access, made.Below, made.Upsert = below, above.Below, above.Upsert
		c := &entry{Node: made}
		e.attach(name, c)
		e = c
	}
	return omadm.StatusOK, t.reversal(above, func() { above.detach(path[0]) })
}

// remove carries out a Delete (section 6.6.5).
func (t *Tree) remove(uri string) (omadm.Status, undo) {
	path, query, ok := t.path(uri)
	if !ok {
		return omadm.StatusNotFound, nothing
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	e, depth := t.walk(path)
	switch {
	case depth < len(path):
		return omadm.StatusNotFound, nothing
	case query != "", len(path) == 0, e.Permanent, e.Access&Delete == 0:
		return omadm.StatusCommandNotAllowed, nothing
	}
	last := len(path) - 1
	parent, _ := t.walk(path[:last])
	i := parent.detach(path[last])
	return omadm.StatusOK, t.reversal(e, func() {
		parent.attach(path[last], e)
		copy(parent.names[i+1:], parent.names[i:])
		parent.names[i] = path[last]
	})
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

// exec carries out an Exec (section 6.6.6).
func (t *Tree) exec(uri string, arg syncml.Data) omadm.Status {
	path, query, ok := t.path(uri)
	t.mu.RLock()
	e, depth := t.walk(path)
	n := e.Node
	t.mu.RUnlock()
	switch {
	case !ok, depth < len(path):
		return omadm.StatusNotFound
	case query != "", n.Access&Exec == 0:
		return omadm.StatusCommandNotAllowed
	case n.Exec == nil:
		return omadm.StatusOK
	}
	return n.Exec(arg)
}

// get carries out a Get (section 6.6.7) and returns the items of its Results.
func (t *Tree) get(uri string) ([]syncml.Item, omadm.Status) {
	path, query, ok := t.path(uri)
	if !ok {
		return nil, omadm.StatusNotFound
	}
	t.mu.RLock()
	defer t.mu.RUnlock()
	e, depth := t.walk(path)
	switch {
	case depth < len(path):
		return nil, omadm.StatusNotFound
	case e.Access&Get == 0:
		return nil, omadm.StatusCommandNotAllowed
	}
	switch query {
	case "":
		return []syncml.Item{e.item(uri, true)}, omadm.StatusOK
	case "list=Struct", "list=StructData":
		base, _, _ := strings.Cut(uri, "?")
		return e.list(nil, base, query == "list=StructData"), omadm.StatusOK
	}
	return nil, omadm.StatusFeatureNotSupported
}

// list appends e and all below it that may be read (OMA DM Tree and Description 1.2.1, section 8.2).
func (e *entry) list(items []syncml.Item, uri string, values bool) []syncml.Item {
	it := e.item(uri, values)
	if e.Interior() {
		it.Data = syncml.Data{}
	}
	items = append(items, it)
	for _, name := range e.names {
		if c := e.children[name]; c.Access&Get != 0 {
			items = c.list(items, uri+"/"+url.PathEscape(name), values)
		}
	}
	return items
}

// item describes e as an item of Results. Format and Type are left out where they are the default, as Windows
// does.
func (e *entry) item(uri string, value bool) syncml.Item {
	it := syncml.Item{Source: syncml.Location{URI: uri}}
	format, kind := e.Format, e.Type
	if format == "chr" {
		format = ""
	}
	if kind == "text/plain" {
		kind = ""
	}
	if e.Value.Kind == syncml.OctetsData && format == "" {
		format = "bin"
	}
	if format != "" || kind != "" {
		it.Meta = &syncml.Meta{Format: format, Type: kind}
	}
	if !value || e.Format == "null" {
		return it
	}
	if !e.Interior() {
		if it.Data = e.Value; it.Data.Kind == syncml.NoData {
			it.Data = syncml.Text("")
		}
		return it
	}
	names := make([]string, len(e.names))
	for i, name := range e.names {
		names[i] = url.PathEscape(name)
	}
	it.Data = syncml.Text(strings.Join(names, "/"))
	return it
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
