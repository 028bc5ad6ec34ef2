package conversations_test

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
	"github.com/gomadm/gomadm/session/capture"
	"github.com/gomadm/gomadm/syncml"
)

// check holds what came of the conversation against what the device did.
func (p *play) check(ctx context.Context) {
	entries, err := p.store.Results(ctx, "", 1<<30)
	if err != nil {
		p.find("set-up", "Results: %v", err)
	}
	entries = slices.DeleteFunc(entries, func(e session.Entry) bool { return e.Device != p.id })
	outcomes := p.outcomes(entries)
	for i := range p.talk.wishes {
		w := &p.talk.wishes[i]
		o, ok := outcomes[w.request.ID]
		if !ok {
			if !w.director {
				p.find("one outcome", "request %s has none", w.request.ID)
			}
			continue
		}
		if fault := p.disagrees(w, o); fault != "" {
			p.find("outcome", "request %s, %v after %d attempts: %s", w.request.ID, o.Kind, o.Attempts, fault)
		}
	}
	p.checkCounts(outcomes)
	p.checkResults(entries, outcomes)
	p.checkEvents(entries)
	p.checkOctets(outcomes)
	p.checkSecrets(outcomes)
	p.checkLeftOver(ctx)
	p.checkRules()
}

// checkRules holds the recording against the rules that capture knows: a third opinion, beside those of engine and device.
func (p *play) checkRules() {
	rec, err := capture.Open(p.recorded)
	if err != nil {
		p.find("capture", "%v", err)
		return
	}
	for _, v := range rec.Violations() {
		if v.From == capture.FromServer {
			p.find("rules", "%v", v)
		}
	}
}

// outcomes are by request, one for each.
func (p *play) outcomes(entries []session.Entry) map[omadm.RequestID]omadm.Outcome {
	found := make(map[omadm.RequestID]omadm.Outcome)
	for _, e := range entries {
		if e.Outcome == nil {
			continue
		}
		if _, twice := found[e.Outcome.Request]; twice {
			p.find("one outcome", "request %s has two", e.Outcome.Request)
		}
		found[e.Outcome.Request] = *e.Outcome
	}
	return found
}

// count is how often the device did an operation.
type count struct{ executed, undone, refused, skipped int }

func (p *play) count(op *omadm.Op) count {
	if op.Verb == omadm.Alert {
		return count{executed: p.shown[op.Alert.Text]}
	}
	e := p.device.Execution(op.Verb.String(), string(op.URI.Absolute()), op.Value.Data.Value)
	c := count{e.Executed, e.Undone, e.Refused, e.Skipped}
	if !op.Divisible() {
		return c
	}
	c.refused, c.skipped = 0, 0
	for _, e := range p.device.Executions() { // of a part that is not taken, the value is no more than the part
		if e.Verb == op.Verb.String() && e.LocURI == string(op.URI.Absolute()) {
			c.refused, c.skipped = c.refused+e.Refused, c.skipped+e.Skipped
		}
	}
	return c
}

// calm reports whether nothing went wrong in the conversation.
func (p *play) calm() bool {
	k := p.talk
	return len(k.accidents) == 0 && len(k.troubles) == 0 && !p.cutShort && !slices.ContainsFunc(k.wishes, func(w wish) bool { return w.poison }) &&
		!slices.ContainsFunc(k.visits, func(v visit) bool { return v.beside > 0 })
}

// disagrees says how an outcome disagrees with what the device did; "" if it does not.
func (p *play) disagrees(w *wish, o omadm.Outcome) string {
	r := &w.request
	once := r.EffectiveDelivery() == omadm.AtMostOnce
	most := p.talk.rules.Limits.Attempts
	if most == 0 {
		most = 10
	}
	if r.MaxAttempts > 0 {
		most = r.MaxAttempts
	}
	if canceled := slices.Contains(p.canceled, r.ID); canceled != (o.Kind == omadm.Canceled) {
		return fmt.Sprintf("that it was canceled is %t", canceled)
	}
	if o.Attempts > most {
		return fmt.Sprintf("%d are allowed", most)
	}
	var all count
	for i := range r.Ops {
		c := p.count(&r.Ops[i])
		if once && c.executed > 1 || c.executed+c.undone > o.Attempts {
			return fmt.Sprintf("%s was executed %d times and undone %d times", &r.Ops[i], c.executed, c.undone)
		}
		all.executed, all.undone = all.executed+c.executed, all.undone+c.undone
		all.refused, all.skipped = all.refused+c.refused, all.skipped+c.skipped
	}
	switch o.Kind {
	case omadm.Done, omadm.Accepted:
		return p.disagreesDone(w, o)
	case omadm.Failed:
		if o.Op == omadm.GroupOp {
			return "no operation is named"
		}
		if c := p.count(&r.Ops[o.Op]); c.refused == 0 && r.Ops[o.Op].Verb != omadm.Alert {
			return fmt.Sprintf("%s was not refused", &r.Ops[o.Op])
		}
	case omadm.RolledBack:
		if r.Group != omadm.Atomic || o.Attempts == 1 && all.executed > p.asked(r) {
			return fmt.Sprintf("%d operations stand", all.executed)
		}
	case omadm.NotExecuted:
		if all.skipped == 0 && !slices.ContainsFunc(r.Ops, func(op omadm.Op) bool { return op.Verb == omadm.Alert }) {
			return "nothing was left out"
		}
	case omadm.Refused:
		if all.refused > 0 && p.talk.account.server { // as the server had not proven itself, which is no attempt
			all.refused = 0
		}
		if o.Attempts == 0 && all != (count{}) {
			return fmt.Sprintf("the device has seen it: %+v", all)
		}
	case omadm.Unknown:
		if !once || o.Attempts == 0 || p.calm() {
			return "there is no cause"
		}
	case omadm.Quarantined:
		if once || o.Attempts != most || p.calm() {
			return "there is no cause"
		}
	case omadm.Expired:
		if w.life == 0 {
			return "it has no time"
		}
	case omadm.Canceled:
	default:
		return "no such kind"
	}
	return ""
}

// asked counts the questions of a request that were shown.
func (p *play) asked(r *omadm.Request) (n int) {
	for i := range r.Ops {
		if r.Ops[i].Verb == omadm.Alert {
			n += p.shown[r.Ops[i].Alert.Text]
		}
	}
	return n
}

// disagreesDone is for a request that is done: so is each operation, and what was written is there.
func (p *play) disagreesDone(w *wish, o omadm.Outcome) string {
	accepted := false
	for i := range w.request.Ops {
		op := &w.request.Ops[i]
		again := o.Repeated || o.Attempts > 1 && o.Kind == omadm.Accepted // which does not tell
		excused := again && (op.Verb == omadm.Add || op.Verb == omadm.Delete)
		if p.count(op).executed == 0 && !excused {
			return fmt.Sprintf("%s was not executed", op)
		}
		for _, n := range w.nodes {
			accepted = accepted || op.Verb == omadm.Exec && n.uri == string(op.URI) && n.exec == omadm.StatusAccepted
		}
		if (op.Verb == omadm.Replace || op.Verb == omadm.Add) && !excused && !p.has(op) {
			return fmt.Sprintf("the device has another value after %s", op)
		}
	}
	if accepted != (o.Kind == omadm.Accepted) {
		return fmt.Sprintf("that it goes on is %t", accepted)
	}
	return ""
}

// has reports whether the device has the value that was written.
func (p *play) has(op *omadm.Op) bool {
	n, ok := p.device.Nodes().Node(string(op.URI))
	if !ok {
		return false
	}
	want := op.Value.Data.Value
	if op.Value.Format == omadm.FormatB64 {
		octets, err := op.Value.Bytes()
		if err != nil {
			return false
		}
		want = string(octets)
	}
	return n.Value.Value == want
}

// checkCounts looks for executions that no attempt accounts for, such as of what was never asked.
func (p *play) checkCounts(outcomes map[omadm.RequestID]omadm.Outcome) {
	type key struct{ verb, uri, data string }
	asked := make(map[key]int)
	for i := range p.talk.wishes {
		r := &p.talk.wishes[i].request
		for j := range r.Ops {
			op := &r.Ops[j]
			asked[key{op.Verb.String(), string(op.URI.Absolute()), op.Value.Data.Value}] += outcomes[r.ID].Attempts
		}
	}
	for _, e := range p.device.Executions() {
		if e.Verb != "Alert" && e.Executed+e.Undone > asked[key{e.Verb, e.LocURI, e.Data.Value}] {
			p.find("executed", "%s %s %d times, asked for %d times", e.Verb, e.LocURI, e.Executed+e.Undone, asked[key{e.Verb, e.LocURI, e.Data.Value}])
		}
	}
}

// checkResults looks at what the results say: not more than the device said, and the values that it has.
func (p *play) checkResults(entries []session.Entry, outcomes map[omadm.RequestID]omadm.Outcome) {
	type place struct {
		request omadm.RequestID
		op      int
	}
	good, values := make(map[place]int), make(map[place]bool)
	for _, e := range entries {
		r := e.Result
		if r == nil {
			continue
		}
		at := place{r.Request, r.Op}
		w := p.wish(r.Request)
		if r.Op == omadm.GroupOp {
			continue
		}
		op := &w.request.Ops[r.Op]
		if r.Status == omadm.StatusOK {
			if good[at]++; good[at] > p.count(op).executed {
				p.find("results", "request %s: %s is 200 %d times, executed %d times", r.Request, op, good[at], p.count(op).executed)
			}
		}
		if r.Status == 0 && op.Verb == omadm.Get && op.URI.Query() == "" {
			for _, it := range r.Items {
				values[at] = true
				if want := p.value(w, op); it.Data.Value != want {
					p.find("values", "request %s: %s brought %d octets, not the %d there are", r.Request, op, len(it.Data.Value), len(want))
				}
			}
		}
	}
	if !p.calm() || p.wire.lost || p.talk.rules.Limits.Object > 0 { // or the server took no value of that size
		return
	}
	for i := range p.talk.wishes {
		w := &p.talk.wishes[i]
		for j := range w.request.Ops {
			op := &w.request.Ops[j]
			if outcomes[w.request.ID].Kind == omadm.Done && op.Verb == omadm.Get && op.URI.Query() == "" && !values[place{w.request.ID, j}] {
				p.find("values", "request %s: %s is done and brought nothing", w.request.ID, op)
			}
		}
	}
}

// value is what a Get of a node of a wish brings.
func (p *play) value(w *wish, op *omadm.Op) string {
	for _, n := range w.nodes {
		if n.uri != string(op.URI) {
			continue
		}
		v := n.node.Value
		if v.Kind == syncml.OctetsData && !p.talk.client.wbxml {
			return omadm.Bytes([]byte(v.Value)).Data.Value
		}
		return v.Value
	}
	return ""
}

// checkEvents looks at the events: each is one that the device has had, and where nothing went wrong each came once.
func (p *play) checkEvents(entries []session.Entry) {
	came := make(map[string]int)
	for _, e := range entries {
		if e.Event == nil || e.Event.Alert != omadm.AlertGeneric || e.Event.Type == endKind {
			continue
		}
		if !slices.ContainsFunc(p.talk.notices, func(n notice) bool { return n.kind == e.Event.Type && n.text == e.Event.Data.Value }) {
			p.find("events", "one of type %s with %d octets, which the device has not", e.Event.Type, len(e.Event.Data.Value))
		}
		if came[e.Event.Data.Value]++; p.calm() && came[e.Event.Data.Value] > 1 {
			p.find("events", "one of type %s came %d times", e.Event.Type, came[e.Event.Data.Value])
		}
	}
}

// What the octets that the server writes may be: so many for each message, for each command of the device, and for each
// operation that it sends beside the payload.
const (
	perMessage   = 1400
	perCommand   = 400
	perOperation = 500
	perOctet     = 6 // of payload: as an entity reference
	perObject    = 3 // times that an object is sent in a session, because the device loses it
)

// checkOctets holds what the server wrote against what there was to say.
func (p *play) checkOctets(outcomes map[omadm.RequestID]omadm.Outcome) {
	most := perMessage*p.wire.messages + perCommand*p.wire.commands
	for i := range p.talk.wishes {
		r := &p.talk.wishes[i].request
		most += outcomes[r.ID].Attempts * perObject * (perOperation*len(r.Ops) + perOctet*r.Size())
	}
	if p.wire.octets > most {
		p.find("octets", "the server wrote %d, which is more than %d", p.wire.octets, most)
	}
}

// checkSecrets looks for secrets in all that people may see.
func (p *play) checkSecrets(outcomes map[omadm.RequestID]omadm.Outcome) {
	for _, o := range outcomes {
		fmt.Fprintf(&p.log, "%+v\n", o)
	}
	secrets := append(p.talk.secrets(), p.nonces...)
	for _, user := range []string{userName + ":" + devicePassword, serverName + ":" + serverPassword} {
		secrets = append(secrets, omadm.Bytes([]byte(user)).Data.Value)
	}
	for _, s := range secrets {
		if bytes.Contains(p.log.Bytes(), []byte(s)) {
			p.find("secrets", "%.8q… is in the log", s)
		}
		for name, f := range p.recorded {
			if bytes.Contains(f.Data, []byte(s)) {
				p.find("secrets", "%.8q… is in %s of the recording", s, name)
			}
		}
	}
	dialogue := p.dialogue()
	for _, s := range secrets {
		if strings.Contains(dialogue, s) {
			p.find("secrets", "%.8q… is in the dialogue", s)
		}
	}
}

// checkLeftOver sweeps when the device is long gone, and forgets the results: nothing but the device is left.
func (p *play) checkLeftOver(ctx context.Context) {
	p.now = p.now.Add(24 * time.Hour)
	p.sweep(ctx)
	rec := p.load(ctx)
	if len(rec.Sessions)+len(rec.Parts)+len(rec.Requests)+len(rec.Reply) > 0 {
		p.find("left over", "%d sessions, %d parts, %d requests", len(rec.Sessions), len(rec.Parts), len(rec.Requests))
	}
	if pruner, ok := p.store.(session.Pruner); ok {
		p.prune(ctx, pruner)
	}
	if s, ok := p.store.(interface {
		left(context.Context) (string, error)
	}); ok {
		if rows, err := s.left(ctx); err != nil || rows != "" {
			p.find("left over", "%s%v", rows, err)
		}
	}
}

// prune forgets all results.
func (p *play) prune(ctx context.Context, pruner session.Pruner) {
	entries, err := p.store.Results(ctx, "", 1<<30)
	for n := len(entries); n > 0 && err == nil; {
		n, err = pruner.Prune(ctx, entries[len(entries)-1].Cursor, 100)
	}
	if err != nil {
		p.find("left over", "Prune: %v", err)
	}
	if entries, err = p.store.Results(ctx, "", 1<<30); err != nil || len(entries) > 0 {
		p.find("left over", "%d results, %v", len(entries), err)
	}
}
