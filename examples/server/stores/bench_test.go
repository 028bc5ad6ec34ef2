package stores_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gomadm/gomadm/examples/server/pgtest"
	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
	"github.com/gomadm/gomadm/session/sqlstore"
	"github.com/gomadm/gomadm/syncml"
)

// durable returns a kind of database with the settings that the documentation of sqlstore asks for.
func durable(b *testing.B, name string) kind {
	if name == "SQLite" {
		return kind{name, func(t testing.TB) *sql.DB {
			return pooled(open(t, "sqlite", "file:"+filepath.Join(t.TempDir(), "gomadm.db")+
				"?_pragma=busy_timeout(100)&_pragma=journal_mode(wal)&_pragma=synchronous(full)&_txlock=immediate"), 8)
		}, sqlstore.SQLite}
	}
	server, schemas := pgtest.Start(b), 0
	return kind{name, func(t testing.TB) *sql.DB {
		schemas++
		db := pooled(open(t, "pgx", fmt.Sprintf("%s&search_path=s%d&plan_cache_mode=force_generic_plan", server.URL(), schemas)), 24)
		execute(t, db, fmt.Sprintf("CREATE SCHEMA s%d", schemas))
		return db
	}, sqlstore.PostgreSQL}
}

// pooled lets a database have connections, and keep them.
func pooled(db *sql.DB, connections int) *sql.DB {
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return db
}

const (
	benchWorkers  = 64
	benchDevices  = 128
	benchMessages = 4 // of each device in a round
	benchRounds   = 9
	benchWarm     = 6 // rounds before, in which each connection prepares its statements
)

// BenchmarkMessage measures what a store does for a message: Load of a device with ten facts, and Commit of ten results, an
// outcome, the session with a reply of 2 KB, and the lease of the next request; from 64 goroutines, on 128 devices, with
// everything on the disk at the end of each Commit, beside 2,000 others. The yardstick is byHand. Rounds take turns; x-baseline, or x-naive on
// PostgreSQL, is the median of how many times as many messages the store does in the same time, alone and with groups.
func BenchmarkMessage(b *testing.B) {
	for _, k := range kinds {
		b.Run(k.name, func(b *testing.B) {
			k := durable(b, k.name)
			yardstick := newBench(b, k, sqlstore.Options{})
			hand := newByHand(b, k, yardstick.db, octetsOf(b))
			alone := newBench(b, k, sqlstore.Options{})
			grouped := newBench(b, k, sqlstore.Options{Group: sqlstore.Group{Size: benchWorkers}})
			for _, s := range []*bench{yardstick, alone, grouped} {
				fill(b, s, 2000)
			}
			var single, shared, rate []float64
			for n := range benchWarm + benchRounds {
				theirs := yardstick.round(b, hand.message)
				ours, together := alone.round(b, alone.message), grouped.round(b, grouped.message)
				if n < benchWarm {
					continue
				}
				single, shared = append(single, theirs/ours), append(shared, theirs/together)
				rate = append(rate, benchDevices*benchMessages/theirs)
			}
			metric := "x-baseline"
			if k.Dialect == sqlstore.PostgreSQL {
				metric = "x-naive"
			}
			b.ReportMetric(median(single), metric)
			b.ReportMetric(median(shared), metric+"-grouped")
			b.ReportMetric(median(rate), "yardstick-messages/s")
			b.ReportMetric(0, "ns/op")
		})
	}
}

func median(of []float64) float64 {
	slices.Sort(of)
	return of[len(of)/2]
}

// bench is a store with devices that are in a session.
type bench struct {
	store
	enqueued int // requests of each device
}

func newBench(b *testing.B, k kind, opts sqlstore.Options) *bench {
	b.Helper()
	db := k.open(b)
	s := &bench{store: store{sqlstore.New(db, k.Dialect, opts), db, k.Dialect}}
	migrate(b, s.store)
	facts := make(omadm.Facts)
	for i := range 10 {
		facts[fmt.Sprintf("./DevDetail/Ext/Microsoft/Fact%d", i)] = "a value of some length"
	}
	for i := range benchDevices {
		if err := s.Register(context.Background(), session.Device{ID: benchDevice(i), Facts: facts}); err != nil {
			b.Fatal(err)
		}
	}
	s.enqueue(b, 1)
	s.round(b, s.message) // so that each device has a session
	return s
}

func benchDevice(i int) omadm.DeviceID { return omadm.DeviceID(fmt.Sprintf("device-%06d", i)) }

// enqueue gives requests to each device.
func (s *bench) enqueue(b *testing.B, n int) {
	b.Helper()
	tx, err := s.db.BeginTx(context.Background(), nil)
	if err != nil {
		b.Fatal(err)
	}
	reqs := make([]omadm.Request, n)
	for i := range reqs {
		reqs[i] = benchRequest(s.enqueued + i)
	}
	for i := range benchDevices {
		err = errors.Join(err, s.EnqueueTx(context.Background(), tx, benchDevice(i), reqs...))
	}
	if err := errors.Join(err, tx.Commit()); err != nil {
		b.Fatal(err)
	}
	s.enqueued += n
}

// benchRequest is a request of ten commands.
func benchRequest(n int) omadm.Request {
	r := omadm.Request{ID: omadm.RequestID(fmt.Sprintf("request-%06d", n))}
	for i := range 10 {
		r.Ops = append(r.Ops, omadm.Op{Verb: omadm.Get, URI: omadm.URI(fmt.Sprintf("./Device/Vendor/MSFT/Policy/Result/Area/%d", i))})
	}
	return r
}

// round returns how many seconds the messages of a round take.
func (s *bench) round(b *testing.B, message func(context.Context, omadm.DeviceID) error) float64 {
	b.Helper()
	s.enqueue(b, benchMessages)
	return s.messages(b, message)
}

// messages returns how many seconds the messages of a round take, for which there are requests.
func (s *bench) messages(b *testing.B, message func(context.Context, omadm.DeviceID) error) float64 {
	b.Helper()
	errs := make([]error, benchWorkers)
	start := time.Now()
	var all sync.WaitGroup
	for w := range benchWorkers {
		all.Go(func() {
			for range benchMessages {
				for i := w; i < benchDevices; i += benchWorkers {
					errs[w] = errors.Join(errs[w], message(context.Background(), benchDevice(i)))
				}
			}
		})
	}
	all.Wait()
	took := time.Since(start).Seconds()
	if err := errors.Join(errs...); err != nil {
		b.Fatal(err)
	}
	return took
}

// message is a message of a device: it brings the results of the request that it has, and takes the next one.
func (s *bench) message(ctx context.Context, id omadm.DeviceID) error {
	rec, err := s.Load(ctx, session.Query{Device: id, Now: noon, Limit: 10, Octets: 1 << 20})
	if err != nil {
		return err
	}
	c := &session.Change{Device: id, Revision: rec.Revision, Session: benchState(), Reply: benchReply}
	for _, p := range rec.Requests {
		if p.Attempts > 0 {
			c.Results, c.Finish = benchResults(p.Request.ID), []omadm.Outcome{benchOutcome(p.Request.ID)}
			continue
		}
		c.Lease = []session.Lease{{Request: p.Request.ID, Session: c.Session.Key(), Attempts: 1}}
		break
	}
	return s.Commit(ctx, c)
}

func benchState() session.State {
	return session.State{
		ID: "1", Opened: noon, Seen: noon, MsgID: "2", Sent: 2, Messages: 2, MaxMsgSize: 1 << 19, MaxObjSize: 1 << 20,
		Requests: []session.Carried{{ID: "request-000000"}},
	}
}

var benchReply = []byte(strings.Repeat("reply", 400))

func benchResults(id omadm.RequestID) []omadm.Result {
	results := make([]omadm.Result, 10)
	for i := range results {
		results[i] = omadm.Result{Request: id, Op: i, Status: 200, Items: []syncml.Item{{
			Source: syncml.Location{URI: fmt.Sprintf("./Device/Vendor/MSFT/Policy/Result/Area/%d", i)}, Data: syncml.Text("a value of some length"),
		}}}
	}
	return results
}

func benchOutcome(id omadm.RequestID) omadm.Outcome {
	return omadm.Outcome{Request: id, Kind: omadm.Done, At: noon, Attempts: 1}
}

func octetsOf(b *testing.B) octets {
	b.Helper()
	s, results, outcome := benchState(), benchResults("request-000000"), benchOutcome("request-000000")
	o := octets{reply: benchReply, body: s.Body[:], results: make([][]byte, len(results))}
	var err error
	for i := range results {
		o.results[i], err = results[i].AppendBinary(nil)
		if err != nil {
			b.Fatal(err)
		}
	}
	o.state, err = s.AppendBinary(nil)
	if err == nil {
		o.outcome, err = outcome.AppendBinary(nil)
	}
	if err != nil {
		b.Fatal(err)
	}
	return o
}
