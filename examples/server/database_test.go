package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/gomadm/gomadm/examples/server/pgtest"
	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
	"github.com/gomadm/gomadm/session/simdevice"
	"github.com/gomadm/gomadm/session/sqlstore"
)

// eachDatabase runs a test on an empty database of each kind that outlives the server, given by its name.
func eachDatabase(t *testing.T, test func(t *testing.T, name string)) {
	t.Run("SQLite", func(t *testing.T) { test(t, filepath.Join(t.TempDir(), "gomadm.db")) })
	t.Run("PostgreSQL", func(t *testing.T) {
		test(t, databaseURL(t, pgtest.Schema(t)))
	})
}

// databaseURL gives a connection string the other form.
func databaseURL(t *testing.T, dsn string) string {
	t.Helper()
	if postgres(dsn) {
		return dsn
	}
	c, err := pgx.ParseConfig(dsn)
	if err != nil {
		t.Fatal(err)
	}
	settings := url.Values{
		"host": {c.Host}, "port": {strconv.Itoa(int(c.Port))}, "user": {c.User}, "dbname": {c.Database},
		"search_path": {c.RuntimeParams["search_path"]},
	}
	if c.Password != "" {
		settings.Set("password", c.Password)
	}
	return "postgres:///?" + settings.Encode()
}

// serverOn starts a server on a database. Both end with the test.
func serverOn(t *testing.T, name string) site {
	t.Helper()
	db, err := openDatabase(t.Context(), name, sqlstore.Group{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.close(); err != nil {
			t.Error(err)
		}
	})
	return siteOn(t, db)
}

// TestDatabaseOutlivesTheServer starts the server anew after each step.
func TestDatabaseOutlivesTheServer(t *testing.T) {
	steps := []struct {
		name string
		do   func(s site)
	}{
		{"register", func(s site) { s.must(http.StatusCreated, "PUT", "/admin/devices/"+exampleDevice, "") }},
		{"enqueue", func(s site) { s.queue(getVersion) }},
		{"still known", func(s site) { s.must(http.StatusOK, "PUT", "/admin/devices/"+exampleDevice, "") }},
		{"still pending", func(s site) {
			if p := s.progress(exampleDevice, "r1"); p.State != "pending" {
				s.t.Errorf("request is %s, want pending", p.State)
			}
		}},
		{"package 1", func(s site) {
			if got := summary(s.exchange(example(s.t, "01"))); !slices.Contains(got, "Get ./DevDetail/SwV") {
				s.t.Errorf("got %q, want the Get among them", got)
			}
		}},
		{"package 3", func(s site) { s.exchange(example(s.t, "03")) }},
		{"finished", func(s site) {
			p := s.finished(exampleDevice, "r1")
			if p.Outcome.Kind != "done" || len(p.Results) != 2 || *p.Results[1].Items[0].Value != "7.4.1" {
				s.t.Errorf("got outcome %+v and results %+v", p.Outcome, p.Results)
			}
		}},
		{"facts", func(s site) {
			var d deviceJSON
			s.json(s.must(http.StatusOK, "GET", "/admin/devices/"+exampleDevice, ""), &d)
			if got := d.Facts["./DevInfo/Mod"]; got != "ED-1" {
				s.t.Errorf("model is %q, want ED-1", got)
			}
		}},
	}
	eachDatabase(t, func(t *testing.T, name string) {
		for _, step := range steps {
			t.Run(step.name, func(t *testing.T) { step.do(serverOn(t, name)) })
		}
	})
}

// finished asks for a request that is over until its outcome is listed, which on PostgreSQL older transactions hold back.
func (s site) finished(device, request string) progressJSON {
	s.t.Helper()
	path := "/admin/devices/" + device + "/requests/" + request
	for end := time.Now().Add(10 * time.Second); ; {
		a := s.do("GET", path, "")
		if a.status == http.StatusNotFound && time.Now().Before(end) {
			continue
		}
		if a.status != http.StatusOK {
			s.t.Fatalf("GET %s: %d %s", path, a.status, a.body)
		}
		var p progressJSON
		if s.json(a, &p); p.Outcome != nil {
			return p
		}
	}
}

// TestTwoServersOnOneDatabase has one server read what the other one changes.
func TestTwoServersOnOneDatabase(t *testing.T) {
	eachDatabase(t, func(t *testing.T, name string) {
		a, b := serverOn(t, name), serverOn(t, name)
		a.must(http.StatusCreated, "PUT", "/admin/devices/"+exampleDevice, "")
		b.queue(getVersion)
		a.exchange(example(t, "01"))
		b.exchange(example(t, "03"))
		if p := a.finished(exampleDevice, "r1"); p.State != "finished" {
			t.Errorf("request is %s, want finished", p.State)
		}
		b.must(http.StatusNoContent, "DELETE", "/admin/devices/"+exampleDevice, "")
		b.must(http.StatusCreated, "PUT", "/admin/devices/"+exampleDevice, "")
		a.must(http.StatusNotFound, "GET", "/admin/devices/"+exampleDevice+"/requests/r1", "")
	})
}

// TestGroup lets devices come at the same time to a server whose transactions they share.
func TestGroup(t *testing.T) {
	eachDatabase(t, func(t *testing.T, name string) {
		o, err := parse([]string{"-db", name, "-group", "8", "-group-delay", "20ms"}, io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		if want := (sqlstore.Group{Size: 8, Delay: 20 * time.Millisecond}); o.group != want {
			t.Errorf("got %+v, want %+v", o.group, want)
		}
		db, err := openDatabase(t.Context(), o.db, o.group)
		if err != nil {
			t.Fatal(err)
		}
		defer db.close()
		s := siteOn(t, db)
		var all sync.WaitGroup
		for i := range 16 {
			id := string(demoDevice(i))
			s.must(http.StatusCreated, "PUT", "/admin/devices/"+id, "")
			s.must(http.StatusCreated, "POST", "/admin/devices/"+id+"/requests", `{"id":"r1","ops":[`+getVersion+`]}`)
			all.Go(func() {
				report, err := (&simdevice.Device{ID: id, URL: s.url + "/dm", Transport: simdevice.HTTP{}}).Session(t.Context())
				if err := errors.Join(err, report.Err()); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		for i := range 16 {
			if p := s.finished(string(demoDevice(i)), "r1"); p.Outcome.Kind != "done" {
				t.Errorf("device %d: got %s, want done", i, p.Outcome.Kind)
			}
		}
	})
}

// TestDatabaseFile takes names that mean something in a URL for what they are.
func TestDatabaseFile(t *testing.T) {
	for _, base := range []string{"a?mode=memory", "a#b", "a%41", ":memory:", "ä b"} {
		t.Run(base, func(t *testing.T) {
			t.Chdir(t.TempDir())
			db, err := openDatabase(t.Context(), base, sqlstore.Group{})
			if err != nil {
				t.Fatal(err)
			}
			if err := db.close(); err != nil {
				t.Error(err)
			}
			list, err := os.ReadDir(".")
			if err != nil || len(list) != 1 || list[0].Name() != base {
				t.Fatalf("got files %v and error %v, want %q", list, err, base)
			}
			info, err := list[0].Info()
			if err != nil || info.Mode().Perm() != 0o600 || info.Size() == 0 {
				t.Errorf("got file %v and error %v, want one that only its owner reads", info, err)
			}
		})
	}
}

// demonstration runs the demonstration of one device on a database, and returns its exit status and last line.
func demonstration(ctx context.Context, name string, out io.Writer, args ...string) (int, string) {
	var text bytes.Buffer
	status := run(ctx, append([]string{"-demo", "-devices", "1", "-db", name}, args...), io.MultiWriter(&text, out), io.Discard)
	lines := strings.Split(strings.TrimSpace(text.String()), "\n")
	return status, lines[len(lines)-1]
}

// TestDemoContinues runs demonstrations on one database, one after the other.
func TestDemoContinues(t *testing.T) {
	eachDatabase(t, func(t *testing.T, name string) {
		for i := range 3 {
			var out bytes.Buffer
			status, last := demonstration(t.Context(), name, &out)
			if got := strings.HasPrefix(out.String(), "demo: goes on where the one before ended; the database has "); got != (i > 0) {
				t.Errorf("demonstration %d says that it goes on: %v\n%.200s", i+1, got, &out)
			}
			if want := "demo: 1 devices, 2 sessions, 8 commands, 0 lost"; status != 0 || last != want {
				t.Errorf("demonstration %d: got status %d and %q, want 0 and %q", i+1, status, last, want)
			}
		}
		db, err := openDatabase(t.Context(), name, sqlstore.Group{})
		if err != nil {
			t.Fatal(err)
		}
		defer db.close()
		d := demo{store: db}
		if id, err := d.nextSession(t.Context(), demoDevice(0)); id != "7" || err != nil {
			t.Errorf("next session is %q and error %v, want 7", id, err)
		}
	})
}

// TestDemoContinuesAfterFaults leaves work undone at many places, which the next demonstration finds.
func TestDemoContinuesAfterFaults(t *testing.T) {
	name := filepath.Join(t.TempDir(), "gomadm.db")
	if status, last := demonstration(t.Context(), name, io.Discard, "-fault", faultDropCommit); status != 1 {
		t.Errorf("with a broken store: got status %d and %q, want 1", status, last)
	}
	whole := regexp.MustCompile(`^demo: 1 devices, 2 sessions, \d+ commands, 0 lost$`)
	interrupted := 0
	for last := ""; !whole.MatchString(last); interrupted++ {
		status, next := demonstration(t.Context(), name, io.Discard)
		if status != 0 || !whole.MatchString(next) {
			t.Fatalf("after %d interruptions: got status %d and %q", interrupted, status, next)
		}
		ctx, stop := context.WithCancel(t.Context())
		_, last = demonstration(ctx, name, &interrupter{after: interrupted + 1, stop: stop})
		stop()
	}
	if interrupted < 4 {
		t.Errorf("interrupted at %d places only", interrupted)
	}
}

// TestDemoContinuesWithinARequest begins when one of two commands was answered to an earlier demonstration: this one has
// its device execute both.
func TestDemoContinuesWithinARequest(t *testing.T) {
	name, id := filepath.Join(t.TempDir(), "gomadm.db"), demoDevice(0)
	db, err := openDatabase(t.Context(), name, sqlstore.Group{})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Register(t.Context(), session.Device{ID: id}); err != nil {
		t.Fatal(err)
	}
	r := firstWork(0)[0]
	if err := db.Enqueue(t.Context(), id, r); err != nil {
		t.Fatal(err)
	}
	rec, err := db.Load(t.Context(), session.Query{Device: id})
	if err != nil {
		t.Fatal(err)
	}
	state := session.State{ID: "1", MsgID: "1", Seen: time.Now()}
	err = db.Commit(t.Context(), &session.Change{
		Device: id, Revision: rec.Revision, Session: state,
		Lease:   []session.Lease{{Request: r.ID, Session: state.Key(), Attempts: 1}},
		Results: []omadm.Result{{Request: r.ID, Op: 0, Status: omadm.StatusOK}},
	})
	if err := errors.Join(err, db.close()); err != nil {
		t.Fatal(err)
	}
	status, last := demonstration(t.Context(), name, io.Discard)
	if want := "demo: 1 devices, 2 sessions, 10 commands, 0 lost"; status != 0 || last != want {
		t.Errorf("got status %d and %q, want 0 and %q", status, last, want)
	}
}

// interrupter calls stop when the transcript has shown some messages.
type interrupter struct {
	after int
	stop  func()
}

func (w *interrupter) Write(b []byte) (int, error) {
	if bytes.Contains(b, []byte("  message ")) {
		if w.after--; w.after == 0 {
			w.stop()
		}
	}
	return len(b), nil
}

func TestPostgresDSN(t *testing.T) {
	for name, want := range map[string]string{
		"postgres://me@host/db":                         "postgres://me@host/db?plan_cache_mode=force_generic_plan",
		"postgres:///db?host=/run":                      "postgres:///db?host=%2Frun&plan_cache_mode=force_generic_plan",
		"postgres://me@host/db?plan_cache_mode=auto&x=": "postgres://me@host/db?plan_cache_mode=auto&x=",
	} {
		if got, err := postgresDSN(name); got != want || err != nil {
			t.Errorf("postgresDSN(%q): got %q, %v, want %q", name, got, err, want)
		}
	}
	if _, err := postgresDSN("postgres://me:a secret@host:port/"); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("postgresDSN of what is no URL: got error %v, want one without the password", err)
	}
}
