// Package kits sends what the kits below csp make to a simulated device through the handler, and lets them read the
// answers. The tree of the device is made from the catalogue: that of Windows 11 24H2 Enterprise, with all that such a
// device has and nothing else.
//
// The test of a kit is a file of its own. newSite starts a server with a device, site.do sends requests that the catalogue
// has to find nothing against, and returns the results, and wrongField holds an error.
package kits_test

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gomadm/gomadm/csp"
	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
	"github.com/gomadm/gomadm/session/memstore"
	"github.com/gomadm/gomadm/session/simdevice"
	"github.com/gomadm/gomadm/syncml"
)

const deviceID = "device-1"

// windows11 is what is known of the device.
var windows11 = csp.Device{Build: csp.Build{Major: 10, Number: 26100}, Edition: csp.Enterprise, User: csp.UserSignedIn}

// site is a server and a device.
type site struct {
	t      *testing.T
	store  *memstore.Store
	queue  session.Queue
	device *simdevice.Device
	tree   *simdevice.Tree // of the device
	log    strings.Builder
	now    time.Time
	n      int // requests

	// tolerate are the codes of warnings that say nothing against the requests.
	tolerate []csp.Code
	// ends is how the requests have to end; omadm.Done unless a test says otherwise.
	ends omadm.Kind
	// mayMiss lets requests ask for nodes that are not there (404).
	mayMiss bool
}

// newSite starts a server that knows one device.
func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{t: t, store: new(memstore.Store), now: time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC), ends: omadm.Done}
	if err := s.store.Register(t.Context(), session.Device{ID: deviceID}); err != nil {
		t.Fatal(err)
	}
	clock := func() time.Time { return s.now }
	s.queue = session.Queue{Store: s.store, Now: clock}
	h, err := session.New(session.Config{
		Store: s.store, Authenticator: session.InsecureTrust{}, Now: clock, Logger: slog.New(slog.NewTextHandler(&s.log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	s.tree = simdevice.NewTree(simdevice.Windows, deviceID)
	grow(s.tree, windows11)
	s.device = &simdevice.Device{
		ID: deviceID, URL: srv.URL, Transport: simdevice.HTTP{Client: srv.Client()}, Now: clock, Tree: s.tree, LargeObjects: true,
	}
	return s
}

// visit lets the device come once, and nothing may go wrong.
func (s *site) visit() {
	s.t.Helper()
	s.now = s.now.Add(time.Hour)
	report, err := s.device.Session(s.t.Context())
	if err = errors.Join(err, report.Err()); err != nil {
		s.t.Fatalf("%v\n%s", err, s.log.String())
	}
}

// do checks requests, sends them in one session, holds how they end, and returns the results in the order of the requests.
func (s *site) do(reqs ...omadm.Request) []omadm.Result {
	s.t.Helper()
	reqs = slices.Clone(reqs)
	for i := range reqs {
		s.n++
		reqs[i].ID = omadm.RequestID(fmt.Sprintf("r%d", s.n))
		reqs[i].Normalize()
	}
	for _, issue := range csp.Default().Check(windows11, reqs...) {
		if issue.Severity >= csp.Warning && !slices.Contains(s.tolerate, issue.Code) {
			s.t.Errorf("%v: %v", issue.Severity, &issue)
		}
	}
	if err := s.queue.Enqueue(s.t.Context(), deviceID, reqs...); err != nil {
		s.t.Fatal(err)
	}
	s.visit()
	entries, err := s.store.Results(s.t.Context(), "", 1<<16)
	if err != nil {
		s.t.Fatal(err)
	}
	var all []omadm.Result
	for i := range reqs {
		ended := false
		for _, e := range entries {
			switch {
			case e.Result != nil && e.Result.Request == reqs[i].ID:
				all = append(all, *e.Result)
			case e.Outcome != nil && e.Outcome.Request == reqs[i].ID:
				ended = true
				missing := s.mayMiss && e.Outcome.Kind == omadm.Failed && e.Outcome.Status == omadm.StatusNotFound
				if e.Outcome.Kind != s.ends && !missing {
					s.t.Errorf("request %d (%v): got %v with %v of operation %d, want %v", i, reqs[i].Ops, e.Outcome.Kind, e.Outcome.Status, e.Outcome.Op, s.ends)
				}
			}
		}
		if !ended {
			s.t.Errorf("request %d (%v) has not ended", i, reqs[i].Ops)
		}
	}
	return all
}

// made is do with what a kit returns.
func (s *site) made(r omadm.Request, err error) []omadm.Result {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
	return s.do(r)
}

// events returns the events of the device so far.
func (s *site) events() (list []omadm.Event) {
	s.t.Helper()
	entries, err := s.store.Results(s.t.Context(), "", 1<<16)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, e := range entries {
		if e.Event != nil {
			list = append(list, *e.Event)
		}
	}
	return list
}

// put gives a node of the device a value, as if the device had found it.
func (s *site) put(uri, value string) {
	s.t.Helper()
	n, children, ok := describe(windows11, uri)
	if !ok || len(children) > 0 {
		s.t.Fatalf("%s is no leaf of the device", uri)
	}
	n.Value = syncml.Text(value)
	s.tree.Put(uri, n)
}

// holds checks what the device has, by the names of the nodes below top.
func (s *site) holds(top string, want map[string]string) {
	s.t.Helper()
	for name, value := range want {
		if got := s.tree.Value(top + name); got != value {
			s.t.Errorf("%s: got %q, want %q", top+name, got, value)
		}
	}
}

// executed returns how often the device has carried out a command for a node.
func (s *site) executed(verb omadm.Verb, uri string) (n int) {
	for _, e := range s.device.Executions() {
		if e.Verb == verb.String() && e.LocURI == uri {
			n += e.Executed
		}
	}
	return n
}

// wrongField holds that err is about a field of a kit.
func wrongField(t *testing.T, err error, kit, field string) {
	t.Helper()
	if f := (*csp.FieldError)(nil); !errors.As(err, &f) || f.Kit != kit || f.Field != field {
		t.Errorf("got error %v, want one of %s about %q", err, kit, field)
	}
}
