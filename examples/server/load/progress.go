package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

// progress tells how far a run is, on a terminal only.
type progress struct {
	w io.Writer // nil: nobody looks
}

func newProgress(w io.Writer) *progress {
	if terminal(w) {
		return &progress{w}
	}
	return &progress{}
}

func terminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

func (p *progress) say(format string, args ...any) {
	if p.w != nil {
		fmt.Fprintf(p.w, format+"\n", args...)
	}
}

// watch tells of a step once a second until the function that it returns is called.
func (p *progress) watch(t *tally) (stop func()) {
	if p.w == nil {
		return func() {}
	}
	done := make(chan struct{})
	var group sync.WaitGroup
	group.Go(func() {
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for second := 1; ; second++ {
			select {
			case <-done:
				return
			case <-tick.C:
				p.say("%4d s  %s", second, t.line())
			}
		}
	})
	return func() {
		close(done)
		group.Wait()
	}
}

// line is the state of a step in a line.
func (t *tally) line() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return fmt.Sprintf("%d check-ins, %d busy, %d failed, %d violations, p50 %.2f ms, p99 %.2f ms", t.checkIns, t.busy, t.failed,
		t.violations, milliseconds(t.latency.perMille(500)), milliseconds(t.latency.perMille(990)))
}
