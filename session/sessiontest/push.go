package sessiontest

import (
	"context"
	"fmt"
	"time"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
)

// pushes returns the store as session.Pushes, or skips the trial.
func (t *trial) pushes() session.Pushes {
	t.Helper()
	p, ok := t.store.(session.Pushes)
	if !ok {
		t.Skip("the store does not implement session.Pushes")
	}
	return p
}

// setChannel replaces the channel of a device.
func (t *trial) setChannel(id omadm.DeviceID, c session.Channel) {
	t.Helper()
	t.ok("SetChannel", t.pushes().SetChannel(context.Background(), id, c))
}

// wantChannel wants a device to have a channel; a message does not show its URI.
func (t *trial) wantChannel(what string, id omadm.DeviceID, c session.Channel) {
	t.Helper()
	got, err := t.pushes().Channel(context.Background(), id)
	t.ok("Channel", err)
	if got.URI != c.URI || !got.Expires.Equal(c.Expires) || got.Expires.IsZero() != c.Expires.IsZero() {
		t.broken("channel %s: got %v, want %v, or the URI differs", what, got, c)
	}
}

// wantWoken wants Woken to report so.
func (t *trial) wantWoken(what string, id omadm.DeviceID, at time.Time, free bool) {
	t.Helper()
	got, err := t.pushes().Woken(context.Background(), id, at, time.Minute)
	t.ok("Woken", err)
	want(t, "Woken "+what, got, free)
}

// channel is a channel of many octets.
func channel(n string) session.Channel {
	return session.Channel{URI: "https://push.example/?token=%2f+é'\" \\" + n, Expires: noon.Add(30 * 24 * time.Hour)}
}

func channelAsSet(t *trial) {
	t.pushes()
	t.register(dev, "device-2")
	t.wantChannel("of a device that has none", dev, session.Channel{})
	t.setChannel(dev, channel("1"))
	t.wantChannel("that was set", dev, channel("1"))
	t.wantChannel("of another device", "device-2", session.Channel{})
	east := channel("2")
	east.Expires = soon.In(time.FixedZone("east", 5*3600))
	t.setChannel(dev, east)
	t.wantChannel("that was replaced", dev, east)
	lasting := session.Channel{URI: "other"}
	t.setChannel(dev, lasting)
	t.wantChannel("that does not say when it expires", dev, lasting)
	t.setChannel("device-2", channel("3"))
	t.commit(dev, nil)
	t.wantChannel("after a Commit", dev, lasting)
	t.setChannel(dev, session.Channel{})
	t.wantChannel("that was removed", dev, session.Channel{})
	t.setChannel("device-2", session.Channel{Expires: noon})
	t.wantChannel("removed by one without a URI", "device-2", session.Channel{})
}

func pushUnknown(t *trial) {
	p := t.pushes()
	t.register(dev)
	_, err := p.Channel(context.Background(), "device-2")
	t.wantError("Channel", err, session.ErrUnknownDevice)
	t.wantError("SetChannel", p.SetChannel(context.Background(), "device-2", channel("1")), session.ErrUnknownDevice)
	t.wantError("SetChannel that removes it", p.SetChannel(context.Background(), "device-2", session.Channel{}), session.ErrUnknownDevice)
	_, err = p.Woken(context.Background(), "device-2", noon, time.Minute)
	t.wantError("Woken", err, session.ErrUnknownDevice)
	_, err = t.store.Load(context.Background(), everything("device-2"))
	t.wantError("Load after these", err, session.ErrUnknownDevice)
	t.register("device-2")
	t.wantChannel("of a device registered after these", "device-2", session.Channel{})
	t.wantWoken("of it", "device-2", noon, true)
}

func notWokenUnknown(t *trial) {
	t.ok("NotWoken", t.pushes().NotWoken(context.Background(), dev, noon))
}

func pushRegister(t *trial) {
	t.pushes()
	t.register(dev, "device-2")
	for _, id := range []omadm.DeviceID{dev, "device-2"} {
		t.setChannel(id, channel("1"))
		t.wantWoken("first", id, noon, true)
	}
	t.register(dev)
	t.wantChannel("after Register", dev, session.Channel{})
	t.wantWoken("after Register", dev, noon, true)
	t.wantChannel("of another device", "device-2", channel("1"))
	t.wantWoken("of another device", "device-2", noon, false)
}

func pushUnregister(t *trial) {
	p := t.pushes()
	t.register(dev, "device-2")
	for _, id := range []omadm.DeviceID{dev, "device-2"} {
		t.setChannel(id, channel("1"))
		t.wantWoken("first", id, noon, true)
	}
	t.ok("Unregister", t.registrar.Unregister(context.Background(), dev))
	_, err := p.Channel(context.Background(), dev)
	t.wantError("Channel after Unregister", err, session.ErrUnknownDevice)
	t.register(dev)
	t.wantChannel("of a device registered anew", dev, session.Channel{})
	t.wantWoken("of it", dev, noon, true)
	t.wantChannel("of another device", "device-2", channel("1"))
	t.wantWoken("of another device", "device-2", noon, false)
}

func pushRevision(t *trial) {
	t.pushes()
	t.busy(dev)
	before := t.snapshot(dev)
	c := change(dev, t.load(dev).Revision)
	t.setChannel(dev, channel("1"))
	t.wantWoken("first", dev, noon, true)
	t.ok("NotWoken", t.pushes().NotWoken(context.Background(), dev, noon))
	t.setChannel(dev, session.Channel{})
	t.wantSame("device after all methods", t.snapshot(dev), before)
	t.ok("Commit that was prepared before", t.store.Commit(context.Background(), c))
}

func wokenWindow(t *trial) {
	p := t.pushes()
	t.register(dev, "device-2")
	for n, step := range []struct {
		device omadm.DeviceID
		at     time.Duration
		free   bool
	}{
		{dev, 0, true},
		{dev, 0, false},
		{"device-2", 0, true},
		{dev, time.Minute - 1, false},
		{dev, time.Minute - 2, false}, // what was refused is not noted
		{dev, time.Minute, true},
		{dev, 2*time.Minute - 1, false},
		{dev, 1, false}, // by another clock
		{dev, 2 * time.Minute, true},
		{"device-2", 2 * time.Minute, true},
		{dev, time.Minute, true}, // by a clock that was put back
		{dev, 2*time.Minute - 1, false},
		{dev, time.Hour, true},
		{"device-2", time.Minute + 1, false},
	} {
		t.wantWoken(fmt.Sprintf("of %q at %v, step %d", step.device, step.at, n), step.device, noon.Add(step.at), step.free)
	}
	got, err := p.Woken(context.Background(), dev, noon.Add(time.Hour).In(time.FixedZone("east", 5*3600)), 1)
	t.ok("Woken", err)
	want(t, "Woken at the same time in another time zone", got, false)
	for range 2 {
		got, err = p.Woken(context.Background(), dev, noon, 0)
		t.ok("Woken", err)
		want(t, "Woken without a window", got, true)
	}
	t.setChannel(dev, channel("1"))
	t.wantWoken("after the channel was replaced", dev, noon, false)
	t.wantChannel("of a device that was woken", dev, channel("1"))
	t.setChannel(dev, session.Channel{})
	t.wantWoken("after the channel was removed", dev, noon, false)
	t.commit(dev, nil)
	t.wantWoken("after a Commit", dev, noon, false)
}

// wokenOnce lets many wake a device at once.
func wokenOnce(t *trial) {
	p := t.pushes()
	t.register(dev)
	const n = 8
	for round := range 3 {
		at := noon.Add(time.Duration(round) * time.Hour)
		woken := make([]bool, n)
		var wake []func() error
		for i := range n {
			wake = append(wake, func() (err error) {
				woken[i], err = p.Woken(context.Background(), dev, at.Add(time.Duration(i)*time.Millisecond), time.Minute)
				return err
			})
		}
		t.ok("Woken at once with others", <-meanwhile(wake...))
		free := 0
		for _, w := range woken {
			if w {
				free++
			}
		}
		want(t, fmt.Sprintf("how many of %d wake the device", n), free, 1)
	}
}

func notWoken(t *trial) {
	p := t.pushes()
	t.register(dev, "device-2")
	t.setChannel(dev, channel("1"))
	t.ok("NotWoken of a device that was not woken", p.NotWoken(context.Background(), dev, noon))
	t.wantWoken("first", dev, noon, true)
	t.wantWoken("of another device", "device-2", noon, true)
	t.ok("NotWoken", p.NotWoken(context.Background(), dev, noon.In(time.FixedZone("east", 5*3600))))
	t.wantWoken("of another device", "device-2", noon, false)
	t.wantWoken("after it was taken back", dev, noon.Add(time.Second), true)
	t.ok("NotWoken at another time", p.NotWoken(context.Background(), dev, noon))
	t.wantWoken("after another time was taken back", dev, noon.Add(2*time.Second), false)
	t.wantChannel("after these", dev, channel("1"))
}
