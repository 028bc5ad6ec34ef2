package main

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
	"github.com/gomadm/gomadm/session/capture"
	"github.com/gomadm/gomadm/session/memstore"
	"github.com/gomadm/gomadm/syncml"
	"github.com/gomadm/gomadm/syncml/wbxml"
)

const recorded = "../../testdata/sessions"

func TestInspect(t *testing.T) {
	tests := []struct {
		golden string
		input  string
		status int
	}{
		{"inspect-policies.txt", filepath.Join(recorded, "windows-policies"), 0},
		{"inspect-groups.txt", filepath.Join(recorded, "atomic-failure"), 0},
		{"inspect-alerts.txt", filepath.Join(recorded, "alerts-to-the-user"), 0},
		{"inspect-tree.txt", filepath.Join(recorded, "tnds"), 0},
		{"inspect-wbxml.txt", filepath.Join(recorded, "large-object-out-wbxml"), 0},
		{"inspect-faults.txt", "testdata/capture/faults.txt", 1},
		{"inspect-secrets.txt", "testdata/capture/secrets.xml", 0},
	}
	for _, tt := range tests {
		t.Run(tt.golden, func(t *testing.T) {
			status, out, errs := command("", "inspect", tt.input)
			if status != tt.status || errs != "" {
				t.Errorf("status %d, want %d; %s", status, tt.status, errs)
			}
			golden(t, tt.golden, out)
			if i := strings.IndexFunc(out, func(r rune) bool { return r < ' ' && r != '\n' }); i >= 0 {
				t.Errorf("control character at %d of %q", i, out)
			}
		})
	}
}

// What inspect shows holds none of the secrets of the file.
func TestInspectShowsNoSecrets(t *testing.T) {
	const file = "testdata/capture/secrets.xml"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	_, out, _ := command("", "inspect", file)
	secrets := regexp.MustCompile(`hidden-[a-z]+`).FindAllString(string(text), -1)
	if len(secrets) < 5 {
		t.Fatalf("the file has the secrets %q", secrets)
	}
	for _, s := range secrets {
		if strings.Contains(out, s) {
			t.Errorf("%s is shown", s)
		}
	}
}

func TestInspectRefuses(t *testing.T) {
	for _, args := range [][]string{{"inspect"}, {"inspect", "a", "b"}} {
		if status, _, errs := command("", args...); status != exitUsage || !strings.Contains(errs, "wrong number") {
			t.Errorf("%q: status %d, %s", args, status, errs)
		}
	}
	if status, _, errs := command("", "inspect", "no such file"); status != exitWrong || !strings.Contains(errs, "cannot be opened") {
		t.Errorf("status %d, %s", status, errs)
	}
}

// house serves the device of the recorded sessions.
func house(t *testing.T, reqs ...omadm.Request) *httptest.Server {
	t.Helper()
	const id = "urn:uuid:11111111-2222-4333-8444-555555555555"
	store := new(memstore.Store)
	if err := store.Register(t.Context(), session.Device{ID: id}); err != nil {
		t.Fatal(err)
	}
	queue := session.Queue{Store: store}
	if err := queue.Enqueue(t.Context(), id, reqs...); err != nil {
		t.Fatal(err)
	}
	handler, err := session.New(session.Config{
		Store: store, Authenticator: session.InsecureTrust{}, Codecs: []syncml.Codec{syncml.XML, wbxml.Codec}, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server
}

// recordedRequests is what the server asks for in the recording windows-policies.
func recordedRequests(t *testing.T) (reqs []omadm.Request) {
	t.Helper()
	rec, err := capture.Open(os.DirFS(filepath.Join(recorded, "windows-policies")))
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range rec.Asked() {
		reqs = append(reqs, a.Request)
	}
	return reqs
}

func TestReplay(t *testing.T) {
	file := filepath.Join(recorded, "windows-policies")
	for _, mode := range []string{"meaning", "outcomes", "rules"} {
		status, out, errs := command("", "replay", "-mode", mode, file, house(t, recordedRequests(t)...).URL)
		if status != exitOK || errs != "" || !strings.Contains(out, "404 Not found for Get 11") {
			t.Errorf("%s: status %d, %s\n%s", mode, status, errs, out)
		}
	}
	less := recordedRequests(t)[1:]
	status, out, errs := command("", "replay", file, house(t, less...).URL)
	if status != exitWrong || errs != "" || !strings.Contains(out, "message 1 is not answered as it was recorded") ||
		!strings.Contains(out, ">     5    Replace  ./Vendor/MSFT/Policy/Config/Test/A") {
		t.Errorf("status %d, %s\n%s", status, errs, out)
	}
	status, out, _ = command("", "replay", "-mode", "outcomes", file, house(t, less...).URL)
	if status != exitWrong || !strings.Contains(out, "Replace ./Vendor/MSFT/Policy/Config/Test/A, recorded in message 1, was not sent") {
		t.Errorf("status %d\n%s", status, out)
	}
}

func TestReplayRefuses(t *testing.T) {
	file := filepath.Join(recorded, "windows-policies")
	gone := httptest.NewServer(nil)
	gone.Close()
	tests := []struct {
		args   []string
		status int
		says   string
	}{
		{[]string{file}, exitUsage, "wrong number"},
		{[]string{"-mode", "exact", file, "http://127.0.0.1/"}, exitUsage, `no mode "exact"`},
		{[]string{file, "ftp://127.0.0.1/"}, exitUsage, "not the URL of a server"},
		{[]string{"no such file", "http://127.0.0.1/"}, exitWrong, "cannot be opened"},
		{[]string{"testdata/everything.xml", gone.URL}, exitWrong, ""},
		{[]string{file, gone.URL}, exitWrong, "refused"},
	}
	for _, tt := range tests {
		status, _, errs := command("", append([]string{"replay"}, tt.args...)...)
		if status != tt.status || !strings.Contains(errs, tt.says) {
			t.Errorf("%q: status %d, want %d; %s", tt.args, status, tt.status, errs)
		}
	}
}

// What passes through the proxy arrives as it is, and is recorded.
func TestRecord(t *testing.T) {
	file := filepath.Join(recorded, "windows-policies")
	to, err := url.Parse(house(t, recordedRequests(t)...).URL)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	var errs strings.Builder
	proxy := httptest.NewServer(newProxy(to, dir, &streams{err: &errs}))
	defer proxy.Close()
	if status, out, text := command("", "replay", file, proxy.URL); status != exitOK || text != "" {
		t.Errorf("status %d, %s\n%s", status, text, out)
	}
	if errs.Len() > 0 {
		t.Error(errs.String())
	}
	status, out, _ := command("", "inspect", dir)
	if status != exitOK || !strings.Contains(out, "Get        ./DevDetail/SwV  ⇒ 200 OK") {
		t.Errorf("status %d\n%s", status, out)
	}
	resp, err := http.Post(proxy.URL, syncml.ContentTypeXML, io.LimitReader(zeros{}, maxProxied+1))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode == http.StatusOK {
		t.Error("a message of any size passes")
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestRecordRefuses(t *testing.T) {
	tests := []struct {
		args []string
		says string
	}{
		{nil, "-upstream and -dir are needed"},
		{[]string{"-upstream", "http://127.0.0.1", "-dir", t.TempDir(), "x"}, "no files"},
		{[]string{"-upstream", "x", "-dir", t.TempDir()}, "not the URL of a server"},
		{[]string{"-upstream", "http://127.0.0.1", "-dir", t.TempDir(), "-listen", "8080"}, "not an address"},
		{[]string{"-upstream", "http://127.0.0.1", "-dir", filepath.Join(recorded, "abort")}, "holds a recording already"},
	}
	for _, tt := range tests {
		if status, _, errs := command("", append([]string{"record"}, tt.args...)...); status != exitUsage || !strings.Contains(errs, tt.says) {
			t.Errorf("%q: status %d, %s", tt.args, status, errs)
		}
	}
	if got, err := listenAddress(":8080"); got != "127.0.0.1:8080" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
}

// The proxy ends when it is interrupted.
func TestRecordEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	out, in := io.Pipe()
	done := make(chan int)
	go func() {
		status, err := serve(ctx, &streams{out: in}, "127.0.0.1:0", http.NotFoundHandler())
		if err != nil {
			t.Error(err)
		}
		done <- status
	}()
	line := make([]byte, 100)
	n, err := out.Read(line)
	if err != nil || !strings.HasPrefix(string(line[:n]), "recording at http://127.0.0.1:") {
		t.Errorf("%q, %v", line[:n], err)
	}
	cancel()
	if status := <-done; status != exitOK {
		t.Errorf("status %d", status)
	}
}
