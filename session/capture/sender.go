package capture

import (
	"strings"

	"github.com/gomadm/gomadm/syncml"
)

// clue says who sent a message, as far as something tells.
type clue int8

const (
	noClue clue = iota
	clueDevice
	clueServer
)

func (c clue) direction() Direction {
	if c == clueServer {
		return FromServer
	}
	return FromDevice
}

func (c clue) other() clue {
	switch c {
	case clueDevice:
		return clueServer
	case clueServer:
		return clueDevice
	}
	return noClue
}

// sender tells who sent a message by what only one side says (OMA DM Protocol 1.2.1, section 8): the server sends
// commands, the device results and what it knows of itself, and each addresses the other.
func sender(m *syncml.Message) clue {
	for _, c := range m.Body {
		if by := senderOf(c); by != noClue {
			return by
		}
	}
	h := &m.Header
	switch {
	case h.RespURI != "", web(h.Source.URI) && !web(h.Target.URI):
		return clueServer
	case web(h.Target.URI) && !web(h.Source.URI):
		return clueDevice
	}
	return noClue
}

func senderOf(c syncml.Command) clue {
	switch c := c.(type) {
	case *syncml.Results:
		return clueDevice
	case *syncml.Get, *syncml.Exec, *syncml.Add, *syncml.Delete, *syncml.Copy, *syncml.Atomic, *syncml.Sequence:
		return clueServer
	case *syncml.Replace:
		for i := range c.Items {
			if c.Items[i].Target.URI != "" {
				return clueServer
			}
			if c.Items[i].Source.URI != "" {
				return clueDevice
			}
		}
	case *syncml.Alert:
		code := strings.TrimSpace(c.Data.Value)
		switch {
		case code == "1200", code == "1201", code == "1224", code == "1226":
			return clueDevice
		case strings.HasPrefix(code, "11"):
			return clueServer
		}
	}
	return noClue
}

func web(uri string) bool {
	scheme, _, ok := strings.Cut(uri, "://")
	return ok && (strings.EqualFold(scheme, "http") || strings.EqualFold(scheme, "https"))
}

// guess says of each message who sent it: the form, or the message, or another of the same sender, or what stands around
// it. If nothing does, the sides take turns.
func guess(list []sighting) {
	by := make(map[string]clue) // the sender with an address
	for i := range list {
		s := &list[i]
		if s.told {
			s.clue = noClue.of(s.From)
		}
		if s.clue != noClue && s.Source != "" {
			by[s.Source] = s.clue
		}
	}
	last := clueServer
	for i := range list {
		s := &list[i]
		for _, c := range [...]clue{by[s.Source], s.hint} {
			if s.clue == noClue {
				s.clue = c
			}
		}
		if s.clue == noClue {
			s.clue, s.Guessed = last.other(), true
		}
		last = s.clue
		s.From = s.clue.direction()
	}
}

// of returns the clue that a direction is.
func (clue) of(d Direction) clue {
	if d == FromServer {
		return clueServer
	}
	return clueDevice
}
