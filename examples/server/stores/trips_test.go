package stores_test

import (
	"context"
	"net"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/gomadm/gomadm/examples/server/pgtest"
	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session/sqlstore"
)

// traveller is a connection that counts round trips: how often something is sent when an answer has come.
type traveller struct {
	net.Conn
	answered atomic.Bool
	trips    *atomic.Int64
}

func (c *traveller) Write(b []byte) (int, error) {
	if c.answered.Swap(false) {
		c.trips.Add(1)
	}
	return c.Conn.Write(b)
}

func (c *traveller) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if n > 0 {
		c.answered.Store(true)
	}
	return n, err
}

// A message costs PostgreSQL two round trips, one for Load and one for Commit, whatever it says.
func TestTwoRoundTripsAMessage(t *testing.T) {
	config, err := pgx.ParseConfig(pgtest.Schema(t))
	if err != nil {
		t.Fatal(err)
	}
	trips := new(atomic.Int64)
	config.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := new(net.Dialer).DialContext(ctx, network, address)
		return &traveller{Conn: c, trips: trips}, err
	}
	db := stdlib.OpenDB(*config)
	db.SetMaxOpenConns(1)
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	migrate(t, newStore(db, sqlstore.PostgreSQL))
	for _, s := range []store{newStore(db, sqlstore.PostgreSQL), newGroupStore(db, sqlstore.PostgreSQL)} {
		for _, id := range []omadm.DeviceID{"prepares the statements", "a", "b"} {
			revision := prepare(t, s, id)
			change := everything(id, revision)
			start := trips.Load()
			load(t, s, id)
			loaded := trips.Load()
			commit(t, s, change)
			committed := trips.Load()
			if id != "prepares the statements" {
				want(t, "round trips of Load and Commit", []int64{loaded - start, committed - loaded}, []int64{1, 1})
			}
			if err := s.Unregister(t.Context(), id); err != nil {
				t.Fatal(err)
			}
		}
	}
}
