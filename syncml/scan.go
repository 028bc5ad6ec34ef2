package syncml

import (
	"encoding/binary"
	"math/bits"
	"strings"
	"unicode/utf8"
)

// scanner reads the lexical parts of XML 1.0 and Namespaces in XML 1.0 off a string, and refuses
// what is not well formed. The first fault is kept and moves the position to the end, so that every loop over
// the input ends and callers look at failed only when they are through.
type scanner struct {
	src      string
	pos      int
	depth    int  // open elements
	fragment bool // the input is the content of an element: it may end with text
	hold     bool // the caller ends the scope of empty elements
	limits   Limits

	failed bool
	fault  fault

	names      []string // open elements of skip
	bindings   []binding
	bound      int         // depth of the innermost binding
	emptySpace string      // namespace name of the last empty element, whose bindings are gone
	original   string      // value of the attribute originalerror of the last tag that is marked
	attrs      []attribute // of the tag being read
	markup     markupScope
	kept       textArena
	scratch    []byte
}

// fault is what is known of an error when it is found; path and line are computed later.
type fault struct {
	offset int
	reason string
	limit  string // field of Limits, empty for a syntax error
	max    int
}

// tag is a start tag or an empty-element tag.
type tag struct {
	name   string // as written, with its prefix
	id     element
	empty  bool
	marked bool // scanner.original belongs to it
}

// attribute is an attribute of the tag being read.
type attribute struct {
	name  string
	local int // where the local name starts in name, 0 without a prefix
	from  int // the value
	to    int
	dirty bool // the value has references or white space to normalise
}

func (s *scanner) fail(reason string) {
	if !s.failed {
		s.failed = true
		s.fault = fault{offset: s.pos, reason: reason}
	}
	s.pos = len(s.src)
}

func (s *scanner) failAt(offset int, reason string) {
	s.pos = offset
	s.fail(reason)
}

func (s *scanner) exceed(limit string, max int) {
	if !s.failed {
		s.failed = true
		s.fault = fault{offset: s.pos, limit: limit, max: max}
	}
	s.pos = len(s.src)
}

// at says whether the input goes on with x.
func (s *scanner) at(x string) bool {
	return len(s.src)-s.pos >= len(x) && s.src[s.pos:s.pos+len(x)] == x
}

// Classes of ASCII characters in names.
const (
	nameStart = 1 << iota
	nameInner
	nameSpace
)

var nameClass = func() (class [256]uint8) {
	for c := 'a'; c <= 'z'; c++ {
		class[c] = nameStart | nameInner
		class[c-'a'+'A'] = nameStart | nameInner
	}
	class['_'] = nameStart | nameInner
	for c := '0'; c <= '9'; c++ {
		class[c] = nameInner
	}
	class['-'], class['.'] = nameInner, nameInner
	for _, c := range " \t\r\n" {
		class[c] = nameSpace
	}
	return class
}()

// nameRunes are the letters beyond ASCII that names may have: Latin, Greek, Cyrillic, kana, han and hangul
// as far as all editions of XML 1.0 agree on them.
var nameRunes = [...][2]rune{
	{0xC0, 0xD6}, {0xD8, 0xF6}, {0xF8, 0x131}, {0x134, 0x13E}, {0x141, 0x148}, {0x14A, 0x17E}, {0x38E, 0x3A1 - 1},
	{0x3A3, 0x3CE}, {0x401, 0x40C}, {0x40E, 0x44F}, {0x451, 0x45C}, {0x3041, 0x3094}, {0x30A1, 0x30FA},
	{0x4E00, 0x9FA5}, {0xAC00, 0xD7A3},
}

func nameRune(r rune) bool {
	for _, span := range nameRunes {
		if span[0] <= r && r <= span[1] {
			return r != 0x38D && r != 0x3A2
		}
	}
	return false
}

func (s *scanner) skipSpace() {
	src, p := s.src, s.pos
	for p < len(src) && nameClass[src[p]] == nameSpace {
		p++
	}
	s.pos = p
}

// ncName moves over a name without a colon.
func (s *scanner) ncName() {
	start := s.pos
	for s.pos < len(s.src) {
		c := s.src[s.pos]
		if c < utf8.RuneSelf {
			if nameClass[c]&nameInner == 0 {
				break
			}
			s.pos++
			continue
		}
		r, size := utf8.DecodeRuneInString(s.src[s.pos:])
		if !nameRune(r) {
			break
		}
		s.pos += size
	}
	if s.pos == start || s.src[start] < utf8.RuneSelf && nameClass[s.src[start]]&nameStart == 0 {
		s.failAt(start, "a name is expected")
	}
}

// qName moves over a name that may have a prefix and returns it with the place of its local part.
func (s *scanner) qName() (name string, local int) {
	start := s.pos
	s.ncName()
	if s.pos < len(s.src) && s.src[s.pos] == ':' {
		s.pos++
		local = s.pos - start
		s.ncName()
	}
	if s.failed {
		return "", 0
	}
	return s.src[start:s.pos], local
}

// ahead counts, up to most, the elements of a local name that begin in the rest of the input. What only looks like a start
// tag, such as text in a CDATA section, is counted with them, so that there are never more elements than that.
func (s *scanner) ahead(name string, most int) (n int) {
	src, p := s.src, s.pos
	for n < most {
		i := strings.Index(src[p:], name)
		if i < 0 {
			break
		}
		p += i
		if before := src[p-1]; before == '<' || before == ':' {
			n++
		}
		p += len(name)
	}
	return n
}

// openMetInf follows the name of nearly every child of Meta.
const openMetInf = ` xmlns="` + NamespaceMeta + `">`

// open reads a tag from behind its "<".
func (s *scanner) open() (t tag) {
	src, start := s.src, s.pos
	p := start
	for p < len(src) && nameClass[src[p]]&nameInner != 0 {
		p++
	}
	if s.depth++; s.depth > s.limits.Depth {
		s.exceed("Depth", s.limits.Depth)
		return tag{}
	}
	if p == start || p == len(src) || nameClass[src[start]]&nameStart == 0 {
		return s.openSlow()
	}
	switch c := src[p]; {
	case c == '>':
		t.name = src[start:p]
		t.id = elementOf(t.name)
		s.pos = p + 1
	case c == ' ':
		t.name = src[start:p]
		t.id = elementOf(t.name)
		s.pos = p
		// What a Meta field holds does not depend on the default namespace, unless it is kept as markup.
		if t.id.metaField() && !s.markup.on && !s.fragment && !s.hold && s.at(openMetInf) {
			s.pos += len(openMetInf)
			break
		}
		s.attributes(&t)
	case c == '/' && p+1 < len(src) && src[p+1] == '>':
		t.name = src[start:p]
		t.id = elementOf(t.name)
		t.empty = true
		s.pos = p + 2
	default:
		return s.openSlow()
	}
	if s.markup.on {
		s.markup.element(s, "")
	}
	if t.empty && !s.hold {
		s.emptySpace = s.namespace("")
		s.leave()
	}
	return t
}

// openSlow is open for names with a prefix or letters beyond ASCII, and for tags without a plain end.
func (s *scanner) openSlow() (t tag) {
	name, local := s.qName()
	if s.failed {
		return tag{}
	}
	t.name = name
	t.id = elementOf(name[local:])
	s.attributes(&t)
	prefix := ""
	if local > 0 {
		prefix = name[:local-1]
		if prefix == "xmlns" || !s.isBound(prefix) {
			s.fail("the prefix of the element is not bound")
		}
	}
	if s.failed {
		return tag{}
	}
	if s.markup.on {
		s.markup.element(s, prefix)
	}
	if t.empty && !s.hold {
		s.emptySpace = s.namespace(prefix)
		s.leave()
	}
	return t
}

// leave ends the scope of the innermost element.
func (s *scanner) leave() {
	if s.bound == s.depth {
		s.unbind()
	}
	s.depth--
}

// close reads the end tag of an element; the position is at its "</".
func (s *scanner) close(name string) {
	p := s.pos + 2
	src := s.src
	if len(src)-p > len(name) && src[p:p+len(name)] == name {
		p += len(name)
		if src[p] == '>' {
			s.pos = p + 1
			s.leave()
			return
		}
		s.pos = p
		s.skipSpace()
		if s.pos < len(src) && src[s.pos] == '>' {
			s.pos++
			s.leave()
			return
		}
		s.pos = p - len(name) - 2
	}
	if !s.failed {
		s.fail("the end tag does not match")
	}
}

// attributes reads from behind the name of a tag to behind its ">".
func (s *scanner) attributes(t *tag) {
	attrs := s.attrs[:0]
	prefixed := 0
	src := s.src
	for {
		before := s.pos
		s.skipSpace()
		if s.pos >= len(src) {
			s.fail("the message ends inside a tag")
			return
		}
		if src[s.pos] == '>' {
			s.pos++
			break
		}
		if s.at("/>") {
			s.pos += 2
			t.empty = true
			break
		}
		if s.pos == before {
			s.fail("white space is missing before an attribute")
			return
		}
		if len(attrs) == s.limits.Attributes {
			s.exceed("Attributes", s.limits.Attributes)
			return
		}
		a := s.attribute()
		if s.failed {
			return
		}
		for i := range attrs {
			if attrs[i].name == a.name {
				s.fail("an attribute is given twice")
				return
			}
		}
		attrs = append(attrs, a)
		if a.local > 0 || a.name == "xmlns" {
			prefixed++
		}
	}
	s.attrs = attrs
	if prefixed > 0 {
		s.resolve(t, attrs)
	}
}

// attribute reads one attribute.
func (s *scanner) attribute() (a attribute) {
	a.name, a.local = s.qName()
	s.skipSpace()
	if s.pos >= len(s.src) || s.src[s.pos] != '=' {
		s.fail("an attribute has no value")
		return a
	}
	s.pos++
	s.skipSpace()
	if s.pos >= len(s.src) || s.src[s.pos] != '"' && s.src[s.pos] != '\'' {
		s.fail("the value of an attribute is not quoted")
		return a
	}
	quote := s.src[s.pos]
	s.pos++
	a.from = s.pos
	for s.pos < len(s.src) {
		switch c := s.src[s.pos]; {
		case c == quote:
			a.to = s.pos
			s.pos++
			return a
		case c == '<':
			s.fail("< in the value of an attribute")
			return a
		case c == '&':
			a.dirty = true
			if _, s.pos = s.reference(s.pos); s.failed {
				return a
			}
		case c == '\t' || c == '\n' || c == '\r':
			a.dirty = true
			s.pos++
		case c >= ' ' && c < utf8.RuneSelf:
			s.pos++
		default:
			s.char()
		}
	}
	s.fail("the message ends inside a tag")
	return a
}

// value returns the value of an attribute.
func (s *scanner) value(a *attribute) string {
	if !a.dirty {
		return s.src[a.from:a.to]
	}
	out := s.scratch[:0]
	for p := a.from; p < a.to; {
		switch c := s.src[p]; c {
		case '&':
			var r rune
			r, p = s.reference(p)
			out = utf8.AppendRune(out, r)
		case '\t', '\n', '\r':
			if c == '\r' && s.src[p+1] == '\n' {
				p++
			}
			out = append(out, ' ')
			p++
		default:
			out = append(out, c)
			p++
		}
	}
	s.scratch = out
	return s.kept.string(out, len(s.src)-s.pos)
}

// char moves over one character outside printable ASCII.
func (s *scanner) char() {
	c := s.src[s.pos]
	if c < utf8.RuneSelf {
		if c < ' ' && nameClass[c] != nameSpace {
			s.fail("a character that XML does not allow")
			return
		}
		s.pos++
		return
	}
	r, size := utf8.DecodeRuneInString(s.src[s.pos:])
	switch {
	case r == utf8.RuneError && size == 1:
		s.fail("octets that are not UTF-8")
	case r == 0xFFFE || r == 0xFFFF:
		s.fail("a character that XML does not allow")
	default:
		s.pos += size
	}
}

// reference reads the reference at p, which is at a "&", and returns what follows it.
func (s *scanner) reference(p int) (r rune, next int) {
	rest := s.src[p:]
	if len(rest) > 3 && rest[1] == '#' {
		return s.charReference(p)
	}
	switch {
	case strings.HasPrefix(rest, "&lt;"):
		return '<', p + 4
	case strings.HasPrefix(rest, "&gt;"):
		return '>', p + 4
	case strings.HasPrefix(rest, "&amp;"):
		return '&', p + 5
	case strings.HasPrefix(rest, "&quot;"):
		return '"', p + 6
	case strings.HasPrefix(rest, "&apos;"):
		return '\'', p + 6
	}
	s.failAt(p, "& that begins no reference, or an entity that is not declared")
	return 0, s.pos
}

func (s *scanner) charReference(p int) (r rune, next int) {
	i, base := p+2, rune(10)
	if s.src[i] == 'x' {
		i, base = i+1, 16
	}
	for first := i; i < len(s.src); i++ {
		var digit rune
		switch c := s.src[i]; {
		case '0' <= c && c <= '9':
			digit = rune(c - '0')
		case base == 16 && 'a' <= c|0x20 && c|0x20 <= 'f':
			digit = rune(c|0x20-'a') + 10
		case c == ';' && i > first && isChar(r):
			return r, i + 1
		default:
			s.failAt(p, "a character reference that is malformed or out of range")
			return 0, s.pos
		}
		if r = r*base + digit; r > utf8.MaxRune {
			break
		}
	}
	s.failAt(p, "a character reference that is malformed or out of range")
	return 0, s.pos
}

// isChar says whether XML 1.0 can carry r.
func isChar(r rune) bool {
	return r >= ' ' && r <= 0xD7FF || r == '\t' || r == '\n' || r == '\r' || r >= 0xE000 && r <= 0xFFFD || r >= 0x10000 && r <= utf8.MaxRune
}

// The word at a time tests: a byte of the result is at least 0x80 where a byte of the word is of interest.
// Borrows can add hits above a true one, never below it, so the lowest hit is right.
const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

func load64(s string, p int) uint64 {
	w := s[p : p+8]
	return uint64(w[0]) | uint64(w[1])<<8 | uint64(w[2])<<16 | uint64(w[3])<<24 |
		uint64(w[4])<<32 | uint64(w[5])<<40 | uint64(w[6])<<48 | uint64(w[7])<<56
}

// run moves over character data to the next "<". It reports whether the text holds references or carriage
// returns and has to be unescaped; references are not checked here.
func (s *scanner) run() (dirty bool) {
	src, p := s.src, s.pos
	for {
		for len(src)-p >= 8 {
			w := load64(src, p)
			angle := (w | 0x02*ones) ^ '>'*ones // "<" and ">" differ in one bit
			amp := w ^ '&'*ones
			hit := (w - ' '*ones) &^ w
			hit |= (angle - ones) &^ angle
			hit |= (amp - ones) &^ amp
			if hit = (hit | w) & highs; hit != 0 {
				p += bits.TrailingZeros64(hit) >> 3
				goto stop
			}
			p += 8
		}
		for p < len(src) && src[p] >= ' ' && src[p] < utf8.RuneSelf && src[p] != '<' && src[p] != '&' && src[p] != '>' {
			p++
		}
		if p >= len(src) {
			if s.pos = p; !s.fragment {
				s.fail("the message ends inside an element")
			}
			return dirty
		}
	stop:
		switch c := src[p]; {
		case c == '<':
			s.pos = p
			return dirty
		case c == '&' || c == '\r':
			dirty = true
			p++
		case c == '>':
			if p-2 >= s.pos && src[p-1] == ']' && src[p-2] == ']' {
				s.failAt(p-2, "]]> outside a CDATA section")
				return false
			}
			p++
		case c == '\n' || c == '\t':
			p++
		default:
			from := s.pos
			for p < len(src) && src[p] >= utf8.RuneSelf || p < len(src) && src[p] < ' ' && src[p] != '\n' {
				s.pos = p
				if s.char(); s.failed {
					return false
				}
				dirty = dirty || src[p] == '\r'
				p = s.pos
			}
			s.pos = from
		}
	}
}

// unescape appends the character data from, to, which ends at a "<", to dst with references resolved and line
// ends made "\n".
func (s *scanner) unescape(dst []byte, from, to int) []byte {
	// No reference is shorter than what it stands for; words are stored whole before it is known how much of
	// them counts.
	n := len(dst)
	dst = grown(dst, to-from+8)
	dst = dst[:cap(dst)]
	for p := from; p < to; {
		for len(s.src)-p >= 8 {
			w := load64(s.src, p)
			binary.LittleEndian.PutUint64(dst[n:], w)
			amp, angle, cr := w^'&'*ones, w^'<'*ones, w^'\r'*ones
			hit := ((amp-ones)&^amp | (angle-ones)&^angle | (cr-ones)&^cr) & highs
			if hit != 0 {
				k := bits.TrailingZeros64(hit) >> 3
				n += k
				p += k
				break
			}
			n += 8
			p += 8
		}
		if p >= to {
			break
		}
		switch c := s.src[p]; c {
		case '&':
			var r rune
			if r, p = s.reference(p); s.failed {
				return dst[:n]
			}
			if r < utf8.RuneSelf {
				dst[n] = byte(r)
				n++
			} else {
				n += utf8.EncodeRune(dst[n:], r)
			}
		case '\r':
			dst[n] = '\n'
			n++
			if p++; s.src[p] == '\n' {
				p++
			}
		default:
			dst[n] = c
			n++
			p++
		}
	}
	return dst[:n]
}

// stray moves over character data that is of no interest to the next "<".
func (s *scanner) stray() {
	start := s.pos
	if !s.run() {
		return
	}
	end := s.pos
	for p := start; ; {
		i := strings.IndexByte(s.src[p:end], '&')
		if i < 0 {
			return
		}
		if _, p = s.reference(p + i); s.failed {
			return
		}
	}
}

const openCDATA = "<![CDATA["

// cdata reads a CDATA section and returns where its text is and whether it has carriage returns.
func (s *scanner) cdata() (from, to int, dirty bool) {
	src, p := s.src, s.pos+len(openCDATA)
	from = p
	for {
		for len(src)-p >= 8 {
			w := load64(src, p)
			end := w ^ ']'*ones
			hit := (w-' '*ones)&^w | (end-ones)&^end
			if hit = (hit | w) & highs; hit != 0 {
				p += bits.TrailingZeros64(hit) >> 3
				break
			}
			p += 8
		}
		if p >= len(src) {
			s.failAt(p, "the message ends inside a CDATA section")
			return 0, 0, false
		}
		s.pos = p
		if c := src[p]; c == ']' && s.at("]]>") {
			s.pos += len("]]>")
			return from, p, dirty
		} else if c == '\r' {
			dirty = true
			p++
		} else if c >= ' ' && c < utf8.RuneSelf {
			p++
		} else if s.char(); s.failed {
			return 0, 0, false
		} else {
			p = s.pos
		}
	}
}

// aside moves over a comment or a processing instruction, and over a CDATA section as it is text between
// elements.
func (s *scanner) aside() {
	switch {
	case s.at("<!--"):
		s.comment()
	case s.at("<?"):
		s.instruction()
	case s.at(openCDATA):
		s.cdata()
	default:
		s.fail("a declaration inside an element")
	}
}

func (s *scanner) comment() {
	start := s.pos
	s.pos += len("<!--")
	for s.pos < len(s.src) {
		switch c := s.src[s.pos]; {
		case c == '-' && s.at("--"):
			if !s.at("-->") {
				s.fail("-- inside a comment")
				return
			}
			s.pos += len("-->")
			return
		case c >= ' ' && c < utf8.RuneSelf:
			s.pos++
		default:
			s.char()
		}
	}
	if !s.failed {
		s.failAt(start, "a comment that does not end")
	}
}

func (s *scanner) instruction() {
	start := s.pos
	s.pos += len("<?")
	s.ncName()
	if s.failed {
		return
	}
	if target := s.src[start+len("<?") : s.pos]; strings.EqualFold(target, "xml") {
		s.failAt(start, "an XML declaration that is not at the start")
		return
	}
	if !s.at("?>") && (s.pos == len(s.src) || nameClass[s.src[s.pos]] != nameSpace) {
		s.fail("a malformed processing instruction")
		return
	}
	for s.pos < len(s.src) {
		switch c := s.src[s.pos]; {
		case c == '?' && s.at("?>"):
			s.pos += len("?>")
			return
		case c >= ' ' && c < utf8.RuneSelf:
			s.pos++
		default:
			s.char()
		}
	}
	if !s.failed {
		s.failAt(start, "a processing instruction that does not end")
	}
}

// next returns the next child of an element. After the last one it reads the end tag.
func (s *scanner) next(parent tag) (child tag, ok bool) {
	if parent.empty {
		return tag{}, false
	}
	for {
		src := s.src
		if s.pos < len(src) && src[s.pos] != '<' {
			s.skipSpace()
			if s.pos < len(src) && src[s.pos] != '<' {
				s.stray()
			}
		}
		if s.pos+1 >= len(src) {
			s.fail("the message ends inside an element")
			return tag{}, false
		}
		switch src[s.pos+1] {
		case '/':
			s.close(parent.name)
			return tag{}, false
		case '!', '?':
			s.aside()
		default:
			s.pos++
			child = s.open()
			return child, !s.failed
		}
	}
}

// skip reads an element to its end.
func (s *scanner) skip(t tag) {
	if t.empty {
		return
	}
	bottom := len(s.names)
	s.names = append(s.names, t.name)
	for len(s.names) > bottom && !s.failed {
		s.stray()
		if s.pos+1 >= len(s.src) {
			s.fail("the message ends inside an element")
			break
		}
		switch s.src[s.pos+1] {
		case '/':
			top := len(s.names) - 1
			s.close(s.names[top])
			s.names = s.names[:top]
		case '!', '?':
			s.aside()
		default:
			s.pos++
			if child := s.open(); !child.empty {
				s.names = append(s.names, child.name)
			}
		}
	}
	s.names = s.names[:bottom]
}
