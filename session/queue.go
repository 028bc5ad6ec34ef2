package session

import (
	"context"
	"fmt"

	"github.com/gomadm/gomadm/omadm"
)

// Queue is what applications call to give a device something to do. All fields but Store work when zero.
//
// A request that consists of Get, Replace, Add and Delete only is sent again when its outcome is lost, others finish as
// Unknown; Request.Delivery says otherwise. A request for ./User/… waits until a user is signed in.
type Queue struct {
	Store Store
	// Check is asked about each request before it is queued. Default: everything that is valid is queued.
	Check Check
}

// Enqueue validates and normalises the requests, asks Check and puts them into the queue of the device, all or
// none. Errors: an *omadm.RequestError, what Check returned, or an error of Store.Enqueue. The requests given are
// not changed.
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
	return q.Store.Enqueue(ctx, id, ready...)
}

// prepare makes a request ready for the queue.
func prepare(ctx context.Context, r *omadm.Request, facts omadm.Facts, check Check) error {
	r.Normalize()
	if err := r.Validate(); err != nil {
		return fmt.Errorf("session: request %q: %w", r.ID, err)
	}
	if check == nil {
		return nil
	}
	if err := check(ctx, facts, r); err != nil {
		return fmt.Errorf("session: request %q: %w", r.ID, err)
	}
	return nil
}
