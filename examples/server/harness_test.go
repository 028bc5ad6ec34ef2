package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gomadm/gomadm/session/memstore"
)

// site is a server under test, as the command mounts it.
type site struct {
	t    *testing.T
	url  string
	seen seen // operations of openapi.yaml that were answered; nil: nobody wants to know
}

// newSite starts a server with the flags of a command line.
func newSite(t *testing.T, args ...string) site {
	t.Helper()
	return siteOn(t, database{store: new(memstore.Store)}, args...)
}

// siteOn starts a server on an open database.
func siteOn(t *testing.T, db database, args ...string) site {
	t.Helper()
	o, err := parse(args, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewUnstartedServer(nil)
	s, err := newService(o, db, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	srv.Config = s.server(s.mux(srv.Listener.Addr()))
	srv.Start()
	t.Cleanup(srv.Close)
	return site{t: t, url: srv.URL}
}

// answer is what the server answered.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// do sends a request, and holds what the administrator is answered against openapi.yaml. Header is a list of names and values in turn.
func (s site) do(method, path, body string, header ...string) answer {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, s.url+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
		if header[i] == "Host" {
			req.Host = header[i+1]
		}
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	a := answer{resp.StatusCode, resp.Header, b}
	s.described(method, path, body, req.Header, a)
	return a
}

// must sends a request and wants a status.
func (s site) must(status int, method, path, body string) answer {
	s.t.Helper()
	a := s.do(method, path, body)
	if a.status != status {
		s.t.Fatalf("%s %s: status %d, want %d: %s", method, path, a.status, status, a.body)
	}
	return a
}

// json reads the body of an answer.
func (s site) json(a answer, v any) {
	s.t.Helper()
	if err := json.NewDecoder(bytes.NewReader(a.body)).Decode(v); err != nil {
		s.t.Fatalf("%v: %s", err, a.body)
	}
}

// progress asks what became of a request.
func (s site) progress(device, request string) progressJSON {
	s.t.Helper()
	var p progressJSON
	s.json(s.must(http.StatusOK, "GET", "/admin/devices/"+device+"/requests/"+request, ""), &p)
	return p
}
