package session_test

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"fmt"
	"log/slog"
	"math/big"
	"net/http"
	"slices"
	"strings"
	"sync"
	syncatomic "sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
	"github.com/gomadm/gomadm/syncml"
	"github.com/gomadm/gomadm/syncml/wbxml"
)

// TestPeerFaults looks for the faults that servers of this protocol are known to have. Each test is named after what
// would be wrong.
func TestPeerFaults(t *testing.T) {
	for _, faults := range []map[string]func(*testing.T){trustFaults, deliveryFaults, answerFaults, messageFaults, contentFaults, queueFaults} {
		for name, test := range faults {
			t.Run(name, test)
		}
	}
}

// stranger posts messages that are refused with a code and change nothing.
func (h *house) stranger(code string, bodies ...string) {
	h.t.Helper()
	before, entries := h.record(), h.entries()
	for _, body := range bodies {
		m := h.post(body)
		got, _ := headerOf(h.t, m)
		assert.Equal(h.t, code, got)
		assert.Empty(h.t, sent(m))
	}
	assert.Equal(h.t, before, h.record())
	assert.Equal(h.t, entries, h.entries())
}

// inSession puts a message of session 1 into another.
func inSession(id, body string) string {
	return strings.Replace(body, "<SessionID>1<", "<SessionID>"+id+"<", 1)
}

// showing is a connection on which the client showed a certificate.
func showing(cert *x509.Certificate, verified bool) func(*http.Request) {
	return func(r *http.Request) {
		r.TLS = &tls.ConnectionState{PeerCertificates: []*x509.Certificate{cert}}
		if verified {
			r.TLS.VerifiedChains = [][]*x509.Certificate{{cert}}
		}
	}
}

// certificate is a connection with a certificate for a name.
func certificate(name string, verified bool) func(*http.Request) {
	return showing(&x509.Certificate{Subject: pkix.Name{CommonName: name}}, verified)
}

// known is what a look-up of deviceID returns.
func known(found bool) (omadm.DeviceID, error) {
	if !found {
		return "", session.ErrUnauthenticated
	}
	return deviceID, nil
}

// byCommonName is an authenticator for certificates that hold the id of the device.
func byCommonName(c *session.Config) {
	c.Authenticator = session.ClientCertificate{Device: func(_ context.Context, cert *x509.Certificate) (omadm.DeviceID, error) {
		return omadm.DeviceID(cert.Subject.CommonName), nil
	}}
}

var trustFaults = map[string]func(*testing.T){
	"digest_of_a_challenge_is_good_again": func(t *testing.T) {
		h := newSafe(t, client)
		h.enqueue("a", get("./A"))
		_, nonce := headerOf(t, h.post(signed("1", "", pkg1)))
		h.post(signed("2", md5Cred(nonce), pkg1))
		h.post(signed("3", "", okHdr("2")+status(2, "2", "4", "Get", 200)+final))
		h.enqueue("b", get("./B"))
		for _, later := range []time.Duration{0, time.Second, time.Minute, 8 * time.Minute} {
			h.now = h.now.Add(later)
			h.stranger("401", signed("2", md5Cred(nonce), pkg1), signed("1", md5Cred(nonce), pkg1), inSession("2", signed("2", md5Cred(nonce), pkg1)))
		}
	},
	"digest_of_an_ended_session_is_good_again": func(t *testing.T) {
		h := newSafe(t, client)
		next := h.login()
		h.now = h.now.Add(time.Hour)
		first := inSession("2", signed("1", md5Cred(next), pkg1))
		code, _ := headerOf(t, h.post(first))
		require.Equal(t, "212", code)
		h.enqueue("a", get("./A"))
		h.stranger("401", inSession("3", signed("1", md5Cred(next), pkg1)))
		h.now = h.now.Add(time.Hour)
		h.stranger("401", first, inSession("3", signed("1", md5Cred(next), pkg1)))
	},
	"later_digests_are_ignored": func(t *testing.T) {
		h := newSafe(t, client)
		h.enqueue("a", exec("./Run"))
		h.login()
		for _, wrong := range []string{md5Cred([]byte("guess")), cred("syncml:auth-unheard-of", "AAAA")} {
			h.stranger("401", signed("3", wrong, okHdr("2")+status(2, "2", "4", "Exec", 200)+final))
		}
		h.post(signed("3", "", okHdr("2")+status(2, "2", "4", "Exec", 500)+final))
		assert.Equal(t, omadm.Failed, h.outcomes()["a"].Kind, "what the device itself says")
	},
	"nonce_never_changes": func(t *testing.T) {
		h := newSafe(t, client)
		h.enqueue("a", get("./A"))
		seen := map[string]bool{}
		for range 5 {
			_, challenge := headerOf(t, h.post(signed("1", "", pkg1)))
			_, given := headerOf(t, h.post(signed("2", md5Cred(challenge), pkg1)))
			for _, nonce := range [][]byte{challenge, given} {
				assert.Len(t, nonce, 16)
				assert.False(t, seen[string(nonce)])
				seen[string(nonce)] = true
			}
			h.post(signed("3", "", okHdr("2")+final))
			h.now = h.now.Add(time.Second)
		}
	},
	"device_is_locked_out_by_its_id": func(t *testing.T) {
		h := newSafe(t, client)
		h.enqueue("a", get("./A"))
		h.enqueue("b", get("./B"))
		_, challenge := headerOf(t, h.post(signed("1", "", pkg1)))
		guesses := func() {
			for i := range 30 {
				guess := md5Cred([]byte{byte(i)})
				h.stranger("407", signed("1", "", pkg1), inSession(itoa(i), msg("1", "1", pkg1)))
				h.stranger("401", signed("1", guess, pkg1), signed(itoa(i+2), guess, alert("1223")+final), inSession(itoa(i), signed("2", guess, pkg1)))
			}
		}
		guesses()
		code, next := headerOf(t, h.post(signed("2", md5Cred(challenge), pkg1)))
		assert.Equal(t, "212", code, "the challenge of the device is still good")
		guesses()
		h.post(signed("3", "", okHdr("2")+status(2, "2", "4", "Get", 200)+status(3, "2", "5", "Get", 200)+final))
		assert.Len(t, h.outcomes(), 2, "the session of the device went on")
		h.now = h.now.Add(time.Hour)
		guesses()
		code, _ = headerOf(t, h.post(inSession("2", signed("1", md5Cred(next), pkg1))))
		assert.Equal(t, "212", code, "the nonce of the device is still good")
	},
	"device_is_believed_its_id": func(t *testing.T) {
		h := newSafe(t, client)
		h.enqueue("a", get("./A"))
		h.stranger("407", msg("1", "1", pkg1), signed("1", "", pkg1))
		h.stranger("401", signed("2", "", pkg1), signed("9", "", status(2, "1", "4", "Get", 200)+final))
	},
	"certificate_is_good_for_the_device_that_is_named": func(t *testing.T) {
		h := newHouse(t, byCommonName)
		require.NoError(t, h.store.Register(t.Context(), session.Device{ID: "pc-1"}))
		require.NoError(t, h.queue.Enqueue(t.Context(), "pc-1", request("own", get("./Own"))))
		h.enqueue("foreign", get("./Foreign"))
		before := h.record()
		m := decoded(t, h.exchange(msg("1", "1", pkg1), certificate("pc-1", true)))
		assert.Equal(t, []string{"Get ./Own"}, sent(m), "the certificate counts, not the Source")
		assert.Equal(t, before, h.record())
	},
	"certificate_is_known_by_a_part_of_it": func(t *testing.T) {
		ours, theirs := newAuthority(t), newAuthority(t)
		cert, _ := ours.issue(t, "pc-1")
		sum := sha256.Sum256(cert.Raw)
		thumbprint, issuer, serial := hex.EncodeToString(sum[:]), cert.Issuer.String(), cert.SerialNumber.Text(16)
		others := map[string]*x509.Certificate{}
		others["of the same name"], _ = ours.issue(t, "pc-1")
		others["of another authority"], _ = theirs.issue(t, "pc-1")
		others["with the same serial number"] = &x509.Certificate{SerialNumber: cert.SerialNumber, Issuer: pkix.Name{CommonName: "authority of others"}}
		others["with a longer serial number"] = &x509.Certificate{SerialNumber: new(big.Int).Lsh(cert.SerialNumber, 8), Issuer: cert.Issuer}
		for name, device := range map[string]func(context.Context, *x509.Certificate) (omadm.DeviceID, error){
			"thumbprint": session.ByThumbprint(func(_ context.Context, s string) (omadm.DeviceID, error) { return known(s == thumbprint) }),
			"serial":     session.BySerial(func(_ context.Context, i, s string) (omadm.DeviceID, error) { return known(i == issuer && s == serial) }),
		} {
			h := newHouse(t, func(c *session.Config) { c.Authenticator = session.ClientCertificate{Device: device} })
			assert.Equal(t, http.StatusOK, h.exchange(msg("1", "1", pkg1), showing(cert, true)).Code, name)
			for what, other := range others {
				assert.Equal(t, http.StatusForbidden, h.exchange(msg("1", "2", pkg1), showing(other, true)).Code, "%s: %s", name, what)
			}
		}
	},
	"certificate_is_good_for_devices_with_a_name_like_it": func(t *testing.T) {
		h := newHouse(t, byCommonName)
		require.NoError(t, h.store.Register(t.Context(), session.Device{ID: "pc-1"}))
		for _, name := range []string{"pc-10", "pc-", "pc", "c-1", "xpc-1", "PC-1", " pc-1", "pc-1 ", "pc-1\x00", "pc-1,pc-2", "*", ""} {
			w := h.exchange(msg("1", "1", pkg1), certificate(name, true))
			assert.Equal(t, http.StatusForbidden, w.Code, "%q", name)
		}
		assert.Equal(t, http.StatusOK, h.exchange(msg("1", "1", pkg1), certificate("pc-1", true)).Code)
	},
	"certificate_is_read_and_not_verified": func(t *testing.T) {
		h := newHouse(t, byCommonName)
		assert.Equal(t, http.StatusForbidden, h.exchange(msg("1", "1", pkg1), certificate(deviceID, false)).Code)
		assert.Empty(t, h.record().Sessions)
	},
	"stranger_is_written_down": func(t *testing.T) {
		writes := 0
		h := newSafe(t, client, func(c *session.Config) {
			c.Store = faulty{Store: c.Store, commit: func() error { writes++; return nil }}
			c.Director = func(context.Context, *session.Turn) ([]omadm.Request, error) {
				t.Error("the Director is asked about a stranger")
				return nil, nil
			}
		})
		h.enqueue("a", get("./A"))
		guess := md5Cred([]byte("guess"))
		for _, body := range []string{pkg1, login("user") + pkg1, generic("c") + pkg1, alert("1223") + final, chalStatus("1", 212, "evil") + pkg1, devInfo} {
			h.stranger("407", signed("1", "", body))
			h.stranger("401", signed("1", guess, body), signed("2", "", body), signed("2", guess, body))
			h.post(strings.ReplaceAll(signed("1", guess, body), deviceID, "nobody"))
		}
		assert.Zero(t, writes)
		h.untouched()
	},
	"nested_groups_cost_memory_before_authentication": func(t *testing.T) {
		h := newSafe(t, client)
		for _, group := range []string{"Sequence", "Atomic"} {
			const octets = 800_000
			n := octets / len("<"+group+"></"+group+">")
			body := signed("1", "", strings.Repeat("<"+group+">", n)+strings.Repeat("</"+group+">", n)+final)
			cost, code, _ := h.measured(body, syncml.ContentTypeXML)
			assert.Equal(t, http.StatusBadRequest, code)
			assert.LessOrEqual(t, cost, most(len(body), false))
		}
		h.untouched()
	},
	"credentials_in_every_message_are_refused": func(t *testing.T) {
		h := newSafe(t, client)
		h.enqueue("a", get("./A"))
		_, nonce := headerOf(t, h.post(signed("1", "", pkg1)))
		c := md5Cred(nonce)
		assert.Equal(t, []string{"Get ./A"}, sent(h.post(signed("2", c, pkg1))))
		code, _ := headerOf(t, h.post(signed("3", c, okHdr("2")+status(2, "2", "4", "Get", 200)+final)))
		assert.Equal(t, "200", code)
		assert.Equal(t, omadm.Done, h.outcomes()["a"].Kind)
	},
	"package_1_after_a_challenge_is_out_of_order": func(t *testing.T) {
		h := newSafe(t, client)
		h.enqueue("a", get("./A"))
		h.login()
		h.post(signed("3", "", okHdr("2")))
		h.post(signed("4", "", okHdr("3")))
		h.now = h.now.Add(time.Minute)
		_, nonce := headerOf(t, h.post(signed("1", "", pkg1)))
		code, _ := headerOf(t, h.post(signed("2", md5Cred(nonce), pkg1)))
		assert.Equal(t, "212", code, "under the SessionID of a session that broke off")
	},
}

// frozen is a store whose sessions are in their binary form between messages.
type frozen struct{ session.Store }

func (f frozen) Load(c context.Context, q session.Query) (*session.Record, error) {
	rec, err := f.Store.Load(c, q)
	if err != nil {
		return nil, err
	}
	for i := range rec.Sessions {
		b, err := rec.Sessions[i].AppendBinary(nil)
		if err != nil {
			return nil, err
		}
		var s session.State
		if err := s.UnmarshalBinary(b); err != nil {
			return nil, err
		}
		rec.Sessions[i] = s
	}
	return rec, nil
}

var deliveryFaults = map[string]func(*testing.T){
	"what_was_answered_goes_out_again": func(t *testing.T) {
		h := newHouse(t)
		h.enqueue("a", get("./A"))
		h.enqueue("b", replace("./B", "1"))
		h.enqueue("c", exec("./C"))
		m := h.post(msg("1", "1", pkg1))
		require.Len(t, sent(m), 3)
		assert.Empty(t, sent(h.post(msg("1", "2", answerAll(m, 200)))))
		assert.Len(t, h.outcomes(), 3)
		h.now = h.now.Add(time.Hour)
		assert.Empty(t, sent(h.post(msg("2", "1", pkg1))))
	},
	"what_is_on_its_way_goes_out_again": func(t *testing.T) {
		h := newHouse(t)
		h.enqueue("a", get("./A"))
		m := h.post(msg("1", "1", alert("1224", typed("com.microsoft.mdm.synctype", "device"))+final))
		require.Equal(t, []string{"Get ./A"}, sent(m))
		assert.Empty(t, sent(h.post(msg("2", "1", pkg1))), "in a session beside it")
		h.post(msg("1", "2", answerAll(m, 200)))
		assert.Equal(t, omadm.Done, h.outcomes()["a"].Kind)
	},
	"request_is_gone_with_a_lost_reply": func(t *testing.T) {
		h := newHouse(t)
		h.enqueue("a", get("./A"))
		h.post(msg("1", "1", pkg1)) // the reply is lost
		m := h.post(msg("2", "1", pkg1))
		assert.Equal(t, []string{"Get ./A"}, sent(m))
		h.post(msg("2", "2", answerAll(m, 200)))
		assert.Equal(t, omadm.Done, h.outcomes()["a"].Kind)
	},
	"repeated_message_is_refused": func(t *testing.T) {
		h := newHouse(t)
		h.enqueue("a", get("./A"))
		h.enqueue("b", get("./B"))
		for _, body := range []string{msg("1", "1", pkg1), msg("1", "2", okHdr("1")+status(2, "1", "4", "Get", 200)+status(3, "1", "5", "Get", 200)+final)} {
			want := h.do(body)
			require.Equal(t, http.StatusOK, want.Code)
			after := h.record()
			for range 3 {
				got := h.do(body)
				assert.Equal(t, http.StatusOK, got.Code)
				assert.Equal(t, want.Body.String(), got.Body.String())
				assert.Equal(t, after, h.record())
			}
		}
		assert.Len(t, h.outcomes(), 2)
	},
	"parallel_repetitions_are_not_withstood": func(t *testing.T) {
		const copies = 8
		var loads, commits syncatomic.Int32
		all := make(chan struct{})
		h := newHouse(t, func(c *session.Config) {
			inner := c.Store
			c.Store = seen{Store: inner, loaded: func() { // all copies see the device as it was before the first is answered
				switch n := loads.Add(1); {
				case n == copies:
					close(all)
				case n < copies:
					<-all
				}
			}}
			c.Hooks.Committed = func(context.Context, *session.Change) { commits.Add(1) }
		})
		h.enqueue("run", exec("./Run"))
		replies := make([]string, copies)
		var wg sync.WaitGroup
		for i := range replies {
			wg.Go(func() {
				w := h.do(msg("1", "1", pkg1))
				replies[i] = fmt.Sprint(w.Code, w.Body.String())
			})
		}
		wg.Wait()
		assert.Contains(t, replies[0], "./Run")
		for _, r := range replies {
			assert.Equal(t, replies[0], r)
		}
		assert.Equal(t, int32(1), commits.Load())
		require.Len(t, h.record().Requests, 1)
		assert.Equal(t, 1, h.record().Requests[0].Attempts)
	},
	"unanswered_request_is_sent_for_ever": func(t *testing.T) {
		h := newHouse(t)
		h.enqueue("a", get("./A"))
		times := 0
		for i := range 30 {
			times += len(sent(h.post(msg(itoa(i+1), "1", pkg1))))
			h.now = h.now.Add(time.Hour)
		}
		assert.Equal(t, 10, times)
		assert.Equal(t, omadm.Quarantined, h.outcomes()["a"].Kind)
		assert.Empty(t, h.record().Requests)
	},
	"request_stays_on_its_way_for_ever": func(t *testing.T) {
		h := newHouse(t)
		h.enqueue("run", exec("./Run"))
		h.enqueue("read", get("./A"))
		h.post(msg("1", "1", pkg1))
		h.now = h.now.Add(time.Hour)
		h.sweep(1)
		assert.Equal(t, omadm.Unknown, h.outcomes()["run"].Kind)
		require.Len(t, h.record().Requests, 1)
		assert.Equal(t, []string{"Get ./A"}, sent(h.post(msg("2", "1", pkg1))))
	},
	"add_that_is_sent_again_fails": func(t *testing.T) {
		assert.Equal(t, omadm.Done, again(t, omadm.Add, 418).Kind)
		assert.Equal(t, omadm.Failed, once(t, omadm.Add, 418).Kind, "that somebody else has added it")
	},
	"delete_that_is_sent_again_fails": func(t *testing.T) {
		assert.Equal(t, omadm.Done, again(t, omadm.Delete, 404).Kind)
		assert.Equal(t, omadm.Failed, once(t, omadm.Delete, 404).Kind)
	},
	"order_is_lost": func(t *testing.T) {
		h := newHouse(t)
		var want []string
		for i := range 20 {
			uri := "./N" + itoa(i)
			h.enqueue(itoa(i), replace(omadm.URI(uri), "1"))
			want = append(want, "Replace "+uri)
		}
		h.request(omadm.Request{ID: "group", Group: omadm.Sequence, Ops: []omadm.Op{replace("./Z", "1"), get("./Y"), replace("./X", "1")}})
		assert.Equal(t, append(want, "Sequence", "Replace ./Z", "Get ./Y", "Replace ./X"), sent(h.post(msg("1", "1", pkg1))))
	},
	"requests_are_made_atomic": func(t *testing.T) {
		h := newHouse(t)
		h.enqueue("each", replace("./A", "1"), replace("./B", "1"), replace("./C", "1"))
		h.enqueue("next", replace("./D", "1"))
		m := h.post(msg("1", "1", pkg1))
		assert.Equal(t, []string{"Replace ./A", "Replace ./B", "Replace ./C", "Replace ./D"}, sent(m))
		h.post(msg("1", "2", okHdr("1")+status(2, "1", "4", "Replace", 200)+status(3, "1", "5", "Replace", 404)+status(4, "1", "6", "Replace", 200)+status(5, "1", "7", "Replace", 200)+final))
		assert.Equal(t, omadm.Failed, h.outcomes()["each"].Kind)
		assert.Equal(t, 1, h.outcomes()["each"].Op)
		assert.Equal(t, omadm.Done, h.outcomes()["next"].Kind)
	},
	"one_address_in_two_requests_is_one": func(t *testing.T) {
		h := newHouse(t)
		h.enqueue("one", replace("./A", "1"))
		h.enqueue("two", replace("./A", "2"))
		h.request(combine(request("both", get("./A"), get("./A"))))
		m := h.post(msg("1", "1", pkg1))
		assert.Equal(t, []string{"4 Replace ./A", "5 Replace ./A", "6 Get ./A", "7 Get ./A", "Final"}, summary(m)[3:])
		h.post(msg("1", "2", okHdr("1")+status(2, "1", "5", "Replace", 500)+status(3, "1", "4", "Replace", 200)+
			status(4, "1", "6", "Get", 200)+status(5, "1", "7", "Get", 404)+final))
		assert.Equal(t, omadm.Done, h.outcomes()["one"].Kind)
		assert.Equal(t, omadm.Failed, h.outcomes()["two"].Kind)
		assert.Equal(t, 1, h.outcomes()["both"].Op)
	},
	"requests_of_a_user_go_to_nobody": func(t *testing.T) {
		for _, who := range []string{"", "none", "others"} {
			h := newHouse(t)
			h.request(omadm.Request{ID: "user", Priority: 1, Ops: []omadm.Op{replace("./User/Vendor/A", "1")}})
			h.enqueue("device", replace("./Vendor/A", "1"))
			body := pkg1
			if who != "" {
				body = login(who) + pkg1
			}
			assert.Equal(t, []string{"Replace ./Vendor/A"}, sent(h.post(msg("1", "1", body))), who)
			h.now = h.now.Add(time.Hour)
			assert.Contains(t, sent(h.post(msg("2", "1", login("user")+pkg1))), "Replace ./User/Vendor/A")
		}
	},
	"session_lives_in_one_process": func(t *testing.T) {
		h := newHouse(t, func(c *session.Config) { c.Store = frozen{c.Store} })
		node := func() {
			var err error
			h.handler, err = session.New(session.Config{Store: frozen{h.store}, Authenticator: session.InsecureTrust{}, Logger: slog.New(slog.DiscardHandler), Now: func() time.Time { return h.now }})
			require.NoError(t, err)
		}
		first := h.begin("large", text)
		h.enqueue("a", get("./A"))
		all, id := []chunk{first}, 2
		for c := first; c.more; id++ {
			node()
			c = chunkOf(t, h.post(msg("1", itoa(id), took(itoa(id-1), c.id, 213, next))))
			all = append(all, c)
		}
		assert.Equal(t, text, joined(all))
		node()
		m := h.post(msg("1", itoa(id), took(itoa(id-1), all[len(all)-1].id, 200, final)))
		for n := 1; len(sent(m)) > 0 && n < 5; n++ {
			node()
			m = h.post(msg("1", itoa(id+n), answerAll(m, 200)))
		}
		assert.Equal(t, omadm.Done, h.outcomes()["large"].Kind)
		assert.Equal(t, omadm.Done, h.outcomes()["a"].Kind)
		assert.Equal(t, 1, h.outcomes()["a"].Attempts)
	},
	"store_is_asked_for_every_request": func(t *testing.T) {
		loads, commits := 0, 0
		h := newHouse(t, func(c *session.Config) {
			c.Store = faulty{Store: c.Store, load: func() error { loads++; return nil }, commit: func() error { commits++; return nil }}
		})
		for i := range 100 {
			h.enqueue(itoa(i), get(omadm.URI("./N"+itoa(i))))
		}
		m := h.post(msg("1", "1", pkg1))
		require.Len(t, sent(m), 100)
		h.post(msg("1", "2", answerAll(m, 200)))
		assert.Len(t, h.outcomes(), 100)
		assert.Equal(t, 2, loads, "one for each message")
		assert.Equal(t, 2, commits)
		h.post(msg("1", "2", answerAll(m, 200)))
		assert.Equal(t, 3, loads)
		assert.Equal(t, 2, commits, "none for a repeated message")
	},
}

// seen is a store that tells of each Load that was done.
type seen struct {
	session.Store
	loaded func()
}

func (s seen) Load(c context.Context, q session.Query) (*session.Record, error) {
	rec, err := s.Store.Load(c, q)
	s.loaded()
	return rec, err
}

// node is an operation on a node that takes a value when the verb does.
func node(v omadm.Verb) omadm.Op {
	op := omadm.Op{Verb: v, URI: "./A"}
	if v == omadm.Add {
		op.Value = omadm.Text("1")
	}
	return op
}

// once is the outcome of an operation that is answered with a code.
func once(t *testing.T, v omadm.Verb, code int) omadm.Outcome {
	t.Helper()
	return answered(t, status(2, "1", "4", v.String(), code), request("a", node(v))).outcomes()["a"]
}

// again is the outcome of an operation that is answered with a code when it is sent again, as the first answer was lost.
func again(t *testing.T, v omadm.Verb, code int) omadm.Outcome {
	t.Helper()
	h := newHouse(t)
	h.enqueue("a", node(v))
	h.post(msg("1", "1", pkg1))
	m := h.post(msg("2", "1", pkg1))
	require.Equal(t, []string{v.String() + " ./A"}, sent(m))
	h.post(msg("2", "2", answerAll(m, code)))
	o := h.outcomes()["a"]
	assert.True(t, o.Repeated)
	assert.Equal(t, 2, o.Attempts)
	return o
}

var answerFaults = map[string]func(*testing.T){
	"only_the_first_status_of_a_command_counts": func(t *testing.T) {
		r := combine(request("r", get("./A"), get("./B"), get("./C")))
		h := answered(t, refs(status(2, "1", "4", "Get", 200), "./A")+refs(status(3, "1", "4", "Get", 404), "./B")+refs(status(4, "1", "4", "Get", 200), "./C"), r)
		o := h.outcomes()["r"]
		assert.Equal(t, omadm.Failed, o.Kind)
		assert.Equal(t, 1, o.Op)
		assert.Equal(t, omadm.StatusNotFound, o.Status)
		assert.Len(t, h.results("r"), 3)
		h = answered(t, refs(status(2, "1", "4", "Get", 200), "./A"), r)
		assert.Empty(t, h.outcomes(), "two have no answer")
	},
	"214_counts_as_applied": func(t *testing.T) { assert.Equal(t, omadm.NotExecuted, once(t, omadm.Add, 214).Kind) },
	"215_counts_as_applied": func(t *testing.T) { assert.Equal(t, omadm.NotExecuted, once(t, omadm.Add, 215).Kind) },
	"216_counts_as_applied": func(t *testing.T) { assert.Equal(t, omadm.RolledBack, once(t, omadm.Add, 216).Kind) },
	"no_answer_counts_as_applied": func(t *testing.T) {
		h := answered(t, status(2, "1", "5", "Get", 200), request("a", get("./A")), request("b", get("./B")))
		assert.NotContains(t, h.outcomes(), omadm.RequestID("a"))
		assert.Equal(t, omadm.Done, h.outcomes()["b"].Kind)
	},
	"results_come_back_empty": func(t *testing.T) {
		for name, test := range map[string]struct{ answer, want string }{
			"with_meta":      {result("4", formatted("./A", "chr", "value")), "value"},
			"without_meta":   {result("4", item("./A", "value")), "value"},
			"escaped":        {result("4", item("./A", "&lt;a b=&quot;c&quot;&gt;&amp;amp;&lt;/a&gt;")), `<a b="c">&amp;</a>`},
			"cdata":          {result("4", item("./A", "<![CDATA[<a b=\"c\">&amp;</a>]]>")), `<a b="c">&amp;</a>`},
			"in_pieces":      {result("4", item("./A", "va<!-- x -->l<![CDATA[u]]>&#x65;")), "value"},
			"without_source": {result("4", "<Item><Data>value</Data></Item>"), "value"},
			"without_refs":   {strings.Replace(result("4", item("./A", "value")), "<MsgRef>1</MsgRef>", "", 1), "value"},
		} {
			h := answered(t, test.answer+status(2, "1", "4", "Get", 200), request("r", get("./A")))
			assert.Equal(t, test.want, h.value("r"), name)
			assert.Equal(t, omadm.Done, h.outcomes()["r"].Kind, name)
		}
	},
	"results_in_parts_are_cut": func(t *testing.T) {
		h := newHouse(t)
		h.enqueue("a", get("./A"))
		h.post(msg("1", "1", pkg1))
		h.post(msg("1", "2", okHdr("1")+status(2, "1", "4", "Get", 200)+results("1", "4", "./A", "9", "abc", true)))
		h.post(msg("1", "3", okHdr("2")+results("1", "4", "./A", "", "def", true)))
		h.post(msg("1", "4", okHdr("3")+results("1", "4", "./A", "", "ghi", false)+final))
		assert.Equal(t, "abcdefghi", h.value("a"))
	},
	"device_that_gives_up_is_not_heard": func(t *testing.T) {
		h := newHouse(t)
		h.enqueue("a", get("./A"))
		h.enqueue("b", get("./B"))
		h.post(msg("1", "1", pkg1))
		h.enqueue("c", get("./C"))
		m := h.post(msg("1", "2", okHdr("1")+status(2, "1", "4", "Get", 200)+alert("1223")+final))
		assert.Empty(t, sent(m))
		assert.False(t, h.record().Sessions[0].Ended.IsZero())
		assert.Equal(t, map[omadm.RequestID]omadm.Kind{"a": omadm.Done}, h.kinds())
		assert.ElementsMatch(t, []string{"Get ./B", "Get ./C"}, sent(h.post(msg("2", "1", pkg1))), "what it had not answered waits again")
	},
	"codes_cannot_be_read": func(t *testing.T) {
		for _, code := range []int{200, 202, 216, 401, 404, 405, 418, 424, 425, 500, 507, 510, 516} {
			text := fmt.Sprint(omadm.Status(code))
			assert.NotEqual(t, itoa(code), text)
			assert.NotContains(t, text, "Status(")
		}
		h := answered(t, status(2, "1", "4", "Get", 425), request("a", get("./A")))
		assert.Contains(t, fmt.Sprint(h.outcomes()["a"].Status), "Permission denied")
	},
	"report_about_a_request_is_nobodys": func(t *testing.T) {
		h := newHouse(t)
		h.enqueue("update", omadm.Op{Verb: omadm.Exec, URI: "./FwUpdate/Update", Correlator: "c-1"})
		m := h.post(msg("1", "1", pkg1))
		h.post(msg("1", "2", answerAll(m, 202)))
		assert.Equal(t, omadm.Accepted, h.outcomes()["update"].Kind)
		h.now = h.now.Add(24 * time.Hour)
		h.post(msg("2", "1", generic("c-1")+generic("c-2")+pkg1))
		require.Len(t, h.events(), 2)
		assert.Equal(t, omadm.RequestID("update"), h.events()[0].Request)
		assert.Empty(t, h.events()[1].Request)
	},
	"end_of_enrolment_is_not_noticed": func(t *testing.T) {
		h := newHouse(t)
		m := h.post(msg("1", "1", alert("1226", typed("com.microsoft:mdm.unenrollment.userrequest", "1"))+final))
		assert.Equal(t, "Status Alert 5 200", summary(m)[1])
		require.Len(t, h.events(), 1)
		assert.True(t, h.events()[0].Unenrolled)
	},
}

// kinds is how the requests ended.
func (h *house) kinds() map[omadm.RequestID]omadm.Kind {
	h.t.Helper()
	kinds := make(map[omadm.RequestID]omadm.Kind)
	for id, o := range h.outcomes() {
		kinds[id] = o.Kind
	}
	return kinds
}

// formatted is an item of Results with a format.
func formatted(uri, format, value string) string {
	return strings.Replace(item(uri, value), "<Data>", `<Meta><Format xmlns="syncml:metinf">`+format+`</Format></Meta><Data>`, 1)
}

// ids lists the CmdIDs of a message, those in groups included.
func ids(body []syncml.Command) (list []string) {
	for _, c := range body {
		list = append(list, c.ID())
		switch c := c.(type) {
		case *syncml.Atomic:
			list = append(list, ids(c.Body)...)
		case *syncml.Sequence:
			list = append(list, ids(c.Body)...)
		}
	}
	return list
}

var messageFaults = map[string]func(*testing.T){
	"splits_by_the_size_of_objects": func(t *testing.T) {
		h := newHouse(t)
		h.enqueue("large", replace("./A", text))
		body := pkg1
		for n := 1; ; n++ {
			w := h.do(msgMeta("1", itoa(n), sizes(1000, 100_000), body))
			assert.LessOrEqual(t, w.Body.Len(), 1000)
			m := decoded(t, w)
			if m.Final || n > 20 {
				require.Greater(t, n, 3)
				break
			}
			body = took(itoa(n), chunkOf(t, m).id, 213, next)
		}
		h = newHouse(t)
		h.enqueue("small", replace("./A", strings.Repeat("x", 900)))
		c := chunkOf(t, h.post(msgMeta("1", "1", sizes(4000, 1000), pkg1)))
		assert.False(t, c.more, "what fits into a message is whole")
	},
	"large_object_goes_on_as_replace": func(t *testing.T) {
		h := newHouse(t)
		h.enqueue("a", omadm.Op{Verb: omadm.Add, URI: "./A", Value: omadm.Text(text)})
		m := h.post(msgMeta("1", "1", sizes(1000, 0), pkg1))
		for n := 2; ; n++ {
			require.Equal(t, []string{"Add ./A"}, sent(m))
			c := chunkOf(t, m)
			if !c.more {
				assert.Greater(t, n, 4)
				break
			}
			m = h.post(msg("1", itoa(n), okHdr(itoa(n-1))+status(2, itoa(n-1), c.id, "Add", 213)+next))
		}
	},
	"large_object_for_a_device_that_takes_none": func(t *testing.T) {
		h := newHouse(t)
		h.enqueue("ask", get("./DevDetail/LrgObj"))
		h.post(msgMeta("1", "1", sizes(1000, 0), pkg1))
		h.enqueue("large", replace("./A", text))
		h.enqueue("small", replace("./B", "1"))
		m := h.post(msg("1", "2", okHdr("1")+status(2, "1", "4", "Get", 200)+result("4", item("./DevDetail/LrgObj", "false"))+final))
		assert.Equal(t, []string{"Replace ./B"}, sent(m))
		assert.Equal(t, omadm.Refused, h.outcomes()["large"].Kind)
	},
	"reply_is_larger_than_the_client_takes": func(t *testing.T) {
		h := newHouse(t)
		for i := range 40 {
			h.enqueue(itoa(i), replace(omadm.URI("./N"+itoa(i)), strings.Repeat("<", i*7)))
		}
		body, n := pkg1, 1
		for ; len(h.outcomes()) < 40 && n < 60; n++ {
			w := h.do(msgMeta("1", itoa(n), sizes(1500, 0), body))
			require.LessOrEqual(t, w.Body.Len(), 1500)
			body = answerAll(decoded(t, w), 200)
		}
		assert.Len(t, h.outcomes(), 40)
	},
	"one_unknown_alert_refuses_all": func(t *testing.T) {
		h := newHouse(t)
		h.enqueue("a", get("./A"))
		odd := `<Alert><CmdID>21</CmdID><Data>1226</Data>` + typed("org.example.nobody.knows", "1") + `</Alert>` +
			`<Alert><CmdID>22</CmdID><Data>4711</Data></Alert><Alert><CmdID>23</CmdID><Data>many</Data></Alert><Alert><CmdID>24</CmdID></Alert>` +
			`<Alert><CmdID>25</CmdID><Data>1224</Data>` + typed("org.example.nobody.knows", "1") + `</Alert>`
		m := h.post(msg("1", "1", alert1201+odd+devInfo+generic("c")+final))
		assert.Equal(t, []string{
			"Status SyncHdr 0 200", "Status Alert 1 200", "Status Alert 21 415", "Status Alert 22 406", "Status Alert 23 406", "Status Alert 24 406",
			"Status Alert 25 200", "Status Replace 2 200", "Status Alert 8 200", "10 Get ./A", "Final",
		}, summary(m))
		assert.Equal(t, "Example Devices", h.record().Device.Facts["./DevInfo/Man"])
		assert.Len(t, h.events(), 2)
	},
	"one_unknown_command_refuses_all": func(t *testing.T) {
		h := newHouse(t)
		h.enqueue("a", get("./A"))
		m := h.post(msg("1", "1", alert1201+`<Frobnicate><CmdID>21</CmdID></Frobnicate>`+devInfo+final))
		assert.Equal(t, []string{"Status SyncHdr 0 200", "Status Alert 1 200", "Status Frobnicate 21 501", "Status Replace 2 200", "5 Get ./A", "Final"}, summary(m))
	},
	"not_every_command_has_a_status": func(t *testing.T) {
		m := newHouse(t).post(msg("1", "1", pkg1[:len(pkg1)-len(final)]+`<Sequence><CmdID>31</CmdID><Get><CmdID>32</CmdID><Item><Target><LocURI>./X</LocURI></Target></Item></Get></Sequence>`+
			`<Replace><CmdID>33</CmdID>`+item("./DevInfo/Mod", "1")+item("./Elsewhere", "1")+`</Replace>`+final))
		var refs []string
		for _, c := range m.Body {
			refs = append(refs, c.(*syncml.Status).CmdRef)
		}
		assert.Equal(t, []string{"0", "1", "2", "31", "32", "33", "33"}, refs, "and one for each item whose code is its own")
	},
	"cmdids_collide": func(t *testing.T) {
		h := newHouse(t)
		h.request(atomic("atomic", replace("./A", "1"), replace("./B", "1")))
		h.request(omadm.Request{ID: "sequence", Group: omadm.Sequence, Ops: []omadm.Op{replace("./C", "1"), replace("./D", "1")}})
		h.request(combine(request("combined", get("./E"), get("./F"))))
		h.enqueue("a", get("./G"), get("./H"))
		body := msg("1", "1", pkg1)
		for n := 2; n < 4; n++ {
			m := h.post(body)
			list := ids(m.Body)
			slices.Sort(list)
			assert.Len(t, slices.Compact(slices.Clone(list)), len(list), "%v", list)
			h.enqueue("later"+itoa(n), get("./Later"))
			body = msg("1", itoa(n), answerAll(m, 200))
		}
	},
	"same_cmdid_in_two_messages_is_mixed_up": func(t *testing.T) {
		h := newHouse(t)
		h.enqueue("one", exec("./One"))
		h.post(msg("1", "1", alert1201))
		h.post(msg("1", "2", final))
		h.enqueue("two", exec("./Two"))
		m := h.post(msg("1", "3", okHdr("2")+status(2, "2", "2", "Exec", 200)+final))
		require.Equal(t, []string{"2 Exec ./Two", "Final"}, summary(m)[1:], "the CmdID of the one before")
		h.post(msg("1", "4", okHdr("3")+status(2, "2", "2", "Exec", 200)+final))
		assert.Equal(t, map[omadm.RequestID]omadm.Kind{"one": omadm.Done, "two": omadm.Unknown}, h.kinds())
	},
	"session_id_0_is_refused": func(t *testing.T) {
		h := newHouse(t)
		for day := range 3 {
			id := "day" + itoa(day)
			h.enqueue(id, get("./A"))
			m := h.post(msg("0", "1", pkg1))
			assert.Equal(t, "0", m.Header.SessionID)
			require.Equal(t, []string{"Get ./A"}, sent(m), "the same octets open a new session")
			h.post(msg("0", "2", answerAll(m, 200)))
			assert.Equal(t, omadm.Done, h.outcomes()[omadm.RequestID(id)].Kind)
			h.now = h.now.Add(24 * time.Hour)
		}
	},
	"open_package_of_the_client_gets_commands": func(t *testing.T) {
		h := newHouse(t)
		h.enqueue("a", get("./A"))
		m := h.post(msg("1", "1", alert1201))
		assert.Equal(t, []string{"Status SyncHdr 0 200", "Status Alert 1 200", "Alert 1222"}, summary(m))
		assert.Equal(t, []string{"Get ./A"}, sent(h.post(msg("1", "2", okHdr("1")+devInfo+final))))
	},
	"unknown_version_is_served": func(t *testing.T) {
		h := newHouse(t)
		h.enqueue("a", get("./A"))
		for old, test := range map[string]struct{ with, code string }{
			"<VerDTD>1.2": {"<VerDTD>1.3", "505"}, "DM/1.2": {"DM/1.3", "513"},
		} {
			m := h.post(strings.Replace(msg("1", "1", pkg1), old, test.with, 1))
			code, _ := headerOf(t, m)
			assert.Equal(t, test.code, code)
			assert.Empty(t, sent(m))
			assert.Empty(t, h.record().Sessions)
		}
	},
	"older_version_is_answered_in_the_newer": func(t *testing.T) {
		h := newHouse(t)
		h.enqueue("a", get("./A"))
		w := h.do(strings.NewReplacer("SYNCML1.2", "SYNCML1.1", "<VerDTD>1.2", "<VerDTD>1.1", "DM/1.2", "DM/1.1").Replace(msg("1", "1", pkg1)))
		for _, want := range []string{"SYNCML:SYNCML1.1", "<VerDTD>1.1<", "<VerProto>DM/1.1<", "./A"} {
			assert.Contains(t, w.Body.String(), want)
		}
	},
	"namespace_of_another_version_is_refused": func(t *testing.T) {
		h := newHouse(t)
		h.enqueue("a", get("./A"))
		assert.Equal(t, []string{"Get ./A"}, sent(h.post(strings.Replace(msg("1", "1", pkg1), "SYNCML1.2", "SYNCML1.1", 1))))
	},
	"reply_to_wbxml_is_xml": func(t *testing.T) {
		h := newHouse(t, bothCodecs)
		h.enqueue("a", get("./A"))
		in, err := syncml.Decode([]byte(msg("1", "1", pkg1)))
		require.NoError(t, err)
		b, err := syncml.Append(nil, wbxml.Codec, in)
		require.NoError(t, err)
		w := h.exchange(string(b), with("Content-Type", syncml.ContentTypeWBXML))
		assert.Equal(t, syncml.ContentTypeWBXML, w.Header().Get("Content-Type"))
		m, err := wbxml.Codec.Decode(w.Body.Bytes(), syncml.Limits{})
		require.NoError(t, err)
		assert.Equal(t, []string{"Get ./A"}, sent(m))
	},
	"byte_order_mark_is_refused": func(t *testing.T) {
		assert.Equal(t, http.StatusOK, newHouse(t).do("\uFEFF"+msg("1", "1", pkg1)).Code)
		assert.Equal(t, http.StatusOK, newHouse(t).do("\uFEFF<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n"+msg("1", "1", pkg1)).Code)
	},
	"reply_is_indented": func(t *testing.T) {
		h := newHouse(t)
		h.request(atomic("a", replace("./A", "1"), replace("./B", "2")))
		assert.NotRegexp(t, `>\s|\s<`, h.do(msg("1", "1", pkg1)).Body.String())
	},
}

// unsendable are texts that XML cannot carry.
var unsendable = []string{"\x01", "a\x00b", "\x1f", "\uFFFE", "\xff", "\xed\xa0\x80"}

var contentFaults = map[string]func(*testing.T){
	"markup_in_a_value_spoils_the_message": func(t *testing.T) {
		for _, value := range []string{
			"<a b='c'>&d;</a>", "a & b", "]]>", "<![CDATA[x]]>", "&amp;", "</Data></Item></Replace>", "<!-- ", `"'`, "\r\n\t", "ü€\U0001F600", "<?xml?>",
		} {
			h := newHouse(t)
			h.enqueue("odd", replace("./A", value))
			h.enqueue("next", get("./B"))
			m := h.post(msg("1", "1", pkg1))
			assert.Equal(t, []string{"Replace ./A", "Get ./B"}, sent(m))
			assert.Equal(t, value, m.Body[3].ItemList()[0].Data.Value)
		}
	},
	"value_that_cannot_be_sent_blocks_the_queue": func(t *testing.T) {
		for _, value := range unsendable {
			h := newHouse(t)
			odd := request("odd", replace("./A", value))
			assert.Error(t, h.queue.Enqueue(t.Context(), deviceID, odd), "%q", value)
			require.NoError(t, h.store.Enqueue(t.Context(), deviceID, odd), "past the queue")
			h.enqueue("next", get("./B"))
			assert.Equal(t, []string{"Get ./B"}, sent(h.post(msg("1", "1", pkg1))), "%q", value)
			assert.Equal(t, omadm.Refused, h.outcomes()["odd"].Kind)
			assert.NotContains(t, h.outcomes()["odd"].Reason, value)
		}
	},
	"character_that_cannot_be_sent_is_replaced": func(t *testing.T) {
		for _, value := range unsendable {
			m, err := syncml.Decode([]byte(msg("1", "1", `<Replace><CmdID>1</CmdID>`+item("./A", "x")+`</Replace>`)))
			require.NoError(t, err)
			m.Body[0].ItemList()[0].Data = syncml.Text(value)
			var unfit *syncml.EncodeError
			_, err = syncml.Encode(m)
			assert.ErrorAs(t, err, &unfit, "%q", value)
		}
	},
	"character_that_cannot_be_read_is_replaced": func(t *testing.T) {
		for _, odd := range []string{"\x01", "&#1;", "\xff", "&#xFFFE;", "\uFFFE", "&#xD800;", "\xed\xa0\x80"} {
			h := newHouse(t)
			h.enqueue("a", get("./A"))
			h.post(msg("1", "1", pkg1))
			before := h.record()
			w := h.do(msg("1", "2", okHdr("1")+status(2, "1", "4", "Get", 200)+result("4", item("./A", "a"+odd+"b"))+final))
			assert.Equal(t, http.StatusBadRequest, w.Code, "%q", odd)
			assert.Equal(t, before, h.record())
		}
	},
	"spelling_of_a_value_changes_it": func(t *testing.T) {
		want := `<enabled/><data id="x" value="1&#xF000;2"/>`
		for _, spelling := range []string{
			"<![CDATA[" + want + "]]>",
			"&lt;enabled/&gt;&lt;data id=\"x\" value=\"1&amp;#xF000;2\"/&gt;",
			"&#60;enabled/&#x3e;<![CDATA[<data id=\"x\" value=\"1&#xF000;2\"/>]]>",
		} {
			h := answered(t, status(2, "1", "4", "Get", 200)+result("4", item("./A", spelling)), request("r", get("./A")))
			assert.Equal(t, want, h.value("r"))
		}
	},
	"spelling_of_an_address_passes_a_check": func(t *testing.T) {
		denied := fmt.Errorf("denied")
		h := newHouse(t)
		h.queue.Check = func(_ context.Context, _ omadm.Facts, r *omadm.Request) error {
			for _, op := range r.Ops {
				if op.URI.Canonical().HasPrefix("./Vendor/MSFT/Secret") {
					return denied
				}
			}
			return nil
		}
		for _, uri := range []omadm.URI{
			"./Vendor/MSFT/Secret", "Vendor/MSFT/Secret", "./Vendor/MSFT/Secret/Key", "./Vendor/MSFT/%53ecret", "./Vendor/MSFT/Secre%74/Key",
			"./Vendor/MSFT/Secret?list=StructData", "./%56endor/MSFT/Secret",
		} {
			assert.ErrorIs(t, h.queue.Enqueue(t.Context(), deviceID, request(string(uri), get(uri))), denied, string(uri))
		}
		for _, uri := range []omadm.URI{"./Vendor//MSFT/Secret", "./Vendor/./MSFT/Secret", "./Vendor/MSFT/x/../Secret", "./Vendor/MSFT/Secret/", "/Vendor/MSFT/Secret"} {
			assert.Error(t, h.queue.Enqueue(t.Context(), deviceID, request(string(uri), get(uri))), "either denied or no address: %s", uri)
		}
		assert.Empty(t, h.record().Requests)
	},
}

var queueFaults = map[string]func(*testing.T){
	"device_is_not_woken": func(t *testing.T) {
		h, p := waking(t)
		h.enqueue("a", get("./A"))
		assert.Equal(t, []omadm.DeviceID{deviceID}, p.pushed)
	},
	"what_waits_cannot_be_taken_back": func(t *testing.T) {
		h := newHouse(t)
		h.enqueue("a", get("./A"))
		h.enqueue("b", get("./B"))
		gone, err := h.queue.Cancel(t.Context(), deviceID, "a")
		require.NoError(t, err)
		assert.Equal(t, []omadm.RequestID{"a"}, gone)
		assert.Equal(t, []string{"Get ./B"}, sent(h.post(msg("1", "1", pkg1))))
		assert.Equal(t, map[omadm.RequestID]omadm.Kind{"a": omadm.Canceled}, h.kinds())
	},
	"first_contact_is_not_noticed": func(t *testing.T) {
		var first []bool
		h := newHouse(t, func(c *session.Config) {
			c.Director = func(_ context.Context, turn *session.Turn) ([]omadm.Request, error) {
				first = append(first, len(turn.Record().Device.Facts) == 0)
				return nil, nil
			}
		})
		h.post(msg("1", "1", pkg1))
		h.now = h.now.Add(time.Hour)
		h.post(msg("2", "1", pkg1))
		assert.Equal(t, []bool{true, false}, first)
	},
}
