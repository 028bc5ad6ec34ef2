package wbxml

import (
	"strings"
	"unicode/utf8"

	"github.com/gomadm/gomadm/syncml"
)

// reader reads a document token by token. All texts are substrings of s. The first error sticks and ends
// every loop over next.
type reader struct {
	s     string
	table string // the string table, a part of s
	pos   int
	page  uint8
	err   error

	attributes int // the most an element may have; 0: any number
	referenced int // octets of the strings of the table referred to so far

	// The token read last.
	kind    kind
	tag     tag    // of an element; 0 for a literal that no page knows
	literal string // the name when the element is a literal
	text    string // of kindText and kindOpaque
	char    rune   // of kindChar
	at      int    // offset of the token
}

type kind uint8

const (
	kindStart  kind = iota // an element with content
	kindEmpty              // an element without
	kindEnd                // the end of an element with content
	kindText               // an inline string or one of the string table
	kindOpaque             // octets of a known length
	kindChar               // a character entity
)

// fail records a fault at the current token.
func (r *reader) fail(reason string) {
	if r.err == nil {
		r.err = &syncml.SyntaxError{Offset: r.at, Reason: reason}
	}
}

// exceed records that a limit is passed at the current token.
func (r *reader) exceed(limit string, most int) {
	if r.err == nil {
		r.err = &syncml.LimitError{Limit: limit, Max: most, Offset: r.at}
	}
}

const truncated = "message ends too early"

// next reads one token. Page switches, attributes and processing instructions are read and passed over. It
// returns false after a fault; the end of the octets is one, since a document ends with its root.
func (r *reader) next() bool {
	for r.err == nil {
		r.at = r.pos
		if r.pos >= len(r.s) {
			r.fail(truncated)
			break
		}
		c := r.s[r.pos]
		r.pos++
		switch c {
		case tokenSwitchPage:
			r.switchPage()
			continue
		case tokenPI:
			r.skipAttributes()
			continue
		case tokenEnd:
			r.kind = kindEnd
			return true
		}
		if c&0x3f > tokenLiteral {
			r.tag, r.literal = tag(r.page)<<6|tag(c&0x3f), ""
			if names[r.tag] == "" {
				r.fail("unknown token")
				break
			}
			if c&flagAttributes != 0 {
				r.skipAttributes()
			}
			r.kind = kindEmpty
			if c&flagContent != 0 {
				r.kind = kindStart
			}
			return r.err == nil
		}
		if c&0x3f == tokenLiteral {
			r.readLiteral(c)
		} else {
			r.readText(c)
		}
		return r.err == nil
	}
	return false
}

// maxName is the longest name a literal can have, in octets. Errors and markup repeat names.
const maxName = 255

func (r *reader) switchPage() {
	if r.pos >= len(r.s) {
		r.fail(truncated)
		return
	}
	r.page = r.s[r.pos]
	r.pos++
	if r.page >= pages {
		r.fail("unknown code page")
	}
}

// readLiteral reads an element whose name stands in the string table. A name that a code page has means that
// element, the current page first.
func (r *reader) readLiteral(c byte) {
	name := r.tableString(r.number())
	if r.err != nil {
		return
	}
	if len(name) > maxName || !isName(name) {
		r.fail("literal is not a name of at most 255 octets")
		return
	}
	t, ok := lookup(r.page, name)
	for p := uint8(pageSyncML); !ok && p <= pageMetInf; p++ {
		t, ok = lookup(p, name)
	}
	if c&flagAttributes != 0 {
		r.skipAttributes()
	}
	r.tag, r.literal, r.kind = t, name, kindEmpty
	if c&flagContent != 0 {
		r.kind = kindStart
	}
}

// readText reads what follows one of the tokens of character data.
func (r *reader) readText(c byte) {
	switch c {
	case tokenInline:
		end := strings.IndexByte(r.s[r.pos:], 0)
		if end < 0 {
			r.fail(truncated)
			return
		}
		r.kind, r.text = kindText, r.s[r.pos:r.pos+end]
		r.pos += end + 1
	case tokenTable:
		r.kind, r.text = kindText, r.tableString(r.number())
	case tokenOpaque:
		n := r.number()
		if r.err == nil && int64(n) > int64(len(r.s)-r.pos) {
			r.fail("opaque data is longer than the message")
		}
		if r.err != nil {
			return
		}
		r.kind, r.text = kindOpaque, r.s[r.pos:r.pos+int(n)]
		r.pos += int(n)
	case tokenEntity:
		n := r.number()
		if r.err == nil && (n > utf8.MaxRune || !isChar(rune(n))) {
			r.fail("entity is not a character")
		}
		r.kind, r.char = kindChar, rune(n)
	default:
		r.fail("extension token")
	}
}

// number reads an mb_u_int32 (WAP Binary XML 1.3, section 5.1).
func (r *reader) number() uint32 {
	if r.err != nil {
		return 0
	}
	n := uint64(0)
	for i := 0; i < 5; i++ {
		if r.pos >= len(r.s) {
			r.fail(truncated)
			return 0
		}
		c := r.s[r.pos]
		r.pos++
		n = n<<7 | uint64(c&0x7f)
		if c < 0x80 {
			if n > 1<<32-1 {
				break
			}
			return uint32(n)
		}
	}
	r.fail("number is longer than 32 bits")
	return 0
}

// skipAttributes passes over attributes, which no element of SyncML has, up to and with their END.
// Attributes have code pages of their own.
func (r *reader) skipAttributes() {
	started := 0
	for r.err == nil {
		if r.pos >= len(r.s) {
			r.fail(truncated)
			return
		}
		c := r.s[r.pos]
		r.pos++
		switch c {
		case tokenEnd:
			return
		case tokenSwitchPage:
			if r.pos++; r.pos > len(r.s) {
				r.fail(truncated)
			}
			continue
		case tokenInline, tokenTable, tokenEntity, tokenOpaque:
			r.readText(c)
			if r.err == nil && r.kind == kindText && !utf8.ValidString(r.text) {
				r.fail("text is not UTF-8")
			}
			continue
		case tokenLiteral:
			r.tableString(r.number())
		default:
			if c&0x3f <= tokenLiteral {
				r.fail("token does not belong into attributes")
				return
			}
			if c >= 0x80 {
				continue // a part of a value
			}
		}
		if started++; r.attributes > 0 && started > r.attributes {
			r.exceed("Attributes", r.attributes)
		}
	}
}

// isChar reports whether c is a character of XML 1.0.
func isChar(c rune) bool {
	switch {
	case c < 0x20:
		return c == '\t' || c == '\n' || c == '\r'
	case c < 0xd800:
		return true
	}
	return c > 0xdfff && c != 0xfffe && c != 0xffff && c <= utf8.MaxRune
}

// isName reports whether s is the name of an XML element without a prefix.
func isName(s string) bool {
	for i, c := range s {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', c == '_', isNameRune(c):
		case i > 0 && (c == '-' || c == '.' || '0' <= c && c <= '9' || c == 0xb7 || 0x300 <= c && c <= 0x36f || c == 0x203f || c == 0x2040):
		default:
			return false
		}
	}
	return s != ""
}

// isNameRune reports whether a character beyond ASCII may start a name (XML 1.0, fifth edition, section 2.3).
func isNameRune(c rune) bool {
	for _, r := range [...][2]rune{
		{0xc0, 0xd6}, {0xd8, 0xf6}, {0xf8, 0x2ff}, {0x370, 0x37d}, {0x37f, 0x1fff}, {0x200c, 0x200d}, {0x2070, 0x218f},
		{0x2c00, 0x2fef}, {0x3001, 0xd7ff}, {0xf900, 0xfdcf}, {0xfdf0, 0xfffc}, {0x10000, 0xeffff},
	} {
		if r[0] <= c && c <= r[1] {
			return true
		}
	}
	return false
}
