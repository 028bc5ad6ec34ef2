package omadm

import (
	"encoding/binary"
	"fmt"
	"math"
	"time"

	"github.com/gomadm/gomadm/syncml"
)

// binaryVersion is the first octet of every binary form of this package. A form that an older version cannot read
// gets the next number; the golden files of the tests notice every change.
const binaryVersion = 1

// The second octet says what follows.
const (
	binaryRequest = 'R'
	binaryResult  = 'S'
	binaryOutcome = 'O'
	binaryEvent   = 'E'
)

// VersionError says that a binary form was written by a version of this package that this one does not know.
type VersionError struct{ Version byte }

func (e *VersionError) Error() string {
	return fmt.Sprintf("omadm: binary form of version %d, known is %d", e.Version, binaryVersion)
}

// BinaryError says that octets are not a binary form of this package. It never holds any of them.
type BinaryError struct {
	Type   string // what was to be read, such as "request"
	Offset int    // in octets
	Reason string
}

func (e *BinaryError) Error() string {
	return fmt.Sprintf("omadm: binary form of a %s: %s at octet %d", e.Type, e.Reason, e.Offset)
}

func appendString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func appendInt(b []byte, n int) []byte { return binary.AppendVarint(b, int64(n)) }

func appendBool(b []byte, v bool) []byte {
	if v {
		return append(b, 1)
	}
	return append(b, 0)
}

// appendTime writes 0 for the zero time, else 1, the seconds and the nanoseconds.
func appendTime(b []byte, t time.Time) []byte {
	if t.IsZero() {
		return append(b, 0)
	}
	b = binary.AppendVarint(append(b, 1), t.Unix())
	return binary.AppendUvarint(b, uint64(t.Nanosecond()))
}

// appendData writes the kind, doubled, with the lowest bit set when the attribute follows the data.
func appendData(b []byte, d syncml.Data) []byte {
	head := uint64(d.Kind) << 1
	if d.OriginalError == "" {
		return appendString(binary.AppendUvarint(b, head), d.Value)
	}
	b = appendString(binary.AppendUvarint(b, head|1), d.Value)
	return appendString(b, d.OriginalError)
}

func appendLocation(b []byte, l syncml.Location) []byte {
	return appendString(appendString(b, l.URI), l.Name)
}

func appendItem(b []byte, it *syncml.Item) []byte {
	b = appendLocation(appendLocation(b, it.Target), it.Source)
	b = appendBool(b, it.Meta != nil)
	if it.Meta != nil {
		b = appendMeta(b, it.Meta)
	}
	return appendBool(appendData(b, it.Data), it.MoreData)
}

// metaTexts are the plain fields of m in the order in which they are written.
func metaTexts(m *syncml.Meta) [7]*string {
	return [...]*string{&m.Format, &m.Type, &m.Mark, &m.Size, &m.NextNonce, &m.MaxMsgSize, &m.MaxObjSize}
}

// appendMeta writes an octet with a bit for each text that is not empty, those texts, and the other elements.
func appendMeta(b []byte, m *syncml.Meta) []byte {
	at := len(b)
	b = append(b, 0)
	for i, s := range metaTexts(m) {
		if *s != "" {
			b[at] |= 1 << i
			b = appendString(b, *s)
		}
	}
	b = binary.AppendUvarint(b, uint64(len(m.Extra)))
	for i := range m.Extra {
		e := &m.Extra[i]
		b = appendString(appendString(appendString(b, e.Space), e.Name), e.Content)
	}
	return b
}

// reader reads a binary form. Strings are parts of one copy of it. The first fault is kept, and everything after
// it reads as zero. Each value has one form only, so that equal values have equal octets.
type reader struct {
	kind string
	s    string
	off  int
	err  error
}

// newReader checks the first two octets.
func newReader(kind string, tag byte, b []byte) *reader {
	r := &reader{kind: kind, s: string(b)}
	switch version := r.octet(); {
	case r.err != nil:
	case version > binaryVersion:
		r.err = &VersionError{Version: version}
	case version == 0:
		r.fail("version 0")
	case r.octet() != tag:
		r.fail("something else")
	}
	return r
}

func (r *reader) fail(reason string) {
	if r.err == nil {
		r.err = &BinaryError{Type: r.kind, Offset: r.off, Reason: reason}
	}
	r.off = len(r.s)
}

// end reports the first fault, or that octets are left.
func (r *reader) end() error {
	if r.err == nil && r.off != len(r.s) {
		r.fail("more octets than expected")
	}
	return r.err
}

func (r *reader) octet() byte {
	if r.off >= len(r.s) {
		r.fail("ends too early")
		return 0
	}
	c := r.s[r.off]
	r.off++
	return c
}

func (r *reader) flag() bool {
	c := r.octet()
	if c > 1 {
		r.fail("flag that is neither 0 nor 1")
	}
	return c == 1
}

func (r *reader) uvarint() uint64 {
	var n uint64
	for shift := 0; ; shift += 7 {
		c := r.octet()
		if shift == 63 && c > 1 || c == 0 && shift > 0 {
			r.fail("number out of range or not in its shortest form")
			return 0
		}
		n |= uint64(c&0x7f) << shift
		if c < 0x80 {
			return n
		}
	}
}

func (r *reader) varint() int64 {
	n := r.uvarint()
	return int64(n>>1) ^ -int64(n&1)
}

func (r *reader) int() int {
	n := r.varint()
	if n < math.MinInt || n > math.MaxInt {
		r.fail("number out of range")
		return 0
	}
	return int(n)
}

func (r *reader) uint32() uint32 {
	n := r.uvarint()
	if n > math.MaxUint32 {
		r.fail("number out of range")
		return 0
	}
	return uint32(n)
}

func (r *reader) string() string {
	n := r.uvarint()
	if n > uint64(len(r.s)-r.off) {
		r.fail("text longer than what is left")
		return ""
	}
	s := r.s[r.off : r.off+int(n)]
	r.off += int(n)
	return s
}

// count reads the length of a list whose elements take at least size octets each, so that a short form cannot ask
// for much memory.
func (r *reader) count(size int) int {
	n := r.uvarint()
	if n > uint64((len(r.s)-r.off)/size) {
		r.fail("list longer than what is left")
		return 0
	}
	return int(n)
}

func (r *reader) time() time.Time {
	if !r.flag() {
		return time.Time{}
	}
	seconds, nanos := r.varint(), r.uvarint()
	if nanos >= 1e9 {
		r.fail("second with more than a billion nanoseconds")
		return time.Time{}
	}
	t := time.Unix(seconds, int64(nanos)).UTC()
	if r.err == nil && t.IsZero() {
		r.fail("zero time in the form of another")
	}
	return t
}

func (r *reader) data() syncml.Data {
	head := r.uvarint()
	if head>>1 > math.MaxUint8 {
		r.fail("unknown kind of data")
	}
	d := syncml.Data{Kind: syncml.DataKind(head >> 1), Value: r.string()}
	if head&1 == 0 {
		return d
	}
	if d.OriginalError = r.string(); d.OriginalError == "" {
		r.fail("empty original error")
	}
	return d
}

func (r *reader) location() syncml.Location {
	return syncml.Location{URI: r.string(), Name: r.string()}
}

// minItem is the least number of octets of an item: four texts, two flags, and data.
const minItem = 8

func (r *reader) items() []syncml.Item {
	n := r.count(minItem)
	if n == 0 {
		return nil
	}
	items := make([]syncml.Item, n)
	for i := range items {
		it := &items[i]
		it.Target, it.Source = r.location(), r.location()
		if r.flag() {
			it.Meta = r.meta()
		}
		it.Data, it.MoreData = r.data(), r.flag()
		if r.err != nil {
			return nil
		}
	}
	return items
}

func (r *reader) meta() *syncml.Meta {
	m := new(syncml.Meta)
	present := r.octet()
	for i, s := range metaTexts(m) {
		if present&(1<<i) == 0 {
			continue
		}
		if *s = r.string(); *s == "" {
			r.fail("empty text in Meta")
			return nil
		}
	}
	if present >= 1<<7 {
		r.fail("unknown text in Meta")
	}
	if n := r.count(3); n > 0 {
		m.Extra = make([]syncml.Element, n)
		for i := range m.Extra {
			m.Extra[i] = syncml.Element{Space: r.string(), Name: r.string(), Content: r.string()}
		}
	}
	return m
}
