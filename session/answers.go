package session

import (
	"slices"
	"strconv"
	"strings"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/syncml"
)

// status notes what the client says about a command or about the header of our message.
func (t *Turn) status(c *syncml.Status) {
	code, err := omadm.ParseStatus(c.Data.Value)
	if err != nil {
		t.note("Status %.64q is not a code", c.CmdID)
		return
	}
	if c.CmdRef == "" || c.CmdRef == "0" {
		t.headerStatus(c, code)
		return
	}
	list := t.outstanding(c.MsgRef, c.CmdRef)
	if len(list) == 0 {
		if c.Cmd != "Alert" { // those we send to keep a package going are not kept
			t.note("Status %.64q is about no command sent", c.CmdID)
		}
		return
	}
	nodes, known := references{}, false
	if len(list) > 1 {
		nodes = newReferences(c)
	}
	for i := range list {
		if len(list) == 1 || nodes.name(t.op(&list[i])) {
			known = true
			t.report(c, &list[i], code)
		}
	}
	if !known {
		t.note("Status %.64q names no item of its command", c.CmdID)
	}
}

// references are the nodes that a status names, of a command with several items.
type references struct {
	few  [2][]string
	many map[omadm.URI]bool // in place of few: canonical
}

// manyReferences is from how many on a status has its references sorted: looking through them for each item of the command
// would take the product of both.
const manyReferences = 4

func newReferences(c *syncml.Status) references {
	r := references{few: [2][]string{c.TargetRefs, c.SourceRefs}}
	if n := len(c.TargetRefs) + len(c.SourceRefs); n >= manyReferences {
		r.many = make(map[omadm.URI]bool, n)
		for _, list := range r.few {
			for _, ref := range list {
				r.many[omadm.URI(ref).Canonical()] = true
			}
		}
	}
	return r
}

// name reports whether the node of an operation is named. A status without references is about all (MS-MDM section
// 2.2.6.1).
func (r *references) name(op *omadm.Op) bool {
	switch {
	case len(r.few[0])+len(r.few[1]) == 0:
		return true
	case op == nil:
		return false
	case r.many != nil:
		return r.many[op.URI.Canonical()]
	}
	named := func(ref string) bool { return omadm.URI(ref).Equal(op.URI) }
	return slices.ContainsFunc(r.few[0], named) || slices.ContainsFunc(r.few[1], named)
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
		t.note("Status %.64q repeats an answer", c.CmdID)
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
		t.note("Results %.64q are about no command sent", c.CmdID)
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
// section 5.3.3); of Windows the build and the edition do.
var capabilities = [...]omadm.URI{
	nodeLargeObjects, nodeMaxDepth, nodeMaxTotLen, nodeMaxSegLen,
	omadm.DevDetailSwV, "./Vendor/MSFT/WindowsLicensing/Edition", "./Device/Vendor/MSFT/WindowsLicensing/Edition",
}

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
		t.change.Results = slices.Grow(t.room, len(t.in.Message.Body)) // a Status or Results makes one as a rule
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
