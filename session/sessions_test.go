package session_test

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/omadm/auth"
	"github.com/gomadm/gomadm/omadm/tnds"
	"github.com/gomadm/gomadm/session"
	"github.com/gomadm/gomadm/session/capture"
	"github.com/gomadm/gomadm/session/sessiontest"
	"github.com/gomadm/gomadm/session/simdevice"
	"github.com/gomadm/gomadm/syncml"
	"github.com/gomadm/gomadm/syncml/wbxml"
)

const sessionsDir = "../testdata/sessions/"

// scenario is a conversation of a simulated device with a handler. Each is recorded in a folder of testdata/sessions.
type scenario struct {
	name     string
	shows    string // in one line
	codec    syncml.Codec
	profile  simdevice.Profile
	device   func(d *simdevice.Device)
	account  session.Account  // of the device; zero: the device is trusted
	scheme   simdevice.Scheme // of the credentials of the device
	rules    session.Rules
	requests []omadm.Request
	sessions int // the device has; 0: 1
	end      simdevice.End
	want     map[omadm.RequestID]omadm.Kind
	// What does not replay with the requests that are read back from the recording: unread to their meaning, as the
	// recording does not hold all that was asked for; unlike to the octet.
	unread, unlike bool
	uneven         bool // nor to the meaning: the credentials that are left out make the parts of an object larger

	script      []string      // the messages of a client that is not the simulated device
	pause       time.Duration // between them; 0: a second
	undisturbed bool          // there are no faults beside those of the scenario
}

// recordings are all scenarios.
func recordings() []scenario { return slices.Concat(scenarios, habits, scripted, proving) }

// mode says how a recording is like the conversation now. Credentials are blanked.
func (s *scenario) mode() capture.Mode {
	if s.uneven {
		return capture.Outcomes
	}
	if s.account != (session.Account{}) {
		return capture.Meaning
	}
	return capture.Exact
}

var scenarios = []scenario{
	{
		name: "windows-check-in", shows: "a Windows device with nothing to do",
		device: func(d *simdevice.Device) { d.User = "someone@example.test" },
	},
	{
		name: "windows-policies", shows: "policies of device and user, an Atomic, a Get, a command that fails",
		requests: []omadm.Request{
			request("device", replace(policy+"A", "1"), get("./DevDetail/SwV")),
			request("user", replace("./User/Vendor/MSFT/Policy/Config/Test/B", "2")),
			atomic("atomic", replace(policy+"C", "3"), replace(policy+"D", "4")),
			request("missing", get("./Vendor/MSFT/NoSuchNode")),
		},
		want: map[omadm.RequestID]omadm.Kind{"device": omadm.Done, "user": omadm.Done, "atomic": omadm.Done, "missing": omadm.Failed},
	},
	{
		name: "multi-message", shows: "a reply of the device that takes several messages, asked for with 1222",
		rules: session.Rules{Limits: session.Limits{Message: syncml.Limits{Octets: 3000}}},
		requests: []omadm.Request{
			request("many", many(30, func(i int) omadm.Op { return replace(omadm.URI(policy+"N"+itoa(i)), itoa(i)) })...),
		},
		want: map[omadm.RequestID]omadm.Kind{"many": omadm.Done},
	},
	{
		name: "small-messages", shows: "a request that goes out over several packages, as the device takes messages of 2,000 octets",
		device: func(d *simdevice.Device) { d.MaxMsgSize = 2000 },
		requests: []omadm.Request{
			request("many", many(12, func(i int) omadm.Op { return replace(omadm.URI(policy+"N"+itoa(i)), strings.Repeat("v", 150)) })...),
		},
		want: map[omadm.RequestID]omadm.Kind{"many": omadm.Done},
	},
	{
		name: "large-object-out", shows: "a value cut into parts for the device, answered with 213 and 1222",
		profile: simdevice.Generic12, device: func(d *simdevice.Device) { d.MaxMsgSize = 2000 },
		requests: []omadm.Request{request("note", replace("./Data/Note", long(5000))), request("after", get("./Data/Level"))},
		want:     map[omadm.RequestID]omadm.Kind{"note": omadm.Done, "after": omadm.Done},
	},
	{
		name: "large-object-out-wbxml", shows: "the same in WBXML, with octets", codec: wbxml.Codec,
		profile: simdevice.Generic12, device: func(d *simdevice.Device) { d.MaxMsgSize = 1500 },
		requests: []omadm.Request{
			request("blob", omadm.Op{Verb: omadm.Replace, URI: "./Data/Blob", Value: omadm.Octets([]byte(long(4000)))}),
		},
		want: map[omadm.RequestID]omadm.Kind{"blob": omadm.Done},
	},
	{
		name: "large-object-in", shows: "Results that the device sends in parts",
		profile: simdevice.Generic12, device: longNote,
		requests: []omadm.Request{request("note", get("./Data/Note"), get("./Data/Level"))},
		want:     map[omadm.RequestID]omadm.Kind{"note": omadm.Done},
	},
	{
		name: "large-object-in-wbxml", shows: "the same in WBXML", codec: wbxml.Codec,
		profile: simdevice.Generic12, device: longNote,
		requests: []omadm.Request{request("note", get("./Data/Note"))},
		want:     map[omadm.RequestID]omadm.Kind{"note": omadm.Done},
	},
	{
		name: "large-object-refused", unread: true, shows: "an object larger than the device stores: 420 in the middle, no further part",
		profile: simdevice.Generic12, device: func(d *simdevice.Device) { d.MaxMsgSize, d.Storage = 2000, 3000 },
		requests: []omadm.Request{request("note", replace("./Data/Note", long(6000))), request("after", get("./Data/Level"))},
		want:     map[omadm.RequestID]omadm.Kind{"note": omadm.Failed, "after": omadm.Done},
	},
	{
		name: "atomic-failure", shows: "an Atomic that is undone, and one of which a part cannot be undone",
		device: func(d *simdevice.Device) {
			d.Nodes().Put("./Vendor/MSFT/Fixed", simdevice.Node{Value: syncml.Text("1"), Access: simdevice.Get | simdevice.Replace, Irreversible: true})
		},
		requests: []omadm.Request{
			atomic("undone", replace(policy+"A", "1"), replace("./DevDetail/SwV", "2")),
			atomic("stuck", replace("./Vendor/MSFT/Fixed", "2"), replace("./DevDetail/SwV", "2")),
		},
		want: map[omadm.RequestID]omadm.Kind{"undone": omadm.RolledBack, "stuck": omadm.RolledBack},
	},
	{
		name: "atomic-517", shows: "an Atomic whose statuses do not fit into a message of the device: undone, sent again alone",
		rules: session.Rules{Limits: session.Limits{Message: syncml.Limits{Octets: 2500}}}, profile: simdevice.Generic12,
		requests: []omadm.Request{
			request("many", many(9, func(int) omadm.Op { return get("./Data/Level") })...),
			atomic("atomic", many(14, func(i int) omadm.Op { return replace("./Data/Level", itoa(i)) })...),
		},
		want: map[omadm.RequestID]omadm.Kind{"many": omadm.Done, "atomic": omadm.RolledBack},
	},
	{
		name: "sequence", shows: "a Sequence that stops where the user says no",
		profile: simdevice.Generic12, device: func(d *simdevice.Device) { d.Answer = user },
		requests: []omadm.Request{
			{ID: "stops", Group: omadm.Sequence, Ops: []omadm.Op{
				replace("./Data/Note", "before"), ask(omadm.AlertConfirm, "No?"), replace("./Data/Note", "never"),
			}},
			{ID: "runs", Group: omadm.Sequence, Ops: []omadm.Op{get("./Data/Note"), ask(omadm.AlertDisplay, "Done.")}},
		},
		want: map[omadm.RequestID]omadm.Kind{"stops": omadm.NotExecuted, "runs": omadm.Done},
	},
	{
		name: "alerts-to-the-user", shows: "all five alerts to the user and what the user answers",
		profile: simdevice.Generic12, device: func(d *simdevice.Device) { d.Answer = user },
		requests: []omadm.Request{
			request("display", ask(omadm.AlertDisplay, "Hello.")),
			request("yes", ask(omadm.AlertConfirm, "Yes?")), request("no", ask(omadm.AlertConfirm, "No?")),
			request("text", ask(omadm.AlertTextInput, "Name?")),
			request("one", ask(omadm.AlertSingleChoice, "Which?", "red", "green", "blue")),
			request("some", ask(omadm.AlertMultipleChoice, "Which?", "red", "green", "blue")),
			request("cancel", ask(omadm.AlertTextInput, "Cancel?")),
		},
		want: map[omadm.RequestID]omadm.Kind{
			"display": omadm.Done, "yes": omadm.Done, "no": omadm.NotExecuted, "text": omadm.Done, "one": omadm.Done, "some": omadm.Done,
			"cancel": omadm.NotExecuted,
		},
	},
	{
		name: "dm-1.1", shows: "a client of OMA DM 1.1", profile: simdevice.Generic11,
		requests: []omadm.Request{
			request("write", replace("./Data/Note", "1.1"), get("./Data/Note")),
			request("copy", omadm.Op{Verb: omadm.Copy, URI: "./Data/Copied", From: "./Data/Note"}),
		},
		want: map[omadm.RequestID]omadm.Kind{"write": omadm.Done, "copy": omadm.Done},
	},
	{
		name: "acl", shows: "access control lists: read, set, and a command that they forbid (425)", profile: simdevice.Generic12,
		requests: []omadm.Request{
			{ID: "acl", Group: omadm.Sequence, Ops: []omadm.Op{
				get("./Data?prop=ACL"), omadm.ACL{Get: []string{omadm.Everyone}, Replace: []string{"other"}}.Op("./Data/Note"),
				get("./Data/Note?prop=ACL"), get("./Data/Note"), replace("./Data/Note", "forbidden"),
			}},
		},
		want: map[omadm.RequestID]omadm.Kind{"acl": omadm.Failed},
	},
	{
		name: "lists-and-properties", shows: "?list=StructData, a plain Get of an interior node, properties, in one command with several items",
		profile: simdevice.Generic12,
		requests: []omadm.Request{
			{ID: "list", Combine: true, Ops: []omadm.Op{get("./Data?list=StructData"), get("./DevDetail"), get("./Data/Level?prop=Format"), get("./Data/Level?prop=Size")}},
			{ID: "rename", Group: omadm.Sequence, Ops: []omadm.Op{replace("./Data/Note?prop=Title", "A note"), get("./Data/Note?prop=Title")}},
		},
		want: map[omadm.RequestID]omadm.Kind{"list": omadm.Done, "rename": omadm.Done},
	},
	{
		name: "tnds", shows: "a tree in one document: added with one command, read back with ?list=TNDS", profile: simdevice.Generic12,
		requests: []omadm.Request{
			{ID: "tnds", Group: omadm.Sequence, Ops: []omadm.Op{tree(), get("./Data/Tree/A"), get("./Data/Tree?list=TNDS-TStamp")}},
		},
		want: map[omadm.RequestID]omadm.Kind{"tnds": omadm.Done},
	},
	{
		name: "abort", shows: "a device that ends the session with 1223, as an answer does not fit into a message",
		rules:    session.Rules{Limits: session.Limits{Message: syncml.Limits{Octets: 3000}}},
		device:   longName,
		requests: []omadm.Request{request("name", get("./DevDetail/Ext/Microsoft/DeviceName")), request("before", get("./DevDetail/SwV"))},
		end:      simdevice.DeviceAborted,
		want:     map[omadm.RequestID]omadm.Kind{"name": omadm.Done, "before": omadm.Done},
	},
	{
		name: "keep-alive", shows: "a Windows device that says twice that it is busy before it answers",
		device:   func(d *simdevice.Device) { d.KeepAlive = 2 },
		requests: []omadm.Request{request("get", get("./DevDetail/SwV")), request("set", replace(policy+"A", "1"))},
		want:     map[omadm.RequestID]omadm.Kind{"get": omadm.Done, "set": omadm.Done},
	},
	{
		name: "correlator", shows: "an Exec that is accepted, and in the next session the alert that tells how it ended",
		profile: simdevice.Generic12, sessions: 2,
		requests: []omadm.Request{request("update", omadm.Op{Verb: omadm.Exec, URI: "./FwUpdate/Update", Correlator: "update-1"})},
		rules:    session.Rules{AlertTypes: []string{"org.openmobilealliance.dm.firmwareupdate.update"}},
		want:     map[omadm.RequestID]omadm.Kind{"update": omadm.Accepted},
	},
	{
		name: "copy-and-delete", shows: "Add, Copy, Replace, Delete, Get in sequence, and each again where it must fail", profile: simdevice.Generic12,
		requests: []omadm.Request{
			{ID: "life", Group: omadm.Sequence, Ops: []omadm.Op{
				{Verb: omadm.Add, URI: "./Data/New", Value: omadm.Text("1")}, {Verb: omadm.Copy, URI: "./Data/Copied", From: "./Data/New"},
				replace("./Data/New", "2"), get("./Data/Copied"), {Verb: omadm.Delete, URI: "./Data/New"},
			}},
			request("gone", omadm.Op{Verb: omadm.Delete, URI: "./Data/NoSuchNode"}),
			request("there", omadm.Op{Verb: omadm.Add, URI: "./Data/Level", Value: omadm.Int(1)}),
		},
		want: map[omadm.RequestID]omadm.Kind{"life": omadm.Done, "gone": omadm.Failed, "there": omadm.Failed},
	},
}

// proving are conversations in which device and server prove themselves to each other in SyncML. Their secrets are not
// recorded, so they are played again without. The first session of each begins without nonces.
var proving = []scenario{
	{
		name: "basic", shows: "basic credentials, accepted for the session (212)",
		account: session.Account{Name: userName, Secret: clientSecret, Scheme: auth.Basic}, scheme: simdevice.Basic,
		sessions: 2, requests: policies, want: policiesDone,
	},
	{
		name: "basic-asked-for", shows: "basic credentials that the device gives when it is asked for them (407)",
		account: session.Account{Name: userName, Secret: clientSecret, Scheme: auth.Basic}, scheme: simdevice.Basic,
		device: func(d *simdevice.Device) { d.Account.Wait = true }, requests: policies, want: policiesDone,
	},
	{
		name: "md5", shows: "MD5 credentials: challenged (407), sent again as MsgID 2, and the nonce of the next session",
		account: client, scheme: simdevice.MD5,
		sessions: 2, requests: policies, want: policiesDone,
	},
	{
		name: "md5-with-each-message", shows: "MD5 credentials with each message, each with a new nonce",
		account: client, scheme: simdevice.MD5, rules: session.Rules{EachMessage: true},
		sessions: 2, requests: policies, want: policiesDone,
	},
	{
		name: "mac", shows: "a MAC beside each message, both ways",
		account: both(auth.MAC), scheme: simdevice.MAC,
		sessions: 2, requests: policies, want: policiesDone,
	},
	{
		name: "mac-wbxml", uneven: true, shows: "the same in WBXML, with a large object",
		account: both(auth.MAC), scheme: simdevice.MAC, codec: wbxml.Codec,
		profile: simdevice.Generic12, device: func(d *simdevice.Device) { d.MaxMsgSize = 2000 },
		requests: []omadm.Request{request("note", replace("./Data/Note", long(3000))), request("after", get("./Data/Level"))},
		want:     map[omadm.RequestID]omadm.Kind{"note": omadm.Done, "after": omadm.Done},
	},
	{
		name: "wrong-password", shows: "a device with a wrong password: challenged, refused (401), and nothing else", account: session.Account{
			Name: userName, Secret: auth.NewSecret(userName, "another"), Scheme: auth.MD5,
		}, scheme: simdevice.MD5, requests: policies, end: simdevice.Refused, unread: true,
	},
	{
		name: "server-credentials", shows: "a server that proves itself too: the device asks for it, and gets the commands again",
		account: both(""), scheme: simdevice.MD5,
		sessions: 2, requests: policies, want: policiesDone,
	},
	{
		name: "server-credentials-in-each-message", shows: "the same with each message",
		account: both(""), scheme: simdevice.MD5,
		device:   func(d *simdevice.Device) { d.Account.EachMessage = true },
		sessions: 2, requests: policies, want: policiesDone,
	},
}

var (
	policies = []omadm.Request{
		request("set", replace(policy+"A", "1"), get(policy+"A")), atomic("atomic", replace(policy+"B", "2"), replace(policy+"C", "3")),
		request("run", exec("./Vendor/MSFT/Reboot/RebootNow")),
	}
	policiesDone = map[omadm.RequestID]omadm.Kind{"set": omadm.Done, "atomic": omadm.Done, "run": omadm.Done}
)

func many(n int, op func(i int) omadm.Op) []omadm.Op {
	list := make([]omadm.Op, n)
	for i := range list {
		list[i] = op(i)
	}
	return list
}

// long is a text of n octets in which every place is different.
func long(n int) string {
	var b strings.Builder
	for i := 0; b.Len() < n; i++ {
		fmt.Fprintf(&b, "%d <&> ", i)
	}
	return b.String()[:n]
}

func longNote(d *simdevice.Device) {
	d.ChunkSize = 900
	d.Nodes().Put("./Data/Note", simdevice.Node{Value: syncml.Text(long(4000)), Access: simdevice.Get})
}

func longName(d *simdevice.Device) {
	d.Nodes().Put("./DevDetail/Ext/Microsoft/DeviceName", simdevice.Node{Value: syncml.Text(long(4000)), Access: simdevice.Get})
}

func ask(code omadm.AlertCode, text string, choices ...string) omadm.Op {
	return omadm.UserAlert{Code: code, Text: text, Choices: choices, MaxDisplay: time.Minute}.Op()
}

// user answers what the text of the question says.
func user(q simdevice.Question) simdevice.Answer {
	switch q.Text {
	case "No?":
		return simdevice.Answer{Status: omadm.StatusNotModified}
	case "Cancel?":
		return simdevice.Answer{Status: omadm.StatusOperationCancelled}
	case "Name?":
		return simdevice.Answer{Items: []string{"Ada"}}
	}
	if len(q.Choices) > 0 {
		return simdevice.Answer{Items: []string{"2"}}
	}
	return simdevice.Answer{}
}

// tree is a document with two leaves below a node.
func tree() omadm.Op {
	op, err := tnds.Op(omadm.Add, "./Data/Tree", &tnds.Tree{Nodes: []*tnds.Node{{
		Value: omadm.Node(),
		Nodes: []*tnds.Node{{Name: "A", Value: omadm.Text("1")}, {Name: "B", Value: omadm.Int(2)}},
	}}})
	if err != nil {
		panic(err)
	}
	return op
}

// ran is what came of a scenario.
type ran struct {
	Outcomes map[omadm.RequestID]omadm.Outcome
	Values   map[omadm.RequestID][]string // what the results brought, by request
	Events   []string
	Facts    omadm.Facts
	Report   simdevice.Report
	Device   *simdevice.Device
	Messages int
}

// run plays the scenario against a new server. Around stands before its handler.
func (s *scenario) run(t *testing.T, fault func(message, attempt int) simdevice.Fault, around func(h *house) http.Handler) ran {
	t.Helper()
	config := func(c *session.Config) { c.Rules, c.Rand = s.rules, rand.NewChaCha8([32]byte{}) }
	h := newHouse(t, bothCodecs, config)
	if s.account != (session.Account{}) {
		h = newSafe(t, s.account, bothCodecs, config)
	}
	for _, r := range s.requests {
		h.request(r)
	}
	d := h.device()
	d.Profile, d.Codec, d.Fault = s.profile, s.codec, fault
	d.Account = simdevice.Account{Scheme: s.scheme, Name: s.account.Name, Password: userPassword, Rand: rand.NewChaCha8([32]byte{1})}
	if s.account.ServerSecret != "" {
		d.Account.ServerName, d.Account.ServerPassword = s.account.ServerName, serverPassword
	}
	handler := http.Handler(h.handler)
	if around != nil {
		handler = around(h)
	}
	d.Transport = direct{http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.now = h.now.Add(time.Second)
		handler.ServeHTTP(w, r)
	})}
	if s.device != nil {
		s.device(d)
	}
	var got ran
	for _, body := range s.script {
		h.now = h.now.Add(max(s.pause, time.Second))
		r := httptest.NewRequest(http.MethodPost, serverURL, strings.NewReader(body))
		r.Header.Set("Content-Type", syncml.ContentTypeXML)
		handler.ServeHTTP(httptest.NewRecorder(), r)
	}
	for range max(s.sessions, 1) {
		if s.script != nil {
			break
		}
		report, err := d.Session(t.Context())
		require.NoError(t, err)
		require.Empty(t, report.Violations)
		require.Equal(t, max(s.end, simdevice.Completed), report.End)
		got.Messages = max(got.Messages, report.Messages)
		h.now = h.now.Add(time.Hour)
	}
	got.Device = d
	got.Outcomes = h.outcomes()
	for id, o := range got.Outcomes {
		o.At = time.Time{}
		got.Outcomes[id] = o
	}
	got.Values = make(map[omadm.RequestID][]string)
	for _, r := range h.entries() {
		switch {
		case r.Result != nil:
			for _, it := range r.Result.Items {
				got.Values[r.Result.Request] = append(got.Values[r.Result.Request], it.Data.Value)
			}
		case r.Event != nil:
			got.Events = append(got.Events, fmt.Sprintf("%v %s %s for %q", r.Event.Alert, r.Event.Type, r.Event.Data.Value, r.Event.Request))
		}
	}
	got.Facts = h.record().Device.Facts
	return got
}

// TestSessions plays the recorded sessions again through Step, to the octet, and holds their dialogues. With -update
// they are recorded anew.
func TestSessions(t *testing.T) {
	for _, s := range recordings() {
		t.Run(s.name, func(t *testing.T) {
			dir := filepath.Join(sessionsDir, s.name)
			if *update {
				require.NoError(t, os.RemoveAll(dir))
				s.record(t, dir)
			}
			rec, err := capture.Open(os.DirFS(dir))
			require.NoError(t, err)
			if s.end != simdevice.Refused { // nothing else was said
				sessiontest.Replay(t, s.open(t), rec, sessiontest.ReplayOptions{Mode: s.mode(), Requests: s.queued()})
			}
			var b bytes.Buffer
			require.NoError(t, rec.Dialogue(&b))
			golden(t, filepath.Join(dir, "dialogue.txt"), b.Bytes())
		})
	}
	golden(t, filepath.Join(sessionsDir, "README.md"), sessionsReadme())
}

// queued is what waits before the first message.
func (s *scenario) queued() map[int][]omadm.Request { return map[int][]omadm.Request{1: s.requests} }

// open makes a handler with the rules of the scenario, for a replay.
func (s *scenario) open(t *testing.T) func(sessiontest.Setup) http.Handler {
	return func(set sessiontest.Setup) http.Handler {
		h := newHouse(t, bothCodecs, func(c *session.Config) {
			c.Rules, c.Authenticator, c.Now, c.Rand = s.rules, set.Authenticator, set.Now, set.Rand
		})
		require.NoError(t, h.store.Register(t.Context(), set.Device))
		require.NoError(t, h.queue.Enqueue(t.Context(), set.Device.ID, set.Requests...))
		return struct {
			http.Handler
			session.Store
			session.Results
		}{h.handler, h.store, h.store}
	}
}

func golden(t *testing.T, file string, got []byte) {
	t.Helper()
	if *update {
		require.NoError(t, os.WriteFile(file, got, 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Empty(t, cmp.Diff(string(want), string(got)), file)
}

func sessionsReadme() []byte {
	var b bytes.Buffer
	b.WriteString("# Recorded sessions\n\nEach folder is a conversation of a simulated device with the handler, as session/capture records it; dialogue.txt is\n" +
		"the same for people. The scenarios are in session/sessions_*test.go; `go test ./session -run TestSessions -update` records\nthem anew.\n\n| folder | what it shows |\n|---|---|\n")
	for _, s := range recordings() {
		fmt.Fprintf(&b, "| %s | %s |\n", s.name, s.shows)
	}
	return b.Bytes()
}

func (s *scenario) record(t *testing.T, dir string) {
	t.Helper()
	got := s.run(t, nil, func(h *house) http.Handler {
		return &capture.Recorder{
			Handler: h.handler, Sink: capture.Dir(dir), Now: func() time.Time { return h.now },
			OnError: func(err error) { t.Error(err) },
		}
	})
	s.check(t, got)
}

func (s *scenario) check(t *testing.T, got ran) {
	t.Helper()
	kinds := make(map[omadm.RequestID]omadm.Kind)
	for id, o := range got.Outcomes {
		kinds[id] = o.Kind
	}
	if s.want == nil {
		s.want = map[omadm.RequestID]omadm.Kind{}
	}
	assert.Equal(t, s.want, kinds, "%+v", got.Outcomes)
}

// TestSessionsUnderFaults plays each scenario with an accident to each of its messages: the outcomes are those of the
// undisturbed session, and nothing is executed more often than in it.
func TestSessionsUnderFaults(t *testing.T) {
	for _, s := range slices.Concat(scenarios, habits, proving) {
		if s.undisturbed || s.end == simdevice.Refused {
			continue
		}
		t.Run(s.name, func(t *testing.T) {
			want := s.run(t, nil, nil)
			s.check(t, want)
			for f := simdevice.LoseRequest; f <= simdevice.LateAfter; f++ {
				if f == simdevice.StopBefore || f == simdevice.StopAfter {
					continue // the device is gone: TestFaultsLoseAndRepeatNothing
				}
				for n := 1; n <= want.Messages; n++ {
					where := fmt.Sprintf("%v at message %d", f, n)
					got := s.run(t, f.At(n), nil)
					assert.Equal(t, want.Outcomes, got.Outcomes, where)
					assert.Equal(t, want.Values, got.Values, where)
					assert.Equal(t, want.Events, got.Events, where)
					assert.Equal(t, want.Facts, got.Facts, where)
					assert.Equal(t, executions(want.Device), executions(got.Device), where)
				}
			}
		})
	}
}

// executions says how often what was executed.
func executions(d *simdevice.Device) []string {
	counts := make(map[string]int)
	for _, e := range d.Executions() {
		counts[e.Verb+" "+e.LocURI+" "+e.Data.Value] += e.Executed
	}
	var list []string
	for _, k := range slices.Sorted(maps.Keys(counts)) {
		list = append(list, fmt.Sprintf("%s: %d", k, counts[k]))
	}
	return list
}
