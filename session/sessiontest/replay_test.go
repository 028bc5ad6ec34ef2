package sessiontest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
	"github.com/gomadm/gomadm/session/capture"
	"github.com/gomadm/gomadm/session/memstore"
	"github.com/gomadm/gomadm/syncml"
	"github.com/gomadm/gomadm/syncml/wbxml"
)

// folder is a capture.Sink in memory.
type folder struct{ fstest.MapFS }

func (f folder) Create(name string, octets []byte) error {
	f.MapFS[name] = &fstest.MapFile{Data: bytes.Clone(octets)}
	return nil
}

func (f folder) Append(name string, octets []byte) error {
	f.MapFS[name].Data = append(f.MapFS[name].Data, octets...)
	return nil
}

const replayPassword = "a password of kim"

// replayRequests go out in the reply to message 1, the second only after its time has come.
func replayRequests(value string) []omadm.Request {
	return []omadm.Request{
		{ID: "password", Ops: []omadm.Op{{Verb: omadm.Replace, URI: "./Vendor/MSFT/Example/Password", Value: omadm.Text(value)}}},
		{ID: "later", Ops: []omadm.Op{{Verb: omadm.Get, URI: "./DevDetail/SwV"}}, NotBefore: noon.Add(30 * time.Second)},
	}
}

func message(msgID, body string) string {
	return `<SyncML xmlns="SYNCML:SYNCML1.2"><SyncHdr><VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto><SessionID>1</SessionID><MsgID>` + msgID +
		`</MsgID><Target><LocURI>https://dm.example.test/dm</LocURI></Target><Source><LocURI>device-1</LocURI></Source></SyncHdr><SyncBody>` + body + `</SyncBody></SyncML>`
}

func statusFor(cmdID int, msgRef, cmdRef, cmd string) string {
	return fmt.Sprintf(`<Status><CmdID>%d</CmdID><MsgRef>%s</MsgRef><CmdRef>%s</CmdRef><Cmd>%s</Cmd><Data>200</Data></Status>`, cmdID, msgRef, cmdRef, cmd)
}

// replayMessages are those of a device, which are sent with a minute between them.
var replayMessages = []string{
	message("1", `<Alert><CmdID>1</CmdID><Data>1201</Data></Alert><Replace><CmdID>2</CmdID><Item><Source><LocURI>./DevInfo/DevId</LocURI></Source><Data>device-1</Data></Item></Replace><Final/>`),
	message("2", statusFor(1, "1", "0", "SyncHdr")+statusFor(2, "1", "4", "Replace")+`<Final/>`),
	message("2", statusFor(1, "1", "0", "SyncHdr")+statusFor(2, "1", "4", "Replace")+`<Final/>`), // once more
	message("9", statusFor(1, "1", "0", "SyncHdr")+`<Final/>`),                                   // out of order
	`<SyncML><SyncHdr></SyncHdr><SyncBody><Final/></SyncBody></SyncML>`,                          // refused by Step
	"not a message",
}

// recordReplay records what a handler makes of replayMessages.
func recordReplay(t *testing.T) *capture.Recording {
	t.Helper()
	store, now := new(memstore.Store), noon
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	ok(store.Register(t.Context(), session.Device{ID: dev}))
	queue := session.Queue{Store: store}
	ok(queue.Enqueue(t.Context(), dev, replayRequests(replayPassword)...))
	handler, err := session.New(session.Config{
		Store: store, Authenticator: trust{}, Logger: slog.New(slog.DiscardHandler), Now: func() time.Time { return now },
	})
	ok(err)
	files := folder{make(fstest.MapFS)}
	recorder := &capture.Recorder{Handler: handler, Sink: files, Now: func() time.Time { return now }, OnError: func(err error) { t.Error(err) }}
	for _, m := range replayMessages {
		r := httptest.NewRequest(http.MethodPost, "https://dm.example.test/dm", strings.NewReader(m))
		r.Header.Set("Content-Type", syncml.ContentTypeXML)
		recorder.ServeHTTP(httptest.NewRecorder(), r)
		now = now.Add(time.Minute)
	}
	rec, err := capture.Open(files)
	ok(err)
	return rec
}

// trust believes that every message is from the device.
type trust struct{ session.Authenticator }

func (trust) Authenticate(_ context.Context, _ *session.Inbound) (session.Principal, error) {
	return session.Principal{Device: dev, Proven: true}, nil
}

// options are what makes the recording of recordReplay replay.
func options() ReplayOptions {
	return ReplayOptions{
		Device:   session.Device{ID: dev},
		Requests: map[int][]omadm.Request{1: replayRequests(capture.Placeholder(1, len(replayPassword)))},
	}
}

// withStore is a handler with its store.
type withStore struct {
	http.Handler
	*memstore.Store
}

// engine makes the handler of package session on a store in memory.
func engine(t *testing.T, change func(*session.Config)) func(Setup) http.Handler {
	return func(s Setup) http.Handler {
		store := new(memstore.Store)
		if err := store.Register(t.Context(), s.Device); err != nil {
			t.Error(err)
		}
		queue := session.Queue{Store: store}
		if err := queue.Enqueue(t.Context(), s.Device.ID, s.Requests...); err != nil {
			t.Error(err)
		}
		cfg := session.Config{
			Store: store, Authenticator: s.Authenticator, Now: s.Now, Rand: s.Rand,
			Codecs: []syncml.Codec{syncml.XML, wbxml.Codec}, Logger: slog.New(slog.DiscardHandler),
		}
		if change != nil {
			change(&cfg)
		}
		handler, err := session.New(cfg)
		if err != nil {
			t.Error(err)
		}
		return withStore{handler, store}
	}
}

func TestReplay(t *testing.T) {
	rec := recordReplay(t)
	var got []int
	for _, m := range rec.Messages {
		if m.From == capture.FromServer {
			got = append(got, m.Status)
		}
	}
	if want := []int{200, 200, 200, 200, 400, 400}; !slices.Equal(got, want) {
		t.Fatalf("recorded statuses %d, want %d", got, want)
	}
	Replay(t, engine(t, nil), rec, options())
}

// The requests are read back from the recording; only the time that one waited for is not in it.
func TestReplayReadsRequests(t *testing.T) {
	rec := recordReplay(t)
	rec.Messages = rec.Messages[:2]
	for mode := capture.Exact; mode <= capture.Rules; mode++ {
		t.Run(mode.String(), func(t *testing.T) { Replay(t, engine(t, nil), rec, ReplayOptions{Mode: mode}) })
	}
}

func TestReplayNotices(t *testing.T) {
	tests := []struct {
		name   string
		change func(*capture.Recording, *ReplayOptions)
		want   []string // parts of what is said, in their order
	}{
		{"another value", func(_ *capture.Recording, o *ReplayOptions) {
			o.Requests[1][0].Ops[0].URI = "./Vendor/MSFT/Example/B/Password"
		}, []string{
			"replay: message 1 is not answered as it was recorded\nthe message:\n  1 device → server", "Alert    1201 Client-initiated management",
			"the reply that was recorded:", "200 OK for Replace 2\n>     4    Replace  ./Vendor/MSFT/Example/Password = (secret 1)\n",
			"the reply now:", "200 OK for Replace 2\n>     4    Replace  ./Vendor/MSFT/Example/B/Password = (secret 1)\n",
			"first difference: SyncBody/Replace[1]/Item[1]/Target/LocURI",
		}},
		{"another secret, which is not shown", func(_ *capture.Recording, o *ReplayOptions) {
			o.Requests[1] = replayRequests("hunter2hunter2hun")
		}, []string{"first difference: SyncBody/Replace[1]/Item[1]/Data"}},
		{"a command less", func(_ *capture.Recording, o *ReplayOptions) {
			o.Requests[1] = o.Requests[1][:1]
		}, []string{"message 2 is not answered", "the reply that was recorded:", ">     2    Get      ./DevDetail/SwV\n", "the reply now:", "first difference: "}},
		{"another clock", func(rec *capture.Recording, _ *ReplayOptions) {
			rec.Messages[2].Time = noon.Add(20 * time.Second)
		}, []string{"message 2 is not answered", "./DevDetail/SwV"}},
		{"another encoding of the same", func(rec *capture.Recording, _ *ReplayOptions) {
			rec.Messages[1].Octets = append(slices.Clip(rec.Messages[1].Octets), '\n')
		}, []string{"message 1 is not answered", "in the encoding only"}},
		{"another status", func(rec *capture.Recording, _ *ReplayOptions) {
			rec.Messages[9].Status = http.StatusForbidden
		}, []string{"message 5 is not answered", "first difference: HTTP status 400, recorded 403"}},
		{"a reply that is a refusal now", func(rec *capture.Recording, _ *ReplayOptions) {
			rec.Messages[8].Octets = []byte(message("", ""))
			rec.Messages[9].Status, rec.Messages[9].Octets = 200, rec.Messages[7].Octets
		}, []string{"message 5 is not answered", "HTTP status 400, recorded 200"}},
		{"another media type", func(rec *capture.Recording, _ *ReplayOptions) {
			rec.Messages[0].ContentType = "text/plain"
		}, []string{"message 1 is not answered", "HTTP status 415, recorded 200"}},
		{"requests that nobody gets", func(_ *capture.Recording, o *ReplayOptions) {
			o.Requests[7] = o.Requests[1]
		}, []string{"ReplayOptions.Requests has requests before message 7"}},
		{"an empty recording", func(rec *capture.Recording, _ *ReplayOptions) {
			rec.Messages = nil
		}, []string{"the recording has no message of a device"}},
		{"octets that are missing", func(rec *capture.Recording, _ *ReplayOptions) {
			rec.Messages[0].Octets, rec.Messages[0].Omitted = nil, "too large"
		}, []string{"the replay stops at message 1: its octets were not recorded: too large", "no message that was answered"}},
		{"an update that fails", func(_ *capture.Recording, o *ReplayOptions) {
			o.Update = func(*capture.Recording) error { return io.ErrShortWrite }
		}, []string{"replay: ReplayOptions.Update: short write"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rec, o := recordReplay(t), options()
			tt.change(rec, &o)
			got := strings.Join(observeReplay(engine(t, nil), rec, o).messages, "\n")
			rest := got
			for _, part := range tt.want {
				_, after, ok := strings.Cut(rest, part)
				if !ok {
					t.Fatalf("got\n%s\nwant in it\n%s", got, part)
				}
				rest = after
			}
			if strings.Contains(got, "hunter2") {
				t.Errorf("a secret is shown:\n%s", got)
			}
		})
	}
}

func (r *recorder) Logf(format string, args ...any) {
	r.messages = append(r.messages, fmt.Sprintf(format, args...))
}

// observeReplay returns what Replay says to a test.
func observeReplay(open func(Setup) http.Handler, rec *capture.Recording, o ReplayOptions) *recorder {
	r, done := new(recorder), make(chan struct{})
	go func() {
		defer close(done)
		replay(r, open, rec, o)
	}()
	<-done
	return r
}

// A recording that was cut short replays as far as it goes, and what only the handler refused is passed over.
func TestReplayPassesOver(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*capture.Recording)
		says   string
	}{
		"a reply that is missing": {func(rec *capture.Recording) { rec.Messages = rec.Messages[:3] }, "message 2 is passed over"},
		"a message that is cut":   {func(rec *capture.Recording) { rec.Messages[2].Cut = true }, "the replay stops at message 2"},
		"a message without octets": {func(rec *capture.Recording) {
			rec.Messages[2].Octets, rec.Messages[2].Omitted = nil, "too large"
		}, "the replay stops at message 2"},
		"an unknown media type": {func(rec *capture.Recording) { rec.Messages[9].Status = http.StatusUnsupportedMediaType }, ""},
		"a store that was away": {func(rec *capture.Recording) { rec.Messages[9].Status = http.StatusServiceUnavailable }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			rec := recordReplay(t)
			tt.change(rec)
			got := observeReplay(engine(t, nil), rec, options())
			if text := strings.Join(got.messages, "\n"); got.failed || !strings.Contains(text, tt.says) {
				t.Errorf("failed: %v, says\n%s\nwant it to say %q", got.failed, text, tt.says)
			}
		})
	}
}

// Update gets the recording as it is now, which then replays.
func TestReplayUpdates(t *testing.T) {
	rec, o := recordReplay(t), options()
	o.Requests[1] = o.Requests[1][:1]
	var now *capture.Recording
	o.Update = func(rec *capture.Recording) error { now = rec; return nil }
	if got := observeReplay(engine(t, nil), rec, o); got.failed {
		t.Fatal(got.messages)
	}
	o.Update = nil
	Replay(t, engine(t, nil), now, o)
}
