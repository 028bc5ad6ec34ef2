package sessiontest

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
)

// pruner returns the store as session.Pruner, or skips the trial. A store that forgets results has them.
func (t *trial) pruner() session.Pruner {
	t.Helper()
	p, ok := t.store.(session.Pruner)
	if !ok {
		t.Skip("the store does not implement session.Pruner")
	}
	t.results()
	return p
}

// prune forgets all there is through a cursor, and returns how many that were.
func (t *trial) prune(through session.Cursor, limit int) int {
	t.Helper()
	p, all := t.pruner(), 0
	for {
		n, err := p.Prune(context.Background(), through, limit)
		t.ok("Prune", err)
		if n < 0 || n > limit {
			t.broken("Prune: got %d, want none to %d", n, limit)
		}
		if all += n; n == 0 {
			return all
		}
		if all > 1000 {
			t.broken("Prune: no end after %d entries", all)
		}
	}
}

// wantEntries returns all entries, which have to be so many.
func (t *trial) wantEntries(n int) []session.Entry {
	t.Helper()
	all := t.entries(100)
	want(t, "number of entries", len(all), n)
	return all
}

func pruneOldest(t *trial) {
	p := t.pruner()
	t.register(dev, "device-2")
	for n := range 3 {
		t.report(dev, n)
		t.report("device-2", n)
	}
	all := t.wantEntries(6 * perReport)
	through := all[2*perReport].Cursor
	for limit := 1; limit < 5; limit++ {
		n, err := p.Prune(context.Background(), through, limit)
		t.ok("Prune", err)
		if n < 1 || n > limit {
			t.broken("Prune with limit %d: got %d, want 1 to %d", limit, n, limit)
		}
		all = all[n:]
		t.wantSame(fmt.Sprintf("entries after %d were forgotten", n), t.shown(t.entries(100)), t.shown(all))
		if _, ok := t.store.(session.Lister); ok {
			t.wantSame("history after that", t.shown(t.history(dev, 100)), t.shown(all, dev))
		}
	}
}

func pruneThrough(t *trial) {
	t.pruner()
	t.register(dev, "device-2")
	for n := range 3 {
		t.report(dev, n)
		t.report("device-2", n)
	}
	all := t.wantEntries(6 * perReport)
	forgotten := 0
	for _, i := range []int{0, 3, 3, 2, perReport, 4*perReport - 1, len(all) - 1} {
		n := t.prune(all[i].Cursor, 4)
		want(t, fmt.Sprintf("entries forgotten through entry %d", i), n, max(i+1-forgotten, 0))
		forgotten += n
		t.wantSame(fmt.Sprintf("entries after Prune through entry %d", i), t.shown(t.entries(100)), t.shown(all[forgotten:]))
	}
}

func pruneNothing(t *trial) {
	t.pruner()
	want(t, "entries forgotten before there are any", t.prune("", 10), 0)
	t.busy(dev)
	before := t.snapshot(dev)
	want(t, "entries forgotten through the empty cursor", t.prune("", 10), 0)
	t.wantSame("device after that", t.snapshot(dev), before)
}

func pruneIDs(t *trial) {
	t.pruner()
	t.busy(dev)
	t.busy("device-2")
	t.commit(dev, func(c *session.Change) { // what a request has reported does not end it
		c.Results = []omadm.Result{{Request: "l", Status: omadm.StatusOK}, {Request: "w", Status: omadm.StatusOK}}
	})
	const told = 3 + 3 + 2
	t.enqueue(dev, request("later"))
	t.withdraw(dev, "later")
	all, other := t.wantEntries(told+1), userRequest
	first := slices.IndexFunc(all, func(e session.Entry) bool { return e.Outcome != nil })
	t.prune(all[max(first, 0)].Cursor, 100)
	t.wantExists("Enqueue under the id of a request of another device, whose outcome is not forgotten",
		t.tryEnqueue("device-2", other("f")), "device-2", "f")
	t.prune(all[told-1].Cursor, 100)
	for _, id := range []omadm.RequestID{"l", "w", "later"} {
		t.wantExists(fmt.Sprintf("Enqueue under the id of request %q, whose outcome is not forgotten", id), t.tryEnqueue(dev, other(id)), dev, id)
	}
	t.ok("Enqueue under the id of a request whose outcome is forgotten", t.tryEnqueue(dev, other("f")))
	t.ok("the same again", t.tryEnqueue(dev, other("f")))
	t.wantExists("Enqueue of other content under that id", t.tryEnqueue(dev, request("f")), dev, "f")
	t.commit(dev, finish("f"))
	t.ok("Commit that adds a request with such an id", t.tryCommit("device-2", func(c *session.Change) {
		c.Add = []omadm.Request{other("f")}
	}))
}

// pruneLater forgets what was before a device was registered anew, and nothing of what is there now.
func pruneLater(t *trial) {
	t.pruner()
	t.busy(dev)
	all := t.wantEntries(3)
	t.ok("Unregister", t.registrar.Unregister(context.Background(), dev))
	t.register(dev)
	t.enqueue(dev, request("f"))
	t.prune(all[len(all)-1].Cursor, 100)
	t.wantExists("Enqueue under the id of a request that waits", t.tryEnqueue(dev, userRequest("f")), dev, "f")
}

func pruneChangesNothingElse(t *trial) {
	t.pruner()
	t.busy(dev)
	t.ok("Commit", t.store.Commit(context.Background(), whole(dev, t.load(dev).Revision)))
	before := t.snapshot(dev)
	c := change(dev, t.load(dev).Revision)
	all := t.wantEntries(6)
	want(t, "entries forgotten", t.prune(all[len(all)-1].Cursor, 100), len(all))
	t.wantSame("device after its entries were forgotten", t.snapshot(dev), before[:len(before)-len(all)])
	t.ok("Commit that was prepared before", t.store.Commit(context.Background(), c))
}

// withdraw ends a request that waits, by Cancel or, where there is none, by a Commit.
func (t *trial) withdraw(id omadm.DeviceID, req omadm.RequestID) {
	t.Helper()
	if _, ok := t.store.(session.Canceler); ok {
		t.cancel(id, req)
		return
	}
	t.commit(id, finish(req))
}

func pruneCursors(t *trial) {
	t.pruner()
	t.register(dev)
	t.report(dev, 0)
	t.report(dev, 1)
	all := t.wantEntries(2 * perReport)
	last := all[len(all)-1].Cursor
	t.prune(all[perReport].Cursor, 100)
	t.wantAfter(all, perReport+1)
	t.prune(last, 100)
	t.wantAfter(all, len(all))
	want(t, "entries forgotten through a cursor of one forgotten", t.prune(last, 100), 0)
	t.report(dev, 2)
	t.wantAfter(append(all, t.wantEntries(perReport)...), len(all))
}

// wantAfter wants what comes after each of the entries there ever were, of which some are forgotten.
func (t *trial) wantAfter(all []session.Entry, forgotten int) {
	t.Helper()
	for i := range all {
		rest, err := t.results().Results(context.Background(), all[i].Cursor, 100)
		t.ok("Results", err)
		left := t.shown(all[max(i+1, forgotten):])
		t.wantSame(fmt.Sprintf("entries after entry %d, when %d are forgotten", i, forgotten), t.shown(rest), left)
		if l, ok := t.store.(session.Lister); ok {
			rest, err := l.History(context.Background(), all[i].Device, all[i].Cursor, 100)
			t.ok("History", err)
			t.wantSame(fmt.Sprintf("history after entry %d, when %d are forgotten", i, forgotten), t.shown(rest), left)
		}
	}
}

// pruneReadAlong forgets what it has read while several devices report.
func pruneReadAlong(t *trial) {
	p, r := t.pruner(), t.results()
	const devices, reports = 4, 10
	var tell []func() error
	for d := range devices {
		t.register(deviceN(d))
		tell = append(tell, func() error { return tellOutcomes(t.store, deviceN(d), reports) })
	}
	done := meanwhile(tell...)
	var after session.Cursor
	seen, forgotten := 0, 0
	for complete := false; ; {
		page, err := r.Results(context.Background(), after, 3)
		t.ok("Results", err)
		if seen += len(page); len(page) > 0 {
			after = page[len(page)-1].Cursor
			n, err := p.Prune(context.Background(), after, 2)
			t.ok("Prune while others commit", err)
			forgotten += n
			continue
		}
		if complete {
			break
		}
		select {
		case err := <-done:
			t.ok("Commit while another prunes", err)
			complete = true // once more: the last may have come after the page was read
		default:
		}
	}
	want(t, "number of entries read", seen, devices*reports)
	want(t, "number of entries forgotten", forgotten+t.prune(after, 100), seen)
}

// pruneAtOnce forgets the same entries from several sides: each is counted once, and nobody ends before all are.
func pruneAtOnce(t *trial) {
	p, r := t.pruner(), t.results()
	const devices, reports, pruners = 2, 3, 4
	for d := range devices {
		t.register(deviceN(d))
		for n := range reports {
			t.report(deviceN(d), n)
		}
	}
	all := t.wantEntries(devices * reports * perReport)
	counts, left := make([]int, pruners), make([]int, pruners)
	var prune []func() error
	for i := range pruners {
		prune = append(prune, func() error {
			for {
				n, err := p.Prune(context.Background(), all[len(all)-1].Cursor, 4)
				if counts[i] += n; n > 0 && err == nil {
					continue
				}
				rest, readErr := r.Results(context.Background(), "", 1)
				left[i] = len(rest)
				return errors.Join(err, readErr)
			}
		})
	}
	t.ok("Prune at once with others", <-meanwhile(prune...))
	forgotten := 0
	for i, n := range counts {
		forgotten += n
		want(t, "number of entries left, at most 1, after Prune returned 0", left[i], 0)
	}
	want(t, "number of entries forgotten", forgotten, len(all))
	t.wantEntries(0)
}

func pruneForeign(t *trial) {
	p := t.pruner()
	t.register(dev)
	_, err := p.Prune(context.Background(), foreign, 10)
	t.wantError("Prune through a cursor of no store, before there is an entry", err, session.ErrCursor)
	t.report(dev, 0)
	all := t.wantEntries(perReport)
	for _, c := range []session.Cursor{foreign, all[0].Cursor + foreign, foreign + all[0].Cursor} {
		_, err = p.Prune(context.Background(), c, 10)
		t.wantError(fmt.Sprintf("Prune through cursor %q", c), err, session.ErrCursor)
	}
	t.wantEntries(len(all))
}
