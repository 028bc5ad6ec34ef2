package sessiontest

import (
	"context"
	"crypto/sha256"
	"encoding"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
	"github.com/gomadm/gomadm/syncml"
)

// TestStore proves that a store keeps the contract of session.Store and of the optional interfaces that it implements.
// It calls open for each subtest; open returns an empty store that computes no requests of its own.
//
// The store has to be a session.Registrar. One whose devices are made known in another way is wrapped in the test
// by a type that adds Register and Unregister. The subtests of the others are skipped when the store does not implement
// them; those of session.Pruner, and some of session.Lister, also read the results.
//
// Run it with the race detector too: a data race is a broken promise that nothing else shows.
func TestStore(t *testing.T, open func(t *testing.T) session.Store) {
	for _, s := range sentences() {
		t.Run(s.name, func(t *testing.T) { s.try(t, open(t)) })
	}
}

// sentence is one promise of the contract.
type sentence struct {
	name string
	text string // as session/store.go has it
	test func(*trial)
}

// try tests one store. It ends the goroutine as soon as the promise is broken.
func (s sentence) try(r reporter, store session.Store) {
	r.Helper()
	t := &trial{reporter: r, text: s.text, store: store}
	reg, ok := store.(session.Registrar)
	if !ok {
		t.broken("%T does not implement session.Registrar", store)
	}
	t.registrar = reg
	s.test(t)
}

// reporter is the part of *testing.T that the suite uses.
type reporter interface {
	Helper()
	Errorf(format string, args ...any)
	FailNow()
	Skip(args ...any)
}

// trial is the test of one sentence on one store.
type trial struct {
	reporter
	text      string
	store     session.Store
	registrar session.Registrar
}

// broken says how the promise was broken and ends the trial.
func (t *trial) broken(format string, args ...any) {
	t.Helper()
	t.Errorf("%s\nbroken promise: %q", fmt.Sprintf(format, args...), t.text)
	t.FailNow()
}

// ok is for what has to succeed on the way.
func (t *trial) ok(what string, err error) {
	t.Helper()
	if err != nil {
		t.broken("%s: got error %v, want none", what, err)
	}
}

func (t *trial) wantError(what string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.broken("%s: got error %v, want %v", what, got, want)
	}
}

// wantExists wants an *ExistsError about exactly these requests.
func (t *trial) wantExists(what string, got error, id omadm.DeviceID, ids ...omadm.RequestID) {
	t.Helper()
	t.wantError(what, got, session.ErrExists)
	var e *session.ExistsError
	if !errors.As(got, &e) {
		t.broken("%s: got an error of type %T, want *session.ExistsError", what, got)
	}
	if e.Device != id || !slices.Equal(e.Requests, ids) {
		t.broken("%s: got error about %q of device %q, want %q of %q", what, e.Requests, e.Device, ids, id)
	}
}

func want[T comparable](t *trial, what string, got, want T) {
	t.Helper()
	if got != want {
		format := "%s: got %v, want %v"
		if _, text := any(got).(string); text {
			format = "%s: got %q, want %q" // octets of a reply may be any
		}
		t.broken(format, what, got, want)
	}
}

// wantRequests wants these requests in this order.
func (t *trial) wantRequests(what string, got []session.Pending, want ...omadm.RequestID) {
	t.Helper()
	if g := ids(got); !slices.Equal(g, want) {
		t.broken("%s: got requests %q, want %q", what, g, want)
	}
}

// wantSet wants these requests in any order, for leased ones are among them.
func (t *trial) wantSet(what string, got []session.Pending, want ...omadm.RequestID) {
	t.Helper()
	g := ids(got)
	slices.Sort(g)
	slices.Sort(want)
	if !slices.Equal(g, want) {
		t.broken("%s: got requests %q, want %q", what, g, want)
	}
}

func ids(ps []session.Pending) []omadm.RequestID {
	var list []omadm.RequestID
	for _, p := range ps {
		list = append(list, p.Request.ID)
	}
	return list
}

// pending returns a request of a record, which has to be there once.
func (t *trial) pending(rec *session.Record, id omadm.RequestID) session.Pending {
	t.Helper()
	var found []session.Pending
	for _, p := range rec.Requests {
		if p.Request.ID == id {
			found = append(found, p)
		}
	}
	if len(found) != 1 {
		t.broken("got request %q %d times, want it once", id, len(found))
	}
	return found[0]
}

// The clock of the suite, and a device of it.
var (
	noon = time.Date(2031, 5, 4, 12, 0, 0, 123456789, time.UTC)
	soon = noon.Add(time.Minute)
)

const dev omadm.DeviceID = "device-1"

// register makes devices known.
func (t *trial) register(ids ...omadm.DeviceID) {
	t.Helper()
	for _, id := range ids {
		t.ok("Register", t.registrar.Register(context.Background(), session.Device{ID: id}))
	}
}

// everything is a query without limits worth the name.
func everything(id omadm.DeviceID) session.Query {
	return session.Query{Device: id, Now: noon, Limit: 1000, Octets: 1 << 30, Parts: true}
}

func (t *trial) load(id omadm.DeviceID) *session.Record {
	t.Helper()
	return t.query(everything(id))
}

func (t *trial) query(q session.Query) *session.Record {
	t.Helper()
	rec, err := t.store.Load(context.Background(), q)
	t.ok("Load", err)
	if rec == nil {
		t.broken("Load: got no record and no error")
	}
	return rec
}

// limited loads the waiting requests under limits.
func (t *trial) limited(limit, octets int) []session.Pending {
	t.Helper()
	return t.query(session.Query{Device: dev, Now: noon, Limit: limit, Octets: octets}).Requests
}

func (t *trial) enqueue(id omadm.DeviceID, reqs ...omadm.Request) {
	t.Helper()
	t.ok("Enqueue", t.tryEnqueue(id, reqs...))
}

func (t *trial) tryEnqueue(id omadm.DeviceID, reqs ...omadm.Request) error {
	return t.store.Enqueue(context.Background(), id, reqs...)
}

// commit commits what edit makes of a change of the session "s".
func (t *trial) commit(id omadm.DeviceID, edit func(*session.Change)) {
	t.Helper()
	t.ok("Commit", t.tryCommit(id, edit))
}

func (t *trial) tryCommit(id omadm.DeviceID, edit func(*session.Change)) error {
	t.Helper()
	c := change(id, t.load(id).Revision)
	if edit != nil {
		edit(c)
	}
	return t.store.Commit(context.Background(), c)
}

// change is a change that keeps the session "s" and does nothing else.
func change(id omadm.DeviceID, revision uint64) *session.Change {
	return &session.Change{Device: id, Revision: revision, Session: state("s"), Reply: []byte("reply of s")}
}

// key is the key of the session with that id.
func key(id string) string {
	s := state(id)
	return s.Key()
}

// state is a session whose last message had the body named like it.
func state(id string) session.State {
	return session.State{ID: id, Opened: noon, Seen: noon, MsgID: "1", Body: body(id), Sent: 1, Messages: 1}
}

func body(s string) session.Digest { return sha256.Sum256([]byte(s)) }

// request is a request of device scope with a payload that is the same for ids of the same length.
func request(id omadm.RequestID) omadm.Request {
	return omadm.Request{ID: id, Ops: []omadm.Op{{
		Verb: omadm.Replace, URI: "./Vendor/MSFT/Example/" + omadm.URI(id), Value: text("value"),
	}}}
}

func text(s string) omadm.Value {
	return omadm.Value{Data: syncml.Data{Kind: syncml.TextData, Value: s}}
}

// userRequest is a request of user scope.
func userRequest(id omadm.RequestID) omadm.Request {
	r := request(id)
	r.Ops[0].URI = "./User/Vendor/MSFT/Example/" + omadm.URI(id)
	r.Scope = omadm.UserScope
	return r
}

// lease gives requests to the session "s" for the first time.
func lease(reqs ...omadm.RequestID) func(*session.Change) {
	return func(c *session.Change) {
		for _, r := range reqs {
			c.Lease = append(c.Lease, session.Lease{Request: r, Session: key("s"), Attempts: 1})
			c.Session.Requests = append(c.Session.Requests, session.Carried{ID: r})
		}
	}
}

// finish ends requests.
func finish(reqs ...omadm.RequestID) func(*session.Change) {
	return func(c *session.Change) {
		for _, r := range reqs {
			c.Finish = append(c.Finish, omadm.Outcome{Request: r, Kind: omadm.Done, Status: omadm.StatusOK, At: noon, Attempts: 1})
		}
	}
}

// octets is the binary form of a value, in which values are compared: it knows neither time zones nor the
// difference between no list and an empty one.
func (t *trial) octets(v encoding.BinaryAppender) string {
	t.Helper()
	b, err := v.AppendBinary(nil)
	t.ok(fmt.Sprintf("binary form of %T", v), err)
	return string(b)
}

// sum shortens the octets of a value for a message.
func (t *trial) sum(v encoding.BinaryAppender) string {
	t.Helper()
	h := sha256.Sum256([]byte(t.octets(v)))
	return fmt.Sprintf("(content %x)", h[:6])
}

// snapshot shows all that can be seen of a device, one line for each thing. The first line is the revision.
func (t *trial) snapshot(id omadm.DeviceID) []string {
	t.Helper()
	rec := t.load(id)
	lines := []string{
		fmt.Sprintf("revision %d", rec.Revision),
		fmt.Sprintf("facts %q", rec.Device.Facts), // in the order of keys
		fmt.Sprintf("nonces %d %q %q", rec.Device.Nonces.Generation, rec.Device.Nonces.Client, rec.Device.Nonces.Server),
		t.accountLine(rec.Device.Account),
		fmt.Sprintf("awaited %q", rec.Device.Awaited),
		fmt.Sprintf("parts %q", rec.Parts),
	}
	var sessions []string
	for i := range rec.Sessions {
		s := &rec.Sessions[i]
		q := everything(id)
		q.Body = s.Body
		sessions = append(sessions, fmt.Sprintf("session %q %s, reply %q", s.Key(), t.sum(s), t.query(q).Reply))
	}
	slices.Sort(sessions)
	lines = append(lines, sessions...)
	var requests []string // sorted: the contract gives leased ones no place
	for _, p := range rec.Requests {
		requests = append(requests, fmt.Sprintf("request %q %s, %d attempts, %d failures", p.Request.ID, t.sum(&p.Request), p.Attempts, p.Failures))
	}
	slices.Sort(requests)
	lines = append(lines, requests...)
	if _, ok := t.store.(session.Results); ok {
		for _, e := range t.entries(100) {
			if e.Device == id {
				lines = append(lines, t.show(e))
			}
		}
	}
	return lines
}

// wantSame compares snapshots.
func (t *trial) wantSame(what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.broken("%s:\ngot  %s\nwant %s", what, strings.Join(got, "\n     "), strings.Join(want, "\n     "))
	}
}

// show is an entry without its cursor.
func (t *trial) show(e session.Entry) string {
	t.Helper()
	switch {
	case e.Result != nil:
		return fmt.Sprintf("device %q: result of %q %s", e.Device, e.Result.Request, t.sum(e.Result))
	case e.Outcome != nil:
		return fmt.Sprintf("device %q: outcome of %q %s", e.Device, e.Outcome.Request, t.sum(e.Outcome))
	case e.Event != nil:
		return fmt.Sprintf("device %q: event %q %s", e.Device, e.Event.Type, t.sum(e.Event))
	}
	return "nothing"
}

// entries reads all results, so many at a time.
func (t *trial) entries(limit int) []session.Entry {
	t.Helper()
	r := t.results()
	var all []session.Entry
	var after session.Cursor
	for {
		page, err := r.Results(context.Background(), after, limit)
		t.ok("Results", err)
		if len(page) > limit {
			t.broken("Results: got %d entries, want at most %d", len(page), limit)
		}
		if len(page) == 0 {
			return all
		}
		if all = append(all, page...); len(all) > 1000 {
			t.broken("Results: no end after %d entries, want each entry once", len(all))
		}
		after = page[len(page)-1].Cursor
	}
}

// results returns the store as session.Results, or skips the trial.
func (t *trial) results() session.Results {
	t.Helper()
	r, ok := t.store.(session.Results)
	if !ok {
		t.Skip("the store does not implement session.Results")
	}
	return r
}
