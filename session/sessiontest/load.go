package sessiontest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
)

func loadUnknown(t *trial) {
	t.register(dev)
	_, err := t.store.Load(context.Background(), everything("device-2"))
	t.wantError("Load of a device that is not registered", err, session.ErrUnknownDevice)
	want(t, "device of the record of one that is", t.load(dev).Device.ID, dev)
}

func allSessions(t *trial) {
	t.register(dev)
	full := state("7")
	full.Ended, full.MaxMsgSize, full.MaxObjSize = soon, 4096, 1<<20
	full.Login, full.User = "user", "someone"
	full.Package = 3
	full.Incoming = session.Object{
		Command: "Alert", Alert: "1226", Source: "./Vendor/MSFT/Example", Target: "./Vendor", Format: "bin", Type: "text/plain",
		Mark: "fatal", Size: 1 << 20, Have: 1 << 19, Binary: true, Refused: omadm.StatusEntityTooLarge,
	}
	full.Requests = []session.Carried{{ID: "a", Next: 2, Offset: 1000, Broken: 1, Alone: true}, {ID: "b"}}
	full.Tried = []omadm.RequestID{"c"}
	full.Outstanding = []session.Outstanding{
		{MsgID: 3, CmdID: 4, Request: 1, Op: omadm.GroupOp},
		{MsgID: 3, CmdID: 5, Request: 1, Op: 1, Status: omadm.StatusOK, HRESULT: 0x86000002},
	}
	user, device := state("7"), state("7")
	user.SyncType, device.SyncType = "user", "device"

	for _, s := range []session.State{full, user, device} {
		t.commit(dev, func(c *session.Change) { c.Session = s })
	}
	got := t.load(dev).Sessions
	want(t, "number of sessions", len(got), 3)
	for _, s := range []session.State{full, user, device} {
		i := slices.IndexFunc(got, func(g session.State) bool { return g.Key() == s.Key() })
		if i < 0 {
			t.broken("session with key %q is not there", s.Key())
		}
		if t.octets(&got[i]) != t.octets(&s) {
			t.broken("session with key %q:\ngot  %+v\nwant %+v", s.Key(), got[i], s)
		}
	}
}

func leasedBesideLimits(t *trial) {
	t.register(dev)
	later := request("c")
	later.NotBefore = soon
	t.enqueue(dev, request("a"), request("b"), later, request("d"), request("e"))
	t.commit(dev, lease("a", "b", "c"))
	t.commit(dev, func(c *session.Change) {
		c.Session = state("other")
		c.Lease = []session.Lease{{Request: "d", Session: key("other"), Attempts: 1}}
	})
	t.wantSet("Load of one request with a, b, c (not due) and d leased by two sessions, and e waiting", t.limited(1, 1), "a", "b", "c", "d", "e")
}

func neitherLeasedNorFinished(t *trial) {
	t.register(dev)
	t.enqueue(dev, request("a"), request("b"), request("c"))
	t.wantRequests("Load of the queue", t.load(dev).Requests, "a", "b", "c")
	t.commit(dev, lease("a"))
	t.commit(dev, finish("b"))
	rec := t.load(dev)
	t.pending(rec, "a")
	t.pending(rec, "c")
	want(t, "number of requests with one leased, one finished and one waiting", len(rec.Requests), 2)
}

func priorityThenAge(t *trial) {
	t.register(dev)
	with := func(id omadm.RequestID, priority int) omadm.Request {
		r := request(id)
		if id[0] == 'u' {
			r = userRequest(id)
		}
		r.Priority = priority
		return r
	}
	t.enqueue(dev, with("z", 0), with("low", -3), with("m", 0))
	t.enqueue(dev, with("high-2", 10), with("u-1", 5))
	t.commit(dev, func(c *session.Change) { c.Add = []omadm.Request{with("high-1", 10), with("b", 0)} })
	t.enqueue(dev, with("a", 0), with("top", 11))
	t.wantRequests("Load", t.load(dev).Requests, "top", "high-2", "high-1", "u-1", "z", "m", "b", "a", "low")
	t.wantRequests("Load of two per scope", t.limited(2, 1<<20), "top", "high-2", "u-1")
}

// scopes fills the queue so that user scope would use up every limit that were common to both.
func (t *trial) scopes() {
	t.register(dev)
	later := request("later")
	later.NotBefore, later.Priority = soon, 9
	t.enqueue(dev, later)
	for i := range 5 {
		r := userRequest(omadm.RequestID(fmt.Sprintf("user-%d", i)))
		r.Priority = 1
		t.enqueue(dev, r)
	}
	for i := range 5 {
		t.enqueue(dev, request(omadm.RequestID(fmt.Sprintf("dev-%d", i))))
	}
}

func limitPerScope(t *trial) {
	t.scopes()
	t.wantRequests("Load of two per scope, one of high priority not being due", t.limited(2, 1<<20),
		"user-0", "user-1", "dev-0", "dev-1")
	want(t, "number of requests with limit 5", len(t.limited(5, 1<<20)), 10)
}

func octetsPerScope(t *trial) {
	t.scopes()
	user, device := userRequest("user-0"), request("dev-0")
	// Room for three of device scope; those of user scope are larger, so that only two fit.
	room := 3*user.Size() - 1
	if 3*device.Size() > room {
		room = 3 * device.Size()
	}
	t.wantRequests(fmt.Sprintf("Load of %d octets per scope, requests being %d (user) and %d (device)", room, user.Size(), device.Size()),
		t.limited(100, room), "user-0", "user-1", "dev-0", "dev-1", "dev-2")
	exact := 2 * device.Size()
	t.wantRequests("Load of exactly two requests of device scope", t.limited(100, exact), "user-0", "dev-0", "dev-1")

	// One that does not fit is not passed over for smaller ones behind it: they are of lower rank.
	t.register("device-2")
	large := request("large")
	large.Ops[0].Value = text(fmt.Sprintf("%0200d", 0))
	t.enqueue("device-2", request("a"), large, request("b"))
	rec := t.query(session.Query{Device: "device-2", Now: noon, Limit: 100, Octets: 150})
	t.wantRequests("Load of 150 octets with a large request in the second place", rec.Requests, "a")
}

func alwaysOne(t *trial) {
	t.register(dev)
	large := request("large")
	large.Ops[0].Value = text(fmt.Sprintf("%0200d", 0))
	t.enqueue(dev, large, request("small"), userRequest("user"))
	t.wantRequests("Load of 1 octet per scope", t.limited(100, 1), "large", "user")
}

func expiredAmongThem(t *trial) {
	t.register(dev)
	r := request("a")
	r.Expires = noon.Add(-time.Hour)
	t.enqueue(dev, r)
	t.wantRequests("Load an hour after Expires", t.load(dev).Requests, "a")
}

func notBefore(t *trial) {
	t.register(dev)
	r := request("a")
	r.NotBefore = noon
	t.enqueue(dev, r)
	for _, at := range []struct {
		when string
		now  time.Time
		due  bool
	}{
		{"a nanosecond before NotBefore", noon.Add(-1), false},
		{"at NotBefore", noon, true},
		{"at NotBefore in another time zone", noon.In(time.FixedZone("east", 5*3600)), true},
		{"after NotBefore", soon, true},
	} {
		q := everything(dev)
		q.Now = at.now
		if got := len(t.query(q).Requests) == 1; got != at.due {
			t.broken("Load %s: got due %t, want %t", at.when, got, at.due)
		}
	}
}

// replyTo loads the reply to a body.
func (t *trial) replyTo(name string) string {
	t.Helper()
	q := everything(dev)
	q.Body = body(name)
	return string(t.query(q).Reply)
}

func replyOnDigest(t *trial) {
	t.register(dev)
	want(t, "reply before there was a message", t.replyTo("s"), "")
	t.commit(dev, func(c *session.Change) { c.Reply = []byte("one \x00\xff") })
	t.commit(dev, func(c *session.Change) { c.Session, c.Reply = state("other"), []byte("two") })
	want(t, "reply to the last body of the first session", t.replyTo("s"), "one \x00\xff")
	want(t, "reply to the last body of the second session", t.replyTo("other"), "two")
	want(t, "reply to a body that is new", t.replyTo("new"), "")
	want(t, "reply when no digest is asked for", string(t.load(dev).Reply), "")
}

func partsIfAsked(t *trial) {
	t.register(dev)
	t.commit(dev, func(c *session.Change) { c.Part, c.Session.Parts = []byte("1"), 1 })
	q := everything(dev)
	q.Parts = false
	want(t, "number of parts when not asked for", len(t.query(q).Parts), 0)
	t.wantParts("parts when asked for", "1")
}

func partsFollowSessions(t *trial) {
	t.register(dev)
	for _, p := range []struct {
		session, part string
		valid         int
	}{{"s", "s1", 1}, {"a", "a1", 1}, {"s", "s2", 2}, {"none", "", 0}, {"a", "a2", 2}, {"s", "s3", 3}} {
		t.commit(dev, func(c *session.Change) {
			c.Session = state(p.session)
			c.Part, c.Session.Parts = []byte(p.part), p.valid
		})
	}
	rec := t.load(dev)
	want(t, "number of parts", len(rec.Parts), 5)
	var got []string
	rest := rec.Parts
	for _, s := range rec.Sessions {
		if s.Parts > len(rest) {
			t.broken("session %q: got %d parts left, want %d", s.Key(), len(rest), s.Parts)
		}
		for i, p := range rest[:s.Parts] {
			if want := fmt.Sprintf("%s%d", s.ID, i+1); string(p) != want {
				t.broken("part %d of session %q: got %q, want %q", i+1, s.Key(), p, want)
			}
			got = append(got, string(p))
		}
		rest = rest[s.Parts:]
	}
	want(t, "number of parts of the sessions", len(got), 5)
}

// awaited is what Device.Awaited and Change.Awaited are.
type awaited = map[string]omadm.RequestID

// wantAwaited wants these correlators of a device.
func (t *trial) wantAwaited(id omadm.DeviceID, correlators awaited) {
	t.Helper()
	if got := t.load(id).Device.Awaited; !maps.Equal(got, correlators) {
		t.broken("correlators of %q: got %q, want %q", id, got, correlators)
	}
}

func awaitedAsCommitted(t *trial) {
	t.register(dev, "device-2")
	t.wantAwaited(dev, nil)
	t.enqueue(dev, request("a"))
	t.commit(dev, lease("a"))
	all := awaited{"é 'every' %_ <octet>": "a", "second": "a"}
	t.commit(dev, func(c *session.Change) { c.Awaited = all })
	t.wantAwaited(dev, all)
	t.wantAwaited("device-2", nil)
	t.commit(dev, finish("a"))
	t.commit(dev, func(c *session.Change) {
		c.Session = state("next")
		c.Close = []session.State{state("s")}
	})
	t.wantAwaited(dev, all) // though request and session are over
}

func noncesRaw(t *trial) {
	n := session.Nonces{Generation: 1<<63 - 1, Client: "\x00\xff\xfe raw", Server: "\x80 ' \" \\ \n"}
	t.ok("Register", t.registrar.Register(context.Background(), session.Device{ID: dev, Nonces: n}))
	if t.load(dev).Device.Nonces != n {
		t.broken("nonces of octets that are no text came back otherwise")
	}
	n.Client, n.Server = n.Server, n.Client
	t.commit(dev, func(c *session.Change) { c.Nonces = &n })
	if t.load(dev).Device.Nonces != n {
		t.broken("nonces of octets that are no text came back otherwise after Commit")
	}
}

func counts(t *trial) {
	t.register(dev)
	check := func(what string, attempts, failures int) {
		t.Helper()
		p := t.pending(t.load(dev), "a")
		want(t, "attempts "+what, p.Attempts, attempts)
		want(t, "failures "+what, p.Failures, failures)
	}
	t.enqueue(dev, request("a"))
	check("of a new request", 0, 0)
	t.commit(dev, lease("a"))
	check("after a Lease", 1, 0)
	t.commit(dev, func(c *session.Change) { c.Requeue = []session.Requeue{{Request: "a", Attempts: 4, Failures: 2}} })
	check("after a Requeue", 4, 2)
	t.commit(dev, func(c *session.Change) { c.Lease = []session.Lease{{Request: "a", Session: key("s"), Attempts: 5}} })
	check("after another Lease, which has no failures", 5, 2)
}
