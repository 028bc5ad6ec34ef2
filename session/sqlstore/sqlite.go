package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
)

// sqlite is the engine of SQLite, where one transaction writes at a time.
type sqlite struct {
	turn     chan *sql.Conn // has an element while no transaction of this process writes: those who wait do so in turn
	waiting  atomic.Int64   // for the turn
	delay    time.Duration  // the longest that a Load waits for a turn of its own; 0: it does not
	prepared statements     // because SQLite takes longer to read a statement than to run it
}

func newSQLite(delay time.Duration) *sqlite {
	e := &sqlite{turn: make(chan *sql.Conn, 1), delay: delay}
	e.turn <- nil
	return e
}

func (e *sqlite) locks() locks       { return locks{} }
func (e *sqlite) guard() string      { return "" }
func (e *sqlite) migrations() string { return "migrations/sqlite" }
func (e *sqlite) turns() int         { return 2 }

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
func (e *sqlite) write(ctx context.Context, db *sql.DB, do func(conn) error) (err error) {
	c, err := e.take(ctx, db)
	if err != nil {
		return err
	}
	defer func() { e.give(db, c, err) }()
	ending := context.WithoutCancel(ctx) // ends the transaction though that of the caller may have ended
	if _, err := c.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		if !e.undone(err) { // the context may have ended when the transaction had begun
			rollBack(ending, c)
		}
		return err
	}
	return end(ending, c, do)
}

// take returns a connection when it is the turn of the caller to write, and give ends the turn. Who waits gets the connection
// of the one before, if the pool has more than one: only that has the database in its memory as it is now.
func (e *sqlite) take(ctx context.Context, db *sql.DB) (*sql.Conn, error) {
	e.waiting.Add(1)
	select {
	case c := <-e.turn:
		e.waiting.Add(-1)
		if c != nil {
			return c, nil
		}
	case <-ctx.Done():
		e.waiting.Add(-1)
		e.tidy()
		return nil, ctx.Err()
	}
	c, err := db.Conn(ctx)
	if err != nil {
		e.turn <- nil
	}
	return c, err
}

func (e *sqlite) give(db *sql.DB, c *sql.Conn, err error) {
	if err != nil || e.waiting.Load() == 0 || db.Stats().MaxOpenConnections == 1 {
		_ = c.Close() // returns it to the pool, which never fails twice
		c = nil
	}
	e.turn <- c
	e.tidy()
}

// tidy returns the connection to the pool that was given to somebody who has left.
func (e *sqlite) tidy() {
	if e.waiting.Load() > 0 {
		return
	}
	select {
	case c := <-e.turn:
		if c != nil {
			_ = c.Close()
		}
		e.turn <- nil
	default:
	}
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

// commit does several writes without savepoints, which would cost a quarter of the time. Only if one is refused that has
// written something, the transaction is undone and comes again with them.
func (e *sqlite) commit(ctx context.Context, db *sql.DB, next func() []*write) error {
	if err := e.prepared.all(ctx, db, commitStatements[:]); err != nil {
		return err
	}
	err := e.together(ctx, db, next, e.hopefully)
	if errors.As(err, new(*refused)) {
		return e.together(ctx, db, next, e.safely)
	}
	return err
}

// together is a transaction of database/sql, in which prepared statements can be used. The first of them takes the lock that
// the transaction of write takes as it begins.
func (e *sqlite) together(
	ctx context.Context, db *sql.DB, next func() []*write, do func(context.Context, conn, *write) error,
) (err error) {
	c, err := e.take(ctx, db)
	if err != nil {
		return err
	}
	defer func() { e.give(db, c, err) }()
	tx, err := c.BeginTx(context.WithoutCancel(ctx), nil) // ends though that of the caller may have ended
	if err != nil {
		return err
	}
	if err := e.applyAll(ctx, &preparedTx{Tx: tx, statements: &e.prepared}, next, do); err != nil {
		if tx.Rollback() != nil {
			_ = c.Raw(func(any) error { return driver.ErrBadConn }) // which is the error that it returns
		}
		return err
	}
	return tx.Commit()
}

func (e *sqlite) applyAll(
	ctx context.Context, c conn, next func() []*write, do func(context.Context, conn, *write) error,
) error {
	if _, err := c.ExecContext(ctx, takeLock); err != nil {
		return err
	}
	quiet := context.WithoutCancel(ctx) // for statements that are too short to pay a driver for watching the context
	ws := next()
	if len(ws) == 1 {
		ws[0].err = nil
		return e.apply(quiet, c, ws[0])
	}
	for _, w := range ws {
		if err := do(quiet, c, w); err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}

// hopefully does one of several writes. It returns the error of them all.
func (e *sqlite) hopefully(ctx context.Context, c conn, w *write) error {
	w.err = e.apply(ctx, c, w)
	switch {
	case w.err == nil, errors.Is(w.err, session.ErrConflict), errors.Is(w.err, session.ErrUnknownDevice):
		return nil // and nothing is written of one that failed
	case e.undone(w.err):
		return w.err
	}
	return &refused{w.err}
}

// safely does one of several writes, as a whole or not at all. It returns the error of them all.
func (e *sqlite) safely(ctx context.Context, c conn, w *write) error {
	if _, err := c.ExecContext(ctx, savepoint); err != nil {
		return err
	}
	w.err = e.apply(ctx, c, w)
	if w.err != nil {
		if e.undone(w.err) {
			return w.err
		}
		if _, err := c.ExecContext(ctx, rollBackTo); err != nil { // the transaction has ended
			return errors.Join(w.err, err)
		}
	}
	_, err := c.ExecContext(ctx, release)
	return err
}

// The statements of a Commit.
const (
	takeLock   = `DELETE FROM gomadm_devices WHERE device IS NULL` // which none is
	savepoint  = `SAVEPOINT gomadm`
	rollBackTo = `ROLLBACK TO SAVEPOINT gomadm`
	release    = `RELEASE SAVEPOINT gomadm`

	moveRevision = `UPDATE gomadm_devices SET revision = revision + 1 WHERE device = $1 AND revision = $2`
	setNonces    = `UPDATE gomadm_devices SET generation = $1, client_nonce = $2, server_nonce = $3 WHERE device = $4`
	keepSession  = `INSERT INTO gomadm_sessions (device, key, state, body, reply, seen) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (device, key) DO UPDATE SET
			state = excluded.state, body = excluded.body, reply = excluded.reply, seen = excluded.seen`
	cutParts   = `DELETE FROM gomadm_parts WHERE device = $1 AND key = $2 AND nth > $3`
	appendPart = `INSERT INTO gomadm_parts (device, key, nth, part) VALUES ($1, $2, $3, $4)
		ON CONFLICT (device, key, nth) DO UPDATE SET part = excluded.part`
	closeSession = `DELETE FROM gomadm_sessions WHERE device = $1 AND key = $2`
	moveRequest  = `UPDATE gomadm_requests SET session = $1, attempts = $2, failures = coalesce($3, failures)
		WHERE device = $4 AND request = $5`
	endRequest = `DELETE FROM gomadm_requests WHERE device = $1 AND request = $2`
	tellEntry  = `INSERT INTO gomadm_results (device, kind, form) VALUES ($1, $2, $3)`
	setFact    = `INSERT INTO gomadm_facts (device, name, value) VALUES ($1, $2, $3)
		ON CONFLICT (device, name) DO UPDATE SET value = excluded.value`
	dropFact   = `DELETE FROM gomadm_facts WHERE device = $1 AND name = $2`
	setAwaited = `INSERT INTO gomadm_awaited (device, name, value) VALUES ($1, $2, $3)
		ON CONFLICT (device, name) DO UPDATE SET value = excluded.value`
	dropAwaited = `DELETE FROM gomadm_awaited WHERE device = $1 AND name = $2`
)

var commitStatements = [...]string{
	takeLock, savepoint, rollBackTo, release, selectRevision, insertID, insertRequest,
	moveRevision, setNonces, keepSession, cutParts, appendPart, closeSession, moveRequest, endRequest, tellEntry,
	setFact, dropFact, setAwaited, dropAwaited,
}

func (e *sqlite) apply(ctx context.Context, c conn, w *write) error {
	r := runner{ctx: ctx, conn: c}
	if r.run(moveRevision, w.device, w.revision) == 0 {
		if r.err != nil {
			return r.err
		}
		return stale(ctx, c, w.device)
	}
	if n := w.nonces; n != nil {
		r.run(setNonces, int64(n.Generation), []byte(n.Client), []byte(n.Server), w.device)
	}
	r.dialogues(w)
	r.queue(w)
	for _, t := range w.told {
		r.run(tellEntry, w.device, t.kind, t.form)
	}
	r.marks(w.device, w.facts, setFact, dropFact)
	r.marks(w.device, w.awaited, setAwaited, dropAwaited)
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
		r.run(keepSession, w.device, d.key, d.state, d.body, d.reply, d.seen)
		r.run(cutParts, w.device, d.key, d.parts)
		if d.part != nil {
			r.run(appendPart, w.device, d.key, d.parts, d.part)
		}
	}
	for _, key := range w.closed {
		r.run(closeSession, w.device, key)
		r.run(cutParts, w.device, key, 0)
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
		r.one(moveRequest, f.session, f.attempts, f.failures, w.device, f.id)
	}
	for _, id := range w.ended {
		r.one(endRequest, w.device, id)
	}
}

// one runs a statement about one request, which has to be there.
func (r *runner) one(statement string, args ...any) {
	if r.run(statement, args...) == 0 && r.err == nil {
		r.err = errNotOpen
	}
}

func (r *runner) marks(device []byte, m marks, set, drop string) {
	for i, name := range m.names {
		r.run(set, device, name, m.values[i])
	}
	for _, name := range m.gone {
		r.run(drop, device, name)
	}
}

// The statements of a Load, each of which reads an index in its order: SQLite pays dearly for sorting and for tables that
// are temporary. A limit is no parameter as it stands, because then SQLite would read the statement anew each time.
var (
	loadAll = fmt.Sprintf(`
		SELECT 1, %d, 0, NULL, revision, generation, 0, client_nonce, server_nonce, account FROM gomadm_devices WHERE device = $1
		UNION ALL
		SELECT 1, %d, 0, NULL, 0, 0, 0, name, value, NULL FROM gomadm_facts WHERE device = $1
		UNION ALL
		SELECT 1, %d, 0, NULL, 0, 0, 0, name, value, NULL FROM gomadm_awaited WHERE device = $1
		UNION ALL
		SELECT 1, %d, 0, key, 0, 0, 0, state, CASE WHEN body = $2 THEN reply END, NULL FROM gomadm_sessions WHERE device = $1
		UNION ALL
		SELECT 1, %d, priority, session, age, attempts, failures, form, NULL, NULL FROM gomadm_requests
		WHERE device = $1 AND session IS NOT NULL`, deviceRow, factRow, awaitedRow, sessionRow, leasedRow)
	loadParts = fmt.Sprintf(`
		SELECT 1, %d, 0, key, nth, 0, 0, part, NULL, NULL FROM gomadm_parts WHERE device = $1`, partRow)
	loadWaiting = fmt.Sprintf(`
		SELECT 1, %d, priority, NULL, age, attempts, failures, form, NULL, NULL FROM gomadm_requests
		WHERE device = $1 AND scope = $2 AND session IS NULL AND not_before <= $3
		ORDER BY priority DESC, age LIMIT CAST($4 AS INTEGER)`, waitingRow)
	loadStatements = []string{loadAll, loadParts, loadWaiting}
)

// load is a transaction that reads. It sees the database as it is at the first statement.
func (e *sqlite) load(ctx context.Context, db *sql.DB, next func() []*read) (err error) {
	if err := e.prepared.all(ctx, db, loadStatements); err != nil {
		return err
	}
	conn, giveBack, err := e.reader(ctx, db)
	if err != nil {
		return err
	}
	defer func() { giveBack(err) }()
	quiet := context.WithoutCancel(ctx) // for statements that are too short to pay a driver for watching the context
	tx, err := conn.BeginTx(quiet, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return err
	}
	c := &preparedTx{Tx: tx, statements: &e.prepared}
	for _, r := range next() {
		l := new(loading)
		err := e.read(quiet, c, r.Query, l)
		if e.undone(err) || ctx.Err() != nil {
			return errors.Join(err, ctx.Err(), tx.Rollback())
		}
		r.done(l, err)
	}
	return tx.Rollback()
}

// reader returns a connection for Loads, and what gives it back. Loads that share a transaction take turns with what writes:
// on any other connection SQLite would throw away the pages that it has in memory whenever something was written.
func (e *sqlite) reader(ctx context.Context, db *sql.DB) (*sql.Conn, func(error), error) {
	if e.delay > 0 {
		short, cancel := context.WithTimeout(ctx, e.delay)
		defer cancel()
		if c, err := e.take(short, db); err == nil {
			return c, func(err error) { e.give(db, c, err) }, nil
		}
	}
	c, err := db.Conn(ctx)
	return c, func(error) { _ = c.Close() }, err
}

func (e *sqlite) read(ctx context.Context, c conn, q session.Query, l *loading) error {
	device := []byte(q.Device)
	err := each(l.add)(c.QueryContext(ctx, loadAll, device, q.Body[:]))
	if err == nil && q.Parts {
		err = each(l.add)(c.QueryContext(ctx, loadParts, device))
	}
	for _, scope := range [...]omadm.Scope{omadm.DeviceScope, omadm.UserScope} {
		if err == nil {
			err = each(l.fit(q.Octets))(c.QueryContext(ctx, loadWaiting, device, int64(scope), nanos(q.Now), int64(max(q.Limit, 1))))
		}
		if errors.Is(err, errFull) {
			err = nil
		}
	}
	return err
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
