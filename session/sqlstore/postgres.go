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
func (postgres) turns() int         { return 1 }

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
	return state == serializationFailure || state == deadlockDetected || errors.Is(err, errForgotten)
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
func (e postgres) commit(ctx context.Context, db *sql.DB, next func() []*write) error {
	ws := next()
	err := e.applyAll(ctx, db, ws)
	switch {
	case len(ws) > 1 && sqlState(err) != "":
		return &refused{err}
	case sqlState(err) == divisionByZero:
		return errNotOpen
	case sqlState(err) == uniqueViolation && len(ws[0].added) > 0:
		return exists(ctx, db, ws[0], err)
	}
	return err
}

// errForgotten is the error of a Commit to which Prune came between: nothing has happened.
var errForgotten = errors.New("an id was there, and is forgotten")

// exists says which of the requests that a write adds are there.
func exists(ctx context.Context, c conn, w *write, err error) error {
	exists := session.ExistsError{Device: omadm.DeviceID(w.device)}
	for i := range w.added {
		var digest []byte
		is := c.QueryRowContext(ctx, selectDigest, w.device, w.added[i].id).Scan(&digest)
		if is == nil {
			exists.Requests = append(exists.Requests, omadm.RequestID(w.added[i].id))
		} else if !errors.Is(is, sql.ErrNoRows) {
			return errors.Join(err, is)
		}
	}
	if len(exists.Requests) == 0 {
		return errors.Join(errForgotten, err)
	}
	return &exists
}

func (e postgres) apply(ctx context.Context, c conn, w *write) error {
	if err := e.applyAll(ctx, c, []*write{w}); err != nil {
		return err
	}
	return w.err
}

// applyAll does writes of different devices in one statement, and says in each whether it found its revision.
func (postgres) applyAll(ctx context.Context, c conn, ws []*write) error {
	if len(ws) == 0 {
		return nil
	}
	s := newStatement(ws)
	rows, err := c.QueryContext(ctx, s.String(), s.args...)
	if err != nil {
		return err
	}
	defer rows.Close() // again
	moved := make([]bool, len(ws))
	for rows.Next() {
		var nth, checked int64
		if err := rows.Scan(&nth, &checked); err != nil {
			return err
		}
		moved[nth-1] = true
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return err
	}
	for i, w := range ws {
		if w.err = nil; !moved[i] {
			w.err = stale(ctx, c, w.device)
		}
	}
	return nil
}

// statement is writes: WITH, and a part for each thing that there is to do. What is not to be done has no part, so
// that most are short. All parts see the database as it was before, and no row is written by two. The first one moves the
// revisions, and the others do what belongs to the devices that it returned. What they write comes in columns.
type statement struct {
	text   strings.Builder
	args   []any
	single bool   // there is one device, $1, so that the partition is known before the statement runs
	found  string // SQL of how many of the requests were open
}

func newStatement(ws []*write) *statement {
	s := &statement{single: len(ws) == 1, found: "0"}
	if s.single {
		s.arg(ws[0].device)
	}
	s.devices(ws)
	s.dialogues(ws)
	s.closed(ws)
	s.taken(ws)
	s.added(ws)
	s.moved(ws)
	s.ended(ws)
	s.told(ws)
	s.marks(ws, "gomadm_facts", func(w *write) marks { return w.facts })
	s.marks(ws, "gomadm_awaited", func(w *write) marks { return w.awaited })
	fmt.Fprintf(&s.text, "\nSELECT nth, 1 / CASE WHEN (SELECT sum(open) FROM moved) = %s THEN 1 ELSE 0 END FROM moved", s.found)
	return s
}

func (s *statement) String() string { return s.text.String() }

// arg returns a parameter with its type.
func (s *statement) arg(v any) string {
	s.args = append(s.args, v)
	kind := "bytea"
	switch v.(type) {
	case [][]byte:
		kind = "bytea[]"
	case []int64, []*int64:
		kind = "bigint[]"
	case int64, *int64:
		kind = "bigint"
	}
	return "$" + strconv.Itoa(len(s.args)) + "::" + kind
}

// rows is SQL of the rows of columns: device, those that are named, and nth from 1.
func (s *statement) rows(names string, devices [][]byte, columns ...any) string {
	device, first := "$1::bytea AS device, ", ""
	if !s.single {
		device, first = "", "device, "
		columns = append([]any{devices}, columns...)
	}
	params := make([]string, len(columns))
	for i, c := range columns {
		params[i] = s.arg(c)
	}
	return fmt.Sprintf("SELECT %sr.* FROM unnest(%s) WITH ORDINALITY AS r (%s%s, nth)",
		device, strings.Join(params, ", "), first, names)
}

// rowOrRows is rows without arrays if there is only one, which PostgreSQL reads faster. That is one more statement for it to
// prepare, and so for what most messages have.
func (s *statement) rowOrRows(names string, devices [][]byte, columns ...any) string {
	if !s.single || len(devices) > 1 {
		return s.rows(names, devices, columns...)
	}
	text := "SELECT $1::bytea AS device, 1::bigint AS nth"
	for i, name := range strings.Split(names, ", ") {
		text += ", " + s.arg(only(columns[i])) + " AS " + name
	}
	return text
}

// only is the element of a column that has one.
func only(column any) any {
	switch column := column.(type) {
	case [][]byte:
		return column[0]
	case []int64:
		return column[0]
	case []*int64:
		return column[0]
	}
	return nil
}

// part adds a part. In its format, %s is the rows of the devices that moved.
func (s *statement) part(name, format, rows string) {
	if s.single {
		rows += " WHERE EXISTS (SELECT FROM moved)"
	} else {
		rows += " JOIN moved ON moved.device = r.device"
	}
	fmt.Fprintf(&s.text, ",\n"+name+" AS ("+format+")", "("+rows+") AS a")
}

// devices moves the revisions. Of several devices it first locks the rows, in an order, so that no two statements wait for
// each other.
func (s *statement) devices(ws []*write) {
	var devices, clients, servers [][]byte
	var revisions, open []int64
	var generations []*int64
	renewed := false
	for _, w := range ws {
		devices, revisions = append(devices, w.device), append(revisions, w.revision)
		open = append(open, int64(len(w.moved)+len(w.ended)))
		var generation *int64
		var client, server []byte
		if n := w.nonces; n != nil {
			g := int64(n.Generation)
			generation, client, server, renewed = &g, []byte(n.Client), []byte(n.Server), true
		}
		generations, clients, servers = append(generations, generation), append(clients, client), append(servers, server)
	}
	set, names, columns := "revision = d.revision + 1", "revision, open", []any{revisions, open}
	if renewed {
		set += `, generation = coalesce(c.generation, d.generation),
			client_nonce = coalesce(c.client_nonce, d.client_nonce), server_nonce = coalesce(c.server_nonce, d.server_nonce)`
		names += ", generation, client_nonce, server_nonce"
		columns = append(columns, generations, clients, servers)
	}
	rows := s.rowOrRows(names, devices, columns...)
	if !s.single {
		rows = "SELECT c.* FROM (" + rows + `) AS c JOIN gomadm_devices AS d ON d.device = c.device AND d.revision = c.revision
			ORDER BY c.device FOR NO KEY UPDATE OF d`
	}
	fmt.Fprintf(&s.text, `WITH moved AS (UPDATE gomadm_devices AS d SET %s FROM (%s) AS c
		WHERE d.device = c.device AND d.revision = c.revision RETURNING d.device, c.open, c.nth)`, set, rows)
}

func (s *statement) dialogues(ws []*write) {
	var devices, keys, states, bodies, replies [][]byte
	var seen, kept []int64
	var partly, partKeys, parts [][]byte
	var nth []int64
	for _, w := range ws {
		d := w.kept
		if d == nil {
			continue
		}
		devices, keys, states = append(devices, w.device), append(keys, d.key), append(states, d.state)
		bodies, replies = append(bodies, d.body), append(replies, d.reply)
		seen, kept = append(seen, d.seen), append(kept, d.parts)
		if d.part != nil {
			partly, partKeys = append(partly, w.device), append(partKeys, d.key)
			parts, nth = append(parts, d.part), append(nth, d.parts)
		}
	}
	if len(keys) > 0 {
		s.part("kept", `INSERT INTO gomadm_sessions (device, key, state, body, reply, seen)
			SELECT device, key, state, body, reply, seen FROM %s
			ON CONFLICT (device, key) DO UPDATE SET
				state = excluded.state, body = excluded.body, reply = excluded.reply, seen = excluded.seen`,
			s.rowOrRows("key, state, body, reply, seen", devices, keys, states, bodies, replies, seen))
		s.part("cut", `DELETE FROM gomadm_parts AS p USING %s WHERE p.device = a.device AND p.key = a.key AND p.nth > a.parts`,
			s.rowOrRows("key, parts", devices, keys, kept))
	}
	if len(parts) > 0 {
		s.part("appended", `INSERT INTO gomadm_parts (device, key, nth, part) SELECT device, key, a.nths, part FROM %s
			ON CONFLICT (device, key, nth) DO UPDATE SET part = excluded.part`,
			s.rowOrRows("key, nths, part", partly, partKeys, nth, parts))
	}
}

func (s *statement) closed(ws []*write) {
	var devices, keys [][]byte
	for _, w := range ws {
		for _, key := range w.closed {
			devices, keys = append(devices, w.device), append(keys, key)
		}
	}
	if len(keys) > 0 {
		s.part("closed", `DELETE FROM gomadm_sessions AS s USING %s WHERE s.device = a.device AND s.key = a.key`,
			s.rows("key", devices, keys))
		s.part("dropped", `DELETE FROM gomadm_parts AS p USING %s WHERE p.device = a.device AND p.key = a.key`,
			s.rows("key", devices, keys))
	}
}

// taken takes the ids of new requests.
func (s *statement) taken(ws []*write) {
	var devices, ids, digests [][]byte
	for _, w := range ws {
		for i := range w.added {
			r := &w.added[i]
			devices, ids, digests = append(devices, w.device), append(ids, r.id), append(digests, r.digest)
		}
	}
	if len(ids) > 0 {
		s.part("taken", `INSERT INTO gomadm_ids (device, request, digest) SELECT device, request, digest FROM %s`,
			s.rows("request, digest", devices, ids, digests))
	}
}

// added puts those of the new requests into the queue that are not over at once.
func (s *statement) added(ws []*write) {
	var f fates
	var scopes, priorities, notBefore, sizes []int64
	var forms [][]byte
	for _, w := range ws {
		for i := range w.added {
			r := &w.added[i]
			if r.over {
				continue
			}
			f.add(w, &r.fate)
			scopes, priorities = append(scopes, r.scope), append(priorities, r.priority)
			notBefore, sizes = append(notBefore, r.notBefore), append(sizes, r.size)
			forms = append(forms, r.form)
		}
	}
	if len(forms) > 0 {
		s.part("added", `INSERT INTO gomadm_requests
				(device, request, scope, priority, not_before, size, session, attempts, failures, form)
			SELECT device, request, scope, priority, not_before, size, session, attempts, failures, form
			FROM %s ORDER BY nth`,
			s.rows("request, scope, priority, not_before, size, session, attempts, failures, form",
				f.devices, f.ids, scopes, priorities, notBefore, sizes, f.sessions, f.attempts, f.failures, forms))
	}
}

// moved changes the requests that are leased or wait again.
func (s *statement) moved(ws []*write) {
	var f fates
	for _, w := range ws {
		for i := range w.moved {
			f.add(w, &w.moved[i])
		}
	}
	if len(f.ids) > 0 {
		s.part("put", `UPDATE gomadm_requests AS q
			SET session = a.session, attempts = a.attempts, failures = coalesce(a.failures, q.failures)
			FROM %s WHERE q.device = a.device AND q.request = a.request RETURNING 1`,
			s.rowOrRows("request, session, attempts, failures", f.devices, f.ids, f.sessions, f.attempts, f.failures))
		s.found += " + (SELECT count(*) FROM put)"
	}
}

// fates are columns.
type fates struct {
	devices, ids, sessions [][]byte
	attempts               []int64
	failures               []*int64
}

func (c *fates) add(w *write, f *fate) {
	c.devices, c.ids, c.sessions = append(c.devices, w.device), append(c.ids, f.id), append(c.sessions, f.session)
	c.attempts, c.failures = append(c.attempts, f.attempts), append(c.failures, f.failures)
}

func (s *statement) ended(ws []*write) {
	var devices, ids [][]byte
	for _, w := range ws {
		for _, id := range w.ended {
			devices, ids = append(devices, w.device), append(ids, id)
		}
	}
	if len(ids) > 0 {
		s.part("ended", `DELETE FROM gomadm_requests AS q USING %s WHERE q.device = a.device AND q.request = a.request RETURNING 1`,
			s.rowOrRows("request", devices, ids))
		s.found += " + (SELECT count(*) FROM ended)"
	}
}

func (s *statement) told(ws []*write) {
	var devices, forms [][]byte
	var kinds []int64
	for _, w := range ws {
		for _, t := range w.told {
			devices, kinds, forms = append(devices, w.device), append(kinds, t.kind), append(forms, t.form)
		}
	}
	if len(forms) > 0 {
		s.part("told", `INSERT INTO gomadm_results (device, nth, kind, form) SELECT device, nth, kind, form FROM %s`,
			s.rows("kind, form", devices, kinds, forms))
	}
}

func (s *statement) marks(ws []*write, table string, of func(*write) marks) {
	var setOf, names, values, goneOf, gone [][]byte
	for _, w := range ws {
		m := of(w)
		names, values, gone = append(names, m.names...), append(values, m.values...), append(gone, m.gone...)
		for range m.names {
			setOf = append(setOf, w.device)
		}
		for range m.gone {
			goneOf = append(goneOf, w.device)
		}
	}
	if len(names) > 0 {
		s.part(table+"_set", `INSERT INTO `+table+` (device, name, value) SELECT device, name, value FROM %s
			ON CONFLICT (device, name) DO UPDATE SET value = excluded.value`,
			s.rows("name, value", setOf, names, values))
	}
	if len(gone) > 0 {
		s.part(table+"_gone", `DELETE FROM `+table+` AS m USING %s WHERE m.device = a.device AND m.name = a.name`,
			s.rows("name", goneOf, gone))
	}
}

// ended is SQL for the number that all transactions which have ended for good are below: those of others go on.
const ended = `pg_snapshot_xmin(pg_current_snapshot())::text::bigint`

// results returns the entries of transactions that are older than each that still goes on, in the order of the numbers of
// transactions: what appears later comes from a transaction with a higher number. A cursor is the number of the
// transaction and that of the entry in it.
func (e postgres) results(
	ctx context.Context, c conn, of *omadm.DeviceID, after session.Cursor, limit int,
) ([]session.Entry, error) {
	tx, nth, err := parsePlace(after)
	if err != nil {
		return nil, err
	}
	only, args := "", []any{tx, nth, int64(limit)}
	if of != nil {
		only, args = "device = $4 AND ", append(args, []byte(*of))
	}
	rows, err := c.QueryContext(ctx, `SELECT tx, nth, device, kind, form FROM gomadm_results
		WHERE `+only+`(tx, nth) > ($1, $2) AND tx < `+ended+` ORDER BY tx, nth LIMIT $3`, args...)
	if err != nil {
		return nil, err
	}
	entries, err := scanEntries(rows, func(n []int64) session.Cursor { return placeCursor(n[0], n[1]) }, 2)
	if err != nil || len(entries) > 0 || after == "" {
		return entries, err
	}
	return nil, e.given(ctx, c, tx)
}

// given is ErrCursor if no entry of a transaction can have been seen.
func (postgres) given(ctx context.Context, c conn, tx int64) error {
	var given bool
	err := c.QueryRowContext(ctx, `SELECT $1 < `+ended, tx).Scan(&given)
	if err == nil && !given {
		err = session.ErrCursor
	}
	return err
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
