package main

import (
	"context"
	"errors"
	"io"
	"time"
)

// errInterrupted says that a run was not brought to its end.
var errInterrupted = errors.New("load: interrupted")

// run runs all steps. The report tells of those that were run, whatever the error; without one it may be nil.
func (o *options) run(ctx context.Context, stderr io.Writer) (_ *report, err error) {
	progress := newProgress(stderr)
	r := o.newReport()
	var rigs []*rig
	defer func() {
		for _, g := range rigs {
			used, terr := g.takeDown(o)
			err = errors.Join(err, terr)
			if !o.compare {
				r.Server.CPU = newCPU(used, 0)
			}
		}
	}()
	for _, serve := range o.servers() {
		g, err := o.newRig(ctx, serve, stderr, progress)
		rigs = append(rigs, g)
		if err != nil {
			return r, err
		}
	}
	for _, l := range o.steps {
		if err := o.turns(ctx, l, rigs, r, progress); err != nil {
			return r, err
		}
	}
	return r, nil
}

// servers returns what is measured.
func (o *options) servers() []string {
	if o.compare {
		return []string{gomadm, echoes, baseline}
	}
	return []string{o.serve}
}

// turns runs a step, or with several servers one for each of them in each round. Each round begins with another.
func (o *options) turns(ctx context.Context, l load, rigs []*rig, r *report, p *progress) error {
	rounds := 1
	if o.compare {
		rounds = o.rounds
	}
	for round := range rounds {
		for i := range rigs {
			if err := rigs[(round+i)%len(rigs)].step(ctx, o, l, r, p); err != nil {
				return err
			}
		}
	}
	if o.compare {
		r.compare(l)
	}
	return nil
}

// milliseconds returns d as reports have it.
func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
