package capture

import (
	"slices"
	"strconv"
	"strings"

	"github.com/gomadm/gomadm/omadm"
)

// secretNames are the names of nodes, elements and parameters whose values are secrets, in lower case.
var secretNames = [...]string{
	"aauthdata",   // DMAcc, nonces
	"authdata",    // of older accounts
	"challenge",   // SCEP
	"cred",        // of SyncML inside a document
	"keymaterial", // WLAN profiles
	"networkkey",  // WLAN profiles
	"nextnonce",   // of SyncML inside a document
	"pfxcertblob", // holds a private key
	"privatekey",
	"proxy-pw",  // w7 parameters
	"pxauth-pw", // w7 parameters
	"recoverykey",
	"wepkey",
	"aadusertoken",
}

// secretEndings are the endings of names of secrets, in lower case: AAuthSecret, DevicePassword, PFXCertPassword.
var secretEndings = [...]string{"password", "passwd", "passphrase", "psk", "secret"}

// secretName reports whether a value of that name is a secret.
func secretName(name string) bool {
	name = strings.ToLower(strings.TrimSpace(name))
	if slices.Contains(secretNames[:], name) {
		return true
	}
	return slices.ContainsFunc(secretEndings[:], func(end string) bool { return strings.HasSuffix(name, end) })
}

// secretNode reports whether the value of a node is a secret. Its properties are not.
func secretNode(uri omadm.URI) bool {
	path, query, _ := strings.Cut(string(uri), "?")
	path = strings.TrimRight(path, "/ ") // is no address, and may reach the node all the same
	return !strings.HasPrefix(query, "prop=") && secretName(omadm.URI(path).Base())
}

// secretText reports whether a text is a secret wherever it stands: a JSON web token.
func secretText(s string) bool {
	s = strings.TrimSpace(s)
	return len(s) > 20 && strings.HasPrefix(s, "eyJ") && strings.Count(s, ".") >= 2 && !strings.ContainsAny(s, " \t\r\n<")
}

// placeholder is what a Placeholder is made of. With the digits of a number it is also good base64.
const placeholder = "Blanked"

// Placeholder returns what stands in a recording for a secret of that length in octets. Secrets are numbered from 1 in
// the order in which the recording meets them. A placeholder of less than eight octets does not show the number.
func Placeholder(number, length int) string {
	word := placeholder + strconv.Itoa(number)
	return strings.Repeat(word, length/len(word)+1)[:max(length, 0)]
}

// SecretNumber returns the number of the secret that a Placeholder stands for, 0 when s is no placeholder, or too short to
// show the number.
func SecretNumber(s string) int { return placeholderNumber(s) }

// placeholderNumber returns the number of a placeholder, 0 when s is none.
func placeholderNumber(s string) int {
	rest, ok := strings.CutPrefix(s, placeholder)
	if !ok {
		return 0
	}
	digits, _, _ := strings.Cut(rest, placeholder[:1])
	n, err := strconv.Atoi(digits)
	if err != nil || n < 1 || Placeholder(n, len(s)) != s {
		return 0
	}
	return n
}
