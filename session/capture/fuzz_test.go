package capture_test

import (
	"io"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/gomadm/gomadm/session/capture"
	"github.com/gomadm/gomadm/syncml"
	"github.com/gomadm/gomadm/syncml/wbxml"
)

// Whatever an index and the files say: Open, Dialogue and all that looks at a recording come to an end, and what is shown
// has no control characters.
func FuzzOpen(f *testing.F) {
	body := document("1", "1", "", set("./A/Password", "a secret")+set("./B", "&lt;Password&gt;x&lt;/Password&gt;"))
	index := head + entryLine(1, "device", "0001-device.xml") + entryLine(1, "server", "0001-server.xml")
	f.Add([]byte(index), body, body)
	f.Add([]byte(head+`{"number":3,"from":"server","status":403,"omitted":"too large"}`), body[:50], []byte{})
	f.Add([]byte("{}"), []byte{}, []byte{})
	for i := range 2 {
		talk := conversation()
		f.Add([]byte(index), []byte(talk[2*i]), []byte(talk[2*i+1]))
	}
	f.Fuzz(func(t *testing.T, index, device, server []byte) {
		rec, err := capture.Open(fstest.MapFS{
			"index.jsonl": {Data: index}, "0001-device.xml": {Data: device}, "0001-server.xml": {Data: server},
		})
		if err != nil {
			return
		}
		var b strings.Builder
		if err := rec.Dialogue(&b); err != nil {
			t.Fatal(err)
		}
		for _, v := range rec.Violations() {
			b.WriteString(v.String())
		}
		for _, a := range rec.Asked() {
			a.Outcome()
		}
		for mode := capture.Exact; mode <= capture.Rules; mode++ {
			sent := 0
			p := capture.Player{Recording: rec, Mode: mode, All: true, Send: func(*capture.Message) (*capture.Message, error) {
				if sent++; sent > 100 {
					return nil, io.EOF
				}
				return &capture.Message{Status: 200, Octets: server}, nil
			}}
			played, err := p.Play()
			if err != nil && mode <= capture.Meaning {
				t.Fatal(err)
			}
			for _, d := range played.Differences {
				b.WriteString(d.String())
			}
		}
		if strings.ContainsFunc(b.String(), func(r rune) bool { return r < ' ' && r != '\n' }) {
			t.Errorf("control character in %q", b.String())
		}
	})
}

// Whatever a device sends: what is written decodes and means what arrived but for secrets, and to blank it once more
// changes nothing.
func FuzzRecorder(f *testing.F) {
	for _, p := range places {
		doc := document("1", "1", strings.ReplaceAll(p.header, "%s", "c2VjcmV0LW5vbmNl"), strings.ReplaceAll(p.body, "%s", "c2VjcmV0LW5vbmNl"))
		f.Add(doc)
		if m, err := syncml.Decode(doc); err == nil {
			if octets, err := syncml.Append(nil, wbxml.Codec, m); err == nil {
				f.Add(octets)
			}
		}
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		record := func(body []byte) capture.Message {
			sink := new(memory)
			r := &capture.Recorder{Sink: sink, OnError: func(error) {}, Handler: parrot("", func() []byte { return nil })}
			post(r, serverURL, syncml.ContentTypeXML, body)
			rec, err := capture.Open(sink.files)
			if err != nil {
				t.Fatal(err)
			}
			return rec.Messages[0]
		}
		m := record(body)
		before, err := wbxml.Decode(body)
		if (err != nil) != (m.Omitted == "not a message") && m.Size > 0 {
			t.Fatalf("decodes: %v, omitted: %q", err, m.Omitted)
		}
		if m.Octets == nil {
			return
		}
		after, err := m.Decode()
		if err != nil {
			t.Fatalf("what is written does not decode: %v", err)
		}
		if len(m.Blanked) == 0 && !syncml.Equal(before, after) {
			t.Fatal("something was changed and nothing blanked")
		}
		if again := record(m.Octets); !syncml.Equal(after, decoded(t, again)) {
			t.Fatal("blanked anew it is another message")
		}
		rec := capture.Recording{Messages: []capture.Message{m}}
		if err := rec.Dialogue(io.Discard); err != nil {
			t.Fatal(err)
		}
	})
}

func decoded(t *testing.T, m capture.Message) *syncml.Message {
	t.Helper()
	d, err := m.Decode()
	if err != nil {
		t.Fatal(err)
	}
	return d
}
