package capture_test

import (
	"bytes"
	"context"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"time"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
	"github.com/gomadm/gomadm/session/capture"
	"github.com/gomadm/gomadm/session/memstore"
	"github.com/gomadm/gomadm/session/simdevice"
)

// direct is the way of a device to a server in the same process.
type direct struct{ server http.Handler }

func (d direct) Post(ctx context.Context, url, contentType string, body []byte) (string, []byte, error) {
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	r.Header.Set("Content-Type", contentType)
	w := httptest.NewRecorder()
	d.server.ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		return "", nil, fmt.Errorf("HTTP %d", w.Code)
	}
	return w.Header().Get("Content-Type"), w.Body.Bytes(), nil
}

// A session of a simulated device is recorded and read as a dialogue. The password that the device gets is not in the
// recording.
func Example() {
	const device = "urn:uuid:11111111-2222-4333-8444-555555555555"
	ctx := context.Background()
	folder, err := os.MkdirTemp("", "recording")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)

	store := new(memstore.Store)
	handler, err := session.New(session.Config{
		Store: store, Authenticator: session.InsecureTrust{}, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		log.Fatal(err)
	}
	if err := store.Register(ctx, session.Device{ID: device}); err != nil {
		log.Fatal(err)
	}
	queue := session.Queue{Store: store}
	err = queue.Enqueue(ctx, device, omadm.Request{ID: "password", Ops: []omadm.Op{
		{Verb: omadm.Replace, URI: "./Vendor/MSFT/Example/Password", Value: omadm.Text("open sesame")},
	}})
	if err != nil {
		log.Fatal(err)
	}

	recorder := &capture.Recorder{
		Handler: handler, // serve the recorder in its place
		Sink:    capture.Dir(folder),
		Now:     func() time.Time { return time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC) },
	}
	d := &simdevice.Device{ID: device, URL: "https://dm.example.test/dm", Transport: direct{recorder}}
	if _, err := d.Session(ctx); err != nil {
		log.Fatal(err)
	}

	rec, err := capture.Open(os.DirFS(folder))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(rec.Messages), "messages")
	for _, b := range rec.Messages[1].Blanked {
		fmt.Println("blanked:", b.Place)
	}
	answer := capture.Recording{Messages: rec.Messages[2:3]}
	if err := answer.Dialogue(os.Stdout); err != nil {
		log.Fatal(err)
	}
	// Output:
	// 4 messages
	// blanked: Replace ./Vendor/MSFT/Example/Password
	// 2 device → server  2026-03-01T08:00:00Z  session 1, message 2, 560 octets
	//     1    Status   200 OK for SyncHdr
	//     2    Status   404 Not found for Replace 5
}

// What a server asked for, how it ended, and which rules it broke.
func ExampleRecording_Asked() {
	rec, err := capture.Open(os.DirFS("../../testdata/sessions/windows-policies"))
	if err != nil {
		log.Fatal(err)
	}
	for _, a := range rec.Asked() {
		outcome, _ := a.Outcome()
		fmt.Println(a.Number, a.Request.Ops[0].Verb, a.Request.Ops[0].URI, outcome.Kind)
	}
	fmt.Println("violations:", len(rec.Violations()))
	// Output:
	// 1 Replace ./Vendor/MSFT/Policy/Config/Test/A done
	// 1 Get ./DevDetail/SwV done
	// 1 Replace ./User/Vendor/MSFT/Policy/Config/Test/B done
	// 1 Replace ./Vendor/MSFT/Policy/Config/Test/C done
	// 1 Get ./Vendor/MSFT/NoSuchNode failed
	// violations: 0
}
