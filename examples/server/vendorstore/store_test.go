package vendorstore_test

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/gomadm/gomadm/examples/server/pgtest"
	"github.com/gomadm/gomadm/examples/server/vendorstore"
	"github.com/gomadm/gomadm/session"
	"github.com/gomadm/gomadm/session/sessiontest"
)

var (
	_ session.Store     = (*vendorstore.Store)(nil)
	_ session.Registrar = (*vendorstore.Store)(nil)
	_ session.Results   = (*vendorstore.Store)(nil)
	_ session.Idler     = (*vendorstore.Store)(nil)
	_ session.Canceler  = (*vendorstore.Store)(nil)
)

// rows are what the product has of its own: a device that the engine knows nothing of, and what it did.
const rows = `
	INSERT INTO devices (udid, platform) VALUES ('phone-1', 'ios');
	INSERT INTO commands (device_id, payload) SELECT id, 'waits' FROM devices WHERE udid = 'phone-1';
	WITH command AS (
		INSERT INTO commands (device_id, payload, status, finished_at)
		SELECT id, 'is over', 'done', now() FROM devices WHERE udid = 'phone-1' RETURNING uuid)
	INSERT INTO command_results (command_uuid, code, result) SELECT uuid, 0, '{}' FROM command`

// newStore returns a store over tables that had the rows of the product before the migration.
func newStore(t *testing.T) *vendorstore.Store {
	t.Helper()
	pool, err := pgxpool.New(context.Background(), pgtest.Schema(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	s := &vendorstore.Store{Pool: pool}
	execute(t, s, read(t, "schema.sql"))
	execute(t, s, rows)
	execute(t, s, read(t, "migration.sql"))
	return s
}

func execute(t *testing.T, s *vendorstore.Store, sql string) {
	t.Helper()
	if _, err := s.Pool.Exec(context.Background(), sql); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestStore(t *testing.T) {
	s := newStore(t)
	sessiontest.TestStore(t, func(t *testing.T) session.Store {
		execute(t, s, "DELETE FROM command_results; DELETE FROM commands; DELETE FROM devices;"+rows)
		return s
	})
}

// The store shows how little the contract asks for.
func TestStoreHasAtMost300Lines(t *testing.T) {
	if n := strings.Count(read(t, "store.go"), "\n"); n > 300 {
		t.Errorf("store.go has %d lines, want at most 300", n)
	}
}
