package simdevice_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
	"github.com/gomadm/gomadm/session/memstore"
	"github.com/gomadm/gomadm/session/simdevice"
	"github.com/gomadm/gomadm/syncml"
	"github.com/gomadm/gomadm/syncml/wbxml"
)

// engine is the handler of package session with one device, which has an account.
type engine struct {
	t       *testing.T
	store   *memstore.Store
	handler http.Handler
	now     time.Time
	log     bytes.Buffer
	n       int // requests
}

// The secrets of the account: of user and password, and of serverName and serverPass.
const (
	clientSecret = "apVk9dekRePCloNZNrFGvw=="
	serverSecret = "KfspZqoflz1e8lrBBTKYuQ=="
)

// newEngine registers the device. The server proves itself to it if mutual says so.
func newEngine(t *testing.T, scheme simdevice.Scheme, mutual bool) *engine {
	e := &engine{t: t, store: new(memstore.Store), now: time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)}
	account := session.Account{Name: user, Secret: clientSecret}
	switch scheme {
	case simdevice.Basic:
		account.Scheme = "syncml:auth-basic"
	case simdevice.MAC:
		account.Scheme = "syncml:auth-MAC"
	}
	if mutual {
		account.ServerName, account.ServerSecret = serverName, serverSecret
	}
	require.NoError(t, e.store.Register(t.Context(), session.Device{ID: deviceID, Account: account}))
	h, err := session.New(session.Config{
		Store: e.store, Authenticator: session.Credentials{}, Codecs: []syncml.Codec{syncml.XML, wbxml.Codec},
		Now:    func() time.Time { return e.now },
		Logger: slog.New(slog.NewTextHandler(&e.log, nil)),
	})
	require.NoError(t, err)
	e.handler = h
	return e
}

func (e *engine) Post(ctx context.Context, url, contentType string, body []byte) (string, []byte, error) {
	h, answer, err := e.PostHeader(ctx, url, http.Header{"Content-Type": {contentType}}, body)
	return h.Get("Content-Type"), answer, err
}

func (e *engine) PostHeader(ctx context.Context, url string, header http.Header, body []byte) (http.Header, []byte, error) {
	e.now = e.now.Add(time.Second)
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body)) // over TLS
	r.Header = header
	w := httptest.NewRecorder()
	e.handler.ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		return nil, nil, &simdevice.HTTPError{StatusCode: w.Code, Header: w.Header()}
	}
	return w.Header(), w.Body.Bytes(), nil
}

// device returns the device of the account.
func (e *engine) device(scheme simdevice.Scheme, mutual bool) *simdevice.Device {
	d := &simdevice.Device{
		ID: deviceID, URL: serverURL, Transport: e, Profile: simdevice.Generic12,
		Account: simdevice.Account{Scheme: scheme, Name: user, Password: password},
		Retry:   func(context.Context, int, error) error { return nil },
	}
	if mutual {
		d.Account.ServerName, d.Account.ServerPassword = serverName, serverPass
	}
	return d
}

// work queues one more request, which nobody may execute twice.
func (e *engine) work() omadm.Request {
	e.n++
	e.now = e.now.Add(time.Hour)
	r := omadm.Request{
		ID: omadm.RequestID(fmt.Sprint("r", e.n)), Delivery: omadm.AtMostOnce,
		Ops: []omadm.Op{{Verb: omadm.Replace, URI: note, Value: omadm.Text(fmt.Sprint("v", e.n))}},
	}
	q := session.Queue{Store: e.store}
	require.NoError(e.t, q.Enqueue(e.t.Context(), deviceID, r))
	return r
}

// done reports how often the device has executed the last request, and how that ended.
func (e *engine) done(d *simdevice.Device) (times int, kind omadm.Kind) {
	list, err := e.store.Results(e.t.Context(), "", 1<<20)
	require.NoError(e.t, err)
	for _, entry := range list {
		if entry.Outcome != nil && entry.Outcome.Request == omadm.RequestID(fmt.Sprint("r", e.n)) {
			kind = entry.Outcome.Kind
		}
	}
	return d.Execution("Replace", note, fmt.Sprint("v", e.n)).Executed, kind
}

// run has the device come for one more request, and nothing may go wrong.
func (e *engine) run(d *simdevice.Device, opts simdevice.SessionOptions) simdevice.Report {
	e.t.Helper()
	e.work()
	report, err := d.SessionWith(e.t.Context(), opts)
	require.NoError(e.t, err, e.log.String())
	require.NoError(e.t, report.Err(), e.log.String())
	times, kind := e.done(d)
	assert.Equal(e.t, 1, times)
	assert.Equal(e.t, omadm.Done, kind)
	return report
}

// each runs a test with each scheme, with a server that proves itself and with one that need not, in both encodings.
func each(t *testing.T, test func(t *testing.T, e *engine, d *simdevice.Device)) {
	for _, scheme := range []simdevice.Scheme{simdevice.Basic, simdevice.MD5, simdevice.MAC} {
		for _, mutual := range []bool{false, true} {
			if scheme == simdevice.MAC && !mutual {
				continue // MAC goes both ways
			}
			for _, codec := range []syncml.Codec{syncml.XML, wbxml.Codec} {
				t.Run(fmt.Sprintf("%v, both %v, %s", scheme, mutual, codec.ContentType()), func(t *testing.T) {
					e := newEngine(t, scheme, mutual)
					d := e.device(scheme, mutual)
					d.Codec = codec
					test(t, e, d)
				})
			}
		}
	}
}

// messages returns how many messages a session takes that brings one request: package 1 and the answer to the request,
// package 1 once more if it is challenged, and the refusal of the request if the server is.
func messages(clientChallenged, serverChallenged bool) int {
	n := 2
	for _, one := range []bool{clientChallenged, serverChallenged} {
		if one {
			n++
		}
	}
	return n
}

func TestEngineFirstContactAndNextSessions(t *testing.T) {
	each(t, func(t *testing.T, e *engine, d *simdevice.Device) {
		nonces, both := d.Account.Scheme != simdevice.Basic, d.Account.ServerPassword != ""
		assert.Equal(t, messages(nonces, both), e.run(d, simdevice.SessionOptions{}).Messages, "neither side has a nonce")
		seen := map[simdevice.Nonces]bool{}
		for range 3 {
			assert.Equal(t, nonces, d.Nonces().Client != "")
			assert.Equal(t, both, d.Nonces().Server != "")
			assert.False(t, seen[d.Nonces()] && (nonces || both))
			seen[d.Nonces()] = true
			assert.Equal(t, messages(false, false), e.run(d, simdevice.SessionOptions{}).Messages)
		}
	})
}

func TestEngineChallengesADeviceThatWaits(t *testing.T) {
	each(t, func(t *testing.T, e *engine, d *simdevice.Device) {
		d.Account.Wait = true
		both := d.Account.ServerPassword != ""
		assert.Equal(t, messages(true, both), e.run(d, simdevice.SessionOptions{}).Messages)
		assert.Equal(t, messages(true, false), e.run(d, simdevice.SessionOptions{}).Messages)
	})
}

func TestEngineStaleNonces(t *testing.T) {
	each(t, func(t *testing.T, e *engine, d *simdevice.Device) {
		nonces, both := d.Account.Scheme != simdevice.Basic, d.Account.ServerPassword != ""
		e.run(d, simdevice.SessionOptions{})
		before := d.Nonces()
		e.run(d, simdevice.SessionOptions{})
		d.SetNonces(before)
		assert.Equal(t, messages(nonces, both), e.run(d, simdevice.SessionOptions{}).Messages)
		assert.Equal(t, messages(false, false), e.run(d, simdevice.SessionOptions{}).Messages)
	})
}

func TestEngineWrongPassword(t *testing.T) {
	each(t, func(t *testing.T, e *engine, d *simdevice.Device) {
		e.run(d, simdevice.SessionOptions{})
		e.work()
		right := d.Account.Password
		d.Account.Password = "wrong"
		for range 3 {
			report, err := d.Session(t.Context())
			require.NoError(t, err)
			assert.Equal(t, simdevice.Refused, report.End)
			assert.Equal(t, 2, report.Messages)
			assert.Empty(t, report.Violations)
			times, _ := e.done(d)
			assert.Zero(t, times)
		}
		d.Account.Password = right
		report, err := d.Session(t.Context())
		require.NoError(t, err)
		assert.NoError(t, report.Err())
		times, kind := e.done(d)
		assert.Equal(t, 1, times)
		assert.Equal(t, omadm.Done, kind)
	})
}

func TestEngineWithAnotherServerPassword(t *testing.T) {
	for _, scheme := range []simdevice.Scheme{simdevice.MD5, simdevice.MAC} {
		e := newEngine(t, scheme, true)
		d := e.device(scheme, true)
		d.Account.ServerPassword = "another"
		e.work()
		for range 2 {
			report, err := d.Session(t.Context())
			require.NoError(t, err)
			assert.Equal(t, simdevice.Distrusted, report.End)
			assert.Equal(t, []string{"A-24"}, rows(report))
		}
		times, kind := e.done(d)
		assert.Zero(t, times)
		assert.Zero(t, kind, "the request waits")
		d.Account.ServerPassword = serverPass
		_, err := d.Session(t.Context())
		require.NoError(t, err)
		times, kind = e.done(d)
		assert.Equal(t, 1, times)
		assert.Equal(t, omadm.Done, kind)
	}
}

// TestEngineUnderFaults has every fault befall every message of a first session, of one with the nonces kept, and of one
// with stale nonces.
func TestEngineUnderFaults(t *testing.T) {
	stale := simdevice.Nonces{Client: "a stale nonce ..", Server: "another stale .."}
	each(t, func(t *testing.T, e *engine, d *simdevice.Device) {
		for _, nonces := range []string{"none", "kept", "stale"} {
			for f := simdevice.LoseRequest; f <= simdevice.LateAfter; f++ {
				for n := 1; n <= messages(nonces != "kept", nonces != "kept"); n++ {
					switch nonces {
					case "none":
						d.SetNonces(simdevice.Nonces{})
					case "stale":
						d.SetNonces(stale)
					}
					e.suffer(d, f, n, fmt.Sprintf("%v at message %d, nonces: %s", f, n, nonces))
				}
			}
		}
		for _, secret := range []string{clientSecret, serverSecret, password, serverPass, basicCred} {
			assert.NotContains(t, e.log.String(), secret)
		}
	})
}

// suffer has the device come for one more request, with an accident. If it dies of it, it comes once more.
func (e *engine) suffer(d *simdevice.Device, f simdevice.Fault, n int, where string) {
	e.t.Helper()
	e.work()
	d.Fault = f.At(n)
	report, err := d.Session(e.t.Context())
	d.Fault = nil
	require.NoError(e.t, err, where)
	require.Empty(e.t, report.Violations, where)
	died := report.End == simdevice.Stopped
	if died {
		e.now = e.now.Add(time.Hour)
		report, err = d.Session(e.t.Context())
		require.NoError(e.t, err, where)
	}
	require.NoError(e.t, report.Err(), where)
	times, kind := e.done(d)
	if died && kind == omadm.Unknown {
		require.LessOrEqual(e.t, times, 1, where)
		return
	}
	require.Equal(e.t, omadm.Done, kind, where)
	require.Equal(e.t, 1, times, where)
}

// TestEngineRestartUnderTheSameSessionID has a device die in the middle of a session and begin anew under its SessionID.
func TestEngineRestartUnderTheSameSessionID(t *testing.T) {
	each(t, func(t *testing.T, e *engine, d *simdevice.Device) {
		for n := 1; n <= 4; n++ {
			for _, f := range []simdevice.Fault{simdevice.StopBefore, simdevice.StopAfter} {
				e.work()
				opts := simdevice.SessionOptions{ID: "7"}
				d.Fault = f.At(n)
				_, err := d.SessionWith(t.Context(), opts)
				require.NoError(t, err)
				d.Fault = nil
				if d.Account.Scheme == simdevice.Basic { // without a nonce package 1 has the same octets: a repetition for a while
					e.now = e.now.Add(time.Hour)
				}
				report, err := d.SessionWith(t.Context(), opts)
				require.NoError(t, err)
				require.NoError(t, report.Err(), "%v at message %d\n%s", f, n, e.log.String())
				times, kind := e.done(d)
				assert.LessOrEqual(t, times, 1)
				assert.NotZero(t, kind)
			}
		}
	})
}

// TestEngineLargeObjects sends an object in parts to a device that has not yet accepted the server.
func TestEngineLargeObjects(t *testing.T) {
	each(t, func(t *testing.T, e *engine, d *simdevice.Device) {
		d.MaxMsgSize = 2000
		value := strings.Repeat("0123456789", 500)
		q := session.Queue{Store: e.store}
		require.NoError(t, q.Enqueue(t.Context(), deviceID, omadm.Request{ID: "large", Ops: []omadm.Op{
			{Verb: omadm.Replace, URI: note, Value: omadm.Text(value)}, {Verb: omadm.Get, URI: note},
		}}))
		report, err := d.Session(t.Context())
		require.NoError(t, err)
		require.NoError(t, report.Err(), e.log.String())
		assert.Equal(t, value, d.Nodes().Value(note))
		assert.Equal(t, 1, d.Execution("Replace", note, value).Executed)
	})
}
