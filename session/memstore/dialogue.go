package memstore

import (
	"strings"

	"github.com/gomadm/gomadm/session"
)

// dialogue is a session with what is kept beside its state.
type dialogue struct {
	key   string // of state
	state session.State
	reply []byte
	parts [][]byte
}

// keep replaces state and reply. The reply is copied over the one before, the state and the part are the dialogue's.
func (dlg *dialogue) keep(state *session.State, reply, part []byte) {
	dlg.state = *state
	dlg.reply = append(dlg.reply[:0], reply...)

	// A part is the last of those that are valid from now on. It comes after fewer than were kept when an object
	// has ended and the next one began in the same message.
	valid := max(state.Parts, 0)
	if len(part) > 0 && valid > 0 {
		dlg.parts = append(dlg.parts[:min(valid-1, len(dlg.parts))], part)
	}
	kept := min(valid, len(dlg.parts))
	clear(dlg.parts[kept:])
	dlg.parts = dlg.parts[:kept]
}

// owned returns a copy of s that shares no memory with it. All its texts lie in one string.
func owned(s *session.State) session.State {
	c := s.Clone()
	list := texts(&c)
	n := 0
	for _, t := range list {
		n += len(*t)
	}
	for i := range c.Requests {
		n += len(c.Requests[i].ID)
	}
	for _, id := range c.Tried {
		n += len(id)
	}
	var all strings.Builder
	all.Grow(n)
	for _, t := range list {
		*t = appended(&all, *t)
	}
	for i := range c.Requests {
		c.Requests[i].ID = appended(&all, c.Requests[i].ID)
	}
	for i, id := range c.Tried {
		c.Tried[i] = appended(&all, id)
	}
	return c
}

// texts returns the strings of s that are not in its lists.
func texts(s *session.State) [16]*string {
	o := &s.Incoming
	return [...]*string{
		&s.ID, &s.SyncType, &s.MsgID, &s.Login, &s.User, (*string)(&s.Scheme), &s.MAC,
		&o.Command, &o.MsgRef, &o.CmdRef, &o.Alert, &o.Source, &o.Target, &o.Format, &o.Type, &o.Mark,
	}
}

// appended returns the copy of s that it appends to all.
func appended[S ~string](all *strings.Builder, s S) S {
	from := all.Len()
	all.WriteString(string(s))
	return S(all.String()[from:])
}
