package main

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
)

// metrics is what a process counts, for Prometheus. Labels have the values that this file, the tables of omadm and the
// handlers of the server name: nothing that a device or the administrator chooses becomes one.
type metrics struct {
	registry *prometheus.Registry

	requests *prometheus.CounterVec // by handler and HTTP status
	duration *prometheus.HistogramVec
	inFlight *prometheus.GaugeVec
	refused  *prometheus.CounterVec // messages, by reason

	enqueued prometheus.Counter // requests
	leased   prometheus.Counter
	requeued prometheus.Counter
	results  *prometheus.CounterVec // by status
	outcomes *prometheus.CounterVec // by kind
	events   *prometheus.CounterVec // by kind
	opened   prometheus.Counter
	closed   *prometheus.CounterVec // by how

	storeTime   *prometheus.HistogramVec // by operation
	storeErrors *prometheus.CounterVec   // by operation and reason
	swept       prometheus.Counter
}

// seconds are the buckets of durations, from a millisecond to the deadlines.
var seconds = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}

// newMetrics returns counters at zero. The collectors are those of the database.
func newMetrics(more ...prometheus.Collector) *metrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "gomadm", Name: name, Help: help}, labels)
	}
	histogram := func(name, help string, labels ...string) *prometheus.HistogramVec {
		return prometheus.NewHistogramVec(prometheus.HistogramOpts{Namespace: "gomadm", Name: name, Help: help, Buckets: seconds}, labels)
	}
	requests := counter("http_requests_total", "Requests answered, by handler and HTTP status.", "handler", "code")
	duration := histogram("http_request_duration_seconds", "From the header of a request to the end of its answer.", "handler")
	inFlight := prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Namespace: "gomadm", Name: "http_requests_in_flight", Help: "Requests that are being answered.",
	}, []string{"handler"})
	refused := counter("messages_refused_total", "Messages answered with an HTTP error, by reason.", "reason")
	enqueued := counter("requests_enqueued_total", "Requests put into queues, those that were there already included.")
	leased := counter("requests_leased_total", "Requests that went out to a device, each time they did.")
	requeued := counter("requests_requeued_total", "Requests taken back from a session into the queue.")
	results := counter("results_total", "What devices answered to commands, by status.", "status")
	outcomes := counter("outcomes_total", "Requests that ended, by kind of outcome.", "kind")
	events := counter("events_total", "Events that devices reported.", "kind")
	opened := counter("sessions_opened_total", "Sessions that began.")
	closed := counter("sessions_closed_total", "Sessions that ended, and those abandoned, except where one with the same id took the place.", "how")
	storeTime := histogram("store_duration_seconds", "Time taken by the store, failures included.", "operation")
	storeErrors := counter("store_errors_total", "What the store refused or failed at, by reason.", "operation", "reason")
	swept := counter("devices_swept_total", "Devices whose idle sessions were ended.")

	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: requests, duration: duration, inFlight: inFlight, refused: refused,
		enqueued: enqueued.WithLabelValues(), leased: leased.WithLabelValues(), requeued: requeued.WithLabelValues(),
		results: results, outcomes: outcomes, events: events, opened: opened.WithLabelValues(), closed: closed,
		storeTime: storeTime, storeErrors: storeErrors, swept: swept.WithLabelValues(),
	}
	m.registry.MustRegister(
		requests, duration, inFlight, refused, enqueued, leased, requeued, results, outcomes, events, opened, closed,
		storeTime, storeErrors, swept,
		collectors.NewBuildInfoCollector(), collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	m.registry.MustRegister(more...)
	return m
}

// handler shows the metrics.
func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{Registry: m.registry})
}

// hooks counts the messages that were refused. What is committed is counted by measured, which sees the same: a hook of
// that kind would keep the handler from using the memory of messages again.
func (m *metrics) hooks() session.Hooks {
	return session.Hooks{Refused: func(_ context.Context, status int, err error) {
		m.refused.WithLabelValues(refusal(status, err)).Inc()
	}}
}

// refusals name the statuses of session.RefusedError.
var refusals = map[int]string{
	http.StatusBadRequest: "malformed", http.StatusForbidden: "forbidden", http.StatusMethodNotAllowed: "method",
	http.StatusRequestEntityTooLarge: "size", http.StatusUnsupportedMediaType: "media type", http.StatusServiceUnavailable: "late",
}

// refusal classes what a message was refused for.
func refusal(status int, err error) string {
	if !errors.As(err, new(*session.RefusedError)) {
		return failure(err)
	}
	if name, ok := refusals[status]; ok {
		return name
	}
	return "other"
}

// failure classes an error of a store.
func failure(err error) string {
	for _, class := range [...]struct {
		err  error
		name string
	}{
		{session.ErrConflict, "conflict"}, {session.ErrExists, "exists"}, {session.ErrUnknownDevice, "unknown device"},
		{context.DeadlineExceeded, "deadline"}, {context.Canceled, "gone"},
	} {
		if errors.Is(err, class.err) {
			return class.name
		}
	}
	return "store"
}

// measured is a store that is counted and timed.
type measured struct {
	store
	m *metrics
}

// done notes the end of an operation that began at start.
func (s measured) done(operation string, start time.Time, err error) {
	s.m.storeTime.WithLabelValues(operation).Observe(time.Since(start).Seconds())
	if err != nil {
		s.m.storeErrors.WithLabelValues(operation, failure(err)).Inc()
	}
}

func (s measured) Load(ctx context.Context, q session.Query) (*session.Record, error) {
	start := time.Now()
	rec, err := s.store.Load(ctx, q)
	s.done("load", start, err)
	return rec, err
}

func (s measured) Commit(ctx context.Context, c *session.Change) error {
	start := time.Now()
	err := s.store.Commit(ctx, c)
	s.done("commit", start, err)
	if err == nil {
		s.m.committed(c)
	}
	return err
}

func (s measured) Enqueue(ctx context.Context, id omadm.DeviceID, reqs ...omadm.Request) error {
	start := time.Now()
	err := s.store.Enqueue(ctx, id, reqs...)
	s.done("enqueue", start, err)
	if err == nil {
		s.m.enqueued.Add(float64(len(reqs)))
	}
	return err
}

func (s measured) Cancel(ctx context.Context, id omadm.DeviceID, at time.Time, reqs ...omadm.RequestID) ([]omadm.RequestID, error) {
	start := time.Now()
	canceled, err := s.store.Cancel(ctx, id, at, reqs...)
	s.done("cancel", start, err)
	s.m.outcomes.WithLabelValues(omadm.Canceled.String()).Add(float64(len(canceled)))
	return canceled, err
}

// committed counts what a change did.
func (m *metrics) committed(c *session.Change) {
	m.enqueued.Add(float64(len(c.Add)))
	m.leased.Add(float64(len(c.Lease)))
	m.requeued.Add(float64(len(c.Requeue)))
	for i := range c.Results {
		if s := c.Results[i].Status; s != 0 { // a value comes after the status of its command
			m.results.WithLabelValues(statusLabel(s)).Inc()
		}
	}
	for i := range c.Finish {
		m.outcomes.WithLabelValues(c.Finish[i].Kind.String()).Inc()
	}
	for i := range c.Events {
		m.events.WithLabelValues(eventKind(&c.Events[i])).Inc()
	}
	m.sessions(c)
}

// sessions counts those that begin and end. One that ended by itself did so with its last message and was counted
// then; it is dropped later.
func (m *metrics) sessions(c *session.Change) {
	if c.Session.ID != "" && c.Session.Messages == 1 {
		m.opened.Inc()
	}
	if c.Session.ID != "" && !c.Session.Ended.IsZero() {
		m.closed.WithLabelValues("ended").Inc()
	}
	for i := range c.Close {
		if s := &c.Close[i]; !s.Ended.Equal(s.Seen) {
			m.closed.WithLabelValues("abandoned").Inc()
		}
	}
}

// statusLabel keeps codes that devices invent from becoming labels.
func statusLabel(s omadm.Status) string {
	if !s.Known() {
		return "other"
	}
	return strconv.Itoa(int(s))
}

func eventKind(e *omadm.Event) string {
	switch {
	case e.Unenrolled:
		return "unenrolled"
	case e.Alert == omadm.AlertClientEvent:
		return "client event"
	case e.Alert == omadm.AlertGeneric:
		return "generic alert"
	}
	return "other"
}
