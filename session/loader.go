package session

import (
	"slices"
	"strconv"

	"github.com/gomadm/gomadm/omadm"
)

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
	t := l.turn
	p = t.counted(p)
	r := &p.Request
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

// counted returns a request with the counts that this message gave it when it put it back into the queue.
func (t *Turn) counted(p *Pending) *Pending {
	if r := t.returned(p.Request.ID); r != nil {
		return &Pending{Request: p.Request, Attempts: r.Attempts, Failures: r.Failures}
	}
	return p
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
	if uri := later.RespURI; uri != "" { // which is what the client calls us from now on
		later.Source.URI = uri
		if len(list[0].TargetRefs) > 0 {
			list[0].TargetRefs = []string{uri}
		}
	}
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
