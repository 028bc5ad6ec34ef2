package capture

import (
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/syncml"
)

// Asked is what the server of a recording asked for with one command, or with one Atomic or Sequence, and what the device
// said about it. What went out more than once, because the device was gone, or refused the message, or undid an Atomic
// whose statuses were too large (517), is one Asked.
type Asked struct {
	Number int // of the exchange in which it went out first
	Begins int // the exchange that its session began with
	// Request can be queued again. Its ID is the number of the exchange and the CmdID, such as "3.5". The parts of a large
	// object are joined. Secrets are as they stand in the recording.
	Request  omadm.Request
	Group    omadm.Report   // of an Atomic or a Sequence
	Ops      []omadm.Report // one for each operation of the request
	Results  []omadm.Result // the statuses and values that make the reports, in the order of the operations
	Sent     []int          // the exchanges in which it went out, each time anew
	Attempts int            // how often it went out
	Err      error          // why the request cannot be queued; nil: it can
}

// Outcome is how it ended, as far as the recording tells, see omadm.Summarize.
func (a *Asked) Outcome() (omadm.Outcome, bool) {
	return omadm.Summarize(&a.Request, a.Attempts, a.Group, a.Ops)
}

// Asked returns what the server asked for, in its order.
func (r *Recording) Asked() []Asked {
	var list []Asked
	for _, e := range r.errands() {
		list = append(list, e.asked())
	}
	return list
}

// errand is a command of the server on the top level, with each time that it went out.
type errand struct {
	Asked
	turn      *turn // in which it went out first
	thread    *thread
	tries     [][]*deed // all deeds of the errand, once for each time it went out
	settled   bool      // the device had closed its package since
	withdrawn bool      // the device refused the message that it came with
}

// deed is one operation, or one Atomic or Sequence as a whole (omadm.GroupOp), and what the device said about it.
type deed struct {
	errand   *errand
	op       int
	cmdID    string
	verb     string
	uri      string
	data     syncml.Data
	statuses []*syncml.Status // those that are no intermediate ones
	results  []syncml.Item
}

func (e *errand) asked() Asked {
	a := e.Asked
	a.Attempts = len(e.tries)
	a.Ops = make([]omadm.Report, len(a.Request.Ops))
	for _, d := range e.tries[len(e.tries)-1] {
		a.Results = append(a.Results, d.result(e.Request.ID)...)
		switch rep := d.report(); {
		case d.op == omadm.GroupOp:
			a.Group = rep
		case d.op < len(a.Ops):
			a.Ops[d.op] = rep
		}
	}
	return a
}

// result returns what the device said, as a store has it.
func (d *deed) result(id omadm.RequestID) (list []omadm.Result) {
	if n := len(d.statuses); n > 0 {
		rep := d.report()
		list = append(list, omadm.Result{Request: id, Op: d.op, Status: rep.Status, HRESULT: rep.HRESULT, Items: d.statuses[n-1].Items})
	}
	if len(d.results) > 0 {
		list = append(list, omadm.Result{Request: id, Op: d.op, Items: d.results})
	}
	return list
}

// report is the last that the device said.
func (d *deed) report() omadm.Report {
	if len(d.statuses) == 0 {
		return omadm.Report{}
	}
	st := d.statuses[len(d.statuses)-1]
	code, _ := omadm.ParseStatus(st.Data.Value)
	text := strings.TrimPrefix(strings.ToLower(strings.TrimSpace(st.Data.OriginalError)), "0x")
	n, err := strconv.ParseUint(text, 16, 32)
	if err != nil {
		n = 0
	}
	return omadm.Report{Status: code, HRESULT: uint32(n)}
}

// answered reports whether the device said anything about a try.
func answered(try []*deed) bool {
	return slices.ContainsFunc(try, func(d *deed) bool { return len(d.statuses) > 0 })
}

// hearing reads what was asked and answered.
type hearing struct {
	errands []*errand
	threads map[*thread]*account
	open    map[*thread][]*errand // those that are not settled, and perhaps others
	alike   map[likeness][]*errand
}

// likeness is what errands that ask for the same have in common.
type likeness struct {
	group omadm.Group
	ops   int
	verb  omadm.Verb
	uri   omadm.URI
}

func (e *errand) likeness() likeness {
	l := likeness{group: e.Request.Group, ops: len(e.Request.Ops)}
	if l.ops > 0 {
		l.verb, l.uri = e.Request.Ops[0].Verb, e.Request.Ops[0].URI
	}
	return l
}

// maxAlike is among how many errands that are alike, the latest ones, one is looked for that goes out once more.
const maxAlike = 256

// account is what is known of a session.
type account struct {
	refs   map[handle][]*deed
	nodes  map[*deed]map[omadm.URI]*deed // of the list of refs that begins with a deed
	last   []handle                      // of the last message of the server
	object *deed                         // large object of the server that goes on, or went on last
	value  text                          // of object
	goesOn bool
	coming *syncml.Item // large object of the device
	came   text         // of coming
}

// text is what parts make together. A Builder gives what it has without a copy, so that many parts take linear time.
type text struct{ *strings.Builder }

// join puts a part behind what there is of the value of an object.
func (t *text) join(whole, part string) string {
	if t.Builder == nil || t.Len() != len(whole) { // of another object
		t.Builder = new(strings.Builder)
		t.WriteString(whole)
	}
	t.WriteString(part)
	return t.String()
}

// handle is a MsgRef and a CmdRef.
type handle struct{ msg, cmd string }

func (r *Recording) errands() []*errand {
	h := hearing{
		threads: make(map[*thread]*account), open: make(map[*thread][]*errand), alike: make(map[likeness][]*errand),
	}
	for _, x := range r.turns() {
		if x.ask == nil || x.repeated {
			continue
		}
		a := h.threads[x.thread]
		if a == nil {
			a = &account{refs: make(map[handle][]*deed)}
			h.threads[x.thread] = a
			h.settle(nil) // what is not answered by now will not be
		}
		h.device(x, a)
		if x.answer != nil {
			h.server(x, a)
		}
	}
	return slices.DeleteFunc(h.errands, func(e *errand) bool { return e.withdrawn })
}

// settle notes that nothing more will be said about what was asked: in a session, or in all.
func (h *hearing) settle(t *thread) {
	if t == nil {
		for t := range h.open {
			h.settle(t)
		}
		return
	}
	for _, e := range h.open[t] {
		e.settled = e.settled || e.thread == t // else it went out in another session since
	}
	delete(h.open, t)
}

// device takes up what a device says.
func (h *hearing) device(x *turn, a *account) {
	rejects := refused(x.ask)
	if rejects {
		for _, ref := range a.last {
			for _, d := range a.refs[ref] {
				d.errand.withdrawn = true
			}
		}
	}
	aborts := false
	for _, c := range x.ask.Body {
		switch c := c.(type) {
		case *syncml.Status:
			if !rejects { // else it says that nothing was executed
				a.status(c)
			}
		case *syncml.Results:
			a.results(c)
		case *syncml.Alert:
			aborts = aborts || alertCode(c) == omadm.AlertSessionAbort
			if alertCode(c) == omadm.AlertNoEndOfData && a.object != nil {
				a.object.errand.withdrawn, a.goesOn = true, false
			}
		}
	}
	if x.ask.Final || aborts {
		h.settle(x.thread)
	}
}

// status notes a Status.
func (a *account) status(c *syncml.Status) {
	code, err := omadm.ParseStatus(c.Data.Value)
	if err != nil || c.CmdRef == "" || c.CmdRef == "0" || code.Class() == omadm.ClassPending || code.Class() == omadm.ClassProgress {
		return
	}
	list := a.find(c.Cmd, c.MsgRef, c.CmdRef)
	refs := make(map[omadm.URI]bool)
	for _, list := range [...][]string{c.TargetRefs, c.SourceRefs} {
		for _, ref := range list {
			refs[omadm.URI(ref).Canonical()] = true
		}
	}
	for _, d := range list {
		if len(list) == 1 || len(refs) == 0 || refs[omadm.URI(d.uri).Canonical()] {
			d.statuses = append(d.statuses, c)
		}
	}
}

// find returns what a reference is about. Samples refer to another message than they mean: then it is the command of that
// name in the last one.
func (a *account) find(cmd, msgRef, cmdRef string) []*deed {
	list := a.refs[handle{msgRef, cmdRef}]
	if len(list) > 0 && (cmd == "" || list[0].verb == cmd) {
		return list
	}
	for _, ref := range a.last {
		if other := a.refs[ref]; ref.cmd == cmdRef && (cmd == "" || other[0].verb == cmd) {
			return other
		}
	}
	return list
}

// results notes values, and joins those that come in parts.
func (a *account) results(c *syncml.Results) {
	msgRef, cmdRef := c.MsgRef, c.CmdRef
	if msgRef == "" {
		msgRef = "1"
	}
	if cmdRef == "" {
		cmdRef = "1"
	}
	list := a.find("Get", msgRef, cmdRef)
	for i := range c.Items {
		it := c.Items[i]
		if v := omadm.ItemValue(&it, c.Meta); it.Meta == nil && c.Meta != nil {
			it.Meta = &syncml.Meta{Format: string(v.Format), Type: v.Type}
		}
		if a.coming != nil && a.coming.Source.URI == it.Source.URI {
			a.coming.Data.Value = a.came.join(a.coming.Data.Value, it.Data.Value)
			it.Meta, it.Data = a.coming.Meta, a.coming.Data
		} else {
			a.came = text{}
		}
		a.coming = nil
		if it.MoreData {
			a.coming = &it
			continue
		}
		if d := a.nearest(list, it.Source.URI); d != nil {
			d.results = append(d.results, it)
		}
	}
}

// nearest returns the deed that asked for a node: that of the node, or else of the one nearest above, or else the first.
func (a *account) nearest(list []*deed, uri string) *deed {
	if len(list) < 2 {
		return first(list)
	}
	nodes := a.nodes[list[0]]
	if nodes == nil {
		nodes = make(map[omadm.URI]*deed, len(list))
		for _, d := range slices.Backward(list) { // of two for one node the first counts
			nodes[omadm.URI(d.uri).Path().Canonical()] = d
		}
		if a.nodes == nil {
			a.nodes = make(map[*deed]map[omadm.URI]*deed)
		}
		a.nodes[list[0]] = nodes
	}
	for u := omadm.URI(uri).Path().Canonical(); ; u = u.Parent() {
		if d := nodes[u]; d != nil {
			return d
		}
		if u.Parent() == u {
			return list[0]
		}
	}
}

func first(list []*deed) *deed {
	if len(list) == 0 {
		return nil
	}
	return list[0]
}

// server takes up what the server asks for.
func (h *hearing) server(x *turn, a *account) {
	a.last = nil
	for _, c := range x.answer.Body {
		if _, status := c.(*syncml.Status); status || isFlow(c) {
			continue
		}
		if a.goesOn && a.part(x, c) {
			continue
		}
		a.goesOn = false
		e := newErrand(x, c)
		if old := h.again(e); old != nil {
			for _, d := range e.tries[0] {
				d.errand = old
			}
			old.tries, old.Sent = append(old.tries, e.tries[0]), append(old.Sent, x.in.Number)
			old.Request.Ops = e.Request.Ops
			old.thread, old.settled, old.withdrawn = x.thread, false, false
			e = old
		} else {
			h.errands = append(h.errands, e)
			h.alike[e.likeness()] = append(h.alike[e.likeness()], e)
		}
		h.open[x.thread] = append(h.open[x.thread], e)
		a.note(x.answer.Header.MsgID, c, e.tries[len(e.tries)-1])
		if items := c.ItemList(); len(items) > 0 && items[len(items)-1].MoreData {
			try := e.tries[len(e.tries)-1]
			a.object, a.goesOn, a.value = try[len(try)-1], true, text{}
		}
	}
}

// again finds an errand that goes out once more.
func (h *hearing) again(e *errand) *errand {
	alike := h.alike[e.likeness()]
	for _, old := range alike[max(len(alike)-maxAlike, 0):] {
		try := old.tries[len(old.tries)-1]
		lost := old.settled && !answered(try)
		undone := old.settled && try[0].op == omadm.GroupOp && try[0].report().Status == omadm.StatusAtomicResponseTooLarge
		if (old.withdrawn || lost || undone) && old.same(e) {
			return old
		}
	}
	return nil
}

// same reports whether two errands ask for the same. Of a large object the one has the whole, the other the first part.
func (e *errand) same(f *errand) bool {
	if e.Request.Group != f.Request.Group || len(e.Request.Ops) != len(f.Request.Ops) {
		return false
	}
	for i, op := range e.Request.Ops {
		other := f.Request.Ops[i]
		if strings.HasPrefix(op.Value.Data.Value, other.Value.Data.Value) {
			op.Value.Data.Value = other.Value.Data.Value
		}
		if !reflect.DeepEqual(op, other) {
			return false
		}
	}
	return true
}

// part takes up a later part of a large object. It reports whether c is one.
func (a *account) part(x *turn, c syncml.Command) bool {
	items := c.ItemList()
	d := a.object
	if len(items) == 0 || c.Name() != d.verb || items[0].Target.URI != d.uri || items[0].Meta != nil && items[0].Meta.Size != "" {
		return false
	}
	d.data.Value = a.value.join(d.data.Value, items[0].Data.Value)
	if d.op < len(d.errand.Request.Ops) {
		d.errand.Request.Ops[d.op].Value.Data.Value = d.data.Value
	}
	a.goesOn = items[0].MoreData
	a.refer(handle{x.answer.Header.MsgID, c.ID()}, d)
	return true
}

func (a *account) refer(ref handle, list ...*deed) {
	if ref.cmd == "" || len(list) == 0 {
		return
	}
	a.refs[ref] = list
	a.last = append(a.last, ref)
}

// note notes which deeds the references of an errand are about. They come in the order of the commands.
func (a *account) note(msgID string, c syncml.Command, try []*deed) {
	if try[0].op == omadm.GroupOp {
		a.refer(handle{msgID, c.ID()}, try[0])
		try = try[1:]
		for _, member := range partsOf(c).body {
			n := min(deeds(member), len(try))
			a.refer(handle{msgID, member.ID()}, try[:n]...)
			try = try[n:]
		}
		return
	}
	a.refer(handle{msgID, c.ID()}, try...)
}

// deeds returns how many operations a command has.
func deeds(c syncml.Command) int {
	if _, alert := c.(*syncml.Alert); alert {
		return 1
	}
	return max(len(c.ItemList()), 1)
}

// newErrand reads a command.
func newErrand(x *turn, c syncml.Command) *errand {
	e := &errand{turn: x, thread: x.thread}
	e.Number, e.Begins, e.Sent = x.in.Number, x.thread.turns[0].in.Number, []int{x.in.Number}
	e.Request.ID = omadm.RequestID(fmt.Sprintf("%d.%s", x.in.Number, c.ID()))
	p := partsOf(c)
	switch c.(type) {
	case *syncml.Atomic:
		e.Request.Group = omadm.Atomic
	case *syncml.Sequence:
		e.Request.Group = omadm.Sequence
	}
	var try []*deed
	if e.Request.Group == omadm.Each {
		try = e.read(c, p.meta)
	} else {
		try = append(try, &deed{errand: e, op: omadm.GroupOp, verb: c.Name()})
		for _, member := range p.body {
			try = append(try, e.read(member, partsOf(member).meta, p.meta)...)
		}
	}
	e.tries = [][]*deed{try}
	e.Request.Normalize()
	// A part is no value yet: only what is whole can be judged.
	if items := c.ItemList(); e.Err == nil && !slices.ContainsFunc(items, func(it syncml.Item) bool { return it.MoreData }) {
		e.Err = e.Request.Validate()
	}
	return e
}

// read appends the operations of a command to the request.
func (e *errand) read(c syncml.Command, metas ...*syncml.Meta) (try []*deed) {
	add := func(op omadm.Op, uri string, data syncml.Data) {
		try = append(try, &deed{errand: e, op: len(e.Request.Ops), cmdID: c.ID(), verb: c.Name(), uri: uri, data: data})
		e.Request.Ops = append(e.Request.Ops, op)
	}
	if a, ok := c.(*syncml.Alert); ok {
		alert, err := userAlert(a)
		if err != nil && e.Err == nil {
			e.Err = err
		}
		add(alert.Op(), a.Data.Value, syncml.Text(alert.Text))
		return try
	}
	verb, ok := verbs[c.Name()]
	if !ok && e.Err == nil {
		e.Err = fmt.Errorf("capture: %s is no command of a server", printable(c.Name()))
	}
	items := c.ItemList()
	if len(items) > 1 {
		e.Request.Combine = true
	}
	for i := range items {
		add(operation(verb, c, &items[i], metas...), items[i].Target.URI, items[i].Data)
	}
	if len(items) == 0 {
		add(omadm.Op{Verb: verb}, "", syncml.Data{})
	}
	return try
}

var verbs = map[string]omadm.Verb{
	"Add": omadm.Add, "Copy": omadm.Copy, "Delete": omadm.Delete, "Exec": omadm.Exec, "Get": omadm.Get, "Replace": omadm.Replace,
}

// operation reads an item. What some servers write and ours does not is made right: white space in addresses, and the
// missing value of an Add.
func operation(verb omadm.Verb, c syncml.Command, it *syncml.Item, metas ...*syncml.Meta) omadm.Op {
	op := omadm.Op{Verb: verb, URI: address(it.Target.URI)}
	switch verb {
	case omadm.Copy:
		op.From = address(it.Source.URI)
	case omadm.Add, omadm.Replace:
		op.Value = valueOf(it, metas...)
		if f := op.Value.Format; op.Value.Data.Kind == syncml.NoData && f != omadm.FormatNode && f != omadm.FormatNull {
			op.Value.Data = syncml.Text("")
		}
	case omadm.Exec:
		op.Correlator = c.(*syncml.Exec).Correlator
		if v := valueOf(it, metas...); it.Data.Kind != syncml.NoData || v.Format == omadm.FormatNull || v.Format == omadm.FormatNode {
			op.Value = v
		}
	}
	return op
}

func valueOf(it *syncml.Item, metas ...*syncml.Meta) omadm.Value {
	v := omadm.ItemValue(it, metas...)
	v.Format, v.Type = omadm.Format(strings.TrimSpace(string(v.Format))), strings.TrimSpace(v.Type)
	v.Data.OriginalError = ""
	return v
}

func address(s string) omadm.URI {
	if omadm.URI(s).Validate() == nil {
		return omadm.URI(s)
	}
	names := strings.Split(s, "/")
	for i := range names {
		names[i] = strings.TrimSpace(names[i])
	}
	return omadm.URI(strings.Join(names, "/"))
}

// userAlert reads an alert to the user (OMA DM Protocol 1.2.1, section 10).
func userAlert(c *syncml.Alert) (omadm.UserAlert, error) {
	a := omadm.UserAlert{Code: alertCode(c)}
	if len(c.Items) < 2 {
		return a, fmt.Errorf("capture: alert %d has no text", int(a.Code))
	}
	options, err := url.ParseQuery(strings.TrimSpace(c.Items[0].Data.Value))
	if err != nil {
		return a, fmt.Errorf("capture: alert %d has options that cannot be read", int(a.Code))
	}
	a.Text = c.Items[1].Data.Value
	for _, it := range c.Items[2:] {
		a.Choices = append(a.Choices, it.Data.Value)
	}
	number := func(name string) int {
		n, _ := strconv.Atoi(options.Get(name)) // 0: the device decides
		return n
	}
	a.MinDisplay, a.MaxDisplay = time.Duration(number("MINDT"))*time.Second, time.Duration(number("MAXDT"))*time.Second
	a.Default, a.MaxLength = options.Get("DR"), number("MAXLEN")
	a.Input = omadm.InputType(max(strings.Index("ANDTPI", options.Get("IT")), 0))
	if options.Get("ET") == "P" {
		a.Echo = omadm.EchoHidden
	}
	return a, nil
}
