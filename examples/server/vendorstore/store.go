package vendorstore

import (
	"bytes"
	"context"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
)

// Store is a session.Store. In optional.go it becomes what a store can be beside.
type Store struct{ Pool *pgxpool.Pool }

// ours is the id that the product has for the device $1.
const ours = `(SELECT id FROM devices WHERE udid = $1)`

// Load reads all from one snapshot.
func (s *Store) Load(ctx context.Context, q session.Query) (*session.Record, error) {
	rec, udid := &session.Record{Device: session.Device{ID: q.Device}}, string(q.Device)
	var b pgx.Batch
	b.Queue(`SELECT revision, facts, awaited, account, generation, client_nonce, server_nonce
		FROM dm_devices WHERE device_id = `+ours, udid).QueryRow(func(row pgx.Row) error {
		var client, server []byte
		d, n := &rec.Device, &rec.Device.Nonces
		err := row.Scan(&rec.Revision, &d.Facts, &d.Awaited, &d.Account, &n.Generation, &client, &server)
		n.Client, n.Server = string(client), string(server)
		return err
	})
	var state, reply, part, payload []byte
	each(b.Queue(`SELECT state, CASE WHEN body = $2 THEN reply END FROM dm_sessions
		WHERE device_id = `+ours+` ORDER BY key`, udid, q.Body[:]), func() error {
		rec.Reply = append(rec.Reply, reply...) // of one session at most
		rec.Sessions = append(rec.Sessions, session.State{})
		return rec.Sessions[len(rec.Sessions)-1].UnmarshalBinary(state)
	}, &state, &reply)
	each(b.Queue(`SELECT part FROM dm_parts WHERE $2 AND device_id = `+ours+` ORDER BY key, nth`, udid, q.Parts), func() error {
		rec.Parts = append(rec.Parts, part)
		return nil
	}, &part)
	var p session.Pending
	each(b.Queue(`SELECT payload, dm_attempts, dm_failures FROM (
			SELECT *, 1 AS nth, 0 AS octets FROM commands WHERE device_id = `+ours+` AND dm_session IS NOT NULL
		UNION ALL
			SELECT due.* FROM (VALUES (false), (true)) AS scope (of_user), LATERAL (
				SELECT *, row_number() OVER line AS nth, sum(dm_size) OVER line AS octets FROM (
					SELECT * FROM commands
					WHERE device_id = `+ours+` AND dm_user_scope = of_user AND dm_not_before <= $2
						AND dm_request IS NOT NULL AND dm_session IS NULL AND finished_at IS NULL
					ORDER BY dm_priority DESC, dm_age LIMIT greatest($3, 1)) AS first
				WINDOW line AS (ORDER BY dm_priority DESC, dm_age)) AS due) AS pending
		WHERE nth = 1 OR octets <= $4 ORDER BY dm_priority DESC, dm_age`,
		udid, nanos(q.Now), q.Limit, q.Octets), func() error {
		rec.Requests = append(rec.Requests, p)
		return rec.Requests[len(rec.Requests)-1].Request.UnmarshalBinary(payload)
	}, &payload, &p.Attempts, &p.Failures)
	snapshot := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	err := pgx.BeginTxFunc(ctx, s.Pool, snapshot, func(tx pgx.Tx) error { return tx.SendBatch(ctx, &b).Close() })
	if err != nil {
		return nil, failed(q.Device, err)
	}
	return rec, nil
}

// Commit changes a device whose revision it has under lock. Who comes second waits, and finds another revision.
func (s *Store) Commit(ctx context.Context, c *session.Change) error {
	return failed(c.Device, pgx.BeginFunc(ctx, s.Pool, func(tx pgx.Tx) error {
		device, revision, err := lock(ctx, tx, c.Device, "NO KEY UPDATE")
		if err != nil {
			return err
		}
		if revision != c.Revision {
			return session.ErrConflict
		}
		if err := insert(ctx, tx, device, c.Device, c.Add, false); err != nil {
			return err
		}
		var b pgx.Batch
		b.Queue(`UPDATE dm_devices SET revision = nextval('dm_serial'), facts = jsonb_strip_nulls(facts || $2),
			awaited = jsonb_strip_nulls(awaited || $3) WHERE device_id = $1`, device, object(c.Facts), object(c.Awaited))
		if n := c.Nonces; n != nil {
			b.Queue(`UPDATE dm_devices SET generation = $2, client_nonce = $3, server_nonce = $4 WHERE device_id = $1`,
				device, n.Generation, []byte(n.Client), []byte(n.Server))
		}
		if c.Session.ID != "" {
			keep(&b, device, c)
		}
		for _, r := range c.Requeue {
			update(&b, device, r.Request, `status = 'queued', dm_session = NULL, dm_attempts = $3, dm_failures = $4`,
				r.Attempts, r.Failures)
		}
		for _, l := range c.Lease {
			update(&b, device, l.Request, `status = 'sent', dm_session = $3, dm_attempts = $4`,
				[]byte(l.Session), l.Attempts)
		}
		if err := report(&b, device, c); err != nil {
			return err
		}
		for i := range c.Close {
			b.Queue(`DELETE FROM dm_sessions WHERE device_id = $1 AND key = $2`, device, []byte(c.Close[i].Key()))
		}
		return tx.SendBatch(ctx, &b).Close()
	}))
}

// keep replaces the session of a change with its reply, and adds the part.
func keep(b *pgx.Batch, device int64, c *session.Change) {
	key, stay := []byte(c.Session.Key()), c.Session.Parts
	state, _ := c.Session.AppendBinary(nil) // the error is always nil
	b.Queue(`INSERT INTO dm_sessions (device_id, key, state, body, reply, seen) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (device_id, key) DO UPDATE SET (state, body, reply, seen) =
			(excluded.state, excluded.body, excluded.reply, excluded.seen)`,
		device, key, state, c.Session.Body[:], c.Reply, nanos(c.Session.Seen))
	if len(c.Part) > 0 {
		stay--
	}
	b.Queue(`DELETE FROM dm_parts WHERE device_id = $1 AND key = $2 AND nth > $3`, device, key, stay)
	if len(c.Part) > 0 {
		b.Queue(`INSERT INTO dm_parts (device_id, key, nth, part) VALUES ($1, $2, $3, $4)`, device, key, stay+1, c.Part)
	}
}

// update changes a command that waits or is leased.
func update(b *pgx.Batch, device int64, request omadm.RequestID, set string, args ...any) {
	b.Queue(`UPDATE commands SET `+set+` WHERE device_id = $1 AND dm_request = $2 AND finished_at IS NULL`,
		append([]any{device, string(request)}, args...)...).Exec(func(tag pgconn.CommandTag) error {
		if tag.RowsAffected() != 1 {
			return fmt.Errorf("request %q neither waits nor is leased", request)
		}
		return nil
	})
}

// report ends commands and adds results. Whoever adds results has the lock until they can be seen, so that the order in
// which they can be is that of their ids.
func report(b *pgx.Batch, device int64, c *session.Change) (err error) {
	if len(c.Results)+len(c.Finish)+len(c.Events) > 0 {
		b.Queue(`SELECT pg_advisory_xact_lock('command_results'::regclass::oid::bigint)`)
	}
	add := func(kind string, request omadm.RequestID, code omadm.Status, v encoding.BinaryAppender) {
		entry, entryErr := v.AppendBinary(nil)
		result, resultErr := json.Marshal(v)
		err = errors.Join(err, entryErr, resultErr)
		b.Queue(`INSERT INTO command_results (dm_device, command_uuid, code, result, dm_kind, dm_entry)
			VALUES ($1, (SELECT uuid FROM commands WHERE device_id = $1 AND dm_request = $2), nullif($3, 0), $4, $5, $6)`,
			device, string(request), int(code), result, kind, entry)
	}
	for i, r := range c.Results {
		add("result", r.Request, r.Status, &c.Results[i])
	}
	for i, o := range c.Finish {
		update(b, device, o.Request, `status = $3, finished_at = $4, dm_session = NULL`, o.Kind.String(), o.At)
		add("outcome", o.Request, o.Status, &c.Finish[i])
	}
	for i, e := range c.Events {
		add("event", e.Request, 0, &c.Events[i])
	}
	return err
}

// Enqueue is Enqueue below in a transaction of its own.
func (s *Store) Enqueue(ctx context.Context, id omadm.DeviceID, reqs ...omadm.Request) error {
	return Enqueue(ctx, s.Pool, id, reqs...)
}

// Enqueue does what session.Store says, as a part of the transaction when db is a pgx.Tx, which can go on after an error.
// The requests have to be valid and normalised, as those are that come from a session.Queue.
func Enqueue(ctx context.Context, db interface {
	Begin(context.Context) (pgx.Tx, error)
}, id omadm.DeviceID, reqs ...omadm.Request) error {
	return failed(id, pgx.BeginFunc(ctx, db, func(tx pgx.Tx) error {
		device, _, err := lock(ctx, tx, id, "KEY SHARE")
		if err != nil {
			return err
		}
		return insert(ctx, tx, device, id, reqs, true)
	}))
}

// insert adds requests. One whose id is taken is passed over if it is a repetition and these are allowed.
func insert(ctx context.Context, tx pgx.Tx, device int64, id omadm.DeviceID, reqs []omadm.Request, repeats bool) error {
	if len(reqs) == 0 {
		return nil
	}
	var b pgx.Batch
	var there []omadm.Request
	for _, r := range reqs {
		payload, err := r.AppendBinary(nil)
		if err != nil {
			return err
		}
		b.Queue(`INSERT INTO commands
				(device_id, dm_request, payload, dm_age, dm_user_scope, dm_priority, dm_not_before, dm_size)
			VALUES ($1, $2, $3, nextval('dm_serial'), $4, $5, $6, $7) ON CONFLICT (device_id, dm_request) DO NOTHING`,
			device, string(r.ID), payload, r.Scope == omadm.UserScope, r.Priority, nanos(r.NotBefore), r.Size(),
		).Exec(func(tag pgconn.CommandTag) error {
			if tag.RowsAffected() == 0 {
				there = append(there, r)
			}
			return nil
		})
	}
	if err := tx.SendBatch(ctx, &b).Close(); err != nil || len(there) == 0 {
		return err
	}
	exists := &session.ExistsError{Device: id}
	b = pgx.Batch{}
	for _, r := range there {
		b.Queue(`SELECT payload FROM commands WHERE device_id = $1 AND dm_request = $2`, device, string(r.ID)).QueryRow(func(row pgx.Row) error {
			same, err := holds(row, &r)
			if !same || !repeats {
				exists.Requests = append(exists.Requests, r.ID)
			}
			return err
		})
	}
	if err := tx.SendBatch(ctx, &b).Close(); err != nil || len(exists.Requests) == 0 {
		return err
	}
	return exists
}

// holds reports whether a payload is that of a request, perhaps in an older binary form.
func holds(row pgx.Row, r *omadm.Request) (bool, error) {
	var payload []byte
	var old omadm.Request
	if err := row.Scan(&payload); err != nil {
		return false, err
	}
	err := old.UnmarshalBinary(payload)
	is, isErr := r.AppendBinary(nil)
	was, wasErr := old.AppendBinary(nil)
	return bytes.Equal(is, was), errors.Join(err, isErr, wasErr)
}

// lock holds a device until the transaction ends: KEY SHARE keeps it registered, NO KEY UPDATE keeps it as it is.
func lock(ctx context.Context, tx pgx.Tx, id omadm.DeviceID, how string) (device int64, revision uint64, err error) {
	err = tx.QueryRow(ctx, `SELECT device_id, revision FROM dm_devices WHERE device_id = `+ours+` FOR `+how,
		string(id)).Scan(&device, &revision)
	return device, revision, err
}

// each scans the rows of a query one by one.
func each(q *pgx.QueuedQuery, do func() error, columns ...any) {
	q.Query(func(rows pgx.Rows) error {
		_, err := pgx.ForEachRow(rows, columns, do)
		return err
	})
}

// failed says which device an error is about. Of all rows only that of the device has to be there, and none is there for
// an id that is no text of PostgreSQL.
func failed(id omadm.DeviceID, err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, pgx.ErrNoRows) || !utf8.ValidString(string(id)) || strings.Contains(string(id), "\x00") {
		err = session.ErrUnknownDevice
	}
	return fmt.Errorf("vendorstore: device %q: %w", id, err)
}

// object is the JSON of a map, with null for what is to be removed. A NUL, which jsonb cannot hold, is replaced.
func object[V ~string](m map[string]V) map[string]*string {
	o := make(map[string]*string, len(m))
	for k, v := range m {
		k, s := strings.ReplaceAll(k, "\x00", "\ufffd"), strings.ReplaceAll(string(v), "\x00", "\ufffd")
		if o[k] = &s; s == "" {
			o[k] = nil
		}
	}
	return o
}

// nanos is a time in Unix nanoseconds; one before 1684 or after 2255 becomes one of these years.
func nanos(t time.Time) int64 { return min(max(t.Unix(), -9e9), 9e9)*1e9 + int64(t.Nanosecond()) }
