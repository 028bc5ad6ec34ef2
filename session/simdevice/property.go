package simdevice

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/syncml"
)

// maxTitle is how long a title may be, in octets (OMA DM Tree and Description 1.2.1, section 7.7.5).
const maxTitle = 255

// property carries out a Get of ?prop (OMA DM Tree and Description 1.2.1, section 7.3).
func (t *Tree) property(p *spot, uri, property string) ([]syncml.Item, omadm.Status) {
	value, ok := p.deepest().property(property, p.name())
	switch {
	case !ok || !t.profile.traits().properties:
		return nil, omadm.StatusFeatureNotSupported
	case !p.permits(Get):
		return nil, omadm.StatusPermissionDenied
	}
	return []syncml.Item{{Source: syncml.Location{URI: uri}, Data: syncml.Text(value)}}, omadm.StatusOK
}

// name returns the name of the deepest node, "" for the root.
func (p *spot) name() string {
	if len(p.chain) == 1 {
		return ""
	}
	for name, c := range p.parent().deepest().children {
		if c == p.deepest() {
			return name
		}
	}
	return ""
}

// replaceProperty carries out a Replace of ?prop: of ACL, Name and Title only (section 7.5).
func (t *Tree) replaceProperty(p *spot, query, value string) (omadm.Status, undo) {
	property, ok := strings.CutPrefix(query, "prop=")
	e := p.deepest()
	_, known := e.property(property, "")
	switch {
	case !ok || !known || !t.profile.traits().properties:
		return omadm.StatusFeatureNotSupported, nothing
	case property == "ACL":
		return t.replaceACL(p, value)
	case property != "Name" && property != "Title":
		return omadm.StatusCommandNotAllowed, nothing
	case !p.permits(Replace):
		return omadm.StatusPermissionDenied, nothing
	case property == "Name":
		return t.rename(p, value)
	case len(value) > maxTitle:
		return omadm.StatusEntityTooLarge, nothing
	}
	return omadm.StatusOK, t.change(e, func() { e.Title = value })
}

// replaceACL sets an ACL. That of the root is never empty.
func (t *Tree) replaceACL(p *spot, value string) (omadm.Status, undo) {
	e := p.deepest()
	switch {
	case !p.permitsACL():
		return omadm.StatusPermissionDenied, nothing
	case value == "" && e == t.root:
		return omadm.StatusCommandNotAllowed, nothing
	case value != "" && !wellFormed(value):
		return omadm.StatusBadRequest, nothing
	}
	return omadm.StatusOK, t.change(e, func() { e.ACL = value })
}

// rename gives a node another name (section 7.7.3).
func (t *Tree) rename(p *spot, name string) (omadm.Status, undo) {
	e := p.deepest()
	switch {
	case e == t.root, e.Permanent:
		return omadm.StatusCommandNotAllowed, nothing
	case name == "" || strings.Contains(name, "/"):
		return omadm.StatusBadRequest, nothing
	case t.tooLong(url.PathEscape(name), []string{name}):
		return omadm.StatusURITooLong, nothing
	}
	parent, old := p.parent().deepest(), p.name()
	if parent.child(name) != nil {
		return omadm.StatusAlreadyExists, nothing
	}
	parent.rename(old, name)
	t.touch(e)
	return omadm.StatusOK, t.reversal(e, func() { parent.rename(name, old) })
}

// rename gives a child another name and leaves it in its place.
func (e *entry) rename(old, name string) {
	c := e.child(old)
	delete(e.children, old)
	e.children[name] = c
	for i, n := range e.names {
		if n == old {
			e.names[i] = name
		}
	}
}

// property returns the value of a property of e, whose name is name; ok is false when e has no such property
// (OMA DM Tree and Description 1.2.1, section 7.7).
func (e *entry) property(property, name string) (value string, ok bool) {
	switch property {
	case "ACL":
		return e.ACL, true
	case "Format":
		if e.Format == "" {
			return "chr", true
		}
		return e.Format, true
	case "Name":
		return name, true
	case "Size":
		return strconv.Itoa(len(e.Value.Value)), !e.Interior()
	case "Title":
		return e.Title, true
	case "TStamp":
		if e.changed.IsZero() {
			return "", true
		}
		return e.changed.UTC().Format("20060102T150405Z"), true
	case "Type":
		if e.Type == "" && !e.Interior() {
			return "text/plain", true
		}
		return e.Type, true
	case "VerNo":
		return strconv.Itoa(int(e.version)), true
	}
	return "", false
}
