package memstore

import (
	"context"
	"strings"
	"time"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
)

// push is where a device is pushed to, and when it was woken last. The zero push has no channel and was not woken.
type push struct {
	channel session.Channel
	woken   time.Time
}

// Channel returns the push channel of a device.
func (s *Store) Channel(_ context.Context, id omadm.DeviceID) (session.Channel, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d, err := s.device(id)
	if err != nil {
		return session.Channel{}, err
	}
	return d.push.channel, nil
}

// SetChannel replaces the push channel of a device.
func (s *Store) SetChannel(_ context.Context, id omadm.DeviceID, c session.Channel) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	d, err := s.device(id)
	if err != nil {
		return err
	}
	d.push.channel = session.Channel{}
	if c.URI != "" {
		d.push.channel = session.Channel{URI: strings.Clone(c.URI), Expires: c.Expires}
	}
	return nil
}

// Woken notes that a device is woken, unless it was just before.
func (s *Store) Woken(_ context.Context, id omadm.DeviceID, at time.Time, window time.Duration) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d, err := s.device(id)
	if err != nil {
		return false, err
	}
	if w := d.push.woken; !w.IsZero() && at.Sub(w).Abs() < window {
		return false, nil
	}
	d.push.woken = at
	return true, nil
}

// NotWoken takes back that a device was woken.
func (s *Store) NotWoken(_ context.Context, id omadm.DeviceID, at time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if d, ok := s.devices[id]; ok && d.push.woken.Equal(at) {
		d.push.woken = time.Time{}
	}
	return nil
}
