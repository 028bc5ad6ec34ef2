package stores_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
	"github.com/gomadm/gomadm/session/sqlstore"
)

const pc omadm.DeviceID = "pc-1"

var noon = time.Date(2031, 5, 4, 12, 0, 0, 0, time.UTC)

func get(id omadm.RequestID) omadm.Request {
	return omadm.Request{ID: id, Ops: []omadm.Op{{Verb: omadm.Get, URI: "./DevDetail/SwV"}}}
}

func register(t *testing.T, s store, ids ...omadm.DeviceID) {
	t.Helper()
	for _, id := range ids {
		if err := s.Register(t.Context(), session.Device{ID: id}); err != nil {
			t.Fatal(err)
		}
	}
}

func load(t *testing.T, s store, id omadm.DeviceID) *session.Record {
	t.Helper()
	rec, err := s.Load(t.Context(), session.Query{Device: id, Now: noon, Limit: 100, Octets: 1 << 20, Parts: true})
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

func waiting(t *testing.T, s store, id omadm.DeviceID) []omadm.RequestID {
	t.Helper()
	ids := []omadm.RequestID{}
	for _, p := range load(t, s, id).Requests {
		ids = append(ids, p.Request.ID)
	}
	return ids
}

// event is a change of session 1 that tells of an event.
func event(t *testing.T, s store, id omadm.DeviceID, name string) *session.Change {
	t.Helper()
	return &session.Change{
		Device: id, Revision: load(t, s, id).Revision, Session: session.State{ID: "1", Seen: noon},
		Events: []omadm.Event{{Alert: omadm.AlertGeneric, Type: name, At: noon}},
	}
}

func commit(t *testing.T, s store, c *session.Change) {
	t.Helper()
	if err := s.Commit(t.Context(), c); err != nil {
		t.Fatal(err)
	}
}

func want[T any](t *testing.T, what string, got, want T) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}

func wantError(t *testing.T, what string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("%s: got error %v, want %v", what, got, want)
	}
}

func TestMigrateByManyAtOnceAndAgain(t *testing.T) {
	each(t, func(t *testing.T, k kind) {
		db := k.open(t)
		const stores = 8
		errs := make([]error, stores)
		var all sync.WaitGroup
		for i := range stores {
			all.Go(func() { errs[i] = sqlstore.New(db, k.Dialect, sqlstore.Options{}).Migrate(context.Background()) })
		}
		all.Wait()
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err)
		}
		s := newStore(db, k.Dialect)
		register(t, s, pc)
		migrate(t, s)
		load(t, s, pc)
		want(t, "versions", texts(t, db, "SELECT version FROM gomadm_versions"), []string{"1", "2"})

		execute(t, db, "INSERT INTO gomadm_versions (version) VALUES (1000)")
		if err := s.Migrate(t.Context()); err == nil || !strings.Contains(err.Error(), "1000") {
			t.Errorf("Migrate of tables of version 1000: got error %v, want one that says so", err)
		}
	})
}

// texts returns the rows of a query, which has one column.
func texts(t *testing.T, db *sql.DB, query string) []string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var found []string
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			t.Fatal(err)
		}
		found = append(found, s)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return found
}

func TestEnqueueTxIsPartOfTheTransaction(t *testing.T) {
	each(t, func(t *testing.T, k kind) {
		s, db := k.store(t)
		register(t, s, pc)
		execute(t, db, "CREATE TABLE orders (name varchar(10))")
		for _, end := range []struct {
			name string
			end  func(*sql.Tx) error
			want []omadm.RequestID
		}{
			{"rolled back", (*sql.Tx).Rollback, []omadm.RequestID{}},
			{"committed", (*sql.Tx).Commit, []omadm.RequestID{"a", "b"}},
		} {
			tx, err := db.BeginTx(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := tx.ExecContext(t.Context(), "INSERT INTO orders VALUES ('first')"); err != nil {
				t.Fatal(err)
			}
			if err := s.EnqueueTx(t.Context(), tx, pc, get("a"), get("b")); err != nil {
				t.Fatal(err)
			}
			if err := end.end(tx); err != nil {
				t.Fatal(err)
			}
			want(t, "requests after the transaction was "+end.name, waiting(t, s, pc), end.want)
		}
		want(t, "orders", texts(t, db, "SELECT name FROM orders"), []string{"first"})
	})
}

func TestTransactionGoesOnAfterEnqueueTxFailed(t *testing.T) {
	each(t, func(t *testing.T, k kind) {
		s, db := k.store(t)
		register(t, s, pc)
		if err := s.Enqueue(t.Context(), pc, get("a")); err != nil {
			t.Fatal(err)
		}
		other := get("a")
		other.Priority = 1
		tx, err := db.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		wantError(t, "EnqueueTx of a new request and one with the id of another",
			s.EnqueueTx(t.Context(), tx, pc, get("b"), other), session.ErrExists)
		wantError(t, "EnqueueTx to a device that is not registered",
			s.EnqueueTx(t.Context(), tx, "pc-2", get("b")), session.ErrUnknownDevice)
		if err := s.EnqueueTx(t.Context(), tx, pc, get("c"), get("a")); err != nil {
			t.Fatal(err)
		}
		if err := tx.Commit(); err != nil {
			t.Fatal(err)
		}
		want(t, "requests", waiting(t, s, pc), []omadm.RequestID{"a", "c"})
	})
}

func TestNamesAreOctets(t *testing.T) {
	each(t, func(t *testing.T, k kind) {
		s, _ := k.store(t)
		const odd, name = "\x00\xff'", "\xfe\x00\""
		register(t, s, odd, "\x00\xff")
		if err := s.Enqueue(t.Context(), odd, get(name)); err != nil {
			t.Fatal(err)
		}
		c := event(t, s, odd, "e")
		c.Session.ID = name
		c.Lease = []session.Lease{{Request: name, Session: c.Session.Key(), Attempts: 1}}
		c.Facts = omadm.Facts{name: odd}
		c.Awaited = map[string]omadm.RequestID{odd: name}
		commit(t, s, c)

		rec := load(t, s, odd)
		want(t, "device", rec.Device.ID, odd)
		want(t, "facts", maps.Clone(rec.Device.Facts), c.Facts)
		want(t, "correlators", rec.Device.Awaited, c.Awaited)
		want(t, "session", rec.Sessions[0].ID, name)
		want(t, "requests", waiting(t, s, odd), []omadm.RequestID{name})
		want(t, "requests of another device", waiting(t, s, "\x00\xff"), []omadm.RequestID{})
		entries, err := s.Results(t.Context(), "", 10)
		if err != nil || len(entries) != 1 {
			t.Fatalf("Results: got %d entries and error %v, want 1", len(entries), err)
		}
		want(t, "device of the entry", entries[0].Device, odd)
		ids, err := s.Idle(t.Context(), noon.Add(1), 10)
		if err != nil {
			t.Fatal(err)
		}
		want(t, "idle devices", ids, []omadm.DeviceID{odd})
	})
}

func TestCommitRefusesRequestsThatAreNotOpen(t *testing.T) {
	each(t, func(t *testing.T, k kind) {
		s, _ := k.store(t)
		register(t, s, pc)
		if err := s.Enqueue(t.Context(), pc, get("open"), get("finished")); err != nil {
			t.Fatal(err)
		}
		c := event(t, s, pc, "first")
		c.Finish = []omadm.Outcome{{Request: "finished", Kind: omadm.Done}}
		commit(t, s, c)
		before := load(t, s, pc)
		for _, tt := range []struct {
			name   string
			change session.Change
		}{
			{"requeue of an unknown request", session.Change{Requeue: []session.Requeue{{Request: "none"}}}},
			{"lease of a finished request", session.Change{Lease: []session.Lease{{Request: "open"}, {Request: "finished"}}}},
			{"second end of a request", session.Change{Finish: []omadm.Outcome{{Request: "finished"}}}},
			{"two ends of a request", session.Change{Finish: []omadm.Outcome{{Request: "open"}, {Request: "open"}}}},
		} {
			c := tt.change
			c.Device, c.Revision = pc, before.Revision
			c.Facts = omadm.Facts{"a": "1"}
			c.Add = []omadm.Request{get("new")}
			err := s.Commit(t.Context(), &c)
			if err == nil || errors.Is(err, session.ErrConflict) || errors.Is(err, session.ErrExists) {
				t.Errorf("%s: got error %v, want one of the store's own", tt.name, err)
			}
			want(t, "device after the "+tt.name, load(t, s, pc), before)
		}
	})
}

func TestRevisionNeverComesBack(t *testing.T) {
	each(t, func(t *testing.T, k kind) {
		s, _ := k.store(t)
		register(t, s, pc)
		old := event(t, s, pc, "e")
		register(t, s, pc)
		wantError(t, "Commit with the revision before Register", s.Commit(t.Context(), old), session.ErrConflict)
		old = event(t, s, pc, "e")
		if err := s.Unregister(t.Context(), pc); err != nil {
			t.Fatal(err)
		}
		register(t, s, pc)
		wantError(t, "Commit with the revision before Unregister", s.Commit(t.Context(), old), session.ErrConflict)
		old.Revision = 1<<64 - 1
		wantError(t, "Commit with a revision that no device has", s.Commit(t.Context(), old), session.ErrConflict)
	})
}

func TestResultsRefusesACursorThatItHasNotGiven(t *testing.T) {
	for name, cursors := range map[string][]session.Cursor{
		"SQLite":     {"x", "-1", "+1", "01", "0", "3", "1 ", "1-1", "18446744073709551616"},
		"PostgreSQL": {"x", "1", "1-", "-1", "0-1", "1-0", "01-1", "1-01", "1-1-1", "9223372036854775807-1"},
	} {
		t.Run(name, func(t *testing.T) {
			i := slices.IndexFunc(kinds, func(k kind) bool { return k.name == name })
			s, _ := kinds[i].store(t)
			register(t, s, pc)
			for n := range 2 {
				commit(t, s, event(t, s, pc, fmt.Sprint(n)))
			}
			for _, c := range cursors {
				if _, err := s.Results(t.Context(), c, 10); !errors.Is(err, session.ErrCursor) {
					t.Errorf("Results after %q: got error %v, want ErrCursor", c, err)
				}
			}
		})
	}
}

func TestNoMoreThanTheLimit(t *testing.T) {
	each(t, func(t *testing.T, k kind) {
		s, _ := k.store(t)
		register(t, s, pc)
		commit(t, s, event(t, s, pc, "e"))
		for _, limit := range []int{0, -1} {
			results, resultsErr := s.Results(t.Context(), "", limit)
			idle, idleErr := s.Idle(t.Context(), noon.Add(1), limit)
			if n := len(results) + len(idle); n != 0 || resultsErr != nil || idleErr != nil {
				t.Errorf("limit %d: got %d entries and devices and errors %v and %v, want none", limit, n, resultsErr, idleErr)
			}
		}
	})
}

// Who has read an entry goes on behind it, though it is no longer there.
func TestCursorOutlivesItsEntry(t *testing.T) {
	each(t, func(t *testing.T, k kind) {
		s, _ := k.store(t)
		register(t, s, pc, "pc-2")
		commit(t, s, event(t, s, pc, "first"))
		entries, err := s.Results(t.Context(), "", 10)
		if err != nil || len(entries) != 1 {
			t.Fatalf("Results: got %d entries and error %v, want 1", len(entries), err)
		}
		if err := s.Unregister(t.Context(), pc); err != nil {
			t.Fatal(err)
		}
		after := entries[0].Cursor
		entries, err = s.Results(t.Context(), after, 10)
		if err != nil || len(entries) != 0 {
			t.Fatalf("Results: got %d entries and error %v, want none", len(entries), err)
		}
		commit(t, s, event(t, s, "pc-2", "second"))
		entries, err = s.Results(t.Context(), after, 10)
		if err != nil || len(entries) != 1 || entries[0].Event.Type != "second" {
			t.Errorf("Results after the cursor of an entry forgotten: got %d entries and error %v, want the second", len(entries), err)
		}
	})
}

// A transaction of another process keeps a store waiting until the deadline; nothing has happened then.
func TestDeadline(t *testing.T) {
	file := filepath.Join(t.TempDir(), "gomadm.db")
	s := newStore(open(t, "sqlite", sqliteDSN(file)), sqlstore.SQLite)
	migrate(t, s)
	register(t, s, pc)
	c := event(t, s, pc, "e")

	other, err := open(t, "sqlite", sqliteDSN(file)+"&_txlock=immediate").BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	wantError(t, "Commit while another process writes", s.Commit(ctx, c), context.DeadlineExceeded)
	wantError(t, "Commit after the deadline", s.Commit(ctx, c), context.DeadlineExceeded)
	if err := other.Rollback(); err != nil {
		t.Fatal(err)
	}
	commit(t, s, c)
}

// The lists of a change take effect in their order, and Close comes after Session.
func TestSessionKeptAndClosedAtOnceIsClosed(t *testing.T) {
	each(t, func(t *testing.T, k kind) {
		s, _ := k.store(t)
		register(t, s, pc)
		c := event(t, s, pc, "e")
		c.Session.Parts, c.Part = 1, []byte("part")
		c.Close = []session.State{{ID: "1"}}
		commit(t, s, c)
		rec := load(t, s, pc)
		want(t, "sessions and parts", []int{len(rec.Sessions), len(rec.Parts)}, []int{0, 0})
	})
}

// Load returns what its sessions have, and nothing that another one had.
func TestRequestOfASessionThatIsGoneIsNotReturned(t *testing.T) {
	each(t, func(t *testing.T, k kind) {
		s, _ := k.store(t)
		register(t, s, pc)
		if err := s.Enqueue(t.Context(), pc, get("kept"), get("gone")); err != nil {
			t.Fatal(err)
		}
		c := event(t, s, pc, "e")
		c.Lease = []session.Lease{{Request: "kept", Session: ":1", Attempts: 1}, {Request: "gone", Session: ":2", Attempts: 1}}
		commit(t, s, c)
		want(t, "requests", waiting(t, s, pc), []omadm.RequestID{"kept"})
	})
}
