package conversations_test

import (
	"bytes"
	"context"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
	"github.com/gomadm/gomadm/session/memstore"
	"github.com/gomadm/gomadm/syncml"
	"github.com/gomadm/gomadm/syncml/wbxml"
)

// breaks are faults that a server could have, each with the properties by which the conversations find it.
var breaks = map[string]struct {
	fault func(*play)
	found []string
}{
	"commands_in_the_package_of_the_device": {incoming(func(m *syncml.Message) { m.Final = true }), []string{"turn", "violation of P-21", "answered"}},
	"sizes_of_the_device_forgotten":         {incoming(func(m *syncml.Message) { m.Header.Meta = nil }), []string{"MaxMsgSize", "violation of P-38"}},
	"a_message_not_answered": {func(p *play) {
		p.change = func(h http.Handler) http.Handler {
			if p.posts != 3 {
				return h
			}
			return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
		}
	}, []string{"answered"}},
	"replies_that_grow": {func(p *play) {
		p.change = func(h http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				h.ServeHTTP(w, r)
				io.WriteString(w, strings.Repeat(" ", 1000*p.posts))
			})
		}
	}, []string{"octets", "MaxMsgSize", "violation of P-38", "violation of P-31", "violation of A-25", "answered"}},
	"messages_logged": {func(p *play) {
		p.change = func(h http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, err := io.ReadAll(r.Body)
				if err != nil {
					p.find("set-up", "%v", err)
				}
				p.log.Write(body)
				r.Body = io.NopCloser(bytes.NewReader(body))
				h.ServeHTTP(w, r)
			})
		}
	}, []string{"secrets"}},
	"replies_not_kept": {stored(func(s *broken) {
		s.load = func(rec *session.Record) { rec.Reply = nil }
	}), []string{"violation of P-31", "turn"}},
	"what_may_be_executed_once_sent_again": {stored(func(s *broken) {
		s.commit = func(c *session.Change) {
			c.Finish = slices.DeleteFunc(c.Finish, func(o omadm.Outcome) bool {
				lost := o.Kind == omadm.Unknown && o.Attempts == 1
				if lost {
					c.Requeue = append(c.Requeue, session.Requeue{Request: o.Request, Attempts: o.Attempts})
				}
				return lost
			})
		}
	}), []string{"outcome"}},
	"failures_told_as_success": {stored(func(s *broken) {
		s.commit = func(c *session.Change) {
			for i := range c.Finish {
				c.Finish[i].Kind = omadm.Done
			}
		}
	}), []string{"outcome"}},
	"outcomes_twice": {stored(func(s *broken) {
		s.results = func(list []session.Entry) []session.Entry { return append(list, list...) }
	}), []string{"one outcome"}},
	"outcomes_lost": {stored(func(s *broken) {
		s.results = func(list []session.Entry) []session.Entry { return list[len(list)/2:] }
	}), []string{"one outcome"}},
	"parts_mixed_up": {stored(func(s *broken) {
		s.commit = func(c *session.Change) { c.Part = bytes.ToUpper(c.Part) }
	}), []string{"values", "events"}},
	"sessions_never_closed": {stored(func(s *broken) {
		s.commit = func(c *session.Change) { c.Close = nil }
	}), []string{"left over"}},
}

// incoming changes messages of the device on their way.
func incoming(change func(*syncml.Message)) func(*play) {
	return func(p *play) {
		p.change = func(h http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, err := io.ReadAll(r.Body)
				if err != nil {
					p.find("set-up", "%v", err)
				}
				if m, err := wbxml.Decode(body); err == nil {
					change(m)
					if body, err = syncml.Append(nil, wbxml.Detect(body), m); err != nil {
						p.find("set-up", "%v", err)
					}
				}
				changed := httptest.NewRequestWithContext(r.Context(), http.MethodPost, serverURL, bytes.NewReader(body))
				changed.Header = r.Header
				h.ServeHTTP(w, changed)
			})
		}
	}
}

// broken is a store that changes what goes through it.
type broken struct {
	store
	load    func(*session.Record)
	commit  func(*session.Change)
	results func([]session.Entry) []session.Entry
}

func stored(change func(*broken)) func(*play) {
	return func(p *play) {
		b := &broken{store: p.store}
		change(b)
		p.store = b
	}
}

func (b *broken) Load(ctx context.Context, q session.Query) (*session.Record, error) {
	rec, err := b.store.Load(ctx, q)
	if err == nil && b.load != nil {
		b.load(rec)
	}
	return rec, err
}

func (b *broken) Commit(ctx context.Context, c *session.Change) error {
	if b.commit != nil {
		changed := *c
		changed.Lease, changed.Finish, changed.Requeue = slices.Clone(c.Lease), slices.Clone(c.Finish), slices.Clone(c.Requeue)
		b.commit(&changed)
		c = &changed
	}
	return b.store.Commit(ctx, c)
}

func (b *broken) Results(ctx context.Context, after session.Cursor, limit int) ([]session.Entry, error) {
	list, err := b.store.Results(ctx, after, limit)
	if b.results != nil {
		list = b.results(list)
	}
	return list, err
}

// TestFaultsAreFound holds conversations with servers that have a fault. It is found, and a conversation that shows it is cut
// down to one that people can read.
func TestFaultsAreFound(t *testing.T) {
	const enough = 200
	for _, name := range slices.Sorted(maps.Keys(breaks)) {
		b := breaks[name]
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for seed := uint64(1); seed <= enough; seed++ {
				k := newTalk(seed)
				_, found := k.hold(t.Context(), new(memstore.Store), "device", b.fault)
				if found == nil {
					continue
				}
				if !slices.Contains(b.found, found.property) {
					t.Fatalf("seed %d: %v", seed, found)
				}
				fails := func(less *talk) bool {
					_, f := less.hold(t.Context(), new(memstore.Store), "device", b.fault)
					return f != nil && f.property == found.property
				}
				least := shrink(k, 300, fails)
				if len(least.wishes) > 2 || len(least.visits) > 2 {
					t.Errorf("seed %d: %v, cut down to\n%v", seed, found, least)
				}
				return
			}
			t.Errorf("not found in %d conversations", enough)
		})
	}
}
