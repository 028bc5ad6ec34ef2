package simdevice_test

import (
	"context"
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"maps"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gomadm/gomadm/session/simdevice"
	"github.com/gomadm/gomadm/syncml/wbxml"
)

// What the device and the server of these tests know of each other, with the digests that belong to it.
const (
	user, password         = "dev-7", "s3cret!"
	serverName, serverPass = "dm.example.test", "srv-secret"

	nonce1      = "\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f"
	digest1     = "+EfMeWAg23a/EGFx92HXNw=="
	basicCred   = "ZGV2LTc6czNjcmV0IQ=="
	serverNonce = "\x20\x21\x22\x23\x24\x25\x26\x27\x28\x29\x2a\x2b\x2c\x2d\x2e\x2f"
	serverCred  = "lFyZo6Zo+iLeTGhifaFQuw=="

	nonce2 = "the second nonce"
	nonce3 = "the third nonce."
)

// guard is a scripted server that also sees and sends headers, and that says of the header of the n-th message what
// says[n-1] tells.
type guard struct {
	*server
	says    []string // content of the Status for the header of message n behind Cmd; empty or beyond: 200
	creds   []string // Cred of message n
	beside  func(n int, answer []byte) http.Header
	headers []http.Header
}

// newGuard returns a guard that follows script from its second message on when the first refuses that of the device.
func newGuard(t *testing.T, says []string, script ...string) *guard {
	g := &guard{server: &server{t: t, script: script}, says: says}
	g.edit = g.rewrite
	return g
}

func (g *guard) rewrite(n int, text string) string {
	if n <= len(g.says) && g.says[n-1] != "" {
		text = strings.Replace(text, "<Cmd>SyncHdr</Cmd><Data>200</Data>", "<Cmd>SyncHdr</Cmd>"+g.says[n-1], 1)
	}
	if n <= len(g.creds) && g.creds[n-1] != "" {
		text = strings.Replace(text, "</Source>", "</Source>"+g.creds[n-1], 1)
	}
	return strings.Replace(text, "</LocURI></Source>", "</LocURI><LocName>"+serverName+"</LocName></Source>", 1)
}

func (g *guard) PostHeader(ctx context.Context, url string, header http.Header, body []byte) (http.Header, []byte, error) {
	g.headers = append(g.headers, header)
	kind, answer, err := g.Post(ctx, url, header.Get("Content-Type"), body)
	h := http.Header{"Content-Type": {kind}}
	if g.beside != nil {
		maps.Copy(h, g.beside(g.n, answer))
	}
	return h, answer, err
}

// account returns a device with an account of a scheme.
func (g *guard) account(s simdevice.Scheme) *simdevice.Device {
	d := device(g.server)
	d.Transport, d.Account = g, simdevice.Account{Scheme: s, Name: user, Password: password}
	return d
}

// mutual returns a device to which the server has to prove itself, too.
func (g *guard) mutual(s simdevice.Scheme) *simdevice.Device {
	d := g.account(s)
	d.Account.ServerName, d.Account.ServerPassword = serverName, serverPass
	return d
}

func b64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

// chal writes a Chal; no nonce leaves NextNonce out.
func chal(scheme, nonce string) string {
	next := ""
	if nonce != "" {
		next = `<NextNonce xmlns="syncml:metinf">` + b64(nonce) + `</NextNonce>`
	}
	return `<Chal><Meta><Format xmlns="syncml:metinf">b64</Format><Type xmlns="syncml:metinf">syncml:auth-` + scheme + `</Type>` + next + `</Meta></Chal>`
}

func says(code, chal string) string { return chal + "<Data>" + code + "</Data>" }

// cred writes the MD5 credentials of the server.
func cred(digest string) string {
	return `<Cred><Meta><Format xmlns="syncml:metinf">b64</Format><Type xmlns="syncml:metinf">syncml:auth-md5</Type></Meta><Data>` + digest + `</Data></Cred>`
}

// credOf returns the type and the data of the credentials of the device's n-th message.
func (g *guard) credOf(n int) []string {
	c := g.heard[n-1].Header.Cred
	if c == nil {
		return nil
	}
	assert.Equal(g.t, "b64", c.Meta.Format)
	return []string{c.Meta.Type, c.Data.Value}
}

// h is the hash of the specification, in base64, of texts with colons between.
func h(texts ...string) string {
	sum := md5.Sum([]byte(strings.Join(texts, ":")))
	return b64(string(sum[:]))
}

// hmacOf is the header with the MAC of a body.
func hmacOf(name, password, nonce string, body []byte) http.Header {
	return http.Header{"X-Syncml-Hmac": {`algorithm=MD5, username="` + name + `", mac=` + h(h(name, password), nonce, h(string(body)))}}
}

// signedBy makes a guard sign its messages from the n-th on with the nonce that the device gave last.
func (g *guard) signedBy(n int, nonce string) {
	g.beside = func(number int, answer []byte) http.Header {
		if given := g.given(); given != "" {
			nonce = given
		}
		if number < n {
			return nil
		}
		return hmacOf(serverName, serverPass, nonce, answer)
	}
}

// given returns the nonce that the device gave in its last message.
func (g *guard) given() string {
	st := status(g.heard[len(g.heard)-1])
	if st == nil || st.Chal == nil {
		return ""
	}
	nonce, err := base64.StdEncoding.DecodeString(st.Chal.Meta.NextNonce)
	require.NoError(g.t, err)
	require.Len(g.t, nonce, 16)
	require.Equal(g.t, "b64", st.Chal.Meta.Format)
	return string(nonce)
}

var accepted = says("212", chal("md5", nonce2))

var proofRows = map[string]func(*testing.T){
	"A-1_schemes_without_regard_to_case": func(t *testing.T) {
		g := newGuard(t, []string{says("407", strings.Replace(chal("md5", nonce1), "auth-md5", "AUTH-Md5", 1)), accepted})
		talk(t, g.account(simdevice.MD5))
		assert.Equal(t, []string{"syncml:auth-md5", digest1}, g.credOf(2))
	},
	"A-2_basic": func(t *testing.T) {
		g := newGuard(t, []string{says("212", "")}, get(1, "."))
		talk(t, g.account(simdevice.Basic))
		assert.Equal(t, []string{"syncml:auth-basic", basicCred}, g.credOf(1))
		assert.Nil(t, g.credOf(2))
	},
	"A-3_md5_over_the_nonce_kept": func(t *testing.T) {
		for _, binary := range []bool{false, true} {
			g := newGuard(t, []string{accepted})
			g.binary = binary
			d := g.account(simdevice.MD5)
			d.SetNonces(simdevice.Nonces{Client: nonce1})
			talk(t, d)
			assert.Equal(t, []string{"syncml:auth-md5", digest1}, g.credOf(1))
			assert.Equal(t, user, g.heard[0].Header.Source.Name)
		}
	},
	"A-4_nonce_enters_as_octets": func(t *testing.T) {
		g := newGuard(t, []string{says("407", chal("md5", nonce1)), accepted})
		talk(t, g.account(simdevice.MD5))
		assert.Equal(t, []string{"syncml:auth-md5", digest1}, g.credOf(2))
	},
	"A-11_next_message_of_the_session_answers_the_challenge": func(t *testing.T) {
		g := newGuard(t, []string{says("407", chal("md5", nonce1)), accepted})
		report := talk(t, g.account(simdevice.MD5))
		require.Len(t, g.heard, 2)
		assert.Equal(t, []string{"1", "2"}, []string{g.heard[1].Header.SessionID, g.heard[1].Header.MsgID})
		assert.Equal(t, header, lines(g.heard[1])[0])
		assert.Equal(t, simdevice.Completed, report.End)
	},
	"A-12_accepted_for_the_session": func(t *testing.T) {
		g := newGuard(t, []string{says("407", chal("md5", nonce1)), accepted}, "", get(1, "."))
		talk(t, g.account(simdevice.MD5))
		require.Len(t, g.heard, 3)
		assert.Nil(t, g.credOf(1))
		assert.NotNil(t, g.credOf(2))
		assert.Nil(t, g.credOf(3))
	},
	"A-13_package_1_is_repeated_whole": func(t *testing.T) {
		g := newGuard(t, []string{says("407", chal("md5", nonce1)), accepted})
		d := g.account(simdevice.MD5)
		d.Notify(generalAlert("./Data", "x"))
		talk(t, d)
		drop := func(list []string) (out []string) { // CmdIDs move by the Status
			for _, l := range list {
				if f := strings.Fields(l); f[0] == "Alert" || f[0] == "Replace" {
					l = strings.Join(append(f[:1], f[2:]...), " ")
				}
				out = append(out, l)
			}
			return out
		}
		assert.Equal(t, drop(lines(g.heard[0])), drop(lines(g.heard[1])[1:]))
		g.says = []string{says("212", chal("md5", nonce3))}
		talk(t, d)
		assert.NotContains(t, strings.Join(lines(g.heard[2]), " "), "1226", "the alert was taken")
	},
	"A-13_also_when_it_takes_several_messages": func(t *testing.T) {
		g := newGuard(t, []string{says("407", chal("md5", nonce1)), accepted})
		d := g.account(simdevice.MD5)
		d.Profile, d.ChunkSize = simdevice.Generic12, 4
		d.Notify(generalAlert("./Data", "0123456789"))
		g.edit = func(n int, text string) string {
			if n == 1 { // a refusal has no 1222 and closes the package
				text = strings.Replace(text, alert(1, 1222), "<Final/>", 1)
			}
			return g.rewrite(n, text)
		}
		talk(t, d)
		value, parts := g.object("Alert", "")
		assert.Contains(t, value, "0123"+"0123456789")
		assert.Greater(t, parts, 3)
	},
	"A-14_nonce_for_the_next_session": func(t *testing.T) {
		g := newGuard(t, []string{says("407", chal("md5", nonce1)), accepted})
		d := g.account(simdevice.MD5)
		talk(t, d)
		assert.Equal(t, nonce2, d.Nonces().Client)
		g.says = []string{says("212", chal("md5", nonce3))}
		talk(t, d)
		assert.Equal(t, []string{"syncml:auth-md5", h(h(user, password), nonce2)}, g.credOf(3))
		d.Account.Wait = true
		g.says = []string{says("407", chal("md5", nonce1[1:]+"x")), says("212", "")}
		talk(t, d)
		assert.Nil(t, g.credOf(4))
		assert.NotNil(t, g.credOf(5))
	},
	"A-15_accepted_for_the_message": func(t *testing.T) {
		g := newGuard(t, []string{says("200", ""), says("200", chal("md5", nonce2)), says("200", "")}, get(1, "."), get(1, "."))
		d := g.account(simdevice.MD5)
		d.SetNonces(simdevice.Nonces{Client: nonce1})
		talk(t, d)
		assert.Equal(t, []string{"syncml:auth-md5", digest1}, g.credOf(1))
		assert.Equal(t, []string{"syncml:auth-md5", digest1}, g.credOf(2), "no other nonce was given")
		assert.Equal(t, []string{"syncml:auth-md5", h(h(user, password), nonce2)}, g.credOf(3))
	},
	"A-16_stale_nonce": func(t *testing.T) {
		g := newGuard(t, []string{says("401", chal("md5", nonce1)), accepted})
		d := g.account(simdevice.MD5)
		d.SetNonces(simdevice.Nonces{Client: "stale"})
		talk(t, d)
		assert.Equal(t, []string{"syncml:auth-md5", digest1}, g.credOf(2))
	},
	"A-18_second_refusal_ends_the_session": func(t *testing.T) {
		g := newGuard(t, []string{says("401", chal("md5", nonce1)), says("401", "")})
		d := g.account(simdevice.MD5)
		d.SetNonces(simdevice.Nonces{Client: "stale"})
		report, err := d.Session(t.Context())
		require.NoError(t, err)
		assert.Equal(t, simdevice.Refused, report.End)
		assert.Empty(t, report.Violations)
		assert.Equal(t, 2, g.posts)
		assert.Equal(t, "stale", d.Nonces().Client)
	},
	"A-20_server_proves_itself": func(t *testing.T) {
		g := newGuard(t, []string{accepted}, exec(1, reboot), get(1, "."))
		g.creds = []string{cred(serverCred)}
		d := g.mutual(simdevice.MD5)
		d.SetNonces(simdevice.Nonces{Client: nonce1, Server: serverNonce})
		talk(t, d)
		assert.Equal(t, []string{"Status 1/0 SyncHdr 212", "Status 1/1 Exec 200", "Final"}, lines(g.heard[1]))
		assert.Equal(t, "Status 2/0 SyncHdr 200", lines(g.heard[2])[0], "no more credentials are needed")
	},
	"A-20_server_of_a_device_without_a_scheme": func(t *testing.T) {
		g := newGuard(t, nil, exec(1, reboot))
		g.creds = []string{cred(serverCred)}
		d := g.mutual(simdevice.NoScheme)
		d.SetNonces(simdevice.Nonces{Server: serverNonce})
		talk(t, d)
		assert.Equal(t, "Status 1/0 SyncHdr 212", lines(g.heard[1])[0])
	},
	"A-22_a_nonce_beside_212": func(t *testing.T) {
		for _, keep := range []bool{false, true} {
			g := newGuard(t, []string{accepted}, exec(1, reboot))
			g.creds = []string{cred(serverCred)}
			d := g.mutual(simdevice.MD5)
			d.Account.KeepNonce = keep
			d.SetNonces(simdevice.Nonces{Client: nonce1, Server: serverNonce})
			talk(t, d)
			if keep {
				assert.Nil(t, status(g.heard[1]).Chal)
				assert.Equal(t, serverNonce, d.Nonces().Server)
				continue
			}
			assert.Equal(t, "syncml:auth-md5", status(g.heard[1]).Chal.Meta.Type)
			assert.Equal(t, d.Nonces().Server, g.given())
			assert.NotEqual(t, serverNonce, d.Nonces().Server)
		}
	},
	"A-24_nothing_is_executed_before_the_server_has_proven_itself": func(t *testing.T) {
		for name, tt := range map[string]struct {
			nonces simdevice.Nonces
			cred   string
			code   string
		}{
			"none":  {simdevice.Nonces{Client: nonce1, Server: serverNonce}, "", "407"},
			"stale": {simdevice.Nonces{Client: nonce1, Server: nonce3}, cred(serverCred), "401"},
			"early": {simdevice.Nonces{Client: nonce1}, cred(h(h(serverName, serverPass), "")), "401"},
			"type":  {simdevice.Nonces{Client: nonce1, Server: serverNonce}, strings.Replace(cred(serverCred), "md5", "MAC", 1), "401"},
		} {
			commands := exec(1, reboot) + group("Sequence", 2, get(3, "."), set(4, policy, "1"))
			g := newGuard(t, []string{accepted}, commands, commands, get(1, "."))
			g.creds = []string{tt.cred}
			g.edit = func(n int, text string) string {
				if n == 2 {
					g.creds = []string{"", cred(h(h(serverName, serverPass), g.given()))}
				}
				return g.rewrite(n, text)
			}
			d := g.mutual(simdevice.MD5)
			d.SetNonces(tt.nonces)
			var before int
			d.Trace = func(m simdevice.Traffic) {
				if m.From == simdevice.FromDevice && m.Number == 2 {
					before = d.Execution("Exec", reboot, "").Executed
				}
			}
			talk(t, d)
			assert.Zero(t, before, name)
			var want []string
			for _, l := range []string{"1/0 SyncHdr", "1/1 Exec", "1/2 Sequence", "1/3 Get", "1/4 Replace"} {
				want = append(want, "Status "+l+" "+tt.code)
			}
			got := lines(g.heard[1])
			got[3] = strings.TrimSuffix(got[3], " .")
			assert.Equal(t, append(want, "Final"), got, name)
			assert.Equal(t, "Status 2/0 SyncHdr 212", lines(g.heard[2])[0], name)
			e := d.Execution("Exec", reboot, "")
			assert.Equal(t, [2]int{1, 1}, [2]int{e.Executed, e.Refused}, name)
			assert.Equal(t, nonce2, d.Nonces().Client, name)
		}
	},
	"A-26_mac": func(t *testing.T) {
		for _, binary := range []bool{false, true} {
			g := newGuard(t, []string{says("200", chal("MAC", nonce2)), says("200", chal("MAC", nonce3))}, get(1, "."))
			g.binary = binary
			g.signedBy(1, "")
			d := g.account(simdevice.MAC)
			d.SetNonces(simdevice.Nonces{Client: nonce1})
			var bodies [][]byte
			d.Trace = func(m simdevice.Traffic) {
				if m.From == simdevice.FromDevice {
					bodies = append(bodies, m.Octets)
				}
			}
			talk(t, d)
			for i, nonce := range []string{nonce1, nonce2} {
				assert.Equal(t, hmacOf(user, password, nonce, bodies[i])["X-Syncml-Hmac"], g.headers[i]["X-Syncml-Hmac"])
				assert.Nil(t, g.credOf(i+1))
			}
			assert.Equal(t, nonce3, d.Nonces().Client)
		}
	},
	"A-26_formula_of_these_tests_is_that_of_the_vector": func(t *testing.T) {
		b, err := os.ReadFile("../../testdata/examples/12-valid-hmac-request.http")
		require.NoError(t, err)
		head, body, _ := strings.Cut(string(b), "\n\n")
		assert.Contains(t, head, hmacOf(user, password, nonce1, []byte(body)).Get("X-Syncml-Hmac"))
		assert.Equal(t, digest1, h(h(user, password), nonce1))
		assert.Equal(t, "000102030405060708090a0b0c0d0e0f", hex.EncodeToString([]byte(nonce1)))
	},
	"A-27_each_mac_has_another_nonce": func(t *testing.T) {
		g := newGuard(t, []string{says("407", chal("MAC", nonce1)), says("200", chal("MAC", nonce2)), says("200", chal("MAC", nonce3))}, "", exec(1, reboot))
		g.signedBy(2, serverNonce)
		d := g.mutual(simdevice.MAC)
		d.Account.KeepNonce = true // which MAC does not allow
		d.SetNonces(simdevice.Nonces{Server: serverNonce})
		talk(t, d)
		assert.Equal(t, "Status 2/0 SyncHdr 200", lines(g.heard[2])[0], "never 212")
		assert.Equal(t, "syncml:auth-MAC", status(g.heard[2]).Chal.Meta.Type)
		assert.Equal(t, d.Nonces().Server, g.given())
		assert.Equal(t, 1, d.Execution("Exec", reboot, "").Executed)
	},
	"A-28_server_without_a_nonce_is_challenged_with_mac": func(t *testing.T) {
		g := newGuard(t, []string{says("200", chal("MAC", nonce2)), says("200", chal("MAC", nonce3)), says("200", chal("MAC", "a fourth nonce ...."))}, exec(1, reboot), exec(1, reboot))
		g.signedBy(1, "")
		d := g.mutual(simdevice.MAC)
		d.SetNonces(simdevice.Nonces{Client: nonce1})
		talk(t, d)
		assert.Equal(t, []string{"Status 1/0 SyncHdr 401", "Status 1/1 Exec 401", "Final"}, lines(g.heard[1]))
		assert.Equal(t, "syncml:auth-MAC", status(g.heard[1]).Chal.Meta.Type)
		assert.Equal(t, 1, d.Execution("Exec", reboot, "").Executed)
	},
	"A-31_name_is_quoted": func(t *testing.T) {
		g := newGuard(t, []string{says("200", chal("MAC", nonce2))})
		g.signedBy(1, "")
		d := g.account(simdevice.MAC)
		d.Account.Name = `a "b", \c`
		d.SetNonces(simdevice.Nonces{Client: nonce1})
		talk(t, d)
		assert.Contains(t, g.headers[0].Get("x-syncml-hmac"), `username="a \"b\", \\c", mac=`)
	},
	"A-31_header_in_any_order": func(t *testing.T) {
		for _, tt := range []struct {
			change *strings.Replacer
			want   []string
		}{
			{strings.NewReplacer("algorithm=MD5, ", ""), nil},
			{strings.NewReplacer("algorithm=MD5, ", "", "mac=", `Algorithm = "md5" ,mac=`), nil},
			{strings.NewReplacer(`"`+serverName+`"`, `"dm\.example.test"`), nil},
			{strings.NewReplacer(`"`+serverName+`"`, serverName), nil},
			{strings.NewReplacer("algorithm=MD5", "algorithm=SHA-1"), []string{"A-31"}},
			{strings.NewReplacer("algorithm=MD5, ", "x=1, "), []string{"A-31"}},
			{strings.NewReplacer("algorithm=MD5, ", `username="a", `), []string{"A-31"}},
			{strings.NewReplacer(`"`+serverName+`"`, `"`+serverName), []string{"A-31"}},
			{strings.NewReplacer(`"`+serverName+`"`, `"`+serverName+`"x`), []string{"A-31"}},
			{strings.NewReplacer("mac=", ""), []string{"A-31"}},
		} {
			g := newGuard(t, []string{says("200", chal("MAC", nonce2)), says("200", chal("MAC", nonce3))}, exec(1, reboot))
			g.signedBy(1, serverNonce)
			sign := g.beside
			g.beside = func(n int, answer []byte) http.Header {
				h := sign(n, answer)
				if n == 1 {
					h.Set("X-Syncml-Hmac", tt.change.Replace(h.Get("X-Syncml-Hmac")))
				}
				return h
			}
			d := g.mutual(simdevice.MAC)
			d.SetNonces(simdevice.Nonces{Client: nonce1, Server: serverNonce})
			report, err := d.Session(t.Context())
			require.NoError(t, err)
			assert.Equal(t, tt.want, rows(report))
			want := 1
			if tt.want != nil {
				want = 0
			}
			assert.Equal(t, want, d.Execution("Exec", reboot, "").Executed)
		}
	},
	"A-35_weaker_scheme_is_not_answered": func(t *testing.T) {
		g := newGuard(t, []string{says("407", chal("basic", ""))})
		report, err := g.account(simdevice.MD5).Session(t.Context())
		require.NoError(t, err)
		assert.Equal(t, simdevice.Refused, report.End)
		assert.Equal(t, 1, g.posts)
	},
	"A-35_stronger_scheme_is_kept": func(t *testing.T) {
		g := newGuard(t, []string{says("401", chal("md5", nonce1)), accepted})
		d := g.account(simdevice.Basic)
		talk(t, d)
		g.says = []string{says("212", chal("md5", nonce3))}
		talk(t, d)
		assert.Equal(t, []string{"syncml:auth-md5", h(h(user, password), nonce2)}, g.credOf(3))
	},
	"A-37_server_without_commands_is_not_challenged": func(t *testing.T) {
		g := newGuard(t, []string{accepted})
		d := g.mutual(simdevice.MD5)
		d.SetNonces(simdevice.Nonces{Client: nonce1, Server: serverNonce})
		talk(t, d)
		assert.Equal(t, 1, g.posts)
	},
	"A-38_nonce_of_a_server_that_has_proven_nothing_is_not_kept": func(t *testing.T) {
		g := newGuard(t, []string{says("407", chal("md5", nonce3)), accepted})
		d := g.mutual(simdevice.MD5)
		d.Account.Wait = true
		d.SetNonces(simdevice.Nonces{Client: nonce1})
		talk(t, d)
		assert.Equal(t, nonce1, d.Nonces().Client)
		assert.Equal(t, []string{"syncml:auth-md5", h(h(user, password), nonce3)}, g.credOf(2))
	},
	"A-43_nonce_is_decoded_once": func(t *testing.T) {
		g := newGuard(t, []string{says("407", chal("md5", "V3lsR0FqQk1Gb289")), accepted})
		talk(t, g.account(simdevice.MD5))
		assert.Equal(t, []string{"syncml:auth-md5", h(h(user, password), "V3lsR0FqQk1Gb289")}, g.credOf(2))
	},
	"W-28_signature_is_over_the_octets": func(t *testing.T) {
		g := newGuard(t, nil, get(1, "."))
		d := device(g.server)
		d.Transport, d.Codec, g.binary = g, wbxml.Codec, true
		var signed []string
		d.Sign = func(body []byte) (http.Header, error) {
			signed = append(signed, string(body))
			return http.Header{"MS-Signature": {h(string(body))}}, nil
		}
		d.Fault = simdevice.LoseReply.At(2)
		var sent []string
		d.Trace = func(m simdevice.Traffic) {
			if m.From == simdevice.FromDevice && !m.Repeat {
				sent = append(sent, string(m.Octets))
			}
		}
		talk(t, d)
		assert.Equal(t, sent, signed, "once for each message")
		require.Len(t, g.headers, 3)
		assert.Equal(t, h(sent[1]), g.headers[1].Get("MS-Signature"))
		assert.Equal(t, g.headers[1], g.headers[2], "when it is repeated, too")
	},
}
