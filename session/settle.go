package session

import (
	"slices"

	"github.com/gomadm/gomadm/omadm"
)

// failuresAlone is how many failed deliveries it takes until a request travels alone.
const failuresAlone = 2

// pending returns the request with the id, nil if the store did not return it. It is mostly the same again or the next,
// so it looks first where it found the last.
func (t *Turn) pending(id omadm.RequestID) *Pending {
	list := t.rec.Requests
	for n := range list {
		i := (t.leased + n) % len(list)
		if list[i].Request.ID == id {
			t.leased = i
			return &list[i]
		}
	}
	return nil
}

// settle decides the requests of a session whose client has closed its package or is gone: those that are answered are
// finished, those of which something was not answered are lost. A request of which operations are still to be sent is
// kept as long as the client answers.
func (t *Turn) settle(s *State, vanished bool) {
	var kept []int
	for i := range s.Requests {
		c := &s.Requests[i]
		p := t.pending(c.ID)
		if p == nil {
			t.note("request %q is no longer in the store", c.ID)
			continue
		}
		group, ops := reports(s, i, len(p.Request.Ops))
		if o, ok := omadm.Summarize(&p.Request, p.Attempts, group, ops); ok && !t.interrupted(s, &p.Request, &o) {
			if o.Status == omadm.StatusAtomicResponseTooLarge && !vanished && !c.Alone && p.Attempts < t.maxAttempts(&p.Request) {
				t.isolate(p)
				continue
			}
			if o.Kind == omadm.Done || o.Kind == omadm.Accepted {
				t.await(&p.Request)
			}
			t.finish(o)
			continue
		}
		if !vanished && c.Next < len(p.Request.Ops) && answered(s, i) {
			kept = append(kept, i)
			continue
		}
		t.lose(s, c, p, !vanished || c.Alone)
	}
	s.keep(kept)
}

// abandon settles a session that goes on no more.
func (t *Turn) abandon(s *State) {
	t.settle(s, true)
	s.Ended = t.env.Now
}

// interrupted reports whether values of a request may be missing though its outcome is known: the client is gone before it
// closed the package that was to bring them, or else the request would be finished. They are asked for again if that may be.
func (t *Turn) interrupted(s *State, r *omadm.Request, o *omadm.Outcome) bool {
	return s != t.state && o.Kind == omadm.Done && r.EffectiveDelivery() == omadm.AtLeastOnce &&
		slices.ContainsFunc(r.Ops, func(op omadm.Op) bool { return op.Verb == omadm.Get })
}

// giveBack returns all requests of a session to the queue: the client said that it executed none. What goes out once more
// in this session, with credentials, does so in the same attempt.
func (t *Turn) giveBack(s *State) {
	for i := range s.Requests {
		p := t.pending(s.Requests[i].ID)
		switch {
		case p == nil:
		case t.resend:
			t.change.Requeue = append(t.change.Requeue, Requeue{Request: p.Request.ID, Attempts: p.Attempts - 1, Failures: p.Failures})
		case p.Attempts >= t.maxAttempts(&p.Request):
			t.quarantine(p)
		default:
			t.requeue(s, p, p.Failures)
		}
	}
	s.keep(nil)
}

// lose deals with a request whose outcome is lost. Failed says that it may be its own fault.
func (t *Turn) lose(s *State, c *Carried, p *Pending, failed bool) {
	if p.Request.EffectiveDelivery() == omadm.AtMostOnce {
		t.finish(omadm.Outcome{Request: c.ID, Kind: omadm.Unknown, Op: omadm.GroupOp, Attempts: p.Attempts, Reason: "the device did not answer"})
		return
	}
	failures := p.Failures
	if failed {
		failures++
	}
	if p.Attempts >= t.maxAttempts(&p.Request) {
		t.quarantine(p)
		return
	}
	t.requeue(s, p, failures)
}

// quarantine ends a request that was sent as often as it may be.
func (t *Turn) quarantine(p *Pending) {
	t.finish(omadm.Outcome{
		Request: p.Request.ID, Kind: omadm.Quarantined, Op: omadm.GroupOp, Attempts: p.Attempts, Reason: "sent too often without an answer",
	})
}

// isolate puts an Atomic back into the queue, to be sent alone: the device undid it because the statuses of the message
// that it came with did not fit into one of its own (517).
func (t *Turn) isolate(p *Pending) {
	t.change.Requeue = append(t.change.Requeue, Requeue{
		Request: p.Request.ID, Attempts: p.Attempts, Failures: max(p.Failures, failuresAlone),
	})
}

// alone reports whether a request travels alone: its delivery failed twice, or half of its attempts are used up. The latter
// parts it from one in whose company the device vanished each time.
func (t *Turn) alone(p *Pending) bool {
	return p.Failures >= failuresAlone || p.Attempts > 0 && 2*p.Attempts >= t.maxAttempts(&p.Request)
}

func (t *Turn) maxAttempts(r *omadm.Request) int {
	if r.MaxAttempts > 0 {
		return r.MaxAttempts
	}
	return t.env.Rules.Limits.Attempts
}

func (t *Turn) requeue(s *State, p *Pending, failures int) {
	t.change.Requeue = append(t.change.Requeue, Requeue{Request: p.Request.ID, Attempts: p.Attempts, Failures: failures})
	s.Tried = append(s.Tried, p.Request.ID)
}

func (t *Turn) finish(o omadm.Outcome) {
	o.At = t.env.Now
	t.change.Finish = append(t.change.Finish, o)
}

// reports collects what the client said about the request with an index.
func reports(s *State, request, ops int) (group omadm.Report, list []omadm.Report) {
	list = make([]omadm.Report, ops)
	for _, o := range s.Outstanding {
		if o.Request != request {
			continue
		}
		r := omadm.Report{Status: o.Status, HRESULT: o.HRESULT}
		if o.Op == omadm.GroupOp {
			group = r
		} else if o.Op < len(list) {
			list[o.Op] = r
		}
	}
	return group, list
}

// answered reports whether all commands of a request that were sent have an answer. Of a large object that is on its way
// it is that the client waits for the next part.
func answered(s *State, request int) bool {
	c := &s.Requests[request]
	return !slices.ContainsFunc(s.Outstanding, func(o Outstanding) bool {
		switch {
		case o.Request != request:
			return false
		case c.Offset > 0 && o.Op == c.Next:
			return o.Status != omadm.StatusChunkedItemAccepted
		}
		return o.Status == 0 || passing(o.Status)
	})
}

// sending returns the index of the request of which a large object is on its way; -1 if there is none.
func (s *State) sending() int {
	return slices.IndexFunc(s.Requests, func(c Carried) bool { return c.Offset > 0 })
}

// expire ends what the device does not go on with; nil if there is nothing to end.
func expire(rec *Record, env Env) *Change {
	env.Rules = env.Rules.withDefaults()
	t := new(Turn)
	t.begins(rec, nil, env)
	t.changeNothing()
	for i := range rec.Sessions {
		s := rec.Sessions[i].Clone()
		switch {
		case s.Ended.IsZero() && s.Open(env.Now, env.Rules.Timeout):
			continue
		case s.Ended.IsZero():
			t.abandon(&s)
		case env.Now.Sub(s.Ended) < env.Rules.Replay:
			continue
		}
		t.change.Close = append(t.change.Close, s)
	}
	if len(t.change.Close) == 0 {
		return nil
	}
	return t.change
}

// keep drops all requests but those with the indexes, and their commands.
func (s *State) keep(indexes []int) {
	requests := make([]Carried, 0, len(indexes))
	var outstanding []Outstanding
	for n, i := range indexes {
		requests = append(requests, s.Requests[i])
		for _, o := range s.Outstanding {
			if o.Request == i {
				o.Request = n
				outstanding = append(outstanding, o)
			}
		}
	}
	if len(requests) == 0 {
		requests = nil
	}
	s.Requests, s.Outstanding = requests, outstanding
}
