package main

import (
	"context"
	"slices"
	"sync"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
)

// journal finds what became of a request. A store lists results in the order of their commits; the journal reads on
// from where it stopped and keeps them by request.
type journal struct {
	store session.Results

	mu      sync.Mutex
	cursor  session.Cursor
	entries map[omadm.DeviceID]map[omadm.RequestID][]session.Entry
}

// page is how many entries are read at a time.
const page = 500

// of returns the results and the outcome of a request, oldest first.
func (j *journal) of(ctx context.Context, id omadm.DeviceID, request omadm.RequestID) ([]session.Entry, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := j.readOn(ctx); err != nil {
		return nil, err
	}
	return slices.Clone(j.entries[id][request]), nil
}

// forget drops what is kept of a device. The store has to have forgotten it before.
func (j *journal) forget(id omadm.DeviceID) {
	j.mu.Lock()
	defer j.mu.Unlock()
	delete(j.entries, id)
}

func (j *journal) readOn(ctx context.Context) error {
	for {
		list, err := j.store.Results(ctx, j.cursor, page)
		if err != nil || len(list) == 0 {
			return err
		}
		for _, e := range list {
			j.keep(e)
		}
		j.cursor = list[len(list)-1].Cursor
	}
}

func (j *journal) keep(e session.Entry) {
	id, ok := requestOf(e)
	if !ok {
		return
	}
	if j.entries == nil {
		j.entries = make(map[omadm.DeviceID]map[omadm.RequestID][]session.Entry)
	}
	if j.entries[e.Device] == nil {
		j.entries[e.Device] = make(map[omadm.RequestID][]session.Entry)
	}
	j.entries[e.Device][id] = append(j.entries[e.Device][id], e)
}

// requestOf returns the request that a result or an outcome is about.
func requestOf(e session.Entry) (omadm.RequestID, bool) {
	switch {
	case e.Result != nil:
		return e.Result.Request, true
	case e.Outcome != nil:
		return e.Outcome.Request, true
	}
	return "", false
}
