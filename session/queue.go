package session

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/gomadm/gomadm/omadm"
)

// Queue is what applications call to give a device something to do. All fields but Store work when zero. They must not
// change, and the Queue not be copied, after its first use; it is safe for concurrent use.
//
// A request that consists of Get, Replace, Add and Delete only is sent again when its outcome is lost, others finish as
// Unknown; Request.Delivery says otherwise. A request for ./User/… waits until a user is signed in.
type Queue struct {
	Store Store
	// Check is asked about each request before it is queued. Default: everything that is valid is queued.
	Check Check
	// Pusher wakes devices that have got something to do. Default: they come when they come.
	Pusher Pusher
	// Window is the time in which a device is woken at most once. A request that is put in meanwhile goes out in the
	// session that the push before brings, or else in the next one, as nothing is pushed when the time is over: make it
	// as long as that session takes to begin, not longer. When the Store is a Pushes, it counts for all processes that share
	// the store. Otherwise it counts for the pushes of this Queue, and is remembered for the last 65,536 devices at least.
	// Default: there is no limit.
	Window time.Duration

	Now func() time.Time // default: time.Now

	mu    sync.Mutex
	woken window
}

// Pusher wakes a device, so that it opens a session: by a push of WNS, a notification of OMA DM, or whatever reaches it.
// It is safe for concurrent use.
type Pusher interface {
	// Push returns when the push is on its way, which does not say that the device is. For a device that cannot be
	// woken it returns nil.
	Push(ctx context.Context, d Device) error
}

// WakeError says that a device was not woken. What was put into its queue is there, and is sent when the device comes.
type WakeError struct {
	Device omadm.DeviceID
	Err    error // of the Pusher, or of the Store that did not return the device or note that it is woken
}

func (e *WakeError) Error() string {
	return fmt.Sprintf("session: device %q was not woken: %v", e.Device, e.Err)
}

// Unwrap returns e.Err.
func (e *WakeError) Unwrap() error { return e.Err }

// Enqueue validates and normalises the requests, asks Check, puts them into the queue of the device, all or none, and
// then wakes it if one of them is due. The requests given are not changed.
//
// With a *WakeError the requests are in the queue. All other errors mean that none is, or that it is not known: an
// *omadm.RequestError, what Check returned, or an error of Store.Enqueue. After either it is right to call again with the
// same requests, as those that are there are skipped. So is a request that the device had long ago under the same id, until
// its outcome is pruned: what is to be done once more needs another id.
func (q *Queue) Enqueue(ctx context.Context, id omadm.DeviceID, reqs ...omadm.Request) error {
	var facts omadm.Facts
	if q.Check != nil {
		rec, err := q.Store.Load(ctx, Query{Device: id})
		if err != nil {
			return fmt.Errorf("session: queue: %w", err)
		}
		facts = rec.Device.Facts
	}
	ready := make([]omadm.Request, len(reqs))
	for i, r := range reqs {
		if err := prepare(ctx, &r, facts, q.Check); err != nil {
			return err
		}
		ready[i] = r
	}
	if err := q.Store.Enqueue(ctx, id, ready...); err != nil {
		return err
	}
	if !anyDue(ready, clock(q.Now)()) {
		return nil
	}
	_, err := q.Wake(ctx, id)
	return err
}

// Cancel takes requests back that were not sent yet, or whose outcome was lost and that wait to be sent again. They finish
// as omadm.Canceled and their ids are returned: these are never sent after Cancel has returned. A request that is on its
// way, finished or not there is left alone. The error is one of the Store, and errors.ErrUnsupported if that is not a
// Canceler.
func (q *Queue) Cancel(ctx context.Context, id omadm.DeviceID, reqs ...omadm.RequestID) ([]omadm.RequestID, error) {
	c, ok := q.Store.(Canceler)
	if !ok {
		return nil, fmt.Errorf("session: queue: %T cannot cancel: %w", q.Store, errors.ErrUnsupported)
	}
	return c.Cancel(ctx, id, clock(q.Now)(), reqs...)
}

// Wake wakes a device that is to come now. It reports whether it did: not without a Pusher, and not within the Window
// after the last time. A push that failed begins no window. The error is a *WakeError.
func (q *Queue) Wake(ctx context.Context, id omadm.DeviceID) (bool, error) {
	if q.Pusher == nil {
		return false, nil
	}
	now := clock(q.Now)()
	free, err := q.enter(ctx, id, now)
	if err == nil && free {
		err = q.push(ctx, id)
	}
	if err != nil { // also if it is not known whether the store has noted it
		return false, &WakeError{Device: id, Err: errors.Join(err, q.leave(ctx, id, now))}
	}
	return free, nil
}

func (q *Queue) push(ctx context.Context, id omadm.DeviceID) error {
	rec, err := q.Store.Load(ctx, Query{Device: id})
	if err != nil {
		return err
	}
	return q.Pusher.Push(ctx, rec.Device)
}

// enter reports whether a device may be woken, and notes that it is.
func (q *Queue) enter(ctx context.Context, id omadm.DeviceID, now time.Time) (bool, error) {
	if q.Window <= 0 {
		return true, nil
	}
	if p, ok := q.Store.(Pushes); ok {
		return p.Woken(ctx, id, now, q.Window)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.woken.enter(id, now, q.Window), nil
}

// leave takes back that a device was woken at a time, also when it was not because ctx has ended.
func (q *Queue) leave(ctx context.Context, id omadm.DeviceID, at time.Time) error {
	if q.Window <= 0 {
		return nil
	}
	if p, ok := q.Store.(Pushes); ok {
		ctx, cancel := outliving(ctx)
		defer cancel()
		return p.NotWoken(ctx, id, at)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.woken.leave(id, at)
	return nil
}

// window remembers when devices were woken, in two generations: when the young one is full it becomes the old one, and
// the one before is forgotten, so that this costs no search. The zero window is empty.
type window struct{ young, old map[omadm.DeviceID]time.Time }

// maxWoken is the size of a generation. A device is not forgotten before so many others were woken.
const maxWoken = 1 << 16

// enter does what Pushes.Woken says.
func (w *window) enter(id omadm.DeviceID, now time.Time, d time.Duration) bool {
	if w.young == nil || len(w.young) >= maxWoken {
		w.old, w.young = w.young, make(map[omadm.DeviceID]time.Time)
	}
	for _, g := range []map[omadm.DeviceID]time.Time{w.young, w.old} {
		at, ok := g[id]
		if ok && now.Sub(at).Abs() < d {
			return false
		}
	}
	w.young[id] = now
	return true
}

// leave forgets that a device was woken at a time.
func (w *window) leave(id omadm.DeviceID, at time.Time) {
	for _, g := range []map[omadm.DeviceID]time.Time{w.young, w.old} {
		if woken, ok := g[id]; ok && woken.Equal(at) {
			delete(g, id)
		}
	}
}

// anyDue reports whether one of the requests may be sent now.
func anyDue(reqs []omadm.Request, now time.Time) bool {
	for i := range reqs {
		if !reqs[i].NotBefore.After(now) {
			return true
		}
	}
	return false
}

// prepare makes a request ready for the queue.
func prepare(ctx context.Context, r *omadm.Request, facts omadm.Facts, check Check) error {
	r.Normalize()
	if err := r.Validate(); err != nil {
		return err // which names the request
	}
	if check == nil {
		return nil
	}
	if err := check(ctx, facts, r); err != nil {
		return fmt.Errorf("session: request %q: %w", r.ID, err)
	}
	return nil
}
