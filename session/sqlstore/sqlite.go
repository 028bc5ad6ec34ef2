package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strconv"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
)

// sqlite is the engine of SQLite, where one transaction writes at a time.
type sqlite struct {
	writing chan struct{} // has one element while a transaction of this process writes: those who wait do so in turn
}

func (e *sqlite) locks() locks       { return locks{} }
func (e *sqlite) guard() string      { return "" }
func (e *sqlite) migrations() string { return "migrations/sqlite" }

// undone reports whether err is SQLITE_BUSY or SQLITE_LOCKED, in their extended forms too.
func (e *sqlite) undone(err error) bool {
	var coded interface{ Code() int }
	if !errors.As(err, &coded) {
		return false
	}
	code := coded.Code() & 0xff
	return code == 5 || code == 6
}

// write begins IMMEDIATE, so that what do reads is what it changes. A transaction that began as a reader could not go
// on if another wrote meanwhile.
func (e *sqlite) write(ctx context.Context, db *sql.DB, do func(conn) error) error {
	select {
	case e.writing <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-e.writing }()
	c, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer c.Close()                      // returns it to the pool, which never fails twice
	ending := context.WithoutCancel(ctx) // ends the transaction though that of the caller may have ended
	if _, err := c.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		if !e.undone(err) { // the context may have ended when the transaction had begun
			rollBack(ending, c)
		}
		return err
	}
	return end(ending, c, do)
}

// end does what a transaction is for, and ends it.
func end(ctx context.Context, c *sql.Conn, do func(conn) error) error {
	open := true
	defer func() {
		if open {
			rollBack(ctx, c)
		}
	}()
	if err := do(c); err != nil {
		return err
	}
	if _, err := c.ExecContext(ctx, "COMMIT"); err != nil {
		return err
	}
	open = false
	return nil
}

// rollBack ends a transaction, or the connection if that fails. SQLite has ended some already, such as those that found
// the disk full.
func rollBack(ctx context.Context, c *sql.Conn) {
	if _, err := c.ExecContext(ctx, "ROLLBACK"); err != nil {
		_ = c.Raw(func(any) error { return driver.ErrBadConn }) // which is the error that it returns
	}
}

func (e *sqlite) commit(ctx context.Context, db *sql.DB, next func() []*write) error {
	return e.write(ctx, db, func(c conn) error {
		ws := next()
		if len(ws) == 1 {
			ws[0].err = nil
			return e.apply(ctx, c, ws[0])
		}
		for _, w := range ws {
			if err := e.among(ctx, c, w); err != nil {
				return err
			}
		}
		return nil
	})
}

// among does a write in a transaction with others. It returns the error of them all, and that of the one alone in it.
func (e *sqlite) among(ctx context.Context, c conn, w *write) error {
	if _, err := c.ExecContext(ctx, "SAVEPOINT gomadm"); err != nil {
		return err
	}
	w.err = e.apply(ctx, c, w)
	if w.err != nil {
		if ctx.Err() != nil || e.undone(w.err) {
			return w.err
		}
		if _, err := c.ExecContext(ctx, "ROLLBACK TO SAVEPOINT gomadm"); err != nil { // the transaction has ended
			return errors.Join(w.err, err)
		}
	}
	_, err := c.ExecContext(ctx, "RELEASE SAVEPOINT gomadm")
	return err
}

func (e *sqlite) apply(ctx context.Context, c conn, w *write) error {
	r := runner{ctx: ctx, conn: c}
	if r.run(`UPDATE gomadm_devices SET revision = revision + 1 WHERE device = $1 AND revision = $2`, w.device, w.revision) == 0 {
		if r.err != nil {
			return r.err
		}
		return stale(ctx, c, w.device)
	}
	if n := w.nonces; n != nil {
		r.run(`UPDATE gomadm_devices SET generation = $1, client_nonce = $2, server_nonce = $3 WHERE device = $4`,
			int64(n.Generation), []byte(n.Client), []byte(n.Server), w.device)
	}
	r.dialogues(w)
	r.queue(w)
	for _, t := range w.told {
		r.run(`INSERT INTO gomadm_results (device, kind, form) VALUES ($1, $2, $3)`, w.device, t.kind, t.form)
	}
	r.marks(w.device, "gomadm_facts", w.facts)
	r.marks(w.device, "gomadm_awaited", w.awaited)
	return r.err
}

// runner runs statements until one fails.
type runner struct {
	ctx  context.Context
	conn conn
	err  error
}

// run returns how many rows a statement changed.
func (r *runner) run(statement string, args ...any) int64 {
	if r.err != nil {
		return 0
	}
	n, err := affected(r.conn.ExecContext(r.ctx, statement, args...))
	r.err = err
	return n
}

func (r *runner) dialogues(w *write) {
	if d := w.kept; d != nil {
		r.run(`INSERT INTO gomadm_sessions (device, key, state, body, reply, seen) VALUES ($1, $2, $3, $4, $5, $6)
			ON CONFLICT (device, key) DO UPDATE SET
				state = excluded.state, body = excluded.body, reply = excluded.reply, seen = excluded.seen`,
			w.device, d.key, d.state, d.body, d.reply, d.seen)
		r.run(`DELETE FROM gomadm_parts WHERE device = $1 AND key = $2 AND nth > $3`, w.device, d.key, d.parts)
		if d.part != nil {
			r.run(`INSERT INTO gomadm_parts (device, key, nth, part) VALUES ($1, $2, $3, $4)
				ON CONFLICT (device, key, nth) DO UPDATE SET part = excluded.part`, w.device, d.key, d.parts, d.part)
		}
	}
	for _, key := range w.closed {
		r.run(`DELETE FROM gomadm_sessions WHERE device = $1 AND key = $2`, w.device, key)
		r.run(`DELETE FROM gomadm_parts WHERE device = $1 AND key = $2`, w.device, key)
	}
}

func (r *runner) queue(w *write) {
	exists := session.ExistsError{Device: omadm.DeviceID(w.device)}
	for i := range w.added {
		q := &w.added[i]
		if r.run(insertID, w.device, q.id, q.digest) == 0 {
			exists.Requests = append(exists.Requests, omadm.RequestID(q.id))
		} else if !q.over {
			r.run(insertRequest, q.row(exists.Device)...)
		}
	}
	if r.err == nil && len(exists.Requests) > 0 {
		r.err = &exists
	}
	for _, f := range w.moved {
		r.one(`UPDATE gomadm_requests SET session = $1, attempts = $2, failures = coalesce($3, failures)
			WHERE device = $4 AND request = $5`, f.session, f.attempts, f.failures, w.device, f.id)
	}
	for _, id := range w.ended {
		r.one(`DELETE FROM gomadm_requests WHERE device = $1 AND request = $2`, w.device, id)
	}
}

// one runs a statement about one request, which has to be there.
func (r *runner) one(statement string, args ...any) {
	if r.run(statement, args...) == 0 && r.err == nil {
		r.err = errNotOpen
	}
}

func (r *runner) marks(device []byte, table string, m marks) {
	for i, name := range m.names {
		r.run(`INSERT INTO `+table+` (device, name, value) VALUES ($1, $2, $3)
			ON CONFLICT (device, name) DO UPDATE SET value = excluded.value`, device, name, m.values[i])
	}
	for _, name := range m.gone {
		r.run(`DELETE FROM `+table+` WHERE device = $1 AND name = $2`, device, name)
	}
}

// results returns entries in the order of their numbers, which is that of the transactions: they write one after the
// other. A cursor is the number of an entry.
func (e *sqlite) results(
	ctx context.Context, c conn, of *omadm.DeviceID, after session.Cursor, limit int,
) ([]session.Entry, error) {
	serial, err := parseSerial(after)
	if err != nil {
		return nil, err
	}
	query, args := `SELECT serial, device, kind, form FROM gomadm_results
		WHERE serial > $1 ORDER BY serial LIMIT $2`, []any{serial, int64(limit)}
	if of != nil {
		query, args = `SELECT serial, device, kind, form FROM gomadm_results
			WHERE device = $1 AND serial > $2 ORDER BY serial LIMIT $3`, []any{[]byte(*of), serial, int64(limit)}
	}
	rows, err := c.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	entries, err := scanEntries(rows, func(n []int64) session.Cursor { return serialCursor(n[0]) }, 1)
	if err != nil || len(entries) > 0 || serial == 0 {
		return entries, err
	}
	return nil, e.given(ctx, c, serial)
}

// given is ErrCursor if no entry has had a number yet.
func (e *sqlite) given(ctx context.Context, c conn, serial int64) error {
	var last int64
	err := c.QueryRowContext(ctx, `SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'gomadm_results'`).Scan(&last)
	if err == nil && serial > last {
		err = session.ErrCursor
	}
	return err
}

func serialCursor(serial int64) session.Cursor {
	return session.Cursor(strconv.FormatInt(serial, 10))
}

// parseSerial is the inverse of serialCursor, and 0 for the cursor before the first entry.
func parseSerial(c session.Cursor) (int64, error) {
	if c == "" {
		return 0, nil
	}
	serial, err := strconv.ParseInt(string(c), 10, 64)
	if err != nil || serial < 1 || serialCursor(serial) != c {
		return 0, fmt.Errorf("cursor %.32q: %w", string(c), session.ErrCursor)
	}
	return serial, nil
}
