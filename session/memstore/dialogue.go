package memstore

import (
	"slices"

	"github.com/gomadm/gomadm/session"
)

// dialogue is a session with what is kept beside its state.
type dialogue struct {
	key   string
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

// copyState returns a copy that shares no slice with s.
func copyState(s *session.State) session.State {
	c := *s
	c.Requests = slices.Clone(s.Requests)
	c.Tried = slices.Clone(s.Tried)
	c.Outstanding = slices.Clone(s.Outstanding)
	return c
}
