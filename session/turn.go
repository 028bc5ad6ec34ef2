package session

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/omadm/auth"
	"github.com/gomadm/gomadm/syncml"
)

// Turn is a message that was received and is about to be answered: Receive makes it, Reply ends it. A Director
// sees it in between. It is used by one goroutine.
type Turn struct {
	rec   *Record
	in    *Inbound
	env   Env
	state *State // changes.Session
	reply omadm.Reply
	// change is what the turn is going to commit, which is changes; nil when it commits nothing.
	change *Change
	notes  []string

	repeat  bool         // the message was answered before
	proof   proof        // of a sender that the transport did not prove
	resend  bool         // what the client refused goes out again, with credentials
	aborted bool         // the client ended the session (1223)
	refusal omadm.Status // with which the client refused our header
	cursor  int          // in state.Outstanding, of the last look-up
	leased  int          // in rec.Requests, of the last look-up

	part   []byte        // octets of state.Incoming that this message brought
	broken []syncml.Item // large objects that the client broke off
	heard  []string      // correlators of alerts of this message

	// What most messages need is part of the turn, so that a message costs few allocations.
	changes Change
	planner omadm.Planner
	header  syncml.Header
	sizes   syncml.Meta // of header
	answer  Answer
}

// maxID is the length of a SessionID or MsgID in octets.
const maxID = 64

// RefusedError says that a message gets no reply but an HTTP error. Nothing of it was executed.
type RefusedError struct {
	Status int // HTTP status code
	Reason string
	// RetryAfter is what a client is told that may come again; 0: a second with status 503, else nothing.
	RetryAfter time.Duration
}

func (e *RefusedError) Error() string { return "session: " + e.Reason }

// Receive authenticates a message, matches its statuses and results with the commands that were sent, and notes its
// events. It does no I/O, reads no clock and changes no argument. The error is a *RefusedError.
func Receive(rec *Record, in *Inbound, env Env) (*Turn, error) {
	env.Rules = env.Rules.withDefaults()
	t := newTurn(rec, in, env)
	if err := t.authenticate(); err != nil {
		return nil, err
	}
	h := &in.Message.Header
	if h.SessionID == "" || h.MsgID == "" || h.Source.URI == "" {
		return nil, &RefusedError{Status: 400, Reason: "header without SessionID, MsgID or Source"}
	}
	if len(h.SessionID) > maxID || len(h.MsgID) > maxID || len(h.Source.Name) > maxFact {
		return nil, &RefusedError{Status: 400, Reason: "header with a SessionID, MsgID or LocName that is too long"}
	}
	t.reply.Begin(in.Message)
	if t.reply.Refused() {
		return t, nil
	}
	if h.Target.URI == "" {
		t.reply.Refuse(omadm.StatusBadRequest)
		return t, nil
	}
	if t.repeats() {
		return t, nil
	}
	if !t.authorize() {
		return t, nil
	}
	if t.late() {
		return nil, &RefusedError{Status: 503, Reason: "first message of a session that has gone on", RetryAfter: lateness}
	}
	if !t.locate() {
		return t, nil
	}
	t.accept()
	t.read()
	return t, nil
}

func newTurn(rec *Record, in *Inbound, env Env) *Turn {
	t := &Turn{rec: rec, in: in, env: env}
	t.state = &t.changes.Session
	return t
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

// authenticate refuses a sender that nothing is known of. What the transport did not prove, authorize checks.
func (t *Turn) authenticate() error {
	p := t.in.Principal
	if p.Device != t.rec.Device.ID || p.Proven && p.Device == "" {
		return &RefusedError{Status: 403, Reason: "sender is not authenticated"}
	}
	return nil
}

// repeats reports whether the message was answered before.
func (t *Turn) repeats() bool {
	h := &t.in.Message.Header
	for i := range t.rec.Sessions {
		s := &t.rec.Sessions[i]
		if s.ID == h.SessionID && s.MsgID == h.MsgID && s.Body == t.in.Digest() && t.replays(s) && t.repeatable(s) {
			t.repeat = true
			if s.MAC != "" {
				t.answer.Header = http.Header{auth.HeaderName: {s.MAC}}
			}
		}
	}
	return t.repeat
}

// locate finds the session of the message, or opens it. It returns false when there is nothing to read: the message does
// not belong where it claims.
func (t *Turn) locate() bool {
	h := &t.in.Message.Header
	body := t.in.Digest()
	last := -1
	for i := range t.rec.Sessions {
		s := &t.rec.Sessions[i]
		if s.ID != h.SessionID {
			continue
		}
		if last < 0 || s.Seen.After(t.rec.Sessions[last].Seen) {
			last = i
		}
	}
	t.changeNothing()
	switch {
	case h.MsgID == "1" || last < 0 || t.proof.begins:
		t.begin()
	case !follows(h.MsgID, t.rec.Sessions[last].MsgID):
		t.note("message %q after message %q", h.MsgID, t.rec.Sessions[last].MsgID)
		t.reply.Refuse(omadm.StatusBadRequest)
		t.change = nil
		return false
	default:
		*t.state = t.rec.Sessions[last].Clone()
		t.state.Ended = time.Time{}
	}
	t.state.MsgID, t.state.Body = h.MsgID, body
	t.state.Seen = t.env.Now
	t.state.Messages++
	t.state.Package++
	return true
}

// lateness is how long a first message is taken for a copy that comes late when its session has gone on.
const lateness = 30 * time.Second

// late reports whether the message is the first one of a session that has gone on just now. It may be a copy that was
// under way for long, which must not end the session, or from a device that has begun anew with the same octets, which
// has to wait.
func (t *Turn) late() bool {
	h := &t.in.Message.Header
	if h.MsgID != "1" {
		return false
	}
	for i := range t.rec.Sessions {
		s := &t.rec.Sessions[i]
		if s.ID == h.SessionID && s.MsgID != "1" && s.Ended.IsZero() && t.env.Now.Sub(s.Seen) < lateness && s.First == t.in.Digest() {
			return true
		}
	}
	return false
}

// changeNothing begins the change of the turn.
func (t *Turn) changeNothing() {
	t.change = &t.changes
	t.change.Device, t.change.Revision = t.rec.Device.ID, t.rec.Revision
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

// begin begins a session. It ends the sessions of the device that it replaces.
func (t *Turn) begin() {
	h := &t.in.Message.Header
	*t.state = State{ID: h.SessionID, SyncType: syncType(t.in.Message), Opened: t.env.Now, User: h.Source.Name, First: t.in.Digest()}
	if !t.in.Principal.Proven && h.MsgID == "2" {
		t.state.Sent = 1 // the challenge
	}
	kept := 0
	for i := range t.rec.Sessions {
		s := &t.rec.Sessions[i]
		same := s.SameKey(t.state)
		ends := same || s.Ended.IsZero() && (s.SyncType == t.state.SyncType || !s.Open(t.env.Now, t.env.Rules.Timeout))
		switch {
		case ends:
			t.replace(s, same)
		case s.Ended.IsZero(), t.env.Now.Sub(s.Ended) < t.env.Rules.Replay:
			kept++
		default:
			t.change.Close = append(t.change.Close, s.Clone())
		}
	}
	t.crowd(kept)
}

// replace ends a session that goes on no more. It is closed, unless the new one takes its place.
func (t *Turn) replace(s *State, same bool) {
	if same && len(s.Requests) == 0 {
		return
	}
	c := s.Clone()
	t.abandon(&c)
	if !same {
		t.change.Close = append(t.change.Close, c)
	}
}

// crowd closes the sessions heard of longest ago when there are more than the limit.
func (t *Turn) crowd(kept int) {
	for ; kept >= t.env.Rules.Limits.Sessions; kept-- {
		oldest := -1
		for i := range t.rec.Sessions {
			s := &t.rec.Sessions[i]
			if s.SameKey(t.state) || slices.ContainsFunc(t.change.Close, func(c State) bool { return c.SameKey(s) }) {
				continue
			}
			if oldest < 0 || s.Seen.Before(t.rec.Sessions[oldest].Seen) {
				oldest = i
			}
		}
		if oldest < 0 {
			return
		}
		s := t.rec.Sessions[oldest].Clone()
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
	t.takeSizes()
	if t.env.Rules.Strict {
		t.refuseDuplicates()
	}
	for _, cmd := range t.in.Message.Body {
		if t.state.Incoming.Command != "" && interrupts(cmd) {
			t.interrupt()
		}
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
	closed := t.in.Message.Final || t.aborted
	if closed && t.state.Incoming.Command != "" {
		t.interrupt()
	}
	t.keepPart()
	switch {
	case t.refusal != 0:
		t.giveBack(t.state)
	case closed:
		t.settle(t.state, false)
	}
}

// takeSizes takes over the limits of the client. A figure that is none counts as absent.
func (t *Turn) takeSizes() {
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
		t.headerStatus(c, code)
		return
	}
	list := t.outstanding(c.MsgRef, c.CmdRef)
	if len(list) == 0 {
		if c.Cmd != "Alert" { // those we send to keep a package going are not kept
			t.note("Status %q is about no command sent", c.CmdID)
		}
		return
	}
	named := false
	for i := range list {
		if len(list) == 1 || t.concerns(c, &list[i]) {
			named = true
			t.report(c, &list[i], code)
		}
	}
	if !named {
		t.note("Status %q names no item of its command", c.CmdID)
	}
}

// concerns reports whether a status is about an item of a command with several. One without references is about all
// (MS-MDM section 2.2.6.1).
func (t *Turn) concerns(c *syncml.Status, o *Outstanding) bool {
	if len(c.TargetRefs)+len(c.SourceRefs) == 0 {
		return true
	}
	op := t.op(o)
	named := func(ref string) bool { return op != nil && omadm.URI(ref).Equal(op.URI) }
	return slices.ContainsFunc(c.TargetRefs, named) || slices.ContainsFunc(c.SourceRefs, named)
}

// op returns the operation of a command that was sent; nil for that of a group, or if the store has lost the request.
func (t *Turn) op(o *Outstanding) *omadm.Op {
	p := t.pending(t.state.Requests[o.Request].ID)
	if p == nil || o.Op < 0 || o.Op >= len(p.Request.Ops) {
		return nil
	}
	return &p.Request.Ops[o.Op]
}

// report notes the status of one operation.
func (t *Turn) report(c *syncml.Status, o *Outstanding, code omadm.Status) {
	if o.Status != 0 && !passing(o.Status) {
		t.note("Status %q repeats an answer", c.CmdID)
		return
	}
	if r := &t.state.Requests[o.Request]; r.Offset > 0 && o.Op == r.Next {
		switch {
		case code.Success():
			code = omadm.StatusChunkedItemAccepted
			fallthrough
		case passing(code):
			o.Status = code
			return
		}
		// The client takes no further part (OMA DM Protocol 1.2.1, section 7).
		r.Next, r.Offset = r.Next+1, 0
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
	if text == "" {
		return 0
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
	list := t.outstanding(msgRef, cmdRef)
	if len(list) == 0 {
		t.note("Results %q are about no command sent", c.CmdID)
		if t.state.Incoming.Command != "" {
			t.interrupt()
		}
		return
	}
	items := withMeta(c.Items, c.Meta)
	if len(list) == 1 && t.state.Incoming.Command == "" && !slices.ContainsFunc(items, func(it syncml.Item) bool { return it.MoreData }) {
		t.value(&list[0], items)
		return
	}
	for i := range items {
		if it := t.assemble(c, i, &items[i]); it != nil {
			t.value(t.asked(list, it), []syncml.Item{*it})
		}
	}
}

// asked returns the operation that asked for an item: the one whose node it is, or else whose node is nearest above.
func (t *Turn) asked(list []Outstanding, it *syncml.Item) *Outstanding {
	best, depth := &list[0], -1
	for i := range list {
		if len(list) == 1 {
			break
		}
		op := t.op(&list[i])
		if op == nil || !omadm.URI(it.Source.URI).Path().HasPrefix(op.URI.Path()) {
			continue
		}
		if d := op.URI.Path().Depth(); d > depth {
			best, depth = &list[i], d
		}
	}
	return best
}

// value notes values of one operation.
func (t *Turn) value(o *Outstanding, items []syncml.Item) {
	t.result(o, omadm.Result{Items: items})
	op := t.op(o)
	if op == nil || op.Verb != omadm.Get || len(items) != 1 || items[0].Data.Kind != syncml.TextData {
		return
	}
	if uri := op.URI.Canonical(); slices.Contains(capabilities[:], uri) {
		t.fact(string(uri), strings.TrimSpace(items[0].Data.Value))
	}
}

// capabilities are the nodes whose values become facts, as they say what may be sent (OMA DM Standardized Objects 1.2,
// section 5.3.3).
var capabilities = [...]omadm.URI{nodeLargeObjects, nodeMaxDepth, nodeMaxTotLen, nodeMaxSegLen}

const (
	nodeLargeObjects omadm.URI = "./DevDetail/LrgObj"
	nodeMaxDepth     omadm.URI = "./DevDetail/URI/MaxDepth"
	nodeMaxTotLen    omadm.URI = "./DevDetail/URI/MaxTotLen"
	nodeMaxSegLen    omadm.URI = "./DevDetail/URI/MaxSegLen"
)

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
	if t.change.Results == nil {
		t.change.Results = make([]omadm.Result, 0, len(t.in.Message.Body)) // a Status or Results makes one as a rule
	}
	t.change.Results = append(t.change.Results, r)
}

// outstanding finds the command that a Status or Results is about: one entry for each of its items. Answers mostly come in
// the order of the commands, so it looks first behind the last one found.
func (t *Turn) outstanding(msgRef, cmdRef string) []Outstanding {
	msg, ok := reference(msgRef)
	cmd, ok2 := reference(cmdRef)
	list := t.state.Outstanding
	if !ok || !ok2 || len(list) == 0 {
		return nil
	}
	for n := range list {
		i := (t.cursor + n) % len(list)
		if list[i].MsgID != msg || list[i].CmdID != cmd {
			continue
		}
		t.cursor = i
		end := i + 1
		for end < len(list) && list[end].MsgID == msg && list[end].CmdID == cmd {
			end++
		}
		return list[i:end]
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
		t.objectLost(c)
	case omadm.AlertClientEvent:
		for i := range c.Items {
			if it := t.assemble(c, i, &c.Items[i]); it != nil {
				t.clientEvent(c, it)
			}
		}
	case omadm.AlertGeneric:
		for i := range c.Items {
			if it := t.assemble(c, i, &c.Items[i]); it != nil {
				t.generic(c, i, it)
			}
		}
	}
}

// maxBroken is how often a large object is sent anew in a session after the client lost it.
const maxBroken = 2

// objectLost takes up that the client did not get a large object of ours to its end. It has executed nothing of it, so
// it gets the object anew (OMA DM Protocol 1.2.1, section 7).
func (t *Turn) objectLost(c *syncml.Alert) {
	for n := len(t.state.Outstanding) - 1; n >= 0; n-- {
		o := &t.state.Outstanding[n]
		r := &t.state.Requests[o.Request]
		begun := r.Offset > 0 && o.Op == r.Next
		ended := o.Op == r.Next-1 && (o.Status == 0 || passing(o.Status)) && t.names(c, o)
		if !begun && !ended {
			continue
		}
		t.note("client lost a large object of request %q", r.ID)
		r.Broken++
		if r.Broken > maxBroken {
			r.Next, r.Offset, o.Status = o.Op+1, 0, 0 // stays unanswered
			return
		}
		r.Next, r.Offset = o.Op, 0
		t.state.Outstanding = slices.Delete(t.state.Outstanding, n, n+1)
		t.cursor = 0
		return
	}
	t.note("client lost a large object that is not on its way")
}

// names reports whether an alert names the node of an operation.
func (t *Turn) names(c *syncml.Alert, o *Outstanding) bool {
	op := t.op(o)
	return op != nil && slices.ContainsFunc(c.Items, func(it syncml.Item) bool {
		return omadm.URI(it.Target.URI).Equal(op.URI) || omadm.URI(it.Source.URI).Equal(op.URI)
	})
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
func (t *Turn) generic(c *syncml.Alert, i int, it *syncml.Item) {
	if t.reply.Code(c, i) == omadm.StatusBadRequest {
		return
	}
	code := t.verdict(c, i, it)
	t.reply.ItemStatus(c, i, code)
	if code.Success() {
		t.event(omadm.AlertGeneric, c, it)
	}
}

// verdict is the status of an item of an event, which may be the first part of a large object.
func (t *Turn) verdict(cmd syncml.Command, i int, it *syncml.Item) omadm.Status {
	code := t.reply.Code(cmd, i)
	if c, ok := cmd.(*syncml.Alert); !ok || strings.TrimSpace(c.Data.Value) != strconv.Itoa(int(omadm.AlertGeneric)) {
		return code
	}
	switch typ := alertType(it); {
	case typ == "":
		return omadm.StatusIncompleteCommand
	case omadm.KnownAlertType(typ), t.accepts(typ):
		return omadm.StatusOK
	}
	return omadm.StatusUnsupportedFormat
}

func (t *Turn) accepts(typ string) bool {
	for _, known := range t.env.Rules.AlertTypes {
		if omadm.AlertType(known) == typ {
			return true
		}
	}
	return false
}

// correlated returns the request whose Exec a correlator belongs to (OMA DM Representation Protocol 1.2.1, section
// 6.6.6); "" if it is not known. A generic alert ends the wait for it.
func (t *Turn) correlated(correlator string, code omadm.AlertCode) omadm.RequestID {
	if correlator == "" {
		return ""
	}
	for i := range t.state.Requests {
		if p := t.pending(t.state.Requests[i].ID); p != nil && slices.ContainsFunc(p.Request.Ops, func(op omadm.Op) bool { return op.Correlator == correlator }) {
			t.heard = append(t.heard, correlator)
			return p.Request.ID
		}
	}
	id, changed := t.change.Awaited[correlator]
	if !changed {
		id = t.rec.Device.Awaited[correlator]
	}
	if id != "" && code == omadm.AlertGeneric {
		t.setAwaited(correlator, "")
	}
	return id
}

// await notes the correlators of a request that was accepted: an alert in this or a later session tells how it ended.
func (t *Turn) await(r *omadm.Request) {
	for i := range r.Ops {
		c := r.Ops[i].Correlator
		if c == "" || slices.Contains(t.heard, c) || t.windows() {
			continue
		}
		if len(t.rec.Device.Awaited)+len(t.change.Awaited) >= t.env.Rules.Limits.Awaited {
			t.note("too many correlators: the alert of request %q will not be matched", r.ID)
			return
		}
		t.setAwaited(c, r.ID)
	}
}

func (t *Turn) setAwaited(correlator string, id omadm.RequestID) {
	if t.change.Awaited == nil {
		t.change.Awaited = make(map[string]omadm.RequestID)
	}
	t.change.Awaited[correlator] = id
}

// windows reports whether the device is one with Windows, which alone reports a login status. It knows no correlators
// (MS-MDM section 2.2.7.2).
func (t *Turn) windows() bool {
	_, ok := t.rec.Device.Facts[omadm.TypeLoginStatus]
	return ok || t.state.Login != ""
}

func (t *Turn) event(code omadm.AlertCode, c *syncml.Alert, it *syncml.Item) {
	e := omadm.Event{
		Alert: code, Type: alertType(it), Source: omadm.URI(it.Source.URI), Data: it.Data,
		Correlator: c.Correlator, Request: t.correlated(c.Correlator, code), At: t.env.Now,
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
