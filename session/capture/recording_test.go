package capture_test

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
	"github.com/gomadm/gomadm/session/capture"
	"github.com/gomadm/gomadm/session/memstore"
	"github.com/gomadm/gomadm/session/sessiontest"
	"github.com/gomadm/gomadm/session/simdevice"
	"github.com/gomadm/gomadm/syncml"
	"github.com/gomadm/gomadm/syncml/wbxml"
)

const adminPassword = "kim's own Passw0rd"

// requests are what the device of recordSession is asked for.
func requests(password string) []omadm.Request {
	return []omadm.Request{
		{ID: "version", Ops: []omadm.Op{{Verb: omadm.Get, URI: "./DevDetail/SwV"}, {Verb: omadm.Get, URI: "./No/Such/Node"}}},
		{ID: "camera", Ops: []omadm.Op{{Verb: omadm.Replace, URI: "./Vendor/MSFT/Policy/Config/Camera/AllowCamera", Value: omadm.Int(0)}}},
		{ID: "password", Ops: []omadm.Op{{Verb: omadm.Replace, URI: "./Vendor/MSFT/Example/AdminPassword", Value: omadm.Text(password)}}},
		{ID: "both", Group: omadm.Atomic, Ops: []omadm.Op{
			{Verb: omadm.Replace, URI: "./Vendor/MSFT/Policy/Config/Bluetooth/AllowAdvertising", Value: omadm.Int(1)},
			{Verb: omadm.Replace, URI: "./DevDetail/SwV", Value: omadm.Text("somebody else")},
		}},
	}
}

// recordSession records a session of a simulated Windows device with a handler, and returns the files.
func recordSession(t *testing.T, codec syncml.Codec) fstest.MapFS {
	t.Helper()
	store, sink, clock := new(memstore.Store), new(memory), newClock()
	handler, err := session.New(session.Config{
		Store: store, Authenticator: session.InsecureTrust{}, Codecs: []syncml.Codec{syncml.XML, wbxml.Codec}, Logger: quiet, Now: clock.Now,
	})
	require.NoError(t, err)
	require.NoError(t, store.Register(t.Context(), session.Device{ID: deviceID}))
	queue := session.Queue{Store: store}
	require.NoError(t, queue.Enqueue(t.Context(), deviceID, requests(adminPassword)...))

	device := &simdevice.Device{
		ID: deviceID, URL: serverURL, Codec: codec, MaxMsgSize: 16384,
		Transport: direct{&capture.Recorder{Handler: handler, Sink: sink, Now: clock.Now, OnError: func(err error) { t.Error(err) }}},
	}
	device.Nodes().Put("./Vendor/MSFT/Example/AdminPassword", simdevice.Node{Access: simdevice.Replace})
	device.Notify(syncml.Alert{Data: syncml.Text("1224"), Items: []syncml.Item{{
		Meta: &syncml.Meta{Type: omadm.TypeAADUserToken, Format: "chr"}, Data: syncml.Text("the token of the user"),
	}}})
	report, err := device.Session(t.Context())
	require.NoError(t, err)
	require.NoError(t, report.Err())
	require.Equal(t, adminPassword, device.Nodes().Value("./Vendor/MSFT/Example/AdminPassword"), "the device gets what is blanked")
	return sink.files
}

func TestSessionIsRecordedAndReplayed(t *testing.T) {
	for encoding, codec := range codecs {
		t.Run(encoding, func(t *testing.T) {
			files := recordSession(t, codec)
			for _, secret := range []string{adminPassword, "the token of the user"} {
				require.Empty(t, find(files, secret))
			}
			rec, err := capture.Open(files)
			require.NoError(t, err)
			golden(t, "testdata/"+strings.ToLower(encoding)+"/dialogue.txt", dialogue(t, rec))
			sessiontest.Replay(t, func(s sessiontest.Setup) http.Handler {
				store := new(memstore.Store)
				require.NoError(t, store.Register(t.Context(), s.Device))
				queue := session.Queue{Store: store}
				require.NoError(t, queue.Enqueue(t.Context(), s.Device.ID, s.Requests...))
				handler, err := session.New(session.Config{
					Store: store, Authenticator: s.Authenticator, Codecs: []syncml.Codec{syncml.XML, wbxml.Codec}, Logger: quiet, Now: s.Now,
				})
				require.NoError(t, err)
				return handler
			}, rec, sessiontest.ReplayOptions{
				Requests: map[int][]omadm.Request{1: requests(capture.Placeholder(2, len(adminPassword)))},
			})
		})
	}
}

// golden compares a text with a file, and writes the file with -update.
func golden(t *testing.T, name, got string) {
	t.Helper()
	if *update {
		require.NoError(t, os.MkdirAll(name[:strings.LastIndexByte(name, '/')], 0o777))
		require.NoError(t, os.WriteFile(name, []byte(got), 0o666))
	}
	want, err := os.ReadFile(name)
	require.NoError(t, err)
	require.Equal(t, string(want), got)
}

func TestOpenReturnsWhatWasRecorded(t *testing.T) {
	in, out := document("7", "3", "", nothing), document("7", "4", "", set("./A", "1"))
	rec, files := recordExchange(t, nil, syncml.XML, in, out)
	require.Len(t, files, 3)
	start := newClock()
	want := []capture.Message{
		{Number: 1, From: capture.FromDevice, Time: start.Now(), ContentType: syncml.ContentTypeXML, Octets: in, Size: len(in),
			Source: deviceID, SessionID: "7", MsgID: "3"},
		{Number: 1, From: capture.FromServer, Time: start.Now(), ContentType: syncml.ContentTypeXML, Status: http.StatusOK, Octets: out, Size: len(out),
			Source: deviceID, SessionID: "7", MsgID: "4"},
	}
	require.Equal(t, want, rec.Messages)
}

const head = `{"format":"gomadm recording","version":1}` + "\n"

func entryLine(number int, from, file string) string {
	return fmt.Sprintf(`{"number":%d,"from":%q,"time":"2026-03-01T08:00:00Z","octets":0,"file":%q}`+"\n", number, from, file)
}

func TestOpenOrdersMessages(t *testing.T) {
	index := head + entryLine(2, "device", "") + entryLine(2, "server", "") + entryLine(1, "server", "") +
		`{"number":1,"from":"device","time":"2026-03-01T08:00:00Z","octets":5,"a name of later":{"x":[1]}}` + "\n"
	rec, err := capture.Open(fstest.MapFS{"index.jsonl": {Data: []byte(index)}})
	require.NoError(t, err)
	var got []string
	for _, m := range rec.Messages {
		got = append(got, fmt.Sprint(m.Number, m.From))
	}
	require.Equal(t, []string{"1 device", "1 server", "2 device", "2 server"}, got)
}

func TestOpenRefuses(t *testing.T) {
	tests := []struct {
		name, index string
		file        string
		entry       int
		reason      string
	}{
		{"nothing", "", "index.jsonl", 0, "is empty"},
		{"no JSON", "<index/>", "index.jsonl", 1, "not JSON"},
		{"another format", `{"log":{}}`, "index.jsonl", 1, "not the index of a recording"},
		{"a later version", `{"format":"gomadm recording","version":2}`, "index.jsonl", 1, "version 2 is unknown"},
		{"a broken line", head + entryLine(1, "device", "") + "{\"number\":", "index.jsonl", 3, "not JSON"},
		{"a wrong type", head + `{"number":"1"}`, "index.jsonl", 2, "not JSON"},
		{"number zero", head + entryLine(0, "device", ""), "index.jsonl", 2, "number is out of range"},
		{"a huge number", head + entryLine(1<<40, "device", ""), "index.jsonl", 2, "number is out of range"},
		{"another sender", head + entryLine(1, "proxy", ""), "index.jsonl", 2, "from is neither device nor server"},
		{"no time", head + `{"number":1,"from":"device","time":"noon"}`, "index.jsonl", 2, "not JSON"},
		{"a negative size", head + `{"number":1,"from":"device","octets":-1}`, "index.jsonl", 2, "octets is negative"},
		{"a strange status", head + `{"number":1,"from":"server","status":100000}`, "index.jsonl", 2, "status is out of range"},
		{"twice the same", head + entryLine(1, "device", "") + entryLine(1, "device", ""), "index.jsonl", 0, "two messages 1 of the device"},
		{"a missing file", head + entryLine(1, "device", "0001-device.xml"), "0001-device.xml", 0, "cannot be read"},
		{"a folder", head + entryLine(1, "device", "folder"), "folder", 0, "cannot be read"},
		{"the parent", head + entryLine(1, "device", "../secret"), "index.jsonl", 2, "not the name of a file"},
		{"another folder", head + entryLine(1, "device", "folder/file"), "index.jsonl", 2, "not the name of a file"},
		{"the root", head + entryLine(1, "device", "/etc/passwd"), "index.jsonl", 2, "not the name of a file"},
		{"a path of Windows", head + entryLine(1, "device", `folder\file`), "index.jsonl", 2, "not the name of a file"},
		{"the folder itself", head + entryLine(1, "device", "."), "index.jsonl", 2, "not the name of a file"},
		{"the index itself", head + entryLine(1, "device", "index.jsonl"), "index.jsonl", 2, "not the name of a file"},
		{"a line without an end", head + `{"number":` + strings.Repeat("1", 2<<20), "index.jsonl", 2, "cannot be read"},
		{"very many lines", head + strings.Repeat("{\"number\":1,\"from\":\"device\"}\n", 200_001), "index.jsonl", 200_001, "too many lines"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rec, err := capture.Open(fstest.MapFS{"index.jsonl": {Data: []byte(tt.index)}, "folder/file": {Data: []byte("x")}})
			var e *capture.FormatError
			require.ErrorAs(t, err, &e)
			require.Nil(t, rec)
			require.Equal(t, tt.file, e.File)
			require.Equal(t, tt.entry, e.Entry)
			require.ErrorContains(t, err, "capture: "+tt.file)
			require.ErrorContains(t, err, tt.reason)
		})
	}
	t.Run("no index", func(t *testing.T) {
		_, err := capture.Open(fstest.MapFS{})
		require.ErrorIs(t, err, fs.ErrNotExist)
	})
}

// huge is a file system whose only message has no end.
type huge struct{ fstest.MapFS }

func (h huge) Open(name string) (fs.File, error) {
	f, err := h.MapFS.Open(name)
	if name == "0001-device.xml" && err == nil {
		return endless{f}, nil
	}
	return f, err
}

type endless struct{ fs.File }

func (endless) Read(p []byte) (int, error) { return len(p), nil }

func TestOpenIsBounded(t *testing.T) {
	_, err := capture.Open(huge{fstest.MapFS{
		"index.jsonl": {Data: []byte(head + entryLine(1, "device", "0001-device.xml"))}, "0001-device.xml": {},
	}})
	require.ErrorContains(t, err, "capture: 0001-device.xml: cannot be read: too large")
}

func TestDialogue(t *testing.T) {
	in := document("A", "2", "<RespURI>https://dm.example.test/2</RespURI><Cred><Meta><Type xmlns='syncml:metinf'>syncml:auth-md5</Type></Meta><Data>unblanked-digest</Data></Cred>",
		`<Status><CmdID>1</CmdID><MsgRef>1</MsgRef><CmdRef>4</CmdRef><Cmd>Get</Cmd><TargetRef>./No</TargetRef><Data xmlns:m="http://schemas.microsoft.com/MobileDevice/MDM" m:originalerror="0x86000002">404</Data></Status>`+
			`<Status><CmdID>2</CmdID><MsgRef>1</MsgRef><CmdRef>0</CmdRef><Cmd>SyncHdr</Cmd><Chal><Meta><Format xmlns="syncml:metinf">b64</Format><Type xmlns="syncml:metinf">syncml:auth-md5</Type><NextNonce xmlns="syncml:metinf">dW5ibGFua2Vk</NextNonce></Meta></Chal><Data>407</Data></Status>`+
			`<Alert><CmdID>3</CmdID><Data>1226</Data><Correlator>job-7</Correlator><Item><Source><LocURI>./A</LocURI></Source><Meta><Type xmlns="syncml:metinf">org.example:x</Type><Format xmlns="syncml:metinf">int</Format><Mark xmlns="syncml:metinf">fatal</Mark></Meta><Data>`+strings.Repeat("ä", 100)+`</Data></Item></Alert>`+
			`<Alert><CmdID>4</CmdID><Data>99999</Data></Alert>`+
			`<Results><CmdID>5</CmdID><MsgRef>1</MsgRef><CmdRef>5</CmdRef><Item><Source><LocURI>./Big</LocURI></Source><Meta><Size xmlns="syncml:metinf">10</Size></Meta><Data>12345</Data><MoreData/></Item></Results>`)
	next := document("A", "3", "",
		`<Results><CmdID>1</CmdID><MsgRef>1</MsgRef><CmdRef>5</CmdRef><Item><Source><LocURI>./Big</LocURI></Source><Data>67890</Data></Item></Results>`)
	reply := document("A", "1", "",
		`<Sequence><CmdID>1</CmdID><Copy><CmdID>2</CmdID><Item><Target><LocURI>./B</LocURI></Target><Source><LocURI>./A</LocURI></Source></Item></Copy>`+
			`<Exec><CmdID>3</CmdID><Correlator>job-7</Correlator><Item><Target><LocURI>./Run</LocURI></Target></Item></Exec></Sequence>`+
			`<Get><CmdID>4</CmdID><Item><Target><LocURI>./A</LocURI></Target></Item><Item><Target><LocURI>./B`+"\u200e"+`</LocURI></Target></Item></Get>`+
			`<Put><CmdID>5</CmdID>x</Put>`+set("./A/Password", "unblanked-password"))
	rec := &capture.Recording{Messages: []capture.Message{
		{Number: 1, From: capture.FromDevice, Octets: in},
		{Number: 1, From: capture.FromServer, Status: 200, Octets: reply},
		{Number: 2, From: capture.FromDevice, Octets: next},
		{Number: 2, From: capture.FromServer, Status: 403},
		{Number: 3, From: capture.FromDevice, Octets: []byte("<nonsense")},
		{Number: 4, From: capture.FromDevice, Omitted: "not a message", Size: 77},
	}}
	got := dialogue(t, rec)
	golden(t, "testdata/all.txt", got)
	require.NotContains(t, got, "unblanked")
	require.NotContains(t, got, "dW5ibGFua2Vk")
}

// failing is a writer that takes some octets.
type failing struct{ left int }

func (f *failing) Write(p []byte) (int, error) {
	if f.left -= len(p); f.left < 0 {
		return 0, errSink
	}
	return len(p), nil
}

func TestDialogueReturnsTheErrorOfTheWriter(t *testing.T) {
	rec, err := capture.Open(recordSession(t, syncml.XML))
	require.NoError(t, err)
	for _, room := range []int{0, 100} {
		if err := rec.Dialogue(&failing{room}); !errors.Is(err, errSink) {
			t.Errorf("got error %v, want %v", err, errSink)
		}
	}
}
