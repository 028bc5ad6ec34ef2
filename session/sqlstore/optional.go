package sqlstore

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
)

// Register does what session.Registrar says. It moves the revision of a device that is known already, so that no Commit
// that began before brings back older nonces.
func (s *Store) Register(ctx context.Context, d session.Device) error {
	facts := newMarks(d.Facts)
	return failed(d.ID, s.write(ctx, func(c conn) error {
		_, err := c.ExecContext(ctx, `INSERT INTO gomadm_devices
				(device, revision, generation, client_nonce, server_nonce, account) VALUES ($1, $2, $3, $4, $5, $6)
			ON CONFLICT (device) DO UPDATE SET revision = gomadm_devices.revision + 1, generation = excluded.generation,
				client_nonce = excluded.client_nonce, server_nonce = excluded.server_nonce, account = excluded.account`,
			[]byte(d.ID), firstRevision(), int64(d.Nonces.Generation), []byte(d.Nonces.Client), []byte(d.Nonces.Server),
			accountForm(d.Account))
		if err != nil {
			return err
		}
		for _, table := range [...]string{"gomadm_facts", "gomadm_pushes"} {
			if _, err := c.ExecContext(ctx, `DELETE FROM `+table+` WHERE device = $1`, []byte(d.ID)); err != nil {
				return err
			}
		}
		for i, name := range facts.names {
			_, err := c.ExecContext(ctx, `INSERT INTO gomadm_facts (device, name, value) VALUES ($1, $2, $3)`,
				[]byte(d.ID), name, facts.values[i])
			if err != nil {
				return err
			}
		}
		return nil
	}))
}

// firstRevision is the revision of a new device, from 1 to 2^62. It is random, so that a device that is registered anew
// has no revision that it had before, and counting needs nothing that devices share.
func firstRevision() int64 {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return int64(binary.BigEndian.Uint64(b[:])>>2) + 1
}

// tables are all that have rows of devices, the one first that is locked.
var tables = [...]string{
	"gomadm_devices", "gomadm_facts", "gomadm_awaited", "gomadm_sessions", "gomadm_parts", "gomadm_requests", "gomadm_ids",
	"gomadm_results", "gomadm_pushes",
}

// Unregister does what session.Registrar says. The results of the device are forgotten too.
func (s *Store) Unregister(ctx context.Context, id omadm.DeviceID) error {
	return failed(id, s.write(ctx, func(c conn) error {
		for _, table := range tables {
			if _, err := c.ExecContext(ctx, `DELETE FROM `+table+` WHERE device = $1`, []byte(id)); err != nil {
				return err
			}
		}
		return nil
	}))
}

// Cancel does what session.Canceler says.
func (s *Store) Cancel(
	ctx context.Context, id omadm.DeviceID, at time.Time, reqs ...omadm.RequestID,
) ([]omadm.RequestID, error) {
	var ids []omadm.RequestID
	err := s.write(ctx, func(c conn) error {
		var revision int64
		err := c.QueryRowContext(ctx, selectRevision+s.engine.locks().update, []byte(id)).Scan(&revision)
		if errors.Is(err, sql.ErrNoRows) {
			return session.ErrUnknownDevice
		}
		if err != nil {
			return err
		}
		change := session.Change{Device: id, Revision: uint64(revision)}
		if change.Finish, err = canceled(ctx, c, id, at, reqs); err != nil {
			return err
		}
		ids = nil
		for i := range change.Finish {
			ids = append(ids, change.Finish[i].Request)
		}
		if len(ids) == 0 {
			return nil
		}
		w, err := newWrite(&change)
		if err != nil {
			return err
		}
		return s.engine.apply(ctx, c, w)
	})
	if err != nil {
		return nil, failed(id, err)
	}
	return ids, nil
}

// canceled returns the outcomes of those of the requests that wait, each once.
func canceled(
	ctx context.Context, c conn, id omadm.DeviceID, at time.Time, reqs []omadm.RequestID,
) ([]omadm.Outcome, error) {
	var outcomes []omadm.Outcome
	seen := make(map[omadm.RequestID]bool)
	for _, r := range reqs {
		if seen[r] {
			continue
		}
		seen[r] = true
		var attempts int
		err := c.QueryRowContext(ctx, `SELECT attempts FROM gomadm_requests
			WHERE device = $1 AND request = $2 AND session IS NULL`, []byte(id), []byte(r)).Scan(&attempts)
		if errors.Is(err, sql.ErrNoRows) {
			continue
		}
		if err != nil {
			return nil, err
		}
		outcomes = append(outcomes, omadm.Outcome{
			Request: r, Kind: omadm.Canceled, Op: omadm.GroupOp, At: at, Attempts: attempts,
		})
	}
	return outcomes, nil
}

// Idle does what session.Idler says. It follows the index of the times, and passes over sessions of a device that has one
// seen before.
func (s *Store) Idle(ctx context.Context, before time.Time, limit int) ([]omadm.DeviceID, error) {
	var ids []omadm.DeviceID
	err := s.retry(ctx, func() (err error) {
		ids, err = idle(ctx, s.db, before, max(limit, 0))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("sqlstore: %w", err)
	}
	return ids, nil
}

func idle(ctx context.Context, c conn, before time.Time, limit int) ([]omadm.DeviceID, error) {
	return scanIDs(c.QueryContext(ctx, `SELECT device FROM gomadm_sessions AS s
		WHERE seen < $1 AND NOT EXISTS (SELECT 1 FROM gomadm_sessions AS o
			WHERE o.device = s.device AND (o.seen < s.seen OR o.seen = s.seen AND o.key < s.key))
		ORDER BY seen LIMIT $2`, nanos(before), int64(limit)))
}

// Results does what session.Results says. On PostgreSQL an entry appears when all transactions of the whole server that
// are older than its own have ended, those of other databases included: a transaction that has written and stays
// open holds the entries back.
func (s *Store) Results(ctx context.Context, after session.Cursor, limit int) ([]session.Entry, error) {
	var entries []session.Entry
	err := s.retry(ctx, func() (err error) {
		entries, err = s.engine.results(ctx, s.db, nil, after, max(limit, 0))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("sqlstore: %w", err)
	}
	return entries, nil
}

// scanEntries reads entries: the numbers that the cursor is made of, device, kind and form.
func scanEntries(rows *sql.Rows, cursor func([]int64) session.Cursor, numbers int) ([]session.Entry, error) {
	defer rows.Close() // again
	entries := []session.Entry{}
	place := make([]int64, numbers)
	for rows.Next() {
		var device, form sql.RawBytes
		var kind int
		to := make([]any, 0, numbers+3)
		for i := range place {
			to = append(to, &place[i])
		}
		if err := rows.Scan(append(to, &device, &kind, &form)...); err != nil {
			return nil, err
		}
		e := session.Entry{Cursor: cursor(place), Device: omadm.DeviceID(device)}
		if err := parseEntry(&e, kind, form); err != nil {
			return nil, err
		}
		entries = append(entries, e)
	}
	return entries, rows.Err()
}

func parseEntry(e *session.Entry, kind int, form []byte) error {
	switch kind {
	case resultEntry:
		e.Result = new(omadm.Result)
		return e.Result.UnmarshalBinary(form)
	case outcomeEntry:
		e.Outcome = new(omadm.Outcome)
		return e.Outcome.UnmarshalBinary(form)
	case eventEntry:
		e.Event = new(omadm.Event)
		return e.Event.UnmarshalBinary(form)
	}
	return fmt.Errorf("entry %q is of kind %d", e.Cursor, kind)
}
