package cluster

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gomadm/gomadm/omadm"
)

// reader follows the results. It keeps its cursor, and tries again from there whatever happens.
type reader struct {
	site   *site
	limit  func() int
	cursor string

	mu       sync.Mutex
	raw      [][]byte
	entries  []entry
	outcomes map[name]*outcomeEntry
}

// name is a request of a device.
type name struct {
	device  omadm.DeviceID
	request omadm.RequestID
}

func newReader(s *site, limit func() int) *reader {
	return &reader{site: s, limit: limit, outcomes: make(map[name]*outcomeEntry)}
}

// step reads the next entries and returns how many there were.
func (r *reader) step(ctx context.Context) (int, error) {
	q := url.Values{"after": {r.cursor}, "limit": {strconv.Itoa(r.limit())}}
	var p page
	if err := r.site.admin(ctx, "GET", "/admin/results?"+q.Encode(), nil, &p); err != nil {
		return 0, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, raw := range p.Entries {
		if err := r.take(raw); err != nil {
			return 0, err
		}
	}
	if r.cursor != p.Next {
		return 0, fmt.Errorf("next is %q behind the entry with the cursor %q", p.Next, r.cursor)
	}
	return len(p.Entries), nil
}

// take takes the next entry.
func (r *reader) take(raw []byte) error {
	var e entry
	if err := json.Unmarshal(raw, &e); err != nil {
		return err
	}
	if !later(e.Cursor, r.cursor) {
		return fmt.Errorf("cursor %q does not come after %q", e.Cursor, r.cursor)
	}
	r.cursor = e.Cursor
	r.raw, r.entries = append(r.raw, bytes.Clone(raw)), append(r.entries, e)
	if e.Outcome == nil {
		return nil
	}
	key := name{e.Device, e.Outcome.Request}
	if r.outcomes[key] != nil {
		return fmt.Errorf("%s: request %s has another outcome: %s", e.Device, e.Outcome.Request, raw)
	}
	r.outcomes[key] = e.Outcome
	return nil
}

// later reports whether cursor a comes behind cursor b, by the numbers that they are made of.
func later(a, b string) bool {
	if b == "" {
		return true
	}
	for b != "" {
		var x, y string
		x, a, _ = strings.Cut(a, "-")
		y, b, _ = strings.Cut(b, "-")
		n, errX := strconv.ParseInt(x, 10, 64)
		m, errY := strconv.ParseInt(y, 10, 64)
		if errX != nil || errY != nil {
			return false
		}
		if n != m {
			return n > m
		}
	}
	return false
}

// follow reads until ctx ends: whenever something may have been committed, and now and then, as PostgreSQL shows some later.
func (r *reader) follow(ctx context.Context) error {
	for {
		n, err := r.step(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			return fmt.Errorf("the reader: %w", err)
		case n > 0:
			continue
		}
		select {
		case <-r.site.moved:
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return nil
		}
	}
}

// outcome returns the outcome of a request as far as it was read.
func (r *reader) outcome(device omadm.DeviceID, request omadm.RequestID) *outcomeEntry {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.outcomes[name{device, request}]
}
