package csp

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"regexp"
	"regexp/syntax"
	"slices"
	"strconv"
	"strings"

	"github.com/beevik/etree"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/omadm/xmltree"
)

// fault is what is wrong with a value. The zero fault is none.
type fault struct {
	code      Code
	got, want string
	message   string
}

func (f fault) ok() bool { return f.code == "" }

// patterns compiles the patterns of constraints, each once, and bounds what they cost. The zero patterns is ready.
type patterns struct {
	compiled map[string]program
	steps    int // spent so far
}

// program is a compiled pattern.
type program struct {
	re     *regexp.Regexp // nil: it is none
	weight int            // what it takes for an octet of text, at most
}

// Limits of patterns. The longest of Windows has 525 octets, the heaviest a weight of 5,470. One that is longer or heavier
// is none, and when all steps are spent, texts are taken for what they should be: a pattern of 3 KB could ask for a
// gigabyte, and for minutes with each text.
const (
	maxPattern = 4096
	maxWeight  = 20_000
	maxSteps   = 1 << 27 // weights times octets of text
)

// get returns the pattern, to be matched as a whole.
func (p *patterns) get(pattern string) program {
	prog, ok := p.compiled[pattern]
	if !ok {
		prog = compile(pattern)
		if p.compiled == nil {
			p.compiled = make(map[string]program)
		}
		p.compiled[pattern] = prog
	}
	return prog
}

// matches reports whether a text matches a pattern as a whole; all do when it is none.
func (p *patterns) matches(pattern, text string) bool {
	prog := p.get(pattern)
	if prog.re == nil {
		return true
	}
	if p.steps += prog.weight * (len(text) + 1); p.steps > maxSteps {
		p.steps = maxSteps // which all further ones exceed
		return true
	}
	return prog.re.MatchString(text)
}

func compile(pattern string) program {
	if len(pattern) > maxPattern {
		return program{}
	}
	whole := "^(?:" + pattern + ")$"
	tree, err := syntax.Parse(whole, syntax.Perl)
	if err != nil {
		return program{}
	}
	n := weight(tree)
	if n > maxWeight {
		return program{}
	}
	re, err := regexp.Compile(whole)
	if err != nil {
		return program{}
	}
	return program{re, n}
}

// weight returns how much memory and time a pattern takes: its characters and ranges of characters, as often as they are
// repeated. It is at most a little more than maxWeight.
func weight(re *syntax.Regexp) int {
	n := max(len(re.Rune), 1)
	for _, sub := range re.Sub {
		if n += weight(sub); n > maxWeight {
			return maxWeight + 1
		}
	}
	if re.Op == syntax.OpRepeat {
		n *= max(re.Min, re.Max, 1)
	}
	return min(n, maxWeight+1)
}

// allows returns what is wrong with a text for a node of a format. Of a list it looks at each item. It does not look into
// documents beyond their form, and leaves templates to others.
func (c *Constraint) allows(text string, format omadm.Format, p *patterns) fault {
	if c.List != "" && c.Kind != Any {
		return c.allowsList(text, format, p)
	}
	switch c.Kind {
	case Enum:
		return c.allowsEnum(text, format)
	case Range:
		return c.allowsRange(text)
	case Flags:
		return c.allowsFlags(text)
	case Regex:
		return c.allowsRegex(text, p)
	case XSD:
		return allowsXML(text)
	case JSON:
		if !json.Valid([]byte(text)) {
			return fault{code: CodeValueFormat, want: "JSON", message: "is not JSON"}
		}
	}
	return fault{}
}

// allowsList looks at the items. A pattern may be meant for the whole list as well.
func (c *Constraint) allowsList(text string, format omadm.Format, p *patterns) fault {
	item := *c
	item.List = ""
	if c.Kind == Regex && item.allows(text, format, p).ok() {
		return fault{}
	}
	n := 0
	for part := range strings.SplitSeq(text, c.List) {
		n++
		if part == "" {
			continue
		}
		f := item.allows(strings.TrimSpace(part), format, p)
		if f.ok() {
			continue
		}
		if f.code != CodeValueRegex {
			f.code = CodeValueList
		}
		f.message = fmt.Sprintf("item %d of the list %s", n, f.message)
		if f.want != "" {
			f.want += ", with " + strconv.QuoteToASCII(c.List) + " between items"
		}
		return f
	}
	return fault{}
}

func (c *Constraint) allowsEnum(text string, format omadm.Format) fault {
	trimmed := text
	if format == omadm.FormatInt || format == omadm.FormatBool {
		trimmed = strings.TrimSpace(text) // once, and not for each of the values
	}
	if slices.ContainsFunc(c.Values, func(v string) bool { return sameText(v, trimmed, format) || format == omadm.FormatBool && v == text }) {
		return fault{}
	}
	return fault{CodeValueEnum, shorten(text), oneOf(c.Values), "is none of the values of the node"}
}

// sameText reports whether two texts are the same value of a format. Case counts in octets only: no node is known that
// tells "IN" from "in".
func sameText(a, b string, format omadm.Format) bool {
	switch format {
	case omadm.FormatInt:
		x, ok1 := parseNumber(a)
		y, ok2 := parseNumber(b)
		return ok1 && ok2 && x == y
	case omadm.FormatBool:
		x, ok1 := parseTruth(a)
		y, ok2 := parseTruth(b)
		return ok1 && ok2 && x == y || a == b
	case omadm.FormatB64, omadm.FormatBin:
		return a == b
	}
	return strings.EqualFold(a, b)
}

func (c *Constraint) allowsRange(text string) fault {
	if len(c.Values) == 0 {
		return fault{}
	}
	r, err := parseRanges(c.Values[0])
	if err != nil {
		return fault{} // the catalogue is wrong, not the value
	}
	n, ok := parseNumber(text)
	if !ok {
		return fault{CodeValueFormat, shorten(text), "a number in " + r.String(), "is not a number"}
	}
	if !r.has(n) {
		return fault{CodeValueRange, shortNumber(text), r.String(), "is out of range"}
	}
	return fault{}
}

func (c *Constraint) allowsFlags(text string) fault {
	n, ok := parseNumber(text)
	if !ok || n < 0 {
		return fault{CodeValueFormat, shorten(text), "a sum of " + oneOf(c.Values), "is not a number"}
	}
	bits, ok := parseFlags(c.Values)
	if ok && !bits.has(uint64(n)) {
		return fault{CodeValueFlags, shortNumber(text), "a sum of " + oneOf(c.Values), "has bits that mean nothing"}
	}
	return fault{}
}

func (c *Constraint) allowsRegex(text string, p *patterns) fault {
	if len(c.Values) == 0 || c.Values[0] == "" {
		return fault{}
	}
	if p.matches(c.Values[0], text) {
		return fault{}
	}
	return fault{CodeValueRegex, shorten(text), c.Values[0], "does not match the pattern of the node"}
}

// xmlLimits bounds the documents that are looked into; larger ones pass. payloadLimits and comparedLimits bound those that
// take time by the square of their size.
var (
	xmlLimits      = xmltree.Limits{Octets: 8 << 20, Depth: 64, Tokens: 1_000_000}
	payloadLimits  = xmltree.Limits{Octets: 1 << 20, Depth: 4, Tokens: 10_000}
	comparedLimits = xmltree.Limits{Octets: 1 << 20, Depth: 64, Tokens: 10_000}
)

func allowsXML(text string) fault { return faultOfXML(readParts(text, func(*etree.Element) {})) }

// faultOfXML returns what the error of a document says of a value.
func faultOfXML(err error) fault {
	var large *xmltree.LimitError
	if err != nil && !errors.As(err, &large) {
		return fault{code: CodeValueFormat, want: "XML", message: "is not XML: " + strings.TrimPrefix(err.Error(), "xmltree: ")}
	}
	return fault{}
}

// readDocument reads a document that is a text, so that what its declaration says of an encoding does not count.
func readDocument(text string, lim xmltree.Limits) (*xmltree.Document, error) {
	return xmltree.Read(undeclared(text), lim)
}

// readParts reads a document that is a text under xmlLimits, and calls f with the roots of its parts, see xmltree.ReadParts: a
// tree of all that may be there would be large.
func readParts(text string, f func(root *etree.Element)) error {
	return xmltree.ReadParts(undeclared(text), xmlLimits, xmlLimits.Depth, func(d *xmltree.Document) error {
		f(d.Root)
		return nil
	})
}

// undeclared returns a document without its declaration.
func undeclared(text string) []byte {
	text = strings.TrimSpace(strings.TrimPrefix(text, "\uFEFF"))
	if strings.HasPrefix(text, "<?xml ") {
		if _, rest, ok := strings.Cut(text, "?>"); ok {
			text = strings.TrimSpace(rest)
		}
	}
	return []byte(text)
}

// ranges are the numbers of a Range: intervals, one of which has to hold.
type ranges []interval

type interval struct{ least, most int64 }

// parseRanges reads "[0-100]", "[(-1)-100]", "[7]", "[0,100]", in which the comma is a slip for a hyphen, and several
// of these one behind the other: "[1-3],[7]".
func parseRanges(s string) (ranges, error) {
	return parseIntervals(s, func(a, b int64) ranges { return ranges{{a, b}} })
}

// parseRangeSet is parseRanges where a comma separates single numbers: "[6,17]" is 6 or 17.
func parseRangeSet(s string) (ranges, error) {
	return parseIntervals(s, func(a, b int64) ranges { return ranges{{a, a}, {b, b}} })
}

func parseIntervals(s string, comma func(a, b int64) ranges) (ranges, error) {
	bad := func() (ranges, error) { return nil, &FactError{Reason: "not a range: " + quote(s)} }
	var all ranges
	rest := strings.TrimSpace(s)
	if rest == "" {
		return bad()
	}
	for rest != "" {
		inner, ok := strings.CutPrefix(rest, "[")
		if !ok {
			return bad()
		}
		if inner, rest, ok = strings.Cut(inner, "]"); !ok {
			return bad()
		}
		a, tail, ok := cutBound(inner)
		if !ok {
			return bad()
		}
		if tail == "" {
			all = append(all, interval{a, a})
		} else {
			b, end, ok := cutBound(strings.TrimLeft(tail[1:], " "))
			if !ok || end != "" || tail[0] != '-' && tail[0] != ',' {
				return bad()
			}
			if tail[0] == ',' {
				all = append(all, comma(a, b)...)
			} else {
				all = append(all, interval{a, b})
			}
		}
		rest = strings.TrimLeft(rest, " ")
		if more, ok := strings.CutPrefix(rest, ","); ok {
			if rest = strings.TrimLeft(more, " "); rest == "" {
				return bad()
			}
		}
	}
	for _, i := range all {
		if i.least > i.most {
			return bad()
		}
	}
	return all, nil
}

// cutBound reads the number that s begins with: digits, a sign before them, or both in parentheses.
func cutBound(s string) (n int64, rest string, ok bool) {
	text, closing := s, false
	if strings.HasPrefix(s, "(") {
		text, closing = s[1:], true
	}
	end := 0
	if strings.HasPrefix(text, "-") {
		end = 1
	}
	for end < len(text) && '0' <= text[end] && text[end] <= '9' {
		end++
	}
	n, err := strconv.ParseInt(text[:end], 10, 64)
	rest = text[end:]
	if closing {
		if !strings.HasPrefix(rest, ")") {
			return 0, "", false
		}
		rest = rest[1:]
	}
	return n, strings.TrimLeft(rest, " "), err == nil
}

func (r ranges) has(n int64) bool {
	return slices.ContainsFunc(r, func(i interval) bool { return i.least <= n && n <= i.most })
}

// String returns r in words: "-1 to 100" or "6 or 17".
func (r ranges) String() string {
	parts := make([]string, len(r))
	for i, v := range r {
		if parts[i] = strconv.FormatInt(v.least, 10); v.least != v.most {
			parts[i] += " to " + strconv.FormatInt(v.most, 10)
		}
	}
	return strings.Join(parts, " or ")
}

// flags are the values of Flags; each has one bit or several that go together.
type flags []uint64

func parseFlags(values []string) (flags, bool) {
	bits := make(flags, 0, len(values))
	for _, v := range values {
		n, ok := parseNumber(v)
		if !ok || n < 0 {
			return nil, false
		}
		bits = append(bits, uint64(n))
	}
	return bits, len(bits) > 0
}

// has reports whether n is made of flags. So is 0, which has none.
func (f flags) has(n uint64) bool {
	var sum uint64
	for _, bit := range f {
		if bit&^n == 0 {
			sum |= bit
		}
	}
	return sum == n
}

// parseNumber reads a decimal number, or a hexadecimal one that begins with 0x, of up to 64 bits. White space around it
// does not count.
func parseNumber(s string) (int64, bool) {
	s = strings.TrimSpace(s)
	switch {
	case s == "" || s[0] != '-' && (s[0] < '0' || s[0] > '9'):
		return 0, false // most texts; strconv would copy them into its error
	case len(s) > 2 && s[0] == '0' && lower(s[1]) == 'x':
		n, err := strconv.ParseUint(s[2:], 16, 63)
		return int64(n), err == nil
	}
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil
}

// beyondInt32 reports whether a number does not fit into 32 bits with a sign.
func beyondInt32(n int64) bool { return n < math.MinInt32 || n > math.MaxInt32 }

// parseTruth reads a truth value: true, false, 1 or 0, in any case. Nodes have all of them.
func parseTruth(s string) (value, ok bool) {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "true", "1":
		return true, true
	case "false", "0":
		return false, true
	}
	return false, false
}

// shorten returns the beginning of a text for a message, in quotes.
func shorten(text string) string {
	const most = 60
	if len(text) > most {
		cut := most
		for cut > 0 && text[cut]&0xc0 == 0x80 { // inside a character
			cut--
		}
		return fmt.Sprintf("%q… (%d octets)", text[:cut], len(text))
	}
	return strconv.Quote(text)
}

// shortNumber returns a number for a message. It may have any number of zeros, and white space around it.
func shortNumber(text string) string {
	if text = strings.TrimSpace(text); len(text) > 40 {
		return shorten(text)
	}
	return text
}

// limited returns what a message says of the facts of a catalogue, which may come from anybody.
func limited(want string) string {
	const most = 4096
	if len(want) > most {
		return fmt.Sprintf("%s… (%d octets)", strings.ToValidUTF8(want[:most], ""), len(want))
	}
	return want
}

// oneOf returns a list for a message.
func oneOf(values []string) string {
	const most = 20
	if len(values) > most {
		return strings.Join(values[:most], ", ") + fmt.Sprintf(" … (%d values)", len(values))
	}
	return strings.Join(values, ", ")
}
