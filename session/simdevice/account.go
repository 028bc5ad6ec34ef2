package simdevice

import (
	"crypto/rand"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Account is what a device and its server have agreed on to prove themselves to each other in SyncML (OMA DM Security
// 1.2.1, section 5.3). With the zero Account the device gives no credentials, a challenge ends the session as Refused,
// and the server need not prove itself. Its formatted form does not show the passwords.
type Account struct {
	// Scheme is that of the credentials of the device. It also answers a challenge that asks for a stronger one, and
	// uses that from then on; a challenge that asks for a weaker one ends the session as Refused.
	Scheme   Scheme
	Name     string // user name; empty: Device.User
	Password string
	// Wait makes the device begin each session without credentials and wait for the challenge. It has to while it
	// has no nonce of the server; Basic needs none.
	Wait bool

	// ServerName and ServerPassword are what the server proves itself with, by MD5 credentials or, in a session with
	// MAC, by MAC. The device then carries out no command of a server that has not: it answers 401 or 407 with a
	// challenge, once in a session. An empty password: the server need not prove itself.
	ServerName     string
	ServerPassword string
	// EachMessage makes the device accept MD5 credentials of the server for one message (200), not for the session (212).
	EachMessage bool
	// KeepNonce makes the device give no new nonce when it accepts MD5 credentials of the server.
	KeepNonce bool

	// Rand is where nonces for the server come from; nil: crypto/rand.Reader.
	Rand io.Reader
}

// String hides the passwords.
func (a Account) String() string { return fmt.Sprintf("Account(%q, %v)", a.Name, a.Scheme) }

// GoString hides the passwords.
func (a Account) GoString() string { return "simdevice." + a.String() }

// Scheme is a way to prove oneself in SyncML.
type Scheme uint8

// The schemes, from the weakest to the strongest.
const (
	NoScheme Scheme = iota // none: the transport has to, such as with a client certificate
	Basic                  // the password itself
	MD5                    // a digest of the password and a nonce
	MAC                    // a digest of these and of the message, beside each message and both ways
)

// schemes are the names on the wire.
var schemes = [...]string{NoScheme: "", Basic: "syncml:auth-basic", MD5: "syncml:auth-md5", MAC: "syncml:auth-MAC"}

// String returns the name on the wire, such as "syncml:auth-md5".
func (s Scheme) String() string {
	switch {
	case s == NoScheme:
		return "no scheme"
	case int(s) < len(schemes):
		return schemes[s]
	}
	return fmt.Sprintf("Scheme(%d)", uint8(s))
}

// schemeNamed returns the scheme with a name, without regard to case; NoScheme if there is none.
func schemeNamed(name string) Scheme {
	return Scheme(max(0, slices.IndexFunc(schemes[:], func(s string) bool { return strings.EqualFold(s, name) })))
}

// Nonces are what makes the next credentials differ from the last, in raw octets; empty: there is none yet. Their
// formatted form does not show them.
type Nonces struct {
	Client string // given by the server: for the next credentials of the device
	Server string // given by the device: for the next credentials of the server
}

// String hides the nonces.
func (Nonces) String() string { return "Nonces" }

// GoString hides the nonces.
func (Nonces) GoString() string { return "simdevice.Nonces" }

// nonceSize is the size in octets of the nonces that a device gives, and that those of a server have at least (OMA DM
// Security 1.2.1, section 5.3.3).
const nonceSize = 16

// maxUsed is of how many nonces a device knows that it has used them.
const maxUsed = 1000

// memory is what a device keeps of its account from one session to the next.
type memory struct {
	nonces Nonces
	scheme Scheme   // that a challenge has asked for
	used   []string // nonces with which the server has accepted credentials, the latest last
}

// Nonces returns the nonces that the device keeps for its next session.
func (d *Device) Nonces() Nonces {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.remembered().nonces
}

// SetNonces sets the nonces, such as to those that an account was provisioned with, or to stale ones.
func (d *Device) SetNonces(n Nonces) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.remembered().nonces = n
}

// remembered returns the memory. The caller holds mu.
func (d *Device) remembered() *memory {
	if d.memory == nil {
		d.memory = new(memory)
	}
	return d.memory
}

// scheme returns the scheme with which a session begins.
func (d *Device) scheme() Scheme {
	d.mu.Lock()
	defer d.mu.Unlock()
	return max(d.Account.Scheme, d.remembered().scheme)
}

// adopt keeps the scheme that a challenge has asked for.
func (d *Device) adopt(s Scheme) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.remembered().scheme = s
}

// keepClient keeps the nonce that the server has given.
func (d *Device) keepClient(nonce string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.remembered().nonces.Client = nonce
}

// spend notes that credentials with a nonce were accepted.
func (d *Device) spend(nonce string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	m := d.remembered()
	if len(m.used) == maxUsed {
		m.used = slices.Delete(m.used, 0, maxUsed/2)
	}
	m.used = append(m.used, nonce)
}

// spent reports whether credentials with a nonce were accepted before.
func (d *Device) spent(nonce string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Contains(d.remembered().used, nonce)
}

// keepServer keeps the nonce that the device gives.
func (d *Device) keepServer(nonce string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.remembered().nonces.Server = nonce
}

// newNonce makes a nonce for the server.
func (d *Device) newNonce() (string, error) {
	random := d.Account.Rand
	if random == nil {
		random = rand.Reader
	}
	b := make([]byte, nonceSize)
	if _, err := io.ReadFull(random, b); err != nil {
		return "", fmt.Errorf("simdevice: Account.Rand: %w", err)
	}
	return string(b), nil
}

// userName returns the user name of the account.
func (d *Device) userName() string {
	if d.Account.Name == "" {
		return d.User
	}
	return d.Account.Name
}

// locName returns the LocName of the Source.
func (d *Device) locName() string {
	if d.User == "" {
		return d.Account.Name
	}
	return d.User
}
