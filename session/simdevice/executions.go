package simdevice

import "github.com/gomadm/gomadm/syncml"

// Execution says what became of all the items of commands that had the same verb, target and data, over all
// sessions. An item is counted once each time the device answers it.
type Execution struct {
	Verb   string      // Add, Alert, Copy, Delete, Exec, Get or Replace
	LocURI string      // target as the server wrote it; the code of an Alert
	Data   syncml.Data // as the server wrote it, kept as long as the device; its formatted form does not show it

	Executed int // done, or taken for later (202)
	Undone   int // done in an Atomic that failed, then undone (216), or not to be undone (516)
	Refused  int // not done: the status code told of a failure
	Skipped  int // not tried (215)
}

// fate is what became of one item.
type fate uint8

const (
	executed fate = iota
	undone
	refused
	untried
)

// record counts executions in the order in which they were first seen. The zero record is ready for use.
type record struct {
	index map[key]int
	list  []Execution
}

type key struct {
	verb, uri string
	data      syncml.Data
}

func (r *record) add(k key, f fate) {
	i, ok := r.index[k]
	if !ok {
		if r.index == nil {
			r.index = make(map[key]int)
		}
		i = len(r.list)
		r.index[k] = i
		r.list = append(r.list, Execution{Verb: k.verb, LocURI: k.uri, Data: k.data})
	}
	e := &r.list[i]
	switch f {
	case executed:
		e.Executed++
	case undone:
		e.Undone++
	case refused:
		e.Refused++
	case untried:
		e.Skipped++
	}
}

// Executions returns what the device has executed so far, in the order in which it was first seen.
func (d *Device) Executions() []Execution {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]Execution(nil), d.log.list...)
}

// Execution returns the counts for one verb, target as the server wrote it, and data; all are 0 when there was
// nothing of the kind. Absent and empty data are the same here.
func (d *Device) Execution(verb, uri, data string) Execution {
	d.mu.Lock()
	defer d.mu.Unlock()
	sum := Execution{Verb: verb, LocURI: uri, Data: syncml.Text(data)}
	for _, e := range d.log.list {
		if e.Verb == verb && e.LocURI == uri && e.Data.Value == data {
			sum.Executed += e.Executed
			sum.Undone += e.Undone
			sum.Refused += e.Refused
			sum.Skipped += e.Skipped
		}
	}
	return sum
}

// count records the fate of an item.
func (d *Device) count(verb, uri string, data syncml.Data, f fate) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.log.add(key{verb, uri, data}, f)
}
