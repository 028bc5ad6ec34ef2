package sessiontest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
)

// canceler returns the store as session.Canceler, or skips the trial.
func (t *trial) canceler() session.Canceler {
	t.Helper()
	c, ok := t.store.(session.Canceler)
	if !ok {
		t.Skip("the store does not implement session.Canceler")
	}
	return c
}

// cancel cancels requests at noon.
func (t *trial) cancel(id omadm.DeviceID, reqs ...omadm.RequestID) []omadm.RequestID {
	t.Helper()
	canceled, err := t.canceler().Cancel(context.Background(), id, noon, reqs...)
	t.ok("Cancel", err)
	return canceled
}

// wantCanceled wants Cancel to have returned these ids.
func (t *trial) wantCanceled(what string, got []omadm.RequestID, want ...omadm.RequestID) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.broken("%s: got %q, want %q", what, got, want)
	}
}

// outcomes returns how requests of a device ended.
func (t *trial) outcomes(id omadm.DeviceID) []omadm.Outcome {
	t.Helper()
	var list []omadm.Outcome
	for _, e := range t.entries(100) {
		if e.Outcome != nil && e.Device == id {
			list = append(list, *e.Outcome)
		}
	}
	return list
}

func cancelFinishes(t *trial) {
	t.canceler()
	t.register(dev, "device-2")
	later := request("later")
	later.NotBefore = soon
	t.enqueue(dev, request("a"), request("b"), later, userRequest("user"), request("stays"))
	t.enqueue("device-2", request("a"))
	t.commit(dev, lease("b"))
	t.commit(dev, func(c *session.Change) { c.Requeue = []session.Requeue{{Request: "b", Attempts: 3, Failures: 1}} })

	t.cancel(dev, "a", "b", "later", "user")
	q := everything(dev)
	q.Now = soon
	t.wantRequests("requests after four of five were canceled", t.query(q).Requests, "stays")
	t.wantRequests("requests of another device", t.load("device-2").Requests, "a")
	t.cancel(dev, "a", "later")
	if _, ok := t.store.(session.Results); !ok {
		return
	}
	attempts := map[omadm.RequestID]int{"a": 0, "b": 3, "later": 0, "user": 0}
	got := t.outcomes(dev)
	want(t, "number of outcomes of four requests", len(got), len(attempts))
	for _, o := range got {
		n, ok := attempts[o.Request]
		if !ok {
			t.broken("outcome of request %q, which was not canceled, or a second one", o.Request)
		}
		delete(attempts, o.Request)
		want(t, fmt.Sprintf("kind of the outcome of %q", o.Request), o.Kind, omadm.Canceled)
		want(t, fmt.Sprintf("time of the outcome of %q", o.Request), o.At.Format(time.RFC3339Nano), noon.Format(time.RFC3339Nano))
		want(t, fmt.Sprintf("attempts of the outcome of %q", o.Request), o.Attempts, n)
	}
	want(t, "number of outcomes of the other device", len(t.outcomes("device-2")), 0)
}

func cancelReturns(t *trial) {
	t.canceler()
	t.register(dev)
	t.enqueue(dev, request("a"), request("b"), request("c"), request("d"))
	t.wantCanceled("Cancel of d, b, d, d and a", t.cancel(dev, "d", "b", "d", "d", "a"), "d", "b", "a")
	t.wantCanceled("Cancel of a again, and c", t.cancel(dev, "a", "c"), "c")
}

func cancelLeaves(t *trial) {
	t.canceler()
	t.busy(dev)
	before := t.snapshot(dev)
	t.wantCanceled("Cancel of one that is leased, one finished and one not there", t.cancel(dev, "l", "f", "none"))
	t.wantSame("device after Cancel of what does not wait", t.snapshot(dev), before)

	t.wantCanceled("Cancel of these and one that waits", t.cancel(dev, "none", "l", "w", "f"), "w")
	t.wantRequests("requests left", t.load(dev).Requests, "l")
	t.commit(dev, finish("l"))
}

func cancelMoves(t *trial) {
	t.canceler()
	t.register(dev)
	t.enqueue(dev, request("a"), request("b"))
	rec := t.load(dev)
	prepared := change(dev, rec.Revision)
	lease("a")(prepared)
	t.wantCanceled("Cancel", t.cancel(dev, "a"), "a")
	t.wantError("Commit that was prepared before", t.store.Commit(context.Background(), prepared), session.ErrConflict)
	rec = t.load(dev)
	if rec.Revision == prepared.Revision {
		t.broken("revision: got %d as before, want another", rec.Revision)
	}
	want(t, "number of sessions after the Commit that failed", len(rec.Sessions), 0)
	t.commit(dev, lease("b"))
}

func cancelNothing(t *trial) {
	t.canceler()
	t.busy(dev)
	before := t.snapshot(dev)
	for _, reqs := range [][]omadm.RequestID{nil, {"none"}, {"l", "f"}} {
		t.wantCanceled(fmt.Sprintf("Cancel of %q", reqs), t.cancel(dev, reqs...))
		t.wantSame(fmt.Sprintf("device after Cancel of %q", reqs), t.snapshot(dev), before)
	}
}

// cancelWhileCommitting cancels each request, the last one first, while another leases them, the first one first. Somewhere
// they meet, and each request has one of the two.
func cancelWhileCommitting(t *trial) {
	c := t.canceler()
	t.register(dev)
	const n = 40
	name := func(i int) omadm.RequestID { return omadm.RequestID(fmt.Sprintf("r-%d", i)) }
	for i := range n {
		t.enqueue(dev, request(name(i)))
	}
	leased := make(chan error, 1)
	go func() {
		for i := range n {
			if err := leaseIfWaiting(t.store, name(i)); err != nil {
				leased <- err
				return
			}
		}
		leased <- nil
	}()
	canceled := make(map[omadm.RequestID]bool)
	for i := range n {
		ids, err := c.Cancel(context.Background(), dev, noon, name(n-1-i))
		t.ok("Cancel while another commits", err)
		for _, id := range ids {
			canceled[id] = true
		}
	}
	t.ok("Commit while another cancels", <-leased)
	rec := t.load(dev)
	for i := range n {
		got := slices.Contains(ids(rec.Requests), name(i))
		if got == canceled[name(i)] {
			t.broken("request %q: got leased %t and canceled %t, want one of them", name(i), got, canceled[name(i)])
		}
	}
	// What the session carries is what is leased.
	for _, s := range rec.Sessions {
		want(t, "number of requests that the session carries", len(s.Requests), len(rec.Requests))
	}
}

// leaseIfWaiting adds a request to those that the session "s" has, as often as it takes.
func leaseIfWaiting(store session.Store, id omadm.RequestID) error {
	for {
		rec, err := store.Load(context.Background(), everything(dev))
		if err != nil {
			return err
		}
		if !slices.Contains(ids(rec.Requests), id) {
			return nil
		}
		c := change(dev, rec.Revision)
		if len(rec.Sessions) > 0 {
			c.Session = rec.Sessions[0]
		}
		lease(id)(c)
		if err := store.Commit(context.Background(), c); !errors.Is(err, session.ErrConflict) {
			return err
		}
	}
}

func cancelKeepsID(t *trial) {
	t.canceler()
	t.register(dev)
	t.enqueue(dev, request("a"))
	t.cancel(dev, "a")
	t.ok("Enqueue of a canceled request again", t.tryEnqueue(dev, request("a")))
	t.wantRequests("requests after a canceled one was put in again", t.load(dev).Requests)
	other := request("a")
	other.Priority = 1
	t.wantExists("Enqueue of other content under the id of a canceled request", t.tryEnqueue(dev, other), dev, "a")
	t.wantExists("Commit that adds a canceled request", t.tryCommit(dev, func(c *session.Change) {
		c.Add = []omadm.Request{request("a")}
	}), dev, "a")
}

func cancelUnknown(t *trial) {
	c := t.canceler()
	t.register(dev)
	_, err := c.Cancel(context.Background(), "device-2", noon, "a")
	t.wantError("Cancel", err, session.ErrUnknownDevice)
	_, err = c.Cancel(context.Background(), "device-2", noon)
	t.wantError("Cancel of no request", err, session.ErrUnknownDevice)
	_, err = t.store.Load(context.Background(), everything("device-2"))
	t.wantError("Load after Cancel", err, session.ErrUnknownDevice)
}
