package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
)

// postgres is the engine of PostgreSQL.
type postgres struct{}

func (postgres) locks() locks       { return locks{share: " FOR KEY SHARE", update: " FOR NO KEY UPDATE"} }
func (postgres) guard() string      { return `SELECT pg_advisory_xact_lock(7165014913)` } // a number of our own
func (postgres) migrations() string { return "migrations/postgresql" }

// sqlState is the SQLSTATE of an error, "" if it has none.
func sqlState(err error) string {
	var coded interface{ SQLState() string }
	if errors.As(err, &coded) {
		return coded.SQLState()
	}
	return ""
}

// The SQLSTATEs that say what to do.
const (
	uniqueViolation      = "23505"
	divisionByZero       = "22012"
	serializationFailure = "40001"
	deadlockDetected     = "40P01"
)

func (postgres) undone(err error) bool {
	state := sqlState(err)
	return state == serializationFailure || state == deadlockDetected
}

// write is at READ COMMITTED, whatever the default of the database is: each statement sees what was committed before the
// lock that it waited for was released.
func (postgres) write(ctx context.Context, db *sql.DB, do func(conn) error) (err error) {
	tx, err := db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelReadCommitted})
	if err != nil {
		return err
	}
	open := true
	defer func() {
		if open {
			err = errors.Join(err, tx.Rollback())
		}
	}()
	if err := do(tx); err != nil {
		return err
	}
	open = false
	return tx.Commit()
}

// commit is one statement, and so a transaction.
func (e postgres) commit(ctx context.Context, db *sql.DB, w *write) error {
	err := e.apply(ctx, db, w)
	if sqlState(err) != uniqueViolation || len(w.added) == 0 {
		return err
	}
	exists := session.ExistsError{Device: omadm.DeviceID(w.device)}
	for i := range w.added {
		var digest []byte
		is := db.QueryRowContext(ctx, selectDigest, w.device, w.added[i].id).Scan(&digest)
		if is == nil {
			exists.Requests = append(exists.Requests, omadm.RequestID(w.added[i].id))
		} else if !errors.Is(is, sql.ErrNoRows) {
			return errors.Join(err, is)
		}
	}
	if len(exists.Requests) == 0 { // any more
		return err
	}
	return &exists
}

func (e postgres) apply(ctx context.Context, c conn, w *write) error {
	s := newStatement(w)
	var devices, checked int64
	err := c.QueryRowContext(ctx, s.String(), s.args...).Scan(&devices, &checked)
	switch {
	case sqlState(err) == divisionByZero:
		return errNotOpen
	case err != nil:
		return err
	case devices == 0:
		return stale(ctx, c, w.device)
	}
	return nil
}

// statement is a write: WITH, and a part for each thing that there is to do. What is not to be done has no part, so
// that most are short. All parts see the database as it was before, and no row is written by two. Each is done only if the
// first one, which moves the revision, found its row.
type statement struct {
	text  strings.Builder
	args  []any
	check string // SQL that is true if the requests were there
}

func newStatement(w *write) *statement {
	s := &statement{check: "true"}
	set := "revision = revision + 1"
	device, revision := s.arg(w.device), s.arg(w.revision)
	if n := w.nonces; n != nil {
		set += fmt.Sprintf(", generation = %s, client_nonce = %s, server_nonce = %s",
			s.arg(int64(n.Generation)), s.arg([]byte(n.Client)), s.arg([]byte(n.Server)))
	}
	fmt.Fprintf(&s.text, "WITH moved AS (UPDATE gomadm_devices SET %s WHERE device = %s AND revision = %s RETURNING 1)",
		set, device, revision)
	s.dialogues(w)
	s.queue(w)
	s.tell(w.told)
	s.marks("gomadm_facts", w.facts)
	s.marks("gomadm_awaited", w.awaited)
	fmt.Fprintf(&s.text, `
		SELECT (SELECT count(*) FROM moved), 1 / CASE WHEN NOT EXISTS (SELECT FROM moved) OR (%s) THEN 1 ELSE 0 END`, s.check)
	return s
}

func (s *statement) String() string { return s.text.String() }

// arg returns a parameter with its type.
func (s *statement) arg(v any) string {
	s.args = append(s.args, v)
	kind := "bytea"
	switch v.(type) {
	case int64:
		kind = "bigint"
	case [][]byte:
		kind = "bytea[]"
	case []int64, []*int64:
		kind = "bigint[]"
	}
	return "$" + strconv.Itoa(len(s.args)) + "::" + kind
}

// part adds a part, which ends with a condition. The device is always $1.
func (s *statement) part(name, format string, args ...any) {
	for i, a := range args {
		args[i] = s.arg(a)
	}
	fmt.Fprintf(&s.text, ",\n%s AS ("+format+")", append([]any{name}, args...)...)
}

// done is the condition of each part but the first.
const done = ` EXISTS (SELECT FROM moved)`

func (s *statement) dialogues(w *write) {
	if d := w.kept; d != nil {
		s.part("kept", `INSERT INTO gomadm_sessions (device, key, state, body, reply, seen)
			SELECT $1, %s, %s, %s, %s, %s WHERE`+done+`
			ON CONFLICT (device, key) DO UPDATE SET
				state = excluded.state, body = excluded.body, reply = excluded.reply, seen = excluded.seen`,
			d.key, d.state, d.body, d.reply, d.seen)
		s.part("cut", `DELETE FROM gomadm_parts WHERE device = $1 AND key = %s AND nth > %s AND`+done, d.key, d.parts)
		if d.part != nil {
			s.part("appended", `INSERT INTO gomadm_parts (device, key, nth, part) SELECT $1, %s, %s, %s WHERE`+done+`
				ON CONFLICT (device, key, nth) DO UPDATE SET part = excluded.part`, d.key, d.parts, d.part)
		}
	}
	if len(w.closed) > 0 {
		s.part("closed", `DELETE FROM gomadm_sessions WHERE device = $1 AND key = ANY (%s) AND`+done, w.closed)
		s.part("dropped", `DELETE FROM gomadm_parts WHERE device = $1 AND key = ANY (%s) AND`+done, w.closed)
	}
}

func (s *statement) queue(w *write) {
	var ids, digests [][]byte
	for i := range w.added {
		ids, digests = append(ids, w.added[i].id), append(digests, w.added[i].digest)
	}
	if len(ids) > 0 {
		s.part("taken", `INSERT INTO gomadm_ids (device, request, digest)
			SELECT $1, a.* FROM unnest(%s, %s) AS a WHERE`+done, ids, digests)
	}
	s.add(w.added)
	if len(w.moved) > 0 {
		var f fates
		for i := range w.moved {
			f.add(&w.moved[i])
		}
		s.part("put", `UPDATE gomadm_requests AS r
			SET session = f.session, attempts = f.attempts, failures = coalesce(f.failures, r.failures)
			FROM unnest(%s, %s, %s, %s) AS f (request, session, attempts, failures)
			WHERE r.device = $1 AND r.request = f.request AND`+done+` RETURNING 1`, f.ids, f.sessions, f.attempts, f.failures)
		s.check += " AND (SELECT count(*) FROM put) = " + s.arg(int64(len(w.moved)))
	}
	if len(w.ended) > 0 {
		s.part("ended", `DELETE FROM gomadm_requests WHERE device = $1 AND request = ANY (%s) AND`+done+` RETURNING 1`, w.ended)
		s.check += " AND (SELECT count(*) FROM ended) = " + s.arg(int64(len(w.ended)))
	}
}

// fates are columns.
type fates struct {
	ids, sessions [][]byte
	attempts      []int64
	failures      []*int64
}

func (c *fates) add(f *fate) {
	c.ids, c.sessions = append(c.ids, f.id), append(c.sessions, f.session)
	c.attempts, c.failures = append(c.attempts, f.attempts), append(c.failures, f.failures)
}

// add puts those of the new requests into the queue that are not over at once.
func (s *statement) add(added []request) {
	var f fates
	var scopes, priorities, notBefore, sizes []int64
	var forms [][]byte
	for i := range added {
		r := &added[i]
		if r.over {
			continue
		}
		f.add(&r.fate)
		scopes, priorities = append(scopes, r.scope), append(priorities, r.priority)
		notBefore, sizes = append(notBefore, r.notBefore), append(sizes, r.size)
		forms = append(forms, r.form)
	}
	if len(forms) == 0 {
		return
	}
	s.part("added", `INSERT INTO gomadm_requests
			(device, request, scope, priority, not_before, size, session, attempts, failures, form)
		SELECT $1, a.request, a.scope, a.priority, a.not_before, a.size, a.session, a.attempts, a.failures, a.form
		FROM unnest(%s, %s, %s, %s, %s, %s, %s, %s, %s) WITH ORDINALITY
			AS a (request, scope, priority, not_before, size, session, attempts, failures, form, nth)
		WHERE`+done+` ORDER BY a.nth`,
		f.ids, scopes, priorities, notBefore, sizes, f.sessions, f.attempts, f.failures, forms)
}

func (s *statement) tell(told []entry) {
	var kinds []int64
	var forms [][]byte
	for _, t := range told {
		kinds, forms = append(kinds, t.kind), append(forms, t.form)
	}
	if len(forms) > 0 {
		s.part("told", `INSERT INTO gomadm_results (device, nth, kind, form)
			SELECT $1, a.nth, a.kind, a.form FROM unnest(%s, %s) WITH ORDINALITY AS a (kind, form, nth) WHERE`+done, kinds, forms)
	}
}

func (s *statement) marks(table string, m marks) {
	if len(m.names) > 0 {
		s.part(table+"_set", `INSERT INTO `+table+` (device, name, value)
			SELECT $1, a.* FROM unnest(%s, %s) AS a WHERE`+done+`
			ON CONFLICT (device, name) DO UPDATE SET value = excluded.value`, m.names, m.values)
	}
	if len(m.gone) > 0 {
		s.part(table+"_gone", `DELETE FROM `+table+` WHERE device = $1 AND name = ANY (%s) AND`+done, m.gone)
	}
}

// results returns the entries of transactions that are older than each that still goes on, in the order of the numbers of
// transactions: what appears later comes from a transaction with a higher number. A cursor is the number of the
// transaction and that of the entry in it.
func (postgres) results(ctx context.Context, db *sql.DB, after session.Cursor, limit int) ([]session.Entry, error) {
	tx, nth, err := parsePlace(after)
	if err != nil {
		return nil, err
	}
	const ended = `pg_snapshot_xmin(pg_current_snapshot())::text::bigint`
	rows, err := db.QueryContext(ctx, `SELECT tx, nth, device, kind, form FROM gomadm_results
		WHERE (tx, nth) > ($1, $2) AND tx < `+ended+` ORDER BY tx, nth LIMIT $3`, tx, nth, int64(limit))
	if err != nil {
		return nil, err
	}
	entries, err := scanEntries(rows, func(n []int64) session.Cursor { return placeCursor(n[0], n[1]) }, 2)
	if err != nil || len(entries) > 0 || after == "" {
		return entries, err
	}
	var given bool
	err = db.QueryRowContext(ctx, `SELECT $1 < `+ended, tx).Scan(&given)
	if err == nil && !given {
		err = session.ErrCursor
	}
	return nil, err
}

func placeCursor(tx, nth int64) session.Cursor {
	return session.Cursor(strconv.FormatInt(tx, 10) + "-" + strconv.FormatInt(nth, 10))
}

// parsePlace is the inverse of placeCursor, and 0 for the cursor before the first entry.
func parsePlace(c session.Cursor) (tx, nth int64, err error) {
	if c == "" {
		return 0, 0, nil
	}
	first, second, _ := strings.Cut(string(c), "-")
	tx, txErr := strconv.ParseInt(first, 10, 64)
	nth, nthErr := strconv.ParseInt(second, 10, 64)
	if err := errors.Join(txErr, nthErr); err != nil || tx < 1 || nth < 1 || placeCursor(tx, nth) != c {
		return 0, 0, fmt.Errorf("cursor %.32q: %w", string(c), session.ErrCursor)
	}
	return tx, nth, nil
}
