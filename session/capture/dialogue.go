package capture

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/syncml"
	"github.com/gomadm/gomadm/syncml/wbxml"
)

// Dialogue writes the conversation as text: for each message a line that says who sent it, when and in which session,
// and below it a line for each command or item, with the names of statuses and alerts, addresses, and values, cut to a
// bearable length. Values of secrets are never shown, also where a recording was made without blanking them: in their
// place stands their number, such as "(secret 3)". The text depends on the recording alone, which makes it a golden file.
//
//	1 device → server  2026-03-01T08:00:00Z  session 1, message 1, 1204 octets
//	    1    Alert    1201 Client-initiated management
//	    2    Replace  ./DevInfo/Man = "Example Devices"
//	1 server → device  2026-03-01T08:00:00Z  session 1, message 1, 871 octets
//	    1    Status   200 OK for SyncHdr
//	    2    Status   200 OK for Alert 1
//	    3    Status   200 OK for Replace 2
//	    4    Get      ./DevDetail/SwV
//
// The first column of a command is its CmdID. The error is one of w.
func (r *Recording) Dialogue(w io.Writer) error {
	d := dialogue{w: bufio.NewWriter(w)}
	for i := range r.Messages {
		d.message(&r.Messages[i])
	}
	return d.w.Flush()
}

// dialogue writes messages in their order. What goes wrong with w is kept by the bufio.Writer.
type dialogue struct {
	w       *bufio.Writer
	blanker blanker
	objects map[string]object // that go on in the next message, by sender and session
}

// object is a large object of which parts were seen.
type object struct {
	uri  string
	seen int   // octets
	size int64 // of the whole, as announced; -1: not announced
}

func (d *dialogue) line(indent, format string, args ...any) {
	text := strings.TrimRight(fmt.Sprintf(format, args...), " ")
	d.w.WriteString(indent + text + "\n")
}

func (d *dialogue) message(m *Message) {
	head := fmt.Sprintf("%d %s  %s", m.Number, arrows[m.From&1], m.Time.UTC().Format("2006-01-02T15:04:05.999Z07:00"))
	if m.From == FromServer && m.Status != http.StatusOK {
		head += fmt.Sprintf("  HTTP %d %s", m.Status, http.StatusText(m.Status))
	}
	if m.Omitted != "" {
		d.line("", "%s  %d octets, %s", head, m.Size, printable(m.Omitted))
		return
	}
	if len(m.Octets) == 0 {
		d.line("", "%s", head)
		return
	}
	msg, err := m.Decode()
	if err != nil {
		d.line("", "%s  %d octets that are not a message", head, len(m.Octets))
		return
	}
	d.blanker.message(m.From, msg)
	h := &msg.Header
	open := ""
	switch {
	case m.Cut:
		open = ", the rest is cut off"
	case !msg.Final:
		open = ", package goes on"
	}
	if m.Guessed {
		open += ", the sender is a guess"
	}
	encoding := ""
	if m.Codec() == wbxml.Codec {
		encoding = " of WBXML"
	}
	d.line("", "%s  session %s, message %s, %d octets%s%s", head, name(h.SessionID), name(h.MsgID), len(m.Octets), encoding, open)
	d.header(h)
	d.commands(msg.Body, indent, m.From.String()+"\n"+h.SessionID, nil)
}

var arrows = [...]string{FromDevice: "device → server", FromServer: "server → device"}

const indent = "    "

// header writes what a header says beside addresses.
func (d *dialogue) header(h *syncml.Header) {
	if h.VerDTD != "1.2" || h.VerProto != "DM/1.2" {
		d.line(indent, "     Header   VerDTD %s, VerProto %s", name(h.VerDTD), name(h.VerProto))
	}
	if h.Cred != nil {
		d.line(indent, "     Cred     %s", scheme(h.Cred.Meta))
	}
	if h.RespURI != "" {
		d.line(indent, "     RespURI  %s", printable(h.RespURI))
	}
	if m := h.Meta; m != nil {
		for _, limit := range []struct{ name, value string }{{"MaxMsgSize", m.MaxMsgSize}, {"MaxObjSize", m.MaxObjSize}} {
			if limit.value != "" {
				d.line(indent, "     Header   %s %s", limit.name, printable(limit.value))
			}
		}
	}
}

func (d *dialogue) commands(list []syncml.Command, in, sender string, metas []*syncml.Meta) {
	for _, c := range list {
		p := partsOf(c)
		metas := append([]*syncml.Meta{p.meta}, metas...)
		start := fmt.Sprintf("%-4s %-8s", printable(c.ID()), printable(c.Name()))
		below := "              "
		switch c := c.(type) {
		case *syncml.Status:
			d.line(in, "%s %s", start, status(c))
			d.items(c.Items, in, below, sender, metas)
		case *syncml.Alert:
			d.line(in, "%s %s%s", start, alert(c), correlator(c.Correlator))
			d.items(c.Items, in, below, sender, metas)
		case *syncml.Atomic, *syncml.Sequence:
			d.line(in, "%s", start)
			d.commands(p.body, in+"  ", sender, metas)
		case *syncml.Unknown:
			d.line(in, "%s %d octets", start, len(c.Content))
		case *syncml.Exec:
			d.items(c.Items, in, start+correlator(c.Correlator)+" ", sender, metas)
		case *syncml.Results:
			d.items(c.Items, in, start+" "+"for "+reference(c.Cmd, c.CmdRef, "Get")+": ", sender, metas)
		default:
			d.items(c.ItemList(), in, start+" ", sender, metas)
		}
	}
}

// items writes a line for each item: the first after start, the others below it.
func (d *dialogue) items(items []syncml.Item, in, start, sender string, metas []*syncml.Meta) {
	blank := start
	if strings.TrimSpace(start) != "" {
		blank = "              "
		if len(items) == 0 {
			d.line(in, "%s", start)
		}
	}
	for i := range items {
		d.line(in, "%s%s", start, d.item(&items[i], sender, metas))
		start = blank
	}
}

func (d *dialogue) item(it *syncml.Item, sender string, metas []*syncml.Meta) string {
	var words []string
	switch {
	case it.Target.URI != "" && it.Source.URI != "":
		words = append(words, printable(it.Source.URI), "→", printable(it.Target.URI))
	case it.Target.URI != "" || it.Source.URI != "":
		words = append(words, printable(it.Target.URI+it.Source.URI))
	}
	v := omadm.ItemValue(it, metas...)
	if v.Format != "" && v.Format != omadm.FormatChr {
		words = append(words, printable(string(v.Format)))
	}
	if t := v.MediaType(); t != "text/plain" {
		words = append(words, printable(t))
	}
	if it.Meta != nil && it.Meta.Mark != "" {
		words = append(words, printable(it.Meta.Mark))
	}
	if it.Data.Kind != syncml.NoData {
		if len(words) > 0 {
			words = append(words, "=")
		}
		words = append(words, value(it.Data))
	}
	if part := d.part(it, sender); part != "" {
		words = append(words, part)
	}
	return strings.Join(words, " ")
}

// part says which part of a large object an item holds; empty if it holds all of it.
func (d *dialogue) part(it *syncml.Item, sender string) string {
	uri := it.Target.URI + it.Source.URI
	o, later := d.objects[sender]
	later = later && o.uri == uri
	if !later {
		if !it.MoreData {
			return ""
		}
		o = object{uri: uri, size: -1}
	}
	if it.Meta != nil {
		if n, ok := syncml.ParseSize(it.Meta.Size); ok {
			o.size = n
		}
	}
	from := o.seen
	o.seen += len(it.Data.Value)
	what := "part"
	if it.MoreData {
		if d.objects == nil {
			d.objects = make(map[string]object)
		}
		d.objects[sender] = o
	} else {
		what = "last part"
		delete(d.objects, sender)
	}
	text := fmt.Sprintf("(%s: octets %d to %d", what, from, o.seen)
	if o.size >= 0 {
		text += fmt.Sprintf(" of %d", o.size)
	}
	return text + ")"
}

func status(c *syncml.Status) string {
	code := printable(c.Data.Value)
	if s, err := omadm.ParseStatus(c.Data.Value); err == nil {
		code = s.String()
	}
	if c.Data.OriginalError != "" {
		code += " (" + printable(c.Data.OriginalError) + ")"
	}
	text := code + " for " + reference(c.Cmd, c.CmdRef, "")
	if c.CmdRef != "0" && c.CmdRef != "" {
		for _, ref := range append(c.TargetRefs[:len(c.TargetRefs):len(c.TargetRefs)], c.SourceRefs...) {
			text += " " + printable(ref)
		}
	}
	if c.Cred != nil {
		text += ", with credentials " + scheme(c.Cred.Meta)
	}
	if c.Chal != nil {
		text += ", challenge " + scheme(c.Chal.Meta)
	}
	return text
}

// reference names a command of the other side.
func reference(cmd, ref, otherwise string) string {
	if cmd == "" {
		cmd = otherwise
	}
	if ref == "0" || ref == "" {
		return strings.TrimSpace(printable(cmd))
	}
	return strings.TrimSpace(printable(cmd) + " " + printable(ref))
}

func scheme(m *syncml.Meta) string {
	if m == nil || m.Type == "" {
		return "of no type"
	}
	return strings.TrimSpace(printable(m.Type) + " " + printable(m.Format))
}

func alert(c *syncml.Alert) string {
	if code, err := omadm.ParseAlertCode(c.Data.Value); err == nil {
		return code.String()
	}
	return printable(c.Data.Value)
}

func correlator(s string) string {
	if s == "" {
		return ""
	}
	return " correlator " + printable(s)
}

// name shows an identifier.
func name(s string) string {
	if s == "" {
		return "(none)"
	}
	return printable(s)
}

const (
	maxValue = 60  // characters of a value that are shown
	maxName  = 500 // octets of an address or an identifier that are shown
)

// value shows data, but not much of it.
func value(d syncml.Data) string {
	if n := placeholderNumber(d.Value); n > 0 {
		return fmt.Sprintf("(secret %d)", n)
	}
	if d.Kind == syncml.OctetsData {
		return fmt.Sprintf("%d octets", len(d.Value))
	}
	at, n := 0, 0
	for at < len(d.Value) && n < maxValue {
		_, size := utf8.DecodeRuneInString(d.Value[at:])
		at += size
		n++
	}
	if at < len(d.Value) {
		return fmt.Sprintf("%s… (%d octets)", strconv.Quote(d.Value[:at]), len(d.Value))
	}
	return strconv.Quote(d.Value)
}

// printable replaces what would steer a terminal, and cuts what is too long.
func printable(s string) string {
	end := ""
	if len(s) > maxName {
		s, end = s[:maxName], "…"
	}
	return strings.Map(func(r rune) rune {
		if !strconv.IsPrint(r) {
			return '\uFFFD'
		}
		return r
	}, s) + end
}
