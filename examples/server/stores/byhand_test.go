package stores_test

import (
	"context"
	"database/sql"
	"errors"
	"sync"
	"testing"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
	"github.com/gomadm/gomadm/session/sqlstore"
)

// byHand is what somebody writes who needs no more than the message of the benchmarks: a prepared statement for each thing,
// SELECTs, and then a transaction. It reads and writes the rows and octets that the store does, but understands none of
// them, and those that it writes were made before.
type byHand struct {
	db      *sql.DB
	writing sync.Mutex // SQLite has one writer; who waits in it sleeps too long
	dialect sqlstore.Dialect
	octets  octets

	device, facts, awaited, sessions, leased, waiting *sql.Stmt
	move, save, cut, tell, lease, finish              *sql.Stmt
}

// octets are the columns that are not understood.
type octets struct {
	state, body, reply, outcome []byte
	results                     [][]byte
}

func newByHand(b *testing.B, k kind, db *sql.DB, o octets) *byHand {
	b.Helper()
	h := &byHand{db: db, dialect: k.Dialect, octets: o}
	tell := `INSERT INTO gomadm_results (device, kind, form) VALUES ($1, $2, $3)`
	if k.Dialect == sqlstore.PostgreSQL {
		tell = `INSERT INTO gomadm_results (device, kind, form, nth) VALUES ($1, $2, $3, $4)`
	}
	for text, s := range map[string]**sql.Stmt{
		`SELECT revision, generation, client_nonce, server_nonce, account FROM gomadm_devices WHERE device = $1`: &h.device,
		`SELECT name, value FROM gomadm_facts WHERE device = $1`:                                                 &h.facts,
		`SELECT name, value FROM gomadm_awaited WHERE device = $1`:                                               &h.awaited,
		`SELECT key, state FROM gomadm_sessions WHERE device = $1`:                                               &h.sessions,
		`SELECT request, form FROM gomadm_requests WHERE device = $1 AND session IS NOT NULL`:                    &h.leased,
		`SELECT request, form FROM gomadm_requests
			WHERE device = $1 AND scope = $2 AND session IS NULL AND not_before <= $3 ORDER BY priority DESC, age LIMIT 10`: &h.waiting,

		`UPDATE gomadm_devices SET revision = revision + 1 WHERE device = $1 AND revision = $2`: &h.move,
		`INSERT INTO gomadm_sessions (device, key, state, body, reply, seen) VALUES ($1, $2, $3, $4, $5, $6)
			ON CONFLICT (device, key) DO UPDATE SET
				state = excluded.state, body = excluded.body, reply = excluded.reply, seen = excluded.seen`: &h.save,
		tell: &h.tell,
		`DELETE FROM gomadm_parts WHERE device = $1 AND key = $2`:                                  &h.cut,
		`UPDATE gomadm_requests SET session = $1, attempts = 1 WHERE device = $2 AND request = $3`: &h.lease,
		`DELETE FROM gomadm_requests WHERE device = $1 AND request = $2`:                           &h.finish,
	} {
		var err error
		if *s, err = db.Prepare(text); err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() {
			if err := (*s).Close(); err != nil {
				b.Error(err)
			}
		})
	}
	return h
}

// message answers a message of a device.
func (h *byHand) message(ctx context.Context, id omadm.DeviceID) error {
	revision, leased, waiting, err := h.load(ctx, []byte(id))
	if err != nil {
		return err
	}
	if h.dialect == sqlstore.SQLite {
		h.writing.Lock()
		defer h.writing.Unlock()
	}
	return h.commit(ctx, []byte(id), revision, leased, waiting)
}

func (h *byHand) load(ctx context.Context, device []byte) (revision int64, leased, waiting [][2][]byte, err error) {
	var generation int64
	var client, server, account []byte
	if err := h.device.QueryRowContext(ctx, device).Scan(&revision, &generation, &client, &server, &account); err != nil {
		return 0, nil, nil, err
	}
	_, factsErr := pairs(h.facts.QueryContext(ctx, device))
	_, awaitedErr := pairs(h.awaited.QueryContext(ctx, device))
	_, sessionsErr := pairs(h.sessions.QueryContext(ctx, device))
	leased, leasedErr := pairs(h.leased.QueryContext(ctx, device))
	waiting, waitingErr := pairs(h.waiting.QueryContext(ctx, device, 0, noon.UnixNano()))
	_, userErr := pairs(h.waiting.QueryContext(ctx, device, 1, noon.UnixNano()))
	return revision, leased, waiting, errors.Join(factsErr, awaitedErr, sessionsErr, leasedErr, waitingErr, userErr)
}

// pairs reads rows of two columns.
func pairs(rows *sql.Rows, err error) ([][2][]byte, error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all [][2][]byte
	for rows.Next() {
		var p [2][]byte
		if err := rows.Scan(&p[0], &p[1]); err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return all, rows.Err()
}

func (h *byHand) commit(ctx context.Context, device []byte, revision int64, leased, waiting [][2][]byte) error {
	tx, err := h.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // when it was committed, this does nothing
	key := []byte(":1")
	run := func(s *sql.Stmt, args ...any) {
		if err == nil {
			_, err = tx.StmtContext(ctx, s).ExecContext(ctx, args...)
		}
	}
	moved, err := tx.StmtContext(ctx, h.move).ExecContext(ctx, device, revision)
	if err != nil {
		return err
	}
	if n, err := moved.RowsAffected(); err != nil || n != 1 {
		return errors.Join(session.ErrConflict, err)
	}
	run(h.save, device, key, h.octets.state, h.octets.body, h.octets.reply, noon.UnixNano())
	run(h.cut, device, key)
	if len(waiting) > 0 {
		run(h.lease, key, device, waiting[0][0])
	}
	if len(leased) > 0 {
		forms := append(h.octets.results[:len(h.octets.results):len(h.octets.results)], h.octets.outcome)
		tell := tx.StmtContext(ctx, h.tell)
		for i, form := range forms {
			args := []any{device, 0, form, i + 1}
			if h.dialect == sqlstore.SQLite {
				args = args[:3]
			}
			if err == nil {
				_, err = tell.ExecContext(ctx, args...)
			}
		}
		run(h.finish, device, leased[0][0])
	}
	if err != nil {
		return err
	}
	return tx.Commit()
}
