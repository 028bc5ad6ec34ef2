package main

import (
	"log/slog"
	"net/http"
	"strconv"
	"time"
)

// observer counts and logs requests. The log names the administrator's requests by path, those of devices not at all
// but by what handles them: of what came over the network, neither query, header nor body gets into it.
type observer struct {
	log     *slog.Logger
	metrics *metrics
}

// handler observes h under a name.
func (o observer) handler(name string, h http.Handler) http.Handler {
	inFlight, duration := o.metrics.inFlight.WithLabelValues(name), o.metrics.duration.WithLabelValues(name)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start, rec := time.Now(), &recorder{ResponseWriter: w, status: http.StatusInternalServerError} // of a panic
		inFlight.Inc()
		defer func() {
			inFlight.Dec()
			took := time.Since(start)
			duration.Observe(took.Seconds())
			o.metrics.requests.WithLabelValues(name, strconv.Itoa(rec.status)).Inc()
			o.report(name, r, rec, took)
		}()
		h.ServeHTTP(rec, r)
		if !rec.wrote {
			rec.status = http.StatusOK
		}
	})
}

// report logs a request. There are so many messages that those which were answered are for the level debug; why one was
// refused is logged by the session handler.
func (o observer) report(name string, r *http.Request, rec *recorder, took time.Duration) {
	level := slog.LevelDebug
	switch {
	case rec.status >= 500:
		level = slog.LevelWarn
	case name == administrator:
		level = slog.LevelInfo
	}
	attrs := []slog.Attr{
		slog.String("handler", name), slog.Int("status", rec.status), slog.Int64("octets", rec.octets),
		slog.Duration("took", took), slog.String("remote", r.RemoteAddr),
	}
	if name == administrator {
		attrs = append(attrs, slog.String("method", r.Method), slog.String("path", r.URL.EscapedPath()))
	}
	o.log.LogAttrs(r.Context(), level, "request", attrs...)
}

// recorder notes what a handler answers.
type recorder struct {
	http.ResponseWriter
	status int
	wrote  bool
	octets int64
}

// Unwrap is for http.ResponseController.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

func (r *recorder) WriteHeader(status int) {
	if !r.wrote && status >= 200 {
		r.status, r.wrote = status, true
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(b []byte) (int, error) {
	if !r.wrote {
		r.status, r.wrote = http.StatusOK, true
	}
	n, err := r.ResponseWriter.Write(b)
	r.octets += int64(n)
	return n, err
}
