package session

import (
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/omadm/auth"
	"github.com/gomadm/gomadm/syncml"
)

// Inbound is a message that arrived, with what the transport knows of its sender. It is not changed after it was made.
// A Handler uses the memory of Body and Message for another one when it has answered: an Authenticator keeps nothing of
// them but strings.
type Inbound struct {
	Body        []byte
	ContentType string // media type as received, without parameters; the reply repeats it
	Codec       syncml.Codec
	Message     *syncml.Message
	Principal   Principal // set by the handler from its Authenticator

	Headers    http.Header
	URL        *url.URL
	TLS        *tls.ConnectionState // nil without TLS
	RemoteAddr string

	digest Digest // of the body; zero: not computed
}

// NewInbound decodes a body. The media type is the one it came with, as codecs read several. The error is that of the
// codec.
func NewInbound(codec syncml.Codec, contentType string, body []byte, lim syncml.Limits) (*Inbound, error) {
	m, err := codec.Decode(body, lim)
	if err != nil {
		return nil, err
	}
	return &Inbound{Body: body, ContentType: contentType, Codec: codec, Message: m, digest: sha256.Sum256(body)}, nil
}

// Digest is the digest of the body. NewInbound has computed it.
func (in *Inbound) Digest() Digest {
	if in.digest == (Digest{}) {
		return sha256.Sum256(in.Body)
	}
	return in.digest
}

// Principal is who sent a message.
type Principal struct {
	Device omadm.DeviceID
	// Proven says that the transport proved the device. Otherwise Device is a claim that the credentials of the
	// message have to prove.
	Proven bool
	// Scheme names what proved the device, such as "tls" or "forwarded-certificate".
	Scheme string
}

// Env is everything that Step depends on beside the record and the message.
type Env struct {
	Now    time.Time
	Rules  Rules
	Nonces Challenges // for senders that the transport did not prove
}

// Query returns what Step needs to know of the sender of a message.
func (e Env) Query(in *Inbound) Query {
	limits := e.Rules.withDefaults().Limits
	return Query{
		Device: in.Principal.Device, Now: e.Now, Body: in.Digest(),
		Limit: limits.Requests, Octets: limits.Octets, Parts: endsObject(in.Message),
	}
}

// Rules are the choices of the server that the protocol leaves open. The zero Rules are usable.
type Rules struct {
	// AlertTypes are the types of generic alerts (1226) that are accepted beside those known from Windows; all
	// others are answered 415. A leading "Reversed-Domain-Name:" counts as white space.
	AlertTypes []string
	// Strict answers 400 to a command that repeats the CmdID of an earlier one in the same message. Otherwise both
	// are executed, as samples of Microsoft need it. It also answers 411 to a large object without Size.
	Strict bool
	// SizeSlack accepts a large object of one octet less than its Size, as some test suites send it.
	SizeSlack bool
	// RespURI is where the client is told to send its next message: an absolute URL. Default: where it is.
	RespURI string
	// Scheme is what a challenge asks for when the account does not say. Default: auth.MD5. Accounts with a scheme of their
	// own can be told from those that do not exist.
	Scheme auth.Scheme
	// EachMessage asks for MD5 and basic credentials with each message (OMA DM Protocol 1.2.1, section 9.1). Otherwise they
	// count for the session, and who knows the device and its SessionID can go on with the session in its place.
	EachMessage bool
	// PlainBasic accepts basic credentials also where the handler sees no TLS. Set it behind a proxy that ends TLS, and
	// only there: the credentials show the password.
	PlainBasic bool
	// Timeout is how long a session stays open without a message. Default: 10 minutes.
	Timeout time.Duration
	// Replay is how long the last reply of a session that ended is repeated. Default: 2 minutes.
	Replay time.Duration
	Limits Limits
}

// Limits bounds what one device can cost. A zero field means its default.
type Limits struct {
	Message  syncml.Limits // of one message
	Sessions int           // sessions kept per device; 4
	Facts    int           // facts kept per device; 64
	Requests int           // waiting requests looked at per message and scope; 100
	Octets   int           // payload looked at per message and scope, in octets; 4 MiB
	Reply    int           // size of a reply in octets, when the client sets no lower one; 1 MiB
	Attempts int           // how often a request is sent when it does not say; 10
	Object   int           // size of a large object that a client sends, in octets; 8 MiB
	Messages int           // messages of one package of a client; 10,000
	Awaited  int           // correlators kept per device; 64
}

// check returns an error that names a field that is negative or otherwise wrong.
func (r Rules) check() error {
	l, m := r.Limits, r.Limits.Message
	for _, f := range [...]struct {
		name string
		v    int
	}{
		{"Timeout", int(r.Timeout)}, {"Replay", int(r.Replay)},
		{"Limits.Sessions", l.Sessions}, {"Limits.Facts", l.Facts}, {"Limits.Requests", l.Requests},
		{"Limits.Octets", l.Octets}, {"Limits.Reply", l.Reply}, {"Limits.Attempts", l.Attempts},
		{"Limits.Object", l.Object}, {"Limits.Messages", l.Messages}, {"Limits.Awaited", l.Awaited},
		{"Limits.Message.Octets", m.Octets}, {"Limits.Message.Depth", m.Depth}, {"Limits.Message.Commands", m.Commands},
		{"Limits.Message.Items", m.Items}, {"Limits.Message.Attributes", m.Attributes}, {"Limits.Message.Extra", m.Extra},
		{"Limits.Message.URI", m.URI},
	} {
		if f.v < 0 {
			return fmt.Errorf("session: Config.Rules.%s is negative", f.name)
		}
	}
	if r.RespURI != "" {
		if u, err := url.Parse(r.RespURI); err != nil || !u.IsAbs() || u.Host == "" {
			return errors.New("session: Config.Rules.RespURI is not an absolute URL")
		}
	}
	switch r.Scheme {
	case "", auth.Basic, auth.MD5, auth.MAC:
	default:
		return fmt.Errorf("session: Config.Rules.Scheme is %q, none of package auth", string(r.Scheme))
	}
	return nil
}

func (r Rules) withDefaults() Rules {
	if r.Timeout == 0 {
		r.Timeout = 10 * time.Minute
	}
	if r.Replay == 0 {
		r.Replay = 2 * time.Minute
	}
	for _, f := range [...]struct {
		v *int
		d int
	}{
		{&r.Limits.Sessions, 4}, {&r.Limits.Facts, 64}, {&r.Limits.Requests, 100}, {&r.Limits.Octets, 4 << 20},
		{&r.Limits.Reply, 1 << 20}, {&r.Limits.Attempts, 10},
		{&r.Limits.Object, 8 << 20}, {&r.Limits.Messages, 10_000}, {&r.Limits.Awaited, 64},
	} {
		if *f.v == 0 {
			*f.v = f.d
		}
	}
	return r
}

// Answer is what Step decided.
type Answer struct {
	Octets []byte      // the reply, in the encoding of the message
	Header http.Header // of the HTTP response, beside what the handler sets; nil: none
	// Change has to be committed before Octets are written. Nil: nothing changes, as with a repeated message.
	Change *Change
	// Notes are remarks for the log: what was odd about the message. They are few and short, and of its content they hold
	// no more than the ids of messages and commands.
	Notes []string
}
