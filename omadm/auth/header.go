package auth

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
)

// HeaderName is the name of the header of HTTP that carries a Header. Names of headers have no case.
const HeaderName = "X-Syncml-Hmac"

// Header is the header of the scheme MAC (OMA DM Security 1.2.1, section 5.4.3). Its formatted form does not show the
// code, Value does.
type Header struct {
	Algorithm string // empty means MD5, which is the only one
	Username  string
	MAC       string // base64
}

const algorithm = "MD5"

// NewHeader returns the header for a message that user sends. A body and a nonce are as Secret.MAC wants them.
func NewHeader(s Secret, user string, nonce, body []byte) Header {
	return Header{Algorithm: algorithm, Username: user, MAC: s.MAC(nonce, body)}
}

// ErrHeader says that a header is not one of the scheme MAC, or lacks the user name or the code. It is to be answered
// like a wrong code.
var ErrHeader = errors.New("auth: header of the scheme MAC is not valid")

// maxHeader is the size, in octets, of the longest header that is read.
const maxHeader = 4096

// ParseHeader reads the value of a header: algorithm, username and mac in any order, separated by commas. A value is a
// quoted string, in which a backslash stands before a character that is meant as such, or the bare text up to the next
// comma. Blanks and folded lines do not matter, parameters of other names are passed over. The error is ErrHeader.
func ParseHeader(s string) (Header, error) {
	if len(s) > maxHeader {
		return Header{}, ErrHeader
	}
	var h Header
	fields := [...]struct {
		name string
		v    *string
		seen bool
	}{{name: "algorithm", v: &h.Algorithm}, {name: "username", v: &h.Username}, {name: "mac", v: &h.MAC}}
	for s = strings.TrimLeft(unfold.Replace(s), between); s != ""; s = strings.TrimLeft(s, between) {
		name, rest, ok := strings.Cut(s, "=")
		if !ok {
			return Header{}, ErrHeader
		}
		var v string
		if v, s, ok = value(strings.TrimLeft(rest, blanks)); !ok {
			return Header{}, ErrHeader
		}
		name = strings.TrimRight(name, blanks)
		for i := range fields {
			if f := &fields[i]; strings.EqualFold(name, f.name) {
				if f.seen {
					return Header{}, ErrHeader
				}
				f.seen, *f.v = true, v
			}
		}
	}
	if h.Username == "" || h.MAC == "" || strings.ContainsFunc(h.Algorithm+h.MAC, isNotBase64) {
		return Header{}, ErrHeader
	}
	return h, nil
}

const (
	blanks  = " \t"
	between = blanks + "," // between two parameters
)

// unfold joins folded lines.
var unfold = strings.NewReplacer("\r\n ", " ", "\r\n\t", " ", "\n ", " ", "\n\t", " ")

// value reads the value of a parameter, and returns what stands behind it: nothing, or what begins with a comma.
func value(s string) (v, rest string, ok bool) {
	if !strings.HasPrefix(s, `"`) {
		v, _, _ = strings.Cut(s, ",")
		rest = s[len(v):]
		v = strings.TrimRight(v, blanks)
		return v, rest, !strings.ContainsFunc(v, isControl)
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		c := s[i]
		if c == '"' {
			rest = strings.TrimLeft(s[i+1:], blanks)
			return b.String(), rest, rest == "" || rest[0] == ','
		}
		if c == '\\' && i+1 < len(s) {
			i++
			c = s[i]
		}
		if isControl(rune(c)) {
			return "", "", false
		}
		b.WriteByte(c)
	}
	return "", "", false
}

func isControl(r rune) bool { return r < ' ' || r == 0x7F }

// isNotBase64 also tells what cannot be the name of an algorithm.
func isNotBase64(r rune) bool {
	switch {
	case 'A' <= r && r <= 'Z', 'a' <= r && r <= 'z', '0' <= r && r <= '9', strings.ContainsRune("+/=-", r):
		return false
	}
	return true
}

// Value returns the value of the header of HTTP. A user name with control characters cannot be sent: ParseHeader
// refuses it.
func (h Header) Value() string {
	var b strings.Builder
	if h.Algorithm != "" {
		b.WriteString("algorithm=" + h.Algorithm + ", ")
	}
	b.WriteString(`username="`)
	for _, c := range []byte(h.Username) {
		if c == '"' || c == '\\' {
			b.WriteByte('\\')
		}
		b.WriteByte(c)
	}
	b.WriteString(`", mac=` + h.MAC)
	return b.String()
}

// String returns the user name, never the code.
func (h Header) String() string { return fmt.Sprintf("Header(%q)", h.Username) }

// Format implements fmt.Formatter: it writes what String returns, whatever the verb.
func (h Header) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(h.String())) }

// LogValue implements slog.LogValuer: the user name, never the code.
func (h Header) LogValue() slog.Value { return slog.StringValue(h.String()) }
