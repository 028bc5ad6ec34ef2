package session_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
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
func (a *authority) issue(t *testing.T, name string) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
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
	der := base64.StdEncoding.EncodeToString(cert.Raw)
	escaped := url.PathEscape(string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw})))
	auth := session.ForwardedCertificate{Proxies: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("fd00::/8")}, Device: byName, Roots: ours.pool()}
	for name, test := range map[string]struct {
		remote string
		values []string
		want   int
	}{
		"rfc_9440":             {"10.1.2.3:4", []string{":" + der + ":"}, http.StatusOK},
		"base64":               {"10.1.2.3:4", []string{der}, http.StatusOK},
		"escaped_pem":          {"[fd00::1]:4", []string{escaped}, http.StatusOK},
		"mapped_address":       {"[::ffff:10.1.2.3]:4", []string{der}, http.StatusOK},
		"other_sender":         {"10.2.2.3:4", []string{der}, http.StatusForbidden},
		"no_address":           {"", []string{der}, http.StatusForbidden},
		"no_header":            {"10.1.2.3:4", nil, http.StatusForbidden},
		"two_headers":          {"10.1.2.3:4", []string{der, der}, http.StatusForbidden},
		"damaged":              {"10.1.2.3:4", []string{":" + der[:40] + ":"}, http.StatusForbidden},
		"damaged_pem":          {"10.1.2.3:4", []string{"-----BEGIN%"}, http.StatusForbidden},
		"of_another_authority": {"10.1.2.3:4", []string{base64.StdEncoding.EncodeToString(foreign.Raw)}, http.StatusForbidden},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, func(c *session.Config) { c.Authenticator = auth })
			w := h.exchange(msg("1", "1", pkg1), func(r *http.Request) {
				r.RemoteAddr = test.remote
				r.Header["Client-Cert"] = test.values
			})
			assert.Equal(t, test.want, w.Code)
		})
	}
}

func TestInsecureTrustWarns(t *testing.T) {
	assert.Contains(t, newHouse(t).log.String(), "level=WARN msg=\"session: InsecureTrust")
}
