package stores_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
)

// A reader that goes on after the last entry it saw misses none, though a transaction that began first ends last.
func TestResultsStepOverNoTransactionThatGoesOn(t *testing.T) {
	s, db := kinds[1].store(t)
	register(t, s, pc, "pc-2")
	commit(t, s, event(t, s, pc, "before"))
	if err := s.settle(t.Context()); err != nil {
		t.Fatal(err)
	}

	// The first Commit has its number when it waits for the session, which the transaction holds.
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.ExecContext(t.Context(), `SELECT FROM gomadm_sessions FOR UPDATE`); err != nil {
		t.Fatal(err)
	}
	c := event(t, s, pc, "first")
	c.Close = []session.State{{ID: "1"}}
	c.Session = session.State{}
	first := make(chan error, 1)
	go func() { first <- s.Commit(context.Background(), c) }()
	awaitLock(t, db, first)
	commit(t, s, event(t, s, "pc-2", "second"))

	var seen []string
	var after session.Cursor
	look := func() {
		t.Helper()
		entries, err := s.Store.Results(t.Context(), after, 10)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			seen, after = append(seen, e.Event.Type), e.Cursor
		}
	}
	look()
	want(t, "events seen while the first Commit goes on", seen, []string{"before"})
	history, err := s.Store.History(t.Context(), "pc-2", "", 10)
	if err != nil {
		t.Fatal(err)
	}
	want(t, "number of events of the second device meanwhile", len(history), 0)
	second := texts(t, db, `SELECT tx || '-' || nth FROM gomadm_results ORDER BY tx DESC LIMIT 1`)
	_, err = s.Store.Prune(t.Context(), session.Cursor(second[0]), 10)
	wantError(t, "Prune through the second meanwhile", err, session.ErrCursor)
	if n, err := s.Store.Prune(t.Context(), after, 10); n != 1 || err != nil {
		t.Fatalf("Prune through the one before: got %d and error %v, want 1", n, err)
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	if err := <-first; err != nil {
		t.Fatal(err)
	}
	if err := s.settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	look()
	want(t, "events seen", seen, []string{"before", "first", "second"})
}

// awaitLock returns when a call waits for a lock of this test, or done has something.
func awaitLock[T any](t *testing.T, db *sql.DB, done <-chan T) {
	t.Helper()
	for len(done) == 0 {
		n := texts(t, db, `SELECT 1 FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE NOT granted AND query LIKE '%gomadm_%'`)
		if len(n) > 0 {
			return
		}
	}
}

// A device is answered while a transaction that has something for it goes on, and the other way round.
func TestEnqueueTxIsInNobodysWay(t *testing.T) {
	s, db := kinds[1].store(t)
	register(t, s, pc)
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.EnqueueTx(t.Context(), tx, pc, get("a")); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // or it would wait for ever
	defer cancel()
	if err := s.Commit(ctx, event(t, s, pc, "e")); err != nil {
		t.Fatal(err)
	}
	want(t, "requests before the transaction is committed", waiting(t, s, pc), []omadm.RequestID{})

	unregistered := make(chan error, 1)
	go func() { unregistered <- s.Unregister(context.Background(), pc) }()
	awaitLock(t, db, unregistered)
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	if err := <-unregistered; err != nil {
		t.Fatal(err)
	}
	register(t, s, pc)
	want(t, "requests of the device registered anew", waiting(t, s, pc), []omadm.RequestID{})
}

// What is read is found by an index, so that it costs nothing for what else there is.
func TestEachStatementHasAnIndex(t *testing.T) {
	s, db := kinds[1].store(t)
	db.SetMaxOpenConns(1) // the one with the setting, under which a table is only read through if there is no other way
	execute(t, db, "SET enable_seqscan = off")
	scans := func(which string) []string {
		execute(t, db, "SELECT pg_stat_force_next_flush()")
		return texts(t, db, `SELECT relname || ' ' || `+which+` FROM pg_stat_user_tables
			WHERE schemaname = current_schema() AND relname <> 'gomadm_versions' AND `+which+` > 0 ORDER BY relname`)
	}
	before := scans("seq_scan") // of the migration, which makes indexes
	register(t, s, pc, "pc-2")
	for n := range 3 {
		a, b := omadm.RequestID(fmt.Sprintf("a-%d", n)), omadm.RequestID(fmt.Sprintf("b-%d", n))
		if err := s.Enqueue(t.Context(), pc, get(a), get(b)); err != nil {
			t.Fatal(err)
		}
		c := event(t, s, pc, "e")
		c.Session.Parts, c.Part = 1, []byte("part")
		c.Add = []omadm.Request{get(a + "-added")}
		c.Lease = []session.Lease{{Request: a, Session: ":1", Attempts: 1}}
		c.Finish = []omadm.Outcome{{Request: b, Kind: omadm.Done}}
		c.Facts = omadm.Facts{"a": "1", "b": ""}
		c.Awaited = map[string]omadm.RequestID{"a": a, "b": ""}
		c.Nonces = &session.Nonces{Generation: 1}
		c.Close = []session.State{{ID: "2"}}
		commit(t, s, c)
		if _, err := s.Cancel(t.Context(), pc, noon, a, a+"-added"); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Results(t.Context(), "", 10); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Idle(t.Context(), noon.Add(1), 10); err != nil {
			t.Fatal(err)
		}
		list(t, s, pc)
		push(t, s, pc)
	}
	if err := s.Unregister(t.Context(), "pc-2"); err != nil {
		t.Fatal(err)
	}
	entries, err := s.Results(t.Context(), "", 100)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := s.Prune(t.Context(), entries[len(entries)-1].Cursor, 5); n != 5 || err != nil {
		t.Fatalf("Prune: got %d and error %v, want 5", n, err)
	}
	want(t, "tables read through, and how often", scans("seq_scan"), before)
	want(t, "number of tables with an index that was used", len(scans("idx_scan")), len(tables))
}

// list reads all that a Lister has of a device.
func list(t *testing.T, s store, id omadm.DeviceID) {
	t.Helper()
	_, devices := s.Devices(t.Context(), "", 10)
	_, requests := s.Requests(t.Context(), id, "", 10)
	_, history := s.History(t.Context(), id, "", 10)
	if err := errors.Join(devices, requests, history); err != nil {
		t.Fatal(err)
	}
}

// push uses all that a Pushes has for a device.
func push(t *testing.T, s store, id omadm.DeviceID) {
	t.Helper()
	set := s.SetChannel(t.Context(), id, session.Channel{URI: "https://push.example", Expires: noon})
	_, get := s.Channel(t.Context(), id)
	_, woken := s.Woken(t.Context(), id, noon, time.Minute)
	if err := errors.Join(set, get, woken, s.NotWoken(t.Context(), id, noon)); err != nil {
		t.Fatal(err)
	}
}

// Who finds that another forgets the oldest entries awaits it and forgets the next ones.
func TestPruneTakesTurns(t *testing.T) {
	s, db := kinds[1].store(t)
	register(t, s, pc)
	for n := range 4 {
		commit(t, s, event(t, s, pc, fmt.Sprint(n)))
	}
	entries, err := s.Results(t.Context(), "", 10)
	if err != nil || len(entries) != 4 {
		t.Fatalf("Results: got %d entries and error %v, want 4", len(entries), err)
	}
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.ExecContext(t.Context(), `SELECT FROM gomadm_results FOR UPDATE`); err != nil {
		t.Fatal(err)
	}
	type pruned struct {
		n   int
		err error
	}
	done := make(chan pruned, 2)
	for range 2 {
		go func() {
			n, err := s.Store.Prune(context.Background(), entries[3].Cursor, 2)
			done <- pruned{n, err}
		}()
	}
	for waiting := 0; waiting < 2; {
		waiting = len(texts(t, db, `SELECT pid FROM pg_locks JOIN pg_stat_activity USING (pid)
			WHERE NOT granted AND (query LIKE '%gomadm_results%' OR query LIKE '%pg_advisory%')`))
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if p := <-done; p.n != 2 || p.err != nil {
			t.Errorf("Prune: got %d and error %v, want 2", p.n, p.err)
		}
	}
}

// That the oldest entries go because their device is unregistered does not say that none is left.
func TestPruneBesideUnregisterGoesOn(t *testing.T) {
	s, db := kinds[1].store(t)
	register(t, s, pc, "pc-2")
	commit(t, s, event(t, s, pc, "first"))
	commit(t, s, event(t, s, "pc-2", "second"))
	entries, err := s.Results(t.Context(), "", 10)
	if err != nil || len(entries) != 2 {
		t.Fatalf("Results: got %d entries and error %v, want 2", len(entries), err)
	}
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range []string{"gomadm_devices", "gomadm_results"} { // as Unregister does
		if _, err := tx.ExecContext(t.Context(), `DELETE FROM `+table+` WHERE device = $1`, []byte(pc)); err != nil {
			t.Fatal(err)
		}
	}
	done := make(chan error, 1)
	var n int
	go func() {
		var err error
		n, err = s.Store.Prune(context.Background(), entries[1].Cursor, 1)
		done <- err
	}()
	awaitLock(t, db, done)
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil || n != 1 {
		t.Errorf("Prune: got %d and error %v, want 1", n, err)
	}
}

func TestDeadlineOnPostgreSQL(t *testing.T) {
	s, db := kinds[1].store(t)
	register(t, s, pc)
	c := event(t, s, pc, "e")
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.ExecContext(t.Context(), `SELECT FROM gomadm_devices FOR UPDATE`); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Commit(ctx, c) }()
	awaitLock(t, db, done)
	cancel()
	wantError(t, "Commit that was waiting", <-done, context.Canceled)
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
}
