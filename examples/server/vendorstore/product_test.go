package vendorstore_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/gomadm/gomadm/examples/server/vendorstore"
	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
	"github.com/gomadm/gomadm/session/simdevice"
	"github.com/gomadm/gomadm/syncml"
)

const pc omadm.DeviceID = "pc-1"

var noon = time.Date(2031, 5, 4, 12, 0, 0, 0, time.UTC)

func register(t *testing.T, s *vendorstore.Store) {
	t.Helper()
	if err := s.Register(t.Context(), session.Device{ID: pc}); err != nil {
		t.Fatal(err)
	}
}

func get(id omadm.RequestID) omadm.Request {
	return omadm.Request{ID: id, Ops: []omadm.Op{{Verb: omadm.Get, URI: "./DevDetail/SwV"}}}
}

func load(t *testing.T, s *vendorstore.Store) *session.Record {
	t.Helper()
	rec, err := s.Load(t.Context(), session.Query{Device: pc, Now: noon, Limit: 100, Octets: 1 << 20, Parts: true})
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

func waiting(t *testing.T, s *vendorstore.Store) []omadm.RequestID {
	t.Helper()
	ids := []omadm.RequestID{}
	for _, p := range load(t, s).Requests {
		ids = append(ids, p.Request.ID)
	}
	return ids
}

// commit commits what edit makes of a change of session 1.
func commit(t *testing.T, s *vendorstore.Store, edit func(*session.Change)) {
	t.Helper()
	c := &session.Change{Device: pc, Revision: load(t, s).Revision, Session: session.State{ID: "1", Seen: noon}}
	edit(c)
	if err := s.Commit(t.Context(), c); err != nil {
		t.Fatal(err)
	}
}

// list returns the rows of a query of the product, which has one column of text.
func list(t *testing.T, s *vendorstore.Store, sql string) []string {
	t.Helper()
	rows, _ := s.Pool.Query(t.Context(), sql)
	found, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func want[T any](t *testing.T, what string, got, want T) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}

func begin(t *testing.T, s *vendorstore.Store) pgx.Tx {
	t.Helper()
	tx, err := s.Pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := tx.Rollback(context.Background()); err != nil && !errors.Is(err, pgx.ErrTxClosed) {
			t.Error(err)
		}
	})
	return tx
}

const ownerOfPC = `UPDATE devices SET owner = 'accounting' WHERE udid = 'pc-1'`

func TestEnqueueIsPartOfATransaction(t *testing.T) {
	s := newStore(t)
	register(t, s)
	for _, end := range []struct {
		name  string
		end   func(pgx.Tx) error
		owner string
		want  []omadm.RequestID
	}{
		{"rolled back", func(tx pgx.Tx) error { return tx.Rollback(t.Context()) }, "nobody", []omadm.RequestID{}},
		{"committed", func(tx pgx.Tx) error { return tx.Commit(t.Context()) }, "accounting", []omadm.RequestID{"a", "b"}},
	} {
		tx := begin(t, s)
		if _, err := tx.Exec(t.Context(), ownerOfPC); err != nil {
			t.Fatal(err)
		}
		if err := vendorstore.Enqueue(t.Context(), tx, pc, get("a"), get("b")); err != nil {
			t.Fatal(err)
		}
		want(t, "requests before the transaction is "+end.name, waiting(t, s), []omadm.RequestID{})
		if err := end.end(tx); err != nil {
			t.Fatal(err)
		}
		want(t, "requests when the transaction is "+end.name, waiting(t, s), end.want)
		owner := list(t, s, `SELECT coalesce(owner, 'nobody') FROM devices WHERE udid = 'pc-1'`)
		want(t, "owner when the transaction is "+end.name, owner, []string{end.owner})
	}
}

func TestTransactionGoesOnAfterAnEnqueueThatFailed(t *testing.T) {
	s := newStore(t)
	register(t, s)
	other := get("taken")
	other.Priority = 1
	if err := s.Enqueue(t.Context(), pc, get("taken")); err != nil {
		t.Fatal(err)
	}
	tx := begin(t, s)
	if _, err := tx.Exec(t.Context(), ownerOfPC); err != nil {
		t.Fatal(err)
	}
	err := vendorstore.Enqueue(t.Context(), tx, pc, get("new"), other)
	var exists *session.ExistsError
	if !errors.As(err, &exists) {
		t.Fatalf("Enqueue of another request under an id that is taken: got error %v, want *session.ExistsError", err)
	}
	want(t, "requests that exist", exists.Requests, []omadm.RequestID{"taken"})
	if err := vendorstore.Enqueue(t.Context(), tx, "phone-1", get("new")); !errors.Is(err, session.ErrUnknownDevice) {
		t.Errorf("Enqueue to a device of the product that is not registered: got error %v, want %v", err, session.ErrUnknownDevice)
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	want(t, "requests", waiting(t, s), []omadm.RequestID{"taken"})
	want(t, "owner", list(t, s, `SELECT owner FROM devices WHERE udid = 'pc-1'`), []string{"accounting"})
}

func TestUnregisterKeepsWhatTheProductHas(t *testing.T) {
	s := newStore(t)
	execute(t, s, `INSERT INTO devices (udid, platform) VALUES ('pc-1', 'windows 11');
		INSERT INTO commands (device_id, payload, status) SELECT id, 'not for the engine', 'done' FROM devices`)
	before := list(t, s, `SELECT uuid::text FROM commands ORDER BY uuid`)
	register(t, s)
	commit(t, s, func(c *session.Change) { c.Add = []omadm.Request{get("a")} })
	want(t, "requests", waiting(t, s), []omadm.RequestID{"a"})
	if err := s.Unregister(t.Context(), pc); err != nil {
		t.Fatal(err)
	}
	want(t, "platform", list(t, s, `SELECT platform FROM devices WHERE udid = 'pc-1'`), []string{"windows 11"})
	want(t, "commands", list(t, s, `SELECT uuid::text FROM commands ORDER BY uuid`), before)
}

// The engine has a conversation with a device over the store, and the product reads with SQL how it went.
func TestProductReadsOutcomes(t *testing.T) {
	s := newStore(t)
	register(t, s)
	h, err := session.New(session.Config{Store: s, Authenticator: session.InsecureTrust{}, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	missing := get("missing")
	missing.Ops[0].URI = "./Vendor/Example/Missing"
	late := get("late")
	late.Expires = noon.AddDate(-20, 0, 0)
	if err := s.Enqueue(t.Context(), pc, get("version"), missing, late); err != nil {
		t.Fatal(err)
	}
	dev := &simdevice.Device{ID: string(pc), URL: srv.URL, Transport: simdevice.HTTP{Client: srv.Client()}}
	if _, err := dev.Session(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := list(t, s, `SELECT format('%s %s %s', dm_request, status, finished_at IS NOT NULL) FROM commands
		WHERE dm_request IS NOT NULL ORDER BY dm_age`)
	want(t, "commands", got, []string{"version done t", "missing failed t", "late expired t"})
	got = list(t, s, `SELECT format('%s %s', dm_request, code) FROM command_results JOIN commands ON uuid = command_uuid
		WHERE dm_kind = 'outcome' ORDER BY dm_age`)
	want(t, "codes", got, []string{"version 200", "missing 404", "late "})
	got = list(t, s, `SELECT format('%s %s', dm_request, result -> 'Items' -> 0 -> 'Data' ->> 'Value')
		FROM command_results JOIN commands ON uuid = command_uuid WHERE dm_kind = 'result' AND code IS NULL`)
	want(t, "values", got, []string{"version " + dev.Nodes().Value("./DevDetail/SwV")})
}

// What a device says may hold characters that PostgreSQL has not.
func TestOctetsOfDevices(t *testing.T) {
	s := newStore(t)
	register(t, s)
	const odd = "\x00 \xff \\u0000 é"
	c := &session.Change{
		Device: pc, Revision: load(t, s).Revision, Reply: []byte(odd), Part: []byte(odd),
		Session: session.State{ID: odd, SyncType: odd, User: odd, Parts: 1},
		Facts:   omadm.Facts{"./DevInfo/Man": odd, odd: "kept"},
		Results: []omadm.Result{{Request: "none", Items: []syncml.Item{{Data: syncml.Data{Kind: syncml.OctetsData, Value: odd}}}}},
		Events:  []omadm.Event{{Type: odd, Data: syncml.Data{Kind: syncml.OctetsData, Value: odd}, At: noon}},
	}
	if err := s.Commit(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	rec := load(t, s)
	want(t, "sessions", rec.Sessions, []session.State{c.Session})
	want(t, "parts", rec.Parts, [][]byte{[]byte(odd)})
	const mended = "\ufffd \ufffd \\u0000 é"
	want(t, "facts", rec.Device.Facts, omadm.Facts{"./DevInfo/Man": mended, mended: "kept"})
	entries, err := s.Results(t.Context(), "", 10)
	if err != nil || len(entries) != 2 {
		t.Fatalf("Results: got %d entries and error %v, want 2", len(entries), err)
	}
	want(t, "data of the result", entries[0].Result.Items[0].Data.Value, odd)
	want(t, "type of the event", entries[1].Event.Type, odd)
}

func TestCommitOfARequestThatIsOverDoesNothing(t *testing.T) {
	s := newStore(t)
	register(t, s)
	if err := s.Enqueue(t.Context(), pc, get("a"), get("b")); err != nil {
		t.Fatal(err)
	}
	commit(t, s, func(c *session.Change) { c.Finish = []omadm.Outcome{{Request: "a", Kind: omadm.Done, At: noon}} })
	before := load(t, s)
	for _, request := range []omadm.RequestID{"a", "none"} {
		for what, edit := range map[string]func(*session.Change){
			"Requeue": func(c *session.Change) { c.Requeue = []session.Requeue{{Request: request}} },
			"Lease":   func(c *session.Change) { c.Lease = []session.Lease{{Request: request, Session: ":1"}} },
			"Finish":  func(c *session.Change) { c.Finish = []omadm.Outcome{{Request: request, Kind: omadm.Failed, At: noon}} },
		} {
			c := &session.Change{
				Device: pc, Revision: before.Revision, Session: session.State{ID: "2"},
				Lease: []session.Lease{{Request: "b", Session: ":2", Attempts: 1}},
			}
			edit(c)
			if err := s.Commit(t.Context(), c); err == nil {
				t.Errorf("%s of request %q: got no error, want one", what, request)
			}
			want(t, "device after "+what, load(t, s), before)
		}
	}
}

func TestLoadWithoutLimitsReturnsOne(t *testing.T) {
	s := newStore(t)
	register(t, s)
	if err := s.Enqueue(t.Context(), pc, get("a"), get("b")); err != nil {
		t.Fatal(err)
	}
	rec, err := s.Load(t.Context(), session.Query{Device: pc, Now: noon})
	if err != nil || len(rec.Requests) != 1 {
		t.Errorf("Load: got %v and error %v, want one request", rec, err)
	}
}

func TestCursorThatWasNotReached(t *testing.T) {
	s := newStore(t)
	register(t, s)
	for _, c := range []session.Cursor{"1000000", "0", "-1", "+1", "01", "9223372036854775808"} {
		if _, err := s.Results(t.Context(), c, 10); !errors.Is(err, session.ErrCursor) {
			t.Errorf("Results after cursor %q: got error %v, want %v", c, err, session.ErrCursor)
		}
	}
}

// Somebody who is unknown stays unknown, whatever name he makes up.
func TestIDsThatAreNoText(t *testing.T) {
	s := newStore(t)
	for _, id := range []omadm.DeviceID{"\x00", "pc\x00-1", "\xff", "\xed\xa0\x80", "\ufffd"} {
		_, loadErr := s.Load(t.Context(), session.Query{Device: id})
		for what, err := range map[string]error{
			"Load":    loadErr,
			"Commit":  s.Commit(t.Context(), &session.Change{Device: id}),
			"Enqueue": s.Enqueue(t.Context(), id, get("a")),
		} {
			if !errors.Is(err, session.ErrUnknownDevice) {
				t.Errorf("%s of device %q: got error %v, want %v", what, id, err, session.ErrUnknownDevice)
			}
		}
	}
}

// A time that does not fit into nanoseconds is not another one.
func TestTimesFarAway(t *testing.T) {
	s := newStore(t)
	register(t, s)
	never, ever := get("never"), get("ever")
	never.NotBefore = time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)
	ever.NotBefore = time.Date(1601, 1, 1, 0, 0, 0, 0, time.UTC)
	if err := s.Enqueue(t.Context(), pc, never, ever); err != nil {
		t.Fatal(err)
	}
	want(t, "requests that are due", waiting(t, s), []omadm.RequestID{"ever"})
}
