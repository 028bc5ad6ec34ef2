package memstore

import (
	"encoding"
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
	batches []batch
	serial  uint64 // of the youngest entry

	// firsts are the serial numbers of the first entries of the batches of each device, so that its history costs
	// nothing for the others.
	firsts map[omadm.DeviceID][]uint64
}

// batch is what one change brought.
type batch struct {
	device  omadm.DeviceID
	first   uint64 // serial number of the first entry; the others follow
	entries []entry
}

// entry is kept in its binary form: it holds every field, shares no memory with anybody, and is what another store
// would keep.
type entry struct {
	kind kind
	form []byte
}

// kind says what an entry is the form of.
type kind uint8

const (
	result kind = iota
	outcome
	event
)

// newEntries returns the entries of a change: what the device reported, what that means, and what else it said.
func newEntries(c *session.Change) ([]entry, error) {
	n := len(c.Results) + len(c.Finish) + len(c.Events)
	if n == 0 {
		return nil, nil
	}
	p := press{entries: make([]entry, 0, n), forms: make([]byte, 0, size(c))}
	for i := range c.Results {
		p.add(result, &c.Results[i])
	}
	for i := range c.Finish {
		p.add(outcome, &c.Finish[i])
	}
	for i := range c.Events {
		p.add(event, &c.Events[i])
	}
	return p.entries, p.err
}

// size is about how many octets the forms of the entries of a change take.
func size(c *session.Change) int {
	const each, item = 32, 32 // for numbers and short texts
	n := each * (len(c.Results) + len(c.Finish) + len(c.Events))
	for i := range c.Results {
		n += len(c.Results[i].Request)
		for j := range c.Results[i].Items {
			it := &c.Results[i].Items[j]
			n += item + len(it.Source.URI) + len(it.Target.URI) + len(it.Data.Value)
		}
	}
	for i := range c.Events {
		n += item + len(c.Events[i].Type) + len(c.Events[i].Data.Value)
	}
	return n
}

// press makes entries, whose forms lie one behind the other.
type press struct {
	entries []entry
	forms   []byte
	err     error
}

func (p *press) add(k kind, v encoding.BinaryAppender) {
	from := len(p.forms)
	forms, err := v.AppendBinary(p.forms)
	if err != nil {
		p.err = fmt.Errorf("memstore: %w", err)
		return
	}
	p.forms = forms
	p.entries = append(p.entries, entry{kind: k, form: forms[from:len(forms):len(forms)]})
}

func (l *log) append(id omadm.DeviceID, entries []entry) {
	if len(entries) == 0 {
		return
	}
	if l.firsts == nil {
		l.firsts = make(map[omadm.DeviceID][]uint64)
	}
	first := l.serial + 1
	l.batches = append(l.batches, batch{device: id, first: first, entries: entries})
	l.firsts[id] = append(l.firsts[id], first)
	l.serial += uint64(len(entries))
}

// after returns up to limit entries after a cursor.
func (l *log) after(cursor session.Cursor, limit int) ([]session.Entry, error) {
	serial, err := l.serialOf(cursor)
	entries := []session.Entry{}
	for i := l.find(serial + 1); err == nil && i < len(l.batches) && len(entries) < limit; i++ {
		entries, err = l.batches[i].appendAfter(entries, serial, limit)
	}
	return entries, err
}

// history returns up to limit entries of a device after a cursor.
func (l *log) history(id omadm.DeviceID, cursor session.Cursor, limit int) ([]session.Entry, error) {
	serial, err := l.serialOf(cursor)
	entries := []session.Entry{}
	firsts := l.firsts[id]
	i, _ := slices.BinarySearch(firsts, serial+1)
	i = max(i-1, 0) // the batch before may go on after the cursor
	for ; err == nil && i < len(firsts) && len(entries) < limit; i++ {
		entries, err = l.batches[l.find(firsts[i])].appendAfter(entries, serial, limit)
	}
	return entries, err
}

// find returns the index of the first batch with an entry that has a serial number or a later one.
func (l *log) find(serial uint64) int {
	return sort.Search(len(l.batches), func(i int) bool { return l.batches[i].end() > serial })
}

// prune forgets up to limit entries, none behind a cursor. It returns those that are outcomes, and how many all were.
func (l *log) prune(through session.Cursor, limit int) (outcomes []session.Entry, pruned int, err error) {
	last, err := l.serialOf(through)
	for err == nil && pruned < limit && len(l.batches) > 0 && l.batches[0].first <= last {
		b := &l.batches[0]
		if b.entries[0].kind == outcome {
			var e session.Entry
			if e, err = b.read(b.first); err != nil {
				break
			}
			outcomes = append(outcomes, e)
		}
		l.drop(b)
		pruned++
	}
	return outcomes, pruned, err
}

// drop forgets the first entry of the first batch, which is the first of its device too.
func (l *log) drop(b *batch) {
	firsts := l.firsts[b.device]
	if len(b.entries) > 1 {
		b.first++
		b.entries = b.entries[1:]
		firsts[0] = b.first
		return
	}
	if l.firsts[b.device] = firsts[1:]; len(firsts) == 1 {
		delete(l.firsts, b.device)
	}
	*b = batch{}
	l.batches = l.batches[1:]
}

// appendAfter appends the entries after the one with a serial number, until there are so many as the limit says.
func (b *batch) appendAfter(entries []session.Entry, serial uint64, limit int) ([]session.Entry, error) {
	for n := max(b.first, serial+1); n < b.end() && len(entries) < limit; n++ {
		e, err := b.read(n)
		if err != nil {
			return nil, err
		}
		entries = append(entries, e)
	}
	return entries, nil
}

// end is the serial number behind the last entry.
func (b *batch) end() uint64 { return b.first + uint64(len(b.entries)) }

// read returns what the entry with a serial number says.
func (b *batch) read(serial uint64) (session.Entry, error) {
	out := session.Entry{Cursor: cursor(serial), Device: b.device}
	e := &b.entries[serial-b.first]
	var err error
	switch e.kind {
	case result:
		out.Result, err = decoded[omadm.Result](e.form)
	case outcome:
		out.Outcome, err = decoded[omadm.Outcome](e.form)
	case event:
		out.Event, err = decoded[omadm.Event](e.form)
	}
	return out, err
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
	delete(l.firsts, id)
	l.batches = slices.DeleteFunc(l.batches, func(b batch) bool { return b.device == id })
}
