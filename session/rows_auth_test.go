package session_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/omadm/auth"
	"github.com/gomadm/gomadm/session"
	"github.com/gomadm/gomadm/syncml"
)

const (
	userName     = "dev-7"
	userPassword = "correct horse"

	serverPassword = "battery staple"
)

var (
	clientSecret = auth.NewSecret(userName, userPassword)
	serverSecret = auth.NewSecret("dm.example.test", serverPassword)
)

// newSafe is a house whose device proves itself in SyncML.
func newSafe(t *testing.T, account session.Account, change ...func(*session.Config)) *house {
	t.Helper()
	h := newHouse(t, append([]func(*session.Config){func(c *session.Config) {
		c.Authenticator = session.Credentials{}
		c.Secret = []byte("0123456789abcdef")
	}}, change...)...)
	require.NoError(t, h.store.Register(t.Context(), session.Device{ID: deviceID, Account: account}))
	return h
}

var client = session.Account{Name: userName, Secret: clientSecret}

// both is a client to which the server proves itself, too.
func both(scheme auth.Scheme) session.Account {
	return session.Account{Name: userName, Secret: clientSecret, ServerName: "dm.example.test", ServerSecret: serverSecret, Scheme: scheme}
}

// signed writes a message with credentials.
func signed(msgID, cred, body string) string {
	return strings.Replace(msgMeta("1", msgID, cred, body), "</LocURI></Source>", "</LocURI><LocName>"+userName+"</LocName></Source>", 1)
}

func cred(scheme auth.Scheme, data string) string {
	return `<Cred><Meta><Format xmlns="syncml:metinf">b64</Format><Type xmlns="syncml:metinf">` + string(scheme) + `</Type></Meta><Data>` + data + `</Data></Cred>`
}

func md5Cred(nonce []byte) string { return cred(auth.MD5, clientSecret.Digest(nonce)) }

// header returns the status of the header and the nonce of its challenge, nil if there is none.
func headerOf(t *testing.T, m *syncml.Message) (code string, nonce []byte) {
	t.Helper()
	s, ok := m.Body[0].(*syncml.Status)
	require.True(t, ok)
	require.Equal(t, "SyncHdr", s.Cmd)
	if s.Chal != nil {
		var err error
		nonce, err = auth.NextNonce(s.Chal)
		require.NoError(t, err)
	}
	return s.Data.Value, nonce
}

// login opens a session as a client does whose nonce is stale, and returns the nonce for the next.
func (h *house) login() []byte {
	h.t.Helper()
	_, nonce := headerOf(h.t, h.post(signed("1", "", pkg1)))
	code, next := headerOf(h.t, h.post(signed("2", md5Cred(nonce), pkg1)))
	require.Equal(h.t, "212", code)
	return next
}

// untouched fails the test if anything was stored since the device was registered.
func (h *house) untouched() {
	h.t.Helper()
	rec := h.record()
	assert.Empty(h.t, rec.Sessions)
	assert.Empty(h.t, rec.Device.Facts)
	assert.Equal(h.t, session.Nonces{}, rec.Device.Nonces)
	assert.Empty(h.t, h.entries())
}

// postMAC posts a body with a header of the scheme MAC, and checks that the reply has one.
func (h *house) postMAC(body string, nonce []byte) *httptest.ResponseRecorder {
	h.t.Helper()
	return h.exchange(body, with(auth.HeaderName, auth.NewHeader(clientSecret, userName, nonce, []byte(body)).Value()))
}

func decoded(t *testing.T, w *httptest.ResponseRecorder) *syncml.Message {
	t.Helper()
	require.Equal(t, http.StatusOK, w.Code)
	m, err := syncml.Decode(w.Body.Bytes())
	require.NoError(t, err)
	return m
}

var authRows = map[string]func(*testing.T){
	"A-1_schemes_without_regard_to_case": func(t *testing.T) {
		h := newSafe(t, client)
		_, nonce := headerOf(t, h.post(signed("1", "", pkg1)))
		code, _ := headerOf(t, h.post(signed("2", strings.Replace(md5Cred(nonce), "syncml:auth-md5", "SyncML:Auth-MD5", 1), pkg1)))
		assert.Equal(t, "212", code)
	},
	"A-2_basic_over_tls": func(t *testing.T) {
		h := newSafe(t, client)
		b := base64.StdEncoding.EncodeToString([]byte(userName + ":" + userPassword))
		m := h.post(signed("1", cred(auth.Basic, b), pkg1))
		code, nonce := headerOf(t, m)
		assert.Equal(t, "212", code)
		assert.Nil(t, nonce, "basic has none")
	},
	"A-3_md5_over_a_nonce_given_before": func(t *testing.T) {
		h := newSafe(t, client)
		next := h.login()
		h.now = h.now.Add(time.Hour)
		code, after := headerOf(t, h.post(signed("1", md5Cred(next), pkg1)))
		assert.Equal(t, "212", code)
		assert.NotEqual(t, next, after)
	},
	"A-5_wrong_variants_are_refused": func(t *testing.T) {
		for name, wrong := range map[string]func(nonce []byte) string{
			"nonce as base64 text": func(n []byte) string {
				return clientSecret.Digest([]byte(base64.StdEncoding.EncodeToString(n)))
			},
			"another nonce":      func([]byte) string { return clientSecret.Digest([]byte("another nonce....")) },
			"without a nonce":    func([]byte) string { return clientSecret.Digest(nil) },
			"another password":   func(n []byte) string { return auth.NewSecret(userName, "wrong").Digest(n) },
			"another user":       func(n []byte) string { return auth.NewSecret("dev-8", userPassword).Digest(n) },
			"nothing":            func([]byte) string { return "" },
			"not base64":         func([]byte) string { return "!!!" },
			"that of the server": func(n []byte) string { return serverSecret.Digest(n) },
		} {
			h := newSafe(t, client)
			_, nonce := headerOf(t, h.post(signed("1", "", pkg1)))
			code, chal := headerOf(t, h.post(signed("2", cred(auth.MD5, wrong(nonce)), pkg1)))
			assert.Equal(t, "401", code, name)
			assert.Nil(t, chal)
			h.untouched()
		}
	},
	"A-6_user_is_that_of_the_account_without_locname": func(t *testing.T) {
		h := newSafe(t, client)
		_, nonce := headerOf(t, h.post(msg("1", "1", pkg1)))
		code, _ := headerOf(t, h.post(msgMeta("1", "2", md5Cred(nonce), pkg1)))
		assert.Equal(t, "212", code)
	},
	"A-7_device_proven_by_the_transport_needs_no_credentials": func(t *testing.T) {
		h := newHouse(t)
		code, nonce := headerOf(t, h.post(signed("1", md5Cred([]byte("any")), pkg1)))
		assert.Equal(t, "200", code)
		assert.Nil(t, nonce)
	},
	"A-8_no_credentials_407_bad_ones_401": func(t *testing.T) {
		h := newSafe(t, client)
		code, nonce := headerOf(t, h.post(signed("1", "", pkg1)))
		assert.Equal(t, "407", code)
		assert.Len(t, nonce, 16)
		code, nonce = headerOf(t, h.post(signed("1", md5Cred([]byte("stale")), pkg1)))
		assert.Equal(t, "401", code)
		assert.Len(t, nonce, 16)
	},
	"A-9_challenge_has_type_format_and_nonce": func(t *testing.T) {
		for scheme, want := range map[auth.Scheme]syncml.Meta{
			auth.MD5: {Type: "syncml:auth-md5", Format: "b64"}, auth.MAC: {Type: "syncml:auth-MAC", Format: "b64"}, auth.Basic: {Type: "syncml:auth-basic", Format: "b64"},
		} {
			h := newSafe(t, session.Account{Name: userName, Secret: clientSecret, Scheme: scheme})
			m := h.post(signed("1", "", pkg1))
			_, nonce := headerOf(t, m)
			meta := *m.Body[0].(*syncml.Status).Chal.Meta
			meta.NextNonce = ""
			assert.Equal(t, want, meta)
			assert.Equal(t, scheme != auth.Basic, nonce != nil)
		}
	},
	"A-10_refusal_is_statuses_and_final": func(t *testing.T) {
		h := newSafe(t, client)
		h.enqueue("a", get("./A"))
		m := h.post(signed("1", "", pkg1))
		assert.Equal(t, []string{"Status SyncHdr 0 407", "Status Alert 1 407", "Status Replace 2 407", "Final"}, summary(m))
		h.untouched()
	},
	"A-12_later_messages_need_no_credentials": func(t *testing.T) {
		h := newSafe(t, client)
		h.enqueue("a", get("./A"))
		_, nonce := headerOf(t, h.post(signed("1", "", pkg1)))
		m := h.post(signed("2", md5Cred(nonce), pkg1))
		code, _ := headerOf(t, m)
		assert.Equal(t, "212", code)
		assert.Equal(t, "2", m.Header.MsgID, "the challenge was the first")
		m = h.post(signed("3", "", okHdr("2")+status(2, "2", "4", "Get", 200)+final))
		assert.Equal(t, []string{"Status SyncHdr 0 200", "Final"}, summary(m))
		assert.Equal(t, omadm.Done, h.outcomes()["a"].Kind)
	},
	"A-14_212_gives_the_nonce_for_the_next_session": func(t *testing.T) {
		h := newSafe(t, client)
		next := h.login()
		assert.Len(t, next, 16)
		assert.Equal(t, string(next), h.record().Device.Nonces.Client, "kept by the same commit")
	},
	"A-15_credentials_in_every_message_are_accepted": func(t *testing.T) {
		h := newSafe(t, client)
		h.enqueue("a", get("./A"))
		_, nonce := headerOf(t, h.post(signed("1", "", pkg1)))
		h.post(signed("2", md5Cred(nonce), pkg1))
		code, _ := headerOf(t, h.post(signed("3", md5Cred(nonce), okHdr("2"))))
		assert.Equal(t, "200", code, "the same again")
		code, _ = headerOf(t, h.post(signed("4", md5Cred([]byte("wrong")), okHdr("3"))))
		assert.Equal(t, "401", code)
	},
	"A-15_credentials_are_asked_for_with_each_message": func(t *testing.T) {
		h := newSafe(t, client, func(c *session.Config) { c.Rules.EachMessage = true })
		h.enqueue("a", get("./A"))
		_, nonce := headerOf(t, h.post(signed("1", "", pkg1)))
		first := md5Cred(nonce)
		code, nonce := headerOf(t, h.post(signed("2", first, pkg1)))
		assert.Equal(t, "200", code)
		answers := okHdr("2") + status(2, "2", "4", "Get", 200) + final
		before := h.record()
		for _, c := range []string{"", first, md5Cred([]byte("guess"))} {
			code, chal := headerOf(t, h.post(signed("3", c, answers)))
			assert.Equal(t, "401", code)
			assert.Nil(t, chal)
			assert.Equal(t, before, h.record())
		}
		code, _ = headerOf(t, h.post(signed("3", md5Cred(nonce), answers)))
		assert.Equal(t, "200", code)
		assert.Equal(t, omadm.Done, h.outcomes()["a"].Kind)
	},
	"A-16_failed_digest_is_challenged_once_more": func(t *testing.T) {
		h := newSafe(t, client)
		code, nonce := headerOf(t, h.post(signed("1", md5Cred([]byte("stale")), pkg1)))
		assert.Equal(t, "401", code)
		code, _ = headerOf(t, h.post(signed("2", md5Cred(nonce), pkg1)))
		assert.Equal(t, "212", code)
	},
	"A-17_reply_with_the_nonce_was_lost": func(t *testing.T) {
		h := newSafe(t, client)
		next := h.login()
		first := signed("1", md5Cred(next), pkg1)
		h.now = h.now.Add(time.Hour)
		lost := h.do(first).Body.String()
		assert.Equal(t, lost, h.do(first).Body.String(), "repeated")
		h.now = h.now.Add(time.Hour)
		code, nonce := headerOf(t, h.post(first))
		assert.Equal(t, "401", code, "a new session with a nonce that was used")
		code, _ = headerOf(t, h.post(signed("2", md5Cred(nonce), pkg1)))
		assert.Equal(t, "212", code)
	},
	"A-18_second_failure_ends_without_a_challenge": func(t *testing.T) {
		h := newSafe(t, client)
		h.post(signed("1", "", pkg1))
		for id := 2; id < 9; id++ {
			m := h.post(signed(itoa(id), md5Cred([]byte("wrong")), pkg1))
			code, nonce := headerOf(t, m)
			assert.Equal(t, "401", code)
			assert.Nil(t, nonce)
			assert.True(t, m.Final)
		}
		h.untouched()
	},
	"A-19_server_has_a_password_for_each_client": func(t *testing.T) {
		seen := map[string]bool{}
		for _, password := range []string{"one", "two"} {
			account := both("")
			account.ServerSecret = auth.NewSecret("dm.example.test", password)
			h := newSafe(t, account)
			h.enqueue("a", get("./A"))
			h.login()
			m := h.post(signed("3", "", chalStatus("2", 407, "n")+final))
			require.NotNil(t, m.Header.Cred)
			assert.Equal(t, account.ServerSecret.Digest([]byte("n")), m.Header.Cred.Data.Value)
			seen[m.Header.Cred.Data.Value] = true
		}
		assert.Len(t, seen, 2)
	},
	"A-20_server_proves_itself": func(t *testing.T) {
		h := newSafe(t, both(""))
		_, nonce := headerOf(t, h.post(signed("1", "", pkg1)))
		h.enqueue("a", get("./A"))
		m := h.post(signed("2", md5Cred(nonce), pkg1))
		assert.Nil(t, m.Header.Cred, "the client has given no nonce yet")
		assert.Equal(t, "dm.example.test", m.Header.Source.Name)
		m = h.post(signed("3", "", chalStatus("2", 407, "server nonce 1")+final))
		require.NotNil(t, m.Header.Cred)
		assert.Equal(t, serverSecret.Digest([]byte("server nonce 1")), m.Header.Cred.Data.Value)
	},
	"A-20_212_of_the_client_is_for_the_session": func(t *testing.T) {
		h := newSafe(t, both(""))
		_, nonce := headerOf(t, h.post(signed("1", "", pkg1)))
		h.enqueue("a", get("./A"))
		h.post(signed("2", md5Cred(nonce), pkg1))
		require.NotNil(t, h.post(signed("3", "", chalStatus("2", 407, "n1")+final)).Header.Cred)
		h.enqueue("b", get("./B"))
		m := h.post(signed("4", "", chalStatus("3", 212, "n2")+status(2, "3", "2", "Get", 200)+final))
		assert.Contains(t, summary(m), "2 Get ./B")
		assert.Nil(t, m.Header.Cred)
		assert.Equal(t, "n2", h.record().Device.Nonces.Server, "for the next session")
	},
	"A-21_nonce_of_the_client_is_kept": clientNonceKept(401),
	"A-22_also_when_the_status_is_212": clientNonceKept(212),
	"A-24_refused_commands_go_out_once_more_with_credentials": func(t *testing.T) {
		for _, code := range []int{401, 407} {
			h := newSafe(t, both(""))
			h.enqueue("run", exec("./Run"))
			_, nonce := headerOf(t, h.post(signed("1", "", pkg1)))
			assert.Contains(t, summary(h.post(signed("2", md5Cred(nonce), pkg1))), "4 Exec ./Run")
			m := h.post(signed("3", "", chalStatus("2", code, "n1")+final))
			assert.Contains(t, summary(m), "2 Exec ./Run", "the same command")
			assert.NotNil(t, m.Header.Cred)
			assert.Empty(t, h.outcomes())
			m = h.post(signed("4", "", chalStatus("3", code, "n2")+final))
			assert.NotContains(t, strings.Join(summary(m), " "), "Exec", "but not for ever")
			assert.Empty(t, h.outcomes(), "the client executed none of it")
		}
	},
	"A-25_mac_is_over_the_octets": func(t *testing.T) {
		h := newSafe(t, both(auth.MAC))
		_, nonce := headerOf(t, h.post(signed("1", "", pkg1)))
		body := signed("2", "", pkg1)
		w := h.exchange(body+" ", with(auth.HeaderName, auth.NewHeader(clientSecret, userName, nonce, []byte(body)).Value()))
		code, _ := headerOf(t, decoded(t, w))
		assert.Equal(t, "401", code, "of a body with a blank more")
		code, _ = headerOf(t, decoded(t, h.postMAC(body, nonce)))
		assert.Equal(t, "200", code)
	},
	"A-27_each_message_has_200_and_a_new_nonce": func(t *testing.T) {
		h := newSafe(t, both(auth.MAC))
		h.enqueue("a", get("./A"))
		h.enqueue("b", get("./B"))
		_, nonce := headerOf(t, h.post(signed("1", "", pkg1)))
		seen := map[string]bool{string(nonce): true}
		body := pkg1
		for id := 2; id < 6; id++ {
			m := decoded(t, h.postMAC(signed(itoa(id), "", body), nonce))
			var code string
			code, nonce = headerOf(t, m)
			require.Equal(t, "200", code)
			require.False(t, seen[string(nonce)])
			seen[string(nonce)] = true
			body = okHdr(itoa(id))
		}
	},
	"A-28_mac_both_ways_to_the_end": func(t *testing.T) {
		h := newSafe(t, both(auth.MAC))
		h.enqueue("a", get("./A"))
		_, nonce := headerOf(t, h.post(signed("1", "", pkg1)))
		w := h.postMAC(signed("2", "", pkg1), nonce)
		_, nonce = headerOf(t, decoded(t, w))
		mac, err := auth.ParseHeader(w.Header().Get(auth.HeaderName))
		require.NoError(t, err)
		assert.Equal(t, 0, auth.CheckMAC(serverSecret, "dm.example.test", mac, w.Body.Bytes(), nil), "no nonce of the client is known")

		before := h.record()
		code, chal := headerOf(t, h.post(signed("3", "", okHdr("2")+final)))
		assert.Equal(t, "401", code, "without a MAC")
		assert.Nil(t, chal)
		assert.Equal(t, before, h.record(), "and without an effect")

		w = h.postMAC(signed("3", "", chalStatus("2", 200, "server nonce")+status(2, "2", "4", "Get", 200)+final), nonce)
		mac, err = auth.ParseHeader(w.Header().Get(auth.HeaderName))
		require.NoError(t, err)
		assert.Equal(t, 0, auth.CheckMAC(serverSecret, "dm.example.test", mac, w.Body.Bytes(), []byte("server nonce")))
		assert.Equal(t, omadm.Done, h.outcomes()["a"].Kind)
	},
	"A-29_mac_expected_and_missing": func(t *testing.T) {
		h := newSafe(t, both(auth.MAC))
		for name, value := range map[string]string{"none": "", "no mac": `username="dev-7"`, "no name": "mac=QbEcbmL2kD0mkJNOpORpNQ==", "nonsense": "x"} {
			code, nonce := headerOf(t, decoded(t, h.exchange(signed("1", "", pkg1), with(auth.HeaderName, value))))
			want := "401"
			if value == "" {
				want = "407"
			}
			assert.Equal(t, want, code, name)
			assert.Len(t, nonce, 16)
		}
		h.untouched()
	},
	"A-29_two_macs": func(t *testing.T) {
		h := newSafe(t, both(auth.MAC))
		_, nonce := headerOf(t, h.post(signed("1", "", pkg1)))
		body := signed("2", "", pkg1)
		right := auth.NewHeader(clientSecret, userName, nonce, []byte(body)).Value()
		w := h.exchange(body, func(r *http.Request) { r.Header[auth.HeaderName] = []string{right, "mac=x"} })
		code, _ := headerOf(t, decoded(t, w))
		assert.Equal(t, "401", code)
	},
	"A-9_device_that_uses_macs_is_challenged_for_one": func(t *testing.T) {
		h := newSafe(t, client)
		m := decoded(t, h.postMAC(signed("1", "", pkg1), []byte("stale")))
		assert.Equal(t, string(auth.MAC), m.Body[0].(*syncml.Status).Chal.Meta.Type)
	},
	"A-30_cred_never_stands_in_for_the_mac": func(t *testing.T) {
		h := newSafe(t, both(auth.MAC))
		_, nonce := headerOf(t, h.post(signed("1", "", pkg1)))
		for _, c := range []string{md5Cred(nonce), cred(auth.MAC, clientSecret.Digest(nonce))} {
			code, chal := headerOf(t, h.post(signed("2", c, pkg1)))
			assert.Equal(t, "401", code)
			assert.Nil(t, chal)
		}
		h.untouched()
	},
	"A-32_name_in_the_header_is_the_locname": func(t *testing.T) {
		h := newSafe(t, both(auth.MAC))
		_, nonce := headerOf(t, h.post(signed("1", "", pkg1)))
		body := strings.Replace(signed("2", "", pkg1), "<LocName>dev-7<", "<LocName>dev-8<", 1)
		code, _ := headerOf(t, decoded(t, h.postMAC(body, nonce)))
		assert.Equal(t, "401", code)
	},
	"A-33_unknown_account_looks_like_a_wrong_secret": func(t *testing.T) {
		known := newSafe(t, client)
		unknown := newSafe(t, client)
		require.NoError(t, unknown.store.Unregister(t.Context(), deviceID))
		secretless := newSafe(t, session.Account{})
		for _, body := range []string{signed("1", "", pkg1), signed("1", md5Cred([]byte("x")), pkg1), signed("2", md5Cred([]byte("x")), pkg1)} {
			want := known.do(body)
			for _, h := range []*house{unknown, secretless} {
				got := h.do(body)
				assert.Equal(t, want.Code, got.Code)
				assert.Equal(t, want.Body.String(), got.Body.String())
			}
		}
		nobody := newSafe(t, client, func(c *session.Config) {
			c.Authenticator = session.Credentials{Device: func(context.Context, syncml.Location) (omadm.DeviceID, error) { return "", session.ErrUnauthenticated }}
		})
		code, nonce := headerOf(t, nobody.post(signed("1", "", pkg1)))
		assert.Equal(t, "407", code)
		assert.Len(t, nonce, 16)
	},
	"A-34_nonces_are_new_each_time": func(t *testing.T) {
		h := newSafe(t, client)
		seen := map[string]bool{}
		next := h.login()
		for range 20 {
			require.Len(t, next, 16)
			require.False(t, seen[string(next)])
			seen[string(next)] = true
			h.now = h.now.Add(time.Hour)
			_, next = headerOf(t, h.post(signed("1", md5Cred(next), pkg1)))
		}
	},
	"A-35_scheme_stays_the_same": func(t *testing.T) {
		h := newSafe(t, client)
		h.enqueue("a", get("./A"))
		next := h.login()
		code, _ := headerOf(t, decoded(t, h.postMAC(signed("3", "", okHdr("2")+final), next)))
		assert.Equal(t, "401", code)
	},
	"A-36_changed_secret_counts_from_the_next_session_on": func(t *testing.T) {
		h := newSafe(t, client)
		h.enqueue("a", get("./A"))
		next := h.login()
		changed := auth.NewSecret(userName, "new password")
		require.NoError(t, h.store.Register(t.Context(), session.Device{
			ID: deviceID, Account: session.Account{Name: userName, Secret: changed}, Nonces: h.record().Device.Nonces,
		}))
		code, _ := headerOf(t, h.post(signed("3", "", okHdr("2")+status(2, "2", "4", "Get", 200)+final)))
		assert.Equal(t, "200", code)
		h.now = h.now.Add(time.Hour)
		code, _ = headerOf(t, h.post(signed("1", cred(auth.MD5, changed.Digest(next)), pkg1)))
		assert.Equal(t, "212", code)
	},
	"A-37_no_wait_for_a_challenge_that_does_not_come": func(t *testing.T) {
		h := newSafe(t, both(""))
		_, nonce := headerOf(t, h.post(signed("1", "", pkg1)))
		m := h.post(signed("2", md5Cred(nonce), pkg1))
		assert.True(t, m.Final)
		assert.False(t, h.record().Sessions[0].Ended.IsZero(), "nothing was sent, so nothing is waited for")
	},
	"A-38_nonce_of_an_unproven_sender_is_not_kept": func(t *testing.T) {
		h := newSafe(t, both(""))
		h.post(signed("1", "", chalStatus("1", 407, "evil")+pkg1))
		h.untouched()
	},
	"A-41_no_md5_challenge_after_tls": func(t *testing.T) {
		code, nonce := headerOf(t, newHouse(t).post(msg("1", "1", pkg1)))
		assert.Equal(t, "200", code)
		assert.Nil(t, nonce)
	},
	"A-44_bearer_token_beside_a_certificate": func(t *testing.T) {
		token := session.BearerToken{Verify: func(_ context.Context, token string) (omadm.DeviceID, error) {
			if token != "entra" {
				return "", session.ErrUnauthenticated
			}
			return deviceID, nil
		}}
		h := newHouse(t, func(c *session.Config) {
			c.Authenticator = session.Any(session.ClientCertificate{Device: nobody}, token)
		})
		for value, want := range map[string]int{"Bearer entra": http.StatusOK, "Bearer other": http.StatusForbidden, "": http.StatusForbidden} {
			w := h.exchange(msg("1", "1", pkg1), with("Authorization", value))
			assert.Equal(t, want, w.Code, value)
			h.now = h.now.Add(time.Hour)
		}
	},
	"A-42_basic_only_over_tls": func(t *testing.T) {
		h := newSafe(t, client)
		b := base64.StdEncoding.EncodeToString([]byte(userName + ":" + userPassword))
		for tls, want := range map[bool]string{true: "212", false: "401"} {
			w := h.exchange(signed("1", cred(auth.Basic, b), pkg1), func(r *http.Request) {
				if !tls {
					r.TLS = nil
				}
			})
			code, _ := headerOf(t, decoded(t, w))
			assert.Equal(t, want, code)
			h.now = h.now.Add(time.Hour)
		}
	},
	"X-15_cred_in_a_command_proves_nothing": func(t *testing.T) {
		h := newSafe(t, client)
		_, nonce := headerOf(t, h.post(signed("1", "", pkg1)))
		inside := strings.Replace(pkg1, "<Data>1201", md5Cred(nonce)+"<Data>1201", 1)
		require.NotEqual(t, pkg1, inside)
		code, _ := headerOf(t, h.post(signed("2", "", inside)))
		assert.Equal(t, "401", code)
		h.untouched()
	},
	"S-26_status_on_a_status_is_not_answered": func(t *testing.T) {
		h := newSafe(t, both(auth.MAC))
		h.post(signed("1", "", pkg1))
		m := h.post(signed("2", "", status(1, "1", "1", "Status", 406)+final))
		assert.Equal(t, []string{"Status SyncHdr 0 401", "Final"}, summary(m))
	},
	"F-16_credentials_are_checked_before_any_effect": func(t *testing.T) {
		h := newSafe(t, client)
		h.login()
		h.enqueue("a", get("./A"))
		before := h.record()
		entries := len(h.entries())
		h.post(signed("1", md5Cred([]byte("wrong")), pkg1))
		h.post(signed("9", md5Cred([]byte("wrong")), generic("c")+`<Alert><CmdID>7</CmdID><Data>1223</Data></Alert>`+final))
		assert.Equal(t, before, h.record())
		assert.Len(t, h.entries(), entries)
	},
	"P-31_mac_goes_along_with_a_repeated_reply": func(t *testing.T) {
		h := newSafe(t, both(auth.MAC))
		h.enqueue("a", get("./A"))
		_, nonce := headerOf(t, h.post(signed("1", "", pkg1)))
		body := signed("2", "", pkg1)
		first, again := h.postMAC(body, nonce), h.postMAC(body, nonce)
		assert.Equal(t, first.Body.String(), again.Body.String())
		assert.NotEmpty(t, first.Header().Get(auth.HeaderName))
		assert.Equal(t, first.Header().Get(auth.HeaderName), again.Header().Get(auth.HeaderName))
		code, _ := headerOf(t, h.post(body))
		assert.Equal(t, "401", code, "not to somebody who has only the body")
	},
	"rule_7_challenge_is_good_once_and_for_a_while": func(t *testing.T) {
		h := newSafe(t, client)
		h.enqueue("a", get("./A"))
		_, nonce := headerOf(t, h.post(signed("1", "", pkg1)))
		body := signed("2", md5Cred(nonce), pkg1)
		h.post(body)
		h.post(signed("3", "", okHdr("2")+status(2, "2", "4", "Get", 200)+final))
		code, _ := headerOf(t, h.post(body))
		assert.Equal(t, "401", code, "used")

		_, nonce = headerOf(t, h.post(signed("1", "", pkg1)))
		h.now = h.now.Add(11 * time.Minute)
		code, _ = headerOf(t, h.post(signed("2", md5Cred(nonce), pkg1)))
		assert.Equal(t, "401", code, "late")
	},
	"rule_7_challenge_of_another_session_is_not_good": func(t *testing.T) {
		h := newSafe(t, client)
		_, nonce := headerOf(t, h.post(signed("1", "", pkg1)))
		code, _ := headerOf(t, h.post(strings.Replace(signed("2", md5Cred(nonce), pkg1), "<SessionID>1<", "<SessionID>2<", 1)))
		assert.Equal(t, "401", code)
	},
	"rule_7_another_node_with_the_secret_takes_the_answer": func(t *testing.T) {
		h := newSafe(t, client)
		_, nonce := headerOf(t, h.post(signed("1", "", pkg1)))
		other, err := session.New(session.Config{Store: h.store, Authenticator: session.Credentials{}, Secret: []byte("0123456789abcdef"), Now: func() time.Time { return h.now }})
		require.NoError(t, err)
		h.handler = other
		code, _ := headerOf(t, h.post(signed("2", md5Cred(nonce), pkg1)))
		assert.Equal(t, "212", code)
	},
	"rule_7_broken_session_under_the_same_id_is_no_lock": func(t *testing.T) {
		h := newSafe(t, client)
		h.enqueue("a", get("./A"))
		h.login()
		h.post(signed("3", "", okHdr("2")))
		h.post(signed("4", "", okHdr("3")))
		_, nonce := headerOf(t, h.post(signed("1", "", pkg1)))
		code, _ := headerOf(t, h.post(signed("2", md5Cred(nonce), pkg1)))
		assert.Equal(t, "212", code, "the device has begun anew with the same SessionID")
	},
	"rule_7_stranger_ends_no_session": func(t *testing.T) {
		h := newSafe(t, client)
		h.enqueue("a", get("./A"))
		h.login()
		before := h.record()
		for range 5 {
			h.post(signed("1", "", pkg1))
			h.post(signed("2", md5Cred([]byte("guess")), pkg1))
		}
		assert.Equal(t, before, h.record())
		h.post(signed("3", "", okHdr("2")+status(2, "2", "4", "Get", 200)+final))
		assert.Equal(t, omadm.Done, h.outcomes()["a"].Kind)
	},
	"F-15_no_credentials_and_nonces_in_logs": func(t *testing.T) {
		h := newSafe(t, both(""))
		next := h.login()
		h.post(signed("3", "", chalStatus("2", 407, "server nonce")+final))
		rec := h.record()
		for _, secret := range []string{string(next), base64.StdEncoding.EncodeToString(next), string(clientSecret), string(serverSecret), "server nonce", clientSecret.Digest(next)} {
			assert.NotContains(t, h.log.String(), secret)
		}
		for _, s := range []any{rec, rec.Device, rec.Device.Nonces, rec.Device.Account, session.Challenges{Now: "secret nonce"}} {
			text := fmt.Sprintf("%v %+v %#v", s, s, s)
			assert.NotContains(t, text, string(clientSecret))
			assert.NotContains(t, text, string(next))
			assert.NotContains(t, text, "secret nonce")
		}
	},
}

// chalStatus is the status of a client for our header, with a challenge.
func chalStatus(msgRef string, code int, nonce string) string {
	chal := `<Chal><Meta><Type xmlns="syncml:metinf">syncml:auth-md5</Type><Format xmlns="syncml:metinf">b64</Format><NextNonce xmlns="syncml:metinf">` +
		base64.StdEncoding.EncodeToString([]byte(nonce)) + `</NextNonce></Meta></Chal>`
	return strings.Replace(status(1, msgRef, "0", "SyncHdr", code), "<Data>", chal+"<Data>", 1)
}

func clientNonceKept(code int) func(*testing.T) {
	return func(t *testing.T) {
		h := newSafe(t, both(""))
		h.enqueue("a", get("./A"))
		next := h.login()
		h.post(signed("3", "", chalStatus("2", code, "for next time")+status(2, "2", "4", "Get", 200)+final))
		assert.Equal(t, "for next time", h.record().Device.Nonces.Server)
		h.now = h.now.Add(time.Hour)
		m := h.post(strings.Replace(signed("1", md5Cred(next), pkg1), "<SessionID>1<", "<SessionID>2<", 1))
		require.NotNil(t, m.Header.Cred)
		assert.Equal(t, serverSecret.Digest([]byte("for next time")), m.Header.Cred.Data.Value)
	}
}

// TestRecordedMAC posts the request of testdata/examples/12 and the damaged one of 13.
func TestRecordedMAC(t *testing.T) {
	nonce := "\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f"
	for name, want := range map[string]string{"12-valid-hmac-request.http": "200", "13-invalid-hmac-missing-header.http": "407"} {
		b, err := os.ReadFile("../testdata/examples/" + name)
		require.NoError(t, err)
		head, body, ok := strings.Cut(string(b), "\n\n")
		require.True(t, ok)
		h := newSafe(t, session.Account{Name: "dev-7", Secret: auth.NewSecret("dev-7", "s3cret!"), Scheme: auth.MAC})
		require.NoError(t, h.store.Register(t.Context(), session.Device{
			ID: deviceID, Account: session.Account{Name: "dev-7", Secret: auth.NewSecret("dev-7", "s3cret!"), Scheme: auth.MAC}, Nonces: session.Nonces{Client: nonce},
		}))
		value := ""
		for _, line := range strings.Split(head, "\n") {
			if v, ok := strings.CutPrefix(line, "x-syncml-hmac: "); ok {
				value = v
			}
		}
		code, _ := headerOf(t, decoded(t, h.exchange(body, with(auth.HeaderName, value))))
		assert.Equal(t, want, code, name)
	}
}
