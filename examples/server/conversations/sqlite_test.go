package conversations_test

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"testing"

	_ "modernc.org/sqlite"

	"github.com/gomadm/gomadm/session"
	"github.com/gomadm/gomadm/session/sqlstore"
)

// sqlite is a store in a file. What happens when the power fails is of no interest here.
type sqlite struct {
	*sqlstore.Store
	db *sql.DB
}

func openSQLite(t *testing.T) store {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(t.TempDir(), "gomadm.db")+"?_pragma=journal_mode(wal)&_pragma=synchronous(off)")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	s := sqlite{sqlstore.New(db, sqlstore.SQLite, sqlstore.Options{}), db}
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

// left counts the rows that are left of a conversation, but for those of the device itself.
func (s sqlite) left(ctx context.Context) (string, error) {
	tables := []string{"gomadm_sessions", "gomadm_parts", "gomadm_requests"}
	if _, ok := any(s.Store).(session.Pruner); ok {
		tables = append(tables, "gomadm_ids", "gomadm_results")
	}
	rows := ""
	for _, table := range tables {
		n := 0
		if err := s.db.QueryRowContext(ctx, "SELECT count(*) FROM "+table).Scan(&n); err != nil {
			return "", err
		}
		if n > 0 {
			rows += fmt.Sprintf("%d rows in %s ", n, table)
		}
	}
	return rows, nil
}

func TestConversationsOnSQLite(t *testing.T) {
	first, n := seeds(t, 60, 5000)
	converse(t, first, n, openSQLite)
}
