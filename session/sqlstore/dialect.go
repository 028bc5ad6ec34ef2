package sqlstore

import (
	"context"
	"database/sql"
	"errors"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
)

// Dialect is a kind of database.
type Dialect uint8

// The dialects.
const (
	SQLite     Dialect = iota // 3.35 or newer
	PostgreSQL                // 15 or newer, by a driver that takes slices as arrays, as that of pgx does
)

var dialectNames = [...]string{SQLite: "sqlite", PostgreSQL: "postgresql"}

// String returns the name of the dialect in lower case.
func (d Dialect) String() string { return dialectNames[d] }

// engine returns the engine for a store with a group.
func (d Dialect) engine(g Group) engine {
	if d == PostgreSQL {
		return postgres{}
	}
	_ = dialectNames[d] // or it is none
	if g.Size < 2 {
		g.Delay = 0
	}
	return newSQLite(g.Delay)
}

// engine is what differs between the databases.
//
// In statements that they share the parameters come up first in the order of their numbers, since SQLite gives a name such
// as $2 the next number that is free.
type engine interface {
	// write does something in one write transaction.
	write(ctx context.Context, db *sql.DB, do func(conn) error) error
	// undone reports whether an error says that nothing happened because of another transaction.
	undone(err error) bool
	// locks are the clauses with which a SELECT locks a device.
	locks() locks

	// turns is how many commits may be called at once: all but one wait, and do not ask yet for what they have to do.
	turns() int
	// commit does writes of different devices in one transaction, and says in each what became of it. They are those that
	// next returns when the database can take them. If it returns an error, that is the error of all; it is *refused if
	// some of them alone may succeed.
	commit(ctx context.Context, db *sql.DB, next func() []*write) error
	// apply does a write, which adds no requests, in a transaction that has the revision under lock.
	apply(ctx context.Context, c conn, w *write) error

	// load reads records from one state of the database, and says in each read what became of it. They are those that next
	// returns when the database can take them. If it returns an error, that is the error of all.
	load(ctx context.Context, db *sql.DB, next func() []*read) error
	// results returns entries after a cursor, of a device or, if that is nil, of all.
	results(ctx context.Context, c conn, of *omadm.DeviceID, after session.Cursor, limit int) ([]session.Entry, error)
	// prune forgets entries through a cursor and the ids of the requests that ended with them, in a transaction.
	prune(ctx context.Context, c conn, through session.Cursor, limit int) (int, error)

	// guard is the statement that keeps other processes from migrating, "" if there is nothing to say.
	guard() string
	migrations() string
}

// locks are the clauses with which a SELECT locks a device until the transaction ends.
type locks struct {
	share  string // it stays registered
	update string // it stays as it is
}

// conn is a *sql.DB, *sql.Conn or *sql.Tx.
type conn interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// stale says why there is no device with a revision.
func stale(ctx context.Context, c conn, device []byte) error {
	var revision int64
	err := c.QueryRowContext(ctx, selectRevision, device).Scan(&revision)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return session.ErrUnknownDevice
	case err != nil:
		return err
	}
	return session.ErrConflict
}

// errNotOpen is the error of a change that is not about the queue as it is.
var errNotOpen = errors.New("the change is about a request that is neither waiting nor leased")
