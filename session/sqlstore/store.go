package sqlstore

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
)

// Store is a session.Store with all the optional interfaces, in the tables that Migrate makes. It keeps nothing outside the
// database: any number of Stores, in any number of processes, may serve one.
type Store struct {
	db       *sql.DB
	engine   engine
	patience time.Duration
	loads    *grouping[*read] // nil: none
	commits  *grouping[*write]
}

var (
	_ session.Store     = (*Store)(nil)
	_ session.Registrar = (*Store)(nil)
	_ session.Results   = (*Store)(nil)
	_ session.Canceler  = (*Store)(nil)
	_ session.Idler     = (*Store)(nil)
	_ session.Lister    = (*Store)(nil)
	_ session.Pruner    = (*Store)(nil)
	_ session.Pushes    = (*Store)(nil)
)

// Options are what a Store may do otherwise. The zero value is usable.
type Options struct {
	// Patience is how long a transaction is tried again that the database refused or undid because of another one
	// (SQLITE_BUSY, serialization failure, deadlock), with pauses of up to 100 ms; 0: 10 s. A deadline of the context may
	// end it before.
	Patience time.Duration
	// Group is how many Loads, and how many Commits, share a transaction; the zero value: none.
	Group Group
}

// New returns a store in a database, which the caller opens and closes. The connections need the settings that the
// package comment names. New panics if d is none of the dialects.
func New(db *sql.DB, d Dialect, opts Options) *Store {
	if opts.Group.Delay == 0 {
		opts.Group.Delay = 100 * time.Millisecond
	}
	s := &Store{db: db, engine: d.engine(opts.Group), patience: opts.Patience}
	if s.patience == 0 {
		s.patience = 10 * time.Second
	}
	if opts.Group.Size > 1 {
		s.loads = newGrouping(opts.Group, 1, s.load)
		s.commits = newGrouping(opts.Group, s.engine.turns(), s.commit)
	}
	return s
}

// Commit does what session.Store says. Beside that, it refuses a change that requeues, leases or finishes a request
// which is neither waiting nor leased. On PostgreSQL it is one statement. With Options.Group it returns when its context
// ends, though the transaction may go on for others.
func (s *Store) Commit(ctx context.Context, c *session.Change) error {
	w, err := newWrite(c)
	switch {
	case err != nil:
	case s.commits != nil:
		w.own()
		err = s.commits.wait(ctx, w)
	default:
		s.commit(ctx, func() []*write { return []*write{w} })
		err = w.err
	}
	return failed(c.Device, err)
}

// commit does writes of different devices in one transaction, or in several if the database refuses all because of one.
// Each gets its own error.
func (s *Store) commit(ctx context.Context, next func() []*write) {
	err := s.retry(ctx, func() error { return s.engine.commit(ctx, s.db, next) })
	if err == nil {
		return
	}
	ws := next()
	if errors.As(err, new(*refused)) {
		for half := range slices.Chunk(ws, max((len(ws)+1)/2, 1)) { // one is left if the others have left
			s.commit(ctx, func() []*write { return half })
		}
		return
	}
	for _, w := range ws {
		w.err = err
	}
}

// refused is the error of writes of which nothing was done because of perhaps only one of them.
type refused struct{ error }

// Enqueue puts requests into the queue of a device.
func (s *Store) Enqueue(ctx context.Context, id omadm.DeviceID, reqs ...omadm.Request) error {
	rows, err := newRequests(reqs)
	if err == nil {
		err = s.write(ctx, func(c conn) error { return s.enqueue(ctx, c, id, rows) })
	}
	return failed(id, err)
}

// EnqueueTx is Enqueue as a part of a transaction of the application in the same database, so that the requests are there
// if and only if what they belong to is. When it fails because of the device or of a request, the transaction is as it was
// before and can go on. It is not tried again if the database refuses it. On SQLite the transaction should have begun
// IMMEDIATE.
func (s *Store) EnqueueTx(ctx context.Context, tx *sql.Tx, id omadm.DeviceID, reqs ...omadm.Request) error {
	rows, err := newRequests(reqs)
	if err == nil {
		err = nested(ctx, tx, func() error { return s.enqueue(ctx, tx, id, rows) })
	}
	return failed(id, err)
}

// nested undoes what do did if it fails.
func nested(ctx context.Context, tx *sql.Tx, do func() error) error {
	if _, err := tx.ExecContext(ctx, "SAVEPOINT gomadm"); err != nil {
		return err
	}
	err := do()
	if err != nil {
		_, undo := tx.ExecContext(context.WithoutCancel(ctx), "ROLLBACK TO SAVEPOINT gomadm")
		err = errors.Join(err, undo)
	}
	_, release := tx.ExecContext(context.WithoutCancel(ctx), "RELEASE SAVEPOINT gomadm")
	return errors.Join(err, release)
}

// enqueue puts requests into a queue, in a transaction.
func (s *Store) enqueue(ctx context.Context, c conn, id omadm.DeviceID, reqs []request) error {
	// The lock keeps the device registered, and is in the way of no Commit.
	var revision int64
	err := c.QueryRowContext(ctx, selectRevision+s.engine.locks().share, []byte(id)).Scan(&revision)
	if errors.Is(err, sql.ErrNoRows) {
		return session.ErrUnknownDevice
	}
	if err != nil {
		return err
	}
	exists := session.ExistsError{Device: id}
	for i := range reqs {
		done, err := insert(ctx, c, id, &reqs[i])
		if err != nil {
			return err
		}
		if !done {
			exists.Requests = append(exists.Requests, omadm.RequestID(reqs[i].id))
		}
	}
	if len(exists.Requests) > 0 {
		return &exists
	}
	return nil
}

const (
	selectRevision = `SELECT revision FROM gomadm_devices WHERE device = $1`

	insertID = `INSERT INTO gomadm_ids (device, request, digest) VALUES ($1, $2, $3)
		ON CONFLICT (device, request) DO NOTHING`
	selectDigest = `SELECT digest FROM gomadm_ids WHERE device = $1 AND request = $2`

	insertRequest = `INSERT INTO gomadm_requests
		(device, request, scope, priority, not_before, size, session, attempts, failures, form)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`
)

// insert puts a request into a queue, unless it was there before. It reports false if another one has its id.
func insert(ctx context.Context, c conn, id omadm.DeviceID, r *request) (bool, error) {
	for {
		n, err := affected(c.ExecContext(ctx, insertID, []byte(id), r.id, r.digest))
		if err != nil {
			return false, err
		}
		if n > 0 {
			_, err = c.ExecContext(ctx, insertRequest, r.row(id)...)
			return true, err
		}
		var digest []byte
		err = c.QueryRowContext(ctx, selectDigest, []byte(id), r.id).Scan(&digest)
		if !errors.Is(err, sql.ErrNoRows) {
			return bytes.Equal(digest, r.digest), err
		}
		// Prune has just forgotten the id.
	}
}

// write does something in a write transaction, again if the database undid it.
func (s *Store) write(ctx context.Context, do func(conn) error) error {
	return s.retry(ctx, func() error { return s.engine.write(ctx, s.db, do) })
}

// retry does something until the database neither refuses nor undoes it because of another transaction.
func (s *Store) retry(ctx context.Context, do func() error) error {
	start, pause := time.Now(), time.Millisecond
	for {
		err := do()
		if err == nil || !s.engine.undone(err) || time.Since(start) >= s.patience {
			return err
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return errors.Join(ctx.Err(), err)
		}
		pause = min(2*pause, 100*time.Millisecond)
	}
}

// affected returns how many rows a statement changed.
func affected(r sql.Result, err error) (int64, error) {
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

// failed says which device an error is about.
func failed(id omadm.DeviceID, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("sqlstore: device %q: %w", id, err)
}

// nanos is a time in Unix nanoseconds; one before 1684 or after 2255 becomes one of these years.
func nanos(t time.Time) int64 { return min(max(t.Unix(), -9e9), 9e9)*1e9 + int64(t.Nanosecond()) }
