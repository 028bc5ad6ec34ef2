package capture_test

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gomadm/gomadm/session/capture"
	"github.com/gomadm/gomadm/syncml"
	"github.com/gomadm/gomadm/syncml/wbxml"
)

// recorded returns a recording of testdata/sessions.
func recorded(t testing.TB, name string) *capture.Recording {
	t.Helper()
	rec, err := capture.Open(os.DirFS("../../testdata/sessions/" + name))
	require.NoError(t, err)
	return rec
}

// side is what has to be read of a message: who sent it, and the octets.
type side struct {
	from capture.Direction
	text string
}

func sides(rec *capture.Recording) []side {
	var list []side
	for _, m := range rec.Messages {
		list = append(list, side{m.From, string(m.Octets)})
	}
	return list
}

func problems(rec *capture.Recording) []string {
	list := []string{}
	for _, p := range rec.Problems {
		list = append(list, p.Error())
	}
	return list
}

// Each form is written from one recording, as its tools do, into testdata/forms, and has to bring the same messages back.
func TestReadForms(t *testing.T) {
	rec := recorded(t, "windows-policies")
	for name, write := range map[string]func(*capture.Recording) []byte{
		"viewer.xml":     viewer,
		"banners.log":    banners,
		"escaped.log":    escapedLog,
		"json.log":       jsonLog,
		"utf16.log":      func(rec *capture.Recording) []byte { return utf16LE(string(banners(rec))) },
		"session.har":    har,
		"session.saz":    func(rec *capture.Recording) []byte { return saz(t, rec, false) },
		"compressed.saz": func(rec *capture.Recording) []byte { return saz(t, rec, true) },
	} {
		t.Run(name, func(t *testing.T) {
			octets := write(rec)
			if filepath.Ext(name) != ".saz" && name != "utf16.log" { // those that people can read
				golden(t, "testdata/forms/"+name, string(octets))
			}
			got, err := capture.Read(fstest.MapFS{"x/" + name: {Data: octets}}, "x/"+name)
			require.NoError(t, err)
			require.Empty(t, problems(got))
			require.Equal(t, sides(rec), sides(got))
			for i := range got.Messages {
				want, is := rec.Messages[i], got.Messages[i]
				require.Equal(t, want.Number, is.Number)
				require.False(t, is.Guessed)
				require.Equal(t, [3]string{want.Source, want.SessionID, want.MsgID}, [3]string{is.Source, is.SessionID, is.MsgID})
				if name != "viewer.xml" {
					require.WithinDuration(t, want.Time, is.Time, time.Second)
				}
			}
		})
	}
}

// viewer has the documents one behind the other, as SyncML viewers of Windows save them.
func viewer(rec *capture.Recording) []byte {
	var b bytes.Buffer
	for _, m := range rec.Messages {
		b.Write(m.Octets)
		b.WriteString("\r\n")
	}
	return b.Bytes()
}

// banners has a line before each document that says who sent what.
func banners(rec *capture.Recording) []byte {
	var b bytes.Buffer
	for _, m := range rec.Messages {
		word := "request received"
		if m.From == capture.FromServer {
			word = "response sent"
		}
		fmt.Fprintf(&b, "---------- %s %s ----------\n%s\n\n", m.Time.Format("2006-01-02 15:04:05.000"), word, m.Octets)
	}
	return b.Bytes()
}

// escapedLog has each document on a line, as XML escapes it.
func escapedLog(rec *capture.Recording) []byte {
	escape := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")
	var b bytes.Buffer
	for _, m := range rec.Messages {
		fmt.Fprintf(&b, "<Event time=\"%s\"><Data>%s</Data></Event>\n", m.Time.Format(time.RFC3339), escape.Replace(string(m.Octets)))
	}
	return b.Bytes()
}

// jsonLog has each document in a string of JSON.
func jsonLog(rec *capture.Recording) []byte {
	var b bytes.Buffer
	for _, m := range rec.Messages {
		json.NewEncoder(&b).Encode(map[string]any{"level": "debug", "body": string(m.Octets), "at": m.Time})
	}
	return b.Bytes()
}

func utf16LE(s string) []byte {
	out := []byte{0xff, 0xfe}
	for _, r := range s {
		out = append(out, byte(r), byte(r>>8))
	}
	return out
}

func har(rec *capture.Recording) []byte {
	var b bytes.Buffer
	if err := rec.WriteHAR(&b, nil); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// saz writes a zip as Fiddler does.
func saz(t testing.TB, rec *capture.Recording, compressed bool) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	add := func(name, text string) {
		w, err := z.Create(name)
		require.NoError(t, err)
		_, err = w.Write([]byte(text))
		require.NoError(t, err)
	}
	add("[Content_Types].xml", "<Types/>")
	for _, m := range rec.Messages {
		octets, encoding := m.Octets, ""
		if compressed {
			var packed bytes.Buffer
			w := gzip.NewWriter(&packed)
			w.Write(octets)
			w.Close()
			octets, encoding = packed.Bytes(), "Content-Encoding: gzip\r\n"
		}
		n := fmt.Sprintf("raw/%02d_", m.Number)
		head := "POST https://dm.example.test/dm HTTP/1.1\r\nHost: dm.example.test\r\n"
		if m.From == capture.FromServer {
			head = "HTTP/1.1 " + strconv.Itoa(m.Status) + " " + http.StatusText(m.Status) + "\r\n"
		}
		text := fmt.Sprintf("%sContent-Type: %s; charset=utf-8\r\n%sContent-Length: %d\r\n\r\n%s", head, m.ContentType, encoding, len(octets), octets)
		if m.From == capture.FromServer {
			add(n+"s.txt", text)
			continue
		}
		add(n+"c.txt", text)
		add(n+"m.xml", `<Session><SessionTimers ClientConnected="`+m.Time.Format(time.RFC3339Nano)+`" ClientBeginRequest="`+m.Time.Format(time.RFC3339Nano)+`"/></Session>`)
	}
	require.NoError(t, z.Close())
	return b.Bytes()
}

func TestReadFilesOfAFolderInTheOrderOfTheSession(t *testing.T) {
	for _, name := range []string{"multi-message", "large-object-out-wbxml"} {
		rec := recorded(t, name)
		inOrder, shuffled := fstest.MapFS{}, fstest.MapFS{}
		for i, m := range rec.Messages {
			inOrder[fmt.Sprintf("x/%03d.bin", i)] = &fstest.MapFile{Data: m.Octets}
			shuffled[fmt.Sprintf("x/%03d.bin", i*7919%1000)] = &fstest.MapFile{Data: m.Octets}
		}
		for _, files := range []fstest.MapFS{inOrder, shuffled} {
			got, err := capture.Read(files, "x")
			require.NoError(t, err)
			require.Empty(t, problems(got))
			require.Equal(t, sides(rec), sides(got), name)
		}
	}
}

func TestReadTellsTheSenderByTheMessage(t *testing.T) {
	header := func(source, target string) string {
		return `<SyncML xmlns="SYNCML:SYNCML1.2"><SyncHdr><VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto><SessionID>1</SessionID><MsgID>1</MsgID>` +
			`<Target><LocURI>` + target + `</LocURI></Target><Source><LocURI>` + source + `</LocURI></Source></SyncHdr><SyncBody>`
	}
	const end, ok = `<Final/></SyncBody></SyncML>`, `<Status><CmdID>1</CmdID><MsgRef>1</MsgRef><CmdRef>0</CmdRef><Cmd>SyncHdr</Cmd><Data>200</Data></Status>`
	tests := []struct {
		name, text string
		want       []capture.Direction
		guessed    bool
	}{
		{"addresses", header("dev", "https://dm.example.test/") + ok + end + header("https://dm.example.test/", "dev") + ok + end,
			[]capture.Direction{capture.FromDevice, capture.FromServer}, false},
		{"commands", header("a", "b") + ok + set("./A", "1") + end + header("b", "a") + `<Alert><CmdID>1</CmdID><Data>1201</Data></Alert>` + end,
			[]capture.Direction{capture.FromServer, capture.FromDevice}, false},
		{"another message of the sender", header("b", "a") + ok + end + header("a", "b") + set("./A", "1") + end + header("a", "b") + ok + end +
			header("b", "a") + `<Results><CmdID>1</CmdID><MsgRef>1</MsgRef><CmdRef>1</CmdRef><Item><Data>1</Data></Item></Results>` + end,
			[]capture.Direction{capture.FromDevice, capture.FromServer, capture.FromServer, capture.FromDevice}, false},
		{"banners", "sent to the device:\n" + header("a", "b") + ok + end + "\nfrom the client:\n" + header("b", "a") + ok + end,
			[]capture.Direction{capture.FromServer, capture.FromDevice}, false},
		{"turns, if nothing tells", header("a", "b") + ok + end + header("b", "a") + ok + end,
			[]capture.Direction{capture.FromDevice, capture.FromServer}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rec, err := capture.Read(fstest.MapFS{"x.log": {Data: []byte("log\n" + tt.text)}}, "x.log")
			require.NoError(t, err)
			require.Empty(t, problems(rec))
			var got []capture.Direction
			for _, m := range rec.Messages {
				got = append(got, m.From)
				require.Equal(t, tt.guessed, m.Guessed)
			}
			require.Equal(t, tt.want, got)
		})
	}
}

// A message that its tool cut, and closed all the same, shows the commands before the cut.
func TestReadCutMessages(t *testing.T) {
	rec := recorded(t, "windows-policies")
	whole := string(rec.Messages[1].Octets)
	m, err := syncml.Decode([]byte(whole))
	require.NoError(t, err)
	at := strings.Index(whole, "</Status><Replace>") + len("</Status><Replace><CmdID>")
	require.Greater(t, at, 100)
	next := string(rec.Messages[2].Octets)
	for name, cut := range map[string]string{
		"closed falsely":     whole[:at] + "</SyncML>\n" + next,
		"in the middle":      whole[:at] + "\n" + next,
		"at the end of file": next + "\n" + whole[:at],
	} {
		t.Run(name, func(t *testing.T) {
			got, err := capture.Read(fstest.MapFS{"x.xml": {Data: []byte(cut)}}, "x.xml")
			require.NoError(t, err)
			require.Len(t, got.Problems, 1)
			require.Contains(t, got.Problems[0].Error(), "the message is cut: syncml: offset")
			require.Len(t, got.Messages, 2)
			for _, g := range got.Messages {
				if !g.Cut {
					require.Equal(t, next, string(g.Octets))
					continue
				}
				part, err := g.Decode()
				require.NoError(t, err)
				require.Equal(t, capture.FromServer, g.From)
				require.NotEmpty(t, part.Body)
				require.Less(t, len(part.Body), len(m.Body))
				require.Equal(t, m.Header, part.Header)
				require.Contains(t, dialogue(t, got), "cut")
			}
		})
	}
}

func TestReadGoesOnBehindWhatItCannotRead(t *testing.T) {
	rec := recorded(t, "windows-policies")
	in, out := rec.Messages[0].Octets, rec.Messages[1].Octets
	quoted := func(b []byte) string { q, _ := json.Marshal(string(b)); return string(q) }
	entry := func(request, response string) string {
		return `{"startedDateTime":"2026-03-01T08:00:00Z","time":5,"request":{"method":"POST","postData":{"mimeType":"application/vnd.syncml.dm+xml","text":` + request +
			`}},"response":{"status":200,"content":{"mimeType":"application/vnd.syncml.dm+xml","text":` + response + `}}}`
	}
	good := entry(quoted(in), quoted(out))
	tests := []struct {
		name, file, text string
		messages         int
		problems         []string
	}{
		{"a body that is none", "x.har", `{"log":{"entries":[` + entry(`"<SyncML"`, quoted(out)) + `,` + good + `]}}`, 4,
			[]string{"capture: x.har: entry 1: offset 19: the body of the device is not a message: syncml: "}},
		{"an entry that is none", "x.har", `{"log":{"version":"1.2","entries":[{"request":5},` + good + `]}}`, 2,
			[]string{"capture: x.har: entry 1: offset 35: not an entry: json: "}},
		{"another protocol", "x.har", `{"log":{"entries":[{"request":{"method":"GET"}},{"request":{"postData":{"mimeType":"text/plain","text":"hello"}}},` + good + `]}}`, 2, nil},
		{"an archive that ends too early", "x.har", `{"log":{"entries":[` + good + `,{"request":{"postD`, 2,
			[]string{"capture: x.har: entry 2: offset "}},
		{"a log without entries", "x.har", `{"log":{"version":"1.2"}}`, 0, []string{"capture: x.har: offset 24: the archive ends here: has no entries"}},
		{"no answer", "x.har", `{"log":{"entries":[{"request":{"postData":{"text":` + quoted(in) + `}},"response":{"status":0}}]}}`, 1,
			[]string{"capture: x.har: entry 1: offset 19: has no answer"}},
		{"an answer without a body", "x.har", `{"log":{"entries":[{"request":{"postData":{"text":` + quoted(in) + `}},"response":{"status":403}}]}}`, 2, nil},
		{"base64 that is none", "x.har", `{"log":{"entries":[` + strings.Replace(good, `"text":`+quoted(out), `"encoding":"base64","text":"*"`, 1) + `]}}`, 1,
			[]string{"capture: x.har: entry 1: offset 19: the body is not base64: "}},
		{"a broken zip", "x.saz", "PK\x03\x04 and no more", -1, []string{"capture: x.saz: not a zip: zip: not a valid zip file"}},
		{"text", "x.txt", "nothing to see here", 0, []string{"capture: x.txt: has no message"}},
		{"nothing", "x.txt", "", 0, []string{"capture: x.txt: not a message: syncml: "}},
		{"broken WBXML", "x.wbxml", "\x02\x00\x00\x6a\x1d-//SYNCML//DTD", 0, []string{"capture: x.wbxml: not a message: "}},
		{"a message that is not well-formed", "x.log", string(in) + "\n<SyncML><SyncHdr></Wrong></SyncHdr>" + strings.Repeat(" ", 200) + "</SyncML>\n" + string(out), 3,
			[]string{fmt.Sprintf("capture: x.log: entry 2: offset %d: not a message: syncml: ", len(in)+1)}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := capture.Read(fstest.MapFS{tt.file: {Data: []byte(tt.text)}}, tt.file)
			if tt.messages < 0 {
				require.EqualError(t, err, tt.problems[0])
				return
			}
			require.NoError(t, err)
			require.Len(t, got.Messages, tt.messages)
			require.Len(t, got.Problems, len(tt.problems))
			for i, want := range tt.problems {
				require.Contains(t, got.Problems[i].Error(), want)
			}
		})
	}
	t.Run("a file that is not there", func(t *testing.T) {
		_, err := capture.Read(fstest.MapFS{}, "x")
		require.ErrorContains(t, err, "capture: x: cannot be opened")
	})
	t.Run("an index with damaged lines", func(t *testing.T) {
		index := head + entryLine(1, "device", "0001-device.xml") + "{\n" + entryLine(1, "server", "gone.xml") + entryLine(2, "device", "")
		got, err := capture.Read(fstest.MapFS{"x/index.jsonl": {Data: []byte(index)}, "x/0001-device.xml": {Data: in}}, "x")
		require.NoError(t, err)
		require.Len(t, got.Messages, 3)
		require.Equal(t, "cannot be read", got.Messages[1].Omitted)
		require.Len(t, got.Problems, 2)
		require.ErrorContains(t, got.Problems[0], "capture: x/index.jsonl: line 3: not JSON")
		require.ErrorContains(t, got.Problems[1], "capture: x/gone.xml: cannot be read")
	})
}

func TestReadExchangesOfASAZ(t *testing.T) {
	message := string(recorded(t, "windows-check-in").Messages[0].Octets)
	request := "POST http://x/ HTTP/1.1\r\nHost: x\r\nContent-Length: " + strconv.Itoa(len(message)) + "\r\n\r\n" + message
	tests := []struct {
		name     string
		files    map[string]string
		messages int
		problem  string
	}{
		{"no raw folder", map[string]string{"notes.txt": ""}, 0, "has no folder raw"},
		{"no request", map[string]string{"raw/1_s.txt": "HTTP/1.1 200 OK\r\n\r\n"}, 0, "entry 1: the request cannot be read"},
		{"a request that is none", map[string]string{"raw/1_c.txt": "hello"}, 0, "entry 1: the request is not one of HTTP"},
		{"a body that is cut", map[string]string{"raw/1_c.txt": request[:len(request)-9]}, 0, "entry 1: the body of the device cannot be read"},
		{"a broken encoding", map[string]string{"raw/1_c.txt": strings.Replace(request, "Host", "Content-Encoding: gzip\r\nHost", 1)}, 0, "entry 1: the body of the device cannot be read"},
		{"no answer", map[string]string{"raw/1_c.txt": request}, 1, "entry 1: has no answer"},
		{"an answer that is none", map[string]string{"raw/1_c.txt": request, "raw/1_s.txt": "hello"}, 1, "entry 1: the answer is not one of HTTP"},
		{"an answer that is cut", map[string]string{"raw/1_c.txt": request, "raw/1_s.txt": "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx"}, 2, "entry 1: the body of the server cannot be read"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var b bytes.Buffer
			z := zip.NewWriter(&b)
			for name, text := range tt.files {
				w, err := z.Create(name)
				require.NoError(t, err)
				w.Write([]byte(text))
			}
			require.NoError(t, z.Close())
			got, err := capture.Read(fstest.MapFS{"x.saz": {Data: b.Bytes()}}, "x.saz")
			require.NoError(t, err)
			require.Len(t, got.Messages, tt.messages)
			require.Len(t, got.Problems, 1)
			require.ErrorContains(t, got.Problems[0], "capture: x.saz: "+tt.problem)
		})
	}
}

// What is written is without secrets, and what was blanked before keeps its number.
func TestWriteBlanks(t *testing.T) {
	const password, another = "correct horse battery", "staple staple staple"
	reply := document("1", "1", "", set("./A/Password", password)+set("./B/OtherPassword", capture.Placeholder(7, 30)))
	next := document("1", "2", "", set("./A/Password", password)+set("./C/Kept", another))
	rec := &capture.Recording{Messages: []capture.Message{
		{Number: 1, From: capture.FromDevice, Octets: document("1", "1", "", nothing)},
		{Number: 1, From: capture.FromServer, Status: 200, Octets: reply, Blanked: []capture.Blank{{Place: "Replace ./B/OtherPassword", Secret: 7}}},
		{Number: 2, From: capture.FromDevice, Octets: []byte("password=" + password)},
		{Number: 2, From: capture.FromServer, Status: 200, Octets: next},
	}}
	var archive bytes.Buffer
	require.NoError(t, rec.WriteHAR(&archive, nil))
	sink := new(memory)
	require.NoError(t, rec.Write(sink, nil))
	require.NotContains(t, archive.String(), password)
	require.Empty(t, find(sink.files, password))
	got, err := capture.Open(sink.files)
	require.NoError(t, err)
	require.Equal(t, []capture.Blank{{Place: "Replace ./B/OtherPassword", Secret: 7}, {Place: "Replace ./A/Password", Secret: 8}}, got.Messages[1].Blanked)
	require.Contains(t, string(got.Messages[1].Octets), capture.Placeholder(8, len(password)))
	require.Equal(t, "not a message", got.Messages[2].Omitted)
	require.Contains(t, string(got.Messages[3].Octets), another, "not a secret")
	require.Contains(t, string(rec.Messages[1].Octets), password, "the recording that is written stays as it was")
	from, err := capture.Read(fstest.MapFS{"x.har": {Data: archive.Bytes()}}, "x.har")
	require.NoError(t, err)
	require.Equal(t, string(got.Messages[1].Octets), string(from.Messages[1].Octets))
}

func TestWBXMLGoesThroughAnArchive(t *testing.T) {
	rec := recorded(t, "large-object-out-wbxml")
	require.Equal(t, wbxml.Codec, rec.Messages[0].Codec())
	got, err := capture.Read(fstest.MapFS{"x.har": {Data: har(rec)}}, "x.har")
	require.NoError(t, err)
	require.Equal(t, sides(rec), sides(got))
	unmarked := strings.ReplaceAll(string(har(rec)), `"encoding": "base64"`, `"comment": ""`)
	got, err = capture.Read(fstest.MapFS{"x.har": {Data: []byte(unmarked)}}, "x.har")
	require.NoError(t, err)
	require.Equal(t, sides(rec), sides(got), "base64 that is not said to be")
}

// Whatever a file holds: Read comes to an end, and what it says decodes does.
func FuzzRead(f *testing.F) {
	rec := recorded(f, "windows-policies")
	for _, write := range []func(*capture.Recording) []byte{viewer, banners, escapedLog, jsonLog, har} {
		f.Add(write(rec))
	}
	f.Add(saz(f, rec, true))
	f.Add(recorded(f, "large-object-out-wbxml").Messages[0].Octets)
	f.Fuzz(func(t *testing.T, octets []byte) {
		got, err := capture.Read(fstest.MapFS{"x": {Data: octets}}, "x")
		if err != nil {
			return
		}
		for _, m := range got.Messages {
			if m.Octets == nil {
				continue
			}
			if _, err := m.Decode(); err != nil {
				t.Errorf("message of %s: %v", m.Origin, err)
			}
		}
		sink := new(memory)
		if err := got.Write(sink, nil); err != nil {
			t.Fatal(err)
		}
		again, err := capture.Open(sink.files)
		if err != nil {
			t.Fatal(err)
		}
		if len(again.Messages) != len(got.Messages) {
			t.Errorf("got %d messages, want %d", len(again.Messages), len(got.Messages))
		}
	})
}
