package main

import (
	"encoding/hex"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/syncml"
)

// listing prints messages for people. Errors of w are those of a bufio.Writer: they come back from its Flush.
type listing struct {
	w     io.Writer
	style style
	depth int
}

func (l *listing) heading(file string, apart bool) {
	if apart {
		fmt.Fprintln(l.w)
	}
	fmt.Fprintln(l.w, l.style.bold("== "+show(file)))
}

// line prints a label and a value, unless the value is empty.
func (l *listing) line(label, value string) {
	if value != "" {
		l.always(label, show(value))
	}
}

// always prints a label and a value that is fit to be shown.
func (l *listing) always(label, value string) {
	indent := strings.Repeat("  ", l.depth)
	label = fmt.Sprintf("%-10s ", label)
	value = l.style.cut(value, len(indent)+len(label))
	fmt.Fprintf(l.w, "%s%s%s\n", indent, l.style.faint(label), value)
}

// inside prints deeper.
func (l *listing) inside(print func()) {
	l.depth++
	print()
	l.depth--
}

func (l *listing) flag(label string, set bool) {
	if set {
		fmt.Fprintf(l.w, "%s%s\n", strings.Repeat("  ", l.depth), l.style.faint(label))
	}
}

func (l *listing) title(parts ...string) {
	text := strings.TrimRight(strings.Join(parts, " "), " ")
	fmt.Fprintf(l.w, "%s%s\n", strings.Repeat("  ", l.depth), text)
}

func (l *listing) message(m *syncml.Message) {
	h := &m.Header
	l.title(l.style.bold("SyncHdr"))
	l.inside(func() {
		l.line("Namespace", h.Namespace)
		l.line("VerDTD", h.VerDTD)
		l.line("VerProto", h.VerProto)
		l.line("SessionID", h.SessionID)
		l.line("MsgID", h.MsgID)
		l.location("Target", h.Target)
		l.location("Source", h.Source)
		l.line("RespURI", h.RespURI)
		l.flag("NoResp", h.NoResp)
		l.cred(h.Cred)
		l.meta(h.Meta)
	})
	l.body(m.Body)
	l.title(l.style.bold("Final"), strconv.FormatBool(m.Final))
}

func (l *listing) body(body []syncml.Command) {
	for _, c := range body {
		l.command(c)
	}
}

func (l *listing) command(c syncml.Command) {
	id := "without CmdID"
	if c.ID() != "" {
		id = show(c.ID())
	}
	p := describe(c)
	l.title(l.style.bold(show(c.Name())), id, l.style.faint(meaning(c, p.Data)))
	l.inside(func() {
		l.references(&p)
		l.flag("NoResp", p.NoResp)
		l.flag("Archive", p.Archive)
		l.flag("SftDel", p.SftDel)
		l.line("Lang", p.Lang)
		l.cred(p.Cred)
		if p.Chal != nil {
			l.title(l.style.faint("Chal"))
			l.inside(func() { l.meta(p.Chal.Meta) })
		}
		l.meta(p.Meta)
		l.data(p.Data)
		l.line("Correlator", p.Correlator)
		l.line("Space", p.Space)
		l.line("Content", p.Content)
		for i := range p.Items {
			l.item(i, &p.Items[i])
		}
		l.body(p.Body)
	})
}

// references prints what a status or a result answers.
func (l *listing) references(p *parts) {
	if p.MsgRef != "" || p.CmdRef != "" || p.Cmd != "" {
		l.always("answers", strings.TrimSpace(fmt.Sprintf("message %s, command %s %s", show(p.MsgRef), show(p.CmdRef), printable(p.Cmd))))
	}
	for _, ref := range p.TargetRefs {
		l.line("TargetRef", ref)
	}
	for _, ref := range p.SourceRefs {
		l.line("SourceRef", ref)
	}
}

// meaning returns the name of a status or alert code.
func meaning(c syncml.Command, d syncml.Data) string {
	if d.Kind != syncml.TextData {
		return ""
	}
	switch c.(type) {
	case *syncml.Status:
		if code, err := omadm.ParseStatus(d.Value); err == nil {
			return code.String()
		}
	case *syncml.Alert:
		if code, err := omadm.ParseAlertCode(d.Value); err == nil {
			return code.String()
		}
	}
	return ""
}

func (l *listing) item(i int, it *syncml.Item) {
	l.title(l.style.faint("Item " + strconv.Itoa(i+1)))
	l.inside(func() {
		l.location("Target", it.Target)
		l.location("Source", it.Source)
		l.meta(it.Meta)
		l.data(it.Data)
		l.flag("MoreData", it.MoreData)
	})
}

func (l *listing) location(label string, at syncml.Location) {
	l.line(label, at.URI)
	l.line("  LocName", at.Name)
}

// cred prints who claims to be whom and how, never the secret.
func (l *listing) cred(c *syncml.Cred) {
	if c == nil {
		return
	}
	l.title(l.style.faint("Cred"))
	l.inside(func() {
		l.meta(c.Meta)
		if c.Data.Kind != syncml.NoData {
			l.always("Data", hidden(c.Data.Value))
		}
	})
}

func hidden(secret string) string { return fmt.Sprintf("(%d octets)", len(secret)) }

func (l *listing) meta(m *syncml.Meta) {
	if m == nil {
		return
	}
	l.line("Format", m.Format)
	l.line("Type", m.Type)
	l.line("Mark", m.Mark)
	l.line("Size", m.Size)
	if m.NextNonce != "" {
		l.always("NextNonce", hidden(m.NextNonce))
	}
	l.line("MaxMsgSize", m.MaxMsgSize)
	l.line("MaxObjSize", m.MaxObjSize)
	for _, e := range m.Extra {
		l.always(show(e.Name), show(e.Content))
	}
}

func (l *listing) data(d syncml.Data) {
	switch d.Kind {
	case syncml.TextData:
		l.always("Data", show(d.Value))
	case syncml.MarkupData:
		l.always("Markup", show(d.Value))
	case syncml.OctetsData:
		l.always("Octets", hex.EncodeToString([]byte(d.Value)))
	}
	l.line("Error", d.OriginalError)
}
