package memstore_test

import (
	"context"
	"fmt"
	"log"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
	"github.com/gomadm/gomadm/session/memstore"
)

// A device is registered, gets a request, and ends it in its first session. A handler makes the Change; here it is
// written by hand.
func Example() {
	ctx := context.Background()
	var store memstore.Store

	err := store.Register(ctx, session.Device{ID: "pc-7"})
	if err != nil {
		log.Fatal(err)
	}
	err = store.Enqueue(ctx, "pc-7", omadm.Request{
		ID:  "version",
		Ops: []omadm.Op{{Verb: omadm.Get, URI: "./DevDetail/SwV"}},
	})
	if err != nil {
		log.Fatal(err)
	}

	rec, err := store.Load(ctx, session.Query{Device: "pc-7", Limit: 10, Octets: 1 << 20})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("waiting:", rec.Requests[0].Request.ID)

	err = store.Commit(ctx, &session.Change{
		Device:   "pc-7",
		Revision: rec.Revision,
		Session:  session.State{ID: "1"},
		Finish:   []omadm.Outcome{{Request: "version", Kind: omadm.Done, Status: omadm.StatusOK, Attempts: 1}},
	})
	if err != nil {
		log.Fatal(err)
	}

	entries, err := store.Results(ctx, "", 10)
	if err != nil {
		log.Fatal(err)
	}
	for _, e := range entries {
		fmt.Println(e.Device, e.Outcome.Request, e.Outcome.Status)
	}
	// Output:
	// waiting: version
	// pc-7 version 200 OK
}
