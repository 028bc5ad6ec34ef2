package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
	"github.com/gomadm/gomadm/session/memstore"
)

// scrape returns the metrics that a server counts itself, by name and labels.
func (s site) scrape() map[string]string {
	s.t.Helper()
	series := make(map[string]string)
	for line := range strings.Lines(string(s.must(http.StatusOK, "GET", "/admin/metrics", "").body)) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), " "); ok && strings.HasPrefix(name, "gomadm_") {
			if end := strings.LastIndexByte(line, '}'); end >= 0 { // labels may have spaces
				name, value = line[:end+1], strings.TrimSpace(line[end+1:])
			}
			series[name] = value
		}
	}
	return series
}

// TestMetrics lets a device do what is counted, and reads the counters.
func TestMetrics(t *testing.T) {
	s := exampleSite(t)
	s.queue(getVersion)
	s.must(http.StatusCreated, "POST", "/admin/devices/"+exampleDevice+"/requests", `{"id":"late","notBefore":"2999-01-01T00:00:00Z","ops":[`+getVersion+`]}`)
	s.exchange(example(t, "34"))
	s.exchange(example(t, "01"))
	s.exchange(example(t, "03"))
	s.post("no message")
	s.do("GET", "/dm", "")
	s.do("POST", "/dm", "", "Content-Type", "text/plain")
	got := s.scrape()
	for name, want := range map[string]string{
		`gomadm_http_requests_total{code="200",handler="device"}`:             "3",
		`gomadm_http_requests_total{code="400",handler="device"}`:             "1",
		`gomadm_http_requests_total{code="405",handler="device"}`:             "1",
		`gomadm_http_requests_total{code="201",handler="administrator"}`:      "3",
		`gomadm_http_requests_in_flight{handler="administrator"}`:             "1",
		`gomadm_http_requests_in_flight{handler="device"}`:                    "0",
		`gomadm_http_request_duration_seconds_count{handler="device"}`:        "6",
		`gomadm_messages_refused_total{reason="malformed"}`:                   "1",
		`gomadm_messages_refused_total{reason="method"}`:                      "1",
		`gomadm_messages_refused_total{reason="media type"}`:                  "1",
		`gomadm_requests_enqueued_total`:                                      "2",
		`gomadm_requests_leased_total`:                                        "2",
		`gomadm_requests_requeued_total`:                                      "1",
		`gomadm_results_total{status="200"}`:                                  "1",
		`gomadm_outcomes_total{kind="done"}`:                                  "1",
		`gomadm_events_total{kind="generic alert"}`:                           "1",
		`gomadm_sessions_opened_total`:                                        "2",
		`gomadm_sessions_closed_total{how="ended"}`:                           "1",
		`gomadm_sessions_closed_total{how="abandoned"}`:                       "1",
		`gomadm_store_duration_seconds_count{operation="commit"}`:             "3",
		`gomadm_store_errors_total{operation="load",reason="unknown device"}`: "1", // when the device was registered
	} {
		if got[name] != want {
			t.Errorf("%s is %q, want %s", name, got[name], want)
		}
	}
}

// TestMetricsOfThePool looks for those of database/sql, of Go and of the build.
func TestMetricsOfThePool(t *testing.T) {
	s := serverOn(t, t.TempDir()+"/gomadm.db")
	text := string(s.must(http.StatusOK, "GET", "/admin/metrics", "").body)
	for _, name := range []string{"go_sql_max_open_connections{db_name=\"gomadm\"} 16", "go_goroutines ", "go_build_info{", "process_start_time_seconds "} {
		if !strings.Contains(text, "\n"+name) {
			t.Errorf("no %s", name)
		}
	}
}

// TestMetricsAreBounded lets a device and the administrator choose whatever they can. None of it becomes a label.
func TestMetricsAreBounded(t *testing.T) {
	const mark = "4711"
	s := exampleSite(t)
	var before map[string]string
	flood := func(i int) {
		n := fmt.Sprint(mark, i)
		s.must(http.StatusCreated, "PUT", "/admin/devices/d"+n, "")
		s.must(http.StatusCreated, "POST", "/admin/devices/d"+n+"/requests", `{"id":"r`+n+`","ops":[{"verb":"Get","uri":"./Vendor/Fabrikam/X`+n+`"}]}`)
		s.do("M"+n, "/admin/devices/d"+n, "")
		s.do("M"+n, "/p"+n, "")
		s.do("POST", "/p"+n+"?q="+n, example(t, "34", "org.example.update.done", "org.example."+n), "Content-Type", "application/vnd.syncml.dm+xml")
		s.do("POST", "/", "x"+n, "Content-Type", "application/vnd.syncml.dm+xml")
		s.do("POST", "/", "", "Content-Type", "application/x-"+n)
		s.queueAs("s"+n, getVersion)
		s.exchange(example(t, "01", "<SessionID>1</SessionID>", "<SessionID>"+n+"</SessionID>"))
		s.exchange(example(t, "03", "<SessionID>1</SessionID>", "<SessionID>"+n+"</SessionID>", "<TargetRef>./DevDetail/SwV</TargetRef><Data>200</Data>", "<TargetRef>./DevDetail/SwV</TargetRef><Data>"+fmt.Sprint(471+i)+"</Data>"))
	}
	for i := range 3 {
		flood(i)
		after := s.scrape()
		for name := range after {
			if i > 1 && before[name] == "" {
				t.Errorf("flood %d brought %s", i, name)
			}
		}
		before = after
	}
	for name := range before {
		if strings.Contains(name, mark) {
			t.Errorf("chosen from outside: %s", name)
		}
	}
	if before[`gomadm_results_total{status="other"}`] == "" {
		t.Error("no status was invented")
	}
}

// contested is a store on which somebody else is always faster.
type contested struct{ store }

func (contested) Commit(context.Context, *session.Change) error { return session.ErrConflict }

// startled is a store that panics.
type startled struct{ store }

func (startled) Load(context.Context, session.Query) (*session.Record, error) { panic("startled") }

// TestMetricsOfFailures answers a message on stores that fail, each in its way.
func TestMetricsOfFailures(t *testing.T) {
	known := new(memstore.Store)
	if err := known.Register(t.Context(), session.Device{ID: exampleDevice}); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name   string
		store  store
		series map[string]string
	}{
		{"fails", failing{}, map[string]string{
			`gomadm_messages_refused_total{reason="store"}`:              "1",
			`gomadm_store_errors_total{operation="load",reason="store"}`: "1",
			`gomadm_http_requests_total{code="503",handler="device"}`:    "1",
		}},
		{"conflicts", contested{known}, map[string]string{
			`gomadm_messages_refused_total{reason="conflict"}`:                "1",
			`gomadm_store_errors_total{operation="commit",reason="conflict"}`: "8",
			`gomadm_store_duration_seconds_count{operation="commit"}`:         "8",
			`gomadm_sessions_opened_total`:                                    "0",
		}},
		{"does not know the device", new(memstore.Store), map[string]string{
			`gomadm_messages_refused_total{reason="forbidden"}`:                   "1",
			`gomadm_store_errors_total{operation="load",reason="unknown device"}`: "1",
		}},
		{"panics", startled{known}, map[string]string{
			`gomadm_http_requests_total{code="500",handler="device"}`:      "1",
			`gomadm_http_requests_in_flight{handler="device"}`:             "0",
			`gomadm_http_request_duration_seconds_count{handler="device"}`: "1",
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := siteOn(t, database{store: tt.store})
			req, err := http.NewRequestWithContext(t.Context(), "POST", s.url, strings.NewReader(example(t, "01")))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Content-Type", "application/vnd.syncml.dm+xml")
			if resp, err := http.DefaultClient.Do(req); err == nil { // a panic closes the connection
				resp.Body.Close()
			}
			got := s.scrape()
			for name, want := range tt.series {
				if got[name] != want {
					t.Errorf("%s is %q, want %s", name, got[name], want)
				}
			}
		})
	}
}

// TestMaxConnections opens one connection too many: it is served when the other one is closed.
func TestMaxConnections(t *testing.T) {
	o, err := parse([]string{"-listen", "127.0.0.1:0", "-max-connections", "1"}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	svc, err := newService(o, database{store: new(memstore.Store)}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	d, err := svc.listen()
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- svc.run(ctx, d) }()

	ask := func(c net.Conn, patience time.Duration) error {
		if _, err := io.WriteString(c, "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
			return err
		}
		if err := c.SetReadDeadline(time.Now().Add(patience)); err != nil {
			return err
		}
		_, err := io.ReadFull(c, make([]byte, len("HTTP/1.1 200 OK")))
		return err
	}
	var conns [2]net.Conn
	for i := range conns {
		if conns[i], err = net.Dial("tcp", d.all.Addr().String()); err != nil {
			t.Fatal(err)
		}
		defer conns[i].Close()
	}
	if err := ask(conns[0], time.Minute); err != nil {
		t.Errorf("the first connection: %v", err)
	}
	if err := ask(conns[1], 50*time.Millisecond); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the second connection: got %v, want no answer", err)
	}
	conns[0].Close()
	if err := ask(conns[1], time.Minute); err != nil {
		t.Errorf("the second connection when the first is closed: %v", err)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// TestWatchDoor has a listener for those who watch: it shows metrics and health, nothing else, and devices do not get them.
func TestWatchDoor(t *testing.T) {
	o, err := parse([]string{"-token", "t"}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	svc, err := newService(o, database{store: new(memstore.Store)}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	all, watch := httptest.NewServer(nil), httptest.NewServer(svc.watch())
	defer all.Close()
	defer watch.Close()
	all.Config.Handler = svc.mux(all.Listener.Addr())
	for _, tt := range []struct {
		url, path string
		want      int
	}{
		{watch.URL, "/metrics", 200}, {watch.URL, "/livez", 200}, {watch.URL, "/readyz", 200},
		{watch.URL, "/admin/results", 404}, {watch.URL, "/", 404},
		{all.URL, "/livez", 200}, {all.URL, "/readyz", 200},
		{all.URL, "/metrics", 405}, // a device may only POST
		{all.URL, "/admin/metrics", 401},
	} {
		resp, err := http.Get(tt.url + tt.path)
		if err != nil {
			t.Fatal(err)
		}
		if resp.Body.Close(); resp.StatusCode != tt.want {
			t.Errorf("GET %s: got %d, want %d", tt.path, resp.StatusCode, tt.want)
		}
	}
}

// broken is a store that hangs or fails when it is told to.
type broken struct {
	store
	hangs, fails atomic.Bool
	entered      chan struct{} // gets a value for each call that hangs; nil: nobody wants to know
}

func (b *broken) Load(ctx context.Context, q session.Query) (*session.Record, error) {
	if b.hangs.Load() {
		if b.entered != nil {
			select {
			case b.entered <- struct{}{}:
			case <-ctx.Done():
			}
		}
		<-ctx.Done()
		return nil, ctx.Err()
	}
	if b.fails.Load() {
		return nil, errors.New("the disk is full")
	}
	return b.store.Load(ctx, q)
}

// TestReady asks a server whose database fails.
func TestReady(t *testing.T) {
	t.Parallel() // it waits for a database that hangs
	for name, tt := range map[string]struct {
		store func() store
		want  int
	}{
		"answers": {func() store { return new(memstore.Store) }, 200},
		"fails":   {func() store { b := &broken{store: new(memstore.Store)}; b.fails.Store(true); return b }, 503},
		"hangs":   {func() store { b := &broken{store: new(memstore.Store)}; b.hangs.Store(true); return b }, 503},
	} {
		t.Run(name, func(t *testing.T) {
			s := siteOn(t, database{store: tt.store()})
			s.must(tt.want, "GET", "/readyz", "")
			s.must(tt.want, "GET", "/readyz", "")
			s.must(200, "GET", "/livez", "")
		})
	}
}

// TestReadyAsksOnce has many ask at the same time.
func TestReadyAsksOnce(t *testing.T) {
	t.Parallel()
	b := &broken{store: new(memstore.Store), entered: make(chan struct{}, 100)}
	b.hangs.Store(true)
	h := &health{store: b, log: slog.New(slog.DiscardHandler)}
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() { h.ready(httptest.NewRecorder(), nil) })
	}
	all.Wait()
	if n := len(b.entered); n > 2 { // a second time on a slow machine
		t.Errorf("the database was asked %d times", n)
	}
}

// TestTimeout posts a message to a server whose database hangs.
func TestTimeout(t *testing.T) {
	b := &broken{store: new(memstore.Store)}
	s := siteOn(t, database{store: b}, "-timeout", "50ms")
	b.hangs.Store(true)
	a := s.post(example(t, "01"))
	if a.status != http.StatusServiceUnavailable || a.header.Get("Retry-After") == "" {
		t.Errorf("device: got %d, Retry-After %q", a.status, a.header.Get("Retry-After"))
	}
	s.must(http.StatusServiceUnavailable, "GET", "/admin/devices/d", "")
	got := s.scrape()
	if n := got[`gomadm_messages_refused_total{reason="deadline"}`]; n != "1" {
		t.Errorf("%q messages refused at the deadline, want 1", n)
	}
}

// TestMaxRequests lets as many messages in as there are places, and one more: who watches is answered all the same.
func TestMaxRequests(t *testing.T) {
	b := &broken{store: new(memstore.Store), entered: make(chan struct{})}
	s := siteOn(t, database{store: b}, "-max-requests", "2", "-timeout", "1m")
	b.hangs.Store(true)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var waiting sync.WaitGroup
	for range 2 {
		waiting.Go(func() {
			req, err := http.NewRequestWithContext(ctx, "POST", s.url, strings.NewReader(example(t, "01")))
			if err != nil {
				t.Error(err)
				return
			}
			req.Header.Set("Content-Type", "application/vnd.syncml.dm+xml")
			if resp, err := http.DefaultClient.Do(req); err == nil {
				resp.Body.Close()
			}
		})
		<-b.entered
	}
	if a := s.post(example(t, "01")); a.status != http.StatusServiceUnavailable || a.header.Get("Retry-After") == "" {
		t.Errorf("one too many: got %d, Retry-After %q", a.status, a.header.Get("Retry-After"))
	}
	s.must(http.StatusOK, "GET", "/livez", "")
	got := s.scrape()
	if n := got[`gomadm_messages_refused_total{reason="overload"}`]; n != "1" {
		t.Errorf("%q messages refused, want 1", n)
	}
	if n := got[`gomadm_http_requests_in_flight{handler="device"}`]; n != "2" {
		t.Errorf("%q messages in flight, want 2", n)
	}
	cancel()
	waiting.Wait()
}

// TestMaxHeader sends a header that nobody needs.
func TestMaxHeader(t *testing.T) {
	a := newSite(t).do("GET", "/livez", "", "X-Large", strings.Repeat("x", maxHeader+8<<10))
	if a.status != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("got %d, want 431", a.status)
	}
}

// buffer is a log that is written from everywhere.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// TestLogHoldsNoSecrets sends secrets wherever there is room for them, to servers that log all they can.
func TestLogHoldsNoSecrets(t *testing.T) {
	const secret, encoded = "s3cr3t-of-4711", "czNjcjN0LW9mLTQ3MTE=" // the same in base64
	for _, form := range []string{"text", "json"} {
		for _, level := range []string{"debug", "info"} {
			t.Run(form+" "+level, func(t *testing.T) {
				o, err := parse([]string{"-token", secret, "-log-format", form, "-log-level", level}, io.Discard)
				if err != nil {
					t.Fatal(err)
				}
				var log buffer
				b := &broken{store: new(memstore.Store)}
				svc, err := newService(o, database{store: b}, o.logger(&log))
				if err != nil {
					t.Fatal(err)
				}
				srv := httptest.NewUnstartedServer(nil)
				srv.Config = svc.server(svc.mux(srv.Listener.Addr()))
				srv.Start()
				s := site{t: t, url: srv.URL}
				sendSecrets(s, b, secret, encoded)
				srv.Close()
				for _, s := range []string{secret, encoded, "nonce-"} {
					if i := strings.Index(log.String(), s); i >= 0 {
						t.Errorf("%q is in the log: …%.300s", s, log.String()[max(0, i-200):])
					}
				}
				if !strings.Contains(log.String(), "handler") || !strings.Contains(log.String(), "message refused") {
					t.Errorf("the requests are not in the log:\n%s", &log)
				}
				if got, want := strings.Contains(log.String(), `device`), true; got != want {
					t.Errorf("devices in the log: %v, want %v", got, want)
				}
			})
		}
	}
}

// sendSecrets sends good and bad requests, with secrets in headers, queries, paths of devices, bodies and values.
func sendSecrets(s site, b *broken, secret, encoded string) {
	auth := []string{"Authorization", "Bearer " + secret}
	s.do("PUT", "/admin/devices/"+exampleDevice, "", auth...)
	s.do("PUT", "/admin/devices/"+exampleDevice+"?token="+secret, "", auth...)
	s.do("GET", "/admin/results", "", "Authorization", "Bearer wrong-"+secret)
	s.do("GET", "/admin/results?after="+secret, "", auth...)
	s.do("POST", "/admin/devices/"+exampleDevice+"/requests", `{"id":"r1","ops":[{"verb":"Replace","uri":"./DevDetail/Password","value":"`+secret+`"}]}`, auth...)
	s.do("POST", "/admin/devices/"+exampleDevice+"/requests", `{"id":"r2","ops":[{"verb":"Fetch","value":"`+secret+`"}]}`, auth...)
	s.do("POST", "/admin/devices/"+exampleDevice+"/requests", secret, auth...)
	cred := `<Cred><Meta><Format xmlns="syncml:metinf">b64</Format><Type xmlns="syncml:metinf">syncml:auth-basic</Type>` +
		`<NextNonce xmlns="syncml:metinf">nonce-` + encoded + `</NextNonce></Meta><Data>` + encoded + `</Data></Cred>`
	message := example(s.t, "01", "</Source>", "</Source>"+cred)
	send := func(body string, header ...string) {
		s.do("POST", "/dm/"+secret+"?access="+secret, body, append([]string{"Content-Type", "application/vnd.syncml.dm+xml",
			"Authorization", "Bearer " + secret, "Client-Cert", secret, "x-syncml-hmac", "algorithm=MD5, username=\"" + secret + "\", mac=" + encoded}, header...)...)
	}
	send(message)
	send(message[:len(message)-20])                                                               // cut off
	send(strings.Replace(message, "<SyncBody>", secret+"<SyncBody x="+secret+">&"+secret+";", 1)) // malformed
	send(strings.ReplaceAll(message, "<MsgID>1</MsgID>", "<MsgID>"+strings.Repeat(secret, 100)+"</MsgID>"))
	send(message, "Content-Type", "application/"+secret)
	send(strings.ReplaceAll(message, exampleDevice, secret)) // an unknown device
	b.fails.Store(true)
	send(message)
	s.do("GET", "/admin/devices/"+exampleDevice, "", auth...)
	s.do("GET", "/readyz", "")
}

// TestPasswordOfTheDatabase fails to open a database with a password: nothing that is printed holds it.
func TestPasswordOfTheDatabase(t *testing.T) {
	for _, name := range []string{"postgres://u:s3cr3t@127.0.0.1:1/x?connect_timeout=1", "postgres://u:s3cr3t@127.0.0.1:port/x", "postgres://u:s3cr3t@[::1/x"} {
		var out buffer
		if status := run(t.Context(), []string{"-db", name, "-listen", "127.0.0.1:0"}, &out, &out); status != 1 || out.String() == "" {
			t.Errorf("%s: status %d, output %q", name, status, &out)
		}
		if strings.Contains(out.String(), "s3cr3t") {
			t.Errorf("the password is printed: %s", &out)
		}
	}
}

// TestTokenFile reads the token from a file.
func TestTokenFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("s3cret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := newSite(t, "-token-file", file)
	if a := s.do("GET", "/admin/results", "", "Authorization", "Bearer s3cret"); a.status != http.StatusOK {
		t.Errorf("with the token: got %d", a.status)
	}
	s.must(http.StatusUnauthorized, "GET", "/admin/results", "")
}

// TestLogLevels says what is logged of requests at each level.
func TestLogLevels(t *testing.T) {
	for level, want := range map[string][]string{
		"debug": {"administrator", "device", "probe"}, "info": {"administrator"}, "error": nil,
	} {
		t.Run(level, func(t *testing.T) {
			o, err := parse([]string{"-log-format", "json", "-log-level", level}, io.Discard)
			if err != nil {
				t.Fatal(err)
			}
			var log buffer
			svc, err := newService(o, database{store: new(memstore.Store)}, o.logger(&log))
			if err != nil {
				t.Fatal(err)
			}
			srv := httptest.NewServer(svc.mux(&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}))
			s := site{t: t, url: srv.URL}
			s.must(http.StatusCreated, "PUT", "/admin/devices/"+exampleDevice, "")
			s.exchange(example(t, "01"))
			s.must(http.StatusOK, "GET", "/livez", "")
			srv.Close()
			var got []string
			for _, name := range []string{"administrator", "device", "probe"} {
				if strings.Contains(log.String(), `"msg":"request","handler":"`+name+`"`) {
					got = append(got, name)
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

// TestSweep gives a device up that does not come back.
func TestSweep(t *testing.T) {
	st := new(memstore.Store)
	o, err := parse([]string{"-sweep", "1ms", "-listen", "127.0.0.1:0"}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	const id = omadm.DeviceID(exampleDevice)
	if err := st.Register(t.Context(), session.Device{ID: id}); err != nil {
		t.Fatal(err)
	}
	rec, err := st.Load(t.Context(), session.Query{Device: id})
	if err != nil {
		t.Fatal(err)
	}
	long := time.Now().Add(-24 * time.Hour)
	err = st.Commit(t.Context(), &session.Change{Device: id, Revision: rec.Revision, Session: session.State{ID: "1", Opened: long, Seen: long}})
	if err != nil {
		t.Fatal(err)
	}
	svc, err := newService(o, database{store: st}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	go svc.sweep(ctx)
	for {
		rec, err := st.Load(ctx, session.Query{Device: id})
		if err != nil || ctx.Err() != nil {
			t.Fatal(err, ctx.Err())
		}
		if len(rec.Sessions) == 0 {
			return
		}
	}
}
