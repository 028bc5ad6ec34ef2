package vendorstore

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
)

// Register is of session.Registrar. A device that the product does not have becomes one of its platform windows.
func (s *Store) Register(ctx context.Context, d session.Device) error {
	var b pgx.Batch // sent by a pool it is one transaction
	b.Queue(`INSERT INTO devices (udid, platform) VALUES ($1, 'windows') ON CONFLICT (udid) DO NOTHING`, string(d.ID))
	b.Queue(`INSERT INTO dm_devices (device_id, revision, facts, account, generation, client_nonce, server_nonce)
		SELECT id, nextval('dm_serial'), jsonb_strip_nulls($2), $3, $4, $5, $6 FROM devices WHERE udid = $1
		ON CONFLICT (device_id) DO UPDATE SET (revision, facts, account, generation, client_nonce, server_nonce) =
			(excluded.revision, excluded.facts, excluded.account, excluded.generation, excluded.client_nonce,
			excluded.server_nonce)`, string(d.ID), object(d.Facts), d.Account, d.Nonces.Generation,
		[]byte(d.Nonces.Client), []byte(d.Nonces.Server))
	return failed(d.ID, s.Pool.SendBatch(ctx, &b).Close())
}

// Unregister is of session.Registrar. The row of the product stays. The first statement waits for whoever adds commands.
func (s *Store) Unregister(ctx context.Context, id omadm.DeviceID) error {
	var b pgx.Batch
	b.Queue(`DELETE FROM dm_devices WHERE device_id = `+ours, string(id))
	b.Queue(`DELETE FROM command_results WHERE dm_device = `+ours, string(id))
	b.Queue(`DELETE FROM commands WHERE dm_request IS NOT NULL AND device_id = `+ours, string(id))
	return failed(id, s.Pool.SendBatch(ctx, &b).Close())
}

// Results is session.Results. Cursors are ids of command_results.
func (s *Store) Results(ctx context.Context, after session.Cursor, limit int) ([]session.Entry, error) {
	id, err := s.id(ctx, after)
	if err != nil {
		return nil, fmt.Errorf("vendorstore: cursor %.32q: %w", string(after), err)
	}
	// The error of Query is that of CollectRows, too.
	rows, _ := s.Pool.Query(ctx, `SELECT r.id, udid, dm_kind, dm_entry
		FROM command_results AS r JOIN devices AS d ON d.id = dm_device
		WHERE r.id > $1 AND dm_entry IS NOT NULL ORDER BY r.id LIMIT $2`, id, limit)
	entries, err := pgx.CollectRows(rows, scanEntry)
	if err != nil {
		return nil, fmt.Errorf("vendorstore: %w", err)
	}
	return entries, nil
}

func cursor(id int64) session.Cursor { return session.Cursor(strconv.FormatInt(id, 10)) }

// id is the inverse of cursor, for ids that were given away.
func (s *Store) id(ctx context.Context, c session.Cursor) (id int64, err error) {
	if c == "" {
		return 0, nil
	}
	id, err = strconv.ParseInt(string(c), 10, 64)
	if err != nil || id < 1 || cursor(id) != c {
		return 0, session.ErrCursor
	}
	var given bool
	err = s.Pool.QueryRow(ctx, `SELECT $1 <= coalesce(
		pg_sequence_last_value(pg_get_serial_sequence('command_results', 'id')::regclass), 0)`, id).Scan(&given)
	if err == nil && !given {
		err = session.ErrCursor
	}
	return id, err
}

func scanEntry(row pgx.CollectableRow) (session.Entry, error) {
	var e session.Entry
	var id int64
	var kind string
	var entry []byte
	if err := row.Scan(&id, &e.Device, &kind, &entry); err != nil {
		return e, err
	}
	e.Cursor = cursor(id)
	switch kind {
	case "result":
		e.Result = new(omadm.Result)
		return e, e.Result.UnmarshalBinary(entry)
	case "outcome":
		e.Outcome = new(omadm.Outcome)
		return e, e.Outcome.UnmarshalBinary(entry)
	case "event":
		e.Event = new(omadm.Event)
		return e, e.Event.UnmarshalBinary(entry)
	}
	return e, fmt.Errorf("entry %d is of kind %q", id, kind)
}

// Idle is session.Idler.
func (s *Store) Idle(ctx context.Context, before time.Time, limit int) ([]omadm.DeviceID, error) {
	rows, _ := s.Pool.Query(ctx, `SELECT udid FROM dm_sessions JOIN devices ON id = device_id
		WHERE seen < $1 GROUP BY id ORDER BY min(seen) LIMIT $2`, nanos(before), limit)
	ids, err := pgx.CollectRows(rows, pgx.RowTo[omadm.DeviceID])
	if err != nil {
		return nil, fmt.Errorf("vendorstore: %w", err)
	}
	return ids, nil
}

// Cancel is session.Canceler. It has the lock of Commit and moves the revision, so that one of the two comes too late.
func (s *Store) Cancel(
	ctx context.Context, id omadm.DeviceID, at time.Time, reqs ...omadm.RequestID,
) ([]omadm.RequestID, error) {
	var canceled []omadm.RequestID
	err := pgx.BeginFunc(ctx, s.Pool, func(tx pgx.Tx) error {
		device, _, err := lock(ctx, tx, id, "NO KEY UPDATE")
		if err != nil {
			return err
		}
		rows, _ := tx.Query(ctx, `SELECT dm_request, dm_attempts FROM commands JOIN unnest($2::text[])
			WITH ORDINALITY AS given (dm_request, nth) USING (dm_request)
			WHERE device_id = $1 AND dm_session IS NULL AND finished_at IS NULL
			GROUP BY dm_request, dm_attempts ORDER BY min(nth)`, device, reqs)
		var c session.Change
		o := omadm.Outcome{Kind: omadm.Canceled, Op: omadm.GroupOp, At: at}
		_, err = pgx.ForEachRow(rows, []any{&o.Request, &o.Attempts}, func() error {
			canceled, c.Finish = append(canceled, o.Request), append(c.Finish, o)
			return nil
		})
		if err != nil || len(canceled) == 0 {
			return err
		}
		var b pgx.Batch
		b.Queue(`UPDATE dm_devices SET revision = nextval('dm_serial') WHERE device_id = $1`, device)
		if err := report(&b, device, &c); err != nil {
			return err
		}
		return tx.SendBatch(ctx, &b).Close()
	})
	if err != nil {
		return nil, failed(id, err)
	}
	return canceled, nil
}
