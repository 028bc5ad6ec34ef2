package sessiontest

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
	"github.com/gomadm/gomadm/session/capture"
)

// Setup is what a handler is to be made of, so that a recording can be played to it. A handler that has not all of these
// takes what it has.
type Setup struct {
	Now  func() time.Time // the time of the message that is played
	Rand io.Reader        // for nonces; the same octets each time
	// Device has to be registered.
	Device session.Device
	// Authenticator believes that each message is from Device. The credentials of a recording are blanked.
	Authenticator session.Authenticator
	// Requests have to be queued for Device: what the server of the recording asked for, or ReplayOptions.Requests. If the
	// handler has the method Enqueue of session.Store, they are those of the first session, and Replay queues the others.
	Requests []omadm.Request
}

// ReplayOptions say how a recording is played. The zero ReplayOptions are usable.
type ReplayOptions struct {
	// Mode says what has to be equal. Default: capture.Exact, the octets, which recordings of the same server have.
	Mode capture.Mode
	// Device is the device of Setup. Without an ID, it is the Source of its messages.
	Device session.Device
	// Requests are queued in place of those that are read back from the recording, before the message of the device with
	// the number that is their key. A recording does not tell what was queued and never sent, what waited for which time,
	// and which operations were one request.
	Requests map[int][]omadm.Request
	// TLS is the state of the connection of the messages; nil: one that is not described further.
	TLS *tls.ConnectionState
	// Update is called with the recording as it is now, for a test to write in place of the old. Differences then do not
	// fail the test, but broken rules do.
	Update func(*capture.Recording) error
}

// Replay plays the device of a recording to the handler that open returns: each message at the time that it was sent.
// What has to be equal then is said by ReplayOptions.Mode. In all modes the replies are held against the rules of the
// protocol, see capture.Recording.Violations. A test that fails shows the exchange as a dialogue with the place marked.
// Values of secrets are not shown.
//
// With capture.Outcomes the results are compared too if the handler is a session.Results: each request that was read back
// has to end as the recorded statuses say. A handler that is not, or that has no Enqueue, can be put together with its
// store:
//
//	func(s sessiontest.Setup) http.Handler {
//		store := new(memstore.Store)
//		// register s.Device, queue s.Requests and make a handler
//		return struct {
//			http.Handler
//			session.Store
//			session.Results
//		}{handler, store, store}
//	}
//
// The devices of a recording with several are played one after the other, each to a handler of its own.
//
// A recording that is not whole is played as far as it makes sense; the log of the test says what was passed over, and
// where the play stopped.
func Replay(t *testing.T, open func(Setup) http.Handler, rec *capture.Recording, opts ReplayOptions) {
	t.Helper()
	replay(t, open, rec, opts)
}

// witness is the part of *testing.T that a replay uses.
type witness interface {
	reporter
	Logf(format string, args ...any)
}

func replay(w witness, open func(Setup) http.Handler, rec *capture.Recording, opts ReplayOptions) {
	w.Helper()
	if devices := rec.ByDevice(); len(devices) > 1 && opts.Device.ID == "" {
		for _, one := range devices {
			replay(w, open, one, opts)
		}
		return
	}
	r := &replayer{witness: w, opts: opts, asked: rec.Asked()}
	first, ok := r.begin(rec)
	if !ok {
		r.fail("the recording has no message of a device that can be read")
		return
	}
	r.queue(rec)
	r.handler = open(r.setup(first))
	r.queuer, _ = r.handler.(queuer)
	if r.queuer == nil && r.late != 0 && opts.Requests != nil {
		r.fail("ReplayOptions.Requests has requests before message %d, and the handler has no Enqueue", r.late)
		return
	}
	player := capture.Player{Recording: rec, Mode: opts.Mode, Send: r.send, Before: r.before, All: opts.Update != nil}
	played, err := player.Play()
	for _, note := range played.Notes {
		w.Logf("replay: %s", note)
	}
	if err != nil {
		r.fail("%v", err)
		return
	}
	r.judge(played)
}

// replayer is a replay that goes on.
type replayer struct {
	witness
	opts    ReplayOptions
	handler http.Handler
	queuer  queuer
	asked   []capture.Asked
	device  session.Device
	now     time.Time
	waiting map[int][]omadm.Request // by the number of the message that they are queued before
	begins  int                     // the first of these numbers
	late    int                     // the first number behind that, 0 if there is none
}

// queuer is what takes requests on the way.
type queuer interface {
	Enqueue(ctx context.Context, id omadm.DeviceID, reqs ...omadm.Request) error
}

func (r *replayer) fail(format string, args ...any) {
	r.Helper()
	r.Errorf("replay: "+format, args...)
}

// begin finds the device.
func (r *replayer) begin(rec *capture.Recording) (*capture.Message, bool) {
	for i := range rec.Messages {
		m := &rec.Messages[i]
		if m.From != capture.FromDevice || m.Octets == nil {
			continue
		}
		msg, err := m.Decode()
		if err != nil {
			continue
		}
		r.device, r.now, r.begins = r.opts.Device, m.Time, m.Number
		if r.device.ID == "" {
			r.device.ID = omadm.DeviceID(msg.Header.Source.URI)
		}
		return m, true
	}
	return nil, false
}

// queue sorts the requests by the messages that they are queued before.
func (r *replayer) queue(rec *capture.Recording) {
	r.waiting = make(map[int][]omadm.Request)
	for _, a := range r.asked {
		switch {
		case r.opts.Requests != nil:
		case a.Err != nil:
			r.Logf("replay: what message %d asks for cannot be queued: %v", a.Number, a.Err)
		default:
			r.waiting[a.Begins] = append(r.waiting[a.Begins], a.Request)
		}
	}
	for n, list := range r.opts.Requests {
		if !slices.ContainsFunc(rec.Messages, func(m capture.Message) bool { return m.Number == n && m.From == capture.FromDevice }) {
			r.fail("ReplayOptions.Requests has requests before message %d, which the recording does not have", n)
		}
		r.waiting[n] = list
	}
	for n := range r.waiting {
		if n > r.begins && (r.late == 0 || n < r.late) {
			r.late = n
		}
	}
}

// setup returns what the handler is made of.
func (r *replayer) setup(first *capture.Message) Setup {
	s := Setup{
		Now: func() time.Time { return r.now }, Rand: rand.NewChaCha8([32]byte{}), Device: r.device,
		Authenticator: believer(r.device.ID),
	}
	for n := first.Number; n > 0; n-- {
		s.Requests = append(slices.Clone(r.waiting[n]), s.Requests...)
		delete(r.waiting, n)
	}
	return s
}

// believer is an Authenticator that believes that all messages are from one device.
type believer omadm.DeviceID

func (b believer) Authenticate(context.Context, *session.Inbound) (session.Principal, error) {
	return session.Principal{Device: omadm.DeviceID(b), Proven: true, Scheme: "replay"}, nil
}

// before queues what was queued before a message.
func (r *replayer) before(number int) error {
	list := r.waiting[number]
	if len(list) == 0 || r.queuer == nil {
		return nil
	}
	for i := range list {
		list[i].Normalize()
	}
	if err := r.queuer.Enqueue(context.Background(), r.device.ID, list...); err != nil {
		return fmt.Errorf("before message %d: %w", number, err)
	}
	return nil
}

// send hands a message to the handler.
func (r *replayer) send(m *capture.Message) (*capture.Message, error) {
	if !m.Time.IsZero() {
		r.now = m.Time
	}
	req := httptest.NewRequest(http.MethodPost, "https://dm.example.test/", bytes.NewReader(m.Octets))
	if r.opts.TLS != nil {
		req.TLS = r.opts.TLS
	}
	req.Header.Set("Content-Type", m.ContentType)
	w := httptest.NewRecorder()
	r.handler.ServeHTTP(w, req)
	got := &capture.Message{Time: m.Time, ContentType: w.Header().Get("Content-Type"), Status: w.Code}
	if w.Body.Len() > 0 {
		got.Octets = w.Body.Bytes()
	}
	return got, nil
}

// judge reports what came of the play.
func (r *replayer) judge(p *capture.Played) {
	r.Helper()
	if len(p.Recording.Messages) == 0 {
		r.fail("the recording has no message that was answered")
		return
	}
	for _, d := range p.Differences {
		if r.opts.Update != nil && d.Violation == nil {
			r.Logf("replay: %v", d)
			continue
		}
		r.fail("%v", d)
	}
	if r.opts.Update != nil {
		if err := r.opts.Update(p.Recording); err != nil {
			r.fail("ReplayOptions.Update: %v", err)
		}
	}
	if results, ok := r.handler.(session.Results); ok && r.opts.Mode == capture.Outcomes && r.opts.Requests == nil {
		r.outcomes(results)
	}
}

// outcomes compares how the requests ended.
func (r *replayer) outcomes(results session.Results) {
	r.Helper()
	got := make(map[omadm.RequestID]omadm.Outcome)
	for after := session.Cursor(""); ; {
		page, err := results.Results(context.Background(), after, 1000)
		if err != nil {
			r.fail("Results: %v", err)
			return
		}
		if len(page) == 0 {
			break
		}
		for _, e := range page {
			if e.Outcome != nil {
				got[e.Outcome.Request] = *e.Outcome
			}
		}
		after = page[len(page)-1].Cursor
	}
	for _, a := range r.asked {
		want, known := a.Outcome()
		if !known || a.Err != nil {
			continue
		}
		switch o, ok := got[a.Request.ID]; {
		case !ok:
			r.fail("%v of message %d has no outcome, recorded %v", a.Request.Ops[0], a.Number, want.Kind)
		case o.Kind != want.Kind || o.Status != want.Status:
			r.fail("%v of message %d ends as %v, recorded %v", a.Request.Ops[0], a.Number, ending(o), ending(want))
		}
	}
}

func ending(o omadm.Outcome) string {
	if o.Status == 0 {
		return o.Kind.String()
	}
	return fmt.Sprintf("%v (%v)", o.Kind, o.Status)
}
