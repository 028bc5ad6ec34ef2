package sessiontest

import (
	"context"
	"fmt"
	"sync"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
	"github.com/gomadm/gomadm/syncml"
)

// keepsNoReference changes all it gave away.
func keepsNoReference(t *trial) {
	facts := omadm.Facts{"kept": "1", "changed": "1", "removed": "1"}
	d := session.Device{ID: dev, Facts: facts}
	t.ok("Register", t.registrar.Register(context.Background(), d))
	registered := t.snapshot(dev)
	facts["kept"] = "scribbled"
	facts["more"] = "scribbled"
	t.wantSame("device after the facts given to Register were changed", t.snapshot(dev), registered)

	reqs := []omadm.Request{full("q")}
	t.enqueue(dev, reqs...)
	enqueued := t.snapshot(dev)
	scribbleOps(reqs[0].Ops)
	reqs[0] = request("scribbled")
	t.wantSame("device after the requests given to Enqueue were changed", t.snapshot(dev), enqueued)

	t.busy("device-2")
	c := whole("device-2", t.load("device-2").Revision)
	t.ok("Commit", t.store.Commit(context.Background(), c))
	committed := t.snapshot("device-2")
	scribbleState(&c.Session)
	copy(c.Reply, "scribbled")
	copy(c.Part, "scribbled")
	for i := range c.Add {
		scribbleOps(c.Add[i].Ops)
		c.Add[i] = request("scribbled")
	}
	for i := range c.Results {
		scribbleItems(c.Results[i].Items)
		c.Results[i].Request = "scribbled"
	}
	c.Finish[0].Reason = "scribbled"
	c.Events[0].Type = "scribbled"
	c.Requeue[0].Request = "scribbled"
	c.Lease[0].Session = "scribbled"
	c.Facts["changed"] = "scribbled"
	c.Awaited["changed"] = "scribbled"
	*c.Nonces = session.Nonces{Client: "scribbled"}
	t.wantSame("device after the change given to Commit was changed", t.snapshot("device-2"), committed)
}

// handsOutNoReference changes all it got.
func handsOutNoReference(t *trial) {
	t.busy(dev)
	t.ok("Commit", t.store.Commit(context.Background(), whole(dev, t.load(dev).Revision)))
	before := t.snapshot(dev)

	q := everything(dev)
	q.Body = body("s2")
	rec := t.query(q)
	want(t, "number of sessions", len(rec.Sessions), 1)
	scribbleState(&rec.Sessions[0])
	copy(rec.Reply, "scribbled")
	for _, p := range rec.Parts {
		copy(p, "scribbled")
	}
	for i := range rec.Requests {
		scribbleOps(rec.Requests[i].Request.Ops)
		rec.Requests[i] = session.Pending{}
	}
	if rec.Device.Facts != nil {
		rec.Device.Facts["kept"] = "scribbled"
	}
	if rec.Device.Awaited != nil {
		rec.Device.Awaited["kept"] = "scribbled"
	}
	t.wantSame("device after a record was changed", t.snapshot(dev), before)

	if _, ok := t.store.(session.Results); !ok {
		return
	}
	for _, e := range t.entries(100) {
		switch {
		case e.Result != nil:
			scribbleItems(e.Result.Items)
			e.Result.Request = "scribbled"
		case e.Outcome != nil:
			e.Outcome.Request = "scribbled"
		case e.Event != nil:
			e.Event.Type = "scribbled"
		}
	}
	t.wantSame("device after its entries were changed", t.snapshot(dev), before)
}

func scribbleState(s *session.State) {
	for i := range s.Requests {
		s.Requests[i].ID = "scribbled"
	}
	for i := range s.Tried {
		s.Tried[i] = "scribbled"
	}
	for i := range s.Outstanding {
		s.Outstanding[i].CmdID = 99
	}
	s.MsgID = "scribbled"
}

func scribbleOps(ops []omadm.Op) {
	for i := range ops {
		if a := ops[i].Alert; a != nil {
			a.Choices[0] = "scribbled"
			a.Text = "scribbled"
		}
		ops[i] = omadm.Op{Verb: omadm.Get, URI: "./Vendor/scribbled"}
	}
}

func scribbleItems(items []syncml.Item) {
	for i := range items {
		if m := items[i].Meta; m != nil {
			m.Format = "scribbled"
			for j := range m.Extra {
				m.Extra[j].Name = "scribbled"
			}
		}
		items[i].Data.Value = "scribbled"
	}
}

// raceCommits lets many commit at one revision: one does, the others are told.
func raceCommits(t *trial) {
	t.register(dev)
	const n = 16
	for round := range 4 {
		revision := t.load(dev).Revision
		var start, all sync.WaitGroup
		start.Add(1)
		errs := make([]error, n)
		for i := range n {
			all.Go(func() {
				c := change(dev, revision)
				c.Session.MsgID = fmt.Sprintf("%d-%d", round, i)
				c.Events = []omadm.Event{{Alert: omadm.AlertGeneric, Type: c.Session.MsgID, At: noon}}
				start.Wait()
				errs[i] = t.store.Commit(context.Background(), c)
			})
		}
		start.Done()
		all.Wait()
		winner := ""
		for i, err := range errs {
			if err != nil {
				t.wantError("Commit that came second", err, session.ErrConflict)
				continue
			}
			if winner != "" {
				t.broken("two of %d Commits at revision %d succeeded, want one", n, revision)
			}
			winner = fmt.Sprintf("%d-%d", round, i)
		}
		if winner == "" {
			t.broken("none of %d Commits at revision %d succeeded, want one", n, revision)
		}
		rec := t.load(dev)
		want(t, "number of sessions", len(rec.Sessions), 1)
		want(t, "MsgID of the session, by the Commit that succeeded", rec.Sessions[0].MsgID, winner)
		if _, ok := t.store.(session.Results); ok {
			entries := t.entries(100)
			want(t, "number of events, one per round", len(entries), round+1)
			want(t, "last event", entries[round].Event.Type, winner)
		}
	}
}

// enqueueWhileCommitting lets many enqueue while one commits. No Commit is in the way of an Enqueue or the other
// way round.
func enqueueWhileCommitting(t *trial) {
	t.register(dev)
	const writers, requests = 4, 10
	var all sync.WaitGroup
	errs := make(chan error, writers)
	for w := range writers {
		all.Go(func() {
			for i := range requests {
				// A pair, of which never one is seen without the other.
				a := request(omadm.RequestID(fmt.Sprintf("%d-%d-a", w, i)))
				b := request(omadm.RequestID(fmt.Sprintf("%d-%d-b", w, i)))
				if err := t.store.Enqueue(context.Background(), dev, a, b); err != nil {
					errs <- err
					return
				}
			}
		})
	}
	done := make(chan struct{})
	go func() {
		all.Wait()
		close(done)
	}()
	rounds := 0
	for last := false; !last && rounds < 100; rounds++ {
		select {
		case <-done:
			last = true
		default:
		}
		rec := t.load(dev)
		if n := len(rec.Requests); n%2 != 0 {
			t.broken("Load: got %d requests while they are enqueued in pairs, want an even number", n)
		}
		a, b := omadm.RequestID(fmt.Sprintf("%d-a", rounds)), omadm.RequestID(fmt.Sprintf("%d-b", rounds))
		t.enqueue(dev, request(a), request(b))
		t.ok("Commit while others enqueue", t.store.Commit(context.Background(), change(dev, rec.Revision)))
	}
	<-done
	select {
	case err := <-errs:
		t.broken("Enqueue while another commits: got error %v, want none", err)
	default:
	}
	want(t, "number of requests", len(t.load(dev).Requests), 2*(writers*requests+rounds))
}

// consistentView reads while another commits changes whose facts, session and nonces bear the same number.
func consistentView(t *trial) {
	t.register(dev)
	const commits = 50
	writer := make(chan error, 1)
	go func() {
		for n := 1; n <= commits; n++ {
			rec, err := t.store.Load(context.Background(), everything(dev))
			if err != nil {
				writer <- err
				return
			}
			c := change(dev, rec.Revision)
			c.Session.Sent = uint32(n)
			c.Facts = omadm.Facts{"n": fmt.Sprint(n)}
			c.Nonces = &session.Nonces{Generation: uint64(n)}
			if err := t.store.Commit(context.Background(), c); err != nil {
				writer <- err
				return
			}
		}
		writer <- nil
	}()
	seen := uint32(0)
	look := func() {
		rec := t.load(dev)
		if len(rec.Sessions) == 0 {
			return
		}
		n := rec.Sessions[0].Sent
		want(t, "fact beside session "+fmt.Sprint(n), rec.Device.Facts["n"], fmt.Sprint(n))
		want(t, "generation beside session "+fmt.Sprint(n), rec.Device.Nonces.Generation, uint64(n))
		if n < seen {
			t.broken("session: got %d after %d, want none that is older", n, seen)
		}
		seen = n
	}
	for {
		select {
		case err := <-writer:
			t.ok("Commit of the only writer", err)
			look()
			want(t, "number of the session at the end", seen, commits)
			return
		default:
			look()
		}
	}
}
