package session

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"net/http"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/omadm/auth"
	"github.com/gomadm/gomadm/syncml"
)

// Credentials is the Authenticator for devices that prove themselves in SyncML: by basic, MD5 or MAC credentials (OMA DM
// Security 1.2.1, section 5.3) that are checked against Device.Account. It only names the account that a message
// claims; Step checks the claim. A wrong claim, and one of an account that does not exist, is answered with a challenge
// and leaves nothing behind.
type Credentials struct {
	// Device maps the Source of a message to a device. ErrUnauthenticated for one that is not known is answered as
	// wrong credentials are. Default: the LocURI is the DeviceID.
	Device func(ctx context.Context, source syncml.Location) (omadm.DeviceID, error)
}

// schemeCredentials is the Principal.Scheme of Credentials.
const schemeCredentials = "syncml"

// Authenticate implements Authenticator.
func (a Credentials) Authenticate(ctx context.Context, in *Inbound) (Principal, error) {
	source := in.Message.Header.Source
	if a.Device == nil {
		return Principal{Device: omadm.DeviceID(source.URI), Scheme: schemeCredentials}, nil
	}
	id, err := a.Device(ctx, source)
	if errors.Is(err, ErrUnauthenticated) {
		return Principal{Scheme: schemeCredentials}, nil
	}
	return Principal{Device: id, Scheme: schemeCredentials}, err
}

// Challenges are the nonces that Step may give and accept, in raw octets. It has neither a secret nor randomness to make
// them itself. Their formatted form does not show them.
type Challenges struct {
	// Now is the nonce of a challenge to the device in this session at this time, Before that of the time slot before.
	Now, Before string
	// Next is random: what the device uses next after its credentials were accepted.
	Next string
}

// String hides the nonces.
func (Challenges) String() string { return "Challenges" }

// GoString hides the nonces.
func (Challenges) GoString() string { return "session.Challenges" }

// proof is what a message brings to prove the account that it claims.
type proof struct {
	given  bool        // it brings credentials
	fresh  bool        // they are right, and were not seen before
	ok     bool        // it is from the device
	begins bool        // it answers the challenge to a first message, which was not kept, or may do so
	scheme auth.Scheme // of the credentials, or of the session that goes on
}

// authorize checks the credentials of a sender that the transport did not prove. It returns false when the reply refuses
// the message. Nothing of it may have an effect before.
func (t *Turn) authorize() bool {
	if t.in.Principal.Proven {
		return true
	}
	t.proof = t.prove()
	if t.proof.ok {
		return true
	}
	code := omadm.StatusInvalidCredentials
	first := t.in.Message.Header.MsgID == "1"
	if first && !t.proof.given {
		code = omadm.StatusMissingCredentials
	}
	t.reply.Refuse(code)
	if first {
		t.reply.Chal = auth.NewChal(t.scheme(), []byte(t.env.Nonces.Now))
	}
	t.note("credentials refused with %v%s", code, t.misconfigured())
	return false
}

// misconfigured says what keeps right credentials from being accepted, for the log.
func (t *Turn) misconfigured() string {
	account, scheme := &t.rec.Device.Account, t.proof.scheme
	switch {
	case account.Secret != "" && !account.Secret.Valid():
		return ": the secret of the account is none that auth.NewSecret makes"
	case scheme == auth.Basic && t.in.TLS == nil && !t.env.Rules.PlainBasic:
		return ": Basic without TLS is not accepted, see Rules.PlainBasic"
	case scheme != "" && !t.takes(scheme):
		return ": the account takes " + string(account.Scheme) + " only"
	}
	return ""
}

// scheme is the one that a challenge asks for: that of the account, else MAC if the device tried it, else that of the
// rules. What the device tried is the same for an account that does not exist.
func (t *Turn) scheme() auth.Scheme {
	switch account := t.rec.Device.Account.Scheme; {
	case account != "":
		return account
	case t.proof.scheme == auth.MAC:
		return auth.MAC
	case t.env.Rules.Scheme != "":
		return t.env.Rules.Scheme
	}
	return auth.MD5
}

// takes reports whether the account may prove itself with a scheme. Basic shows the password to whoever sees the message.
func (t *Turn) takes(s auth.Scheme) bool {
	if s == auth.Basic && t.in.TLS == nil && !t.env.Rules.PlainBasic {
		return false
	}
	want := t.rec.Device.Account.Scheme
	return want == "" || want == s
}

// prove checks what the message brings. An account without a secret fails like one with another, with the same work.
func (t *Turn) prove() proof {
	h, account := &t.in.Message.Header, &t.rec.Device.Account
	s := t.continued()
	var p proof
	switch macs := t.in.Headers.Values(auth.HeaderName); {
	case len(macs) > 1: // which of them counts is not for us to guess
		return proof{given: true}
	case len(macs) == 1 && macs[0] != "":
		p = t.proveMAC(macs[0])
	case h.Cred != nil:
		p = t.proveCred(h.Cred, s)
	case s != nil && (s.Scheme == auth.MD5 || s.Scheme == auth.Basic) && !t.env.Rules.EachMessage:
		return proof{ok: true, scheme: s.Scheme} // accepted for the session (OMA DM Protocol 1.2.1, section 9.1)
	default:
		return proof{}
	}
	p.begins = p.begins && h.MsgID == "2"
	p.ok = p.ok && (h.Source.Name == "" || h.Source.Name == account.Name) && t.takes(p.scheme) &&
		(s == nil || s.Scheme == p.scheme || p.begins)
	p.fresh = p.fresh && p.ok
	return p
}

// continued returns the open session that the message goes on with, nil if it begins one.
func (t *Turn) continued() *State {
	if t.in.Message.Header.MsgID == "1" {
		return nil
	}
	if s := t.latest(); s != nil && s.Open(t.env.Now, t.env.Rules.Timeout) {
		return s
	}
	return nil
}

// ended reports whether the session with the SessionID of the message has ended just now, so that the message may be a copy
// that comes late.
func (t *Turn) ended() bool {
	s := t.latest()
	return s != nil && !s.Ended.IsZero() && t.env.Now.Sub(s.Ended) < t.env.Rules.Replay
}

// nonces are those that credentials may be made with: those of challenges, as many as the number says, and the one given
// with the last success.
func (t *Turn) nonces() (list [][]byte, challenges int) {
	list = make([][]byte, 0, 3)
	for i, n := range [...]string{t.env.Nonces.Now, t.env.Nonces.Before, t.rec.Device.Nonces.Client} {
		if n == "" {
			continue
		}
		list = append(list, []byte(n))
		if i < 2 {
			challenges++
		}
	}
	return list, challenges
}

// found takes over which of the nonces credentials were made with.
func (p *proof) found(nonce, challenges int) {
	p.ok, p.begins = nonce >= 0, nonce >= 0 && nonce < challenges
}

func (t *Turn) proveMAC(value string) proof {
	p := proof{given: true, fresh: true, scheme: auth.MAC}
	h, err := auth.ParseHeader(value)
	if err != nil {
		return p
	}
	account := &t.rec.Device.Account
	nonces, challenges := t.nonces()
	p.found(auth.CheckMAC(account.Secret, account.Name, h, t.in.Body, nonces...), challenges)
	return p
}

func (t *Turn) proveCred(c *syncml.Cred, s *State) proof {
	p := proof{given: true, fresh: true}
	p.scheme, _ = auth.SchemeOf(c.Meta)
	account := &t.rec.Device.Account
	switch p.scheme {
	case auth.Basic:
		p.ok = auth.CheckBasic(account.Secret, account.Name, c.Data)
		p.begins = s == nil && !t.ended() // there is no nonce that would tell
	case auth.MD5:
		nonces, challenges := t.nonces()
		p.found(auth.CheckMD5(account.Secret, c.Data, nonces...), challenges)
		if sum := digestOf(c.Data.Value); !p.ok && s != nil && !t.env.Rules.EachMessage && subtle.ConstantTimeCompare(sum[:], s.Proof[:]) == 1 {
			p.ok, p.fresh = true, false // the same again, though once is enough for a session
		}
	}
	return p
}

// digestOf is what is kept of credentials.
func digestOf(text string) Digest { return sha256.Sum256([]byte(text)) }

// accept moves the nonces after credentials were accepted, in the change that the message makes, so that they are good
// once. The reply tells the device what to use next.
func (t *Turn) accept() {
	if t.in.Principal.Proven {
		return
	}
	t.state.Scheme = t.proof.scheme
	if !t.proof.fresh {
		return
	}
	n := t.moved()
	n.Generation++
	switch t.proof.scheme {
	case auth.MAC:
		t.state.Proof = digestOf(t.in.Headers.Get(auth.HeaderName))
	default:
		t.state.Proof = digestOf(t.in.Message.Header.Cred.Data.Value)
		if !t.env.Rules.EachMessage {
			t.reply.Header(omadm.StatusAuthenticationAccepted) // for the session
		}
	}
	if t.proof.scheme == auth.Basic {
		return
	}
	n.Client = t.env.Nonces.Next
	t.reply.Chal = auth.NewChal(t.proof.scheme, []byte(n.Client))
}

// moved returns the nonces that the turn commits.
func (t *Turn) moved() *Nonces {
	if t.change.Nonces == nil {
		n := t.rec.Device.Nonces
		t.change.Nonces = &n
	}
	return t.change.Nonces
}

// repeatable reports whether the message, which has the octets of the last one of s, also proves its sender as that one
// did. Credentials in the body are the same with it.
func (t *Turn) repeatable(s *State) bool {
	if s.Scheme != auth.MAC {
		return t.in.Principal.Proven == (s.Scheme == "")
	}
	sum := digestOf(t.in.Headers.Get(auth.HeaderName))
	return subtle.ConstantTimeCompare(sum[:], s.Proof[:]) == 1
}

// headerStatus takes up what the client says about the header of our message, and its challenge to us (OMA DM
// Protocol 1.2.1, section 9.1).
func (t *Turn) headerStatus(c *syncml.Status, code omadm.Status) {
	challenged := false
	if c.Chal != nil && !t.in.Principal.Proven {
		nonce, err := auth.NextNonce(c.Chal)
		if err != nil {
			t.note("client gives a nonce that is none")
		} else if len(nonce) > 0 {
			t.moved().Server = string(nonce)
			challenged = true
		}
	}
	if code == omadm.StatusAuthenticationAccepted {
		t.state.Accepted = true
	}
	// 300 and above: the client refused our message and executed nothing of it.
	if code < 300 {
		return
	}
	t.refusal = code
	t.note("client refused message %.64q with %v", c.MsgRef, code)
	credentials := code == omadm.StatusInvalidCredentials || code == omadm.StatusMissingCredentials
	t.resend = credentials && challenged && !t.state.Retried && t.rec.Device.Account.ServerSecret != ""
	t.state.Retried = t.state.Retried || t.resend
}

// identifyServer puts the credentials of the server into the header of the reply, unless the client accepted them for the
// session. A MAC goes beside the message, see sign.
func (t *Turn) identifyServer() {
	account := &t.rec.Device.Account
	if t.in.Principal.Proven || t.change == nil || account.ServerSecret == "" {
		return
	}
	t.header.Source.Name = account.ServerName
	nonce := t.serverNonce()
	if t.state.Scheme == auth.MAC || t.state.Accepted || nonce == "" {
		return
	}
	t.header.Cred = auth.NewCred(account.ServerSecret, []byte(nonce))
}

func (t *Turn) serverNonce() string {
	if n := t.change.Nonces; n != nil {
		return n.Server
	}
	return t.rec.Device.Nonces.Server
}

// sign puts the MAC of the reply beside it when the session uses MACs, both ways and to its end (OMA DM Security 1.2.1,
// section 5.4.3).
func (t *Turn) sign(a *Answer) {
	account := &t.rec.Device.Account
	if t.change == nil || t.state.Scheme != auth.MAC || account.ServerSecret == "" {
		return
	}
	t.state.MAC = auth.NewHeader(account.ServerSecret, account.ServerName, []byte(t.serverNonce()), a.Octets).Value()
	a.Header = http.Header{auth.HeaderName: {t.state.MAC}}
}
