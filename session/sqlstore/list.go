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

// Devices does what session.Lister says.
func (s *Store) Devices(ctx context.Context, after omadm.DeviceID, limit int) ([]omadm.DeviceID, error) {
	var ids []omadm.DeviceID
	err := s.retry(ctx, func() (err error) {
		ids, err = scanIDs(s.db.QueryContext(ctx, `SELECT device FROM gomadm_devices
			WHERE device > $1 ORDER BY device LIMIT $2`, []byte(after), int64(max(limit, 0))))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("sqlstore: %w", err)
	}
	return ids, nil
}

// scanIDs reads devices.
func scanIDs(rows *sql.Rows, err error) ([]omadm.DeviceID, error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close() // again
	var ids []omadm.DeviceID
	for rows.Next() {
		var id sql.RawBytes
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		ids = append(ids, omadm.DeviceID(id))
	}
	return ids, rows.Err()
}

// Requests does what session.Lister says. It looks at the ages of all requests of the device that are not finished, and
// reads those that it returns. A cursor behind the youngest request is taken for one of a request that is finished.
func (s *Store) Requests(
	ctx context.Context, id omadm.DeviceID, after session.Cursor, limit int,
) ([]session.Queued, error) {
	age, err := parseAge(after)
	if err != nil {
		return nil, failed(id, err)
	}
	var list []session.Queued
	err = s.retry(ctx, func() (err error) {
		list, err = queued(ctx, s.db, id, age, limit)
		if err == nil && len(list) == 0 {
			err = known(ctx, s.db, id)
		}
		return err
	})
	if err != nil {
		return nil, failed(id, err)
	}
	return list, nil
}

func queued(ctx context.Context, c conn, id omadm.DeviceID, age int64, limit int) ([]session.Queued, error) {
	rows, err := c.QueryContext(ctx, `SELECT r.age, r.session, r.attempts, r.failures, r.form
		FROM (SELECT request FROM gomadm_requests WHERE device = $1 AND age > $2 ORDER BY age LIMIT $3) AS page
		JOIN gomadm_requests AS r ON r.device = $1 AND r.request = page.request
		ORDER BY r.age`, []byte(id), age, int64(max(limit, 0)))
	if err != nil {
		return nil, err
	}
	defer rows.Close() // again
	var list []session.Queued
	for rows.Next() {
		var q session.Queued
		var age int64
		var key, form sql.RawBytes
		if err := rows.Scan(&age, &key, &q.Attempts, &q.Failures, &form); err != nil {
			return nil, err
		}
		q.Cursor, q.Session = ageCursor(age), string(key)
		if err := q.Request.UnmarshalBinary(form); err != nil {
			return nil, err
		}
		list = append(list, q)
	}
	return list, rows.Err()
}

// known is ErrUnknownDevice if a device is not registered.
func known(ctx context.Context, c conn, id omadm.DeviceID) error {
	var revision int64
	err := c.QueryRowContext(ctx, selectRevision, []byte(id)).Scan(&revision)
	if errors.Is(err, sql.ErrNoRows) {
		return session.ErrUnknownDevice
	}
	return err
}

// ageCursor names the request with an age. It is none of Results.
func ageCursor(age int64) session.Cursor { return session.Cursor("q" + strconv.FormatInt(age, 10)) }

// parseAge is the inverse of ageCursor, and 0 for the cursor before the first request.
func parseAge(c session.Cursor) (int64, error) {
	if c == "" {
		return 0, nil
	}
	age, err := strconv.ParseInt(strings.TrimPrefix(string(c), "q"), 10, 64)
	if err != nil || age < 1 || ageCursor(age) != c {
		return 0, fmt.Errorf("cursor %.32q: %w", string(c), session.ErrCursor)
	}
	return age, nil
}

// History does what session.Lister says. An entry appears when it does in Results.
func (s *Store) History(
	ctx context.Context, id omadm.DeviceID, after session.Cursor, limit int,
) ([]session.Entry, error) {
	var entries []session.Entry
	err := s.retry(ctx, func() (err error) {
		entries, err = s.engine.results(ctx, s.db, &id, after, max(limit, 0))
		if err == nil && len(entries) == 0 {
			err = known(ctx, s.db, id)
		}
		return err
	})
	if err != nil {
		return nil, failed(id, err)
	}
	return entries, nil
}
