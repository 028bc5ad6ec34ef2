package syncml_test

import (
	"fmt"
	"math/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gomadm/gomadm/syncml"
)

const (
	messageStart = `<SyncML xmlns="SYNCML:SYNCML1.2"><SyncHdr><VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto><SessionID>1</SessionID>` +
		`<MsgID>1</MsgID><Target><LocURI>t</LocURI></Target><Source><LocURI>s</LocURI></Source></SyncHdr><SyncBody>`
	messageEnd = `</SyncBody></SyncML>`
)

// inBody returns a message with a body of markup.
func inBody(body string) string { return messageStart + body + messageEnd }

// inItem returns a message whose one command has one item, of markup.
func inItem(item string) string {
	return inBody(`<Replace><CmdID>1</CmdID><Item>` + item + `</Item></Replace>`)
}

func decode(t *testing.T, in string) *syncml.Message {
	t.Helper()
	m, err := syncml.Decode([]byte(in))
	if err != nil {
		t.Fatalf("Decode(%s): %v", in, err)
	}
	return m
}

func encode(t *testing.T, m *syncml.Message) string {
	t.Helper()
	b, err := syncml.Encode(m)
	if err != nil {
		t.Fatalf("Encode: %v", err)
	}
	return string(b)
}

// body returns the commands of a message with a body of markup.
func body(t *testing.T, markup string) []syncml.Command {
	t.Helper()
	return decode(t, inBody(markup)).Body
}

// item returns the item of the message that has it as its only one.
func item(t *testing.T, markup string) syncml.Item {
	t.Helper()
	items := decode(t, inItem(markup)).Body[0].ItemList()
	if len(items) != 1 {
		t.Fatalf("%d items in %s", len(items), markup)
	}
	return items[0]
}

func equal(t *testing.T, got, want any) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}

// roundTrip proves that m is decoded equal from what it is encoded to.
func roundTrip(t *testing.T, m *syncml.Message) {
	t.Helper()
	if fault := roundTripFault(m); fault != "" {
		t.Fatal(fault)
	}
}

// roundTripFault says what a round trip does to m, "" if nothing.
func roundTripFault(m *syncml.Message) string {
	first, err := syncml.Encode(m)
	if err != nil {
		return err.Error()
	}
	again, err := syncml.Decode(first)
	if err != nil {
		return fmt.Sprintf("%v\n%s", err, first)
	}
	if d := cmp.Diff(m, again); d != "" {
		return fmt.Sprintf("not equal after a round trip, -before +after:\n%s\n%s", d, first)
	}
	if second, err := syncml.Encode(again); err != nil || string(second) != string(first) {
		return fmt.Sprintf("encoding is not stable: %v\n%s\n%s", err, first, second)
	}
	if !syncml.Equal(m, again) {
		return fmt.Sprintf("not equal by meaning: %v", syncml.Diff(m, again))
	}
	return ""
}

// refused returns the error of a message that has to be refused as not well formed.
func refused(t *testing.T, in string) *syncml.SyntaxError {
	t.Helper()
	m, err := syncml.Decode([]byte(in))
	e, ok := err.(*syncml.SyntaxError)
	if !ok {
		t.Fatalf("error is %v, want a *SyntaxError, for %.300s", err, in)
	}
	if m != nil {
		t.Errorf("a message came with the error for %.300s", in)
	}
	if e.Line < 1 || e.Offset < 0 || e.Offset > len(in) || e.Reason == "" {
		t.Errorf("incomplete error %+v for %.300s", e, in)
	}
	return e
}

// header is a complete header.
func header() syncml.Header {
	return syncml.Header{
		VerDTD: "1.2", VerProto: "DM/1.2", SessionID: "1", MsgID: "1",
		Target: syncml.Location{URI: "t"}, Source: syncml.Location{URI: "s"},
	}
}

// bodyOf returns what a command is encoded to.
func bodyOf(t *testing.T, c syncml.Command) string {
	t.Helper()
	b, err := syncml.XML.AppendCommand(nil, c)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// exampleMessages returns the examples of the project that are messages.
func exampleMessages(t testing.TB) map[string][]byte {
	t.Helper()
	names, err := filepath.Glob("../testdata/examples/*.xml")
	if err != nil || len(names) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	messages := map[string][]byte{}
	for _, name := range names {
		switch base := filepath.Base(name); base[:2] {
		case "43", "44", "69", "70", "71", "72":
		default:
			b, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			messages[base] = b
		}
	}
	return messages
}

// randomMessage returns a message such as Decode returns, of any shape.
func randomMessage(r *rand.Rand) *syncml.Message {
	g := generator{r}
	m := &syncml.Message{Header: syncml.Header{
		VerDTD: g.pick("1.2", "1.1", "1.0", "", "2"), VerProto: g.id(), SessionID: g.id(), MsgID: g.id(),
		Target: g.location(), Source: g.location(), RespURI: g.id(), NoResp: g.some(), Cred: g.cred(), Meta: g.meta(),
	}, Final: g.some()}
	if g.some() {
		m.Header.VerDTD, m.Header.Namespace = "1.2", syncml.Namespace11
	}
	for range 1 + r.Intn(4) {
		m.Body = append(m.Body, g.command(2))
	}
	return m
}

type generator struct{ *rand.Rand }

func (g generator) some() bool { return g.Intn(3) == 0 }

func (g generator) pick(values ...string) string { return values[g.Intn(len(values))] }

// text returns text with everything that has to be escaped, kept or normalised.
func (g generator) text() string {
	var b strings.Builder
	for range g.Intn(12) {
		b.WriteString(g.pick("a", "policy ", "<", ">", "&", "]]>", "\r", "\n", "\r\n", "\t", `"`, "'", "é", "汉", "\U0001F600", "\uF000",
			"<![CDATA[", "&amp;", "-->", "0123456789abcdef", " ", "\uFFFD"))
	}
	return b.String()
}

// id returns an identifier, which has no white space around it.
func (g generator) id() string { return strings.Trim(g.text(), " \t\r\n") }

func (g generator) location() syncml.Location {
	if g.some() {
		return syncml.Location{}
	}
	l := syncml.Location{URI: g.id()}
	if g.some() {
		l.Name = g.id()
	}
	return l
}

func (g generator) markup() string {
	return g.pick(`<a/>`, `text <b x="1">&lt;</b> text`, `<p:a xmlns:p="urn:p" p:x="&#10;"><p:b/><c xmlns=""/></p:a>`, "<a>\r\n</a><!-- c --><?pi x?>",
		`<MgmtTree xmlns="syncml:dmddf1.2"><VerDTD>1.2</VerDTD></MgmtTree>`, `<Type xmlns="syncml:metinf">x</Type>`, `<a xml:lang="en"><![CDATA[<]]></a>`)
}

func (g generator) data() (d syncml.Data) {
	switch g.Intn(5) {
	case 0:
		return d
	case 1:
		d = syncml.Text("")
	case 2:
		d = syncml.Markup(g.markup())
	default:
		d = syncml.Text(g.text())
	}
	if g.some() {
		d.OriginalError = g.pick("0x86000002", "\"<&\t")
	}
	return d
}

// code returns the data of a status or an alert.
func (g generator) code() syncml.Data {
	if d := g.data(); d.Kind == syncml.MarkupData {
		return d
	}
	return syncml.Text(fmt.Sprint(100 + g.Intn(500)))
}

func (g generator) meta() *syncml.Meta {
	if g.some() {
		return nil
	}
	m := &syncml.Meta{}
	for _, field := range []*string{&m.Format, &m.Type, &m.Mark, &m.Size, &m.NextNonce, &m.MaxMsgSize, &m.MaxObjSize} {
		if g.some() {
			*field = g.id()
		}
	}
	if g.some() {
		m.Extra = append(m.Extra, syncml.Element{Name: "Anchor", Content: "<Last>1</Last><Next>2</Next>"})
	}
	if g.some() {
		m.Extra = append(m.Extra, syncml.Element{Name: "EMI", Content: "x &amp; y"})
	}
	if g.some() {
		m.Extra = append(m.Extra, syncml.Element{Name: "Vendor", Space: "urn:vendor&1", Content: g.markup()})
	}
	return m
}

func (g generator) cred() *syncml.Cred {
	if g.some() {
		return &syncml.Cred{Meta: g.meta(), Data: g.data()}
	}
	return nil
}

func (g generator) items() []syncml.Item {
	var items []syncml.Item
	for range g.Intn(4) {
		items = append(items, syncml.Item{Target: g.location(), Source: g.location(), Meta: g.meta(), Data: g.data(), MoreData: g.some()})
	}
	return items
}

func (g generator) refs() []string {
	var refs []string
	for range g.Intn(3) {
		refs = append(refs, g.id())
	}
	return refs
}

func (g generator) body(depth int) []syncml.Command {
	var commands []syncml.Command
	for range g.Intn(4) {
		commands = append(commands, g.command(depth-1))
	}
	return commands
}

func (g generator) command(depth int) syncml.Command {
	id, noResp := g.id(), g.some()
	kinds := 12
	if depth == 0 {
		kinds = 10
	}
	switch g.Intn(kinds) {
	case 0:
		return &syncml.Add{CmdID: id, NoResp: noResp, Cred: g.cred(), Meta: g.meta(), Items: g.items()}
	case 1:
		return &syncml.Alert{CmdID: id, NoResp: noResp, Cred: g.cred(), Data: g.code(), Correlator: g.id(), Items: g.items()}
	case 2:
		return &syncml.Copy{CmdID: id, NoResp: noResp, Cred: g.cred(), Meta: g.meta(), Items: g.items()}
	case 3:
		return &syncml.Delete{CmdID: id, NoResp: noResp, Archive: g.some(), SftDel: g.some(), Cred: g.cred(), Meta: g.meta(), Items: g.items()}
	case 4:
		return &syncml.Exec{CmdID: id, NoResp: noResp, Cred: g.cred(), Meta: g.meta(), Correlator: g.id(), Items: g.items()}
	case 5:
		return &syncml.Get{CmdID: id, NoResp: noResp, Lang: g.id(), Cred: g.cred(), Meta: g.meta(), Items: g.items()}
	case 6:
		return &syncml.Replace{CmdID: id, NoResp: noResp, Cred: g.cred(), Meta: g.meta(), Items: g.items()}
	case 7:
		return &syncml.Results{CmdID: id, MsgRef: g.id(), CmdRef: g.id(), Cmd: g.id(), Meta: g.meta(), TargetRef: g.id(), SourceRef: g.id(), Items: g.items()}
	case 8:
		c := &syncml.Status{CmdID: id, MsgRef: g.id(), CmdRef: g.id(), Cmd: g.id(), TargetRefs: g.refs(), SourceRefs: g.refs(),
			Cred: g.cred(), Data: g.code(), Items: g.items()}
		if g.some() {
			c.Chal = &syncml.Chal{Meta: g.meta()}
		}
		return c
	case 9:
		return &syncml.Unknown{Element: g.pick("Put", "Map", "Vendor"), Space: g.pick("", "urn:v"), CmdID: id, Content: g.markup()}
	case 10:
		return &syncml.Atomic{CmdID: id, NoResp: noResp, Meta: g.meta(), Body: g.body(depth)}
	default:
		return &syncml.Sequence{CmdID: id, NoResp: noResp, Meta: g.meta(), Body: g.body(depth)}
	}
}
