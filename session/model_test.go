package session_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
	"github.com/gomadm/gomadm/syncml"
)

// The model is what DESIGN.md says of the ownership of packages and of the delivery of a request, in terms of its own: what
// the engine is to make of each message in each state. TestModel walks through it.

// place is a state of a conversation about one request.
type place struct{ session, request string }

// Sessions.
const (
	none   = "none"   // there is no session
	open   = "open"   // the client is in the middle of its package
	ours   = "sent"   // we have closed our package and wait for the client's
	inPart = "part"   // our package is open, in the middle of a large object
	coming = "coming" // the client is in the middle of a large object of its own
	ended  = "ended"
)

// Requests.
const (
	waiting  = "waiting"
	returned = "returned" // it waits, for another session
	leased   = "leased"
	spoken   = "answered" // what the client says is known, and does not count before it closes its package
	done     = "done"
	failed   = "failed"
	unknown  = "unknown"
)

// Replies.
const (
	bad         = "HTTP 400"
	stranger    = "HTTP 403"
	sameOctets  = "the same octets"
	refused     = "a refusal"
	ourCommands = "commands and Final"
	aPart       = "a part without Final"
	goOn        = "Alert 1222 without Final"
	broken      = "Alert 1225 and Final"
	end         = "statuses and Final"
)

// ref names a command of ours.
type ref struct{ msg, cmd string }

// kind is a kind of request.
type kind struct {
	name  string
	op    omadm.Op
	once  bool // it may be executed at most once
	large bool // it goes out in two parts
	value bool // it brings a value
	safe  bool // the client proves itself, once in a session
}

var kinds = []kind{
	{name: "replace", op: replace("./A", "1")},
	{name: "exec", op: exec("./A"), once: true},
	{name: "get", op: get("./A"), value: true},
	{name: "large", op: replace("./A", strings.Repeat("x", 1400)), large: true},
	{name: "with credentials", op: replace("./A", "1"), safe: true},
}

// deliver is what we say when it is our turn.
func (k kind) deliver(request string) (place, string) {
	switch {
	case request != waiting:
		return place{ended, request}, end
	case k.large:
		return place{inPart, leased}, aPart
	}
	return place{ours, leased}, ourCommands
}

// lost is what becomes of a request when the client says no more about it; to is where it waits then.
func (k kind) lost(request, to string) string {
	switch {
	case request == leased && k.once:
		return unknown
	case request == leased, request == returned:
		return to
	case request == spoken && k.value && to == waiting:
		return waiting // the value would have come with the rest of the package
	case request == spoken:
		return done
	}
	return request
}

// heard is what becomes of a request when the client has closed its package.
func (k kind) heard(request string) string { return k.lost(request, returned) }

// message is a kind of message that a client sends, or another thing that happens.
type message struct {
	name string
	// body writes what the client says; n is our last MsgID, sent the last message with a command. Where it is nil, send knows.
	body func(k kind, n string, sent ref) string
	// next is the model.
	next func(k kind, p place) (place, string)
}

func same(reply string) func(kind, place) (place, string) {
	return func(_ kind, p place) (place, string) { return p, reply }
}

// silence is a message in which nothing is said about the request, and which leaves the package of the client open.
func silence(_ kind, p place) (place, string) {
	if p.session == inPart || p.session == coming {
		return p, goOn
	}
	return place{open, p.request}, goOn
}

// said is a message with the outcome of the request that does not close the package.
func said(k kind, p place) (place, string) {
	switch {
	case p.session == inPart: // what is said of a part is that we may go on
		return place{ours, leased}, ourCommands
	case p.request == leased:
		return place{open, spoken}, goOn
	}
	return silence(k, p)
}

// final is a message with an outcome of the request that closes the package.
func final200(to string) func(kind, place) (place, string) {
	return func(k kind, p place) (place, string) {
		switch {
		case p.session == inPart && to == done:
			return place{ours, leased}, ourCommands
		case p.request == leased:
			return k.deliver(to)
		}
		return finish(k, p)
	}
}

// finish is a message that closes the package and says nothing else.
func finish(k kind, p place) (place, string) {
	if p.session == coming {
		return place{ours, k.heard(p.request)}, broken
	}
	return k.deliver(k.heard(p.request))
}

// begin ends what was and begins a session.
func begin(k kind, p place) (place, string) { return k.deliver(k.lost(p.request, waiting)) }

func answer(code int, tail string) func(kind, string, ref) string {
	return func(k kind, n string, sent ref) string {
		return okHdr(n) + status(2, sent.msg, sent.cmd, k.op.Verb.String(), code) + tail
	}
}

func only(tail string) func(kind, string, ref) string {
	return func(_ kind, n string, _ ref) string { return okHdr(n) + tail }
}

// part is a part of the value that the request asks for.
func part(more bool, tail string) func(kind, string, ref) string {
	return func(_ kind, n string, sent ref) string {
		size := ""
		if more {
			size = "8" // two halves
		}
		return okHdr(n) + status(2, sent.msg, sent.cmd, "Get", 200) + results(sent.msg, sent.cmd, "./A", size, "half", more) + tail
	}
}

var modelMessages = []message{
	{name: "first", next: begin},
	{name: "first of several", next: func(k kind, p place) (place, string) { return place{open, k.lost(p.request, waiting)}, goOn }},
	{name: "the last once more", next: same(sameOctets)},
	{name: "an older one", next: same(refused)},
	{name: "half a message", next: same(bad)},
	{name: "of a stranger", next: func(k kind, p place) (place, string) {
		if k.safe { // like a wrong secret
			return p, refused
		}
		return p, stranger
	}},
	{name: "a first one without credentials", next: same(refused)},
	{name: "with wrong credentials", next: same(refused)},
	{name: "gone for good", next: func(k kind, p place) (place, string) { return place{none, k.lost(p.request, waiting)}, "" }},
	{name: "nothing", body: only(final), next: finish},
	{name: "nothing yet", body: only(""), next: silence},
	{name: "1222", body: only(next), next: silence},
	{name: "1225", body: only(`<Alert><CmdID>9</CmdID><Data>1225</Data></Alert>`), next: func(k kind, p place) (place, string) {
		if p.session == inPart {
			return p, aPart
		}
		return silence(k, p)
	}},
	{name: "1223", body: only(`<Alert><CmdID>9</CmdID><Data>1223</Data></Alert>` + final), next: func(k kind, p place) (place, string) {
		return place{ended, k.heard(p.request)}, end
	}},
	{name: "200", body: answer(200, final), next: final200(done)},
	{name: "200 and more to come", body: answer(200, ""), next: said},
	{name: "200 and 1222", body: answer(200, next), next: said},
	{name: "213 and 1222", body: answer(213, next), next: func(k kind, p place) (place, string) {
		if p.session == inPart {
			return place{ours, leased}, ourCommands
		}
		return silence(k, p)
	}},
	{name: "101", body: answer(101, final), next: finish},
	{name: "500", body: answer(500, final), next: final200(failed)},
	{name: "200 for another command", body: func(_ kind, n string, _ ref) string { return okHdr(n) + status(2, n, "77", "Get", 200) + final }, next: finish},
	{name: "401 for the header", body: func(_ kind, n string, _ ref) string { return status(1, n, "0", "SyncHdr", 401) + final }, next: func(k kind, p place) (place, string) {
		switch p.request {
		case leased, spoken:
			p.request = returned
		}
		if p.session == coming {
			return place{ours, p.request}, broken
		}
		return k.deliver(p.request)
	}},
	{name: "a part of the value", body: part(true, ""), next: func(k kind, p place) (place, string) {
		if p.request == leased || p.request == spoken {
			return place{coming, spoken}, goOn
		}
		return silence(k, p)
	}},
	{name: "not the last message, with the last part of the value", body: part(false, ""), next: func(k kind, p place) (place, string) {
		if p.request == leased || p.request == spoken {
			return place{open, spoken}, goOn
		}
		return silence(k, p)
	}},
	{name: "the last part of the value", body: part(false, final), next: func(k kind, p place) (place, string) {
		if p.request == leased || p.request == spoken {
			return k.deliver(done)
		}
		return finish(k, p)
	}},
}

// walker holds a conversation as far as a path says.
type walker struct {
	*house
	kind         kind
	sessions, id int    // SessionID and MsgID of the last message
	body         string // the last message
	reply        *syncml.Message
	octets       string
	sent         ref // the last command of ours
}

// send sends a message, and says what the reply is.
func (w *walker) send(m message) string {
	switch m.name {
	case "first", "first of several":
		w.sessions, w.id = w.sessions+1, 1
		body := alert1201 + devInfo + final
		if m.name == "first of several" {
			body = alert1201
		}
		switch {
		case w.kind.safe: // behind a challenge
			_, nonce := headerOf(w.t, w.post(w.signed("1", "", body)))
			w.id = 2
			w.body = w.signed("2", md5Cred(nonce), body)
		case w.kind.large:
			w.body = msgMeta(itoa(w.sessions), "1", sizes(2000, 0), body)
		default:
			w.body = msg(itoa(w.sessions), "1", body)
		}
	case "the last once more":
	case "an older one":
		return w.classify(w.signed("0", "", okHdr("1")+final), false)
	case "a first one without credentials":
		return w.classify(w.signed("1", "", alert1201+final), false)
	case "with wrong credentials":
		return w.classify(w.signed(itoa(w.id+1), md5Cred([]byte("guess")), okHdr("1")+final), false)
	case "half a message":
		return w.classify(w.body[:len(w.body)/2], false)
	case "of a stranger":
		return w.classify(strings.ReplaceAll(w.body, deviceID, "nobody"), false)
	case "gone for good":
		w.now = w.now.Add(time.Hour)
		_, err := w.handler.Sweep(w.t.Context())
		require.NoError(w.t, err)
		return ""
	default:
		w.id++
		n := "1"
		if w.reply != nil {
			n = w.reply.Header.MsgID
		}
		body := w.signed(itoa(w.id), "", m.body(w.kind, n, w.sent))
		if w.kind.safe && w.seen().session == ended {
			w.id--
			return w.classify(body, false)
		}
		w.body = body
	}
	return w.classify(w.body, true)
}

// signed writes a message of the session, under the name of the account if there is one.
func (w *walker) signed(msgID, cred, body string) string {
	if !w.kind.safe {
		return msg(itoa(w.sessions), msgID, body)
	}
	return inSession(itoa(w.sessions), signed(msgID, cred, body))
}

func (w *walker) classify(body string, keep bool) string {
	r := w.do(body)
	if r.Code != http.StatusOK {
		return fmt.Sprintf("HTTP %d", r.Code)
	}
	if keep && r.Body.String() == w.octets {
		return sameOctets
	}
	m, err := syncml.Decode(r.Body.Bytes())
	require.NoError(w.t, err)
	list := summary(m)
	if code, _ := headerOf(w.t, m); code >= "300" {
		return refused
	}
	w.reply, w.octets = m, r.Body.String()
	for _, c := range m.Body {
		switch c.(type) {
		case *syncml.Get, *syncml.Replace, *syncml.Exec:
			w.sent = ref{m.Header.MsgID, c.ID()}
			if !m.Final {
				return aPart
			}
			return ourCommands
		}
	}
	switch {
	case slices.Contains(list, "Alert 1222") && !m.Final:
		return goOn
	case slices.Contains(list, "Alert 1225") && m.Final:
		return broken
	case m.Final:
		return end
	}
	return strings.Join(list, ", ")
}

// seen is the state that the store shows.
func (w *walker) seen() place {
	rec := w.record()
	p := place{session: none, request: waiting}
	var s session.State
	for _, each := range rec.Sessions {
		if each.ID == itoa(w.sessions) {
			s = each
		}
	}
	switch {
	case s.ID == "":
	case !s.Ended.IsZero():
		p.session = ended
	case s.Incoming.Command != "":
		p.session = coming
	case len(s.Requests) > 0 && s.Requests[0].Offset > 0:
		p.session = inPart
	case s.Package > 0:
		p.session = open
	default:
		p.session = ours
	}
	if o, ok := w.outcomes()["r"]; ok {
		p.request = o.Kind.String()
		return p
	}
	switch {
	case slices.Contains(s.Tried, "r"):
		p.request = returned
	case len(s.Requests) > 0:
		p.request = leased
		if o := s.Outstanding; len(o) > 0 && o[0].Status != 0 && o[0].Status != omadm.StatusChunkedItemAccepted && o[0].Status != omadm.StatusInProgress {
			p.request = spoken
		}
	}
	return p
}

// TestModel walks through the model: in each state that can be reached it sends each kind of message, and holds the reply and
// the state against the model.
func TestModel(t *testing.T) {
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			start := place{none, waiting}
			paths := map[place][]message{start: nil}
			for queue := []place{start}; len(queue) > 0; queue = queue[1:] {
				at := queue[0]
				for _, m := range modelMessages {
					if at.session == none && m.name != "first" && m.name != "first of several" {
						continue // there is nothing that it could go on with
					}
					if strings.HasSuffix(m.name, "the value") && !k.value || strings.HasSuffix(m.name, "credentials") && !k.safe {
						continue
					}
					to := walk(t, k, append(paths[at][:len(paths[at]):len(paths[at])], m), at)
					if _, known := paths[to]; !known {
						paths[to] = append(paths[at][:len(paths[at]):len(paths[at])], m)
						queue = append(queue, to)
					}
				}
			}
			t.Logf("%d states", len(paths))
		})
	}
}

// walk goes a path to a state and one message on, and returns where that leads.
func walk(t *testing.T, k kind, path []message, at place) place {
	t.Helper()
	w := &walker{house: newHouse(t), kind: k}
	if k.safe {
		w.house = newSafe(t, client)
	}
	w.request(omadm.Request{ID: "r", Ops: []omadm.Op{k.op}})
	reply := ""
	names := make([]string, len(path))
	for i, m := range path {
		names[i] = m.name
		reply = w.send(m)
	}
	last := path[len(path)-1]
	to, said := last.next(k, at)
	if k.safe && at.session == ended && last.body != nil {
		to, said = at, refused // the credentials were good for the session
	}
	if got := w.seen(); got != to || reply != said {
		t.Errorf("%v, then %q: got %v and %s, want %v and %s\n    the way there: %s", at, names[len(names)-1], got, reply, to, said, strings.Join(names, " → "))
		return got
	}
	return to
}
