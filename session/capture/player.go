package capture

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/syncml"
)

// Mode says what has to be equal when a recording is played again.
type Mode uint8

// The modes.
const (
	// Exact: each reply has the octets that were recorded. The messages go out as they are.
	Exact Mode = iota
	// Meaning: each reply means the same. CmdIDs, the MsgIDs of the server, credentials and nonces may differ, and the
	// messages of the device refer to what the server sends now.
	Meaning
	// Outcomes: the server asks for the same, once each, in whatever message. The device answers each command with the
	// statuses and results that were recorded for it. This is for recordings of other servers.
	Outcomes
	// Rules: the device answers as with Outcomes, and the server may ask for anything.
	Rules
)

var modes = [...]string{Exact: "exact", Meaning: "meaning", Outcomes: "outcomes", Rules: "rules"}

// String returns the name of the mode, such as "outcomes".
func (m Mode) String() string {
	if int(m) < len(modes) {
		return modes[m]
	}
	return fmt.Sprintf("Mode(%d)", uint8(m))
}

// Player plays the device of a recording again. The server has to believe the device without credentials, as those of a
// recording are blanked: exchanges in which one side only asked the other for credentials are passed over, and with
// every mode but Exact messages go out without any.
type Player struct {
	Recording *Recording
	Mode      Mode
	// Send sends a message of the device, of which Number, Time, ContentType and Octets are set, and returns the reply,
	// of which Status and Octets count. An error ends the play.
	Send func(*Message) (*Message, error)
	// Before is told the number of each exchange of the recording before its place in the play comes; nil: nobody is. An
	// error ends the play.
	Before func(number int) error
	// All goes on behind a difference. Otherwise the play ends with the first one, but for Outcomes and Rules.
	All bool
}

// Played is what came of a play.
type Played struct {
	Recording   *Recording // of the play
	Differences []*Difference
	Notes       []string // what was passed over, and where the play stopped
}

// Difference is a place where a play does not go as it should.
type Difference struct {
	Number    int // of the exchange in the recording; 0: none of them
	Text      string
	Message   *Message // of the device; nil: the difference is in none
	Want, Got *Message // the replies, as they were compared; nil: it is not about that one
	Violation *Violation

	command string // CmdID of the command that it is about; empty: of none, or it is what the replies differ in
}

// Play plays the recording. The error is one of Send or Before.
func (p *Player) Play() (*Played, error) {
	run := &play{Player: p, rec: new(Recording), doubles: make(map[*thread]*double), number: 0}
	var err error
	if p.Mode == Outcomes || p.Mode == Rules {
		err = run.perform()
	} else {
		err = run.repeat()
	}
	if errors.Is(err, errStop) {
		err = nil
	}
	run.violations()
	return &Played{Recording: run.rec, Differences: run.differences, Notes: run.notes}, err
}

// errStop ends a play that has nothing more to do.
var errStop = errors.New("capture: the play is over")

// play is a play that goes on.
type play struct {
	*Player
	rec         *Recording
	differences []*Difference
	notes       []string
	doubles     map[*thread]*double
	told        int // number that Before was told last
	number      int // of the last message that was sent
}

// double is a session of a recording, as it goes now.
type double struct {
	refs    map[handle]handle // commands of the server, as they were and as they are
	known   map[handle]bool   // commands of the server, as they were
	replies map[string]string // MsgIDs of the server, likewise
	own     map[string]string // MsgIDs of the device, as they are and as they were
	dropped int               // messages of the device that were passed over
	sent    *Message          // the last message
}

func (p *play) double(t *thread) *double {
	d := p.doubles[t]
	if d == nil {
		d = &double{refs: make(map[handle]handle), known: make(map[handle]bool), replies: make(map[string]string), own: make(map[string]string)}
		p.doubles[t] = d
	}
	return d
}

func (p *play) note(format string, args ...any) {
	p.notes = append(p.notes, printable(fmt.Sprintf(format, args...)))
}

// differ notes a difference. It returns errStop when the play ends with it.
func (p *play) differ(d *Difference) error {
	p.differences = append(p.differences, d)
	if p.All || p.Mode == Outcomes || p.Mode == Rules {
		return nil
	}
	return errStop
}

// before tells Before the numbers up to one.
func (p *play) before(number int) error {
	for n := p.told + 1; p.Before != nil && n <= number; n++ {
		if err := p.Before(n); err != nil {
			return err
		}
	}
	p.told = max(p.told, number)
	return nil
}

// send sends a message and keeps it with the reply.
func (p *play) send(m *Message) (*Message, error) {
	m.From, m.Size = FromDevice, len(m.Octets)
	m.describe()
	got, err := p.Send(m)
	if err != nil {
		return nil, err
	}
	got.Number, got.From, got.Size = m.Number, FromServer, len(got.Octets)
	if got.Time.IsZero() {
		got.Time = m.Time
	}
	got.describe()
	p.number = m.Number
	p.rec.Messages = append(p.rec.Messages, *m, *got)
	return got, nil
}

// describe takes over what the header of a message says.
func (m *Message) describe() {
	if msg, err := m.Decode(); err == nil {
		m.Source, m.SessionID, m.MsgID = msg.Header.Source.URI, msg.Header.SessionID, msg.Header.MsgID
	}
}

// violations makes differences of the rules that the server broke.
func (p *play) violations() {
	for _, v := range p.rec.Violations() {
		if v.From != FromServer {
			continue
		}
		d := &Difference{Number: v.Number, Text: "the reply breaks " + v.Row + ": " + v.Text, Violation: &v}
		for i := range p.rec.Messages {
			if m := &p.rec.Messages[i]; m.Number == v.Number {
				if m.From == FromDevice {
					d.Message = m
				} else {
					d.Got = m
				}
			}
		}
		p.differences = append(p.differences, d)
	}
}

// repeat plays the messages in their order.
func (p *play) repeat() error {
	skip := make(map[*turn]bool)
	for _, x := range p.Recording.turns() {
		if err := p.before(x.in.Number); err != nil {
			return err
		}
		if skip[x] || p.passedOver(x) {
			continue
		}
		switch {
		case x.in.Octets == nil:
			p.note("the replay stops at message %d: its octets were not recorded: %s", x.in.Number, x.in.Omitted)
			return errStop
		case x.in.Cut:
			p.note("the replay stops at message %d: the rest of it is cut off", x.in.Number)
			return errStop
		case x.out.Octets == nil && x.out.Status == http.StatusOK:
			p.note("the replay stops at message %d: the octets of the reply were not recorded: %s", x.in.Number, x.out.Omitted)
			return errStop
		case p.Mode != Exact && x.gap():
			p.note("the replay stops at message %d: messages before it are missing", x.in.Number)
			return errStop
		}
		want, dropped := p.expected(x, skip)
		if err := p.exchange(x, want); err != nil {
			return err
		}
		if dropped > 0 {
			p.double(x.thread).dropped += dropped
		}
	}
	return nil
}

// passedOver reports whether there is nothing to learn from an exchange.
func (p *play) passedOver(x *turn) bool {
	switch {
	case x.out == nil:
		p.note("message %d is passed over: the recording has no reply to it", x.in.Number)
		return true
	case x.answer != nil && unauthorized(x.answer):
		p.note("message %d is passed over: it is only asked for credentials", x.in.Number)
		p.double(x.thread).dropped++
		return true
	case x.out.Status == http.StatusMethodNotAllowed, x.out.Status == http.StatusUnsupportedMediaType, x.out.Status == http.StatusServiceUnavailable:
		return true
	}
	return x.in.Octets == nil && x.out.Status != http.StatusOK
}

// gap reports whether messages between this one and the one before it in its session are missing.
func (x *turn) gap() bool {
	if x.thread == nil {
		return false
	}
	i := slices.Index(x.thread.turns, x)
	if i == 0 {
		return false
	}
	n, before := number(x.ask.Header.MsgID), number(x.thread.turns[i-1].ask.Header.MsgID)
	return before > 0 && n > before+1
}

// next returns the exchange behind x in its session, nil if there is none.
func (x *turn) next() *turn {
	if x.thread == nil {
		return nil
	}
	if i := slices.Index(x.thread.turns, x) + 1; i < len(x.thread.turns) {
		return x.thread.turns[i]
	}
	return nil
}

// expected returns the reply that is to come. Where the device refused the reply for want of credentials, and got its
// commands once more in the next one, it is both in one: skip gets the next. It also returns how many messages of the device are left out.
func (p *play) expected(x *turn, skip map[*turn]bool) (want *syncml.Message, dropped int) {
	want = x.answer
	for y := x.next(); p.Mode != Exact && want != nil && y != nil && !y.repeated && unauthorized(y.ask) && y.answer != nil; y = y.next() {
		skip[y] = true
		p.note("message %d is passed over: the device only asks for credentials", y.in.Number)
		dropped++
		both := *want
		both.Header.MsgID, both.Final = y.answer.Header.MsgID, y.answer.Final
		isStatus := func(c syncml.Command) bool { return c.Name() == "Status" }
		both.Body = append(slices.DeleteFunc(slices.Clone(want.Body), func(c syncml.Command) bool { return !isStatus(c) }),
			slices.DeleteFunc(slices.Clone(y.answer.Body), isStatus)...)
		want = &both
	}
	return want, dropped
}

// exchange plays one message and compares the reply.
func (p *play) exchange(x *turn, want *syncml.Message) error {
	m := *x.in
	if p.Mode != Exact && x.ask != nil {
		if err := p.rewrite(x, &m); err != nil {
			return err
		}
	}
	got, err := p.send(&m)
	if err != nil {
		return err
	}
	if x.thread != nil {
		p.double(x.thread).sent = &m
	}
	var answer *syncml.Message
	if got.Status == http.StatusOK {
		answer, _ = got.Decode()
	}
	d := &Difference{Number: x.in.Number, Text: fmt.Sprintf("message %d is not answered as it was recorded", x.in.Number), Message: &m, Want: x.out, Got: got}
	switch {
	case got.Status != x.out.Status && (got.Status != http.StatusOK || x.out.Status != 0):
		err = p.differ(d)
	case want == nil || answer == nil:
		if !bytes.Equal(got.Octets, x.out.Octets) {
			err = p.differ(d)
		}
	case p.Mode == Exact && !x.out.Cut:
		if !bytes.Equal(got.Octets, x.out.Octets) {
			err = p.differ(d)
		}
	default:
		t := p.double(x.thread)
		d.Want, d.Got = t.comparable(x, want, x.out, &m), t.comparable(nil, answer, got, &m)
		if different(d.Want, d.Got, x.out.Cut) {
			err = p.differ(d)
		}
	}
	if want != nil && answer != nil && x.thread != nil {
		p.double(x.thread).pair(want, answer)
	}
	return err
}

// different compares replies that were made comparable. Of one that is cut only what there is counts.
func different(want, got *Message, cut bool) bool {
	a, err := want.Decode()
	b, err2 := got.Decode()
	if err != nil || err2 != nil {
		return true
	}
	if cut {
		b.Body, b.Final = b.Body[:min(len(a.Body), len(b.Body))], a.Final
	}
	return !syncml.Equal(a, b)
}

// rewrite makes a message of the recording refer to what the server sends now.
func (p *play) rewrite(x *turn, m *Message) error {
	t := p.double(x.thread)
	if x.repeated && t.sent != nil {
		m.Octets = t.sent.Octets
		return nil
	}
	msg, err := m.Decode() // a copy to write to
	if err != nil {
		return nil
	}
	msg.Header.Cred = nil
	if n := number(msg.Header.MsgID); n > t.dropped && t.dropped > 0 {
		msg.Header.MsgID = strconv.Itoa(n - t.dropped)
	}
	t.own[msg.Header.MsgID] = x.ask.Header.MsgID
	kept := msg.Body[:0]
	for _, c := range msg.Body {
		ok := true
		switch c := c.(type) {
		case *syncml.Status:
			if headerRef(c.CmdRef) && t.sent == nil && t.dropped > 0 {
				continue // it is about the reply that was passed over
			}
			c.Cred, c.Chal = nil, nil
			ok = t.redirect(&c.MsgRef, &c.CmdRef)
			if headerRef(c.CmdRef) && c.Data.Value == "212" {
				c.Data.Value = "200" // no credentials were sent that could be accepted
			}
		case *syncml.Results:
			ok = t.redirect(&c.MsgRef, &c.CmdRef)
		}
		if !ok {
			if err := p.differ(&Difference{Number: x.in.Number, Message: x.in,
				Text: fmt.Sprintf("message %d has a %s for a command that the server has not sent", x.in.Number, c.Name())}); err != nil {
				return err
			}
			continue
		}
		kept = append(kept, c)
	}
	msg.Body = kept
	if same, err := x.in.Decode(); err == nil && syncml.Equal(same, msg) {
		return nil
	}
	octets, err := syncml.Append(nil, m.Codec(), msg)
	if err != nil {
		return fmt.Errorf("capture: message %d: %w", x.in.Number, err)
	}
	m.Octets = octets
	return nil
}

func headerRef(cmdRef string) bool { return cmdRef == "" || cmdRef == "0" }

// redirect turns a reference to a command of the recording into one to a command of now. It returns false if the server
// has not sent it.
func (t *double) redirect(msgRef, cmdRef *string) bool {
	if headerRef(*cmdRef) {
		if now, ok := t.replies[*msgRef]; ok {
			*msgRef = now
		}
		return true
	}
	was := handle{*msgRef, *cmdRef}
	now, ok := t.refs[was]
	if !ok {
		return !t.known[was]
	}
	*msgRef, *cmdRef = now.msg, now.cmd
	return true
}

// pair finds for each command that the server had sent the one that it sends now: by name and LocURI, in their order.
func (t *double) pair(was, now *syncml.Message) {
	t.replies[was.Header.MsgID] = now.Header.MsgID
	t.pairs(was.Header.MsgID, now.Header.MsgID, was.Body, now.Body)
}

func (t *double) pairs(wasID, nowID string, was, now []syncml.Command) {
	used := make([]bool, len(now))
	for _, c := range was {
		if c.Name() == "Status" {
			continue
		}
		ref := handle{wasID, c.ID()}
		t.known[ref] = true
		for i, other := range now {
			if used[i] || subject(other) != subject(c) {
				continue
			}
			used[i] = true
			t.refs[ref] = handle{nowID, other.ID()}
			t.pairs(wasID, nowID, partsOf(c).body, partsOf(other).body)
			break
		}
	}
}

// subject is what tells a command from others: name, addresses, the code of an alert, and the members of a group.
func subject(c syncml.Command) string {
	s := c.Name()
	if code := alertCode(c); code != 0 {
		return s + " " + strconv.Itoa(int(code))
	}
	for _, it := range c.ItemList() {
		s += "\n" + it.Source.URI + " " + it.Target.URI
	}
	for _, member := range partsOf(c).body {
		s += "\n" + subject(member)
	}
	return s
}

// comparable returns a reply without what does not matter to its meaning. Of the recorded one x is the exchange, of
// the one of now nil.
func (t *double) comparable(x *turn, msg *syncml.Message, m *Message, sent *Message) *Message {
	octets, err := syncml.Append(nil, m.Codec(), msg)
	if err != nil {
		return m
	}
	out := *m
	out.Octets = octets
	c, err := out.Decode() // a copy to write to
	if err != nil {
		return m
	}
	h := &c.Header
	h.MsgID, h.Cred, h.Source.Name = "", nil, ""
	if t.dropped > 0 {
		h.Meta = nil // it goes with the first message of a session, which was passed over
	}
	id := 0
	next := func() string { id++; return strconv.Itoa(id) }
	for _, cmd := range c.Body {
		if st, ok := cmd.(*syncml.Status); ok {
			st.Chal = nil
			if headerRef(st.CmdRef) {
				st.CmdRef = "0"
				if st.Data.Value == strconv.Itoa(int(omadm.StatusAuthenticationAccepted)) {
					st.Data.Value = strconv.Itoa(int(omadm.StatusOK))
				}
			}
			if was, ok := t.own[st.MsgRef]; ok && x == nil {
				st.MsgRef = was
			}
		}
		renumber(cmd, next)
	}
	if octets, err = syncml.Append(nil, m.Codec(), c); err != nil {
		return m
	}
	out.Octets, out.Size = octets, len(octets)
	return &out
}

// renumber gives a command and its members new CmdIDs.
func renumber(c syncml.Command, next func() string) {
	switch c := c.(type) {
	case *syncml.Add:
		c.CmdID = next()
	case *syncml.Alert:
		c.CmdID = next()
	case *syncml.Atomic:
		c.CmdID = next()
	case *syncml.Copy:
		c.CmdID = next()
	case *syncml.Delete:
		c.CmdID = next()
	case *syncml.Exec:
		c.CmdID = next()
	case *syncml.Get:
		c.CmdID = next()
	case *syncml.Replace:
		c.CmdID = next()
	case *syncml.Results:
		c.CmdID = next()
	case *syncml.Sequence:
		c.CmdID = next()
	case *syncml.Status:
		c.CmdID = next()
	case *syncml.Unknown:
		c.CmdID = next()
	}
	for _, member := range partsOf(c).body {
		renumber(member, next)
	}
}
