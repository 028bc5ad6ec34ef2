package main

import (
	"bytes"
	"context"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gomadm/gomadm/session"
	"github.com/gomadm/gomadm/session/capture"
	"github.com/gomadm/gomadm/session/memstore"
	"github.com/gomadm/gomadm/session/sessiontest"
)

// TestDemoRecording records the demonstration: the recording holds none of its secrets, nor does the transcript, breaks no
// rule and replays.
func TestDemoRecording(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "recording")
	var out bytes.Buffer
	if got := run(context.Background(), []string{"-demo", "-devices", "2", "-record", dir}, &out, io.Discard); got != 0 {
		t.Fatalf("exit status %d\n%s", got, &out)
	}
	texts := map[string]string{"the transcript": out.String()}
	if err := fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(filepath.Join(dir, name))
		texts[name] = string(b)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if len(texts) < 10 {
		t.Fatalf("there are %d files", len(texts))
	}
	for name, text := range texts {
		for _, secret := range []string{userToken, wifiKey} {
			if strings.Contains(text, secret) {
				t.Errorf("%s has the secret %q", name, secret)
			}
		}
	}
	rec, err := capture.Open(os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	var blanked int
	for _, m := range rec.Messages {
		blanked += len(m.Blanked)
	}
	if blanked != 4 || len(rec.ByDevice()) != 2 {
		t.Errorf("%d secrets were blanked of %d devices, want two of each of two", blanked, len(rec.ByDevice()))
	}
	for _, v := range rec.Violations() {
		t.Error(v)
	}
	for mode := capture.Exact; mode <= capture.Rules; mode++ {
		t.Run(mode.String(), func(t *testing.T) {
			sessiontest.Replay(t, func(s sessiontest.Setup) http.Handler { return newHouse(t, s) }, rec, sessiontest.ReplayOptions{Mode: mode})
		})
	}
}

// newHouse makes a handler on a store in memory.
func newHouse(t *testing.T, s sessiontest.Setup) http.Handler {
	store := new(memstore.Store)
	if err := store.Register(t.Context(), s.Device); err != nil {
		t.Error(err)
	}
	queue := session.Queue{Store: store}
	if err := queue.Enqueue(t.Context(), s.Device.ID, s.Requests...); err != nil {
		t.Error(err)
	}
	handler, err := session.New(session.Config{
		Store: store, Authenticator: s.Authenticator, Now: s.Now, Rand: s.Rand, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Error(err)
	}
	return struct {
		http.Handler
		session.Store
		session.Results
	}{handler, store, store}
}

// TestRecordNeedsANewFolder keeps recordings apart.
func TestRecordNeedsANewFolder(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "index.jsonl"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var errs bytes.Buffer
	if got := run(context.Background(), []string{"-demo", "-record", dir}, io.Discard, &errs); got == 0 || !strings.Contains(errs.String(), "holds a recording already") {
		t.Errorf("exit status %d, %s", got, &errs)
	}
}
