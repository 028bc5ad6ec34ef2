package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
)

// devices lists the ids of devices, page by page.
func (a *admin) devices(w http.ResponseWriter, r *http.Request) error {
	limit, err := pageSize(r)
	if err != nil {
		return err
	}
	last := omadm.DeviceID(after(r))
	ids, err := a.store.Devices(r.Context(), last, limit)
	if err != nil {
		return err
	}
	out := struct {
		Devices []omadm.DeviceID `json:"devices"`
		Next    omadm.DeviceID   `json:"next"` // to be given as after, to read on
	}{append([]omadm.DeviceID{}, ids...), last}
	if len(ids) > 0 {
		out.Next = ids[len(ids)-1]
	}
	writeJSON(w, http.StatusOK, out)
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
	return a.makeKnown(r.Context(), w, deviceOf(r))
}

// makeKnown registers a device, unless it is: Register would take what is known of it away, and no store has to offer to
// register only what is new. When another process does the same in the same instant, what is known of the device since
// then is taken away: facts, which it tells again, and the push channel.
func (a *admin) makeKnown(ctx context.Context, w http.ResponseWriter, id omadm.DeviceID) error {
	select {
	case a.registering <- struct{}{}:
		defer func() { <-a.registering }()
	case <-ctx.Done():
		return ctx.Err()
	}
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
	return a.writeDevice(r.Context(), w, http.StatusOK, deviceOf(r))
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
	if err := a.store.Unregister(r.Context(), deviceOf(r)); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// sessions lists the sessions of a device that are open, or ended a short time ago.
func (a *admin) sessions(w http.ResponseWriter, r *http.Request) error {
	rec, err := a.store.Load(r.Context(), session.Query{Device: deviceOf(r)})
	if err != nil {
		return err
	}
	out := struct {
		Sessions []sessionJSON `json:"sessions"`
	}{make([]sessionJSON, len(rec.Sessions))}
	for i := range rec.Sessions {
		out.Sessions[i] = newSession(&rec.Sessions[i])
	}
	writeJSON(w, http.StatusOK, out)
	return nil
}

// channel shows where a device is pushed to. Who knows that can wake the device, so nothing else shows it.
func (a *admin) channel(w http.ResponseWriter, r *http.Request) error {
	c, err := a.store.Channel(r.Context(), deviceOf(r))
	if err != nil {
		return err
	}
	if c.URI == "" {
		return notFound{fmt.Errorf("device %q has no push channel", deviceOf(r))}
	}
	writeJSON(w, http.StatusOK, channelJSON(c))
	return nil
}

func (a *admin) setChannel(w http.ResponseWriter, r *http.Request) error {
	var in channelJSON
	if err := readJSON(r, &in); err != nil {
		return err
	}
	if in.URI == "" {
		return badRequest{errors.New("uri is empty")}
	}
	return a.replaceChannel(w, r, session.Channel(in))
}

func (a *admin) removeChannel(w http.ResponseWriter, r *http.Request) error {
	return a.replaceChannel(w, r, session.Channel{})
}

func (a *admin) replaceChannel(w http.ResponseWriter, r *http.Request, c session.Channel) error {
	if err := a.store.SetChannel(r.Context(), deviceOf(r), c); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
