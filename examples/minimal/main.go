// Minimal is the shortest server that runs an OMA DM session: one device, known by its name, and a store in memory. This is
// the first message of that device:
//
//	go run ./examples/minimal &
//	curl -H 'Content-Type: application/vnd.syncml.dm+xml' \
//		--data-binary @testdata/examples/01-valid-pkg1-client-initiated.xml http://127.0.0.1:8080/
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
	if err := store.Register(context.Background(), session.Device{ID: "urn:uuid:11111111-2222-4333-8444-555555555555"}); err != nil {
		log.Fatal(err)
	}
	handler, err := session.New(session.Config{Store: store, Authenticator: session.InsecureTrust{}})
	if err != nil {
		log.Fatal(err)
	}
	log.Fatal(http.ListenAndServe("127.0.0.1:8080", handler))
}
