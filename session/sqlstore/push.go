package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
)

// Channel does what session.Pushes says.
func (s *Store) Channel(ctx context.Context, id omadm.DeviceID) (session.Channel, error) {
	var uri []byte
	var expires *int64
	err := s.retry(ctx, func() error {
		return s.db.QueryRowContext(ctx, `SELECT p.uri, p.expires FROM gomadm_devices AS d
			LEFT JOIN gomadm_pushes AS p ON p.device = d.device WHERE d.device = $1`, []byte(id)).Scan(&uri, &expires)
	})
	if errors.Is(err, sql.ErrNoRows) {
		err = session.ErrUnknownDevice
	}
	if err != nil {
		return session.Channel{}, failed(id, err)
	}
	c := session.Channel{URI: string(uri)}
	if expires != nil {
		c.Expires = time.Unix(0, *expires).UTC()
	}
	return c, nil
}

// SetChannel does what session.Pushes says.
func (s *Store) SetChannel(ctx context.Context, id omadm.DeviceID, c session.Channel) error {
	var uri []byte
	var expires *int64
	if c.URI != "" {
		uri = []byte(c.URI)
		if !c.Expires.IsZero() {
			n := nanos(c.Expires)
			expires = &n
		}
	}
	return failed(id, s.write(ctx, func(c conn) error {
		n, err := affected(c.ExecContext(ctx, `INSERT INTO gomadm_pushes (device, uri, expires)
			SELECT device, $1, $2 FROM gomadm_devices WHERE device = $3`+s.engine.locks().share+`
			ON CONFLICT (device) DO UPDATE SET uri = excluded.uri, expires = excluded.expires`, uri, expires, []byte(id)))
		if err == nil && n == 0 {
			err = session.ErrUnknownDevice
		}
		return err
	}))
}

// Woken does what session.Pushes says, in one statement that finds the row as it is when it has its lock.
func (s *Store) Woken(ctx context.Context, id omadm.DeviceID, at time.Time, window time.Duration) (bool, error) {
	window = max(window, 0)
	var n int64
	err := s.write(ctx, func(c conn) (err error) {
		n, err = affected(c.ExecContext(ctx, `INSERT INTO gomadm_pushes (device, woken)
			SELECT device, $1 FROM gomadm_devices WHERE device = $2`+s.engine.locks().share+`
			ON CONFLICT (device) DO UPDATE SET woken = excluded.woken
			WHERE gomadm_pushes.woken IS NULL OR gomadm_pushes.woken <= $3 OR gomadm_pushes.woken >= $4`,
			nanos(at), []byte(id), nanos(at.Add(-window)), nanos(at.Add(window))))
		if err == nil && n == 0 {
			err = known(ctx, c, id)
		}
		return err
	})
	return err == nil && n > 0, failed(id, err)
}

// NotWoken does what session.Pushes says.
func (s *Store) NotWoken(ctx context.Context, id omadm.DeviceID, at time.Time) error {
	return failed(id, s.write(ctx, func(c conn) error {
		_, err := c.ExecContext(ctx, `UPDATE gomadm_pushes SET woken = NULL WHERE device = $1 AND woken = $2`,
			[]byte(id), nanos(at))
		return err
	}))
}
