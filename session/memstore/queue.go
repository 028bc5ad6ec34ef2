package memstore

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"slices"
	"time"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
)

// queue is the requests of a device. The zero queue is empty.
type queue struct {
	waiting map[omadm.Scope][]*request   // in the order of Load
	leases  map[string]*lease            // by the key of the session
	open    map[omadm.RequestID]*request // those waiting and those leased
	taken   map[omadm.RequestID]digest   // ids and contents of those and of the finished ones
	age     uint64                       // given to the youngest request
}

// digest is the SHA-256 of the binary form of a request. Equal digests are equal contents.
type digest [sha256.Size]byte

// request is a request that waits or is leased.
type request struct {
	session.Pending
	content digest
	size    int
	age     uint64
	lease   *lease // nil: it waits
}

// lease is the requests that a session has.
type lease struct {
	session  string // its key
	requests []*request
}

// newRequests copies requests.
func newRequests(reqs []omadm.Request) ([]*request, error) {
	var in []*request
	for i := range reqs {
		b, err := reqs[i].AppendBinary(make([]byte, 0, 256+reqs[i].Size())) // most fit
		if err != nil {
			return nil, fmt.Errorf("memstore: %w", err)
		}
		own, err := decoded[omadm.Request](b)
		if err != nil {
			return nil, err
		}
		in = append(in, &request{Pending: session.Pending{Request: *own}, content: sha256.Sum256(b), size: own.Size()})
	}
	return in, nil
}

// sift separates requests with new ids from those whose id is taken, also by one before it. With repeats, one that
// has the content of its namesake is passed over.
func (q *queue) sift(in []*request, repeats bool) (fresh []*request, taken []omadm.RequestID) {
	batch := make(map[omadm.RequestID]digest)
	for _, r := range in {
		id := r.Request.ID
		content, ok := q.taken[id]
		if !ok {
			content, ok = batch[id]
		}
		switch {
		case !ok:
			batch[id] = r.content
			fresh = append(fresh, r)
		case !repeats || content != r.content:
			taken = append(taken, id)
		}
	}
	return fresh, taken
}

// check reports whether all requests that c requeues, leases or finishes are open, or among the fresh ones, and are
// finished once.
func (q *queue) check(fresh []*request, c *session.Change) error {
	open := func(id omadm.RequestID) error {
		if q.open[id] == nil && !slices.ContainsFunc(fresh, func(r *request) bool { return r.Request.ID == id }) {
			return fmt.Errorf("memstore: device %q: request %q is neither waiting nor leased", c.Device, id)
		}
		return nil
	}
	for _, r := range c.Requeue {
		if err := open(r.Request); err != nil {
			return err
		}
	}
	for _, l := range c.Lease {
		if err := open(l.Request); err != nil {
			return err
		}
	}
	ended := make(map[omadm.RequestID]bool)
	for _, o := range c.Finish {
		if err := open(o.Request); err != nil {
			return err
		}
		if ended[o.Request] {
			return fmt.Errorf("memstore: device %q: request %q finished twice", c.Device, o.Request)
		}
		ended[o.Request] = true
	}
	return nil
}

// canceled returns the outcomes of those of the requests that wait.
func (q *queue) canceled(at time.Time, ids []omadm.RequestID) []omadm.Outcome {
	var outcomes []omadm.Outcome
	ended := make(map[omadm.RequestID]bool)
	for _, id := range ids {
		r := q.open[id]
		if r == nil || r.lease != nil || ended[id] {
			continue
		}
		ended[id] = true
		outcomes = append(outcomes, omadm.Outcome{
			Request: r.Request.ID, Kind: omadm.Canceled, Op: omadm.GroupOp, At: at, Attempts: r.Attempts,
		})
	}
	return outcomes
}

// add puts requests with new ids into the queue.
func (q *queue) add(fresh []*request) {
	if q.open == nil {
		q.waiting = make(map[omadm.Scope][]*request)
		q.leases = make(map[string]*lease)
		q.open = make(map[omadm.RequestID]*request)
		q.taken = make(map[omadm.RequestID]digest)
	}
	for _, r := range fresh {
		q.age++
		r.age = q.age
		id := clone(r.Request.ID) // outlives r
		q.open[id], q.taken[id] = r, r.content
		q.wait(r)
	}
}

// change does what a change says of requests. One that is taken back may be leased again, and any may be finished.
func (q *queue) change(c *session.Change) {
	for _, b := range c.Requeue {
		r := q.take(b.Request)
		r.Attempts, r.Failures = b.Attempts, b.Failures
		q.wait(r)
	}
	for _, l := range c.Lease {
		r := q.take(l.Request)
		r.Attempts = l.Attempts
		q.give(r, l.Session)
	}
	for _, o := range c.Finish {
		q.take(o.Request)
		delete(q.open, o.Request)
	}
}

// wait puts a request at the place that priority and age give it.
func (q *queue) wait(r *request) {
	reqs := q.waiting[r.Request.Scope]
	i, _ := slices.BinarySearchFunc(reqs, r, order)
	q.waiting[r.Request.Scope] = slices.Insert(reqs, i, r)
}

// give leases a request to the session with a key.
func (q *queue) give(r *request, key string) {
	l := q.leases[key]
	if l == nil {
		l = &lease{session: clone(key)}
		q.leases[l.session] = l
	}
	l.requests = append(l.requests, r)
	r.lease = l
}

// take removes an open request from where it waits, or from the session that has it.
func (q *queue) take(id omadm.RequestID) *request {
	r := q.open[id]
	if l := r.lease; l != nil {
		i := slices.Index(l.requests, r)
		l.requests = slices.Delete(l.requests, i, i+1)
		if len(l.requests) == 0 {
			delete(q.leases, l.session)
		}
		r.lease = nil
		return r
	}
	reqs := q.waiting[r.Request.Scope]
	i, _ := slices.BinarySearchFunc(reqs, r, order)
	q.waiting[r.Request.Scope] = slices.Delete(reqs, i, i+1)
	return r
}

// pending returns the requests leased by the sessions, and those that wait and are due, as far as the limits of their
// scope go.
func (q *queue) pending(by session.Query, sessions []*dialogue) []session.Pending {
	found := make([]*request, 0, 32)
	for _, dlg := range sessions {
		if l := q.leases[dlg.key]; l != nil {
			found = append(found, l.requests...)
		}
	}
	for _, reqs := range q.waiting {
		found = appendDue(found, reqs, by)
	}
	slices.SortFunc(found, order)
	return copies(found)
}

// appendDue appends those that are due of requests that wait in one scope, as far as the limits go.
func appendDue(found, waiting []*request, by session.Query) []*request {
	requests, octets := 0, 0
	for _, r := range waiting {
		if r.Request.NotBefore.After(by.Now) {
			continue
		}
		// A request too large for the limit is not passed over, or smaller ones would overtake it for ever.
		if requests > 0 && (requests >= by.Limit || octets+r.size > by.Octets) {
			break
		}
		requests, octets = requests+1, octets+r.size
		found = append(found, r)
	}
	return found
}

// copies returns what Load hands out. It is Request.Clone for many, with one list for the operations of all.
func copies(reqs []*request) []session.Pending {
	if len(reqs) == 0 {
		return nil
	}
	n := 0
	for _, r := range reqs {
		n += len(r.Request.Ops)
	}
	ops := make([]omadm.Op, 0, n)
	out := make([]session.Pending, len(reqs))
	for i, r := range reqs {
		from := len(ops)
		ops = append(ops, r.Request.Ops...)
		own := ops[from:len(ops):len(ops)]
		for j := range own {
			if a := own[j].Alert; a != nil {
				own[j].Alert = a.Op().Alert // a copy
			}
		}
		out[i] = r.Pending
		out[i].Request.Ops = own
	}
	return out
}

// order is by priority, higher first, and then age.
func order(a, b *request) int {
	return cmp.Or(cmp.Compare(b.Request.Priority, a.Request.Priority), cmp.Compare(a.age, b.age))
}
