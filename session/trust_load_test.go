package session_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	syncatomic "sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
	"github.com/gomadm/gomadm/session/memstore"
	"github.com/gomadm/gomadm/session/simdevice"
	"github.com/gomadm/gomadm/syncml"
	"github.com/gomadm/gomadm/syncml/wbxml"
)

// TestDeliveryUnderFaults gives requests of all kinds to devices that have accidents all the time. Every request ends in
// exactly one outcome, which agrees with what the device did, nothing is executed more often than its delivery allows, and
// what kills the device is quarantined while the rest moves on.
//
// The short form is bounded by its work. The long form, with GOMADM_LONG=1, has 1,000 devices, 100,000 requests and goes on
// for five minutes.
func TestDeliveryUnderFaults(t *testing.T) {
	const seed = 20260301
	devices, each, turns := 30, 20, 40
	progress := func(turn int) float64 { return float64(turn+1) / float64(turns) }
	if os.Getenv("GOMADM_LONG") != "" {
		devices, each = 1000, 100
		begun := time.Now()
		progress = func(int) float64 { return time.Since(begun).Minutes() / 5 }
	}
	t.Logf("seed %d", seed)
	f := newFleet(t, seed, devices, each)
	begun := time.Now()
	f.each(func(m *member, turn int) bool {
		share := progress(turn)
		m.enqueue(min(share, 1))
		m.cancel()
		m.session()
		return share < 1
	})
	f.settle()
	f.check()
	f.report(time.Since(begun))
}

// fleet is many devices on one store.
type fleet struct {
	t       *testing.T
	store   *memstore.Store
	members []*member
	calm    bool // no more accidents

	sessions, messages, accidents syncatomic.Int64
}

func newFleet(t *testing.T, seed uint64, devices, each int) *fleet {
	f := &fleet{t: t, store: new(memstore.Store)}
	for i := range devices {
		m := newMember(f, i, rand.New(rand.NewPCG(seed, uint64(i))), each)
		require.NoError(t, f.store.Register(t.Context(), session.Device{ID: m.id}))
		f.members = append(f.members, m)
	}
	return f
}

// each lets every device have its turns, until do returns false. A device has one turn at a time.
func (f *fleet) each(do func(m *member, turn int) bool) {
	var all sync.WaitGroup
	const workers = 8
	for w := range workers {
		all.Go(func() {
			for turn, more := 0, true; more; turn++ {
				more = false
				for i := w; i < len(f.members); i += workers {
					if do(f.members[i], turn) {
						more = true
					}
				}
			}
		})
	}
	all.Wait()
}

// settle lets the devices come without accidents until nothing is left to do for them, and takes back what waits for a
// user who is never there.
func (f *fleet) settle() {
	f.calm = true
	f.each(func(m *member, turn int) bool {
		m.session()
		return turn < 40
	})
	for _, m := range f.members {
		if m.device.LoginStatus == "user" {
			continue
		}
		var ofUser []omadm.RequestID
		for _, w := range m.wishes {
			if w.user {
				ofUser = append(ofUser, w.request.ID)
			}
		}
		_, err := m.queue.Cancel(f.t.Context(), m.id, ofUser...)
		require.NoError(f.t, err)
	}
}

// check compares the outcomes of all requests with what the devices have executed.
func (f *fleet) check() {
	outcomes := make(map[omadm.DeviceID]map[omadm.RequestID]omadm.Outcome)
	for _, m := range f.members {
		outcomes[m.id] = make(map[omadm.RequestID]omadm.Outcome)
	}
	entries, err := f.store.Results(f.t.Context(), "", 1<<30)
	require.NoError(f.t, err)
	for _, e := range entries {
		if e.Outcome == nil {
			continue
		}
		_, twice := outcomes[e.Device][e.Outcome.Request]
		require.False(f.t, twice, "%s: request %s has two outcomes", e.Device, e.Outcome.Request)
		outcomes[e.Device][e.Outcome.Request] = *e.Outcome
	}
	for _, m := range f.members {
		require.Equal(f.t, len(m.wishes), m.next, "%s: all were enqueued", m.id)
		require.Len(f.t, outcomes[m.id], len(m.wishes), "%s: one outcome for each request", m.id)
		rec, err := f.store.Load(f.t.Context(), session.Query{Device: m.id, Now: m.now, Limit: 1 << 20, Octets: 1 << 30})
		require.NoError(f.t, err)
		require.Empty(f.t, rec.Requests, "%s: the queue is empty", m.id)
		for i := range m.wishes {
			w := &m.wishes[i]
			o := outcomes[m.id][w.request.ID]
			w.outcome = o
			if fault := w.fault(m.device); fault != "" {
				f.t.Errorf("%s: %s: %s, outcome %+v", m.id, w.request.ID, fault, o)
			}
			if slices.Contains(m.canceled, w.request.ID) != (o.Kind == omadm.Canceled) && !w.user {
				f.t.Errorf("%s: %s: Cancel and the outcome %v disagree", m.id, w.request.ID, o.Kind)
			}
		}
	}
	f.checkKinds()
}

// checkKinds holds the test to what it is for: there was poison, and it took no others along.
func (f *fleet) checkKinds() {
	kinds, taken := f.kinds()
	require.Positive(f.t, kinds[omadm.Done])
	require.Positive(f.t, kinds[omadm.Unknown])
	require.Positive(f.t, kinds[omadm.Canceled])
	require.Positive(f.t, kinds[omadm.Quarantined]-taken, "poison")
	require.Less(f.t, taken, len(f.members)*len(f.members[0].wishes)/200+1, "quarantined without being poison")
}

func (f *fleet) kinds() (kinds map[omadm.Kind]int, taken int) {
	kinds = make(map[omadm.Kind]int)
	for _, m := range f.members {
		for _, w := range m.wishes {
			kinds[w.outcome.Kind]++
			if w.outcome.Kind == omadm.Quarantined && !w.poison {
				taken++
			}
		}
	}
	return kinds, taken
}

// report says how much was done.
func (f *fleet) report(d time.Duration) {
	kinds, taken := f.kinds()
	repeated, again := 0, 0
	for _, m := range f.members {
		for _, w := range m.wishes {
			if w.outcome.Repeated {
				repeated++
			}
			if w.outcome.Attempts > 1 {
				again++
			}
		}
	}
	var mem runtime.MemStats
	runtime.ReadMemStats(&mem)
	f.t.Logf("%d devices, %d requests, %d sessions, %d messages, %d accidents in %v; heap %d MB",
		len(f.members), len(f.members)*len(f.members[0].wishes), f.sessions.Load(), f.messages.Load(), f.accidents.Load(), d.Round(time.Second), mem.HeapAlloc>>20)
	f.t.Logf("outcomes %v; %d sent more than once, %d repeated, %d quarantined that are no poison", kinds, again, repeated, taken)
}

// member is a device with a clock of its own, what is asked of it, and its server: two handlers on the store of all.
type member struct {
	fleet    *fleet
	id       omadm.DeviceID
	random   *rand.Rand
	now      time.Time
	device   *simdevice.Device
	queue    session.Queue
	nodes    [2]http.Handler
	wishes   []wish
	next     int // of wishes: not enqueued yet
	canceled []omadm.RequestID
}

func newMember(f *fleet, n int, random *rand.Rand, wishes int) *member {
	m := &member{fleet: f, id: omadm.DeviceID(fmt.Sprintf("device-%d", n)), random: random, now: time.Unix(1_800_000_000, 0).UTC()}
	now := func() time.Time { return m.now }
	m.queue.Store, m.queue.Now = f.store, now
	for i := range m.nodes {
		var err error
		m.nodes[i], err = session.New(session.Config{
			Store: f.store, Authenticator: session.InsecureTrust{}, Codecs: []syncml.Codec{syncml.XML, wbxml.Codec},
			Logger: slog.New(slog.DiscardHandler), Now: now,
		})
		require.NoError(f.t, err)
	}
	m.device = &simdevice.Device{
		ID: string(m.id), URL: serverURL, Transport: mortal{direct{m}}, Fault: m.accident, Retry: giveUp, Now: now,
		SessionIDs: simdevice.SessionIDs(n % 3), LoginStatus: "user",
	}
	if n%5 == 4 {
		m.device.LoginStatus = "others"
	}
	if n%4 == 1 {
		m.device.Codec = wbxml.Codec
	}
	if n%3 == 0 {
		m.device.MaxMsgSize = 1500 + random.Int64N(3000)
	}
	for i := range wishes {
		m.wishes = append(m.wishes, m.wish(i, n%3 == 1 && i == wishes/3))
	}
	return m
}

// ServeHTTP answers a message of the device on either node.
func (m *member) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.now = m.now.Add(time.Second)
	m.fleet.messages.Add(1)
	m.nodes[m.random.IntN(len(m.nodes))].ServeHTTP(w, r)
}

// accident is the schedule of what goes wrong: a quarter of the messages.
func (m *member) accident(int, int) simdevice.Fault {
	if m.fleet.calm || m.random.IntN(4) > 0 {
		return simdevice.NoFault
	}
	m.fleet.accidents.Add(1)
	return simdevice.Fault(1 + m.random.IntN(int(simdevice.LateAfter)))
}

// errDead is what became of a device that got poison.
var errDead = errors.New("the device is dead")

// giveUp lets a device send a message six times, unless it is dead.
func giveUp(_ context.Context, attempt int, err error) error {
	if attempt > 5 || errors.Is(err, errDead) {
		return err
	}
	return nil
}

// mortal is a transport that kills the device with an answer that holds poison.
type mortal struct{ simdevice.Transport }

const poison = "Poison"

func (m mortal) Post(ctx context.Context, url, contentType string, body []byte) (string, []byte, error) {
	typ, answer, err := m.Transport.Post(ctx, url, contentType, body)
	if err == nil && bytes.Contains(answer, []byte(poison)) {
		return "", nil, errDead
	}
	return typ, answer, err
}

// batch is how many requests are put in at a time, so that they travel in company.
const batch = 5

// enqueue puts in requests until that share of them is there.
func (m *member) enqueue(share float64) {
	var reqs []omadm.Request
	for upTo := int(share*float64(len(m.wishes))) / batch * batch; m.next < upTo; m.next++ {
		w := &m.wishes[m.next]
		if w.delay > 0 {
			w.request.NotBefore = m.now.Add(w.delay)
		}
		if w.life > 0 {
			w.request.Expires = m.now.Add(w.life)
		}
		reqs = append(reqs, w.request)
	}
	if err := m.queue.Enqueue(context.Background(), m.id, reqs...); err != nil {
		m.fleet.t.Errorf("%s: Enqueue: %v", m.id, err)
	}
}

// cancel takes a request back now and then.
func (m *member) cancel() {
	if m.next == 0 || m.random.IntN(20) > 0 {
		return
	}
	ids, err := m.queue.Cancel(context.Background(), m.id, m.wishes[m.random.IntN(m.next)].request.ID)
	if err != nil {
		m.fleet.t.Errorf("%s: Cancel: %v", m.id, err)
	}
	m.canceled = append(m.canceled, ids...)
}

// session lets the device have a session, which an accident may end. Some come back at once; not those that open each
// session with the same octets, which would be taken for a repetition.
func (m *member) session() {
	pause := 15 * time.Minute
	if m.device.SessionIDs != simdevice.Zero && m.random.IntN(3) == 0 {
		pause = time.Second
	}
	m.now = m.now.Add(pause)
	report, _ := m.device.Session(context.Background())
	m.fleet.sessions.Add(1)
	for _, v := range report.Violations {
		m.fleet.t.Errorf("%s: %v", m.id, v)
	}
}

// wish is a request, and what may come of it.
type wish struct {
	request omadm.Request
	delay   time.Duration // until NotBefore
	life    time.Duration // until Expires
	user    bool
	refused bool // by the device
	poison  bool
	outcome omadm.Outcome
}

// wish makes a request. Its first operation tells by its address or value whose it is.
func (m *member) wish(n int, isPoison bool) wish {
	id := fmt.Sprintf("r%d", n)
	uri := omadm.URI(policy + id)
	w := wish{request: omadm.Request{ID: omadm.RequestID(id), Ops: []omadm.Op{replace(uri, id)}, Priority: m.random.IntN(3)}}
	if isPoison {
		w.poison = true
		w.request.Ops[0].URI = policy + poison
		return w
	}
	switch m.random.IntN(12) {
	case 0, 1:
		w.request.Delivery = omadm.AtMostOnce
	case 2, 3:
		w.request.Ops[0] = omadm.Op{Verb: omadm.Exec, URI: "./Vendor/MSFT/Reboot/RebootNow", Value: omadm.Text(id)}
	case 4:
		w.request = atomic(id, w.request.Ops[0], replace(uri+"b", id))
	case 5:
		w.request.Group = omadm.Sequence
		w.request.Ops = append(w.request.Ops, get(uri))
	case 6:
		w.request.Ops[0] = omadm.Op{Verb: omadm.Add, URI: omadm.URI("./Vendor/MSFT/VPNv2/" + id), Value: omadm.Text(id)}
	case 7:
		w.user = true
		w.request.Ops[0].URI = omadm.URI(strings.Replace(string(uri), "./", "./User/", 1))
	case 8:
		w.refused = true
		w.request.Ops[0].URI = "./DevDetail/SwV"
	case 9:
		w.life = time.Duration(1+m.random.IntN(30)) * time.Minute
	case 10:
		w.delay = time.Duration(1+m.random.IntN(40)) * time.Minute
	}
	return w
}

// attempts is how often a request is sent when its outcome is lost each time: Limits.Attempts of the default Rules.
const attempts = 10

// fault says what is wrong with the outcome of a wish; "" if nothing is.
func (w *wish) fault(d *simdevice.Device) string {
	op, o := &w.request.Ops[0], &w.outcome
	done := d.Execution(op.Verb.String(), string(op.URI), op.Value.Data.Value).Executed
	once := w.request.EffectiveDelivery() == omadm.AtMostOnce
	switch {
	case o.Attempts > attempts:
		return "sent too often"
	case done > o.Attempts:
		return fmt.Sprintf("executed %d times", done)
	case once && o.Attempts > 1:
		return "sent more than once"
	case w.poison && done > 0:
		return "poison was executed"
	}
	switch o.Kind {
	case omadm.Done:
		if done == 0 || w.poison || w.refused {
			return fmt.Sprintf("executed %d times", done)
		}
		if op.Verb == omadm.Add && done != 1 {
			return "added twice"
		}
		return ""
	case omadm.Failed:
		return unless(w.refused && done == 0, "no cause to fail")
	case omadm.Unknown:
		return unless(once && o.Attempts == 1, "it may be sent again")
	case omadm.Quarantined:
		return unless(!once && o.Attempts == attempts, "not sent often enough")
	case omadm.Expired:
		return unless(w.life > 0, "it has no time")
	case omadm.Canceled:
		return ""
	}
	return "no such outcome was to be expected"
}

func unless(ok bool, fault string) string {
	if ok {
		return ""
	}
	return fault
}
