package simdevice

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/syncml"
)

// proof is how far the two sides of a session have proven themselves to each other (OMA DM Protocol 1.2.1, section 9).
type proof struct {
	scheme   Scheme // of the device
	gives    bool   // the device gives credentials
	given    bool   // its last message had some
	accepted bool   // for the session (212): no more are needed
	failures int    // credentials that the server has refused
	nonce    string // for the next credentials; empty: the one that the device keeps

	server    bool         // the server has proven itself
	asked     bool         // it was challenged
	untrusted bool         // it has failed to: the next message ends the session
	answer    omadm.Status // for the header of its last message
	chal      *syncml.Chal // beside it
	gift      string       // the nonce in chal
}

func newProof(d *Device) proof {
	p := proof{scheme: d.scheme(), answer: omadm.StatusOK}
	needsNonce := p.scheme == MD5 || p.scheme == MAC
	p.gives = p.scheme != NoScheme && !d.Account.Wait && !(needsNonce && d.Nonces().Client == "")
	return p
}

// clientNonce returns the nonce for the next credentials of the device.
func (s *session) clientNonce() string {
	if n := s.proof.nonce; n != "" {
		return n
	}
	return s.d.Nonces().Client
}

// due reports whether the next message has credentials of a scheme.
func (p *proof) due(schemes ...Scheme) bool {
	for _, s := range schemes {
		if p.scheme == s {
			return p.gives && !p.accepted
		}
	}
	return false
}

// cred returns the credentials for the header of the next message, nil if it has none.
func (s *session) cred() *syncml.Cred {
	if !s.proof.due(Basic, MD5) {
		return nil
	}
	data := basic(s.d.userName(), s.d.Account.Password)
	if s.proof.scheme == MD5 {
		data = digest(s.d.userName(), s.d.Account.Password, s.clientNonce())
	}
	return &syncml.Cred{Meta: &syncml.Meta{Format: "b64", Type: s.proof.scheme.String()}, Data: syncml.Text(data)}
}

var errNoHeaders = errors.New("simdevice: MAC and Sign need a HeaderTransport")

// headers returns what goes beside a message that is about to be sent: its MAC, and what Device.Sign adds.
func (s *session) headers(m *syncml.Message, octets []byte) (http.Header, error) {
	h := make(http.Header)
	if s.d.Sign != nil {
		signature, err := s.d.Sign(octets)
		if err != nil {
			return nil, fmt.Errorf("simdevice: Sign: %w", err)
		}
		for name, values := range signature {
			h[http.CanonicalHeaderKey(name)] = values
		}
	}
	mac := s.proof.due(MAC)
	if mac {
		user := s.d.userName()
		h.Set(hmacHeader, seal{"MD5", user, hmac(user, s.d.Account.Password, s.clientNonce(), octets)}.String())
	}
	if _, ok := s.d.Transport.(HeaderTransport); !ok && len(h) > 0 {
		return nil, errNoHeaders
	}
	s.proof.given = mac || m.Header.Cred != nil
	if s.proof.chal != nil {
		s.d.keepServer(s.proof.gift)
	}
	return h, nil
}

// unauthorised reports whether a status for a header asks for credentials.
func unauthorised(s omadm.Status) bool {
	return s == omadm.StatusInvalidCredentials || s == omadm.StatusMissingCredentials
}

// answersChallenge reports whether the server has refused the first message of the session and has given what the
// device needs for credentials that it may accept.
func (s *session) answersChallenge(c *check) bool {
	p := &s.proof
	if !unauthorised(s.report.Header) || c.aborts {
		return false
	}
	if s.got > 1 || p.scheme == NoScheme || c.scheme < p.scheme || c.scheme != Basic && c.nonce == "" {
		return false
	}
	s.d.adopt(c.scheme)
	p.scheme, p.nonce, p.gives = c.scheme, c.nonce, true
	return true
}

// beginAgain makes the outbox package 1 once more, as a whole: the server has read nothing of it.
func (s *session) beginAgain() {
	s.d.putBack(s)
	s.outbox, s.sent, s.going, s.turn, s.stuck = nil, nil, nil, deviceClosed, progress{}
	s.open()
}

// judge settles what the message of the server proves, and what the device says about that in its next message.
func (s *session) judge(c *check) error {
	p := &s.proof
	p.answer, p.chal = omadm.StatusOK, nil
	if failed(s.report.Header) {
		return nil
	}
	if p.given {
		if p.scheme != Basic {
			s.d.spend(s.clientNonce())
		}
		p.accepted = s.report.Header == omadm.StatusAuthenticationAccepted && p.scheme != MAC
		if c.nonce != "" {
			p.nonce = c.nonce
		}
	}
	if err := s.judgeServer(c); err != nil {
		return err
	}
	// A nonce of somebody who has not proven to be the server does not replace the one that is kept (OMA DM Security
	// 1.2.1, section 5.3.4).
	if p.nonce != "" && (p.server || s.d.Account.ServerPassword == "") {
		s.d.keepClient(p.nonce)
		p.nonce = ""
	}
	return nil
}

// judgeServer checks the credentials of the server, if the device wants any.
func (s *session) judgeServer(c *check) error {
	p := &s.proof
	a := &s.d.Account
	mac := p.scheme == MAC && p.given
	if a.ServerPassword == "" || p.server && !mac && !a.EachMessage {
		return nil
	}
	code := s.server(c, mac)
	switch {
	case code == omadm.StatusOK:
		p.server = true
		if !mac && !a.EachMessage {
			p.answer = omadm.StatusAuthenticationAccepted
		}
		if !mac && a.KeepNonce {
			return nil
		}
		return s.challenge(mac)
	case p.server, p.asked, c.missing:
		s.violateProof(mac, c.missing)
		p.answer, p.untrusted = omadm.StatusInvalidCredentials, true
		return nil
	}
	p.answer, p.asked = code, true
	return s.challenge(mac)
}

// violateProof reports a server that does not prove itself although it knows what with.
func (s *session) violateProof(mac, missing bool) {
	switch {
	case missing: // and that has been said
	case !s.proof.server:
		s.violate("A-24", "the server does not prove itself when it is challenged")
	case mac:
		s.violate("A-25", "the MAC of the message is not that of its octets and the nonce that the device gave")
	default:
		s.violate("A-20", "the message has no credentials of the server, or wrong ones")
	}
}

// server returns 200 if the message proves the server, 407 if it has no credentials and 401 if it has wrong ones.
func (s *session) server(c *check, mac bool) omadm.Status {
	a, nonce := &s.d.Account, s.d.Nonces().Server
	cred := c.m.Header.Cred
	switch {
	case !mac && cred == nil:
		return omadm.StatusMissingCredentials
	case nonce == "", c.m.Header.Source.Name != a.ServerName:
		return omadm.StatusInvalidCredentials
	case mac && c.seal.username == a.ServerName && same(c.seal.mac, hmac(a.ServerName, a.ServerPassword, nonce, c.in.Octets)):
		return omadm.StatusOK
	case !mac && cred.Meta != nil && schemeNamed(cred.Meta.Type) == MD5 && same(cred.Data.Value, digest(a.ServerName, a.ServerPassword, nonce)):
		return omadm.StatusOK
	}
	return omadm.StatusInvalidCredentials
}

// challenge gives the server the nonce to use next.
func (s *session) challenge(mac bool) error {
	nonce, err := s.d.newNonce()
	if err != nil {
		return err
	}
	s.proof.gift = nonce
	scheme := MD5
	if mac {
		scheme = MAC
	}
	s.proof.chal = &syncml.Chal{Meta: &syncml.Meta{
		Format: "b64", Type: scheme.String(), NextNonce: base64.StdEncoding.EncodeToString([]byte(nonce)),
	}}
	return nil
}

// refuse answers the commands of a server that has not proven itself, and carries out none of them.
func (s *session) refuse(c *check) []*unit {
	x := &executor{s: s, m: c.m, refusal: s.proof.answer}
	for _, cmd := range c.m.Body {
		if !isStatus(cmd) {
			x.run(cmd, nil)
		}
	}
	if s.turn != deviceOpen {
		s.turn = deviceClosed
	}
	return x.statuses
}

// breakOff makes the next message the last one: it refuses that of a server that has failed to prove itself.
func (s *session) breakOff(c *check) {
	s.outbox, s.report.End = s.refuse(c), Distrusted
}
