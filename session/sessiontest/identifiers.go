package sessiontest

import (
	"context"
	"fmt"
	"strings"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
)

// alike are names that are taken for one where case, blanks at an end or what is behind a length does not count, as in
// databases with such collations or columns.
func alike() []string {
	long := strings.Repeat("x", omadm.MaxRequestID-1)
	return []string{"name", "Name", "name ", " name", "näme", long + "a", long + "b"}
}

func devicesAlike(t *trial) {
	names := alike()
	for _, n := range names {
		d := session.Device{ID: omadm.DeviceID(n), Facts: omadm.Facts{"name": n}}
		t.ok("Register", t.registrar.Register(context.Background(), d))
	}
	for _, n := range names {
		rec := t.load(omadm.DeviceID(n))
		want(t, "id of the device", string(rec.Device.ID), n)
		want(t, fmt.Sprintf("fact of device %q", n), rec.Device.Facts["name"], n)
		t.enqueue(omadm.DeviceID(n), request("same"))
	}
	t.ok("Unregister", t.registrar.Unregister(context.Background(), omadm.DeviceID(names[1])))
	for i, n := range names {
		if i != 1 {
			t.wantRequests(fmt.Sprintf("requests of device %q", n), t.load(omadm.DeviceID(n)).Requests, "same")
		}
	}
}

func requestsAlike(t *trial) {
	t.register(dev)
	var all, rest []omadm.RequestID
	for i, n := range alike() {
		all = append(all, omadm.RequestID(n))
		r := request("payload")
		r.ID, r.Ops[0].Value = omadm.RequestID(n), text(n)
		t.enqueue(dev, r)
		if i != 1 {
			rest = append(rest, omadm.RequestID(n))
		}
	}
	t.wantRequests("requests", t.load(dev).Requests, all...)
	t.commit(dev, lease(all...))
	t.commit(dev, finish(all[1]))
	rec := t.load(dev)
	t.wantSet("requests after one was finished", rec.Requests, rest...)
	for _, id := range rest {
		value, err := t.pending(rec, id).Request.Ops[0].Value.Text()
		t.ok("Value.Text", err)
		want(t, fmt.Sprintf("value of request %q", id), value, string(id))
	}
}

func namesAlike(t *trial) {
	t.register(dev)
	facts, correlators := make(omadm.Facts), make(awaited)
	for _, n := range alike() {
		facts[n], correlators[n] = n, omadm.RequestID(n)
		t.commit(dev, func(c *session.Change) { // sessions have names of 64 octets at most
			c.Session, c.Reply = state(n[max(0, len(n)-64):]), []byte(n)
			c.Facts, c.Awaited = omadm.Facts{n: n}, awaited{n: omadm.RequestID(n)}
		})
	}
	t.wantFacts(facts)
	t.wantAwaited(dev, correlators)
	want(t, "number of sessions", len(t.load(dev).Sessions), len(facts))
	for n := range facts {
		want(t, fmt.Sprintf("reply of session %q", n), t.replyTo(n[max(0, len(n)-64):]), n)
	}
}
