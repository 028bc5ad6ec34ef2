package wbxml

import (
	"strings"
	"unicode/utf8"

	"github.com/gomadm/gomadm/syncml"
)

// trim drops the white space of XML around s.
func trim(s string) string {
	if s == "" || s[0] > ' ' && s[len(s)-1] > ' ' {
		return s
	}
	return strings.Trim(s, " \t\r\n")
}

// mark is a place in the document right behind the start of an element, to which the decoder can return.
type mark struct {
	pos   int
	page  uint8
	empty bool
}

func (d *decoder) mark() mark { return mark{d.pos, d.page, d.empty} }

func (d *decoder) rewind(m mark) { d.pos, d.page, d.empty = m.pos, m.page, m.empty }

// trimmed reads the element read last to its end and returns its text without the white space around it.
// Elements in it are passed over.
func (d *decoder) trimmed() string {
	if !d.empty {
		if s, ok := d.inline(); ok {
			return trim(s)
		}
	}
	s, _, opaque := d.characters()
	if opaque && !utf8.ValidString(s) {
		d.fail("text is not UTF-8")
	}
	return trim(s)
}

// characters reads the element read last to its end and returns its text, of whatever pieces it is made, and
// whether there was an element beside it or opaque data in it.
func (d *decoder) characters() (s string, nested, opaque bool) {
	if d.empty {
		d.empty = false
		return "", false, false
	}
	if s, ok := d.inline(); ok {
		return s, false, false
	}
	start := d.mark()
	pieces, length, joined := 0, 0, false
	for d.next() && d.kind != kindEnd {
		switch d.kind {
		case kindStart, kindEmpty:
			nested = true
			d.empty = d.kind == kindEmpty
			d.skip()
			continue
		case kindChar:
			joined = true // no substring of the message
			length += utf8.RuneLen(d.char)
		case kindOpaque, kindText:
			opaque = opaque || d.kind == kindOpaque
			s = d.text
			length += len(s)
		}
		pieces++
	}
	if joined || pieces > 1 {
		d.rewind(start)
		s = d.join(length)
	}
	return s, nested, opaque
}

// inline is the text of an element that holds one inline string and nothing else, as most do.
func (d *decoder) inline() (string, bool) {
	if d.s[d.pos] != tokenInline {
		return "", false
	}
	s := d.s[d.pos+1:]
	end, _ := termination(s)
	if s[end+1] != tokenEnd {
		return "", false
	}
	d.pos += end + 3
	return s[:end], true
}

// termination returns the index of the octet 0 that ends the inline string at the start of s, -1 if there is none, and
// whether the string is known to be ASCII. Most strings are numbers of a few digits, for which calls cost more than the
// search.
func termination(s string) (end int, ascii bool) {
	const short = 8
	for i := 0; i < len(s) && i < short; i++ {
		switch c := s[i]; {
		case c == 0:
			return i, true
		case c >= utf8.RuneSelf:
			return strings.IndexByte(s, 0), false
		}
	}
	return strings.IndexByte(s, 0), false
}

// join reads the element to its end and returns its text, which is of the length given.
func (d *decoder) join(length int) string {
	if !d.spend(length) {
		return ""
	}
	var b strings.Builder
	b.Grow(length)
	for d.next() && d.kind != kindEnd {
		switch d.kind {
		case kindChar:
			b.WriteRune(d.char)
		case kindText, kindOpaque:
			b.WriteString(d.text)
		case kindStart, kindEmpty:
			d.empty = d.kind == kindEmpty
			d.skip()
		}
	}
	return b.String()
}

// data reads a Data element. When it held opaque data and no element, the caller has to find out the kind.
func (d *decoder) data() (v syncml.Data, opaque bool) {
	start := d.mark()
	s, nested, opaque := d.characters()
	if nested {
		d.rewind(start)
		return syncml.Markup(d.content(pageSyncML, nil)), false
	}
	return syncml.Text(s), opaque
}

// formatBin is the Format of data that travels as raw octets (OMA DM Tree and Description 1.2, section 7.7.2).
const formatBin = "bin"

// formatOf is the Format that a Meta sets, or else the one inherited.
func formatOf(m *syncml.Meta, inherited string) string {
	if m != nil && m.Format != "" {
		return m.Format
	}
	return inherited
}

// isOctets reports whether opaque data is octets rather than text: when its Format says so, and when it is a
// document of its own in this encoding, as embedded trees and device information are.
func isOctets(format, value string) bool { return format == formatBin || isDocument(value) }

// kindOf tells what opaque data is. Text has to be UTF-8.
func (d *decoder) kindOf(value, format string, at int) syncml.DataKind {
	if isOctets(format, value) {
		return syncml.OctetsData
	}
	if !utf8.ValidString(value) {
		d.at = at
		d.fail("opaque data without the Format bin is not UTF-8")
	}
	return syncml.TextData
}

// unsettled is an item with opaque data. Its Format may stand in a Meta that comes later: its own, that of
// its command, or that of an Atomic or Sequence around it.
type unsettled struct {
	item *syncml.Item
	at   int
}

// settle tells the kind of the data of unsettled items, at the end of the element that m belongs to. An item
// without a Format waits for the element around.
func (d *decoder) settle(first int, m *syncml.Meta) {
	waiting := d.unsettled[:first]
	for _, u := range d.unsettled[first:] {
		format := formatOf(u.item.Meta, formatOf(m, ""))
		if format == "" && d.groups > 0 {
			waiting = append(waiting, u)
			continue
		}
		u.item.Data.Kind = d.kindOf(u.item.Data.Value, format, u.at)
	}
	d.unsettled = waiting
}
