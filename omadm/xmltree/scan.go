package xmltree

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf8"
)

var byteOrderMark = []byte("\xef\xbb\xbf")

// maxAttributes bounds the attributes of an element, which are compared with each other.
const maxAttributes = 64

// scanner reads a document once and keeps nothing of it but offsets.
type scanner struct {
	b   []byte
	at  int
	lim Limits

	tokens  int
	deepest int
	open    []tag // elements that are open
	last    position
	begun   bool // there was an element
	docType bool // there was one

	part part
	cut  int                   // depth of the elements before which a part may end; 0: there is one part
	f    func(*Document) error // is called with each part
}

// name is where a name stands.
type name struct{ from, to int }

// tag is the start tag of an element.
type tag struct {
	name
	start position
	end   int // offset behind it
}

func (s *scanner) text(n name) []byte { return s.b[n.from:n.to] }

func (s *scanner) fail(at int, reason string) error {
	return &SyntaxError{Offset: at, Line: lineAt(s.b, at), Reason: reason}
}

// token counts what costs memory.
func (s *scanner) token() error {
	if s.tokens++; s.lim.Tokens > 0 && s.tokens > s.lim.Tokens {
		return &LimitError{Limit: "Tokens", Max: s.lim.Tokens, Offset: s.at}
	}
	if s.part.tokens++; s.lim.Part > 0 && s.part.tokens > s.lim.Part {
		return &LimitError{Limit: "Part", Max: s.lim.Part, Offset: s.at}
	}
	return nil
}

func (s *scanner) document() error {
	if s.lim.Octets > 0 && len(s.b) > s.lim.Octets {
		return &LimitError{Limit: "Octets", Max: s.lim.Octets, Offset: s.lim.Octets}
	}
	if i := notXML(s.b); i >= 0 {
		return s.fail(i, "octet that is no character of XML in UTF-8")
	}
	if bytes.HasPrefix(s.b, byteOrderMark) {
		s.at = len(byteOrderMark)
	}
	if err := s.declaration(); err != nil {
		return err
	}
	for s.at < len(s.b) {
		if err := s.next(); err != nil {
			return err
		}
	}
	switch {
	case len(s.open) > 0:
		return s.fail(s.at, "ends inside an element")
	case !s.begun:
		return s.fail(s.at, "has no element")
	}
	return s.endPart()
}

// notXML returns the offset of the first octet of b that is not part of a character of XML 1.0 in UTF-8, or -1.
func notXML(b []byte) int {
	for i := 0; i < len(b); {
		if c := b[i]; c < utf8.RuneSelf {
			if c < ' ' && !isSpace(c) {
				return i
			}
			i++
			continue
		}
		r, size := utf8.DecodeRune(b[i:])
		if size == 1 || !isChar(r) {
			return i
		}
		i += size
	}
	return -1
}

// Carries reports whether a document can have s as its text or as the value of an attribute: it is UTF-8, and has no
// characters that XML does not know, such as most control characters.
func Carries(s string) bool { return notXML([]byte(s)) < 0 }

func isChar(r rune) bool {
	return r == '\t' || r == '\n' || r == '\r' || ' ' <= r && r <= 0xd7ff || 0xe000 <= r && r <= 0xfffd ||
		0x10000 <= r && r <= utf8.MaxRune
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

func (s *scanner) has(prefix string) bool { return bytes.HasPrefix(s.b[s.at:], []byte(prefix)) }

func (s *scanner) space() (some bool) {
	start := s.at
	for s.at < len(s.b) && isSpace(s.b[s.at]) {
		s.at++
	}
	return s.at > start
}

// through moves behind the next end from the octet at from on.
func (s *scanner) through(from int, end, reason string) error {
	if from > len(s.b) {
		return s.fail(s.at, reason)
	}
	i := bytes.Index(s.b[from:], []byte(end))
	if i < 0 {
		return s.fail(s.at, reason)
	}
	s.at = from + i + len(end)
	return nil
}

// declaration reads the XML declaration: version 1.0, and an encoding that is part of UTF-8.
func (s *scanner) declaration() error {
	if !s.has("<?xml") || len(s.b) == s.at+5 || !isSpace(s.b[s.at+5]) {
		return nil
	}
	start := s.at
	if err := s.through(s.at, "?>", "open XML declaration"); err != nil {
		return err
	}
	text := string(s.b[start+5 : s.at-2])
	if v := pseudoAttribute(text, "version"); v != "1.0" {
		return s.fail(start, "version of XML that is not 1.0")
	}
	switch strings.ToLower(pseudoAttribute(text, "encoding")) {
	case "", "utf-8", "us-ascii":
		return nil
	}
	return s.fail(start, "encoding that is not UTF-8")
}

func pseudoAttribute(text, name string) string {
	_, rest, _ := strings.Cut(text, name)
	rest = strings.TrimLeft(rest, " \t\r\n")
	rest = strings.TrimLeft(strings.TrimPrefix(rest, "="), " \t\r\n")
	if rest == "" || rest[0] != '"' && rest[0] != '\'' {
		return ""
	}
	value, _, _ := strings.Cut(rest[1:], rest[:1])
	return value
}

func (s *scanner) next() error {
	switch {
	case s.b[s.at] != '<':
		return s.characters()
	case s.has("<!--"):
		return s.comment()
	case s.has("<?"):
		return s.instruction()
	case s.has("<![CDATA["):
		return s.cdata()
	case s.has("<!"):
		return s.documentType()
	case s.has("</"):
		return s.endTag()
	}
	return s.startTag()
}

func (s *scanner) comment() error {
	start := s.at
	if err := s.through(s.at+4, "--", "open comment"); err != nil {
		return err
	}
	if !s.has(">") {
		return s.fail(start, "malformed comment")
	}
	s.at++
	return s.token()
}

func (s *scanner) instruction() error {
	start := s.at
	if err := s.through(s.at+2, "?>", "open processing instruction"); err != nil {
		return err
	}
	target, _, _ := bytes.Cut(s.b[start+2:s.at-2], []byte(" "))
	if len(target) == 0 || bytes.EqualFold(target, []byte("xml")) {
		return s.fail(start, "malformed processing instruction")
	}
	return s.token()
}

func (s *scanner) cdata() error {
	if len(s.open) == 0 {
		return s.fail(s.at, "text outside the root")
	}
	if err := s.through(s.at, "]]>", "open CDATA section"); err != nil {
		return err
	}
	return s.token()
}

// characters reads text up to the next markup.
func (s *scanner) characters() error {
	end := len(s.b)
	if i := bytes.IndexByte(s.b[s.at:], '<'); i >= 0 {
		end = s.at + i
	}
	text := s.b[s.at:end]
	if len(s.open) == 0 {
		if i := len(text) - len(bytes.TrimLeft(text, " \t\r\n")); i < len(text) {
			return s.fail(s.at+i, "text outside the root")
		}
	}
	if i := bytes.Index(text, []byte("]]>")); i >= 0 {
		return s.fail(s.at+i, "end of a CDATA section in text")
	}
	if err := s.references(s.at, end); err != nil {
		return err
	}
	s.at = end
	return nil
}

// references checks the references to characters between two offsets.
func (s *scanner) references(from, to int) error {
	for {
		i := bytes.IndexByte(s.b[from:to], '&')
		if i < 0 {
			return nil
		}
		from += i
		const longest = 12 // &#x0010ffff;
		end := bytes.IndexByte(s.b[from:min(to, from+longest)], ';')
		if end < 0 || !isReference(string(s.b[from+1:from+end])) {
			return s.fail(from, "reference to an unknown entity or character")
		}
		from += end
	}
}

func isReference(name string) bool {
	switch name {
	case "amp", "lt", "gt", "quot", "apos":
		return true
	}
	digits, ok := strings.CutPrefix(name, "#")
	if !ok {
		return false
	}
	base := 10
	if hex, ok := strings.CutPrefix(digits, "x"); ok {
		digits, base = hex, 16
	}
	n, err := strconv.ParseUint(digits, base, 32)
	return err == nil && n <= utf8.MaxRune && isChar(rune(n))
}

// documentType reads a DOCTYPE.
func (s *scanner) documentType() error {
	start := s.at
	switch {
	case !s.has("<!DOCTYPE") || s.docType || s.begun:
		return s.fail(start, "declaration in the wrong place")
	case !s.lim.DocType:
		return s.fail(start, "document type")
	}
	s.docType = true
	s.at += len("<!DOCTYPE")
	for s.at < len(s.b) {
		switch c := s.b[s.at]; c {
		case '>':
			s.at++
			return s.token()
		case '"', '\'':
			if err := s.through(s.at+1, string(c), "open literal"); err != nil {
				return err
			}
		case '[':
			s.at++
			if err := s.subset(); err != nil {
				return err
			}
		case '<':
			return s.fail(s.at, "malformed document type")
		default:
			s.at++
		}
	}
	return s.fail(start, "open document type")
}

// subset reads the internal subset of a DOCTYPE.
func (s *scanner) subset() error {
	for {
		s.space()
		var err error
		switch {
		case s.has("]"):
			s.at++
			return nil
		case s.has("<!--"):
			err = s.comment()
		case s.has("<?"):
			err = s.instruction()
		default:
			return s.fail(s.at, "declaration in the document type")
		}
		if err != nil {
			return err
		}
	}
}

// name reads a name; what may be in one is left to etree.
func (s *scanner) name() (name, bool) {
	start := s.at
	for s.at < len(s.b) && !isSpace(s.b[s.at]) && strings.IndexByte("<>/=\"'&?!", s.b[s.at]) < 0 {
		s.at++
	}
	return name{start, s.at}, s.at > start
}

func (s *scanner) startTag() error {
	start := s.at
	if s.begun && len(s.open) == 0 {
		return s.fail(start, "second root")
	}
	if len(s.open) < s.cut && start-s.part.from >= partOctets+len(s.part.head) {
		if err := s.endPart(); err != nil {
			return err
		}
	}
	s.at++
	n, ok := s.name()
	if !ok {
		return s.fail(start, "malformed tag")
	}
	if s.lim.Depth > 0 && len(s.open) == s.lim.Depth {
		return &LimitError{Limit: "Depth", Max: s.lim.Depth, Offset: start}
	}
	if err := s.token(); err != nil {
		return err
	}
	s.begun = true
	s.last = position{start, s.last.line + bytes.Count(s.b[s.last.offset:start], []byte{'\n'})}
	s.part.starts = append(s.part.starts, s.last)
	s.open = append(s.open, tag{name: n, start: s.last})
	s.deepest = max(s.deepest, len(s.open))
	if err := s.attributes(); err != nil {
		return err
	}
	if s.has("/>") {
		s.at += 2
		s.open = s.open[:len(s.open)-1]
		return nil
	}
	s.at++
	s.open[len(s.open)-1].end = s.at
	return nil
}

// attributes reads up to the end of a start tag.
func (s *scanner) attributes() error {
	var seen [maxAttributes]name
	for n := 0; ; n++ {
		spaced := s.space()
		if s.has(">") || s.has("/>") {
			return nil
		}
		at := s.at
		attr, ok := s.name()
		if !spaced || !ok {
			return s.fail(at, "malformed tag")
		}
		for _, other := range seen[:n] {
			if bytes.Equal(s.text(attr), s.text(other)) {
				return s.fail(at, "attribute twice")
			}
		}
		if n == maxAttributes {
			return s.fail(at, "too many attributes")
		}
		seen[n] = attr
		if err := s.value(); err != nil {
			return err
		}
		if err := s.token(); err != nil {
			return err
		}
	}
}

// value reads the equals sign and the value of an attribute.
func (s *scanner) value() error {
	at := s.at
	s.space()
	equals := s.has("=")
	s.at++
	s.space()
	if !equals || !s.has(`"`) && !s.has("'") {
		return s.fail(at, "attribute without a value")
	}
	from := s.at + 1
	if err := s.through(from, string(s.b[s.at]), "open attribute"); err != nil {
		return err
	}
	if i := bytes.IndexByte(s.b[from:s.at], '<'); i >= 0 {
		return s.fail(from+i, "tag in an attribute")
	}
	return s.references(from, s.at)
}

func (s *scanner) endTag() error {
	start := s.at
	s.at += 2
	n, _ := s.name()
	s.space()
	if !s.has(">") || len(s.open) == 0 || !bytes.Equal(s.text(n), s.text(s.open[len(s.open)-1].name)) {
		return s.fail(start, "end of an element that is not open")
	}
	s.at++
	s.open = s.open[:len(s.open)-1]
	return nil
}
