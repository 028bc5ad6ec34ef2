package simdevice

import (
	"encoding/base64"
	"strings"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/syncml"
)

// credentials checks what the message says about the credentials of the device, and the MAC beside it.
func (c *check) credentials() {
	if c.chal != nil {
		c.challenge(c.chal.Meta)
	}
	status := c.s.report.Header
	switch {
	case unauthorised(status):
		c.refusal()
	case !failed(status) && c.s.proof.given:
		c.acceptance(status)
		if c.s.proof.scheme == MAC {
			c.sealed()
		}
	}
}

// challenge checks a Chal and notes what it asks for (OMA DM Representation Protocol 1.2.1, section 6.1.2).
func (c *check) challenge(meta *syncml.Meta) {
	if meta == nil {
		meta = &syncml.Meta{}
	}
	c.scheme = schemeNamed(meta.Type)
	if c.scheme == NoScheme || meta.Format != "b64" {
		c.s.violate("A-9", "a Chal of Type %q and Format %q", meta.Type, meta.Format)
	}
	if c.scheme == Basic {
		return
	}
	nonce, err := base64.StdEncoding.DecodeString(strings.TrimSpace(meta.NextNonce))
	if err != nil || len(nonce) == 0 {
		c.s.violate("A-9", "a Chal without a NextNonce in base64")
		return
	}
	c.nonce = string(nonce)
	if len(nonce) < nonceSize {
		c.s.violate("A-34", "a nonce of %d octets", len(nonce))
	}
	if c.s.d.spent(c.nonce) || !failed(c.s.report.Header) && c.s.proof.given && c.nonce == c.s.clientNonce() {
		c.s.violate("A-34", "a nonce that was used before")
	}
}

// refusal checks a message that does not accept the header for want of credentials: it holds statuses only, and a
// challenge if it is the first (OMA DM Protocol 1.2.1, section 9.1).
func (c *check) refusal() {
	p := &c.s.proof
	if c.commands {
		c.s.violate("A-10", "a refusal holds commands")
	}
	if c.s.got == 1 && c.chal == nil {
		c.s.violate("A-8", "the refusal of the first message holds no Chal")
	}
	if missing := c.s.report.Header == omadm.StatusMissingCredentials; c.s.got == 1 && missing == p.given {
		c.s.violate("A-8", "the message is refused with %d", int(c.s.report.Header))
	}
	if !p.given {
		return
	}
	if p.failures++; p.failures > 1 && c.chal != nil {
		c.s.violate("A-18", "another challenge after credentials were refused twice")
	}
}

// acceptance checks a message that accepts credentials (OMA DM Security 1.2.1, section 5.4.3, for MAC).
func (c *check) acceptance(status omadm.Status) {
	scheme := c.s.proof.scheme
	switch {
	case c.chal != nil && c.scheme != NoScheme && c.scheme != scheme:
		c.s.violate("A-35", "a Chal of %v in a session with %v", c.scheme, scheme)
	case scheme == MAC && status != omadm.StatusOK:
		c.s.violate("A-27", "a message with a MAC is answered with %d", int(status))
	case scheme == MAC && c.chal == nil:
		c.s.violate("A-27", "the answer to a message with a MAC holds no Chal")
	}
}

// sealed checks that there is a MAC beside the message. judge checks whether it is right.
func (c *check) sealed() {
	text := strings.Join(c.in.Header.Values(hmacHeader), ", ")
	if text == "" {
		c.missing = true
		c.s.violate("A-28", "the message has no MAC, that of the device had one")
		return
	}
	ok := false
	if c.seal, ok = parseSeal(text); !ok {
		c.s.violate("A-31", "the header with the MAC has another form")
		return
	}
	c.equal("A-32", "user name beside the MAC", c.seal.username, c.m.Header.Source.Name)
}
