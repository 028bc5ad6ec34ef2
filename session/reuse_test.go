package session_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
)

// hoarder keeps the strings of each change, and what they were then.
type hoarder struct {
	session.Store
	mu   sync.Mutex
	kept []string
	were []string
}

func (s *hoarder) Commit(ctx context.Context, c *session.Change) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	keep := func(texts ...string) {
		for _, text := range texts {
			s.kept, s.were = append(s.kept, text), append(s.were, strings.Clone(text))
		}
	}
	keep(c.Session.ID, c.Session.MsgID, c.Session.User, c.Session.Login)
	for k, v := range c.Facts {
		keep(k, v)
	}
	for _, r := range c.Results {
		for _, it := range r.Items {
			keep(it.Source.URI, it.Data.Value)
		}
	}
	for _, e := range c.Events {
		keep(e.Type, e.Data.Value, e.Correlator)
	}
	return s.Store.Commit(ctx, c)
}

// The memory of messages is used again by those that follow, of other devices, too; strings last.
func TestStringsOfAMessageOutliveIt(t *testing.T) {
	var store *hoarder
	h := newHouse(t, func(c *session.Config) {
		store = &hoarder{Store: c.Store}
		c.Store = store
	})
	var wg sync.WaitGroup
	for n := range 8 {
		id := omadm.DeviceID(fmt.Sprintf("urn:uuid:%d", n))
		require.NoError(t, h.store.Register(t.Context(), session.Device{ID: id}))
		for i := range 20 {
			require.NoError(t, h.queue.Enqueue(t.Context(), id, request(itoa(i), get("./A"), get("./B"))))
		}
		wg.Go(func() {
			for i := range 20 {
				first := strings.ReplaceAll(msg(itoa(i), "1", login("user-"+itoa(n))+alert("1224", typed("com.example", "event "+string(id)))+pkg1), deviceID, string(id))
				h.do(first)
				h.do(strings.ReplaceAll(msg(itoa(i), "2", okHdr("1")+status(2, "1", "6", "Get", 200)+
					result("6", item("./A", "value &amp; more of "+string(id)))+final), deviceID, string(id)))
			}
		})
	}
	wg.Wait()
	require.NotEmpty(t, store.kept)
	assert.Equal(t, store.were, store.kept)
	events, values := 0, 0
	for _, e := range h.entries() {
		if e.Event != nil {
			events++
			assert.Equal(t, "event "+string(e.Device), e.Event.Data.Value)
		}
		if e.Result != nil && e.Result.Status == 0 {
			values++
			assert.Equal(t, "value & more of "+string(e.Device), e.Result.Items[0].Data.Value)
		}
	}
	assert.Equal(t, 8*20, events)
	assert.Equal(t, 8*20, values)
}

// Hooks may keep the change they are shown, with the reply in it.
func TestChangesThatHooksKeepStay(t *testing.T) {
	var kept []*session.Change
	var were []session.Change
	h := newHouse(t, func(c *session.Config) {
		c.Hooks.Committed = func(_ context.Context, change *session.Change) {
			copied := *change
			copied.Session, copied.Reply = change.Session.Clone(), slices.Clone(change.Reply)
			copied.Results = slices.Clone(change.Results)
			kept, were = append(kept, change), append(were, copied)
		}
	})
	for i := range 5 {
		require.NoError(t, h.queue.Enqueue(t.Context(), deviceID, request(itoa(i), get("./A"))))
		h.do(msg(itoa(i), "1", pkg1))
		h.do(msg(itoa(i), "2", okHdr("1")+status(2, "1", "4", "Get", 200)+result("4", item("./A", "value "+itoa(i)))+final))
	}
	require.Len(t, kept, 10)
	for i, change := range kept {
		assert.Empty(t, cmp.Diff(were[i], *change), "change %d", i)
		assert.Equal(t, i%2, min(len(change.Results), 1), "change %d has results", i)
	}
}

// An attempt that failed leaves nothing behind for the next, in the same memory.
func TestAttemptsDoNotAddUp(t *testing.T) {
	fail := 0
	h := newHouse(t, func(c *session.Config) {
		c.Store = faulty{Store: c.Store, commit: func() error {
			if fail--; fail >= 0 {
				return session.ErrConflict
			}
			return nil
		}}
	})
	h.enqueue("r", get("./A"))
	h.do(msg("1", "1", pkg1))
	fail = 3
	w := h.do(msg("1", "2", okHdr("1")+status(2, "1", "4", "Get", 200)+result("4", item("./A", "value"))+final))
	require.Equal(t, http.StatusOK, w.Code)
	assert.Negative(t, fail)
	assert.Len(t, h.results("r"), 2, "a status and a value")
}
