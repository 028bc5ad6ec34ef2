package memstore_test

import (
	"cmp"
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
	"github.com/gomadm/gomadm/session/memstore"
)

func second(n int) time.Time { return time.Unix(int64(n), 0).UTC() }

func deviceN(n int) omadm.DeviceID { return omadm.DeviceID("device-" + strconv.Itoa(n)) }

// sightings says for the sessions of each device when they were seen, no two at the same second.
type sightings map[omadm.DeviceID]map[string]int

// before looks at all devices, which a store should not do.
func (s sightings) before(second, limit int) []omadm.DeviceID {
	type idler struct {
		id   omadm.DeviceID
		seen int
	}
	var found []idler
	for id, sessions := range s {
		oldest := second
		for _, seen := range sessions {
			oldest = min(oldest, seen)
		}
		if oldest < second {
			found = append(found, idler{id, oldest})
		}
	}
	slices.SortFunc(found, func(a, b idler) int { return cmp.Compare(a.seen, b.seen) })
	ids := []omadm.DeviceID{}
	for _, f := range found[:min(limit, len(found))] {
		ids = append(ids, f.id)
	}
	return ids
}

func TestIdleAgainstAScan(t *testing.T) {
	const seed, devices, changes = 7, 20, 2000
	r := rand.New(rand.NewPCG(seed, seed))
	seen := make(sightings)
	var s memstore.Store
	for n := range devices {
		if err := s.Register(t.Context(), session.Device{ID: deviceN(n)}); err != nil {
			t.Fatal(err)
		}
		seen[deviceN(n)] = make(map[string]int)
	}
	for n := range changes {
		id, key := deviceN(r.IntN(devices)), strconv.Itoa(r.IntN(3))
		switch what := r.IntN(10); {
		case what < 6:
			seen[id][key] = r.IntN(changes)*changes + n
			see(t, &s, id, session.State{ID: key, Seen: second(seen[id][key])})
		case what < 9:
			delete(seen[id], key)
			see(t, &s, id, session.State{}, session.State{ID: key})
		default:
			clear(seen[id])
			if err := errors.Join(s.Unregister(t.Context(), id), s.Register(t.Context(), session.Device{ID: id})); err != nil {
				t.Fatal(err)
			}
		}
		before, limit := r.IntN(changes*changes), r.IntN(devices+2)
		got, err := s.Idle(t.Context(), second(before), limit)
		if err != nil {
			t.Fatal(err)
		}
		if want := seen.before(before, limit); !slices.Equal(got, want) {
			t.Fatalf("seed %d, change %d: got idle devices %q, want %q", seed, n, got, want)
		}
	}
}

// see commits a session, and closes others.
func see(t *testing.T, s *memstore.Store, id omadm.DeviceID, state session.State, closed ...session.State) {
	t.Helper()
	rec, err := s.Load(t.Context(), session.Query{Device: id})
	if err != nil {
		t.Fatal(err)
	}
	err = s.Commit(t.Context(), &session.Change{Device: id, Revision: rec.Revision, Session: state, Close: closed})
	if err != nil {
		t.Fatal(err)
	}
}

func BenchmarkIdle(b *testing.B) {
	for _, devices := range []int{100, 10_000, 100_000} {
		b.Run(strconv.Itoa(devices), func(b *testing.B) {
			var s memstore.Store
			for n := range devices {
				id := deviceN(n)
				if err := s.Register(b.Context(), session.Device{ID: id}); err != nil {
					b.Fatal(err)
				}
				c := session.Change{Device: id, Revision: uint64(2*n + 1), Session: session.State{ID: "1", Seen: second(n)}}
				if err := s.Commit(b.Context(), &c); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportAllocs()
			for b.Loop() {
				ids, err := s.Idle(context.Background(), second(devices), 100)
				if err != nil || len(ids) != 100 {
					b.Fatalf("got %d devices and error %v, want 100", len(ids), err)
				}
			}
		})
	}
}
