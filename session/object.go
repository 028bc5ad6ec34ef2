package session

import (
	"encoding/binary"
	"strings"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/syncml"
)

// Object is a large object that a client sends in parts (OMA DM Protocol 1.2.1, section 7), as far as it has come. The
// zero Object is none. Its octets are the parts that the store keeps beside the session.
type Object struct {
	Command string // "Results" or "Alert", the command that it is an item of; empty: there is no object
	MsgRef  string // of Results: the command that they answer
	CmdRef  string
	Alert   string // of an Alert: its code
	Source  string // LocURIs of the item
	Target  string
	Format  string // Meta of the first part
	Type    string
	Mark    string
	Size    int64 // octets that the first part announced; 0: it announced none
	Have    int64 // octets that have come
	Binary  bool  // a part was binary
	// Refused is the status with which the object was refused: its further parts are answered with it and dropped. 0: the
	// object is taken.
	Refused omadm.Status
}

// identify returns what tells the object of an item from others.
func identify(cmd syncml.Command, it *syncml.Item) Object {
	o := Object{Command: cmd.Name(), Source: it.Source.URI, Target: it.Target.URI}
	switch c := cmd.(type) {
	case *syncml.Results:
		o.MsgRef, o.CmdRef = c.MsgRef, c.CmdRef
	case *syncml.Alert:
		o.Alert = strings.TrimSpace(c.Data.Value)
	}
	return o
}

// continues reports whether a part with the identity of p goes on with o.
func (o *Object) continues(p *Object) bool {
	return o.Command == p.Command && o.MsgRef == p.MsgRef && o.CmdRef == p.CmdRef && o.Alert == p.Alert &&
		o.Source == p.Source && o.Target == p.Target
}

// interrupts reports whether cmd cannot come between the parts of an object (OMA DM Protocol 1.2.1, section 7). The
// items of Results and events are looked at one by one.
func interrupts(cmd syncml.Command) bool {
	switch c := cmd.(type) {
	case *syncml.Status:
		return false
	case *syncml.Results:
		return len(c.Items) == 0
	case *syncml.Alert:
		code, err := omadm.ParseAlertCode(c.Data.Value)
		if err != nil {
			return true
		}
		return code.Class() != omadm.AlertFlow && code.Class() != omadm.AlertEvent
	}
	return true
}

// assemble takes item i of Results or of an event; it is the item with the Meta of its command. It returns the item
// when it is whole: as it is, or joined with the parts that came before. It returns nil for a part that is not the last,
// and for one of an object that is refused.
func (t *Turn) assemble(cmd syncml.Command, i int, it *syncml.Item) *syncml.Item {
	o := &t.state.Incoming
	if !it.MoreData && o.Command == "" {
		return it
	}
	p := identify(cmd, it)
	if o.Command != "" && !o.continues(&p) {
		t.interrupt()
	}
	if o.Command == "" {
		if !it.MoreData {
			return it
		}
		t.beginObject(p, cmd, i, it)
	}
	o.Have += int64(len(it.Data.Value))
	o.Binary = o.Binary || it.Data.Kind == syncml.OctetsData
	if o.Refused == 0 {
		o.Refused = t.judge(!it.MoreData)
	}
	switch {
	case o.Refused != 0:
		t.dropParts()
		t.answerPart(cmd, i, o.Refused)
	case it.MoreData:
		t.part = append(t.part, it.Data.Value...)
		t.answerPart(cmd, i, omadm.StatusChunkedItemAccepted)
	default:
		return t.join(cmd, i, it)
	}
	if !it.MoreData {
		*o = Object{}
	}
	return nil
}

// beginObject takes up what the first part says about its object.
func (t *Turn) beginObject(p Object, cmd syncml.Command, i int, it *syncml.Item) {
	if m := it.Meta; m != nil {
		p.Format, p.Type, p.Mark = m.Format, m.Type, m.Mark
		if n, ok := syncml.ParseSize(m.Size); ok {
			p.Size = n
		} else if m.Size != "" {
			t.note("Size of a large object is not a size")
		}
	}
	switch {
	case p.Size > int64(t.env.Rules.Limits.Object):
		p.Refused = omadm.StatusEntityTooLarge
	case p.Size == 0 && t.env.Rules.Strict:
		p.Refused = omadm.StatusSizeRequired
	case len(p.Format)+len(p.Type)+len(p.Mark) > maxFact:
		p.Format, p.Type, p.Mark, p.Refused = "", "", "", omadm.StatusEntityTooLarge
	case p.Alert != "":
		if code := t.verdict(cmd, i, it); !code.Success() {
			p.Refused = code
		}
	}
	t.state.Incoming = p
}

// judge returns the status that refuses the object as far as it has come; 0 if it is in order.
func (t *Turn) judge(last bool) omadm.Status {
	o, rules := &t.state.Incoming, &t.env.Rules
	switch {
	case o.Have > int64(rules.Limits.Object):
		return omadm.StatusEntityTooLarge
	case o.Size == 0 || o.Have == o.Size || !last && o.Have < o.Size:
		return 0
	case last && rules.SizeSlack && o.Have+1 == o.Size:
		return 0
	}
	return omadm.StatusSizeMismatch
}

// answerPart sets the status of an item that is a part. Results have one status for all of their items.
func (t *Turn) answerPart(cmd syncml.Command, i int, code omadm.Status) {
	if _, ok := cmd.(*syncml.Results); ok {
		t.reply.Status(cmd, code)
		return
	}
	t.reply.ItemStatus(cmd, i, code)
}

// join returns the item that the parts make together with it, the last one.
func (t *Turn) join(cmd syncml.Command, i int, it *syncml.Item) *syncml.Item {
	o := t.state.Incoming
	parts, ok := t.committedParts()
	if !ok {
		t.note("parts of a large object are missing from the record")
		t.dropParts()
		t.answerPart(cmd, i, omadm.StatusSizeMismatch)
		t.state.Incoming = Object{}
		return nil
	}
	var b strings.Builder
	b.Grow(int(o.Have))
	for _, p := range parts {
		b.Write(p)
	}
	b.Write(t.part)
	b.WriteString(it.Data.Value)
	t.dropParts()
	t.state.Incoming = Object{}

	whole := *it
	whole.Data = syncml.Text(b.String())
	if o.Binary {
		whole.Data.Kind = syncml.OctetsData
	}
	whole.Meta = merged(it.Meta, &syncml.Meta{Format: o.Format, Type: o.Type, Mark: o.Mark})
	return &whole
}

// committedParts returns the parts of the object that earlier messages brought; false if the record lacks them.
func (t *Turn) committedParts() ([][]byte, bool) {
	at := 0
	for i := range t.rec.Sessions {
		if s := &t.rec.Sessions[i]; !s.SameKey(t.state) {
			at += s.Parts
			continue
		}
		break
	}
	if at+t.state.Parts > len(t.rec.Parts) {
		return nil, t.state.Parts == 0
	}
	return t.rec.Parts[at : at+t.state.Parts], true
}

// dropParts forgets the octets of the object that is coming in.
func (t *Turn) dropParts() { t.part, t.state.Parts = nil, 0 }

// interrupt drops an object whose last part did not come. The client is told with an alert 1225 and may send it anew.
func (t *Turn) interrupt() {
	if o := t.state.Incoming; o.Refused == 0 {
		t.note("client broke off a large object of %d octets", o.Have)
		t.broken = append(t.broken, syncml.Item{
			Source: syncml.Location{URI: o.Source}, Target: syncml.Location{URI: o.Target},
		})
	}
	t.dropParts()
	t.state.Incoming = Object{}
}

// keepPart hands the octets of this message to the change.
func (t *Turn) keepPart() {
	if len(t.part) == 0 {
		return
	}
	t.change.Part, t.part = t.part, nil
	t.state.Parts++
}

// endsObject reports whether m has an item that may be the last part of a large object, or may follow a broken one.
func endsObject(m *syncml.Message) bool {
	for _, cmd := range m.Body {
		switch cmd.(type) {
		case *syncml.Results, *syncml.Alert:
		default:
			continue
		}
		items := cmd.ItemList()
		for i := range items {
			if !items[i].MoreData && alertType(&items[i]) != omadm.TypeRequestPending {
				return true
			}
		}
	}
	return false
}

func (o *Object) appendBinary(dst []byte) []byte {
	if o.Command == "" {
		return append(dst, 0)
	}
	for _, v := range [...]string{o.Command, o.MsgRef, o.CmdRef, o.Alert, o.Source, o.Target, o.Format, o.Type, o.Mark} {
		dst = appendString(dst, v)
	}
	for _, n := range [...]uint64{uint64(o.Size), uint64(o.Have), bit(o.Binary), uint64(o.Refused)} {
		dst = binary.AppendUvarint(dst, n)
	}
	return dst
}

func (d *decoder) object() (o Object) {
	if o.Command = d.text(); o.Command == "" {
		return o
	}
	for _, v := range [...]*string{&o.MsgRef, &o.CmdRef, &o.Alert, &o.Source, &o.Target, &o.Format, &o.Type, &o.Mark} {
		*v = d.text()
	}
	o.Size, o.Have = int64(d.number(1<<62)), int64(d.number(1<<62))
	o.Binary, o.Refused = d.number(1) == 1, omadm.Status(d.number(1<<31))
	return o
}
