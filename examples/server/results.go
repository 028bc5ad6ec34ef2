package main

import (
	"context"
	"iter"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
)

// page is how many entries are read at a time.
const page = 500

// entriesAfter returns the entries behind a cursor, oldest first. An error is the last that it returns.
func entriesAfter(ctx context.Context, s session.Results, after session.Cursor) iter.Seq2[session.Entry, error] {
	return func(yield func(session.Entry, error) bool) {
		for {
			list, err := s.Results(ctx, after, page)
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
