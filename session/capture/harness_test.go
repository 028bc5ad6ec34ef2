package capture_test

import (
	"bytes"
	"errors"
	"flag"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gomadm/gomadm/session/capture"
	"github.com/gomadm/gomadm/syncml"
	"github.com/gomadm/gomadm/syncml/wbxml"
)

var update = flag.Bool("update", false, "write the files of testdata anew")

const (
	deviceID  = "urn:uuid:11111111-2222-4333-8444-555555555555"
	serverURL = "https://dm.example.test/dm"
)

var codecs = map[string]syncml.Codec{"XML": syncml.XML, "WBXML": wbxml.Codec}

// memory is a Sink whose files can be read.
type memory struct {
	mu    sync.Mutex
	files fstest.MapFS
	fail  func(name string) error // nil: nothing fails
}

func (s *memory) Create(name string, octets []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail != nil {
		if err := s.fail(name); err != nil {
			return err
		}
	}
	if s.files == nil {
		s.files = make(fstest.MapFS)
	}
	if s.files[name] != nil {
		return fs.ErrExist
	}
	s.files[name] = &fstest.MapFile{Data: bytes.Clone(octets)}
	return nil
}

func (s *memory) Append(name string, octets []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.files[name] == nil {
		return fs.ErrNotExist
	}
	s.files[name].Data = append(s.files[name].Data, octets...)
	return nil
}

// clock gives a time that moves by a second each time it is asked.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(time.Second)
	return c.now
}

func post(h http.Handler, url, contentType string, body []byte) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, url, bytes.NewReader(body))
	r.Header.Set("Content-Type", contentType)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// parrot answers each message with the octets that reply returns.
func parrot(contentType string, reply func() []byte) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var buf bytes.Buffer
		if _, err := buf.ReadFrom(r.Body); err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", contentType)
		_, _ = w.Write(reply())
	})
}

// recordExchange records one exchange and returns the files.
func recordExchange(t *testing.T, change func(*capture.Recorder), codec syncml.Codec, in, out []byte) (*capture.Recording, fstest.MapFS) {
	t.Helper()
	sink := new(memory)
	r := &capture.Recorder{
		Handler: parrot(codec.ContentType(), func() []byte { return out }), Sink: sink, Now: newClock().Now,
		OnError: func(err error) { t.Error(err) },
	}
	if change != nil {
		change(r)
	}
	w := post(r, serverURL, codec.ContentType(), in)
	require.Equal(t, http.StatusOK, w.Code)
	require.Equal(t, out, w.Body.Bytes(), "the device has to get what the handler wrote")
	rec, err := capture.Open(sink.files)
	require.NoError(t, err)
	return rec, sink.files
}

// encode writes a message with the content of a SyncBody and of a SyncHdr in an encoding.
func encode(t *testing.T, codec syncml.Codec, header, body string) []byte {
	t.Helper()
	m, err := syncml.Decode(document("1", "1", header, body))
	require.NoError(t, err)
	octets, err := syncml.Append(nil, codec, m)
	require.NoError(t, err)
	return octets
}

func document(sessionID, msgID, header, body string) []byte {
	return []byte(`<SyncML xmlns="SYNCML:SYNCML1.2"><SyncHdr><VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto><SessionID>` + sessionID +
		`</SessionID><MsgID>` + msgID + `</MsgID><Target><LocURI>` + serverURL + `</LocURI></Target><Source><LocURI>` + deviceID +
		`</LocURI></Source>` + header + `</SyncHdr><SyncBody>` + body + `<Final/></SyncBody></SyncML>`)
}

func set(uri, data string) string {
	return `<Replace><CmdID>2</CmdID><Item><Target><LocURI>` + uri + `</LocURI></Target><Data>` + data + `</Data></Item></Replace>`
}

const nothing = `<Alert><CmdID>1</CmdID><Data>1222</Data></Alert>`

func dialogue(t *testing.T, rec *capture.Recording) string {
	t.Helper()
	var b strings.Builder
	require.NoError(t, rec.Dialogue(&b))
	return b.String()
}

// find returns the name of the first file that holds the text; empty if none does.
func find(files fstest.MapFS, text string) string {
	for name, f := range files {
		if bytes.Contains(f.Data, []byte(text)) {
			return name
		}
	}
	return ""
}

var quiet = slog.New(slog.DiscardHandler)

var errSink = errors.New("the disk is full")
