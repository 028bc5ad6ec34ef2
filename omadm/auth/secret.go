package auth

import (
	"crypto/md5"
	"encoding/base64"
	"fmt"
	"log/slog"

	"github.com/gomadm/gomadm/syncml"
)

// Secret is what is kept of a user name and its password: B64(MD5(user ":" password)), 24 characters. All schemes work
// with it, so that the password need not be stored. Whoever has it can pass for its owner by the schemes MD5 and MAC:
// it has to be guarded like the password. Convert it to and from string to store it. Its formatted form does not show
// it.
//
// Nothing matches the zero Secret, nor one that is not Valid.
type Secret string

// NewSecret returns the secret of a user and a password. The name of a client is the LocName of its Source, that of a
// server its server identifier.
func NewSecret(user, password string) Secret {
	return newSecret([]byte(user + ":" + password))
}

func newSecret(userAndPassword []byte) Secret {
	return Secret(b64(md5.Sum(userAndPassword)))
}

// Valid reports whether s can be the secret of anybody.
func (s Secret) Valid() bool {
	if len(s) != base64.StdEncoding.EncodedLen(md5.Size) {
		return false
	}
	var b [md5.Size + 2]byte // the decoder writes whole groups
	n, err := base64.StdEncoding.Strict().Decode(b[:], []byte(s))
	return err == nil && n == md5.Size
}

// orNobody returns s if it is valid, and otherwise a secret to go on with, so that it is not seen from outside that
// there is none.
func (s Secret) orNobody() (_ Secret, valid bool) {
	if s.Valid() {
		return s, true
	}
	return "AAAAAAAAAAAAAAAAAAAAAA==", false
}

// Digest returns the credentials of the scheme MD5, in base64: B64(MD5(s ":" nonce)). The nonce is the raw octets.
// (OMA DM Security 1.2.1, section 5.3.2.)
func (s Secret) Digest(nonce []byte) string { return b64(s.digest(nonce)) }

// MAC returns the code of a message for the scheme MAC, in base64: B64(MD5(s ":" nonce ":" B64(MD5(body)))). The body
// is what is sent or was received, to the octet, in XML or in WBXML, without any coding of the transport or content.
// (OMA DM Security 1.2.1, section 5.4.2.)
func (s Secret) MAC(nonce, body []byte) string { return b64(s.mac(nonce, b64(md5.Sum(body)))) }

func (s Secret) digest(nonce []byte) [md5.Size]byte {
	b := make([]byte, 0, 128)
	b = append(b, s...)
	b = append(b, ':')
	return md5.Sum(append(b, nonce...))
}

func (s Secret) mac(nonce []byte, bodyDigest string) [md5.Size]byte {
	b := make([]byte, 0, 128)
	b = append(b, s...)
	b = append(b, ':')
	b = append(b, nonce...)
	b = append(b, ':')
	return md5.Sum(append(b, bodyDigest...))
}

// NewCred returns credentials of the scheme MD5 for a message header.
func NewCred(s Secret, nonce []byte) *syncml.Cred { return newCred(MD5, s.Digest(nonce)) }

// NewBasicCred returns credentials of the scheme Basic (OMA DM Protocol 1.2.1, section 9.4.1).
func NewBasicCred(user, password string) *syncml.Cred {
	return newCred(Basic, base64.StdEncoding.EncodeToString([]byte(user+":"+password)))
}

func newCred(scheme Scheme, data string) *syncml.Cred {
	return &syncml.Cred{Meta: &syncml.Meta{Format: "b64", Type: string(scheme)}, Data: syncml.Text(data)}
}

// hidden stands for a secret wherever it is formatted.
const hidden = "Secret"

// String hides the secret.
func (s Secret) String() string { return hidden }

// GoString hides the secret.
func (s Secret) GoString() string { return hidden }

// Format implements fmt.Formatter: it hides the secret whatever the verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(hidden)) }

// LogValue implements slog.LogValuer: it hides the secret.
func (s Secret) LogValue() slog.Value { return slog.StringValue(hidden) }

func b64(sum [md5.Size]byte) string { return base64.StdEncoding.EncodeToString(sum[:]) }
