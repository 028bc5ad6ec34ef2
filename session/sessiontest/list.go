package sessiontest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
)

// lister returns the store as session.Lister, or skips the trial.
func (t *trial) lister() session.Lister {
	t.Helper()
	l, ok := t.store.(session.Lister)
	if !ok {
		t.Skip("the store does not implement session.Lister")
	}
	return l
}

// pages reads all there is, so many at a time. Next returns what is behind the last one of a page.
func pages[T any](t *trial, limit int, next func(last *T) ([]T, error)) []T {
	t.Helper()
	var all []T
	var last *T
	for {
		page, err := next(last)
		t.ok("page", err)
		if len(page) > limit {
			t.broken("got %d on a page, want at most %d", len(page), limit)
		}
		if len(page) == 0 {
			return all
		}
		if all = append(all, page...); len(all) > 1000 {
			t.broken("no end after %d, want each once", len(all))
		}
		last = &page[len(page)-1]
	}
}

// queued reads all requests of a device that are not finished.
func (t *trial) queued(id omadm.DeviceID, limit int) []session.Queued {
	t.Helper()
	l := t.lister()
	return pages(t, limit, func(last *session.Queued) ([]session.Queued, error) {
		var after session.Cursor
		if last != nil {
			after = last.Cursor
		}
		return l.Requests(context.Background(), id, after, limit)
	})
}

// history reads all entries of a device.
func (t *trial) history(id omadm.DeviceID, limit int) []session.Entry {
	t.Helper()
	l := t.lister()
	return pages(t, limit, func(last *session.Entry) ([]session.Entry, error) {
		var after session.Cursor
		if last != nil {
			after = last.Cursor
		}
		return l.History(context.Background(), id, after, limit)
	})
}

func listDevices(t *trial) {
	l := t.lister()
	devices := func(limit int) []omadm.DeviceID {
		t.Helper()
		return pages(t, limit, func(last *omadm.DeviceID) ([]omadm.DeviceID, error) {
			var after omadm.DeviceID
			if last != nil {
				after = *last
			}
			return l.Devices(context.Background(), after, limit)
		})
	}
	want(t, "number of devices before there are any", len(devices(10)), 0)
	t.register("b", "é", "a", "gone", "B", "a-1", "_", "a_1", "ab", "10", "9", "a")
	t.ok("Unregister", t.registrar.Unregister(context.Background(), "gone"))
	t.enqueue("b", request("r"))
	t.commit("a", nil)
	sorted := []omadm.DeviceID{"10", "9", "B", "_", "a", "a-1", "a_1", "ab", "b", "é"}
	for limit := 1; limit <= len(sorted)+1; limit++ {
		t.wantDevices(fmt.Sprintf("devices read %d at a time", limit), devices(limit), sorted...)
	}
	for _, from := range []struct {
		after omadm.DeviceID
		want  []omadm.DeviceID
	}{{"a_1", sorted[7:]}, {"gone", sorted[9:]}, {"a0", sorted[6:]}, {"é", nil}, {"zz", sorted[9:]}} {
		got, err := l.Devices(context.Background(), from.after, 100)
		t.ok("Devices", err)
		t.wantDevices(fmt.Sprintf("devices behind %q", from.after), got, from.want...)
	}
	t.register("A")
	t.wantDevices("devices after one was registered", devices(100), slices.Insert(sorted, 2, "A")...)
}

// wantQueued wants these requests in this order.
func (t *trial) wantQueued(what string, got []session.Queued, want ...omadm.RequestID) {
	t.Helper()
	var g []omadm.RequestID
	for _, q := range got {
		g = append(g, q.Request.ID)
	}
	if !slices.Equal(g, want) {
		t.broken("%s: got requests %q, want %q", what, g, want)
	}
}

func listRequests(t *trial) {
	t.lister()
	t.register(dev, "device-2")
	want(t, "number of requests before there are any", len(t.queued(dev, 10)), 0)
	later, urgent := request("later"), request("urgent")
	later.NotBefore = soon.Add(24 * time.Hour)
	urgent.Priority = 9
	expired := request("expired")
	expired.Expires = noon.Add(-time.Hour)
	t.enqueue(dev, request("z"), later, userRequest("user"), full("full"), request("ended"))
	t.enqueue("device-2", request("other"))
	t.commit(dev, lease("z", "ended", "full"))
	t.commit(dev, func(c *session.Change) {
		c.Requeue = []session.Requeue{{Request: "z", Attempts: 3, Failures: 2}}
		c.Add = []omadm.Request{request("added")}
		finish("ended")(c)
	})
	t.enqueue(dev, expired, urgent, request("a"))

	all := []omadm.RequestID{"z", "later", "user", "full", "added", "expired", "urgent", "a"}
	for limit := 1; limit <= len(all)+1; limit++ {
		t.wantQueued(fmt.Sprintf("requests read %d at a time", limit), t.queued(dev, limit), all...)
	}
	t.wantQueued("requests of another device", t.queued("device-2", 10), "other")
	for _, q := range t.queued(dev, 100) {
		attempts, failures, by := 0, 0, ""
		switch q.Request.ID {
		case "z":
			attempts, failures = 3, 2
		case "full":
			attempts, by = 1, key("s")
			was := full("full")
			want(t, "a request with everything", t.sum(&q.Request), t.sum(&was))
		}
		want(t, fmt.Sprintf("key of the session that has request %q", q.Request.ID), q.Session, by)
		want(t, fmt.Sprintf("attempts of request %q", q.Request.ID), q.Attempts, attempts)
		want(t, fmt.Sprintf("failures of request %q", q.Request.ID), q.Failures, failures)
	}
}

// listRequestsMeanwhile changes the queue between two pages.
func listRequestsMeanwhile(t *trial) {
	l := t.lister()
	t.register(dev)
	for n := range 8 {
		t.enqueue(dev, request(omadm.RequestID(fmt.Sprintf("r-%d", n))))
	}
	t.commit(dev, lease("r-0", "r-5"))
	page, err := l.Requests(context.Background(), dev, "", 3)
	t.ok("Requests", err)
	t.wantQueued("first page", page, "r-0", "r-1", "r-2")

	t.enqueue(dev, request("new"))
	t.commit(dev, func(c *session.Change) {
		c.Requeue = []session.Requeue{{Request: "r-0", Attempts: 1}, {Request: "r-5", Attempts: 1}}
		lease("r-1", "r-6")(c)
		finish("r-2", "r-3")(c)
	})
	var rest []session.Queued
	for len(page) > 0 {
		page, err = l.Requests(context.Background(), dev, page[len(page)-1].Cursor, 2)
		t.ok("Requests behind the last one of a page", err)
		rest = append(rest, page...)
	}
	rest = slices.DeleteFunc(rest, func(q session.Queued) bool { return q.Request.ID == "new" })
	t.wantQueued("pages after the first, when requests were taken back, leased, finished and enqueued", rest, "r-4", "r-5", "r-6", "r-7")
}

func listUnknown(t *trial) {
	l := t.lister()
	t.register(dev)
	_, err := l.Requests(context.Background(), "device-2", "", 10)
	t.wantError("Requests", err, session.ErrUnknownDevice)
	_, err = l.History(context.Background(), "device-2", "", 10)
	t.wantError("History", err, session.ErrUnknownDevice)
	t.busy("device-2")
	t.ok("Unregister", t.registrar.Unregister(context.Background(), "device-2"))
	_, err = l.Requests(context.Background(), "device-2", "", 10)
	t.wantError("Requests after Unregister", err, session.ErrUnknownDevice)
	_, err = l.History(context.Background(), "device-2", "", 10)
	t.wantError("History after Unregister", err, session.ErrUnknownDevice)
	want(t, "number of requests of a device that has none", len(t.queued(dev, 10)), 0)
	want(t, "number of entries of a device that has none", len(t.history(dev, 10)), 0)
}

func listRequestsForeign(t *trial) {
	l := t.lister()
	t.register(dev)
	t.enqueue(dev, request("a"))
	q := t.queued(dev, 10)
	want(t, "number of requests", len(q), 1)
	for _, c := range []session.Cursor{foreign, q[0].Cursor + foreign, foreign + q[0].Cursor} {
		_, err := l.Requests(context.Background(), dev, c, 10)
		t.wantError(fmt.Sprintf("Requests after cursor %q", c), err, session.ErrCursor)
	}
}

// foreign is a cursor that no store gives.
const foreign session.Cursor = "\x00 of no store"

// shown is entries as a test compares them, with their cursors.
func (t *trial) shown(entries []session.Entry, of ...omadm.DeviceID) []string {
	t.Helper()
	var lines []string
	for _, e := range entries {
		if len(of) == 0 || slices.Contains(of, e.Device) {
			lines = append(lines, fmt.Sprintf("%q: %s", e.Cursor, t.show(e)))
		}
	}
	return lines
}

func historyInOrder(t *trial) {
	l := t.lister()
	t.results()
	t.register(dev, "device-2")
	for n := range 3 {
		t.report(dev, n)
		t.report("device-2", n)
	}
	all := t.wantEntries(6 * perReport)
	for limit := 1; limit <= 3*perReport+1; limit++ {
		t.wantSame(fmt.Sprintf("history read %d at a time", limit), t.shown(t.history(dev, limit)), t.shown(all, dev))
	}
	for i := range all {
		rest, err := l.History(context.Background(), dev, all[i].Cursor, 100)
		t.ok("History", err)
		t.wantSame(fmt.Sprintf("history after entry %d of all devices", i), t.shown(rest), t.shown(all[i+1:], dev))
	}
	t.report("device-2", 3)
	rest, err := l.History(context.Background(), dev, all[len(all)-1].Cursor, 100)
	t.ok("History", err)
	want(t, "number of entries after what was the last, when another device reported", len(rest), 0)
}

// historyComplete reads along while a device is told of in two ways.
func historyComplete(t *trial) {
	l := t.lister()
	t.results()
	t.register(dev)
	const reports = 15
	done := meanwhile(
		func() error { return tellEvents(t.store, dev, reports) },
		func() error { return tellOutcomes(t.store, dev, reports) })

	var after session.Cursor
	var seen []session.Entry
	for complete := false; ; {
		page, err := l.History(context.Background(), dev, after, 3)
		t.ok("History", err)
		if seen = append(seen, page...); len(page) > 0 {
			after = page[len(page)-1].Cursor
			continue
		}
		if complete {
			break
		}
		select {
		case err := <-done:
			t.ok("Commit", err)
			complete = true // once more: the last may have come after the page was read
		default:
		}
	}
	want(t, "number of entries", len(seen), 2*reports)
	t.wantSame("history as it was read along", t.shown(seen), t.shown(t.history(dev, 100)))
}

// meanwhile does several things at once, and says when all are done.
func meanwhile(things ...func() error) <-chan error {
	done := make(chan error, 1)
	go func() {
		errs := make([]error, len(things))
		var all sync.WaitGroup
		for i, do := range things {
			all.Go(func() { errs[i] = do() })
		}
		all.Wait()
		done <- errors.Join(errs...)
	}()
	return done
}

// untilCommitted does something again as long as another was faster.
func untilCommitted(do func() error) error {
	for {
		if err := do(); !errors.Is(err, session.ErrConflict) {
			return err
		}
	}
}

// tellEvents commits so many events of a device, each in a change of its own.
func tellEvents(store session.Store, id omadm.DeviceID, n int) error {
	for i := range n {
		if err := untilCommitted(func() error { return event(store, id, i) }); err != nil {
			return err
		}
	}
	return nil
}

// tellOutcomes ends so many requests of a device, each in a change of its own.
func tellOutcomes(store session.Store, id omadm.DeviceID, n int) error {
	for i := range n {
		r := request(omadm.RequestID(fmt.Sprintf("r-%d", i)))
		err := untilCommitted(func() error {
			rec, err := store.Load(context.Background(), everything(id))
			if err != nil {
				return err
			}
			c := change(id, rec.Revision)
			c.Add = []omadm.Request{r}
			finish(r.ID)(c)
			return store.Commit(context.Background(), c)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func historyForeign(t *trial) {
	l := t.lister()
	t.results()
	t.register(dev)
	_, err := l.History(context.Background(), dev, foreign, 10)
	t.wantError("History after a cursor of no store, before there is an entry", err, session.ErrCursor)
	t.report(dev, 0)
	all := t.wantEntries(perReport)
	for _, c := range []session.Cursor{foreign, all[0].Cursor + foreign, foreign + all[0].Cursor} {
		_, err = l.History(context.Background(), dev, c, 10)
		t.wantError(fmt.Sprintf("History after cursor %q", c), err, session.ErrCursor)
	}
}
