package sessiontest

import (
	"context"
	"slices"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
	"github.com/gomadm/gomadm/syncml"
)

// busy makes a device about which everything is known that can be: request "l" is leased, "w" waits, "f" is finished.
func (t *trial) busy(id omadm.DeviceID) {
	t.Helper()
	t.ok("Register", t.registrar.Register(context.Background(), session.Device{
		ID:      id,
		Facts:   omadm.Facts{"kept": "1", "changed": "1", "removed": "1"},
		Nonces:  session.Nonces{Generation: 1, Client: "c1", Server: "s1"},
		Account: account("busy"),
	}))
	t.enqueue(id, request("l"), request("w"), request("f"))
	t.commit(id, func(c *session.Change) {
		lease("l")(c)
		finish("f")(c)
		c.Part, c.Session.Parts = []byte("part 1"), 1
		c.Results = []omadm.Result{{Request: "f", Status: omadm.StatusOK}}
		c.Events = []omadm.Event{{Alert: omadm.AlertGeneric, Type: "first", At: noon}}
		c.Awaited = awaited{"kept": "f", "changed": "f", "removed": "f"}
	})
	t.commit(id, func(c *session.Change) { c.Session = state("old") })
}

// whole is a change of a busy device with something in every field.
func whole(id omadm.DeviceID, revision uint64) *session.Change {
	c := change(id, revision)
	c.Session.MsgID, c.Session.Body = "2", body("s2")
	c.Reply = []byte("reply 2")
	c.Part, c.Session.Parts = []byte("part 2"), 2
	c.Add = []omadm.Request{full("n"), request("e")}
	c.Requeue = []session.Requeue{{Request: "l", Attempts: 1, Failures: 1}}
	c.Lease = []session.Lease{{Request: "w", Session: key("s"), Attempts: 1}}
	c.Session.Requests = []session.Carried{{ID: "w", Next: 1}}
	c.Session.Outstanding = []session.Outstanding{{MsgID: 2, CmdID: 3}}
	c.Session.Tried = []omadm.RequestID{"l"}
	c.Results = []omadm.Result{{Request: "e", Op: omadm.GroupOp, Status: omadm.StatusOK, Items: []syncml.Item{{
		Source: syncml.Location{URI: "./Vendor/MSFT/Example/e"},
		Meta:   &syncml.Meta{Format: "chr", Extra: []syncml.Element{{Space: "urn:x", Name: "X", Content: "x"}}},
		Data:   syncml.Data{Kind: syncml.TextData, Value: "result"},
	}}}}
	c.Finish = []omadm.Outcome{{Request: "e", Kind: omadm.Refused, Reason: "too large", At: noon}}
	c.Events = []omadm.Event{{Alert: omadm.AlertGeneric, Type: "second", At: noon}}
	c.Facts = omadm.Facts{"changed": "2", "removed": "", "new": "2"}
	c.Awaited = awaited{"changed": "e", "removed": "", "new": "e"}
	c.Nonces = &session.Nonces{Generation: 2, Client: "c2", Server: "s2"}
	c.Close = []session.State{state("old")}
	return c
}

func commitAll(t *trial) {
	t.busy(dev)
	before := t.load(dev).Revision
	c := whole(dev, before)
	t.ok("Commit", t.store.Commit(context.Background(), c))
	rec := t.load(dev)
	if rec.Revision == before {
		t.broken("revision: got %d as before, want another", rec.Revision)
	}
	want(t, "number of sessions", len(rec.Sessions), 1)
	if t.octets(&rec.Sessions[0]) != t.octets(&c.Session) {
		t.broken("session:\ngot  %+v\nwant %+v", rec.Sessions[0], c.Session)
	}
	want(t, "reply", t.replyTo("s2"), "reply 2")
	t.wantParts("parts", "part 1", "part 2")
	t.wantSet("requests", rec.Requests, "l", "w", "n")
	want(t, "failures of the request taken back", t.pending(rec, "l").Failures, 1)
	want(t, "attempts of the request leased", t.pending(rec, "w").Attempts, 1)
	t.wantFacts(omadm.Facts{"kept": "1", "changed": "2", "new": "2"})
	t.wantAwaited(dev, awaited{"kept": "f", "changed": "e", "new": "e"})
	want(t, "nonces", rec.Device.Nonces, *c.Nonces)
	if _, ok := t.store.(session.Results); !ok {
		return
	}
	// The three of the change come after the three of the preparation.
	all := t.entries(100)
	want(t, "number of entries", len(all), 6)
	var got []string
	for _, e := range all[3:] {
		got = append(got, t.show(e))
	}
	for _, e := range []session.Entry{
		{Device: dev, Result: &c.Results[0]}, {Device: dev, Outcome: &c.Finish[0]}, {Device: dev, Event: &c.Events[0]},
	} {
		if !slices.Contains(got, t.show(e)) {
			t.broken("entries of the change: got %q, want %s among them", got, t.show(e))
		}
	}
}

func commitConflict(t *trial) {
	t.register(dev)
	first := t.load(dev).Revision
	t.commit(dev, nil)
	second := t.load(dev).Revision
	for _, r := range []struct {
		what     string
		revision uint64
	}{
		{"an earlier revision", first}, {"a revision not reached", second + 1}, {"revision 2^63-1", 1<<63 - 1},
	} {
		t.wantError("Commit with "+r.what, t.store.Commit(context.Background(), change(dev, r.revision)), session.ErrConflict)
	}
	t.ok("Commit with the revision of the device", t.store.Commit(context.Background(), change(dev, second)))
}

func conflictDoesNothing(t *trial) {
	t.busy(dev)
	stale := t.load(dev).Revision
	t.commit(dev, func(c *session.Change) { c.Session = state("old") })
	before := t.snapshot(dev)
	t.wantError("Commit with an earlier revision", t.store.Commit(context.Background(), whole(dev, stale)), session.ErrConflict)
	t.wantSame("device after the Commit that failed", t.snapshot(dev), before)
	t.ok("Enqueue of a request that the Commit would have added", t.tryEnqueue(dev, userRequest("n")))
}

func existsDoesNothing(t *trial) {
	t.busy(dev)
	before := t.snapshot(dev)
	c := whole(dev, t.load(dev).Revision)
	c.Add = append(c.Add, request("w"))
	t.wantExists("Commit with a request that waits", t.store.Commit(context.Background(), c), dev, "w")
	t.wantSame("device after the Commit that failed", t.snapshot(dev), before)
	t.ok("Enqueue of a request that the Commit would have added", t.tryEnqueue(dev, userRequest("n")))
}

func commitMoves(t *trial) {
	t.register(dev)
	seen := make(map[uint64]bool)
	for range 5 {
		r := t.load(dev).Revision
		if seen[r] {
			t.broken("revision %d came back after a Commit, want one that was not there before", r)
		}
		seen[r] = true
		t.commit(dev, nil)
	}
}

func revisionPerDevice(t *trial) {
	t.register(dev, "device-2")
	loaded := t.load("device-2").Revision
	t.commit(dev, nil)
	want(t, "revision of the other device", t.load("device-2").Revision, loaded)
	t.ok("Commit to the other device", t.store.Commit(context.Background(), change("device-2", loaded)))
}

func commitUnknown(t *trial) {
	t.register(dev)
	c := change("device-2", t.load(dev).Revision)
	t.wantError("Commit", t.store.Commit(context.Background(), c), session.ErrUnknownDevice)
	c.Revision = 0
	t.wantError("Commit with revision 0", t.store.Commit(context.Background(), c), session.ErrUnknownDevice)
	_, err := t.store.Load(context.Background(), everything("device-2"))
	t.wantError("Load after Commit", err, session.ErrUnknownDevice)
}

func addExists(t *trial) {
	t.busy(dev)
	for _, r := range []struct {
		what string
		id   omadm.RequestID
	}{{"waiting", "w"}, {"leased", "l"}, {"finished", "f"}} {
		for _, add := range []omadm.Request{request(r.id), userRequest(r.id)} {
			err := t.tryCommit(dev, func(c *session.Change) { c.Add = []omadm.Request{request("new"), add} })
			t.wantExists("Commit that adds a "+r.what+" request again", err, dev, r.id)
		}
	}
	t.commit(dev, func(c *session.Change) { c.Add = []omadm.Request{request("new")} })
	t.pending(t.load(dev), "new")
}

func existsAll(t *trial) {
	t.busy(dev)
	add := []omadm.Request{request("new"), userRequest("w"), userRequest("f"), request("newer"), userRequest("l")}
	t.wantExists("Enqueue of two new requests, and three others with ids that are there", t.tryEnqueue(dev, add...), dev, "w", "f", "l")
	err := t.tryCommit(dev, func(c *session.Change) { c.Add = add })
	t.wantExists("Commit that adds two new requests, and three others with ids that are there", err, dev, "w", "f", "l")
}

func listsInOrder(t *trial) {
	t.register(dev)
	t.enqueue(dev, request("again"), request("end"))
	t.commit(dev, lease("again", "end"))
	t.commit(dev, func(c *session.Change) {
		c.Session = state("next")
		c.Add = []omadm.Request{request("added")}
		c.Requeue = []session.Requeue{{Request: "again", Attempts: 1, Failures: 1}, {Request: "end", Attempts: 1, Failures: 1}}
		c.Lease = []session.Lease{{Request: "again", Session: key("next"), Attempts: 2}, {Request: "added", Session: key("next"), Attempts: 1}}
		c.Finish = []omadm.Outcome{{Request: "end", Kind: omadm.Unknown, At: noon, Attempts: 1}}
	})
	t.enqueue(dev, request("waits"))
	rec := t.query(session.Query{Device: dev, Now: noon, Limit: 1, Octets: 1 << 20})
	for _, id := range []omadm.RequestID{"added", "again", "waits"} {
		t.pending(rec, id)
	}
	want(t, "number of requests with two leased, one finished and one waiting", len(rec.Requests), 3)
	again := t.pending(rec, "again")
	want(t, "attempts of the request requeued and leased", again.Attempts, 2)
	want(t, "failures of the request requeued and leased", again.Failures, 1)
	want(t, "attempts of the request added and leased", t.pending(rec, "added").Attempts, 1)
}

func sessionReplaced(t *trial) {
	t.register(dev)
	user := state("s")
	user.SyncType = "user"
	t.commit(dev, nil)
	t.commit(dev, func(c *session.Change) { c.Session = user })
	t.commit(dev, func(c *session.Change) { c.Session.MsgID, c.Session.Sent = "2", 2 })
	rec := t.load(dev)
	want(t, "number of sessions", len(rec.Sessions), 2)
	for _, s := range rec.Sessions {
		id := "1"
		if s.SyncType == "" {
			id = "2"
		}
		want(t, "MsgID of the session with sync type \""+s.SyncType+"\"", s.MsgID, id)
	}
}

func replyReplaced(t *trial) {
	t.register(dev)
	t.commit(dev, nil)
	t.commit(dev, func(c *session.Change) { c.Session, c.Reply = state("other"), []byte("two") })
	t.commit(dev, func(c *session.Change) { c.Session.Body, c.Reply = body("next"), []byte("next reply") })
	want(t, "reply to the body before the last", t.replyTo("s"), "")
	want(t, "reply to the last body", t.replyTo("next"), "next reply")
	want(t, "reply to the last body of another session", t.replyTo("other"), "two")
	t.commit(dev, func(c *session.Change) { c.Session.Body, c.Reply = body("next"), []byte("better reply") })
	want(t, "reply to the same body after it was answered anew", t.replyTo("next"), "better reply")
	t.commit(dev, func(c *session.Change) { c.Session.Body, c.Reply = body("last"), nil })
	want(t, "reply to the last body, to which none was committed", t.replyTo("last"), "")
}

// wantParts wants these parts of the device.
func (t *trial) wantParts(what string, want ...string) {
	t.Helper()
	var got []string
	for _, p := range t.load(dev).Parts {
		got = append(got, string(p))
	}
	if !slices.Equal(got, want) {
		t.broken("%s: got %q, want %q", what, got, want)
	}
}

// part commits a part; nil is none.
func (t *trial) part(p []byte, valid int) {
	t.Helper()
	t.commit(dev, func(c *session.Change) { c.Part, c.Session.Parts = p, valid })
}

func partsAppended(t *trial) {
	t.register(dev)
	t.wantParts("parts before the first")
	t.part([]byte("1 \x00\xff"), 1)
	t.part([]byte("2"), 2)
	t.part(nil, 2)
	t.commit(dev, func(c *session.Change) { c.Session = state("other") })
	t.part([]byte("3"), 3)
	t.wantParts("three parts, with other messages between them", "1 \x00\xff", "2", "3")
}

func partsBehind(t *trial) {
	t.register(dev)
	for i, p := range []string{"1", "2", "3"} {
		t.part([]byte(p), i+1)
	}
	t.part([]byte("new"), 2)
	t.wantParts("parts when the new one is the second of two", "1", "new")
	t.part([]byte("next"), 1)
	t.wantParts("parts when the new one is the only one", "next")
	t.part([]byte("more"), 2)
	t.wantParts("parts after another one", "next", "more")
}

func partsDropped(t *trial) {
	t.register(dev)
	t.part([]byte("1"), 1)
	t.part([]byte("2"), 2)
	t.part(nil, 0)
	t.wantParts("parts after they were dropped")
	t.part([]byte("next"), 1)
	t.wantParts("parts of the next object", "next")
}

func partsStay(t *trial) {
	t.register(dev)
	t.part([]byte("1"), 1)
	t.part([]byte("2"), 2)
	t.part([]byte("3"), 3)
	t.part(nil, 1)
	t.wantParts("parts when one of three is valid", "1")
	t.part([]byte("new"), 2)
	t.wantParts("parts after another one", "1", "new")
	t.part([]byte{}, 2)
	t.wantParts("parts after an empty one", "1", "new")
}

func addAsEnqueue(t *trial) {
	t.register(dev)
	t.enqueue(dev, request("c"))
	added := full("b")
	added.NotBefore = noon
	t.commit(dev, func(c *session.Change) { c.Add = []omadm.Request{added, userRequest("u")} })
	t.enqueue(dev, request("a"))
	rec := t.load(dev)
	t.wantRequests("Load after Enqueue of c, Add of b (priority 3) and u, Enqueue of a", rec.Requests, "b", "c", "u", "a")
	t.wantContent(rec, added)
	t.ok("Enqueue of what was added", t.tryEnqueue(dev, added))
}

func leaseTakes(t *trial) {
	t.register(dev)
	t.enqueue(dev, request("a"), request("b"), request("c"))
	t.commit(dev, lease("a"))
	t.wantSet("Load of one waiting request when a is leased", t.limited(1, 1<<20), "a", "b")
	t.commit(dev, func(c *session.Change) { c.Session = state("other") })
	t.pending(t.load(dev), "a")
}

func requeueAtAge(t *trial) {
	t.register(dev)
	t.enqueue(dev, request("c"), request("a"), request("b"))
	t.commit(dev, lease("c", "a"))
	t.enqueue(dev, request("0"))
	t.commit(dev, func(c *session.Change) {
		c.Requeue = []session.Requeue{{Request: "a", Attempts: 1}, {Request: "c", Attempts: 1}}
	})
	t.wantRequests("Load after c and a, the oldest, were leased and requeued", t.load(dev).Requests, "c", "a", "b", "0")
	t.wantRequests("Load of one, none being leased", t.limited(1, 1<<20), "c")
}

func finishRemoves(t *trial) {
	t.register(dev)
	t.enqueue(dev, request("a"), request("b"), request("c"))
	t.commit(dev, lease("a"))
	t.commit(dev, finish("a", "b"))
	t.wantRequests("Load after a leased and a waiting request were finished", t.load(dev).Requests, "c")
}

// wantFacts wants these facts of the device.
func (t *trial) wantFacts(facts omadm.Facts) {
	t.Helper()
	got := t.load(dev).Device.Facts
	for k, v := range facts {
		if got[k] != v {
			t.broken("fact %q: got %q, want %q", k, got[k], v)
		}
	}
	for k := range got {
		if _, ok := facts[k]; !ok {
			t.broken("fact %q: got it, want it not to be there", k)
		}
	}
}

func factsChanged(t *trial) {
	t.register(dev, "device-2")
	t.commit(dev, func(c *session.Change) { c.Facts = omadm.Facts{"kept": "1", "changed": "1", "removed": "1"} })
	t.wantFacts(omadm.Facts{"kept": "1", "changed": "1", "removed": "1"})
	t.commit(dev, func(c *session.Change) { c.Facts = omadm.Facts{"changed": "2", "removed": "", "never": ""} })
	t.wantFacts(omadm.Facts{"kept": "1", "changed": "2"})
	t.commit(dev, nil)
	t.wantFacts(omadm.Facts{"kept": "1", "changed": "2"})
	want(t, "number of facts of another device", len(t.load("device-2").Device.Facts), 0)
}

func awaitedChanged(t *trial) {
	t.register(dev, "device-2")
	t.commit(dev, func(c *session.Change) { c.Awaited = awaited{"kept": "a", "changed": "a", "removed": "a"} })
	t.commit(dev, func(c *session.Change) { c.Awaited = awaited{"changed": "b", "removed": "", "never": "", "new": "b"} })
	t.wantAwaited(dev, awaited{"kept": "a", "changed": "b", "new": "b"})
	t.commit(dev, func(c *session.Change) { c.Awaited = awaited{"kept": "", "changed": "", "new": ""} })
	t.wantAwaited(dev, nil)
	t.wantAwaited("device-2", nil)
}

// changeWithoutSession closes a session in a change that is not the answer to a message.
func changeWithoutSession(t *trial) {
	t.busy(dev)
	before := t.load(dev).Revision
	c := whole(dev, before)
	c.Session = session.State{Opened: noon, Seen: noon, Body: body("none"), Parts: 1}
	c.Lease = nil
	c.Finish = append(c.Finish, omadm.Outcome{Request: "w", Kind: omadm.Canceled, At: noon})
	t.ok("Commit", t.store.Commit(context.Background(), c))
	rec := t.load(dev)
	if rec.Revision == before {
		t.broken("revision: got %d as before, want another", rec.Revision)
	}
	want(t, "number of sessions, s", len(rec.Sessions), 1)
	want(t, "key of the session that was there", rec.Sessions[0].Key(), key("s"))
	want(t, "its MsgID", rec.Sessions[0].MsgID, "1")
	want(t, "its reply", t.replyTo("s"), "reply of s")
	want(t, "reply of the change", t.replyTo("none"), "")
	t.wantParts("parts of the session that was there", "part 1")
	t.wantSet("requests, one requeued, one finished and one added", rec.Requests, "l", "n")
	want(t, "failures of the request requeued", t.pending(rec, "l").Failures, 1)
	t.wantFacts(omadm.Facts{"kept": "1", "changed": "2", "new": "2"})
	t.wantAwaited(dev, awaited{"kept": "f", "changed": "e", "new": "e"})
	want(t, "nonces", rec.Device.Nonces, *c.Nonces)
	if _, ok := t.store.(session.Results); ok {
		want(t, "number of entries with three before and four of the change", len(t.entries(100)), 7)
	}
	t.ok("Commit that closes the session that is left", t.store.Commit(context.Background(), &session.Change{
		Device: dev, Revision: rec.Revision, Close: []session.State{state("s")},
	}))
	want(t, "number of sessions after all were closed", len(t.load(dev).Sessions), 0)
}

func noncesChange(t *trial) {
	t.register(dev)
	n := session.Nonces{Generation: 7, Client: "client", Server: "server"}
	t.commit(dev, func(c *session.Change) { c.Nonces = &n })
	want(t, "generation", t.load(dev).Device.Nonces.Generation, n.Generation)
	if got := t.load(dev).Device.Nonces; got != n {
		t.broken("nonces are not those committed: client the same %t, server the same %t", got.Client == n.Client, got.Server == n.Server)
	}
	t.commit(dev, nil)
	if t.load(dev).Device.Nonces != n {
		t.broken("nonces changed in a Commit without nonces")
	}
	next := session.Nonces{Generation: 8}
	t.commit(dev, func(c *session.Change) { c.Nonces = &next })
	if t.load(dev).Device.Nonces != next {
		t.broken("nonces are not those committed last, which are empty")
	}
}

func closeDrops(t *trial) {
	t.register(dev)
	user := state("s")
	user.SyncType, user.Body = "user", body("user")
	t.commit(dev, func(c *session.Change) { c.Session, c.Reply = user, []byte("kept") })
	t.part([]byte("1"), 1)
	t.commit(dev, func(c *session.Change) {
		c.Session = state("next")
		c.Close = []session.State{state("s"), state("never there")}
	})
	rec := t.load(dev)
	want(t, "number of sessions, s with sync type \"user\" and next", len(rec.Sessions), 2)
	for _, s := range rec.Sessions {
		if s.Key() == key("s") {
			t.broken("session \"s\" is there after it was closed")
		}
	}
	want(t, "reply of the session closed", t.replyTo("s"), "")
	want(t, "reply of the session with the same id and another sync type", t.replyTo("user"), "kept")
	t.wantParts("parts of the session closed")
	t.part([]byte("new"), 1)
	t.wantParts("parts of a new session with its key", "new")
}
