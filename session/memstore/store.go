package memstore

import (
	"bytes"
	"context"
	"encoding"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
)

// Store is a session.Store in memory with all the optional interfaces. The zero Store is empty and ready to use. It must
// not be copied after its first use.
type Store struct {
	mu      sync.Mutex // guards all of the below and what they point to
	devices map[omadm.DeviceID]*device
	sorted  []omadm.DeviceID // the ids of all devices, nil if one came or went since they were sorted

	// revision is the last one given to any device. They share the count, so that a device that is registered
	// anew does not repeat a revision it had before.
	revision uint64
	log      log
	idlers   idlers
}

var (
	_ session.Store     = (*Store)(nil)
	_ session.Registrar = (*Store)(nil)
	_ session.Results   = (*Store)(nil)
	_ session.Canceler  = (*Store)(nil)
	_ session.Idler     = (*Store)(nil)
	_ session.Lister    = (*Store)(nil)
	_ session.Pruner    = (*Store)(nil)
	_ session.Pushes    = (*Store)(nil)
)

// device is all that is kept for a device, but for its entries in the log.
type device struct {
	session.Device
	revision uint64
	sessions []*dialogue // as first committed
	queue    queue
	push     push

	seen  time.Time // of the session that was seen longest ago
	place int       // in idlers
}

// Register makes a device known. It moves the revision of a device that is known already, so that no Commit that
// began before brings back older nonces.
func (s *Store) Register(_ context.Context, d session.Device) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.devices == nil {
		s.devices = make(map[omadm.DeviceID]*device)
	}
	known, ok := s.devices[d.ID]
	if !ok {
		known = &device{Device: session.Device{ID: clone(d.ID)}, place: absent}
		s.devices[known.ID] = known
		s.sorted = nil
	}
	known.Facts = nil
	apply(&known.Facts, d.Facts)
	known.Nonces = cloneNonces(d.Nonces)
	known.Account = d.Account
	known.push = push{}
	s.move(known)
	return nil
}

// Unregister forgets a device and everything kept for it, its results included.
func (s *Store) Unregister(_ context.Context, id omadm.DeviceID) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if d, ok := s.devices[id]; ok {
		s.idlers.drop(d)
		delete(s.devices, id)
		s.sorted = nil
		s.log.forget(id)
	}
	return nil
}

// Load returns the device with its sessions and the requests asked for.
func (s *Store) Load(_ context.Context, q session.Query) (*session.Record, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d, err := s.device(q.Device)
	if err != nil {
		return nil, err
	}
	rec := newRecord(d)
	rec.Device.Facts = maps.Clone(d.Facts)
	rec.Device.Awaited = maps.Clone(d.Awaited)
	for _, dlg := range d.sessions {
		rec.Sessions = append(rec.Sessions, dlg.state.Clone())
		if dlg.state.Body == q.Body && len(dlg.reply) > 0 {
			rec.Reply = bytes.Clone(dlg.reply)
		}
		if q.Parts {
			for _, p := range dlg.parts {
				rec.Parts = append(rec.Parts, bytes.Clone(p))
			}
		}
	}
	rec.Requests = d.queue.pending(q, d.sessions)
	return rec, nil
}

// newRecord returns a record with room for the sessions of a device. It is one piece of memory when there is one at
// most, as there mostly is.
func newRecord(d *device) *session.Record {
	var r struct {
		session.Record
		first [1]session.State
	}
	r.Revision, r.Device = d.revision, d.Device
	if n := len(d.sessions); n > 0 {
		r.Sessions = slices.Grow(r.first[:0:1], n)
	}
	return &r.Record
}

// Enqueue puts requests into the queue of a device.
func (s *Store) Enqueue(_ context.Context, id omadm.DeviceID, reqs ...omadm.Request) error {
	in, err := newRequests(reqs)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	d, err := s.device(id)
	if err != nil {
		return err
	}
	fresh, taken := d.queue.sift(in, true)
	if len(taken) > 0 {
		return &session.ExistsError{Device: d.ID, Requests: taken}
	}
	d.queue.add(fresh)
	return nil
}

// Cancel finishes those of the requests that wait.
func (s *Store) Cancel(_ context.Context, id omadm.DeviceID, at time.Time, reqs ...omadm.RequestID) ([]omadm.RequestID, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d, err := s.device(id)
	if err != nil {
		return nil, err
	}
	c := session.Change{Finish: d.queue.canceled(at, reqs)}
	if len(c.Finish) == 0 {
		return nil, nil
	}
	entries, err := newEntries(&c)
	if err != nil {
		return nil, err
	}

	s.move(d)
	d.queue.change(&c)
	s.log.append(d.ID, entries)
	ids := make([]omadm.RequestID, len(c.Finish))
	for i := range c.Finish {
		ids[i] = c.Finish[i].Request
	}
	return ids, nil
}

// Commit copies and checks all of c first, and then makes changes that cannot fail. Beside what session.Store
// says, it refuses a change that requeues, leases or finishes a request which is neither waiting nor leased.
func (s *Store) Commit(_ context.Context, c *session.Change) error {
	state := owned(&c.Session)
	part := bytes.Clone(c.Part)
	in, err := newRequests(c.Add)
	if err != nil {
		return err
	}
	entries, err := newEntries(c)
	if err != nil {
		return err
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	d, err := s.device(c.Device)
	if err != nil {
		return err
	}
	if d.revision != c.Revision {
		return fmt.Errorf("memstore: device %q, revision %d: %w", d.ID, c.Revision, session.ErrConflict)
	}
	fresh, taken := d.queue.sift(in, false)
	if len(taken) > 0 {
		return &session.ExistsError{Device: d.ID, Requests: taken}
	}
	if err := d.queue.check(fresh, c); err != nil {
		return err
	}

	s.move(d)
	if state.ID != "" {
		d.dialogue(&state).keep(&state, c.Reply, part)
	}
	d.queue.add(fresh)
	d.queue.change(c)
	s.log.append(d.ID, entries)
	apply(&d.Facts, c.Facts)
	apply(&d.Awaited, c.Awaited)
	if c.Nonces != nil {
		d.Nonces = cloneNonces(*c.Nonces)
	}
	for i := range c.Close {
		d.close(&c.Close[i])
	}
	s.idlers.update(d)
	return nil
}

// Results returns the entries after a cursor.
func (s *Store) Results(_ context.Context, after session.Cursor, limit int) ([]session.Entry, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.after(after, limit)
}

// Idle returns the devices with a session that was last seen before a time. What it costs grows with those it
// returns, and with no others.
func (s *Store) Idle(_ context.Context, before time.Time, limit int) ([]omadm.DeviceID, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.idlers.before(before, limit), nil
}

func (s *Store) device(id omadm.DeviceID) (*device, error) {
	d, ok := s.devices[id]
	if !ok {
		return nil, fmt.Errorf("memstore: device %q: %w", id, session.ErrUnknownDevice)
	}
	return d, nil
}

// move gives a device a revision that none had before.
func (s *Store) move(d *device) {
	s.revision++
	d.revision = s.revision
}

// dialogue returns the session that has the key of a state, a new one if there is none.
func (d *device) dialogue(s *session.State) *dialogue {
	if i := d.find(s); i >= 0 {
		return d.sessions[i]
	}
	dlg := &dialogue{key: s.Key()}
	d.sessions = append(d.sessions, dlg)
	return dlg
}

// close drops a session with its reply and its parts.
func (d *device) close(s *session.State) {
	if i := d.find(s); i >= 0 {
		d.sessions = slices.Delete(d.sessions, i, i+1)
	}
}

// find returns the index of the session that has the key of a state, -1 if there is none.
func (d *device) find(s *session.State) int {
	return slices.IndexFunc(d.sessions, func(dlg *dialogue) bool { return dlg.state.SameKey(s) })
}

// apply sets the keys that have a value and removes the others.
func apply[M ~map[string]V, V ~string](m *M, changed M) {
	for k, v := range changed {
		if v == "" {
			delete(*m, k)
			continue
		}
		if *m == nil {
			*m = make(M)
		}
		(*m)[strings.Clone(k)] = clone(v)
	}
}

func cloneNonces(n session.Nonces) session.Nonces {
	n.Client, n.Server = strings.Clone(n.Client), strings.Clone(n.Server)
	return n
}

// clone copies a string, so that what is kept does not hold on to the message it came from.
func clone[S ~string](s S) S { return S(strings.Clone(string(s))) }

// form is a type that can be read from its binary form.
type form[T any] interface {
	*T
	encoding.BinaryUnmarshaler
}

func decoded[T any, P form[T]](b []byte) (P, error) {
	c := P(new(T))
	if err := c.UnmarshalBinary(b); err != nil {
		return nil, fmt.Errorf("memstore: %w", err)
	}
	return c, nil
}
