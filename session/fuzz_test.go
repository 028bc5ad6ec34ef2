package session_test

import (
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gomadm/gomadm/session"
	"github.com/gomadm/gomadm/session/capture"
	"github.com/gomadm/gomadm/syncml"
)

// FuzzHandler plays a recorded session with another body for one of its messages: nothing panics, every reply is a
// message, and what the store holds stays in order.
func FuzzHandler(f *testing.F) {
	recordings := make([]*capture.Recording, len(scenarios))
	for i, s := range scenarios {
		rec, err := capture.Open(os.DirFS(filepath.Join(sessionsDir, s.name)))
		if err != nil {
			f.Fatal(err)
		}
		recordings[i] = rec
		for n, m := range fromDevice(rec) {
			f.Add(uint8(i), uint8(n), m.Octets)
		}
	}
	hostile, err := fs.Glob(os.DirFS(hostileDir), "*.xml")
	if err != nil {
		f.Fatal(err)
	}
	for i, name := range hostile {
		if b, err := os.ReadFile(hostileDir + name); err == nil && len(b) < 4096 {
			f.Add(uint8(i%len(scenarios)), uint8(1), b)
		}
	}
	f.Fuzz(func(t *testing.T, which, at uint8, body []byte) {
		i := int(which) % len(scenarios)
		s, messages := &scenarios[i], fromDevice(recordings[i])
		h := newHouse(t, bothCodecs, func(c *session.Config) { c.Rules = s.rules })
		for _, r := range s.requests {
			h.request(r)
		}
		for n, m := range messages {
			h.now = m.Time
			octets := m.Octets
			if n == int(at)%len(messages) {
				octets = body
			}
			w := h.exchange(string(octets), with("Content-Type", m.ContentType))
			if w.Code == http.StatusOK {
				_, err := m.Codec().Decode(w.Body.Bytes(), syncml.Limits{})
				require.NoError(t, err)
			}
		}
		h.inOrder()
	})
}

func fromDevice(rec *capture.Recording) (list []*capture.Message) {
	for i := range rec.Messages {
		if rec.Messages[i].From == capture.FromDevice {
			list = append(list, &rec.Messages[i])
		}
	}
	return list
}

// inOrder checks what must hold of the store after any message: requests have at most one outcome, those leased are
// carried by one session, and parts of large objects belong to one that comes in.
func (h *house) inOrder() {
	h.t.Helper()
	rec := h.record()
	ended := h.outcomes() // fails if one has two
	carried := make(map[string]bool)
	parts := 0
	for _, s := range rec.Sessions {
		for _, c := range s.Requests {
			require.False(h.t, carried[string(c.ID)], "request %q is in two sessions", c.ID)
			carried[string(c.ID)] = true
			require.NotContains(h.t, ended, c.ID)
		}
		parts += s.Parts
		if s.Parts > 0 {
			require.NotEmpty(h.t, s.Incoming.Command)
		}
		b, err := s.AppendBinary(nil)
		require.NoError(h.t, err)
		var again session.State
		require.NoError(h.t, again.UnmarshalBinary(b))
	}
	require.Len(h.t, h.stored(), parts)
	require.LessOrEqual(h.t, len(rec.Sessions), 4)
}
