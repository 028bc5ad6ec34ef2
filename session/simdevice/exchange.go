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
	url            string
	message        *syncml.Message
	octets, answer []byte
}

// exchange sends a message until it is answered and returns the decoded answer; nil when the device dies.
func (s *session) exchange(ctx context.Context, m *syncml.Message, octets []byte) (*syncml.Message, error) {
	out := Traffic{From: FromDevice, ContentType: s.codec.ContentType(), Octets: octets, Message: m}
	var seen []byte // the answer that came before
	failures, arrived := 0, false
	for attempt := 1; attempt <= maxAttempts; attempt++ {
		fault := s.fault(attempt)
		if fault == StopBefore {
			return nil, nil
		}
		s.report.Messages = s.number
		switch fault {
		case LoseRequest:
			s.trace(out, lostOnTheWay)
			out.Repeat = true
			continue
		case CutRequest:
			s.cutRequest(ctx, out)
			continue
		case LateBefore:
			s.late(ctx, s.previous, arrived)
		}
		s.trace(out)
		arrived = true
		kind, answer, err := s.d.Transport.Post(ctx, s.url, out.ContentType, octets)
		out.Repeat = true
		if err != nil {
			failures++
			if s.d.Retry != nil {
				err = s.d.Retry(ctx, failures, err)
				if err == nil {
					continue
				}
			}
			return nil, fmt.Errorf("simdevice: message %s: %w", m.Header.MsgID, err)
		}
		if seen != nil && !bytes.Equal(seen, answer) {
			s.violate("P-31", "a repeated message was not answered with the octets of the first answer")
		}
		seen = append([]byte{}, answer...)
		reply, err := s.codec.Decode(answer, s.d.Limits)
		in := Traffic{From: FromServer, ContentType: kind, Octets: answer, Message: reply}
		switch fault {
		case LoseReply:
			s.trace(in, lostOnTheWay)
			continue
		case CutReply:
			in.Octets, in.Message = answer[:len(answer)/2], nil
			s.trace(in, cutOnTheWay)
			continue
		}
		s.trace(in)
		switch fault {
		case StopAfter:
			return nil, nil
		case Repeat:
			s.late(ctx, posted{s.url, m, octets, seen}, false)
		case LateAfter:
			s.late(ctx, s.previous, true)
		}
		s.previous = posted{s.url, m, octets, seen}
		return s.accept(in, m, err)
	}
	return nil, fmt.Errorf("simdevice: message %s was lost %d times", m.Header.MsgID, maxAttempts)
}

// accept checks the answer to m as far as it is octets.
func (s *session) accept(in Traffic, m *syncml.Message, err error) (*syncml.Message, error) {
	if want := s.codec.ContentType(); !sameMediaType(in.ContentType, want) {
		s.violate("H-3", "the answer has content type %q, the message had %q", in.ContentType, want)
	}
	if s.d.MaxMsgSize > 0 && int64(len(in.Octets)) > s.d.MaxMsgSize {
		s.violate("P-38", "the message has %d octets, the device takes %d", len(in.Octets), s.d.MaxMsgSize)
	}
	if err != nil {
		s.violate("X-1", "the answer is not a message: %v", err)
		return nil, fmt.Errorf("simdevice: answer to message %s: %w", m.Header.MsgID, err)
	}
	return in.Message, nil
}

// cutRequest lets the first half of a message reach the server, which has to refuse it.
func (s *session) cutRequest(ctx context.Context, out Traffic) {
	out.Octets, out.Message = out.Octets[:len(out.Octets)/2], nil
	s.trace(out, cutOnTheWay)
	_, _, err := s.d.Transport.Post(ctx, s.url, out.ContentType, out.Octets)
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
	if old.octets == nil {
		return
	}
	s.trace(Traffic{From: FromDevice, ContentType: s.codec.ContentType(), Octets: old.octets, Message: old.message, Repeat: true})
	kind, answer, err := s.d.Transport.Post(ctx, old.url, s.codec.ContentType(), old.octets)
	if err != nil {
		return
	}
	reply, err := s.codec.Decode(answer, s.d.Limits)
	s.trace(Traffic{From: FromServer, ContentType: kind, Octets: answer, Message: reply}, lostOnTheWay)
	switch {
	case !stale:
		if !bytes.Equal(answer, old.answer) {
			s.violate("P-31", "a repeated message was not answered with the octets of the first answer")
		}
	case s.number > 2 && (err != nil || !refuses(reply)): // message 1 opens a new session
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
