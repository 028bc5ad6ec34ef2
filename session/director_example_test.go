package session_test

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
	"github.com/gomadm/gomadm/session/memstore"
	"github.com/gomadm/gomadm/session/simdevice"
)

// A device that has not said what it runs is asked in its first session. What it answers is a fact then.
func ExampleDirector() {
	const version = "./DevDetail/SwV"
	ask := func(_ context.Context, t *session.Turn) ([]omadm.Request, error) {
		if t.Record().Device.Facts[version] != "" {
			return nil, nil
		}
		return []omadm.Request{{ID: "version", Ops: []omadm.Op{{Verb: omadm.Get, URI: version}}}}, nil
	}
	ctx, store := context.Background(), new(memstore.Store)
	handler, err := session.New(session.Config{
		Store: store, Authenticator: session.InsecureTrust{}, Director: ask, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		panic(err)
	}
	if err := store.Register(ctx, session.Device{ID: "pc-7"}); err != nil {
		panic(err)
	}
	device := &simdevice.Device{ID: "pc-7", URL: "https://dm.example.test/", Transport: direct{handler}}
	for range 2 {
		report, err := device.Session(ctx)
		fmt.Println(report.Commands, "commands", err)
	}
	rec, err := store.Load(ctx, session.Query{Device: "pc-7"})
	if err != nil {
		panic(err)
	}
	fmt.Println(rec.Device.Facts[version])
	// Output:
	// 1 commands <nil>
	// 0 commands <nil>
	// 10.0.26100.1
}
