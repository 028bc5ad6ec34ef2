package sqlstore_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
	"github.com/gomadm/gomadm/session/sqlstore"
)

// fake is a database that answers statements with errors: those that begin with a text, so many times.
type fake struct {
	on    string
	about omadm.DeviceID // only statements about this device; empty: all
	err   error
	times int
	empty string        // queries that begin with it have no rows; empty: all have
	none  bool          // SELECT finds nothing
	gate  chan struct{} // statements that begin with the text wait for an element; nil: none does

	mu  sync.Mutex
	log []string // the first word of each statement

	moving, most int // devices whose revision the transaction moves, and the most of one
}

func (f *fake) open(t *testing.T) *sql.DB {
	db := sql.OpenDB(f)
	db.SetMaxOpenConns(1)
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func (f *fake) answer(ctx context.Context, statement string, args ...driver.NamedValue) error {
	f.mu.Lock()
	statement = strings.TrimSpace(statement)
	f.log = append(f.log, strings.Fields(statement)[0])
	f.follow(statement, args)
	on := strings.HasPrefix(statement, f.on) && (f.about == "" || isAbout(args, f.about))
	gate, err := f.gate, f.err
	if !on || f.times == 0 {
		err = nil
	} else {
		f.times--
	}
	f.mu.Unlock()
	if on && gate != nil {
		select {
		case <-gate:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return err
}

// follow counts the devices of a transaction: those of a statement of PostgreSQL, and on SQLite the statements up to the end.
func (f *fake) follow(statement string, args []driver.NamedValue) {
	switch strings.Fields(statement)[0] {
	case "WITH":
		f.moving = len(theDevices(args))
	case "UPDATE":
		f.moving++
	case "COMMIT":
		f.moving = 0
	}
	f.most = max(f.most, f.moving)
}

// isAbout reports whether the first argument is a device or has it among others.
func isAbout(args []driver.NamedValue, id omadm.DeviceID) bool {
	if len(args) == 0 {
		return false
	}
	for _, device := range theDevices(args) {
		if string(device) == string(id) {
			return true
		}
	}
	return false
}

func theDevices(args []driver.NamedValue) [][]byte {
	if one, ok := args[0].Value.([]byte); ok {
		return [][]byte{one}
	}
	return args[0].Value.([][]byte)
}

// count returns how often a statement began with a word.
func (f *fake) count(word string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for _, w := range f.log {
		if w == word {
			n++
		}
	}
	return n
}

func (f *fake) Connect(context.Context) (driver.Conn, error) { return link{f}, nil }
func (f *fake) Driver() driver.Driver                        { return nil }

// link is a connection to a fake. All of its queries have a row of ones, and a Commit one for each device.
type link struct{ *fake }

func (l link) Prepare(s string) (driver.Stmt, error)                        { return prepared{l, s}, nil }
func (l link) Close() error                                                 { return l.answer(context.Background(), "CLOSE") }
func (l link) Begin() (driver.Tx, error)                                    { return l, l.answer(context.Background(), "BEGIN") }
func (l link) Commit() error                                                { return l.answer(context.Background(), "COMMIT") }
func (l link) Rollback() error                                              { return l.answer(context.Background(), "ROLLBACK") }
func (l link) CheckNamedValue(*driver.NamedValue) error                     { return nil }
func (l link) BeginTx(context.Context, driver.TxOptions) (driver.Tx, error) { return l.Begin() }

func (l link) ExecContext(ctx context.Context, s string, args []driver.NamedValue) (driver.Result, error) {
	return driver.RowsAffected(1), l.answer(ctx, s, args...)
}

func (l link) QueryContext(ctx context.Context, s string, args []driver.NamedValue) (driver.Rows, error) {
	r := &counted{columns: 1, rows: 1}
	if strings.HasPrefix(s, "WITH") {
		r.columns, r.rows = 2, len(theDevices(args))
	}
	if l.none && strings.HasPrefix(strings.TrimSpace(s), "SELECT") || l.empty != "" && strings.HasPrefix(s, l.empty) {
		r.rows = 0
	}
	return r, l.answer(ctx, s, args...)
}

// prepared is a statement of a link.
type prepared struct {
	link
	text string
}

func (p prepared) Close() error                               { return nil }
func (p prepared) NumInput() int                              { return -1 }
func (p prepared) Exec([]driver.Value) (driver.Result, error) { return nil, errors.ErrUnsupported }
func (p prepared) Query([]driver.Value) (driver.Rows, error)  { return nil, errors.ErrUnsupported }
func (p prepared) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	return p.link.ExecContext(ctx, p.text, args)
}

func (p prepared) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	return p.link.QueryContext(ctx, p.text, args)
}

// counted is rows of their numbers.
type counted struct{ columns, rows, read int }

func (r *counted) Columns() []string { return make([]string, r.columns) }
func (r *counted) Close() error      { return nil }

func (r *counted) Next(to []driver.Value) error {
	if r.read == r.rows {
		return io.EOF
	}
	r.read++
	for i := range to {
		to[i] = int64(r.read)
	}
	return nil
}

// coded is an error as the drivers of the two databases have them.
type (
	code  int
	state string
)

func (c code) Error() string     { return "coded" }
func (c code) Code() int         { return int(c) }
func (s state) Error() string    { return "coded" }
func (s state) SQLState() string { return string(s) }

func TestWhatTheDatabaseUndidIsDoneAgain(t *testing.T) {
	for _, tt := range []struct {
		name    string
		dialect sqlstore.Dialect
		on      string
		err     error
		begins  string // the word that each attempt begins with
		again   bool
	}{
		{"SQLITE_BUSY at the begin", sqlstore.SQLite, "BEGIN", code(5), "BEGIN", true},
		{"SQLITE_BUSY_SNAPSHOT", sqlstore.SQLite, "UPDATE", code(5 | 2<<8), "BEGIN", true},
		{"SQLITE_LOCKED", sqlstore.SQLite, "INSERT", code(6), "BEGIN", true},
		{"SQLITE_BUSY at the end", sqlstore.SQLite, "COMMIT", code(5), "BEGIN", true},
		{"SQLITE_FULL", sqlstore.SQLite, "INSERT", code(13), "BEGIN", false},
		{"error without a code", sqlstore.SQLite, "UPDATE", errors.New("lost"), "BEGIN", false},
		{"serialization failure", sqlstore.PostgreSQL, "WITH", state("40001"), "WITH", true},
		{"deadlock", sqlstore.PostgreSQL, "WITH", state("40P01"), "WITH", true},
		{"disk full", sqlstore.PostgreSQL, "WITH", state("53100"), "WITH", false},
		{"lost connection", sqlstore.PostgreSQL, "WITH", io.ErrUnexpectedEOF, "WITH", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := &fake{on: tt.on, err: tt.err, times: 3}
			s := sqlstore.New(f.open(t), tt.dialect, sqlstore.Options{Patience: time.Hour})
			err := s.Commit(t.Context(), change)
			if tt.again {
				if n := f.count(tt.begins); err != nil || n != 4 {
					t.Errorf("Commit: got error %v after %d attempts, want none after 4", err, n)
				}
				return
			}
			if n := f.count(tt.begins); !errors.Is(err, tt.err) || n != 1 {
				t.Errorf("Commit: got error %v after %d attempts, want %v after 1", err, n, tt.err)
			}
		})
	}
}

var change = &session.Change{Device: "pc-1", Revision: 1, Session: session.State{ID: "1"}}

// The id of a request was taken when it was added, and is free when the store looks whose it is.
func TestCommitThatFindsAnIDForgottenIsDoneAgain(t *testing.T) {
	f := &fake{on: "WITH", err: state("23505"), times: 3, empty: "SELECT digest"}
	s := sqlstore.New(f.open(t), sqlstore.PostgreSQL, sqlstore.Options{Patience: time.Hour})
	c := *change
	c.Add = []omadm.Request{{ID: "a", Ops: []omadm.Op{{Verb: omadm.Get, URI: "./DevDetail/SwV"}}}}
	err := s.Commit(t.Context(), &c)
	if n := f.count("WITH"); err != nil || n != 4 {
		t.Errorf("Commit: got error %v after %d attempts, want none after 4", err, n)
	}
}

func TestPatienceEnds(t *testing.T) {
	for _, tt := range []struct {
		dialect sqlstore.Dialect
		on      string
		err     error
	}{{sqlstore.SQLite, "BEGIN", code(5)}, {sqlstore.PostgreSQL, "WITH", state("40001")}} {
		t.Run(tt.dialect.String(), func(t *testing.T) {
			f := &fake{on: tt.on, err: tt.err, times: 1000}
			s := sqlstore.New(f.open(t), tt.dialect, sqlstore.Options{Patience: time.Nanosecond})
			if err := s.Commit(t.Context(), change); !errors.Is(err, tt.err) {
				t.Errorf("Commit: got error %v, want %v", err, tt.err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			s = sqlstore.New(f.open(t), tt.dialect, sqlstore.Options{Patience: time.Hour})
			f.err = canceling{tt.err, cancel}
			if err := s.Commit(ctx, change); !errors.Is(err, context.Canceled) || !errors.Is(err, tt.err) {
				t.Errorf("Commit that is canceled while it tries again: got error %v, want both context.Canceled and %v", err, tt.err)
			}
		})
	}
}

// canceling is an error that comes with the end of a context.
type canceling struct {
	error
	cancel func()
}

func (c canceling) Unwrap() error {
	c.cancel()
	return c.error
}

// A transaction that failed ends, so that nobody gets into it.
func TestFailedTransactionLeavesNothingOpen(t *testing.T) {
	f := &fake{on: "INSERT", err: code(13), times: 1}
	s := sqlstore.New(f.open(t), sqlstore.SQLite, sqlstore.Options{})
	if err := s.Enqueue(t.Context(), "pc-1", omadm.Request{ID: "a"}); !errors.Is(err, code(13)) {
		t.Errorf("Enqueue: got error %v, want SQLITE_FULL", err)
	}
	if n := f.count("ROLLBACK"); n != 1 {
		t.Errorf("ROLLBACK: got %d, want 1", n)
	}
}

func TestConnectionWithATransactionThatDoesNotEndIsClosed(t *testing.T) {
	f := &fake{err: code(13), times: 2} // BEGIN, of which nobody knows what it did, and ROLLBACK
	s := sqlstore.New(f.open(t), sqlstore.SQLite, sqlstore.Options{})
	if err := s.Enqueue(t.Context(), "pc-1", omadm.Request{ID: "a"}); !errors.Is(err, code(13)) {
		t.Errorf("Enqueue: got error %v, want SQLITE_FULL", err)
	}
	if n := f.count("CLOSE"); n != 1 {
		t.Errorf("connections closed: got %d, want 1", n)
	}
}

func TestNewPanicsWithoutADialect(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("New with a dialect that does not exist: got no panic, want one")
		}
	}()
	sqlstore.New(nil, sqlstore.PostgreSQL+1, sqlstore.Options{})
}
