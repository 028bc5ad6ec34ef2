package capture

import (
	"bytes"
	"net/http"
	"time"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/syncml"
)

// turn is a message of a device and the reply to it.
type turn struct {
	thread   *thread
	in, out  *Message        // out is nil when there is no reply
	ask      *syncml.Message // nil: it cannot be read
	answer   *syncml.Message // nil: there is none, or it cannot be read
	repeated bool            // the message is the one before, sent again
}

// thread is a session, as far as a recording has it. Another one with the same SessionID begins with MsgID 1.
type thread struct {
	turns []*turn
}

// last returns the last exchange, nil if there is none.
func (t *thread) last() *turn {
	if t == nil || len(t.turns) == 0 {
		return nil
	}
	return t.turns[len(t.turns)-1]
}

// turns reads the messages of a recording. A reply without a message before it is left out, and so is a message of
// which the recording has nothing.
func (r *Recording) turns() []*turn {
	var list []*turn
	threads := make(map[string]*thread)
	for i := range r.Messages {
		m := &r.Messages[i]
		var msg *syncml.Message
		if m.Octets != nil {
			msg, _ = m.Decode() // what is no message is told by Open, or by what replays it
		}
		if m.From == FromServer {
			if n := len(list); n > 0 && list[n-1].out == nil && list[n-1].in.Number == m.Number {
				list[n-1].out = m
				if m.Status == 0 || m.Status == http.StatusOK {
					list[n-1].answer = msg
				}
			}
			continue
		}
		x := &turn{in: m, ask: msg}
		if msg != nil {
			key := msg.Header.Source.URI + "\n" + msg.Header.SessionID
			x.thread = threads[key]
			x.repeated = x.repeats(x.thread.last())
			if x.thread == nil || msg.Header.MsgID == "1" && !x.repeated {
				x.thread = new(thread)
				threads[key] = x.thread
			}
			x.thread.turns = append(x.thread.turns, x)
		}
		list = append(list, x)
	}
	return list
}

// abandoned is the time after which a first message that comes again begins another session, whatever became of the one
// before.
const abandoned = 10 * time.Minute

// repeats reports whether the message is that of the turn before it once more, and not the same again in a new session:
// there are clients that open each session with the same octets.
func (x *turn) repeats(before *turn) bool {
	if before == nil || !bytes.Equal(before.in.Octets, x.in.Octets) {
		return false
	}
	if x.ask.Header.MsgID != "1" {
		return true
	}
	if !before.in.Time.IsZero() && x.in.Time.Sub(before.in.Time) >= abandoned {
		return false
	}
	return before.answer == nil || !before.answer.Final || asks(before.answer)
}

// asks reports whether a message holds a command.
func asks(m *syncml.Message) bool {
	for _, c := range m.Body {
		if _, status := c.(*syncml.Status); !status && alertCode(c) != omadm.AlertSessionAbort {
			return true
		}
	}
	return false
}

// headerStatus returns the code that a message answers the header of the other side with, 0 if there is none.
func headerStatus(m *syncml.Message) omadm.Status {
	for _, c := range m.Body {
		if st, ok := c.(*syncml.Status); ok && (st.CmdRef == "0" || st.CmdRef == "") {
			code, _ := omadm.ParseStatus(st.Data.Value)
			return code
		}
	}
	return 0
}

// refused reports whether a message says that it does not take the last one of the other side.
func refused(m *syncml.Message) bool { return headerStatus(m) >= 300 }

// unauthorized reports whether a message refuses the last one of the other side for want of credentials.
func unauthorized(m *syncml.Message) bool {
	code := headerStatus(m)
	return code == omadm.StatusInvalidCredentials || code == omadm.StatusMissingCredentials
}

// alertCode returns the code of an Alert, 0 when c is another command or the code is none.
func alertCode(c syncml.Command) omadm.AlertCode {
	a, ok := c.(*syncml.Alert)
	if !ok {
		return 0
	}
	code, _ := omadm.ParseAlertCode(a.Data.Value)
	return code
}

// isFlow reports whether c is an alert that keeps a conversation going.
func isFlow(c syncml.Command) bool { return alertCode(c).Class() == omadm.AlertFlow }
