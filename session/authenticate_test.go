package session_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
	"github.com/gomadm/gomadm/syncml"
)

// authority issues certificates.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{}
	a.cert, a.key = a.issue(t, "authority")
	return a
}

// issue returns a certificate for a name; the first one of an authority is its own.
func (a *authority) issue(t *testing.T, name string, edit ...func(*x509.Certificate)) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	for _, e := range edit {
		e(tmpl)
	}
	parent, signer := a.cert, a.key
	if parent == nil {
		tmpl.IsCA, tmpl.BasicConstraintsValid, tmpl.ExtKeyUsage = true, true, nil
		parent, signer = tmpl, key
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, parent, &key.PublicKey, signer)
	require.NoError(t, err)
	cert, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return cert, key
}

func (a *authority) pool() *x509.CertPool {
	p := x509.NewCertPool()
	p.AddCert(a.cert)
	return p
}

// byName maps the common name "pc-1" to deviceID and no other, not even one that contains it.
func byName(_ context.Context, c *x509.Certificate) (omadm.DeviceID, error) {
	if c.Subject.CommonName != "pc-1" {
		return "", session.ErrUnauthenticated
	}
	return deviceID, nil
}

func TestClientCertificate(t *testing.T) {
	ours, theirs := newAuthority(t), newAuthority(t)
	for name, test := range map[string]struct {
		issuer *authority
		common string
		ask    tls.ClientAuthType
		roots  *x509.CertPool
		want   int
	}{
		"known":                      {ours, "pc-1", tls.VerifyClientCertIfGiven, nil, http.StatusOK},
		"name_that_contains_another": {ours, "pc-1x", tls.VerifyClientCertIfGiven, nil, http.StatusForbidden},
		"none":                       {nil, "", tls.VerifyClientCertIfGiven, nil, http.StatusForbidden},
		"not_verified_by_anybody":    {theirs, "pc-1", tls.RequestClientCert, nil, http.StatusForbidden},
		"verified_here":              {ours, "pc-1", tls.RequestClientCert, ours.pool(), http.StatusOK},
		"refused_here":               {theirs, "pc-1", tls.RequestClientCert, ours.pool(), http.StatusForbidden},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, func(c *session.Config) {
				c.Authenticator = session.ClientCertificate{Device: byName, Roots: test.roots}
			})
			srv := httptest.NewUnstartedServer(h.handler)
			srv.TLS = &tls.Config{ClientAuth: test.ask, ClientCAs: ours.pool()}
			srv.StartTLS()
			defer srv.Close()
			client := srv.Client()
			if test.issuer != nil {
				cert, key := test.issuer.issue(t, test.common)
				client.Transport.(*http.Transport).TLSClientConfig.Certificates = []tls.Certificate{{Certificate: [][]byte{cert.Raw}, PrivateKey: key}}
			}
			resp, err := client.Post(srv.URL, syncml.ContentTypeXML, strings.NewReader(msg("1", "1", pkg1)))
			require.NoError(t, err)
			require.NoError(t, resp.Body.Close())
			assert.Equal(t, test.want, resp.StatusCode)
			sessions := 0
			if test.want == http.StatusOK {
				sessions = 1
			}
			assert.Len(t, h.record().Sessions, sessions)
		})
	}
}

func TestForwardedCertificate(t *testing.T) {
	ours, theirs := newAuthority(t), newAuthority(t)
	cert, _ := ours.issue(t, "pc-1")
	foreign, _ := theirs.issue(t, "pc-1")
	other, _ := ours.issue(t, "pc-1x")
	armour := func(c *x509.Certificate) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}))
	}
	der := base64.StdEncoding.EncodeToString(cert.Raw)
	// nginx and Envoy escape all that is not a letter or a digit, others less.
	escaped, all := url.PathEscape(armour(cert)), strings.ReplaceAll(url.QueryEscape(armour(cert)), "+", "%20")
	spaced := strings.ReplaceAll(strings.TrimSpace(armour(cert)), "\n", " ")
	auth := session.ForwardedCertificate{Proxies: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("fd00::/8")}, Device: byName, Roots: ours.pool()}
	bad, none := session.ErrUnauthenticated, session.ErrNoCredentials
	for name, test := range map[string]struct {
		remote string
		values []string
		want   error // nil: accepted
	}{
		"rfc_9440":                 {"10.1.2.3:4", []string{":" + der + ":"}, nil},
		"base64":                   {"10.1.2.3:4", []string{der}, nil},
		"escaped_base64":           {"10.1.2.3:4", []string{url.QueryEscape(der)}, nil},
		"escaped_pem":              {"[fd00::1]:4", []string{escaped}, nil},
		"pem_escaped_whole":        {"10.1.2.3:4", []string{all}, nil},
		"pem_with_blanks":          {"10.1.2.3:4", []string{spaced}, nil},
		"envoy":                    {"10.1.2.3:4", []string{`Hash=ab12;Cert="` + all + `"`}, nil},
		"envoy_with_all_fields":    {"10.1.2.3:4", []string{`By=spiffe://a/b;Hash=ab12;Cert="` + all + `";Subject="CN=\"a;b\",O=\\";URI=;DNS=a.example`}, nil},
		"envoy_without_quotes":     {"10.1.2.3:4", []string{`hash=ab12;cert=` + all}, nil},
		"mapped_address":           {"[::ffff:10.1.2.3]:4", []string{der}, nil},
		"other_sender":             {"10.2.2.3:4", []string{der}, none},
		"no_address":               {"", []string{der}, none},
		"no_header":                {"10.1.2.3:4", nil, none},
		"empty":                    {"10.1.2.3:4", []string{""}, none},
		"null_of_apache":           {"10.1.2.3:4", []string{"(null)"}, none},
		"two_headers":              {"10.1.2.3:4", []string{der, der}, bad},
		"two_in_one":               {"10.1.2.3:4", []string{der + "," + der}, bad},
		"two_of_rfc_9440":          {"10.1.2.3:4", []string{":" + der + ":, :" + der + ":"}, bad},
		"two_of_pem":               {"10.1.2.3:4", []string{escaped + escaped}, bad},
		"two_of_envoy":             {"10.1.2.3:4", []string{`Hash=1;Cert="` + url.PathEscape(armour(other)) + `",Hash=2;Cert="` + all + `"`}, bad},
		"two_certs_of_envoy":       {"10.1.2.3:4", []string{`Cert="` + all + `";Cert="` + all + `"`}, bad},
		"envoy_without_cert":       {"10.1.2.3:4", []string{`By=a;Hash=ab12;Subject="Cert=` + all + `"`}, bad},
		"envoy_with_open_quotes":   {"10.1.2.3:4", []string{`Hash=ab12;Cert="` + all}, bad},
		"envoy_with_something":     {"10.1.2.3:4", []string{`Hash=ab12;Cert="` + all + `"x`}, bad},
		"envoy_with_empty_field":   {"10.1.2.3:4", []string{`Hash=ab12;;Cert="` + all + `"`}, bad},
		"damaged":                  {"10.1.2.3:4", []string{":" + der[:40] + ":"}, bad},
		"damaged_pem":              {"10.1.2.3:4", []string{"-----BEGIN%"}, bad},
		"pem_without_end":          {"10.1.2.3:4", []string{escaped[:len(escaped)-40]}, bad},
		"key_instead":              {"10.1.2.3:4", []string{strings.ReplaceAll(spaced, "CERTIFICATE", "PRIVATE KEY")}, bad},
		"of_another_authority":     {"10.1.2.3:4", []string{base64.StdEncoding.EncodeToString(foreign.Raw)}, bad},
		"of_a_name_that_is_longer": {"10.1.2.3:4", []string{base64.StdEncoding.EncodeToString(other.Raw)}, bad},
	} {
		t.Run(name, func(t *testing.T) {
			for _, header := range []string{"", "X-SSL-Cert", "x-forwarded-client-cert"} {
				auth.Header = header
				sent := "Client-Cert"
				if header != "" {
					sent = http.CanonicalHeaderKey(header)
				}
				in := inboundSigned(t, []byte(msg("1", "1", pkg1)))
				in.RemoteAddr, in.Headers[sent] = test.remote, test.values
				p, err := auth.Authenticate(t.Context(), in)
				h := newHouse(t, func(c *session.Config) { c.Authenticator = auth })
				w := h.exchange(msg("1", "1", pkg1), func(r *http.Request) { r.RemoteAddr, r.Header[sent] = test.remote, test.values })
				if test.want == nil {
					require.NoError(t, err)
					assert.Equal(t, session.Principal{Device: deviceID, Proven: true, Scheme: "forwarded-certificate"}, p)
					assert.Equal(t, http.StatusOK, w.Code)
					continue
				}
				assert.ErrorIs(t, err, test.want)
				assert.Equal(t, test.want == none, errors.Is(err, none))
				assert.Equal(t, http.StatusForbidden, w.Code)
			}
		})
	}
}

func FuzzForwardedCertificate(f *testing.F) {
	for _, s := range []string{":MIIB:", "-----BEGIN CERTIFICATE----- MIIB -----END CERTIFICATE-----", `By=a;Cert="%2D";Subject="\""`, "%", "Hash=;Cert="} {
		f.Add(s)
	}
	auth := session.ForwardedCertificate{Proxies: []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0")}, Device: nobody}
	in := inboundSigned(f, []byte(msg("1", "1", pkg1)))
	in.RemoteAddr = "10.0.0.1:1"
	f.Fuzz(func(t *testing.T, value string) {
		in.Headers["Client-Cert"] = []string{value}
		if _, err := auth.Authenticate(t.Context(), in); err == nil {
			t.Fatal("nobody is let in")
		}
	})
}

func TestCertificatesAreComparedWhole(t *testing.T) {
	ours, theirs := newAuthority(t), newAuthority(t)
	cert, _ := ours.issue(t, "pc-1")
	another, _ := ours.issue(t, "pc-1")
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	sum := sha256.Sum256(cert.Raw)
	thumbprint := hex.EncodeToString(sum[:])
	for name, device := range map[string]func(context.Context, *x509.Certificate) (omadm.DeviceID, error){
		"by_thumbprint": session.ByThumbprint(func(_ context.Context, got string) (omadm.DeviceID, error) {
			if got != thumbprint {
				return "", session.ErrUnauthenticated
			}
			return deviceID, nil
		}),
		"by_serial": session.BySerial(func(_ context.Context, issuer, serial string) (omadm.DeviceID, error) {
			if issuer != "CN=authority" || serial != cert.SerialNumber.Text(16) {
				return "", session.ErrUnauthenticated
			}
			return deviceID, nil
		}),
		"of_nobody": func(context.Context, *x509.Certificate) (omadm.DeviceID, error) { return "", nil },
	} {
		t.Run(name, func(t *testing.T) {
			is := func(c *x509.Certificate) bool {
				in := inboundSigned(t, []byte(msg("1", "1", pkg1)))
				in.TLS = &tls.ConnectionState{PeerCertificates: []*x509.Certificate{c}}
				_, err := session.ClientCertificate{Device: device, Roots: pool(ours, theirs)}.Authenticate(t.Context(), in)
				return err == nil
			}
			assert.Equal(t, name != "of_nobody", is(cert))
			assert.False(t, is(another), "same name")
			assert.False(t, is(ours.issueFor(t, "pc-1", &key.PublicKey)), "same name and another serial number")
		})
	}
	t.Run("serial_number_of_another_issuer", func(t *testing.T) {
		var pairs []string
		device := session.BySerial(func(_ context.Context, issuer, serial string) (omadm.DeviceID, error) {
			pairs = append(pairs, issuer+" "+serial)
			return deviceID, nil
		})
		for _, c := range []*x509.Certificate{
			{Issuer: pkix.Name{CommonName: "a", Organization: []string{"b"}}, SerialNumber: big.NewInt(0x0ABC)},
			{Issuer: pkix.Name{CommonName: "a"}, SerialNumber: big.NewInt(0xABC)},
		} {
			_, err := device(t.Context(), c)
			require.NoError(t, err)
		}
		assert.Equal(t, []string{"CN=a,O=b abc", "CN=a abc"}, pairs)
	})
}

func TestInsecureTrustWarns(t *testing.T) {
	assert.Contains(t, newHouse(t).log.String(), "level=WARN msg=\"session: InsecureTrust")
}

// The operator is told why a sender is refused, in the log and by the hook. The sender is not.
func TestLogSaysWhyASenderIsRefused(t *testing.T) {
	ours, theirs := newAuthority(t), newAuthority(t)
	foreign, _ := theirs.issue(t, "pc-1")
	expired, _ := ours.issue(t, "pc-1", func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) })
	forServers, _ := ours.issue(t, "pc-1", func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} })
	loopback := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	of := func(c *x509.Certificate) string { return ":" + base64.StdEncoding.EncodeToString(c.Raw) + ":" }
	forwarded := session.ForwardedCertificate{Proxies: loopback, Device: byName, Roots: ours.pool()}
	elsewhere := forwarded
	elsewhere.Proxies = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
	tokens := session.BearerToken{Verify: func(context.Context, string) (omadm.DeviceID, error) {
		return "", fmt.Errorf("token has expired%s: %w", strings.Repeat("!", 1000), session.ErrUnauthenticated)
	}}
	for name, test := range map[string]struct {
		auth        session.Authenticator
		name, value string // of a header
		want        string
	}{
		"none":          {tokens, "X-Other", "x", `reason="sender is not authenticated: no credentials"`},
		"foreign":       {forwarded, "Client-Cert", of(foreign), `reason="sender is not authenticated: certificate is not trusted: its issuer is not among the roots"`},
		"expired":       {forwarded, "Client-Cert", of(expired), `certificate is not trusted: it has expired or is not valid yet"`},
		"for servers":   {forwarded, "Client-Cert", of(forServers), `certificate is not trusted: it is not for client authentication"`},
		"malformed":     {forwarded, "Client-Cert", "x", `reason="sender is not authenticated: not a certificate"`},
		"another proxy": {session.Any(elsewhere, tokens), "Client-Cert", of(foreign), `reason="sender is not authenticated: no credentials from a proxy that is believed"`},
		"application":   {tokens, "Authorization", "Bearer secret", `reason="token has expired!!!`},
		"signature":     {session.SignedMessage{Device: byName, Roots: ours.pool()}, "MS-Signature", "AAAA", `reason="sender is not authenticated: `},
	} {
		t.Run(name, func(t *testing.T) {
			var told error
			h := newHouse(t, func(c *session.Config) {
				c.Authenticator = test.auth
				c.Hooks.Refused = func(_ context.Context, _ int, err error) { told = err }
			})
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(msg("1", "1", pkg1)))
			r.RemoteAddr = "127.0.0.1:4"
			r.Header.Set("Content-Type", syncml.ContentTypeXML)
			r.Header.Set(test.name, test.value)
			w := httptest.NewRecorder()
			h.handler.ServeHTTP(w, r)
			assert.Equal(t, http.StatusForbidden, w.Code)
			assert.Zero(t, w.Body.Len())
			log := h.log.String()
			assert.Contains(t, log, test.want)
			assert.Less(t, len(log), 1000)
			assert.NotContains(t, log, "secret")
			assert.ErrorIs(t, told, session.ErrUnauthenticated)
		})
	}
}
