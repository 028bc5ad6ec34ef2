package vendorstore_test

import (
	"context"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/gomadm/gomadm/examples/server/vendorstore"
	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
)

// The tests of this file stop a call of the store in the middle: it waits for something that a transaction has under lock.

// awaitWaiting returns when so many calls wait for locks, or done has something.
func awaitWaiting[T any](t *testing.T, s *vendorstore.Store, calls int, done <-chan T) {
	t.Helper()
	for len(done) == 0 {
		n := list(t, s, `SELECT query FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`)
		if len(n) >= calls {
			return
		}
	}
}

// start starts a call and returns where its error goes.
func start(call func(context.Context) error) <-chan error {
	done := make(chan error, 1)
	go func() { done <- call(context.Background()) }()
	return done
}

func end(t *testing.T, tx pgx.Tx, calls ...<-chan error) {
	t.Helper()
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, done := range calls {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
}

// stopCommit starts a Commit to pc that has done all but closing session 1, which the transaction holds.
func stopCommit(t *testing.T, s *vendorstore.Store, c *session.Change) (pgx.Tx, <-chan error) {
	t.Helper()
	commit(t, s, func(*session.Change) {})
	tx := begin(t, s)
	if _, err := tx.Exec(t.Context(), `SELECT FROM dm_sessions FOR UPDATE`); err != nil {
		t.Fatal(err)
	}
	c.Device, c.Revision, c.Close = pc, load(t, s).Revision, []session.State{{ID: "1"}}
	done := start(func(ctx context.Context) error { return s.Commit(ctx, c) })
	awaitWaiting(t, s, 1, done)
	return tx, done
}

// A device is answered while a transaction that has something for it goes on.
func TestCommitDoesNotWaitForAnEnqueue(t *testing.T) {
	s := newStore(t)
	register(t, s)
	tx := begin(t, s)
	if err := vendorstore.Enqueue(t.Context(), tx, pc, get("a")); err != nil {
		t.Fatal(err)
	}
	commit(t, s, func(*session.Change) {})
	want(t, "requests before the transaction is committed", waiting(t, s), []omadm.RequestID{})
	end(t, tx)
	want(t, "requests", waiting(t, s), []omadm.RequestID{"a"})
}

// A transaction of the product is not held up by a device that is being answered.
func TestEnqueueDoesNotWaitForACommit(t *testing.T) {
	s := newStore(t)
	register(t, s)
	tx, committed := stopCommit(t, s, new(session.Change))
	if err := s.Enqueue(t.Context(), pc, get("a")); err != nil {
		t.Fatal(err)
	}
	end(t, tx, committed)
	want(t, "requests", waiting(t, s), []omadm.RequestID{"a"})
}

// A device that is unregistered meanwhile gets nothing: Enqueue is before that, or fails.
func TestNothingIsEnqueuedToADeviceThatIsUnregistered(t *testing.T) {
	s := newStore(t)
	register(t, s)
	tx := begin(t, s)
	if err := vendorstore.Enqueue(t.Context(), tx, pc, get("a")); err != nil {
		t.Fatal(err)
	}
	unregistered := start(func(ctx context.Context) error { return s.Unregister(ctx, pc) })
	awaitWaiting(t, s, 1, unregistered)
	end(t, tx, unregistered)
	want(t, "commands left", list(t, s, `SELECT dm_request FROM commands WHERE dm_request IS NOT NULL`), []string{})
	register(t, s)
	want(t, "requests of the device registered anew", waiting(t, s), []omadm.RequestID{})
}

// What is committed between two of its statements is no part of a Load, or all of it is.
func TestLoadIsOneSnapshot(t *testing.T) {
	s := newStore(t)
	register(t, s)
	config := s.Pool.Config()
	config.MaxConns = 1 // one that has prepared the statements, which would wait before the first of them
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	reader := &vendorstore.Store{Pool: pool}
	load(t, reader)

	tx := begin(t, s)
	if _, err := tx.Exec(t.Context(), `LOCK TABLE dm_sessions; UPDATE dm_devices SET facts = '{"new": "1"}'`); err != nil {
		t.Fatal(err)
	}
	var rec *session.Record
	loaded := start(func(ctx context.Context) (err error) {
		rec, err = reader.Load(ctx, session.Query{Device: pc, Now: noon, Limit: 10, Octets: 1 << 20})
		return err
	})
	awaitWaiting(t, s, 1, loaded)
	if err := vendorstore.Enqueue(t.Context(), tx, pc, get("new")); err != nil {
		t.Fatal(err)
	}
	end(t, tx, loaded)
	if facts, requests := len(rec.Device.Facts), len(rec.Requests); facts != requests {
		t.Errorf("Load: got %d facts and %d requests of one transaction, want both or none", facts, requests)
	}
}

// A reader who goes on after the last entry he saw misses none.
func TestEntriesAppearInTheOrderOfTheirCursors(t *testing.T) {
	s := newStore(t)
	register(t, s)
	if err := s.Register(t.Context(), session.Device{ID: "pc-2"}); err != nil {
		t.Fatal(err)
	}
	rec, err := s.Load(t.Context(), session.Query{Device: "pc-2"})
	if err != nil {
		t.Fatal(err)
	}
	tx, first := stopCommit(t, s, &session.Change{Events: []omadm.Event{{Type: "first", At: noon}}})
	second := start(func(ctx context.Context) error {
		events := []omadm.Event{{Type: "second", At: noon}}
		return s.Commit(ctx, &session.Change{Device: "pc-2", Revision: rec.Revision, Events: events})
	})
	awaitWaiting(t, s, 2, second)

	var seen []string
	var after session.Cursor
	look := func() {
		entries, err := s.Results(t.Context(), after, 10)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			seen, after = append(seen, e.Event.Type), e.Cursor
		}
	}
	look()
	end(t, tx, first, second)
	look()
	slices.Sort(seen)
	want(t, "events seen", seen, []string{"first", "second"})
}

// What a device is being sent cannot be canceled.
func TestCancelWaitsForACommit(t *testing.T) {
	s := newStore(t)
	register(t, s)
	if err := s.Enqueue(t.Context(), pc, get("sent"), get("waits")); err != nil {
		t.Fatal(err)
	}
	tx, committed := stopCommit(t, s, &session.Change{
		Session: session.State{ID: "2"},
		Lease:   []session.Lease{{Request: "sent", Session: ":2", Attempts: 1}},
	})
	var ids []omadm.RequestID
	canceled := start(func(ctx context.Context) (err error) {
		ids, err = s.Cancel(ctx, pc, noon, "sent", "waits")
		return err
	})
	awaitWaiting(t, s, 2, canceled)
	end(t, tx, committed, canceled)
	want(t, "canceled requests", ids, []omadm.RequestID{"waits"})
	want(t, "requests", waiting(t, s), []omadm.RequestID{"sent"})
}
