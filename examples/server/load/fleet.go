package main

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"sync"
	"sync/atomic"
)

// fleet is the devices.
type fleet struct {
	site       *site
	devices    []device
	operations [kinds][]op
	object     int           // octets of a large object
	lines      [kinds][]line // what devices recite to an echo server
	next       int           // device that begins the next step
	step       int           // number of the step, from 1
}

// device is one of them. Its state is that of the check-in it is busy with, and of nobody else.
type device struct {
	index  int // in the fleet
	id     string
	kind   kind
	cert   *tls.Certificate // nil: none
	known  bool             // the server may know it by us
	queued bool             // its request is in the queue of the server
	rests  bool             // a check-in failed
}

// clerks is how many requests are made to the administrator's interface at a time.
const clerks = 8

// newFleet returns devices that nobody knows yet. Their ids are those of no other run. With an authority they have
// certificates.
func newFleet(o *options, s *site, a *authority) (*fleet, error) {
	f := &fleet{site: s, devices: make([]device, o.devices), operations: operations(o.object), object: o.object}
	run := rand.Text()[:8]
	draw := mathrand.New(mathrand.NewPCG(o.seed, 0))
	for i := range f.devices {
		d := &f.devices[i]
		d.index, d.id, d.kind = i, fmt.Sprintf("load-%s-%07d", run, i+1), o.mix.draw(draw)
		if a == nil {
			continue
		}
		var err error
		if d.cert, err = a.device(d.id); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// register makes all devices known to the server.
func (f *fleet) register(ctx context.Context) error {
	return each(ctx, f.devices, func(d *device) error {
		err := f.site.register(ctx, d.id)
		d.known = !errors.As(err, new(*AdminError)) // without an answer nobody knows
		return err
	})
}

// unregister makes the server forget all devices that were registered, perhaps not all.
func (f *fleet) unregister(ctx context.Context) error {
	return each(ctx, f.devices, func(d *device) error {
		if !d.known {
			return nil
		}
		return f.site.unregister(ctx, d.id)
	})
}

// muster begins a step: it returns up to n devices, and what they are to get is in their queues.
func (f *fleet) muster(ctx context.Context, n int) ([]*device, error) {
	f.step++
	var list []*device
	for i := 0; i < len(f.devices) && len(list) < n; i++ {
		if d := &f.devices[(f.next+i)%len(f.devices)]; !d.rests {
			list = append(list, d)
		}
	}
	return list, each(ctx, list, func(d **device) error { return f.fill(ctx, *d) })
}

// advance ends a step in which these devices were used, so that the next begins with others.
func (f *fleet) advance(used []*device) {
	if len(used) > 0 {
		f.next = (used[len(used)-1].index + 1) % len(f.devices)
	}
}

// fill queues what a device gets, unless it is still in its queue.
func (f *fleet) fill(ctx context.Context, d *device) error {
	ops := f.operations[d.kind]
	if len(ops) == 0 || d.queued || f.lines[d.kind] != nil {
		return nil
	}
	if err := f.site.enqueue(ctx, d.id, request{ID: fmt.Sprintf("step-%d", f.step), Ops: ops}); err != nil {
		return err
	}
	d.queued = true
	return nil
}

// each calls do for all of a list, several at a time, and returns the first error. After it, no more calls begin.
func each[T any](ctx context.Context, list []T, do func(*T) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var next atomic.Int64
	var group sync.WaitGroup
	for range min(clerks, len(list)) {
		group.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(list) {
					return
				}
				if err := do(&list[i]); err != nil {
					cancel(err)
				}
			}
		})
	}
	group.Wait()
	return context.Cause(ctx)
}
