package session_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	syncatomic "sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
	"github.com/gomadm/gomadm/session/memstore"
	"github.com/gomadm/gomadm/session/simdevice"
	"github.com/gomadm/gomadm/syncml"
)

const policy = "./Vendor/MSFT/Policy/Config/Test/"

// device returns a simulated device whose server is this house.
func (h *house) device() *simdevice.Device {
	return &simdevice.Device{
		ID: deviceID, URL: serverURL, Transport: direct{h.handler},
		Now:   func() time.Time { return h.now },
		Retry: func(context.Context, int, error) error { return nil },
	}
}

// direct is a transport that calls a handler.
type direct struct{ http.Handler }

func (d direct) Post(ctx context.Context, url, contentType string, body []byte) (string, []byte, error) {
	header, answer, err := d.PostHeader(ctx, url, http.Header{"Content-Type": {contentType}}, body)
	return header.Get("Content-Type"), answer, err
}

func (d direct) PostHeader(ctx context.Context, url string, header http.Header, body []byte) (http.Header, []byte, error) {
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(string(body)))
	r.Header = header
	w := httptest.NewRecorder()
	d.ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		return nil, nil, &simdevice.HTTPError{StatusCode: w.Code, Header: w.Header()}
	}
	return w.Header(), w.Body.Bytes(), nil
}

func TestSimulatedDeviceFindsNothingWrong(t *testing.T) {
	h := newHouse(t)
	h.enqueue("get", get("./DevDetail/SwV"))
	h.enqueue("many", get("./DevInfo"), get("./DevInfo/Man"), get("./NoSuchNode"))
	h.enqueue("replace", replace(policy+"A", "1"))
	h.request(atomic("atomic", replace(policy+"B", "2"), replace(policy+"C", "3")))
	h.request(atomic("undone", replace(policy+"D", "2"), replace("./DevDetail/SwV", "3")))
	h.request(omadm.Request{ID: "sequence", Group: omadm.Sequence, Ops: []omadm.Op{replace(policy+"E", "2"), get(policy + "E")}})
	d := h.device()
	report, err := d.Session(t.Context())
	require.NoError(t, err)
	assert.Empty(t, report.Violations)
	assert.Equal(t, simdevice.Completed, report.End)
	for id, want := range map[omadm.RequestID]omadm.Kind{
		"get": omadm.Done, "many": omadm.Failed, "replace": omadm.Done, "atomic": omadm.Done, "undone": omadm.RolledBack, "sequence": omadm.Done,
	} {
		assert.Equal(t, want, h.outcomes()[id].Kind, "%s: %+v", id, h.outcomes()[id])
	}
	for _, e := range d.Executions() {
		assert.LessOrEqual(t, e.Executed, 1, "%s %s", e.Verb, e.LocURI)
	}
}

// TestFaultsLoseAndRepeatNothing runs sessions with random accidents: every request ends in one outcome that agrees with
// what the device did, and what may be executed at most once is.
func TestFaultsLoseAndRepeatNothing(t *testing.T) {
	for seed := range int64(150) {
		r := rand.New(rand.NewSource(seed))
		h := newHouse(t)
		d := h.device()
		d.SessionIDs = simdevice.SessionIDs(r.Intn(2))
		d.Fault = func(int, int) simdevice.Fault {
			if r.Intn(3) > 0 {
				return simdevice.NoFault
			}
			return simdevice.Fault(r.Intn(int(simdevice.StopAfter) + 1))
		}
		if r.Intn(3) == 0 {
			d.MaxMsgSize = 1500 + r.Int63n(3000)
		}
		n := 5 + r.Intn(10)
		for i := range n {
			uri := omadm.URI(fmt.Sprintf("%sN%d", policy, i))
			req := request(itoa(i), replace(uri, "1"))
			switch r.Intn(3) {
			case 0:
				req.Delivery = omadm.AtMostOnce
			case 1:
				req = atomic(itoa(i), replace(uri, "1"), replace(uri+"x", "2"))
			}
			h.request(req)
		}
		for range 60 {
			report, _ := d.Session(t.Context()) // an accident ends it with an error
			require.Empty(t, report.Violations, "seed %d", seed)
			h.now = h.now.Add(time.Hour)
		}
		require.Len(t, h.outcomes(), n, "seed %d", seed)
		for i := range n {
			o := h.outcomes()[omadm.RequestID(itoa(i))]
			e := d.Execution("Replace", fmt.Sprintf("%sN%d", policy, i), "1")
			where := fmt.Sprintf("seed %d, request %d: %+v, %+v", seed, i, o, e)
			switch o.Kind {
			case omadm.Done:
				assert.GreaterOrEqual(t, e.Executed, 1, where)
				assert.LessOrEqual(t, e.Executed, o.Attempts, where)
			case omadm.Unknown:
				assert.Equal(t, 1, o.Attempts, where)
				assert.LessOrEqual(t, e.Executed, 1, where)
			case omadm.Quarantined:
				assert.Equal(t, 10, o.Attempts, where)
			default:
				t.Error(where)
			}
		}
		rec := h.record()
		assert.LessOrEqual(t, len(rec.Sessions), 4)
		assert.Empty(t, rec.Requests)
	}
}

func TestAnyNodeTakesAnyMessage(t *testing.T) {
	store := new(memstore.Store)
	var nodes [2]http.Handler
	for i := range nodes {
		var err error
		nodes[i], err = session.New(session.Config{Store: store, Authenticator: session.InsecureTrust{}, Logger: slog.New(slog.DiscardHandler)})
		require.NoError(t, err)
	}
	var turn syncatomic.Int64
	alternate := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { nodes[turn.Add(1)%2].ServeHTTP(w, r) })
	queue := session.Queue{Store: store}
	var wg sync.WaitGroup
	for i := range 8 {
		id := fmt.Sprintf("device-%d", i)
		require.NoError(t, store.Register(t.Context(), session.Device{ID: omadm.DeviceID(id)}))
		for n := range 10 {
			require.NoError(t, queue.Enqueue(t.Context(), omadm.DeviceID(id), request(itoa(n), replace(omadm.URI(policy+itoa(n)), "1"))))
		}
		wg.Go(func() {
			d := &simdevice.Device{ID: id, URL: serverURL, Transport: direct{alternate}, MaxMsgSize: 2000}
			report, err := d.Session(context.Background())
			assert.NoError(t, err)
			assert.Empty(t, report.Violations)
			for n := range 10 {
				assert.Equal(t, 1, d.Execution("Replace", policy+itoa(n), "1").Executed)
			}
		})
	}
	wg.Wait()
	entries, err := store.Results(t.Context(), "", 1<<20)
	require.NoError(t, err)
	done := 0
	for _, e := range entries {
		if e.Outcome != nil && e.Outcome.Kind == omadm.Done {
			done++
		}
	}
	assert.Equal(t, 80, done)
}

// TestAnyNodeTakesAnyCredentials answers the challenge of one node to another.
func TestAnyNodeTakesAnyCredentials(t *testing.T) {
	h := newSafe(t, client)
	_, nonce := headerOf(t, h.post(signed("1", "", pkg1)))
	var err error
	h.handler, err = session.New(session.Config{
		Store: h.store, Authenticator: session.Credentials{}, Secret: []byte("0123456789abcdef"), Logger: slog.New(slog.DiscardHandler), Now: func() time.Time { return h.now },
	})
	require.NoError(t, err)
	code, _ := headerOf(t, h.post(signed("2", md5Cred(nonce), pkg1)))
	assert.Equal(t, "212", code)
}

// TestParallelRepetitionsGetTheSameReply sends one message many times at once: rule 1.
func TestParallelRepetitionsGetTheSameReply(t *testing.T) {
	h := newHouse(t)
	h.enqueue("run", exec("./Run"))
	var replies sync.Map
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			r := httptest.NewRequest(http.MethodPost, serverURL, strings.NewReader(msg("1", "1", pkg1)))
			r.Header.Set("Content-Type", "application/vnd.syncml.dm+xml")
			w := httptest.NewRecorder()
			h.handler.ServeHTTP(w, r)
			if w.Code == http.StatusOK {
				replies.Store(w.Body.String(), true)
			} else {
				assert.Equal(t, http.StatusServiceUnavailable, w.Code)
			}
		})
	}
	wg.Wait()
	n := 0
	replies.Range(func(_, _ any) bool { n++; return true })
	assert.Equal(t, 1, n)
	require.Len(t, h.record().Requests, 1)
	assert.Equal(t, 1, h.record().Requests[0].Attempts)
}

// faulty is a store whose calls fail as told.
type faulty struct {
	session.Store
	load, commit func() error
}

func (f faulty) Load(c context.Context, q session.Query) (*session.Record, error) {
	if f.load != nil {
		if err := f.load(); err != nil {
			return nil, err
		}
	}
	return f.Store.Load(c, q)
}

func (f faulty) Commit(c context.Context, ch *session.Change) error {
	if f.commit != nil {
		if err := f.commit(); err != nil {
			return err
		}
	}
	return f.Store.Commit(c, ch)
}

// storeFails answers messages while the store does not: they are told to come again, and nothing has changed.
func storeFails(t *testing.T) {
	for name, f := range map[string]faulty{
		"load":     {load: func() error { return errors.New("down") }},
		"commit":   {commit: func() error { return errors.New("down") }},
		"conflict": {commit: func() error { return session.ErrConflict }},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, func(c *session.Config) { f.Store = c.Store; c.Store = f })
			h.enqueue("a", get("./A"))
			before := h.record()
			w := h.do(msg("1", "1", pkg1))
			assert.Equal(t, http.StatusServiceUnavailable, w.Code)
			assert.NotEmpty(t, w.Header().Get("Retry-After"))
			assert.Zero(t, w.Body.Len())
			assert.Equal(t, before, h.record())
		})
	}
}

func TestConflictIsAnsweredAnew(t *testing.T) {
	conflicts := 3
	h := newHouse(t, func(c *session.Config) {
		c.Store = faulty{Store: c.Store, commit: func() error {
			if conflicts--; conflicts >= 0 {
				return session.ErrConflict
			}
			return nil
		}}
	})
	h.enqueue("a", get("./A"))
	assert.Contains(t, summary(h.post(msg("1", "1", pkg1))), "4 Get ./A")
	assert.Equal(t, 1, h.record().Requests[0].Attempts)
}

func TestDirectorAddsRequestsOnce(t *testing.T) {
	calls := 0
	h := newHouse(t, func(c *session.Config) {
		c.Director = func(_ context.Context, turn *session.Turn) ([]omadm.Request, error) {
			calls++
			return []omadm.Request{request("first-contact", get("./DevDetail/SwV")), request("bad", get("./A//B"))}, nil
		}
	})
	assert.Contains(t, summary(h.post(msg("1", "1", pkg1))), "4 Get ./DevDetail/SwV")
	got := h.post(msg("1", "2", okHdr("1")+status(2, "1", "4", "Get", 200)+final))
	assert.Equal(t, []string{"Status SyncHdr 0 200", "Final"}, summary(got), "the device has had it already")
	assert.Equal(t, omadm.Done, h.outcomes()["first-contact"].Kind)
	assert.Equal(t, 2, calls)
	got = h.post(msg("2", "1", pkg1))
	assert.NotContains(t, strings.Join(summary(got), " "), "Get")
	assert.Equal(t, 4, calls, "twice for a message whose first commit was refused")
	assert.NotContains(t, h.outcomes(), omadm.RequestID("bad"))
}

// watched is a store that counts how many requests each change adds and ends, committed or not.
type watched struct {
	session.Store
	seen *[]int
}

func (w watched) Commit(c context.Context, ch *session.Change) error {
	*w.seen = append(*w.seen, len(ch.Add)+len(ch.Finish))
	return w.Store.Commit(c, ch)
}

// TestDirectorMayRepeatARequestThatEnds lets a Director ask for a request again in the message with which it is lost, when it
// has no time left either: no change ends it twice.
func TestDirectorMayRepeatARequestThatEnds(t *testing.T) {
	r := omadm.Request{ID: "run", Ops: []omadm.Op{exec("./Run")}}
	var seen []int
	h := newHouse(t, func(c *session.Config) {
		r.Expires = c.Now().Add(time.Minute)
		c.Director = func(context.Context, *session.Turn) ([]omadm.Request, error) { return []omadm.Request{r}, nil }
		c.Store = watched{c.Store, &seen}
	})
	require.Equal(t, []string{"Exec ./Run"}, sent(h.post(msg("1", "1", pkg1))))
	h.now = h.now.Add(time.Hour)
	h.post(msg("2", "1", pkg1))
	assert.Equal(t, omadm.Unknown, h.outcomes()["run"].Kind)
	assert.Equal(t, []int{1, 1}, seen)
}

func TestHooksSeeWhatWasCommittedAndRefused(t *testing.T) {
	var committed, refused int
	h := newHouse(t, func(c *session.Config) {
		c.Hooks.Committed = func(_ context.Context, ch *session.Change) { committed += len(ch.Lease) }
		c.Hooks.Refused = func(_ context.Context, code int, err error) {
			refused = code
			assert.Error(t, err)
		}
	})
	h.enqueue("a", get("./A"))
	h.post(msg("1", "1", pkg1))
	h.post(msg("1", "1", pkg1)) // repeated: nothing is committed
	assert.Equal(t, 1, committed)
	h.do("<")
	assert.Equal(t, http.StatusBadRequest, refused)
}

func TestQueueChecksBeforeItStores(t *testing.T) {
	h := newHouse(t)
	denied := errors.New("denied")
	h.post(msg("1", "1", pkg1))
	h.queue.Check = func(_ context.Context, facts omadm.Facts, r *omadm.Request) error {
		assert.Equal(t, "Example Devices", facts["./DevInfo/Man"])
		if r.ID == "no" {
			return denied
		}
		return nil
	}
	assert.ErrorIs(t, h.queue.Enqueue(t.Context(), deviceID, request("yes", get("./A")), request("no", get("./A"))), denied)
	var invalid *omadm.RequestError
	assert.ErrorAs(t, h.queue.Enqueue(t.Context(), deviceID, request("", get("./A"))), &invalid)
	assert.ErrorIs(t, h.queue.Enqueue(t.Context(), "nobody", request("x", get("./A"))), session.ErrUnknownDevice)
	assert.Empty(t, h.record().Requests, "all or none")
}

func TestPoisonTravelsAlone(t *testing.T) {
	h := newHouse(t)
	h.enqueue("poison", replace("./Poison", "1"))
	for i := range 2 { // twice without an answer, alone on its way
		h.post(msg(itoa(i+1), "1", pkg1))
	}
	h.enqueue("a", get("./A"))
	h.post(msg("3", "1", pkg1))
	require.Equal(t, 2, h.record().Requests[0].Failures)
	h.post(msg("3", "2", okHdr("1")+final)) // again no answer
	got := h.post(msg("4", "1", pkg1))
	assert.Equal(t, []string{"4 Replace ./Poison", "Final"}, summary(got)[3:])
	got = h.post(msg("4", "2", okHdr("1")+final))
	assert.Equal(t, []string{"2 Get ./A", "Final"}, summary(got)[1:])
}

func TestRequestTooLargeForTheDeviceIsRefused(t *testing.T) {
	h := newHouse(t)
	h.request(omadm.Request{ID: "large", Group: omadm.Atomic, Ops: []omadm.Op{replace("./A", strings.Repeat("x", 5000))}})
	h.enqueue("small", replace("./B", "1"))
	got := h.post(msgMeta("1", "1", `<Meta><MaxMsgSize xmlns="syncml:metinf">2000</MaxMsgSize></Meta>`, pkg1))
	assert.Equal(t, []string{"4 Replace ./B", "Final"}, summary(got)[3:])
	assert.Equal(t, omadm.Refused, h.outcomes()["large"].Kind)
	assert.Equal(t, omadm.StatusEntityTooLarge, h.outcomes()["large"].Status)
}

func TestExpiredAndDelayedRequests(t *testing.T) {
	h := newHouse(t)
	h.request(omadm.Request{ID: "late", Expires: h.now.Add(time.Hour), Ops: []omadm.Op{get("./User/A")}})
	h.request(omadm.Request{ID: "early", NotBefore: h.now.Add(3 * time.Hour), Ops: []omadm.Op{get("./B")}})
	h.now = h.now.Add(2 * time.Hour)
	assert.NotContains(t, strings.Join(summary(h.post(msg("1", "1", pkg1))), ""), "Get")
	assert.Equal(t, omadm.Expired, h.outcomes()["late"].Kind)
	h.now = h.now.Add(2 * time.Hour)
	assert.Contains(t, summary(h.post(msg("2", "1", pkg1))), "4 Get ./B")
}

func TestConfigErrorsNameTheField(t *testing.T) {
	for field, cfg := range map[string]session.Config{
		"Config.Store":                       {Authenticator: session.InsecureTrust{}},
		"Config.Authenticator":               {Store: new(memstore.Store)},
		"ClientCertificate.Device":           {Store: new(memstore.Store), Authenticator: session.ClientCertificate{}},
		"ForwardedCertificate.Proxies":       {Store: new(memstore.Store), Authenticator: session.ForwardedCertificate{Device: nobody}},
		"ForwardedCertificate.Device":        {Store: new(memstore.Store), Authenticator: session.ForwardedCertificate{Proxies: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}}},
		"Config.Codecs[1]":                   {Store: new(memstore.Store), Authenticator: session.InsecureTrust{}, Codecs: []syncml.Codec{syncml.XML, nil}},
		"Config.Secret":                      {Store: new(memstore.Store), Authenticator: session.InsecureTrust{}, Secret: []byte("short")},
		"Config.Rand":                        {Store: new(memstore.Store), Authenticator: session.InsecureTrust{}, Rand: strings.NewReader("too little")},
		"Config.Rules.Scheme":                {Store: new(memstore.Store), Authenticator: session.InsecureTrust{}, Rules: session.Rules{Scheme: "md5"}},
		"Config.Rules.Limits.Sessions":       {Store: new(memstore.Store), Authenticator: session.InsecureTrust{}, Rules: session.Rules{Limits: session.Limits{Sessions: -1}}},
		"Config.Rules.Limits.Message.Octets": {Store: new(memstore.Store), Authenticator: session.InsecureTrust{}, Rules: negativeOctets()},
	} {
		_, err := session.New(cfg)
		assert.ErrorContains(t, err, field)
	}
}

func negativeOctets() (r session.Rules) {
	r.Limits.Message.Octets = -1
	return r
}

func TestUnknownDeviceAndStrangerAreRefusedAlike(t *testing.T) {
	h := newHouse(t)
	w := h.do(strings.ReplaceAll(msg("1", "1", pkg1), deviceID, "stranger"))
	assert.Equal(t, http.StatusForbidden, w.Code)
	assert.Zero(t, w.Body.Len())
	other := newHouse(t, func(c *session.Config) { c.Authenticator = session.ClientCertificate{Device: nobody} })
	v := other.do(msg("1", "1", pkg1))
	assert.Equal(t, w.Code, v.Code)
	assert.Equal(t, w.Header(), v.Header())
	assert.Equal(t, 1, strings.Count(other.log.String(), "\n"), "one line in the log")
	assert.NotContains(t, other.log.String(), "Example Devices", "without the body")
}
