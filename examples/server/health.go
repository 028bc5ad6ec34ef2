package main

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gomadm/gomadm/session"
)

const (
	healthPatience = 2 * time.Second // with the database
	healthPause    = time.Second     // between two questions to it
)

// health answers who asks whether the process lives and whether it should be sent anything: supervisors and load
// balancers, without a body to speak of and without a token.
type health struct {
	store    session.Store
	log      *slog.Logger
	stopping atomic.Bool

	mu      sync.Mutex // held while the database is asked, so that many who ask cost it one question
	checked time.Time
	last    error
}

// alive answers as long as requests are answered at all.
func (h *health) alive(w http.ResponseWriter, _ *http.Request) {
	writeHealth(w, http.StatusOK, "alive")
}

// ready answers 503 when the process is about to stop, or its database does not answer soon. The reason goes to
// the log.
func (h *health) ready(w http.ResponseWriter, _ *http.Request) {
	switch {
	case h.stopping.Load():
		writeHealth(w, http.StatusServiceUnavailable, "stopping")
	case h.check() != nil:
		writeHealth(w, http.StatusServiceUnavailable, "the database does not answer")
	default:
		writeHealth(w, http.StatusOK, "ready")
	}
}

func writeHealth(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text + "\n"))
}

// check reads a device that is not there, unless that was done just now.
func (h *health) check() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.checked.IsZero() && time.Since(h.checked) < healthPause {
		return h.last
	}
	ctx, cancel := context.WithTimeout(context.Background(), healthPatience)
	defer cancel()
	_, err := h.store.Load(ctx, session.Query{})
	if errors.Is(err, session.ErrUnknownDevice) {
		err = nil
	}
	if err != nil {
		h.log.Error("not ready", "err", err)
	}
	h.checked, h.last = time.Now(), err
	return err
}
