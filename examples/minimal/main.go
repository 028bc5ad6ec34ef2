// Minimal is the shortest server that runs an OMA DM session: one device, known by its name, and a store in memory.
package main

import (
	"context"
	"log"
	"net/http"

	"github.com/gomadm/gomadm/session"
	"github.com/gomadm/gomadm/session/memstore"
)

func main() {
	store := new(memstore.Store)
	if err := store.Register(context.Background(), session.Device{ID: "device-1"}); err != nil {
		log.Fatal(err)
	}
	handler, err := session.New(session.Config{Store: store, Authenticator: session.InsecureTrust{}})
	if err != nil {
		log.Fatal(err)
	}
	log.Fatal(http.ListenAndServe("127.0.0.1:8080", handler))
}
