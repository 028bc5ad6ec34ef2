package omadm

import (
	"encoding/base64"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gomadm/gomadm/syncml"
)

// Value is a value with its Meta. The zero Value has no Data element: an empty text, Null and the zero Value are
// three different things. Its formatted form shows format, type and length, never the content.
type Value struct {
	Format Format // empty: chr
	Type   string // media type; empty: text/plain
	Data   syncml.Data
}

// Format is the format of a value (OMA DM Tree and Description 1.2.1, section 7.7.2). A format that is not named
// here is kept.
type Format string

// The formats.
const (
	FormatB64   Format = "b64"
	FormatBin   Format = "bin"
	FormatBool  Format = "bool"
	FormatChr   Format = "chr"
	FormatDate  Format = "date"
	FormatFloat Format = "float"
	FormatInt   Format = "int"
	FormatNode  Format = "node"
	FormatNull  Format = "null"
	FormatTime  Format = "time"
	FormatXML   Format = "xml"
)

// Known reports whether the specification names f.
func (f Format) Known() bool {
	switch f {
	case FormatB64, FormatBin, FormatBool, FormatChr, FormatDate, FormatFloat, FormatInt, FormatNode, FormatNull,
		FormatTime, FormatXML:
		return true
	}
	return false
}

// Text returns a value of format chr.
func Text(s string) Value { return Value{Format: FormatChr, Data: syncml.Text(s)} }

// Int returns a value of format int. Validate refuses it outside the range of 32 bits, signed or unsigned.
func Int(n int64) Value {
	return Value{Format: FormatInt, Data: syncml.Text(strconv.FormatInt(n, 10))}
}

// Bool returns a value of format bool.
func Bool(b bool) Value {
	return Value{Format: FormatBool, Data: syncml.Text(strconv.FormatBool(b))}
}

// Float returns a value of format float, in the form of XML Schema.
func Float(f float64) Value {
	s := strconv.FormatFloat(f, 'G', -1, 64)
	switch {
	case math.IsInf(f, 1):
		s = "INF"
	case math.IsInf(f, -1):
		s = "-INF"
	}
	return Value{Format: FormatFloat, Data: syncml.Text(s)}
}

// Date returns the date of t, in the location of t, as a value of format date: 2006-01-02.
func Date(t time.Time) Value {
	return Value{Format: FormatDate, Data: syncml.Text(t.Format(time.DateOnly))}
}

// Time returns the time of day of t, in the location of t, as a value of format time: 15:04:05.
func Time(t time.Time) Value {
	return Value{Format: FormatTime, Data: syncml.Text(t.Format(time.TimeOnly))}
}

// Bytes returns octets as a value of format b64, the form that every encoding carries.
func Bytes(b []byte) Value {
	return Value{Format: FormatB64, Data: syncml.Text(base64.StdEncoding.EncodeToString(b))}
}

// Octets returns octets as a value of format bin, which only WBXML carries: the XML encoder refuses it.
func Octets(b []byte) Value { return Value{Format: FormatBin, Data: syncml.Octets(b)} }

// XML returns a value of format xml. The document travels as escaped text, so that it arrives as it is.
func XML(document string) Value { return Value{Format: FormatXML, Data: syncml.Text(document)} }

// Null returns the value of a leaf that has none.
func Null() Value { return Value{Format: FormatNull} }

// Node returns the value of an interior node.
func Node() Value { return Value{Format: FormatNode} }

// ItemValue returns the value of a received item. What the Meta of the item does not say comes from the first of
// defaults that does: the Meta of the command, then that of the Atomic around it (OMA DM Representation Protocol
// 1.2.1, section 6.6.1). Any Meta may be nil.
func ItemValue(it *syncml.Item, defaults ...*syncml.Meta) Value {
	v := Value{Data: it.Data}
	v.inherit(it.Meta)
	for _, m := range defaults {
		v.inherit(m)
	}
	return v
}

func (v *Value) inherit(m *syncml.Meta) {
	if m == nil {
		return
	}
	if v.Format == "" {
		v.Format = Format(m.Format)
	}
	if v.Type == "" {
		v.Type = m.Type
	}
}

// meta puts the Meta of v into m and returns it; nil when it says nothing.
func (v Value) meta(m *syncml.Meta) *syncml.Meta {
	if v.Format == "" && v.Type == "" {
		return nil
	}
	*m = syncml.Meta{Format: string(v.Format), Type: v.Type}
	return m
}

// DataFormat returns the format, chr when none is given.
func (v Value) DataFormat() Format {
	if v.Format == "" {
		return FormatChr
	}
	return v.Format
}

// MediaType returns the type, text/plain when none is given.
func (v Value) MediaType() string {
	if v.Type == "" {
		return "text/plain"
	}
	return v.Type
}

// String returns format, type, kind of data and its length in octets, never the content.
func (v Value) String() string {
	return fmt.Sprintf("%s %s %v", v.DataFormat(), v.MediaType(), v.Data)
}

// GoString returns what String does.
func (v Value) GoString() string { return "omadm.Value{" + v.String() + "}" }

// ValueError says why a value cannot be read or sent. It never holds the content.
type ValueError struct {
	Format Format // of the value
	Len    int    // of its data, in octets
	Want   string // what was asked for, such as "int"; empty when the value is to be sent
	Reason string
}

func (e *ValueError) Error() string {
	if e.Want == "" {
		return fmt.Sprintf("omadm: value of format %q and %d octets: %s", e.Format, e.Len, e.Reason)
	}
	return fmt.Sprintf("omadm: value of format %q and %d octets read as %s: %s", e.Format, e.Len, e.Want, e.Reason)
}

func (v Value) refuse(want, reason string) error {
	return &ValueError{Format: v.DataFormat(), Len: len(v.Data.Value), Want: want, Reason: reason}
}

// text returns the characters of v if it has one of the formats.
func (v Value) text(want string, formats ...Format) (string, error) {
	ok := v.DataFormat() == FormatChr // devices leave the format out, or write chr for all
	for _, f := range formats {
		ok = ok || v.Format == f
	}
	if !ok {
		return "", v.refuse(want, "has another format")
	}
	switch v.Data.Kind {
	case syncml.NoData:
		return "", v.refuse(want, "has no data")
	case syncml.MarkupData:
		return "", v.refuse(want, "is markup")
	}
	return v.Data.Value, nil
}

// Text returns the data as text, as it was sent: base64 stays base64, markup stays markup. The error of a value
// without data, or of octets that are not UTF-8, is a *ValueError.
func (v Value) Text() (string, error) {
	switch {
	case v.Data.Kind == syncml.NoData:
		return "", v.refuse("text", "has no data")
	case v.Data.Kind == syncml.OctetsData && !utf8.ValidString(v.Data.Value):
		return "", v.refuse("text", "is not UTF-8")
	}
	return v.Data.Value, nil
}

// Int reads a value of format int or chr: digits, perhaps with a sign, in the range of 32 bits, signed or
// unsigned. The error is a *ValueError.
func (v Value) Int() (int64, error) {
	s, err := v.text("int", FormatInt)
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < math.MinInt32 || n > math.MaxUint32 {
		return 0, v.refuse("int", "is not a number of 32 bits")
	}
	return n, nil
}

// Bool reads a value of format bool or chr: "true" or "false". The error is a *ValueError.
func (v Value) Bool() (bool, error) {
	s, err := v.text("bool", FormatBool)
	if err != nil {
		return false, err
	}
	if s != "true" && s != "false" {
		return false, v.refuse("bool", "is neither true nor false")
	}
	return s == "true", nil
}

// Float reads a value of format float, int or chr in the form of XML Schema. The error is a *ValueError.
func (v Value) Float() (float64, error) {
	s, err := v.text("float", FormatFloat, FormatInt)
	if err != nil {
		return 0, err
	}
	switch s {
	case "INF":
		return math.Inf(1), nil
	case "-INF":
		return math.Inf(-1), nil
	case "NaN":
		return math.NaN(), nil
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || strings.Trim(s, "0123456789+-.eE") != "" {
		return 0, v.refuse("float", "is not a number")
	}
	return f, nil
}

// Date reads a value of format date or chr: YYYY-MM-DD or YYYYMMDD, with an optional time zone after the first
// form. The result is the beginning of that day, in UTC when no zone is given. The error is a *ValueError.
func (v Value) Date() (time.Time, error) {
	s, err := v.text("date", FormatDate)
	if err != nil {
		return time.Time{}, err
	}
	for _, layout := range [...]string{time.DateOnly, "20060102", time.DateOnly + "Z07:00"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, nil
		}
	}
	return time.Time{}, v.refuse("date", "is not a date")
}

// Time reads a value of format time or chr: hh:mm:ss or hhmmss, the first form with an optional fraction of the
// second and an optional time zone. The result is that time on 1 January of the year 0, in UTC when no zone is
// given. The error is a *ValueError.
func (v Value) Time() (time.Time, error) {
	s, err := v.text("time", FormatTime)
	if err != nil {
		return time.Time{}, err
	}
	layouts := []string{"150405"}
	if len(s) >= len(time.TimeOnly) && s[2] == ':' && strings.IndexByte(s, ',') < 0 {
		layouts = []string{time.TimeOnly, time.TimeOnly + "Z07:00"}
	} else if len(s) != len("150405") {
		layouts = nil
	}
	for _, layout := range layouts {
		if t, err := time.Parse(layout, s); err == nil {
			return t, nil
		}
	}
	return time.Time{}, v.refuse("time", "is not a time of day")
}

// Bytes returns the octets that v stands for: decoded when the format is b64, whatever encoding carried it, else
// those of the data. Base64 may have line breaks, blanks and no padding. The error is a *ValueError.
func (v Value) Bytes() ([]byte, error) {
	if v.Data.Kind == syncml.NoData {
		return nil, v.refuse("octets", "has no data")
	}
	if v.Format != FormatB64 {
		return []byte(v.Data.Value), nil
	}
	b, ok := decodeBase64(v.Data.Value)
	if !ok {
		return nil, v.refuse("octets", "is not base64")
	}
	return b, nil
}

// decodeBase64 reads base64 with white space anywhere, with or without padding.
func decodeBase64(s string) ([]byte, bool) {
	n, ok := base64Len(s)
	if !ok {
		return nil, false
	}
	digits := make([]byte, 0, n*4/3+2)
	for i := range len(s) {
		if c := s[i]; !isSpace(c) && c != '=' {
			digits = append(digits, c)
		}
	}
	b := make([]byte, n)
	_, err := base64.RawStdEncoding.Decode(b, digits)
	return b, err == nil
}

// base64Len returns the number of octets that s stands for; ok is false unless decodeBase64 can read s. It does
// not allocate.
func base64Len(s string) (n int, ok bool) {
	digits, pads := 0, 0
	for i := range len(s) {
		switch c := s[i]; {
		case isSpace(c):
		case c == '=':
			pads++
		case !isBase64(c) || pads > 0:
			return 0, false
		default:
			digits++
		}
	}
	if digits%4 == 1 || pads > 0 && (pads > 2 || (digits+pads)%4 != 0) {
		return 0, false
	}
	return digits/4*3 + digits%4*3/4, true
}

func isBase64(c byte) bool {
	return 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '+' || c == '/'
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

// Size returns the number of octets that v stands for, as the property Size of a node counts them: those that
// Bytes returns, 0 when it returns an error.
func (v Value) Size() int {
	if v.Format != FormatB64 {
		return len(v.Data.Value)
	}
	n, _ := base64Len(v.Data.Value)
	return n
}

// MetaSize returns the number of octets of the data as they are sent, before any escaping of the encoding, as
// the element Size in Meta counts them: those of the base64 text, not those that it stands for.
func (v Value) MetaSize() int { return len(v.Data.Value) }

// Validate returns a *ValueError unless v can be sent: the data goes with the format (OMA DM Representation
// Protocol 1.2.1, section 6.3.2), and XML can carry it.
func (v Value) Validate() error {
	if reason := v.fault(); reason != "" {
		return v.refuse("", reason)
	}
	return nil
}

func (v Value) fault() string {
	for _, s := range [...]string{string(v.Format), v.Type} {
		if notXML(s) >= 0 {
			return "Meta has a character that XML cannot carry"
		}
	}
	kind, format := v.Data.Kind, v.DataFormat()
	switch {
	case v.Data.OriginalError != "":
		return "has an original error, which belongs to answers"
	case kind > syncml.OctetsData:
		return "has an unknown kind of data"
	case kind == syncml.NoData && format != FormatNull && format != FormatNode:
		return "has no data"
	case kind != syncml.NoData && format == FormatNull:
		return "has data"
	case v.Data.Value != "" && format == FormatNode:
		return "has data"
	case kind == syncml.OctetsData && format != FormatBin:
		return "has octets, which belong to bin"
	case kind == syncml.OctetsData:
		return "" // WBXML carries every octet
	}
	if i := notXML(v.Data.Value); i >= 0 {
		return fmt.Sprintf("has a character that XML cannot carry at octet %d", i)
	}
	return v.lexicalFault()
}

// lexicalFault checks the form of what this package writes itself. A device may know other forms of dates,
// times, numbers and truth values, but there is only one base64.
func (v Value) lexicalFault() string {
	if v.Data.Kind != syncml.TextData {
		return ""
	}
	switch v.Format {
	case FormatB64:
		if _, ok := base64Len(v.Data.Value); !ok {
			return "is not base64"
		}
	case FormatInt:
		if _, err := v.Int(); err != nil {
			return "is not a number of 32 bits"
		}
	}
	return ""
}

// notXML returns the offset of the first character of s that XML 1.0 cannot carry, also escaped; -1 when there
// is none.
func notXML(s string) int {
	for i := 0; i < len(s); {
		if c := s[i]; c < utf8.RuneSelf {
			if c < ' ' && !isSpace(c) {
				return i
			}
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && size == 1 || r == 0xfffe || r == 0xffff {
			return i
		}
		i += size
	}
	return -1
}
