package simdevice_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gomadm/gomadm/session/simdevice"
	"github.com/gomadm/gomadm/syncml"
	"github.com/gomadm/gomadm/syncml/wbxml"
)

// canned answers every message with the same octets.
type canned []byte

func (c canned) Post(_ context.Context, _, contentType string, _ []byte) (string, []byte, error) {
	return contentType, c, nil
}

// scripts are what servers of the fuzz targets say.
var scripts = [][]string{
	{},
	{get(1, "./DevInfo?list=StructData") + get(2, "./Data?list=TNDS") + get(3, note+"?prop=ACL")},
	{add(1, "./Vendor/MSFT/VPNv2/a/b", "x") + remove(2, "./Vendor/MSFT/VPNv2/a") + copyOf(3, note, "./Data/X") + prop(4, note, "Title", "t") + prop(5, "./Data", "ACL", "Get=*")},
	{group("Atomic", 1, setInt(2, policy, "1"), group("Atomic", 3, get(4, ".")))},
	{group("Sequence", 1, alert(2, 1101, "DR=1", "x"), group("Atomic", 3, remove(4, "./Nope")))},
	{alert(1, 1104, "MINDT=1&amp;DR=1-2&amp;MAXLEN=4&amp;IT=N", "x", "a", "b")},
	{alert(1, 1222)}, {alert(1, 1223)}, {alert(1, 1225)},
	{"<Put><CmdID>1</CmdID></Put>", "<Atomic><CmdID>1</CmdID><Put/></Atomic>"},
	{exec(1, "./FwUpdate/Update"), exec(2, reboot)},
	{strings.Replace(command("Add", 1, "./Data/T", "xml", `<![CDATA[<MgmtTree xmlns="syncml:dmddf1.2"><VerDTD>1.2</VerDTD><Node><NodeName>A</NodeName>`+
		`<Node><NodeName>B</NodeName><RTProperties><ACL>Get=*</ACL><Format><bin/></Format></RTProperties><Value>AAEC</Value></Node></Node></MgmtTree>]]>`),
		"</Meta>", `<Type xmlns="syncml:metinf">application/vnd.syncml.dmtnds+xml</Type></Meta>`, 1)},
	{chunk("Replace", 1, note, 6, "ab", true), chunk("Replace", 1, note, 0, "cd", true), chunk("Replace", 1, note, 0, "ef", false)},
	{get(1, "./DevInfo/Man") + chunk("Add", 2, "./Data/New", 4, "ab", true), chunk("Add", 1, "./Data/New", 0, "cd", false) + get(3, "./Data/New")},
	{chunk("Replace", 1, note, 6, "ab", true), remove(1, note), get(1, note)},
	{"<!-- challenge -->" + get(1, note), "<!-- challenge -->" + get(1, note), get(1, note)},
}

// challenging makes the messages of a script that say so challenge the device.
func challenging(_ int, text string) string {
	if strings.Contains(text, "<!-- challenge -->") {
		return strings.Replace(text, "<Cmd>SyncHdr</Cmd><Data>200</Data>", "<Cmd>SyncHdr</Cmd>"+says("401", chal("md5", nonce1)), 1)
	}
	return text
}

// FuzzSession lets a server say anything, and always the same: the device must neither panic nor go on for ever.
func FuzzSession(f *testing.F) {
	probe := &server{t: &testing.T{}, n: 1}
	for _, script := range scripts {
		for i := range script {
			probe.script, probe.turns = script, i
			text := []byte(challenging(1, probe.answer(&syncml.Message{
				Header: syncml.Header{VerDTD: "1.2", VerProto: "DM/1.2", SessionID: "1", MsgID: "1", Source: syncml.Location{URI: deviceID}}, Final: true,
			})))
			f.Add(text, uint8(i))
			f.Add(text, uint8(i)|192)
			m, err := syncml.Decode(text)
			require.NoError(f, err)
			binary, err := syncml.Append(nil, wbxml.Codec, m)
			require.NoError(f, err)
			f.Add(binary, uint8(i))
		}
	}
	f.Fuzz(func(t *testing.T, answer []byte, profile uint8) {
		play(t, hostile(profile, wbxml.Detect(answer), canned(answer)))
	})
}

// FuzzReplies lets a server follow a script and changes some octets of one of its messages.
func FuzzReplies(f *testing.F) {
	for i := range scripts {
		f.Add(uint8(i), uint8(1), uint16(500), uint8(1), []byte("x"), uint8(i), i%2 == 0)
		f.Add(uint8(i), uint8(3), uint16(600), uint8(2), []byte("9"), uint8(i)|192, i%2 == 0)
		f.Add(uint8(i), uint8(2), uint16(800), uint8(9), []byte("<MoreData/>"), uint8(i+1), i%2 == 1)
	}
	f.Fuzz(func(t *testing.T, script, message uint8, offset uint16, cut uint8, insert []byte, profile uint8, binary bool) {
		s := &server{t: t, script: scripts[int(script)%len(scripts)], binary: binary, part: 213, edit: challenging}
		d := hostile(profile, s.codec(), &mutating{Transport: s, message: int(message % 6), change: func(b []byte) []byte {
			at := min(int(offset), len(b))
			end := min(at+int(cut), len(b))
			return append(append(append([]byte{}, b[:at]...), insert...), b[end:]...)
		}})
		play(t, d)
	})
}

// FuzzDocument lets a server send a document of declared configuration: whatever it is, the device comes again and says
// how it is.
func FuzzDocument(f *testing.F) {
	whole := strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&").Replace(document("v1", "true"))
	f.Add(whole)
	f.Add(strings.Replace(whole, "</CSP>", `</CSP><DSC namespace="n" className="c"><Key name="k">&amp;</Key><Value name="v"/></DSC>`, 1))
	f.Add(strings.Replace(whole, "./Vendor/MSFT/VPNv2", "..//%", 1))
	f.Add(strings.Replace(whole, "Office/AlwaysOn", "", 1))
	f.Fuzz(func(t *testing.T, doc string) {
		s := &server{t: t, script: []string{set(1, docURI, escape(doc))}}
		d := declaring(s)
		if _, err := d.Session(context.Background()); err != nil {
			return // no message
		}
		s.script = []string{get(1, resultURI)}
		report, err := d.Session(context.Background())
		require.NoError(t, err)
		require.NoError(t, report.Err())
	})
}

// mutating changes the answer to a message.
type mutating struct {
	simdevice.Transport
	message, n int
	change     func([]byte) []byte
}

func (m *mutating) Post(ctx context.Context, url, contentType string, body []byte) (string, []byte, error) {
	kind, answer, err := m.Transport.Post(ctx, serverURL, contentType, body)
	if m.n++; m.n == m.message {
		answer = m.change(answer)
	}
	return kind, answer, err
}

// zeros makes runs alike.
type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}

// hostile returns a device for a server that is not to be trusted.
func hostile(profile uint8, codec syncml.Codec, transport simdevice.Transport) *simdevice.Device {
	account := simdevice.Account{Name: user, Password: password, Scheme: simdevice.Scheme(profile >> 5 & 2), Rand: zeros{}}
	if profile&128 != 0 {
		account.ServerName, account.ServerPassword = serverName, serverPass
	}
	return &simdevice.Device{
		ID: deviceID, URL: serverURL, Transport: transport, Codec: codec, Account: account,
		Profile: simdevice.Profile(profile % 4), LargeObjects: profile&4 != 0, KeepAlive: int(profile >> 3 & 1), Resend: profile&16 != 0,
		ChunkSize: int(profile & 32), MaxObjSize: 100, MaxMessages: 6,
		Answer: func(simdevice.Question) simdevice.Answer { return simdevice.Answer{Status: 408} },
	}
}

// play runs a session that may end in any way but has to end.
func play(t *testing.T, d *simdevice.Device) {
	posts := 0
	d.Trace = func(m simdevice.Traffic) {
		if m.From == simdevice.FromDevice {
			posts++
			if m.Message == nil || len(m.Message.Body) == 0 {
				t.Error("the device sends no message")
			}
			if _, err := wbxml.Decode(m.Octets); err != nil {
				t.Errorf("the device sends what cannot be read: %v", err)
			}
		}
	}
	report, err := d.Session(context.Background())
	if (err != nil) != (report.End == simdevice.Broken) {
		t.Errorf("error %v, end %v", err, report.End)
	}
	if posts > d.MaxMessages {
		t.Errorf("%d messages, %d are allowed", posts, d.MaxMessages)
	}
	for _, e := range d.Executions() {
		if len(e.Data.Value) > 100 && e.Executed > 0 && (e.Verb == "Add" || e.Verb == "Replace") {
			t.Errorf("an object of %d octets was taken", len(e.Data.Value))
		}
	}
}

// TestPartsWithoutEnd lets a server send parts for ever, and another one ask for ever.
func TestPartsWithoutEnd(t *testing.T) {
	part := chunk("Replace", 1, note, 0, "0123456789", true)
	s := &server{t: t}
	for range 100 {
		s.script = append(s.script, part)
	}
	d := generic(s)
	d.MaxObjSize = 55
	report, err := d.Session(t.Context())
	require.NoError(t, err)
	assert.Equal(t, simdevice.Completed, report.End)
	assert.Empty(t, d.Nodes().Value(note))
	refused := 0
	for _, m := range s.heard {
		for _, l := range lines(m) {
			if len(l) > 3 && l[len(l)-3:] == "413" {
				refused++
			}
		}
	}
	assert.Equal(t, 16, refused, "every sixth part is one too many")
}

func TestViolationsAreCounted(t *testing.T) {
	many := ""
	for range 1500 {
		many += "<Put><CmdID>1</CmdID></Put>"
	}
	report, err := device(&server{t: t, script: []string{many}}).Session(t.Context())
	require.NoError(t, err)
	assert.Len(t, report.Violations, 1000)
}

func TestServerThatAsksForMoreThanItTakes(t *testing.T) {
	many := ""
	for i := range 1900 {
		many += get(i+1, "./DevInfo/Man")
	}
	s := &server{t: t, meta: limits(900, 0), edit: func(n int, text string) string {
		return text[:len(text)-len("</SyncBody></SyncML>")] + many + "</SyncBody></SyncML>"
	}}
	report, err := device(s).Session(t.Context())
	require.NoError(t, err)
	assert.Equal(t, simdevice.DeviceAborted, report.End)
	assert.Less(t, s.posts, 30)
}
