package sqlstore

import (
	"bytes"
	"crypto/sha256"
	"encoding"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
)

// write is a session.Change as rows. Of what its lists do to a request one after the other only the end is left, so that
// each row is written once.
type write struct {
	device   []byte
	revision int64
	nonces   *session.Nonces

	kept   *dialogue // nil: no session
	closed [][]byte  // keys

	added []request
	moved []fate   // requests that are leased or wait again
	ended [][]byte // requests that are over

	told           []entry
	facts, awaited marks

	ending
}

// dialogue is a row of gomadm_sessions, and perhaps one of gomadm_parts.
type dialogue struct {
	key, state, body, reply []byte
	seen                    int64
	part                    []byte // nil: none
	parts                   int64  // how many stay, this one included
}

// request is a row of gomadm_ids and, unless it is over at once, one of gomadm_requests.
type request struct {
	fate
	digest, form    []byte
	scope, priority int64
	notBefore, size int64
}

// fate is what becomes of a request.
type fate struct {
	id       []byte
	session  []byte // the key of the one that has it; nil: it waits
	attempts int64
	failures *int64 // nil: as many as before
	over     bool
}

// entry is what becomes a row of gomadm_results.
type entry struct {
	kind int64
	form []byte
}

// The kinds of entries.
const (
	resultEntry = iota
	outcomeEntry
	eventEntry
)

// marks are changes of a map.
type marks struct {
	names, values [][]byte // set
	gone          [][]byte
}

// row is what insertRequest takes.
func (r *request) row(device omadm.DeviceID) []any {
	return []any{[]byte(device), r.id, r.scope, r.priority, r.notBefore, r.size, r.session, r.attempts, *r.failures, r.form}
}

func newWrite(c *session.Change) (*write, error) {
	w := &write{device: []byte(c.Device), revision: int64(c.Revision), nonces: c.Nonces}
	w.facts, w.awaited = newMarks(c.Facts), newMarks(c.Awaited)
	if err := w.queue(c); err != nil {
		return nil, err
	}
	if err := w.dialogues(c); err != nil {
		return nil, err
	}
	return w, w.tell(c)
}

// own copies what the write has in common with the Change, for one that may go on when the Commit has returned.
func (w *write) own() {
	if n := w.nonces; n != nil {
		w.nonces = &session.Nonces{Generation: n.Generation, Client: strings.Clone(n.Client), Server: strings.Clone(n.Server)}
	}
	if d := w.kept; d != nil {
		d.body, d.reply, d.part = bytes.Clone(d.body), bytes.Clone(d.reply), bytes.Clone(d.part)
	}
}

// excludes keeps the changes of a device apart: each is of a revision.
func (w *write) excludes(other *write) bool { return bytes.Equal(w.device, other.device) }

// dialogues says which session is kept and which are closed.
func (w *write) dialogues(c *session.Change) error {
	kept := c.Session.ID != ""
	for i := range c.Close {
		w.closed = append(w.closed, []byte(c.Close[i].Key()))
		kept = kept && !c.Close[i].SameKey(&c.Session)
	}
	if !kept {
		return nil
	}
	state, err := c.Session.AppendBinary(nil)
	d := &dialogue{key: []byte(c.Session.Key()), state: state, body: c.Session.Body[:], seen: nanos(c.Session.Seen)}
	d.parts = int64(max(c.Session.Parts, 0))
	if len(c.Part) > 0 && d.parts > 0 {
		d.part = c.Part
	}
	if len(c.Reply) > 0 {
		d.reply = c.Reply
	}
	w.kept = d
	return err
}

// tell appends entries: what the device reported, what that means, and what else it said.
func (w *write) tell(c *session.Change) error {
	for i := range c.Results {
		if err := w.entry(resultEntry, &c.Results[i]); err != nil {
			return err
		}
	}
	for i := range c.Finish {
		if err := w.entry(outcomeEntry, &c.Finish[i]); err != nil {
			return err
		}
	}
	for i := range c.Events {
		if err := w.entry(eventEntry, &c.Events[i]); err != nil {
			return err
		}
	}
	return nil
}

func (w *write) entry(kind int64, v encoding.BinaryAppender) error {
	form, err := v.AppendBinary(nil)
	w.told = append(w.told, entry{kind: kind, form: form})
	return err
}

// queue says what becomes of the requests.
func (w *write) queue(c *session.Change) error {
	added, err := newRequests(c.Add)
	if err != nil {
		return err
	}
	exists := session.ExistsError{Device: c.Device}
	fates := make(map[omadm.RequestID]*fate)
	for i := range added {
		id := c.Add[i].ID
		if fates[id] != nil {
			exists.Requests = append(exists.Requests, id)
		}
		fates[id] = &added[i].fate
	}
	if len(exists.Requests) > 0 {
		return &exists
	}
	var others []*fate // in the order in which they come up
	of := func(id omadm.RequestID) *fate {
		f := fates[id]
		if f == nil {
			f = &fate{id: []byte(id)}
			fates[id] = f
			others = append(others, f)
		}
		return f
	}
	for _, r := range c.Requeue {
		f, failures := of(r.Request), int64(r.Failures)
		f.session, f.attempts, f.failures = nil, int64(r.Attempts), &failures
	}
	for _, l := range c.Lease {
		f := of(l.Request)
		f.session, f.attempts = []byte(l.Session), int64(l.Attempts)
	}
	for i := range c.Finish {
		f := of(c.Finish[i].Request)
		if f.over {
			return fmt.Errorf("request %q is finished twice", c.Finish[i].Request)
		}
		f.over = true
	}
	w.added = added
	for _, f := range others {
		if f.over {
			w.ended = append(w.ended, f.id)
		} else {
			w.moved = append(w.moved, *f)
		}
	}
	return nil
}

func newRequests(reqs []omadm.Request) ([]request, error) {
	rows := make([]request, len(reqs))
	for i := range reqs {
		r := &reqs[i]
		form, err := r.AppendBinary(nil)
		if err != nil {
			return nil, err
		}
		digest := sha256.Sum256(form)
		rows[i] = request{
			fate: fate{id: []byte(r.ID), failures: new(int64)}, digest: digest[:], form: form,
			priority: int64(r.Priority), notBefore: nanos(r.NotBefore), size: int64(r.Size()),
		}
		if r.Scope == omadm.UserScope {
			rows[i].scope = int64(omadm.UserScope)
		}
	}
	return rows, nil
}

// newMarks returns the changes of a map in the order of keys.
func newMarks[V ~string](changed map[string]V) marks {
	var m marks
	for _, name := range slices.Sorted(maps.Keys(changed)) {
		if v := changed[name]; v != "" {
			m.names, m.values = append(m.names, []byte(name)), append(m.values, []byte(v))
		} else {
			m.gone = append(m.gone, []byte(name))
		}
	}
	return m
}
