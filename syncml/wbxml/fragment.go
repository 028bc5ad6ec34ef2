package wbxml

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/gomadm/gomadm/syncml"
)

// maxNesting bounds how deep markup may be nested, so that no markup exhausts the stack.
const maxNesting = 1000

// fragment reads markup, which is well-formed content of an element.
type fragment struct {
	s     string
	depth int
}

// scope is what the names of an element mean: the page of those without a prefix and the prefixes that the
// element declares.
type scope struct {
	page     uint8
	declared string // the attributes of the element
	outer    *scope
}

// markup writes XML content as tokens. The page is that of names without a prefix.
func (e *encoder) markup(s string, page uint8) {
	if e.err != nil {
		return
	}
	f := fragment{s: s}
	e.content(&f, &scope{page: page})
	if e.err == nil && f.s != "" {
		e.fail("markup is not well-formed")
	}
}

// content writes text and elements up to an end tag or the end of the markup. Comments and processing
// instructions are left out: they say nothing.
func (e *encoder) content(f *fragment, sc *scope) {
	inline := false // an inline string is open
	for e.err == nil && f.s != "" && !strings.HasPrefix(f.s, "</") {
		if reason := f.pass(); reason != "" {
			e.fail(reason)
			return
		}
		switch {
		case f.s == "" || strings.HasPrefix(f.s, "</"):
		case f.s[0] == '<' && !strings.HasPrefix(f.s, cdataStart):
			e.endInline(&inline)
			e.child(f, sc)
		default:
			e.characters(f, &inline)
		}
	}
	e.endInline(&inline)
}

func (e *encoder) endInline(inline *bool) {
	if *inline {
		e.b = append(e.b, 0)
	}
	*inline = false
}

const (
	cdataStart = "<![CDATA["
	cdataEnd   = "]]>"
)

// pass skips a comment or processing instruction.
func (f *fragment) pass() (reason string) {
	for {
		switch {
		case strings.HasPrefix(f.s, "<!--"):
			_, rest, ok := strings.Cut(f.s[4:], "--")
			if !ok || !strings.HasPrefix(rest, ">") {
				return "markup has a malformed comment"
			}
			f.s = rest[1:]
		case strings.HasPrefix(f.s, "<?"):
			_, rest, ok := strings.Cut(f.s[2:], "?>")
			if !ok {
				return "markup has a malformed processing instruction"
			}
			f.s = rest
		default:
			return ""
		}
	}
}

// characters writes a stretch of text: up to the next markup or reference, one reference, or a CDATA
// section.
func (e *encoder) characters(f *fragment, inline *bool) {
	if rest, ok := strings.CutPrefix(f.s, cdataStart); ok {
		text, rest, ok := strings.Cut(rest, cdataEnd)
		if !ok {
			e.fail("markup has an open CDATA section")
			return
		}
		f.s = rest
		e.appendText(text, inline)
		return
	}
	if f.s[0] == '&' {
		name, rest, ok := strings.Cut(f.s[1:], ";")
		c, known := reference(name)
		if !ok || !known {
			e.fail("markup has an unknown reference")
			return
		}
		f.s = rest
		e.startInline(inline)
		e.b = utf8.AppendRune(e.b, c)
		return
	}
	end := strings.IndexAny(f.s, "<&")
	if end < 0 {
		end = len(f.s)
	}
	text := f.s[:end]
	f.s = f.s[end:]
	if strings.Contains(text, cdataEnd) {
		e.fail("markup is not well-formed")
		return
	}
	e.appendText(text, inline)
}

func (e *encoder) startInline(inline *bool) {
	if !*inline {
		e.b = append(e.b, tokenInline)
	}
	*inline = true
}

// appendText appends text as it stands in markup: line ends become line feeds (XML 1.0, section 2.11).
func (e *encoder) appendText(s string, inline *bool) {
	for _, c := range s {
		if !isChar(c) {
			e.fail("markup has a character that XML has not")
			return
		}
	}
	if !utf8.ValidString(s) {
		e.fail("markup is not UTF-8")
		return
	}
	if s == "" {
		return
	}
	e.startInline(inline)
	for {
		line, rest, more := strings.Cut(s, "\r")
		e.b = append(e.b, line...)
		if !more {
			return
		}
		e.b = append(e.b, '\n')
		s = strings.TrimPrefix(rest, "\n")
	}
}

// reference returns the character a reference stands for.
func reference(name string) (rune, bool) {
	switch name {
	case "amp":
		return '&', true
	case "lt":
		return '<', true
	case "gt":
		return '>', true
	case "quot":
		return '"', true
	case "apos":
		return '\'', true
	}
	digits, ok := strings.CutPrefix(name, "#")
	if !ok {
		return 0, false
	}
	base := 10
	if hex, ok := strings.CutPrefix(digits, "x"); ok {
		digits, base = hex, 16
	}
	if strings.HasPrefix(digits, "+") {
		return 0, false
	}
	n, err := strconv.ParseUint(digits, base, 32)
	return rune(n), err == nil && n <= utf8.MaxRune && isChar(rune(n))
}

// child writes the element that starts here.
func (e *encoder) child(f *fragment, outer *scope) {
	if f.depth++; f.depth > maxNesting {
		e.fail("markup is nested too deeply")
		return
	}
	name, attributes, empty, ok := f.startTag()
	if !ok {
		e.fail("markup is not well-formed")
		return
	}
	sc := scope{page: outer.page, declared: attributes, outer: outer}
	if reason := sc.declare(); reason != "" {
		e.fail(reason)
		return
	}
	t, ok := sc.resolve(name)
	switch {
	case !ok:
		e.fail("element in markup has no token")
		return
	case empty:
		e.empty(t)
	default:
		e.open(t)
		before := len(e.b)
		e.content(f, &sc)
		if e.err != nil {
			return
		}
		if !f.endTag(name) {
			e.fail("markup is not well-formed")
			return
		}
		if len(e.b) == before {
			e.b[before-1] &^= flagContent
		} else {
			e.close()
		}
	}
	f.depth--
}

// startTag reads a start tag: the name, the text of the attributes, and whether the element ends with it.
func (f *fragment) startTag() (name, attributes string, empty, ok bool) {
	s := f.s[1:]
	end := strings.IndexAny(s, " \t\r\n/>")
	if end <= 0 {
		return "", "", false, false
	}
	name, s = s[:end], s[end:]
	quote := byte(0)
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '>':
			attributes, f.s = s[:i], s[i+1:]
			attributes, empty = strings.CutSuffix(attributes, "/")
			return name, attributes, empty, true
		}
	}
	return "", "", false, false
}

// endTag reads the end tag of a name.
func (f *fragment) endTag(name string) bool {
	s, ok := strings.CutPrefix(f.s, "</"+name)
	if !ok {
		return false
	}
	f.s, ok = strings.CutPrefix(strings.TrimLeft(s, " \t\r\n"), ">")
	return ok
}

// attribute cuts the first attribute off s. It is false at the end and where s is malformed, when rest is
// not empty.
func attribute(s string) (name, value, rest string, ok bool) {
	t := strings.TrimLeft(s, " \t\r\n")
	if t == "" {
		return "", "", "", false
	}
	name, t, found := strings.Cut(t, "=")
	name, t = trim(name), trim(t)
	if !found || len(t) < 2 || len(s) == 0 || strings.IndexByte(" \t\r\n", s[0]) < 0 || t[0] != '"' && t[0] != '\'' {
		return "", "", s, false
	}
	value, rest, found = strings.Cut(t[1:], t[:1])
	if !found {
		return "", "", s, false
	}
	return name, value, rest, true
}

// declare takes the default namespace of the element into the scope. Other attributes than declarations have no
// tokens.
func (sc *scope) declare() (reason string) {
	rest, n := sc.declared, 0
	for {
		name, value, next, ok := attribute(rest)
		if !ok {
			if next != "" {
				return "markup is not well-formed"
			}
			return ""
		}
		rest = next
		if name == "xmlns" {
			if n++; n > 1 {
				return "markup is not well-formed"
			}
			if sc.page, ok = pageOf(value); !ok {
				sc.page = noPage
			}
		} else if !strings.HasPrefix(name, "xmlns:") {
			return "attribute in markup has no token"
		}
	}
}

// noPage stands for a namespace without tokens.
const noPage = pages // lookup knows no element of it

// resolve returns the element that has the name.
func (sc *scope) resolve(name string) (tag, bool) {
	prefix, local, prefixed := strings.Cut(name, ":")
	if !prefixed {
		return lookup(sc.page, name)
	}
	for ; sc != nil; sc = sc.outer {
		for rest := sc.declared; ; {
			name, value, next, ok := attribute(rest)
			if !ok {
				break
			}
			if bound, ok := strings.CutPrefix(name, "xmlns:"); ok && bound == prefix {
				page, ok := pageOf(value)
				if !ok {
					return 0, false
				}
				return lookup(page, local)
			}
			rest = next
		}
	}
	return 0, false
}

// pageOf returns the page of a namespace.
func pageOf(namespace string) (uint8, bool) {
	switch namespace {
	case syncml.NamespaceMeta:
		return pageMetInf, true
	case syncml.NamespaceTree:
		return pageTree, true
	case syncml.Namespace10, syncml.Namespace11, syncml.Namespace12:
		return pageSyncML, true
	}
	return 0, false
}
