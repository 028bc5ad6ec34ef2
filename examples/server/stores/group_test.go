package stores_test

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
	"github.com/gomadm/gomadm/session/sessiontest"
	"github.com/gomadm/gomadm/session/sqlstore"
)

var group = sqlstore.Group{Size: 8, Delay: time.Hour}

func newGroupStore(db *sql.DB, d sqlstore.Dialect) store {
	return store{sqlstore.New(db, d, sqlstore.Options{Group: group}), db, d}
}

// company is a store whose Loads and Commits are never alone: at the same time there are those of devices that are not
// registered, of which nothing may be done.
type company struct {
	store
	t *testing.T
}

func (s company) Commit(ctx context.Context, c *session.Change) error {
	var all sync.WaitGroup
	for i := range 2 {
		all.Go(func() {
			stranger := everything(omadm.DeviceID(fmt.Sprintf("stranger-%d", i)), c.Revision)
			wantError(s.t, "Commit of a stranger", s.store.Commit(context.Background(), stranger), session.ErrUnknownDevice)
		})
	}
	err := s.store.Commit(ctx, c)
	all.Wait()
	return err
}

func (s company) Load(ctx context.Context, q session.Query) (*session.Record, error) {
	var all sync.WaitGroup
	for i := range 2 {
		all.Go(func() {
			_, err := s.store.Load(context.Background(), session.Query{Device: omadm.DeviceID(fmt.Sprintf("stranger-%d", i))})
			wantError(s.t, "Load of a stranger", err, session.ErrUnknownDevice)
		})
	}
	rec, err := s.store.Load(ctx, q)
	all.Wait()
	return rec, err
}

// everything is a change that does everything. Its requests are waiting, leased and going.
func everything(id omadm.DeviceID, revision uint64) *session.Change {
	return &session.Change{
		Device: id, Revision: revision, Session: session.State{ID: "1", Seen: noon, Parts: 1}, Reply: []byte("reply"), Part: []byte("part"),
		Add:     []omadm.Request{get("added"), get("added and leased"), get("added and over")},
		Requeue: []session.Requeue{{Request: "leased", Attempts: 1, Failures: 1}},
		Lease:   []session.Lease{{Request: "waiting", Session: ":1", Attempts: 1}, {Request: "added and leased", Session: ":1", Attempts: 1}},
		Results: []omadm.Result{{Request: "going", Status: 200}, {Request: "going", Op: 1, Status: 404}},
		Finish:  []omadm.Outcome{{Request: "going", Kind: omadm.Done}, {Request: "added and over", Kind: omadm.Refused}},
		Events:  []omadm.Event{{Alert: omadm.AlertGeneric, Type: "e", At: noon}},
		Facts:   omadm.Facts{"kept": "1", "gone": ""},
		Awaited: map[string]omadm.RequestID{"kept": "leased", "gone": ""},
		Nonces:  &session.Nonces{Generation: 7, Client: "client", Server: "server"},
		Close:   []session.State{{ID: "2"}},
	}
}

// prepare registers a device that everything can be done to, and returns its revision.
func prepare(t *testing.T, s store, id omadm.DeviceID) uint64 {
	t.Helper()
	if err := s.Register(t.Context(), session.Device{ID: id, Facts: omadm.Facts{"gone": "1"}}); err != nil {
		t.Fatal(err)
	}
	if err := s.Enqueue(t.Context(), id, get("waiting"), get("leased"), get("going")); err != nil {
		t.Fatal(err)
	}
	commit(t, s, &session.Change{
		Device: id, Revision: load(t, s, id).Revision, Session: session.State{ID: "2", Seen: noon},
		Lease:   []session.Lease{{Request: "leased", Session: ":2", Attempts: 1}},
		Awaited: map[string]omadm.RequestID{"gone": "leased"},
	})
	return load(t, s, id).Revision
}

// The whole contract holds for Commits that share a transaction.
func TestStoreWithGroups(t *testing.T) {
	each(t, func(t *testing.T, k kind) {
		db := k.open(t)
		s := newGroupStore(db, k.Dialect)
		migrate(t, s)
		testInCompany(t, s)
	})
	t.Run("partitions", func(t *testing.T) {
		db := openPostgreSQL(t)
		s := newGroupStore(db, sqlstore.PostgreSQL)
		migrate(t, s)
		partition(t, db)
		testInCompany(t, s)
	})
}

func testInCompany(t *testing.T, s store) {
	sessiontest.TestStore(t, func(t *testing.T) session.Store {
		clear(t, s.db)
		return company{s, t}
	})
}

// gathered commits changes in one transaction of a store with groups. To gather them, it keeps another one waiting.
func gathered(t *testing.T, s store, changes ...*session.Change) []error {
	t.Helper()
	register(t, s, "stuck")
	first := event(t, s, "stuck", "first")
	ctx := context.Background()
	c, err := s.db.Conn(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	run := func(statement string) {
		t.Helper()
		if _, err := c.ExecContext(ctx, statement); err != nil {
			t.Fatal(err)
		}
	}
	if s.Dialect == sqlstore.SQLite {
		run("BEGIN IMMEDIATE")
	} else {
		run("BEGIN")
		run("SELECT FROM gomadm_devices WHERE device = 'stuck' FOR UPDATE")
	}
	errs := make([]error, len(changes))
	var all sync.WaitGroup
	all.Go(func() {
		if err := s.Commit(ctx, first); err != nil {
			t.Error(err)
		}
	})
	if s.Dialect == sqlstore.PostgreSQL {
		awaitLock(t, s.db, make(chan error))
	}
	for i := range changes {
		all.Go(func() { errs[i] = s.Commit(ctx, changes[i]) })
	}
	run("ROLLBACK")
	all.Wait()
	return errs
}

// Each change of a transaction is done or refused as if it were alone.
func TestEachOfAGroupSucceedsOrFailsOnItsOwn(t *testing.T) {
	each(t, func(t *testing.T, k kind) {
		db := k.open(t)
		s, alone := newGroupStore(db, k.Dialect), newStore(db, k.Dialect)
		migrate(t, s)

		changes := make(map[string]*session.Change)
		for _, name := range []string{"good", "as good", "conflict", "exists", "not open", "sent twice"} {
			id := omadm.DeviceID(name)
			changes[name] = everything(id, prepare(t, alone, id))
		}
		changes["conflict"].Revision++
		changes["exists"].Add = append(changes["exists"].Add, get("waiting"), get("leased"))
		changes["not open"].Lease = append(changes["not open"].Lease, session.Lease{Request: "never there"})
		changes["unknown"] = everything("unknown", 1)
		again := *changes["sent twice"]

		names := []string{"good", "conflict", "exists", "unknown", "not open", "as good", "sent twice"}
		var all []*session.Change
		for _, name := range names {
			all = append(all, changes[name])
		}
		before := make(map[string]*session.Record)
		for _, name := range []string{"conflict", "exists", "not open"} {
			before[name] = load(t, s, omadm.DeviceID(name))
		}
		errs := gathered(t, s, append(all, &again)...)

		wantError(t, "conflict", errs[1], session.ErrConflict)
		wantError(t, "exists", errs[2], session.ErrExists)
		wantError(t, "unknown", errs[3], session.ErrUnknownDevice)
		if err := errs[4]; err == nil || !strings.Contains(err.Error(), "neither waiting nor leased") {
			t.Errorf("not open: got error %v, want one that says so", err)
		}
		for name, rec := range before {
			want(t, name+" afterwards", load(t, s, omadm.DeviceID(name)), rec)
		}
		for i, name := range []string{0: "good", 5: "as good"} {
			if name != "" && errs[i] != nil {
				t.Errorf("%s: got error %v, want none", name, errs[i])
			}
		}
		if (errs[6] == nil) == (errs[7] == nil) {
			t.Errorf("change that is sent twice: got errors %v and %v, want one", errs[6], errs[7])
		}

		// What was done is what a Commit does that is alone.
		commit(t, alone, everything("alone", prepare(t, alone, "alone")))
		model := load(t, s, "alone")
		for _, name := range []string{"good", "as good", "sent twice"} {
			rec := load(t, s, omadm.DeviceID(name))
			rec.Revision, rec.Device.ID = model.Revision, model.Device.ID
			want(t, name, rec, model)
		}
		told := make(map[omadm.DeviceID][]string)
		entries, err := s.Results(t.Context(), "", 1000)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			told[e.Device] = append(told[e.Device], fmt.Sprintf("%+v %+v %+v", e.Result, e.Outcome, e.Event))
		}
		for _, name := range []omadm.DeviceID{"good", "as good", "sent twice"} {
			want(t, "results of "+string(name), told[name], told["alone"])
		}
		want(t, "devices with results", len(told), 5) // with the one that was stuck
	})
}

// Each Load of a transaction returns what it returns alone.
func TestEachLoadOfAGroupHasItsOwn(t *testing.T) {
	each(t, func(t *testing.T, k kind) {
		db := k.open(t)
		s, alone := newGroupStore(db, k.Dialect), newStore(db, k.Dialect)
		migrate(t, s)
		const devices, rounds = 6, 20
		var queries []session.Query
		for i := range devices {
			id := omadm.DeviceID(fmt.Sprint("pc-", i))
			c := everything(id, prepare(t, alone, id))
			c.Facts["./DevDetail/SwV"], c.Reply, c.Part = string(id), []byte("reply to "+id), []byte("part of "+id)
			c.Session.Body[0] = byte(i)
			commit(t, alone, c)
			if err := s.Enqueue(t.Context(), id, get("waiting at "+omadm.RequestID(id)), get("the same")); err != nil {
				t.Fatal(err)
			}
			late := get("late")
			late.NotBefore = noon.Add(time.Duration(i) * time.Hour)
			if err := s.Enqueue(t.Context(), id, late); err != nil {
				t.Fatal(err)
			}
			queries = append(queries, session.Query{Device: id, Now: noon, Limit: 100, Octets: 1 << 20, Body: c.Session.Body, Parts: true},
				session.Query{Device: id, Now: noon.Add(150 * time.Minute), Limit: 1 + i, Octets: 1 << 20},
				session.Query{Device: id, Now: noon.Add(24 * time.Hour), Limit: 100, Octets: 150 * i, Parts: i%2 == 0})
		}
		expected := make([]*session.Record, len(queries))
		for i, q := range queries {
			var err error
			if expected[i], err = alone.Load(t.Context(), q); err != nil {
				t.Fatal(err)
			}
		}
		var all sync.WaitGroup
		for i, q := range queries {
			all.Go(func() {
				for range rounds {
					rec, err := s.Load(context.Background(), q)
					if err != nil {
						t.Error(err)
						return
					}
					want(t, fmt.Sprintf("%+v", q), rec, expected[i])
				}
			})
		}
		all.Wait()
	})
}

// Groups of several stores that have the same devices do not wait for each other in a circle.
func TestGroupsOfSeveralStores(t *testing.T) {
	each(t, func(t *testing.T, k kind) {
		db := k.open(t)
		both := [2]store{newGroupStore(db, k.Dialect), newGroupStore(db, k.Dialect)}
		migrate(t, both[0])
		const n, rounds = 8, 10
		for i := range n {
			register(t, both[0], omadm.DeviceID(fmt.Sprint(i)))
		}
		var all sync.WaitGroup
		for worker := range 2 * n {
			s, id := both[worker%2], omadm.DeviceID(fmt.Sprint(worker/2))
			all.Go(func() {
				for range rounds {
					for {
						err := s.Commit(context.Background(), event(t, s, id, fmt.Sprint("worker ", worker)))
						if err == nil {
							break
						}
						wantError(t, "Commit", err, session.ErrConflict)
					}
				}
			})
		}
		all.Wait()
		entries, err := both[0].Results(t.Context(), "", 1000)
		if err != nil {
			t.Fatal(err)
		}
		want(t, "number of events", len(entries), 2*n*rounds)
	})
}

// What a caller gave is its own when Commit has returned, though others still wait for the transaction.
func TestChangeOfACanceledCallerIsItsOwn(t *testing.T) {
	each(t, func(t *testing.T, k kind) {
		db := k.open(t)
		s := newGroupStore(db, k.Dialect)
		migrate(t, s)
		register(t, s, pc, "pc-2")
		c := event(t, s, pc, "e")
		c.Reply, c.Session.Parts, c.Part = []byte("reply"), 1, []byte("part")
		before := load(t, s, pc).Revision
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		leaves := func() {
			err := s.Commit(ctx, c)
			copy(c.Reply, "?????")
			copy(c.Part, "????")
			done <- err
		}
		go leaves()
		go cancel()
		errs := gathered(t, s, event(t, s, "pc-2", "other"))
		if errs[0] != nil {
			t.Error(errs[0])
		}
		if err := <-done; err != nil {
			wantError(t, "Commit that is canceled", err, context.Canceled)
		}
		rec := load(t, s, pc)
		if rec.Revision == before {
			return // it left in time
		}
		want(t, "parts", rec.Parts, [][]byte{[]byte("part")})
	})
}
