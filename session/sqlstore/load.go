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

// loadDevice is all of a Load in one statement, which sees one state of the database. It is for PostgreSQL. What is small is
// packed: each octet string behind its length in four octets. What comes in rows has no order. Requests that wait are first
// found in their index, which has all that the limits are about and their order; only those that are returned are read.
var loadDevice = fmt.Sprintf(`
	SELECT %d AS kind, 0 AS rank, CAST(NULL AS bytea) AS key, revision AS n, generation AS attempts, 0 AS failures,
		client_nonce AS a, server_nonce AS b, account AS c
	FROM gomadm_devices WHERE device = $1
	UNION ALL
	SELECT %d, 0, NULL, 0, 0, 0, string_agg(`+packed("name", "value")+`, ''), NULL, NULL FROM gomadm_facts WHERE device = $1
	UNION ALL
	SELECT %d, 0, NULL, 0, 0, 0, string_agg(`+packed("name", "value")+`, ''), NULL, NULL FROM gomadm_awaited WHERE device = $1
	UNION ALL
	SELECT %d, 0, NULL, 0, 0, 0,
		string_agg(`+packed("state", "CASE WHEN body = $2 AND reply IS NOT NULL THEN reply ELSE '' END")+`, ''), NULL, NULL
	FROM gomadm_sessions WHERE device = $1
	UNION ALL
	SELECT %d, 0, key, nth, 0, 0, part, NULL, NULL FROM gomadm_parts WHERE device = $1 AND CAST($3 AS bigint) = 1
	UNION ALL
	SELECT %d, priority, session, age, attempts, failures, form, NULL, NULL FROM gomadm_requests
	WHERE device = $1 AND session IS NOT NULL
	UNION ALL
	SELECT %d, r.priority, NULL, r.age, r.attempts, r.failures, r.form, NULL, NULL
	FROM (VALUES (%d), (%d)) AS s (scope) CROSS JOIN LATERAL (
		SELECT request, row_number() OVER o AS nth, sum(least(size, 2147483647)::integer) OVER o AS octets
		FROM (SELECT request, priority, age, size FROM gomadm_requests
			WHERE device = $1 AND scope = s.scope AND session IS NULL AND not_before <= CAST($4 AS bigint)
			ORDER BY priority DESC, age LIMIT CAST($5 AS bigint)) AS due
		WINDOW o AS (ORDER BY priority DESC, age ROWS UNBOUNDED PRECEDING)) AS fit
	JOIN gomadm_requests AS r ON r.device = $1 AND r.request = fit.request
	WHERE fit.nth = 1 OR fit.octets <= CAST($6 AS bigint)`,
	deviceRow, packedFactsRow, packedAwaitedRow, packedSessionsRow, partRow, leasedRow, waitingRow,
	omadm.DeviceScope, omadm.UserScope)

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

// Load does what session.Store says.
func (s *Store) Load(ctx context.Context, q session.Query) (*session.Record, error) {
	var rec *session.Record
	err := s.retry(ctx, func() (err error) {
		rec, err = s.engine.load(ctx, s.db, q)
		return err
	})
	if err != nil {
		return nil, failed(q.Device, err)
	}
	return rec, nil
}

func (postgres) load(ctx context.Context, db *sql.DB, q session.Query) (*session.Record, error) {
	parts := int64(0)
	if q.Parts {
		parts = 1
	}
	l := new(loading)
	err := l.rows(db.QueryContext(ctx, loadDevice,
		[]byte(q.Device), q.Body[:], parts, nanos(q.Now), int64(max(q.Limit, 1)), int64(q.Octets)))
	if err != nil {
		return nil, err
	}
	return l.record(q.Device)
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

// rows reads rows to their end.
func (l *loading) rows(rows *sql.Rows, err error) error {
	if err != nil {
		return err
	}
	defer rows.Close() // again: each has returned the error by then
	for rows.Next() {
		if err := l.read(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// fit reads rows of requests while they fit into so many octets, and the first one in any case.
func (l *loading) fit(octets int) func(*sql.Rows, error) error {
	return func(rows *sql.Rows, err error) error {
		if err != nil {
			return err
		}
		defer rows.Close() // again
		first := len(l.requests)
		for rows.Next() {
			if err := l.read(rows); err != nil {
				return err
			}
			last := len(l.requests) - 1
			octets -= l.requests[last].Request.Size()
			if octets < 0 && last > first {
				l.requests = l.requests[:last]
				return rows.Close()
			}
		}
		return rows.Err()
	}
}

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

// read adds what a row says to the record.
func (l *loading) read(rows *sql.Rows) (err error) {
	rec := &l.rec
	var kind int
	var rank, n, attempts, failures int64
	var key, a, b, c sql.RawBytes
	if err := rows.Scan(&kind, &rank, &key, &n, &attempts, &failures, &a, &b, &c); err != nil {
		return err
	}
	switch kind {
	case deviceRow:
		rec.Revision = uint64(n)
		rec.Device.Nonces = session.Nonces{Generation: uint64(attempts), Client: string(a), Server: string(b)}
		rec.Device.Account, err = parseAccount(c)
	case factRow:
		put(&rec.Device.Facts, string(a), string(b))
	case awaitedRow:
		put(&rec.Device.Awaited, string(a), omadm.RequestID(b))
	case sessionRow:
		err = l.session(a, b)
	case partRow:
		l.parts = append(l.parts, part{string(key), n, bytes.Clone(a)})
	case leasedRow, waitingRow:
		p := place{rank, n, string(key), session.Pending{Attempts: int(attempts), Failures: int(failures)}}
		err = p.Request.UnmarshalBinary(a)
		l.requests = append(l.requests, p)
	case packedFactsRow:
		err = unpack(a, func(name, value []byte) error { put(&rec.Device.Facts, string(name), string(value)); return nil })
	case packedAwaitedRow:
		err = unpack(a, func(name, id []byte) error { put(&rec.Device.Awaited, string(name), omadm.RequestID(id)); return nil })
	case packedSessionsRow:
		err = unpack(a, l.session)
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
