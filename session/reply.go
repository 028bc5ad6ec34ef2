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

// address makes the header of the reply. The first one of a session says what we take (OMA DM Protocol 1.2.1, section 7).
func (t *Turn) address() {
	t.header = t.reply.ReplyHeader()
	if t.change != nil || t.in.Principal.Proven {
		t.header.MsgID = strconv.FormatUint(uint64(t.state.Sent)+1, 10)
	}
	t.identifyServer()
	t.header.RespURI = t.env.Rules.RespURI
	if t.change != nil && t.state.Sent == 0 && t.maxReply() >= roomy {
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
	if t.in.Message.Final {
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
// section 6.2). While our own package is open, it has to answer the last part of a large object first.
func (t *Turn) waits() bool {
	if t.in.Message.Final {
		return false
	}
	if !t.state.Unclosed {
		return true
	}
	i := t.state.sending()
	return i >= 0 && !answered(t.state, i)
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

// finishSession ends the session, as there is nothing to send. In the middle of the client's package there may be answers to come.
func (t *Turn) finishSession() {
	if !t.in.Message.Final {
		for i := range t.state.Requests {
			if !answered(t.state, i) {
				return
			}
		}
		t.settle(t.state, false)
	}
	t.giveBack(t.state)
	t.state.Ended = t.env.Now
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

// loader puts requests into one message.
type loader struct {
	turn    *Turn
	planner *omadm.Planner
	full    bool // nothing more goes in
	again   bool // the last message had no room for commands either
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
	alone := t.alone(p)
	if l.full || alone && len(t.state.Requests) > 0 {
		return false
	}
	r = t.addressed(r)
	if o, ok := t.unfit(r); ok {
		o.Attempts = p.Attempts
		t.finish(o)
		return true
	}
	mark := l.planner.Mark()
	c := Carried{ID: r.ID}
	err := l.lay(r, len(t.state.Requests), &c)
	if err != nil || c.Next < len(r.Ops) && !l.fits(r) {
		l.planner.Reset(mark)
		t.finish(refused(p, err))
		return true
	}
	if c.Next == 0 && c.Offset == 0 {
		if l.again && l.planner.Empty() {
			t.finish(refused(p, nil))
			return true
		}
		l.full = true
		return false
	}
	l.full = alone || c.Next < len(r.Ops)
	t.state.Requests = append(t.state.Requests, c)
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
	before := *c
	if err := l.lay(t.addressed(&p.Request), i, c); err != nil {
		t.note("request %q cannot be encoded", c.ID)
		return
	}
	switch laid := c.Next != before.Next || c.Offset != before.Offset; {
	case !laid && before.Offset > 0:
		// There may never be room for another part. The object stays unanswered.
		t.note("no part of a large object fits into a message of the client")
		c.Next, c.Offset = c.Next+1, 0
		return
	case !laid:
		l.full = !l.again || !l.planner.Empty()
		return
	case before.Offset > 0:
		t.state.forget(i, before.Next)
	}
	l.full = c.Next < len(p.Request.Ops)
	t.state.Outstanding = append(t.state.Outstanding, l.placed...)
}

// forget drops the command that brought the part before: only the last one says what became of a large object.
func (s *State) forget(request, op int) {
	s.Outstanding = slices.DeleteFunc(s.Outstanding, func(o Outstanding) bool { return o.Request == request && o.Op == op })
}

// lay appends operations of r, from where c stands, on to the message and collects their commands in placed. A value that
// fits into no message goes out in parts.
func (l *loader) lay(r *omadm.Request, request int, c *Carried) error {
	l.placed = slices.Grow(l.placed[:0], min(len(r.Ops)-c.Next+1, 256))
	place := func(id uint32, op int) {
		l.placed = append(l.placed, Outstanding{MsgID: l.turn.state.Sent + 1, CmdID: id, Request: request, Op: op})
	}
	for c.Next < len(r.Ops) {
		if c.Offset == 0 {
			next, err := l.planner.Lay(r, c.Next, place)
			if err != nil {
				return err
			}
			if c.Next = next; next == len(r.Ops) || !l.divides(r, next) {
				return nil
			}
		}
		offset, err := l.planner.LayPart(r, c.Next, c.Offset, place)
		if err != nil {
			return err
		}
		if offset < r.Ops[c.Next].Value.MetaSize() {
			c.Offset = offset
			return nil
		}
		c.Next, c.Offset = c.Next+1, 0
	}
	return nil
}

// divides reports whether an operation has to be cut into parts: it may be, and fits into no message as a whole.
func (l *loader) divides(r *omadm.Request, op int) bool {
	t := l.turn
	if r.Group != omadm.Each || !r.Ops[op].Divisible() || t.known(nodeLargeObjects) == "false" {
		return false
	}
	if r.Ops[op].Value.MetaSize() >= t.maxReply() {
		return true
	}
	one := omadm.Request{Ops: r.Ops[op : op+1]}
	p, err := l.barest()
	if err != nil {
		return false
	}
	n, err := p.Lay(&one, 0, func(uint32, int) {})
	return err == nil && n == 0
}

// barest begins a message that has no more statuses than the answer to a client that asks for the next message.
func (l *loader) barest() (*omadm.Planner, error) {
	list := l.turn.reply.Statuses()[:1]
	asks := *list[0]
	asks.CmdID, asks.CmdRef, asks.Cmd, asks.TargetRefs, asks.SourceRefs = "2", "99", "Alert", nil, nil
	later := l.turn.header // of a message that is not the first
	later.Meta = nil
	p := new(omadm.Planner)
	return p, l.turn.start(p, &later, append(list[:1:1], &asks))
}

// fits reports whether each command of r, or a part of it, fits into a message with nothing else in it.
func (l *loader) fits(r *omadm.Request) bool {
	p, err := l.barest()
	if err != nil {
		return false
	}
	mark := p.Mark()
	skip := func(uint32, int) {}
	for i := 0; i < len(r.Ops); {
		p.Reset(mark)
		next, err := p.Lay(r, i, skip)
		if err == nil && next == i && l.divides(r, i) {
			if offset, err := p.LayPart(r, i, 0, skip); err == nil && offset > 0 {
				next++
			}
		}
		if err != nil || next == i {
			return false
		}
		i = next
	}
	return true
}

// addressed returns r as this client understands it: Windows knows no correlators.
func (t *Turn) addressed(r *omadm.Request) *omadm.Request {
	has := func(op omadm.Op) bool { return op.Correlator != "" }
	if !t.windows() || !slices.ContainsFunc(r.Ops, has) {
		return r
	}
	c := r.Clone()
	for i := range c.Ops {
		c.Ops[i].Correlator = ""
	}
	return &c
}

// unfit returns the outcome of a request that goes beyond what the client said it takes: the largest object (OMA DM
// Protocol 1.2.1, section 7), the length of addresses (OMA DM Standardized Objects 1.2, section 5.3.3), or what Windows
// lacks (MS-MDM section 3.1.7.1).
func (t *Turn) unfit(r *omadm.Request) (omadm.Outcome, bool) {
	uris := omadm.URILimits{MaxDepth: t.number(nodeMaxDepth), MaxTotLen: t.number(nodeMaxTotLen), MaxSegLen: t.number(nodeMaxSegLen)}
	for i := range r.Ops {
		o := omadm.Outcome{Request: r.ID, Kind: omadm.Refused, Op: i}
		if most := t.state.MaxObjSize; most > 0 && int64(r.Ops[i].Value.MetaSize()) > most {
			o.Status, o.Reason = omadm.StatusEntityTooLarge, "a value is larger than the largest object of the device"
			return o, true
		}
		if lacks := r.Ops[i].Verb == omadm.Copy || r.Ops[i].URI.Prop() == omadm.PropACL; lacks && t.windows() {
			o.Status, o.Reason = omadm.StatusFeatureNotSupported, "Windows has neither Copy nor access control lists"
			return o, true
		}
		if err := r.Ops[i].URI.Within(uris); err != nil {
			o.Status, o.Reason = omadm.StatusURITooLong, "an address is longer than the device takes"
			return o, true
		}
	}
	return omadm.Outcome{}, false
}

// known returns a fact of the device, this message included.
func (t *Turn) known(uri omadm.URI) string {
	if v, ok := t.change.Facts[string(uri)]; ok {
		return v
	}
	return t.rec.Device.Facts[string(uri)]
}

// number returns a fact that is a number, 0 for any other.
func (t *Turn) number(uri omadm.URI) uint16 {
	n, err := strconv.ParseUint(t.known(uri), 10, 16)
	if err != nil {
		return 0
	}
	return uint16(n)
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
