package capture

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/syncml"
)

// actor is a device made of a recording: it opens the sessions as they were opened, and answers each command with what
// the recording has for it.
type actor struct {
	*play
	parts []*deed // of all that the device did, in the order of the recording
	done  map[*deed]bool
}

// maxScene is how many messages a session of an actor has at most.
const maxScene = 10_000

// perform plays the sessions of the recording with an actor.
func (p *play) perform() error {
	a := &actor{play: p, done: make(map[*deed]bool)}
	errands := p.Recording.errands()
	for _, e := range errands {
		for i, try := range e.tries {
			if answered(try) || i == len(e.tries)-1 {
				a.parts = append(a.parts, try...)
			}
		}
	}
	var seen []*thread
	for _, x := range p.Recording.turns() {
		switch {
		case x.thread == nil && x.in.Octets != nil:
			p.note("message %d is passed over: it cannot be read", x.in.Number)
		case x.thread == nil || slices.Contains(seen, x.thread):
		default:
			seen = append(seen, x.thread)
			if err := a.session(x.thread); err != nil {
				return err
			}
		}
	}
	if p.Mode == Outcomes {
		a.missing(errands)
	}
	return nil
}

// missing reports what the server of the recording asked for and this one does not.
func (a *actor) missing(errands []*errand) {
	for _, e := range errands {
		try := e.tries[len(e.tries)-1]
		if !answered(try) {
			continue
		}
		for _, d := range try {
			if !a.done[d] && d.op != omadm.GroupOp {
				a.differences = append(a.differences, &Difference{
					Number: e.Number, Text: fmt.Sprintf("%s, recorded in message %d, was not sent", d.name(), e.Number),
					Message: e.turn.in, Want: e.turn.out, command: d.cmdID,
				})
			}
		}
	}
}

// name is how a command is named to people.
func (d *deed) name() string { return strings.TrimSpace(d.verb + " " + printable(d.uri)) }

// scene is a session of an actor.
type scene struct {
	header  syncml.Header
	codec   syncml.Codec
	first   *Message
	own     [][]syncml.Command // what the device says on its own, by message
	turns   []*turn            // of the recording, by message
	pending []syncml.Command   // the next message, but for what the device says on its own
	rest    []syncml.Command   // what did not fit into the last message
	open    bool               // the package of the server goes on
	max     int                // octets that the server takes; 0: it did not say
}

// session plays one session.
func (a *actor) session(t *thread) error {
	s := newScene(t)
	if s == nil {
		return nil
	}
	for n := range maxScene {
		x := s.turns[min(n, len(s.turns)-1)]
		if err := a.before(x.in.Number); err != nil {
			return err
		}
		m, ask, err := s.message(n, x)
		if err != nil {
			return err
		}
		m.Number = a.number + 1
		got, err := a.send(m)
		if err != nil {
			return err
		}
		if !a.hear(s, m, ask, got) && n+1 >= len(s.own) {
			break
		}
	}
	return a.before(t.last().in.Number)
}

// newScene reads how a session was opened and what the device said in it. It returns nil if there is nothing to play.
func newScene(t *thread) *scene {
	s := new(scene)
	opening := true
	var package1 []syncml.Command
	for _, x := range t.turns {
		if x.repeated || x.answer != nil && refused(x.answer) || x.out != nil && x.out.Status >= 300 {
			continue // it had no effect
		}
		if s.first == nil {
			s.first, s.header, s.codec = x.in, x.ask.Header, x.in.Codec()
			s.header.Cred = nil
		}
		own := slices.DeleteFunc(slices.Clone(x.ask.Body), func(c syncml.Command) bool {
			switch c.(type) {
			case *syncml.Status, *syncml.Results:
				return true
			}
			return isFlow(c)
		})
		if opening {
			package1 = append(package1, own...)
			own, opening = package1, !x.ask.Final && x.next() != nil
			if opening {
				continue
			}
		}
		s.own, s.turns = append(s.own, own), append(s.turns, x)
	}
	for len(s.own) > 1 && len(s.own[len(s.own)-1]) == 0 {
		s.own = s.own[:len(s.own)-1]
	}
	if len(s.turns) == 0 {
		return nil
	}
	return s
}

// message makes the n-th message of the session, from 0. What the server does not take in one message is left for the next.
func (s *scene) message(n int, x *turn) (*Message, *syncml.Message, error) {
	m := &syncml.Message{Header: s.header, Body: s.pending, Final: !s.open}
	m.Header.MsgID = strconv.Itoa(n + 1)
	if n < len(s.own) {
		m.Body = append(m.Body, s.own[n]...)
	}
	if s.open {
		m.Body = append(m.Body, &syncml.Alert{Data: syncml.Text(strconv.Itoa(int(omadm.AlertNextMessage)))})
	}
	id := 0
	for _, c := range m.Body {
		renumber(c, func() string { id++; return strconv.Itoa(id) })
	}
	all := m.Body
	octets, err := syncml.Append(nil, s.codec, m)
	for err == nil && s.max > 0 && len(octets) > s.max && len(m.Body) > 1 {
		m.Body, m.Final = m.Body[:max(len(m.Body)*s.max/len(octets), 1)], false
		octets, err = syncml.Append(octets[:0], s.codec, m)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("capture: message %d: %w", x.in.Number, err)
	}
	s.rest = all[len(m.Body):]
	at := x.in.Time
	if extra := n - (len(s.turns) - 1); extra > 0 {
		at = at.Add(time.Duration(extra) * time.Second)
	}
	return &Message{Time: at, ContentType: s.first.ContentType, Octets: octets}, m, nil
}

// hear takes up a reply and prepares the answers. It returns false when the session is over.
func (a *actor) hear(s *scene, m *Message, ask *syncml.Message, got *Message) (more bool) {
	s.pending, s.open = nil, false
	answer, err := got.Decode()
	wrong := ""
	switch {
	case got.Status != 0 && got.Status != http.StatusOK:
		wrong = fmt.Sprintf("message %d is refused with HTTP status %d", m.Number, got.Status)
	case err != nil:
		wrong = fmt.Sprintf("the reply to message %d is not a message", m.Number)
	case refused(answer):
		wrong = fmt.Sprintf("message %d is refused with %v", m.Number, headerStatus(answer))
	}
	if wrong != "" {
		a.differences = append(a.differences, &Difference{Number: m.Number, Text: wrong, Message: m, Got: got})
		s.own = nil
		return false
	}
	if meta := answer.Header.Meta; meta != nil {
		if size, ok := syncml.ParseSize(meta.MaxMsgSize); ok {
			s.max = int(size)
		}
	}
	more, over := a.obey(s, answer, func(u unknown) {
		a.differences = append(a.differences, &Difference{
			Number: m.Number, Text: u.name + " is sent, which the recording does not have, or not so often",
			Message: m, Got: got, command: u.cmdID,
		})
	})
	if over {
		s.own = nil
		return false
	}
	if !answer.Final && !more && ask.Final {
		more, s.open = true, true // the server has no room for a command
	}
	return more
}

// obey answers the commands of a reply. It reports whether there are any, and whether the session is over with them;
// surplus is told what the recording has nothing for.
func (a *actor) obey(s *scene, answer *syncml.Message, surplus func(unknown)) (more, over bool) {
	id := answer.Header.MsgID
	status := func(c syncml.Command, code string) {
		s.pending = append(s.pending, &syncml.Status{MsgRef: id, CmdRef: c.ID(), Cmd: c.Name(), Data: syncml.Text(code)})
	}
	s.pending = append(s.pending, &syncml.Status{MsgRef: id, CmdRef: "0", Cmd: "SyncHdr", Data: syncml.Text("200")})
	var results []syncml.Command
	for _, c := range answer.Body {
		items := c.ItemList()
		switch {
		case c.Name() == "Status":
			continue
		case alertCode(c) == omadm.AlertSessionAbort:
			return more, true
		case isFlow(c):
			more = true
			status(c, "200")
			continue
		case len(items) > 0 && items[len(items)-1].MoreData:
			more, s.open = true, true
			status(c, "213")
			continue
		}
		more = true
		deeds, others := a.act(s, id, c, &results)
		for _, d := range deeds {
			a.done[d] = true
		}
		if silent(deeds) {
			a.note("a session stops at %s: the recording has no answer to it", strings.TrimSpace(c.Name()+" "+deeds[0].uri))
			return more, true
		}
		for _, u := range others {
			if a.Mode == Outcomes {
				surplus(u)
			}
		}
	}
	s.pending = append(append(s.pending, results...), s.rest...)
	return more, false
}

// unknown is what the recording has nothing for.
type unknown struct{ name, cmdID string }

// act answers a command of the server. It returns what the recording has for it, and what it has nothing for.
func (a *actor) act(s *scene, msgID string, c syncml.Command, results *[]syncml.Command) (deeds []*deed, others []unknown) {
	members := partsOf(c).body
	if members == nil {
		return a.answer(s, msgID, c, results)
	}
	at := len(s.pending)
	s.pending = append(s.pending, nil)
	for _, member := range members {
		more, missing := a.act(s, msgID, member, results)
		deeds, others = append(deeds, more...), append(others, missing...)
	}
	st := &syncml.Status{MsgRef: msgID, CmdRef: c.ID(), Cmd: c.Name(), Data: syncml.Text("200")}
	if g := group(deeds); g != nil && g.verb == c.Name() {
		deeds = append(deeds, g)
		if n := len(g.statuses); n > 0 {
			st.Data = g.statuses[n-1].Data
		}
	}
	s.pending[at] = st
	return deeds, others
}

// silent reports whether the device of the recording said nothing to a command.
func silent(deeds []*deed) bool {
	return len(deeds) > 0 && !slices.ContainsFunc(deeds, func(d *deed) bool {
		return slices.ContainsFunc(d.errand.tries, answered)
	})
}

// group returns the Atomic or Sequence that the first of some deeds was in, nil if it was in none.
func group(deeds []*deed) *deed {
	if len(deeds) == 0 {
		return nil
	}
	for _, try := range deeds[0].errand.tries {
		if slices.Contains(try, deeds[0]) && try[0].op == omadm.GroupOp {
			return try[0]
		}
	}
	return nil
}

// take finds what the recording has for an item: if it can be, the one with the same value.
func (a *actor) take(verb, uri string, data syncml.Data) *deed {
	var first *deed
	for _, d := range a.parts {
		if a.done[d] || d.op == omadm.GroupOp || d.verb != verb || !omadm.URI(d.uri).Equal(omadm.URI(uri)) && address(d.uri) != address(uri) {
			continue
		}
		if d.data == data {
			first = d
			break
		}
		if first == nil {
			first = d
		}
	}
	if first != nil {
		a.done[first] = true
	}
	return first
}

// answer answers a command that is no group. What the recording has nothing for is not found (404).
func (a *actor) answer(s *scene, msgID string, c syncml.Command, results *[]syncml.Command) (deeds []*deed, others []unknown) {
	items := c.ItemList()
	var list []*syncml.Status
	add := func(d *deed, uri, name string) {
		st := &syncml.Status{MsgRef: msgID, CmdRef: c.ID(), Cmd: c.Name(), Data: syncml.Text("404")}
		if uri != "" {
			st.TargetRefs = []string{uri}
		}
		switch {
		case d == nil:
			others = append(others, unknown{name, c.ID()})
		case len(d.statuses) == 0:
			deeds = append(deeds, d)
			return // as a member of a group that failed
		default:
			deeds = append(deeds, d)
			last := d.statuses[len(d.statuses)-1]
			st.Data, st.Items = last.Data, last.Items
		}
		list = append(list, st)
		if d != nil && len(d.results) > 0 {
			*results = append(*results, &syncml.Results{MsgRef: msgID, CmdRef: c.ID(), Items: d.results})
		}
	}
	if al, ok := c.(*syncml.Alert); ok {
		text := ""
		if len(items) > 1 {
			text = items[1].Data.Value
		}
		add(a.take(c.Name(), al.Data.Value, syncml.Text(text)), "", "Alert "+printable(al.Data.Value))
	} else {
		for i := range items {
			uri := items[i].Target.URI
			add(a.take(c.Name(), uri, items[i].Data), uri, c.Name()+" "+printable(uri))
		}
	}
	if len(items) <= 1 || len(list) == len(items) && alike(list) {
		list = list[:min(len(list), 1)]
		for _, st := range list {
			st.TargetRefs = nil
		}
	}
	for _, st := range list {
		s.pending = append(s.pending, st)
	}
	return deeds, others
}

// alike reports whether statuses say the same, so that one can stand for all.
func alike(list []*syncml.Status) bool {
	for _, st := range list {
		if st.Data != list[0].Data || len(st.Items) > 0 {
			return false
		}
	}
	return true
}
