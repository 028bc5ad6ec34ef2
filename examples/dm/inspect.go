package main

import (
	"bufio"
	"encoding/base64"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gomadm/gomadm/csp"
	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session/capture"
	"github.com/gomadm/gomadm/syncml"
	"github.com/gomadm/gomadm/syncml/wbxml"
)

func inspectCapture(flags *flag.FlagSet, args []string, s *streams) (int, error) {
	files, err := parse(flags, args, 1, 1)
	if err != nil {
		return exitUsage, err
	}
	rec, err := readCapture(files[0])
	if err != nil {
		return exitWrong, err
	}
	out := bufio.NewWriter(s.out)
	v := newView(&listing{w: out, style: styleOf(s.out)}, rec)
	wrong := v.all()
	if err := out.Flush(); err != nil {
		return exitWrong, err
	}
	if wrong > 0 {
		return exitWrong, nil
	}
	return exitOK, nil
}

// readCapture reads a recording in any form. Its secrets are blanked: those that are known by their names, and the values
// of nodes of Windows that are to be kept secret.
func readCapture(name string) (*capture.Recording, error) {
	dir, base := filepath.Split(filepath.Clean(name))
	if dir == "" {
		dir = "."
	}
	rec, err := capture.Read(os.DirFS(dir), base)
	if err != nil {
		return nil, err
	}
	return rec.Blank(sensitive), nil
}

// sensitive reports whether the catalogue says that a node keeps a secret.
func sensitive(uri omadm.URI) bool {
	m, err := csp.Default().ResolveLocURI(omadm.URI(strings.Trim(string(uri.Path()), "/ ")))
	return err == nil && m.Node.Described() && m.Node.Sensitive()
}

// view shows a recording: sessions, messages, and each command beside what came of it.
type view struct {
	*listing
	rec    *capture.Recording
	asked  map[string]*capture.Asked // by number of the exchange and CmdID
	broken map[int][]capture.Violation
	device csp.Device
	facts  omadm.Facts
	wrong  int
}

func newView(l *listing, rec *capture.Recording) *view {
	v := &view{listing: l, rec: rec, asked: make(map[string]*capture.Asked), broken: make(map[int][]capture.Violation), facts: make(omadm.Facts)}
	list := rec.Asked()
	for i := range list {
		v.asked[string(list[i].Request.ID)] = &list[i]
	}
	for _, b := range rec.Violations() {
		v.broken[b.Number] = append(v.broken[b.Number], b)
	}
	return v
}

// all prints everything and returns how much is wrong.
func (v *view) all() int {
	last := ""
	for i := range v.rec.Messages {
		m := &v.rec.Messages[i]
		msg, err := m.Decode()
		if m.Octets == nil || err != nil {
			v.exchange(m)
			v.always("      ", show(absent(m, err)))
			continue
		}
		h := &msg.Header
		if m.From == capture.FromDevice {
			if key := h.Source.URI + "\n" + h.SessionID; key != last || h.MsgID == "1" {
				v.begin(m, h, last != "")
				last = key
			}
		}
		v.exchange(m)
		v.inside(func() {
			if m.From == capture.FromDevice {
				v.fromDevice(msg)
			} else {
				v.fromServer(m, msg)
			}
			v.ends(m, msg)
		})
		v.violations(m)
	}
	for _, p := range v.rec.Problems {
		v.wrong++
		v.title(v.style.red("not read: " + show(p.Error())))
	}
	v.sum()
	return v.wrong
}

func absent(m *capture.Message, err error) string {
	switch {
	case m.Omitted != "":
		return fmt.Sprintf("%d octets, not recorded: %s", m.Size, m.Omitted)
	case m.Octets == nil:
		return "no content"
	}
	return "cannot be read: " + err.Error()
}

// begin prints the heading of a session.
func (v *view) begin(m *capture.Message, h *syncml.Header, apart bool) {
	if apart {
		fmt.Fprintln(v.w)
	}
	encoding := "XML"
	if m.Codec() == wbxml.Codec {
		encoding = "WBXML"
	}
	v.title(v.style.bold("Session "+show(h.SessionID)+" of "+show(h.Source.URI)), v.style.faint("with "+show(h.Target.URI)+", "+show(h.VerProto)+" in "+encoding))
}

// exchange prints the heading of a message.
func (v *view) exchange(m *capture.Message) {
	who := "device → server"
	if m.From == capture.FromServer {
		who = "server → device"
	}
	var notes []string
	if !m.Time.IsZero() {
		notes = append(notes, m.Time.UTC().Format(time.RFC3339))
	}
	if m.Size > 0 {
		notes = append(notes, fmt.Sprintf("%d octets", m.Size))
	}
	if m.From == capture.FromServer && m.Status != http.StatusOK && m.Status != 0 {
		notes = append(notes, fmt.Sprintf("HTTP status %d %s", m.Status, http.StatusText(m.Status)))
	}
	if m.Guessed {
		notes = append(notes, "the sender is a guess")
	}
	if m.Cut {
		notes = append(notes, "the rest is cut off")
	}
	v.title(v.style.bold(fmt.Sprintf("%d  %s", m.Number, who)), v.style.faint(strings.Join(notes, ", ")))
}

// ends says that a package goes on.
func (v *view) ends(m *capture.Message, msg *syncml.Message) {
	if !msg.Final && !m.Cut {
		v.title(v.style.faint("… goes on in the next message"))
	}
}

// fromDevice prints what a device says on its own, and how much it reports.
func (v *view) fromDevice(m *syncml.Message) {
	v.credentials(m)
	var codes tally
	values := 0
	for _, c := range m.Body {
		switch c := c.(type) {
		case *syncml.Status:
			if c.CmdRef == "0" || c.CmdRef == "" {
				v.headerStatus(c)
				continue
			}
			codes.add(statusName(c.Data.Value), "")
		case *syncml.Results:
			values += len(c.Items)
		case *syncml.Alert:
			v.alert(c)
		default:
			v.items(c)
		}
	}
	if len(codes.names) > 0 {
		v.always("reports", codes.counts())
	}
	switch values {
	case 0:
	case 1:
		v.always("brings", "1 value")
	default:
		v.always("brings", fmt.Sprintf("%d values", values))
	}
}

// credentials says how a side proves itself.
func (v *view) credentials(m *syncml.Message) {
	if c := m.Header.Cred; c != nil {
		scheme := "credentials"
		if c.Meta != nil {
			scheme = c.Meta.Type
		}
		v.always("proves", "itself with "+show(scheme))
	}
}

// headerStatus prints the answer to a header, unless it is only that it was taken.
func (v *view) headerStatus(c *syncml.Status) {
	text := statusName(c.Data.Value)
	if c.Chal != nil && c.Chal.Meta != nil {
		text += ", and asks for " + show(c.Chal.Meta.Type)
	}
	if c.Data.Value != "200" || c.Chal != nil {
		v.always("SyncHdr", text)
	}
}

func (v *view) alert(c *syncml.Alert) {
	code := show(c.Data.Value)
	if a, err := omadm.ParseAlertCode(c.Data.Value); err == nil {
		code = a.String()
	}
	if c.Correlator != "" {
		code += ", correlator " + show(c.Correlator)
	}
	v.always("Alert", code)
	v.inside(func() {
		for i := range c.Items {
			it := &c.Items[i]
			label := strings.TrimSpace(it.Source.URI + " " + it.Target.URI)
			if it.Meta != nil && it.Meta.Type != "" {
				label = strings.TrimSpace(label + " " + it.Meta.Type)
			}
			v.value(label, omadm.URI(it.Source.URI), omadm.ItemValue(it))
		}
	})
}

// items prints what a device says about its nodes, such as DevInfo, and keeps the facts.
func (v *view) items(c syncml.Command) {
	v.title(v.style.faint(show(c.Name())))
	v.inside(func() {
		for i := range c.ItemList() {
			it := &c.ItemList()[i]
			uri := it.Source.URI + it.Target.URI
			v.facts[uri] = it.Data.Value
			v.device = csp.DeviceOf(v.facts)
			v.value(uri, omadm.URI(uri), omadm.ItemValue(it))
		}
	})
}

// fromServer prints the answers of a server in one line for each code, and its commands.
func (v *view) fromServer(m *capture.Message, msg *syncml.Message) {
	v.credentials(msg)
	var answers tally
	for _, c := range msg.Body {
		if st, ok := c.(*syncml.Status); ok {
			what := strings.TrimSpace(st.Cmd + " " + st.CmdRef)
			if st.CmdRef == "0" || st.CmdRef == "" {
				what = "SyncHdr"
				if st.Chal != nil && st.Chal.Meta != nil {
					what += " (asks for " + st.Chal.Meta.Type + ")"
				}
			}
			answers.add(statusName(st.Data.Value), what)
		}
	}
	for _, name := range answers.names {
		v.always("answers", name+" for "+show(strings.Join(answers.of[name], ", ")))
	}
	for _, c := range msg.Body {
		if _, ok := c.(*syncml.Status); !ok {
			v.asks(m, c)
		}
	}
}

// asks prints a command of the server beside its outcome.
func (v *view) asks(m *capture.Message, c syncml.Command) {
	a := v.asked[fmt.Sprintf("%d.%s", m.Number, c.ID())]
	if _, unknown := c.(*syncml.Unknown); unknown {
		v.always(show(c.Name()), v.style.faint("no command of OMA DM"))
		return
	}
	if a == nil {
		v.plain(c)
		return
	}
	if a.Request.Group != omadm.Each {
		v.always(a.Request.Group.String(), v.outcome(a))
		v.inside(func() { v.operations(a) })
		return
	}
	v.operations(a)
}

// plain prints a command that is none of its own: a later part of a large object, what is sent again, or an alert that
// keeps the conversation going.
func (v *view) plain(c syncml.Command) {
	if al, ok := c.(*syncml.Alert); ok {
		v.alert(al)
		return
	}
	if items := c.ItemList(); len(items) > 0 {
		v.always(c.Name(), show(items[0].Target.URI)+v.style.faint(fmt.Sprintf("  another part or the same again, %d octets", len(items[0].Data.Value))))
		return
	}
	v.always(c.Name(), v.style.faint("the same again"))
}

// outcome says how a group ended.
func (v *view) outcome(a *capture.Asked) string {
	if a.Group.Status == 0 {
		return v.style.faint("no answer")
	}
	return v.code(a.Group.Status, a.Group.HRESULT)
}

func (v *view) code(s omadm.Status, h uint32) string {
	text := s.String()
	if h != 0 {
		text += fmt.Sprintf(" (0x%08X)", h)
	}
	if s.Success() {
		return v.style.green(text)
	}
	return v.style.red(text)
}

// operations prints the operations of a request, each with what came of it.
func (v *view) operations(a *capture.Asked) {
	results := a.Results // in the order of the operations
	for i := range a.Request.Ops {
		op := &a.Request.Ops[i]
		end := v.style.faint("no answer")
		if s := a.Ops[i].Status; s != 0 {
			end = v.code(s, a.Ops[i].HRESULT)
		}
		if len(a.Sent) > 1 {
			end += v.style.faint(fmt.Sprintf("  sent %d times", len(a.Sent)))
		}
		target := show(string(op.URI))
		if op.Verb == omadm.Copy {
			target = show(string(op.From)) + " to " + target
		}
		if op.Verb == omadm.Alert {
			target = op.Alert.Code.String() + " " + fmt.Sprintf("%q", op.Alert.Text)
		}
		if op.Correlator != "" {
			target += ", correlator " + show(op.Correlator)
		}
		v.always(op.Verb.String(), target+"  ⇒ "+end)
		v.inside(func() {
			v.known(op.URI)
			if op.Value != (omadm.Value{}) {
				v.value("sets", op.URI, op.Value)
			}
			for ; len(results) > 0 && results[0].Op <= i; results = results[1:] {
				if results[0].Op == i {
					v.results(op, &results[0])
				}
			}
			v.why(op, a.Ops[i])
		})
	}
}

// results prints the values that an operation brought.
func (v *view) results(op *omadm.Op, r *omadm.Result) {
	for i := range r.Items {
		it := &r.Items[i]
		label := "brings"
		if uri := omadm.URI(it.Source.URI); it.Source.URI != "" && !uri.Equal(op.URI) {
			label += " " + it.Source.URI
		}
		if r.Status != 0 {
			label = "says"
		}
		v.value(label, omadm.URI(it.Source.URI), omadm.ItemValue(it))
	}
}

// known prints what the catalogue knows of a node.
func (v *view) known(uri omadm.URI) {
	if uri == "" || uri.Query() != "" {
		return
	}
	m, err := csp.Default().ResolveLocURI(uri)
	if err != nil || !m.Node.Described() {
		return
	}
	v.always("catalogue", v.style.faint(show(summary(m.Node))))
}

// why explains a failure.
func (v *view) why(op *omadm.Op, r omadm.Report) {
	if r.Status == 0 || r.Status.Success() || r.Status == omadm.StatusNotExecuted || r.Status == omadm.StatusRolledBack {
		return
	}
	d := csp.Default().Explain(v.device, *op, r.Status, csp.HRESULT(r.HRESULT))
	if d.Hint != "" {
		v.always("because", v.style.faint(show(d.Hint)))
	}
}

// value prints a value: what the catalogue makes of it, base64 as the text that it may stand for, documents unfolded.
func (v *view) value(label string, uri omadm.URI, value omadm.Value) {
	text := value.Data.Value
	if n := capture.SecretNumber(text); n > 0 {
		v.pair(label, fmt.Sprintf("(secret %d)", n))
		return
	}
	if sensitive(uri) {
		v.pair(label, "(secret)")
		return
	}
	if decoded, err := csp.Default().Decode(uri, value); uri != "" && err == nil {
		value, text = decoded, decoded.Data.Value
	}
	kind := ""
	if f := value.DataFormat(); f != omadm.FormatChr {
		kind = v.style.faint("  " + show(string(f)))
	}
	if lines := unfold(value); len(lines) > 0 {
		v.pair(label, v.style.faint(fmt.Sprintf("a document of %d octets", len(text)))+kind)
		v.inside(func() {
			for _, l := range lines {
				v.title(v.style.cut(printable(l), 2*v.depth))
			}
		})
		return
	}
	if octets, ok := octetsOf(value); ok {
		if utf8.Valid(octets) && len(octets) > 0 && !strings.ContainsFunc(string(octets), func(r rune) bool { return r < ' ' && r != '\n' && r != '\t' && r != '\r' }) {
			v.pair(label, fmt.Sprintf("%s (decoded)", shorten(string(octets)))+kind)
			return
		}
		v.pair(label, fmt.Sprintf("%d octets", len(octets))+kind)
		return
	}
	if value.Data.Kind == syncml.NoData {
		v.pair(label, v.style.faint("no value")+kind)
		return
	}
	v.pair(label, shorten(text)+kind)
}

func (v *view) pair(label, value string) {
	v.title(v.style.faint(show(label)), "=", v.style.cut(value, 2*v.depth+len(label)+3))
}

// shorten quotes a text, but not much of it.
func shorten(s string) string {
	const most = 200
	if len(s) <= most {
		return fmt.Sprintf("%q", s)
	}
	end := most
	for !utf8.RuneStart(s[end]) {
		end--
	}
	return fmt.Sprintf("%q… (%d octets)", s[:end], len(s))
}

// octetsOf returns the octets that a value of octets stands for.
func octetsOf(v omadm.Value) ([]byte, bool) {
	if v.Data.Kind == syncml.OctetsData {
		return []byte(v.Data.Value), true
	}
	if v.Format != omadm.FormatB64 && v.Format != omadm.FormatBin {
		return nil, false
	}
	octets, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(v.Data.Value), ""))
	return octets, err == nil
}

// violations prints the rules that a message breaks.
func (v *view) violations(m *capture.Message) {
	for _, b := range v.broken[m.Number] {
		if b.From == m.From {
			v.wrong++
			v.title(" ", v.style.red("! "+b.Row), show(b.Text))
		}
	}
}

// sum ends the view with a line about all.
func (v *view) sum() {
	var kinds tally
	for _, id := range slices.Sorted(maps.Keys(v.asked)) {
		a := v.asked[id]
		if o, ok := a.Outcome(); ok {
			kinds.add(o.Kind.String(), "")
		} else {
			kinds.add("without an outcome", "")
		}
	}
	text := "no commands"
	if len(kinds.names) > 0 {
		text = kinds.counts()
	}
	violations := 0
	for _, list := range v.broken {
		violations += len(list)
	}
	fmt.Fprintln(v.w)
	v.title(v.style.bold("In all:"), fmt.Sprintf("%d messages; commands and groups: %s; rules broken: %d", len(v.rec.Messages), text, violations))
}

// tally counts names in the order in which they come up.
type tally struct {
	names []string
	of    map[string][]string
}

func (t *tally) add(name, what string) {
	if t.of == nil {
		t.of = make(map[string][]string)
	}
	if _, ok := t.of[name]; !ok {
		t.names = append(t.names, name)
	}
	t.of[name] = append(t.of[name], what)
}

// counts returns each name with how often it came.
func (t *tally) counts() string {
	var list []string
	for _, name := range t.names {
		list = append(list, fmt.Sprintf("%d × %s", len(t.of[name]), name))
	}
	return strings.Join(list, ", ")
}

// statusName names a status.
func statusName(s string) string {
	if code, err := omadm.ParseStatus(s); err == nil {
		return code.String()
	}
	return show(s)
}
