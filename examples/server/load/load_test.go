package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestMain makes this test binary the server when it is started as one.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == serveArgument {
		main()
		return
	}
	os.Exit(m.Run())
}

// result is what a run left.
type result struct {
	status         int
	stdout, stderr string
	report         *report
	svg            []byte
}

// runLoad runs the command.
func runLoad(ctx context.Context, t *testing.T, args ...string) result {
	t.Helper()
	return runLoadTo(ctx, t, true, args...)
}

func runLoadTo(ctx context.Context, t *testing.T, plot bool, args ...string) result {
	t.Helper()
	dir := t.TempDir()
	jsonFile, svgFile := filepath.Join(dir, "report.json"), filepath.Join(dir, "plot.svg")
	args = append(args, "-json", jsonFile)
	if plot {
		args = append(args, "-svg", svgFile)
	}
	var stdout, stderr bytes.Buffer
	r := result{status: run(ctx, args, &stdout, &stderr)}
	r.stdout, r.stderr = stdout.String(), stderr.String()
	text, err := os.ReadFile(jsonFile)
	if errors.Is(err, os.ErrNotExist) {
		return r
	}
	if err != nil {
		t.Fatal(err)
	}
	r.report = new(report)
	if err := json.Unmarshal(text, r.report); err != nil {
		t.Fatal(err)
	}
	if !plot {
		return r
	}
	if r.svg, err = os.ReadFile(svgFile); err != nil {
		t.Fatal(err)
	}
	return r
}

// TestFiftyDevices lets 50 devices check in at a server of its own: none fails, and the server breaks no rule.
func TestFiftyDevices(t *testing.T) {
	for _, tt := range []struct {
		name string
		args string
		want model
	}{
		{"closed", "-concurrency 4,8", closed},
		{"closed with certificates", "-concurrency 4,8 -mtls", closed},
		{"open", "-rate 300,600", open},
		{"open with certificates", "-rate 300,600 -mtls", open},
	} {
		t.Run(tt.name, func(t *testing.T) {
			const mixture = "-devices 50 -duration 1m -mix checkin=1,policy=1,inventory=1,object=1 -object-size 200000 "
			got := runLoad(t.Context(), t, strings.Fields(mixture+tt.args)...)
			if got.status != 0 || got.stderr != "" {
				t.Fatalf("exit status %d\n%s%s", got.status, got.stderr, got.stdout)
			}
			if got.report.Total != (totalReport{CheckIns: 100}) || len(got.report.Steps) != 2 {
				t.Errorf("got %+v in %d steps, want 100 check-ins in 2", got.report.Total, len(got.report.Steps))
			}
			for _, s := range got.report.Steps {
				checkStep(t, s, tt.want)
			}
			if cpu := got.report.Server.CPU; cpu == nil || cpu.UserSeconds+cpu.SystemSeconds <= 0 {
				t.Errorf("CPU time of the server: %+v", cpu)
			}
			if !strings.Contains(got.stdout, "100 check-ins, 0 failed, 0 violations") {
				t.Errorf("says\n%s", got.stdout)
			}
			if err := xml.Unmarshal(got.svg, new(struct{})); err != nil {
				t.Errorf("plot: %v", err)
			}
		})
	}
}

// checkStep checks a step of 50 devices, each of which got what its kind brings.
func checkStep(t *testing.T, s stepReport, m model) {
	t.Helper()
	count := func(k kind) int { return int(s.Kinds[k.String()].Count) }
	sum, commands := 0, policies*count(policy)+readings*count(inventory)+count(object)
	for k := range kinds {
		if count(k) == 0 {
			t.Errorf("no device of the kind %v", k)
		}
		sum += count(k)
	}
	if s.Model != m || s.CheckIns != 50 || sum != 50 || s.Commands != commands {
		t.Errorf("%s: %d check-ins, %d by kind, %d commands; want %s, 50, 50, %d", s.Model, s.CheckIns, sum, s.Commands, m, commands)
	}
	if s.Messages < 2*50 || s.Message.Count != uint64(s.Messages) || s.Received < int64(count(object))*200_000 {
		t.Errorf("%d messages, %d with a latency, %d octets from the server", s.Messages, s.Message.Count, s.Received)
	}
	if runtime.GOOS == "linux" && (s.ServerCPU == nil || s.ServerCPU.PerCheckIn <= 0 || s.LoadCPU == nil) {
		t.Errorf("CPU time: %+v, %+v", s.ServerCPU, s.LoadCPU)
	}
}

// foreign is a server at a URL.
type foreign struct {
	*httptest.Server
	known atomic.Int64 // devices
}

// newForeign starts a server with the token secret. Answer may come between; nil: it does not.
func newForeign(t *testing.T, s setup, answer func(w http.ResponseWriter, r *http.Request, next http.Handler)) *foreign {
	t.Helper()
	s.Token = "secret"
	h, _, err := s.handler(quiet)
	if err != nil {
		t.Fatal(err)
	}
	f := new(foreign)
	f.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.Method {
		case http.MethodPut:
			f.known.Add(1)
		case http.MethodDelete:
			f.known.Add(-1)
		}
		if answer != nil {
			answer(w, r, h)
		} else {
			h.ServeHTTP(w, r)
		}
	}))
	f.Config.ErrorLog = log.New(io.Discard, "", 0) // it is broken on purpose
	if f.TLS, err = s.tls(); err != nil {
		t.Fatal(err)
	}
	if f.TLS != nil {
		f.StartTLS()
	} else {
		f.Start()
	}
	t.Cleanup(f.Close)
	return f
}

// drive runs a step with 20 devices against it, and sees to it that none stays known.
func (f *foreign) drive(ctx context.Context, t *testing.T, args ...string) result {
	t.Helper()
	fixed := []string{"-url", f.URL + "/dm", "-token", "secret", "-devices", "20", "-duration", "1m"}
	got := runLoad(ctx, t, append(fixed, args...)...)
	if n := f.known.Load(); n != 0 {
		t.Errorf("%d devices are known still", n)
	}
	return got
}

func TestServerAtURL(t *testing.T) {
	f := newForeign(t, setup{}, nil)
	got := f.drive(t.Context(), t, "-concurrency", "2")
	if got.status != 0 || got.report.Total != (totalReport{CheckIns: 20}) {
		t.Fatalf("exit status %d: %s%s", got.status, got.stderr, got.stdout)
	}
	if got.report.Server.CPU != nil || got.report.Steps[0].ServerCPU != nil || got.report.Server.URL != f.URL+"/dm" {
		t.Errorf("knows the CPU time of a server that is not its own: %+v", got.report.Server)
	}
}

// TestServerAtURLWithCertificates hands over the issuers as files.
func TestServerAtURLWithCertificates(t *testing.T) {
	a, err := newAuthority()
	if err != nil {
		t.Fatal(err)
	}
	cert, err := a.server()
	if err != nil {
		t.Fatal(err)
	}
	s := setup{Devices: encodeCertificate(a.cert)}
	if s.Cert, s.Key, err = encode(cert); err != nil {
		t.Fatal(err)
	}
	_, key, err := encode(&tls.Certificate{Leaf: a.cert, PrivateKey: a.key})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	ca, caKey := filepath.Join(dir, "ca.pem"), filepath.Join(dir, "ca-key.pem")
	if err := errors.Join(os.WriteFile(ca, s.Devices, 0o600), os.WriteFile(caKey, key, 0o600)); err != nil {
		t.Fatal(err)
	}
	f := newForeign(t, s, nil)
	files := []string{"-server-ca", ca, "-client-ca", ca, "-client-ca-key", caKey, "-mtls"}
	got := f.drive(t.Context(), t, append(files, "-concurrency", "2")...)
	if got.status != 0 || got.report.Total != (totalReport{CheckIns: 20}) {
		t.Errorf("with certificates: exit status %d: %s%s", got.status, got.stderr, got.stdout)
	}
	// The server insists: without certificates nobody gets in.
	got = f.drive(t.Context(), t, "-server-ca", ca, "-concurrency", "2")
	if got.status != 1 || got.report.Total != (totalReport{Failed: 20}) {
		t.Errorf("without certificates: exit status %d: %s%s", got.status, got.stderr, got.stdout)
	}
	for name, args := range map[string][]string{
		"no such issuer":      {"-server-ca", ca, "-client-ca", "none", "-client-ca-key", "none", "-mtls"},
		"no such roots":       {"-server-ca", "none"},
		"roots without any":   {"-server-ca", caKey},
		"an unknown server":   nil,
		"certificate and key": {"-server-ca", ca, "-client-ca", caKey, "-client-ca-key", ca, "-mtls"},
	} {
		if got := f.drive(t.Context(), t, args...); got.status != 1 || got.report != nil {
			t.Errorf("%s: exit status %d, want 1 and no report", name, got.status)
		}
	}
}

// TestFaultyServer drives servers that do something wrong: each is noticed, and all is told.
func TestFaultyServer(t *testing.T) {
	devicesOnly := func(bad http.HandlerFunc) func(http.ResponseWriter, *http.Request, http.Handler) {
		return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			if r.URL.Path == "/dm" {
				bad(w, r)
				return
			}
			next.ServeHTTP(w, r)
		}
	}
	tests := []struct {
		name   string
		answer func(http.ResponseWriter, *http.Request, http.Handler)
		want   totalReport
		text   string // in the report
	}{
		{"refuses devices", devicesOnly(func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "busy", http.StatusServiceUnavailable)
		}), totalReport{Failed: 20}, "HTTP 503"},
		{"answers nonsense", devicesOnly(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/vnd.syncml.dm+xml")
			_, _ = io.WriteString(w, "nonsense")
		}), totalReport{Failed: 20, Violations: 20}, "not a message"},
		{"loses requests", func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			if strings.HasSuffix(r.URL.Path, "/requests") {
				w.WriteHeader(http.StatusCreated)
				return
			}
			next.ServeHTTP(w, r)
		}, totalReport{Failed: 20}, "0 commands, and not 10"},
		{"breaks a rule", func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			if r.URL.Path != "/dm" {
				next.ServeHTTP(w, r)
				return
			}
			rec := httptest.NewRecorder()
			next.ServeHTTP(rec, r)
			w.Header().Set("Content-Type", rec.Header().Get("Content-Type"))
			_, _ = io.WriteString(w, strings.Replace(rec.Body.String(), "<VerProto>DM/1.2<", "<VerProto>DM/1.1<", 1))
		}, totalReport{CheckIns: 20, Violations: 40}, "breaks"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := newForeign(t, setup{}, tt.answer).drive(t.Context(), t, "-mix", "policy=1", "-concurrency", "4")
			if got.status != 1 || got.report == nil || got.report.Total != tt.want {
				t.Fatalf("exit status %d, %s%s\nwant 1, %+v", got.status, got.stderr, got.stdout, tt.want)
			}
			if !strings.Contains(got.stdout, tt.text) || len(got.report.Problems) == 0 {
				t.Errorf("lacks %q:\n%s", tt.text, got.stdout)
			}
			want := (&FailedError{tt.want.Failed, tt.want.Violations}).Error()
			if got.stderr != want+"\n" {
				t.Errorf("says %q, want %q", got.stderr, want)
			}
		})
	}
}

// TestDevicesRest lets a device that failed out of the steps that follow.
func TestDevicesRest(t *testing.T) {
	var once atomic.Bool
	f := newForeign(t, setup{}, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if r.URL.Path == "/dm" && once.CompareAndSwap(false, true) {
			http.Error(w, "once", http.StatusServiceUnavailable)
			return
		}
		next.ServeHTTP(w, r)
	})
	got := f.drive(t.Context(), t, "-concurrency", "1,1,1")
	var counts []string
	for _, s := range got.report.Steps {
		counts = append(counts, strconv.Itoa(s.CheckIns)+"+"+strconv.Itoa(s.Failed))
	}
	if text := strings.Join(counts, " "); text != "19+1 19+0 19+0" || got.status != 1 {
		t.Errorf("exit status %d, %s", got.status, text)
	}
}

// TestRefusedByAdministrator tells what the administrator's interface said, and runs nothing.
func TestRefusedByAdministrator(t *testing.T) {
	f := newForeign(t, setup{}, nil)
	got := runLoad(t.Context(), t, "-url", f.URL+"/dm", "-token", "wrong", "-devices", "2")
	if got.status != 1 || got.report != nil || !strings.Contains(got.stderr, "HTTP 401 not the administrator") {
		t.Errorf("exit status %d, says %q", got.status, got.stderr)
	}
	f = newForeign(t, setup{}, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if r.Method == http.MethodPost {
			http.Error(w, "full", http.StatusInsufficientStorage)
			return
		}
		next.ServeHTTP(w, r)
	})
	got = f.drive(t.Context(), t)
	if got.status != 1 || got.report != nil || !strings.Contains(got.stderr, "HTTP 507 full") {
		t.Errorf("exit status %d, says %q", got.status, got.stderr)
	}
}

// TestOthersDevices stops at a device that the server knew before, and unregisters only those it has registered.
func TestOthersDevices(t *testing.T) {
	var mu sync.Mutex
	asked, ours := 0, make(map[string]bool)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		asked++
		switch {
		case r.Method == http.MethodDelete && !ours[r.URL.Path]:
			t.Error("unregisters a device of somebody else")
		case r.Method == http.MethodDelete:
			delete(ours, r.URL.Path)
			w.WriteHeader(http.StatusNoContent)
		case asked <= 30:
			ours[r.URL.Path] = true
			w.WriteHeader(http.StatusCreated)
		}
	}))
	defer srv.Close()
	got := runLoad(t.Context(), t, "-url", srv.URL+"/dm", "-devices", "100")
	if got.status != 1 || !strings.Contains(got.stderr, "HTTP 200") || len(ours) > 0 || asked < 60 {
		t.Errorf("exit status %d, says %q, %d devices left, %d requests", got.status, got.stderr, len(ours), asked)
	}
}

// TestInterrupted ends a run in its first step: what was run is told, and the devices are unregistered.
func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	f := newForeign(t, setup{}, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if r.URL.Path == "/dm" {
			cancel()
		}
		next.ServeHTTP(w, r)
	})
	got := f.drive(ctx, t, "-concurrency", "1,1")
	if got.status != 1 || !strings.Contains(got.stderr, errInterrupted.Error()) || got.report == nil {
		t.Fatalf("exit status %d: %s", got.status, got.stderr)
	}
	if n := got.report.Total.CheckIns; len(got.report.Steps) != 1 || n < 1 || n > 2 || got.report.Total.Failed != 0 {
		t.Errorf("%d steps, %+v", len(got.report.Steps), got.report.Total)
	}
}

// TestChild starts the server, asks it, and ends it, in order or not.
func TestChild(t *testing.T) {
	c, err := start(setup{Token: "x"}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	first, err := c.usage(askSettle)
	if err != nil {
		t.Error(err)
	}
	second, err := c.usage(askUsage)
	if err != nil || second.total() < first.total() {
		t.Errorf("from %v to %v, %v", first, second, err)
	}
	if u, err := c.end(); err != nil || u.total() < second.total()-10*time.Millisecond || c.cmd.ProcessState == nil {
		t.Errorf("ended with %v after %v, %v", u, second, err)
	}
	if _, err := c.usage(askUsage); err == nil {
		t.Error("the dead answer")
	}

	if c, err = start(setup{Token: "x"}, io.Discard); err != nil {
		t.Fatal(err)
	}
	if err := c.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if _, err := c.usage(askUsage); err == nil {
		t.Error("the killed answer")
	}
	if _, err := c.end(); err == nil {
		t.Error("killed, and no error")
	}
}

// TestWrongSetup ends the server with an error that does not tell the setup.
func TestWrongSetup(t *testing.T) {
	for _, in := range []string{"", "hush", "{hush}\n", `{"token":"hush","cert":"aHVzaA==","key":"aHVzaA=="}` + "\n"} {
		var out, stderr bytes.Buffer
		if got := serve(strings.NewReader(in), &out, &stderr); got != 1 || stderr.Len() == 0 {
			t.Errorf("%q: exit status %d, says %q", in, got, &stderr)
		}
		if strings.Contains(out.String()+stderr.String(), "hush") {
			t.Errorf("%q: tells %q, %q", in, &out, &stderr)
		}
	}
	var stderr bytes.Buffer
	if _, err := start(setup{Cert: []byte("hush"), Key: []byte("hush")}, &stderr); err == nil {
		t.Error("a child that cannot start has started")
	}
	if !strings.Contains(stderr.String(), "certificate") {
		t.Errorf("the child says %q", &stderr)
	}
}

// TestAPIErrors asks the server's own interface for what it does not do.
func TestAPIErrors(t *testing.T) {
	f := newForeign(t, setup{}, nil)
	for _, tt := range []struct {
		method, path, body string
		want               int
	}{
		{"PUT", "/admin/devices/a", "", http.StatusCreated},
		{"POST", "/admin/devices/a/requests", `{"id":"1","ops":[{"verb":"Get","uri":"./DevInfo/Man"}]}`, http.StatusCreated},
		{"POST", "/admin/devices/a/requests", `{"id":"1","ops":[{"verb":"Exec","uri":"./DevInfo/Man"}]}`, http.StatusBadRequest},
		{"POST", "/admin/devices/a/requests", `{`, http.StatusBadRequest},
		{"POST", "/admin/devices/a/requests", `{"id":"2"}`, http.StatusConflict},
		{"POST", "/admin/devices/b/requests", `{"id":"1","ops":[{"verb":"Get","uri":"./DevInfo/Man"}]}`, http.StatusConflict},
		{"GET", "/admin/devices/a", "", http.StatusMethodNotAllowed},
		{"DELETE", "/admin/devices/a", "", http.StatusNoContent},
	} {
		req, err := http.NewRequestWithContext(t.Context(), tt.method, f.URL+tt.path, strings.NewReader(tt.body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer secret")
		resp, err := f.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != tt.want {
			t.Errorf("%s %s %s: HTTP %d, want %d", tt.method, tt.path, tt.body, resp.StatusCode, tt.want)
		}
	}
}
