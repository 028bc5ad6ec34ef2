package cluster

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"

	"github.com/gomadm/gomadm/examples/server/pgtest"
	"github.com/gomadm/gomadm/session/sqlstore"
)

// alertType is the type of the generic alerts of the devices.
const alertType = "com.example.cluster"

// site is the servers of one database and the proxy before them.
type site struct {
	t      *testing.T
	ctx    context.Context // ends when the test has taken too long or has failed
	stop   context.CancelFunc
	plan   plan
	client http.Client
	url    string // of the proxy

	args  []string        // of the program
	name  string          // of the database, as -db takes it
	pg    *pgtest.Server  // nil: SQLite
	store *sqlstore.Store // of this process, which is one more client of the database
	db    *sql.DB

	// striking is held for writing while something is killed and started anew, and for reading by those who wait for
	// the end of that.
	striking sync.RWMutex

	mu    sync.Mutex
	nodes []*node
	turns map[string]int // of each path: the node that had the last message
	sent  []int          // messages that each node was sent

	messages, served   atomic.Int64 // messages to and through the proxy; GET is none
	nodeKills, dbKills atomic.Int64
	moved              chan struct{} // has an element when something may have been committed
}

// newSite starts the servers on a database. All that it starts ends with the test.
func newSite(ctx context.Context, t *testing.T, pg *pgtest.Server, nodes int, p plan, args ...string) *site {
	t.Helper()
	ctx, stop := context.WithCancel(ctx)
	s := &site{
		t: t, ctx: ctx, stop: stop, plan: p, pg: pg, args: args, nodes: make([]*node, nodes), sent: make([]int, nodes),
		turns: make(map[string]int), moved: make(chan struct{}, 1),
	}
	s.client.Transport = &http.Transport{MaxIdleConnsPerHost: 100}
	t.Cleanup(s.client.CloseIdleConnections)
	t.Cleanup(stop)
	s.open()
	t.Cleanup(func() {
		s.striking.Lock() // a strike that goes on would start another one
		defer s.striking.Unlock()
		for i := range s.nodes {
			s.takeDown(i)
		}
	})
	for i := range s.nodes {
		s.start(i)
	}
	proxy := httptest.NewServer(s)
	t.Cleanup(proxy.Close)
	s.url = proxy.URL
	return s
}

// open opens the database in this process.
func (s *site) open() {
	s.t.Helper()
	driver, dsn, dialect := "pgx", "", sqlstore.PostgreSQL
	if s.pg != nil {
		s.name = s.pg.URL()
		dsn = s.name
	} else {
		s.name = filepath.Join(s.t.TempDir(), "gomadm.db")
		settings := "_pragma=busy_timeout(100)&_pragma=journal_mode(wal)&_pragma=synchronous(full)"
		driver, dialect = "sqlite", sqlstore.SQLite
		dsn = (&url.URL{Scheme: "file", Path: filepath.ToSlash(s.name), RawQuery: settings}).String()
	}
	db, err := sql.Open(driver, dsn)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		if err := db.Close(); err != nil {
			s.t.Error(err)
		}
	})
	if s.pg != nil { // where another test may have been before
		if _, err := db.ExecContext(s.ctx, `DROP SCHEMA public CASCADE; CREATE SCHEMA public`); err != nil {
			s.t.Fatal(err)
		}
	}
	s.db, s.store = db, sqlstore.New(db, dialect, sqlstore.Options{})
}

// fail fails the test and lets all that goes on end.
func (s *site) fail(err error) {
	s.t.Error(err)
	s.stop()
}

// start starts a node.
func (s *site) start(i int) {
	// The devices are to refuse some of the commands, which the catalogue of Windows would not let through.
	args := append([]string{"-listen", "127.0.0.1:0", "-db", s.name, "-alert-type", alertType, "-check", "off"}, s.args...)
	n, err := startNode(s.ctx, s.fail, args...)
	switch {
	case err != nil && s.ctx.Err() != nil:
		return
	case err != nil:
		s.fail(fmt.Errorf("node %d: %w", i, err))
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.nodes[i] = n
}

// settle returns when nothing is being struck.
func (s *site) settle() {
	s.striking.RLock()
	defer s.striking.RUnlock()
}

// next chooses the node for a message with a path: not the one of the message before, if there is another. It returns
// -1 if all are down.
func (s *site) next(path string) (int, *node) {
	s.mu.Lock()
	defer s.mu.Unlock()
	last, ok := s.turns[path]
	if !ok {
		last = len(s.turns)
	}
	for i := range s.nodes {
		n := (last + 1 + i) % len(s.nodes)
		if s.nodes[n] == nil {
			continue
		}
		s.turns[path] = n
		s.sent[n]++
		return n, s.nodes[n]
	}
	return -1, nil
}

// victim is what a strike kills.
type victim int

// The victims.
const (
	oneNode victim = iota
	allNodes
	database
	everything
)

// phase is when a strike comes.
type phase int

// The phases.
const (
	before  phase = iota // the message is on its way
	during               // the node has it
	after                // the reply has come; the device gets it
	instead              // the reply has come; the device does not get it
	phases
)

// strike is what is killed, and when.
type strike struct {
	victim victim
	phase  phase
}

// plan is the strikes by the number of the message that they come with.
type plan struct {
	strikes  map[int64]strike
	messages int64
}

// newPlan draws strikes at nodes, and half as many at the database if that can be killed, over so many messages.
func newPlan(random *rand.Rand, strikes int, messages int64, killable bool) plan {
	var list []victim
	for i := range strikes {
		list = append(list, []victim{oneNode, oneNode, allNodes}[i%3])
	}
	for i := 0; killable && i < strikes/2; i++ {
		list = append(list, []victim{database, everything}[i%2])
	}
	random.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	p := plan{strikes: make(map[int64]strike), messages: messages}
	order := random.Perm(int(phases)) // so that a short plan has them all
	at, gap := int64(0), messages/int64(len(list)+1)
	for i, v := range list {
		p.strikes[at+1+random.Int64N(gap)] = strike{v, phase(order[i%int(phases)])}
		at += gap
	}
	return p
}

// share is how much of the plan is done after so many messages.
func (p *plan) share(messages int64) float64 {
	return min(1, float64(messages)/float64(p.messages))
}

// strike kills what is to be killed, with striking held. N is the node that the message goes to.
func (s *site) strike(v victim, n int) {
	if v == database || v == everything {
		if err := s.pg.Kill(); err != nil {
			s.fail(err)
		}
		s.dbKills.Add(1)
	}
	for i := range s.nodes {
		if i == n && v == oneNode || v == allNodes || v == everything {
			s.takeDown(i)
		}
	}
}

// revive starts what a strike killed, and lets go of striking.
func (s *site) revive(v victim) {
	defer s.striking.Unlock()
	if s.ctx.Err() != nil {
		return
	}
	if v == database || v == everything {
		if err := s.pg.Restart(); err != nil {
			s.fail(err)
		}
	}
	for i := range s.nodes {
		if s.nodes[i] == nil {
			s.start(i)
		}
	}
}

// takeDown kills a node.
func (s *site) takeDown(i int) {
	s.mu.Lock()
	n := s.nodes[i]
	s.nodes[i] = nil
	s.mu.Unlock()
	if n != nil { // it may not have started
		n.kill()
		s.nodeKills.Add(1)
	}
}
