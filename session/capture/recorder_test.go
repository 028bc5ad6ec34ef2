package capture_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
	"github.com/gomadm/gomadm/session/capture"
	"github.com/gomadm/gomadm/session/memstore"
	"github.com/gomadm/gomadm/session/simdevice"
	"github.com/gomadm/gomadm/syncml"
	"github.com/gomadm/gomadm/syncml/wbxml"
)

// The handler and the device have to see what they would see without a Recorder.
func TestRecorderIsTransparent(t *testing.T) {
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		w.Header().Set("X-Seen", fmt.Sprint(len(body), err, r.ContentLength, r.Header.Get("Content-Type"), r.URL))
		w.WriteHeader(http.StatusTeapot)
		_, _ = w.Write([]byte("a reply"))
		if err := http.NewResponseController(w).Flush(); err != nil {
			panic(err)
		}
	})
	for name, change := range map[string]func(*capture.Recorder){
		"it records": func(*capture.Recorder) {},
		"it is full": func(r *capture.Recorder) { r.Limits.Octets = 1 },
		"too large":  func(r *capture.Recorder) { r.Limits.Message = 3 },
		"sink fails": func(r *capture.Recorder) { r.Sink.(*memory).fail = func(string) error { return errSink } },
		"sink panics": func(r *capture.Recorder) {
			r.Sink.(*memory).fail = func(string) error { panic("a panic of the sink") }
		},
		"secret panics": func(r *capture.Recorder) { r.Secret = func(omadm.URI) bool { panic("a panic of Secret") } },
	} {
		t.Run(name, func(t *testing.T) {
			r := &capture.Recorder{Handler: handler, Sink: new(memory), OnError: func(error) {}}
			change(r)
			for range 3 {
				body := document("1", "1", "", set("./A", "1"))
				want, got := post(handler, serverURL, syncml.ContentTypeXML, body), post(r, serverURL, syncml.ContentTypeXML, body)
				require.Equal(t, want.Code, got.Code)
				require.Equal(t, want.Header(), got.Header())
				require.Equal(t, want.Body.Bytes(), got.Body.Bytes())
				require.True(t, got.Flushed)
			}
		})
	}
}

func TestPanicOfTheHandlerPasses(t *testing.T) {
	sink := new(memory)
	r := &capture.Recorder{Sink: sink, Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })}
	require.PanicsWithValue(t, http.ErrAbortHandler, func() { post(r, serverURL, syncml.ContentTypeXML, nil) })
	rec, err := capture.Open(sink.files)
	require.NoError(t, err)
	require.Equal(t, 0, rec.Messages[1].Status)
}

func TestWhatIsNoMessageIsNotRecorded(t *testing.T) {
	const secret = "my secret text"
	good := string(document("1", "1", "", set("./A", "1")))
	tests := []struct {
		name, body string
		read       bool // by the handler
		want       string
	}{
		{"a message", good, true, ""},
		{"not XML", secret, true, "not a message"},
		{"a cut message", good[:len(good)-20] + secret, true, "not a message"},
		{"nothing", "", true, ""},
		{"not read", good, false, "not read to its end"},
		{"large", good + strings.Repeat(" ", 2000), true, "too large"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			sink := new(memory)
			r := &capture.Recorder{
				Sink: sink, Limits: capture.Limits{Message: 1500},
				Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if tt.read {
						_, _ = io.Copy(io.Discard, r.Body)
					}
					w.WriteHeader(http.StatusBadRequest)
				}),
			}
			post(r, serverURL, syncml.ContentTypeXML, []byte(tt.body))
			rec, err := capture.Open(sink.files)
			require.NoError(t, err)
			m := rec.Messages[0]
			require.Equal(t, tt.want, m.Omitted)
			require.Equal(t, tt.name == "a message", m.Octets != nil)
			require.Empty(t, find(sink.files, secret))
			require.Equal(t, http.StatusBadRequest, rec.Messages[1].Status)
			if tt.read {
				require.Equal(t, len(tt.body), m.Size)
			}
		})
	}
}

func TestHeadersAreNotRecorded(t *testing.T) {
	sink := new(memory)
	r := &capture.Recorder{Sink: sink, Handler: parrot(syncml.ContentTypeXML+"; charset=utf-8; token=in-the-type", func() []byte { return document("1", "1", "", nothing) })}
	req := httptest.NewRequest(http.MethodPost, serverURL+"?token=in-the-query", bytes.NewReader(document("1", "1", "", nothing)))
	req.Header.Set("Content-Type", syncml.ContentTypeXML+"; token=in-the-type")
	req.Header.Set("X-Syncml-Hmac", `algorithm=MD5, username="kim", mac=in-the-header`)
	req.Header.Set("Authorization", "Bearer in-the-header")
	r.ServeHTTP(httptest.NewRecorder(), req)
	for _, s := range []string{"in-the-header", "in-the-type", "in-the-query", "kim"} {
		require.Empty(t, find(sink.files, s))
	}
	rec, err := capture.Open(sink.files)
	require.NoError(t, err)
	require.Equal(t, syncml.ContentTypeXML, rec.Messages[0].ContentType)
	require.Equal(t, syncml.ContentTypeXML, rec.Messages[1].ContentType)
}

func TestRecordingIsBounded(t *testing.T) {
	body := document("1", "1", "", set("./A", strings.Repeat("x", 1000)))
	for name, tt := range map[string]struct {
		limits capture.Limits
		want   int // exchanges
	}{
		"exchanges": {capture.Limits{Exchanges: 3}, 3},
		"octets":    {capture.Limits{Octets: 5*2*len(body) + 1}, 5},
	} {
		t.Run(name, func(t *testing.T) {
			sink, errs := new(memory), []error{}
			r := &capture.Recorder{
				Sink: sink, Limits: tt.limits, Handler: parrot(syncml.ContentTypeXML, func() []byte { return body }),
				OnError: func(err error) { errs = append(errs, err) },
			}
			for range 10 {
				require.Equal(t, body, post(r, serverURL, syncml.ContentTypeXML, body).Body.Bytes())
			}
			rec, err := capture.Open(sink.files)
			require.NoError(t, err)
			require.Len(t, rec.Messages, 2*tt.want)
			require.Equal(t, []error{capture.ErrFull}, errs, "it is said once")
		})
	}
}

// What is larger than the limit is not kept while it passes.
func TestLargeBodiesAreNotKept(t *testing.T) {
	const size = 64 << 20
	sink := new(memory)
	r := &capture.Recorder{
		Sink: sink, Limits: capture.Limits{Message: 1000},
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }),
	}
	req := httptest.NewRequest(http.MethodPost, serverURL, io.LimitReader(endless{}, size))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	r.ServeHTTP(httptest.NewRecorder(), req)
	runtime.ReadMemStats(&after)
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(4<<20))
	rec, err := capture.Open(sink.files)
	require.NoError(t, err)
	require.Equal(t, size, rec.Messages[0].Size)
}

func TestErrorsAreReportedOnce(t *testing.T) {
	sink, errs := &memory{fail: func(name string) error {
		if name == "0002-server.xml" {
			return errSink
		}
		return nil
	}}, []error{}
	body := document("1", "1", "", nothing)
	r := &capture.Recorder{
		Sink: sink, Handler: parrot(syncml.ContentTypeXML, func() []byte { return body }),
		OnError: func(err error) { errs = append(errs, err) },
	}
	for range 4 {
		post(r, serverURL, syncml.ContentTypeXML, body)
	}
	require.Len(t, errs, 1)
	require.ErrorIs(t, errs[0], errSink)
	rec, err := capture.Open(sink.files)
	require.NoError(t, err, "what is there can be read")
	require.Len(t, rec.Messages, 2)
}

func TestFolderHoldsOneRecording(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a", "b")
	body := document("1", "1", "", nothing)
	record := func(onError func(error)) {
		r := &capture.Recorder{Sink: capture.Dir(path), Handler: parrot(syncml.ContentTypeXML, func() []byte { return body }), OnError: onError}
		post(r, serverURL, syncml.ContentTypeXML, body)
	}
	record(func(err error) { t.Error(err) })
	before, err := capture.Open(os.DirFS(path))
	require.NoError(t, err)
	require.Equal(t, body, before.Messages[0].Octets)

	var got error
	record(func(err error) { got = err })
	require.ErrorIs(t, got, os.ErrExist)
	after, err := capture.Open(os.DirFS(path))
	require.NoError(t, err)
	require.Equal(t, before, after)

	for _, name := range []string{"index.jsonl", "0001-device.xml", "0001-server.xml"} {
		info, err := os.Stat(filepath.Join(path, name))
		require.NoError(t, err)
		assert.Zero(t, info.Mode().Perm()&0o077, "others may not read %s", name)
	}
}

// Many devices at once: each exchange is whole, and each device has its conversation.
func TestRecorderIsSafeForConcurrentUse(t *testing.T) {
	const devices = 8
	store, sink := new(memstore.Store), new(memory)
	handler, err := session.New(session.Config{
		Store: store, Authenticator: session.InsecureTrust{}, Codecs: []syncml.Codec{syncml.XML, wbxml.Codec}, Logger: quiet,
	})
	require.NoError(t, err)
	r := &capture.Recorder{Handler: handler, Sink: sink, Now: newClock().Now, OnError: func(err error) { t.Error(err) }}
	queue := session.Queue{Store: store}
	var wg sync.WaitGroup
	errs := make([]error, devices)
	for i := range devices {
		id := fmt.Sprintf("device-%d", i)
		require.NoError(t, store.Register(t.Context(), session.Device{ID: omadm.DeviceID(id)}))
		require.NoError(t, queue.Enqueue(t.Context(), omadm.DeviceID(id), omadm.Request{ID: "r", Ops: []omadm.Op{
			{Verb: omadm.Get, URI: "./DevDetail/SwV"},
		}}))
		d := &simdevice.Device{ID: id, URL: serverURL, Transport: direct{r}, Codec: codecs[[]string{"XML", "WBXML"}[i%2]]}
		wg.Go(func() {
			report, err := d.Session(t.Context())
			errs[i] = errors.Join(err, report.Err())
		})
	}
	wg.Wait()
	require.NoError(t, errors.Join(errs...))

	rec, err := capture.Open(sink.files)
	require.NoError(t, err)
	require.Len(t, rec.Messages, devices*2*2)
	count := make(map[string]int)
	for i, m := range rec.Messages {
		require.Equal(t, i/2+1, m.Number)
		require.Equal(t, capture.Direction(i%2), m.From)
		if m.From == capture.FromDevice {
			count[m.Source]++
			reply, err := rec.Messages[i+1].Decode()
			require.NoError(t, err)
			require.Equal(t, m.Source, reply.Header.Target.URI, "the reply is for another device")
		}
	}
	require.Len(t, count, devices)
	for id, n := range count {
		require.Equal(t, 2, n, id)
	}
}
