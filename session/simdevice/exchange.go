package simdevice

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/syncml"
)

// maxAttempts is how often a message is sent before the session fails.
const maxAttempts = 100

// posted is a message of the device with the answer of the server.
type posted struct {
	url string
	out Traffic
	in  Traffic
}

// delivery is a message of the device on its way.
type delivery struct {
	s        *session
	m        *syncml.Message
	out      Traffic
	seen     *Traffic // the answer that came before
	failures int      // of the transport
	posted   bool     // the server may have had the message
}

// exchange sends a message until it is answered and returns the answer, decoded; nil when the device dies.
func (s *session) exchange(ctx context.Context, m *syncml.Message, octets []byte, headers http.Header) (*Traffic, error) {
	d := &delivery{s: s, m: m}
	d.out = Traffic{From: FromDevice, ContentType: s.codec.ContentType(), Header: headers, Octets: octets, Message: m}
	for attempt := 1; attempt <= maxAttempts; attempt++ {
		fault := s.fault(attempt)
		if fault == StopBefore {
			return nil, nil
		}
		s.report.Messages = s.number
		if reply, done, err := d.try(ctx, fault); done || err != nil {
			return reply, err
		}
	}
	return nil, fmt.Errorf("simdevice: message %s was lost %d times", m.Header.MsgID, maxAttempts)
}

// try sends the message once. It reports done when that settles it.
func (d *delivery) try(ctx context.Context, fault Fault) (reply *Traffic, done bool, err error) {
	s := d.s
	switch fault {
	case LoseRequest:
		s.trace(d.out, lostOnTheWay)
		d.out.Repeat = true
		return nil, false, nil
	case CutRequest:
		s.cutRequest(ctx, d.out)
		return nil, false, nil
	case LateBefore:
		// When the transport has failed it is not known which message is the last that the server had.
		if answered := d.seen != nil; answered || !d.posted {
			s.late(ctx, s.previous, answered)
		}
	}
	s.trace(d.out)
	d.posted, d.out.Repeat = true, true
	in, err := s.post(ctx, s.url, d.out)
	if err != nil {
		return nil, false, d.failed(ctx, err)
	}
	if d.seen != nil {
		s.compare(d.seen, &in)
	}
	first := in
	first.Octets = bytes.Clone(in.Octets)
	d.seen = &first
	in.Message, err = s.codec.Decode(in.Octets, s.d.Limits)
	switch fault {
	case LoseReply:
		s.trace(in, lostOnTheWay)
		return nil, false, nil
	case CutReply:
		in.Octets, in.Message = in.Octets[:len(in.Octets)/2], nil
		s.trace(in, cutOnTheWay)
		return nil, false, nil
	}
	s.trace(in)
	this := posted{s.url, d.out, first}
	switch fault {
	case StopAfter:
		return nil, true, nil
	case Repeat:
		s.late(ctx, this, false)
	case LateAfter:
		s.late(ctx, s.previous, true)
	}
	s.previous = this
	return &in, true, s.accept(in, d.m, err)
}

// post sends a message once and returns the answer, not decoded.
func (s *session) post(ctx context.Context, url string, out Traffic) (in Traffic, err error) {
	in.From = FromServer
	t, ok := s.d.Transport.(HeaderTransport)
	if !ok {
		in.ContentType, in.Octets, err = s.d.Transport.Post(ctx, url, out.ContentType, out.Octets)
		return in, err
	}
	h := out.Header.Clone()
	h.Set("Content-Type", out.ContentType)
	in.Header, in.Octets, err = t.PostHeader(ctx, url, h, out.Octets)
	in.ContentType = in.Header.Get("Content-Type")
	return in, err
}

// compare checks that a message that was repeated was answered as it was the first time.
func (s *session) compare(first, in *Traffic) {
	if !bytes.Equal(first.Octets, in.Octets) {
		s.violate("P-31", "a repeated message was not answered with the octets of the first answer")
	} else if first.Header.Get(hmacHeader) != in.Header.Get(hmacHeader) {
		s.violate("P-31", "a repeated message was not answered with the MAC of the first answer")
	}
}

// failed asks whether to send the message again after the transport has failed; nil means yes.
func (d *delivery) failed(ctx context.Context, err error) error {
	d.failures++
	if d.s.d.Retry != nil {
		err = d.s.d.Retry(ctx, d.failures, err)
	}
	if err == nil {
		return nil
	}
	return fmt.Errorf("simdevice: message %s: %w", d.m.Header.MsgID, err)
}

// accept checks the answer to m as far as it is octets.
func (s *session) accept(in Traffic, m *syncml.Message, err error) error {
	if want := s.codec.ContentType(); !sameMediaType(in.ContentType, want) {
		s.violate("H-3", "the answer has content type %q, the message had %q", in.ContentType, want)
	}
	if s.d.MaxMsgSize > 0 && int64(len(in.Octets)) > s.d.MaxMsgSize {
		s.violate("P-38", "the message has %d octets, the device takes %d", len(in.Octets), s.d.MaxMsgSize)
	}
	if err != nil {
		s.violate("X-1", "the answer is not a message: %v", err)
		return fmt.Errorf("simdevice: answer to message %s: %w", m.Header.MsgID, err)
	}
	return nil
}

// cutRequest lets the first half of a message reach the server, which has to refuse it.
func (s *session) cutRequest(ctx context.Context, out Traffic) {
	out.Octets, out.Message = out.Octets[:len(out.Octets)/2], nil
	s.trace(out, cutOnTheWay)
	_, err := s.post(ctx, s.url, out)
	var status *HTTPError
	switch {
	case err == nil:
		s.violate("F-1", "half a message was answered with a message")
	case errors.As(err, &status) && status.StatusCode != http.StatusBadRequest:
		s.violate("F-1", "half a message was answered with HTTP status %d", status.StatusCode)
	}
}

// late lets a message reach the server once more. The device does not see the answer; it is only checked. stale
// tells that the server has answered a later message since.
func (s *session) late(ctx context.Context, old posted, stale bool) {
	if old.out.Octets == nil {
		return
	}
	old.out.Repeat = true
	s.trace(old.out)
	in, err := s.post(ctx, old.url, old.out)
	if err != nil {
		return
	}
	in.Message, err = s.codec.Decode(in.Octets, s.d.Limits)
	s.trace(in, lostOnTheWay)
	switch {
	case !stale:
		s.compare(&old.in, &in)
	case s.number > 2 && (err != nil || !refuses(in.Message)): // message 1 opens a new session
		s.violate("P-32", "an old message was not refused")
	}
}

// refuses reports whether the Status for the header in m tells of a failure.
func refuses(m *syncml.Message) bool {
	for _, c := range m.Body {
		if st, ok := c.(*syncml.Status); ok && st.CmdRef == "0" {
			n, ok := number(st.Data.Value)
			return ok && failed(omadm.Status(n))
		}
	}
	return false
}

// lostOnTheWay and cutOnTheWay say what happened to a message.
func lostOnTheWay(t *Traffic) { t.Lost = true }
func cutOnTheWay(t *Traffic)  { t.Lost, t.Cut = true, true }

// trace hands t to the device's Trace.
func (s *session) trace(t Traffic, marks ...func(*Traffic)) {
	if s.d.Trace == nil {
		return
	}
	for _, mark := range marks {
		mark(&t)
	}
	t.Time, t.SessionID, t.Number = s.d.now(), s.id, s.number
	s.d.Trace(t)
}
