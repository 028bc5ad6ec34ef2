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

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
)

// Store is a session.Store, session.Registrar and session.Results in memory. The zero Store is empty and ready to
// use. It must not be copied after its first use.
type Store struct {
	mu      sync.Mutex // guards all of the below and what they point to
	devices map[omadm.DeviceID]*device

	// revision is the last one given to any device. They share the count, so that a device that is registered
	// anew does not repeat a revision it had before.
	revision uint64
	log      log
}

var (
	_ session.Store     = (*Store)(nil)
	_ session.Registrar = (*Store)(nil)
	_ session.Results   = (*Store)(nil)
)

// device is all that is kept for a device, but for its entries in the log.
type device struct {
	session.Device
	revision uint64
	sessions []*dialogue // as first committed
	queue    queue
}

// dialogue is a session with what is kept beside its state.
type dialogue struct {
	key   string
	state *session.State
	reply []byte
	parts [][]byte
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
		known = &device{Device: session.Device{ID: clone(d.ID)}}
		s.devices[known.ID] = known
	}
	known.Facts = make(omadm.Facts, len(d.Facts))
	known.learn(d.Facts)
	known.Nonces = cloneNonces(d.Nonces)
	s.move(known)
	return nil
}

// Unregister forgets a device and everything kept for it, its results included.
func (s *Store) Unregister(_ context.Context, id omadm.DeviceID) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.devices, id)
	s.log.forget(id)
	return nil
}

// Load returns the device with its sessions and the requests asked for. The parts of several sessions follow each
// other in the order of the sessions; State.Parts says how many belong to each.
func (s *Store) Load(_ context.Context, q session.Query) (*session.Record, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d, err := s.device(q.Device)
	if err != nil {
		return nil, err
	}
	rec := &session.Record{Revision: d.revision, Device: d.Device}
	rec.Device.Facts = maps.Clone(d.Facts)
	for _, dlg := range d.sessions {
		state, err := copied(dlg.state)
		if err != nil {
			return nil, err
		}
		rec.Sessions = append(rec.Sessions, *state)
		if state.Body == q.Body {
			rec.Reply = bytes.Clone(dlg.reply)
		}
		if q.Parts {
			for _, p := range dlg.parts {
				rec.Parts = append(rec.Parts, bytes.Clone(p))
			}
		}
	}
	rec.Requests = d.queue.pending(q, func(key string) bool { return d.find(key) >= 0 })
	return rec, nil
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

// Commit copies and checks all of c first, and then makes changes that cannot fail. Beside what session.Store
// says, it refuses a change that requeues, leases or finishes a request which is neither waiting nor leased.
func (s *Store) Commit(_ context.Context, c *session.Change) error {
	state, err := copied(&c.Session)
	if err != nil {
		return err
	}
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
	d.keep(state, c)
	d.queue.add(fresh)
	d.queue.change(c)
	s.log.append(d.ID, entries)
	d.learn(c.Facts)
	if c.Nonces != nil {
		d.Nonces = cloneNonces(*c.Nonces)
	}
	for i := range c.Close {
		d.close(c.Close[i].Key())
	}
	return nil
}

// Results returns the entries after a cursor that came from this store.
func (s *Store) Results(_ context.Context, after session.Cursor, limit int) ([]session.Entry, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.after(after, limit)
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

// keep puts a session in the place of the one with its key, and the reply and the part of c with it.
func (d *device) keep(state *session.State, c *session.Change) {
	i := d.find(state.Key())
	if i < 0 {
		i = len(d.sessions)
		d.sessions = append(d.sessions, &dialogue{key: state.Key()})
	}
	dlg := d.sessions[i]
	dlg.state = state
	dlg.reply = bytes.Clone(c.Reply)

	// A part is the last of those that are valid from now on. It comes after fewer than were kept when an object
	// has ended and the next one began in the same message.
	valid := max(state.Parts, 0)
	if c.Part != nil && valid > 0 {
		dlg.parts = append(dlg.parts[:min(valid-1, len(dlg.parts))], bytes.Clone(c.Part))
	}
	kept := min(valid, len(dlg.parts))
	clear(dlg.parts[kept:])
	dlg.parts = dlg.parts[:kept]
}

// close drops a session with its reply and its parts.
func (d *device) close(key string) {
	if i := d.find(key); i >= 0 {
		d.sessions = slices.Delete(d.sessions, i, i+1)
	}
}

// find returns the index of a session, -1 if there is none.
func (d *device) find(key string) int {
	return slices.IndexFunc(d.sessions, func(dlg *dialogue) bool { return dlg.key == key })
}

// learn sets the facts that have a value and removes the others.
func (d *device) learn(facts omadm.Facts) {
	for k, v := range facts {
		if v == "" {
			delete(d.Facts, k)
			continue
		}
		d.Facts[strings.Clone(k)] = strings.Clone(v)
	}
}

func cloneNonces(n session.Nonces) session.Nonces {
	n.Client, n.Server = strings.Clone(n.Client), strings.Clone(n.Server)
	return n
}

// clone copies a string, so that what is kept does not hold on to the message it came from.
func clone[S ~string](s S) S { return S(strings.Clone(string(s))) }

// form is a type with a binary form.
type form[T any] interface {
	*T
	encoding.BinaryAppender
	encoding.BinaryUnmarshaler
}

// copied returns a copy that shares no memory with v. The binary form is what makes it: it holds every field, and
// another store would keep just that.
func copied[T any, P form[T]](v P) (P, error) {
	b, err := v.AppendBinary(nil)
	if err != nil {
		return nil, fmt.Errorf("memstore: %w", err)
	}
	return decoded[T, P](b)
}

func decoded[T any, P form[T]](b []byte) (P, error) {
	c := P(new(T))
	if err := c.UnmarshalBinary(b); err != nil {
		return nil, fmt.Errorf("memstore: %w", err)
	}
	return c, nil
}
