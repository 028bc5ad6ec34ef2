package sessiontest

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
	"github.com/gomadm/gomadm/syncml"
)

// report is the n-th report of a device: two results, an outcome and two events, whose names tell their order.
func (t *trial) report(id omadm.DeviceID, n int) {
	t.Helper()
	req := omadm.RequestID(fmt.Sprintf("r-%d", n))
	t.enqueue(id, request(req))
	t.commit(id, func(c *session.Change) {
		finish(req)(c)
		c.Results = []omadm.Result{
			{Request: req, Op: 0, Status: omadm.StatusOK},
			{Request: req, Op: 1, Items: []syncml.Item{{Data: syncml.Data{Kind: syncml.TextData, Value: "value"}}}},
		}
		for _, e := range []string{"a", "b"} {
			c.Events = append(c.Events, omadm.Event{
				Alert: omadm.AlertGeneric, Type: fmt.Sprintf("e-%d-%s", n, e), Format: omadm.FormatInt, Mark: omadm.MarkFatal,
				Source: "./Vendor/MSFT/Example", Data: syncml.Data{Kind: syncml.TextData, Value: "1"}, Correlator: "x",
				Request: req, Unenrolled: true, At: noon,
			})
		}
	})
}

const perReport = 5

// names returns what entries are about, per kind: that is all the order that the contract promises within a change.
func names(entries []session.Entry) (res, outcomes, events []string) {
	for _, e := range entries {
		switch {
		case e.Result != nil:
			res = append(res, fmt.Sprintf("%s %s/%d", e.Device, e.Result.Request, e.Result.Op))
		case e.Outcome != nil:
			outcomes = append(outcomes, fmt.Sprintf("%s %s", e.Device, e.Outcome.Request))
		case e.Event != nil:
			events = append(events, fmt.Sprintf("%s %s", e.Device, e.Event.Type))
		}
	}
	return res, outcomes, events
}

// wantReports wants the reports made of devices in turn, whole and in order.
func (t *trial) wantReports(what string, entries []session.Entry, devices ...omadm.DeviceID) {
	t.Helper()
	var wantResults, wantOutcomes, wantEvents []string
	for n, d := range devices {
		wantResults = append(wantResults, fmt.Sprintf("%s r-%d/0", d, n), fmt.Sprintf("%s r-%d/1", d, n))
		wantOutcomes = append(wantOutcomes, fmt.Sprintf("%s r-%d", d, n))
		wantEvents = append(wantEvents, fmt.Sprintf("%s e-%d-a", d, n), fmt.Sprintf("%s e-%d-b", d, n))
	}
	res, outcomes, events := names(entries)
	for _, l := range []struct {
		kind      string
		got, want []string
	}{{"results", res, wantResults}, {"outcomes", outcomes, wantOutcomes}, {"events", events, wantEvents}} {
		if !slices.Equal(l.got, l.want) {
			t.broken("%s, %s:\ngot  %q\nwant %q", what, l.kind, l.got, l.want)
		}
	}
}

func resultsInOrder(t *trial) {
	r := t.results()
	t.register(dev)
	want(t, "number of entries before there are any", len(t.entries(10)), 0)
	for n := range 3 {
		t.report(dev, n)
	}
	all := t.entries(100)
	t.wantReports("all entries", all, dev, dev, dev)
	for i := 1; i < len(all); i++ {
		rest, err := r.Results(context.Background(), all[i-1].Cursor, 100)
		t.ok("Results", err)
		want(t, fmt.Sprintf("number of entries after entry %d of %d", i, len(all)), len(rest), len(all)-i)
		want(t, fmt.Sprintf("entry after entry %d", i), t.show(rest[0]), t.show(all[i]))
	}
	last := all[len(all)-1].Cursor
	t.commit(dev, nil) // of which there is nothing to tell
	rest, err := r.Results(context.Background(), last, 100)
	t.ok("Results", err)
	want(t, "number of entries after the last", len(rest), 0)
	t.report(dev, 3)
	rest, err = r.Results(context.Background(), last, 100)
	t.ok("Results", err)
	want(t, "number of entries after what was the last", len(rest), perReport)
}

func resultsLimit(t *trial) {
	t.results()
	t.register(dev)
	for n := range 3 {
		t.report(dev, n)
	}
	for limit := 1; limit <= 3*perReport+1; limit++ {
		t.wantReports(fmt.Sprintf("entries read %d at a time", limit), t.entries(limit), dev, dev, dev)
	}
}

func resultsOfDevices(t *trial) {
	t.results()
	t.register(dev, "device-2")
	t.report(dev, 0)
	t.report("device-2", 1)
	t.report(dev, 2)
	t.report("device-2", 3)
	for _, limit := range []int{1, 3, 100} {
		t.wantReports(fmt.Sprintf("entries read %d at a time", limit), t.entries(limit), dev, "device-2", dev, "device-2")
	}
}

// resultsUnregister goes on after the last entry of a device whose entries are forgotten with it.
func resultsUnregister(t *trial) {
	r := t.results()
	t.register(dev)
	t.report(dev, 0)
	all := t.entries(100)
	last := all[len(all)-1].Cursor
	t.ok("Unregister", t.registrar.Unregister(context.Background(), dev))
	rest, err := r.Results(context.Background(), last, 100)
	t.ok("Results after the last entry of a device that is unregistered", err)
	want(t, "number of entries after it", len(rest), 0)
	t.register(dev)
	t.report(dev, 1)
	rest, err = r.Results(context.Background(), last, 100)
	t.ok("Results after the last entry of a device that was unregistered", err)
	want(t, "number of entries after it, when there are new ones", len(rest), perReport)
}

func resultsForeign(t *trial) {
	r := t.results()
	t.register(dev)
	_, err := r.Results(context.Background(), foreign, 10)
	t.wantError("Results after a cursor of no store, before there is an entry", err, session.ErrCursor)
	t.report(dev, 0)
	all := t.entries(100)
	for _, c := range []session.Cursor{foreign, all[0].Cursor + foreign, foreign + all[0].Cursor} {
		_, err = r.Results(context.Background(), c, 10)
		t.wantError(fmt.Sprintf("Results after cursor %q", c), err, session.ErrCursor)
	}
	for _, e := range all {
		_, err = r.Results(context.Background(), e.Cursor, 10)
		t.ok("Results after a cursor of the store", err)
	}
}

func entryOneOfThree(t *trial) {
	t.results()
	t.busy(dev)
	c := whole(dev, t.load(dev).Revision)
	t.ok("Commit", t.store.Commit(context.Background(), c))
	var got []string
	for i, e := range t.entries(100) {
		n := 0
		for _, set := range []bool{e.Result != nil, e.Outcome != nil, e.Event != nil} {
			if set {
				n++
			}
		}
		want(t, fmt.Sprintf("how many of the three are set in entry %d", i), n, 1)
		want(t, fmt.Sprintf("device of entry %d", i), e.Device, dev)
		if e.Cursor == "" {
			t.broken("entry %d has no cursor", i)
		}
		got = append(got, t.show(e))
	}
	for _, e := range []session.Entry{
		{Device: dev, Result: &c.Results[0]}, {Device: dev, Outcome: &c.Finish[0]}, {Device: dev, Event: &c.Events[0]},
	} {
		if !slices.Contains(got, t.show(e)) {
			t.broken("got entries %q, want the one committed, %s, among them", got, t.show(e))
		}
	}
}

// resultsComplete reads along while several devices report. What a reader that never goes back has seen at the end
// is all there is, in which each device is in order.
func resultsComplete(t *trial) {
	r := t.results()
	const devices, reports = 4, 10
	for d := range devices {
		t.register(deviceN(d))
	}
	var writers sync.WaitGroup
	failed := make(chan error, devices)
	for d := range devices {
		writers.Go(func() {
			for n := range reports {
				if err := event(t.store, deviceN(d), n); err != nil {
					failed <- fmt.Errorf("device %d, report %d: %w", d, n, err)
					return
				}
			}
		})
	}
	done := make(chan struct{})
	go func() {
		writers.Wait()
		close(done)
	}()

	var after session.Cursor
	seen := make(map[omadm.DeviceID]int)
	for complete := false; ; {
		page, err := r.Results(context.Background(), after, 3)
		t.ok("Results", err)
		for _, e := range page {
			if e.Event == nil || e.Event.Type != fmt.Sprint(seen[e.Device]) {
				t.broken("entry of device %q: got %s, want event \"%d\", the next one", e.Device, t.show(e), seen[e.Device])
			}
			seen[e.Device]++
			after = e.Cursor
		}
		if len(page) > 0 {
			continue
		}
		if complete {
			break
		}
		select {
		case <-done:
			complete = true // once more: the last may have come after the page was read
		default:
		}
	}
	select {
	case err := <-failed:
		t.broken("Commit: %v", err)
	default:
	}
	for d := range devices {
		want(t, "number of events of device "+string(deviceN(d)), seen[deviceN(d)], reports)
	}
}

func deviceN(n int) omadm.DeviceID { return omadm.DeviceID(fmt.Sprintf("device-%d", n)) }

// event commits the n-th event of a device.
func event(store session.Store, id omadm.DeviceID, n int) error {
	rec, err := store.Load(context.Background(), everything(id))
	if err != nil {
		return err
	}
	c := change(id, rec.Revision)
	c.Events = []omadm.Event{{Alert: omadm.AlertGeneric, Type: fmt.Sprint(n), At: noon}}
	return store.Commit(context.Background(), c)
}
