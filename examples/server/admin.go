package main

import (
	"cmp"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"strings"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
)

// maxAdminBody is the largest body that the administrator may send, in octets.
const maxAdminBody = 8 << 20

// maxPage is the largest number of entries in one answer.
const maxPage = 1000

// description is the administrator's endpoint in OpenAPI 3.1. The tests hold it against what is answered.
//
//go:embed openapi.yaml
var description []byte

// admin is the endpoint of the administrator: devices, their queues and what came of them, in JSON.
type admin struct {
	store   store
	queue   session.Queue
	metrics http.Handler

	registering chan struct{} // has one element while a device is registered, so that none is that has just become known; see makeKnown
}

// route answers the requests of one method and path.
type route func(http.ResponseWriter, *http.Request) error

// routes are all there are, by their patterns for http.ServeMux.
func (a *admin) routes() map[string]route {
	return map[string]route{
		"GET /admin/devices":                                a.devices,
		"POST /admin/devices":                               a.registerNamed,
		"PUT /admin/devices/{device}":                       a.register,
		"GET /admin/devices/{device}":                       a.device,
		"DELETE /admin/devices/{device}":                    a.unregister,
		"GET /admin/devices/{device}/sessions":              a.sessions,
		"GET /admin/devices/{device}/channel":               a.channel,
		"PUT /admin/devices/{device}/channel":               a.setChannel,
		"DELETE /admin/devices/{device}/channel":            a.removeChannel,
		"GET /admin/devices/{device}/history":               a.history,
		"GET /admin/devices/{device}/requests":              a.requests,
		"POST /admin/devices/{device}/requests":             a.enqueue,
		"POST /admin/devices/{device}/batch":                a.enqueueAll,
		"GET /admin/devices/{device}/requests/{request}":    a.request,
		"DELETE /admin/devices/{device}/requests/{request}": a.cancel,
		"GET /admin/results":                                a.results,
		"POST /admin/prune":                                 a.prune,
		"GET /admin/metrics":                                a.showMetrics,
		"GET /admin/openapi.yaml":                           describe,
	}
}

// newAdmin returns the handler of everything below /admin/.
func newAdmin(s store, check session.Check, metrics http.Handler) http.Handler {
	a := &admin{store: s, queue: session.Queue{Store: s, Check: check}, metrics: metrics, registering: make(chan struct{}, 1)}
	mux := http.NewServeMux()
	for pattern, f := range a.routes() {
		mux.HandleFunc(pattern, answering(f))
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxAdminBody)
		if h, pattern := mux.Handler(r); pattern == "" {
			h.ServeHTTP(jsonErrors{w}, r)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// jsonErrors gives the errors of http.ServeMux, 404 and 405, the form of all others.
type jsonErrors struct{ http.ResponseWriter }

func (w jsonErrors) WriteHeader(status int) {
	writeError(w.ResponseWriter, status, errors.New(http.StatusText(status)))
}

// Write drops the text of the mux.
func (w jsonErrors) Write(b []byte) (int, error) { return len(b), nil }

// answering turns the error of f into an answer.
func answering(f route) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		err := f(w, r)
		if refused := new(refusedRequest); errors.As(err, &refused) {
			writeRefusal(w, err, refused.report)
		} else if err != nil {
			writeError(w, statusOf(err), err)
		}
	}
}

// badRequest is what the administrator got wrong.
type badRequest struct{ error }

func (e badRequest) Unwrap() error { return e.error }

// notFound is what the administrator asked for and is not there, tooLate what can no longer be changed.
type (
	notFound struct{ error }
	tooLate  struct{ error }
)

// statusOf chooses the HTTP status of an error.
func statusOf(err error) int {
	if large := new(http.MaxBytesError); errors.As(err, &large) {
		return http.StatusRequestEntityTooLarge
	}
	switch {
	case errors.As(err, new(badRequest)), errors.As(err, new(*omadm.RequestError)), errors.Is(err, session.ErrCursor):
		return http.StatusBadRequest
	case errors.As(err, new(notFound)), errors.Is(err, session.ErrUnknownDevice):
		return http.StatusNotFound
	case errors.As(err, new(tooLate)), errors.Is(err, session.ErrExists):
		return http.StatusConflict
	}
	return http.StatusServiceUnavailable
}

func writeError(w http.ResponseWriter, status int, err error) {
	writeJSON(w, status, struct {
		Error string `json:"error"`
	}{err.Error()})
}

// writeJSON answers with v. That it may not arrive is no concern of the server: nothing depends on it.
func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

// readJSON reads a body that is one value without fields that v does not have.
func readJSON(r *http.Request, v any) error {
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return badRequest{bodyError(err)}
	}
	if _, err := d.Token(); err != io.EOF {
		return badRequest{errors.Join(errors.New("body: more than one value"), err)}
	}
	return nil
}

// bodyError says what is wrong with a body in the words of JSON, not of Go.
func bodyError(err error) error {
	var wrong *json.UnmarshalTypeError
	switch {
	case err == io.EOF:
		return errors.New("body: is empty")
	case errors.As(err, &wrong):
		want := map[reflect.Kind]string{
			reflect.String: "a string", reflect.Int: "a whole number", reflect.Struct: "an object", reflect.Slice: "an array",
		}[wrong.Type.Kind()]
		return fmt.Errorf("body: %s has to be %s, and is: %s", cmp.Or(wrong.Field, "the whole"), want, wrong.Value)
	}
	return fmt.Errorf("body: %w", err)
}

// segment escapes a path segment, dots too: otherwise "." and ".." lead elsewhere.
func segment(name string) string { return strings.ReplaceAll(url.PathEscape(name), ".", "%2E") }

// pageSize reads the number of entries that the administrator wants to see.
func pageSize(r *http.Request) (int, error) {
	text := r.URL.Query().Get("limit")
	if text == "" {
		return 100, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > maxPage {
		return 0, badRequest{fmt.Errorf("limit is not a number from 1 to %d", maxPage)}
	}
	return n, nil
}

// after reads where a page begins.
func after(r *http.Request) session.Cursor { return session.Cursor(r.URL.Query().Get("after")) }

// deviceOf returns the device that a path names.
func deviceOf(r *http.Request) omadm.DeviceID { return omadm.DeviceID(r.PathValue("device")) }

func (a *admin) showMetrics(w http.ResponseWriter, r *http.Request) error {
	a.metrics.ServeHTTP(w, r)
	return nil
}

// describe shows the description of the endpoint.
func describe(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Content-Type", "application/yaml")
	_, _ = w.Write(description)
	return nil
}
