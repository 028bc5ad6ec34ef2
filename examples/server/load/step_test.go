package main

import (
	"bytes"
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// fakeWork is check-ins that take a time and nothing else.
type fakeWork struct {
	takes time.Duration
	began time.Time

	mu     sync.Mutex
	starts []time.Duration // since began
	busy   int
	most   int
}

func (w *fakeWork) checkIn(ctx context.Context, _ *device) outcome {
	w.mu.Lock()
	w.starts = append(w.starts, time.Since(w.began))
	w.busy++
	w.most = max(w.most, w.busy)
	w.mu.Unlock()
	var err error
	select {
	case <-time.After(w.takes):
	case <-ctx.Done():
		err = ctx.Err()
	}
	w.mu.Lock()
	w.busy--
	w.mu.Unlock()
	return outcome{err: err}
}

// pace runs a step of n devices in fake time.
func (w *fakeWork) pace(ctx context.Context, l load, duration, timeout time.Duration, n int) (*tally, int, time.Duration) {
	p := pace{load: l, duration: duration, timeout: timeout, checkIn: w.checkIn, tally: new(tally)}
	var devices []*device
	for range n {
		devices = append(devices, new(device))
	}
	w.began = time.Now()
	ran, took := p.run(ctx, devices)
	slices.Sort(w.starts)
	return p.tally, ran, took
}

// seconds returns a list of durations.
func seconds(list ...float64) (out []time.Duration) {
	for _, s := range list {
		out = append(out, time.Duration(s*float64(time.Second)))
	}
	return out
}

func TestPace(t *testing.T) {
	tests := []struct {
		name      string
		load      load
		takes     time.Duration
		duration  time.Duration
		devices   int
		want      []time.Duration // when they begin
		wantMost  int             // busy at a time
		wantTook  time.Duration
		wantP1000 time.Duration // longest latency
	}{
		{"open: even distances, whoever is busy", load{open, 2}, 10 * time.Second, 3 * time.Second, 100,
			seconds(0, 0.5, 1, 1.5, 2, 2.5), 6, 12500 * time.Millisecond, 10 * time.Second},
		{"open: ends with the devices", load{open, 10}, time.Second, time.Minute, 3,
			seconds(0, 0.1, 0.2), 3, 1200 * time.Millisecond, time.Second},
		{"open: less than one in a second", load{open, 0.5}, time.Second, 5 * time.Second, 100,
			seconds(0, 2, 4), 1, 5 * time.Second, time.Second},
		{"closed: as many as said", load{closed, 2}, time.Second, 2500 * time.Millisecond, 100,
			seconds(0, 0, 1, 1, 2, 2), 2, 3 * time.Second, time.Second},
		{"closed: ends with the devices", load{closed, 2}, time.Second, time.Minute, 3,
			seconds(0, 0, 1), 2, 2 * time.Second, time.Second},
		{"closed: fewer devices than that", load{closed, 10}, time.Second, time.Minute, 2,
			seconds(0, 0), 2, time.Second, time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := &fakeWork{takes: tt.takes}
				got, ran, took := w.pace(t.Context(), tt.load, tt.duration, time.Hour, tt.devices)
				if !slices.Equal(w.starts, tt.want) || ran != len(tt.want) {
					t.Errorf("%d began at %v, want %v", ran, w.starts, tt.want)
				}
				if w.most != tt.wantMost || took != tt.wantTook {
					t.Errorf("%d at a time in %v, want %d in %v", w.most, took, tt.wantMost, tt.wantTook)
				}
				if got.checkIns != len(tt.want) || got.failed != 0 || got.busy != 0 || got.latency.max != tt.wantP1000 {
					t.Errorf("%d well, %d failed, %d busy, at most %v; want %d, 0, 0, %v",
						got.checkIns, got.failed, got.busy, got.latency.max, len(tt.want), tt.wantP1000)
				}
				needed := pace{load: tt.load, duration: tt.duration}
				if n := needed.needs(tt.devices); n < len(tt.want) || n > tt.devices {
					t.Errorf("needs %d devices, and %d began", n, len(tt.want))
				}
			})
		})
	}
}

// TestWaitingIsLatency has one device more than may be busy: it waits for the first to end, and that counts.
func TestWaitingIsLatency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &fakeWork{takes: time.Second}
		got, _, _ := w.pace(t.Context(), load{open, maxRate}, time.Minute, time.Hour, maxBusy+1)
		due := time.Duration(maxBusy) * time.Second / maxRate
		if w.most != maxBusy || got.latency.max != 2*time.Second-due {
			t.Errorf("%d at a time, longest latency %v; want %d, %v", w.most, got.latency.max, maxBusy, 2*time.Second-due)
		}
	})
}

// TestTimeout ends check-ins that take too long, and counts them as failed.
func TestTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &fakeWork{takes: time.Hour}
		got, _, took := w.pace(t.Context(), load{closed, 1}, time.Minute, time.Second, 3)
		if got.failed != 3 || got.checkIns != 0 || got.latency.n != 0 || took != 3*time.Second {
			t.Errorf("%d failed, %d well, in %v; want 3, 0, in 3s", got.failed, got.checkIns, took)
		}
	})
}

// TestInterrupt stops a step: what has begun ends well, nothing else begins.
func TestInterrupt(t *testing.T) {
	for _, m := range []model{open, closed} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			time.AfterFunc(1500*time.Millisecond, cancel)
			w := &fakeWork{takes: time.Second}
			got, ran, took := w.pace(ctx, load{m, 1}, time.Minute, time.Hour, 100)
			if ran != 2 || got.checkIns != 2 || got.failed != 0 || took != 2*time.Second {
				t.Errorf("%s: %d began, %d well, %d failed, in %v; want 2, 2, 0, in 2s", m, ran, got.checkIns, got.failed, took)
			}
		})
	}
}

// TestProgress writes a line a second while somebody looks.
func TestProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		c := new(tally)
		c.begin()
		c.begin()
		c.end(outcome{latency: 3 * time.Millisecond})
		stop := (&progress{&out}).watch(c)
		time.Sleep(2500 * time.Millisecond)
		stop()
		const want = "   1 s  1 check-ins, 1 busy, 0 failed, 0 violations, p50 3.00 ms, p99 3.00 ms\n" +
			"   2 s  1 check-ins, 1 busy, 0 failed, 0 violations, p50 3.00 ms, p99 3.00 ms\n"
		if got := out.String(); got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	})
	var out bytes.Buffer
	p := newProgress(&out)
	p.say("x")
	p.watch(new(tally))()
	if out.Len() > 0 {
		t.Errorf("not on a terminal: %q", &out)
	}
}
