package omadm

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// URI is the address of a node in the tree of a device, relative to its root, perhaps with a query for a
// property or a part of the tree (OMA DM Tree and Description 1.2.1, section 5). "./A" and "A" name the same
// node, "." is the root. Names of nodes are percent-escaped. Case is never folded.
//
// The methods accept every text and make sense of those that Validate accepts.
type URI string

// Root is the address of the root.
const Root URI = "."

// URIError says what is wrong with a URI.
type URIError struct {
	URI    URI
	Offset int    // in octets
	Reason string // never empty
	// Status is what a device would answer: 414 when a limit is exceeded, 406 for a query that it does not
	// know, 400 for all else.
	Status Status
}

func (e *URIError) Error() string {
	return fmt.Sprintf("omadm: URI %s: %s at octet %d", e.URI.quote(), e.Reason, e.Offset)
}

// quote returns u for use in a message, cut to a bearable length.
func (u URI) quote() string {
	const most = 120
	if len(u) > most {
		return fmt.Sprintf("%.*q… (%d octets)", most, string(u), len(u))
	}
	return fmt.Sprintf("%q", string(u))
}

// ParseURI returns s as a URI, or a *URIError when Validate refuses it. The text is kept as it is.
func ParseURI(s string) (URI, error) {
	u := URI(s)
	if err := u.Validate(); err != nil {
		return "", err
	}
	return u, nil
}

// Validate returns a *URIError unless u can be sent to a device: relative to the root, without empty, "." and
// ".." segments, without a delimiter at the end, well-formed in its escapes and in UTF-8, with no query but
// prop and list (OMA DM Tree and Description 1.2.1, sections 5, 7.3 and 8.1). Windows forbids a segment that is
// only an asterisk, too. Escaping does not make a forbidden name a permitted one. It does not allocate.
func (u URI) Validate() error {
	if u.simple() {
		return nil
	}
	if off, reason := u.path().checkPath(); reason != "" {
		return &URIError{URI: u, Offset: off, Reason: reason, Status: StatusBadRequest}
	}
	if q := strings.IndexByte(string(u), '?'); q >= 0 {
		if reason := checkQuery(string(u[q+1:])); reason != "" {
			return &URIError{URI: u, Offset: q + 1, Reason: reason, Status: StatusFeatureNotSupported}
		}
	}
	return nil
}

// simple reports whether u is written as most addresses are: "./" and names without escapes, none of which begins
// with a dot or an asterisk, and no query. Such a URI is valid and canonical, which a look at each octet tells.
func (u URI) simple() bool {
	if !strings.HasPrefix(string(u), "./") || u[len(u)-1] == '/' {
		return false
	}
	first := true // octet of a name
	for i := 2; i < len(u); i++ {
		c := u[i]
		if first && (c == '/' || c == '.' || c == '*') || !unescaped[c] && c != '/' {
			return false
		}
		first = c == '/'
	}
	return true
}

// checkPath returns the offset and the kind of the first fault, or an empty reason.
func (u URI) checkPath() (offset int, reason string) {
	switch {
	case u == "":
		return 0, "is empty"
	case u == Root:
		return 0, ""
	case u[0] == '/':
		return 0, "begins with a delimiter"
	}
	off := 0
	if strings.HasPrefix(string(u), "./") {
		off = 2
	}
	for {
		segment, _, more := strings.Cut(string(u[off:]), "/")
		if i, reason := checkSegment(segment); reason != "" {
			if segment == "" && !more {
				return off - 1, "ends in a delimiter"
			}
			return off + i, reason
		}
		if !more {
			return 0, ""
		}
		off += len(segment) + 1
	}
}

// checkSegment checks an escaped name.
func checkSegment(s string) (offset int, reason string) {
	if s == "" {
		return 0, "empty segment"
	}
	var seq utf8Sequence
	var first [2]byte // the name itself when it is that short
	n := 0
	for i := 0; i < len(s); n++ {
		c, width := s[i], 1
		if c == '%' {
			if c, width = unescape(s[i:]); width == 0 {
				return i, "broken escape"
			}
			if c == '/' {
				return i, "a name cannot contain a delimiter"
			}
		} else if !plain(c) {
			return i, "character that has to be escaped"
		}
		if c < ' ' || c == 0x7f {
			return i, "control character"
		}
		if !seq.next(c) {
			return i, "invalid UTF-8"
		}
		if n < len(first) {
			first[n] = c
		}
		i += width
	}
	if !seq.complete() {
		return len(s), "invalid UTF-8"
	}
	switch {
	case n == 1 && first[0] == '.', n == 2 && first == [2]byte{'.', '.'}:
		return 0, `segment "." or ".." after the start`
	case n == 1 && first[0] == '*':
		return 0, "segment that is only an asterisk"
	}
	return 0, ""
}

// plain reports whether c may stand in a segment as it is. More than RFC 3986 permits may: Windows names nodes
// by identifiers in braces, and reads UTF-8 that is not escaped.
func plain(c byte) bool {
	return c > ' ' && c != 0x7f && c != '"' && c != '<' && c != '>' && c != '#' && c != '?' && c != '/'
}

// utf8Sequence checks UTF-8 octet by octet, as escapes bring them.
type utf8Sequence struct {
	buf  [utf8.UTFMax]byte
	n    int // octets of an unfinished character
	need int // octets of the character
}

// next takes c and reports whether the octets so far begin valid UTF-8.
func (s *utf8Sequence) next(c byte) bool {
	if s.n == 0 {
		switch {
		case c < utf8.RuneSelf:
			return true
		case c >= 0xf0:
			s.need = 4
		case c >= 0xe0:
			s.need = 3
		case c >= 0xc0:
			s.need = 2
		default:
			return false
		}
	}
	s.buf[s.n] = c
	s.n++
	if s.n < s.need {
		return true
	}
	r, size := utf8.DecodeRune(s.buf[:s.n])
	ok := size == s.need && (r != utf8.RuneError || size == 3)
	s.n = 0
	return ok
}

// complete reports whether the last character has all its octets.
func (s *utf8Sequence) complete() bool { return s.n == 0 }

// unescape reads the escape that s begins with; the width is 0 if there is none.
func unescape(s string) (c byte, width int) {
	if len(s) < 3 || s[0] != '%' {
		return 0, 0
	}
	hi, ok1 := unhex(s[1])
	lo, ok2 := unhex(s[2])
	if !ok1 || !ok2 {
		return 0, 0
	}
	return hi<<4 | lo, 3
}

func unhex(c byte) (byte, bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10, true
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10, true
	}
	return 0, false
}

// unescaped says which octets EscapeSegment and Canonical leave as they are: those that RFC 2396 permits in a
// segment.
var unescaped = func() (set [256]bool) {
	for c := range set {
		b := byte(c)
		set[c] = '0' <= b && b <= '9' || 'A' <= b && b <= 'Z' || 'a' <= b && b <= 'z' ||
			strings.IndexByte("-_.!~*'():@&=+$,", b) >= 0
	}
	return set
}()

// EscapeSegment returns name as it stands in a URI: every octet that RFC 2396 does not permit in a segment is
// written as a percent sign and two upper-case hexadecimal digits. UnescapeSegment is its exact inverse.
// It escapes a delimiter too, but no device has a node with such a name, and Validate refuses it.
func EscapeSegment(name string) string {
	for i := range len(name) {
		if !unescaped[name[i]] {
			return string(appendEscaped(make([]byte, 0, len(name)+8), name))
		}
	}
	return name
}

func appendEscaped(b []byte, name string) []byte {
	const digits = "0123456789ABCDEF"
	for i := range len(name) {
		if c := name[i]; unescaped[c] {
			b = append(b, c)
		} else {
			b = append(b, '%', digits[c>>4], digits[c&15])
		}
	}
	return b
}

// UnescapeSegment returns the name that the segment s stands for. A broken escape is a *URIError.
func UnescapeSegment(s string) (string, error) {
	if strings.IndexByte(s, '%') < 0 {
		return s, nil
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); {
		if s[i] != '%' {
			b = append(b, s[i])
			i++
			continue
		}
		c, width := unescape(s[i:])
		if width == 0 {
			return "", &URIError{URI: URI(s), Offset: i, Reason: "broken escape", Status: StatusBadRequest}
		}
		b = append(b, c)
		i += width
	}
	return string(b), nil
}

// path returns u without its query.
func (u URI) path() URI {
	p, _, _ := strings.Cut(string(u), "?")
	return URI(p)
}

// segments returns the escaped segments of u, joined by "/"; empty for the root.
func (u URI) segments() string {
	p := string(u.path())
	if p == "." {
		return ""
	}
	return strings.TrimPrefix(p, "./")
}

// Path returns u without its query.
func (u URI) Path() URI { return u.path() }

// Absolute returns u in the form in which commands address nodes: with "./" before the first segment. All else
// is kept.
func (u URI) Absolute() URI {
	if u == "" || u == Root || strings.HasPrefix(string(u), "./") || strings.HasPrefix(string(u), ".?") {
		return u
	}
	return "./" + u
}

// Canonical returns the one spelling that all URIs of a node and query share: absolute, and escaped as
// EscapeSegment does it. It is meant for comparison and for keys; what a device is sent is the URI as the
// application wrote it.
func (u URI) Canonical() URI {
	if u.simple() || u.isCanonical() {
		return u
	}
	path, query, hasQuery := strings.Cut(string(u), "?")
	b := make([]byte, 0, len(u)+2)
	b = append(b, '.')
	for rest := URI(path).segments(); rest != ""; {
		var segment string
		segment, rest, _ = strings.Cut(rest, "/")
		b = append(b, '/')
		if name, err := UnescapeSegment(segment); err == nil {
			b = appendEscaped(b, name)
		} else {
			b = append(b, segment...)
		}
	}
	if hasQuery {
		b = append(append(b, '?'), query...)
	}
	return URI(b)
}

func (u URI) isCanonical() bool {
	p := string(u.path())
	if p == "." {
		return true
	}
	if !strings.HasPrefix(p, "./") {
		return false
	}
	for i := 0; i < len(p); i++ {
		c := p[i]
		if unescaped[c] || c == '/' {
			continue
		}
		c, width := unescape(p[i:])
		if width == 0 || unescaped[c] || p[i+1] >= 'a' || p[i+2] >= 'a' {
			return false
		}
		i += width - 1
	}
	return true
}

// Equal reports whether u and v name the same node, property or part of the tree, however they are spelt.
func (u URI) Equal(v URI) bool {
	return u == v || u.Canonical() == v.Canonical()
}

// Segments returns the names on the way from the root to the node, unescaped; nil for the root. A segment with
// a broken escape is returned as it is.
func (u URI) Segments() []string {
	s := u.segments()
	if s == "" {
		return nil
	}
	names := strings.Split(s, "/")
	for i, segment := range names {
		if name, err := UnescapeSegment(segment); err == nil {
			names[i] = name
		}
	}
	return names
}

// Depth returns the number of segments; 0 for the root.
func (u URI) Depth() int {
	s := u.segments()
	if s == "" {
		return 0
	}
	return strings.Count(s, "/") + 1
}

// Len returns the number of characters, the query included.
func (u URI) Len() int { return utf8.RuneCountInString(string(u)) }

// Base returns the name of the node, unescaped; empty for the root.
func (u URI) Base() string {
	s := u.segments()
	s = s[strings.LastIndexByte(s, '/')+1:]
	if name, err := UnescapeSegment(s); err == nil {
		return name
	}
	return s
}

// Parent returns the URI of the parent, without query. The root is its own parent.
func (u URI) Parent() URI {
	p := u.path()
	i := strings.LastIndexByte(string(p), '/')
	if i < 0 {
		return Root
	}
	return p[:i]
}

// Join returns the URI of the node that the names lead to from u. It escapes the names and drops the query of u.
func (u URI) Join(names ...string) URI {
	p := u.path()
	if p == "" {
		p = Root
	}
	if len(names) == 0 {
		return p
	}
	b := []byte(p)
	for _, name := range names {
		b = append(b, '/')
		b = appendEscaped(b, name)
	}
	return URI(b)
}

// HasPrefix reports whether the node of u is the node of prefix or below it. Queries do not count, and names
// are compared whole: "./AB" is not below "./A".
func (u URI) HasPrefix(prefix URI) bool {
	return u.path().Canonical().below(prefix.path().Canonical())
}

// below is HasPrefix of paths that are canonical.
func (u URI) below(prefix URI) bool {
	if prefix == Root {
		return true
	}
	return strings.HasPrefix(string(u), string(prefix)) && (len(u) == len(prefix) || u[len(prefix)] == '/')
}

// Scope returns UserScope for "./User" and what is below it, DeviceScope for all else: "./Device/…", and the
// plain "./Vendor/…" that means the device (MS-MDM; Windows calls them the user and device targets).
func (u URI) Scope() Scope {
	first, _, _ := strings.Cut(u.segments(), "/")
	if name, err := UnescapeSegment(first); err == nil && name == "User" {
		return UserScope
	}
	return DeviceScope
}

// URILimits are the limits that a device names in DevDetail/URI (OMA DM Standardized Objects 1.2.1, section
// 5.3.3). 0 means no limit.
type URILimits struct {
	MaxDepth  uint16 // segments
	MaxTotLen uint16 // characters of a URI
	MaxSegLen uint16 // characters of a segment
}

// Within returns a *URIError with status 414 when u exceeds one of the limits. Characters are counted as they
// are sent: an escape counts three, and the query counts.
func (u URI) Within(l URILimits) error {
	tooLong := func(offset int, reason string) error {
		return &URIError{URI: u, Offset: offset, Reason: reason, Status: StatusURITooLong}
	}
	sent := u.Absolute()
	if l.MaxTotLen > 0 && sent.Len() > int(l.MaxTotLen) {
		return tooLong(0, fmt.Sprintf("has %d characters, the device takes %d", sent.Len(), l.MaxTotLen))
	}
	if d := u.Depth(); l.MaxDepth > 0 && d > int(l.MaxDepth) {
		return tooLong(0, fmt.Sprintf("has %d segments, the device takes %d", d, l.MaxDepth))
	}
	if l.MaxSegLen == 0 {
		return nil
	}
	rest := u.segments()
	off := strings.Index(string(u), rest)
	for rest != "" {
		segment, tail, _ := strings.Cut(rest, "/")
		if n := utf8.RuneCountInString(segment); n > int(l.MaxSegLen) {
			return tooLong(off, fmt.Sprintf("segment of %d characters, the device takes %d", n, l.MaxSegLen))
		}
		off += len(segment) + 1
		rest = tail
	}
	return nil
}
