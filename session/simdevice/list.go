package simdevice

import (
	"encoding/base64"
	"net/url"
	"slices"
	"strings"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/syncml"
)

// list carries out a Get of ?list (OMA DM Tree and Description 1.2.1, section 8).
func (t *Tree) list(p *spot, uri, kind string) ([]syncml.Item, omadm.Status) {
	base, _, _ := strings.Cut(uri, "?")
	switch kind {
	case "Struct", "StructData":
		return p.list(nil, base, kind == "StructData"), omadm.StatusOK
	}
	picked, ok := pick(kind)
	if !ok || !t.profile.traits().tnds {
		return nil, omadm.StatusFeatureNotSupported
	}
	w := &serializer{picked: picked}
	w.b.WriteString(`<MgmtTree xmlns="syncml:dmddf1.2"><VerDTD>1.2</VerDTD>`)
	w.node(p, "", p.name()) // a node without a name is the one that was asked for
	w.b.WriteString("</MgmtTree>")
	return []syncml.Item{{
		Source: syncml.Location{URI: uri},
		Meta:   &syncml.Meta{Format: "xml", Type: typeTNDS},
		Data:   syncml.Text(w.b.String()),
	}}, omadm.StatusOK
}

// Media types of serialised trees (OMA DM Tree and Description Serialization 1.2, section 5).
const (
	typeSerialised = "application/vnd.syncml.dmtnds"
	typeTNDS       = typeSerialised + "+xml"
)

// list appends the node at p and all below it that may be read.
func (p *spot) list(items []syncml.Item, uri string, values bool) []syncml.Item {
	e := p.deepest()
	it := e.item(uri, values)
	if e.Interior() {
		it.Data = syncml.Data{}
	}
	items = append(items, it)
	for _, name := range e.names {
		if c := p.below(name); c.readable() {
			items = c.list(items, uri+"/"+url.PathEscape(name), values)
		}
	}
	return items
}

// below returns the spot of a child of the deepest node.
func (p *spot) below(name string) *spot {
	return &spot{t: p.t, chain: append(p.chain[:len(p.chain):len(p.chain)], p.deepest().child(name))}
}

func (p *spot) readable() bool { return p.deepest().Access&Get != 0 && p.permits(Get) }

// serialised are the names that ?list=TNDS can pick or leave out: the properties, in the order in which they are
// written, and the value.
var serialised = [...]string{"ACL", "Format", "Name", "Size", "Title", "TStamp", "Type", "VerNo", "Value"}

// pick reads what follows list=: TNDS, then either +name for what is wanted or -name for what is not (section 8.2).
func pick(kind string) (picked map[string]bool, ok bool) {
	rest, ok := strings.CutPrefix(kind, "TNDS")
	if !ok {
		return nil, false
	}
	leaveOut := !strings.HasPrefix(rest, "+")
	picked = make(map[string]bool)
	for _, name := range serialised {
		picked[name] = leaveOut
	}
	sign := "-"
	if !leaveOut {
		sign = "+"
	}
	for rest != "" {
		if rest, ok = strings.CutPrefix(rest, sign); !ok {
			return nil, false
		}
		end := strings.IndexAny(rest, "+-")
		if end < 0 {
			end = len(rest)
		}
		name := rest[:end]
		if !slices.Contains(serialised[:], name) {
			return nil, false
		}
		picked[name], rest = !leaveOut, rest[end:]
	}
	return picked, true
}

// serializer writes nodes as TNDS (OMA DM Tree and Description Serialization 1.2, section 6).
type serializer struct {
	b      strings.Builder
	picked map[string]bool
}

// node writes the node at p; written is its NodeName, name the property.
func (w *serializer) node(p *spot, written, name string) {
	e := p.deepest()
	w.b.WriteString("<Node>")
	w.text("NodeName", written)
	w.properties(e, name)
	for _, child := range e.names {
		if c := p.below(child); c.readable() {
			w.node(c, child, child)
		}
	}
	if !e.Interior() && w.picked["Value"] && e.Format != "null" {
		value := e.Value.Value
		if e.Value.Kind == syncml.OctetsData {
			value = base64.StdEncoding.EncodeToString([]byte(value))
		}
		w.text("Value", value)
	}
	w.b.WriteString("</Node>")
}

func (w *serializer) properties(e *entry, name string) {
	var b serializer
	for _, property := range serialised {
		value, ok := e.property(property, name)
		switch {
		case !ok || !w.picked[property] || value == "" && property != "Type":
		case property == "Format":
			b.b.WriteString("<Format><" + value + "/></Format>")
		case property == "Type" && e.Interior():
			if value != "" {
				b.b.WriteString("<Type><DDFName>" + escapeMarkup(value) + "</DDFName></Type>")
			}
		case property == "Type":
			b.b.WriteString("<Type><MIME>" + escapeMarkup(value) + "</MIME></Type>")
		default:
			b.text(property, value)
		}
	}
	if b.b.Len() > 0 {
		w.b.WriteString("<RTProperties>" + b.b.String() + "</RTProperties>")
	}
}

func (w *serializer) text(element, value string) {
	w.b.WriteString("<" + element + ">" + escapeMarkup(value) + "</" + element + ">")
}

func escapeMarkup(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "\r", "&#13;").Replace(s)
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
