package auth

import (
	"encoding/base64"
	"errors"
	"strings"

	"github.com/gomadm/gomadm/syncml"
)

// Scheme is a way to prove oneself (OMA DM Security 1.2.1, sections 5.3 and 5.4).
type Scheme string

// The schemes.
const (
	Basic Scheme = "syncml:auth-basic"
	MD5   Scheme = "syncml:auth-md5"
	MAC   Scheme = "syncml:auth-MAC"
)

// ParseScheme returns the scheme with a name, without regard to case. It is false when there is none.
func ParseScheme(name string) (Scheme, bool) {
	for _, s := range [...]Scheme{Basic, MD5, MAC} {
		if strings.EqualFold(name, string(s)) {
			return s, true
		}
	}
	return "", false
}

// SchemeOf returns the scheme that the Meta of a Cred or a Chal names. It is false for a nil Meta and when the Type is
// missing or not known.
func SchemeOf(m *syncml.Meta) (Scheme, bool) {
	if m == nil {
		return "", false
	}
	return ParseScheme(m.Type)
}

// MaxNonce is the size, in octets, of the longest nonce that is accepted.
const MaxNonce = 256

// ErrNonce says that a challenge has a nonce that is not base64, or is longer than MaxNonce.
var ErrNonce = errors.New("auth: nonce is not valid")

// NewChal returns a challenge that asks for a scheme and gives the nonce to use next (OMA DM Representation Protocol
// 1.2, section 6.1.2). Basic has no nonce: it is left out.
func NewChal(s Scheme, nonce []byte) *syncml.Chal {
	m := &syncml.Meta{Format: "b64", Type: string(s)}
	if s != Basic {
		m.NextNonce = base64.StdEncoding.EncodeToString(nonce)
	}
	return &syncml.Chal{Meta: m}
}

// NextNonce returns the nonce that a challenge gives, nil when it gives none. It is decoded once, even if the result
// looks like base64 again; white space and missing padding are tolerated. The error is ErrNonce.
func NextNonce(c *syncml.Chal) ([]byte, error) {
	if c == nil || c.Meta == nil || c.Meta.NextNonce == "" {
		return nil, nil
	}
	b, ok := decode(c.Meta.NextNonce, MaxNonce)
	if !ok {
		return nil, ErrNonce
	}
	return b, nil
}

// decode decodes base64 that may hold white space and lack its padding. It is false if s is not base64 or holds more
// than limit octets.
func decode(s string, limit int) ([]byte, bool) {
	if len(s) > 2*base64.StdEncoding.EncodedLen(limit) {
		return nil, false
	}
	s = strings.TrimRight(strings.Join(strings.Fields(s), ""), "=")
	b, err := base64.RawStdEncoding.DecodeString(s)
	return b, err == nil && len(b) <= limit
}
