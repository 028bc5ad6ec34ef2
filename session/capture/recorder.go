package capture

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"sync"
	"time"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/syncml"
	"github.com/gomadm/gomadm/syncml/wbxml"
)

// Recorder is an http.Handler that passes requests to another and records the messages. Handler and Sink have to be set,
// every other field works when zero. The fields must not change once the first request has come. It is safe for
// concurrent use.
//
// An exchange is written when the handler has returned, one after the other; it is meant for tests and for looking for
// faults, not for every message of a large server.
type Recorder struct {
	Handler http.Handler
	Sink    Sink

	// Secret says which nodes hold secrets beside those that are known by their names, such as AAuthSecret and all that
	// end in Password. It may be called by several goroutines, one at a time.
	Secret func(uri omadm.URI) bool

	Limits  Limits
	Now     func() time.Time // default: time.Now
	OnError func(err error)  // told what could not be recorded; default: a warning of slog.Default

	mu      sync.Mutex // guards all of the below, and the sink
	began   int        // exchanges that have a number
	octets  int        // of messages
	written int        // files and lines
	stopped bool
	blanker blanker
}

// Limits bounds a recording. A zero field means its default.
type Limits struct {
	Exchanges int // recorded exchanges; 10,000
	Octets    int // octets of all messages that are recorded; 64 MiB
	Message   int // octets of a message that is recorded, held in memory while it is answered; 8 MiB
}

// ErrFull says that a recording has reached one of its limits and ends.
var ErrFull = errors.New("capture: the recording is full")

// ServeHTTP passes the request on and records the exchange.
func (r *Recorder) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	number := r.begin()
	if number == 0 {
		r.Handler.ServeHTTP(w, req)
		return
	}
	limit := cmp.Or(r.Limits.Message, 8<<20)
	x := &exchange{number: number, arrived: r.now(), header: req.Header}
	body := &bodyTap{ReadCloser: req.Body, expected: req.ContentLength, seen: buffer{limit: limit}}
	answer := &answerTap{ResponseWriter: w, seen: buffer{limit: limit}}
	defer func() { // after a panic of the handler too
		body.seal()
		r.end(x, body, answer)
	}()
	if req.Body != nil {
		passed := *req
		passed.Body = body
		req = &passed
	}
	r.Handler.ServeHTTP(answer, req)
	if answer.status == 0 {
		answer.status = http.StatusOK // as the server of net/http has it
	}
}

// exchange is a request on its way.
type exchange struct {
	number  int
	arrived time.Time
	header  http.Header // of the request
}

func (r *Recorder) now() time.Time {
	if r.Now == nil {
		return time.Now().UTC()
	}
	return r.Now().UTC()
}

// begin returns the number of a new exchange, 0 if it is not recorded.
func (r *Recorder) begin() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stopped {
		return 0
	}
	if r.began >= cmp.Or(r.Limits.Exchanges, 10_000) {
		r.stop(ErrFull)
		return 0
	}
	r.began++
	return r.began
}

// stop ends the recording.
func (r *Recorder) stop(err error) {
	r.stopped = true
	r.report(err)
}

func (r *Recorder) report(err error) {
	if r.OnError == nil {
		slog.Default().Warn("capture: not recorded", "err", err)
		return
	}
	r.OnError(err)
}

// end records an exchange. Whatever goes wrong, the response is not touched.
func (r *Recorder) end(x *exchange, body *bodyTap, answer *answerTap) {
	r.mu.Lock()
	defer r.mu.Unlock()
	defer func() {
		// Secret, Sink and OnError are not ours. What a panic says may hold a secret.
		if p := recover(); p != nil {
			r.stopped = true
			slog.Default().Error("capture: recording ended by a panic", "type", fmt.Sprintf("%T", p))
		}
	}()
	if r.stopped {
		return
	}
	r.blanker.secret = r.Secret
	in := Message{Number: x.number, From: FromDevice, Time: x.arrived, ContentType: mediaType(x.header)}
	out := Message{Number: x.number, From: FromServer, Time: r.now(), ContentType: mediaType(answer.Header()), Status: answer.status}
	for _, side := range []struct {
		m    *Message
		seen *buffer
		cut  bool
	}{{&in, &body.seen, !body.whole()}, {&out, &answer.seen, false}} {
		r.blank(side.m, side.seen, side.cut)
	}
	if err := r.write(&in, &out); err != nil {
		r.stop(err)
	}
}

func mediaType(h http.Header) string {
	t, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil && !errors.Is(err, mime.ErrInvalidMediaParameter) {
		return ""
	}
	return t
}

// Reasons why octets are not recorded.
const (
	omittedUnread = "not read to its end"
	omittedLarge  = "too large"
	omittedOther  = "not a message"
	omittedSecret = "a secret could not be blanked"
)

// blank fills in what was seen of a message, without its secrets.
func (r *Recorder) blank(m *Message, seen *buffer, cut bool) {
	m.Size = seen.size
	lim := syncml.Limits{Octets: cmp.Or(r.Limits.Message, 8<<20)}
	switch {
	case cut:
		m.Omitted = omittedUnread
		return
	case seen.size > seen.limit:
		m.Omitted = omittedLarge
		return
	case seen.size == 0:
		return
	}
	if err := r.blanker.fill(m, seen.Bytes(), lim); err != nil {
		r.report(fmt.Errorf("message %d of the %v: %w", m.Number, m.From, err))
	}
}

// fill sets what is kept of a message: its octets without secrets, and what it says about itself. The error says that a
// secret could not be blanked; then there are no octets.
func (b *blanker) fill(m *Message, octets []byte, lim syncml.Limits) error {
	codec := wbxml.Detect(octets)
	msg, err := codec.Decode(octets, lim)
	if err != nil {
		m.Octets, m.Omitted = nil, omittedOther
		return nil
	}
	hits := b.message(m.From, msg)
	m.Source, m.SessionID, m.MsgID = msg.Header.Source.URI, msg.Header.SessionID, msg.Header.MsgID
	for _, h := range hits {
		h.Place = b.withoutLong(h.Place)
		m.Blanked = append(m.Blanked, h.Blank)
	}
	if m.Octets, err = b.write(codec, octets, lim, msg, hits); err != nil {
		m.Omitted = omittedSecret
	}
	return err
}

// write writes the two messages of an exchange and then their lines, so that the index names no file that is missing.
func (r *Recorder) write(messages ...*Message) error {
	size := 0
	for _, m := range messages {
		if m.Octets != nil || m.Omitted == omittedSecret {
			size += m.Size // what is remembered of it is bounded with it
		}
	}
	if r.octets+size > cmp.Or(r.Limits.Octets, 64<<20) {
		return ErrFull
	}
	if r.written == 0 {
		if err := createIndex(r.Sink); err != nil {
			return err
		}
		r.written++
	}
	r.octets += size
	return appendMessages(r.Sink, messages...)
}

// buffer keeps what passes, up to a limit.
type buffer struct {
	bytes.Buffer
	limit int
	size  int // of all that passed
}

func (b *buffer) keep(p []byte) {
	b.size += len(p)
	if b.size > b.limit {
		b.Buffer = bytes.Buffer{}
		return
	}
	b.Write(p)
}

// bodyTap is the body of a request. It keeps what the handler reads until it returns: a proxy may read on in another
// goroutine when it has given up.
type bodyTap struct {
	io.ReadCloser
	expected int64 // length announced, -1: unknown

	mu     sync.Mutex
	sealed bool
	ended  bool
	seen   buffer
}

func (t *bodyTap) Read(p []byte) (int, error) {
	n, err := t.ReadCloser.Read(p)
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.sealed {
		t.seen.keep(p[:n])
		t.ended = t.ended || errors.Is(err, io.EOF)
	}
	return n, err
}

// seal ends what is kept, which may be used from then on.
func (t *bodyTap) seal() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sealed = true
}

// whole reports whether the handler read the body to its end.
func (t *bodyTap) whole() bool { return t.ended || int64(t.seen.size) == t.expected }

// answerTap is the writer of a response. It keeps what the handler writes.
type answerTap struct {
	http.ResponseWriter
	status int // 0: none, because the handler ended in a panic
	seen   buffer
}

func (t *answerTap) WriteHeader(code int) {
	if t.status == 0 && code >= 200 {
		t.status = code
	}
	t.ResponseWriter.WriteHeader(code)
}

func (t *answerTap) Write(p []byte) (int, error) {
	if t.status == 0 {
		t.status = http.StatusOK
	}
	// What the device did not get was the reply all the same: it is repeated.
	t.seen.keep(p)
	return t.ResponseWriter.Write(p)
}

// Unwrap is for http.ResponseController.
func (t *answerTap) Unwrap() http.ResponseWriter { return t.ResponseWriter }

// Flush is for handlers that ask for an http.Flusher. Where there is none it does nothing.
func (t *answerTap) Flush() {
	if f, ok := t.ResponseWriter.(http.Flusher); ok {
		f.Flush()
	}
}
