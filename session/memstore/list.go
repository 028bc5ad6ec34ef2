package memstore

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
)

// Devices returns ids of devices in their order. It puts all into order if one came or went since the last time.
func (s *Store) Devices(_ context.Context, after omadm.DeviceID, limit int) ([]omadm.DeviceID, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sorted == nil {
		s.sorted = slices.Sorted(maps.Keys(s.devices))
	}
	i, found := slices.BinarySearch(s.sorted, after)
	if found {
		i++
	}
	rest := s.sorted[i:]
	return slices.Clone(rest[:min(max(limit, 0), len(rest))]), nil
}

// Requests returns requests of a device that are not finished. It looks at all of them.
func (s *Store) Requests(
	_ context.Context, id omadm.DeviceID, after session.Cursor, limit int,
) ([]session.Queued, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d, err := s.device(id)
	if err != nil {
		return nil, err
	}
	age, err := d.queue.ageOf(after)
	if err != nil {
		return nil, err
	}
	return d.queue.list(age, limit), nil
}

// History returns entries of a device.
func (s *Store) History(
	_ context.Context, id omadm.DeviceID, after session.Cursor, limit int,
) ([]session.Entry, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.device(id); err != nil {
		return nil, err
	}
	return s.log.history(id, after, limit)
}

// Prune forgets the oldest entries, and the ids of the requests whose outcomes are among them.
func (s *Store) Prune(_ context.Context, through session.Cursor, limit int) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	outcomes, n, err := s.log.prune(through, limit)
	for _, e := range outcomes {
		delete(s.devices[e.Device].queue.taken, e.Outcome.Request)
	}
	return n, err
}

// list returns up to limit requests that are younger than an age, the oldest first.
func (q *queue) list(age uint64, limit int) []session.Queued {
	var found []*request
	for _, r := range q.open {
		if r.age > age {
			found = append(found, r)
		}
	}
	slices.SortFunc(found, func(a, b *request) int { return cmp.Compare(a.age, b.age) })
	found = found[:min(max(limit, 0), len(found))]
	list := make([]session.Queued, len(found))
	for i, p := range copies(found) {
		list[i] = session.Queued{Cursor: ageCursor(found[i].age), Pending: p}
		if l := found[i].lease; l != nil {
			list[i].Session = l.session
		}
	}
	return list
}

// ageCursor names the request with an age. It is none that serialOf takes.
func ageCursor(age uint64) session.Cursor { return session.Cursor("q" + strconv.FormatUint(age, 10)) }

// ageOf returns the age of the request with a cursor, which may be finished, 0 if it is empty.
func (q *queue) ageOf(c session.Cursor) (uint64, error) {
	if c == "" {
		return 0, nil
	}
	age, err := strconv.ParseUint(string(c[1:]), 10, 64)
	if err != nil || age < 1 || age > q.age || ageCursor(age) != c {
		return 0, fmt.Errorf("memstore: cursor %.32q: %w", string(c), session.ErrCursor)
	}
	return age, nil
}
