package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"

	"github.com/gomadm/gomadm/session"
	"github.com/gomadm/gomadm/session/memstore"
	"github.com/gomadm/gomadm/session/simdevice"
	"github.com/gomadm/gomadm/syncml"
)

// The echo server answers each message with as many octets as gomadm would, and knows nothing of SyncML: what it takes is
// what TLS and HTTP take. So its devices recite a conversation that was had with gomadm before.

// maxEchoed is the largest answer of the echo server, in octets.
const maxEchoed = 64 << 20

// octets is the parameter of the URL that says how many octets the echo server is to answer with.
const octets = "octets"

// echo is the handler of the echo server.
func echo(w http.ResponseWriter, r *http.Request) {
	size, err := strconv.Atoi(r.URL.Query().Get(octets))
	if err != nil || size < 0 || size > maxEchoed {
		http.Error(w, "no number of octets", http.StatusBadRequest)
		return
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	if err != nil {
		http.Error(w, "no body", http.StatusBadRequest)
		return
	}
	if len(body) < size {
		body = append(body, make([]byte, size-len(body))...)
	}
	w.Header().Set("Content-Type", syncml.ContentTypeXML)
	w.Header().Set("Content-Length", strconv.Itoa(size))
	w.Header().Set("Cache-Control", "private, no-store")
	_, _ = w.Write(body[:size]) // a device that is gone is counted there
}

// line is a message of a device, and how long the answer to it was in octets.
type line struct {
	body   []byte
	answer int
}

// rehearse has the conversation of a kind with gomadm, in memory, as if it were at a URL, and returns the lines of the
// device.
func rehearse(ctx context.Context, url string, ops []op, object int) ([]line, error) {
	store := new(memstore.Store)
	h, err := session.New(session.Config{Store: store, Authenticator: session.InsecureTrust{}, Logger: quiet})
	if err != nil {
		return nil, fmt.Errorf("load: %w", err)
	}
	const id = "load-ECHODEVI-0000001" // as long as others
	if err := store.Register(ctx, session.Device{ID: id}); err != nil {
		return nil, fmt.Errorf("load: %w", err)
	}
	if len(ops) > 0 {
		r, err := (&request{ID: "step-1", Ops: ops}).request()
		if err != nil {
			return nil, err
		}
		if err := store.Enqueue(ctx, id, r); err != nil {
			return nil, fmt.Errorf("load: %w", err)
		}
	}
	stage := &stage{handler: h}
	sim := newDevice(id, url, stage, object)
	report, err := sim.SessionWith(ctx, simdevice.SessionOptions{ID: "1"})
	if err == nil && report.End != simdevice.Completed {
		err = fmt.Errorf("the session was %v", report.End)
	}
	if err != nil {
		return nil, fmt.Errorf("load: rehearsal: %w", err)
	}
	return stage.lines, nil
}

// stage is a Transport to a handler in this process that takes down what was said.
type stage struct {
	handler http.Handler
	lines   []line
}

// Post implements simdevice.Transport.
func (s *stage) Post(ctx context.Context, url, contentType string, body []byte) (string, []byte, error) {
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	r.Header.Set("Content-Type", contentType)
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		return "", nil, &simdevice.HTTPError{StatusCode: w.Code, Header: w.Header()}
	}
	s.lines = append(s.lines, line{bytes.Clone(body), w.Body.Len()})
	return w.Header().Get("Content-Type"), w.Body.Bytes(), nil
}

// rehearse makes the devices recite, when it is the echo server that they speak to.
func (f *fleet) rehearse(ctx context.Context, m *mix) error {
	for k, weight := range m {
		if weight == 0 {
			continue
		}
		var err error
		if f.lines[k], err = rehearse(ctx, f.site.url, f.operations[k], f.object); err != nil {
			return err
		}
	}
	return nil
}

// recite lets a device check in at the echo server.
func (f *fleet) recite(ctx context.Context, d *device) outcome {
	conn := f.transport(d)
	defer conn.CloseIdleConnections()
	watch := &stopwatch{http: simdevice.HTTP{Client: &http.Client{Transport: conn}}}
	out := outcome{kind: d.kind}
	for _, l := range f.lines[d.kind] {
		url := fmt.Sprintf("%s?%s=%d", f.site.url, octets, l.answer)
		_, answer, err := watch.Post(ctx, url, syncml.ContentTypeXML, l.body)
		if err == nil && len(answer) != l.answer {
			err = fmt.Errorf("load: the echo server answers %d octets, and not %d", len(answer), l.answer)
		}
		if err != nil {
			out.err = err
			break
		}
	}
	out.messages, out.sent, out.received = watch.messages, watch.sent, watch.received
	d.rests = out.err != nil
	return out
}
