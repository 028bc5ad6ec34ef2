package simdevice

import (
	"strings"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/syncml"
)

// executor carries out the commands of one message of the server.
type executor struct {
	s         *session
	m         *syncml.Message
	statuses  []*unit
	results   []*unit
	grouped   bool         // members of a group are carried out
	cancelled bool         // the user cancelled: the rest of the message is not run
	refusal   omadm.Status // of the whole message: nothing is run; 0: none
}

// answerTo carries out the commands of the server's message and returns what the device has to say about them:
// all Status elements in the order of the commands, then the Results, then alerts that are waiting.
func (s *session) answerTo(c *check) []*unit {
	if failed(s.proof.answer) && c.commands {
		return s.refuse(c)
	}
	x := &executor{s: s, m: c.m}
	open, full := s.turn == deviceOpen, c.full()
	var news []*unit
	if !open && !full { // a package that is open goes on as it was begun
		news = s.news()
	}
	if s.coming != nil && !c.continued {
		news = append(s.interrupt(), news...)
	}
	for _, cmd := range c.m.Body {
		if !isStatus(cmd) {
			x.run(cmd, nil)
		}
	}
	if !open {
		s.turn = deviceClosed
		switch last := len(x.statuses) - 1; {
		case c.more && s.large() && last >= 0:
			s.turn, s.ack, x.statuses = serverOpen, x.statuses[last], x.statuses[:last]
		case full:
			s.turn, s.ack = serverFull, &unit{}
		case c.commands:
			s.busy = s.d.KeepAlive
		}
	}
	return append(append(x.statuses, x.results...), news...)
}

// news returns the alerts that wait for the next package.
func (s *session) news() []*unit {
	mark := len(s.outbox)
	s.takeNotices()
	units := s.outbox[mark:]
	s.outbox = s.outbox[:mark:mark]
	return units
}

// outcome is what became of one item.
type outcome struct {
	uri    string // target, or the code of an alert
	data   syncml.Data
	status omadm.Status
	undo   undo          // nil: there is nothing to undo
	items  []syncml.Item // of a Status, or of Results
}

// run carries out a command that is not member of an Atomic. It reports whether all went well.
func (x *executor) run(c syncml.Command, meta *syncml.Meta) bool {
	if x.cancelled || x.refusal != 0 {
		x.pass(c)
		return false
	}
	switch c := c.(type) {
	case *syncml.Atomic:
		return x.atomic(c, meta)
	case *syncml.Sequence:
		return x.sequence(c, meta)
	}
	outcomes := x.items(c, meta)
	x.say(x.statusesOf(c, outcomes))
	x.count(c, outcomes)
	x.found(c, outcomes)
	return x.wentWell(outcomes)
}

// say queues statuses, one by one. Those that answer an alert of the server are prompt.
func (x *executor) say(statuses []syncml.Command) {
	for _, st := range statuses {
		prompt := x.s.turn == deviceOpen
		x.statuses = append(x.statuses, &unit{commands: []syncml.Command{st}, prompt: prompt})
	}
}

// sequence carries out the members in their order; behind one that fails none is run (section 6.6.14).
func (x *executor) sequence(c *syncml.Sequence, meta *syncml.Meta) bool {
	x.say([]syncml.Command{x.status(c, outcome{status: omadm.StatusOK}, "")})
	x.grouped = true
	defer func() { x.grouped = false }()
	well := true
	for _, member := range c.Body {
		if well {
			well = x.run(member, merge(meta, c.Meta))
		} else {
			x.pass(member)
		}
	}
	return well
}

// atomic carries out the members or, when one of them fails, undoes those before it (section 6.6.3). When its
// statuses do not fit into one message, all is undone and there is one Status, for the Atomic itself.
func (x *executor) atomic(c *syncml.Atomic, meta *syncml.Meta) bool {
	meta = merge(meta, c.Meta)
	x.grouped = true
	outcomes := make([][]outcome, len(c.Body))
	culprit := len(c.Body)
	for i, member := range c.Body {
		if outcomes[i] = x.member(member, meta); !x.wentWell(outcomes[i]) {
			culprit = i
			break
		}
	}
	x.grouped = false
	result := omadm.StatusOK
	if culprit < len(c.Body) {
		result = omadm.StatusAtomicFailed
	}
	statuses := x.atomicStatuses(c, result, outcomes, culprit)
	if !x.s.fitsAlone(x.m, statuses) {
		result = omadm.StatusAtomicResponseTooLarge
	}
	if result != omadm.StatusOK {
		for i := min(culprit, len(c.Body)-1); i >= 0; i-- {
			rollBack(outcomes[i])
		}
		statuses = x.atomicStatuses(c, result, outcomes, culprit)
	}
	if result == omadm.StatusAtomicResponseTooLarge {
		statuses = statuses[:1]
	}
	x.statuses = append(x.statuses, &unit{commands: statuses})
	for i, member := range c.Body {
		switch {
		case i > culprit:
			x.countSkipped(member)
		case isGroup(member):
			x.countSkippedBody(member)
		default:
			x.count(member, outcomes[i])
		}
	}
	return result == omadm.StatusOK
}

// atomicStatuses returns the Status of an Atomic and those of its members, of which those behind culprit were not
// run.
func (x *executor) atomicStatuses(
	c *syncml.Atomic, result omadm.Status, outcomes [][]outcome, culprit int,
) []syncml.Command {
	statuses := []syncml.Command{x.status(c, outcome{status: result}, "")}
	for i, member := range c.Body {
		switch {
		case i > culprit:
			statuses = append(statuses, x.skip(member)...)
		case isGroup(member):
			statuses = append(statuses, x.status(member, outcomes[i][0], ""))
			statuses = append(statuses, x.skipBody(member)...)
		default:
			statuses = append(statuses, x.statusesOf(member, outcomes[i])...)
		}
	}
	return statuses
}

// member carries out one member of an Atomic. What may not stand there is answered with 500.
func (x *executor) member(c syncml.Command, meta *syncml.Meta) []outcome {
	switch c.(type) {
	case *syncml.Add, *syncml.Alert, *syncml.Copy, *syncml.Delete, *syncml.Replace:
		return x.items(c, meta)
	}
	var refused []outcome
	for _, it := range c.ItemList() {
		refused = append(refused, outcome{uri: it.Target.URI, data: it.Data, status: omadm.StatusCommandFailed})
	}
	if refused == nil {
		refused = []outcome{{status: omadm.StatusCommandFailed}}
	}
	return refused
}

func isGroup(c syncml.Command) bool {
	switch c.(type) {
	case *syncml.Atomic, *syncml.Sequence:
		return true
	}
	return false
}

// wentWell reports whether all items were carried out, and notes when the user cancelled.
func (x *executor) wentWell(outcomes []outcome) bool {
	for _, o := range outcomes {
		if o.status == omadm.StatusOperationCancelled {
			x.cancelled = true
		}
		if !succeeded(o.status) {
			return false
		}
	}
	return true
}

// rollBack undoes in reverse order what was done.
func rollBack(outcomes []outcome) {
	for i := len(outcomes) - 1; i >= 0; i-- {
		o := &outcomes[i]
		switch {
		case !succeeded(o.status):
		case o.undo == nil || o.undo():
			o.status = omadm.StatusRolledBack
		default:
			o.status = omadm.StatusAtomicRollBackFailed
		}
	}
}

// succeeded reports whether a command with that status was carried out.
func succeeded(s omadm.Status) bool { return s == omadm.StatusOK || s == omadm.StatusAccepted }

// items carries out each item of a command that is not a group.
func (x *executor) items(c syncml.Command, meta *syncml.Meta) []outcome {
	switch c := c.(type) {
	case *syncml.Alert:
		return []outcome{x.alert(c)}
	case *syncml.Unknown:
		return []outcome{{status: x.s.traits.unknown}}
	case *syncml.Results:
		return []outcome{{status: omadm.StatusCommandNotAllowed}}
	}
	items := c.ItemList()
	if len(items) == 0 {
		return []outcome{{status: omadm.StatusIncompleteCommand}}
	}
	outcomes := make([]outcome, len(items))
	for i := range items {
		outcomes[i] = x.item(c, &items[i], merge(merge(meta, commandMeta(c)), items[i].Meta))
	}
	return outcomes
}

// item carries out one item of a command.
func (x *executor) item(c syncml.Command, it *syncml.Item, meta *syncml.Meta) outcome {
	o := outcome{uri: it.Target.URI, data: it.Data}
	switch {
	case c.ID() == "":
		o.status = omadm.StatusBadRequest
	case o.uri == "":
		o.status = omadm.StatusIncompleteCommand
	case !x.inScope(c, &o), !x.declaredOnly(c, &o):
	case it.MoreData || x.s.continues(c, it):
		if x.part(c, it, meta, &o) {
			x.do(c, it, &o, meta)
		}
	case int64(len(it.Data.Value)) > x.s.d.maxObject():
		o.status, o.data = omadm.StatusEntityTooLarge, syncml.Data{}
	default:
		x.do(c, it, &o, meta)
	}
	return o
}

// inScope reports whether the nodes of the user, or those of the device, are there for this session.
func (x *executor) inScope(c syncml.Command, o *outcome) bool {
	if !x.s.traits.login {
		return true
	}
	user, login := userScope(o.uri), x.s.d.LoginStatus
	switch sync := x.s.opts.SyncType; {
	case sync == "device" && user, sync == loginUser && !user:
		x.s.violate("W-13", "%s of a node that is not for a session of sync type %s", c.Name(), sync)
		o.status = omadm.StatusCommandNotAllowed
	case user && login != "" && login != loginUser:
		x.s.violate("W-4", "%s of a node below ./User while nobody is signed in", c.Name())
		o.status = omadm.StatusNotFound
	default:
		return true
	}
	return false
}

// do carries out an item that has a target.
func (x *executor) do(c syncml.Command, it *syncml.Item, o *outcome, meta *syncml.Meta) {
	tree := x.s.tree
	valueless := meta.Format == "node" || meta.Format == "null" || meta.Format == "" && x.s.tree.inbox(o.uri)
	format, value, ok := plain(meta.Format, o.data)
	node := Node{Format: format, Type: meta.Type, Value: value}
	serialised := x.s.traits.tnds && meta.Type == typeTNDS
	switch c.(type) {
	case *syncml.Add, *syncml.Replace:
		switch {
		case o.data.Kind == syncml.NoData && !valueless && !strings.Contains(o.uri, "?"):
			x.s.violate("D-11", "%s of %q has no Data", c.Name(), o.uri)
			o.status = omadm.StatusIncompleteCommand
			return
		case !ok, strings.HasPrefix(meta.Type, typeSerialised) && !serialised:
			o.status = omadm.StatusUnsupportedFormat
			return
		case !x.declare(o.uri, &node.Value):
			o.status = omadm.StatusCommandFailed
			return
		}
	}
	switch c := c.(type) {
	case *syncml.Add:
		if serialised {
			o.status, o.undo = tree.plant(Add, o.uri, value.Value)
			return
		}
		o.status, o.undo = tree.add(o.uri, node)
	case *syncml.Replace:
		if serialised {
			o.status, o.undo = tree.plant(Replace, o.uri, value.Value)
			return
		}
		o.status, o.undo = tree.replace(o.uri, node)
	case *syncml.Delete:
		o.status, o.undo = tree.remove(o.uri)
	case *syncml.Exec:
		x.exec(c, o)
	case *syncml.Get:
		x.get(o)
	case *syncml.Copy:
		x.copy(it, o)
	}
}

// exec carries out an Exec. When it goes on after its status, an alert tells later how it ended.
func (x *executor) exec(c *syncml.Exec, o *outcome) {
	var kind string
	o.status, kind = x.s.tree.exec(o.uri, o.data)
	if o.status != omadm.StatusAccepted || kind == "" {
		return
	}
	x.s.d.Notify(syncml.Alert{
		Data:       code(int(omadm.AlertGeneric)),
		Correlator: c.Correlator,
		Items: []syncml.Item{{
			Source: syncml.Location{URI: o.uri},
			Meta:   &syncml.Meta{Format: "chr", Type: kind, Mark: "informational"},
			Data:   code(int(omadm.StatusOK)),
		}},
	})
}

// get carries out a Get. What the server would not take is not sent.
func (x *executor) get(o *outcome) {
	o.items, o.status = x.s.tree.get(o.uri)
	x.s.carry(o.items)
	if x.s.tooLarge(o.items) {
		o.items, o.status = nil, omadm.StatusEntityTooLarge
	}
}

// copy carries out a Copy, which is optional for a client (section 6.6.4).
func (x *executor) copy(it *syncml.Item, o *outcome) {
	switch {
	case !x.s.traits.copies:
		o.status = omadm.StatusFeatureNotSupported
	case it.Source.URI == "":
		o.status = omadm.StatusIncompleteCommand
	default:
		o.status, o.undo = x.s.tree.copyLeaf(it.Source.URI, o.uri)
	}
}

// userScope reports whether uri names ./User or a node below it.
func userScope(uri string) bool {
	uri = strings.TrimPrefix(uri, "./")
	return uri == "User" || strings.HasPrefix(uri, "User/")
}

// alert carries out an alert of the server.
func (x *executor) alert(c *syncml.Alert) outcome {
	o := outcome{uri: strings.TrimSpace(c.Data.Value)}
	switch code := alertCode(c); {
	case code == omadm.AlertNextMessage, code == omadm.AlertNoEndOfData:
		o.status = omadm.StatusOK
	case code < omadm.AlertDisplay || code > omadm.AlertMultipleChoice, x.s.d.Answer == nil:
		o.status = omadm.StatusFeatureNotSupported
	default:
		o.status, o.items = x.ask(code, c.Items)
	}
	return o
}

// ask shows an alert to the user.
func (x *executor) ask(code omadm.AlertCode, items []syncml.Item) (omadm.Status, []syncml.Item) {
	q, row, _ := question(code, items)
	if row != "" {
		return omadm.StatusIncompleteCommand, nil
	}
	a := x.s.d.Answer(q)
	if a.Status == omadm.StatusRequestTimeout {
		a = q.silence()
	}
	if a.Status == 0 {
		a.Status = omadm.StatusOK
	}
	var answers []syncml.Item
	for _, text := range a.Items {
		answers = append(answers, syncml.Item{Data: syncml.Text(text)})
	}
	return a.Status, answers
}

// pass does not run a command.
func (x *executor) pass(c syncml.Command) {
	x.say(x.skip(c))
	x.countSkipped(c)
}

// unrun is the status of a command that is not run.
func (x *executor) unrun() omadm.Status {
	if x.refusal != 0 {
		return x.refusal
	}
	return omadm.StatusNotExecuted
}

// skip returns the statuses of a command that is not run, and of all in it.
func (x *executor) skip(c syncml.Command) []syncml.Command {
	if isGroup(c) {
		return append([]syncml.Command{x.status(c, outcome{status: x.unrun()}, "")}, x.skipBody(c)...)
	}
	return x.statusesOf(c, x.skipped(c))
}

// skipBody returns the statuses of the members of a group that is not run.
func (x *executor) skipBody(c syncml.Command) []syncml.Command {
	var statuses []syncml.Command
	for _, member := range members(c) {
		statuses = append(statuses, x.skip(member)...)
	}
	return statuses
}

// skipped returns the outcomes of the items of a command that is not run.
func (x *executor) skipped(c syncml.Command) []outcome {
	if a, ok := c.(*syncml.Alert); ok {
		return []outcome{{uri: strings.TrimSpace(a.Data.Value), status: x.unrun()}}
	}
	var outcomes []outcome
	for _, it := range c.ItemList() {
		outcomes = append(outcomes, outcome{uri: it.Target.URI, data: it.Data, status: x.unrun()})
	}
	if outcomes == nil {
		return []outcome{{status: x.unrun()}}
	}
	return outcomes
}

// statusesOf returns the statuses of a command that is not a group: one for each item where they differ, and on
// Windows of a Get, else one for all (MS-MDM section 2.2.6.1).
func (x *executor) statusesOf(c syncml.Command, outcomes []outcome) []syncml.Command {
	_, isGet := c.(*syncml.Get)
	each := isGet && x.s.traits.eachGet
	for _, o := range outcomes {
		each = each || o.status != outcomes[0].status
	}
	if !each {
		return []syncml.Command{x.status(c, outcomes[0], "")}
	}
	statuses := make([]syncml.Command, len(outcomes))
	for i, o := range outcomes {
		statuses[i] = x.status(c, o, o.uri)
	}
	return statuses
}

// found queues the Results of a Get.
func (x *executor) found(c syncml.Command, outcomes []outcome) {
	if _, ok := c.(*syncml.Get); !ok {
		return
	}
	r := &syncml.Results{MsgRef: x.m.Header.MsgID, CmdRef: c.ID()}
	for _, o := range outcomes {
		r.Items = append(r.Items, o.items...)
	}
	switch {
	case len(r.Items) == 0:
	case x.s.d.OneResult:
		x.results = append(x.results, apart(r)...)
	default:
		x.results = append(x.results, &unit{commands: []syncml.Command{r}})
	}
}

// count records what became of a command that is not a group. A part of a large object that is not the last counts
// for nothing.
func (x *executor) count(c syncml.Command, outcomes []outcome) {
	if outcomes[len(outcomes)-1].status != omadm.StatusChunkedItemAccepted {
		x.s.report.Commands++
	}
	for _, o := range outcomes {
		if o.status != omadm.StatusChunkedItemAccepted {
			x.s.d.count(c.Name(), o.uri, o.data, fateOf(o.status))
		}
	}
}

// countSkipped records that a command, and all in it, was not run.
func (x *executor) countSkipped(c syncml.Command) {
	if isGroup(c) {
		x.countSkippedBody(c)
		return
	}
	x.count(c, x.skipped(c))
}

func (x *executor) countSkippedBody(c syncml.Command) {
	for _, member := range members(c) {
		x.countSkipped(member)
	}
}

// fateOf returns what a status code says about an item.
func fateOf(s omadm.Status) fate {
	switch {
	case succeeded(s):
		return executed
	case s == omadm.StatusRolledBack, s == omadm.StatusAtomicRollBackFailed:
		return undone
	case s == omadm.StatusNotExecuted:
		return untried
	}
	return refused
}

// status returns one Status; targetRef is empty when it concerns the whole command.
func (x *executor) status(c syncml.Command, o outcome, targetRef string) syncml.Command {
	st := &syncml.Status{MsgRef: x.m.Header.MsgID, CmdRef: c.ID(), Cmd: c.Name(), Data: code(int(o.status))}
	if targetRef != "" {
		st.TargetRefs = []string{targetRef}
	}
	if _, ok := c.(*syncml.Alert); ok {
		st.Items = o.items
	}
	if x.s.d.SyncApplicationVersion >= 3 && o.status >= 400 {
		st.Data.OriginalError = originalError(o.status)
	}
	return st
}

// originalError returns the HRESULT that explains a status code.
func originalError(s omadm.Status) string {
	if s == omadm.StatusNotFound {
		return "0x86000002" // the node is not there
	}
	return "0x80004005" // unspecified
}

// commandMeta returns the Meta of a command, the default for its items.
func commandMeta(c syncml.Command) *syncml.Meta {
	switch c := c.(type) {
	case *syncml.Add:
		return c.Meta
	case *syncml.Copy:
		return c.Meta
	case *syncml.Delete:
		return c.Meta
	case *syncml.Exec:
		return c.Meta
	case *syncml.Get:
		return c.Meta
	case *syncml.Replace:
		return c.Meta
	}
	return nil
}

// merge returns inner with what it leaves out taken from outer; never nil.
func merge(outer, inner *syncml.Meta) *syncml.Meta {
	m := &syncml.Meta{}
	for _, from := range [...]*syncml.Meta{inner, outer} {
		if from == nil {
			continue
		}
		if m.Format == "" {
			m.Format = from.Format
		}
		if m.Type == "" {
			m.Type = from.Type
		}
		if m.Size == "" {
			m.Size = from.Size
		}
	}
	return m
}
