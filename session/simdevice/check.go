package simdevice

import (
	"slices"
	"strconv"
	"strings"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/syncml"
)

// check holds one message of the server against the specification.
type check struct {
	s      *session
	device *syncml.Message // the message that is answered
	m      *syncml.Message // the answer

	aborts    bool // there is an Alert 1223
	next      bool // there is an Alert 1222
	lost      bool // there is an Alert 1225
	commands  bool // there is something besides Status and these alerts
	more      bool // an item goes on in the next message
	continued bool // the first command goes on with the object of the message before
	joined    bool // an item was found, which was the part if continued
	after     bool // something was found behind a part of a large object

	in      Traffic      // as it came
	chal    *syncml.Chal // of the Status for the header
	scheme  Scheme       // that it asks for
	nonce   string       // that it gives
	seal    seal         // beside the message
	missing bool         // there is none although there has to be
}

// message checks everything.
func (c *check) message() {
	c.continued = c.goesOn()
	c.header(&c.m.Header)
	c.identifiers(c.m.Body, make(map[string]bool))
	c.body()
	c.statuses()
	c.packages()
}

// header checks the SyncHdr (OMA DM Protocol 1.2.1, section 8.4).
func (c *check) header(h *syncml.Header) {
	sent := &c.device.Header
	if h.Namespace != "" && h.VerDTD == sent.VerDTD {
		c.s.violate("V-1", "the namespace %q is not that of VerDTD %q", h.Namespace, h.VerDTD)
	}
	c.equal("V-9", "VerDTD", h.VerDTD, sent.VerDTD)
	c.equal("V-9", "VerProto", h.VerProto, sent.VerProto)
	c.equal("P-2", "SessionID", h.SessionID, c.s.id)
	c.equal("P-17", "MsgID", h.MsgID, strconv.Itoa(c.s.got))
	c.equal("X-2", "Target", h.Target.URI, c.s.d.ID)
	if h.Source.URI == "" {
		c.s.violate("X-2", "the header has no Source")
	}
	if h.RespURI != "" && !absolute(h.RespURI) {
		c.s.violate("P-33", "RespURI %q is not absolute", h.RespURI)
	}
	if h.NoResp {
		c.s.violate("S-11", "the header has NoResp")
	}
}

// absolute reports whether uri names a scheme and a host.
func absolute(uri string) bool { return strings.Contains(uri, "://") }

func (c *check) equal(row, what, got, want string) {
	if got != want {
		c.s.violate(row, "%s is %q, expected %q", what, got, want)
	}
}

// identifiers checks that CmdIDs are there, not 0 and unique, members of groups included.
func (c *check) identifiers(body []syncml.Command, seen map[string]bool) {
	for _, cmd := range body {
		switch id := cmd.ID(); {
		case id == "":
			c.s.violate("X-4", "a %s has no CmdID", cmd.Name())
		case id == "0":
			c.s.violate("X-21", "a %s has CmdID 0", cmd.Name())
		case seen[id]:
			c.s.violate("X-20", "CmdID %q of a %s was used before", id, cmd.Name())
		default:
			seen[id] = true
		}
		c.identifiers(members(cmd), seen)
	}
}

// members returns the commands inside a group.
func members(c syncml.Command) []syncml.Command {
	switch c := c.(type) {
	case *syncml.Atomic:
		return c.Body
	case *syncml.Sequence:
		return c.Body
	}
	return nil
}

// body checks the commands and notes what kinds there are.
func (c *check) body() {
	if len(c.m.Body) == 0 {
		c.s.violate("X-3", "the body is empty")
	}
	for _, cmd := range c.m.Body {
		if _, ok := cmd.(*syncml.Status); ok {
			if c.commands || c.next || c.aborts {
				c.s.violate("S-3", "a Status stands behind a command")
			}
			continue
		}
		c.command(cmd, "")
	}
}

// command checks one command that is not a Status; group is the name of the group around it, if there is one.
func (c *check) command(cmd syncml.Command, group string) {
	if c.more && !c.after {
		c.after = true
		c.s.violate("L-10", "a %s stands behind a part of an object", cmd.Name())
	}
	switch alertCode(cmd) {
	case omadm.AlertNextMessage:
		c.next = true
	case omadm.AlertSessionAbort:
		c.aborts = true
	case omadm.AlertNoEndOfData:
		c.lost = true
	default:
		c.commands = true
	}
	if !allowedIn(group, cmd) {
		c.s.violate(groupRow[group], "%s has no place in %s", cmd.Name(), where(group))
	}
	if banned(cmd) {
		c.s.violate("C-9", "%s %s holds NoResp, Cred, Lang, Archive or SftDel", cmd.Name(), cmd.ID())
	}
	c.kind(cmd)
	for i := range cmd.ItemList() {
		c.item(cmd, &cmd.ItemList()[i], group)
	}
	for _, member := range members(cmd) {
		c.command(member, cmd.Name())
	}
}

// groupRow names the rule about the members of a group; outside of groups it is about the commands of a server.
var groupRow = map[string]string{"": "X-9", "Atomic": "C-10", "Sequence": "C-20"}

func where(group string) string {
	if group == "" {
		return "a message of a server"
	}
	return "a " + group
}

// allowedIn reports whether cmd may stand in a group or, when group is empty, in the body.
func allowedIn(group string, cmd syncml.Command) bool {
	switch cmd.(type) {
	case *syncml.Add, *syncml.Alert, *syncml.Copy, *syncml.Delete, *syncml.Replace:
		return true
	case *syncml.Exec, *syncml.Get:
		return group != "Atomic"
	case *syncml.Atomic, *syncml.Sequence:
		return group == ""
	}
	return false
}

// banned reports whether cmd has one of the elements that DM forbids in commands (OMA DM Representation Protocol
// 1.2.1, section 6.6).
func banned(cmd syncml.Command) bool {
	switch c := cmd.(type) {
	case *syncml.Add:
		return c.NoResp || c.Cred != nil
	case *syncml.Alert:
		return c.NoResp || c.Cred != nil
	case *syncml.Atomic:
		return c.NoResp
	case *syncml.Copy:
		return c.NoResp || c.Cred != nil
	case *syncml.Delete:
		return c.NoResp || c.Cred != nil || c.Archive || c.SftDel
	case *syncml.Exec:
		return c.NoResp || c.Cred != nil
	case *syncml.Get:
		return c.NoResp || c.Cred != nil || c.Lang != ""
	case *syncml.Replace:
		return c.NoResp || c.Cred != nil
	case *syncml.Sequence:
		return c.NoResp
	}
	return false
}

// kind checks what is particular to one kind of command.
func (c *check) kind(cmd syncml.Command) {
	switch cmd := cmd.(type) {
	case *syncml.Alert:
		c.alert(cmd)
		return
	case *syncml.Atomic, *syncml.Sequence:
		if len(members(cmd)) == 0 {
			c.s.violate("X-4", "the %s is empty", cmd.Name())
		}
		return
	case *syncml.Copy:
		if !c.s.traits.copies {
			c.s.violate("W-1", "Copy is sent to Windows")
		}
	case *syncml.Exec:
		if len(cmd.Items) > 1 {
			c.s.violate("X-5", "an Exec has %d items", len(cmd.Items))
		}
		if row := c.s.traits.noCorrelator; cmd.Correlator != "" && row != "" {
			c.s.violate(row, "a Correlator is sent to a client that has none")
		}
	case *syncml.Unknown:
		return
	}
	if len(cmd.ItemList()) == 0 {
		c.s.violate("X-5", "a %s has no item", cmd.Name())
	}
}

// alert checks an alert of the server: 1222, 1223, 1225 and the alerts to the user.
func (c *check) alert(a *syncml.Alert) {
	switch code := alertCode(a); {
	case code == omadm.AlertNextMessage, code == omadm.AlertSessionAbort:
	case code == omadm.AlertNoEndOfData:
		c.endOfData(a)
	case code < omadm.AlertDisplay || code > omadm.AlertMultipleChoice:
		c.s.violate("U-1", "Alert %d is not for a server", int(code))
	default:
		if _, row, why := question(code, a.Items); row != "" {
			c.s.violate(row, "Alert %d has %s", int(code), why)
		}
	}
}

// alertCode returns the code of an Alert, 0 when c is another command or the code is not a number.
func alertCode(c syncml.Command) omadm.AlertCode {
	a, ok := c.(*syncml.Alert)
	if !ok {
		return 0
	}
	n, _ := number(a.Data.Value)
	return omadm.AlertCode(n)
}

// item checks one item of a command.
func (c *check) item(cmd syncml.Command, it *syncml.Item, group string) {
	switch cmd.(type) {
	case *syncml.Alert, *syncml.Results, *syncml.Unknown:
		return
	}
	c.uri(it.Target.URI, cmd)
	if _, ok := cmd.(*syncml.Copy); ok {
		c.uri(it.Source.URI, cmd)
	}
	if c.more && !c.after {
		c.after = true
		c.s.violate("L-10", "an item stands behind a part of an object")
	}
	c.object(cmd, it, group)
}

// uri checks the address of an item.
func (c *check) uri(uri string, cmd syncml.Command) {
	if path, _, _ := strings.Cut(uri, "?"); path != "." && !strings.HasPrefix(uri, "./") {
		c.s.violate("C-23", "%s of %q, which is not a full device URI", cmd.Name(), uri)
		return
	}
	if _, _, ok := c.s.tree.path(uri); !ok {
		c.s.violate("W-22", "%s of %q, which has a segment that is empty, a dot, a star or wrongly escaped",
			cmd.Name(), uri)
	}
}

// statuses checks that the first Status is about the header and that the others answer the device's commands, in
// their order and as often as they should (OMA DM Protocol 1.2.1, section 8.4; MS-MDM section 2.2.6.1).
func (c *check) statuses() {
	headers, last := 0, -1
	for i, cmd := range c.m.Body {
		st, ok := cmd.(*syncml.Status)
		if !ok {
			continue
		}
		value, ok := c.status(st)
		if st.CmdRef == "0" {
			headers++
			c.headerStatus(st, i)
			c.chal = st.Chal
			if ok {
				c.s.report.Header = value
			}
			continue
		}
		at := c.answered(st, value)
		if at >= 0 && at < last {
			c.s.violate("S-1", "the Status for CmdRef %s is out of order", st.CmdRef)
		}
		last = max(last, at)
	}
	if headers != 1 {
		c.s.violate("S-1", "%d Status elements for the header, expected 1", headers)
	}
	c.unanswered()
	c.credentials()
}

// status checks a Status by itself and returns its code.
func (c *check) status(st *syncml.Status) (omadm.Status, bool) {
	if st.MsgRef == "" || st.CmdRef == "" || st.Cmd == "" {
		c.s.violate("S-2", "a Status lacks MsgRef, CmdRef or Cmd")
	}
	n, ok := number(st.Data.Value)
	if !ok || n < 100 || n > 9999 {
		c.s.violate("S-2", "the Data of the Status for CmdRef %s is not a code", st.CmdRef)
		return 0, false
	}
	return omadm.Status(n), true
}

// headerStatus checks the Status for the header of the device's message, which is the i-th command.
func (c *check) headerStatus(st *syncml.Status, i int) {
	if i != 0 {
		c.s.violate("S-1", "the Status for the header is not the first command")
	}
	c.equal("S-2", "Cmd of the Status for the header", st.Cmd, "SyncHdr")
	c.equal("S-2", "MsgRef of the Status for the header", st.MsgRef, c.device.Header.MsgID)
	for _, ref := range st.TargetRefs {
		c.equal("S-3", "TargetRef of the Status for the header", ref, c.device.Header.Target.URI)
	}
	for _, ref := range st.SourceRefs {
		c.equal("S-3", "SourceRef of the Status for the header", ref, c.device.Header.Source.URI)
	}
}

// answered finds the command that st answers, notes that it is answered and returns its place among the
// commands of the session; -1 when there is none.
func (c *check) answered(st *syncml.Status, value omadm.Status) int {
	at := slices.IndexFunc(c.s.sent, func(s *sent) bool { return s.msgID == st.MsgRef && s.cmdID == st.CmdRef })
	if at < 0 {
		c.s.violate("S-5", "a Status for MsgRef %s CmdRef %s, which is not a command of the device",
			st.MsgRef, st.CmdRef)
		return -1
	}
	s := c.s.sent[at]
	c.equal("S-2", "Cmd of the Status for CmdRef "+st.CmdRef, st.Cmd, s.cmd.Name())
	if _, ok := s.cmd.(*syncml.Results); ok && value == omadm.StatusOK {
		c.s.violate("S-12", "Status 200 for Results")
	}
	refs := append(slices.Clone(st.TargetRefs), st.SourceRefs...)
	if s.statuses > 0 && (len(refs) == 0 || len(s.refs) == 0) {
		c.s.violate("S-5", "CmdRef %s is answered more than once", st.CmdRef)
	}
	for _, ref := range refs {
		switch {
		case slices.Contains(s.refs, ref):
			c.s.violate("S-5", "an item of CmdRef %s is answered more than once", st.CmdRef)
		case !names(s.cmd, ref):
			c.s.violate("S-25", "a Status for CmdRef %s refers to %q, which is no item of it", st.CmdRef, ref)
		}
	}
	s.statuses++
	s.status = value
	s.refs = append(s.refs, refs...)
	if alertCode(s.cmd) == omadm.AlertNextMessage && value != omadm.StatusOK {
		c.s.violate("L-12", "Status %d for Alert 1222", int(value))
	}
	if s.notice != nil && s != c.s.going && !failed(c.s.report.Header) {
		c.s.d.delivered(s.notice)
	}
	return at
}

// names reports whether an item of c has uri as Target or Source.
func names(c syncml.Command, uri string) bool {
	return slices.ContainsFunc(c.ItemList(), func(it syncml.Item) bool {
		return it.Target.URI == uri || it.Source.URI == uri
	})
}

// unanswered reports the commands whose Status is overdue: of an Alert at once, of others when the server closes
// its package.
func (c *check) unanswered() {
	if c.aborts { // nothing needs to be answered any more
		return
	}
	for _, s := range c.s.sent {
		_, results := s.cmd.(*syncml.Results)
		_, alert := s.cmd.(*syncml.Alert)
		if s.statuses > 0 || s.missed || results || s == c.s.going || !(alert || c.m.Final) {
			continue
		}
		row := "S-5"
		if alertCode(s.cmd) == omadm.AlertNextMessage {
			row = "L-12"
		}
		c.s.violate(row, "no Status for %s, MsgRef %s CmdRef %s", s.cmd.Name(), s.msgID, s.cmdID)
		s.missed = true
	}
}

// packages checks the turn: who may close a package and who may send commands (OMA DM Protocol 1.2.1,
// sections 6.1 and 6.2).
func (c *check) packages() {
	switch {
	case c.aborts:
		if !c.m.Final {
			c.s.violate("P-27", "an abort of the session has no Final")
		}
		if c.commands {
			c.s.violate("P-27", "a command beside an abort of the session")
		}
	case failed(c.s.report.Header):
		if !c.m.Final {
			c.s.violate("A-10", "a refusal has no Final")
		}
	case c.s.turn != deviceOpen:
		c.final()
		if c.next {
			c.s.violate("P-24", "Alert 1222 though the device has closed its package")
		}
	default:
		if c.commands {
			c.s.violate("P-21", "a command while the package of the device is open")
		}
		if !c.next {
			c.s.violate("P-21", "no Alert 1222 while the package of the device is open")
		}
		if c.m.Final {
			c.s.violate("P-21", "Final while the package of the device is open")
		}
		c.part()
	}
}

// final checks that the server closes its package with its message, but for a part of a large object. A message whose
// statuses leave no room for a command may leave the package open too, if the command comes in the next (OMA DM Protocol
// 1.2.1, section 6.2): otherwise it would have ended the session.
func (c *check) final() {
	switch {
	case c.more && c.m.Final:
		c.s.violate("L-9", "Final stands in a message whose object goes on")
	case c.s.turn == serverFull && !c.commands:
		c.s.violate("P-14", "the message before has no Final, and this one holds nothing for which there was no room")
	case !c.more && !c.m.Final && (!c.full() || c.roomy()):
		c.s.violate("P-14", "the message has no Final")
	}
}

// full reports whether the server keeps its package open with nothing but statuses.
func (c *check) full() bool {
	return !c.m.Final && !c.commands && !c.aborts && !c.next && !c.lost && c.s.coming == nil && c.s.turn != deviceOpen
}

// roomy reports whether there is no Status but those for the header and for the request for this message. No message has
// more room than such a one.
func (c *check) roomy() bool {
	return !slices.ContainsFunc(c.m.Body, func(cmd syncml.Command) bool {
		st, ok := cmd.(*syncml.Status)
		return ok && st.CmdRef != "0" && !c.asksNext(st)
	})
}

// asksNext reports whether st is for an Alert 1222 of the device.
func (c *check) asksNext(st *syncml.Status) bool {
	return slices.ContainsFunc(c.device.Body, func(cmd syncml.Command) bool {
		return cmd.ID() == st.CmdRef && alertCode(cmd) == omadm.AlertNextMessage
	})
}
