package session

import (
	"errors"
	"math"
	"net/http"
	"slices"
	"strconv"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/syncml"
)

// Reply plans and encodes the answer. More are requests that the Director added; they are stored with the change, and
// sent if there is room. Reply ends the turn. The error is a *RefusedError if the client's MaxMsgSize is too small for
// any answer.
func (t *Turn) Reply(more []omadm.Request) (*Answer, error) {
	if t.repeat {
		t.answer.Octets, t.answer.Notes = slices.Clone(t.rec.Reply), t.notes
		return &t.answer, nil
	}
	t.address()
	a, err := t.write(more)
	if errors.Is(err, omadm.ErrTooSmall) {
		a, err = t.abort()
	}
	switch {
	case errors.Is(err, omadm.ErrTooSmall):
		return nil, &RefusedError{Status: http.StatusRequestEntityTooLarge, Reason: "no reply fits into the client's MaxMsgSize"}
	case err != nil:
		return nil, &RefusedError{Status: http.StatusBadRequest, Reason: "the reply cannot be encoded"}
	case t.change != nil:
		t.sign(a)
		t.change.Reply = a.Octets
		a.Change = t.change
	}
	return a, nil
}

// roomy is the size of messages in octets from which on ours are announced: in smaller ones commands need the room.
const roomy = 2048

// address makes the header of the reply. The first one of a session that is no challenge says what we take (OMA DM Protocol
// 1.2.1, section 7).
func (t *Turn) address() {
	t.header = t.reply.ReplyHeader()
	if t.change != nil || t.in.Principal.Proven {
		t.header.MsgID = strconv.FormatUint(uint64(t.state.Sent)+1, 10)
	}
	t.identifyServer()
	t.header.RespURI = t.env.Rules.RespURI
	if t.change != nil && t.state.Messages == 1 && t.maxReply() >= roomy {
		t.sizes = announced(&t.env.Rules.Limits)
		t.header.Meta = &t.sizes
	}
}

// announced returns what a header says of our limits. Both numbers lie in one string.
func announced(l *Limits) syncml.Meta {
	b := strconv.AppendInt(make([]byte, 0, 40), int64(l.Message.WithDefaults().Octets), 10)
	n := len(b)
	text := string(strconv.AppendInt(b, int64(l.Object), 10))
	return syncml.Meta{MaxMsgSize: text[:n], MaxObjSize: text[n:]}
}

// write makes the reply. Nothing was changed when the error is omadm.ErrTooSmall.
func (t *Turn) write(more []omadm.Request) (*Answer, error) {
	p := &t.planner
	err := p.Begin(t.in.Codec, &t.header, t.maxReply())
	if err == nil {
		err = p.Answer(&t.reply)
	}
	if err != nil {
		return nil, err
	}
	if t.change == nil || t.aborted {
		return t.last()
	}
	for _, it := range t.broken {
		if err := p.Flow(omadm.AlertNoEndOfData, it); err != nil {
			return nil, err
		}
	}
	final := true
	switch {
	case !t.waits():
		t.change.Add = more
		final = t.send(more)
		t.state.Unclosed = !final
	case int(t.state.Package) < t.env.Rules.Limits.Messages:
		final = false
		if err := p.Flow(omadm.AlertNextMessage); err != nil {
			return nil, err
		}
	default:
		t.note("client does not close its package")
		if err := p.Flow(omadm.AlertSessionAbort); err != nil {
			return nil, err
		}
		return t.last()
	}
	if t.in.Message.Final || final {
		t.state.Package = 0
	}
	t.state.Sent++
	return t.end(final)
}

// last ends the session with the message.
func (t *Turn) last() (*Answer, error) {
	if t.change != nil {
		t.abandon(t.state)
		t.state.Sent++
	}
	return t.end(true)
}

// abort is the reply when the statuses do not fit: the session ends (OMA DM Protocol 1.2.1, section 8.1.2).
func (t *Turn) abort() (*Answer, error) {
	t.header.Meta, t.header.RespURI = nil, ""
	for n := 1; n >= 0; n-- {
		err := t.start(&t.planner, &t.header, t.reply.Statuses()[:n])
		if err == nil {
			err = t.planner.Flow(omadm.AlertSessionAbort)
		}
		if errors.Is(err, omadm.ErrTooSmall) {
			continue
		}
		if err != nil {
			return nil, err
		}
		t.note("the statuses of a reply do not fit into the client's MaxMsgSize")
		return t.last()
	}
	return nil, omadm.ErrTooSmall
}

// waits reports whether the client has to go on with its package before anything is sent to it (OMA DM Protocol 1.2.1,
// section 6.2). While our own package is open, it has to answer the last part of a large object first; and when it has
// refused that, or had none, only who asks for our next message is not in the middle of a package.
func (t *Turn) waits() bool {
	if t.in.Message.Final {
		return false
	}
	if !t.state.Unclosed {
		return true
	}
	if i := t.state.sending(); i >= 0 {
		return !answered(t.state, i)
	}
	return !t.next
}

// start starts a message with statuses.
func (t *Turn) start(p *omadm.Planner, h *syncml.Header, statuses []*syncml.Status) error {
	if err := p.Begin(t.in.Codec, h, t.maxReply()); err != nil {
		return err
	}
	return p.Statuses(statuses)
}

// maxReply is the size of the largest reply.
func (t *Turn) maxReply() int {
	limit := t.env.Rules.Limits.Reply
	if n := t.state.MaxMsgSize; n > 0 && n < math.MaxInt32 {
		limit = min(limit, int(n))
	}
	return limit
}

// end ends the message.
func (t *Turn) end(final bool) (*Answer, error) {
	octets, err := t.planner.End(final)
	if err != nil {
		return nil, err
	}
	t.answer = Answer{Octets: octets, Notes: t.notes}
	return &t.answer, nil
}

// send fills the message with commands: first the next part of a large object and the rest of requests begun, then
// waiting ones. It reports whether the message closes our package: not if a large object goes on, or if the statuses
// leave no room for a command that has some in the next message. Without any command the session ends (OMA DM Protocol
// 1.2.1, section 8).
func (t *Turn) send(more []omadm.Request) (final bool) {
	p := &t.planner
	l := loader{turn: t, planner: p, again: t.state.Unclosed && t.state.sending() < 0}
	if i := t.state.sending(); i >= 0 {
		l.resume(i)
	}
	for i := range t.state.Requests {
		l.resume(i)
	}
	for i := range t.rec.Requests {
		if t.free(t.rec.Requests[i].Request.ID) && !l.load(&t.rec.Requests[i]) {
			break
		}
	}
	for i := range more {
		if !l.load(&Pending{Request: more[i]}) {
			break
		}
	}
	for i := range t.state.Requests {
		t.state.Requests[i].Alone = len(t.state.Requests) == 1
	}
	switch {
	case !p.Empty():
		return t.state.sending() < 0
	case l.full:
		return false
	case len(t.broken) == 0:
		t.finishSession()
	}
	return true
}

// finishSession ends the session, as there is nothing to send. In the middle of the client's package there may be answers and
// values to come.
func (t *Turn) finishSession() {
	if !t.in.Message.Final {
		for i := range t.state.Requests {
			if !answered(t.state, i) || t.asks(i) {
				return
			}
		}
		t.settle(t.state, false)
	}
	for i := range t.state.Requests { // of which the rest does not fit
		if c := &t.state.Requests[i]; t.pending(c.ID) != nil {
			t.lose(t.state, c, t.pending(c.ID), true)
		}
	}
	t.state.keep(nil)
	t.state.Ended = t.env.Now
}

// asks reports whether a request that was sent asks for values.
func (t *Turn) asks(request int) bool {
	p := t.pending(t.state.Requests[request].ID)
	return p != nil && slices.ContainsFunc(p.Request.Ops, func(op omadm.Op) bool { return op.Verb == omadm.Get })
}

// free reports whether a request of the record is in the queue, so that this session may take it.
func (t *Turn) free(id omadm.RequestID) bool {
	if slices.Contains(t.state.Tried, id) {
		return false
	}
	if t.returned(id) != nil {
		return true
	}
	for i := range t.rec.Sessions {
		if slices.ContainsFunc(t.rec.Sessions[i].Requests, func(c Carried) bool { return c.ID == id }) {
			return false
		}
	}
	return true
}

// returned finds what this message gave back to the queue.
func (t *Turn) returned(id omadm.RequestID) *Requeue {
	for i := range t.change.Requeue {
		if t.change.Requeue[i].Request == id {
			return &t.change.Requeue[i]
		}
	}
	return nil
}

// permits reports whether the session may carry the scope of a request: that of a user only while one is signed in
// (Windows refuses it otherwise), and each only in a session whose sync type covers it.
func (t *Turn) permits(r *omadm.Request) bool {
	if r.Scope == omadm.DeviceScope {
		return t.state.SyncType != "user"
	}
	if r.User != "" && r.User != t.state.User {
		return false
	}
	return t.state.Login == "user" && t.state.SyncType != "device"
}
