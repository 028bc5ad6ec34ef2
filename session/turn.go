package session

import (
	"fmt"
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
	state *State // changes.Session
	reply omadm.Reply
	// change is what the turn is going to commit, which is changes; nil when it commits nothing.
	change *Change
	notes  []string

	repeat  bool         // the message was answered before
	proof   proof        // of a sender that the transport did not prove
	resend  bool         // what the client refused goes out again, with credentials
	aborted bool         // the client ended the session (1223)
	next    bool         // the client asked for our next message (1222), or for a large object anew (1225)
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
	room    []omadm.Result // empty: memory for those of changes
}

// maxID is the length of a SessionID or MsgID in octets.
const maxID = 64

// RefusedError says that a message gets no reply but an HTTP error. Nothing of it was executed.
type RefusedError struct {
	Status int // HTTP status code
	Reason string
	// RetryAfter is what a client is told that may come again; 0: a second with status 503, else nothing.
	RetryAfter time.Duration
	// Err is what the Authenticator said about a sender that is not authenticated, for the log; nil: there is no more to say.
	// The sender is not told.
	Err error
}

func (e *RefusedError) Error() string { return "session: " + e.Reason }

// Unwrap returns Err.
func (e *RefusedError) Unwrap() error { return e.Err }

// Receive authenticates a message, matches its statuses and results with the commands that were sent, and notes its
// events. It does no I/O, reads no clock and changes no argument. The error is a *RefusedError.
func Receive(rec *Record, in *Inbound, env Env) (*Turn, error) {
	t := new(Turn)
	if err := t.receive(rec, in, env); err != nil {
		return nil, err
	}
	return t, nil
}

// receive is Receive with a Turn that was released, or a new one.
func (t *Turn) receive(rec *Record, in *Inbound, env Env) error {
	env.Rules = env.Rules.withDefaults()
	t.begins(rec, in, env)
	if err := t.authenticate(); err != nil {
		return err
	}
	h := &in.Message.Header
	if h.SessionID == "" || h.MsgID == "" || h.Source.URI == "" {
		return &RefusedError{Status: 400, Reason: "header without SessionID, MsgID or Source"}
	}
	if len(h.SessionID) > maxID || len(h.MsgID) > maxID || len(h.Source.Name) > maxFact {
		return &RefusedError{Status: 400, Reason: "header with a SessionID, MsgID or LocName that is too long"}
	}
	t.reply.Begin(in.Message)
	if t.reply.Refused() {
		return nil
	}
	if h.Target.URI == "" {
		t.reply.Refuse(omadm.StatusBadRequest)
		return nil
	}
	if t.repeats() {
		return nil
	}
	if !t.authorize() {
		return nil
	}
	if t.late() {
		return &RefusedError{Status: 503, Reason: "first message of a session that has gone on", RetryAfter: lateness}
	}
	if !t.locate() {
		return nil
	}
	t.accept()
	t.read()
	return nil
}

// begins sets what a turn begins with.
func (t *Turn) begins(rec *Record, in *Inbound, env Env) {
	t.rec, t.in, t.env, t.state = rec, in, env, &t.changes.Session
}

// release forgets everything but memory for another message, when nobody holds on to the turn or its answer.
func (t *Turn) release() {
	reply, results := t.answer.Octets, t.changes.Results
	*t = Turn{}
	if cap(reply) <= maxReused {
		t.planner.Buffer(reply)
	}
	if cap(results) <= maxReusedResults {
		clear(results)
		t.room = results[:0]
	}
}

// maxReusedResults is how many results there is memory for at most that is used again.
const maxReusedResults = 256

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

// changeNothing begins the change of the turn.
func (t *Turn) changeNothing() {
	t.change = &t.changes
	t.change.Device, t.change.Revision = t.rec.Device.ID, t.rec.Revision
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
	if t.state.Messages == 1 && t.in.Message.Final {
		t.missing()
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

// missing notes what a package 1 of one message lacks (OMA DM Protocol 1.2.1, section 8.3).
func (t *Turn) missing() {
	alert, info := false, false
	for _, cmd := range t.in.Message.Body {
		switch c := cmd.(type) {
		case *syncml.Alert:
			code, err := omadm.ParseAlertCode(c.Data.Value)
			alert = alert || err == nil && code.Class() == omadm.AlertSession
		case *syncml.Replace:
			info = true
		}
	}
	if !alert {
		t.note("package 1 without a session alert")
	}
	if !info {
		t.note("package 1 without DevInfo")
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

// maxNotes is how many remarks on one message there are at most.
const maxNotes = 32

// note notes what is odd about the message. Of what the client wrote it takes short pieces only (%.64q).
func (t *Turn) note(format string, args ...any) {
	switch n := len(t.notes); {
	case n < maxNotes:
		t.notes = append(t.notes, fmt.Sprintf(format, args...))
	case n == maxNotes:
		t.notes = append(t.notes, "more is odd about the message")
	}
}
