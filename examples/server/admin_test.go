package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
	"github.com/gomadm/gomadm/session/memstore"
)

// TestAdminAnswers sends one request each to a server that knows the device d with the request r.
func TestAdminAnswers(t *testing.T) {
	const op = `{"verb":"Get","uri":"./DevDetail/SwV"}`
	tests := []struct {
		name, method, path, body string
		want                     int
		wantBody                 string // part of it
	}{
		{"register", "PUT", "/devices/new", "", 201, `{"id":"new","facts":{}}`},
		{"register again", "PUT", "/devices/d", "", 200, `{"id":"d","facts":{}}`},
		{"register by name", "POST", "/devices", `{"id":"{a/b}"}`, 201, `"id":"{a/b}"`},
		{"register without a name", "POST", "/devices", `{}`, 400, `{"error":`},
		{"register with an unknown field", "POST", "/devices", `{"id":"x","name":"y"}`, 400, `unknown field`},
		{"device", "GET", "/devices/d", "", 200, `{"id":"d","facts":{}}`},
		{"unknown device", "GET", "/devices/nobody", "", 404, `{"error":`},
		{"unregister", "DELETE", "/devices/d", "", 204, ""},
		{"unregister an unknown device", "DELETE", "/devices/nobody", "", 204, ""},

		{"enqueue", "POST", "/devices/d/requests", `{"id":"n","ops":[` + op + `]}`, 201, `{"id":"n"}`},
		{"enqueue without an id", "POST", "/devices/d/requests", `{"ops":[` + op + `]}`, 201, `{"id":"`},
		{"enqueue the same again", "POST", "/devices/d/requests", `{"id":"r","ops":[` + op + `]}`, 201, `{"id":"r"}`},
		{"enqueue another of that id", "POST", "/devices/d/requests", `{"id":"r","ops":[` + op + `,` + op + `]}`, 409, `{"error":`},
		{"enqueue for an unknown device", "POST", "/devices/nobody/requests", `{"id":"n","ops":[` + op + `]}`, 404, `{"error":`},
		{"enqueue all there is", "POST", "/devices/d/requests", `{"id":"n","group":"Atomic","delivery":"at-least-once","priority":-1,
			"notBefore":"2030-01-01T00:00:00Z","expires":"2031-01-01T00:00:00Z","maxAttempts":3,"user":"u",
			"ops":[{"verb":"replace","uri":"./User/Vendor/MSFT/X","format":"xml","type":"text/plain","value":"<a/>"}]}`, 201, `{"id":"n"}`},
		{"enqueue nothing", "POST", "/devices/d/requests", `{"id":"n"}`, 400, `{"error":`},
		{"enqueue a wrong address", "POST", "/devices/d/requests", `{"ops":[{"verb":"Get","uri":"./a//b"}]}`, 400, `{"error":`},
		{"enqueue an unknown verb", "POST", "/devices/d/requests", `{"ops":[{"verb":"Put","uri":"./a"}]}`, 400, `operation 0: unknown verb`},
		{"enqueue no verb", "POST", "/devices/d/requests", `{"ops":[{"uri":"./a"}]}`, 400, `operation 0: unknown verb`},
		{"enqueue an unknown group", "POST", "/devices/d/requests", `{"group":"some","ops":[` + op + `]}`, 400, `group`},
		{"enqueue an unknown delivery", "POST", "/devices/d/requests", `{"delivery":"maybe","ops":[` + op + `]}`, 400, `delivery`},
		{"enqueue an unknown field", "POST", "/devices/d/requests", `{"op":[` + op + `]}`, 400, `unknown field`},
		{"enqueue Get in an Atomic", "POST", "/devices/d/requests", `{"group":"atomic","ops":[` + op + `]}`, 400, `Get in an Atomic`},
		{"enqueue two values", "POST", "/devices/d/requests", `{"ops":[` + op + `]} {}`, 400, `more than one value`},
		{"enqueue no JSON", "POST", "/devices/d/requests", `id=n`, 400, `{"error":`},
		{"enqueue too much", "POST", "/devices/d/requests", `{"id":"` + strings.Repeat("x", maxAdminBody) + `"}`, 413, `{"error":`},

		{"enqueue nothing", "POST", "/devices/d/requests", "", 400, `"body: is empty"`},
		{"enqueue a list", "POST", "/devices/d/requests", `[]`, 400, `"body: the whole has to be an object, and is: array"`},
		{"enqueue a number", "POST", "/devices/d/requests", `{"ops":[{"verb":"Replace","uri":"./a","value":7}]}`, 400,
			`"body: ops.value has to be a string, and is: number"`},
		{"enqueue a text for a number", "POST", "/devices/d/requests", `{"priority":"high"}`, 400, `"body: priority has to be a whole number, and is: string"`},

		{"pending request", "GET", "/devices/d/requests/r", "", 200, `{"state":"pending"}`},
		{"request held back", "GET", "/devices/d/requests/later", "", 200, `{"state":"pending"}`},
		{"unknown request", "GET", "/devices/d/requests/nothing", "", 404, `{"error":`},
		{"request of an unknown device", "GET", "/devices/nobody/requests/r", "", 404, `{"error":`},

		{"enqueue two", "POST", "/devices/d/batch", `{"requests":[{"id":"m","ops":[` + op + `]},{"id":"n","ops":[` + op + `]}]}`, 201, `{"ids":["m","n"]}`},
		{"enqueue two without ids", "POST", "/devices/d/batch", `{"requests":[{"ops":[` + op + `]},{"ops":[` + op + `]}]}`, 201, `{"ids":["`},
		{"enqueue two, one wrong", "POST", "/devices/d/batch", `{"requests":[{"ops":[` + op + `]},{"ops":[{"verb":"Put"}]}]}`, 400, `request 1: operation 0: unknown verb`},
		{"enqueue two, one for no device", "POST", "/devices/d/batch", `{"requests":[{"ops":[` + op + `]},{"ops":[{"verb":"Get","uri":"./a//b"}]}]}`, 400, `{"error":`},
		{"enqueue none", "POST", "/devices/d/batch", `{"requests":[]}`, 400, `there are no requests`},

		{"cancel", "DELETE", "/devices/d/requests/r", "", 204, ""},
		{"cancel a request held back", "DELETE", "/devices/d/requests/later", "", 204, ""},
		{"cancel an unknown request", "DELETE", "/devices/d/requests/nothing", "", 404, `{"error":`},
		{"cancel a request of an unknown device", "DELETE", "/devices/nobody/requests/r", "", 404, `{"error":`},

		{"devices", "GET", "/devices", "", 200, `{"devices":["d"],"next":"d"}`},
		{"devices behind the last", "GET", "/devices?after=d", "", 200, `{"devices":[],"next":"d"}`},
		{"devices of a wrong limit", "GET", "/devices?limit=x", "", 400, `{"error":`},
		{"no sessions", "GET", "/devices/d/sessions", "", 200, `{"sessions":[]}`},
		{"queue of a wrong cursor", "GET", "/devices/d/requests?after=x", "", 400, `{"error":`},
		{"no history", "GET", "/devices/d/history", "", 200, `{"entries":[],"next":""}`},
		{"history of a wrong cursor", "GET", "/devices/d/history?after=x", "", 400, `{"error":`},
		{"no channel", "GET", "/devices/d/channel", "", 404, `{"error":`},
		{"channel of an unknown device", "GET", "/devices/nobody/channel", "", 404, `{"error":`},
		{"channel without an address", "PUT", "/devices/d/channel", `{}`, 400, `uri is empty`},
		{"prune without a cursor", "POST", "/prune", `{}`, 400, `through is empty`},
		{"prune a wrong cursor", "POST", "/prune", `{"through":"x"}`, 400, `{"error":`},

		{"no results", "GET", "/results", "", 200, `{"entries":[],"next":""}`},
		{"results of a wrong cursor", "GET", "/results?after=x", "", 400, `{"error":`},
		{"results of a wrong limit", "GET", "/results?limit=0", "", 400, `{"error":`},
		{"results of too large a limit", "GET", "/results?limit=1001", "", 400, `{"error":`},

		{"unknown path", "GET", "/nothing", "", 404, `{"error":"Not Found"}`},
		{"wrong method", "PATCH", "/devices/d", "", 405, `{"error":"Method Not Allowed"}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newSite(t)
			s.must(http.StatusCreated, "PUT", "/admin/devices/d", "")
			s.must(http.StatusCreated, "POST", "/admin/devices/d/requests", `{"id":"r","ops":[`+op+`]}`)
			s.must(http.StatusCreated, "POST", "/admin/devices/d/requests", `{"id":"later","notBefore":"2999-01-01T00:00:00Z","ops":[`+op+`]}`)
			a := s.do(tt.method, "/admin"+tt.path, tt.body)
			if a.status != tt.want || !strings.Contains(string(a.body), tt.wantBody) {
				t.Fatalf("got %d %s, want %d %s", a.status, a.body, tt.want, tt.wantBody)
			}
			if len(a.body) > 0 && (a.header.Get("Content-Type") != "application/json" || !json.Valid(a.body)) {
				t.Errorf("body is not JSON: %s %s", a.header.Get("Content-Type"), a.body)
			}
		})
	}
}

// TestAdminNames registers devices under names of all kinds, queues a request and finds it again.
func TestAdminNames(t *testing.T) {
	for _, name := range []string{
		"{unique device id}", exampleDevice, "a/b", "a//b", "..", "%41", "x?y#z", "ä ö", "+", "requests",
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			path := "/admin/devices/" + segment(name)
			s.must(http.StatusCreated, "PUT", path, "")
			a := s.must(http.StatusCreated, "POST", path+"/requests", fmt.Sprintf(`{"id":%q,"ops":[{"verb":"Get","uri":"./A"}]}`, name))
			if got, want := a.header.Get("Location"), path+"/requests/"+segment(name); got != want {
				t.Errorf("Location %q, want %q", got, want)
			}
			s.must(http.StatusOK, "GET", a.header.Get("Location"), "")
			var d deviceJSON
			s.json(s.must(http.StatusOK, "GET", path, ""), &d)
			if string(d.ID) != name {
				t.Errorf("got id %q", d.ID)
			}
		})
	}
}

// TestAdminRegisterKeepsFacts registers a device again that has told what it is.
func TestAdminRegisterKeepsFacts(t *testing.T) {
	s := exampleSite(t)
	s.exchange(example(t, "01"))
	var d deviceJSON
	s.json(s.must(http.StatusOK, "PUT", "/admin/devices/"+exampleDevice, ""), &d)
	if got := d.Facts["./DevInfo/Mod"]; got != "ED-1" {
		t.Errorf("model is %q after the device was registered again", got)
	}
}

// TestAdminUnregister takes a device away with all that is kept of it.
func TestAdminUnregister(t *testing.T) {
	s := exampleSite(t)
	s.queue(getVersion)
	s.exchange(example(t, "01"))
	s.exchange(example(t, "03"))
	s.progress(exampleDevice, "r1")
	s.must(http.StatusNoContent, "DELETE", "/admin/devices/"+exampleDevice, "")
	if a := s.post(example(t, "01")); a.status != http.StatusForbidden {
		t.Errorf("device is answered %d", a.status)
	}
	s.must(http.StatusCreated, "PUT", "/admin/devices/"+exampleDevice, "")
	s.must(http.StatusNotFound, "GET", "/admin/devices/"+exampleDevice+"/requests/r1", "")
}

// TestAdminResults reads results page by page.
func TestAdminResults(t *testing.T) {
	s := exampleSite(t)
	s.queue(getVersion)
	s.exchange(example(t, "01"))
	s.exchange(example(t, "03"))
	var kinds []string
	for after := ""; ; {
		var page struct {
			Entries []entryJSON
			Next    string
		}
		s.json(s.must(http.StatusOK, "GET", "/admin/results?limit=1&after="+url.QueryEscape(after), ""), &page)
		if len(page.Entries) == 0 {
			break
		}
		e := page.Entries[0]
		switch {
		case e.Outcome != nil:
			kinds = append(kinds, "outcome "+e.Outcome.Kind)
		case e.Result != nil && e.Result.Status != 0:
			kinds = append(kinds, fmt.Sprint("status ", int(e.Result.Status)))
		case e.Result != nil:
			kinds = append(kinds, "value "+*e.Result.Items[0].Value)
		}
		after = page.Next
	}
	if got, want := strings.Join(kinds, ", "), "status 200, value 7.4.1, outcome done"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestAdminDevices reads the ids of devices page by page.
func TestAdminDevices(t *testing.T) {
	s := newSite(t)
	for _, name := range []string{"c", "a", "a/b", "b"} {
		s.must(http.StatusCreated, "PUT", "/admin/devices/"+segment(name), "")
	}
	var got []string
	for after := ""; ; {
		var page struct {
			Devices []string
			Next    string
		}
		s.json(s.must(http.StatusOK, "GET", "/admin/devices?limit=3&after="+url.QueryEscape(after), ""), &page)
		if len(page.Devices) == 0 {
			break
		}
		got, after = append(got, page.Devices...), page.Next
	}
	if want := []string{"a", "a/b", "b", "c"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// queued reads the queue of the device of the examples, two requests to a page.
func (s site) queued() []queuedJSON {
	s.t.Helper()
	var list []queuedJSON
	for after := ""; ; {
		var page struct {
			Requests []queuedJSON
			Next     string
		}
		s.json(s.must(http.StatusOK, "GET", "/admin/devices/"+exampleDevice+"/requests?limit=2&after="+url.QueryEscape(after), ""), &page)
		if len(page.Requests) == 0 {
			return list
		}
		list, after = append(list, page.Requests...), page.Next
	}
}

// TestAdminQueue follows requests through the queue: what waits, what is on its way, what may be canceled.
func TestAdminQueue(t *testing.T) {
	const device = "/admin/devices/" + exampleDevice
	s := exampleSite(t)
	s.queue(getVersion)
	s.must(http.StatusCreated, "POST", device+"/batch", `{"requests":[
		{"id":"later","notBefore":"2999-01-01T00:00:00Z","group":"atomic","ops":[`+setCamera+`]},
		{"id":"much later","notBefore":"2999-01-01T00:00:00Z","ops":[`+getVersion+`]}]}`)
	states := func() string {
		var list []string
		for _, q := range s.queued() {
			list = append(list, fmt.Sprint(q.ID, " ", q.State, " ", q.Session, " ", q.Attempts))
		}
		return strings.Join(list, ", ")
	}
	if got, want := states(), "r1 waiting  0, later waiting  0, much later waiting  0"; got != want {
		t.Errorf("at first:\n got %s\nwant %s", got, want)
	}
	s.exchange(example(t, "01"))
	if got, want := states(), "r1 leased :1 1, later waiting  0, much later waiting  0"; got != want {
		t.Errorf("in the session:\n got %s\nwant %s", got, want)
	}
	if a := s.must(http.StatusConflict, "DELETE", device+"/requests/r1", ""); !strings.Contains(string(a.body), "on its way") {
		t.Errorf("canceled: %s", a.body)
	}
	s.must(http.StatusNoContent, "DELETE", device+"/requests/later", "")
	if a := s.must(http.StatusConflict, "DELETE", device+"/requests/later", ""); !strings.Contains(string(a.body), "is over") {
		t.Errorf("canceled again: %s", a.body)
	}
	if p := s.progress(exampleDevice, "later"); p.Outcome == nil || p.Outcome.Kind != "canceled" {
		t.Errorf("got outcome %+v, want canceled", p.Outcome)
	}
	s.exchange(example(t, "03"))
	if got, want := states(), "much later waiting  0"; got != want {
		t.Errorf("at last:\n got %s\nwant %s", got, want)
	}
	if got := s.scrape()[`gomadm_outcomes_total{kind="canceled"}`]; got != "1" {
		t.Errorf("%q canceled requests are counted, want 1", got)
	}
}

// TestAdminQueueHidesValues looks for a password in what the queue shows.
func TestAdminQueueHidesValues(t *testing.T) {
	s := exampleSite(t)
	s.queue(`{"verb":"Replace","uri":"./Vendor/Fabrikam/Password","value":"s3cret"}`)
	if a := s.must(http.StatusOK, "GET", "/admin/devices/"+exampleDevice+"/requests", ""); strings.Contains(string(a.body), "s3cret") {
		t.Errorf("got %s", a.body)
	}
}

// TestAdminBatchIsOne finds nothing of a batch that has one request too many.
func TestAdminBatchIsOne(t *testing.T) {
	s := exampleSite(t)
	s.queue(getVersion)
	s.must(http.StatusConflict, "POST", "/admin/devices/"+exampleDevice+"/batch", `{"requests":[{"id":"new","ops":[`+getVersion+`]},{"id":"r1","ops":[`+getMaker+`]}]}`)
	s.must(http.StatusNotFound, "GET", "/admin/devices/"+exampleDevice+"/requests/new", "")
}

// TestAdminSessions shows a session while it is open and when it ended.
func TestAdminSessions(t *testing.T) {
	s := exampleSite(t)
	s.queue(getVersion)
	sessions := func() []sessionJSON {
		var page struct{ Sessions []sessionJSON }
		s.json(s.must(http.StatusOK, "GET", "/admin/devices/"+exampleDevice+"/sessions", ""), &page)
		return page.Sessions
	}
	s.exchange(example(t, "01"))
	got := sessions()
	if len(got) != 1 || got[0].ID != "1" || got[0].Messages != 1 || !got[0].Ended.IsZero() || got[0].MaxMsgSize != 16384 ||
		!slices.Equal(got[0].Requests, []omadm.RequestID{"r1"}) {
		t.Errorf("open: got %+v", got)
	}
	s.exchange(example(t, "03"))
	if got := sessions(); len(got) != 1 || got[0].Messages != 2 || got[0].Ended.IsZero() || len(got[0].Requests) > 0 {
		t.Errorf("ended: got %+v", got)
	}
}

// A database that hangs at one registration holds another no longer than its own deadline.
func TestRegistrationDoesNotWaitForOneThatHangs(t *testing.T) {
	b := &broken{store: new(memstore.Store), entered: make(chan struct{})}
	b.hangs.Store(true)
	a := newAdmin(b, nil, nil)
	put := func(ctx context.Context) int {
		w := httptest.NewRecorder()
		a.ServeHTTP(w, httptest.NewRequestWithContext(ctx, http.MethodPut, "/admin/devices/pc", nil))
		return w.Code
	}
	first, stop := context.WithTimeout(t.Context(), 10*time.Second) // so that a failure does not hang
	done := make(chan int)
	go func() { defer close(done); put(first) }()
	<-b.entered
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if got := put(over); got != http.StatusServiceUnavailable {
		t.Errorf("registration without time: got status %d, want 503", got)
	}
	select {
	case <-done:
		t.Error("registration without time: it waited for another")
	default:
	}
	stop()
	<-done
}

// unlisted is a store whose results of all devices nobody may read.
type unlisted struct {
	store
	t *testing.T
}

func (u unlisted) Results(context.Context, session.Cursor, int) ([]session.Entry, error) {
	u.t.Error("the results of all devices are read")
	return nil, nil
}

// TestAdminHistory reads what came of the requests of one device, and of one request, and nothing of others.
func TestAdminHistory(t *testing.T) {
	s := siteOn(t, database{store: unlisted{new(memstore.Store), t}})
	for _, name := range []string{"d", exampleDevice} {
		s.must(http.StatusCreated, "PUT", "/admin/devices/"+name, "")
		s.must(http.StatusCreated, "POST", "/admin/devices/"+name+"/requests", `{"id":"r1","ops":[`+getVersion+`]}`)
	}
	s.must(http.StatusNoContent, "DELETE", "/admin/devices/d/requests/r1", "")
	s.exchange(example(t, "01"))
	s.exchange(example(t, "03"))
	for name, want := range map[string]int{"d": 1, exampleDevice: 3} {
		n := 0
		for after := ""; ; n++ {
			var page struct {
				Entries []entryJSON
				Next    string
			}
			s.json(s.must(http.StatusOK, "GET", "/admin/devices/"+name+"/history?limit=1&after="+url.QueryEscape(after), ""), &page)
			if len(page.Entries) == 0 {
				break
			}
			if got := string(page.Entries[0].Device); got != name {
				t.Errorf("history of %s has an entry of %s", name, got)
			}
			after = page.Next
		}
		if n != want {
			t.Errorf("history of %s has %d entries, want %d", name, n, want)
		}
	}
	if p := s.progress(exampleDevice, "r1"); p.Outcome == nil || p.Outcome.Kind != "done" || len(p.Results) != 2 {
		t.Errorf("got %+v", p)
	}
}

// TestAdminPrune forgets results up to a cursor, and reads on behind it.
func TestAdminPrune(t *testing.T) {
	s := exampleSite(t)
	s.queue(getVersion)
	s.exchange(example(t, "01"))
	s.exchange(example(t, "03"))
	type page struct {
		Entries []entryJSON
		Next    string
	}
	var two, rest page
	s.json(s.must(http.StatusOK, "GET", "/admin/results?limit=2", ""), &two)
	a := s.must(http.StatusOK, "POST", "/admin/prune", fmt.Sprintf(`{"through":%q}`, two.Next))
	if got, want := strings.TrimSpace(string(a.body)), `{"pruned":2,"done":true}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for _, after := range []string{"", two.Next} {
		s.json(s.must(http.StatusOK, "GET", "/admin/results?after="+url.QueryEscape(after), ""), &rest)
		if len(rest.Entries) != 1 || rest.Entries[0].Outcome == nil {
			t.Errorf("after %q: got %+v, want the outcome", after, rest.Entries)
		}
	}
}

// TestAdminChannel sets, shows and removes the push channel of a device.
func TestAdminChannel(t *testing.T) {
	const path = "/admin/devices/" + exampleDevice + "/channel"
	s := exampleSite(t)
	for _, c := range []string{
		`{"uri":"https://push.example.test/1"}`, `{"uri":"https://push.example.test/2","expires":"2030-01-01T00:00:00Z"}`,
	} {
		s.must(http.StatusNoContent, "PUT", path, c)
		if got := strings.TrimSpace(string(s.must(http.StatusOK, "GET", path, "").body)); got != c {
			t.Errorf("got %s, want %s", got, c)
		}
	}
	s.must(http.StatusOK, "PUT", "/admin/devices/"+exampleDevice, "") // registered already: keeps it
	s.must(http.StatusOK, "GET", path, "")
	s.must(http.StatusNoContent, "DELETE", path, "")
	s.must(http.StatusNotFound, "GET", path, "")
}

func TestAdminAdmits(t *testing.T) {
	token := []string{"-token", "s3cret"}
	proxies := []string{"-forwarded-proxies", "127.0.0.1/32"}
	tests := []struct {
		name   string
		args   []string
		header []string
		want   int
	}{
		{"this machine", nil, nil, 200},
		{"this machine by name", nil, []string{"Host", "localhost"}, 200},
		{"another name of this machine", nil, []string{"Host", "dm.example.test"}, 403},
		{"a web page", nil, []string{"Origin", "https://other.example.test"}, 200}, // it may ask, not change
		{"behind a proxy", proxies, nil, 403},
		{"behind a proxy with the token", append(token, proxies...), []string{"Authorization", "Bearer s3cret"}, 200},
		{"token", token, []string{"Authorization", "Bearer s3cret"}, 200},
		{"token of another scheme", token, []string{"Authorization", "Basic s3cret"}, 401},
		{"no token", token, nil, 401},
		{"wrong token", token, []string{"Authorization", "Bearer s3cret2"}, 401},
		{"empty token", token, []string{"Authorization", "Bearer "}, 401},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := newSite(t, tt.args...).do("GET", "/admin/results", "", tt.header...)
			if a.status != tt.want {
				t.Errorf("got %d %s, want %d", a.status, a.body, tt.want)
			}
		})
	}
}

func TestAdminRefusesWebPages(t *testing.T) {
	a := newSite(t).do("POST", "/admin/devices", `{"id":"x"}`, "Origin", "https://other.example.test")
	if a.status != http.StatusForbidden {
		t.Errorf("got %d %s, want 403", a.status, a.body)
	}
}

// TestAdminAddresses looks at where the listener and the administrator are, as the handler sees them.
func TestAdminAddresses(t *testing.T) {
	tests := []struct {
		listener, remote string
		want             int
	}{
		{"127.0.0.1:80", "127.0.0.1:5000", 200},
		{"[::1]:80", "[::1]:5000", 200},
		{"127.0.0.1:80", "192.0.2.1:5000", 403},
		{"192.0.2.9:80", "127.0.0.1:5000", 403},
		{"0.0.0.0:80", "127.0.0.1:5000", 403},
	}
	for _, tt := range tests {
		t.Run(tt.listener+" from "+tt.remote, func(t *testing.T) {
			addr, err := net.ResolveTCPAddr("tcp", tt.listener)
			if err != nil {
				t.Fatal(err)
			}
			o, err := parse([]string{"-insecure"}, io.Discard)
			if err != nil {
				t.Fatal(err)
			}
			svc, err := newService(o, database{store: new(memstore.Store)}, slog.New(slog.DiscardHandler))
			if err != nil {
				t.Fatal(err)
			}
			r := httptest.NewRequest("GET", "http://localhost/admin/results", nil)
			r.RemoteAddr = tt.remote
			w := httptest.NewRecorder()
			svc.mux(addr).ServeHTTP(w, r)
			if w.Code != tt.want {
				t.Errorf("got %d, want %d", w.Code, tt.want)
			}
		})
	}
}

// TestPath posts to paths: a message is answered wherever devices are, and nowhere else.
func TestPath(t *testing.T) {
	tests := []struct {
		args []string
		path string
		want int
	}{
		{nil, "/", 200}, {nil, "/dm", 200}, {nil, "/any/where?mode=Maintenance", 200}, {nil, "/admin/x", 404},
		{[]string{"-path", "/dm"}, "/dm", 200}, {[]string{"-path", "/dm"}, "/dm/", 200}, {[]string{"-path", "/dm"}, "/", 404},
		{[]string{"-path", "/dm/"}, "/dm", 200},
	}
	for _, tt := range tests {
		t.Run(strings.Join(append(tt.args, tt.path), " "), func(t *testing.T) {
			s := exampleSite(t, tt.args...)
			a := s.do("POST", tt.path, example(t, "01"), "Content-Type", "application/vnd.syncml.dm+xml")
			if a.status != tt.want {
				t.Errorf("got %d, want %d", a.status, tt.want)
			}
		})
	}
}

// TestMaxBody posts a message that is as large as allowed, and one that is an octet larger.
func TestMaxBody(t *testing.T) {
	body := example(t, "01")
	for excess, want := range map[int]int{0: http.StatusOK, 1: http.StatusRequestEntityTooLarge} {
		s := exampleSite(t, "-max-body", strconv.Itoa(len(body)-excess))
		if a := s.post(body); a.status != want {
			t.Errorf("%d octets too many: got %d, want %d", excess, a.status, want)
		}
	}
}

// TestAdminAnswersAreBounded: however much a device says, an answer holds no more of it than fits into memory.
func TestAdminAnswersAreBounded(t *testing.T) {
	const size, events = 3 << 20, 7
	s := exampleSite(t)
	long := strings.Repeat("x", size)
	event := func(n int) string {
		return fmt.Sprintf(`<SyncML xmlns="SYNCML:SYNCML1.2"><SyncHdr><VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto><SessionID>%d</SessionID><MsgID>1</MsgID>`+
			`<Target><LocURI>http://x/</LocURI></Target><Source><LocURI>%s</LocURI></Source></SyncHdr><SyncBody><Alert><CmdID>1</CmdID><Data>1224</Data>`+
			`<Item><Meta><Type xmlns="syncml:metinf">com.example.long</Type></Meta><Data>%s</Data></Item></Alert><Final/></SyncBody></SyncML>`, n, exampleDevice, long)
	}
	for n := range events {
		s.exchange(event(n))
	}
	n := 0
	for after := ""; ; {
		var page struct {
			Entries []entryJSON
			Next    string
		}
		a := s.must(http.StatusOK, "GET", "/admin/results?limit=1000&after="+url.QueryEscape(after), "")
		if len(a.body) > maxAnswer+2*size {
			t.Errorf("%d octets", len(a.body))
		}
		s.json(a, &page)
		if len(page.Entries) == 0 {
			break
		}
		n, after = n+len(page.Entries), page.Next
	}
	if n != events {
		t.Errorf("%d entries", n)
	}

	s.queue(getVersion)
	value := strings.Replace(example(t, "03"), "7.4.1", strings.Repeat("7", size), 1)
	s.exchange(example(t, "01"))
	begin, end := strings.Index(value, "<Results>"), strings.Index(value, "</Results>")+len("</Results>")
	if begin < 0 || !strings.Contains(value, strings.Repeat("7", size)) {
		t.Fatal("the example has no value to make longer")
	}
	many := value[:begin] + strings.Repeat(value[begin:end], 2) + strings.Replace(value[end:], "<Final/>", "", 1)
	for n := range maxAnswer/size + 1 {
		s.exchange(strings.Replace(many, "<MsgID>2</MsgID>", fmt.Sprintf("<MsgID>%d</MsgID>", n+2), 1))
	}
	if got := s.do("GET", "/admin/devices/"+exampleDevice+"/requests/r1", "").status; got != http.StatusServiceUnavailable {
		t.Errorf("status %d", got)
	}
}
