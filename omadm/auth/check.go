package auth

import (
	"crypto/md5"
	"crypto/subtle"
	"strings"

	"github.com/gomadm/gomadm/syncml"
)

// maxBasic is the size, in octets, of the longest user name and password of the scheme Basic that are looked at.
const maxBasic = 1024

// CheckBasic reports whether the Data of credentials of the scheme Basic are user and the password of s: base64, or in
// WBXML the octets themselves.
func CheckBasic(s Secret, user string, data syncml.Data) bool {
	s, valid := s.orNobody()
	got, ok := octets(data, maxBasic)
	name := user + ":"
	named := 0
	if len(got) >= len(name) {
		named = subtle.ConstantTimeCompare(got[:len(name)], []byte(name))
	}
	same := subtle.ConstantTimeCompare([]byte(newSecret(got)), []byte(s))
	return valid && ok && named&same == 1
}

// CheckMD5 reports with which of the nonces the Data of credentials of the scheme MD5 were made from s, as an index,
// and -1 when with none of them. Data is base64, or in WBXML the 16 octets themselves. The LocName of the Source, when
// there is one, has to be the user of s; that is for the caller to compare.
func CheckMD5(s Secret, data syncml.Data, nonces ...[]byte) int {
	s, valid := s.orNobody()
	got, ok := octets(data, md5.Size)
	at := find(got, nonces, s.digest)
	if !valid || !ok {
		return -1
	}
	return at
}

// CheckMAC reports with which of the nonces the code in h was made from s for a message, as an index, and -1 when with
// none of them. The body is as received, to the octet. The user name in h has to be user, which is the LocName of the
// Source; when the message has none, it is that of the account. (OMA DM Security 1.2.1, section 5.4.3.)
func CheckMAC(s Secret, user string, h Header, body []byte, nonces ...[]byte) int {
	s, valid := s.orNobody()
	got, ok := decode(h.MAC, md5.Size)
	sum := b64(md5.Sum(body))
	at := find(got, nonces, func(nonce []byte) [md5.Size]byte { return s.mac(nonce, sum) })
	named := subtle.ConstantTimeCompare([]byte(h.Username), []byte(user)) == 1
	known := h.Algorithm == "" || strings.EqualFold(h.Algorithm, algorithm)
	if !valid || !ok || !named || !known {
		return -1
	}
	return at
}

// find returns the index of the first nonce whose sum is got, -1 if there is none. It computes all of them.
func find(got []byte, nonces [][]byte, sum func(nonce []byte) [md5.Size]byte) int {
	at := -1
	for i := len(nonces) - 1; i >= 0; i-- {
		want := sum(nonces[i])
		at = subtle.ConstantTimeSelect(subtle.ConstantTimeCompare(got, want[:]), i, at)
	}
	return at
}

// octets returns what the Data of credentials stands for, at most limit octets.
func octets(d syncml.Data, limit int) ([]byte, bool) {
	switch {
	case d.Kind == syncml.TextData:
		return decode(d.Value, limit)
	case d.Kind == syncml.OctetsData && len(d.Value) <= limit:
		return []byte(d.Value), true
	}
	return nil, false
}
