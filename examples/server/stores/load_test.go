package stores_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/gomadm/gomadm/examples/server/pgtest"
	"github.com/gomadm/gomadm/examples/server/vendorstore"
	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
	"github.com/gomadm/gomadm/session/memstore"
	"github.com/gomadm/gomadm/session/sqlstore"
)

// subject is a store whose results are read.
type subject struct {
	store interface {
		session.Store
		session.Registrar
		session.Results
	}
	settle func(context.Context) error // returns when what was committed can be read; nil: it can

	// On PostgreSQL hold is the statement with which a transaction keeps a Commit to a device waiting in its middle.
	db   *sql.DB
	hold string
}

// holdSession is subject.hold of sqlstore.
const holdSession = `SELECT FROM gomadm_sessions WHERE device = $1 FOR UPDATE`

var subjects = []struct {
	name string
	open func(t *testing.T) subject
}{
	{"memory", func(*testing.T) subject { return subject{store: new(memstore.Store)} }},
	{"SQLite", func(t *testing.T) subject {
		s, _ := kinds[0].store(t)
		return subject{store: s.Store}
	}},
	{"PostgreSQL", func(t *testing.T) subject {
		s, db := kinds[1].store(t)
		return subject{s.Store, s.settle, db, holdSession}
	}},
	{"hash partitions", func(t *testing.T) subject {
		s, db := kinds[1].store(t)
		partition(t, db)
		return subject{s.Store, s.settle, db, holdSession}
	}},
	{"vendorstore", openVendor},
}

func openVendor(t *testing.T) subject {
	dsn := pgtest.Schema(t)
	pool, err := pgxpool.New(context.Background(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	for _, name := range []string{"schema.sql", "migration.sql"} {
		b, err := os.ReadFile("../vendorstore/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := pool.Exec(t.Context(), string(b)); err != nil {
			t.Fatal(err)
		}
	}
	return subject{
		store: &vendorstore.Store{Pool: pool}, db: open(t, "pgx", dsn),
		hold: `SELECT FROM dm_sessions WHERE device_id = (SELECT id FROM devices WHERE udid = convert_from($1, 'UTF8')) FOR UPDATE`,
	}
}

// A reader that never goes back reads each entry once, and those of a device in order, while many devices report. Where
// transactions can, some end long after others that began later.
func TestEachResultIsReadOnceUnderLoad(t *testing.T) {
	reports := 15
	if os.Getenv("GOMADM_LONG") == "1" {
		reports = 500
	}
	for _, tt := range subjects {
		t.Run(tt.name, func(t *testing.T) {
			l := newTraffic(t, tt.open(t), reports)
			l.start()
			r := reader{subject: l.subject, next: make(map[omadm.DeviceID]int)}
			for !l.over() {
				r.page(t)
			}
			if err := <-l.done; err != nil {
				t.Fatal(err)
			}
			if l.settle != nil {
				if err := l.settle(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			for r.page(t) > 0 {
			}
			for d := range l.counts {
				want(t, "events read of device "+strconv.Itoa(d), r.next[deviceN(d)], int(l.counts[d].Load()))
			}
			if l.db != nil && l.overtaken.Load() == 0 {
				t.Error("no transaction ended after one that began later")
			}
		})
	}
}

func deviceN(n int) omadm.DeviceID { return omadm.DeviceID(fmt.Sprintf("device-%d", n)) }

// reader reads results, and knows which event comes next.
type reader struct {
	subject
	after session.Cursor
	next  map[omadm.DeviceID]int
}

// page reads so many entries.
func (r *reader) page(t *testing.T) int {
	t.Helper()
	entries, err := r.store.Results(t.Context(), r.after, 7)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if got, want := e.Event.Type, strconv.Itoa(r.next[e.Device]); got != want {
			t.Fatalf("event of %s: got %s, want %s", e.Device, got, want)
		}
		r.next[e.Device]++
		r.after = e.Cursor
	}
	return len(entries)
}

// traffic is devices that report at once.
type traffic struct {
	subject
	reports   int
	counts    [6]atomic.Int64 // of the reports of each device
	overtaken atomic.Int64    // Commits that ended after some that began later
	ended     atomic.Bool
	done      chan error
}

func newTraffic(t *testing.T, s subject, reports int) *traffic {
	l := &traffic{subject: s, reports: reports, done: make(chan error, 1)}
	for d := range l.counts {
		if err := s.store.Register(t.Context(), session.Device{ID: deviceN(d)}); err != nil {
			t.Fatal(err)
		}
		if err := l.report(d); err != nil { // makes the session
			t.Fatal(err)
		}
	}
	return l
}

func (l *traffic) start() {
	errs := make([]error, len(l.counts)+1)
	var all sync.WaitGroup
	for d := range l.counts {
		all.Go(func() {
			for !l.finished(d) && errs[d] == nil {
				errs[d] = l.report(d)
			}
			if errs[d] != nil {
				l.ended.Store(true)
			}
		})
	}
	if l.db != nil {
		all.Go(func() {
			for d := 0; !l.over() && errs[len(l.counts)] == nil; d++ {
				errs[len(l.counts)] = l.overtake(d % len(l.counts))
			}
		})
	}
	go func() {
		all.Wait()
		l.ended.Store(true)
		l.done <- errors.Join(errs...)
	}()
}

// report commits the next event of a device.
func (l *traffic) report(d int) error {
	rec, err := l.store.Load(context.Background(), session.Query{Device: deviceN(d)})
	if err != nil {
		return err
	}
	n := l.counts[d].Load()
	err = l.store.Commit(context.Background(), &session.Change{
		Device: deviceN(d), Revision: rec.Revision, Session: session.State{ID: "1", Seen: noon},
		Events: []omadm.Event{{Alert: omadm.AlertGeneric, Type: strconv.FormatInt(n, 10), At: noon}},
	})
	if err == nil {
		l.counts[d].Add(1)
	}
	return err
}

// finished reports whether a device has reported often enough: also until a Commit was overtaken, as far as patience goes.
func (l *traffic) finished(d int) bool {
	const patience = 100
	n := l.counts[d].Load()
	return n >= int64(l.reports) && (l.db == nil || l.overtaken.Load() > 0 || n >= int64(patience*l.reports))
}

// over reports whether all devices have reported, or one cannot.
func (l *traffic) over() bool {
	if l.ended.Load() {
		return true
	}
	return l.allFinished(-1)
}

// others is how often the other devices have reported.
func (l *traffic) others(than int) (n int64) {
	for d := range l.counts {
		if d != than {
			n += l.counts[d].Load()
		}
	}
	return n
}

// allFinished reports whether all devices have finished but one.
func (l *traffic) allFinished(but int) bool {
	for d := range l.counts {
		if d != but && !l.finished(d) {
			return false
		}
	}
	return true
}

// overtake keeps a Commit to a device waiting, which has its number by then, until others that began later have ended.
func (l *traffic) overtake(d int) (err error) {
	tx, err := l.db.BeginTx(context.Background(), nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, tx.Commit()) }()
	if _, err := tx.ExecContext(context.Background(), l.hold, []byte(deviceN(d))); err != nil {
		return err
	}
	for waits := false; !waits; runtime.Gosched() {
		if l.finished(d) || l.ended.Load() {
			return nil
		}
		err := tx.QueryRowContext(context.Background(), `SELECT EXISTS (
			SELECT FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid)))`).Scan(&waits)
		if err != nil {
			return err
		}
	}
	before := l.others(d)
	for l.others(d) < before+4 && !l.allFinished(d) && !l.ended.Load() {
		runtime.Gosched()
	}
	if l.others(d) > before+1 { // of which one may have begun before
		l.overtaken.Add(1)
	}
	return nil
}

// Entries are forgotten while devices come, get requests under the same id, and go. An id is forgotten with the outcome of
// its request and not before, and no two are in the way of each other.
func TestPruneWhileDevicesComeAndGo(t *testing.T) {
	each(t, func(t *testing.T, k kind) {
		s, db := k.store(t)
		if k.Dialect == sqlstore.PostgreSQL {
			s.Store = sqlstore.New(db, k.Dialect, sqlstore.Options{Patience: 1}) // a deadlock is an error
		}
		const devices, rounds = 5, 4
		var left atomic.Int64
		left.Store(devices)
		errs := make([]error, devices)
		var all sync.WaitGroup
		for d := range devices {
			all.Go(func() {
				defer left.Add(-1)
				for range rounds {
					if errs[d] == nil {
						errs[d] = comeAndGo(s, deviceN(d))
					}
				}
			})
		}
		var through session.Cursor
		forgotten := 0
		for left.Load() > 0 {
			entries, err := s.Store.Results(t.Context(), through, 5)
			if err != nil {
				t.Fatal(err)
			}
			if len(entries) > 0 {
				through = entries[len(entries)-1].Cursor
			}
			n, err := s.Store.Prune(t.Context(), through, 3)
			if err != nil {
				t.Fatal(err)
			}
			forgotten += n
		}
		all.Wait()
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err)
		}
		if forgotten < devices*rounds {
			t.Errorf("got %d entries forgotten, want %d at least", forgotten, devices*rounds)
		}
	})
}

// comeAndGo registers a device, ends a request, awaits that its id is forgotten, ends another under that id, and
// unregisters the device, whose last entry may be forgotten or not.
func comeAndGo(s store, id omadm.DeviceID) error {
	ctx := context.Background()
	if err := s.Register(ctx, session.Device{ID: id}); err != nil {
		return err
	}
	first, other := get("r"), get("r")
	other.Priority = 1
	if err := s.Enqueue(ctx, id, first); err != nil {
		return err
	}
	if err := s.Enqueue(ctx, id, other); !errors.Is(err, session.ErrExists) {
		return fmt.Errorf("Enqueue under the id of a request that waits: got error %w, want ErrExists", err)
	}
	if err := endRequest(s, id); err != nil {
		return err
	}
	err := session.ErrExists
	for errors.Is(err, session.ErrExists) {
		err = s.Enqueue(ctx, id, other)
	}
	if err != nil {
		return err
	}
	for range 3 {
		if err := s.Enqueue(ctx, id, first); !errors.Is(err, session.ErrExists) {
			return fmt.Errorf("Enqueue under the id of a request that is there again: got error %w, want ErrExists", err)
		}
	}
	if err := endRequest(s, id); err != nil {
		return err
	}
	return s.Unregister(ctx, id)
}

// endRequest ends the request r of a device.
func endRequest(s store, id omadm.DeviceID) error {
	rec, err := s.Load(context.Background(), session.Query{Device: id, Now: noon, Limit: 1, Octets: 1})
	if err != nil {
		return err
	}
	return s.Commit(context.Background(), &session.Change{
		Device: id, Revision: rec.Revision, Finish: []omadm.Outcome{{Request: "r", Kind: omadm.Done, At: noon}},
	})
}
