package session_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
	"github.com/gomadm/gomadm/session/memstore"
	"github.com/gomadm/gomadm/session/simdevice"
)

// serve answers the devices that have a certificate of our issuers. Its CommonName is the device's id.
func serve(store session.Store, issuers *x509.CertPool) error {
	byName := func(_ context.Context, cert *x509.Certificate) (omadm.DeviceID, error) {
		return omadm.DeviceID(cert.Subject.CommonName), nil
	}
	handler, err := session.New(session.Config{Store: store, Authenticator: session.ClientCertificate{Device: byName}})
	if err != nil {
		return err
	}
	server := &http.Server{
		Addr: ":443", Handler: handler, ReadTimeout: time.Minute,
		TLSConfig: &tls.Config{ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: issuers},
	}
	return server.ListenAndServeTLS("server.pem", "server.key")
}

// disableCamera puts a setting into the queue of a device, which gets it in its next session.
func disableCamera(ctx context.Context, store session.Store, device omadm.DeviceID) error {
	queue := session.Queue{Store: store}
	return queue.Enqueue(ctx, device, omadm.Request{
		ID: "camera-off-1", // another each time: with one that was there, even long ago, it is a repetition and skipped
		Ops: []omadm.Op{{
			Verb:  omadm.Replace,
			URI:   "./Device/Vendor/MSFT/Policy/Config/Camera/AllowCamera",
			Value: omadm.Int(0),
		}},
	})
}

// tryOut mounts a handler, makes a device known as enrolment would, queues a command for it, lets it come, and prints the outcome.
func tryOut(ctx context.Context, store *memstore.Store) error {
	handler, err := session.New(session.Config{Store: store, Authenticator: session.InsecureTrust{}}) // on loopback only
	if err != nil {
		return err
	}
	server := httptest.NewServer(handler)
	defer server.Close()
	unknown := store.Register(ctx, session.Device{ID: "pc-7"})
	err = (&session.Queue{Store: store}).Enqueue(ctx, "pc-7", omadm.Request{ID: "version", Ops: []omadm.Op{{Verb: omadm.Get, URI: "./DevDetail/SwV"}}})
	_, failed := (&simdevice.Device{ID: "pc-7", URL: server.URL, Transport: simdevice.HTTP{}}).Session(ctx)
	entries, lost := store.Results(ctx, "", 100) // and on from the last cursor, whenever you like
	for _, e := range entries {
		if e.Outcome != nil {
			fmt.Println(e.Device, e.Outcome.Request, e.Outcome.Kind)
		}
	}
	return errors.Join(unknown, err, failed, lost)
}

func Example_tryOut() {
	if err := tryOut(context.Background(), new(memstore.Store)); err != nil {
		panic(err)
	}
	// Output: pc-7 version done
}

// A handler on a store. Any number of processes may serve one store.
func Example() {
	store := new(memstore.Store)
	_ = serve // needs certificates; this one needs none
	handler, err := session.New(session.Config{Store: store, Authenticator: session.InsecureTrust{}, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		panic(err)
	}
	if err := store.Register(context.Background(), session.Device{ID: "pc-7"}); err != nil {
		panic(err)
	}
	device := &simdevice.Device{ID: "pc-7", URL: "https://dm.example.test/", Transport: direct{handler}}
	report, err := device.Session(context.Background())
	fmt.Println(report.End, err)
	// Output: completed <nil>
}

// A request is queued, goes out in the next session of the device, and ends in one outcome.
func ExampleQueue() {
	ctx, store := context.Background(), new(memstore.Store)
	handler, err := session.New(session.Config{Store: store, Authenticator: session.InsecureTrust{}, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		panic(err)
	}
	if err := store.Register(ctx, session.Device{ID: "pc-7"}); err != nil {
		panic(err)
	}
	if err := disableCamera(ctx, store, "pc-7"); err != nil {
		panic(err)
	}
	device := &simdevice.Device{ID: "pc-7", URL: "https://dm.example.test/", Transport: direct{handler}}
	if _, err := device.Session(ctx); err != nil {
		panic(err)
	}
	entries, err := store.Results(ctx, "", 10)
	if err != nil {
		panic(err)
	}
	for _, e := range entries {
		if e.Outcome != nil {
			fmt.Println(e.Device, e.Outcome.Request, e.Outcome.Kind)
		}
	}
	// Output: pc-7 camera-off-1 done
}
