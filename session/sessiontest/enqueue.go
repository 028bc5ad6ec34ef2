package sessiontest

import (
	"context"
	"time"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
	"github.com/gomadm/gomadm/syncml"
)

// full is a request with every field set.
func full(id omadm.RequestID) omadm.Request {
	return omadm.Request{
		ID: id,
		Ops: []omadm.Op{
			{Verb: omadm.Copy, URI: "./User/Vendor/MSFT/Example/b", From: "./User/Vendor/MSFT/Example/a"},
			{Verb: omadm.Exec, URI: "./User/Vendor/MSFT/Example/run", Correlator: "x-1", Value: omadm.Value{
				Format: omadm.FormatXML, Type: "text/xml", Data: syncml.Data{Kind: syncml.MarkupData, Value: "<a b='c'/>"},
			}},
			{Verb: omadm.Add, URI: "./User/Vendor/MSFT/Example/empty", Value: text("")},
			{Verb: omadm.Alert, Alert: &omadm.UserAlert{
				Code: omadm.AlertMultipleChoice, Text: "é?", Choices: []string{"one", "two"}, MinDisplay: time.Second,
				MaxDisplay: time.Minute, Default: "1-2",
			}},
		},
		Group: omadm.Sequence, Combine: true, Scope: omadm.UserScope, User: "someone", Delivery: omadm.AtMostOnce, Priority: 100_000,
		NotBefore: noon.Add(-time.Hour), Expires: noon.Add(time.Hour + 1), MaxAttempts: 2,
	}
}

// wantContent wants a request of the record to be as it was given.
func (t *trial) wantContent(rec *session.Record, r omadm.Request) {
	t.Helper()
	got := t.pending(rec, r.ID).Request
	if t.octets(&got) != t.octets(&r) {
		t.broken("request:\ngot  %+v\nwant %+v", got, r)
	}
}

func enqueueKeeps(t *trial) {
	t.register(dev)
	r := full("é 'every' %_ field")
	r.Expires = r.Expires.In(time.FixedZone("west", -5*3600))
	t.enqueue(dev, r, request("plain"))
	rec := t.load(dev)
	want(t, "number of requests", len(rec.Requests), 2)
	t.wantContent(rec, r)
	t.wantContent(rec, request("plain"))
	t.ok("Enqueue of no request", t.tryEnqueue(dev))
}

func enqueueDoesNotMove(t *trial) {
	t.register(dev)
	loaded := t.load(dev).Revision
	t.enqueue(dev, request("a"))
	want(t, "revision after Enqueue", t.load(dev).Revision, loaded)
	t.ok("Commit with the revision loaded before Enqueue", t.store.Commit(context.Background(), change(dev, loaded)))
	t.pending(t.load(dev), "a")
}

func enqueueUnknown(t *trial) {
	t.register(dev)
	t.wantError("Enqueue", t.tryEnqueue("device-2", request("a")), session.ErrUnknownDevice)
	_, err := t.store.Load(context.Background(), everything("device-2"))
	t.wantError("Load after Enqueue", err, session.ErrUnknownDevice)
	t.register("device-2")
	t.wantRequests("requests after Register", t.load("device-2").Requests)
}

func enqueueEqual(t *trial) {
	t.register(dev)
	l, w, f := full("l"), full("w"), full("f")
	t.enqueue(dev, f, l, w, w)
	t.commit(dev, lease("l"))
	t.commit(dev, finish("f"))
	before := t.snapshot(dev)
	w.Expires = w.Expires.In(time.FixedZone("west", -5*3600)) // the same time
	for _, r := range []omadm.Request{l, w, f} {
		t.ok("Enqueue of request \""+string(r.ID)+"\" again", t.tryEnqueue(dev, r))
		t.wantSame("device after Enqueue of request \""+string(r.ID)+"\" again", t.snapshot(dev), before)
	}
	t.enqueue(dev, l, request("new"), w, f)
	t.pending(t.load(dev), "new")
	want(t, "number of requests after Enqueue of a new one among those there", len(t.load(dev).Requests), 3)
	t.wantSet("one waiting request per scope, beside the one leased", t.limited(1, 1<<20), "l", "w", "new")
}

func enqueueOther(t *trial) {
	t.busy(dev)
	before := t.snapshot(dev)
	for _, r := range []struct {
		what string
		id   omadm.RequestID
	}{{"waiting", "w"}, {"leased", "l"}, {"finished", "f"}} {
		other := request(r.id)
		other.Ops[0].Value = text("other")
		ranked := request(r.id)
		ranked.Priority = 1
		late := request(r.id)
		late.NotBefore = noon.Add(1)
		for _, o := range []omadm.Request{other, ranked, late} {
			t.wantExists("Enqueue of a "+r.what+" request with other content", t.tryEnqueue(dev, o), dev, r.id)
		}
	}
	t.wantSame("device after Enqueue failed", t.snapshot(dev), before)
}

func enqueueAllOrNone(t *trial) {
	t.busy(dev)
	before := t.snapshot(dev)
	other := request("w")
	other.Ops[0].Value = text("other")
	err := t.tryEnqueue(dev, request("n-1"), other, request("n-2"))
	t.wantExists("Enqueue of two new requests and one with the id of another", err, dev, "w")
	t.wantSame("device after Enqueue failed", t.snapshot(dev), before)

	twin := request("n-1")
	twin.Ops[0].Value = text("other")
	t.wantExists("Enqueue of two requests with one id", t.tryEnqueue(dev, request("n-1"), twin), dev, "n-1")
	t.wantSame("device after Enqueue failed", t.snapshot(dev), before)
}

func idsPerDevice(t *trial) {
	t.register(dev, "device-2")
	other := request("a")
	other.Ops[0].Value = text("other")
	t.enqueue(dev, request("a"))
	t.ok("Enqueue of another request under the same id to another device", t.tryEnqueue("device-2", other))
	t.wantContent(t.load(dev), request("a"))
	t.wantContent(t.load("device-2"), other)
	t.commit(dev, finish("a"))
	t.wantRequests("requests of the other device after its namesake was finished", t.load("device-2").Requests, "a")
}
