package sqlstore

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
)

// What a row of loadDevice is about.
const (
	deviceRow = iota
	factRow
	awaitedRow
	sessionRow
	partRow
	requestRow
)

// loadDevice is all of a Load in one statement, which sees one state of the database. Requests that wait are first found
// in their index, which has all that the limits are about; only those that are returned are read. It is for PostgreSQL.
var loadDevice = fmt.Sprintf(`
	SELECT %d AS kind, 0 AS rank, CAST(NULL AS bytea) AS key, revision AS n, generation AS attempts, 0 AS failures,
		client_nonce AS a, server_nonce AS b, account AS c
	FROM gomadm_devices WHERE device = $1
	UNION ALL
	SELECT %d, 0, NULL, 0, 0, 0, name, value, NULL FROM gomadm_facts WHERE device = $1
	UNION ALL
	SELECT %d, 0, NULL, 0, 0, 0, name, value, NULL FROM gomadm_awaited WHERE device = $1
	UNION ALL
	SELECT %d, 0, key, 0, 0, 0, state, CASE WHEN body = $2 THEN reply END, NULL FROM gomadm_sessions WHERE device = $1
	UNION ALL
	SELECT %d, 0, key, nth, 0, 0, part, NULL, NULL FROM gomadm_parts WHERE device = $1 AND CAST($3 AS bigint) = 1
	UNION ALL
	SELECT %[6]d, priority, NULL, age, attempts, failures, form, NULL, NULL FROM gomadm_requests
	WHERE device = $1 AND session IN (SELECT key FROM gomadm_sessions WHERE device = $1)`,
	deviceRow, factRow, awaitedRow, sessionRow, partRow, requestRow) +
	waiting(omadm.DeviceScope) + waiting(omadm.UserScope) + `
	ORDER BY kind, key, n`

// waiting is the part of loadDevice about requests of one scope.
func waiting(s omadm.Scope) string {
	return fmt.Sprintf(`
	UNION ALL
	SELECT %d, r.priority, NULL, r.age, r.attempts, r.failures, r.form, NULL, NULL
	FROM (SELECT request, row_number() OVER w AS nth, sum(size) OVER w AS octets
		FROM (SELECT request, priority, age, size FROM gomadm_requests
			WHERE device = $1 AND scope = %d AND session IS NULL AND not_before <= CAST($4 AS bigint)
			ORDER BY priority DESC, age LIMIT CAST($5 AS bigint)) AS due
		WINDOW w AS (ORDER BY priority DESC, age)) AS fit
	JOIN gomadm_requests AS r ON r.device = $1 AND r.request = fit.request
	WHERE fit.nth = 1 OR fit.octets <= CAST($6 AS bigint)`, requestRow, s)
}

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

// loading is a record of which rows are read. Requests come in any order.
type loading struct {
	rec      session.Record
	requests []place
}

// place is a request in the order in which Load returns them.
type place struct {
	priority, age int64
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
	slices.SortFunc(l.requests, func(a, b place) int {
		return cmp.Or(cmp.Compare(b.priority, a.priority), cmp.Compare(a.age, b.age))
	})
	for i := range l.requests {
		l.rec.Requests = append(l.rec.Requests, l.requests[i].Pending)
	}
	return &l.rec, nil
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
		var s session.State
		err = s.UnmarshalBinary(a)
		rec.Sessions = append(rec.Sessions, s)
		if len(b) > 0 {
			rec.Reply = bytes.Clone(b)
		}
	case partRow:
		rec.Parts = append(rec.Parts, bytes.Clone(a))
	case requestRow:
		p := place{rank, n, session.Pending{Attempts: int(attempts), Failures: int(failures)}}
		err = p.Request.UnmarshalBinary(a)
		l.requests = append(l.requests, p)
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
