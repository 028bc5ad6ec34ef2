package sessiontest_test

import (
	"context"
	"log"
	"net/http"
	"os"
	"testing"

	"github.com/gomadm/gomadm/session"
	"github.com/gomadm/gomadm/session/capture"
	"github.com/gomadm/gomadm/session/memstore"
	"github.com/gomadm/gomadm/session/sessiontest"
)

// A test plays a recorded session to the handler of package session, on a store in memory. The handler is given together
// with its store, so that the outcomes can be compared.
func ExampleReplay() {
	open := func(s sessiontest.Setup) http.Handler {
		store := new(memstore.Store)
		if err := store.Register(context.Background(), s.Device); err != nil {
			log.Fatal(err)
		}
		queue := session.Queue{Store: store}
		if err := queue.Enqueue(context.Background(), s.Device.ID, s.Requests...); err != nil {
			log.Fatal(err)
		}
		handler, err := session.New(session.Config{Store: store, Authenticator: s.Authenticator, Now: s.Now, Rand: s.Rand})
		if err != nil {
			log.Fatal(err)
		}
		return struct {
			http.Handler
			session.Store
			session.Results
		}{handler, store, store}
	}
	_ = func(t *testing.T) {
		rec, err := capture.Open(os.DirFS("../../testdata/sessions/windows-policies"))
		if err != nil {
			t.Fatal(err)
		}
		sessiontest.Replay(t, open, rec, sessiontest.ReplayOptions{Mode: capture.Outcomes})
	}
}
