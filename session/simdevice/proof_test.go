package simdevice_test

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gomadm/gomadm/session/simdevice"
	"github.com/gomadm/gomadm/syncml"
)

// status returns the Status for the header of a message, nil if there is none.
func status(m *syncml.Message) *syncml.Status {
	st, _ := m.Body[0].(*syncml.Status)
	return st
}

// TestViolationsInProofs lets a server make one mistake at a time about credentials.
func TestViolationsInProofs(t *testing.T) {
	refusal := says("401", chal("md5", nonce1))
	plain := func(g *guard) {}
	for _, tt := range []struct {
		name   string
		scheme simdevice.Scheme
		says   []string
		change func(*guard)
		want   []string
		end    simdevice.End
	}{
		{"none", simdevice.MD5, []string{refusal, accepted}, plain, nil, simdevice.Completed},
		{"Chal without a Type", simdevice.MD5, []string{strings.Replace(refusal, "syncml:auth-md5", "", 1)}, plain, []string{"A-9"}, simdevice.Refused},
		{"Chal without a Format", simdevice.MD5, []string{strings.Replace(refusal, "b64", "chr", 1), accepted}, plain, []string{"A-9"}, simdevice.Completed},
		{"Chal without a nonce", simdevice.MD5, []string{says("401", chal("md5", ""))}, plain, []string{"A-9"}, simdevice.Refused},
		{"Chal of MAC without a nonce", simdevice.MD5, []string{says("401", chal("MAC", ""))}, plain, []string{"A-9"}, simdevice.Refused},
		{"Chal of Basic without a nonce", simdevice.Basic, []string{says("401", chal("basic", "")), says("212", "")}, plain, nil, simdevice.Completed},
		{"nonce is not base64", simdevice.MD5, []string{strings.Replace(refusal, b64(nonce1), "!", 1)}, plain, []string{"A-9"}, simdevice.Refused},
		{"Chal without Meta", simdevice.MD5, []string{says("401", "<Chal/>")}, plain, []string{"A-9", "A-9"}, simdevice.Refused},
		{"refusal without a Chal", simdevice.MD5, []string{says("401", "")}, plain, []string{"A-8"}, simdevice.Refused},
		{"407 to credentials", simdevice.MD5, []string{says("407", chal("md5", nonce1)), accepted}, plain, []string{"A-8"}, simdevice.Completed},
		{"refusal with commands", simdevice.MD5, []string{refusal, accepted}, func(g *guard) { g.script = []string{exec(1, reboot)} }, []string{"A-10"}, simdevice.Completed},
		{"later refusal with commands", simdevice.MD5, []string{refusal, says("401", "")}, func(g *guard) { g.script = []string{"", exec(1, reboot)} }, []string{"A-10"}, simdevice.Refused},
		{"challenge without an end", simdevice.MD5, []string{refusal, says("401", chal("md5", nonce2))}, plain, []string{"A-18"}, simdevice.Refused},
		{"later refusal of a message without credentials", simdevice.MD5, []string{says("212", ""), says("401", "")}, func(g *guard) { g.script = []string{get(1, ".")} }, nil, simdevice.Refused},
		{"short nonce", simdevice.MD5, []string{refusal, says("212", chal("md5", "short"))}, plain, []string{"A-34"}, simdevice.Completed},
		{"the nonce that was used", simdevice.MD5, []string{refusal, says("212", chal("md5", nonce1))}, plain, []string{"A-34"}, simdevice.Completed},
		{"another scheme in the session", simdevice.MD5, []string{refusal, says("212", chal("MAC", nonce2))}, plain, []string{"A-35"}, simdevice.Completed},

		{"none with MAC", simdevice.MAC, nil, plain, nil, simdevice.Completed},
		{"212 for a MAC", simdevice.MAC, []string{says("212", chal("MAC", nonce2))}, plain, []string{"A-27"}, simdevice.Completed},
		{"no nonce for the next MAC", simdevice.MAC, []string{says("200", "")}, plain, []string{"A-27"}, simdevice.Completed},
		{"md5 after a MAC", simdevice.MAC, []string{says("200", chal("md5", nonce2))}, plain, []string{"A-35"}, simdevice.Completed},
		{"answer without a MAC", simdevice.MAC, nil, func(g *guard) { g.beside = nil }, []string{"A-28"}, simdevice.Distrusted},
		{"later answer without a MAC", simdevice.MAC, nil, func(g *guard) {
			sign := g.beside
			g.beside = func(n int, answer []byte) http.Header {
				if n == 2 {
					return nil
				}
				return sign(n, answer)
			}
		}, []string{"A-28"}, simdevice.Distrusted},
		{"MAC of other octets", simdevice.MAC, nil, func(g *guard) {
			sign := g.beside
			g.beside = func(n int, answer []byte) http.Header {
				if n == 2 {
					answer = append(bytes.Clone(answer), ' ')
				}
				return sign(n, answer)
			}
		}, []string{"A-25"}, simdevice.Distrusted},
		{"MAC with the nonce before", simdevice.MAC, nil, func(g *guard) {
			g.beside = func(_ int, answer []byte) http.Header { return hmacOf(serverName, serverPass, serverNonce, answer) }
		}, []string{"A-25"}, simdevice.Distrusted},
		{"MAC of another name than the message", simdevice.MAC, nil, func(g *guard) {
			g.edit = func(n int, text string) string {
				return strings.ReplaceAll(g.rewrite(n, text), "<LocName>"+serverName, "<LocName>other")
			}
		}, []string{"A-32", "A-32", "A-24"}, simdevice.Distrusted},
		{"MAC of another name", simdevice.MAC, nil, func(g *guard) {
			sign := g.beside
			g.beside = func(n int, answer []byte) http.Header {
				h := sign(n, answer)
				h.Set("X-Syncml-Hmac", strings.Replace(h.Get("X-Syncml-Hmac"), serverName, "other", 1))
				return h
			}
		}, []string{"A-32", "A-32", "A-24"}, simdevice.Distrusted},
		{"Cred instead of a MAC", simdevice.MAC, nil, func(g *guard) {
			g.beside, g.creds = nil, []string{cred(serverCred)}
		}, []string{"A-28"}, simdevice.Distrusted},

		{"challenge is not answered", simdevice.MD5, []string{accepted}, func(g *guard) { g.script = []string{get(1, "."), get(1, ".")} }, []string{"A-24"}, simdevice.Distrusted},
	} {
		t.Run(tt.name, func(t *testing.T) {
			next := []string{says("200", chal("MAC", nonce2)), says("200", chal("MAC", nonce3)), says("200", chal("MAC", "a fourth nonce ...."))}
			if tt.scheme == simdevice.MAC {
				tt.says = append(tt.says, next[len(tt.says):]...)
			}
			g := newGuard(t, tt.says)
			d := g.account(tt.scheme)
			if tt.scheme == simdevice.MAC || tt.name == "challenge is not answered" {
				g.signedBy(1, serverNonce)
				d = g.mutual(tt.scheme)
				g.script = []string{get(1, "."), get(1, ".")}
			}
			tt.change(g)
			d.SetNonces(simdevice.Nonces{Client: "a nonce before them", Server: serverNonce})
			report, err := d.Session(t.Context())
			require.NoError(t, err)
			assert.Equal(t, tt.want, rows(report), "%v", report.Violations)
			assert.Equal(t, tt.end, report.End)
			for _, v := range report.Violations {
				for _, secret := range []string{nonce1, b64(nonce1), password, serverCred} {
					assert.NotContains(t, v.Error(), secret)
				}
			}
		})
	}
}

// TestUsedNonces gives a device nonces that it has used before, in its last session and long ago.
func TestUsedNonces(t *testing.T) {
	g := newGuard(t, nil)
	d := g.account(simdevice.MD5)
	nonce := func(i int) string { return fmt.Sprintf("nonce %10d", i) }
	next := func(i int) simdevice.Report {
		g.says = []string{says("212", chal("md5", nonce(i)))}
		report, err := d.Session(t.Context())
		require.NoError(t, err)
		return report
	}
	d.SetNonces(simdevice.Nonces{Client: nonce(0)})
	const many = 1500
	for i := range many {
		require.Empty(t, next(i+1).Violations)
	}
	assert.Equal(t, []string{"A-34"}, rows(next(many-1)))
	d.SetNonces(simdevice.Nonces{Client: "another nonce .."})
	assert.Empty(t, rows(next(1)), "no more than so many are remembered")
}

// TestMACIsNeededAlsoAfter212 has a server that accepts a MAC as if it were good for the session.
func TestMACIsNeededAlsoAfter212(t *testing.T) {
	g := newGuard(t, []string{says("212", chal("MAC", nonce2)), says("200", chal("MAC", nonce3))}, get(1, "."))
	g.signedBy(1, serverNonce)
	d := g.account(simdevice.MAC)
	d.SetNonces(simdevice.Nonces{Client: nonce1})
	report, err := d.Session(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []string{"A-27"}, rows(report))
	assert.NotEmpty(t, g.headers[1].Get("X-Syncml-Hmac"))
}

// TestServerThatProvesHalfAnObject has a server that does not sign the second part of an object.
func TestServerThatProvesHalfAnObject(t *testing.T) {
	g := newGuard(t, []string{says("200", chal("MAC", nonce2)), says("200", chal("MAC", nonce3))},
		chunk("Replace", 1, note, 4, "qz", true), chunk("Replace", 1, note, 0, "zq", false))
	g.signedBy(1, serverNonce)
	sign := g.beside
	g.beside = func(n int, answer []byte) http.Header {
		if n == 2 {
			return nil
		}
		return sign(n, answer)
	}
	d := g.mutual(simdevice.MAC)
	d.Profile = simdevice.Generic12
	d.SetNonces(simdevice.Nonces{Client: nonce1, Server: serverNonce})
	report, err := d.Session(t.Context())
	require.NoError(t, err)
	assert.Equal(t, simdevice.Distrusted, report.End)
	assert.NotContains(t, d.Nodes().Value(note), "q")
	require.Len(t, g.heard, 3)
	assert.Equal(t, []string{"Status 2/0 SyncHdr 401 " + deviceID + " " + serverURL, "Status 2/1 Replace 401", "Final"}, lines(g.heard[2]))
}

func TestSessionIsBrokenWhenItsLastMessageIsLost(t *testing.T) {
	g := newGuard(t, []string{accepted}, exec(1, reboot), exec(1, reboot))
	d := g.mutual(simdevice.MD5)
	d.SetNonces(simdevice.Nonces{Client: nonce1, Server: serverNonce})
	d.Fault = simdevice.LoseRequest.Times(3, 1<<30)
	report, err := d.Session(t.Context())
	assert.Error(t, err)
	assert.Equal(t, simdevice.Broken, report.End)
}

// TestServerThatProvesNothing has the last message of the device refuse everything without a challenge.
func TestServerThatProvesNothing(t *testing.T) {
	g := newGuard(t, []string{accepted}, exec(1, reboot), exec(1, reboot))
	d := g.mutual(simdevice.MD5)
	d.SetNonces(simdevice.Nonces{Client: nonce1, Server: serverNonce})
	report, err := d.Session(t.Context())
	require.NoError(t, err)
	assert.Equal(t, simdevice.Distrusted, report.End)
	assert.ErrorContains(t, report.Err(), "did not prove itself")
	require.Len(t, g.heard, 3)
	assert.Equal(t, []string{"Status 2/0 SyncHdr 401", "Status 2/1 Exec 401", "Final"}, lines(g.heard[2]))
	assert.NotNil(t, status(g.heard[1]).Chal)
	assert.Nil(t, status(g.heard[2]).Chal)
	assert.Zero(t, d.Execution("Exec", reboot, "").Executed)
	assert.Equal(t, nonce1, d.Nonces().Client)
}

func TestServerProvesEachMessage(t *testing.T) {
	for _, proves := range []bool{true, false} {
		g := newGuard(t, []string{accepted}, exec(1, reboot), get(1, "."))
		g.creds = []string{cred(serverCred), "", ""}
		g.edit = func(n int, text string) string {
			if given := g.given(); proves && given != "" {
				g.creds[n-1] = cred(h(h(serverName, serverPass), given))
			}
			return g.rewrite(n, text)
		}
		d := g.mutual(simdevice.MD5)
		d.Account.EachMessage = true
		d.SetNonces(simdevice.Nonces{Client: nonce1, Server: serverNonce})
		report, err := d.Session(t.Context())
		require.NoError(t, err)
		assert.Equal(t, "Status 1/0 SyncHdr 200", lines(g.heard[1])[0])
		want := []string{"A-20"}
		if proves {
			want = nil
		}
		assert.Equal(t, want, rows(report))
		assert.Equal(t, proves, report.End == simdevice.Completed)
	}
}

// TestServerIsChallengedWhileThePackageOfTheDeviceIsOpen has a server that asks for the rest of package 1 first.
func TestServerIsChallengedWhileThePackageOfTheDeviceIsOpen(t *testing.T) {
	g := newGuard(t, []string{accepted}, set(1, note, "new"))
	g.edit = func(n int, text string) string {
		if given := g.given(); n == 2 && given != "" {
			g.creds = []string{"", cred(h(h(serverName, serverPass), given))}
		}
		return g.rewrite(n, text)
	}
	d := g.mutual(simdevice.MD5)
	d.Profile, d.ChunkSize = simdevice.Generic12, 6
	d.SetNonces(simdevice.Nonces{Client: nonce1})
	d.Notify(generalAlert("./Data", "0123456789"))
	talk(t, d)
	assert.Equal(t, "407", status(g.heard[1]).Data.Value)
	assert.Contains(t, lines(g.heard[1]), "Status 1/1 Alert 200")
	assert.Equal(t, "new", d.Nodes().Value(note))
}

func TestRepeatedMessageHasTheSameMAC(t *testing.T) {
	for _, other := range []bool{false, true} {
		for _, fault := range []simdevice.Fault{simdevice.LoseReply, simdevice.CutReply, simdevice.Repeat} {
			g := newGuard(t, []string{says("200", chal("MAC", nonce2)), says("200", chal("MAC", nonce3))}, exec(1, reboot))
			g.signedBy(1, serverNonce)
			sign := g.beside
			g.beside = func(n int, answer []byte) http.Header {
				h := sign(n, answer)
				if other && g.posts == 2 {
					h["X-Syncml-Hmac"][0] += " "
				}
				return h
			}
			d := g.mutual(simdevice.MAC)
			d.SetNonces(simdevice.Nonces{Client: nonce1, Server: serverNonce})
			d.Fault = fault.At(1)
			report, err := d.Session(t.Context())
			require.NoError(t, err)
			assert.Equal(t, g.headers[0], g.headers[1])
			assert.NotEqual(t, g.headers[1], g.headers[2])
			assert.Equal(t, other, len(report.Violations) > 0, "%v %v", fault, report.Violations)
			assert.Equal(t, 1, d.Execution("Exec", reboot, "").Executed)
		}
	}
}

func TestHeadersNeedATransportForThem(t *testing.T) {
	s := &server{t: t}
	d := device(s)
	d.Account = simdevice.Account{Scheme: simdevice.MAC, Name: user, Password: password}
	d.SetNonces(simdevice.Nonces{Client: nonce1})
	_, err := d.Session(t.Context())
	assert.ErrorContains(t, err, "HeaderTransport")
	assert.Zero(t, s.posts)
}

func TestSignThatFails(t *testing.T) {
	d := device(&server{t: t})
	d.Sign = func([]byte) (http.Header, error) { return nil, errDown }
	report, err := d.Session(t.Context())
	assert.ErrorIs(t, err, errDown)
	assert.Equal(t, simdevice.Broken, report.End)
}

type dry struct{}

func (dry) Read([]byte) (int, error) { return 0, errors.New("dry") }

func TestRandomness(t *testing.T) {
	g := newGuard(t, []string{accepted}, exec(1, reboot))
	g.creds = []string{cred(serverCred)}
	d := g.mutual(simdevice.MD5)
	d.Account.Rand = strings.NewReader("0123456789abcdef")
	d.SetNonces(simdevice.Nonces{Client: nonce1, Server: serverNonce})
	talk(t, d)
	assert.Equal(t, "0123456789abcdef", d.Nonces().Server)

	d.Account.Rand = dry{}
	d.SetNonces(simdevice.Nonces{Client: "another nonce ...", Server: serverNonce})
	report, err := d.Session(t.Context())
	assert.ErrorContains(t, err, "dry")
	assert.Equal(t, simdevice.Broken, report.End)
}

func TestNothingShowsASecret(t *testing.T) {
	g := newGuard(t, []string{accepted})
	d := g.mutual(simdevice.MD5)
	d.SetNonces(simdevice.Nonces{Client: "client nonce 1234", Server: "server nonce 1234"})
	for _, v := range []any{d.Account, &d.Account, d.Nonces(), d} {
		text := fmt.Sprintf("%v %+v %#v", v, v, v)
		for _, secret := range []string{password, serverPass, "client nonce", "server nonce"} {
			assert.NotContains(t, text, secret)
		}
	}
	assert.Contains(t, fmt.Sprint(d.Account), "syncml:auth-md5")
	assert.Equal(t, "no scheme Scheme(9)", fmt.Sprint(simdevice.NoScheme, " ", simdevice.Scheme(9)))
}
