package memstore

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"slices"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
)

// queue is the requests of a device. The zero queue is empty.
type queue struct {
	open  []*request                 // those waiting or leased, in the order of Load
	known map[omadm.RequestID]digest // those and the finished ones
	age   uint64                     // given to the youngest request
}

// digest is the SHA-256 of the binary form of a request. Equal digests are equal contents.
type digest [sha256.Size]byte

// request is a request that waits or is leased.
type request struct {
	session.Pending
	content digest
	size    int
	age     uint64
	leased  bool
	session string // key of the session that leases it
}

// newRequests copies requests.
func newRequests(reqs []omadm.Request) ([]*request, error) {
	in := make([]*request, len(reqs))
	for i := range reqs {
		b, err := reqs[i].AppendBinary(nil)
		if err != nil {
			return nil, fmt.Errorf("memstore: %w", err)
		}
		own, err := decoded[omadm.Request](b)
		if err != nil {
			return nil, err
		}
		in[i] = &request{Pending: session.Pending{Request: *own}, content: sha256.Sum256(b), size: own.Size()}
	}
	return in, nil
}

// copied returns what Load hands out. Strings do not change, so the list of operations is all there is to copy.
func (r *request) copied() session.Pending {
	p := r.Pending
	p.Request.Ops = slices.Clone(p.Request.Ops)
	return p
}

// sift separates requests with new ids from those whose id is taken, also by one before it. With repeats, one that
// has the content of its namesake is passed over.
func (q *queue) sift(in []*request, repeats bool) (fresh []*request, taken []omadm.RequestID) {
	batch := make(map[omadm.RequestID]digest, len(in))
	for _, r := range in {
		id := r.Request.ID
		content, ok := q.known[id]
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
	var touched []omadm.RequestID
	for _, r := range c.Requeue {
		touched = append(touched, r.Request)
	}
	for _, l := range c.Lease {
		touched = append(touched, l.Request)
	}
	ended := make(map[omadm.RequestID]bool, len(c.Finish))
	for _, o := range c.Finish {
		if ended[o.Request] {
			return fmt.Errorf("memstore: device %q: request %q finished twice", c.Device, o.Request)
		}
		ended[o.Request] = true
		touched = append(touched, o.Request)
	}
	for _, id := range touched {
		if find(q.open, id) < 0 && find(fresh, id) < 0 {
			return fmt.Errorf("memstore: device %q: request %q is neither waiting nor leased", c.Device, id)
		}
	}
	return nil
}

// add puts requests with new ids into the queue.
func (q *queue) add(fresh []*request) {
	if q.known == nil {
		q.known = make(map[omadm.RequestID]digest)
	}
	for _, r := range fresh {
		q.age++
		r.age = q.age
		q.known[clone(r.Request.ID)] = r.content // outlives r
		i, _ := slices.BinarySearchFunc(q.open, r, order)
		q.open = slices.Insert(q.open, i, r)
	}
}

// change does what a change says of requests. One that is taken back may be leased again, and any may be finished.
func (q *queue) change(c *session.Change) {
	for _, b := range c.Requeue {
		r := q.open[find(q.open, b.Request)]
		r.leased, r.session = false, ""
		r.Attempts, r.Failures = b.Attempts, b.Failures
	}
	for _, l := range c.Lease {
		r := q.open[find(q.open, l.Request)]
		r.leased, r.session = true, clone(l.Session)
		r.Attempts = l.Attempts
	}
	for _, o := range c.Finish {
		i := find(q.open, o.Request)
		q.open = slices.Delete(q.open, i, i+1)
	}
}

// pending returns the requests leased by a session that there is, and those that wait and are due, as far as the
// limits of their scope go.
func (q *queue) pending(by session.Query, exists func(key string) bool) []session.Pending {
	type load struct {
		requests, octets int
		full             bool
	}
	loads := make(map[omadm.Scope]*load)
	var out []session.Pending
	for _, r := range q.open {
		if r.leased {
			if exists(r.session) {
				out = append(out, r.copied())
			}
			continue
		}
		l := loads[r.Request.Scope]
		if l == nil {
			l = new(load)
			loads[r.Request.Scope] = l
		}
		if l.full || r.Request.NotBefore.After(by.Now) {
			continue
		}
		// A request too large for the limit is not passed over, or smaller ones would overtake it for ever.
		if l.requests > 0 && (l.requests >= by.Limit || l.octets+r.size > by.Octets) {
			l.full = true
			continue
		}
		l.requests, l.octets = l.requests+1, l.octets+r.size
		out = append(out, r.copied())
	}
	return out
}

// order is by priority, higher first, and then age.
func order(a, b *request) int {
	return cmp.Or(cmp.Compare(b.Request.Priority, a.Request.Priority), cmp.Compare(a.age, b.age))
}

// find returns the index of a request, -1 if it is not there.
func find(reqs []*request, id omadm.RequestID) int {
	return slices.IndexFunc(reqs, func(r *request) bool { return r.Request.ID == id })
}
