package memstore

import (
	"fmt"
	"slices"
	"sort"
	"strconv"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
)

// log is what came of requests, and events, oldest first. Cursors are the serial numbers of entries; they go on
// when entries are forgotten.
type log struct {
	entries []entry
	serial  uint64 // of the youngest entry
}

type entry struct {
	serial uint64
	session.Entry
}

// newEntries copies the entries of a change: what the device reported, what that means, and what else it said.
func newEntries(c *session.Change) ([]session.Entry, error) {
	entries := make([]session.Entry, 0, len(c.Results)+len(c.Finish)+len(c.Events))
	for i := range c.Results {
		entries = append(entries, session.Entry{Result: &c.Results[i]})
	}
	for i := range c.Finish {
		entries = append(entries, session.Entry{Outcome: &c.Finish[i]})
	}
	for i := range c.Events {
		entries = append(entries, session.Entry{Event: &c.Events[i]})
	}
	for i := range entries {
		if err := own(&entries[i]); err != nil {
			return nil, err
		}
	}
	return entries, nil
}

// own replaces what an entry points to by a copy.
func own(e *session.Entry) (err error) {
	switch {
	case e.Result != nil:
		e.Result, err = copied(e.Result)
	case e.Outcome != nil:
		e.Outcome, err = copied(e.Outcome)
	case e.Event != nil:
		e.Event, err = copied(e.Event)
	}
	return err
}

func (l *log) append(id omadm.DeviceID, entries []session.Entry) {
	for _, e := range entries {
		l.serial++
		e.Device = id
		e.Cursor = session.Cursor(strconv.FormatUint(l.serial, 10))
		l.entries = append(l.entries, entry{l.serial, e})
	}
}

// after returns copies of up to limit entries after a cursor.
func (l *log) after(cursor session.Cursor, limit int) ([]session.Entry, error) {
	var serial uint64
	if cursor != "" {
		var err error
		if serial, err = strconv.ParseUint(string(cursor), 10, 64); err != nil {
			return nil, fmt.Errorf("memstore: cursor %q is not from this store", cursor)
		}
	}
	i := sort.Search(len(l.entries), func(i int) bool { return l.entries[i].serial > serial })
	n := min(max(limit, 0), len(l.entries)-i)
	entries := make([]session.Entry, 0, n)
	for _, e := range l.entries[i : i+n] {
		if err := own(&e.Entry); err != nil {
			return nil, err
		}
		entries = append(entries, e.Entry)
	}
	return entries, nil
}

// forget drops the entries of a device.
func (l *log) forget(id omadm.DeviceID) {
	l.entries = slices.DeleteFunc(l.entries, func(e entry) bool { return e.Device == id })
}
