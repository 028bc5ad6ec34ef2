package stores_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
	"github.com/gomadm/gomadm/session/simdevice"
	"github.com/gomadm/gomadm/session/sqlstore"
)

// BenchmarkGrowth measures check-ins in a database of 10,000 devices with 100,000 requests and 500,000 results, one device of
// which has 10,000 requests more, beside check-ins in one of 128 devices that have nothing to do. x-empty is how many times as long sessions
// of a simulated device take that gets a request from the real handler, x-empty-deep how many times as long the messages of
// the device with 10,000 requests take, each of which reads 64 of them: medians of nine rounds in turn.
func BenchmarkGrowth(b *testing.B) {
	for _, k := range kinds {
		b.Run(k.name, func(b *testing.B) {
			empty, full := newBench(b, k, sqlstore.Options{}), newBench(b, k, sqlstore.Options{})
			fill(b, full, 10_000)
			deepen(b, empty, 100)
			deepen(b, full, 10_000)
			if r, q := count(b, full, "gomadm_results"), count(b, full, "gomadm_requests"); r < 500_000 || q < 110_000 {
				b.Fatalf("database is filled with %d results and %d requests", r, q)
			}
			execute(b, full.db, "ANALYZE") // for the device that was added, too
			var ordinary, deep []float64
			for n := range benchRounds + 1 {
				checkIns := [2]float64{empty.checkIns(b, n), full.checkIns(b, n)}
				messages := [2]float64{empty.deepMessages(b), full.deepMessages(b)}
				if n > 0 { // the first prepares statements
					ordinary, deep = append(ordinary, checkIns[1]/checkIns[0]), append(deep, messages[1]/messages[0])
				}
			}
			b.ReportMetric(median(ordinary), "x-empty")
			b.ReportMetric(median(deep), "x-empty-deep")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// fill adds devices with the facts and the session of the first one of the benchmark, each with 10 requests and 50 results.
func fill(b *testing.B, s *bench, devices int) {
	b.Helper()
	if err := s.Register(context.Background(), session.Device{ID: "model"}); err != nil {
		b.Fatal(err)
	}
	reqs := make([]omadm.Request, 10)
	for i := range reqs {
		reqs[i] = benchRequest(i)
	}
	if err := s.Enqueue(context.Background(), "model", reqs...); err != nil {
		b.Fatal(err)
	}
	numbers, name := `(WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < %d) SELECT n FROM c)`,
		`CAST(printf('crowd-%06d', n.n) AS BLOB)`
	nth, nthOf := "", ""
	if s.Dialect == sqlstore.PostgreSQL {
		name = `convert_to('crowd-' || lpad(n.n::text, 6, '0'), 'UTF8')`
		nth, nthOf = "nth, ", "(n.n - 1) * 50 + i.n, "
	}
	all, fifty := fmt.Sprintf(numbers, devices), fmt.Sprintf(numbers, 50)
	for _, statement := range []string{
		`INSERT INTO gomadm_devices (device, revision, generation, client_nonce, server_nonce, account)
			SELECT NAME, revision, generation, client_nonce, server_nonce, account FROM gomadm_devices, ` + all + ` AS n
			WHERE device = MODEL`,
		`INSERT INTO gomadm_facts (device, name, value)
			SELECT NAME, name, value FROM gomadm_facts, ` + all + ` AS n WHERE device = FIRST`,
		`INSERT INTO gomadm_sessions (device, key, state, body, reply, seen)
			SELECT NAME, key, state, body, reply, seen FROM gomadm_sessions, ` + all + ` AS n WHERE device = FIRST`,
		`INSERT INTO gomadm_ids (device, request, digest)
			SELECT NAME, request, digest FROM gomadm_ids, ` + all + ` AS n WHERE device = MODEL`,
		`INSERT INTO gomadm_requests (device, request, scope, priority, not_before, size, attempts, failures, form)
			SELECT NAME, request, scope, priority, not_before, size, attempts, failures, form
			FROM gomadm_requests, ` + all + ` AS n WHERE device = MODEL`,
		`INSERT INTO gomadm_results (device, ` + nth + `kind, form)
			SELECT NAME, ` + nthOf + `kind, form FROM ` + all + ` AS n, ` + fifty + ` AS i,
				(SELECT kind, form FROM gomadm_results LIMIT 1) AS r`,
	} {
		octets := "CAST('%s' AS BLOB)"
		if s.Dialect == sqlstore.PostgreSQL {
			octets = "'%s'::bytea"
		}
		model, first := fmt.Sprintf(octets, "model"), fmt.Sprintf(octets, benchDevice(0))
		execute(b, s.db, strings.NewReplacer("NAME", name, "MODEL", model, "FIRST", first).Replace(statement))
	}
	execute(b, s.db, "ANALYZE")
}

// count returns how many rows a table has.
func count(b *testing.B, s *bench, table string) int {
	b.Helper()
	var n int
	if err := s.db.QueryRow("SELECT count(*) FROM " + table).Scan(&n); err != nil {
		b.Fatal(err)
	}
	return n
}

// deepen registers a device with many requests.
func deepen(b *testing.B, s *bench, requests int) {
	b.Helper()
	ctx := context.Background()
	reqs := make([]omadm.Request, requests)
	for i := range reqs {
		reqs[i] = benchRequest(i)
	}
	if err := errors.Join(s.Register(ctx, session.Device{ID: "deep"}), s.Enqueue(ctx, "deep", reqs...)); err != nil {
		b.Fatal(err)
	}
}

// checkIns returns how many seconds sessions take, of a new device each, which gets a request.
func (s *bench) checkIns(b *testing.B, round int) float64 {
	b.Helper()
	h, err := session.New(session.Config{Store: s.Store, Authenticator: session.InsecureTrust{}, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	const sessions = 50
	devices := make([]*simdevice.Device, sessions)
	for i := range devices {
		id := omadm.DeviceID(fmt.Sprintf("checks-in-%d-%d", round, i))
		err := errors.Join(s.Register(b.Context(), session.Device{ID: id}), s.Enqueue(b.Context(), id, benchRequest(0)))
		if err != nil {
			b.Fatal(err)
		}
		devices[i] = &simdevice.Device{ID: string(id), URL: "https://dm.example.test/dm", Transport: within{h}}
	}
	start := time.Now()
	for _, d := range devices {
		report, err := d.Session(b.Context())
		if err := errors.Join(err, report.Err()); err != nil {
			b.Fatal(err)
		}
	}
	return time.Since(start).Seconds()
}

// within carries messages to a handler of this process.
type within struct{ http.Handler }

func (h within) Post(ctx context.Context, url, contentType string, body []byte) (string, []byte, error) {
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(string(body)))
	r.Header.Set("Content-Type", contentType)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		return "", nil, fmt.Errorf("status %d", w.Code)
	}
	return w.Header().Get("Content-Type"), w.Body.Bytes(), nil
}

// deepMessages returns how many seconds messages take of the device with many requests, which stay.
func (s *bench) deepMessages(b *testing.B) float64 {
	b.Helper()
	start := time.Now()
	for range 50 {
		rec, err := s.Load(b.Context(), session.Query{Device: "deep", Now: noon, Limit: 64, Octets: 1 << 20})
		if err != nil {
			b.Fatal(err)
		}
		if len(rec.Requests) != 64 {
			b.Fatalf("Load: got %d requests, want 64", len(rec.Requests))
		}
		err = s.Commit(b.Context(), &session.Change{
			Device: "deep", Revision: rec.Revision, Session: benchState(), Reply: benchReply, Results: benchResults("request-000000"),
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	return time.Since(start).Seconds()
}
