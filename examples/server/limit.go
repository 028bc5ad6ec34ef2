package main

import (
	"context"
	"net/http"
	"time"
)

// limit lets n requests through to h at a time, and turns the others away with status 503: they come again, which costs
// less than to hold all that they would need. Refused is called for each of these.
func limit(n int, refused func(), h http.Handler) http.Handler {
	places := make(chan struct{}, n)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case places <- struct{}{}:
			defer func() { <-places }()
			h.ServeHTTP(w, r)
		default:
			refused()
			w.Header().Set("Retry-After", "5")
			w.Header().Set("Connection", "close") // the body is not worth reading
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
}

// deadline ends the context of a request after a time, so that a database that hangs holds nobody for ever.
func deadline(d time.Duration, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), d)
		defer cancel()
		h.ServeHTTP(w, r.WithContext(ctx))
	})
}
