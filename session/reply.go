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
		return &Answer{Octets: slices.Clone(t.rec.Reply), Header: http.Header{}, Notes: t.notes}, nil
	}
	h := t.reply.ReplyHeader()
	h.MsgID = strconv.FormatUint(uint64(t.state.Sent)+1, 10)
	p, err := t.begin(&h, t.reply.Statuses())
	if err != nil {
		return nil, err
	}
	if t.change == nil {
		return t.answer(p, true)
	}
	t.state.Sent++
	t.change.Add = more
	final := t.in.Message.Final || t.aborted
	switch {
	case !final:
		if err := p.Alert(omadm.AlertNextMessage); err != nil {
			return nil, tooSmall(err)
		}
	case t.aborted:
		t.state.Ended = t.env.Now
	default:
		t.send(p, &h, more)
	}
	a, err := t.answer(p, final)
	if err != nil {
		return nil, err
	}
	t.change.Session, t.change.Reply = t.state, a.Octets
	a.Change = t.change
	return a, nil
}

// begin starts a message with its statuses.
func (t *Turn) begin(h *syncml.Header, statuses []*syncml.Status) (*omadm.Planner, error) {
	p, err := omadm.NewPlanner(t.in.Codec, h, t.maxReply())
	if err == nil {
		err = p.Statuses(statuses)
	}
	if err != nil {
		return nil, tooSmall(err)
	}
	return p, nil
}

func tooSmall(err error) error {
	if errors.Is(err, omadm.ErrTooSmall) {
		return &RefusedError{Status: http.StatusRequestEntityTooLarge, Reason: "no reply fits into the client's MaxMsgSize"}
	}
	return &RefusedError{Status: http.StatusBadRequest, Reason: "the reply cannot be encoded"}
}

// maxReply is the size of the largest reply.
func (t *Turn) maxReply() int {
	limit := t.env.Rules.Limits.Reply
	if n := t.state.MaxMsgSize; n > 0 && n < math.MaxInt32 {
		limit = min(limit, int(n))
	}
	return limit
}

func (t *Turn) answer(p *omadm.Planner, final bool) (*Answer, error) {
	octets, err := p.End(final)
	if err != nil {
		return nil, tooSmall(err)
	}
	return &Answer{Octets: octets, Header: http.Header{}, Notes: t.notes}, nil
}

// send fills the message with commands: first the rest of requests begun, then waiting ones. Without any command the
// session ends (OMA DM Protocol 1.2.1, section 8).
func (t *Turn) send(p *omadm.Planner, h *syncml.Header, more []omadm.Request) {
	l := loader{turn: t, planner: p, header: h}
	for i := range t.state.Requests {
		l.resume(i)
	}
	for i := range t.rec.Requests {
		if t.waits(t.rec.Requests[i].Request.ID) && !l.load(&t.rec.Requests[i]) {
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
	if p.Empty() {
		t.giveBack(&t.state)
		t.state.Ended = t.env.Now
	}
}

// waits reports whether a request of the record is in the queue, so that this session may take it.
func (t *Turn) waits(id omadm.RequestID) bool {
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

// loader puts requests into one message.
type loader struct {
	turn    *Turn
	planner *omadm.Planner
	header  *syncml.Header
	full    bool // nothing more goes in
	placed  []Outstanding
}

// load puts a waiting request into the message. It returns false when there is no room for it, so that those behind it
// keep their place.
func (l *loader) load(p *Pending) bool {
	t, r := l.turn, &p.Request
	if !r.Expires.IsZero() && !t.env.Now.Before(r.Expires) {
		t.finish(omadm.Outcome{Request: r.ID, Kind: omadm.Expired, Op: omadm.GroupOp, Attempts: p.Attempts})
		return true
	}
	if !t.permits(r) {
		return true
	}
	alone := t.failures(p) >= failuresAlone
	if l.full || alone && len(t.state.Requests) > 0 {
		return false
	}
	mark := l.planner.Mark()
	next, err := l.lay(r, len(t.state.Requests), 0)
	if err != nil || next < len(r.Ops) && !l.fits(r) {
		l.planner.Reset(mark)
		t.finish(refused(p, err))
		return true
	}
	l.full = alone || next < len(r.Ops)
	if next == 0 {
		return false
	}
	t.state.Requests = append(t.state.Requests, Carried{ID: r.ID, Next: next})
	t.state.Outstanding = append(t.state.Outstanding, l.placed...)
	t.change.Lease = append(t.change.Lease, Lease{Request: r.ID, Session: t.state.Key(), Attempts: p.Attempts + 1})
	return true
}

// failures counts the failed deliveries of a request, the one just noticed included.
func (t *Turn) failures(p *Pending) int {
	if r := t.returned(p.Request.ID); r != nil {
		return r.Failures
	}
	return p.Failures
}

// resume goes on with a request that the last message had no room for.
func (l *loader) resume(i int) {
	t := l.turn
	c := &t.state.Requests[i]
	p := t.pending(c.ID)
	if p == nil || c.Next >= len(p.Request.Ops) || l.full {
		return
	}
	next, err := l.lay(&p.Request, i, c.Next)
	if err != nil {
		t.note("request %q cannot be encoded", c.ID)
		return
	}
	l.full = next < len(p.Request.Ops)
	c.Next = next
	t.state.Outstanding = append(t.state.Outstanding, l.placed...)
}

// lay appends operations from next on to the message and collects their commands in placed.
func (l *loader) lay(r *omadm.Request, request, next int) (int, error) {
	l.placed = l.placed[:0]
	return l.planner.Lay(r, next, func(id uint32, op int) {
		l.placed = append(l.placed, Outstanding{MsgID: l.turn.state.Sent, CmdID: id, Request: request, Op: op})
	})
}

// fits reports whether each command of r fits into a message that carries nothing else but the status of the header.
func (l *loader) fits(r *omadm.Request) bool {
	p, err := l.turn.begin(l.header, l.turn.reply.Statuses()[:1])
	if err != nil {
		return false
	}
	mark := p.Mark()
	for i := 0; i < len(r.Ops); i++ {
		p.Reset(mark)
		next, err := p.Lay(r, i, func(uint32, int) {})
		if err != nil || next == i {
			return false
		}
		i = next - 1
	}
	return true
}

// refused is the outcome of a request that cannot be sent.
func refused(p *Pending, err error) omadm.Outcome {
	o := omadm.Outcome{Request: p.Request.ID, Kind: omadm.Refused, Op: omadm.GroupOp, Attempts: p.Attempts}
	if err != nil {
		o.Reason = err.Error()
		return o
	}
	o.Status, o.Reason = omadm.StatusEntityTooLarge, "a command does not fit into a message of the device"
	return o
}
