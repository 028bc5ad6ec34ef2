package wbxml

import (
	"strings"
	"unicode/utf8"

	"github.com/gomadm/gomadm/syncml"
)

// markup is XML text in the making: measured first, then written into memory of that size.
type markup struct {
	text      strings.Builder
	size      int
	measuring bool
	started   bool // a start tag lacks its end, since the element may turn out to be empty
}

func (m *markup) write(s string) {
	if s == "" {
		return
	}
	if m.started {
		m.started = false
		m.write(">")
	}
	if m.measuring {
		m.size += len(s)
		return
	}
	m.text.WriteString(s)
}

// content reads the element read last to its end and returns what it contains as XML. The page is the one whose
// namespace is the default where the text will stand. With an id, the CmdID among the children is
// read into it and left out.
func (d *decoder) content(page uint8, id *string) string {
	if d.empty {
		d.empty = false
		return ""
	}
	start := d.mark()
	m := markup{measuring: true}
	d.children(&m, page, id)
	if m.size == 0 || !d.spend(m.size) {
		return ""
	}
	d.rewind(start)
	m.measuring = false
	m.text.Grow(m.size)
	d.children(&m, page, id)
	return m.text.String()
}

func (d *decoder) children(m *markup, page uint8, id *string) {
	for d.next() {
		switch d.kind {
		case kindEnd:
			return
		case kindChar:
			d.escape(m, string(d.char))
		case kindText, kindOpaque:
			d.escape(m, d.text)
		case kindStart, kindEmpty:
			d.empty = d.kind == kindEmpty
			if id != nil && d.tag == tagCmdID {
				*id = d.trimmed()
				continue
			}
			d.element(m, page)
		}
	}
}

// element writes the element read last. A literal belongs to no namespace of its own.
func (d *decoder) element(m *markup, page uint8) {
	name := d.name()
	m.write("<")
	m.write(name)
	if own := d.tag.page(); d.literal == "" && own != page {
		page = own
		m.write(` xmlns="`)
		m.write(d.space(own))
		m.write(`"`)
	}
	m.started = true
	if !d.empty {
		d.children(m, page, nil)
	}
	d.empty = false
	if m.started {
		m.started = false
		m.write("/>")
		return
	}
	m.write("</")
	m.write(name)
	m.write(">")
}

// space is the namespace of a page.
func (d *decoder) space(page uint8) string {
	switch page {
	case pageMetInf:
		return syncml.NamespaceMeta
	case pageTree:
		return syncml.NamespaceTree
	}
	return d.namespace
}

// escape writes character data.
func (d *decoder) escape(m *markup, s string) {
	if d.kind == kindOpaque && !utf8.ValidString(s) {
		d.fail("opaque data in markup is not UTF-8")
		return
	}
	from := 0
	for i, c := range s {
		reference := ""
		switch c {
		case '&':
			reference = "&amp;"
		case '<':
			reference = "&lt;"
		case '>':
			reference = "&gt;"
		case '\r':
			reference = "&#xD;"
		default:
			if !isChar(c) {
				d.fail("character in markup is none of XML")
				return
			}
			continue
		}
		m.write(s[from:i])
		m.write(reference)
		from = i + 1
	}
	m.write(s[from:])
}
