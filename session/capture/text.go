package capture

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"regexp"
	"strings"
	"unicode/utf16"

	"github.com/gomadm/gomadm/syncml"
	"github.com/gomadm/gomadm/syncml/wbxml"
)

// escaping is how a log writes XML.
type escaping struct {
	name     string
	open     *regexp.Regexp
	close    string // of the last tag, behind the prefix of its name
	unescape func(string) (string, error)
}

// The escapings. A text may have several.
var escapings = [...]escaping{
	{"", regexp.MustCompile(`(?:<\?xml[^<>\\]*\?>\s*)?<(?:[A-Za-z_][\w.-]*:)?SyncML(?:\s[^<>\\]*)?>`), `SyncML>`, plain},
	{"XML", regexp.MustCompile(`(?:&lt;\?xml[^<>]*?\?&gt;\s*)?&lt;(?:[A-Za-z_][\w.-]*:)?SyncML(?:\s|&gt;)`), `SyncML&gt;`, fromXML},
	{"JSON", regexp.MustCompile(`(?:(?:<|\\u003[cC])\?xml[^<>]*?\?(?:>|\\u003[eE])(?:\s|\\[nrt])*)?(?:<|\\u003[cC])(?:[A-Za-z_][\w.-]*:)?SyncML(?:(?:\s|\\[nrt])[^<>]*?\\"|\\u003[eE])`), `SyncML`, fromJSON},
}

func plain(s string) (string, error)   { return s, nil }
func fromXML(s string) (string, error) { return references.Replace(s), nil }

func fromJSON(s string) (out string, err error) {
	// Line ends within a string are what the log broke.
	err = json.Unmarshal([]byte(`"`+strings.NewReplacer("\n", `\n`, "\r", `\r`, "\t", `\t`).Replace(s)+`"`), &out)
	return out, err
}

var declaration = regexp.MustCompile(`^<\?xml[^<>]*\?>\s*`)

var timestamp = regexp.MustCompile(`\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?`)

// text reads the messages that stand in a text. Each that cannot be read is noted.
func (r *reader) text(file string, octets []byte) {
	if err := r.add(place{file: file}, sighting{}, octets); err == nil {
		return
	} else if wbxml.Detect(octets) == wbxml.Codec || len(octets) == 0 {
		r.fault(file, 0, 0, "not a message", err)
		return
	}
	r.ordered = true
	s := scanner{text: toUTF8(octets)}
	n, at := 0, 0
	for {
		d, ok := s.next(at)
		if !ok {
			break
		}
		n++
		r.document(place{file, n, int64(d.from)}, d, s.text[at:d.from])
		at = d.to
	}
	if n == 0 {
		r.fault(file, 0, 0, "has no message", nil)
	}
}

// toUTF8 returns a text whose beginning says how it is encoded, as editors of Windows write it.
func toUTF8(octets []byte) string {
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(octets, []byte{0xff, 0xfe}):
		order = binary.LittleEndian
	case bytes.HasPrefix(octets, []byte{0xfe, 0xff}):
		order = binary.BigEndian
	default:
		return strings.TrimPrefix(string(octets), "\ufeff")
	}
	var units []uint16
	for i := 2; i+1 < len(octets); i += 2 {
		units = append(units, order.Uint16(octets[i:]))
	}
	return string(utf16.Decode(units))
}

// embedded is a document in a text.
type embedded struct {
	from, to int
	text     string // as the log writes it
	escaping *escaping
	open     bool // has no last tag
}

// scanner finds the documents in a text.
type scanner struct {
	text  string
	first [len(escapings)][]int // where the next first tag of each escaping is, when it was looked for
}

// next finds the next document: from its first tag to its last one, or to the next first one if that comes before.
func (s *scanner) next(at int) (embedded, bool) {
	best := -1
	for i := range escapings {
		if tag := s.tag(i, at); tag[0] < len(s.text) && (best < 0 || tag[0] < s.first[best][0]) {
			best = i
		}
	}
	if best < 0 {
		return embedded{}, false
	}
	e, tag := &escapings[best], s.first[best]
	limit := s.tag(best, tag[1])[0]
	d := embedded{from: tag[0], to: limit, escaping: e}
	if end := e.end(s.text[tag[1]:limit]); end >= 0 {
		d.to = tag[1] + end
	} else {
		d.open = true
	}
	d.text = s.text[d.from:d.to]
	return d, true
}

// tag returns where the first tag of an escaping is that begins at a place or behind it, the end of the text if there is
// none. It looks for each once.
func (s *scanner) tag(i, at int) []int {
	if known := s.first[i]; known != nil && known[0] >= at {
		return known
	}
	found := escapings[i].open.FindStringIndex(s.text[at:])
	if found == nil {
		s.first[i] = []int{len(s.text), len(s.text)}
	} else {
		s.first[i] = []int{at + found[0], at + found[1]}
	}
	return s.first[i]
}

// end returns where the last tag of a document ends, -1 if it has none.
func (e *escaping) end(s string) int {
	if e.name != "JSON" {
		for at := 0; ; {
			i := strings.Index(s[at:], e.close)
			if i < 0 {
				return -1
			}
			end := at + i + len(e.close)
			between := s[at : at+i] // what stands before decided that an earlier one is none
			if tag := strings.LastIndexAny(between, "</;"); tag >= 0 && between[tag] == '/' {
				return end
			}
			at = end
		}
	}
	for _, tag := range [...]string{`/SyncML>`, `/SyncML\u003e`, `/SyncML\u003E`, `\/SyncML>`} {
		if i := strings.Index(s, tag); i >= 0 {
			return i + len(tag)
		}
	}
	return -1
}

// document adds a document, or what there is of it.
func (r *reader) document(at place, d embedded, before string) {
	s := sighting{hint: hint(before)}
	s.Time = timeIn(lastLines(before))
	text, err := d.escaping.unescape(d.text)
	if err == nil {
		err = r.add(at, s, []byte(text))
	}
	if decl := declaration.FindString(text); err != nil && decl != "" {
		// It names the encoding that the text had before the log wrote it.
		text = text[len(decl):]
		err = r.add(at, s, []byte(text))
	}
	if err == nil {
		return
	}
	s.Omitted, s.Size, s.Origin, s.ContentType = omittedOther, len(text), at.String(), syncml.ContentTypeXML
	if !d.open && !looksCut(text, err) {
		r.fault(at.file, at.entry, at.offset, omittedOther, err)
		r.seen = append(r.seen, s)
		return
	}
	r.fault(at.file, at.entry, at.offset, "the message is cut", err)
	whole := s
	whole.Omitted, whole.Cut = "", true
	if octets := salvage(text); octets == nil || r.add(at, whole, octets) != nil {
		r.seen = append(r.seen, s)
	}
}

// looksCut reports whether an error is one of a document that was cut and closed all the same: it is at the last tag, or
// at the one before that has no end.
func looksCut(text string, err error) bool {
	const tag = 64
	var e *syncml.SyntaxError
	return errors.As(err, &e) && int(e.Offset) >= len(text)-len("</SyncML>")-tag
}

var endOfCommand = regexp.MustCompile(`</(?:[A-Za-z_][\w.-]*:)?(?:Add|Alert|Atomic|Copy|Delete|Exec|Get|Replace|Results|Sequence|Status)\s*>|<SyncBody\s*>`)

// salvage returns the part of a message up to the last whole command before it was cut, closed, nil if there is none.
func salvage(text string) []byte {
	const attempts = 64 // from the end: one within a sequence is no place to cut
	ends := endOfCommand.FindAllStringIndex(text, -1)
	for i := len(ends) - 1; i >= 0 && i >= len(ends)-attempts; i-- {
		octets := []byte(text[:ends[i][1]] + "</SyncBody></SyncML>")
		if _, err := wbxml.Decode(octets); err == nil {
			return octets
		}
	}
	return nil
}

// lastLines returns the end of what stands before a document: the line that it is on, and the three before.
func lastLines(before string) string {
	at := len(before)
	for range 4 {
		i := strings.LastIndexByte(before[:at], '\n')
		if i < 0 {
			return before
		}
		at = i
	}
	return before[at:]
}

// Words with which banners of logs say who sent what comes next.
var (
	deviceWords = regexp.MustCompile(`(?i)\b(?:request|received|receiving|incoming|inbound|from (?:the )?(?:device|client)|(?:device|client) *(?:->|-->|=>|→|to server))`)
	serverWords = regexp.MustCompile(`(?i)\b(?:response|reply|replied|sent|sending|outgoing|outbound|answer|from (?:the )?server|to (?:the )?(?:device|client)|server *(?:->|-->|=>|→))`)
)

// hint tells from a banner who sent what comes next: the word nearest to it counts.
func hint(before string) clue {
	lines := lastLines(before)
	last := func(words *regexp.Regexp) int {
		all := words.FindAllStringIndex(lines, -1)
		if len(all) == 0 {
			return -1
		}
		return all[len(all)-1][0]
	}
	device, server := last(deviceWords), last(serverWords)
	switch {
	case device > server:
		return clueDevice
	case server > device:
		return clueServer
	}
	return noClue
}
