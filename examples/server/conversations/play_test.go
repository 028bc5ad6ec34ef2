package conversations_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing/fstest"
	"time"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/omadm/auth"
	"github.com/gomadm/gomadm/session"
	"github.com/gomadm/gomadm/session/capture"
	"github.com/gomadm/gomadm/session/simdevice"
	"github.com/gomadm/gomadm/syncml"
	"github.com/gomadm/gomadm/syncml/wbxml"
)

// store is what a conversation needs of a store.
type store interface {
	session.Store
	session.Registrar
	session.Results
	session.Canceler
	session.Idler
}

const (
	serverURL      = "https://dm.example.test/dm"
	userName       = "dev-7"
	devicePassword = "correct horse battery"
	serverName     = "dm.example.test"
	serverPassword = "staple of the server"
)

// finding is a property that did not hold.
type finding struct{ property, text string }

func (f *finding) String() string { return f.property + ": " + f.text }

// play is a conversation that is held.
type play struct {
	talk   *talk
	store  store
	id     omadm.DeviceID
	device *simdevice.Device
	queue  session.Queue
	nodes  [2]*session.Handler
	front  http.Handler // the recorder before the nodes
	now    time.Time
	change func(http.Handler) http.Handler // what a test breaks; may be nil

	log      bytes.Buffer
	recorded fstest.MapFS
	nonces   []string

	visit, message int   // of the device; visit is len(talk.visits) when nothing goes wrong any more
	inner, beside  bool  // a session beside the one of the visit goes on; it has been
	gone           error // why the device goes on no more with the session of the visit
	commits        int
	posts          int
	canceled       []omadm.RequestID
	shown          map[string]int // questions, by text
	cutShort       bool           // a session ended before its time, or an object was given up
	wire           wire

	found *finding
}

// hold holds a conversation and returns what is wrong with it, nil if nothing is. The functions break something on purpose.
func (k *talk) hold(ctx context.Context, s store, id omadm.DeviceID, breaks ...func(*play)) (*play, *finding) {
	p := &play{
		talk: k, store: s, id: id, now: time.Unix(1_800_000_000, 0).UTC(),
		recorded: make(fstest.MapFS), shown: make(map[string]int),
	}
	for _, f := range breaks {
		f(p)
	}
	if err := p.open(ctx); err != nil {
		p.find("set-up", "%v", err)
		return p, p.found
	}
	for p.visit = range k.visits {
		p.visited(ctx, &k.visits[p.visit])
	}
	p.visit = len(k.visits)
	p.settle(ctx)
	p.check(ctx)
	if err := s.Unregister(ctx, id); err != nil {
		p.find("set-up", "Unregister: %v", err)
	}
	return p, p.found
}

// find notes the first thing that is wrong.
func (p *play) find(property, format string, args ...any) {
	if p.found == nil {
		p.found = &finding{property, fmt.Sprintf(format, args...)}
	}
}

func (p *play) open(ctx context.Context) error {
	clock := func() time.Time { return p.now }
	p.device = p.newDevice(clock)
	d := session.Device{ID: p.id, Account: p.talk.serverAccount()}
	if p.talk.client.known {
		d.Facts = omadm.Facts{largeObjects: p.device.Nodes().Value(largeObjects)}
	}
	if err := p.store.Register(ctx, d); err != nil {
		return err
	}
	p.queue.Store, p.queue.Now = p.store, clock
	cfg := p.config(clock)
	for i := range p.nodes {
		var err error
		if p.nodes[i], err = session.New(cfg); err != nil {
			return err
		}
	}
	p.front = &capture.Recorder{
		Handler: http.HandlerFunc(p.serve), Sink: sink{p.recorded}, Now: clock,
		OnError: func(err error) { p.find("capture", "%v", err) },
	}
	return nil
}

func (p *play) config(clock func() time.Time) session.Config {
	cfg := session.Config{
		Store: troubled{p.store, p}, Authenticator: certificate{p.id}, Codecs: []syncml.Codec{syncml.XML, wbxml.Codec}, Rules: p.talk.rules,
		Secret: []byte("a secret of all nodes of the server"), Rand: p.random(1),
		Logger: slog.New(slog.NewTextHandler(&p.log, &slog.HandlerOptions{Level: slog.LevelDebug})), Now: clock,
	}
	if p.talk.account.scheme != simdevice.NoScheme {
		cfg.Authenticator = session.Credentials{}
	}
	if p.talk.hooks {
		cfg.Hooks.Committed = func(_ context.Context, c *session.Change) {
			fmt.Fprintf(&p.log, "%v %v %v\n", c.Finish, c.Events, c.Results)
		}
		cfg.Hooks.Refused = func(_ context.Context, _ int, err error) { fmt.Fprintln(&p.log, err) }
	}
	if slices.ContainsFunc(p.talk.wishes, func(w wish) bool { return w.director }) {
		cfg.Director = p.direct
	}
	return cfg
}

// random is a source of nonces. They are remembered, as nobody may see them.
func (p *play) random(stream uint64) io.Reader {
	source := rand.New(rand.NewPCG(p.talk.seed, stream))
	return reader(func(b []byte) {
		for i := range b {
			b[i] = byte(source.Uint32())
		}
		p.nonces = append(p.nonces, base64.StdEncoding.EncodeToString(b))
	})
}

type reader func([]byte)

func (r reader) Read(b []byte) (int, error) { r(b); return len(b), nil }

// certificate believes a device that has its certificate, which is to say: all.
type certificate struct{ id omadm.DeviceID }

func (c certificate) Authenticate(_ context.Context, in *session.Inbound) (session.Principal, error) {
	if in.Message.Header.Source.URI != string(c.id) {
		return session.Principal{}, session.ErrUnauthenticated
	}
	return session.Principal{Device: c.id, Proven: true, Scheme: "certificate"}, nil
}

// serverAccount is the account as the server knows it.
func (k *talk) serverAccount() session.Account {
	if k.account.scheme == simdevice.NoScheme {
		return session.Account{}
	}
	a := session.Account{Name: userName, Secret: auth.NewSecret(userName, devicePassword), Scheme: k.account.asked}
	if k.account.server {
		a.ServerName, a.ServerSecret = serverName, auth.NewSecret(serverName, serverPassword)
	}
	return a
}

func (p *play) newDevice(clock func() time.Time) *simdevice.Device {
	c, a := &p.talk.client, &p.talk.account
	d := &simdevice.Device{
		ID: string(p.id), User: "somebody", URL: serverURL, Transport: carrier{p}, Profile: c.profile, MaxMsgSize: c.maxMsgSize, MaxObjSize: c.maxObjSize,
		LargeObjects: c.largeObjects, ChunkSize: c.chunkSize, Resend: c.resend, Storage: c.storage, OneResult: c.oneResult,
		KeepAlive: c.keepAlive, MaxMessages: maxMessages, SessionIDs: c.sessionIDs, Start: c.start, LoginStatus: c.login, SyncApplicationVersion: c.appVersion,
		Fault: p.fault, Retry: p.retry, Now: clock,
	}
	if c.wbxml {
		d.Codec = wbxml.Codec
	}
	if a.scheme != simdevice.NoScheme {
		d.User = ""
		d.Account = simdevice.Account{
			Scheme: a.scheme, Name: userName, Password: devicePassword, Wait: a.wait, EachMessage: a.eachMessage, KeepNonce: a.keepNonce, Rand: p.random(2),
		}
		if a.server {
			d.Account.ServerName, d.Account.ServerPassword = serverName, serverPassword
		}
		if a.wrong {
			d.Account.Password = "guess"
		}
	}
	if c.screen {
		d.Answer = p.answer
	}
	tree := d.Nodes()
	for i := range p.talk.wishes {
		for _, n := range p.talk.wishes[i].nodes {
			if n.exec != 0 {
				n.node.Exec = func(syncml.Data) omadm.Status { return n.exec }
			}
			tree.Put(n.uri, n.node)
		}
	}
	if c.profile == simdevice.Windows { // as Put makes what is missing, and lets nothing be put there
		for _, user := range []bool{false, true} {
			tree.Put(strings.TrimSuffix(place(c.profile, user), "/"), simdevice.Node{Format: "node", Access: simdevice.Add | simdevice.Get, Upsert: true, Below: full})
		}
	}
	return d
}

// largeObjects is the node that says whether the device handles them.
const largeObjects = "./DevDetail/LrgObj"

// maxMessages is how many messages a session has at most.
const maxMessages = 1500

// answer is what the user says.
func (p *play) answer(q simdevice.Question) simdevice.Answer {
	p.shown[q.Text]++
	switch _, what, _ := strings.Cut(q.Text, " "); what {
	case "no":
		return simdevice.Answer{Status: omadm.StatusNotModified}
	case "cancel":
		return simdevice.Answer{Status: omadm.StatusOperationCancelled}
	case "silence":
		return simdevice.Answer{Status: omadm.StatusRequestTimeout}
	}
	switch q.Code {
	case omadm.AlertTextInput:
		return simdevice.Answer{Items: []string{"Ada"}}
	case omadm.AlertSingleChoice, omadm.AlertMultipleChoice:
		return simdevice.Answer{Items: []string{"2"}}
	}
	return simdevice.Answer{}
}

// direct asks for what the Director wants, again with each message: what the device has had is left out.
func (p *play) direct(context.Context, *session.Turn) (list []omadm.Request, err error) {
	for i := range p.talk.wishes {
		if w := &p.talk.wishes[i]; w.director && w.visit <= p.visit {
			list = append(list, p.request(w))
		}
	}
	return list, nil
}

// request is what a wish asks for. Times count from the beginning, so that it stays the same.
func (p *play) request(w *wish) omadm.Request {
	r := w.request.Clone()
	begin := time.Unix(1_800_000_000, 0).UTC()
	if w.delay > 0 {
		r.NotBefore = begin.Add(w.delay)
	}
	if w.life > 0 {
		r.Expires = begin.Add(w.life)
	}
	return r
}

// visited lets the device have a session.
func (p *play) visited(ctx context.Context, v *visit) {
	p.now, p.beside, p.gone = p.now.Add(v.pause), false, nil
	var reqs []omadm.Request
	for i := range p.talk.wishes {
		if w := &p.talk.wishes[i]; w.visit == p.visit && !w.director {
			reqs = append(reqs, p.request(w))
		}
	}
	if err := p.queue.Enqueue(ctx, p.id, reqs...); err != nil {
		p.find("set-up", "Enqueue: %v", err)
	}
	for _, n := range p.talk.notices {
		if n.visit == p.visit {
			p.device.Notify(syncml.Alert{Data: syncml.Text("1226"), Items: []syncml.Item{{
				Source: syncml.Location{URI: "./Data"}, Meta: &syncml.Meta{Type: n.kind, Format: "chr", Mark: "informational"}, Data: syncml.Text(n.text),
			}}})
		}
	}
	if v.sweep {
		p.sweep(ctx)
	}
	p.session(ctx, simdevice.SessionOptions{SyncType: v.syncType})
}

func (p *play) sweep(ctx context.Context) {
	if _, err := p.nodes[0].Sweep(ctx); err != nil && !errors.Is(err, errTrouble) {
		p.find("sweep", "%v", err)
	}
}

func (p *play) session(ctx context.Context, opts simdevice.SessionOptions) {
	report, err := p.device.SessionWith(ctx, opts)
	if err != nil {
		fmt.Fprintln(&p.log, err)
	}
	for _, v := range report.Violations {
		if p.excused(v) {
			continue
		}
		p.find("violation of "+v.Row, "%v", v)
	}
	if report.End != simdevice.Completed {
		p.cutShort = true
	}
	if report.Messages >= maxMessages {
		p.find("end", "a session does not end within %d messages", report.Messages)
	}
}

// excused reports whether a violation is one that the server cannot know of, or that it cannot foresee: while a
// message is full of statuses the package stays open for the command that waits, and that is canceled or expires.
func (p *play) excused(v simdevice.Violation) bool {
	switch v.Row {
	case "L-24":
		return !p.talk.client.known
	case "P-14":
		crowded := p.talk.client.maxMsgSize > 0 || p.talk.rules.Limits.Reply > 0
		return crowded && p.talk.withdraws() && strings.HasPrefix(v.Text, "the message before has no Final")
	}
	return false
}

// fault is what goes wrong with an attempt to send a message.
func (p *play) fault(message, attempt int) simdevice.Fault {
	p.message = message
	if p.inner {
		return simdevice.NoFault
	}
	for _, a := range p.talk.accidents {
		if a.visit == p.visit && a.message == message && a.attempt == attempt && a.fault < abort {
			return a.fault
		}
	}
	return simdevice.NoFault
}

// aborts reports whether the device aborts with the message that it is about to send.
func (p *play) aborts() bool {
	return !p.inner && slices.ContainsFunc(p.talk.accidents, func(a accident) bool {
		return a.visit == p.visit && a.message == p.message && a.fault == abort
	})
}

var (
	errDead      = errors.New("the device is dead")
	errTrouble   = errors.New("the store is in trouble")
	errForgotten = errors.New("the device has begun anew")
	errAborted   = errors.New("the device has ended the session")
)

// retry lets a device come again that was told to, and after trouble.
func (p *play) retry(_ context.Context, attempt int, err error) error {
	var status *simdevice.HTTPError
	if attempt > 5 || !errors.As(err, &status) || status.StatusCode != http.StatusServiceUnavailable {
		return err
	}
	p.now = p.now.Add(15 * time.Second)
	return nil
}

// serve answers a message on either node.
func (p *play) serve(w http.ResponseWriter, r *http.Request) {
	p.posts++
	var h http.Handler = p.nodes[p.posts%len(p.nodes)]
	if p.change != nil {
		h = p.change(h)
	}
	h.ServeHTTP(w, r)
}

// carrier is the transport of the device.
type carrier struct{ p *play }

func (c carrier) Post(ctx context.Context, url, contentType string, body []byte) (string, []byte, error) {
	header, answer, err := c.PostHeader(ctx, url, http.Header{"Content-Type": {contentType}}, body)
	return header.Get("Content-Type"), answer, err
}

func (c carrier) PostHeader(ctx context.Context, url string, header http.Header, body []byte) (http.Header, []byte, error) {
	p := c.p
	p.now = p.now.Add(time.Second)
	if p.visit < len(p.talk.visits) && !p.inner {
		if v := &p.talk.visits[p.visit]; v.beside == p.message && !p.beside {
			v := *v
			p.inner, p.beside = true, true
			p.session(ctx, simdevice.SessionOptions{SyncType: v.besideOf})
			p.inner, p.message = false, v.beside
			if syncType(v.besideOf) == syncType(v.syncType) { // it has forgotten this one, of which there is one at a time
				p.gone = errForgotten
			}
		}
		if p.aborts() {
			p.abort(ctx, url, header, body)
		}
		if p.gone != nil {
			return nil, nil, p.gone
		}
	}
	status, h, answer := p.post(ctx, url, header, body)
	if status != http.StatusOK {
		return nil, nil, &simdevice.HTTPError{StatusCode: status, Header: h}
	}
	if bytes.Contains(answer, []byte(poison)) {
		return nil, nil, errDead
	}
	return h, answer, nil
}

// syncType is one of a session; mixed is the default.
func syncType(s string) string {
	if s == "" {
		return "mixed"
	}
	return s
}

// post sends a message and looks at the answer.
func (p *play) post(ctx context.Context, url string, header http.Header, body []byte) (int, http.Header, []byte) {
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	r.Header = header
	w := httptest.NewRecorder()
	trouble := p.commits
	p.front.ServeHTTP(w, r)
	p.wire.exchange(p, body, w, p.commits-trouble)
	return w.Code, w.Header(), bytes.Clone(w.Body.Bytes())
}

// abort sends an alert 1223 instead of a message that is not the first.
func (p *play) abort(ctx context.Context, url string, header http.Header, body []byte) {
	m, err := wbxml.Decode(body)
	if err != nil || m.Header.MsgID == "1" || p.gone != nil {
		return
	}
	m.Final = true
	m.Body = []syncml.Command{&syncml.Alert{CmdID: "1", Data: syncml.Text("1223")}}
	octets, err := syncml.Append(nil, wbxml.Detect(body), m)
	if err != nil {
		p.find("set-up", "%v", err)
	}
	p.post(ctx, url, header, octets)
	p.gone = errAborted
}

// troubled is a store with which something is the matter now and then.
type troubled struct {
	store
	p *play
}

func (t troubled) Commit(ctx context.Context, c *session.Change) error {
	p := t.p
	p.commits++
	for _, tr := range p.talk.troubles {
		if tr.commit != p.commits || p.visit == len(p.talk.visits) {
			continue
		}
		switch tr.kind {
		case conflicts:
			return fmt.Errorf("conversations: %w", session.ErrConflict)
		case failsBefore:
			return errTrouble
		case failsAfter:
			if err := t.store.Commit(ctx, c); err != nil {
				return err
			}
			return errTrouble
		case cancels:
			p.cancel(ctx, p.talk.wishes[tr.wish%len(p.talk.wishes)].request.ID)
		}
	}
	return t.store.Commit(ctx, c)
}

func (p *play) cancel(ctx context.Context, ids ...omadm.RequestID) {
	gone, err := p.queue.Cancel(ctx, p.id, ids...)
	if err != nil {
		p.find("cancel", "%v", err)
	}
	p.canceled = append(p.canceled, gone...)
}

// settle lets the device come until nothing is left to do for it, and takes back what waits for somebody who never comes.
func (p *play) settle(ctx context.Context) {
	if p.talk.account.wrong {
		p.cancel(ctx, p.waiting(ctx)...)
		return
	}
	for range 20 + 12*len(p.talk.wishes) {
		p.now = p.now.Add(15 * time.Minute)
		p.session(ctx, simdevice.SessionOptions{})
		if len(p.waiting(ctx)) == 0 || p.found != nil {
			return
		}
		if !slices.ContainsFunc(p.waiting(ctx), p.mayGoOut) {
			p.cancel(ctx, p.waiting(ctx)...)
			return
		}
	}
	p.find("settled", "requests %q do not end", p.waiting(ctx))
}

// mayGoOut reports whether a request does not wait for a user who is never there.
func (p *play) mayGoOut(id omadm.RequestID) bool {
	r := p.wish(id).request
	r.Normalize()
	return r.Scope == omadm.DeviceScope || p.talk.client.login == "user" && (r.User == "" || r.User == p.userName())
}

func (p *play) userName() string {
	if p.talk.account.scheme != simdevice.NoScheme {
		return userName
	}
	return "somebody"
}

func (p *play) wish(id omadm.RequestID) *wish {
	i := slices.IndexFunc(p.talk.wishes, func(w wish) bool { return w.request.ID == id })
	return &p.talk.wishes[i]
}

// waiting are the requests that have not ended.
func (p *play) waiting(ctx context.Context) (ids []omadm.RequestID) {
	for _, r := range p.load(ctx).Requests {
		ids = append(ids, r.Request.ID)
	}
	return ids
}

func (p *play) load(ctx context.Context) *session.Record {
	rec, err := p.store.Load(ctx, session.Query{Device: p.id, Now: p.now.AddDate(1, 0, 0), Limit: 1 << 20, Octets: 1 << 30, Parts: true})
	if err != nil {
		p.find("set-up", "Load: %v", err)
		return new(session.Record)
	}
	return rec
}

// sink keeps a recording in memory.
type sink struct{ files fstest.MapFS }

func (s sink) Create(name string, octets []byte) error {
	if s.files[name] != nil {
		return fmt.Errorf("conversations: %s is there", name)
	}
	s.files[name] = &fstest.MapFile{Data: bytes.Clone(octets)}
	return nil
}

func (s sink) Append(name string, octets []byte) error {
	s.files[name].Data = append(s.files[name].Data, octets...)
	return nil
}

// dialogue writes the conversation for people.
func (p *play) dialogue() string {
	rec, err := capture.Open(p.recorded)
	if err != nil {
		return err.Error()
	}
	var b strings.Builder
	if err := rec.Dialogue(&b); err != nil {
		return err.Error()
	}
	return b.String()
}
