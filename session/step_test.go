package session_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
	"github.com/gomadm/gomadm/syncml"
)

// inbound is a message of deviceID, proven, as the handler would pass it on.
func inbound(t *testing.T, body string) *session.Inbound {
	t.Helper()
	m, err := syncml.Decode([]byte(body))
	require.NoError(t, err)
	return &session.Inbound{
		Body: []byte(body), ContentType: syncml.ContentTypeXML, Codec: syncml.XML, Message: m,
		Principal: session.Principal{Device: deviceID, Proven: true, Scheme: "test"}, Headers: http.Header{}, URL: &url.URL{Path: "/dm"},
	}
}

// TestStep holds a session without a handler: the record is what the store of another handler has.
func TestStep(t *testing.T) {
	h := newHouse(t)
	h.enqueue("a", get("./A"))
	env := session.Env{Now: h.now}
	a, err := session.Step(h.record(), inbound(t, msg("1", "1", pkg1)), env)
	require.NoError(t, err)
	m, err := syncml.Decode(a.Octets)
	require.NoError(t, err)
	assert.Equal(t, []string{"Status SyncHdr 0 200", "Status Alert 1 200", "Status Replace 2 200", "4 Get ./A", "Final"}, summary(m))
	require.NoError(t, h.store.Commit(t.Context(), a.Change))

	turn, err := session.Receive(h.record(), inbound(t, msg("1", "2", okHdr("1")+status(2, "1", "4", "Get", 404)+final)), env)
	require.NoError(t, err)
	require.Len(t, turn.Change().Finish, 1, "before anything is sent")
	assert.Equal(t, omadm.Failed, turn.Change().Finish[0].Kind)
}

func TestStepRefuses(t *testing.T) {
	h := newHouse(t)
	for name, change := range map[string]func(*session.Inbound){
		"another device":   func(in *session.Inbound) { in.Principal.Device = "another" },
		"nobody, proven":   func(in *session.Inbound) { in.Principal.Device = "" },
		"without a MsgID":  func(in *session.Inbound) { in.Message.Header.MsgID = "" },
		"without a Source": func(in *session.Inbound) { in.Message.Header.Source.URI = "" },
	} {
		in := inbound(t, msg("1", "1", pkg1))
		change(in)
		_, err := session.Step(h.record(), in, session.Env{Now: h.now})
		var refused *session.RefusedError
		require.ErrorAs(t, err, &refused, name)
		assert.Equal(t, "session: "+refused.Reason, err.Error(), name)
	}
}

// TestRecordThatLacksSomething: what a store has lost is noted, and costs no session.
func TestRecordThatLacksSomething(t *testing.T) {
	for name, test := range map[string]struct {
		begin func(h *house)
		lose  func(rec *session.Record)
		id    string // of the message that comes then
		body  string
		want  []string // of the reply
		note  string
	}{
		"a request": {
			func(h *house) {
				h.request(omadm.Request{ID: "a", Combine: true, Ops: []omadm.Op{get("./A"), get("./B")}})
				h.post(msg("1", "1", pkg1))
			},
			func(rec *session.Record) { rec.Requests = nil },
			"2",
			okHdr("1") + strings.Replace(status(2, "1", "4", "Get", 200), "<Data>", "<TargetRef>./A</TargetRef><Data>", 1) + final,
			[]string{"Status SyncHdr 0 200", "Final"}, `request "a" is no longer in the store`,
		},
		"a request that the client refused": {
			func(h *house) {
				h.enqueue("a", get("./A"))
				h.post(msg("1", "1", pkg1))
			},
			func(rec *session.Record) { rec.Requests = nil },
			"2",
			status(1, "1", "0", "SyncHdr", 500) + final,
			[]string{"Status SyncHdr 0 200", "Final"}, "client refused message",
		},
		"the parts of a large object": {
			func(h *house) {
				h.enqueue("a", get("./A"))
				h.post(msg("1", "1", pkg1))
				h.post(msg("1", "2", okHdr("1")+status(2, "1", "4", "Get", 200)+results("1", "4", "./A", "6", "abc", true)))
			},
			func(rec *session.Record) { rec.Parts = nil },
			"3",
			okHdr("2") + results("1", "4", "./A", "", "def", false) + final,
			[]string{"Status SyncHdr 0 200", "Status Results 5 424", "Final"}, "parts of a large object are missing from the record",
		},
		"the last reply": {
			func(h *house) { h.post(msg("1", "1", pkg1)) },
			func(rec *session.Record) { rec.Reply = nil },
			"1",
			pkg1,
			[]string{"Status SyncHdr 0 200", "Status Alert 1 200", "Status Replace 2 200", "Final"}, "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			test.begin(h)
			rec := h.record()
			test.lose(rec)
			a, err := session.Step(rec, inbound(t, msg("1", test.id, test.body)), session.Env{Now: h.now})
			require.NoError(t, err)
			m, err := syncml.Decode(a.Octets)
			require.NoError(t, err)
			assert.Equal(t, test.want, summary(m))
			assert.Contains(t, strings.Join(a.Notes, "\n"), test.note)
		})
	}
}
