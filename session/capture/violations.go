package capture

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/syncml"
)

// Violation is a rule of the protocol that a message of a recording breaks.
type Violation struct {
	Number int       // of the exchange
	From   Direction // who broke it
	Row    string    // of CONFORMANCE.md, such as "P-21"
	Text   string    // what is wrong, without values of nodes
}

// String returns who broke which rule, and how.
func (v Violation) String() string {
	return fmt.Sprintf("message %d of the %v: %s: %s", v.Number, v.From, v.Row, v.Text)
}

// Violations holds the recording against the rules of the conversation: headers, identifiers, a Status for each command
// and their order, what may be sent while which package is open, the large objects, and the sizes that the device takes.
// What cannot be judged is passed over: a message that is cut or missing, and what answers it. The violations come in the
// order of the messages. Both sides are judged, the server by more rules.
func (r *Recording) Violations() []Violation {
	j := judge{talks: make(map[*thread]*talk), latest: make(map[[2]string]*talk)}
	for _, x := range r.turns() {
		if x.ask == nil {
			continue // nobody knows what is answered
		}
		if j.talk = j.talkOf(x); j.late(x) {
			continue
		}
		j.device(x)
		switch {
		case x.answer != nil:
			j.server(x)
		default:
			j.talk.said = nil // nobody knows whether it was answered
			j.talk.blind = x.out == nil || x.out.Status == 0 || x.out.Status == http.StatusOK
		}
	}
	return j.found
}

// judge goes through a recording.
type judge struct {
	found  []Violation
	talks  map[*thread]*talk
	latest map[[2]string]*talk // by Source and SessionID
	at     *Message            // that is judged
	talk   *talk               // that it belongs to
}

// talk is what is known of a session.
type talk struct {
	before  *talk           // under the same SessionID, of which the first message of this one may be a copy; nil: none
	number  int             // the greatest MsgID of the device
	turns   []*turn         // so far, without those that came again
	message *syncml.Message // the last of the device
	reply   []byte          // to it
	partly  bool            // it was cut
	blind   bool            // messages are missing: what came before is not known

	said    []*said // commands of the device
	asked   []*said // commands of the server, and its headers
	replies int     // of the server
	max     int64   // octets that the device takes; 0: it did not say
	going   *said   // part of a large object that the last message of the device ends with
	aborts  bool    // the last message of the device ends the session
	took    bool    // it takes a part of a large object of the server
	asks    bool    // it asks for the next message
	open    bool    // the package of the server goes on
	full    bool    // because its last message had no room for a command
	object  string  // large object of the server that goes on, as objectKey names it; empty: none
}

// said is a command, which the other side answers.
type said struct {
	cmd      syncml.Command
	name     string
	msgID    string
	cmdID    string
	flow     bool // it is an alert that keeps the conversation going, which need not be answered
	inner    bool // it is a member of a group of the device, which may be answered with the group alone
	statuses int
	refs     []string
	missed   bool // it was reported that it has no Status
}

func (j *judge) violate(row, format string, args ...any) {
	j.found = append(j.found, Violation{Number: j.at.Number, From: j.at.From, Row: row, Text: printable(fmt.Sprintf(format, args...))})
}

func (j *judge) equal(row, what, got, want string) {
	if got != want {
		j.violate(row, "%s is %q, expected %q", what, got, want)
	}
}

// device takes up a message of the device.
func (j *judge) device(x *turn) {
	j.at = x.in
	t := j.talk
	m := x.ask
	if t.again(x) {
		if t.reply == nil { // it was not answered, and what it reports is known
			t.said = nil
			t.say(m)
		}
		return
	}
	t.turns, t.number = append(t.turns, x), max(t.number, number(m.Header.MsgID))
	t.message, t.reply, t.partly, t.going = m, nil, x.in.Cut, nil
	j.identifiers(m.Body, make(map[string]bool))
	if len(m.Body) == 0 && !x.in.Cut {
		j.violate("X-3", "the body is empty")
	}
	if meta := m.Header.Meta; meta != nil {
		if n, ok := syncml.ParseSize(meta.MaxMsgSize); ok {
			t.max = n
		}
	}
	j.reports(m)
	t.say(m)
	if refused(m) {
		t.full = false // it has dropped the last message of the server, and what was to come
	}
}

// talkOf returns the session of a message. A first message may be a copy that was long under way: then the next one goes on
// with the session that was there before.
func (j *judge) talkOf(x *turn) *talk {
	h := &x.ask.Header
	key := [2]string{h.Source.URI, h.SessionID}
	t := j.talks[x.thread]
	switch {
	case t == nil:
		t = &talk{blind: h.MsgID != "1", before: j.latest[key]}
	case t.before != nil && t.number == 1 && (number(h.MsgID) > 2 || t.reply == nil && !x.repeated && t.before.again(x)):
		t = t.before
	case t.number > 1:
		t.before = nil
	}
	j.talks[x.thread], j.latest[key] = t, t
	return t
}

// again reports whether a message is the last one once more.
func (t *talk) again(x *turn) bool {
	n := len(t.turns)
	return x.repeated || n > 0 && x.ask.Header.MsgID != "1" && bytes.Equal(t.turns[n-1].in.Octets, x.in.Octets)
}

// maxLate is how many messages a copy is looked for among, so that a recording costs no square of its length.
const maxLate = 64

// late reports whether a message is a copy of one before the last, which was long under way. It says nothing about the
// conversation; the server must not take it.
func (j *judge) late(x *turn) bool {
	n := number(x.ask.Header.MsgID)
	if n < 2 || n > j.talk.number || j.talk.again(x) {
		return false
	}
	turns := j.talk.turns
	for _, old := range turns[max(0, len(turns)-maxLate):] {
		if !bytes.Equal(old.in.Octets, x.in.Octets) {
			continue
		}
		same := old.out != nil && x.out != nil && bytes.Equal(old.out.Octets, x.out.Octets)
		if x.answer != nil && !same && !refused(x.answer) {
			j.at = x.out
			j.violate("P-32", "a copy of an earlier message is not refused")
		}
		return true
	}
	return false
}

// more reports whether the command ends with a part of a large object that goes on.
func (s *said) more() bool {
	items := s.cmd.ItemList()
	return len(items) > 0 && items[len(items)-1].MoreData
}

// say notes the commands of a message of the device.
func (t *talk) say(m *syncml.Message) {
	for _, c := range m.Body {
		if _, status := c.(*syncml.Status); status {
			continue
		}
		s := &said{cmd: c, name: c.Name(), msgID: m.Header.MsgID, cmdID: c.ID()}
		t.said = append(t.said, s)
		if s.more() {
			t.going = s
		}
		t.sayMembers(m, c)
	}
}

// sayMembers notes the commands inside of c, which no device may send.
func (t *talk) sayMembers(m *syncml.Message, c syncml.Command) {
	for _, member := range partsOf(c).body {
		t.said = append(t.said, &said{cmd: member, name: member.Name(), msgID: m.Header.MsgID, cmdID: member.ID(), inner: true})
		t.sayMembers(m, member)
	}
}

// identifiers checks that CmdIDs are there, not 0 and unique, members of groups included.
func (j *judge) identifiers(body []syncml.Command, seen map[string]bool) {
	for _, c := range body {
		switch id := c.ID(); {
		case id == "":
			j.violate("X-4", "a %s has no CmdID", c.Name())
		case id == "0":
			j.violate("X-21", "a %s has CmdID 0", c.Name())
		case seen[id]:
			j.violate("X-20", "CmdID %q of a %s was used before", id, c.Name())
		default:
			seen[id] = true
		}
		j.identifiers(partsOf(c).body, seen)
	}
}

// reports checks what the device says about the commands of the server.
func (j *judge) reports(m *syncml.Message) {
	t := j.talk
	t.aborts, t.took, t.asks = false, false, false
	for _, c := range m.Body {
		switch c := c.(type) {
		case *syncml.Status:
			if c.CmdRef != "0" && c.CmdRef != "" {
				j.report(c)
			}
		case *syncml.Alert:
			switch alertCode(c) {
			case omadm.AlertSessionAbort:
				t.aborts = true
			case omadm.AlertNextMessage:
				t.asks = true
			case omadm.AlertNoEndOfData:
				t.asks, t.object = true, "" // it begins anew
			}
		}
	}
	if !m.Final || t.partly || t.aborts || refused(m) {
		return
	}
	if t.object != "" && t.open {
		j.violate("P-23", "Final in the middle of a large object of the server")
		if !t.took {
			t.object = "" // nobody knows what became of it
		}
	}
	for _, s := range t.asked {
		if s.statuses == 0 && !s.missed && !s.flow {
			s.missed = true
			j.violate("S-5", "no Status for %s, MsgRef %s CmdRef %s", s.name, s.msgID, s.cmdID)
		}
	}
	t.asked = nil
}

// report takes up a Status of the device for a command.
func (j *judge) report(c *syncml.Status) {
	t := j.talk
	s := find(t.asked, c.MsgRef, c.CmdRef)
	if s == nil {
		if !t.blind {
			j.violate("S-5", "a Status for MsgRef %s CmdRef %s, which is not a command of the server", c.MsgRef, c.CmdRef)
		}
		return
	}
	s.statuses++
	j.equal("S-2", "Cmd of the Status for CmdRef "+c.CmdRef, c.Cmd, s.name)
	code, err := omadm.ParseStatus(c.Data.Value)
	if err != nil || !s.more() {
		return
	}
	switch class := code.Class(); {
	case code.Success(), class == omadm.ClassProgress, class == omadm.ClassPending:
		t.took = true
	default:
		t.object = "" // the device takes no further part
	}
}

func find(list []*said, msgRef, cmdRef string) *said {
	for _, s := range list {
		if s.msgID == msgRef && s.cmdID == cmdRef {
			return s
		}
	}
	return nil
}

// server judges a reply.
func (j *judge) server(x *turn) {
	j.at = x.out
	t, m := j.talk, x.answer
	if len(t.turns) > 0 && t.turns[len(t.turns)-1] != x && t.reply != nil {
		if !bytes.Equal(t.reply, x.out.Octets) {
			j.violate("P-30", "a message that came again has another reply than before")
		}
		return
	}
	t.reply = x.out.Octets
	v := verdict{judge: j, m: m, refused: refused(m)}
	v.header()
	j.identifiers(m.Body, make(map[string]bool))
	v.body()
	v.statuses()
	if !j.at.Cut && !t.partly {
		v.packages()
	}
	if t.max > 0 && int64(j.at.Size) > t.max {
		j.violate("P-38", "the message has %d octets, the device takes %d", j.at.Size, t.max)
	}
	t.open, t.full, t.blind = !m.Final && (t.open || !v.next), v.full(), false
}

// verdict is what is found about one reply.
type verdict struct {
	*judge
	m        *syncml.Message
	refused  bool   // the header is answered with a failure
	aborts   bool   // there is an Alert 1223
	next     bool   // there is an Alert 1222
	lost     bool   // there is an Alert 1225
	commands bool   // there is something besides Status and these alerts
	more     bool   // an item goes on in the next message
	after    bool   // something stands behind it
	items    int    // seen
	first    string // as objectKey names it, of the first item
	object   string // of the last item that goes on
}

// header checks the SyncHdr (OMA DM Protocol 1.2.1, section 8.4).
func (v *verdict) header() {
	h, sent := &v.m.Header, &v.talk.message.Header
	if code := headerStatus(v.m); code != omadm.StatusDTDVersionNotSupported && code != omadm.StatusProtocolNotSupported {
		v.equal("V-9", "VerDTD", h.VerDTD, sent.VerDTD)
		v.equal("V-9", "VerProto", h.VerProto, sent.VerProto)
		v.equal("V-1", "the namespace", h.Namespace, sent.Namespace)
	}
	v.equal("P-2", "SessionID", h.SessionID, sent.SessionID)
	v.equal("X-2", "Target", h.Target.URI, sent.Source.URI)
	if h.Source.URI == "" {
		v.violate("X-2", "the header has no Source")
	}
	if h.RespURI != "" && !web(h.RespURI) {
		v.violate("P-33", "RespURI is not absolute")
	}
	if h.NoResp {
		v.violate("S-11", "the header has NoResp")
	}
	v.counts()
}

// counts checks the MsgID. Messages that are refused are not counted by all servers, but for a challenge.
func (v *verdict) counts() {
	t := v.talk
	switch n := number(v.m.Header.MsgID); {
	case t.blind:
		t.replies = n
	case v.refused && t.replies > 0:
	default:
		t.replies++
		v.equal("P-17", "MsgID", v.m.Header.MsgID, strconv.Itoa(t.replies))
		t.replies = max(n, t.replies)
	}
}

// body checks the commands and notes what kinds there are.
func (v *verdict) body() {
	if len(v.m.Body) == 0 && !v.at.Cut {
		v.violate("X-3", "the body is empty")
	}
	for _, c := range v.m.Body {
		if _, ok := c.(*syncml.Status); ok {
			if v.commands || v.next || v.aborts {
				v.violate("S-3", "a Status stands behind a command")
			}
			continue
		}
		v.command(c, "")
	}
	if t := v.talk; !v.aborts {
		if t.object != "" && v.items > 0 && v.first != t.object {
			v.violate("L-10", "a large object does not go on")
		}
		switch {
		case v.more:
			t.object = v.object
		case v.items > 0 || !v.next:
			t.object = ""
		}
	}
}

// groupRow names the rule about the members of a group; outside of groups it is about the commands of a server.
var groupRow = map[string]string{"": "X-9", "Atomic": "C-10", "Sequence": "C-20"}

// command checks one command that is not a Status; group is the name of the group around it, if there is one.
func (v *verdict) command(c syncml.Command, group string) {
	if v.more && !v.after {
		v.after = true
		v.violate("L-10", "a %s stands behind a part of an object", c.Name())
	}
	s := &said{cmd: c, name: c.Name(), msgID: v.m.Header.MsgID, cmdID: c.ID(), flow: true}
	switch alertCode(c) {
	case omadm.AlertNextMessage:
		v.next = true
	case omadm.AlertSessionAbort:
		v.aborts = true
	case omadm.AlertNoEndOfData:
		v.lost = true
	default:
		v.commands, s.flow = true, false
	}
	v.talk.asked = append(v.talk.asked, s)
	if !allowedIn(group, c) {
		v.violate(groupRow[group], "%s has no place in %s", c.Name(), strings.TrimSpace("a message of a server "+group))
	}
	if banned(c) {
		v.violate("C-9", "%s %s holds NoResp, Cred, Lang, Archive or SftDel", c.Name(), c.ID())
	}
	v.kind(c)
	for i := range c.ItemList() {
		v.item(c, &c.ItemList()[i], group)
	}
	for _, member := range partsOf(c).body {
		v.command(member, c.Name())
	}
}

// allowedIn reports whether c may stand in a group or, when group is empty, in the body.
func allowedIn(group string, c syncml.Command) bool {
	switch c.(type) {
	case *syncml.Add, *syncml.Alert, *syncml.Copy, *syncml.Delete, *syncml.Replace:
		return true
	case *syncml.Exec, *syncml.Get:
		return group != "Atomic"
	case *syncml.Atomic, *syncml.Sequence:
		return group == ""
	}
	return false
}

// banned reports whether c has one of the elements that DM forbids in commands (OMA DM Representation Protocol 1.2.1,
// section 6.6).
func banned(c syncml.Command) bool {
	if partsOf(c).cred != nil {
		return true
	}
	switch c := c.(type) {
	case *syncml.Add:
		return c.NoResp
	case *syncml.Alert:
		return c.NoResp
	case *syncml.Atomic:
		return c.NoResp
	case *syncml.Copy:
		return c.NoResp
	case *syncml.Delete:
		return c.NoResp || c.Archive || c.SftDel
	case *syncml.Exec:
		return c.NoResp
	case *syncml.Get:
		return c.NoResp || c.Lang != ""
	case *syncml.Replace:
		return c.NoResp
	case *syncml.Sequence:
		return c.NoResp
	}
	return false
}

// kind checks what is particular to one kind of command.
func (v *verdict) kind(c syncml.Command) {
	n := len(c.ItemList())
	switch c := c.(type) {
	case *syncml.Alert:
		v.alert(c)
	case *syncml.Atomic, *syncml.Sequence:
		if len(partsOf(c).body) == 0 {
			v.violate("X-4", "the %s is empty", c.Name())
		}
	case *syncml.Exec:
		if n != 1 {
			v.violate("X-5", "an Exec has %d items", n)
		}
	case *syncml.Unknown:
	default:
		if n == 0 {
			v.violate("X-5", "a %s has no item", c.Name())
		}
	}
}

// alert checks an alert of the server: 1222, 1223, 1225 and the alerts to the user.
func (v *verdict) alert(c *syncml.Alert) {
	code := alertCode(c)
	if code.Direction()&omadm.ToClient == 0 {
		v.violate("U-1", "Alert %d is not for a server", int(code))
		return
	}
	if code.Class() != omadm.AlertUser {
		return
	}
	choices := code == omadm.AlertSingleChoice || code == omadm.AlertMultipleChoice
	switch n := len(c.Items); {
	case n < 2:
		v.violate("U-3", "Alert %d has %d items, expected its options and a text", int(code), n)
	case choices && n < 3:
		v.violate("U-13", "Alert %d has no choices", int(code))
	case !choices && n > 2:
		v.violate("U-13", "Alert %d has more than two items", int(code))
	}
}

// item checks one item of a command.
func (v *verdict) item(c syncml.Command, it *syncml.Item, group string) {
	switch c.(type) {
	case *syncml.Alert, *syncml.Results, *syncml.Unknown:
		return
	}
	v.uri(c, it.Target.URI)
	if _, ok := c.(*syncml.Copy); ok {
		v.uri(c, it.Source.URI)
	}
	if v.more && !v.after {
		v.after = true
		v.violate("L-10", "an item stands behind a part of an object")
	}
	goesOn := v.items == 0 && v.talk.object == objectKey(c, it)
	if v.items++; v.items == 1 {
		v.first = objectKey(c, it)
	}
	if it.MoreData {
		v.object = objectKey(c, it)
	}
	if it.MoreData || goesOn {
		v.part(it, group, goesOn)
	}
}

func objectKey(c syncml.Command, it *syncml.Item) string { return c.Name() + " " + it.Target.URI }

// part checks an item that is a part of a large object (OMA DM Protocol 1.2.1, section 7).
func (v *verdict) part(it *syncml.Item, group string, goesOn bool) {
	v.more = it.MoreData
	sized := it.Meta != nil && it.Meta.Size != ""
	switch {
	case group != "":
		v.violate("C-24", "a part of an object stands in a %s", group)
	case it.MoreData && it.Data.Value == "":
		v.violate("L-25", "a part of an object is empty")
	case goesOn && sized:
		v.violate("L-8", "a later part of an object has a Size")
	case !goesOn && !sized:
		v.violate("L-6", "the first part of an object has no Size")
	}
}

// uri checks the address of an item.
func (v *verdict) uri(c syncml.Command, uri string) {
	path, _, _ := strings.Cut(uri, "?")
	if path != "." && !strings.HasPrefix(uri, "./") {
		v.violate("C-23", "%s of %q, which is not a full device URI", c.Name(), uri)
		return
	}
	if err := omadm.URI(uri).Validate(); err != nil {
		v.violate("W-22", "%s of %q, which is not well formed", c.Name(), uri)
	}
}

// statuses checks that the first Status is about the header and that the others answer the device's commands, in their
// order and as often as they should (OMA DM Protocol 1.2.1, section 8.4; MS-MDM section 2.2.6.1).
func (v *verdict) statuses() {
	headers, last := 0, -1
	for i, c := range v.m.Body {
		st, ok := c.(*syncml.Status)
		if !ok {
			continue
		}
		if st.MsgRef == "" || st.CmdRef == "" && !v.unnumbered(st.Cmd) || st.Cmd == "" {
			v.violate("S-2", "a Status lacks MsgRef, CmdRef or Cmd")
		}
		code, err := omadm.ParseStatus(st.Data.Value)
		if err != nil {
			v.violate("S-2", "the Data of the Status for CmdRef %s is not a code", st.CmdRef)
		}
		if st.CmdRef == "0" || st.CmdRef == "" && st.Cmd == "SyncHdr" {
			headers++
			v.headerStatus(st, i)
			continue
		}
		at := v.answered(st, code)
		if at >= 0 && at < last {
			v.violate("S-1", "the Status for CmdRef %s is out of order", st.CmdRef)
		}
		last = max(last, at)
	}
	if headers != 1 && !v.at.Cut && !v.aborts {
		v.violate("S-1", "%d Status elements for the header, expected 1", headers)
	}
	if !v.at.Cut && !v.talk.partly {
		v.unanswered()
	}
}

// unnumbered reports whether the device's message has a command of this name that no CmdRef can name: it is answered with an
// empty one.
func (v *verdict) unnumbered(name string) bool {
	return slices.ContainsFunc(v.talk.said, func(s *said) bool { return s.name == name && (s.cmdID == "" || s.cmdID == "0") })
}

// headerStatus checks the Status for the header of the device's message, which is the i-th command.
func (v *verdict) headerStatus(st *syncml.Status, i int) {
	h := &v.talk.message.Header
	if i != 0 {
		v.violate("S-1", "the Status for the header is not the first command")
	}
	v.equal("S-2", "Cmd of the Status for the header", st.Cmd, "SyncHdr")
	v.equal("S-2", "MsgRef of the Status for the header", st.MsgRef, h.MsgID)
	for _, ref := range st.TargetRefs {
		v.equal("S-3", "TargetRef of the Status for the header", ref, h.Target.URI)
	}
	for _, ref := range st.SourceRefs {
		v.equal("S-3", "SourceRef of the Status for the header", ref, h.Source.URI)
	}
}

// answered finds the command that st answers, notes that it is answered and returns its place among the commands of the
// session; -1 when there is none.
func (v *verdict) answered(st *syncml.Status, code omadm.Status) int {
	at := -1
	for i, s := range v.talk.said {
		if s.msgID == st.MsgRef && s.cmdID == st.CmdRef {
			at = i // where a CmdID was used twice, the one without a Status
			if s.statuses == 0 && s.name == st.Cmd {
				break
			}
		}
	}
	if at < 0 {
		if !v.talk.blind && st.CmdRef != "" {
			v.violate("S-5", "a Status for MsgRef %s CmdRef %s, which is not a command of the device", st.MsgRef, st.CmdRef)
		}
		return -1
	}
	s := v.talk.said[at]
	v.equal("S-2", "Cmd of the Status for CmdRef "+st.CmdRef, st.Cmd, s.name)
	if s.name == "Results" && code == omadm.StatusOK {
		v.violate("S-12", "Status 200 for Results")
	}
	refs := append(append([]string(nil), st.TargetRefs...), st.SourceRefs...)
	if s.statuses > 0 && (len(refs) == 0 || len(s.refs) == 0) {
		v.violate("S-5", "CmdRef %s is answered more than once", st.CmdRef)
	}
	s.statuses++
	s.refs = append(s.refs, refs...)
	if alertCode(s.cmd) == omadm.AlertNextMessage && code != omadm.StatusOK && !v.refused {
		v.violate("L-12", "Status %d for Alert 1222", int(code))
	}
	if s == v.talk.going && !v.lost && code < 300 && code != omadm.StatusChunkedItemAccepted {
		v.violate("L-15", "Status %d for a part of an object, CmdRef %s", int(code), s.cmdID)
	}
	return at
}

// unanswered reports the commands whose Status is overdue: of an Alert at once, of others when the server closes its
// package.
func (v *verdict) unanswered() {
	if v.aborts { // nothing needs to be answered any more
		return
	}
	t := v.talk
	for _, s := range t.said {
		_, alert := s.cmd.(*syncml.Alert)
		switch {
		case s.statuses > 0 || s.missed:
		case s == t.going:
			if v.lost {
				continue
			}
			s.missed = true
			v.violate("L-15", "no Status for a part of an object, CmdRef %s", s.cmdID)
		case s.inner, s.name == "Results" || !alert && !v.m.Final:
		case s.cmdID == "" || s.cmdID == "0": // nobody can refer to it
		default:
			s.missed = true
			row := "S-5"
			if alertCode(s.cmd) == omadm.AlertNextMessage {
				row = "L-12"
			}
			v.violate(row, "no Status for %s, MsgRef %s CmdRef %s", s.name, s.msgID, s.cmdID)
		}
	}
	kept := t.said[:0]
	for _, s := range t.said {
		if s.msgID == t.message.Header.MsgID || s.statuses == 0 && !s.missed && s.name != "Results" {
			kept = append(kept, s)
		}
	}
	t.said = kept
}

// packages checks the turn: who may close a package and who may send commands (OMA DM Protocol 1.2.1, sections 6.1 and
// 6.2).
func (v *verdict) packages() {
	final := v.m.Final
	switch {
	case v.aborts:
		if !final {
			v.violate("P-27", "an abort of the session has no Final")
		}
		if v.commands {
			v.violate("P-27", "a command beside an abort of the session")
		}
	case v.refused:
		if v.commands {
			v.violate("A-10", "a refusal holds commands")
		}
		if !final {
			v.violate("A-10", "a refusal has no Final")
		}
	case v.talk.aborts:
		if v.commands {
			v.violate("P-26", "a command though the device has ended the session")
		}
	case v.talk.message.Final || v.goesOn():
		v.final()
		if v.next {
			v.violate("P-24", "Alert 1222 though the device has closed its package")
		}
	default:
		if v.commands {
			v.violate("P-21", "a command while the package of the device is open")
		}
		if !v.next {
			v.violate("P-21", "no Alert 1222 while the package of the device is open")
		}
		if final {
			v.violate("P-21", "Final while the package of the device is open")
		}
	}
}

// goesOn reports whether the server goes on with its package, which it has not closed: when the device takes a part of a large
// object. A device that only asks for the next message may be asked in turn what became of the part, and one that does
// neither has more to say.
func (v *verdict) goesOn() bool {
	t := v.talk
	return t.open && t.going == nil && (t.took || t.asks && !v.next)
}

// final checks that the server closes its package, but with a part of a large object. Where the statuses leave no room for
// a command the package may go on too, if the command comes in the next message.
func (v *verdict) final() {
	switch final := v.m.Final; {
	case v.more && final:
		v.violate("L-9", "Final stands in a message whose object goes on")
	case v.talk.full && !v.commands:
		v.violate("P-14", "the message before has no Final, and this one holds nothing for which there was no room")
	case !v.more && !final && (!v.full() || v.roomy()):
		v.violate("P-14", "the message has no Final")
	}
}

// full reports whether the server keeps its package open with nothing but statuses.
func (v *verdict) full() bool {
	return !v.m.Final && !v.commands && !v.aborts && !v.next && !v.lost
}

// roomy reports whether there is no Status but those for the header and for the request for this message. No message has
// more room than such a one.
func (v *verdict) roomy() bool {
	return !slices.ContainsFunc(v.m.Body, func(c syncml.Command) bool {
		st, ok := c.(*syncml.Status)
		return ok && st.CmdRef != "0" && !v.asksNext(st)
	})
}

// asksNext reports whether st is for an Alert 1222 of the device.
func (v *verdict) asksNext(st *syncml.Status) bool {
	return slices.ContainsFunc(v.talk.message.Body, func(c syncml.Command) bool {
		return c.ID() == st.CmdRef && alertCode(c) == omadm.AlertNextMessage
	})
}
