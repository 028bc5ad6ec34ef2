package simdevice

import (
	"crypto/md5"
	"crypto/subtle"
	"encoding/base64"
	"strings"
)

// hmacHeader is the header with the digest of a message (OMA DM Security 1.2.1, section 5.4.3).
const hmacHeader = "X-Syncml-Hmac"

// sum is H of the specification, in base64.
func sum(s string) string {
	h := md5.Sum([]byte(s))
	return base64.StdEncoding.EncodeToString(h[:])
}

// basic returns the Data of Basic credentials (OMA DM Protocol 1.2.1, section 9.4.1).
func basic(name, password string) string {
	return base64.StdEncoding.EncodeToString([]byte(name + ":" + password))
}

// digest returns the Data of MD5 credentials (OMA DM Security 1.2.1, section 5.3.2).
func digest(name, password, nonce string) string {
	return sum(sum(name+":"+password) + ":" + nonce)
}

// hmac returns the digest of a message (OMA DM Security 1.2.1, section 5.4.2).
func hmac(name, password, nonce string, body []byte) string {
	return sum(sum(name+":"+password) + ":" + nonce + ":" + sum(string(body)))
}

// same compares two digests in constant time.
func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// seal is the content of the header with the digest of a message.
type seal struct {
	algorithm, username, mac string
}

// String returns the value of the header.
func (s seal) String() string {
	name := strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s.username)
	return `algorithm=` + s.algorithm + `, username="` + name + `", mac=` + s.mac
}

// parseSeal reads the value of the header: name=value, with commas between. A value may be a quoted-string.
func parseSeal(text string) (s seal, ok bool) {
	s.algorithm = "MD5"
	fields := map[string]*string{"algorithm": &s.algorithm, "username": &s.username, "mac": &s.mac}
	for rest := strings.TrimSpace(text); rest != ""; {
		name, after, found := strings.Cut(rest, "=")
		to := fields[strings.ToLower(strings.TrimSpace(name))]
		if !found || to == nil {
			return seal{}, false
		}
		delete(fields, strings.ToLower(strings.TrimSpace(name)))
		if *to, rest, ok = value(strings.TrimSpace(after)); !ok {
			return seal{}, false
		}
	}
	if s.username == "" || s.mac == "" || !strings.EqualFold(s.algorithm, "MD5") {
		return seal{}, false
	}
	return s, true
}

// value reads a value and the comma behind it.
func value(text string) (v, rest string, ok bool) {
	if !strings.HasPrefix(text, `"`) {
		v, rest, _ = strings.Cut(text, ",")
		return strings.TrimSpace(v), strings.TrimSpace(rest), true
	}
	var b strings.Builder
	for i := 1; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			rest = strings.TrimSpace(text[i+1:])
			if rest != "" && rest[0] != ',' {
				return "", "", false
			}
			return b.String(), strings.TrimSpace(strings.TrimPrefix(rest, ",")), true
		case c == '\\' && i+1 < len(text):
			i++
			b.WriteByte(text[i])
		default:
			b.WriteByte(c)
		}
	}
	return "", "", false
}
