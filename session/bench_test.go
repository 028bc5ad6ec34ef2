package session_test

import (
	"context"
	"encoding/xml"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
	"github.com/gomadm/gomadm/session/memstore"
	"github.com/gomadm/gomadm/syncml"
)

// BenchmarkStep measures a message from its octets to the octets of the reply, with a store in memory: decode, Load,
// Step, Commit. The yardstick is the same with a codec over encoding/xml. a is package 1 of a Windows device that has
// nothing to do; session is that, a reply with 49 commands, and the answers to them.
func BenchmarkStep(b *testing.B) {
	for _, bench := range []struct {
		name string
		run  func(*desk)
	}{{"a", (*desk).checkIn}, {"session", (*desk).session}} {
		b.Run(bench.name, func(b *testing.B) {
			ours, theirs := newDesk(b, (&syncml.Decoder{KeepStrings: true}).Codec()), newDesk(b, plainCodec{})
			compare(b, ours, theirs, bench.run)
		})
	}
}

// compare times ours in the usual way and reports how many times as long the messages of theirs take: the median of rounds
// in which both take turns, so that a busy machine slows down both.
func compare(b *testing.B, ours, theirs *desk, run func(*desk)) {
	const rounds, weight = 25, 8
	times := int(max(40*time.Millisecond/max(theirs.elapsed(1, run), 1), 1))
	ratios := make([]float64, rounds)
	for i := range ratios {
		slow := theirs.elapsed(times, run)
		fast := ours.elapsed(weight*times, run)
		ratios[i] = weight * float64(slow) / float64(fast)
	}
	b.ReportAllocs()
	for b.Loop() {
		run(ours)
	}
	slices.Sort(ratios)
	b.ReportMetric(ratios[rounds/2], "x-encoding/xml")
}

// elapsed returns how long the messages of so many runs take, without what the application does meanwhile. It begins
// without garbage, so that nobody pays for what the other left behind.
func (d *desk) elapsed(times int, run func(*desk)) time.Duration {
	runtime.GC()
	d.spent = 0
	for range times {
		run(d)
	}
	return d.spent
}

// desk is a device and the store of its server, without HTTP.
type desk struct {
	b     *testing.B
	codec syncml.Codec
	store *memstore.Store
	now   time.Time
	runs  int
	spent time.Duration // on messages

	package1, answers []byte
}

func newDesk(b *testing.B, codec syncml.Codec) *desk {
	b.Helper()
	return &desk{b: b, codec: codec, now: time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC), package1: []byte(windowsPackage1()), answers: []byte(windowsAnswers())}
}

// commands is how many of them a session has.
const commands = 49

// checkIn is package 1 and its answer. A store that holds the results of many sessions is replaced.
func (d *desk) checkIn() {
	d.now = d.now.Add(time.Hour)
	if d.runs%100 == 0 {
		d.store = new(memstore.Store)
		if err := d.store.Register(context.Background(), session.Device{ID: deviceID}); err != nil {
			d.b.Fatal(err)
		}
	}
	d.runs++
	d.message(d.package1)
}

// session is a session with commands.
func (d *desk) session() {
	r := sessionRequest(itoa(d.runs))
	d.checkIn()
	if err := d.store.Enqueue(context.Background(), deviceID, r); err != nil {
		d.b.Fatal(err)
	}
	d.now = d.now.Add(time.Hour)
	d.message(d.package1)
	if sent := d.message(d.answers); sent.Session.Ended.IsZero() || len(sent.Finish) != 1 {
		d.b.Fatal("the session did not end with its request")
	}
}

// sessionRequest is a request of all commands of a session.
func sessionRequest(id string) omadm.Request {
	r := omadm.Request{ID: omadm.RequestID(id), Ops: make([]omadm.Op, commands)}
	for i := range r.Ops {
		r.Ops[i] = get("./Device/Vendor/MSFT/Policy/Config/DeviceLock/MinDevicePasswordLength")
		if i >= 20 {
			r.Ops[i] = replace(r.Ops[i].URI, "8")
		}
	}
	return r
}

// message answers a message as the handler does.
func (d *desk) message(body []byte) *session.Change {
	start := time.Now()
	defer func() { d.spent += time.Since(start) }()
	in, err := session.NewInbound(d.codec, d.codec.ContentType(), body, syncml.Limits{})
	if err != nil {
		d.b.Fatal(err)
	}
	in.Principal = session.Principal{Device: deviceID, Proven: true}
	env := session.Env{Now: d.now}
	rec, err := d.store.Load(context.Background(), env.Query(in))
	if err != nil {
		d.b.Fatal(err)
	}
	a, err := session.Step(rec, in, env)
	if err != nil {
		d.b.Fatal(err)
	}
	if a.Change == nil {
		d.b.Fatal("the message was taken for a repetition")
	}
	if err := d.store.Commit(context.Background(), a.Change); err != nil {
		d.b.Fatal(err)
	}
	return a.Change
}

// windowsPackage1 is what a Windows device begins a session with.
func windowsPackage1() string {
	body := alert1201 + login("user") + alert("1224", typed("com.microsoft/MDM/AADUserToken", strings.Repeat("eyJ0eXAiOiJKV1Qi", 33))) + `<Replace><CmdID>5</CmdID>`
	for _, n := range [][2]string{
		{"DevId", deviceID}, {"Man", "Example Computers &amp; Devices, Inc."}, {"Mod", "Notebook 14 2-in-1 (8 processors, 16 GB)"},
		{"DmV", "1.3"}, {"Lang", "en-US"},
	} {
		body += `<Item><Source><LocURI>./DevInfo/` + n[0] + `</LocURI></Source><Meta><Format xmlns="syncml:metinf">chr</Format>` +
			`<Type xmlns="syncml:metinf">text/plain</Type></Meta><Data>` + n[1] + `</Data></Item>`
	}
	return msgMeta("1F", "1", `<Cred><Meta><Format xmlns="syncml:metinf">b64</Format><Type xmlns="syncml:metinf">syncml:auth-md5</Type></Meta>`+
		`<Data>YWJjZGVmZ2hpamtsbW5vcA==</Data></Cred>`+sizes(524288, 1048576), body+`</Replace>`+final)
}

// windowsAnswers is what it says to the commands of a session, which have the CmdIDs from 6 on.
func windowsAnswers() string {
	body := okHdr("1")
	for i := range commands {
		cmd := "Replace"
		if i < 20 {
			cmd = "Get"
		}
		body += status(i+2, "1", itoa(i+6), cmd, 200)
	}
	for i := range 20 {
		body += `<Results><CmdID>` + itoa(i+60) + `</CmdID><MsgRef>1</MsgRef><CmdRef>` + itoa(i+6) + `</CmdRef><Item><Source><LocURI>` +
			`./Device/Vendor/MSFT/Policy/Config/DeviceLock/MinDevicePasswordLength</LocURI></Source><Meta><Format xmlns="syncml:metinf">chr</Format>` +
			`<Type xmlns="syncml:metinf">text/plain</Type></Meta><Data>` + strings.Repeat("Example Antivirus; ", 1+i) + `</Data></Item></Results>`
	}
	return msg("1F", "2", body+final)
}

// plainCodec is what a codec over encoding/xml costs: a lean model, filled by Unmarshal and written by Marshal. It
// knows what the messages of the benchmark hold.
type plainCodec struct{}

type (
	plainLocation struct {
		LocURI  string `xml:"LocURI,omitempty"`
		LocName string `xml:"LocName,omitempty"`
	}
	plainMeta struct {
		Format     string `xml:"syncml:metinf Format,omitempty"`
		Type       string `xml:"syncml:metinf Type,omitempty"`
		MaxMsgSize string `xml:"syncml:metinf MaxMsgSize,omitempty"`
		MaxObjSize string `xml:"syncml:metinf MaxObjSize,omitempty"`
	}
	plainItem struct {
		Target *plainLocation `xml:"Target"`
		Source *plainLocation `xml:"Source"`
		Meta   *plainMeta     `xml:"Meta"`
		Data   string         `xml:"Data"`
	}
	plainCred struct {
		Meta plainMeta `xml:"Meta"`
		Data string    `xml:"Data"`
	}
	plainCommand struct {
		XMLName   xml.Name
		CmdID     string      `xml:"CmdID"`
		MsgRef    string      `xml:"MsgRef,omitempty"`
		CmdRef    string      `xml:"CmdRef,omitempty"`
		Cmd       string      `xml:"Cmd,omitempty"`
		TargetRef []string    `xml:"TargetRef"`
		SourceRef []string    `xml:"SourceRef"`
		Data      string      `xml:"Data,omitempty"`
		Items     []plainItem `xml:"Item"`
	}
	plainHeader struct {
		XMLName   xml.Name      `xml:"SyncHdr"`
		VerDTD    string        `xml:"VerDTD"`
		VerProto  string        `xml:"VerProto"`
		SessionID string        `xml:"SessionID"`
		MsgID     string        `xml:"MsgID"`
		Target    plainLocation `xml:"Target"`
		Source    plainLocation `xml:"Source"`
		Cred      *plainCred    `xml:"Cred"`
		Meta      *plainMeta    `xml:"Meta"`
	}
	plainMessage struct {
		XMLName xml.Name `xml:"SyncML"`
		Header  plainHeader
		Body    struct {
			Commands []plainCommand `xml:",any"`
		} `xml:"SyncBody"`
	}
)

func (plainCodec) ContentType() string { return syncml.ContentTypeXML }

func (plainCodec) Decode(b []byte, _ syncml.Limits) (*syncml.Message, error) {
	var p plainMessage
	if err := xml.Unmarshal(b, &p); err != nil {
		return nil, err
	}
	h := &p.Header
	m := &syncml.Message{Header: syncml.Header{
		Namespace: p.XMLName.Space, VerDTD: h.VerDTD, VerProto: h.VerProto, SessionID: h.SessionID, MsgID: h.MsgID,
		Target: location(&h.Target), Source: location(&h.Source), Meta: meta(h.Meta),
	}, Body: []syncml.Command{}}
	for i := range p.Body.Commands {
		c := &p.Body.Commands[i]
		switch c.XMLName.Local {
		case "Alert":
			m.Body = append(m.Body, &syncml.Alert{CmdID: c.CmdID, Data: syncml.Text(c.Data), Items: items(c.Items)})
		case "Replace":
			m.Body = append(m.Body, &syncml.Replace{CmdID: c.CmdID, Items: items(c.Items)})
		case "Status":
			m.Body = append(m.Body, &syncml.Status{
				CmdID: c.CmdID, MsgRef: c.MsgRef, CmdRef: c.CmdRef, Cmd: c.Cmd, TargetRefs: c.TargetRef, SourceRefs: c.SourceRef,
				Data: syncml.Text(c.Data), Items: items(c.Items),
			})
		case "Results":
			m.Body = append(m.Body, &syncml.Results{CmdID: c.CmdID, MsgRef: c.MsgRef, CmdRef: c.CmdRef, Items: items(c.Items)})
		case "Final":
			m.Final = true
		}
	}
	return m, nil
}

func location(p *plainLocation) syncml.Location {
	if p == nil {
		return syncml.Location{}
	}
	return syncml.Location{URI: p.LocURI, Name: p.LocName}
}

func meta(p *plainMeta) *syncml.Meta {
	if p == nil {
		return nil
	}
	return &syncml.Meta{Format: p.Format, Type: p.Type, MaxMsgSize: p.MaxMsgSize, MaxObjSize: p.MaxObjSize}
}

func items(list []plainItem) []syncml.Item {
	out := make([]syncml.Item, len(list))
	for i, it := range list {
		out[i] = syncml.Item{Target: location(it.Target), Source: location(it.Source), Meta: meta(it.Meta), Data: syncml.Text(it.Data)}
	}
	return out
}

func (plainCodec) AppendHeader(dst []byte, h *syncml.Header) ([]byte, error) {
	p := plainHeader{
		VerDTD: h.VerDTD, VerProto: h.VerProto, SessionID: h.SessionID, MsgID: h.MsgID,
		Target: plainLocation{LocURI: h.Target.URI}, Source: plainLocation{LocURI: h.Source.URI}, Meta: plainMetaOf(h.Meta),
	}
	b, err := xml.Marshal(&p)
	dst = append(dst, `<SyncML xmlns="SYNCML:SYNCML1.2">`...)
	return append(append(dst, b...), "<SyncBody>"...), err
}

func plainMetaOf(m *syncml.Meta) *plainMeta {
	if m == nil {
		return nil
	}
	return &plainMeta{Format: m.Format, Type: m.Type, MaxMsgSize: m.MaxMsgSize, MaxObjSize: m.MaxObjSize}
}

func (plainCodec) AppendCommand(dst []byte, c syncml.Command) ([]byte, error) {
	p := plainCommand{XMLName: xml.Name{Local: c.Name()}, CmdID: c.ID()}
	if s, ok := c.(*syncml.Status); ok {
		p.MsgRef, p.CmdRef, p.Cmd, p.TargetRef, p.SourceRef, p.Data = s.MsgRef, s.CmdRef, s.Cmd, s.TargetRefs, s.SourceRefs, s.Data.Value
	}
	for _, it := range c.ItemList() {
		p.Items = append(p.Items, plainItem{Target: &plainLocation{LocURI: it.Target.URI}, Meta: plainMetaOf(it.Meta), Data: it.Data.Value})
	}
	b, err := xml.Marshal(&p)
	return append(dst, b...), err
}

func (plainCodec) AppendEnd(dst []byte, final bool) ([]byte, error) {
	if final {
		dst = append(dst, "<Final/>"...)
	}
	return append(dst, "</SyncBody></SyncML>"...), nil
}
