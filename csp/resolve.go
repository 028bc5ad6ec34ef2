package csp

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gomadm/gomadm/omadm"
)

// Match is the node that an address leads to.
type Match struct {
	Node Node
	uri  URI // as it was asked for
}

// Resolve returns the node that u leads to, whatever its query. A name that a node has by itself comes before one that
// is chosen at run time, and there is no way back: ./Device/Vendor/MSFT/Policy/Config/Camera is an area of Windows, and what
// it does not have is an error, while any policy of an area that is not known is taken for one of an application
// (Node.Ingested). The error is an *UnknownError.
//
// It does not allocate unless there is an error.
func (c *Catalog) Resolve(u URI) (Match, error) {
	n, ok := c.resolve(u)
	if !ok {
		return Match{}, c.unknown(u)
	}
	return Match{Node: n, uri: u}, nil
}

// resolve is Resolve without suggestions.
func (c *Catalog) resolve(u URI) (n Node, ok bool) {
	p, _, missing := c.walk(u.segments())
	if missing != "" || u.IsZero() {
		return Node{}, false
	}
	n = c.node(p)
	return n, !n.Ingested() || !c.foreign(u)
}

// foreign reports whether u, which leads to the policy of an application, is of an area that Windows has in the other
// scope: it is no application's.
func (c *Catalog) foreign(u URI) bool {
	first, rest, _ := strings.Cut(u.segments(), "/")
	p := c.step(c.root(), otherScope(first))
	if p.none() {
		return false
	}
	p, _, missing := c.walkFrom(p, rest)
	n := c.node(p)
	return missing == "" && !n.Ingested() || missing != "" && n.inArea()
}

// otherScope returns the first name of the other scope.
func otherScope(first string) string {
	if first == "User" {
		return "Device"
	}
	return "User"
}

// ResolveLocURI is Resolve of an address that has not been parsed. The error may be a *SyntaxError, too.
func (c *Catalog) ResolveLocURI(loc omadm.URI) (Match, error) {
	u, err := Parse(string(loc))
	if err != nil {
		return Match{}, err
	}
	return c.Resolve(u)
}

// URI returns the address in the case that the catalogue has; names that are chosen at run time are as they were asked
// for, and so is the query. It is the same for all addresses of a node.
func (m Match) URI() URI {
	if m.Node.IsZero() || m.spelt() {
		return m.uri
	}
	asked := strings.Split(m.uri.segments(), "/")
	t, i := m.Node.table()
	for j := len(asked) - 1; j >= 0 && i != 0; j-- {
		if t.flags(i)&flagDynamic == 0 {
			asked[j] = t.name(i)
		}
		i = t.parent(i)
	}
	loc := "./" + strings.Join(asked, "/")
	if q := m.uri.Query(); q != "" {
		loc += "?" + q
	}
	return URI{loc}
}

// spelt reports whether the address that was asked for is spelt as the catalogue has it.
func (m Match) spelt() bool {
	t, i := m.Node.table()
	for rest := m.uri.segments(); rest != "" && i != 0; i = t.parent(i) {
		cut := strings.LastIndexByte(rest, '/')
		if t.flags(i)&flagDynamic == 0 && rest[cut+1:] != t.name(i) {
			return false
		}
		rest = rest[:max(cut, 0)]
	}
	return true
}

// Params returns the names that were chosen at run time, unescaped, from the root on; nil when there are none.
func (m Match) Params() []string {
	if m.Node.IsZero() {
		return nil
	}
	var params []string
	t, i := m.Node.table()
	for rest := m.uri.segments(); i != 0; i = t.parent(i) {
		cut := strings.LastIndexByte(rest, '/')
		if t.flags(i)&flagDynamic != 0 {
			params = append(params, unescape(rest[cut+1:]))
		}
		rest = rest[:max(cut, 0)]
	}
	slices.Reverse(params)
	return params
}

// Fill returns the address that a template stands for where its placeholders, from the root on, are the names that
// were chosen at run time in m. It reports false when the template has more of them.
func (m Match) Fill(template string) (URI, bool) {
	segments, err := templateSegments(template)
	if err != nil {
		return URI{}, false
	}
	params := m.Params()
	for i, s := range segments {
		if _, ok := placeholder(s); !ok {
			continue
		}
		if len(params) == 0 {
			return URI{}, false
		}
		segments[i], params = omadm.EscapeSegment(params[0]), params[1:]
	}
	u, err := Parse("./" + strings.Join(segments, "/"))
	return u, err == nil
}

// UnknownError says that a catalogue does not have a node, which does not mean that no device has it.
type UnknownError struct {
	URI     URI
	Deepest Node   // the last node on the way that is known
	Missing string // the name that it does not have, unescaped
	// Suggest are known addresses that are spelt much like it, the nearest first.
	Suggest []URI
	// OtherScope is the address in the scope of the user instead of the device, or the other way round, when it is known
	// there; else the zero URI.
	OtherScope URI
	CSP        bool // the configuration service provider is known
	Area       bool // it is Policy, and the area is known
}

func (e *UnknownError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "csp: unknown node %s", quote(e.URI.String()))
	if !e.Deepest.IsZero() {
		fmt.Fprintf(&b, ": %s has no %s", e.Deepest, quote(e.Missing))
	}
	switch {
	case !e.OtherScope.IsZero():
		fmt.Fprintf(&b, "; it is in the other scope, %s", e.OtherScope)
	case len(e.Suggest) > 0:
		fmt.Fprintf(&b, "; did you mean %s?", e.Suggest[0])
	case !e.CSP:
		b.WriteString("; the configuration service provider is not known")
	}
	return b.String()
}

func (c *Catalog) unknown(u URI) *UnknownError {
	if u.IsZero() {
		return &UnknownError{}
	}
	p, depth, missing := c.walk(u.segments())
	for n := c.node(p); !n.isRoot() && (missing == "" || n.Dynamic() && n.Ingested()); n = c.node(p) { // foreign
		depth = c.node(p).Depth() - 1
		missing = u.segments()[len(prefix(u, depth))-1:]
		p = c.locate(c.node(p).parent())
	}
	name, rest, _ := strings.Cut(strings.TrimPrefix(missing, "/"), "/")
	deepest := c.node(p)
	return &UnknownError{
		URI: u, Deepest: deepest, Missing: unescape(name), CSP: deepest.inCSP(), Area: deepest.inArea(),
		OtherScope: c.otherScope(u), Suggest: c.suggest(u, p, depth, name, rest),
	}
}

// inCSP reports whether n is a configuration service provider or below one.
func (n Node) inCSP() bool {
	for ; !n.IsZero() && !n.isRoot(); n = n.parent() {
		if n.Described() {
			return true
		}
	}
	return false
}

// inArea reports whether n is an area of Policy that has a name of its own, or below one.
func (n Node) inArea() bool {
	t, i := n.table()
	var way [3]int // Policy, Config and the area, once i is MSFT
	for ; i != 0; i = t.parent(i) {
		if t.name(way[0]) == "Policy" && t.name(way[1]) == "Config" {
			return way[2] != 0 && t.flags(way[2])&flagDynamic == 0
		}
		way = [3]int{i, way[0], way[1]}
	}
	return false
}

// otherScope returns u in the other scope when c has it there.
func (c *Catalog) otherScope(u URI) URI {
	first, rest, _ := strings.Cut(u.segments(), "/")
	if first != "Device" && first != "User" {
		return URI{}
	}
	other := URI{"./" + otherScope(first) + "/" + rest}
	if n, ok := c.resolve(other); !ok || n.Ingested() {
		return URI{}
	}
	return other
}
