package main

import (
	"context"
	"math"
	"sync"
	"sync/atomic"
	"time"
)

// model says when check-ins begin.
type model string

// The models.
const (
	closed model = "closed" // when another has ended
	open   model = "open"   // when their time has come
)

// load is how much there is to do.
type load struct {
	Model model `json:"model"`
	// Load is the number of devices that are busy in the closed model, and of check-ins that begin in a second in the
	// open one.
	Load float64 `json:"load"`
}

// unit says what the number is of.
func (m model) unit() string {
	if m == open {
		return "check-ins per second"
	}
	return "devices at a time"
}

// maxBusy is how many devices of the open model are busy at a time. Those that are due meanwhile wait, and their latency
// counts.
const maxBusy = maxConcurrency

// pace runs the check-ins of a step.
type pace struct {
	load
	duration time.Duration // after which none begins
	timeout  time.Duration // of one
	checkIn  func(context.Context, *device) outcome
	tally    *tally
}

// needs returns how many of n devices can come to check in.
func (p *pace) needs(n int) int {
	if p.Model == closed {
		return n
	}
	return int(min(float64(n), math.Ceil(p.Load*p.duration.Seconds())))
}

// run lets the devices check in, one after the other as the model says, and returns how many began and how long it took
// until the last had ended. When ctx is done no more begin.
func (p *pace) run(ctx context.Context, devices []*device) (int, time.Duration) {
	began := time.Now()
	ctx, cancel := context.WithDeadline(ctx, began.Add(p.duration))
	defer cancel()
	var n int
	if p.Model == open {
		n = p.open(ctx, devices, began)
	} else {
		n = p.closed(ctx, devices)
	}
	return n, time.Since(began)
}

// closed keeps a number of devices busy.
func (p *pace) closed(ctx context.Context, devices []*device) int {
	var next atomic.Int64
	var group sync.WaitGroup
	for range min(int(p.Load), len(devices)) {
		group.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(devices) {
					return
				}
				p.one(ctx, devices[i], time.Now())
			}
		})
	}
	group.Wait()
	return min(int(next.Load()), len(devices))
}

// open lets devices begin at even distances, the first at once.
func (p *pace) open(ctx context.Context, devices []*device, began time.Time) int {
	slots := make(chan struct{}, maxBusy)
	var group sync.WaitGroup
	defer group.Wait()
	for i, d := range devices {
		due := began.Add(time.Duration(float64(i) / p.Load * float64(time.Second)))
		// What is due when the step ends is of the next.
		if due.Sub(began) >= p.duration {
			wait(ctx, began.Add(p.duration))
			return i
		}
		if !wait(ctx, due) {
			return i
		}
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			return i
		}
		group.Go(func() {
			p.one(ctx, d, due)
			<-slots
		})
	}
	return len(devices)
}

// wait waits until a time. It reports whether ctx still goes on then.
func wait(ctx context.Context, until time.Time) bool {
	if left := time.Until(until); left > 0 {
		timer := time.NewTimer(left)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
		}
	}
	return ctx.Err() == nil
}

// one runs a check-in, to its end even when the step is over, and counts it.
func (p *pace) one(ctx context.Context, d *device, began time.Time) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), p.timeout)
	defer cancel()
	p.tally.begin()
	out := p.checkIn(ctx, d)
	out.latency = time.Since(began)
	p.tally.end(out)
}
