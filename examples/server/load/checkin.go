package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/gomadm/gomadm/session/simdevice"
)

// outcome is what came of a check-in.
type outcome struct {
	kind       kind
	latency    time.Duration
	messages   []time.Duration // latency of each
	sent       int64           // octets of messages
	received   int64
	commands   int // of the server
	violations []simdevice.Violation
	err        error // why it failed; nil: it did not
}

// shortError says that a device did not get what was queued for it.
type shortError struct{ got, want int }

func (e *shortError) Error() string {
	return fmt.Sprintf("load: the device was sent %d commands, and not %d", e.got, e.want)
}

// maxMessage is the largest message that a device takes, in octets, as Windows says it.
const maxMessage = 64 << 10

// newDevice returns the simulated device with an id.
func newDevice(id, url string, t simdevice.Transport, object int) *simdevice.Device {
	return &simdevice.Device{
		ID: id, URL: url, Transport: t, MaxMsgSize: maxMessage,
		LargeObjects: true, MaxObjSize: int64(object) + maxMessage,
	}
}

// transport returns the connection of a device, which is made with the first message.
func (f *fleet) transport(d *device) *http.Transport {
	config := f.site.tls
	if d.cert != nil {
		config = config.Clone()
		config.Certificates = []tls.Certificate{*d.cert}
	}
	return &http.Transport{TLSClientConfig: config, DisableCompression: true, IdleConnTimeout: time.Minute}
}

// checkIn lets a device check in. The simulated device lives as long as that, so that only those that are busy take
// memory; the session has the number of the step.
func (f *fleet) checkIn(ctx context.Context, d *device) outcome {
	conn := f.transport(d)
	defer conn.CloseIdleConnections()
	watch := &stopwatch{http: simdevice.HTTP{Client: &http.Client{Transport: conn}}}
	sim := newDevice(d.id, f.site.url, watch, f.object)
	report, err := sim.SessionWith(ctx, simdevice.SessionOptions{ID: strconv.Itoa(f.step)})
	out := outcome{
		kind: d.kind, messages: watch.messages, sent: watch.sent, received: watch.received,
		commands: report.Commands, violations: report.Violations, err: err,
	}
	if want := f.expected(d); out.err == nil {
		switch {
		case report.End != simdevice.Completed:
			out.err = fmt.Errorf("load: the session was %v", report.End)
		case report.Commands != want:
			out.err = &shortError{report.Commands, want}
		}
	}
	d.queued, d.rests = d.queued && out.err != nil, out.err != nil
	return out
}

// expected returns how many commands a device is to answer. Each part of a large object is one.
func (f *fleet) expected(d *device) int {
	if !d.queued {
		return 0
	}
	return len(f.operations[d.kind])
}

// stopwatch is a Transport that takes the time of each message of a device.
type stopwatch struct {
	http     simdevice.HTTP
	messages []time.Duration
	sent     int64
	received int64
}

// Post implements simdevice.Transport.
func (w *stopwatch) Post(ctx context.Context, url, contentType string, body []byte) (string, []byte, error) {
	began := time.Now()
	answerType, answer, err := w.http.Post(ctx, url, contentType, body)
	w.sent += int64(len(body))
	w.received += int64(len(answer))
	if err == nil {
		w.messages = append(w.messages, time.Since(began))
	}
	return answerType, answer, err
}
