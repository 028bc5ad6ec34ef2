package stores_test

import (
	"context"
	"database/sql"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"

	"github.com/gomadm/gomadm/examples/server/pgtest"
	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
	"github.com/gomadm/gomadm/session/memstore"
	"github.com/gomadm/gomadm/session/sessiontest"
	"github.com/gomadm/gomadm/session/sqlstore"
)

// kind is a kind of database.
type kind struct {
	name string
	open func(t testing.TB) *sql.DB // an empty one, which is closed when the test ends
	sqlstore.Dialect
}

var kinds = []kind{
	{"SQLite", openSQLite, sqlstore.SQLite},
	{"PostgreSQL", openPostgreSQL, sqlstore.PostgreSQL},
}

func openSQLite(t testing.TB) *sql.DB {
	return open(t, "sqlite", sqliteDSN(filepath.Join(t.TempDir(), "gomadm.db")))
}

// sqliteDSN is what the documentation of sqlstore advises, but that nothing waits for the disk.
func sqliteDSN(file string) string {
	return "file:" + file + "?_pragma=busy_timeout(100)&_pragma=journal_mode(wal)&_pragma=synchronous(off)"
}

func openPostgreSQL(t testing.TB) *sql.DB { return open(t, "pgx", pgtest.Schema(t)) }

func open(t testing.TB, driver, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxIdleConns(16) // a connection of PostgreSQL is dear, and some tests have many goroutines
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// store is a store of which what is about results waits for older transactions of other tests on the same server of
// PostgreSQL.
type store struct {
	*sqlstore.Store
	db *sql.DB
	sqlstore.Dialect
}

func newStore(db *sql.DB, d sqlstore.Dialect) store {
	return store{sqlstore.New(db, d, sqlstore.Options{}), db, d}
}

func (s store) Results(ctx context.Context, after session.Cursor, limit int) ([]session.Entry, error) {
	if err := s.settle(ctx); err != nil {
		return nil, err
	}
	return s.Store.Results(ctx, after, limit)
}

func (s store) History(
	ctx context.Context, id omadm.DeviceID, after session.Cursor, limit int,
) ([]session.Entry, error) {
	if err := s.settle(ctx); err != nil {
		return nil, err
	}
	return s.Store.History(ctx, id, after, limit)
}

func (s store) Prune(ctx context.Context, through session.Cursor, limit int) (int, error) {
	if err := s.settle(ctx); err != nil {
		return 0, err
	}
	return s.Store.Prune(ctx, through, limit)
}

// settle returns when the entries that there are now can be read.
func (s store) settle(ctx context.Context) error {
	if s.Dialect != sqlstore.PostgreSQL {
		return nil
	}
	var last, ended int64
	err := s.db.QueryRowContext(ctx, `SELECT coalesce(max(tx), 0) FROM gomadm_results`).Scan(&last)
	for err == nil && ended <= last {
		err = s.db.QueryRowContext(ctx, `SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint`).Scan(&ended)
	}
	return err
}

// store returns a store in an empty database.
func (k kind) store(t testing.TB) (store, *sql.DB) {
	t.Helper()
	db := k.open(t)
	s := newStore(db, k.Dialect)
	migrate(t, s)
	return s, db
}

func migrate(t testing.TB, s store) {
	t.Helper()
	if err := s.Migrate(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// each runs a test on each kind of database.
func each(t *testing.T, test func(t *testing.T, k kind)) {
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) { test(t, k) })
	}
}

// clear removes all rows but those of versions.
func clear(t testing.TB, db *sql.DB) {
	t.Helper()
	for _, table := range tables {
		execute(t, db, "DELETE FROM "+table)
	}
}

var tables = []string{
	"gomadm_devices", "gomadm_facts", "gomadm_awaited", "gomadm_sessions", "gomadm_parts", "gomadm_requests", "gomadm_ids",
	"gomadm_results", "gomadm_pushes",
}

func execute(t testing.TB, db *sql.DB, statement string) {
	t.Helper()
	if _, err := db.ExecContext(context.Background(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func TestStore(t *testing.T) {
	t.Run("memory", func(t *testing.T) {
		sessiontest.TestStore(t, func(*testing.T) session.Store { return new(memstore.Store) })
	})
	each(t, func(t *testing.T, k kind) {
		s, db := k.store(t)
		sessiontest.TestStore(t, func(t *testing.T) session.Store {
			clear(t, db)
			return s
		})
	})
}

// Two stores with connections of their own serve one database, as two processes do: no call finds what the one before left.
func TestTwoStoresOnOneDatabase(t *testing.T) {
	t.Run("SQLite", func(t *testing.T) {
		dsn := sqliteDSN(filepath.Join(t.TempDir(), "gomadm.db"))
		testTwo(t, sqlstore.SQLite, open(t, "sqlite", dsn), open(t, "sqlite", dsn))
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		dsn := pgtest.Schema(t)
		testTwo(t, sqlstore.PostgreSQL, open(t, "pgx", dsn), open(t, "pgx", dsn))
	})
}

func testTwo(t *testing.T, d sqlstore.Dialect, first, second *sql.DB) {
	both := &turns{stores: [2]store{newStore(first, d), newStore(second, d)}}
	migrate(t, both.stores[0])
	sessiontest.TestStore(t, func(t *testing.T) session.Store {
		clear(t, first)
		return both
	})
}

// turns gives each call to the other one of two stores.
type turns struct {
	stores [2]store
	calls  atomic.Uint64
}

func (s *turns) next() store { return s.stores[s.calls.Add(1)%2] }

func (s *turns) Load(ctx context.Context, q session.Query) (*session.Record, error) {
	return s.next().Load(ctx, q)
}

func (s *turns) Commit(ctx context.Context, c *session.Change) error { return s.next().Commit(ctx, c) }

func (s *turns) Enqueue(ctx context.Context, id omadm.DeviceID, reqs ...omadm.Request) error {
	return s.next().Enqueue(ctx, id, reqs...)
}

func (s *turns) Register(ctx context.Context, d session.Device) error {
	return s.next().Register(ctx, d)
}

func (s *turns) Unregister(ctx context.Context, id omadm.DeviceID) error {
	return s.next().Unregister(ctx, id)
}

func (s *turns) Results(ctx context.Context, after session.Cursor, limit int) ([]session.Entry, error) {
	return s.next().Results(ctx, after, limit)
}

func (s *turns) Cancel(
	ctx context.Context, id omadm.DeviceID, at time.Time, reqs ...omadm.RequestID,
) ([]omadm.RequestID, error) {
	return s.next().Cancel(ctx, id, at, reqs...)
}

func (s *turns) Idle(ctx context.Context, before time.Time, limit int) ([]omadm.DeviceID, error) {
	return s.next().Idle(ctx, before, limit)
}

func (s *turns) Devices(ctx context.Context, after omadm.DeviceID, limit int) ([]omadm.DeviceID, error) {
	return s.next().Devices(ctx, after, limit)
}

func (s *turns) Requests(
	ctx context.Context, id omadm.DeviceID, after session.Cursor, limit int,
) ([]session.Queued, error) {
	return s.next().Requests(ctx, id, after, limit)
}

func (s *turns) History(
	ctx context.Context, id omadm.DeviceID, after session.Cursor, limit int,
) ([]session.Entry, error) {
	return s.next().History(ctx, id, after, limit)
}

func (s *turns) Prune(ctx context.Context, through session.Cursor, limit int) (int, error) {
	return s.next().Prune(ctx, through, limit)
}

func (s *turns) Channel(ctx context.Context, id omadm.DeviceID) (session.Channel, error) {
	return s.next().Channel(ctx, id)
}

func (s *turns) SetChannel(ctx context.Context, id omadm.DeviceID, c session.Channel) error {
	return s.next().SetChannel(ctx, id, c)
}

func (s *turns) Woken(ctx context.Context, id omadm.DeviceID, at time.Time, window time.Duration) (bool, error) {
	return s.next().Woken(ctx, id, at, window)
}

func (s *turns) NotWoken(ctx context.Context, id omadm.DeviceID, at time.Time) error {
	return s.next().NotWoken(ctx, id, at)
}

// Each table can be replaced by one that is partitioned by device and is like it in all else, as DESIGN.md shows.
func TestStoreOnHashPartitions(t *testing.T) {
	s, db := kinds[1].store(t)
	partition(t, db)
	sessiontest.TestStore(t, func(t *testing.T) session.Store {
		clear(t, db)
		return s
	})
}

func partition(t testing.TB, db *sql.DB) {
	t.Helper()
	for _, table := range tables {
		for _, statement := range []string{
			"ALTER TABLE % RENAME TO %_whole",
			"CREATE TABLE % (LIKE %_whole INCLUDING ALL) PARTITION BY HASH (device)",
			"CREATE TABLE %_0 PARTITION OF % FOR VALUES WITH (MODULUS 2, REMAINDER 0)",
			"CREATE TABLE %_1 PARTITION OF % FOR VALUES WITH (MODULUS 2, REMAINDER 1)",
			"DROP TABLE %_whole",
		} {
			execute(t, db, strings.ReplaceAll(statement, "%", table))
		}
	}
}
