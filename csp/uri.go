package csp

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/gomadm/gomadm/omadm"
)

// URI is the address of a node of a Windows device in the one spelling that Parse makes of all that Windows takes for
// the same: "./Vendor/MSFT/X", "Device/Vendor/MSFT/X" and "./Device/Vendor/MSFT/%58" are "./Device/Vendor/MSFT/X".
//
// It is comparable. Two URIs that are == address the same; whether case counts in a name depends on the node, so that
// it is kept, and Equal and HasPrefix pass over it. As the key of a map that must not be bypassed by spelling use Fold,
// for one that holds what is known of nodes Match.URI.
//
// The zero URI addresses nothing.
type URI struct{ loc string }

// SyntaxError says why a text is no URI.
type SyntaxError struct {
	Input  string
	Offset int // octets of Input before the fault
	Code   SyntaxCode
}

func (e *SyntaxError) Error() string {
	const most = 120
	input := e.Input
	if len(input) > most {
		input = strings.ToValidUTF8(input[:most], "") + "…"
	}
	return fmt.Sprintf("csp: URI %q: %s at octet %d", input, e.Code.reason(), e.Offset)
}

// SyntaxCode names a fault of a URI.
type SyntaxCode string

// The faults.
const (
	EmptyURI     SyntaxCode = "empty"
	AbsoluteURI  SyntaxCode = "absolute"  // begins with a delimiter
	EmptySegment SyntaxCode = "segment"   // two delimiters side by side, or one at the end
	DotSegment   SyntaxCode = "dots"      // "." or ".." where it is not the start
	Wildcard     SyntaxCode = "wildcard"  // a name that is only an asterisk
	BlankAtEnd   SyntaxCode = "blank"     // white space at the start or end of a name, or of the whole
	ControlChar  SyntaxCode = "control"   // control character, escaped or not
	BadCharacter SyntaxCode = "character" // has to be escaped
	BadEscape    SyntaxCode = "escape"    // percent sign without two hexadecimal digits
	BadUTF8      SyntaxCode = "utf8"
	BadQuery     SyntaxCode = "query" // neither ?prop= nor ?list=
)

// syntaxReasons is no map, which would have to be made when a program starts.
var syntaxReasons = [...]struct {
	code   SyntaxCode
	reason string
}{
	{EmptyURI, "is empty"},
	{AbsoluteURI, `begins with "/": start with "./"`},
	{EmptySegment, "empty name between delimiters"},
	{DotSegment, `name "." or ".."`},
	{Wildcard, "name that is only an asterisk"},
	{BlankAtEnd, "white space around a name"},
	{ControlChar, "control character"},
	{BadCharacter, "character that has to be escaped"},
	{BadEscape, "broken escape"},
	{BadUTF8, "invalid UTF-8"},
	{BadQuery, "query that is neither prop nor list"},
}

func (c SyntaxCode) reason() string {
	for _, r := range syntaxReasons {
		if r.code == c {
			return r.reason
		}
	}
	return string(c)
}

// Parse returns the address that s spells, or a *SyntaxError. It takes what Windows takes: with or without "./", with
// ./Vendor for ./Device/Vendor, the first name in any case, escapes, and the queries ?prop and ?list. Blanks inside a
// name need no escape.
func Parse(s string) (URI, error) {
	if off, code := check(s); code != "" {
		return URI{}, &SyntaxError{Input: s, Offset: off, Code: code}
	}
	u := string(omadm.URI(s).Canonical())
	first, rest := u, ""
	if i := strings.IndexAny(u[1:], "/?"); i == 0 && u[1] == '/' { // "./first…"
		first = u[2:]
		if j := strings.IndexAny(first, "/?"); j >= 0 {
			first, rest = first[:j], first[j:]
		}
	}
	for _, scope := range [...]struct{ name, loc string }{
		{"Device", "./Device"}, {"User", "./User"}, {"Vendor", "./Device/Vendor"},
	} {
		if !equalASCII(first, scope.name) {
			continue
		}
		if strings.HasPrefix(u, scope.loc) && len(u) == len(scope.loc)+len(rest) {
			return URI{u}, nil
		}
		return URI{scope.loc + rest}, nil
	}
	return URI{u}, nil
}

// MustParse is Parse for constants. It panics where Parse returns an error.
func MustParse(s string) URI {
	u, err := Parse(s)
	if err != nil {
		panic(err)
	}
	return u
}

// check returns the first fault of s, or no code.
func check(s string) (offset int, code SyntaxCode) {
	path, query, hasQuery := strings.Cut(s, "?")
	switch {
	case path == "":
		return 0, EmptyURI
	case blank(s[0]):
		return 0, BlankAtEnd
	case path[0] == '/':
		return 0, AbsoluteURI
	}
	if path != "." {
		if offset, code = checkPath(path); code != "" {
			return offset, code
		}
	}
	if hasQuery {
		if blank(s[len(s)-1]) {
			return len(s) - 1, BlankAtEnd
		}
		if (omadm.Root + omadm.URI("?"+query)).Validate() != nil {
			return len(path) + 1, BadQuery
		}
	}
	return 0, ""
}

func checkPath(path string) (offset int, code SyntaxCode) {
	off := 0
	if strings.HasPrefix(path, "./") {
		off = 2
	}
	for {
		segment, _, more := strings.Cut(path[off:], "/")
		if i, code := checkSegment(segment); code != "" {
			return off + i, code
		}
		if !more {
			return 0, ""
		}
		off += len(segment) + 1
	}
}

// checkSegment checks a name, escaped or not.
func checkSegment(s string) (offset int, code SyntaxCode) {
	switch {
	case s == "":
		return 0, EmptySegment
	case blank(s[0]):
		return 0, BlankAtEnd
	case blank(s[len(s)-1]):
		return len(strings.TrimRight(s, " \t\r\n")), BlankAtEnd
	}
	for i := range len(s) {
		switch c := s[i]; {
		case c < ' ' || c == 0x7f:
			return i, ControlChar
		case c == '"' || c == '<' || c == '>' || c == '#':
			return i, BadCharacter
		}
	}
	name, err := omadm.UnescapeSegment(s)
	switch {
	case err != nil:
		return badEscape(s), BadEscape
	case !utf8.ValidString(name):
		return 0, BadUTF8
	case name == "." || name == "..":
		return 0, DotSegment
	case name == "*":
		return 0, Wildcard
	case strings.ContainsFunc(name, unicode.IsControl):
		return strings.IndexByte(s, '%'), ControlChar
	}
	return 0, ""
}

// badEscape returns the offset of the first broken escape of s.
func badEscape(s string) int {
	for i := range len(s) {
		if s[i] == '%' {
			if _, err := omadm.UnescapeSegment(s[i:min(i+3, len(s))]); err != nil {
				return i
			}
		}
	}
	return 0
}

func blank(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

// String returns the address in its one spelling, ready for a LocURI; empty for the zero URI.
func (u URI) String() string { return u.loc }

// LocURI returns the address for an operation.
func (u URI) LocURI() omadm.URI { return omadm.URI(u.loc) }

// IsZero reports whether u is the zero URI.
func (u URI) IsZero() bool { return u.loc == "" }

// MarshalText returns String.
func (u URI) MarshalText() ([]byte, error) { return []byte(u.loc), nil }

// UnmarshalText is Parse; an empty text is the zero URI.
func (u *URI) UnmarshalText(b []byte) (err error) {
	*u = URI{}
	if len(b) > 0 {
		*u, err = Parse(string(b))
	}
	return err
}

// Scope returns omadm.UserScope for ./User and what is below it, omadm.DeviceScope for all else.
func (u URI) Scope() omadm.Scope { return u.LocURI().Scope() }

// Query returns what follows the question mark, such as "list=Struct"; empty if there is nothing.
func (u URI) Query() string { return u.LocURI().Query() }

// Path returns u without its query.
func (u URI) Path() URI { return URI{string(u.LocURI().Path())} }

// Segments returns the names on the way to the node, unescaped: "Device", "Vendor", …
func (u URI) Segments() []string { return u.LocURI().Segments() }

// Depth returns the number of names; 0 for the root.
func (u URI) Depth() int { return u.LocURI().Depth() }

// Segment returns the name at position i, unescaped; empty when there is none.
func (u URI) Segment(i int) string {
	for rest := u.segments(); rest != ""; i-- {
		var s string
		s, rest, _ = strings.Cut(rest, "/")
		if i == 0 {
			return unescape(s)
		}
	}
	return ""
}

// Base returns the name of the node, unescaped; empty for the root.
func (u URI) Base() string { return u.LocURI().Base() }

// Parent returns the address of the parent, without query. The root is its own parent.
func (u URI) Parent() URI { return URI{string(u.LocURI().Parent())} }

// Join returns the address of the node that the names lead to from u. The names are escaped; none of them may be
// empty, "." or "..", or hold a control character: then the result is the zero URI. The query of u is left out.
func (u URI) Join(names ...string) URI {
	loc := string(u.LocURI().Join(names...))
	if loc == u.Path().loc {
		return URI{loc}
	}
	joined, err := Parse(loc)
	if err != nil {
		return URI{}
	}
	return joined
}

// Equal reports whether u and v address the same, case aside.
func (u URI) Equal(v URI) bool {
	return u == v || u.HasPrefix(v) && v.HasPrefix(u) && strings.EqualFold(u.Query(), v.Query())
}

// HasPrefix reports whether u addresses the node of prefix or one below it, however they are spelt: names are compared
// whole and without regard to case, and queries do not count. So a list of what is denied cannot be bypassed by
// spelling. Nothing is below the zero URI.
func (u URI) HasPrefix(prefix URI) bool {
	if u.loc == "" || prefix.loc == "" {
		return false
	}
	a, b := u.segments(), prefix.segments()
	for b != "" {
		if a == "" {
			return false
		}
		var x, y string
		x, a, _ = strings.Cut(a, "/")
		y, b, _ = strings.Cut(b, "/")
		if !equalASCII(x, y) && !strings.EqualFold(unescape(x), unescape(y)) {
			return false
		}
	}
	return true
}

// Fold returns u with the case of all names but the scope taken away: u.Fold() == v.Fold() if u.Equal(v).
func (u URI) Fold() URI {
	path, query, hasQuery := strings.Cut(u.loc, "?")
	b := make([]byte, 0, len(u.loc))
	for i, s := range strings.Split(path, "/") {
		switch {
		case i > 0:
			b = append(b, '/')
			fallthrough
		default:
			if i == 1 && (s == "Device" || s == "User") {
				b = append(b, s...)
				continue
			}
			b = append(b, omadm.EscapeSegment(strings.Map(foldRune, unescape(s)))...)
		}
	}
	if hasQuery {
		b = append(append(b, '?'), strings.Map(foldRune, query)...)
	}
	return URI{string(b)}
}

// foldRune returns the same for all that strings.EqualFold takes for equal, and for nothing else: the lower case of some
// letters is not their equal.
func foldRune(r rune) rune {
	least := r
	for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
		least = min(least, f)
	}
	if 'A' <= least && least <= 'Z' {
		return least - 'A' + 'a'
	}
	return least
}

// segments returns the escaped names, joined by "/"; empty for the root.
func (u URI) segments() string {
	p := u.loc
	if i := strings.IndexByte(p, '?'); i >= 0 {
		p = p[:i]
	}
	if len(p) < 2 {
		return ""
	}
	return p[2:]
}

// unescape returns the name that a checked segment stands for.
func unescape(s string) string {
	name, err := omadm.UnescapeSegment(s)
	if err != nil {
		return s
	}
	return name
}

// equalASCII reports whether a and b are equal, the case of ASCII letters aside.
func equalASCII(a, b string) bool { return len(a) == len(b) && (a == b || compareASCII(a, b) == 0) }

// compareASCII orders a and b, the case of ASCII letters aside.
func compareASCII(a, b string) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] == b[i] {
			continue
		}
		if x, y := lower(a[i]), lower(b[i]); x != y {
			return int(x) - int(y)
		}
	}
	return len(a) - len(b)
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c
}
