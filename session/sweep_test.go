package session_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
	"github.com/gomadm/gomadm/session/memstore"
)

// idler is a faulty store that finds the devices it is told to.
type idler struct {
	faulty
	idle func() ([]omadm.DeviceID, error)
}

func (i idler) Idle(context.Context, time.Time, int) ([]omadm.DeviceID, error) { return i.idle() }

// TestSweepPassesOverWhatItMayAndTellsTheRest lets the store fail below Sweep.
func TestSweepPassesOverWhatItMayAndTellsTheRest(t *testing.T) {
	down := errors.New("down")
	found := func() ([]omadm.DeviceID, error) { return []omadm.DeviceID{deviceID}, nil }
	for name, test := range map[string]struct {
		load, commit func() error
		idle         func() ([]omadm.DeviceID, error)
		want         error
	}{
		"idle":            {idle: func() ([]omadm.DeviceID, error) { return nil, down }, want: down},
		"load":            {idle: found, load: func() error { return down }, want: down},
		"commit":          {idle: found, commit: func() error { return down }, want: down},
		"busy":            {idle: found, commit: func() error { return session.ErrConflict }},
		"unregistered":    {idle: found, load: func() error { return session.ErrUnknownDevice }},
		"not_idle_at_all": {idle: func() ([]omadm.DeviceID, error) { return []omadm.DeviceID{"fresh"}, nil }},
	} {
		t.Run(name, func(t *testing.T) {
			s := &idler{idle: test.idle}
			committed := 0
			h := newHouse(t, func(c *session.Config) {
				s.Store = c.Store
				c.Store, c.Hooks.Committed = s, func(context.Context, *session.Change) { committed++ }
			})
			require.NoError(t, h.store.Register(t.Context(), session.Device{ID: "fresh"}))
			h.post(msg("1", "1", pkg1))
			h.now = h.now.Add(time.Hour)
			committed = 0
			s.load, s.commit = test.load, test.commit
			n, err := h.handler.Sweep(t.Context())
			assert.Zero(t, n)
			assert.Zero(t, committed)
			if test.want == nil {
				assert.NoError(t, err)
			}
			assert.ErrorIs(t, err, test.want)
		})
	}
	t.Run("done", func(t *testing.T) {
		committed := 0
		h := newHouse(t, func(c *session.Config) { c.Hooks.Committed = func(context.Context, *session.Change) { committed++ } })
		h.post(msg("1", "1", pkg1))
		h.now = h.now.Add(time.Hour)
		mustSweep(h)
		assert.Equal(t, 2, committed, "the message, and the end of its session")
	})
	t.Run("a_store_that_cannot", func(t *testing.T) {
		h, err := session.New(session.Config{Store: faulty{Store: new(memstore.Store)}, Authenticator: session.InsecureTrust{}, Logger: slog.New(slog.DiscardHandler)})
		require.NoError(t, err)
		_, err = h.Sweep(t.Context())
		assert.Error(t, err)
	})
}

// TestIdsThatAreNoNumbersAreTexts lets a client count as it likes.
func TestIdsThatAreNoNumbersAreTexts(t *testing.T) {
	h := newHouse(t)
	h.enqueue("a", get("./A"))
	require.Equal(t, []string{"Get ./A"}, sent(h.post(msg("day-1", "one", pkg1))))
	code, _ := headerOf(t, h.post(msg("day-1", "one", okHdr("1")+final)))
	assert.Equal(t, "400", code, "the same id, and another message")
	h.post(msg("day-1", "two", okHdr("1")+status(2, "1", "4", "Get", 200)+final))
	assert.Equal(t, omadm.Done, h.outcomes()["a"].Kind)
}

func TestIdsAreBounded(t *testing.T) {
	h := newHouse(t)
	long := strings.Repeat("1", 65)
	before := h.record()
	for _, body := range []string{msg(long, "1", pkg1), msg("1", long, pkg1)} {
		assert.Equal(t, http.StatusBadRequest, h.do(body).Code)
	}
	assert.Equal(t, before, h.record())
}
