// Package windc holds conversations about declared configuration (WinDC) between the simulated device and the handler: a
// server that has documents for a device, and sends them as csp/declaredconfiguration says.
package windc_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	dc "github.com/gomadm/gomadm/csp/declaredconfiguration"
	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
	"github.com/gomadm/gomadm/session/memstore"
	"github.com/gomadm/gomadm/session/simdevice"
	"github.com/gomadm/gomadm/syncml"
)

const (
	deviceID   = "device-1"
	maxMsgSize = 4000
)

// site is a server and a device that is enrolled for declared configuration.
type site struct {
	t      *testing.T
	store  *memstore.Store
	queue  session.Queue
	device *simdevice.Device
	log    strings.Builder

	mu      sync.Mutex
	now     time.Time
	want    []dc.Document
	more    []omadm.Request // that the Director adds beside
	changes dc.Changes      // of the last session
	alerts  int             // with documents, of the last session

	parts    int // messages of the server with a part of a value that is not the last, of the last session
	largest  int // message of the server, of the last session
	messages int // of the server, of the last session
}

// newSite starts a server that knows one device.
func newSite(t *testing.T, want ...dc.Document) *site {
	t.Helper()
	s := &site{t: t, store: new(memstore.Store), now: time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC), want: want}
	if err := s.store.Register(t.Context(), session.Device{ID: deviceID}); err != nil {
		t.Fatal(err)
	}
	s.queue = session.Queue{Store: s.store, Check: dc.Check, Now: s.clock}
	h, err := session.New(session.Config{
		Store: s.store, Authenticator: session.InsecureTrust{}, Check: dc.Check, Director: s.direct, Now: s.clock,
		Logger: slog.New(slog.NewTextHandler(&s.log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	s.device = &simdevice.Device{
		ID: deviceID, URL: srv.URL, Transport: simdevice.HTTP{Client: srv.Client()}, Now: s.clock,
		Declared: new(simdevice.Declared), LargeObjects: true, MaxMsgSize: maxMsgSize, Trace: s.trace,
	}
	return s
}

func (s *site) clock() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

// direct sends what is missing on the device when that begins a session.
func (s *site) direct(_ context.Context, t *session.Turn) ([]omadm.Request, error) {
	h := &t.Inbound().Message.Header
	if h.MsgID != "1" {
		return nil, nil
	}
	s.alerts = 0
	var reported []dc.Reported
	for _, e := range t.Change().Events {
		if omadm.AlertType(e.Type) != omadm.TypeDeclaredConfig {
			continue
		}
		var err error
		if reported, err = dc.ReadAlert(e); err != nil {
			return nil, err
		}
		s.alerts++
	}
	var err error
	if s.changes, err = dc.Compare(reported, s.want...); err != nil {
		return nil, err
	}
	reqs, err := s.changes.Requests()
	for i := range reqs {
		reqs[i].ID = omadm.RequestID(fmt.Sprintf("session-%s-%d", h.SessionID, i))
	}
	return append(reqs, s.more...), err
}

// trace looks at what the server sends.
func (s *site) trace(m simdevice.Traffic) {
	if m.From != simdevice.FromServer {
		return
	}
	s.messages++
	s.largest = max(s.largest, len(m.Octets))
	for _, c := range m.Message.Body {
		if items := c.ItemList(); c.Name() == "Replace" && len(items) == 1 && items[0].MoreData {
			s.parts++
		}
	}
}

// visit lets the device come once; it finds nothing wrong with what the server sends.
func (s *site) visit() {
	s.t.Helper()
	s.mu.Lock()
	s.now = s.now.Add(time.Hour)
	s.mu.Unlock()
	s.parts, s.largest, s.messages = 0, 0, 0
	report, err := s.device.Session(s.t.Context())
	if err = errors.Join(err, report.Err()); err != nil {
		s.t.Fatalf("%v\n%s", err, s.log.String())
	}
}

// enqueue queues a request under an id.
func (s *site) enqueue(id omadm.RequestID, r omadm.Request, err error) {
	s.t.Helper()
	r.ID = id
	if err == nil {
		err = s.queue.Enqueue(s.t.Context(), deviceID, r)
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

// outcome returns what came of a request.
func (s *site) outcome(id omadm.RequestID) (results []omadm.Result, kind omadm.Kind, status omadm.Status) {
	s.t.Helper()
	entries, err := s.store.Results(s.t.Context(), "", 1<<16)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, e := range entries {
		switch {
		case e.Result != nil && e.Result.Request == id:
			results = append(results, *e.Result)
		case e.Outcome != nil && e.Outcome.Request == id:
			kind, status = e.Outcome.Kind, e.Outcome.Status
		}
	}
	return results, kind, status
}

// result asks the device for the results of a document.
func (s *site) result(id omadm.RequestID, ref dc.Ref) (*dc.Result, error) {
	s.t.Helper()
	r, err := ref.GetResult()
	s.enqueue(id, r, err)
	s.visit()
	results, _, _ := s.outcome(id)
	return dc.ReadResult(results...)
}

const (
	id    = "27FEA311-68B9-4320-9FC4-296F6FDFAFE2"
	other = "91D1C9D9-6D5C-4D54-9D8A-2C4C7B0B1F11"
)

// profiles returns a document of n settings, of which each has a text.
func profiles(n int, text string) dc.Document {
	d := dc.Document{ID: id, Scenario: dc.VPN, Providers: []dc.Provider{{Name: "./Vendor/MSFT/VPNv2"}}}
	for i := range n {
		d.Providers[0].Settings = append(d.Providers[0].Settings, dc.Setting{
			Path: fmt.Sprintf("Office%%20%d/PluginProfile/ServerUrlList", i), Value: omadm.Text(text + strings.Repeat(" & more", 20)),
		})
	}
	return d
}

const firstList = "./Vendor/MSFT/VPNv2/Office%200/PluginProfile/ServerUrlList"

// TestRows proves rules of declared configuration by what a device makes of what the server sends.
func TestRows(t *testing.T) {
	t.Run("R-12_a_document_is_a_large_object", largeDocument)
	t.Run("R-6_status_is_about_syntax_and_the_outcome_comes_later", laterOutcome)
	t.Run("R-7_results_of_a_document_are_read", readResults)
	t.Run("R-8_alert_of_each_session_is_read", readAlerts)
	t.Run("R-5_unchanged_checksum_is_not_sent_again", unchanged)
	t.Run("R-9_transient_and_failed_documents_are_left_alone", transient)
	t.Run("R-10_a_document_is_abandoned_and_deleted", deleted)
	t.Run("R-11_nothing_else_is_addressed", nothingElse)
	t.Run("R-2_documents_of_kinds_and_contexts", kindsAndContexts)
}

func largeDocument(t *testing.T) {
	s := newSite(t, profiles(100, "a <text> "))
	x, err := s.want[0].XML()
	if err != nil || len(x) < 5*maxMsgSize {
		t.Fatalf("%v: the document has %d octets", err, len(x))
	}
	s.visit()
	if s.parts < 5 || s.largest > maxMsgSize {
		t.Errorf("got %d parts in messages of up to %d octets, want at least 5 of at most %d", s.parts, s.largest, maxMsgSize)
	}
	uri := string(s.want[0].Ref().DocumentURI())
	if got := s.device.Nodes().Value(uri); got != x {
		t.Errorf("the device has %d octets, want the %d of the document", len(got), len(x))
	}
	if got, want := s.device.Nodes().Value(firstList), "a <text> "+strings.Repeat(" & more", 20); got != want {
		t.Errorf("the device has set %q, want %q", got, want)
	}
	if n := s.device.Execution("Replace", uri, x).Executed; n != 1 {
		t.Errorf("executed %d times", n)
	}
}

func laterOutcome(t *testing.T) {
	s := newSite(t, profiles(1, ""))
	s.device.Declared.Delay = 1
	r, err := s.want[0].Request()
	s.want = nil
	s.enqueue("good", r, err)
	broken := r.Clone()
	broken.Ops[0].Value = omadm.Text(strings.TrimSuffix(broken.Ops[0].Value.Data.Value, ">"))
	report := s.visitTolerant("broken", broken)
	if len(report.Violations) != 1 || report.Violations[0].Row != "R-3" { // the device says so, too
		t.Errorf("got %v", report.Violations)
	}
	if _, kind, status := s.outcome("good"); kind != omadm.Done || status != omadm.StatusOK {
		t.Errorf("a document that is well formed: got %v, %v", kind, status)
	}
	if _, kind, status := s.outcome("broken"); kind != omadm.Failed || status != omadm.StatusCommandFailed {
		t.Errorf("a document that is not: got %v, %v", kind, status)
	}
	if got := s.device.Nodes().Value(firstList); got != "" {
		t.Errorf("carried out before the session was over: %q", got)
	}
	s.visit()
	if got := s.device.Nodes().Value(firstList); got == "" {
		t.Error("never carried out")
	}
	if got, err := s.result("result", dc.Ref{ID: id}); err != nil || got.State != dc.StateSet {
		t.Errorf("got %+v, %v", got, err)
	}
}

// visitTolerant lets the device come for a request that breaks a rule.
func (s *site) visitTolerant(id omadm.RequestID, r omadm.Request) simdevice.Report {
	s.t.Helper()
	s.enqueue(id, r, nil)
	report, err := s.device.Session(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	return report
}

func readResults(t *testing.T) {
	s := newSite(t, profiles(60, ""))
	s.device.Declared.Apply = func(d *simdevice.DeclaredSetting) omadm.Status {
		if strings.HasSuffix(d.URI, "Office%207/PluginProfile/ServerUrlList") {
			return omadm.StatusNotFound
		}
		return omadm.StatusOK
	}
	s.visit()
	if _, err := s.result("early", dc.Ref{ID: other}); err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("of a document that is not there: got error %v", err)
	}
	got, err := s.result("result", s.want[0].Ref())
	if err != nil {
		t.Fatal(err)
	}
	if got.ID != id || got.Scenario != dc.VPN || got.Checksum != s.want[0].EffectiveChecksum() || got.State != dc.StateSetFailed ||
		got.ResultChecksum == "" || got.At.IsZero() || got.Operation != "Set" || len(got.Providers) != 1 || len(got.Providers[0].Settings) != 60 {
		t.Fatalf("got %+v", got)
	}
	for i, setting := range got.Providers[0].Settings {
		want := dc.Outcome{Status: omadm.StatusOK, State: dc.StateSet}
		if i == 7 {
			want = dc.Outcome{Status: omadm.StatusNotFound, State: dc.StateSetFailed}
		}
		if setting.Path != s.want[0].Providers[0].Settings[i].Path || setting.Outcome != want {
			t.Errorf("setting %d: got %+v, want %+v", i, setting, want)
		}
	}
}

func readAlerts(t *testing.T) {
	s := newSite(t, profiles(1, ""))
	s.visit()
	if s.alerts != 0 {
		t.Errorf("got %d alerts in the session that brought the document", s.alerts)
	}
	for range 3 {
		s.visit()
		if s.alerts != 1 {
			t.Errorf("got %d alerts", s.alerts)
		}
	}
	entries, err := s.store.Results(t.Context(), "", 1<<16)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, e := range entries {
		if e.Event == nil || omadm.AlertType(e.Event.Type) != omadm.TypeDeclaredConfig {
			continue
		}
		n++
		got, err := dc.ReadAlert(*e.Event)
		if err != nil || e.Event.Alert != omadm.AlertClientEvent || e.Event.Data.Kind != syncml.MarkupData || len(got) != 1 ||
			got[0].ID != id || got[0].Checksum != s.want[0].EffectiveChecksum() || got[0].ResultChecksum == "" || got[0].State != dc.StateSet {
			t.Errorf("got %+v, %v of %v", got, err, e.Event)
		}
	}
	if n != 3 {
		t.Errorf("the store has %d alerts, want 3", n)
	}
}

func unchanged(t *testing.T) {
	s := newSite(t, profiles(40, "one"))
	s.visit()
	for range 2 {
		s.visit()
		if s.messages != 1 || s.parts != 0 || len(s.changes.Send) != 0 {
			t.Errorf("got %d messages, %d parts, want one message that ends the session", s.messages, s.parts)
		}
	}
	s.want = append(s.want, profiles(1, "two"))
	s.want[1].ID = other
	s.want[1].Providers[0].Settings[0].Path = "Other/PluginProfile/ServerUrlList"
	s.visit()
	if len(s.changes.Send) != 1 || s.changes.Send[0].ID != other {
		t.Errorf("one more document: sent %+v", s.changes.Send)
	}
	s.want[0] = profiles(40, "three")
	s.visit()
	if len(s.changes.Send) != 1 || s.changes.Send[0].ID != id {
		t.Errorf("one that changed: sent %+v", s.changes.Send)
	}
	s.visit()
	if len(s.changes.Send) != 0 || !strings.HasPrefix(s.device.Nodes().Value(firstList), "three") {
		t.Errorf("the device has %q", s.device.Nodes().Value(firstList))
	}
}

func transient(t *testing.T) {
	s := newSite(t, profiles(1, ""))
	s.device.Declared.Delay = 2
	s.device.Declared.Apply = func(*simdevice.DeclaredSetting) omadm.Status { return omadm.StatusCommandFailed }
	s.visit()
	for i, want := range []string{"waiting", "waiting", "failed", "failed"} {
		s.visit()
		waiting, failed := len(s.changes.Waiting) == 1, len(s.changes.Failed) == 1
		if s.messages != 1 || waiting != (want == "waiting") || failed != (want == "failed") {
			t.Errorf("visit %d: got %d messages and %+v, want %s and nothing sent", i, s.messages, s.changes, want)
		}
	}
	s.want[0].Checksum = "another try"
	s.visit()
	if len(s.changes.Send) != 1 {
		t.Errorf("with another checksum: got %+v", s.changes)
	}
}

func deleted(t *testing.T) {
	s := newSite(t, profiles(1, ""))
	ref := s.want[0].Ref()
	nodes := s.device.Nodes()
	s.visit()
	set := nodes.Value(firstList)
	drift := func() string {
		nodes.Put(firstList, simdevice.Node{Value: syncml.Text("drift")})
		s.visit()
		return nodes.Value(firstList)
	}
	if got := drift(); got != set {
		t.Errorf("the device keeps %q", got)
	}
	r, err := ref.Abandon()
	s.enqueue("abandon", r, err)
	s.visit()
	if got := drift(); got != "drift" || nodes.Value(string(ref.DocumentURI())) == "" {
		t.Errorf("abandoned: the device has brought it back to %q", got)
	}
	r, err = ref.Resume()
	s.enqueue("resume", r, err)
	s.visit()
	if got := nodes.Value(firstList); got != set {
		t.Errorf("resumed: the device has %q", got)
	}
	s.want = nil
	s.visit()
	if len(s.changes.Unwanted) != 1 || s.changes.Unwanted[0] != ref {
		t.Fatalf("got %+v, want the document that is not wanted any more", s.changes)
	}
	r, err = s.changes.Unwanted[0].Delete()
	s.enqueue("delete", r, err)
	s.visit()
	if got := nodes.Value(firstList); got != set || nodes.Value(string(ref.DocumentURI())) != "" {
		t.Errorf("deleted: the device has %q, want the setting and no document", got)
	}
	s.visit()
	if s.alerts != 1 || len(s.changes.Unwanted) != 0 {
		t.Errorf("deleted: got %d alerts and %+v, want one that says so", s.alerts, s.changes)
	}
	for _, id := range []omadm.RequestID{"abandon", "resume", "delete"} {
		if _, kind, _ := s.outcome(id); kind != omadm.Done {
			t.Errorf("%s: got %v", id, kind)
		}
	}
}

func nothingElse(t *testing.T) {
	s := newSite(t, profiles(1, ""))
	man := omadm.Request{ID: "man", Ops: []omadm.Op{{Verb: omadm.Get, URI: "./DevInfo/Man"}}}
	err := s.queue.Enqueue(t.Context(), deviceID, man)
	if e := (*omadm.RequestError)(nil); !errors.As(err, &e) || e.Request != "man" || e.Op != 0 {
		t.Errorf("queue: got error %v", err)
	}
	man.ID = "of the Director"
	s.more = []omadm.Request{man}
	s.visit()
	if !strings.Contains(s.log.String(), "DeclaredConfiguration") {
		t.Errorf("director: the log does not say that the request was refused: %s", s.log.String())
	}
	for _, e := range s.device.Executions() {
		if !strings.HasPrefix(e.LocURI, "./Device/Vendor/MSFT/DeclaredConfiguration/") {
			t.Errorf("the device was asked for %s of %s", e.Verb, e.LocURI)
		}
	}
	if n := len(s.device.Executions()); n != 1 {
		t.Errorf("%d commands, want that of the document", n)
	}

	// The device notices, too, when nobody checks.
	s.queue.Check = nil
	man.ID = "unchecked"
	report := s.visitTolerant("unchecked", man)
	if len(report.Violations) == 0 || report.Violations[0].Row != "R-11" {
		t.Errorf("got %v", report.Violations)
	}
}

func kindsAndContexts(t *testing.T) {
	user, inventory := profiles(1, "of the user"), profiles(1, "")
	user.Context = omadm.UserScope
	inventory.ID, inventory.Kind = other, dc.Inventory
	inventory.Providers[0].Settings[0].Value = omadm.Value{}
	s := newSite(t, profiles(1, "of the device"), user, inventory)
	s.visit()
	s.visit()
	if len(s.changes.Send)+len(s.changes.Unwanted) != 0 || s.alerts != 1 {
		t.Errorf("got %+v", s.changes)
	}
	if got := s.device.Nodes().Value(strings.Replace(firstList, "./", "./User/", 1)); !strings.HasPrefix(got, "of the user") {
		t.Errorf("the user has %q", got)
	}
	got, err := s.result("inventory", inventory.Ref())
	if err != nil || got.Operation != "Get" || got.State != dc.StateGot || len(got.Providers) != 1 {
		t.Fatalf("got %+v, %v", got, err)
	}
	if text, err := got.Providers[0].Settings[0].Value.Text(); err != nil || !strings.HasPrefix(text, "of the device") {
		t.Errorf("got %q, %v", text, err)
	}
	if got, err := s.result("of the user", user.Ref()); err != nil || got.Context != omadm.UserScope || got.State != dc.StateSet {
		t.Errorf("got %+v, %v", got, err)
	}
}
