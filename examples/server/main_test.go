package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// asCommand makes this test binary the command itself.
const asCommand = "GOMADM_TEST_SERVER"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// command returns the server as a process of its own.
func command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, exe, args...)
	cmd.Dir = t.TempDir() // where -db is by default
	cmd.Env = append(os.Environ(), asCommand+"=1", "NO_COLOR=1")
	return cmd
}

func TestExitStatus(t *testing.T) {
	tests := []struct {
		name     string
		args     string
		want     int
		wantText string // pattern of the last line of stdout, or of part of stderr
	}{
		{"demonstration", "-demo", 0, `^demo: 3 devices, 6 sessions, 24 commands, 0 lost$`},
		{"demonstration with more devices", "-demo -devices 5", 0, `^demo: 5 devices, 10 sessions, 40 commands, 0 lost$`},
		{"demonstration with a broken store", "-demo -fault drop-commit", 1, `^demo: 3 devices, 6 sessions, \d+ commands, [1-9]\d* lost$`},
		{"demonstration of one device with a broken store", "-demo -fault drop-commit -devices 1", 1, `^demo: 1 devices, 2 sessions, \d+ commands, [1-9]\d* lost$`},
		{"help", "-h", 0, `Usage`},
		{"address in use by nobody here", "-listen 192.0.2.1:0 -insecure", 1, `listen tcp`},
		{"missing certificate", "-cert no.pem -key no.pem", 1, `no\.pem`},

		{"unknown flag", "-nosuch", 2, `Usage`},
		{"stray argument", "-demo extra", 2, `unexpected argument "extra"`},
		{"unknown fault", "-demo -fault flood", 2, `unknown fault "flood"`},
		{"fault without demonstration", "-fault drop-commit", 2, `need -demo`},
		{"no devices", "-demo -devices 0", 2, `not positive`},
		{"demonstration on an address", "-demo -listen :80", 2, `does not use -listen`},
		{"everybody believed on a public address", "-listen 192.0.2.1:80", 2, `cannot prove`},
		{"everybody believed on all addresses", "-listen :80", 2, `cannot prove`},
		{"everybody believed over TLS", "-listen :443 -cert a -key b", 2, `cannot prove`},
		{"certificate without a key", "-cert a", 2, `belong together`},
		{"issuers without TLS", "-client-ca a", 2, `needs -cert`},
		{"two ways to authenticate", "-cert a -key b -client-ca c -forwarded-proxies 10.0.0.0/8", 2, `exclude each other`},
		{"insecure and not", "-insecure -forwarded-proxies 10.0.0.0/8", 2, `-insecure excludes`},
		{"wrong network", "-forwarded-proxies 10.0.0.0", 2, `forwarded-proxies`},
		{"wrong address", "-listen 8080", 2, `-listen`},
		{"negative size", "-max-body -1", 2, `-max-body is negative`},
		{"no requests", "-max-requests 0", 2, `-max-requests is not positive`},
		{"no connections", "-max-connections 0", 2, `-max-connections is not positive`},
		{"no time", "-timeout 0s", 2, `-timeout is not positive`},
		{"unknown form of the log", "-log-format xml", 2, `-log-format "xml"`},
		{"unknown level of the log", "-log-level loud", 2, `loud`},
		{"negative group", "-group -1", 2, `-group is negative`},
		{"delay of no group", "-group-delay 1s", 2, `needs -group`},
		{"no delay", "-group 2 -group-delay 0s", 2, `-group-delay is not positive`},
		{"token given twice", "-token a -token-file b", 2, `exclude each other`},
		{"token in a file that is not there", "-listen 127.0.0.1:0 -token-file no.txt", 1, `no\.txt`},
		{"metrics in use by nobody here", "-listen 127.0.0.1:0 -metrics 192.0.2.1:0", 1, `-metrics: listen tcp`},
		{"demonstration with metrics", "-demo -metrics :0", 2, `does not use -metrics`},
		{"empty token", "-token=", 2, `-token is empty`},
		{"path of the administrator", "-path /admin/x", 2, `belongs to the administrator`},
		{"empty database", "-db=", 2, `-db is empty`},
		{"another kind of database", "-db mysql://host/db", 2, `not one of PostgreSQL`},
		{"database in a folder that is not there", "-db no/such.db", 1, `no such file`},
		{"demonstration in a folder that is not there", "-demo -db no/such.db", 1, `no such file`},
		{"demonstration in memory", "-demo -db memory -devices 1", 0, `^demo: 1 devices, 2 sessions, 8 commands, 0 lost$`},
		{"relative path", "-path dm", 2, `absolute path`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			cmd := command(t, strings.Fields(tt.args)...)
			cmd.Stdout, cmd.Stderr = &stdout, &stderr
			err := cmd.Run()
			if exit := new(exec.ExitError); err != nil && !errors.As(err, &exit) {
				t.Fatal(err)
			}
			if got := cmd.ProcessState.ExitCode(); got != tt.want {
				t.Errorf("exit status %d, want %d\n%s", got, tt.want, &stderr)
			}
			text := stderr.String()
			if stdout.Len() > 0 {
				lines := strings.Split(strings.TrimSpace(stdout.String()), "\n")
				text = lines[len(lines)-1]
			}
			if !regexp.MustCompile(tt.wantText).MatchString(text) {
				t.Errorf("got\n%s\nwant %s", text, tt.wantText)
			}
		})
	}
}

// TestStop interrupts a process that serves: it says where it listens, answers, and ends with status 0.
func TestStop(t *testing.T) {
	for _, sig := range []os.Signal{syscall.SIGTERM, os.Interrupt} {
		t.Run(sig.String(), func(t *testing.T) {
			cmd := command(t, "-listen", "127.0.0.1:0")
			stdout, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			line, err := bufio.NewReader(stdout).ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			addr, ok := strings.CutPrefix(strings.TrimSpace(line), "listening on ")
			if !ok {
				t.Fatalf("first line is %q", line)
			}
			s := site{t: t, url: "http://" + addr}
			s.must(http.StatusOK, "GET", "/admin/results", "")
			if err := cmd.Process.Signal(sig); err != nil {
				t.Fatal(err)
			}
			if err := cmd.Wait(); err != nil {
				t.Errorf("ended with %v", err)
			}
			files, err := filepath.Glob(filepath.Join(cmd.Dir, "*"))
			if want := []string{filepath.Join(cmd.Dir, "gomadm.db")}; err != nil || !slices.Equal(files, want) {
				t.Errorf("leaves %q and error %v, want %q", files, err, want)
			}
		})
	}
}

// TestDrain tells a process to stop that goes on for a while: it is not ready any more and answers all the same. A second
// signal ends it.
func TestDrain(t *testing.T) {
	cmd := command(t, "-listen", "127.0.0.1:0", "-db", "memory", "-drain", "1h")
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	s := site{t: t, url: "http://" + strings.TrimPrefix(strings.TrimSpace(line), "listening on ")}
	s.must(http.StatusOK, "GET", "/readyz", "")
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	for s.do("GET", "/readyz", "").status != http.StatusServiceUnavailable {
	}
	s.must(http.StatusOK, "GET", "/livez", "")
	s.must(http.StatusCreated, "PUT", "/admin/devices/"+exampleDevice, "")
	s.exchange(example(t, "01"))
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil || cmd.ProcessState.ExitCode() != -1 {
		t.Errorf("ended with %v, want by the signal", err)
	}
}

// TestStopWaits stops the server while it reads a message: it is not ready any more and lets nobody in, but that message is
// still answered.
func TestStopWaits(t *testing.T) {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	read, write := io.Pipe()
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, []string{"-listen", "127.0.0.1:0", "-metrics", "127.0.0.1:0", "-db", "memory"}, write, io.Discard)
		write.Close()
	}()
	lines := bufio.NewReader(read)
	line, err := lines.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	watch, err := lines.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	s := site{t: t, url: "http://" + strings.TrimPrefix(strings.TrimSpace(line), "listening on ")}
	s.must(http.StatusCreated, "PUT", "/admin/devices/"+exampleDevice, "")

	w := site{t: t, url: "http://" + strings.TrimPrefix(strings.TrimSpace(watch), "metrics on ")}
	w.must(http.StatusOK, "GET", "/readyz", "")

	body := example(t, "01")
	from, to := io.Pipe()
	req, err := http.NewRequest("POST", s.url+"/dm", from)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/vnd.syncml.dm+xml")
	req.Header.Set("Expect", "100-continue") // the body is asked for once the handler reads it
	transport := &http.Transport{ExpectContinueTimeout: time.Minute}
	defer transport.CloseIdleConnections()
	go func() {
		// The first octet leaves when the server has begun to read.
		_, err := to.Write([]byte(body[:1]))
		stop()
		for w.do("GET", "/readyz", "").status != http.StatusServiceUnavailable {
		}
		for open := true; open; {
			c, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
			if open = err == nil; open {
				c.Close()
			}
		}
		if err == nil {
			_, err = to.Write([]byte(body[1:]))
		}
		to.CloseWithError(err)
	}()
	resp, err := transport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		t.Error(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("got status %d, want 200", resp.StatusCode)
	}
	if got := <-ended; got != 0 {
		t.Errorf("ended with status %d, want 0", got)
	}
}
