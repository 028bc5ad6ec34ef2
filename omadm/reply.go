package omadm

import (
	"slices"
	"strconv"

	"github.com/gomadm/gomadm/syncml"
)

// Reply builds the message that answers another. NewReply fills in what the protocol decides: a Status for the header
// and for every command that needs one, in order. Status and ItemStatus change a code, Add adds commands, Message
// returns the result. It must not be copied after Begin.
type Reply struct {
	// MsgID of the reply. NewReply sets it to that of the message answered, which is right as long as both sides
	// send one message each.
	MsgID string
	// Final closes the package of the server. NewReply sets it.
	Final bool
	// Chal is sent along with the status of the header; nil: none.
	Chal *syncml.Chal

	in      *syncml.Message
	header  Status
	listed  []string // what the header status lists as supported
	answers []answer
	last    int // index in answers of the last look-up
	added   []syncml.Command
	id      uint64 // last CmdID of an added command, 0 before the first

	room   [8]answer     // of answers; most messages need no more
	status syncml.Status // the one that each yields
	refs   [2]string     // of status
}

// answer is the status of one command, or one for each of its items.
type answer struct {
	cmd   syncml.Command
	ref   string // CmdRef
	code  Status
	items []Status // nil: code stands for all
}

// Version is a protocol version: how messages of it name it.
type Version struct {
	VerDTD, VerProto, Namespace string
}

// Versions returns the versions that are spoken, the newest first (OMA DM Protocol 1.2.1, section 8.3).
func Versions() []Version { return slices.Clone(versions[:]) }

var versions = [...]Version{
	{VerDTD: "1.2", VerProto: "DM/1.2", Namespace: syncml.Namespace12},
	{VerDTD: "1.1", VerProto: "DM/1.1", Namespace: syncml.Namespace11},
}

// NewReply returns the reply to a message, with statuses and nothing else. A message of an unknown version is refused
// as a whole, and so is one that names none. Commands that a server does not take are answered 405, groups with all in them,
// elements that nobody knows 501, alerts by their code, generic alerts by whether their type is known from Windows.
func NewReply(in *syncml.Message) *Reply {
	r := new(Reply)
	r.Begin(in)
	return r
}

// Begin makes r the reply to a message, as NewReply returns it. It is for a Reply that is part of another value.
func (r *Reply) Begin(in *syncml.Message) {
	*r = Reply{MsgID: in.Header.MsgID, Final: true, in: in, header: StatusOK}
	r.answers = r.room[:0]
	for _, cmd := range in.Body {
		r.collect(cmd, false)
	}
	if code, listed := checkVersion(&in.Header); code != StatusOK {
		r.Refuse(code)
		r.listed = listed
	}
}

// collect appends the answers to cmd and to the commands in it. A member is that of a group, of which nothing is taken.
func (r *Reply) collect(cmd syncml.Command, member bool) {
	switch cmd.(type) {
	case *syncml.Status, *syncml.Results:
		// A Status is never answered. Results are answered only when something is wrong with them (OMA DM
		// Representation Protocol 1.2.1, section 6.5.1); Status adds that answer.
		return
	}
	r.answer(cmd, member)
	for _, member := range members(cmd) {
		r.collect(member, true)
	}
}

// members returns the commands nested in cmd.
func members(cmd syncml.Command) []syncml.Command {
	switch c := cmd.(type) {
	case *syncml.Atomic:
		return c.Body
	case *syncml.Sequence:
		return c.Body
	}
	return nil
}

func (r *Reply) answer(cmd syncml.Command, member bool) {
	a := answer{cmd: cmd, ref: cmd.ID()}
	_, unknown := cmd.(*syncml.Unknown)
	switch {
	case a.ref == "" || a.ref == "0":
		// CmdRef 0 means the header, so a command without a usable CmdID is answered with an empty one.
		a.ref, a.code = "", StatusBadRequest
	case member && !unknown:
		a.code = StatusCommandNotAllowed
	default:
		a.code, a.items = receive(cmd)
	}
	r.answers = append(r.answers, a)
}

// receive returns the code that a server answers a command with, or one for each of its items.
func receive(cmd syncml.Command) (Status, []Status) {
	switch c := cmd.(type) {
	case *syncml.Alert:
		return receiveAlert(c)
	case *syncml.Replace:
		return perItem(c.Items, receiveInfo)
	case *syncml.Unknown:
		if unused[c.Element] {
			return StatusCommandNotAllowed, nil
		}
		return StatusNotImplemented, nil
	}
	return StatusCommandNotAllowed, nil
}

// unused are the commands of SyncML that DM reserves.
var unused = map[string]bool{"Put": true, "Map": true, "Move": true, "Search": true, "Sync": true}

// receiveInfo accepts an item of a Replace if it is about DevInfo: a client may report nothing else.
func receiveInfo(it *syncml.Item) Status {
	if _, ok := InfoURI(it); ok {
		return StatusOK
	}
	return StatusCommandNotAllowed
}

// InfoURI returns the address of an item of the DevInfo that a client reports, in its canonical form, and whether
// it is one. The address stands in Source; Target is tolerated.
func InfoURI(it *syncml.Item) (URI, bool) {
	uri := it.Source.URI
	if uri == "" {
		uri = it.Target.URI
	}
	u, err := ParseURI(uri)
	if err != nil {
		return "", false
	}
	u = u.Canonical()
	return u, u.path().below(DevInfo)
}

func receiveAlert(c *syncml.Alert) (Status, []Status) {
	code, err := ParseAlertCode(c.Data.Value)
	if err != nil || code.Direction()&ToServer == 0 {
		return StatusFeatureNotSupported, nil
	}
	if code != AlertGeneric {
		return StatusOK, nil
	}
	if len(c.Items) == 0 {
		return StatusIncompleteCommand, nil
	}
	return perItem(c.Items, receiveGeneric)
}

// receiveGeneric checks an item of a generic alert (OMA DM Protocol 1.2.1, section 8.7).
func receiveGeneric(it *syncml.Item) Status {
	switch {
	case it.Meta == nil || AlertType(it.Meta.Type) == "":
		return StatusIncompleteCommand
	case KnownAlertType(it.Meta.Type):
		return StatusOK
	}
	return StatusUnsupportedFormat
}

// perItem returns the code that all items share, or the codes of each.
func perItem(items []syncml.Item, code func(*syncml.Item) Status) (Status, []Status) {
	if len(items) == 0 {
		return StatusIncompleteCommand, nil
	}
	first := code(&items[0])
	for i := 1; i < len(items); i++ {
		if code(&items[i]) == first {
			continue
		}
		codes := make([]Status, len(items))
		for j := range items {
			codes[j] = code(&items[j])
		}
		return first, codes
	}
	return first, nil
}

// checkVersion returns StatusOK, or the code that refuses the version of a message and what is supported instead.
func checkVersion(h *syncml.Header) (Status, []string) {
	if h.VerDTD == "" || h.VerProto == "" {
		return StatusIncompleteCommand, nil
	}
	var dtds, protos []string
	known := false
	for _, v := range versions {
		if h.VerDTD == v.VerDTD && h.VerProto == v.VerProto {
			return StatusOK, nil
		}
		known = known || h.VerDTD == v.VerDTD
		dtds, protos = append(dtds, v.VerDTD), append(protos, v.VerProto)
	}
	if known {
		return StatusProtocolNotSupported, protos
	}
	return StatusDTDVersionNotSupported, dtds
}

// Refuse answers the header and every command with code. Nothing of the message may be executed then and no command
// may be added (OMA DM Protocol 1.2.1, section 9.1).
func (r *Reply) Refuse(code Status) {
	r.header = code
	for i := range r.answers {
		if r.answers[i].ref != "" {
			r.answers[i].code, r.answers[i].items = code, nil
		}
	}
}

// Header sets the code of the header.
func (r *Reply) Header(code Status) { r.header = code }

// Refused reports whether the header is answered with a code that says that nothing was executed.
func (r *Reply) Refused() bool { return r.header >= 300 }

// Status sets the code that answers cmd, which has to be a command of the message, nested ones included. Results,
// which are not answered by default, are answered from then on. Other commands are ignored.
func (r *Reply) Status(cmd syncml.Command, code Status) {
	if a := r.find(cmd); a != nil {
		a.code, a.items = code, nil
		return
	}
	if res, ok := cmd.(*syncml.Results); ok {
		r.insert(answer{cmd: res, ref: res.CmdID, code: code})
	}
}

// insert puts a before the answers to the commands that follow it in the message.
func (r *Reply) insert(a answer) {
	at := 0
	for _, cmd := range r.in.Body {
		if cmd == a.cmd {
			break
		}
		for at < len(r.answers) && (r.answers[at].cmd == cmd || within(cmd, r.answers[at].cmd)) {
			at++
		}
	}
	r.answers = slices.Insert(r.answers, at, a)
}

// within reports whether cmd is nested in group.
func within(group, cmd syncml.Command) bool {
	for _, c := range members(group) {
		if c == cmd || within(c, cmd) {
			return true
		}
	}
	return false
}

// ItemStatus sets the code that answers one item of cmd.
func (r *Reply) ItemStatus(cmd syncml.Command, item int, code Status) {
	a := r.find(cmd)
	n := len(cmd.ItemList())
	if a == nil || item < 0 || item >= n {
		return
	}
	if a.items == nil {
		if a.code == code {
			return // as it is, without memory for each item of a command with many
		}
		a.items = make([]Status, n)
		for i := range a.items {
			a.items[i] = a.code
		}
	}
	a.items[item] = code
	for _, c := range a.items {
		if c != code {
			return
		}
	}
	a.code, a.items = code, nil
}

// Code returns the code that answers an item of cmd, or cmd itself when item is negative; 0 when it is not answered.
// When the items are answered each with a code of its own, that of cmd is the first that is not a success.
func (r *Reply) Code(cmd syncml.Command, item int) Status {
	a := r.find(cmd)
	if a == nil {
		return 0
	}
	if a.items == nil {
		return a.code
	}
	if item >= 0 && item < len(a.items) {
		return a.items[item]
	}
	return worst(a.items)
}

func worst(codes []Status) Status {
	for _, c := range codes {
		if !c.Success() {
			return c
		}
	}
	return codes[0]
}

// find returns the answer to cmd. Callers go through a message in order, so it looks first where it found the last.
func (r *Reply) find(cmd syncml.Command) *answer {
	for n := range r.answers {
		i := (r.last + n) % len(r.answers)
		if r.answers[i].cmd == cmd {
			r.last = i
			return &r.answers[i]
		}
	}
	return nil
}

// Statuses returns the statuses of the reply, numbered from 1: that of the header first, then the others in the order
// of the commands they answer.
func (r *Reply) Statuses() []*syncml.Status {
	n := 1
	for i := range r.answers {
		n += max(1, len(r.answers[i].items))
	}
	slab := make([]syncml.Status, 0, n)
	list := make([]*syncml.Status, 0, n)
	for s := range r.each {
		slab = append(slab, *s)
		own := &slab[len(slab)-1]
		own.TargetRefs, own.SourceRefs = slices.Clone(s.TargetRefs), slices.Clone(s.SourceRefs)
		list = append(list, own)
	}
	return list
}

// each yields what Statuses returns. A status is good until the next one, as all are the same variable: writing them
// into a message costs no memory.
func (r *Reply) each(yield func(*syncml.Status) bool) {
	n := 0
	put := func(code Status) bool {
		n++
		s := &r.status
		s.CmdID, s.MsgRef, s.Data = strconv.Itoa(n), r.in.Header.MsgID, syncml.Text(code.code())
		return yield(s)
	}
	r.status = r.headerStatus()
	if !put(r.header) {
		return
	}
	for i := range r.answers {
		if !r.eachOf(&r.answers[i], put) {
			return
		}
	}
}

// eachOf puts the statuses of one command; it returns false when no more are wanted.
func (r *Reply) eachOf(a *answer, put func(Status) bool) bool {
	r.status = syncml.Status{CmdRef: a.ref, Cmd: a.cmd.Name()}
	if a.items == nil {
		return put(a.code)
	}
	items := a.cmd.ItemList()
	if !addressed(items) {
		return put(worst(a.items))
	}
	for j, code := range a.items {
		r.status.TargetRefs, r.status.SourceRefs = r.references(items[j].Target.URI, items[j].Source.URI)
		if !put(code) {
			return false
		}
	}
	return true
}

// addressed reports whether every item has an address, so that statuses can tell them apart.
func addressed(items []syncml.Item) bool {
	for i := range items {
		if items[i].Target.URI == "" && items[i].Source.URI == "" {
			return false
		}
	}
	return true
}

// references returns the references of a status, which are good until the next call.
func (r *Reply) references(targetURI, sourceURI string) (target, source []string) {
	r.refs = [2]string{targetURI, sourceURI}
	if targetURI != "" {
		target = r.refs[:1:1]
	}
	if sourceURI != "" {
		source = r.refs[1:]
	}
	return target, source
}

func (r *Reply) headerStatus() syncml.Status {
	h := &r.in.Header
	s := syncml.Status{CmdRef: "0", Cmd: "SyncHdr", Chal: r.Chal}
	s.TargetRefs, s.SourceRefs = r.references(h.Target.URI, h.Source.URI)
	for _, v := range r.listed {
		s.Items = append(s.Items, syncml.Item{Data: syncml.Text(v)})
	}
	return s
}

// Add adds a command for each operation. The error is a *RequestError for an operation that makes no command.
// Nothing can be added to a reply that refuses the message; it is then ignored.
func (r *Reply) Add(ops ...Op) error {
	if r.Refused() {
		return nil
	}
	for _, op := range ops {
		cmd, err := op.Command(r.nextID())
		if err != nil {
			return err
		}
		r.added = append(r.added, cmd)
	}
	return nil
}

func (r *Reply) nextID() string {
	if r.id == 0 {
		r.id = uint64(len(r.Statuses()))
	}
	r.id++
	return strconv.FormatUint(r.id, 10)
}

// ReplyHeader returns the header of the reply: the version, session and addresses of the message, the latter swapped.
func (r *Reply) ReplyHeader() syncml.Header {
	h := &r.in.Header
	out := syncml.Header{
		Namespace: h.Namespace, VerDTD: h.VerDTD, VerProto: h.VerProto,
		SessionID: h.SessionID, MsgID: r.MsgID,
		Target: syncml.Location{URI: h.Source.URI}, Source: syncml.Location{URI: h.Target.URI},
	}
	if len(r.listed) > 0 || h.VerDTD == "" || h.VerProto == "" {
		out.Namespace, out.VerDTD, out.VerProto = "", versions[0].VerDTD, versions[0].VerProto
	}
	return out
}

// Message returns the reply: the statuses, then what was added.
func (r *Reply) Message() *syncml.Message {
	m := &syncml.Message{Header: r.ReplyHeader(), Final: r.Final}
	for _, s := range r.Statuses() {
		m.Body = append(m.Body, s)
	}
	m.Body = append(m.Body, r.added...)
	return m
}
