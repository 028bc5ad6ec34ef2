package cluster

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/gomadm/gomadm/examples/server/pgtest"
)

// trial is what a test lets happen.
type trial struct {
	nodes    int
	strikes  int   // at nodes; half as many at PostgreSQL
	messages int64 // for which requests keep coming
	devices  int
	wishes   int // of each device
	args     []string
}

// long reports whether the tests run in their long form.
func long() bool { return os.Getenv("GOMADM_LONG") != "" }

// TestKill kills the server, and PostgreSQL, again and again.
func TestKill(t *testing.T) {
	k := trial{nodes: 2, strikes: 5, messages: 400, devices: 12, wishes: 16}
	if long() {
		k = trial{nodes: 2, strikes: 60, messages: 12000, devices: 40, wishes: 60}
	}
	t.Run("SQLite", func(t *testing.T) { k.run(t, nil) })
	t.Run("PostgreSQL", func(t *testing.T) { k.run(t, pgtest.Start(t)) })
	k.args = []string{"-group", "8"}
	t.Run("grouped/SQLite", func(t *testing.T) { k.run(t, nil) })
	t.Run("grouped/PostgreSQL", func(t *testing.T) { k.run(t, pgtest.Start(t)) })
}

// TestNodes has several servers on one database, none of which comes to harm.
func TestNodes(t *testing.T) {
	k := trial{nodes: 2, messages: 400, devices: 12, wishes: 16}
	if long() {
		k.messages, k.devices, k.wishes = 6000, 40, 60
	}
	t.Run("SQLite/2", func(t *testing.T) { k.run(t, nil) })
	pg := pgtest.Start(t)
	t.Run("PostgreSQL/2", func(t *testing.T) { k.run(t, pg) })
	k.nodes = 4
	t.Run("PostgreSQL/4", func(t *testing.T) { k.run(t, pg) })
}

// run is a test, on SQLite if there is no other server.
func (k trial) run(t *testing.T, pg *pgtest.Server) {
	seed := seedOf(t)
	limit := 3 * time.Minute
	if long() {
		limit = 8 * time.Minute
	}
	ctx, stop := context.WithTimeout(t.Context(), limit)
	defer stop()
	begun := time.Now()
	random := rand.New(rand.NewPCG(seed, 0))
	s := newSite(ctx, t, pg, k.nodes, newPlan(random, k.strikes, k.messages, pg != nil), k.args...)
	r := newReader(s, func() int { return 1 + random.IntN(50) })
	devices, err := k.enrol(s, r, seed)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.play(r, devices); err != nil {
		t.Fatal(err)
	}
	s.check(r, devices)
	s.report(r, devices, time.Since(begun))
	if got, want := s.nodeKills.Load(), int64(k.strikes); got < want {
		t.Errorf("killed %d servers, want at least %d", got, want)
	}
}

// seedOf returns the seed of a test and prints it.
func seedOf(t *testing.T) uint64 {
	seed := rand.Uint64()
	if text := os.Getenv("GOMADM_SEED"); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatalf("GOMADM_SEED: %v", err)
		}
	}
	t.Logf("GOMADM_SEED=%d", seed)
	return seed
}

// enrol makes the devices.
func (k trial) enrol(s *site, r *reader, seed uint64) ([]*device, error) {
	var list []*device
	for n := range k.devices {
		d, err := newDevice(s, r, n, rand.New(rand.NewPCG(seed, uint64(n+1))), k.wishes)
		if err != nil {
			return nil, err
		}
		list = append(list, d)
	}
	return list, nil
}

// play lets all devices play, and the reader read, until all is told.
func (s *site) play(r *reader, devices []*device) error {
	ctx, stop := context.WithCancel(s.ctx)
	defer stop()
	following := make(chan error, 1)
	go func() {
		err := r.follow(ctx)
		if err != nil {
			s.stop()
		}
		following <- err
	}()
	var all sync.WaitGroup
	errs := make([]error, len(devices))
	for i, d := range devices {
		all.Go(func() {
			if errs[i] = d.play(); errs[i] != nil {
				s.stop()
			}
		})
	}
	all.Wait()
	s.settle()
	stop()
	// What was only told to end is not what was wrong.
	errs = slices.DeleteFunc(append(errs, <-following), func(err error) bool { return errors.Is(err, context.Canceled) })
	return errors.Join(errs...)
}

// check reads what there is still to read, and compares everything.
func (s *site) check(r *reader, devices []*device) {
	s.t.Helper()
	for rows := -1; rows != len(r.entries); { // PostgreSQL shows the last ones when older transactions have ended
		if _, err := r.step(s.ctx); err != nil {
			s.t.Fatal(err)
		}
		if err := s.db.QueryRowContext(s.ctx, `SELECT count(*) FROM gomadm_results`).Scan(&rows); err != nil {
			s.t.Fatal(err)
		}
		if rows < len(r.entries) {
			s.t.Fatalf("%d entries were read, and there are %d", len(r.entries), rows)
		}
	}
	all := r.told()
	for _, d := range devices {
		if err := errors.Join(d.check(all), d.checkNotices(), d.checkQueue(s.ctx)); err != nil {
			s.t.Error(err)
		}
	}
	if err := errors.Join(s.checkRows(s.ctx, len(r.entries)), r.again(s.ctx)); err != nil {
		s.t.Error(err)
	}
}

// report says how much was done.
func (s *site) report(r *reader, devices []*device, took time.Duration) {
	outcomes := make(map[string]int)
	requests, sessions, executed, again := 0, 0, 0, 0
	for _, d := range devices {
		requests += len(d.wishes)
		sessions += d.sessions
		for _, e := range d.sim.Executions() {
			executed += e.Executed + e.Undone
		}
		for _, w := range d.wishes {
			o := r.outcome(d.id, w.request.ID)
			if o == nil {
				continue // which was an error
			}
			outcomes[o.Kind]++
			if o.Attempts > 1 {
				again++
			}
		}
	}
	var kinds []string
	for _, k := range slices.Sorted(maps.Keys(outcomes)) {
		kinds = append(kinds, fmt.Sprintf("%d %s", outcomes[k], k))
	}
	s.t.Logf("%d servers killed, PostgreSQL killed %d times; %d devices, %d requests, %d sessions; %d messages, %d answered, %d requests of all kinds to each server; %v",
		s.nodeKills.Load(), s.dbKills.Load(), len(devices), requests, sessions, s.messages.Load(), s.served.Load(), s.sent, took.Round(100*time.Millisecond))
	s.t.Logf("outcomes: %v; %d requests sent more than once, %d commands executed, %d entries read", kinds, again, executed, len(r.entries))
}
