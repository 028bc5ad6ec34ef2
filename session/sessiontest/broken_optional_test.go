package sessiontest

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
)

// brokenListers, brokenPruners and brokenPushes are those of brokenStores that break what not every store has.
var brokenListers = []brokenStore{
	// Devices.
	{"lists devices in the order of words", onDevices(func(_ omadm.DeviceID, all []omadm.DeviceID) []omadm.DeviceID {
		slices.SortStableFunc(all, func(a, b omadm.DeviceID) int {
			return strings.Compare(strings.ToLower(string(a)), strings.ToLower(string(b)))
		})
		return all
	}), []string{"list_devices_in_order"}},
	{"lists no devices behind one that is not registered", onDevices(func(after omadm.DeviceID, all []omadm.DeviceID) []omadm.DeviceID {
		if after != "" && !slices.Contains(all, after) {
			return nil
		}
		return all
	}), []string{"list_devices_in_order"}},
	{"lists the device before the page too", func(f *faulty) {
		f.devices = func(after omadm.DeviceID, limit int) ([]omadm.DeviceID, error) {
			all, err := f.Store.Devices(bg, "", 1000)
			i, _ := slices.BinarySearch(all, after)
			return all[i:min(i+limit, len(all))], err
		}
	}, []string{"list_devices_in_order"}},
	{"lists devices without limit", func(f *faulty) {
		f.devices = func(after omadm.DeviceID, _ int) ([]omadm.DeviceID, error) { return f.Store.Devices(bg, after, 1000) }
	}, []string{"list_devices_in_order"}},

	// Requests.
	{"lists what is due only", onQueued(func(_ omadm.DeviceID, q session.Queued) bool { return !q.Request.NotBefore.After(noon) }),
		[]string{"list_requests_not_finished_by_age"}},
	{"lists what waits only", onQueued(func(_ omadm.DeviceID, q session.Queued) bool { return q.Session == "" }),
		[]string{"list_requests_not_finished_by_age", "list_requests_while_the_queue_changes"}},
	{"lists what has not expired only", onQueued(func(_ omadm.DeviceID, q session.Queued) bool { return q.Request.Expires.IsZero() }),
		[]string{"list_requests_not_finished_by_age"}},
	{"lists requests by priority", func(f *faulty) {
		f.requests = paged(f, func(all []session.Queued) {
			slices.SortStableFunc(all, func(a, b session.Queued) int { return b.Request.Priority - a.Request.Priority })
		})
	}, []string{"list_requests_not_finished_by_age"}},
	{"lists requests from a number on", func(f *faulty) {
		f.requests = paged(f, func([]session.Queued) {})
	}, []string{"list_requests_while_the_queue_changes"}},
	{"does not say which session has a request", func(f *faulty) {
		f.requests = func(id omadm.DeviceID, after session.Cursor, limit int) ([]session.Queued, error) {
			list, err := f.Store.Requests(bg, id, after, limit)
			for i := range list {
				list[i].Session = ""
			}
			return list, err
		}
	}, []string{"list_requests_not_finished_by_age"}},
	{"lists requests from the first on after a cursor of no request", func(f *faulty) {
		f.requests = func(id omadm.DeviceID, after session.Cursor, limit int) ([]session.Queued, error) {
			list, err := f.Store.Requests(bg, id, after, limit)
			if errors.Is(err, session.ErrCursor) {
				return f.Store.Requests(bg, id, "", limit)
			}
			return list, err
		}
	}, []string{"list_requests_after_a_cursor_of_no_request"}},
	{"has no requests for an unknown device, and no error", func(f *faulty) {
		f.requests = func(id omadm.DeviceID, after session.Cursor, limit int) ([]session.Queued, error) {
			list, err := f.Store.Requests(bg, id, after, limit)
			return list, except(err, session.ErrUnknownDevice)
		}
	}, []string{"list_of_unknown_device"}},

	// History.
	{"has no history of an unknown device, and no error", onHistory(func(_ *faulty, _ session.Cursor, page []session.Entry, err error) ([]session.Entry, error) {
		return page, except(err, session.ErrUnknownDevice)
	}), []string{"list_of_unknown_device"}},
	{"has a history of all devices", onHistory(func(f *faulty, after session.Cursor, page []session.Entry, err error) ([]session.Entry, error) {
		if err != nil {
			return nil, err
		}
		all, err := f.Store.Results(bg, after, 1000)
		return all[:len(page)], err
	}), []string{"list_history_of_one_device_oldest_first"}},
	{"has the youngest of a history first", onHistory(func(_ *faulty, _ session.Cursor, page []session.Entry, err error) ([]session.Entry, error) {
		slices.Reverse(page)
		return page, err
	}), []string{"list_history_of_one_device_oldest_first"}},
	{"has a history of events", onHistory(func(_ *faulty, _ session.Cursor, page []session.Entry, err error) ([]session.Entry, error) {
		return slices.DeleteFunc(page, func(e session.Entry) bool { return e.Event == nil }), err
	}), []string{"list_history_of_one_device_oldest_first", "list_history_leaves_nothing_out"}},
	{"begins a history anew after a cursor of no entry", func(f *faulty) {
		f.history = func(id omadm.DeviceID, after session.Cursor, limit int) ([]session.Entry, error) {
			page, err := f.Store.History(bg, id, after, limit)
			if errors.Is(err, session.ErrCursor) {
				return f.Store.History(bg, id, "", limit)
			}
			return page, err
		}
	}, []string{"list_history_after_a_cursor_of_no_entry"}},
}

var brokenPruners = []brokenStore{
	{"forgets without limit", onPrune(func(f *faulty, through session.Cursor, _ int) (int, error) {
		return f.Store.Prune(bg, through, 1000)
	}), []string{"prune_oldest_up_to_the_limit"}},
	{"forgets the youngest", func(f *faulty) {
		hidden := hides(f)
		f.prune = func(through session.Cursor, limit int) (int, error) {
			all := f.told(through)
			slices.Reverse(all)
			return hidden.add(all, limit), nil
		}
	}, []string{"prune_oldest_up_to_the_limit"}},
	{"forgets what is behind the cursor", onPrune(func(f *faulty, through session.Cursor, limit int) (int, error) {
		if all := f.told(""); through != "" && len(all) > 0 {
			through = all[len(all)-1].Cursor
		}
		return f.Store.Prune(bg, through, limit)
	}), []string{"prune_none_behind_the_cursor"}},
	{"forgets the last but the one with the cursor", onPrune(func(f *faulty, through session.Cursor, limit int) (int, error) {
		if before := f.told(through); len(before) > 1 {
			return f.Store.Prune(bg, before[len(before)-2].Cursor, limit)
		}
		return 0, nil
	}), []string{"prune_none_behind_the_cursor"}},
	{"says that it forgot less", onPrune(func(f *faulty, through session.Cursor, limit int) (int, error) {
		n, err := f.Store.Prune(bg, through, limit)
		return max(n-1, min(n, 1)), err
	}), []string{"prune_none_behind_the_cursor", "prune_counts_each_entry_once"}},
	{"counts an entry for each that forgets it", func(f *faulty) {
		calls := 0
		f.prune = func(through session.Cursor, limit int) (int, error) {
			n := min(len(f.told(through)), limit)
			if calls++; calls < 10 && through != "" {
				f.pause() // in which others find the same
			}
			_, err := f.Store.Prune(bg, through, limit)
			return n, err
		}
	}, []string{"prune_counts_each_entry_once"}},
	{"forgets all through the empty cursor", onPrune(func(f *faulty, through session.Cursor, limit int) (int, error) {
		if all := f.told(""); through == "" && len(all) > 0 {
			through = all[len(all)-1].Cursor
		}
		return f.Store.Prune(bg, through, limit)
	}), []string{"prune_through_the_empty_cursor"}},
	{"keeps the ids of what it forgets", func(f *faulty) {
		hidden := hides(f)
		f.prune = func(through session.Cursor, limit int) (int, error) {
			if _, err := f.Store.Results(bg, through, 1); err != nil {
				return 0, err
			}
			return hidden.add(f.told(through), limit), nil
		}
	}, []string{"prune_forgets_the_id_with_the_outcome"}},
	{"forgets ids with results", func(f *faulty) {
		free := frees(f)
		f.prune = func(through session.Cursor, limit int) (int, error) {
			for _, e := range f.told(through) {
				if e.Result != nil {
					free(e.Device, e.Result.Request)
				}
			}
			return f.Store.Prune(bg, through, limit)
		}
	}, []string{"prune_forgets_the_id_with_the_outcome"}},
	{"forgets the id of all devices", func(f *faulty) {
		free := frees(f)
		f.prune = func(through session.Cursor, limit int) (int, error) {
			for _, e := range f.told(through) {
				if e.Outcome != nil {
					free(dev, e.Outcome.Request)
					free("device-2", e.Outcome.Request)
				}
			}
			return f.Store.Prune(bg, through, limit)
		}
	}, []string{"prune_forgets_the_id_with_the_outcome"}},
	{"forgets ids of a device that was there before", func(f *faulty) {
		free := frees(f)
		var ended []session.Entry
		f.unregister = func(id omadm.DeviceID) error {
			ended = append(ended, f.told("")...)
			return f.Store.Unregister(bg, id)
		}
		f.prune = func(through session.Cursor, limit int) (int, error) {
			for _, e := range ended {
				if e.Outcome != nil {
					free(e.Device, e.Outcome.Request)
				}
			}
			return f.Store.Prune(bg, through, limit)
		}
	}, []string{"prune_keeps_ids_of_a_device_registered_anew"}},
	{"moves the revision when it forgets", onPrune(func(f *faulty, through session.Cursor, limit int) (int, error) {
		for _, e := range f.told(through) {
			if err := f.force(&session.Change{Device: e.Device}); err != nil {
				return 0, err
			}
		}
		return f.Store.Prune(bg, through, limit)
	}), []string{"prune_changes_nothing_else"}},
	{"forgets correlators with outcomes", onPrune(func(f *faulty, through session.Cursor, limit int) (int, error) {
		n, err := f.Store.Prune(bg, through, limit)
		if rec, _ := f.Store.Load(bg, everything(dev)); rec != nil {
			for c := range rec.Device.Awaited {
				rec.Device.Awaited[c] = ""
			}
			err = errors.Join(err, f.force(&session.Change{Device: dev, Awaited: rec.Device.Awaited}))
		}
		return n, err
	}), []string{"prune_changes_nothing_else"}},
	{"forgets cursors", func(f *faulty) {
		gone := make(map[session.Cursor]bool)
		f.prune = func(through session.Cursor, limit int) (int, error) {
			all := f.told(through)
			n, err := f.Store.Prune(bg, through, limit)
			for _, e := range all[:n] {
				gone[e.Cursor] = e.Cursor != through
			}
			return n, err
		}
		f.results = func(after session.Cursor, limit int) ([]session.Entry, error) {
			if gone[after] {
				return nil, session.ErrCursor
			}
			return f.Store.Results(bg, after, limit)
		}
	}, []string{"prune_keeps_cursors_good"}},
	{"forgets what nobody has read", func(f *faulty) {
		tries := 100 // until there is something, once
		f.prune = func(through session.Cursor, limit int) (int, error) {
			for ; through != "" && tries > 0; tries-- {
				all, err := f.Store.Results(bg, through, 1000)
				if err != nil {
					return 0, err
				}
				if len(all) > 0 {
					tries = 0
					n, err := f.Store.Prune(bg, all[len(all)-1].Cursor, 1000)
					return min(n, limit), err
				}
				f.pause()
			}
			return f.Store.Prune(bg, through, limit)
		}
	}, []string{"prune_nothing_before_it_could_be_read"}},
	{"forgets nothing through a cursor of no entry, and has no error", onPrune(func(f *faulty, through session.Cursor, limit int) (int, error) {
		n, err := f.Store.Prune(bg, through, limit)
		return n, except(err, session.ErrCursor)
	}), []string{"prune_through_a_cursor_of_no_entry"}},
}

var brokenPushes = []brokenStore{
	{"has one channel for all devices", onSetChannel(func(f *faulty, id omadm.DeviceID, c session.Channel) error {
		for _, other := range []omadm.DeviceID{dev, "device-2"} {
			_ = f.Store.SetChannel(bg, other, c)
		}
		return f.Store.SetChannel(bg, id, c)
	}), []string{"push_channel_as_set"}},
	{"removes no channel", onSetChannel(func(f *faulty, id omadm.DeviceID, c session.Channel) error {
		if c == (session.Channel{}) {
			return nil
		}
		return f.Store.SetChannel(bg, id, c)
	}), []string{"push_channel_as_set", "push_of_unknown_device"}},
	{"keeps the first channel", onSetChannel(func(f *faulty, id omadm.DeviceID, c session.Channel) error {
		if was, _ := f.Store.Channel(bg, id); was.URI != "" && c.URI != "" {
			return nil
		}
		return f.Store.SetChannel(bg, id, c)
	}), []string{"push_channel_as_set"}},
	{"does not know when channels expire", onSetChannel(func(f *faulty, id omadm.DeviceID, c session.Channel) error {
		c.Expires = time.Time{}
		return f.Store.SetChannel(bg, id, c)
	}), []string{"push_channel_as_set"}},
	{"takes a channel that does not say for one that expired", onSetChannel(func(f *faulty, id omadm.DeviceID, c session.Channel) error {
		if c.URI != "" && c.Expires.IsZero() {
			c.Expires = time.Unix(0, 0)
		}
		return f.Store.SetChannel(bg, id, c)
	}), []string{"push_channel_as_set"}},
	{"keeps channels of devices that are not there", onSetChannel(func(f *faulty, id omadm.DeviceID, c session.Channel) error {
		return except(f.Store.SetChannel(bg, id, c), session.ErrUnknownDevice)
	}), []string{"push_of_unknown_device"}},
	{"wakes devices that are not there", onWoken(func(f *faulty, id omadm.DeviceID, at time.Time, window time.Duration) (bool, error) {
		free, err := f.Store.Woken(bg, id, at, window)
		return free, except(err, session.ErrUnknownDevice)
	}), []string{"push_of_unknown_device"}},
	{"has no channel for a device that is not there, and no error", func(f *faulty) {
		f.channel = func(id omadm.DeviceID) (session.Channel, error) {
			c, err := f.Store.Channel(bg, id)
			return c, except(err, session.ErrUnknownDevice)
		}
	}, []string{"push_of_unknown_device", "push_forgotten_by_unregister"}},
	{"keeps the channel of a device that is registered again", func(f *faulty) {
		f.register = func(d session.Device) error {
			c, _ := f.Store.Channel(bg, d.ID)
			return errors.Join(f.Store.Register(bg, d), f.Store.SetChannel(bg, d.ID, c))
		}
	}, []string{"push_forgotten_by_register"}},
	{"keeps when a device was woken that is registered again", func(f *faulty) {
		f.register = func(d session.Device) error {
			free, err := f.Store.Woken(bg, d.ID, noon, time.Minute)
			err = errors.Join(f.Store.Register(bg, d), except(err, session.ErrUnknownDevice))
			if !free && err == nil {
				_, err = f.Store.Woken(bg, d.ID, noon, time.Minute)
			}
			return err
		}
	}, []string{"push_forgotten_by_register"}},
	{"keeps the channel of a device that is registered anew", func(f *faulty) {
		channels := make(map[omadm.DeviceID]session.Channel)
		f.unregister = func(id omadm.DeviceID) error {
			channels[id], _ = f.Store.Channel(bg, id)
			return f.Store.Unregister(bg, id)
		}
		f.register = func(d session.Device) error {
			return errors.Join(f.Store.Register(bg, d), f.Store.SetChannel(bg, d.ID, channels[d.ID]))
		}
	}, []string{"push_forgotten_by_unregister"}},
	{"moves the revision with a channel", onSetChannel(func(f *faulty, id omadm.DeviceID, c session.Channel) error {
		return errors.Join(f.Store.SetChannel(bg, id, c), f.force(&session.Change{Device: id}))
	}), []string{"push_does_not_move_the_revision"}},
	{"moves the revision when a device is woken", onWoken(func(f *faulty, id omadm.DeviceID, at time.Time, window time.Duration) (bool, error) {
		free, err := f.Store.Woken(bg, id, at, window)
		return free, errors.Join(err, f.force(&session.Change{Device: id}))
	}), []string{"push_does_not_move_the_revision"}},
	{"wakes always", onWoken(func(f *faulty, id omadm.DeviceID, at time.Time, _ time.Duration) (bool, error) {
		return f.Store.Woken(bg, id, at, 0)
	}), []string{"push_woken_once_in_a_window", "push_woken_by_one_of_many"}},
	{"notes the time when it reports false", onWoken(func(f *faulty, id omadm.DeviceID, at time.Time, window time.Duration) (bool, error) {
		free, err := f.Store.Woken(bg, id, at, window)
		if err == nil && !free {
			_, err = f.Store.Woken(bg, id, at, 0)
		}
		return free, err
	}), []string{"push_woken_once_in_a_window"}},
	{"ends the window with any clock that is behind", func(f *faulty) {
		noted := make(map[omadm.DeviceID]time.Time)
		f.woken = func(id omadm.DeviceID, at time.Time, window time.Duration) (bool, error) {
			if at.Before(noted[id]) {
				window = 0
			}
			free, err := f.Store.Woken(bg, id, at, window)
			if free {
				noted[id] = at
			}
			return free, err
		}
	}, []string{"push_woken_once_in_a_window"}},
	{"waits for a clock that was put back", func(f *faulty) {
		noted := make(map[omadm.DeviceID]time.Time)
		f.woken = func(id omadm.DeviceID, at time.Time, window time.Duration) (bool, error) {
			if window > 0 && at.Before(noted[id]) {
				return false, nil
			}
			free, err := f.Store.Woken(bg, id, at, window)
			if free {
				noted[id] = at
			}
			return free, err
		}
	}, []string{"push_woken_once_in_a_window"}},
	{"has one window for all devices", func(f *faulty) {
		var noted time.Time
		f.woken = func(id omadm.DeviceID, at time.Time, window time.Duration) (bool, error) {
			if at.Sub(noted).Abs() < window {
				return false, nil
			}
			noted = at
			return f.Store.Woken(bg, id, at, 0)
		}
	}, []string{"push_woken_once_in_a_window"}},
	{"forgets the channel when a device is woken", onWoken(func(f *faulty, id omadm.DeviceID, at time.Time, window time.Duration) (bool, error) {
		free, err := f.Store.Woken(bg, id, at, window)
		return free, errors.Join(err, f.Store.SetChannel(bg, id, session.Channel{}))
	}), []string{"push_woken_once_in_a_window", "push_not_woken_after_all"}},
	{"forgets when a device was woken that gets a channel", onSetChannel(func(f *faulty, id omadm.DeviceID, c session.Channel) error {
		rec, err := f.Store.Load(bg, everything(id))
		if err != nil {
			return err
		}
		return errors.Join(f.Store.Register(bg, rec.Device), f.Store.SetChannel(bg, id, c))
	}), []string{"push_woken_once_in_a_window"}},
	{"looks before it notes", func(f *faulty) {
		noted := make(map[omadm.DeviceID]time.Time)
		f.woken = func(id omadm.DeviceID, at time.Time, window time.Duration) (bool, error) {
			was := noted[id]
			f.pause() // in which others find the same
			if at.Sub(was).Abs() < window {
				return false, nil
			}
			noted[id] = at
			return true, nil
		}
	}, []string{"push_woken_by_one_of_many"}},
	{"takes nothing back", func(f *faulty) {
		f.notWoken = func(omadm.DeviceID, time.Time) error { return nil }
	}, []string{"push_not_woken_after_all"}},
	{"takes any time back", func(f *faulty) {
		f.notWoken = func(id omadm.DeviceID, at time.Time) error {
			_, err := f.Store.Woken(bg, id, at, 0)
			return errors.Join(except(err, session.ErrUnknownDevice), f.Store.NotWoken(bg, id, at))
		}
	}, []string{"push_not_woken_after_all"}},
	{"takes back what all devices were woken", func(f *faulty) {
		f.notWoken = func(_ omadm.DeviceID, at time.Time) error {
			return errors.Join(f.Store.NotWoken(bg, dev, at), f.Store.NotWoken(bg, "device-2", at))
		}
	}, []string{"push_not_woken_after_all"}},
	{"cannot take back for a device that is not there", func(f *faulty) {
		f.notWoken = func(id omadm.DeviceID, at time.Time) error {
			_, err := f.Store.Channel(bg, id)
			return errors.Join(err, f.Store.NotWoken(bg, id, at))
		}
	}, []string{"push_not_woken_of_unknown_device"}},
}

// except is no error if it is that one.
func except(err, one error) error {
	if errors.Is(err, one) {
		return nil
	}
	return err
}

// pause lets other calls of the store come in between.
func (f *faulty) pause() {
	f.mu.Unlock()
	time.Sleep(time.Millisecond)
	f.mu.Lock()
}

// told returns the entries through a cursor, all if it is empty, none if it is not of the store.
func (f *faulty) told(through session.Cursor) []session.Entry {
	all, _ := f.Store.Results(bg, "", 1000)
	if through == "" {
		return all
	}
	behind, err := f.Store.Results(bg, through, 1000)
	if err != nil {
		return nil
	}
	return all[:len(all)-len(behind)]
}

// onDevices edits the list of all devices; the page is what comes behind the last one of the page before.
func onDevices(edit func(after omadm.DeviceID, all []omadm.DeviceID) []omadm.DeviceID) func(*faulty) {
	return func(f *faulty) {
		f.devices = func(after omadm.DeviceID, limit int) ([]omadm.DeviceID, error) {
			all, err := f.Store.Devices(bg, "", 1000)
			if err != nil {
				return nil, err
			}
			all = edit(after, all)
			from := slices.Index(all, after) + 1
			if from == 0 {
				for from < len(all) && all[from] <= after {
					from++
				}
			}
			return all[from:min(from+limit, len(all))], nil
		}
	}
}

// onQueued drops the requests that keep refuses.
func onQueued(keep func(omadm.DeviceID, session.Queued) bool) func(*faulty) {
	return func(f *faulty) {
		f.requests = func(id omadm.DeviceID, after session.Cursor, limit int) ([]session.Queued, error) {
			list, err := f.Store.Requests(bg, id, after, 1000)
			list = slices.DeleteFunc(list, func(q session.Queued) bool { return !keep(id, q) })
			return list[:min(limit, len(list))], err
		}
	}
}

// paged lists requests in an order of its own, with their number as the cursor.
func paged(f *faulty, edit func([]session.Queued)) func(omadm.DeviceID, session.Cursor, int) ([]session.Queued, error) {
	return func(id omadm.DeviceID, after session.Cursor, limit int) ([]session.Queued, error) {
		list, err := f.Store.Requests(bg, id, "", 1000)
		if err != nil {
			return nil, err
		}
		edit(list)
		for i := range list {
			list[i].Cursor = session.Cursor(strconv.Itoa(i + 1))
		}
		from := 0
		if after != "" {
			if from, err = strconv.Atoi(string(after)); err != nil {
				return nil, session.ErrCursor
			}
		}
		return list[min(from, len(list)):min(from+limit, len(list))], nil
	}
}

// onHistory edits each page of a history, or its error.
func onHistory(edit func(*faulty, session.Cursor, []session.Entry, error) ([]session.Entry, error)) func(*faulty) {
	return func(f *faulty) {
		f.history = func(id omadm.DeviceID, after session.Cursor, limit int) ([]session.Entry, error) {
			page, err := f.Store.History(bg, id, after, limit)
			return edit(f, after, page, err)
		}
	}
}

func onPrune(prune func(f *faulty, through session.Cursor, limit int) (int, error)) func(*faulty) {
	return func(f *faulty) {
		f.prune = func(through session.Cursor, limit int) (int, error) { return prune(f, through, limit) }
	}
}

func onSetChannel(set func(*faulty, omadm.DeviceID, session.Channel) error) func(*faulty) {
	return func(f *faulty) {
		f.setChannel = func(id omadm.DeviceID, c session.Channel) error { return set(f, id, c) }
	}
}

func onWoken(woken func(*faulty, omadm.DeviceID, time.Time, time.Duration) (bool, error)) func(*faulty) {
	return func(f *faulty) {
		f.woken = func(id omadm.DeviceID, at time.Time, window time.Duration) (bool, error) {
			return woken(f, id, at, window)
		}
	}
}

// hidden is entries that are not shown.
type hidden map[session.Cursor]bool

// hides makes a store that shows no entry which is hidden.
func hides(f *faulty) hidden {
	h := make(hidden)
	show := func(all []session.Entry, limit int) []session.Entry {
		all = slices.DeleteFunc(all, func(e session.Entry) bool { return h[e.Cursor] })
		return all[:min(limit, len(all))]
	}
	f.results = func(after session.Cursor, limit int) ([]session.Entry, error) {
		all, err := f.Store.Results(bg, after, 1000)
		return show(all, limit), err
	}
	f.history = func(id omadm.DeviceID, after session.Cursor, limit int) ([]session.Entry, error) {
		all, err := f.Store.History(bg, id, after, 1000)
		return show(all, limit), err
	}
	return h
}

// add hides the first of those that are not hidden, and returns how many.
func (h hidden) add(entries []session.Entry, limit int) int {
	n := 0
	for _, e := range entries {
		if n < limit && !h[e.Cursor] {
			h[e.Cursor] = true
			n++
		}
	}
	return n
}

// frees makes a store that lets a request in again under an id that is freed.
func frees(f *faulty) func(omadm.DeviceID, omadm.RequestID) {
	free := make(map[string]bool)
	key := func(id omadm.DeviceID, r omadm.RequestID) string { return strconv.Quote(string(id)) + string(r) }
	f.enqueue = func(id omadm.DeviceID, reqs []omadm.Request) error {
		reqs = slices.Clone(reqs)
		for i := range reqs {
			if free[key(id, reqs[i].ID)] {
				reqs[i].ID += " again"
			}
		}
		return f.Store.Enqueue(bg, id, reqs...)
	}
	return func(id omadm.DeviceID, r omadm.RequestID) { free[key(id, r)] = true }
}
