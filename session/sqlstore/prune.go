package sqlstore

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
)

// maxPruned is how many entries are forgotten at most in one transaction, so that it is short.
const maxPruned = 500

// Prune does what session.Pruner says, at most 500 entries at a time. No Commit waits for it, unless it adds a request with
// an id that is being forgotten.
func (s *Store) Prune(ctx context.Context, through session.Cursor, limit int) (int, error) {
	var n int
	err := s.write(ctx, func(c conn) (err error) {
		n, err = s.engine.prune(ctx, c, through, min(max(limit, 0), maxPruned))
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("sqlstore: %w", err)
	}
	return n, nil
}

// pruned is entries that are to be forgotten, or have been, and the requests that ended with them.
type pruned struct {
	entries           int
	devices, requests [][]byte // of the outcomes
}

// scanPruned reads entries that are forgotten: device, and the form if it is an outcome.
func scanPruned(rows *sql.Rows, err error) (pruned, error) {
	var p pruned
	if err != nil {
		return p, err
	}
	defer rows.Close() // again
	for rows.Next() {
		var device []byte
		var form sql.RawBytes
		if err := rows.Scan(&device, &form); err != nil {
			return p, err
		}
		p.entries++
		if form == nil {
			continue
		}
		var o omadm.Outcome
		if err := o.UnmarshalBinary(form); err != nil {
			return p, err
		}
		p.devices, p.requests = append(p.devices, device), append(p.requests, []byte(o.Request))
	}
	return p, rows.Err()
}

func (e *sqlite) prune(ctx context.Context, c conn, through session.Cursor, limit int) (int, error) {
	serial, err := parseSerial(through)
	if err == nil {
		err = e.given(ctx, c, serial)
	}
	if err != nil || serial == 0 {
		return 0, err
	}
	p, err := scanPruned(c.QueryContext(ctx, fmt.Sprintf(`DELETE FROM gomadm_results WHERE serial IN
			(SELECT serial FROM gomadm_results WHERE serial <= $1 ORDER BY serial LIMIT $2)
		RETURNING device, CASE WHEN kind = %d THEN form END`, outcomeEntry), serial, int64(limit)))
	for i := range p.requests {
		if err != nil {
			break
		}
		_, err = c.ExecContext(ctx, `DELETE FROM gomadm_ids WHERE device = $1 AND request = $2`, p.devices[i], p.requests[i])
	}
	return p.entries, err
}

// prune takes turns with others, so that each entry is forgotten once. Then it locks the devices as Enqueue does: none of
// them is unregistered and registered anew before their ids are forgotten, and the locks of Unregister, which come in the
// same order, are in nobody's way.
func (e postgres) prune(ctx context.Context, c conn, through session.Cursor, limit int) (int, error) {
	tx, nth, err := parsePlace(through)
	if err == nil && tx > 0 {
		err = e.given(ctx, c, tx)
	}
	if err != nil || tx == 0 {
		return 0, err
	}
	if _, err := c.ExecContext(ctx, `SELECT pg_advisory_xact_lock(7165014914)`); err != nil { // a number of our own
		return 0, err
	}
	for {
		places, err := oldest(ctx, c, tx, nth, limit)
		if err != nil || len(places.devices) == 0 {
			return 0, err
		}
		n, err := forget(ctx, c, places)
		if err != nil || n > 0 {
			return n, err
		}
		// Their devices were unregistered meanwhile. Of others there may be entries.
	}
}

// forget forgets the entries at places, and the ids of the requests that ended with them. It returns how many were there.
func forget(ctx context.Context, c conn, places places) (int, error) {
	_, err := c.ExecContext(ctx, `SELECT FROM gomadm_devices WHERE device = ANY ($1::bytea[]) ORDER BY device FOR KEY SHARE`,
		places.devices)
	if err != nil {
		return 0, err
	}
	p, err := scanPruned(c.QueryContext(ctx, fmt.Sprintf(`DELETE FROM gomadm_results AS r
		USING unnest($1::bytea[], $2::bigint[], $3::bigint[]) AS p (device, tx, nth)
		WHERE r.device = p.device AND r.tx = p.tx AND r.nth = p.nth
		RETURNING r.device, CASE WHEN r.kind = %d THEN r.form END`, outcomeEntry), places.devices, places.tx, places.nth))
	if err != nil || len(p.requests) == 0 {
		return p.entries, err
	}
	_, err = c.ExecContext(ctx, `DELETE FROM gomadm_ids AS i USING unnest($1::bytea[], $2::bytea[]) AS p (device, request)
		WHERE i.device = p.device AND i.request = p.request`, p.devices, p.requests)
	return p.entries, err
}

// places are the keys of entries.
type places struct {
	devices [][]byte
	tx, nth []int64
}

// oldest returns up to limit of the entries that there are, none behind a place that was given.
func oldest(ctx context.Context, c conn, tx, nth int64, limit int) (places, error) {
	var p places
	rows, err := c.QueryContext(ctx, `SELECT device, tx, nth FROM gomadm_results
		WHERE (tx, nth) <= ($1, $2) ORDER BY tx, nth LIMIT $3`, tx, nth, int64(limit))
	if err != nil {
		return p, err
	}
	defer rows.Close() // again
	for rows.Next() {
		var device []byte
		var tx, nth int64
		if err := rows.Scan(&device, &tx, &nth); err != nil {
			return p, err
		}
		p.devices, p.tx, p.nth = append(p.devices, device), append(p.tx, tx), append(p.nth, nth)
	}
	return p, rows.Err()
}
