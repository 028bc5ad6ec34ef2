package main

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestMuster goes round the fleet: each step begins where the one before stopped, and nothing is queued twice.
func TestMuster(t *testing.T) {
	var queued atomic.Int64
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		queued.Add(1)
		w.WriteHeader(http.StatusCreated)
	}))
	defer srv.Close()
	s, err := newSite(srv.URL+"/dm", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	f, err := newFleet(&options{devices: 5, mix: mix{policy: 1}, object: 1}, s, nil)
	if err != nil {
		t.Fatal(err)
	}
	f.devices[1].rests = true
	for i, tt := range []struct {
		ask, use   int
		want       []int // devices
		wantQueued int64 // requests so far
	}{
		{2, 2, []int{0, 2}, 2},
		{2, 1, []int{3, 4}, 4},
		{9, 3, []int{4, 0, 2, 3}, 5},
		{1, 0, []int{3}, 5},
		{1, 1, []int{3}, 5},
	} {
		list, err := f.muster(t.Context(), tt.ask)
		if err != nil {
			t.Fatal(err)
		}
		var got []int
		for _, d := range list {
			got = append(got, slices.IndexFunc(f.devices, func(o device) bool { return o.id == d.id }))
		}
		if d := cmp.Diff(tt.want, got); d != "" || queued.Load() != tt.wantQueued {
			t.Errorf("step %d: %d queued, want %d; devices (-want +got):\n%s", i, queued.Load(), tt.wantQueued, d)
		}
		f.advance(list[:tt.use])
		f.devices[0].queued = false // it has got what it was to get
	}
}

// TestFleetIsDrawnAgain gives devices the same kinds for the same seed, and ids that no other run has.
func TestFleetIsDrawnAgain(t *testing.T) {
	kindsOf := func(seed uint64) (kinds []kind, first string) {
		f, err := newFleet(&options{devices: 100, mix: mix{1, 1, 1, 1}, object: 1, seed: seed}, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i := range f.devices {
			kinds = append(kinds, f.devices[i].kind)
		}
		return kinds, f.devices[0].id
	}
	a, aID := kindsOf(1)
	b, bID := kindsOf(1)
	c, _ := kindsOf(2)
	if !slices.Equal(a, b) || slices.Equal(a, c) || aID == bID {
		t.Errorf("the same %v, another %v, id %q and %q", slices.Equal(a, b), !slices.Equal(a, c), aID, bID)
	}
}

// TestEach visits all, stops at the first error, and does not begin when nobody waits any more.
func TestEach(t *testing.T) {
	list := make([]int, 1000)
	if err := each(t.Context(), list, func(n *int) error { *n++; return nil }); err != nil {
		t.Error(err)
	}
	if slices.Min(list) != 1 || slices.Max(list) != 1 {
		t.Errorf("visited from %d to %d times", slices.Min(list), slices.Max(list))
	}
	var mu sync.Mutex
	calls, broken := 0, errors.New("broken")
	err := each(t.Context(), list, func(*int) error {
		mu.Lock()
		defer mu.Unlock()
		calls++
		return broken
	})
	if !errors.Is(err, broken) || calls > clerks {
		t.Errorf("%d calls, %v", calls, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := each(ctx, list, func(*int) error { t.Error("called"); return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
