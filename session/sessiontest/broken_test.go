package sessiontest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
	"github.com/gomadm/gomadm/session/memstore"
)

// faulty is a store in memory with methods replaced. Nil ones are those of the store.
type faulty struct {
	memstore.Store
	mu sync.Mutex // for what the replacements remember

	load       func(session.Query) (*session.Record, error)
	commit     func(*session.Change) error
	enqueue    func(omadm.DeviceID, []omadm.Request) error
	register   func(session.Device) error
	unregister func(omadm.DeviceID) error
	results    func(session.Cursor, int) ([]session.Entry, error)
	cancel     func(omadm.DeviceID, time.Time, []omadm.RequestID) ([]omadm.RequestID, error)
	idle       func(time.Time, int) ([]omadm.DeviceID, error)
	devices    func(omadm.DeviceID, int) ([]omadm.DeviceID, error)
	requests   func(omadm.DeviceID, session.Cursor, int) ([]session.Queued, error)
	history    func(omadm.DeviceID, session.Cursor, int) ([]session.Entry, error)
	prune      func(session.Cursor, int) (int, error)
	channel    func(omadm.DeviceID) (session.Channel, error)
	setChannel func(omadm.DeviceID, session.Channel) error
	woken      func(omadm.DeviceID, time.Time, time.Duration) (bool, error)
	notWoken   func(omadm.DeviceID, time.Time) error
}

var bg = context.Background()

func (f *faulty) Load(_ context.Context, q session.Query) (*session.Record, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.load != nil {
		return f.load(q)
	}
	return f.Store.Load(bg, q)
}

func (f *faulty) Commit(_ context.Context, c *session.Change) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.commit != nil {
		return f.commit(c)
	}
	return f.Store.Commit(bg, c)
}

func (f *faulty) Enqueue(_ context.Context, id omadm.DeviceID, reqs ...omadm.Request) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.enqueue != nil {
		return f.enqueue(id, reqs)
	}
	return f.Store.Enqueue(bg, id, reqs...)
}

func (f *faulty) Register(_ context.Context, d session.Device) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.register != nil {
		return f.register(d)
	}
	return f.Store.Register(bg, d)
}

func (f *faulty) Unregister(_ context.Context, id omadm.DeviceID) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.unregister != nil {
		return f.unregister(id)
	}
	return f.Store.Unregister(bg, id)
}

func (f *faulty) Results(_ context.Context, after session.Cursor, limit int) ([]session.Entry, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.results != nil {
		return f.results(after, limit)
	}
	return f.Store.Results(bg, after, limit)
}

func (f *faulty) Cancel(_ context.Context, id omadm.DeviceID, at time.Time, reqs ...omadm.RequestID) ([]omadm.RequestID, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.cancel != nil {
		return f.cancel(id, at, reqs)
	}
	return f.Store.Cancel(bg, id, at, reqs...)
}

func (f *faulty) Idle(_ context.Context, before time.Time, limit int) ([]omadm.DeviceID, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.idle != nil {
		return f.idle(before, limit)
	}
	return f.Store.Idle(bg, before, limit)
}

func (f *faulty) Devices(_ context.Context, after omadm.DeviceID, limit int) ([]omadm.DeviceID, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.devices != nil {
		return f.devices(after, limit)
	}
	return f.Store.Devices(bg, after, limit)
}

func (f *faulty) Requests(_ context.Context, id omadm.DeviceID, after session.Cursor, limit int) ([]session.Queued, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.requests != nil {
		return f.requests(id, after, limit)
	}
	return f.Store.Requests(bg, id, after, limit)
}

func (f *faulty) History(_ context.Context, id omadm.DeviceID, after session.Cursor, limit int) ([]session.Entry, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.history != nil {
		return f.history(id, after, limit)
	}
	return f.Store.History(bg, id, after, limit)
}

func (f *faulty) Prune(_ context.Context, through session.Cursor, limit int) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.prune != nil {
		return f.prune(through, limit)
	}
	return f.Store.Prune(bg, through, limit)
}

func (f *faulty) Channel(_ context.Context, id omadm.DeviceID) (session.Channel, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.channel != nil {
		return f.channel(id)
	}
	return f.Store.Channel(bg, id)
}

func (f *faulty) SetChannel(_ context.Context, id omadm.DeviceID, c session.Channel) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.setChannel != nil {
		return f.setChannel(id, c)
	}
	return f.Store.SetChannel(bg, id, c)
}

func (f *faulty) Woken(_ context.Context, id omadm.DeviceID, at time.Time, window time.Duration) (bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.woken != nil {
		return f.woken(id, at, window)
	}
	return f.Store.Woken(bg, id, at, window)
}

func (f *faulty) NotWoken(_ context.Context, id omadm.DeviceID, at time.Time) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.notWoken != nil {
		return f.notWoken(id, at)
	}
	return f.Store.NotWoken(bg, id, at)
}

// onQuery edits each query before the store sees it.
func onQuery(edit func(*session.Query)) func(*faulty) {
	return func(f *faulty) {
		f.load = func(q session.Query) (*session.Record, error) {
			edit(&q)
			return f.Store.Load(bg, q)
		}
	}
}

// onRecord edits each record before it is handed out.
func onRecord(edit func(session.Query, *session.Record)) func(*faulty) {
	return func(f *faulty) {
		f.load = func(q session.Query) (*session.Record, error) {
			rec, err := f.Store.Load(bg, q)
			if err == nil {
				edit(q, rec)
			}
			return rec, err
		}
	}
}

// onRequests drops the requests that keep refuses.
func onRequests(keep func(session.Query, session.Pending) bool) func(*faulty) {
	return onRecord(func(q session.Query, rec *session.Record) {
		rec.Requests = slices.DeleteFunc(rec.Requests, func(p session.Pending) bool { return !keep(q, p) })
	})
}

// onChange edits a copy of each change before the store sees it.
func onChange(edit func(*session.Change)) func(*faulty) {
	return func(f *faulty) {
		f.commit = func(c *session.Change) error {
			d := *c
			edit(&d)
			return f.Store.Commit(bg, &d)
		}
	}
}

// namesExisting edits which requests are said to exist.
func namesExisting(edit func([]omadm.RequestID) []omadm.RequestID) func(*faulty) {
	wrong := func(err error) error {
		var exists *session.ExistsError
		if errors.As(err, &exists) {
			return &session.ExistsError{Device: exists.Device, Requests: edit(exists.Requests)}
		}
		return err
	}
	return func(f *faulty) {
		f.commit = func(c *session.Change) error { return wrong(f.Store.Commit(bg, c)) }
		f.enqueue = func(id omadm.DeviceID, reqs []omadm.Request) error { return wrong(f.Store.Enqueue(bg, id, reqs...)) }
	}
}

// onEntries edits each page of results.
func onEntries(edit func(f *faulty, after session.Cursor, limit int, page []session.Entry) []session.Entry) func(*faulty) {
	return func(f *faulty) {
		f.results = func(after session.Cursor, limit int) ([]session.Entry, error) {
			page, err := f.Store.Results(bg, after, limit)
			if err != nil {
				return nil, err
			}
			return edit(f, after, limit, page), nil
		}
	}
}

// onIdle edits the list of all idle devices, and keeps to the limit.
func onIdle(edit func(f *faulty, before time.Time, ids []omadm.DeviceID) []omadm.DeviceID) func(*faulty) {
	return func(f *faulty) {
		f.idle = func(before time.Time, limit int) ([]omadm.DeviceID, error) {
			ids, err := f.Store.Idle(bg, before, 1000)
			if err != nil {
				return nil, err
			}
			ids = edit(f, before, ids)
			return ids[:min(len(ids), limit)], nil
		}
	}
}

// onIdleSessions drops from the list of idle devices those of which keep refuses all sessions.
func onIdleSessions(keep func(before time.Time, s session.State) bool) func(*faulty) {
	return onIdle(func(f *faulty, before time.Time, ids []omadm.DeviceID) []omadm.DeviceID {
		return slices.DeleteFunc(ids, func(id omadm.DeviceID) bool {
			rec, err := f.Store.Load(bg, everything(id))
			return err != nil || !slices.ContainsFunc(rec.Sessions, func(s session.State) bool { return keep(before, s) })
		})
	})
}

// renumbered shows other revisions than the store has: after each Register that which next returns, given the one before
// and whether the device was known.
func renumbered(next func(was uint64, known bool) uint64) func(*faulty) {
	return func(f *faulty) {
		behind := make(map[omadm.DeviceID]uint64) // the shown revision is behind that of the store
		f.register = func(d session.Device) error {
			rec, err := f.Store.Load(bg, everything(d.ID))
			known, was := err == nil, uint64(0)
			if known {
				was = rec.Revision - behind[d.ID]
			}
			if err := f.Store.Register(bg, d); err != nil {
				return err
			}
			if rec, err = f.Store.Load(bg, everything(d.ID)); err == nil {
				behind[d.ID] = rec.Revision - next(was, known)
			}
			return err
		}
		f.commit = func(c *session.Change) error {
			d := *c
			d.Revision += behind[c.Device]
			return f.Store.Commit(bg, &d)
		}
		onRecord(func(q session.Query, rec *session.Record) { rec.Revision -= behind[q.Device] })(f)
	}
}

// brokenStore is a store that breaks promises, and the subtests that have to notice.
type brokenStore struct {
	name   string
	fault  func(*faulty)
	breaks []string
}

func (b brokenStore) open() session.Store {
	f := new(faulty)
	b.fault(f)
	return f
}

var brokenStores = []brokenStore{
	// Devices.
	{"accepts unknown devices", acceptsUnknown, []string{"load_of_unknown_device", "commit_to_unknown_device", "enqueue_to_unknown_device"}},
	{"makes devices known when it refuses them", makesKnown, []string{"commit_to_unknown_device", "enqueue_to_unknown_device"}},
	{"forgets a device that is registered again", func(f *faulty) {
		f.register = func(d session.Device) error {
			return errors.Join(f.Store.Unregister(bg, d.ID), f.Store.Register(bg, d))
		}
	}, []string{"register_again_keeps_all_but_facts_nonces_and_account"}},
	{"does nothing when a device is registered again", func(f *faulty) {
		f.register = func(d session.Device) error {
			if _, err := f.Store.Load(bg, everything(d.ID)); err == nil {
				return nil
			}
			return f.Store.Register(bg, d)
		}
	}, []string{"register_again_keeps_all_but_facts_nonces_and_account"}},
	{"merges the facts of a device that is registered again", func(f *faulty) {
		f.register = func(d session.Device) error {
			facts := make(omadm.Facts)
			if rec, err := f.Store.Load(bg, everything(d.ID)); err == nil {
				maps.Copy(facts, rec.Device.Facts)
			}
			maps.Copy(facts, d.Facts)
			d.Facts = facts
			return f.Store.Register(bg, d)
		}
	}, []string{"register_again_keeps_all_but_facts_nonces_and_account"}},
	{"registers without facts", func(f *faulty) {
		f.register = func(d session.Device) error {
			d.Facts = nil
			return f.Store.Register(bg, d)
		}
	}, []string{"register_makes_known"}},
	{"registers without an account", func(f *faulty) {
		f.register = func(d session.Device) error {
			d.Account = session.Account{}
			return f.Store.Register(bg, d)
		}
	}, []string{"register_makes_known", "account_as_registered"}},
	{"keeps the first account of a device", func(f *faulty) {
		f.register = func(d session.Device) error {
			if rec, err := f.Store.Load(bg, everything(d.ID)); err == nil {
				d.Account = rec.Device.Account
			}
			return f.Store.Register(bg, d)
		}
	}, []string{"register_again_keeps_all_but_facts_nonces_and_account", "account_as_registered"}},
	{"forgets the account with the first Commit", func(f *faulty) {
		committed := make(map[omadm.DeviceID]bool)
		f.commit = func(c *session.Change) error {
			err := f.Store.Commit(bg, c)
			committed[c.Device] = committed[c.Device] || err == nil
			return err
		}
		onRecord(func(q session.Query, rec *session.Record) {
			if committed[q.Device] {
				rec.Device.Account = session.Account{}
			}
		})(f)
	}, []string{"account_as_registered"}},
	{"folds the case of account names", onRecord(func(_ session.Query, rec *session.Record) {
		rec.Device.Account.Name = strings.ToUpper(rec.Device.Account.Name)
	}), []string{"register_makes_known", "account_as_registered"}},
	{"does not unregister", func(f *faulty) {
		f.unregister = func(omadm.DeviceID) error { return nil }
	}, []string{"unregister_forgets_everything"}},
	{"cannot unregister an unknown device", func(f *faulty) {
		f.unregister = func(id omadm.DeviceID) error {
			if _, err := f.Store.Load(bg, everything(id)); err != nil {
				return err
			}
			return f.Store.Unregister(bg, id)
		}
	}, []string{"unregister_of_unknown_device"}},
	{"unregisters all", func(f *faulty) {
		f.unregister = func(omadm.DeviceID) error {
			return errors.Join(f.Store.Unregister(bg, dev), f.Store.Unregister(bg, "device-2"))
		}
	}, []string{"unregister_forgets_everything"}},

	// Names.
	{"trims names of devices", func(f *faulty) {
		trim := func(id omadm.DeviceID) omadm.DeviceID { return omadm.DeviceID(strings.TrimSpace(string(id))) }
		f.register = func(d session.Device) error {
			d.ID = trim(d.ID)
			return f.Store.Register(bg, d)
		}
		f.enqueue = func(id omadm.DeviceID, reqs []omadm.Request) error { return f.Store.Enqueue(bg, trim(id), reqs...) }
		onQuery(func(q *session.Query) { q.Device = trim(q.Device) })(f)
	}, []string{"devices_by_all_octets_of_the_name"}},
	{"finds requests whatever the case", func(f *faulty) {
		named := make(map[string]omadm.RequestID)
		f.enqueue = func(id omadm.DeviceID, reqs []omadm.Request) error {
			for _, r := range reqs {
				fold := strings.ToLower(string(r.ID))
				if _, ok := named[fold]; !ok {
					named[fold] = r.ID
				}
			}
			return f.Store.Enqueue(bg, id, reqs...)
		}
		onChange(func(c *session.Change) {
			c.Finish = slices.Clone(c.Finish)
			for i := range c.Finish {
				if id, ok := named[strings.ToLower(string(c.Finish[i].Request))]; ok {
					c.Finish[i].Request = id
				}
			}
		})(f)
	}, []string{"requests_by_all_octets_of_the_name"}},
	{"cuts names of facts", onChange(func(c *session.Change) {
		facts := make(omadm.Facts)
		for k, v := range c.Facts {
			facts[k[:min(len(k), 100)]] = v
		}
		c.Facts = facts
	}), []string{"sessions_correlators_and_facts_by_all_octets_of_the_name"}},

	// Revisions.
	{"keeps the revision of a device that is registered again", renumbered(func(was uint64, known bool) uint64 {
		if !known {
			return 100
		}
		return was
	}), []string{"register_again_moves_the_revision"}},
	{"counts revisions anew when a device is registered anew", renumbered(func(was uint64, known bool) uint64 {
		if !known {
			return 1
		}
		return was + 1
	}), []string{"register_after_unregister_repeats_no_revision"}},
	{"ignores the revision", func(f *faulty) {
		f.commit = func(c *session.Change) error { return f.force(c) }
	}, []string{"commit_with_another_revision", "commit_that_conflicts_does_nothing", "methods_are_safe_for_concurrent_use"}},
	{"ignores a revision that is later", func(f *faulty) {
		f.commit = func(c *session.Change) error {
			rec, err := f.Store.Load(bg, everything(c.Device))
			if err == nil && c.Revision > rec.Revision {
				return f.force(c)
			}
			return f.Store.Commit(bg, c)
		}
	}, []string{"commit_with_another_revision"}},
	{"never moves the revision", neverMoves, []string{"commit_moves_the_revision", "commit_does_all_of_a_change"}},
	{"has one revision for all devices", oneRevision, []string{"revisions_are_per_device"}},
	{"moves the revision on Enqueue", func(f *faulty) {
		f.enqueue = func(id omadm.DeviceID, reqs []omadm.Request) error {
			if err := f.Store.Enqueue(bg, id, reqs...); err != nil {
				return err
			}
			rec, err := f.Store.Load(bg, everything(id))
			if err != nil {
				return err
			}
			return f.Store.Register(bg, rec.Device) // which moves it
		}
	}, []string{"enqueue_does_not_move_the_revision", "commit_and_enqueue_at_once"}},
	{"answers a conflict with an error of its own", func(f *faulty) {
		f.commit = func(c *session.Change) error {
			err := f.Store.Commit(bg, c)
			if errors.Is(err, session.ErrConflict) {
				return errors.New("conflict")
			}
			return err
		}
	}, []string{"commit_with_another_revision", "methods_are_safe_for_concurrent_use"}},

	// All or nothing.
	{"commits half when it conflicts", half(session.ErrConflict), []string{"commit_that_conflicts_does_nothing"}},
	{"commits half when a request exists", half(session.ErrExists), []string{"commit_with_a_request_that_exists_does_nothing"}},
	{"adds requests before it finds a conflict", func(f *faulty) {
		f.commit = func(c *session.Change) error {
			err := f.Store.Commit(bg, c)
			if err == nil {
				return nil
			}
			return errors.Join(f.Store.Enqueue(bg, c.Device, c.Add[:min(1, len(c.Add))]...), err)
		}
	}, []string{"commit_that_conflicts_does_nothing", "commit_with_a_request_that_exists_does_nothing"}},
	{"names one of the requests that exist", namesExisting(func(ids []omadm.RequestID) []omadm.RequestID { return ids[:1] }),
		[]string{"exists_error_names_all_requests"}},
	{"names the requests that exist by their ids", namesExisting(func(ids []omadm.RequestID) []omadm.RequestID {
		return slices.Sorted(slices.Values(ids))
	}), []string{"exists_error_names_all_requests"}},
	{"enqueues one by one", func(f *faulty) {
		f.enqueue = func(id omadm.DeviceID, reqs []omadm.Request) error {
			for _, r := range reqs {
				if err := f.Store.Enqueue(bg, id, r); err != nil {
					return err
				}
			}
			return f.Store.Enqueue(bg, id)
		}
	}, []string{"enqueue_is_all_or_none"}},
	{"commits all but events", onChange(func(c *session.Change) { c.Events = nil }), []string{"commit_does_all_of_a_change", "results_after_the_cursor_oldest_first"}},
	{"commits all but results", onChange(func(c *session.Change) { c.Results = nil }), []string{"commit_does_all_of_a_change", "entry_is_one_of_three"}},
	{"commits all but the reply", onChange(func(c *session.Change) { c.Reply = nil }), []string{"commit_does_all_of_a_change"}},

	// What it keeps and hands out.
	{"keeps the reply it was given", keepsReply, []string{"keeps_no_reference_it_is_given"}},
	{"keeps the operations it was given", keepsOps, []string{"keeps_no_reference_it_is_given"}},
	{"keeps the alerts it was given", keepsAlerts, []string{"keeps_no_reference_it_is_given"}},
	{"hands out the alerts it keeps", handsOutAlerts, []string{"hands_out_no_reference_it_keeps"}},
	{"keeps the nonces it was given", keepsNonces, []string{"keeps_no_reference_it_is_given"}},
	{"hands out its parts", handsOutParts, []string{"hands_out_no_reference_it_keeps"}},
	{"hands out its results", handsOutResults, []string{"hands_out_no_reference_it_keeps"}},
	{"shows facts one commit late", lateFacts, []string{"load_is_one_consistent_view", "facts_that_changed"}},

	// Sessions, replies, parts.
	{"knows sessions by their id only", onChange(func(c *session.Change) { c.Session.SyncType = "" }), []string{"load_returns_sessions_committed_and_not_closed", "session_replaces_the_one_of_its_key"}},
	{"forgets what was tried in a session", onChange(func(c *session.Change) { c.Session.Tried = nil }), []string{"load_returns_sessions_committed_and_not_closed"}},
	{"keeps the first state of a session", firstState, []string{"session_replaces_the_one_of_its_key"}},
	{"returns the last session only", onRecord(func(_ session.Query, rec *session.Record) {
		if n := len(rec.Sessions); n > 1 {
			rec.Sessions = rec.Sessions[n-1:]
		}
	}), []string{"load_returns_sessions_committed_and_not_closed", "session_replaces_the_one_of_its_key"}},
	{"closes nothing", onChange(func(c *session.Change) { c.Close = nil }), []string{"close_drops_sessions_with_replies_and_parts", "commit_does_all_of_a_change"}},
	{"closes sessions of all sync types", onChange(func(c *session.Change) {
		for _, s := range slices.Clone(c.Close) {
			s.SyncType = "user"
			c.Close = append(c.Close, s)
		}
	}), []string{"close_drops_sessions_with_replies_and_parts"}},
	{"keeps parts of closed sessions", partsOutliveClose, []string{"close_drops_sessions_with_replies_and_parts"}},
	{"keeps old replies", keepsReplies, []string{"reply_replaces_the_one_before", "close_drops_sessions_with_replies_and_parts"}},
	{"keeps the first reply to a body", firstReply, []string{"reply_replaces_the_one_before"}},
	{"returns a reply to any body", onRecord(func(_ session.Query, rec *session.Record) {
		if len(rec.Sessions) > 0 {
			rec.Reply = []byte("reply")
		}
	}), []string{"reply_only_to_the_digest_of_the_last_body"}},
	{"returns parts always", onQuery(func(q *session.Query) { q.Parts = true }), []string{"parts_only_if_asked"}},
	{"rewrites a part", onRecord(func(_ session.Query, rec *session.Record) {
		if n := len(rec.Parts); n > 1 {
			rec.Parts[n-2] = rec.Parts[n-1]
		}
	}), []string{"part_becomes_the_last"}},
	{"never drops parts", neverDropsParts, []string{"parts_0_drops_all", "parts_says_how_many_stay", "parts_behind_are_dropped"}},
	{"drops all parts or none", dropsAllPartsOrNone, []string{"parts_says_how_many_stay"}},
	{"appends a part before it drops some", appendsBeforeItDrops, []string{"parts_behind_are_dropped"}},
	{"keeps empty parts", keepsEmptyParts, []string{"parts_says_how_many_stay"}},
	{"returns parts in the order committed", partsAsCommitted, []string{"parts_follow_the_sessions"}},
	{"returns sessions in another order than their parts", onRecord(func(_ session.Query, rec *session.Record) {
		slices.Reverse(rec.Sessions)
	}), []string{"parts_follow_the_sessions"}},
	{"keeps a session without an id", onChange(func(c *session.Change) {
		if c.Session.ID == "" {
			c.Session.ID = "none"
		}
	}), []string{"change_without_session"}},
	{"gives the last session what comes without an id", func(f *faulty) {
		f.commit = func(c *session.Change) error {
			d := *c
			rec, err := f.Store.Load(bg, everything(c.Device))
			if err == nil && c.Session.ID == "" && len(rec.Sessions) > 0 {
				d.Session = rec.Sessions[0]
			}
			return f.Store.Commit(bg, &d)
		}
	}, []string{"change_without_session"}},
	{"does nothing without a session", func(f *faulty) {
		f.commit = func(c *session.Change) error {
			if c.Session.ID == "" {
				return f.Store.Commit(bg, &session.Change{Device: c.Device, Revision: c.Revision})
			}
			return f.Store.Commit(bg, c)
		}
	}, []string{"change_without_session"}},

	// The queue.
	{"forgets leases", onChange(func(c *session.Change) { c.Lease = nil }), []string{"lease_takes_from_the_queue", "pending_has_the_counts_of_lease_and_requeue", "load_returns_leased_requests_beside_the_limits"}},
	{"hides leased requests", hidesLeased, []string{"load_returns_leased_requests_beside_the_limits", "load_returns_requests_neither_leased_nor_finished"}},
	{"counts leased requests against the limit", onRecord(func(q session.Query, rec *session.Record) {
		rec.Requests = rec.Requests[:min(len(rec.Requests), 2*q.Limit)]
	}), []string{"load_returns_leased_requests_beside_the_limits"}},
	{"returns a leased request twice", onRecord(func(_ session.Query, rec *session.Record) {
		for _, p := range rec.Requests {
			if p.Attempts > 0 {
				rec.Requests = append(rec.Requests, p)
				return
			}
		}
	}), []string{"lease_takes_from_the_queue", "load_returns_requests_neither_leased_nor_finished"}},
	{"does not finish", onChange(func(c *session.Change) { c.Finish = nil }), []string{"finish_removes", "load_returns_requests_neither_leased_nor_finished"}},
	{"does not requeue", onChange(func(c *session.Change) { c.Requeue = nil }), []string{"requeue_at_the_place_of_its_age", "pending_has_the_counts_of_lease_and_requeue"}},
	{"requeues at the end", requeuesAtEnd, []string{"requeue_at_the_place_of_its_age"}},
	{"forgets failures on Lease", forgetsFailures, []string{"pending_has_the_counts_of_lease_and_requeue"}},
	{"does not count attempts", onChange(func(c *session.Change) {
		c.Lease = slices.Clone(c.Lease)
		for i := range c.Lease {
			c.Lease[i].Attempts = 1
		}
	}), []string{"pending_has_the_counts_of_lease_and_requeue", "lists_take_effect_in_order"}},
	{"leases before it requeues", onChange(func(c *session.Change) {
		c.Lease = slices.DeleteFunc(slices.Clone(c.Lease), func(l session.Lease) bool {
			return slices.ContainsFunc(c.Requeue, func(r session.Requeue) bool { return r.Request == l.Request })
		})
	}), []string{"lists_take_effect_in_order"}},
	{"leases before it adds", onChange(func(c *session.Change) {
		c.Lease = slices.DeleteFunc(slices.Clone(c.Lease), func(l session.Lease) bool {
			return slices.ContainsFunc(c.Add, func(r omadm.Request) bool { return r.ID == l.Request })
		})
	}), []string{"lists_take_effect_in_order"}},
	{"returns the youngest first", onRecord(func(_ session.Query, rec *session.Record) {
		slices.Reverse(rec.Requests)
		slices.SortStableFunc(rec.Requests, func(a, b session.Pending) int { return b.Request.Priority - a.Request.Priority })
	}), []string{"load_orders_by_priority_and_age"}},
	{"orders by id", onRecord(func(_ session.Query, rec *session.Record) {
		slices.SortFunc(rec.Requests, func(a, b session.Pending) int { return strings.Compare(string(a.Request.ID), string(b.Request.ID)) })
	}), []string{"load_orders_by_priority_and_age", "add_is_as_enqueue"}},
	{"returns one scope after the other", onRecord(func(_ session.Query, rec *session.Record) {
		slices.SortStableFunc(rec.Requests, func(a, b session.Pending) int { return int(a.Request.Scope) - int(b.Request.Scope) })
	}), []string{"load_orders_by_priority_and_age"}},
	{"starves a scope", onRecord(func(q session.Query, rec *session.Record) {
		rec.Requests = rec.Requests[:min(len(rec.Requests), max(q.Limit, 1))]
	}), []string{"load_limits_requests_per_scope", "load_orders_by_priority_and_age"}},
	{"starves a scope of octets", onRecord(func(q session.Query, rec *session.Record) {
		size := 0
		for i, p := range rec.Requests {
			if size += p.Request.Size(); i > 0 && size > q.Octets {
				rec.Requests = rec.Requests[:i]
				return
			}
		}
	}), []string{"load_limits_octets_per_scope", "load_returns_one_however_large"}},
	{"lets requests that are not due use up the limit", notDueUsesLimit, []string{"load_limits_requests_per_scope"}},
	{"ignores the limit", onQuery(func(q *session.Query) { q.Limit = 1000 }), []string{"load_limits_requests_per_scope"}},
	{"ignores the octets", onQuery(func(q *session.Query) { q.Octets = 1 << 30 }), []string{"load_limits_octets_per_scope", "load_returns_one_however_large"}},
	{"passes over what is too large", passesOverLarge, []string{"load_limits_octets_per_scope"}},
	{"never returns what is too large", onRequests(func(q session.Query, p session.Pending) bool {
		return p.Request.Size() <= q.Octets
	}), []string{"load_returns_one_however_large"}},
	{"hides expired requests", onRequests(func(q session.Query, p session.Pending) bool {
		return p.Request.Expires.IsZero() || p.Request.Expires.After(q.Now)
	}), []string{"load_returns_expired_requests"}},
	{"ignores NotBefore", onQuery(func(q *session.Query) { q.Now = q.Now.AddDate(1, 0, 0) }), []string{"load_holds_back_until_not_before"}},
	{"returns requests after NotBefore only", onQuery(func(q *session.Query) { q.Now = q.Now.Add(-1) }), []string{"load_holds_back_until_not_before"}},
	{"holds back leased requests that are not due", onRequests(func(q session.Query, p session.Pending) bool {
		return !p.Request.NotBefore.After(q.Now)
	}), []string{"load_returns_leased_requests_beside_the_limits"}},

	// Requests and their ids.
	{"loses a field of a request", func(f *faulty) {
		f.enqueue = func(id omadm.DeviceID, reqs []omadm.Request) error {
			reqs = slices.Clone(reqs)
			for i := range reqs {
				reqs[i].User = ""
			}
			return f.Store.Enqueue(bg, id, reqs...)
		}
	}, []string{"enqueue_keeps_the_request"}},
	{"keeps times to the second", func(f *faulty) {
		f.enqueue = func(id omadm.DeviceID, reqs []omadm.Request) error {
			reqs = slices.Clone(reqs)
			for i := range reqs {
				reqs[i].NotBefore = reqs[i].NotBefore.Truncate(time.Second)
				reqs[i].Expires = reqs[i].Expires.Truncate(time.Second)
			}
			return f.Store.Enqueue(bg, id, reqs...)
		}
	}, []string{"enqueue_keeps_the_request"}},
	{"loses a field of what the Director adds", onChange(func(c *session.Change) {
		c.Add = slices.Clone(c.Add)
		for i := range c.Add {
			c.Add[i].Delivery = omadm.DeliveryDefault
		}
	}), []string{"add_is_as_enqueue"}},
	{"drops what the Director adds", onChange(func(c *session.Change) { c.Add = nil }), []string{"add_is_as_enqueue", "commit_does_all_of_a_change"}},
	{"skips what the Director adds twice", func(f *faulty) {
		f.commit = func(c *session.Change) error {
			err := f.Store.Commit(bg, c)
			var exists *session.ExistsError
			if !errors.As(err, &exists) {
				return err
			}
			d := *c
			d.Add = slices.DeleteFunc(slices.Clone(c.Add), func(r omadm.Request) bool { return slices.Contains(exists.Requests, r.ID) })
			return f.Store.Commit(bg, &d)
		}
	}, []string{"commit_adds_no_request_that_exists"}},
	{"does not say which request exists", func(f *faulty) {
		f.enqueue = func(id omadm.DeviceID, reqs []omadm.Request) error {
			err := f.Store.Enqueue(bg, id, reqs...)
			if errors.Is(err, session.ErrExists) {
				return session.ErrExists
			}
			return err
		}
	}, []string{"enqueue_refuses_other_content", "enqueue_is_all_or_none"}},
	{"forgets finished ids", forgetsFinished, []string{"enqueue_skips_equal_content", "enqueue_refuses_other_content", "commit_adds_no_request_that_exists"}},
	{"refuses equal content", func(f *faulty) {
		known := make(map[string]bool)
		f.enqueue = func(id omadm.DeviceID, reqs []omadm.Request) error {
			for _, r := range reqs {
				key := fmt.Sprintf("%q %q", id, r.ID)
				if known[key] {
					return &session.ExistsError{Device: id, Requests: []omadm.RequestID{r.ID}}
				}
				known[key] = true
			}
			return f.Store.Enqueue(bg, id, reqs...)
		}
	}, []string{"enqueue_skips_equal_content"}},
	{"takes any content for equal", func(f *faulty) {
		f.enqueue = func(id omadm.DeviceID, reqs []omadm.Request) error {
			err := f.Store.Enqueue(bg, id, reqs...)
			if errors.Is(err, session.ErrExists) {
				return nil
			}
			return err
		}
	}, []string{"enqueue_refuses_other_content", "enqueue_is_all_or_none"}},
	{"has one space of ids for all devices", func(f *faulty) {
		owner := make(map[omadm.RequestID]omadm.DeviceID)
		f.enqueue = func(id omadm.DeviceID, reqs []omadm.Request) error {
			for _, r := range reqs {
				if o, ok := owner[r.ID]; ok && o != id {
					return &session.ExistsError{Device: id, Requests: []omadm.RequestID{r.ID}}
				}
				owner[r.ID] = id
			}
			return f.Store.Enqueue(bg, id, reqs...)
		}
	}, []string{"request_ids_are_per_device"}},

	// Facts and nonces.
	{"forgets facts that did not change", func(f *faulty) {
		f.commit = func(c *session.Change) error {
			d := *c
			d.Facts = maps.Clone(c.Facts)
			rec, err := f.Store.Load(bg, everything(c.Device))
			if err != nil {
				return err
			}
			for k := range rec.Device.Facts {
				if _, ok := c.Facts[k]; !ok && len(c.Facts) > 0 {
					d.Facts[k] = ""
				}
			}
			return f.Store.Commit(bg, &d)
		}
	}, []string{"facts_that_changed"}},
	{"never removes a fact", onChange(func(c *session.Change) {
		c.Facts = maps.Clone(c.Facts)
		maps.DeleteFunc(c.Facts, func(_, v string) bool { return v == "" })
	}), []string{"facts_that_changed", "commit_does_all_of_a_change"}},
	{"drops a nonce", onChange(func(c *session.Change) {
		if c.Nonces != nil {
			c.Nonces = &session.Nonces{Generation: c.Nonces.Generation, Client: c.Nonces.Client}
		}
	}), []string{"nonces_change_only_when_given", "commit_does_all_of_a_change"}},
	{"forgets nonces that did not change", onChange(func(c *session.Change) {
		if c.Nonces == nil {
			c.Nonces = new(session.Nonces)
		}
	}), []string{"nonces_change_only_when_given"}},
	{"takes nonces for text", onRecord(func(_ session.Query, rec *session.Record) {
		n := &rec.Device.Nonces
		n.Client, n.Server = strings.ToValidUTF8(n.Client, "?"), strings.ToValidUTF8(n.Server, "?")
	}), []string{"nonces_are_raw_octets"}},

	// Correlators.
	{"forgets correlators", onChange(func(c *session.Change) { c.Awaited = nil }),
		[]string{"awaited_as_last_committed", "awaited_that_changed", "commit_does_all_of_a_change"}},
	{"forgets correlators with their request", func(f *faulty) {
		f.commit = func(c *session.Change) error {
			d := *c
			d.Awaited = maps.Clone(c.Awaited)
			rec, err := f.Store.Load(bg, everything(c.Device))
			if err != nil {
				return err
			}
			for correlator, request := range rec.Device.Awaited {
				if slices.ContainsFunc(c.Finish, func(o omadm.Outcome) bool { return o.Request == request }) {
					d.Awaited = awaited{correlator: ""}
				}
			}
			return f.Store.Commit(bg, &d)
		}
	}, []string{"awaited_as_last_committed"}},
	{"never removes a correlator", onChange(func(c *session.Change) {
		c.Awaited = maps.Clone(c.Awaited)
		maps.DeleteFunc(c.Awaited, func(_ string, id omadm.RequestID) bool { return id == "" })
	}), []string{"awaited_that_changed"}},
	{"shows removed correlators", onRecord(func(_ session.Query, rec *session.Record) {
		if rec.Device.Awaited != nil {
			rec.Device.Awaited["removed"] = ""
		}
	}), []string{"awaited_that_changed"}},
	{"keeps only the correlators of the last change", func(f *faulty) {
		f.commit = func(c *session.Change) error {
			d := *c
			d.Awaited = maps.Clone(c.Awaited)
			rec, err := f.Store.Load(bg, everything(c.Device))
			if err != nil {
				return err
			}
			for correlator := range rec.Device.Awaited {
				if _, ok := c.Awaited[correlator]; !ok && len(c.Awaited) > 0 {
					d.Awaited[correlator] = ""
				}
			}
			return f.Store.Commit(bg, &d)
		}
	}, []string{"awaited_that_changed"}},
	{"registers with correlators", func(f *faulty) {
		f.register = func(d session.Device) error {
			if err := f.Store.Register(bg, d); err != nil || d.Awaited == nil {
				return err
			}
			return f.force(&session.Change{Device: d.ID, Awaited: d.Awaited})
		}
	}, []string{"register_does_not_look_at_awaited"}},

	// Results.
	{"begins anew after a cursor of no entry", onForeign(func(f *faulty, limit int) ([]session.Entry, error) {
		return f.Store.Results(bg, "", limit)
	}), []string{"results_after_a_cursor_of_no_entry"}},
	{"has nothing after a cursor of no entry", onForeign(func(*faulty, int) ([]session.Entry, error) {
		return nil, nil
	}), []string{"results_after_a_cursor_of_no_entry"}},
	{"answers a cursor of no entry with an error of its own", onForeign(func(*faulty, int) ([]session.Entry, error) {
		return nil, errors.New("no such cursor")
	}), []string{"results_after_a_cursor_of_no_entry"}},
	{"reads a cursor as far as it can", func(f *faulty) {
		f.results = func(after session.Cursor, limit int) ([]session.Entry, error) {
			digits, _, _ := strings.Cut(string(after), "\x00")
			if digits == "" {
				digits = string(after)
			}
			return f.Store.Results(bg, session.Cursor(digits), limit)
		}
	}, []string{"results_after_a_cursor_of_no_entry"}},
	{"repeats a result", onEntries(func(f *faulty, after session.Cursor, _ int, page []session.Entry) []session.Entry {
		if len(page) < 2 || after != "" {
			return page
		}
		return slices.Insert(page, 1, page[0])[:len(page)]
	}), []string{"results_after_the_cursor_oldest_first"}},
	{"begins with the cursor", onEntries(func(f *faulty, after session.Cursor, limit int, page []session.Entry) []session.Entry {
		all, err := f.Store.Results(bg, "", 1000)
		if err != nil {
			return nil
		}
		i := slices.IndexFunc(all, func(e session.Entry) bool { return e.Cursor == after })
		return all[max(i, 0):min(max(i, 0)+limit, len(all))]
	}), []string{"results_after_the_cursor_oldest_first"}},
	{"returns the youngest result first", onEntries(func(_ *faulty, _ session.Cursor, _ int, page []session.Entry) []session.Entry {
		slices.Reverse(page)
		return page
	}), []string{"results_after_the_cursor_oldest_first"}},
	{"returns more results than asked for", onEntries(func(f *faulty, after session.Cursor, limit int, _ []session.Entry) []session.Entry {
		page, err := f.Store.Results(bg, after, limit+1)
		if err != nil {
			return nil
		}
		return page
	}), []string{"results_up_to_the_limit"}},
	{"returns the results of one device only", onEntries(func(f *faulty, after session.Cursor, _ int, page []session.Entry) []session.Entry {
		return slices.DeleteFunc(page, func(e session.Entry) bool { return e.Device != dev })
	}), []string{"results_of_all_devices_under_one_cursor", "results_leave_nothing_out"}},
	{"leaves out what comes late", func(f *faulty) {
		// The cursor goes on, but one entry of each page is not shown: so it looks when serial numbers are given
		// before the commit and become visible in another order.
		f.results = func(after session.Cursor, limit int) ([]session.Entry, error) {
			page, err := f.Store.Results(bg, after, limit)
			if len(page) > 1 {
				page = slices.Delete(page, 0, 1)
			}
			return page, err
		}
	}, []string{"results_after_the_cursor_oldest_first", "results_up_to_the_limit"}},
	{"numbers results by how many there are", func(f *faulty) {
		f.results = func(after session.Cursor, limit int) ([]session.Entry, error) {
			all := f.told("")
			for i := range all {
				all[i].Cursor = session.Cursor(strconv.Itoa(i + 1))
			}
			n, err := strconv.Atoi("0" + string(after))
			if err != nil {
				return nil, session.ErrCursor
			}
			all = all[min(n, len(all)):]
			return all[:min(limit, len(all))], nil
		}
	}, []string{"results_leave_nothing_out_after_unregister"}},
	{"sets two of the three", onEntries(func(_ *faulty, _ session.Cursor, _ int, page []session.Entry) []session.Entry {
		for i := range page {
			if page[i].Result != nil {
				page[i].Outcome = new(omadm.Outcome)
			}
		}
		return page
	}), []string{"entry_is_one_of_three"}},

	// Requests that are canceled.
	{"cancels without an outcome", onEntries(func(_ *faulty, _ session.Cursor, _ int, page []session.Entry) []session.Entry {
		return slices.DeleteFunc(page, func(e session.Entry) bool { return e.Outcome != nil && e.Outcome.Kind == omadm.Canceled })
	}), []string{"cancel_finishes_what_waits"}},
	{"finishes what is canceled as expired", onOutcome(func(o *omadm.Outcome) { o.Kind = omadm.Expired }), []string{"cancel_finishes_what_waits"}},
	{"forgets the attempts of what is canceled", onOutcome(func(o *omadm.Outcome) { o.Attempts = 0 }), []string{"cancel_finishes_what_waits"}},
	{"cancels at a time of its own", onCancel(func(at *time.Time, _ *[]omadm.RequestID) { *at = at.Truncate(time.Second) }), []string{"cancel_finishes_what_waits"}},
	{"cancels only what is due", func(f *faulty) {
		f.cancel = func(id omadm.DeviceID, at time.Time, reqs []omadm.RequestID) ([]omadm.RequestID, error) {
			rec, err := f.Store.Load(bg, everything(id))
			if err != nil {
				return nil, err
			}
			due := slices.DeleteFunc(slices.Clone(reqs), func(r omadm.RequestID) bool { return !slices.Contains(ids(rec.Requests), r) })
			return f.Store.Cancel(bg, id, at, due...)
		}
	}, []string{"cancel_finishes_what_waits"}},
	{"cancels nothing", onCancel(func(_ *time.Time, reqs *[]omadm.RequestID) { *reqs = nil }),
		[]string{"cancel_finishes_what_waits", "cancel_returns_what_it_finished", "cancel_moves_the_revision"}},
	{"cancels the first request only", cancelsOne, []string{"cancel_finishes_what_waits", "cancel_returns_what_it_finished"}},
	{"returns what it was to cancel", onCanceled(func(_, reqs []omadm.RequestID) []omadm.RequestID { return reqs }),
		[]string{"cancel_returns_what_it_finished", "cancel_leaves_the_others_alone"}},
	{"returns what it canceled in an order of its own", onCanceled(func(ids, _ []omadm.RequestID) []omadm.RequestID {
		slices.Sort(ids)
		return ids
	}), []string{"cancel_returns_what_it_finished"}},
	{"does not return what it canceled", onCanceled(func(_, _ []omadm.RequestID) []omadm.RequestID { return nil }),
		[]string{"cancel_returns_what_it_finished", "cancel_and_commit_at_once"}},
	{"cancels what is leased", cancelsAny, []string{"cancel_leaves_the_others_alone"}},
	{"fails when a request is not there", func(f *faulty) {
		f.cancel = func(id omadm.DeviceID, at time.Time, reqs []omadm.RequestID) ([]omadm.RequestID, error) {
			ids, err := f.Store.Cancel(bg, id, at, reqs...)
			if err == nil && len(ids) < len(reqs) {
				err = errors.New("not all are there")
			}
			return ids, err
		}
	}, []string{"cancel_leaves_the_others_alone", "cancel_of_nothing_changes_nothing"}},
	{"does not move the revision on Cancel", cancelsSilently, []string{"cancel_moves_the_revision"}},
	{"moves the revision on each Cancel", func(f *faulty) {
		f.cancel = func(id omadm.DeviceID, at time.Time, reqs []omadm.RequestID) ([]omadm.RequestID, error) {
			if err := f.force(&session.Change{Device: id}); err != nil {
				return nil, err
			}
			return f.Store.Cancel(bg, id, at, reqs...)
		}
	}, []string{"cancel_of_nothing_changes_nothing"}},
	{"commits what was prepared before Cancel", cancelsAsideOfCommit, []string{"cancel_moves_the_revision"}},
	{"forgets canceled ids", forgetsCanceled, []string{"cancel_keeps_the_id"}},
	{"takes an unknown device for one without requests", func(f *faulty) {
		f.cancel = func(id omadm.DeviceID, at time.Time, reqs []omadm.RequestID) ([]omadm.RequestID, error) {
			ids, err := f.Store.Cancel(bg, id, at, reqs...)
			if errors.Is(err, session.ErrUnknownDevice) {
				err = nil
			}
			return ids, err
		}
	}, []string{"cancel_to_unknown_device"}},

	// Idle devices.
	{"takes only open sessions for idle", onIdleSessions(func(_ time.Time, s session.State) bool { return s.Ended.IsZero() }),
		[]string{"idle_devices_seen_before"}},
	{"takes only ended sessions for idle", onIdleSessions(func(_ time.Time, s session.State) bool { return !s.Ended.IsZero() }),
		[]string{"idle_devices_seen_before"}},
	{"takes a session seen at the time for idle", func(f *faulty) {
		f.idle = func(before time.Time, limit int) ([]omadm.DeviceID, error) {
			return f.Store.Idle(bg, before.Add(1), limit)
		}
	}, []string{"idle_devices_seen_before"}},
	{"judges a device by its last session", onIdle(func(f *faulty, before time.Time, ids []omadm.DeviceID) []omadm.DeviceID {
		return slices.DeleteFunc(ids, func(id omadm.DeviceID) bool {
			rec, err := f.Store.Load(bg, everything(id))
			return err != nil || !rec.Sessions[len(rec.Sessions)-1].Seen.Before(before)
		})
	}), []string{"idle_devices_seen_before"}},
	{"takes a device without sessions for idle", idleOnceRegistered, []string{"idle_devices_seen_before"}},
	{"returns an idle device for each of its sessions", onIdle(func(f *faulty, before time.Time, ids []omadm.DeviceID) []omadm.DeviceID {
		var list []omadm.DeviceID
		for _, id := range ids {
			rec, err := f.Store.Load(bg, everything(id))
			if err != nil {
				continue
			}
			for _, s := range rec.Sessions {
				if s.Seen.Before(before) {
					list = append(list, id)
				}
			}
		}
		return list
	}), []string{"idle_devices_once_and_up_to_the_limit"}},
	{"returns idle devices without limit", func(f *faulty) {
		f.idle = func(before time.Time, _ int) ([]omadm.DeviceID, error) { return f.Store.Idle(bg, before, 1000) }
	}, []string{"idle_devices_once_and_up_to_the_limit", "idle_devices_longest_ago_first"}},
	{"returns one idle device less than there are", func(f *faulty) {
		f.idle = func(before time.Time, limit int) ([]omadm.DeviceID, error) { return f.Store.Idle(bg, before, limit-1) }
	}, []string{"idle_devices_once_and_up_to_the_limit"}},
	{"returns the device idle for the shortest time first", onIdle(func(_ *faulty, _ time.Time, ids []omadm.DeviceID) []omadm.DeviceID {
		slices.Reverse(ids)
		return ids
	}), []string{"idle_devices_longest_ago_first"}},
	{"returns idle devices in the order of their ids", onIdle(func(_ *faulty, _ time.Time, ids []omadm.DeviceID) []omadm.DeviceID {
		slices.Sort(ids)
		return ids
	}), []string{"idle_devices_longest_ago_first"}},
}

// force commits c at whatever revision the device has.
func (f *faulty) force(c *session.Change) error {
	rec, err := f.Store.Load(bg, everything(c.Device))
	if err != nil {
		return err
	}
	d := *c
	d.Revision = rec.Revision
	return f.Store.Commit(bg, &d)
}

// meet makes a device known that is not.
func (f *faulty) meet(id omadm.DeviceID) error {
	if _, err := f.Store.Load(bg, everything(id)); err == nil {
		return nil
	}
	return f.Store.Register(bg, session.Device{ID: id})
}

func acceptsUnknown(f *faulty) {
	f.load = func(q session.Query) (*session.Record, error) {
		if err := f.meet(q.Device); err != nil {
			return nil, err
		}
		return f.Store.Load(bg, q)
	}
	f.commit = func(c *session.Change) error {
		if err := f.meet(c.Device); err != nil {
			return err
		}
		return f.Store.Commit(bg, c)
	}
	f.enqueue = func(id omadm.DeviceID, reqs []omadm.Request) error {
		if err := f.meet(id); err != nil {
			return err
		}
		return f.Store.Enqueue(bg, id, reqs...)
	}
}

func makesKnown(f *faulty) {
	f.commit = func(c *session.Change) error {
		err := f.Store.Commit(bg, c)
		if errors.Is(err, session.ErrUnknownDevice) {
			err = errors.Join(f.meet(c.Device), err)
		}
		return err
	}
	f.enqueue = func(id omadm.DeviceID, reqs []omadm.Request) error {
		err := f.Store.Enqueue(bg, id, reqs...)
		if errors.Is(err, session.ErrUnknownDevice) {
			err = errors.Join(f.meet(id), err)
		}
		return err
	}
}

func neverMoves(f *faulty) {
	f.commit = f.force
	onRecord(func(_ session.Query, rec *session.Record) { rec.Revision = 1 })(f)
}

func oneRevision(f *faulty) {
	revision := uint64(1)
	onRecord(func(_ session.Query, rec *session.Record) { rec.Revision = revision })(f)
	f.commit = func(c *session.Change) error {
		if _, err := f.Store.Load(bg, everything(c.Device)); err != nil {
			return err
		}
		if c.Revision != revision {
			return session.ErrConflict
		}
		err := f.force(c)
		if err == nil {
			revision++
		}
		return err
	}
}

// half commits the facts of a change that fails.
func half(why error) func(*faulty) {
	return func(f *faulty) {
		f.commit = func(c *session.Change) error {
			err := f.Store.Commit(bg, c)
			if !errors.Is(err, why) {
				return err
			}
			d := session.Change{Device: c.Device, Session: c.Session, Facts: c.Facts}
			return errors.Join(f.force(&d), err)
		}
	}
}

func keepsReply(f *faulty) {
	replies := make(map[session.Digest][]byte)
	f.commit = func(c *session.Change) error {
		err := f.Store.Commit(bg, c)
		if err == nil {
			replies[c.Session.Body] = c.Reply
		}
		return err
	}
	onRecord(func(q session.Query, rec *session.Record) {
		if rec.Reply != nil {
			rec.Reply = replies[q.Body]
		}
	})(f)
}

func keepsOps(f *faulty) {
	kept := make(map[omadm.RequestID][]omadm.Op)
	f.enqueue = func(id omadm.DeviceID, reqs []omadm.Request) error {
		err := f.Store.Enqueue(bg, id, reqs...)
		for _, r := range reqs {
			kept[r.ID] = r.Ops
		}
		return err
	}
	onRecord(func(_ session.Query, rec *session.Record) {
		for i := range rec.Requests {
			if ops, ok := kept[rec.Requests[i].Request.ID]; ok {
				rec.Requests[i].Request.Ops = ops
			}
		}
	})(f)
}

// showAlerts replaces the alerts of a record by those kept.
func showAlerts(kept map[omadm.RequestID][]*omadm.UserAlert, rec *session.Record) {
	for _, p := range rec.Requests {
		for i, a := range kept[p.Request.ID] {
			p.Request.Ops[i].Alert = a
		}
	}
}

func alerts(r omadm.Request) []*omadm.UserAlert {
	var list []*omadm.UserAlert
	for _, op := range r.Ops {
		list = append(list, op.Alert)
	}
	return list
}

func keepsAlerts(f *faulty) {
	kept := make(map[omadm.RequestID][]*omadm.UserAlert)
	f.enqueue = func(id omadm.DeviceID, reqs []omadm.Request) error {
		err := f.Store.Enqueue(bg, id, reqs...)
		for _, r := range reqs {
			kept[r.ID] = alerts(r)
		}
		return err
	}
	onRecord(func(_ session.Query, rec *session.Record) { showAlerts(kept, rec) })(f)
}

func handsOutAlerts(f *faulty) {
	kept := make(map[omadm.RequestID][]*omadm.UserAlert)
	onRecord(func(_ session.Query, rec *session.Record) {
		for _, p := range rec.Requests {
			if _, ok := kept[p.Request.ID]; !ok {
				kept[p.Request.ID] = alerts(p.Request)
			}
		}
		showAlerts(kept, rec)
	})(f)
}

func keepsNonces(f *faulty) {
	kept := make(map[omadm.DeviceID]*session.Nonces)
	f.commit = func(c *session.Change) error {
		err := f.Store.Commit(bg, c)
		if err == nil && c.Nonces != nil {
			kept[c.Device] = c.Nonces
		}
		return err
	}
	onRecord(func(q session.Query, rec *session.Record) {
		if n := kept[q.Device]; n != nil {
			rec.Device.Nonces = *n
		}
	})(f)
}

func handsOutParts(f *faulty) {
	parts := make(map[uint64][][]byte)
	onRecord(func(_ session.Query, rec *session.Record) {
		if kept, ok := parts[rec.Revision]; ok {
			rec.Parts = kept
			return
		}
		parts[rec.Revision] = rec.Parts
	})(f)
}

func handsOutResults(f *faulty) {
	kept := make(map[session.Cursor]session.Entry)
	onEntries(func(_ *faulty, _ session.Cursor, _ int, page []session.Entry) []session.Entry {
		for i, e := range page {
			if k, ok := kept[e.Cursor]; ok {
				page[i] = k
				continue
			}
			kept[e.Cursor] = e
		}
		return page
	})(f)
}

func lateFacts(f *faulty) {
	late := make(map[omadm.DeviceID]omadm.Facts)
	f.commit = func(c *session.Change) error {
		d := *c
		d.Facts = late[c.Device]
		err := f.Store.Commit(bg, &d)
		if err == nil {
			late[c.Device] = maps.Clone(c.Facts)
		}
		return err
	}
}

func firstState(f *faulty) {
	f.commit = func(c *session.Change) error {
		rec, err := f.Store.Load(bg, everything(c.Device))
		if err != nil {
			return err
		}
		d := *c
		for _, s := range rec.Sessions {
			if s.Key() == c.Session.Key() {
				d.Session = s
			}
		}
		return f.Store.Commit(bg, &d)
	}
}

// rememberParts calls edit with the parts of each session, by device and key, after each commit and shows those.
func rememberParts(f *faulty, edit func(parts map[string][][]byte, c *session.Change)) {
	parts := make(map[omadm.DeviceID]map[string][][]byte)
	f.commit = func(c *session.Change) error {
		err := f.Store.Commit(bg, c)
		if err == nil {
			if parts[c.Device] == nil {
				parts[c.Device] = make(map[string][][]byte)
			}
			edit(parts[c.Device], c)
		}
		return err
	}
	onRecord(func(q session.Query, rec *session.Record) {
		rec.Parts = nil
		if !q.Parts {
			return
		}
		for _, key := range slices.Sorted(maps.Keys(parts[q.Device])) {
			for _, p := range parts[q.Device][key] {
				rec.Parts = append(rec.Parts, slices.Clone(p))
			}
		}
	})(f)
}

func neverDropsParts(f *faulty) {
	rememberParts(f, func(parts map[string][][]byte, c *session.Change) {
		if c.Part != nil {
			parts[c.Session.Key()] = append(parts[c.Session.Key()], slices.Clone(c.Part))
		}
	})
}

func dropsAllPartsOrNone(f *faulty) {
	rememberParts(f, func(parts map[string][][]byte, c *session.Change) {
		key := c.Session.Key()
		if c.Part != nil {
			parts[key] = append(parts[key], slices.Clone(c.Part))
		}
		if c.Session.Parts == 0 {
			delete(parts, key)
		}
	})
}

func appendsBeforeItDrops(f *faulty) {
	rememberParts(f, func(parts map[string][][]byte, c *session.Change) {
		key := c.Session.Key()
		if len(c.Part) > 0 {
			parts[key] = append(parts[key], slices.Clone(c.Part))
		}
		parts[key] = parts[key][:min(len(parts[key]), c.Session.Parts)]
	})
}

func keepsEmptyParts(f *faulty) {
	rememberParts(f, func(parts map[string][][]byte, c *session.Change) {
		key := c.Session.Key()
		if c.Part == nil {
			parts[key] = parts[key][:min(len(parts[key]), c.Session.Parts)]
			return
		}
		parts[key] = append(parts[key][:min(len(parts[key]), max(c.Session.Parts-1, 0))], slices.Clone(c.Part))
	})
}

// partsAsCommitted mixes the parts of all sessions.
func partsAsCommitted(f *faulty) {
	rememberParts(f, func(parts map[string][][]byte, c *session.Change) {
		if len(c.Part) > 0 {
			parts[""] = append(parts[""], slices.Clone(c.Part))
		}
	})
}

// onCancel edits what Cancel is given before the store sees it.
func onCancel(edit func(at *time.Time, reqs *[]omadm.RequestID)) func(*faulty) {
	return func(f *faulty) {
		f.cancel = func(id omadm.DeviceID, at time.Time, reqs []omadm.RequestID) ([]omadm.RequestID, error) {
			reqs = slices.Clone(reqs)
			edit(&at, &reqs)
			return f.Store.Cancel(bg, id, at, reqs...)
		}
	}
}

// onCanceled edits what Cancel returns.
func onCanceled(edit func(ids, reqs []omadm.RequestID) []omadm.RequestID) func(*faulty) {
	return func(f *faulty) {
		f.cancel = func(id omadm.DeviceID, at time.Time, reqs []omadm.RequestID) ([]omadm.RequestID, error) {
			ids, err := f.Store.Cancel(bg, id, at, reqs...)
			if err != nil {
				return nil, err
			}
			return edit(ids, reqs), nil
		}
	}
}

// onOutcome edits the outcomes of requests that were canceled.
func onOutcome(edit func(*omadm.Outcome)) func(*faulty) {
	return onEntries(func(_ *faulty, _ session.Cursor, _ int, page []session.Entry) []session.Entry {
		for _, e := range page {
			if e.Outcome != nil && e.Outcome.Kind == omadm.Canceled {
				edit(e.Outcome)
			}
		}
		return page
	})
}

// cancelsAny finishes a request that is leased, too.
func cancelsAny(f *faulty) {
	f.cancel = func(id omadm.DeviceID, at time.Time, reqs []omadm.RequestID) ([]omadm.RequestID, error) {
		rec, err := f.Store.Load(bg, everything(id))
		if err != nil {
			return nil, err
		}
		var open []omadm.RequestID
		c := &session.Change{Device: id}
		for _, r := range reqs {
			if slices.Contains(ids(rec.Requests), r) && !slices.Contains(open, r) {
				open = append(open, r)
				c.Finish = append(c.Finish, omadm.Outcome{Request: r, Kind: omadm.Canceled, At: at})
			}
		}
		return open, f.force(c)
	}
}

// cancelsOne finishes the first of the requests, and then fails.
func cancelsOne(f *faulty) {
	f.cancel = func(id omadm.DeviceID, at time.Time, reqs []omadm.RequestID) ([]omadm.RequestID, error) {
		return f.Store.Cancel(bg, id, at, reqs[:min(len(reqs), 1)]...)
	}
}

// cancelsSilently hides that the revision was moved.
func cancelsSilently(f *faulty) {
	canceled := make(map[omadm.DeviceID]uint64)
	f.cancel = func(id omadm.DeviceID, at time.Time, reqs []omadm.RequestID) ([]omadm.RequestID, error) {
		ids, err := f.Store.Cancel(bg, id, at, reqs...)
		if len(ids) > 0 {
			canceled[id]++
		}
		return ids, err
	}
	onRecord(func(_ session.Query, rec *session.Record) { rec.Revision -= canceled[rec.Device.ID] })(f)
	f.commit = func(c *session.Change) error {
		d := *c
		d.Revision += canceled[c.Device]
		return f.Store.Commit(bg, &d)
	}
}

// cancelsAsideOfCommit moves the revision, and lets a Commit that was prepared before pass nevertheless.
func cancelsAsideOfCommit(f *faulty) {
	before := make(map[uint64]bool)
	f.cancel = func(id omadm.DeviceID, at time.Time, reqs []omadm.RequestID) ([]omadm.RequestID, error) {
		rec, err := f.Store.Load(bg, everything(id))
		if err != nil {
			return nil, err
		}
		ids, err := f.Store.Cancel(bg, id, at, reqs...)
		if len(ids) > 0 {
			before[rec.Revision] = true
		}
		return ids, err
	}
	f.commit = func(c *session.Change) error {
		if !before[c.Revision] {
			return f.Store.Commit(bg, c)
		}
		d := *c
		d.Lease = nil
		return f.force(&d)
	}
}

// onForeign replaces what comes of a cursor that the store does not know.
func onForeign(do func(f *faulty, limit int) ([]session.Entry, error)) func(*faulty) {
	return func(f *faulty) {
		f.results = func(after session.Cursor, limit int) ([]session.Entry, error) {
			page, err := f.Store.Results(bg, after, limit)
			if errors.Is(err, session.ErrCursor) {
				return do(f, limit)
			}
			return page, err
		}
	}
}

// idleOnceRegistered adds devices that never had a session to those that are idle.
func idleOnceRegistered(f *faulty) {
	var registered []omadm.DeviceID
	f.register = func(d session.Device) error {
		registered = append(registered, d.ID)
		return f.Store.Register(bg, d)
	}
	onIdle(func(f *faulty, _ time.Time, ids []omadm.DeviceID) []omadm.DeviceID {
		for _, id := range registered {
			if rec, err := f.Store.Load(bg, everything(id)); err == nil && len(rec.Sessions) == 0 {
				ids = append(ids, id)
			}
		}
		return ids
	})(f)
}

func partsOutliveClose(f *faulty) {
	rememberParts(f, func(parts map[string][][]byte, c *session.Change) {
		key := c.Session.Key()
		if c.Part != nil {
			parts[key] = append(parts[key], slices.Clone(c.Part))
		}
		parts[key] = parts[key][:min(len(parts[key]), c.Session.Parts)]
	})
}

func keepsReplies(f *faulty) {
	replies := make(map[session.Digest][]byte)
	f.commit = func(c *session.Change) error {
		err := f.Store.Commit(bg, c)
		if err == nil {
			replies[c.Session.Body] = slices.Clone(c.Reply)
		}
		return err
	}
	onRecord(func(q session.Query, rec *session.Record) { rec.Reply = slices.Clone(replies[q.Body]) })(f)
}

func firstReply(f *faulty) {
	replies := make(map[session.Digest][]byte)
	onChange(func(c *session.Change) {
		if _, ok := replies[c.Session.Body]; !ok {
			replies[c.Session.Body] = slices.Clone(c.Reply)
		}
		c.Reply = replies[c.Session.Body]
	})(f)
}

func hidesLeased(f *faulty) {
	leased := make(map[omadm.RequestID]bool)
	onChange(func(c *session.Change) {
		for _, r := range c.Requeue {
			delete(leased, r.Request)
		}
		for _, l := range c.Lease {
			leased[l.Request] = true
		}
	})(f)
	onRequests(func(_ session.Query, p session.Pending) bool { return !leased[p.Request.ID] })(f)
}

func requeuesAtEnd(f *faulty) {
	late := make(map[omadm.RequestID]bool)
	onChange(func(c *session.Change) {
		for _, r := range c.Requeue {
			late[r.Request] = true
		}
	})(f)
	onRecord(func(_ session.Query, rec *session.Record) {
		slices.SortStableFunc(rec.Requests, func(a, b session.Pending) int {
			switch la, lb := late[a.Request.ID], late[b.Request.ID]; {
			case la == lb:
				return 0
			case la:
				return 1
			}
			return -1
		})
	})(f)
}

func forgetsFailures(f *faulty) {
	forgotten := make(map[omadm.RequestID]bool)
	onChange(func(c *session.Change) {
		for _, r := range c.Requeue {
			delete(forgotten, r.Request)
		}
		for _, l := range c.Lease {
			forgotten[l.Request] = true
		}
	})(f)
	onRecord(func(_ session.Query, rec *session.Record) {
		for i := range rec.Requests {
			if forgotten[rec.Requests[i].Request.ID] {
				rec.Requests[i].Failures = 0
			}
		}
	})(f)
}

func notDueUsesLimit(f *faulty) {
	f.load = func(q session.Query) (*session.Record, error) {
		now := q.Now
		q.Now = now.AddDate(1, 0, 0)
		rec, err := f.Store.Load(bg, q)
		if err == nil {
			rec.Requests = slices.DeleteFunc(rec.Requests, func(p session.Pending) bool { return p.Request.NotBefore.After(now) })
		}
		return rec, err
	}
}

func passesOverLarge(f *faulty) {
	f.load = func(q session.Query) (*session.Record, error) {
		octets := q.Octets
		q.Octets = 1 << 30
		rec, err := f.Store.Load(bg, q)
		if err != nil {
			return nil, err
		}
		size := make(map[omadm.Scope]int)
		rec.Requests = slices.DeleteFunc(rec.Requests, func(p session.Pending) bool {
			if s := size[p.Request.Scope]; s > 0 && s+p.Request.Size() > octets {
				return true
			}
			size[p.Request.Scope] += p.Request.Size()
			return false
		})
		return rec, nil
	}
}

// forgetsFinished drops from Enqueue and Add what was finished, so that its id seems to be free.
func forgetsFinished(f *faulty) {
	finished := make(map[string]bool)
	key := func(id omadm.DeviceID, r omadm.RequestID) string { return fmt.Sprintf("%q %q", id, r) }
	rename := func(id omadm.DeviceID, reqs []omadm.Request) []omadm.Request {
		reqs = slices.Clone(reqs)
		for i := range reqs {
			if finished[key(id, reqs[i].ID)] {
				reqs[i].ID += " again"
			}
		}
		return reqs
	}
	f.enqueue = func(id omadm.DeviceID, reqs []omadm.Request) error {
		return f.Store.Enqueue(bg, id, rename(id, reqs)...)
	}
	f.commit = func(c *session.Change) error {
		d := *c
		d.Add = rename(c.Device, c.Add)
		err := f.Store.Commit(bg, &d)
		if err == nil {
			for _, o := range c.Finish {
				finished[key(c.Device, o.Request)] = true
			}
		}
		return err
	}
}

// forgetsCanceled lets a request that was canceled be put in again.
func forgetsCanceled(f *faulty) {
	canceled := make(map[omadm.RequestID]bool)
	f.cancel = func(id omadm.DeviceID, at time.Time, reqs []omadm.RequestID) ([]omadm.RequestID, error) {
		ids, err := f.Store.Cancel(bg, id, at, reqs...)
		for _, r := range ids {
			canceled[r] = true
		}
		return ids, err
	}
	f.enqueue = func(id omadm.DeviceID, reqs []omadm.Request) error {
		reqs = slices.Clone(reqs)
		for i := range reqs {
			if canceled[reqs[i].ID] {
				reqs[i].ID += " again"
			}
		}
		return f.Store.Enqueue(bg, id, reqs...)
	}
}
