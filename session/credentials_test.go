package session_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/gomadm/gomadm/omadm/auth"
	"github.com/gomadm/gomadm/session"
	"github.com/gomadm/gomadm/session/memstore"
	"github.com/gomadm/gomadm/session/simdevice"
)

// A device proves itself by MD5 credentials, and the server to it. What is stored of the passwords is a Secret each. The
// device has no nonce at first, so it is challenged; the nonce that it is given then is stored with the device, and is
// good for its next session.
func ExampleCredentials() {
	ctx, store := context.Background(), new(memstore.Store)
	handler, err := session.New(session.Config{
		Store: store, Authenticator: session.Credentials{}, // the LocURI of a device is its id
		Secret: []byte("the same 16 octets or more on all nodes"),
		Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		panic(err)
	}
	err = store.Register(ctx, session.Device{ID: "pc-7", Account: session.Account{
		Name: "alice", Secret: auth.NewSecret("alice", "open sesame"),
		ServerName: "dm.example.test", ServerSecret: auth.NewSecret("dm.example.test", "for pc-7 only"),
		Scheme: auth.MD5,
	}})
	if err != nil {
		panic(err)
	}
	device := &simdevice.Device{
		ID: "pc-7", URL: "https://dm.example.test/", Transport: direct{handler},
		Account: simdevice.Account{
			Scheme: simdevice.MD5, Name: "alice", Password: "open sesame",
			ServerName: "dm.example.test", ServerPassword: "for pc-7 only",
		},
	}
	if err := disableCamera(ctx, store, "pc-7"); err != nil {
		panic(err)
	}
	for range 2 {
		report, err := device.Session(ctx)
		fmt.Println(report.End, "after", report.Messages, "messages", err)
	}
	// Output:
	// completed after 4 messages <nil>
	// completed after 1 messages <nil>
}

// What no device can do anything about is in the log: it is the server that was set up wrongly.
func TestLogSaysWhyRightCredentialsAreRefused(t *testing.T) {
	right := auth.NewSecret("alice", "open sesame")
	for _, tt := range []struct {
		name    string
		account session.Account
		scheme  simdevice.Scheme
		want    string // after the status
	}{
		{"a password in place of the secret", session.Account{Name: "alice", Secret: "open sesame"}, simdevice.MD5,
			`401 Invalid credentials: the secret of the account is none that auth.NewSecret makes"`},
		{"Basic without TLS", session.Account{Name: "alice", Secret: right}, simdevice.Basic,
			`401 Invalid credentials: Basic without TLS is not accepted, see Rules.PlainBasic"`},
		{"an account of another scheme", session.Account{Name: "alice", Secret: right, Scheme: "md5"}, simdevice.MD5,
			`401 Invalid credentials: the account takes md5 only"`},
		{"a wrong password", session.Account{Name: "alice", Secret: auth.NewSecret("alice", "other")}, simdevice.MD5,
			`401 Invalid credentials"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var log bytes.Buffer
			store := new(memstore.Store)
			handler, err := session.New(session.Config{
				Store: store, Authenticator: session.Credentials{}, Logger: slog.New(slog.NewTextHandler(&log, nil)),
			})
			if err != nil {
				t.Fatal(err)
			}
			if err := store.Register(t.Context(), session.Device{ID: "pc-7", Account: tt.account}); err != nil {
				t.Fatal(err)
			}
			device := &simdevice.Device{
				ID: "pc-7", URL: "http://dm.example.test/", Transport: direct{handler},
				Account: simdevice.Account{Scheme: tt.scheme, Name: "alice", Password: "open sesame"},
			}
			device.SetNonces(simdevice.Nonces{Client: "stale"}) // so that it begins with credentials
			if _, err := device.Session(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := log.String(); !strings.Contains(got, tt.want) || strings.Contains(got, "sesame") {
				t.Errorf("log is\n%swant %s in it, and no password", got, tt.want)
			}
		})
	}
}
