package main

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
	"github.com/gomadm/gomadm/syncml"
)

// request is a request as the administrator's interface of examples/server reads it.
type request struct {
	ID  string `json:"id"`
	Ops []op   `json:"ops"`
}

// op is an operation of a request. An empty value is none.
type op struct {
	Verb   string `json:"verb"`
	URI    string `json:"uri"`
	Format string `json:"format,omitempty"`
	Value  string `json:"value,omitempty"`
}

// api is the part of the administrator's interface that is needed here.
type api struct {
	desk  desk
	token string
}

// desk is where devices are registered and requests queued.
type desk interface {
	session.Registrar
	Enqueue(ctx context.Context, id omadm.DeviceID, reqs ...omadm.Request) error
}

// storeDesk is the desk of a store.
type storeDesk struct {
	session.Registrar
	session.Queue
}

// maxBody is the largest request that the interface reads, in octets. It holds a value of maxObject octets as JSON.
const maxBody = 4 * maxObject

// newAPI returns the handler of everything below /admin/.
func newAPI(d desk, token string) http.Handler {
	a := &api{desk: d, token: token}
	mux := http.NewServeMux()
	mux.HandleFunc("PUT /admin/devices/{device}", a.answering(a.register))
	mux.HandleFunc("DELETE /admin/devices/{device}", a.answering(a.unregister))
	mux.HandleFunc("POST /admin/devices/{device}/requests", a.answering(a.enqueue))
	return mux
}

// answering lets the administrator through to f and answers with the status that it returns, or the error.
func (a *api) answering(f func(*http.Request, omadm.DeviceID) (int, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		got, want := sha256.Sum256([]byte(r.Header.Get("Authorization"))), sha256.Sum256([]byte("Bearer "+a.token))
		if subtle.ConstantTimeCompare(got[:], want[:]) != 1 {
			http.Error(w, "not the administrator", http.StatusUnauthorized)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		status, err := f(r, omadm.DeviceID(r.PathValue("device")))
		if err != nil {
			http.Error(w, err.Error(), status)
			return
		}
		w.WriteHeader(status)
	}
}

func (a *api) register(r *http.Request, id omadm.DeviceID) (int, error) {
	if err := a.desk.Register(r.Context(), session.Device{ID: id}); err != nil {
		return http.StatusServiceUnavailable, err
	}
	return http.StatusCreated, nil
}

func (a *api) unregister(r *http.Request, id omadm.DeviceID) (int, error) {
	if err := a.desk.Unregister(r.Context(), id); err != nil {
		return http.StatusServiceUnavailable, err
	}
	return http.StatusNoContent, nil
}

func (a *api) enqueue(r *http.Request, id omadm.DeviceID) (int, error) {
	var in request
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		return http.StatusBadRequest, err
	}
	req, err := in.request()
	if err != nil {
		return http.StatusBadRequest, err
	}
	if err := a.desk.Enqueue(r.Context(), id, req); err != nil {
		return http.StatusConflict, err
	}
	return http.StatusCreated, nil
}

// request returns what in describes.
func (in *request) request() (omadm.Request, error) {
	out := omadm.Request{ID: omadm.RequestID(in.ID)}
	for _, o := range in.Ops {
		to := omadm.Op{URI: omadm.URI(o.URI), Value: omadm.Value{Format: omadm.Format(o.Format)}}
		switch o.Verb {
		case omadm.Get.String():
			to.Verb = omadm.Get
		case omadm.Replace.String():
			to.Verb = omadm.Replace
		default:
			return omadm.Request{}, fmt.Errorf("unknown verb %q", o.Verb)
		}
		if o.Value != "" {
			to.Value.Data = syncml.Text(o.Value)
		}
		out.Ops = append(out.Ops, to)
	}
	return out, nil
}
