package session_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
	"github.com/gomadm/gomadm/session/memstore"
	"github.com/gomadm/gomadm/syncml"
)

const (
	deviceID  = "urn:uuid:11111111-2222-4333-8444-555555555555"
	serverURL = "https://dm.example.test/dm"
)

// house is a handler on a store in memory, with a clock that the test moves.
type house struct {
	t       *testing.T
	store   *memstore.Store
	queue   session.Queue
	handler *session.Handler
	now     time.Time
	log     *bytes.Buffer
}

// newHouse registers deviceID. The functions change the configuration.
func newHouse(t *testing.T, change ...func(*session.Config)) *house {
	t.Helper()
	h := &house{t: t, store: new(memstore.Store), now: time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC), log: new(bytes.Buffer)}
	h.queue.Store = h.store
	require.NoError(t, h.store.Register(t.Context(), session.Device{ID: deviceID}))
	cfg := session.Config{
		Store:         h.store,
		Authenticator: session.InsecureTrust{},
		Logger:        slog.New(slog.NewTextHandler(h.log, nil)),
		Now:           func() time.Time { return h.now },
	}
	for _, f := range change {
		f(&cfg)
	}
	var err error
	h.handler, err = session.New(cfg)
	require.NoError(t, err)
	return h
}

// enqueue queues a request of these operations for deviceID.
func (h *house) enqueue(id string, ops ...omadm.Op) {
	h.t.Helper()
	h.request(omadm.Request{ID: omadm.RequestID(id), Ops: ops})
}

func (h *house) request(r omadm.Request) {
	h.t.Helper()
	require.NoError(h.t, h.queue.Enqueue(context.Background(), deviceID, r))
}

// do posts a body as the client does and returns the whole response.
func (h *house) do(body string) *httptest.ResponseRecorder {
	h.t.Helper()
	r := httptest.NewRequest(http.MethodPost, serverURL, strings.NewReader(body))
	r.Header.Set("Content-Type", syncml.ContentTypeXML)
	w := httptest.NewRecorder()
	h.handler.ServeHTTP(w, r)
	return w
}

// post posts a body that has to be answered with a message.
func (h *house) post(body string) *syncml.Message {
	h.t.Helper()
	w := h.do(body)
	require.Equal(h.t, http.StatusOK, w.Code, "%s", h.log)
	m, err := syncml.Decode(w.Body.Bytes())
	require.NoError(h.t, err)
	return m
}

// outcomes returns how the requests of all devices ended, by id.
func (h *house) outcomes() map[omadm.RequestID]omadm.Outcome {
	h.t.Helper()
	got := make(map[omadm.RequestID]omadm.Outcome)
	for _, e := range h.entries() {
		if e.Outcome == nil {
			continue
		}
		_, twice := got[e.Outcome.Request]
		require.False(h.t, twice, "request %q has two outcomes", e.Outcome.Request)
		got[e.Outcome.Request] = *e.Outcome
	}
	return got
}

func (h *house) results(id omadm.RequestID) (list []omadm.Result) {
	h.t.Helper()
	for _, e := range h.entries() {
		if e.Result != nil && e.Result.Request == id {
			list = append(list, *e.Result)
		}
	}
	return list
}

func (h *house) events() (list []omadm.Event) {
	h.t.Helper()
	for _, e := range h.entries() {
		if e.Event != nil {
			list = append(list, *e.Event)
		}
	}
	return list
}

func (h *house) entries() []session.Entry {
	h.t.Helper()
	list, err := h.store.Results(context.Background(), "", 1<<20)
	require.NoError(h.t, err)
	return list
}

// record is what the store knows of deviceID now.
func (h *house) record() *session.Record {
	h.t.Helper()
	rec, err := h.store.Load(context.Background(), session.Query{Device: deviceID, Now: h.now, Limit: 1 << 20, Octets: 1 << 30})
	require.NoError(h.t, err)
	return rec
}

// msg writes a message of deviceID. The body is the content of SyncBody.
func msg(sessionID, msgID, body string) string { return msgMeta(sessionID, msgID, "", body) }

// msgMeta writes a message with further content of the header.
func msgMeta(sessionID, msgID, header, body string) string {
	return `<SyncML xmlns="SYNCML:SYNCML1.2"><SyncHdr><VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto><SessionID>` + sessionID +
		`</SessionID><MsgID>` + msgID + `</MsgID><Target><LocURI>` + serverURL + `</LocURI></Target><Source><LocURI>` + deviceID +
		`</LocURI></Source>` + header + `</SyncHdr><SyncBody>` + body + `</SyncBody></SyncML>`
}

// Parts of package 1. The commands of the server follow three statuses, so the first has CmdID 4.
const (
	alert1201 = `<Alert><CmdID>1</CmdID><Data>1201</Data></Alert>`
	devInfo   = `<Replace><CmdID>2</CmdID><Item><Source><LocURI>./DevInfo/DevId</LocURI></Source><Data>` + deviceID + `</Data></Item>` +
		`<Item><Source><LocURI>./DevInfo/Man</LocURI></Source><Data>Example Devices</Data></Item></Replace>`
	final = `<Final/>`
	pkg1  = alert1201 + devInfo + final
)

// login is the 1224 alert that says who is signed in.
func login(who string) string {
	return `<Alert><CmdID>9</CmdID><Data>1224</Data><Item><Meta><Type xmlns="syncml:metinf">com.microsoft/MDM/LoginStatus</Type></Meta><Data>` + who + `</Data></Item></Alert>`
}

// okHdr is the client's status for our header.
func okHdr(msgRef string) string { return status(1, msgRef, "0", "SyncHdr", 200) }

func status(cmdID int, msgRef, cmdRef, cmd string, code int) string {
	return fmt.Sprintf(`<Status><CmdID>%d</CmdID><MsgRef>%s</MsgRef><CmdRef>%s</CmdRef><Cmd>%s</Cmd><Data>%d</Data></Status>`, cmdID, msgRef, cmdRef, cmd, code)
}

// summary writes a reply in one line for each command: statuses as "Cmd CmdRef code", others as "CmdID Name LocURI".
func summary(m *syncml.Message) []string {
	var list []string
	for _, c := range m.Body {
		list = append(list, line(c)...)
	}
	if m.Final {
		list = append(list, "Final")
	}
	return list
}

func line(c syncml.Command) []string {
	switch c := c.(type) {
	case *syncml.Status:
		s := fmt.Sprintf("Status %s %s %s", c.Cmd, c.CmdRef, c.Data.Value)
		for _, ref := range append(c.TargetRefs, c.SourceRefs...) {
			if c.Cmd != "SyncHdr" {
				s += " " + ref
			}
		}
		return []string{s}
	case *syncml.Alert:
		return []string{"Alert " + c.Data.Value}
	case *syncml.Atomic:
		return append([]string{c.CmdID + " Atomic"}, nested(c.Body)...)
	case *syncml.Sequence:
		return append([]string{c.CmdID + " Sequence"}, nested(c.Body)...)
	}
	return []string{c.ID() + " " + c.Name() + " " + c.ItemList()[0].Target.URI}
}

func nested(body []syncml.Command) (list []string) {
	for _, c := range body {
		for _, s := range line(c) {
			list = append(list, "  "+s)
		}
	}
	return list
}

func get(uri omadm.URI) omadm.Op { return omadm.Op{Verb: omadm.Get, URI: uri} }
func exec(uri omadm.URI) omadm.Op {
	return omadm.Op{Verb: omadm.Exec, URI: uri}
}
func replace(uri omadm.URI, v string) omadm.Op {
	return omadm.Op{Verb: omadm.Replace, URI: uri, Value: omadm.Text(v)}
}

type ctx = context.Context

func itoa(n int) string { return strconv.Itoa(n) }
