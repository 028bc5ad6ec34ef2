package main

import (
	"errors"
	"iter"
	"net/http"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
)

const (
	page     = 500    // how many entries are read at a time
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

func writeEntries(w http.ResponseWriter, r *http.Request, read func(session.Cursor, int) ([]session.Entry, error)) error {
	limit, err := pageSize(r)
	if err != nil {
		return err
	}
	entries, err := read(after(r), limit)
	if err != nil {
		return err
	}
	out := struct {
		Entries []entryJSON    `json:"entries"`
		Next    session.Cursor `json:"next"` // to be given as after, to read on
	}{make([]entryJSON, len(entries)), after(r)}
	for i, e := range entries {
		out.Entries[i], out.Next = newEntry(e), e.Cursor
	}
	writeJSON(w, http.StatusOK, out)
	return nil
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

// entriesAfter returns the entries behind a cursor, oldest first, from pages. An error is the last that it returns.
func entriesAfter(after session.Cursor, read func(session.Cursor) ([]session.Entry, error)) iter.Seq2[session.Entry, error] {
	return func(yield func(session.Entry, error) bool) {
		for {
			list, err := read(after)
			if err != nil {
				yield(session.Entry{}, err)
				return
			}
			if len(list) == 0 {
				return
			}
			for _, e := range list {
				if !yield(e, nil) {
					return
				}
			}
			after = list[len(list)-1].Cursor
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
