package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
)

// requests lists what waits for a device or is on its way to it, page by page.
func (a *admin) requests(w http.ResponseWriter, r *http.Request) error {
	limit, err := pageSize(r)
	if err != nil {
		return err
	}
	list, err := a.store.Requests(r.Context(), deviceOf(r), after(r), limit)
	if err != nil {
		return err
	}
	out := struct {
		Requests []queuedJSON   `json:"requests"`
		Next     session.Cursor `json:"next"` // to be given as after, to read on
	}{make([]queuedJSON, len(list)), after(r)}
	for i := range list {
		out.Requests[i], out.Next = newQueued(&list[i]), list[i].Cursor
	}
	writeJSON(w, http.StatusOK, out)
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
	if err := a.queue.Enqueue(r.Context(), deviceOf(r), req); err != nil {
		return err
	}
	w.Header().Set("Location", "/admin/devices/"+segment(r.PathValue("device"))+"/requests/"+segment(string(req.ID)))
	writeJSON(w, http.StatusCreated, struct {
		ID omadm.RequestID `json:"id"`
	}{req.ID})
	return nil
}

// enqueueAll queues several requests for a device, all or none.
func (a *admin) enqueueAll(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Requests []requestJSON `json:"requests"`
	}
	if err := readJSON(r, &in); err != nil {
		return err
	}
	if len(in.Requests) == 0 {
		return badRequest{errors.New("there are no requests")}
	}
	reqs := make([]omadm.Request, len(in.Requests))
	out := struct {
		IDs []omadm.RequestID `json:"ids"`
	}{make([]omadm.RequestID, len(reqs))}
	for i := range in.Requests {
		req, err := in.Requests[i].request()
		if err != nil {
			return badRequest{fmt.Errorf("request %d: %w", i, err)}
		}
		reqs[i], out.IDs[i] = req, req.ID
	}
	if err := a.queue.Enqueue(r.Context(), deviceOf(r), reqs...); err != nil {
		return err
	}
	writeJSON(w, http.StatusCreated, out)
	return nil
}

func (a *admin) request(w http.ResponseWriter, r *http.Request) error {
	device, id := deviceOf(r), omadm.RequestID(r.PathValue("request"))
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

// cancel takes a request back that waits.
func (a *admin) cancel(w http.ResponseWriter, r *http.Request) error {
	device, id := deviceOf(r), omadm.RequestID(r.PathValue("request"))
	canceled, err := a.queue.Cancel(r.Context(), device, id)
	if err != nil {
		return err
	}
	if len(canceled) > 0 {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	leased, err := a.waits(r.Context(), device, id)
	if err != nil {
		return err
	}
	if leased {
		return tooLate{fmt.Errorf("request %q is on its way", id)}
	}
	entries, err := a.entries(r.Context(), device, id)
	if err != nil && !errors.Is(err, errTooLong) {
		return err
	}
	if err != nil || len(entries) > 0 {
		return tooLate{fmt.Errorf("request %q is over", id)}
	}
	return notFound{fmt.Errorf("device %q has no request %q", device, id)}
}

// waits reports whether a request is in the queue of a device, or on its way.
func (a *admin) waits(ctx context.Context, device omadm.DeviceID, id omadm.RequestID) (bool, error) {
	var after session.Cursor
	for {
		list, err := a.store.Requests(ctx, device, after, page)
		if err != nil || len(list) == 0 {
			return false, err
		}
		for i := range list {
			if list[i].Request.ID == id {
				return true, nil
			}
		}
		after = list[len(list)-1].Cursor
	}
}

// errTooLong says that an answer would be larger than this process should have in memory.
var errTooLong = errors.New("what the device said is too long for one answer: see the history of the device")

// entries returns the results and the outcome of a request, oldest first. It reads what there is of the device.
func (a *admin) entries(ctx context.Context, device omadm.DeviceID, id omadm.RequestID) ([]session.Entry, error) {
	var found []session.Entry
	octets := 0
	history := func(after session.Cursor, limit int) ([]session.Entry, error) {
		return a.store.History(ctx, device, after, limit)
	}
	for e, err := range entriesAfter("", math.MaxInt, history) {
		if err != nil {
			return nil, err
		}
		if about, ok := requestOf(e); !ok || about != id {
			continue
		}
		if octets += said(e); octets > 2*maxAnswer {
			return nil, fmt.Errorf("request %q: %w", id, errTooLong)
		}
		found = append(found, e)
		if e.Outcome != nil {
			break // the last of a request
		}
	}
	return found, nil
}
