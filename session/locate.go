package session

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/omadm/auth"
	"github.com/gomadm/gomadm/syncml"
)

// repeats reports whether the message was answered before.
func (t *Turn) repeats() bool {
	h := &t.in.Message.Header
	for i := range t.rec.Sessions {
		s := &t.rec.Sessions[i]
		if s.ID == h.SessionID && s.MsgID == h.MsgID && s.Body == t.in.Digest() && t.replays(s) && t.repeatable(s) {
			t.repeat = true
			if s.MAC != "" {
				t.answer.Header = http.Header{auth.HeaderName: {s.MAC}}
			}
		}
	}
	return t.repeat
}

// locate finds the session of the message, or opens it. It returns false when there is nothing to read: the message does
// not belong where it claims.
func (t *Turn) locate() bool {
	h := &t.in.Message.Header
	last := t.latest()
	t.changeNothing()
	switch {
	case h.MsgID == "1" || last == nil || t.proof.begins:
		t.begin()
	case !follows(h.MsgID, last.MsgID):
		t.note("message %q after message %q", h.MsgID, last.MsgID)
		t.reply.Refuse(omadm.StatusBadRequest)
		t.change = nil
		return false
	default:
		if gap(h.MsgID, last.MsgID) {
			t.note("message %q after message %q", h.MsgID, last.MsgID)
		}
		*t.state = last.Clone()
		t.state.Ended = time.Time{}
	}
	t.state.MsgID, t.state.Body = h.MsgID, t.in.Digest()
	t.state.Seen = t.env.Now
	t.state.Messages++
	t.state.Package++
	return true
}

// latest returns the session with the SessionID of the message that was heard of last, nil if there is none. Sessions of
// different sync types may share an id.
func (t *Turn) latest() (last *State) {
	for i := range t.rec.Sessions {
		s := &t.rec.Sessions[i]
		if s.ID == t.in.Message.Header.SessionID && (last == nil || s.Seen.After(last.Seen)) {
			last = s
		}
	}
	return last
}

// lateness is how long a first message is taken for a copy that comes late when its session has gone on.
const lateness = 30 * time.Second

// late reports whether the message is the first one of a session that has gone on just now. It may be a copy that was
// under way for long, which must not end the session, or from a device that has begun anew with the same octets, which
// has to wait.
func (t *Turn) late() bool {
	h := &t.in.Message.Header
	if h.MsgID != "1" {
		return false
	}
	for i := range t.rec.Sessions {
		s := &t.rec.Sessions[i]
		if s.ID == h.SessionID && s.MsgID != "1" && s.Ended.IsZero() && t.env.Now.Sub(s.Seen) < lateness && s.First == t.in.Digest() {
			return true
		}
	}
	return false
}

// replays reports whether the last message of s, come again, is a repetition. A first message is one only for a while:
// there are clients that open each session with the same octets.
func (t *Turn) replays(s *State) bool {
	if t.rec.Reply == nil {
		return false
	}
	first := s.MsgID == "1" || s.MsgID == "2" && s.Scheme == auth.Basic // behind a challenge, with the same password each time
	if !first || s.Open(t.env.Now, t.env.Rules.Timeout) {
		return true
	}
	return !s.Ended.IsZero() && t.env.Now.Sub(s.Ended) < t.env.Rules.Replay
}

// follows reports whether a message with this id may come after the last one. Ids are text; only where both are numbers
// a lower or equal one is refused. A gap is accepted.
func follows(id, last string) bool {
	n, err := strconv.ParseUint(id, 10, 64)
	if err != nil {
		return id != last
	}
	l, err := strconv.ParseUint(last, 10, 64)
	return err != nil || n > l
}

// gap reports whether messages are missing between the last one and this one.
func gap(id, last string) bool {
	n, err := strconv.ParseUint(id, 10, 64)
	l, err2 := strconv.ParseUint(last, 10, 64)
	return err == nil && err2 == nil && n > l+1
}

// begin begins a session. It ends the sessions of the device that it replaces.
func (t *Turn) begin() {
	h := &t.in.Message.Header
	*t.state = State{ID: h.SessionID, SyncType: syncType(t.in.Message), Opened: t.env.Now, User: h.Source.Name, First: t.in.Digest()}
	if !t.in.Principal.Proven && h.MsgID == "2" {
		t.state.Sent = 1 // the challenge
	}
	var kept []*State
	for i := range t.rec.Sessions {
		s := &t.rec.Sessions[i]
		same := s.SameKey(t.state)
		ends := same || s.Ended.IsZero() && (s.SyncType == t.state.SyncType || !s.Open(t.env.Now, t.env.Rules.Timeout))
		switch {
		case ends:
			t.replace(s, same)
		case s.Ended.IsZero(), t.env.Now.Sub(s.Ended) < t.env.Rules.Replay:
			kept = append(kept, s)
		default:
			t.change.Close = append(t.change.Close, s.Clone())
		}
	}
	t.crowd(kept)
}

// replace ends a session that goes on no more. It is closed, unless the new one takes its place.
func (t *Turn) replace(s *State, same bool) {
	if same && len(s.Requests) == 0 {
		return
	}
	c := s.Clone()
	t.abandon(&c)
	if !same {
		t.change.Close = append(t.change.Close, c)
	}
}

// crowd closes sessions of those that are kept when there are more than the limit with the new one: those that have ended
// before those that go on, and of these the ones heard of longest ago.
func (t *Turn) crowd(kept []*State) {
	most := t.env.Rules.Limits.Sessions - 1
	if len(kept) <= most {
		return
	}
	slices.SortStableFunc(kept, dispensable)
	for _, s := range kept[:len(kept)-most] {
		c := s.Clone()
		t.abandon(&c)
		t.change.Close = append(t.change.Close, c)
	}
}

// dispensable orders sessions: those to be closed first come first.
func dispensable(a, b *State) int {
	if ended := !a.Ended.IsZero(); ended == b.Ended.IsZero() {
		if ended {
			return -1
		}
		return 1
	}
	return a.Seen.Compare(b.Seen)
}

// syncType returns the sync type that a package 1 announces; mixed, the default, is "".
func syncType(m *syncml.Message) string {
	for _, cmd := range m.Body {
		a, ok := cmd.(*syncml.Alert)
		if !ok {
			continue
		}
		for i := range a.Items {
			if alertType(&a.Items[i]) != omadm.TypeSyncType {
				continue
			}
			if v := strings.TrimSpace(a.Items[i].Data.Value); v == "user" || v == "device" {
				return v
			}
		}
	}
	return ""
}
