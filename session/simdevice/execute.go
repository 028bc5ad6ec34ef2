package simdevice

import (
	"strconv"
	"strings"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/syncml"
)

// executor carries out the commands of one message of the server.
type executor struct {
	s         *session
	msgID     string
	statuses  []syncml.Command
	results   []syncml.Command
	cancelled bool // the user cancelled: the rest of the message is not run
}

// answerTo carries out the commands of the server's message and returns what the device has to say about them:
// all Status elements in the order of the commands, then the Results, then alerts that are waiting.
func (s *session) answerTo(c *check) []syncml.Command {
	x := &executor{s: s, msgID: c.m.Header.MsgID}
	for _, cmd := range c.m.Body {
		if _, ok := cmd.(*syncml.Status); ok {
			continue
		}
		x.run(cmd, nil)
	}
	if s.closed { // a package of the device that is open goes on as it was begun
		mark := len(s.outbox)
		s.takeNotices()
		x.results = append(x.results, s.outbox[mark:]...)
		s.outbox = s.outbox[:mark]
	}
	return append(x.statuses, x.results...)
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
	if x.cancelled {
		x.skip(c)
		return false
	}
	switch c := c.(type) {
	case *syncml.Atomic:
		return x.atomic(c, meta)
	case *syncml.Sequence:
		return x.sequence(c, meta)
	}
	outcomes := x.items(c, meta)
	x.answer(c, outcomes)
	return x.wentWell(outcomes)
}

// sequence carries out the members in their order; behind one that fails none is run (section 6.6.14).
func (x *executor) sequence(c *syncml.Sequence, meta *syncml.Meta) bool {
	x.status(c, outcome{status: omadm.StatusOK}, "")
	well := true
	for _, member := range c.Body {
		if well {
			well = x.run(member, merge(meta, c.Meta))
		} else {
			x.skip(member)
		}
	}
	return well
}

// atomic carries out the members or, when one of them fails, undoes those before it (section 6.6.3).
func (x *executor) atomic(c *syncml.Atomic, meta *syncml.Meta) bool {
	meta = merge(meta, c.Meta)
	outcomes := make([][]outcome, len(c.Body))
	culprit := len(c.Body)
	for i, member := range c.Body {
		if outcomes[i] = x.member(member, meta); !x.wentWell(outcomes[i]) {
			culprit = i
			break
		}
	}
	if culprit < len(c.Body) {
		for i := culprit; i >= 0; i-- {
			rollBack(outcomes[i])
		}
		x.status(c, outcome{status: omadm.StatusAtomicFailed}, "")
	} else {
		x.status(c, outcome{status: omadm.StatusOK}, "")
	}
	for i, member := range c.Body {
		switch {
		case i > culprit:
			x.skip(member)
		case isGroup(member):
			x.status(member, outcomes[i][0], "")
			x.skipBody(member)
		default:
			x.answer(member, outcomes[i])
		}
	}
	return culprit == len(c.Body)
}

// member carries out one member of an Atomic. Windows answers 500 to what may not stand there.
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
		return []outcome{{status: omadm.StatusBadRequest}} // Windows does not say 501
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
	case userScope(o.uri) && x.s.d.LoginStatus != "" && x.s.d.LoginStatus != loginUser:
		x.s.violate("W-4", "%s of a node below ./User while nobody is signed in", c.Name())
		o.status = omadm.StatusNotFound
	case it.MoreData: // LrgObj is false
		o.status = omadm.StatusFeatureNotSupported
	default:
		x.do(c, &o, meta)
	}
	return o
}

// do carries out an item that has a target.
func (x *executor) do(c syncml.Command, o *outcome, meta *syncml.Meta) {
	node := Node{Format: meta.Format, Type: meta.Type, Value: o.data}
	valueless := meta.Format == "node" || meta.Format == "null"
	switch c.(type) {
	case *syncml.Add, *syncml.Replace:
		if o.data.Kind == syncml.NoData && !valueless && !strings.Contains(o.uri, "?") {
			x.s.violate("D-11", "%s of %q has no Data", c.Name(), o.uri)
			o.status = omadm.StatusIncompleteCommand
			return
		}
	}
	switch c.(type) {
	case *syncml.Add:
		o.status, o.undo = x.s.tree.add(o.uri, node)
	case *syncml.Replace:
		o.status, o.undo = x.s.tree.replace(o.uri, node)
	case *syncml.Delete:
		o.status, o.undo = x.s.tree.remove(o.uri)
	case *syncml.Exec:
		o.status = x.s.tree.exec(o.uri, o.data)
	case *syncml.Get:
		o.items, o.status = x.s.tree.get(o.uri)
	default: // Copy is optional for a client (section 6.6.4)
		o.status = omadm.StatusFeatureNotSupported
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
	n, err := strconv.Atoi(o.uri)
	switch code := omadm.AlertCode(n); {
	case err != nil:
		o.status = omadm.StatusFeatureNotSupported
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
	q, ok := question(code, items)
	if !ok {
		return omadm.StatusIncompleteCommand, nil
	}
	a := x.s.d.Answer(q)
	if a.Status == 0 {
		a.Status = omadm.StatusOK
	}
	var answers []syncml.Item
	for _, text := range a.Items {
		answers = append(answers, syncml.Item{Data: syncml.Text(text)})
	}
	return a.Status, answers
}

// skip answers a command that is not run, and all in it, with 215.
func (x *executor) skip(c syncml.Command) {
	if isGroup(c) {
		x.status(c, outcome{status: omadm.StatusNotExecuted}, "")
		x.skipBody(c)
		return
	}
	var outcomes []outcome
	for _, it := range c.ItemList() {
		outcomes = append(outcomes, outcome{uri: it.Target.URI, data: it.Data, status: omadm.StatusNotExecuted})
	}
	if a, ok := c.(*syncml.Alert); ok || outcomes == nil {
		outcomes = []outcome{{status: omadm.StatusNotExecuted}}
		if ok {
			outcomes[0].uri = strings.TrimSpace(a.Data.Value)
		}
	}
	x.answer(c, outcomes)
}

// skipBody skips the members of a group.
func (x *executor) skipBody(c syncml.Command) {
	var body []syncml.Command
	switch c := c.(type) {
	case *syncml.Atomic:
		body = c.Body
	case *syncml.Sequence:
		body = c.Body
	}
	for _, member := range body {
		x.skip(member)
	}
}

// answer writes the statuses of a command: one for each item of a Get, and one for each item where they differ;
// else one for all (MS-MDM section 2.2.6.1). The Results of a Get come behind.
func (x *executor) answer(c syncml.Command, outcomes []outcome) {
	x.s.report.Commands++
	_, isGet := c.(*syncml.Get)
	each := isGet
	for _, o := range outcomes {
		each = each || o.status != outcomes[0].status
	}
	var found []syncml.Item
	for i, o := range outcomes {
		x.s.d.count(c.Name(), o.uri, o.data, fateOf(o.status))
		switch {
		case each:
			x.status(c, o, o.uri)
		case i == 0:
			x.status(c, o, "")
		}
		if isGet {
			found = append(found, o.items...)
		}
	}
	if len(found) > 0 {
		x.results = append(x.results, &syncml.Results{MsgRef: x.msgID, CmdRef: c.ID(), Items: found})
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
		return skipped
	}
	return refused
}

// status writes one Status; targetRef is empty when it concerns the whole command.
func (x *executor) status(c syncml.Command, o outcome, targetRef string) {
	st := &syncml.Status{MsgRef: x.msgID, CmdRef: c.ID(), Cmd: c.Name(), Data: code(int(o.status))}
	if targetRef != "" {
		st.TargetRefs = []string{targetRef}
	}
	if _, ok := c.(*syncml.Alert); ok {
		st.Items = o.items
	}
	if x.s.d.SyncApplicationVersion >= 3 && o.status >= 400 {
		st.Data.OriginalError = originalError(o.status)
	}
	x.statuses = append(x.statuses, st)
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
	}
	return m
}
