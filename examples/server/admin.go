package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
)

// maxAdminBody is the largest body that the administrator may send, in octets.
const maxAdminBody = 8 << 20

// maxPage is the largest number of entries in one answer.
const maxPage = 1000

// admin is the endpoint of the administrator: devices, their queues and what came of them, in JSON.
type admin struct {
	store store
	queue session.Queue

	registering sync.Mutex // so that nobody registers a device that has just become known, see makeKnown
}

// newAdmin returns the handler of everything below /admin/.
func newAdmin(s store, metrics http.Handler) http.Handler {
	a := &admin{store: s, queue: session.Queue{Store: s}}
	mux := http.NewServeMux()
	for pattern, f := range map[string]func(http.ResponseWriter, *http.Request) error{
		"POST /admin/devices":                            a.registerNamed,
		"PUT /admin/devices/{device}":                    a.register,
		"GET /admin/devices/{device}":                    a.device,
		"DELETE /admin/devices/{device}":                 a.unregister,
		"POST /admin/devices/{device}/requests":          a.enqueue,
		"GET /admin/devices/{device}/requests/{request}": a.request,
		"GET /admin/results":                             a.results,
	} {
		mux.HandleFunc(pattern, answering(f))
	}
	mux.Handle("GET /admin/metrics", metrics)
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
func answering(f func(http.ResponseWriter, *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := f(w, r); err != nil {
			writeError(w, statusOf(err), err)
		}
	}
}

// badRequest is what the administrator got wrong.
type badRequest struct{ error }

func (e badRequest) Unwrap() error { return e.error }

// notFound is what the administrator asked for and is not there.
type notFound struct{ error }

// statusOf chooses the HTTP status of an error.
func statusOf(err error) int {
	if large := new(http.MaxBytesError); errors.As(err, &large) {
		return http.StatusRequestEntityTooLarge
	}
	switch {
	case errors.As(err, new(badRequest)), errors.As(err, new(*omadm.RequestError)):
		return http.StatusBadRequest
	case errors.As(err, new(notFound)), errors.Is(err, session.ErrUnknownDevice):
		return http.StatusNotFound
	case errors.Is(err, session.ErrExists):
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
		return badRequest{fmt.Errorf("body: %w", err)}
	}
	if _, err := d.Token(); err != io.EOF {
		return badRequest{errors.Join(errors.New("body: more than one value"), err)}
	}
	return nil
}

// registerNamed makes a device known whose id does not fit into a path.
func (a *admin) registerNamed(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		ID omadm.DeviceID `json:"id"`
	}
	if err := readJSON(r, &in); err != nil {
		return err
	}
	if in.ID == "" {
		return badRequest{errors.New("id is empty")}
	}
	return a.makeKnown(r.Context(), w, in.ID)
}

func (a *admin) register(w http.ResponseWriter, r *http.Request) error {
	return a.makeKnown(r.Context(), w, omadm.DeviceID(r.PathValue("device")))
}

// makeKnown registers a device, unless it is: Register would take what is known of it away. When another process does
// the same in the same instant, the facts are taken away that the device told in between; it tells them again.
func (a *admin) makeKnown(ctx context.Context, w http.ResponseWriter, id omadm.DeviceID) error {
	a.registering.Lock()
	defer a.registering.Unlock()
	known, err := registered(ctx, a.store, id)
	if err != nil {
		return err
	}
	status := http.StatusOK
	if !known {
		status = http.StatusCreated
		if err := a.store.Register(ctx, session.Device{ID: id}); err != nil {
			return err
		}
	}
	return a.writeDevice(ctx, w, status, id)
}

func (a *admin) device(w http.ResponseWriter, r *http.Request) error {
	return a.writeDevice(r.Context(), w, http.StatusOK, omadm.DeviceID(r.PathValue("device")))
}

func (a *admin) writeDevice(ctx context.Context, w http.ResponseWriter, status int, id omadm.DeviceID) error {
	rec, err := a.store.Load(ctx, session.Query{Device: id})
	if err != nil {
		return err
	}
	facts := rec.Device.Facts
	if facts == nil {
		facts = omadm.Facts{}
	}
	writeJSON(w, status, deviceJSON{ID: id, Facts: facts})
	return nil
}

func (a *admin) unregister(w http.ResponseWriter, r *http.Request) error {
	id := omadm.DeviceID(r.PathValue("device"))
	if err := a.store.Unregister(r.Context(), id); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (a *admin) enqueue(w http.ResponseWriter, r *http.Request) error {
	var in requestJSON
	if err := readJSON(r, &in); err != nil {
		return err
	}
	req, err := in.request()
	if err != nil {
		return badRequest{err}
	}
	device := r.PathValue("device")
	if err := a.queue.Enqueue(r.Context(), omadm.DeviceID(device), req); err != nil {
		return err
	}
	w.Header().Set("Location", "/admin/devices/"+segment(device)+"/requests/"+segment(string(req.ID)))
	writeJSON(w, http.StatusCreated, struct {
		ID omadm.RequestID `json:"id"`
	}{req.ID})
	return nil
}

// segment escapes a path segment, dots too: otherwise "." and ".." lead elsewhere.
func segment(name string) string { return strings.ReplaceAll(url.PathEscape(name), ".", "%2E") }

func (a *admin) request(w http.ResponseWriter, r *http.Request) error {
	device, id := omadm.DeviceID(r.PathValue("device")), omadm.RequestID(r.PathValue("request"))
	// The queue first: what leaves it afterwards is in the results.
	waits, err := a.waits(r.Context(), device, id)
	if err != nil {
		return err
	}
	entries, err := a.entries(r.Context(), device, id)
	if err != nil {
		return err
	}
	if !waits && len(entries) == 0 {
		return notFound{fmt.Errorf("device %q has no request %q", device, id)}
	}
	writeJSON(w, http.StatusOK, progress(entries))
	return nil
}

// endOfTime is when every request is due.
var endOfTime = time.Date(9999, 12, 31, 23, 59, 59, 999999999, time.UTC)

// everything asks for all requests in the queue of a device or on their way.
func everything(id omadm.DeviceID) session.Query {
	return session.Query{Device: id, Now: endOfTime, Limit: math.MaxInt, Octets: math.MaxInt}
}

// waits reports whether a request is in the queue of a device, or on its way.
func (a *admin) waits(ctx context.Context, device omadm.DeviceID, id omadm.RequestID) (bool, error) {
	rec, err := a.store.Load(ctx, everything(device))
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(rec.Requests, func(p session.Pending) bool { return p.Request.ID == id }), nil
}

// entries returns the results and the outcome of a request, oldest first. It reads the results of all devices from the
// first, and keeps nothing that another process could make untrue.
func (a *admin) entries(ctx context.Context, device omadm.DeviceID, id omadm.RequestID) ([]session.Entry, error) {
	var found []session.Entry
	for e, err := range entriesAfter(ctx, a.store, "") {
		if err != nil {
			return nil, err
		}
		if about, ok := requestOf(e); e.Device != device || !ok || about != id {
			continue
		}
		found = append(found, e)
		if e.Outcome != nil {
			break // the last of a request
		}
	}
	return found, nil
}

func (a *admin) results(w http.ResponseWriter, r *http.Request) error {
	limit, err := pageSize(r.URL.Query().Get("limit"))
	if err != nil {
		return err
	}
	after := session.Cursor(r.URL.Query().Get("after"))
	entries, err := a.store.Results(r.Context(), after, limit)
	if errors.Is(err, session.ErrCursor) {
		return badRequest{err}
	}
	if err != nil {
		return err
	}
	out := struct {
		Entries []entryJSON    `json:"entries"`
		Next    session.Cursor `json:"next"` // to be given as after, to read on
	}{make([]entryJSON, len(entries)), after}
	for i, e := range entries {
		out.Entries[i], out.Next = newEntry(e), e.Cursor
	}
	writeJSON(w, http.StatusOK, out)
	return nil
}

// pageSize reads a number of entries.
func pageSize(text string) (int, error) {
	if text == "" {
		return 100, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > maxPage {
		return 0, badRequest{fmt.Errorf("limit is not a number from 1 to %d", maxPage)}
	}
	return n, nil
}
