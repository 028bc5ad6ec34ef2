package main

import (
	"errors"
	"iter"
	"net/http"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
)

const (
	page     = 500    // how many entries are read at a time, at most
	maxPrune = 10_000 // how many are forgotten at the administrator's wish, at most
)

// results shows what came of the requests of all devices, page by page.
func (a *admin) results(w http.ResponseWriter, r *http.Request) error {
	return writeEntries(w, r, func(after session.Cursor, limit int) ([]session.Entry, error) {
		return a.store.Results(r.Context(), after, limit)
	})
}

// history shows what came of those of one device.
func (a *admin) history(w http.ResponseWriter, r *http.Request) error {
	return writeEntries(w, r, func(after session.Cursor, limit int) ([]session.Entry, error) {
		return a.store.History(r.Context(), deviceOf(r), after, limit)
	})
}

// maxAnswer is how many octets of what devices said an answer holds, and one entry more. A device may say 8 MiB with each.
const maxAnswer = 16 << 20

func writeEntries(w http.ResponseWriter, r *http.Request, read func(session.Cursor, int) ([]session.Entry, error)) error {
	limit, err := pageSize(r)
	if err != nil {
		return err
	}
	out := struct {
		Entries []entryJSON    `json:"entries"`
		Next    session.Cursor `json:"next"` // to be given as after, to read on
	}{[]entryJSON{}, after(r)}
	octets := 0
	for e, err := range entriesAfter(after(r), limit, read) {
		if err != nil {
			return err
		}
		out.Entries, out.Next = append(out.Entries, newEntry(e)), e.Cursor
		if octets += said(e); octets >= maxAnswer {
			break
		}
	}
	writeJSON(w, http.StatusOK, out)
	return nil
}

// said returns how many octets of an entry are what a device said.
func said(e session.Entry) int {
	n := 0
	switch {
	case e.Result != nil:
		for i := range e.Result.Items {
			n += len(e.Result.Items[i].Data.Value)
		}
	case e.Event != nil:
		n = len(e.Event.Data.Value)
	}
	return n
}

// prune forgets the oldest results up to a cursor, but not more than maxPrune at a time.
func (a *admin) prune(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Through session.Cursor `json:"through"`
	}
	if err := readJSON(r, &in); err != nil {
		return err
	}
	if in.Through == "" {
		return badRequest{errors.New("through is empty")}
	}
	var out struct {
		Pruned int  `json:"pruned"`
		Done   bool `json:"done"` // false: there are more
	}
	for out.Pruned < maxPrune && !out.Done {
		n, err := a.store.Prune(r.Context(), in.Through, min(page, maxPrune-out.Pruned))
		if err != nil {
			return err
		}
		out.Pruned, out.Done = out.Pruned+n, n == 0
	}
	writeJSON(w, http.StatusOK, out)
	return nil
}

// entriesAfter returns up to most entries behind a cursor, oldest first. It reads few at first, and more at a time as long as
// they are small. An error is the last that it returns.
func entriesAfter(after session.Cursor, most int, read func(session.Cursor, int) ([]session.Entry, error)) iter.Seq2[session.Entry, error] {
	const first, small = 8, 1 << 20
	return func(yield func(session.Entry, error) bool) {
		for n := first; most > 0; {
			list, err := read(after, min(n, most))
			if err != nil {
				yield(session.Entry{}, err)
				return
			}
			if len(list) == 0 {
				return
			}
			octets := 0
			for _, e := range list {
				if !yield(e, nil) {
					return
				}
				octets += said(e)
			}
			if n = min(4*n, page); octets > small {
				n = first
			}
			after, most = list[len(list)-1].Cursor, most-len(list)
		}
	}
}

// requestOf returns the request that a result or an outcome is about.
func requestOf(e session.Entry) (omadm.RequestID, bool) {
	switch {
	case e.Result != nil:
		return e.Result.Request, true
	case e.Outcome != nil:
		return e.Outcome.Request, true
	}
	return "", false
}
