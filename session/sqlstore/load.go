package sqlstore

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
)

// What a row of a Load is about.
const (
	deviceRow = iota
	factRow
	awaitedRow
	sessionRow
	partRow
	leasedRow
	waitingRow
	packedFactsRow // those of PostgreSQL, which is faster at one value than at many rows
	packedAwaitedRow
	packedSessionsRow
)

// loadDevice and loadDevices are all of a Load, or of several, in one statement, which sees one state of the database. They
// are for PostgreSQL. What is small is packed: each octet string behind its length in four octets. What comes in rows has no
// order. Requests that wait are first found in their index, which has all that the limits are about and their order; only
// those that are returned are read, one by one: the limit keeps a planner from joining all that the device has.
var (
	loadDevice  = loadText("1", "$1::bytea", "$2::bytea", "$3::boolean", "$4::bigint", "$5::bigint", "$6::bigint")
	loadDevices = `SELECT r.* FROM
		unnest($1::bytea[], $2::bytea[], $3::boolean[], $4::bigint[], $5::bigint[], $6::bigint[])
			WITH ORDINALITY AS q (device, body, parts, now, most, octets, nth)
		CROSS JOIN LATERAL (` + loadText("q.nth", "q.device", "q.body", "q.parts", "q.now", "q.most", "q.octets") + `) AS r`
)

// loadText is the statement of one Load, which is the nth of several.
func loadText(nth, device, body, parts, now, most, octets string) string {
	return strings.NewReplacer("{nth}", nth, "{device}", device, "{body}", body, "{parts}", parts, "{now}", now, "{most}", most,
		"{octets}", octets).Replace(fmt.Sprintf(`
	SELECT {nth}, %d AS kind, 0 AS rank, CAST(NULL AS bytea) AS key, revision AS n, generation AS attempts, 0 AS failures,
		client_nonce AS a, server_nonce AS b, account AS c
	FROM gomadm_devices WHERE device = {device}
	UNION ALL
	SELECT {nth}, %d, 0, NULL, 0, 0, 0, string_agg(`+packed("name", "value")+`, ''), NULL, NULL
	FROM gomadm_facts WHERE device = {device}
	UNION ALL
	SELECT {nth}, %d, 0, NULL, 0, 0, 0, string_agg(`+packed("name", "value")+`, ''), NULL, NULL
	FROM gomadm_awaited WHERE device = {device}
	UNION ALL
	SELECT {nth}, %d, 0, NULL, 0, 0, 0,
		string_agg(`+packed("state", "CASE WHEN s.body = {body} AND reply IS NOT NULL THEN reply ELSE '' END")+`, ''), NULL, NULL
	FROM gomadm_sessions AS s WHERE device = {device}
	UNION ALL
	SELECT {nth}, %d, 0, key, nth, 0, 0, part, NULL, NULL FROM gomadm_parts WHERE device = {device} AND {parts}
	UNION ALL
	SELECT {nth}, %d, priority, session, age, attempts, failures, form, NULL, NULL FROM gomadm_requests
	WHERE device = {device} AND session IS NOT NULL
	UNION ALL
	SELECT {nth}, %d, r.priority, NULL, r.age, r.attempts, r.failures, r.form, NULL, NULL
	FROM (VALUES (%d), (%d)) AS s (scope) CROSS JOIN LATERAL (
		SELECT request, row_number() OVER o AS nth, sum(least(size, 2147483647)::integer) OVER o AS octets
		FROM (SELECT request, priority, age, size FROM gomadm_requests
			WHERE device = {device} AND scope = s.scope AND session IS NULL AND not_before <= {now}
			ORDER BY priority DESC, age LIMIT {most}) AS due
		WINDOW o AS (ORDER BY priority DESC, age ROWS UNBOUNDED PRECEDING)) AS fit
	CROSS JOIN LATERAL (SELECT priority, age, attempts, failures, form FROM gomadm_requests
		WHERE device = {device} AND request = fit.request LIMIT 1) AS r
	WHERE fit.nth = 1 OR fit.octets <= {octets}`,
		deviceRow, packedFactsRow, packedAwaitedRow, packedSessionsRow, partRow, leasedRow, waitingRow,
		omadm.DeviceScope, omadm.UserScope))
}

// packed is SQL of octet strings as unpack reads them.
func packed(strings ...string) string {
	text := ""
	for i, s := range strings {
		if i > 0 {
			text += " || "
		}
		text += "int4send(length(" + s + ")) || " + s
	}
	return text
}

// unpack calls each with the octet strings, two at a time.
func unpack(packed []byte, each func(a, b []byte) error) error {
	next := func() ([]byte, error) {
		if len(packed) < 4 {
			return nil, errPacked
		}
		n := binary.BigEndian.Uint32(packed)
		if uint64(n) > uint64(len(packed)-4) {
			return nil, errPacked
		}
		s := packed[4 : 4+n]
		packed = packed[4+n:]
		return s, nil
	}
	for len(packed) > 0 {
		a, aErr := next()
		b, bErr := next()
		if err := errors.Join(aErr, bErr); err != nil {
			return err
		}
		if err := each(a, b); err != nil {
			return err
		}
	}
	return nil
}

var errPacked = errors.New("the database has not packed what was asked for")

// Load does what session.Store says. With Options.Group it returns when its context ends, though the transaction may go on
// for others.
func (s *Store) Load(ctx context.Context, q session.Query) (*session.Record, error) {
	r := &read{Query: q}
	if s.loads != nil {
		r.Device = omadm.DeviceID(strings.Clone(string(q.Device)))
		if err := s.loads.wait(ctx, r); err != nil {
			return nil, failed(q.Device, err)
		}
	} else if s.load(ctx, func() []*read { return []*read{r} }); r.err != nil {
		return nil, failed(q.Device, r.err)
	}
	return r.rec, nil
}

// load does Loads in one transaction. Each gets its own error.
func (s *Store) load(ctx context.Context, next func() []*read) {
	err := s.retry(ctx, func() error { return s.engine.load(ctx, s.db, next) })
	if err == nil {
		return
	}
	for _, r := range next() {
		r.err = err
	}
}

// read is a Load.
type read struct {
	session.Query
	rec *session.Record
	ending
}

// excludes says that Loads never are in each other's way.
func (*read) excludes(*read) bool { return false }

// done says what was read.
func (r *read) done(l *loading, err error) {
	if r.err = err; err == nil {
		r.rec, r.err = l.record(r.Device)
	}
}

func (postgres) load(ctx context.Context, db *sql.DB, next func() []*read) error {
	reads := next()
	if len(reads) == 0 {
		return nil
	}
	loads, errs := make([]loading, len(reads)), make([]error, len(reads))
	err := each(func(r *row) error {
		i := r.nth - 1
		errs[i] = errors.Join(errs[i], loads[i].add(r))
		return nil
	})(queryLoads(ctx, db, reads))
	if err != nil {
		return err
	}
	for i, r := range reads {
		r.done(&loads[i], errs[i])
	}
	return nil
}

func queryLoads(ctx context.Context, db *sql.DB, reads []*read) (*sql.Rows, error) {
	if len(reads) == 1 {
		r := reads[0]
		return db.QueryContext(ctx, loadDevice,
			[]byte(r.Device), r.Body[:], r.Parts, nanos(r.Now), int64(max(r.Limit, 1)), int64(r.Octets))
	}
	var devices, bodies [][]byte
	var parts []bool
	var now, limits, octets []int64
	for _, r := range reads {
		devices, bodies, parts = append(devices, []byte(r.Device)), append(bodies, r.Body[:]), append(parts, r.Parts)
		now, limits = append(now, nanos(r.Now)), append(limits, int64(max(r.Limit, 1)))
		octets = append(octets, int64(r.Octets))
	}
	return db.QueryContext(ctx, loadDevices, devices, bodies, parts, now, limits, octets)
}

// row is a row of a Load.
type row struct {
	nth                               int64 // which Load, from 1
	kind, rank, n, attempts, failures int64
	key, a, b, c                      sql.RawBytes
}

// each returns a function that reads rows to their end, or until add fails.
func each(add func(*row) error) func(*sql.Rows, error) error {
	return func(rows *sql.Rows, err error) error {
		if err != nil {
			return err
		}
		defer rows.Close() // again: each has returned the error by then
		r := new(row)
		columns := []any{&r.nth, &r.kind, &r.rank, &r.key, &r.n, &r.attempts, &r.failures, &r.a, &r.b, &r.c}
		for rows.Next() {
			if err := rows.Scan(columns...); err != nil {
				return err
			}
			if err := add(r); err != nil {
				return err
			}
		}
		return errors.Join(rows.Err(), rows.Close())
	}
}

// loading is a record of which rows are read, in any order.
type loading struct {
	rec      session.Record
	parts    []part
	requests []place
}

// part is a part of a large object, in the order in which Load returns them.
type part struct {
	key  string // of the session
	nth  int64
	part []byte
}

// place is a request in the order in which Load returns them.
type place struct {
	priority, age int64
	lease         string // the key of the session that has it, "" if it waits
	session.Pending
}

// fit returns a function that adds requests while they fit into so many octets, and the first one in any case.
func (l *loading) fit(octets int) func(*row) error {
	first := len(l.requests)
	return func(r *row) error {
		if err := l.add(r); err != nil {
			return err
		}
		last := len(l.requests) - 1
		octets -= l.requests[last].Request.Size()
		if octets < 0 && last > first {
			l.requests = l.requests[:last]
			return errFull
		}
		return nil
	}
}

// errFull ends the reading of requests.
var errFull = errors.New("the next one does not fit")

// record returns what was read.
func (l *loading) record(id omadm.DeviceID) (*session.Record, error) {
	if l.rec.Revision == 0 {
		return nil, session.ErrUnknownDevice
	}
	l.rec.Device.ID = omadm.DeviceID(strings.Clone(string(id)))
	slices.SortFunc(l.rec.Sessions, func(a, b session.State) int { return strings.Compare(a.Key(), b.Key()) })
	slices.SortFunc(l.parts, func(a, b part) int { return cmp.Or(strings.Compare(a.key, b.key), cmp.Compare(a.nth, b.nth)) })
	for i := range l.parts {
		l.rec.Parts = append(l.rec.Parts, l.parts[i].part)
	}
	slices.SortFunc(l.requests, func(a, b place) int {
		return cmp.Or(cmp.Compare(b.priority, a.priority), cmp.Compare(a.age, b.age))
	})
	for i := range l.requests {
		if r := &l.requests[i]; r.lease == "" || l.has(r.lease) {
			l.rec.Requests = append(l.rec.Requests, r.Pending)
		}
	}
	return &l.rec, nil
}

// has reports whether there is a session with a key.
func (l *loading) has(key string) bool {
	return slices.ContainsFunc(l.rec.Sessions, func(s session.State) bool { return s.Key() == key })
}

// add adds what a row says to the record.
func (l *loading) add(r *row) (err error) {
	rec := &l.rec
	switch r.kind {
	case deviceRow:
		rec.Revision = uint64(r.n)
		rec.Device.Nonces = session.Nonces{Generation: uint64(r.attempts), Client: string(r.a), Server: string(r.b)}
		rec.Device.Account, err = parseAccount(r.c)
	case factRow:
		put(&rec.Device.Facts, string(r.a), string(r.b))
	case awaitedRow:
		put(&rec.Device.Awaited, string(r.a), omadm.RequestID(r.b))
	case sessionRow:
		err = l.session(r.a, r.b)
	case partRow:
		l.parts = append(l.parts, part{string(r.key), r.n, bytes.Clone(r.a)})
	case leasedRow, waitingRow:
		p := place{r.rank, r.n, string(r.key), session.Pending{Attempts: int(r.attempts), Failures: int(r.failures)}}
		err = p.Request.UnmarshalBinary(r.a)
		l.requests = append(l.requests, p)
	case packedFactsRow:
		err = unpack(r.a, func(name, value []byte) error { put(&rec.Device.Facts, string(name), string(value)); return nil })
	case packedAwaitedRow:
		err = unpack(r.a, func(name, id []byte) error { put(&rec.Device.Awaited, string(name), omadm.RequestID(id)); return nil })
	case packedSessionsRow:
		err = unpack(r.a, l.session)
	}
	return err
}

// session adds a session, and the reply if it is asked for.
func (l *loading) session(state, reply []byte) error {
	var s session.State
	err := s.UnmarshalBinary(state)
	l.rec.Sessions = append(l.rec.Sessions, s)
	if len(reply) > 0 {
		l.rec.Reply = bytes.Clone(reply)
	}
	return err
}

// put sets a key of a map, which may be nil.
func put[M ~map[string]V, V any](m *M, k string, v V) {
	if *m == nil {
		*m = make(M)
	}
	(*m)[k] = v
}
