package session_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/omadm/auth"
	"github.com/gomadm/gomadm/session"
	"github.com/gomadm/gomadm/session/memstore"
	"github.com/gomadm/gomadm/syncml"
	"github.com/gomadm/gomadm/syncml/wbxml"
)

var errTrouble = errors.New("no luck today")

// deaf is a client that is gone when the reply comes.
type deaf struct{ *httptest.ResponseRecorder }

func (deaf) Write([]byte) (int, error) { return 0, errTrouble }

func TestReplyThatIsNotDeliveredIsRepeated(t *testing.T) {
	h := newHouse(t)
	h.enqueue("a", get("./A"))
	r := httptest.NewRequest(http.MethodPost, serverURL, strings.NewReader(msg("1", "1", pkg1)))
	r.Header.Set("Content-Type", syncml.ContentTypeXML)
	h.handler.ServeHTTP(deaf{httptest.NewRecorder()}, r)
	assert.Contains(t, h.log.String(), "reply not delivered")
	assert.Contains(t, summary(h.post(msg("1", "1", pkg1))), "4 Get ./A")
	assert.Equal(t, 1, h.record().Requests[0].Attempts)
}

func TestBodyThatBreaksOffIsRefused(t *testing.T) {
	h := newHouse(t)
	body := io.MultiReader(strings.NewReader("<SyncML"), iotest.ErrReader(errTrouble))
	r := httptest.NewRequest(http.MethodPost, serverURL, body)
	r.Header.Set("Content-Type", syncml.ContentTypeXML)
	w := httptest.NewRecorder()
	h.handler.ServeHTTP(w, r)
	assert.Equal(t, http.StatusBadRequest, w.Code)
	assert.Empty(t, w.Body)
}

func TestChallengeWithoutRandomnessIsNone(t *testing.T) {
	h := newSafe(t, client, func(c *session.Config) { c.Rand = iotest.ErrReader(errTrouble) })
	w := h.do(signed("1", "", pkg1))
	assert.Equal(t, http.StatusServiceUnavailable, w.Code)
	assert.Empty(t, w.Body)
	assert.Contains(t, h.log.String(), "Config.Rand")
	h.untouched()
}

// A Director that fails costs its requests, and not the answer.
func TestDirectorThatFails(t *testing.T) {
	h := newHouse(t, func(c *session.Config) {
		c.Director = func(context.Context, *session.Turn) ([]omadm.Request, error) {
			return []omadm.Request{request("d")}, errTrouble
		}
	})
	h.enqueue("a", get("./A"))
	assert.Equal(t, []string{"4 Get ./A", "Final"}, summary(h.post(msg("1", "1", pkg1)))[3:])
	assert.Contains(t, h.log.String(), errTrouble.Error())
	assert.Len(t, h.record().Requests, 1)
}

// What a Director adds and has no room stays in the queue.
func TestDirectorThatAddsMoreThanFits(t *testing.T) {
	asked := false
	h := newHouse(t, func(c *session.Config) {
		c.Director = func(context.Context, *session.Turn) ([]omadm.Request, error) {
			if asked {
				return nil, nil
			}
			asked = true
			big := omadm.Request{ID: "big", Ops: []omadm.Op{replace("./A", strings.Repeat("x", 600)), replace("./B", strings.Repeat("x", 600))}}
			return []omadm.Request{big, {ID: "small", Ops: []omadm.Op{get("./C")}}}, nil
		}
	})
	assert.Equal(t, []string{"4 Replace ./A", "Final"}, summary(h.post(msgMeta("1", "1", small(1900), pkg1)))[3:])
	assert.Len(t, h.record().Requests, 2)
	assert.Equal(t, []string{"2 Replace ./B", "3 Get ./C", "Final"}, summary(h.post(msg("1", "2", okHdr("1")+status(2, "1", "4", "Replace", 200)+final)))[1:])
}

// unwritable is a codec that has no words for some things.
type unwritable struct {
	syncml.Codec
	all, alerts, open bool
}

func (u unwritable) AppendCommand(dst []byte, c syncml.Command) ([]byte, error) {
	if _, ok := c.(*syncml.Alert); ok && u.alerts || u.all {
		return nil, errTrouble
	}
	return u.Codec.AppendCommand(dst, c)
}

func (u unwritable) AppendEnd(dst []byte, final bool) ([]byte, error) {
	if u.open && !final {
		return nil, errTrouble
	}
	return u.Codec.AppendEnd(dst, final)
}

// A reply that cannot be written is none, and nothing of the message counts.
func TestReplyThatCannotBeEncoded(t *testing.T) {
	crowd := strings.Repeat(alert("1224", typed("com.example", "1")), 10)
	for name, test := range map[string]struct {
		codec  syncml.Codec
		header string
		body   string
	}{
		"no status":                        {unwritable{Codec: syncml.XML, all: true}, "", pkg1},
		"no alert 1222":                    {unwritable{Codec: syncml.XML, alerts: true}, "", alert1201},
		"no end of an open package":        {unwritable{Codec: syncml.XML, open: true}, "", alert1201},
		"no alert 1223, without much room": {unwritable{Codec: syncml.XML, alerts: true}, small(900), alert1201 + crowd + final},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, func(c *session.Config) { c.Codecs = []syncml.Codec{test.codec} })
			assert.Equal(t, http.StatusBadRequest, h.do(msgMeta("1", "1", test.header, test.body)).Code)
			assert.Contains(t, h.log.String(), "the reply cannot be encoded")
			assert.Empty(t, h.record().Sessions)
		})
	}
}

// A request that was enqueued past the checks of the queue is refused when it is to be sent.
func TestRequestThatCannotBeEncoded(t *testing.T) {
	h := newHouse(t)
	long := strings.Repeat("x", 900)
	for id, ops := range map[omadm.RequestID][]omadm.Op{
		"first": {replace("./A", "\x00")},
		"later": {replace("./B", long), replace("./C", long+"\x00")},
		"part":  {replace("./D", long+long+"\x00")},
	} {
		require.NoError(t, h.store.Enqueue(t.Context(), deviceID, omadm.Request{ID: id, Ops: ops}))
	}
	assert.Equal(t, "Final", summary(h.post(msgMeta("1", "1", small(1700), pkg1)))[3])
	for _, id := range []omadm.RequestID{"first", "later", "part"} {
		assert.Equal(t, omadm.Refused, h.outcomes()[id].Kind, id)
	}
}

// Octets travel in WBXML only. To a client that goes over to XML the rest of the request is not sent.
func TestClientThatGoesOverToXML(t *testing.T) {
	h := newHouse(t, func(c *session.Config) { c.Codecs = []syncml.Codec{syncml.XML, wbxml.Codec} })
	octets := omadm.Value{Format: omadm.FormatBin, Data: syncml.Data{Kind: syncml.OctetsData, Value: strings.Repeat("\x00", 300)}}
	h.enqueue("a", replace("./A", strings.Repeat("x", 300)), omadm.Op{Verb: omadm.Replace, URI: "./B", Value: octets})
	m, err := syncml.Decode([]byte(msgMeta("1", "1", small(850), pkg1)))
	require.NoError(t, err)
	body, err := syncml.Append(nil, wbxml.Codec, m)
	require.NoError(t, err)
	r := httptest.NewRequest(http.MethodPost, serverURL, bytes.NewReader(body))
	r.Header.Set("Content-Type", syncml.ContentTypeWBXML)
	w := httptest.NewRecorder()
	h.handler.ServeHTTP(w, r)
	require.Equal(t, http.StatusOK, w.Code)
	m, err = wbxml.Decode(w.Body.Bytes())
	require.NoError(t, err)
	assert.Equal(t, []string{"4 Replace ./A", "Final"}, summary(m)[3:])
	assert.Equal(t, []string{"Status SyncHdr 0 200", "Final"}, summary(h.post(msg("1", "2", okHdr("1")+status(2, "1", "4", "Replace", 200)+final))))
	assert.Contains(t, h.log.String(), `request \"a\" cannot be encoded`)
}

// However small the messages of the client are, the reply fits or there is none.
func TestClientWithHardlyAnyRoom(t *testing.T) {
	event := alert("1224", typed("com.example", "1"))
	ends := map[string]bool{}
	for _, bodies := range [][]string{{alert1201 + final, okHdr("1") + event, okHdr("2") + event}, {final}} {
		for size := 100; size < 1300; size += 7 {
			h := newHouse(t, func(c *session.Config) { c.Rules.Limits.Messages = 1 })
			h.enqueue("a", replace("./A", "1"))
			for n, body := range bodies {
				w := h.do(msgMeta("1", itoa(n+1), small(size), body))
				if w.Code != http.StatusOK {
					ends[http.StatusText(w.Code)] = true
					break
				}
				require.LessOrEqual(t, w.Body.Len(), size)
				m, err := syncml.Decode(w.Body.Bytes())
				require.NoError(t, err)
				require.True(t, m.Final || slices.Contains(summary(m), "Alert 1222"), "%v", summary(m))
				ends[strings.Join(summary(m)[1:], ", ")] = true
			}
		}
	}
	assert.Equal(t, map[string]bool{
		http.StatusText(http.StatusRequestEntityTooLarge): true, // not even for an abort
		"Alert 1223, Final":         true, // for nothing else
		"Final":                     true,
		"Status Alert 1 200, Final": true, // a request that has no room, ever
		"Status Alert 1 200, 3 Replace ./A, Final": true,
		"2 Replace ./A, Final":                     true,
		"Status Alert 5 200, Alert 1223, Final":    true, // the client does not close its package
	}, ends)
}

func TestNamesOfDevicesInTheirAccounts(t *testing.T) {
	byLocName := func(_ context.Context, source syncml.Location) (omadm.DeviceID, error) {
		if source.Name != userName {
			return "", session.ErrUnauthenticated
		}
		return deviceID, nil
	}
	h := newSafe(t, client, func(c *session.Config) { c.Authenticator = session.Credentials{Device: byLocName} })
	h.login()
	assert.Len(t, h.record().Sessions, 1)
}

func TestSchemeOfTheRulesIsAskedFor(t *testing.T) {
	for _, scheme := range []auth.Scheme{auth.Basic, auth.MD5, auth.MAC} {
		h := newSafe(t, client, func(c *session.Config) { c.Rules.Scheme = scheme })
		s := h.post(signed("1", "", pkg1)).Body[0].(*syncml.Status)
		require.NotNil(t, s.Chal)
		assert.Equal(t, string(scheme), s.Chal.Meta.Type)
	}
}

func TestNonceOfTheClientThatIsNone(t *testing.T) {
	h := newSafe(t, both(auth.MD5))
	next := h.login()
	h.now = h.now.Add(time.Hour)
	chal := `<Chal><Meta><Format xmlns="syncml:metinf">b64</Format><Type xmlns="syncml:metinf">syncml:auth-md5</Type><NextNonce xmlns="syncml:metinf">%%%</NextNonce></Meta></Chal>`
	h.post(signed("1", md5Cred(next), strings.Replace(okHdr("1"), "<Data>", chal+"<Data>", 1)+pkg1))
	assert.Contains(t, h.log.String(), "client gives a nonce that is none")
	assert.Empty(t, h.record().Device.Nonces.Server)
}

// A client that does not accept the server for the session gets credentials with each message, made with the nonce that it
// gave before.
func TestServerProvesItselfInEachMessage(t *testing.T) {
	h := newSafe(t, both(auth.MD5))
	h.enqueue("a", get("./A"))
	h.login()
	chal := `<Chal><Meta><Format xmlns="syncml:metinf">b64</Format><Type xmlns="syncml:metinf">syncml:auth-md5</Type><NextNonce xmlns="syncml:metinf">bm9uY2U=</NextNonce></Meta></Chal>`
	h.post(signed("3", "", strings.Replace(okHdr("2"), "<Data>", chal+"<Data>", 1)))
	m := h.post(signed("4", "", okHdr("3")))
	require.NotNil(t, m.Header.Cred)
	assert.Equal(t, serverSecret.Digest([]byte("nonce")), m.Header.Cred.Data.Value)
}

func TestOddAnswers(t *testing.T) {
	named := func(cmd, uri string) string {
		return strings.Replace(status(2, "1", "4", cmd, 404), "<Data>", "<TargetRef>"+uri+"</TargetRef><Data>", 1)
	}
	t.Run("status of another node", func(t *testing.T) {
		h := newHouse(t)
		h.request(omadm.Request{ID: "a", Combine: true, Ops: []omadm.Op{get("./A"), get("./B")}})
		h.post(msg("1", "1", pkg1))
		h.post(msg("1", "2", okHdr("1")+named("Get", "./C")+final))
		assert.Contains(t, h.log.String(), "names no item of its command")
		assert.Empty(t, h.outcomes())
	})
	t.Run("HRESULT that is none", func(t *testing.T) {
		h := newHouse(t)
		h.enqueue("a", get("./A"))
		h.post(msg("1", "1", pkg1))
		wrong := strings.Replace(status(2, "1", "4", "Get", 500), "<Data>", `<Data msft:originalerror="soon" xmlns:msft="http://schemas.microsoft.com/MobileDevice/MDM">`, 1)
		h.post(msg("1", "2", okHdr("1")+wrong+final))
		assert.Equal(t, omadm.Failed, h.outcomes()["a"].Kind)
		assert.Zero(t, h.outcomes()["a"].HRESULT)
	})
	t.Run("1225 for an object that is whole", func(t *testing.T) {
		h := newHouse(t)
		c := h.begin("a", text)
		all, id := h.parts(c)
		lost := `<Alert><CmdID>9</CmdID><Data>1225</Data><Item><Target><LocURI>./A</LocURI></Target></Item></Alert>`
		again := chunkOf(t, h.post(msg("1", itoa(id), okHdr(itoa(id-1))+lost+final)))
		assert.Equal(t, []string{all[0].target, all[0].size}, []string{again.target, again.size}, "from the beginning")
		assert.True(t, again.more)
	})
	t.Run("event without a CmdID", func(t *testing.T) {
		h := newHouse(t)
		event := `<Alert><Data>1226</Data>` + typed("com.microsoft:mdm.unenrollment.userrequest", "1") + `</Alert>`
		assert.Contains(t, summary(h.post(msg("1", "1", alert1201+event+final))), "Status Alert  400")
		assert.Empty(t, h.events())
	})
	t.Run("event in parts", func(t *testing.T) {
		h := newHouse(t)
		part := func(size, data, more string) string {
			return `<Alert><CmdID>5</CmdID><Data>1224</Data><Item><Source><LocURI>./A</LocURI></Source><Meta><Type xmlns="syncml:metinf">com.example.long</Type>` +
				size + `</Meta><Data>` + data + `</Data>` + more + `</Item></Alert>`
		}
		m := h.post(msg("1", "1", alert1201+part(`<Size xmlns="syncml:metinf">many</Size>`, "abc", "<MoreData/>")))
		assert.Contains(t, summary(m), "Status Alert 5 213")
		assert.Contains(t, h.log.String(), "Size of a large object is not a size")
		h.post(msg("1", "2", okHdr("1")+part("", "def", "")+final))
		require.Len(t, h.events(), 1)
		assert.Equal(t, "abcdef", h.events()[0].Data.Value)
	})
	t.Run("alert of nobody between the parts", func(t *testing.T) {
		h := asks(t)
		h.post(msg("1", "2", okHdr("1")+bothDone()+results("1", "4", "./Log", "6", "abc", true)))
		m := h.post(msg("1", "3", okHdr("2")+`<Alert><CmdID>6</CmdID><Data>soon</Data></Alert>`))
		assert.Contains(t, summary(m), "Alert 1225")
	})
}

// A device that is heard of in more sessions than it may have loses those that ended, then those heard of longest ago.
func TestMoreSessionsThanTheLimit(t *testing.T) {
	for limit, want := range map[int][]string{1: {"3"}, 2: {"1", "3"}, 3: {"1", "2", "3"}} {
		h := newHouse(t, func(c *session.Config) { c.Rules.Limits.Sessions = limit })
		for i, syncType := range []string{"device", "user", "mixed"} {
			h.enqueue(itoa(i), get("./A")) // so that it goes on, but in that of the user
			h.post(msg(itoa(i+1), "1", alert1201+login("user")+inSync(syncType)+devInfo+final))
			h.now = h.now.Add(time.Second)
		}
		var got []string
		for _, s := range h.record().Sessions {
			got = append(got, s.ID)
		}
		slices.Sort(got)
		assert.Equal(t, want, got, "limit %d", limit)
	}
}

// inSync is the 1224 alert that says what is synchronized.
func inSync(syncType string) string {
	return `<Alert><CmdID>8</CmdID><Data>1224</Data>` + typed("com.microsoft.mdm.synctype", syncType) + `</Alert>`
}

// Sweep ends the sessions of a device that are over and leaves those that go on.
func TestSweepLeavesSessionsThatGoOn(t *testing.T) {
	h := newHouse(t)
	h.enqueue("a", get("./A"))
	h.post(msg("1", "1", alert1201+inSync("device")+devInfo+final))
	h.now = h.now.Add(6 * time.Minute)
	h.request(omadm.Request{ID: "u", Scope: omadm.UserScope, Ops: []omadm.Op{get("./User/A")}})
	h.post(msg("2", "1", alert1201+login("user")+inSync("user")+devInfo+final))
	h.now = h.now.Add(6 * time.Minute)
	mustSweep(h)
	rec := h.record()
	require.Len(t, rec.Sessions, 1)
	assert.Equal(t, "2", rec.Sessions[0].ID)
	assert.Zero(t, rec.Sessions[0].Ended)
}

// faithless is a store that returns what no store should.
type faithless struct {
	*memstore.Store
	change func(*session.Record) *session.Record
}

func (b faithless) Load(ctx context.Context, q session.Query) (*session.Record, error) {
	rec, err := b.Store.Load(ctx, q)
	if err != nil {
		return nil, err
	}
	return b.change(rec), nil
}

// A store that breaks its promises costs the message that it broke them for. Nothing panics, also where nobody would catch
// it: in Sweep.
func TestStoreThatBreaksItsPromises(t *testing.T) {
	foreign := session.Pending{Request: request("x")}
	for name, test := range map[string]struct {
		change func(*session.Record) *session.Record
		want   int
	}{
		"no record":       {func(*session.Record) *session.Record { return nil }, http.StatusServiceUnavailable},
		"empty record":    {func(*session.Record) *session.Record { return new(session.Record) }, http.StatusForbidden},
		"another device":  {func(r *session.Record) *session.Record { r.Device.ID = "other"; return r }, http.StatusForbidden},
		"an old revision": {func(r *session.Record) *session.Record { r.Revision--; return r }, http.StatusServiceUnavailable},
		"no requests":     {func(r *session.Record) *session.Record { r.Requests = nil; return r }, http.StatusOK},
		"a request that is not there": {func(r *session.Record) *session.Record {
			r.Requests = append(r.Requests, foreign, foreign)
			return r
		}, 0},
		"a request without operations": {func(r *session.Record) *session.Record {
			for i := range r.Requests {
				r.Requests[i].Request.Ops = nil
			}
			return r
		}, http.StatusOK},
		"a session twice": {func(r *session.Record) *session.Record { r.Sessions = append(r.Sessions, r.Sessions...); return r }, http.StatusOK},
		"no sessions":     {func(r *session.Record) *session.Record { r.Sessions = nil; return r }, 0},
		"parts of nothing": {func(r *session.Record) *session.Record {
			r.Parts = [][]byte{nil, {1}}
			return r
		}, http.StatusOK},
	} {
		t.Run(name, func(t *testing.T) {
			breaks := false
			h := newHouse(t, func(c *session.Config) {
				c.Store = faithless{c.Store.(*memstore.Store), func(r *session.Record) *session.Record {
					if breaks {
						return test.change(r)
					}
					return r
				}}
			})
			h.enqueue("a", get("./A"))
			h.post(msg("1", "1", pkg1))
			h.enqueue("b", get("./B"))
			breaks = true
			code := h.do(msg("1", "2", okHdr("1")+status(2, "1", "4", "Get", 200)+result("4", item("./A", "1"))+final)).Code
			if test.want != 0 {
				assert.Equal(t, test.want, code, "%s", h.log)
			}
			h.now = h.now.Add(time.Hour)
			_, _ = h.handler.Sweep(t.Context())
		})
	}
}
