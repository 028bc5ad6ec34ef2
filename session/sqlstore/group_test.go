package sqlstore_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
	"github.com/gomadm/gomadm/session/sqlstore"
)

// crowd is Commits and Loads that go on at once.
type crowd struct {
	t    *testing.T
	s    *sqlstore.Store
	db   *sql.DB
	all  sync.WaitGroup
	mu   sync.Mutex
	errs map[omadm.DeviceID]error
	took map[omadm.DeviceID]time.Duration
}

func newCrowd(t *testing.T, f *fake, d sqlstore.Dialect, g sqlstore.Group) *crowd {
	db := f.open(t)
	db.SetMaxOpenConns(10)
	return &crowd{
		t: t, db: db, s: sqlstore.New(db, d, sqlstore.Options{Patience: time.Nanosecond, Group: g}),
		errs: make(map[omadm.DeviceID]error), took: make(map[omadm.DeviceID]time.Duration),
	}
}

// commit begins a Commit for each of the devices, and returns when all of them wait for something.
func (c *crowd) commit(ctx context.Context, ids ...omadm.DeviceID) {
	for _, id := range ids {
		c.all.Go(func() {
			start := time.Now()
			err := c.s.Commit(ctx, &session.Change{Device: id, Revision: 1, Session: session.State{ID: "1"}})
			c.mu.Lock()
			defer c.mu.Unlock()
			c.errs[id], c.took[id] = err, time.Since(start)
		})
	}
	synctest.Wait()
}

// load begins a Load of each of the devices, and returns when all of them wait for something.
func (c *crowd) load(ctx context.Context, ids ...omadm.DeviceID) {
	for _, id := range ids {
		c.all.Go(func() {
			_, err := c.s.Load(ctx, session.Query{Device: id})
			c.mu.Lock()
			defer c.mu.Unlock()
			c.errs[id] = err
		})
	}
	synctest.Wait()
}

// returned is how many have.
func (c *crowd) returned() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.errs)
}

func (c *crowd) time(id omadm.DeviceID) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.took[id]
}

func (c *crowd) want(id omadm.DeviceID, want error) {
	c.t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	if got, ok := c.errs[id]; !ok || !errors.Is(got, want) {
		c.t.Errorf("Commit of %s: got error %v (returned: %t), want %v", id, got, ok, want)
	}
}

func devices(n int) []omadm.DeviceID {
	ids := make([]omadm.DeviceID, n)
	for i := range ids {
		ids[i] = omadm.DeviceID(fmt.Sprintf("pc-%d", i+1))
	}
	return ids
}

// grouped runs a test for each dialect, with the statement that begins a transaction.
func grouped(t *testing.T, test func(t *testing.T, d sqlstore.Dialect, begin string)) {
	for d, begin := range map[sqlstore.Dialect]string{sqlstore.SQLite: "BEGIN", sqlstore.PostgreSQL: "WITH"} {
		t.Run(d.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { test(t, d, begin) })
		})
	}
}

func TestCommitsShareTheNextTransaction(t *testing.T) {
	grouped(t, func(t *testing.T, d sqlstore.Dialect, begin string) {
		f := &fake{on: begin, gate: make(chan struct{})}
		c := newCrowd(t, f, d, sqlstore.Group{Size: 64, Delay: time.Hour})
		if d == sqlstore.SQLite {
			f.on = "COMMIT" // up to which a transaction takes more
		}
		c.commit(t.Context(), "first")
		c.commit(t.Context(), devices(9)...)
		f.gate <- struct{}{}
		synctest.Wait()
		c.want("first", nil)
		if n := c.returned(); n != 1 {
			t.Errorf("Commits that returned with the first: got %d, want none", n-1)
		}
		f.gate <- struct{}{}
		c.all.Wait()
		for _, id := range devices(9) {
			c.want(id, nil)
		}
		if n := f.count(begin); n != 2 {
			t.Errorf("transactions for ten devices: got %d, want 2", n)
		}
	})
}

func TestGroupHasASize(t *testing.T) {
	grouped(t, func(t *testing.T, d sqlstore.Dialect, begin string) {
		f := &fake{on: begin, gate: make(chan struct{})}
		c := newCrowd(t, f, d, sqlstore.Group{Size: 3, Delay: time.Hour})
		c.commit(t.Context(), devices(9)...)
		close(f.gate)
		c.all.Wait()
		if n := f.count(begin); n != 3 && n != 4 { // the first may be alone
			t.Errorf("transactions for nine devices: got %d, want 3 or 4", n)
		}
		if f.most != 3 {
			t.Errorf("devices in the largest transaction: got %d, want 3", f.most)
		}
	})
}

func TestLoadsShareTheNextTransaction(t *testing.T) {
	for d, end := range map[sqlstore.Dialect]string{sqlstore.SQLite: "ROLLBACK", sqlstore.PostgreSQL: "SELECT"} {
		t.Run(d.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := &fake{on: end, gate: make(chan struct{}), none: true}
				c := newCrowd(t, f, d, sqlstore.Group{Size: 64, Delay: time.Hour})
				left, leave := context.WithCancel(t.Context())
				c.load(t.Context(), "first")
				c.load(left, "left")
				c.load(t.Context(), devices(9)...)
				leave()
				synctest.Wait()
				c.want("left", context.Canceled)
				f.gate <- struct{}{}
				synctest.Wait()
				c.want("first", session.ErrUnknownDevice)
				if n := c.returned(); n != 2 {
					t.Errorf("Loads that returned with the first: got %d, want none", n-2)
				}
				f.gate <- struct{}{}
				c.all.Wait()
				for _, id := range devices(9) {
					c.want(id, session.ErrUnknownDevice)
				}
				if n := f.count(end); n != 2 {
					t.Errorf("transactions for ten devices: got %d, want 2", n)
				}
			})
		})
	}
}

// On SQLite a Load takes its turn with what writes. If that does not end, it does not wait for longer than the delay.
func TestLoadDoesNotWaitForWhatDoesNotEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{on: "COMMIT", gate: make(chan struct{}), none: true}
		c := newCrowd(t, f, sqlstore.SQLite, sqlstore.Group{Size: 64, Delay: time.Second})
		c.commit(t.Context(), "stuck")
		c.load(t.Context(), "a")
		time.Sleep(time.Second - 1)
		synctest.Wait()
		if n := c.returned(); n > 0 {
			t.Errorf("Loads that returned before the delay: got %d, want none", n)
		}
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		c.want("a", session.ErrUnknownDevice)
		close(f.gate)
		c.all.Wait()
		c.want("stuck", nil)
	})
}

// What fails for the transaction fails for each Load in it.
func TestFailureOfTheTransactionIsThatOfAllLoads(t *testing.T) {
	lost := errors.New("lost")
	for d, begin := range map[sqlstore.Dialect]string{sqlstore.SQLite: "BEGIN", sqlstore.PostgreSQL: "SELECT"} {
		t.Run(d.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := &fake{on: begin, err: lost, times: 1000, none: true}
				c := newCrowd(t, f, d, sqlstore.Group{Size: 64, Delay: time.Hour})
				c.load(t.Context(), devices(9)...)
				c.all.Wait()
				for _, id := range devices(9) {
					c.want(id, lost)
				}
			})
		})
	}
}

// Who waits to write gets the connection of the one before, also when others wait for one.
func TestConnectionIsHandedOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{on: "COMMIT", none: true, gate: make(chan struct{}, 1)}
		c := newCrowd(t, f, sqlstore.SQLite, sqlstore.Group{})
		c.db.SetMaxOpenConns(2)
		f.gate <- struct{}{}
		c.commit(t.Context(), "prepares the statements")
		c.load(t.Context(), "prepares those of a Load")
		other, err := c.db.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		c.commit(t.Context(), "first")
		c.commit(t.Context(), "second")
		c.load(t.Context(), "load")
		f.gate <- struct{}{}
		synctest.Wait()
		c.want("first", nil)
		if n := c.returned(); n != 3 {
			t.Errorf("returned when the second has the connection: got %d, want the first and those before it", n)
		}
		close(f.gate)
		if err := other.Close(); err != nil {
			t.Error(err)
		}
		c.all.Wait()
		c.want("second", nil)
		c.want("load", session.ErrUnknownDevice)
	})
}

// A connection is not kept for somebody who has left.
func TestNoConnectionIsKeptForNobody(t *testing.T) {
	for range 300 {
		synctest.Test(t, func(t *testing.T) {
			f := &fake{on: "COMMIT", gate: make(chan struct{})}
			c := newCrowd(t, f, sqlstore.SQLite, sqlstore.Group{})
			ctx, leave := context.WithCancel(t.Context())
			c.commit(t.Context(), "first")
			c.commit(ctx, "leaves")
			close(f.gate)
			leave() // while the first gives its connection on
			c.all.Wait()
			if n := c.db.Stats().InUse; n != 0 {
				t.Errorf("connections in use when nobody writes: got %d, want none", n)
			}
		})
	}
}

// A transaction that does not end keeps others waiting for the delay, and not longer.
func TestDelayIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{on: "WITH", gate: make(chan struct{})}
		c := newCrowd(t, f, sqlstore.PostgreSQL, sqlstore.Group{Size: 64, Delay: time.Second})
		c.commit(t.Context(), "stuck")
		f.mu.Lock()
		f.on = "never"
		f.mu.Unlock()
		c.commit(t.Context(), devices(9)...)
		time.Sleep(time.Second - 1)
		synctest.Wait()
		if n := c.returned(); n > 0 {
			t.Errorf("Commits that returned before the delay: got %d, want none", n)
		}
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		for _, id := range devices(9) {
			c.want(id, nil)
			if got := c.time(id); got != time.Second {
				t.Errorf("Commit of %s: took %v, want a second", id, got)
			}
		}
		if n := f.count("WITH"); n != 2 {
			t.Errorf("transactions for ten devices: got %d, want 2", n)
		}
		close(f.gate)
		c.all.Wait()
		c.want("stuck", nil)
	})
}

// Nobody waits when nothing goes on.
func TestCommitAloneIsNotDelayed(t *testing.T) {
	grouped(t, func(t *testing.T, d sqlstore.Dialect, _ string) {
		c := newCrowd(t, new(fake), d, sqlstore.Group{Size: 64, Delay: time.Hour})
		for _, id := range devices(3) {
			c.commit(t.Context(), id)
			c.want(id, nil)
			if got := c.time(id); got != 0 {
				t.Errorf("Commit of %s: took %v, want no time", id, got)
			}
		}
	})
}

func TestFailureOfTheTransactionIsThatOfAll(t *testing.T) {
	lost := errors.New("lost")
	grouped(t, func(t *testing.T, d sqlstore.Dialect, begin string) {
		f := &fake{on: begin, gate: make(chan struct{})}
		c := newCrowd(t, f, d, sqlstore.Group{Size: 64, Delay: time.Hour})
		c.commit(t.Context(), "first")
		c.commit(t.Context(), devices(9)...)
		on := begin
		if d == sqlstore.SQLite {
			on = "COMMIT"
		}
		f.gate <- struct{}{}
		f.mu.Lock()
		f.on, f.err, f.times, f.gate = on, lost, 1, nil
		f.mu.Unlock()
		c.all.Wait()
		for _, id := range devices(9) {
			c.want(id, lost)
		}
		if n := f.count(begin); n > 2 {
			t.Errorf("transactions: got %d, want no other for those whose fate is not known", n)
		}
	})
}

// What PostgreSQL refuses is tried in halves, so that the others are not refused.
func TestRefusedGroupIsDivided(t *testing.T) {
	for _, err := range []error{state("23505"), state("22012"), state("40P01"), state("40001"), state("54000")} {
		t.Run(err.Error()+" "+string(err.(state)), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := &fake{on: "WITH", gate: make(chan struct{})}
				c := newCrowd(t, f, sqlstore.PostgreSQL, sqlstore.Group{Size: 64, Delay: time.Hour})
				c.commit(t.Context(), "first")
				c.commit(t.Context(), "a", "b", "c", "d")
				f.gate <- struct{}{}
				f.mu.Lock()
				f.err, f.about, f.times, f.gate = err, "c", 1000, nil
				f.mu.Unlock()
				c.all.Wait()
				for _, id := range []omadm.DeviceID{"first", "a", "b", "d"} {
					c.want(id, nil)
				}
				if c.errs["c"] == nil {
					t.Error("Commit of c: got no error, want that of the database")
				}
				if n := f.count("WITH"); n > 1+1+2+2+2 {
					t.Errorf("statements: got %d, want a few", n)
				}
			})
		})
	}
}

// A write that was refused because of another one is done, also when nobody waits for the other any more.
func TestRefusedGroupOfWhichOneIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{on: "WITH", gate: make(chan struct{})}
		gate := f.gate
		c := newCrowd(t, f, sqlstore.PostgreSQL, sqlstore.Group{Size: 64, Delay: time.Hour})
		c.commit(t.Context(), "first")
		f.mu.Lock()
		f.err, f.times = state("23505"), 1
		f.mu.Unlock()
		other, leave := context.WithCancel(t.Context())
		c.commit(t.Context(), "a")
		c.commit(other, "b")
		gate <- struct{}{}
		synctest.Wait() // the statement about a and b goes on
		f.mu.Lock()
		f.gate = nil
		f.mu.Unlock()
		leave()
		synctest.Wait()
		gate <- struct{}{}
		c.all.Wait()
		c.want("b", context.Canceled)
		c.want("a", nil)
	})
}

// A caller whose context ends leaves. The others get what they wait for, and what the caller gave is its own again.
func TestCanceledCallerLeavesTheGroup(t *testing.T) {
	grouped(t, func(t *testing.T, d sqlstore.Dialect, begin string) {
		f := &fake{on: begin, gate: make(chan struct{})}
		c := newCrowd(t, f, d, sqlstore.Group{Size: 64, Delay: time.Hour})
		c.commit(t.Context(), "first")
		leader, leave := context.WithCancel(t.Context())
		c.commit(leader, "leader")
		c.commit(t.Context(), "a", "b")
		leave()
		synctest.Wait()
		c.want("leader", context.Canceled)
		f.gate <- struct{}{}
		synctest.Wait()
		if d == sqlstore.PostgreSQL {
			f.gate <- struct{}{}
		}
		c.all.Wait()
		for _, id := range []omadm.DeviceID{"first", "a", "b"} {
			c.want(id, nil)
		}
	})
}

// What nobody waits for ends: here the statement that does not return.
func TestLastCallerEndsTheGroup(t *testing.T) {
	grouped(t, func(t *testing.T, d sqlstore.Dialect, begin string) {
		f := &fake{on: begin, gate: make(chan struct{})}
		if d == sqlstore.SQLite {
			f.on = "DELETE FROM gomadm_devices" // where it waits for another process
		}
		c := newCrowd(t, f, d, sqlstore.Group{Size: 2, Delay: time.Hour})
		for _, ids := range [][]omadm.DeviceID{{"a", "b"}, {"c"}} {
			ctx, cancel := context.WithCancelCause(t.Context())
			c.commit(ctx, ids...)
			cancel(nil)
			c.all.Wait()
			for _, id := range ids {
				c.want(id, context.Canceled)
			}
		}
		close(f.gate)
		c.commit(t.Context(), "d")
		c.want("d", nil)
	})
}

// Two changes of a device are one after the other.
func TestNoTwoChangesOfADeviceInAGroup(t *testing.T) {
	grouped(t, func(t *testing.T, d sqlstore.Dialect, begin string) {
		f := &fake{on: begin, gate: make(chan struct{})}
		c := newCrowd(t, f, d, sqlstore.Group{Size: 64, Delay: time.Hour})
		c.commit(t.Context(), "first")
		c.commit(t.Context(), "a", "a", "b")
		late, leave := context.WithCancel(t.Context())
		c.commit(late, "a")
		leave()
		synctest.Wait()
		c.want("a", context.Canceled)
		close(f.gate)
		c.all.Wait()
		c.want("a", nil)
		c.want("b", nil)
		want := 3
		if d == sqlstore.SQLite {
			want = 2 // the first transaction takes all until it has begun
		}
		if n := f.count(begin); n != want {
			t.Errorf("transactions: got %d, want %d", n, want)
		}
	})
}
