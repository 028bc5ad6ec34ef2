package memstore_test

import (
	"errors"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
	"github.com/gomadm/gomadm/session/memstore"
	"github.com/gomadm/gomadm/session/sessiontest"
)

func TestStore(t *testing.T) {
	sessiontest.TestStore(t, func(*testing.T) session.Store { return new(memstore.Store) })
}

const dev omadm.DeviceID = "pc-7"

// newStore returns a store that knows a device.
func newStore(t *testing.T) *memstore.Store {
	t.Helper()
	s := new(memstore.Store)
	if err := s.Register(t.Context(), session.Device{ID: dev}); err != nil {
		t.Fatal(err)
	}
	return s
}

func load(t *testing.T, s *memstore.Store) *session.Record {
	t.Helper()
	rec, err := s.Load(t.Context(), session.Query{Device: dev, Limit: 100, Octets: 1 << 20, Parts: true})
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

func commit(t *testing.T, s *memstore.Store, c session.Change) {
	t.Helper()
	c.Device, c.Revision = dev, load(t, s).Revision
	if err := s.Commit(t.Context(), &c); err != nil {
		t.Fatal(err)
	}
}

func request(id omadm.RequestID) omadm.Request {
	return omadm.Request{ID: id, Ops: []omadm.Op{{Verb: omadm.Get, URI: "./DevDetail/SwV"}}}
}

func TestCommitRefusesRequestsThatAreNotOpen(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change session.Change
	}{
		{"requeue of an unknown request", session.Change{Requeue: []session.Requeue{{Request: "none"}}}},
		{"lease of an unknown request", session.Change{Lease: []session.Lease{{Request: "none"}}}},
		{"end of an unknown request", session.Change{Finish: []omadm.Outcome{{Request: "none"}}}},
		{"requeue of a finished request", session.Change{Requeue: []session.Requeue{{Request: "finished"}}}},
		{"lease of a finished request", session.Change{Lease: []session.Lease{{Request: "finished"}}}},
		{"second end of a request", session.Change{Finish: []omadm.Outcome{{Request: "finished"}}}},
		{"two ends of a request", session.Change{Finish: []omadm.Outcome{{Request: "open"}, {Request: "open"}}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newStore(t)
			if err := s.Enqueue(t.Context(), dev, request("open"), request("finished")); err != nil {
				t.Fatal(err)
			}
			commit(t, s, session.Change{Finish: []omadm.Outcome{{Request: "finished", Kind: omadm.Done}}})
			before := load(t, s)

			c := tt.change
			c.Device, c.Revision = dev, before.Revision
			c.Facts = omadm.Facts{"a": "1"}
			c.Add = []omadm.Request{request("new")}
			err := s.Commit(t.Context(), &c)
			if err == nil || errors.Is(err, session.ErrConflict) || errors.Is(err, session.ErrExists) {
				t.Errorf("Commit: got error %v, want one of the store's own", err)
			}
			if diff := cmp.Diff(before, load(t, s)); diff != "" {
				t.Errorf("the device changed (-before +after):\n%s", diff)
			}
		})
	}
}

func TestRevisionNeverComesBack(t *testing.T) {
	s := newStore(t)
	old := load(t, s).Revision
	for _, again := range []struct {
		name string
		do   func() error
	}{
		{"Register", func() error { return s.Register(t.Context(), session.Device{ID: dev}) }},
		{"Unregister and Register", func() error {
			return errors.Join(s.Unregister(t.Context(), dev), s.Register(t.Context(), session.Device{ID: dev}))
		}},
	} {
		if err := again.do(); err != nil {
			t.Fatal(err)
		}
		err := s.Commit(t.Context(), &session.Change{Device: dev, Revision: old})
		if !errors.Is(err, session.ErrConflict) {
			t.Errorf("Commit with the revision before %s: got error %v, want ErrConflict", again.name, err)
		}
		old = load(t, s).Revision
	}
}

func TestPartOfTheNextObject(t *testing.T) {
	s := newStore(t)
	for i, p := range []string{"a1", "a2", "a3"} {
		commit(t, s, session.Change{Session: session.State{ID: "1", Parts: i + 1}, Part: []byte(p)})
	}
	commit(t, s, session.Change{Session: session.State{ID: "1", Parts: 1}, Part: []byte("b1")})
	if diff := cmp.Diff([][]byte{[]byte("b1")}, load(t, s).Parts); diff != "" {
		t.Errorf("parts (-want +got):\n%s", diff)
	}
}

func TestPartsOfSeveralSessionsFollowTheSessions(t *testing.T) {
	s := newStore(t)
	commit(t, s, session.Change{Session: session.State{ID: "1", Parts: 1}, Part: []byte("a1")})
	commit(t, s, session.Change{Session: session.State{ID: "2", Parts: 1}, Part: []byte("b1")})
	commit(t, s, session.Change{Session: session.State{ID: "1", Parts: 2}, Part: []byte("a2")})
	rec := load(t, s)
	var got []string
	parts := rec.Parts
	for _, st := range rec.Sessions {
		for _, p := range parts[:st.Parts] {
			got = append(got, st.ID+" "+string(p))
		}
		parts = parts[st.Parts:]
	}
	if diff := cmp.Diff([]string{"1 a1", "1 a2", "2 b1"}, got); diff != "" {
		t.Errorf("parts (-want +got):\n%s", diff)
	}
}

func TestResultsRefusesAForeignCursor(t *testing.T) {
	s := newStore(t)
	event := session.Change{Events: []omadm.Event{{Type: "1"}}}
	commit(t, s, event)
	commit(t, s, event)
	for _, c := range []session.Cursor{"x", "-1", "+1", "01", "0", "3", "1 ", "18446744073709551616"} {
		if _, err := s.Results(t.Context(), c, 10); !errors.Is(err, session.ErrCursor) {
			t.Errorf("Results after %q: got error %v, want ErrCursor", c, err)
		}
	}
}

// Who has read an entry goes on behind it, though it is no longer there.
func TestCursorOutlivesItsEntry(t *testing.T) {
	s := newStore(t)
	commit(t, s, session.Change{Events: []omadm.Event{{Type: "1"}}})
	entries, err := s.Results(t.Context(), "", 10)
	if err != nil || len(entries) != 1 {
		t.Fatalf("Results: got %d entries and error %v, want 1", len(entries), err)
	}
	if err := s.Unregister(t.Context(), dev); err != nil {
		t.Fatal(err)
	}
	rest, err := s.Results(t.Context(), entries[0].Cursor, 10)
	if err != nil || len(rest) != 0 {
		t.Errorf("Results after the entry of a device unregistered: got %d entries and error %v, want none", len(rest), err)
	}
}

func TestLoadDoesNotGrowWithWhatIsFinished(t *testing.T) {
	s := newStore(t)
	finished := 0
	finish := func(upTo int) {
		for ; finished < upTo; finished++ {
			r := request(omadm.RequestID(strconv.Itoa(finished)))
			commit(t, s, session.Change{
				Add:     []omadm.Request{r},
				Results: []omadm.Result{{Request: r.ID, Status: omadm.StatusOK}},
				Finish:  []omadm.Outcome{{Request: r.ID, Kind: omadm.Done}},
			})
		}
	}
	cost := func() float64 {
		return testing.AllocsPerRun(20, func() { load(t, s) })
	}
	finish(10)
	few := cost()
	finish(1000)
	if many := cost(); many > few {
		t.Errorf("Load allocates %v times after 1000 finished requests, want the %v of 10", many, few)
	}
}
