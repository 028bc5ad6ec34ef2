package cluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
)

// attempts is how often a request is sent when its outcome is lost each time: Limits.Attempts of the default Rules.
const attempts = 10

// count is what was reported of one operation of a request.
type count struct {
	statuses, good int
	values         []string
}

// told is what was reported of a request, by operation.
type told map[int]*count

func (t told) of(op int) *count {
	if t[op] == nil {
		t[op] = new(count)
	}
	return t[op]
}

// told sums up the results of each request.
func (r *reader) told() map[name]told {
	all := make(map[name]told)
	for _, e := range r.entries {
		if e.Result == nil {
			continue
		}
		key := name{e.Device, e.Result.Request}
		if all[key] == nil {
			all[key] = make(told)
		}
		op := omadm.GroupOp
		if e.Result.Op != nil {
			op = *e.Result.Op
		}
		c := all[key].of(op)
		if e.Result.Status == 0 {
			for _, it := range e.Result.Items {
				c.values = append(c.values, it.Value)
			}
			continue
		}
		c.statuses++
		if e.Result.Status.Success() {
			c.good++
		}
	}
	return all
}

// check compares the outcome of each wish of a device with what the device did and what it told.
func (d *device) check(all map[name]told) error {
	var errs []error
	for _, w := range d.wishes {
		o := d.reader.outcome(d.id, w.request.ID)
		if o == nil {
			errs = append(errs, fmt.Errorf("%s: %s: no outcome", d.id, w.request.ID))
			continue
		}
		err := d.checkOutcome(w, o)
		if err == nil {
			err = d.checkTold(w, o, all[name{d.id, w.request.ID}])
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %s (%s): %w; outcome %+v", d.id, w.request.ID, w.kind, err, *o))
		}
	}
	return errors.Join(errs...)
}

// executed returns how often the device has executed the operations of a wish: the least and the most of them.
func (d *device) executed(w *wish) (least, most int) {
	least = math.MaxInt
	for i := range w.request.Ops {
		n := d.done(&w.request.Ops[i])
		least, most = min(least, n), max(most, n)
	}
	return least, most
}

func (d *device) done(op *omadm.Op) int {
	e := d.sim.Execution(op.Verb.String(), string(op.URI), op.Value.Data.Value)
	return e.Executed + e.Undone
}

func (d *device) checkOutcome(w *wish, o *outcomeEntry) error {
	least, most := d.executed(w)
	once := w.request.EffectiveDelivery() == omadm.AtMostOnce
	switch {
	case o.Attempts > attempts:
		return errors.New("sent too often")
	case most > o.Attempts:
		return fmt.Errorf("executed %d times", most)
	case once && o.Attempts > 1:
		return errors.New("sent more than once")
	case w.canceled && o.Kind != "canceled":
		return errors.New("it was canceled")
	}
	switch o.Kind {
	case "done":
		if v := w.request.Ops[0].Verb; (v == omadm.Add || v == omadm.Delete) && most != 1 {
			return fmt.Errorf("executed %d times", most)
		}
		return unless(least > 0 && !w.refused, "not executed")
	case "failed":
		return unless(w.refused && most == 0, "no cause to fail")
	case "unknown":
		return unless(once && o.Attempts == 1, "it may be sent again")
	case "quarantined":
		return unless(!once && o.Attempts == attempts, "not sent often enough")
	case "expired":
		return unless(w.life > 0, "it has time") // and was executed at most Attempts times
	case "canceled":
		return unless(w.cancel, "nobody canceled it")
	}
	return errors.New("no such outcome was to be expected")
}

// checkTold compares the results of a request with its outcome and with what the device did: none twice, none missing.
func (d *device) checkTold(w *wish, o *outcomeEntry, t told) error {
	for op, c := range t {
		switch {
		case c.statuses > o.Attempts:
			return fmt.Errorf("operation %d has %d statuses", op, c.statuses)
		case len(c.values) > o.Attempts:
			return fmt.Errorf("operation %d has %d values", op, len(c.values))
		case op >= 0 && c.good > d.done(&w.request.Ops[op]):
			return fmt.Errorf("operation %d has %d statuses that tell of success", op, c.good)
		}
	}
	if o.Kind != "done" && o.Kind != "failed" {
		return nil
	}
	for i := range w.request.Ops {
		c := t.of(i)
		if c.statuses == 0 {
			return fmt.Errorf("operation %d has no status", i)
		}
		if w.request.Ops[i].Verb == omadm.Get && !slices.Contains(c.values, w.answer) {
			return fmt.Errorf("operation %d has not brought its value", i)
		}
	}
	return nil
}

func unless(ok bool, fault string) error {
	if ok {
		return nil
	}
	return errors.New(fault)
}

// checkNotices looks for the alerts of the device among the events. One whose status was lost comes again.
func (d *device) checkNotices() error {
	heard := make(map[string]int)
	for _, e := range d.reader.entries {
		if e.Event != nil && e.Device == d.id && e.Event.Type == alertType {
			heard[e.Event.Value]++
		}
	}
	for _, data := range d.notices {
		if n := heard[data]; n == 0 || n > d.sessions {
			return fmt.Errorf("%s: event %s came %d times", d.id, data, n)
		}
	}
	return nil
}

// checkQueue looks for requests that still wait or are leased.
func (d *device) checkQueue(ctx context.Context) error {
	all := session.Query{Device: d.id, Now: time.Now().Add(time.Hour), Limit: math.MaxInt32, Octets: math.MaxInt32}
	rec, err := d.site.store.Load(ctx, all)
	if err != nil {
		return err
	}
	for _, p := range rec.Requests {
		err = errors.Join(err, fmt.Errorf("%s: %s is still in the queue", d.id, p.Request.ID))
	}
	return err
}

// checkRows counts the rows of tables: nothing is leased, and there is an entry for each that was read.
func (s *site) checkRows(ctx context.Context, entries int) error {
	for _, want := range []struct {
		table string
		rows  int
	}{{"gomadm_requests", 0}, {"gomadm_results", entries}} {
		var n int
		if err := s.db.QueryRowContext(ctx, "SELECT count(*) FROM "+want.table).Scan(&n); err != nil {
			return err
		}
		if n != want.rows {
			return fmt.Errorf("%s has %d rows, want %d", want.table, n, want.rows)
		}
	}
	return nil
}

// again reads all from the first entry, with another reader, and compares.
func (r *reader) again(ctx context.Context) error {
	second := newReader(r.site, func() int { return 1000 })
	for {
		n, err := second.step(ctx)
		if err != nil {
			return fmt.Errorf("the second reader: %w", err)
		}
		if n == 0 {
			break
		}
	}
	if len(second.raw) != len(r.raw) {
		return fmt.Errorf("the second reader has %d entries, the first %d", len(second.raw), len(r.raw))
	}
	for i := range r.raw {
		if !bytes.Equal(second.raw[i], r.raw[i]) {
			return fmt.Errorf("entry %d: the second reader has %s, the first %s", i, second.raw[i], r.raw[i])
		}
	}
	return nil
}
