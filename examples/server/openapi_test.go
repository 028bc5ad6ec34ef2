package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
	"github.com/gomadm/gomadm/session/memstore"
	"github.com/gomadm/gomadm/session/sqlstore"
)

// contract is openapi.yaml with a mux that finds the operation of a request.
type contract struct {
	doc *openapi3.T
	mux *http.ServeMux
}

// theContract is read once: all that the tests of this package send to the administrator's endpoint is held against it.
var theContract = sync.OnceValues(func() (*contract, error) {
	doc, err := openapi3.NewLoader().LoadFromData(description)
	if err != nil {
		return nil, err
	}
	if err := doc.Validate(context.Background()); err != nil {
		return nil, err
	}
	c := &contract{doc, http.NewServeMux()}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			c.mux.Handle(method+" "+path, operation{routers.Route{Spec: doc, Path: path, PathItem: item, Method: method, Operation: op}})
		}
	}
	return c, nil
})

// operation answers a request with what the description says of it.
type operation struct{ route routers.Route }

func (o operation) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	found := w.(*finding)
	found.route, found.params = &o.route, make(map[string]string)
	for _, name := range []string{"device", "request"} {
		if v := r.PathValue(name); v != "" {
			found.params[name] = v
		}
	}
}

// finding is where an operation leaves itself.
type finding struct {
	http.ResponseWriter
	route  *routers.Route
	params map[string]string
}

// check holds a call against the description. It returns the operation and the status, "" if nothing is said of the path.
func (c *contract) check(method, path, body string, header http.Header, a answer) (string, error) {
	r := httptest.NewRequest(method, "http://localhost"+path, strings.NewReader(body))
	r.Header = header
	found := &finding{ResponseWriter: httptest.NewRecorder()}
	c.mux.ServeHTTP(found, r)
	if found.route == nil {
		return "", nil
	}
	if body != "" && r.Header.Get("Content-Type") == "" {
		r.Header = r.Header.Clone()
		r.Header.Set("Content-Type", "application/json")
	}
	in := &openapi3filter.RequestValidationInput{
		Request: r, PathParams: found.params, Route: found.route,
		Options: &openapi3filter.Options{
			IncludeResponseStatus: true, SkipSettingDefaults: true, AuthenticationFunc: openapi3filter.NoopAuthenticationFunc,
		},
	}
	name := fmt.Sprint(found.route.Operation.OperationID, " ", a.status)
	if a.status < 300 {
		if err := openapi3filter.ValidateRequest(r.Context(), in); err != nil {
			return name, fmt.Errorf("answered %d, but the description does not allow the request: %w", a.status, err)
		}
	}
	out := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: in, Status: a.status, Header: a.header, Body: io.NopCloser(bytes.NewReader(a.body)), Options: in.Options,
	}
	if err := openapi3filter.ValidateResponse(r.Context(), out); err != nil {
		return name, fmt.Errorf("the description does not allow the answer: %w", err)
	}
	if content := found.route.Operation.Responses.Status(a.status).Value.Content; len(content) == 0 && len(a.body) > 0 {
		return name, errors.New("the description knows of no body")
	}
	return name, nil
}

// seen are the operations and statuses that a test has met, by site.
type seen map[string]bool

// described holds a call of a test against the description.
func (s site) described(method, path, body string, header http.Header, a answer) {
	s.t.Helper()
	if !strings.HasPrefix(path, "/admin/") {
		return
	}
	c, err := theContract()
	if err != nil {
		s.t.Fatal(err)
	}
	name, err := c.check(method, path, body, header, a)
	if err != nil {
		s.t.Errorf("openapi.yaml: %s %s: %d %.300s: %v", method, path, a.status, a.body, err)
	}
	if s.seen != nil {
		s.seen[name] = true
	}
}

// TestOpenAPIRoutes compares the routes with those of the description.
func TestOpenAPIRoutes(t *testing.T) {
	c, err := theContract()
	if err != nil {
		t.Fatal(err)
	}
	var described []string
	for path, item := range c.doc.Paths.Map() {
		for method := range item.Operations() {
			described = append(described, method+" "+path)
		}
	}
	slices.Sort(described)
	if got := slices.Sorted(maps.Keys(new(admin).routes())); !slices.Equal(got, described) {
		t.Errorf("routes are\n%s\ndescribed are\n%s", strings.Join(got, "\n"), strings.Join(described, "\n"))
	}
	if v := c.doc.OpenAPI; v != "3.1.0" {
		t.Errorf("version %s", v)
	}
}

// TestOpenAPI calls every operation, and meets every status that the description names. What is answered is compared by
// site.do. PostgreSQL shows results when other transactions have ended, so that not all statuses can be met at will.
func TestOpenAPI(t *testing.T) {
	refused := make(seen)
	refusedCalls(t, refused)
	for name, open := range map[string]func(t *testing.T) database{
		"memory": func(*testing.T) database { return database{store: new(memstore.Store)} },
		"SQLite": func(t *testing.T) database {
			db, err := openDatabase(t.Context(), t.TempDir()+"/gomadm.db", sqlstore.Group{})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := db.close(); err != nil {
					t.Error(err)
				}
			})
			return db
		},
	} {
		t.Run(name, func(t *testing.T) {
			met := maps.Clone(refused)
			everyCall(t, open(t), met)
			c, err := theContract()
			if err != nil {
				t.Fatal(err)
			}
			for path, item := range c.doc.Paths.Map() {
				for method, op := range item.Operations() {
					for status := range op.Responses.Map() {
						if !met[op.OperationID+" "+status] {
							t.Errorf("%s %s is never answered %s", method, path, status)
						}
					}
				}
			}
		})
	}
}

// everyCall makes calls that succeed, and those that are wrong.
func everyCall(t *testing.T, db database, met seen) {
	s := siteOn(t, db, "-alert-type", "Reversed-Domain-Name:org.example.update.done")
	s.seen = met
	const d = "/admin/devices/" + exampleDevice
	request := func(id string) string { return `{"id":"` + id + `","ops":[` + getVersion + `]}` }
	s.must(201, "PUT", d, "")
	s.must(200, "PUT", d, "")
	s.must(201, "POST", "/admin/devices", `{"id":"a/b"}`)
	s.must(200, "POST", "/admin/devices", `{"id":"a/b"}`)
	s.must(400, "POST", "/admin/devices", `{"id":""}`)
	s.must(200, "GET", "/admin/devices/a%2Fb", "")
	s.must(200, "GET", "/admin/devices?limit=1", "")
	s.must(400, "GET", "/admin/devices?limit=0", "")

	s.must(201, "POST", d+"/requests", request("r1"))
	s.must(409, "POST", d+"/requests", `{"id":"r1","ops":[`+getMaker+`]}`)
	s.must(400, "POST", d+"/requests", `{"ops":[]}`)
	s.must(422, "POST", d+"/requests", `{"ops":[`+noVersion+`]}`)
	s.must(422, "POST", d+"/batch", `{"requests":[`+request("r9")+`,{"ops":[`+noVersion+`]}]}`)
	s.must(201, "POST", d+"/batch", `{"requests":[`+request("r2")+`,`+request("r3")+`,{"group":"Atomic","delivery":"at-most-once",
		"notBefore":"2030-01-01T00:00:00Z","expires":"2031-01-01T00:00:00Z","maxAttempts":3,"priority":-1,
		"ops":[{"verb":"Replace","uri":"./Vendor/MSFT/X","format":"chr","value":"v"}]}]}`)
	s.must(409, "POST", d+"/batch", `{"requests":[`+request("new")+`,{"id":"r1","ops":[`+getMaker+`]}]}`)
	s.must(400, "POST", d+"/batch", `{"requests":[]}`)
	s.must(404, "GET", d+"/requests/new", "") // none of the batch
	s.must(200, "GET", d+"/requests/r1", "")
	s.must(204, "DELETE", d+"/requests/r3", "")
	s.must(404, "DELETE", d+"/requests/nothing", "")

	s.exchange(example(t, "01"))
	s.must(200, "GET", d+"/requests", "")
	s.must(400, "GET", d+"/requests?limit=0", "")
	s.must(200, "GET", d+"/sessions", "")
	s.must(409, "DELETE", d+"/requests/r1", "") // on its way
	s.exchange(example(t, "03"))
	s.exchange(example(t, "34"))
	s.must(200, "GET", d+"/sessions", "")
	s.must(409, "DELETE", d+"/requests/r1", "") // over
	s.must(200, "GET", d+"/requests/r1", "")
	s.must(200, "GET", d, "")

	s.must(404, "GET", d+"/channel", "")
	s.must(204, "PUT", d+"/channel", `{"uri":"https://push.example.test/1"}`)
	s.must(200, "GET", d+"/channel", "")
	s.must(204, "PUT", d+"/channel", `{"uri":"https://push.example.test/2","expires":"2030-01-01T00:00:00Z"}`)
	s.must(200, "GET", d+"/channel", "")
	s.must(400, "PUT", d+"/channel", `{"uri":""}`)
	s.must(204, "DELETE", d+"/channel", "")

	s.must(200, "GET", d+"/history", "")
	s.must(400, "GET", d+"/history?after=x", "")
	var page struct{ Next string }
	s.json(s.must(200, "GET", "/admin/results?limit=2", ""), &page)
	s.must(200, "GET", "/admin/results?after="+url.QueryEscape(page.Next), "")
	s.must(400, "GET", "/admin/results?limit=1001", "")
	s.must(200, "POST", "/admin/prune", `{"through":"`+page.Next+`"}`)
	s.must(400, "POST", "/admin/prune", `{"through":"x"}`)
	s.must(200, "GET", "/admin/metrics", "")
	s.must(200, "GET", "/admin/openapi.yaml", "")
	s.must(204, "DELETE", d, "")

	const nobody = "/admin/devices/nobody"
	s.must(404, "GET", nobody, "")
	s.must(404, "GET", nobody+"/sessions", "")
	s.must(404, "GET", nobody+"/history", "")
	s.must(404, "GET", nobody+"/requests", "")
	s.must(404, "POST", nobody+"/requests", request("r"))
	s.must(404, "POST", nobody+"/batch", `{"requests":[`+request("r")+`]}`)
	s.must(404, "GET", nobody+"/requests/r", "")
	s.must(404, "DELETE", nobody+"/requests/r", "")
	s.must(404, "PUT", nobody+"/channel", `{"uri":"https://push.example.test/1"}`)
	s.must(404, "DELETE", nobody+"/channel", "")
}

// refusedCalls makes each call without the token, from elsewhere, to a server without a database, and too large.
func refusedCalls(t *testing.T, met seen) {
	c, err := theContract()
	if err != nil {
		t.Fatal(err)
	}
	guarded, local, failing := newSite(t, "-token", "t"), newSite(t), siteOn(t, database{store: failing{}})
	for _, s := range []*site{&guarded, &local, &failing} {
		s.seen = met
	}
	bodies := map[string]string{
		"registerNamedDevice": `{"id":"d"}`, "setChannel": `{"uri":"https://push.example.test/1"}`, "pruneResults": `{"through":"1"}`,
		"enqueueRequest": `{"ops":[` + getVersion + `]}`, "enqueueRequests": `{"requests":[{"ops":[` + getVersion + `]}]}`,
	}
	for path, item := range c.doc.Paths.Map() {
		path := strings.NewReplacer("{device}", "d", "{request}", "r").Replace(path)
		for method, op := range item.Operations() {
			body := bodies[op.OperationID]
			guarded.must(http.StatusUnauthorized, method, path, body)
			if a := local.do(method, path, body, "Host", "dm.example.test"); a.status != http.StatusForbidden {
				t.Errorf("%s %s under another name: %d", method, path, a.status)
			}
			if op.Responses.Status(http.StatusServiceUnavailable) != nil {
				failing.must(http.StatusServiceUnavailable, method, path, body)
			}
			if body != "" {
				local.must(http.StatusRequestEntityTooLarge, method, path, `{"`+strings.Repeat("x", maxAdminBody)+`":1}`)
			}
		}
	}
}

// TestOpenAPINotices breaks answers and requests that were right: each is noticed.
func TestOpenAPINotices(t *testing.T) {
	c, err := theContract()
	if err != nil {
		t.Fatal(err)
	}
	jsonHeader := http.Header{"Content-Type": {"application/json"}}
	tests := []struct {
		name               string
		method, path, body string
		status             int
		answer             string
		header             http.Header
		noticed            bool
	}{
		{"a device", "GET", "/admin/devices/d", "", 200, `{"id":"d","facts":{}}`, jsonHeader, false},
		{"one field more", "GET", "/admin/devices/d", "", 200, `{"id":"d","facts":{},"name":""}`, jsonHeader, true},
		{"one field less", "GET", "/admin/devices/d", "", 200, `{"id":"d"}`, jsonHeader, true},
		{"another type", "GET", "/admin/devices/d", "", 200, `{"id":"d","facts":[]}`, jsonHeader, true},
		{"another status", "GET", "/admin/devices/d", "", 201, `{"id":"d","facts":{}}`, jsonHeader, true},
		{"another media type", "GET", "/admin/devices/d", "", 200, `{"id":"d","facts":{}}`, http.Header{"Content-Type": {"text/plain"}}, true},
		{"a body where there is none", "DELETE", "/admin/devices/d", "", 204, `{}`, jsonHeader, true},
		{"a request that is allowed", "POST", "/admin/devices", `{"id":"d"}`, 201, `{"id":"d","facts":{}}`, jsonHeader, false},
		{"a request that is not", "POST", "/admin/devices", `{"name":"d"}`, 201, `{"id":"d","facts":{}}`, jsonHeader, true},
		{"an unknown limit", "GET", "/admin/results?limit=0", "", 200, `{"entries":[],"next":""}`, jsonHeader, true},
		{"an unknown kind", "GET", "/admin/devices/d/requests/r", "", 200,
			`{"state":"finished","outcome":{"request":"r","kind":"lost","at":"2030-01-01T00:00:00Z","attempts":1}}`, jsonHeader, true},
		{"a wrong time", "GET", "/admin/devices/d/requests/r", "", 200,
			`{"state":"finished","outcome":{"request":"r","kind":"done","at":"today","attempts":1}}`, jsonHeader, true},
		{"two in one entry", "GET", "/admin/results", "", 200,
			`{"entries":[{"cursor":"1","device":"d","result":{"request":"r"},"event":{"alert":1226,"at":"2030-01-01T00:00:00Z"}}],"next":"1"}`, jsonHeader, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := c.check(tt.method, tt.path, tt.body, http.Header{}, answer{tt.status, tt.header, []byte(tt.answer)})
			if (err != nil) != tt.noticed {
				t.Errorf("got error %v, want one: %v", err, tt.noticed)
			}
		})
	}
}

// failing is a store that does nothing.
type failing struct{}

var errFailing = errors.New("the disk is full")

func (failing) Load(context.Context, session.Query) (*session.Record, error) { return nil, errFailing }
func (failing) Commit(context.Context, *session.Change) error                { return errFailing }
func (failing) Enqueue(context.Context, omadm.DeviceID, ...omadm.Request) error {
	return errFailing
}
func (failing) Register(context.Context, session.Device) error   { return errFailing }
func (failing) Unregister(context.Context, omadm.DeviceID) error { return errFailing }
func (failing) Results(context.Context, session.Cursor, int) ([]session.Entry, error) {
	return nil, errFailing
}
func (failing) Cancel(context.Context, omadm.DeviceID, time.Time, ...omadm.RequestID) ([]omadm.RequestID, error) {
	return nil, errFailing
}
func (failing) Idle(context.Context, time.Time, int) ([]omadm.DeviceID, error) {
	return nil, errFailing
}
func (failing) Devices(context.Context, omadm.DeviceID, int) ([]omadm.DeviceID, error) {
	return nil, errFailing
}
func (failing) Requests(context.Context, omadm.DeviceID, session.Cursor, int) ([]session.Queued, error) {
	return nil, errFailing
}
func (failing) History(context.Context, omadm.DeviceID, session.Cursor, int) ([]session.Entry, error) {
	return nil, errFailing
}
func (failing) Prune(context.Context, session.Cursor, int) (int, error) { return 0, errFailing }
func (failing) Channel(context.Context, omadm.DeviceID) (session.Channel, error) {
	return session.Channel{}, errFailing
}
func (failing) SetChannel(context.Context, omadm.DeviceID, session.Channel) error {
	return errFailing
}
func (failing) Woken(context.Context, omadm.DeviceID, time.Time, time.Duration) (bool, error) {
	return false, errFailing
}
func (failing) NotWoken(context.Context, omadm.DeviceID, time.Time) error { return errFailing }
