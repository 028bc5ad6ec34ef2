package sessiontest

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
)

// idler returns the store as session.Idler, or skips the trial.
func (t *trial) idler() session.Idler {
	t.Helper()
	i, ok := t.store.(session.Idler)
	if !ok {
		t.Skip("the store does not implement session.Idler")
	}
	return i
}

// idle returns the idle devices.
func (t *trial) idle(before time.Time, limit int) []omadm.DeviceID {
	t.Helper()
	ids, err := t.idler().Idle(context.Background(), before, limit)
	t.ok("Idle", err)
	return ids
}

// wantDevices wants these devices in this order.
func (t *trial) wantDevices(what string, got []omadm.DeviceID, want ...omadm.DeviceID) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.broken("%s: got devices %q, want %q", what, got, want)
	}
}

// see lets a session of a device be seen at a time. The device is registered if it is not.
func (t *trial) see(id omadm.DeviceID, session string, at time.Time) {
	t.Helper()
	t.seeState(id, session, at, false)
}

// seeState is see; the session may have ended.
func (t *trial) seeState(id omadm.DeviceID, name string, at time.Time, ended bool) {
	t.Helper()
	if _, err := t.store.Load(context.Background(), everything(id)); err != nil {
		t.register(id)
	}
	t.commit(id, func(c *session.Change) {
		c.Session = state(name)
		c.Session.Seen = at
		if ended {
			c.Session.Ended = at
		}
	})
}

// drop closes a session of a device.
func (t *trial) drop(id omadm.DeviceID, name string) {
	t.Helper()
	t.commit(id, func(c *session.Change) {
		c.Session = session.State{}
		c.Close = []session.State{state(name)}
	})
}

func idleSeenBefore(t *trial) {
	t.idler()
	t.register("without a session")
	t.see("open", "s", noon)
	t.seeState("ended", "s", noon, true)
	t.see("later", "s", soon)
	t.see("closed", "s", noon)
	t.drop("closed", "s")
	t.see("came back", "s", noon)
	t.see("came back", "s", soon)
	t.see("two sessions", "1", noon)
	t.see("two sessions", "2", soon)
	t.see("one closed", "1", noon)
	t.see("one closed", "2", soon)
	t.drop("one closed", "1")
	t.see("unregistered", "s", noon)
	t.ok("Unregister", t.registrar.Unregister(context.Background(), "unregistered"))
	t.see("registered again", "s", noon)
	t.register("registered again")

	early := []omadm.DeviceID{"ended", "open", "registered again", "two sessions"}
	late := []omadm.DeviceID{"came back", "ended", "later", "one closed", "open", "registered again", "two sessions"}
	for _, at := range []struct {
		what   string
		before time.Time
		want   []omadm.DeviceID
	}{
		{"at the time when the first were seen", noon, nil},
		{"a nanosecond later", noon.Add(1), early},
		{"a nanosecond later, in another time zone", noon.Add(1).In(time.FixedZone("east", 5*3600)), early},
		{"at the time when the others were seen", soon, early},
		{"a nanosecond later than that", soon.Add(1), late},
	} {
		got := t.idle(at.before, 100)
		slices.Sort(got)
		t.wantDevices("Idle "+at.what, got, at.want...)
	}
}

func idleOnce(t *trial) {
	t.idler()
	const devices = 7
	for n := range devices {
		for s := range 3 {
			t.see(deviceN(n), fmt.Sprint(s), noon.Add(time.Duration(n)))
		}
	}
	for limit := range devices + 2 {
		got := t.idle(soon, limit)
		want(t, fmt.Sprintf("number of idle devices of %d with limit %d", devices, limit), len(got), min(limit, devices))
		slices.Sort(got)
		want(t, fmt.Sprintf("number of different ones among them with limit %d", limit), len(slices.Compact(got)), min(limit, devices))
	}
}

func idleOrder(t *trial) {
	t.idler()
	at := func(minute int) time.Time { return noon.Add(time.Duration(minute) * time.Minute) }
	for _, minute := range []int{5, 1, 8, 3, 7, 2, 9, 4} {
		t.see(deviceN(minute), "s", at(minute))
	}
	t.see(deviceN(8), "more", at(6))
	t.see(deviceN(6), "new", at(10))
	t.see(deviceN(6), "old", at(0))
	t.wantDevices("Idle", t.idle(at(20), 100),
		"device-6", "device-1", "device-2", "device-3", "device-4", "device-5", "device-8", "device-7", "device-9")
	t.wantDevices("Idle with limit 2", t.idle(at(20), 2), "device-6", "device-1")

	t.see(deviceN(1), "s", at(15))
	t.drop(deviceN(6), "old")
	t.drop(deviceN(3), "s")
	t.wantDevices("Idle after the first was closed a session of, the second seen again, the fourth closed", t.idle(at(20), 100),
		"device-2", "device-4", "device-5", "device-8", "device-7", "device-9", "device-6", "device-1")
}
