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

// follow prints what came since a cursor, and returns the one to go on from. An application keeps it in the transaction
// in which it keeps what it made of the entries, and asks again every few seconds, or when Hooks.Committed says so.
func follow(ctx context.Context, results session.Results, after session.Cursor) (session.Cursor, error) {
	for {
		entries, err := results.Results(ctx, after, 100)
		if err != nil || len(entries) == 0 {
			return after, err
		}
		for _, e := range entries {
			after = e.Cursor
			switch {
			case e.Result != nil:
				printResult(e.Device, e.Result)
			case e.Outcome != nil:
				fmt.Println(e.Device, e.Outcome.Request, "is", e.Outcome.Kind)
			case e.Event != nil && e.Event.Unenrolled:
				fmt.Println(e.Device, "leaves management")
			}
		}
	}
}

// printResult prints a status, or values: a Get has a result for each, under its request and the index of the operation.
func printResult(device omadm.DeviceID, r *omadm.Result) {
	if r.Status != 0 {
		fmt.Println(device, r.Request, "operation", r.Op, r.Status)
		return
	}
	for i := range r.Items {
		text, err := omadm.ItemValue(&r.Items[i]).Text()
		fmt.Println(device, r.Request, r.Items[i].Source.URI, text, err)
	}
}

// What came of requests is read page by page: statuses, values, outcomes, and what devices told on their own.
func ExampleResults() {
	ctx, store := context.Background(), new(memstore.Store)
	handler, err := session.New(session.Config{Store: store, Authenticator: session.InsecureTrust{}, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		panic(err)
	}
	if err := store.Register(ctx, session.Device{ID: "pc-7"}); err != nil {
		panic(err)
	}
	queue := session.Queue{Store: store}
	err = queue.Enqueue(ctx, "pc-7", omadm.Request{ID: "version", Ops: []omadm.Op{
		{Verb: omadm.Get, URI: "./DevDetail/SwV"},
		{Verb: omadm.Get, URI: "./Vendor/MSFT/NoSuchNode"},
	}})
	if err != nil {
		panic(err)
	}
	device := &simdevice.Device{ID: "pc-7", URL: "https://dm.example.test/", Transport: direct{handler}}
	if _, err := device.Session(ctx); err != nil {
		panic(err)
	}
	if _, err := follow(ctx, store, ""); err != nil {
		panic(err)
	}
	// Output:
	// pc-7 version operation 0 200 OK
	// pc-7 version operation 1 404 Not found
	// pc-7 version ./DevDetail/SwV 10.0.26100.1 <nil>
	// pc-7 version is failed
}
