package session_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
	"github.com/gomadm/gomadm/syncml"
)

// forgetful is a store that knows each device, has something to do for it, and keeps nothing.
type forgetful struct{ open int }

func (*forgetful) Load(_ context.Context, q session.Query) (*session.Record, error) {
	return &session.Record{
		Revision: 1, Device: session.Device{ID: q.Device},
		Requests: []session.Pending{{Request: request("r", get("./A"))}},
	}, nil
}

func (s *forgetful) Commit(_ context.Context, c *session.Change) error {
	if c.Session.Ended.IsZero() && len(c.Session.Outstanding) == 1 {
		s.open++
	}
	return nil
}

func (*forgetful) Enqueue(context.Context, omadm.DeviceID, ...omadm.Request) error { return nil }

// TestIdleSessionsTakeNothing leaves many sessions open, in the middle of which the server waits for answers. Beside what the
// store keeps, which here is nothing, there is neither a goroutine nor memory for them.
func TestIdleSessionsTakeNothing(t *testing.T) {
	const sessions, slack = 3000, 96 << 10 // 32 octets each, less than a digest
	store := new(forgetful)
	h, err := session.New(session.Config{Store: store, Authenticator: session.InsecureTrust{}, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	begin := func(n int) {
		for i := range n {
			body := strings.ReplaceAll(windowsPackage1(), deviceID, fmt.Sprintf("urn:uuid:%08d", i))
			r := httptest.NewRequest(http.MethodPost, serverURL, strings.NewReader(body))
			r.Header.Set("Content-Type", syncml.ContentTypeXML)
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			require.Equal(t, http.StatusOK, w.Code)
		}
	}
	begin(10) // what is made once
	heap, goroutines := inUse(), runtime.NumGoroutine()
	store.open = 0
	begin(sessions)
	require.Equal(t, sessions, store.open)
	if got := inUse(); got > heap+slack {
		t.Errorf("%d open sessions take %d octets, want none", sessions, got-heap)
	}
	if got := runtime.NumGoroutine(); got > goroutines {
		t.Errorf("%d open sessions take %d goroutines, want none", sessions, got-goroutines)
	}
	runtime.KeepAlive(h)
}

// inUse returns how many octets of the heap are in use. Pools are empty after two collections.
func inUse() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
