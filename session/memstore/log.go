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
		e.Cursor = cursor(l.serial)
		l.entries = append(l.entries, entry{l.serial, e})
	}
}

// after returns copies of up to limit entries after a cursor.
func (l *log) after(cursor session.Cursor, limit int) ([]session.Entry, error) {
	serial, err := l.serialOf(cursor)
	if err != nil {
		return nil, err
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

// cursor names the entry with a serial number.
func cursor(serial uint64) session.Cursor { return session.Cursor(strconv.FormatUint(serial, 10)) }

// serialOf returns the serial number of the entry with a cursor, which may be forgotten, 0 if it is empty.
func (l *log) serialOf(c session.Cursor) (uint64, error) {
	if c == "" {
		return 0, nil
	}
	serial, err := strconv.ParseUint(string(c), 10, 64)
	if err != nil || serial < 1 || serial > l.serial || cursor(serial) != c {
		return 0, fmt.Errorf("memstore: cursor %.32q: %w", string(c), session.ErrCursor)
	}
	return serial, nil
}

// forget drops the entries of a device.
func (l *log) forget(id omadm.DeviceID) {
	l.entries = slices.DeleteFunc(l.entries, func(e entry) bool { return e.Device == id })
}
