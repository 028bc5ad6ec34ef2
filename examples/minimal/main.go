// Minimal is the smallest server: one device, one request, everything in memory. Start it and let a device, or curl,
// post a message to it.
package main

import (
	"context"
	"log"
	"net/http"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
	"github.com/gomadm/gomadm/session/memstore"
)

func main() {
	store := new(memstore.Store)
	if err := store.Register(context.Background(), session.Device{ID: "pc-7"}); err != nil {
		log.Fatal(err)
	}
	get := omadm.Request{ID: "version", Ops: []omadm.Op{{Verb: omadm.Get, URI: "./DevDetail/SwV"}}}
	queue := session.Queue{Store: store}
	if err := queue.Enqueue(context.Background(), "pc-7", get); err != nil {
		log.Fatal(err)
	}
	handler, err := session.New(session.Config{Store: store, Authenticator: session.InsecureTrust{}})
	if err != nil {
		log.Fatal(err)
	}
	log.Fatal(http.ListenAndServe("127.0.0.1:8080", handler))
}
