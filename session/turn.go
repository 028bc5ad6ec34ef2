package session

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/syncml"
)

// Turn is a message that was received and is about to be answered: Receive makes it, Reply ends it. A Director
// sees it in between. It is used by one goroutine.
type Turn struct {
	rec   *Record
	in    *Inbound
	env   Env
	state State
	reply *omadm.Reply
	// change is what the turn is going to commit; nil when it commits nothing.
	change *Change
	notes  []string

	repeat  bool         // the message was answered before
	aborted bool         // the client ended the session (1223)
	refusal omadm.Status // with which the client refused our header
	cursor  int          // in state.Outstanding, of the last look-up
}

// RefusedError says that a message gets no reply but an HTTP error. Nothing of it was executed.
type RefusedError struct {
	Status int // HTTP status code
	Reason string
}

func (e *RefusedError) Error() string { return "session: " + e.Reason }

// Receive authenticates a message, matches its statuses and results with the commands that were sent, and notes its
// events. It does no I/O, reads no clock and changes no argument. The error is a *RefusedError.
func Receive(rec *Record, in *Inbound, env Env) (*Turn, error) {
	env.Rules = env.Rules.withDefaults()
	t := &Turn{rec: rec, in: in, env: env}
	if err := t.authenticate(); err != nil {
		return nil, err
	}
	h := &in.Message.Header
	if h.SessionID == "" || h.MsgID == "" || h.Source.URI == "" {
		return nil, &RefusedError{Status: 400, Reason: "header without SessionID, MsgID or Source"}
	}
	t.reply = omadm.NewReply(in.Message)
	if t.reply.Refused() {
		return t, nil
	}
	if h.Target.URI == "" {
		t.reply.Refuse(omadm.StatusBadRequest)
		return t, nil
	}
	if !t.locate() {
		return t, nil
	}
	t.read()
	return t, nil
}

// Step is Receive and Reply in one: the protocol and nothing else.
func Step(rec *Record, in *Inbound, env Env) (*Answer, error) {
	t, err := Receive(rec, in, env)
	if err != nil {
		return nil, err
	}
	return t.Reply(nil)
}

// Inbound returns the message that is answered. It must not be modified.
func (t *Turn) Inbound() *Inbound { return t.in }

// Record returns what was known of the device before the message. It must not be modified.
func (t *Turn) Record() *Record { return t.rec }

// Change returns what the message changes, as far as it is known: results, outcomes, events and facts, before anything
// is sent. It is nil when nothing changes, and must not be modified.
func (t *Turn) Change() *Change { return t.change }

// Open reports whether commands may be sent in the reply: the client closed its package and goes on with the session.
func (t *Turn) Open() bool {
	return t.change != nil && !t.aborted && t.in.Message.Final
}

// authenticate refuses a sender that the transport did not prove.
func (t *Turn) authenticate() error {
	p := t.in.Principal
	if !p.Proven || p.Device == "" || p.Device != t.rec.Device.ID {
		return &RefusedError{Status: 403, Reason: "sender is not authenticated"}
	}
	return nil
}

// locate finds the session of the message, or opens it. It returns false when there is nothing to read: the message was
// answered before or does not belong where it claims.
func (t *Turn) locate() bool {
	h := &t.in.Message.Header
	body := t.in.Digest()
	last := -1
	for i := range t.rec.Sessions {
		s := &t.rec.Sessions[i]
		if s.ID != h.SessionID {
			continue
		}
		if s.MsgID == h.MsgID && s.Body == body && t.replays(s) {
			t.repeat = true
			return false
		}
		if last < 0 || s.Seen.After(t.rec.Sessions[last].Seen) {
			last = i
		}
	}
	t.change = &Change{Device: t.rec.Device.ID, Revision: t.rec.Revision}
	switch {
	case h.MsgID == "1" || last < 0:
		t.open()
	case !follows(h.MsgID, t.rec.Sessions[last].MsgID):
		t.note("message %q after message %q", h.MsgID, t.rec.Sessions[last].MsgID)
		t.reply.Refuse(omadm.StatusBadRequest)
		t.change = nil
		return false
	default:
		t.state = t.rec.Sessions[last].clone()
		t.state.Ended = time.Time{}
	}
	t.state.MsgID, t.state.Body = h.MsgID, body
	t.state.Seen = t.env.Now
	t.state.Messages++
	return true
}

// replays reports whether the last message of s, come again, is a repetition. A first message is one only for a while:
// there are clients that open each session with the same octets.
func (t *Turn) replays(s *State) bool {
	if t.rec.Reply == nil {
		return false
	}
	if s.MsgID != "1" || s.Open(t.env.Now, t.env.Rules.Timeout) {
		return true
	}
	return !s.Ended.IsZero() && t.env.Now.Sub(s.Ended) < t.env.Rules.Replay
}

// follows reports whether a message with this id may come after the last one. Ids are text; only where both are numbers
// a lower or equal one is refused. A gap is accepted.
func follows(id, last string) bool {
	n, err := strconv.ParseUint(id, 10, 64)
	if err != nil {
		return id != last
	}
	l, err := strconv.ParseUint(last, 10, 64)
	return err != nil || n > l
}

// open begins a session. It ends the sessions of the device that it replaces.
func (t *Turn) open() {
	h := &t.in.Message.Header
	t.state = State{ID: h.SessionID, SyncType: syncType(t.in.Message), Opened: t.env.Now, User: h.Source.Name}
	kept := 0
	for i := range t.rec.Sessions {
		s := t.rec.Sessions[i].clone()
		same := s.Key() == t.state.Key()
		switch {
		case same || s.Ended.IsZero() && (s.SyncType == t.state.SyncType || !s.Open(t.env.Now, t.env.Rules.Timeout)):
			t.abandon(&s)
		case s.Ended.IsZero(), t.env.Now.Sub(s.Ended) < t.env.Rules.Replay:
			kept++
			continue
		}
		if !same {
			t.change.Close = append(t.change.Close, s)
		}
	}
	t.crowd(kept)
}

// crowd closes the sessions heard of longest ago when there are more than the limit.
func (t *Turn) crowd(kept int) {
	for ; kept >= t.env.Rules.Limits.Sessions; kept-- {
		oldest := -1
		for i := range t.rec.Sessions {
			s := &t.rec.Sessions[i]
			if s.Key() == t.state.Key() || slices.ContainsFunc(t.change.Close, func(c State) bool { return c.Key() == s.Key() }) {
				continue
			}
			if oldest < 0 || s.Seen.Before(t.rec.Sessions[oldest].Seen) {
				oldest = i
			}
		}
		if oldest < 0 {
			return
		}
		s := t.rec.Sessions[oldest].clone()
		t.abandon(&s)
		t.change.Close = append(t.change.Close, s)
	}
}

// syncType returns the sync type that a package 1 announces; mixed, the default, is "".
func syncType(m *syncml.Message) string {
	for _, cmd := range m.Body {
		a, ok := cmd.(*syncml.Alert)
		if !ok {
			continue
		}
		for i := range a.Items {
			if alertType(&a.Items[i]) != omadm.TypeSyncType {
				continue
			}
			if v := strings.TrimSpace(a.Items[i].Data.Value); v == "user" || v == "device" {
				return v
			}
		}
	}
	return ""
}

func alertType(it *syncml.Item) string {
	if it.Meta == nil {
		return ""
	}
	return omadm.AlertType(it.Meta.Type)
}

// read goes through the commands of the message.
func (t *Turn) read() {
	t.sizes()
	if t.env.Rules.Strict {
		t.refuseDuplicates()
	}
	for _, cmd := range t.in.Message.Body {
		switch c := cmd.(type) {
		case *syncml.Status:
			t.status(c)
		case *syncml.Results:
			t.results(c)
		case *syncml.Alert:
			t.alert(c)
		case *syncml.Replace:
			t.info(c)
		}
	}
	switch {
	case t.refusal != 0:
		t.giveBack(&t.state)
	case t.in.Message.Final, t.aborted:
		t.settle(&t.state, false)
	}
}

// sizes takes over the limits of the client. A figure that is none counts as absent.
func (t *Turn) sizes() {
	m := t.in.Message.Header.Meta
	if m == nil {
		return
	}
	for _, f := range [...]struct {
		name, text string
		to         *int64
	}{{"MaxMsgSize", m.MaxMsgSize, &t.state.MaxMsgSize}, {"MaxObjSize", m.MaxObjSize, &t.state.MaxObjSize}} {
		if f.text == "" {
			continue
		}
		n, ok := syncml.ParseSize(f.text)
		if !ok || n == 0 {
			t.note("%s is not a size", f.name)
			continue
		}
		*f.to = n
	}
}

// refuseDuplicates answers 400 to commands whose CmdID another one had before.
func (t *Turn) refuseDuplicates() {
	seen := make(map[string]bool, len(t.in.Message.Body))
	for _, cmd := range t.in.Message.Body {
		if id := cmd.ID(); id != "" && seen[id] {
			t.reply.Status(cmd, omadm.StatusBadRequest)
		}
		seen[cmd.ID()] = true
	}
}

// status notes what the client says about a command or about the header of our message.
func (t *Turn) status(c *syncml.Status) {
	code, err := omadm.ParseStatus(c.Data.Value)
	if err != nil {
		t.note("Status %q is not a code", c.CmdID)
		return
	}
	if c.CmdRef == "" || c.CmdRef == "0" {
		// 300 and above: the client refused our message and executed nothing of it.
		if code >= 300 {
			t.refusal = code
			t.note("client refused message %q with %v", c.MsgRef, code)
		}
		return
	}
	o := t.outstanding(c.MsgRef, c.CmdRef)
	if o == nil {
		t.note("Status %q is about no command sent", c.CmdID)
		return
	}
	if o.Status != 0 && !passing(o.Status) {
		t.note("Status %q repeats an answer", c.CmdID)
		return
	}
	o.Status, o.HRESULT = code, hresult(c)
	t.result(o, omadm.Result{Status: o.Status, HRESULT: o.HRESULT, Items: c.Items})
}

// passing reports whether another status follows.
func passing(s omadm.Status) bool {
	c := s.Class()
	return c == omadm.ClassPending || c == omadm.ClassProgress
}

// hresult reads the Windows error of a status (MS-MDM section 2.2.4.3); 0 if there is none.
func hresult(c *syncml.Status) uint32 {
	text := c.Data.OriginalError
	for i := 0; text == "" && i < len(c.Items); i++ {
		text = c.Items[i].Data.OriginalError
	}
	text = strings.TrimSpace(text)
	if digits, ok := strings.CutPrefix(strings.ToLower(text), "0x"); ok {
		text = digits
	}
	n, err := strconv.ParseUint(text, 16, 32)
	if err != nil {
		return 0
	}
	return uint32(n)
}

// results notes values. MS-MDM section 2.2.7.8 lets MsgRef and CmdRef be absent, which stands for 1.
func (t *Turn) results(c *syncml.Results) {
	msgRef, cmdRef := c.MsgRef, c.CmdRef
	if msgRef == "" {
		msgRef = "1"
	}
	if cmdRef == "" {
		cmdRef = "1"
	}
	o := t.outstanding(msgRef, cmdRef)
	if o == nil {
		t.note("Results %q are about no command sent", c.CmdID)
		return
	}
	if slices.ContainsFunc(c.Items, func(it syncml.Item) bool { return it.MoreData }) {
		t.note("Results %q hold a part of a large object", c.CmdID)
		t.reply.Status(c, omadm.StatusEntityTooLarge)
		return
	}
	t.result(o, omadm.Result{Items: withMeta(c.Items, c.Meta)})
}

// withMeta returns items with the Meta of their command as the default of their own.
func withMeta(items []syncml.Item, def *syncml.Meta) []syncml.Item {
	if def == nil {
		return items
	}
	list := slices.Clone(items)
	for i := range list {
		list[i].Meta = merged(list[i].Meta, def)
	}
	return list
}

// merged returns the Meta of an item with that of its command filled in, child by child (OMA DM Representation
// Protocol 1.2.1, section 6.6.1).
func merged(item, def *syncml.Meta) *syncml.Meta {
	if item == nil {
		return def
	}
	m := *item
	for _, f := range [...]struct {
		to  *string
		def string
	}{{&m.Format, def.Format}, {&m.Type, def.Type}, {&m.Mark, def.Mark}} {
		if *f.to == "" {
			*f.to = f.def
		}
	}
	return &m
}

func (t *Turn) result(o *Outstanding, r omadm.Result) {
	r.Request, r.Op = t.state.Requests[o.Request].ID, o.Op
	t.change.Results = append(t.change.Results, r)
}

// outstanding finds the command that a Status or Results is about. Answers mostly come in the order of the commands,
// so it looks first behind the last one found.
func (t *Turn) outstanding(msgRef, cmdRef string) *Outstanding {
	msg, ok := reference(msgRef)
	cmd, ok2 := reference(cmdRef)
	list := t.state.Outstanding
	if !ok || !ok2 || len(list) == 0 {
		return nil
	}
	for n := range list {
		i := (t.cursor + n) % len(list)
		if list[i].MsgID == msg && list[i].CmdID == cmd {
			t.cursor = i
			return &list[i]
		}
	}
	return nil
}

// reference reads an id of our own: they are written in decimal without leading zeros, and compared as text.
func reference(s string) (uint32, bool) {
	n, err := strconv.ParseUint(s, 10, 32)
	return uint32(n), err == nil && (s[0] != '0' && s[0] != '+')
}

// alert takes up an alert of the client.
func (t *Turn) alert(c *syncml.Alert) {
	code, err := omadm.ParseAlertCode(c.Data.Value)
	if err != nil || t.reply.Code(c, -1) == omadm.StatusBadRequest {
		return
	}
	switch code {
	case omadm.AlertSessionAbort:
		t.aborted = true
	case omadm.AlertNoEndOfData:
		t.note("client broke off a large object")
	case omadm.AlertClientEvent:
		for i := range c.Items {
			t.clientEvent(c, &c.Items[i])
		}
	case omadm.AlertGeneric:
		for i := range c.Items {
			t.generic(c, i)
		}
	}
}

// clientEvent takes up an item of a 1224. What describes the session or the device becomes a fact, everything else
// an event. Tokens are left to the Director.
func (t *Turn) clientEvent(c *syncml.Alert, it *syncml.Item) {
	switch typ := alertType(it); typ {
	case omadm.TypeLoginStatus:
		t.state.Login = strings.TrimSpace(it.Data.Value)
		t.fact(omadm.TypeLoginStatus, t.state.Login)
	case omadm.TypeDevicePrepSync:
		t.fact(omadm.TypeDevicePrepSync, strings.TrimSpace(it.Data.Value))
	case omadm.TypeAADUserToken, omadm.TypeSyncType, omadm.TypeRequestPending:
	default:
		t.event(omadm.AlertClientEvent, c, it)
	}
}

// generic takes up an item of a 1226 if its type is known.
func (t *Turn) generic(c *syncml.Alert, i int) {
	it := &c.Items[i]
	if t.reply.Code(c, i) == omadm.StatusUnsupportedFormat && t.accepts(alertType(it)) {
		t.reply.ItemStatus(c, i, omadm.StatusOK)
	}
	if t.reply.Code(c, i).Success() {
		t.event(omadm.AlertGeneric, c, it)
	}
}

func (t *Turn) accepts(typ string) bool {
	for _, known := range t.env.Rules.AlertTypes {
		if omadm.AlertType(known) == typ {
			return true
		}
	}
	return false
}

func (t *Turn) event(code omadm.AlertCode, c *syncml.Alert, it *syncml.Item) {
	e := omadm.Event{
		Alert: code, Type: alertType(it), Source: omadm.URI(it.Source.URI), Data: it.Data,
		Correlator: c.Correlator, At: t.env.Now,
	}
	if it.Meta != nil {
		e.Type = strings.TrimSpace(it.Meta.Type)
		e.Format, e.Mark = omadm.Format(it.Meta.Format), it.Meta.Mark
	}
	e.Unenrolled = alertType(it) == omadm.TypeUnenrollment
	t.change.Events = append(t.change.Events, e)
}

// info takes over the DevInfo that the client reports.
func (t *Turn) info(c *syncml.Replace) {
	for i := range c.Items {
		uri, ok := omadm.InfoURI(&c.Items[i])
		if !ok || !t.reply.Code(c, i).Success() {
			continue
		}
		t.fact(string(uri), c.Items[i].Data.Value)
		if uri == "./DevInfo/DevId" && c.Items[i].Data.Value != t.in.Message.Header.Source.URI {
			t.note("DevInfo/DevId is not the Source of the message")
		}
	}
}

// maxFact is the length of a fact in octets.
const maxFact = 1024

// fact notes a fact that is new or changed. Facts are bounded in number and length.
func (t *Turn) fact(name, value string) {
	known, old := t.rec.Device.Facts, ""
	old, ok := known[name]
	if ok && old == value || !ok && value == "" {
		return
	}
	if _, again := t.change.Facts[name]; !ok && !again && len(known)+len(t.change.Facts) >= t.env.Rules.Limits.Facts ||
		len(name) > maxFact || len(value) > maxFact {
		t.note("fact left out: too many or too long")
		return
	}
	if t.change.Facts == nil {
		t.change.Facts = make(omadm.Facts, 8)
	}
	t.change.Facts[name] = value
}

func (t *Turn) note(format string, args ...any) {
	t.notes = append(t.notes, fmt.Sprintf(format, args...))
}
