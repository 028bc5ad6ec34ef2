package session_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"net/http"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
)

// signature adds a signature over the body that is sent to a request.
func signature(t *testing.T, header, body string, a *authority, name string) func(*http.Request) {
	t.Helper()
	cert, key := a.issue(t, name)
	return with(header, base64.StdEncoding.EncodeToString(newSignature(t, []byte(body), time.Now(), cert, key).encode(t)))
}

var trustRows = map[string]func(*testing.T){
	"W-27_headers_of_windows": func(t *testing.T) {
		var seen *session.Inbound
		h := newHouse(t, func(c *session.Config) {
			c.Authenticator = session.BearerToken{Verify: func(_ context.Context, token string) (omadm.DeviceID, error) {
				if token != "entra.token" {
					return "", session.ErrUnauthenticated
				}
				return deviceID, nil
			}}
			c.Director = func(_ context.Context, turn *session.Turn) ([]omadm.Request, error) {
				seen = turn.Inbound()
				return nil, nil
			}
		})
		body := msg("1", "1", pkg1)
		assert.Equal(t, http.StatusForbidden, h.do(body).Code, "no token")
		assert.Empty(t, h.record().Sessions)
		w := h.exchange(body, func(r *http.Request) {
			r.Header.Set("Authorization", "Bearer entra.token")
			r.Header.Set("client-request-id", "0f2d3c4b")
			r.Header.Set("MS-CV", "Ab3d+fgh.0")
			r.Header.Set("DeviceToken", "device.token")
			r.Header.Set("MDM-GenericAlert", "<com.microsoft:mdm.a><com.microsoft:mdm.b>")
			r.Header.Set("UserAgentOrigin", "3,4")
		})
		assert.Equal(t, http.StatusOK, w.Code)
		require.NotNil(t, seen)
		assert.Equal(t, session.OriginPush, seen.Origin())
		assert.Equal(t, "0f2d3c4b", seen.Headers.Get("Client-Request-Id"))
	},
	"W-28_signed_messages": func(t *testing.T) {
		ours, theirs := newAuthority(t), newAuthority(t)
		body := msg("1", "1", pkg1)
		for name, test := range map[string]struct {
			sent   string
			change func(*http.Request)
			want   int
		}{
			"ms_signature":         {body, signature(t, "MS-Signature", body, ours, "pc-1"), http.StatusOK},
			"mdm_signature":        {body, signature(t, "MDM-Signature", body, ours, "pc-1"), http.StatusOK},
			"none":                 {body, func(*http.Request) {}, http.StatusForbidden},
			"over_another_message": {body, signature(t, "MS-Signature", msg("2", "1", pkg1), ours, "pc-1"), http.StatusForbidden},
			"changed_on_the_way":   {body + "\n", signature(t, "MS-Signature", body, ours, "pc-1"), http.StatusForbidden},
			"of_another_device":    {body, signature(t, "MS-Signature", body, ours, "pc-1x"), http.StatusForbidden},
			"of_a_stranger":        {body, signature(t, "MS-Signature", body, theirs, "pc-1"), http.StatusForbidden},
		} {
			t.Run(name, func(t *testing.T) {
				h := newHouse(t, func(c *session.Config) {
					c.Authenticator = session.SignedMessage{Device: byName, Roots: ours.pool()}
				})
				before := h.record()
				w := h.exchange(test.sent, test.change)
				assert.Equal(t, test.want, w.Code)
				if test.want != http.StatusOK {
					assert.Empty(t, w.Body.Bytes())
					assert.Equal(t, before, h.record(), "nothing is written")
				}
			})
		}
		t.Run("each_message_of_a_session", func(t *testing.T) {
			h := newHouse(t, func(c *session.Config) {
				c.Authenticator = session.SignedMessage{Device: byName, Roots: ours.pool()}
			})
			h.enqueue("a", get("./A"))
			require.Equal(t, http.StatusOK, h.exchange(body, signature(t, "MS-Signature", body, ours, "pc-1")).Code)
			next := msg("1", "2", okHdr("1")+status(2, "1", "4", "Get", 200)+final)
			assert.Equal(t, http.StatusForbidden, h.do(next).Code)
			assert.Equal(t, http.StatusForbidden, h.exchange(next, signature(t, "MS-Signature", body, ours, "pc-1")).Code)
			assert.Empty(t, h.outcomes())
			assert.Equal(t, http.StatusOK, h.exchange(next, signature(t, "MS-Signature", next, ours, "pc-1")).Code)
			assert.Equal(t, omadm.Done, h.outcomes()["a"].Kind)
		})
	},
	"W-39_behind_a_proxy_that_opens_tls": func(t *testing.T) {
		ours, proxies := newAuthority(t), newAuthority(t)
		proxy, _ := proxies.issue(t, "proxy")
		cert, _ := ours.issue(t, "pc-1")
		body := msg("1", "1", pkg1)
		forwarded := ":" + base64.StdEncoding.EncodeToString(cert.Raw) + ":"
		byTLS := session.ClientCertificate{Roots: pool(ours, proxies), Device: func(ctx context.Context, c *x509.Certificate) (omadm.DeviceID, error) {
			if bytes.Equal(c.Raw, proxy.Raw) {
				return "", session.ErrNoCredentials // says nothing about the device
			}
			return byName(ctx, c)
		}}
		bySignature := session.SignedMessage{Device: byName, Roots: ours.pool()}
		byHeader := session.ForwardedCertificate{Device: byName, Roots: ours.pool(), Proxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}
		forward := func(remote string) func(*http.Request) {
			return func(r *http.Request) {
				r.RemoteAddr = remote
				r.Header.Set("Client-Cert", forwarded)
			}
		}
		plain := func(*http.Request) {}
		for name, test := range map[string]struct {
			auth   session.Authenticator
			tls    *x509.Certificate
			change func(*http.Request)
			want   int
		}{
			"certificate_of_the_proxy_is_not_the_device":     {session.ClientCertificate{Device: byName, Roots: proxies.pool()}, proxy, plain, http.StatusForbidden},
			"devinfo_alone_is_nothing":                       {session.Any(byTLS, bySignature, byHeader), proxy, plain, http.StatusForbidden},
			"signature_tells":                                {session.Any(byTLS, bySignature, byHeader), proxy, signature(t, "MS-Signature", body, ours, "pc-1"), http.StatusOK},
			"header_of_the_proxy_tells":                      {session.Any(byTLS, bySignature, byHeader), proxy, forward("10.0.0.1:1"), http.StatusOK},
			"header_of_anybody_else_does_not":                {session.Any(byTLS, bySignature, byHeader), proxy, forward("192.0.2.1:1"), http.StatusForbidden},
			"wrong_signature_is_not_mended_by_the_header":    {session.Any(byTLS, bySignature, byHeader), proxy, inTurn(signature(t, "MS-Signature", "x", ours, "pc-1"), forward("10.0.0.1:1")), http.StatusForbidden},
			"connection_of_the_device_itself":                {session.Any(byTLS, bySignature, byHeader), cert, plain, http.StatusOK},
			"signature_counts_only_when_configured":          {session.Any(byTLS, byHeader), proxy, signature(t, "MS-Signature", body, ours, "pc-1"), http.StatusForbidden},
			"forwarded_header_counts_only_when_configured":   {session.Any(byTLS, bySignature), proxy, forward("10.0.0.1:1"), http.StatusForbidden},
			"certificate_of_the_proxy_is_refused_by_default": {session.Any(session.ClientCertificate{Device: byName, Roots: proxies.pool()}, byHeader), proxy, forward("10.0.0.1:1"), http.StatusForbidden},
		} {
			t.Run(name, func(t *testing.T) {
				h := newHouse(t, func(c *session.Config) { c.Authenticator = test.auth })
				before := h.record()
				w := h.exchange(body, func(r *http.Request) {
					r.TLS = &tls.ConnectionState{PeerCertificates: []*x509.Certificate{test.tls}}
					test.change(r)
				})
				assert.Equal(t, test.want, w.Code)
				if test.want != http.StatusOK {
					assert.Equal(t, before, h.record())
				}
			})
		}
	},
}

func inTurn(a, b func(*http.Request)) func(*http.Request) {
	return func(r *http.Request) {
		a(r)
		b(r)
	}
}

func pool(list ...*authority) *x509.CertPool {
	p := x509.NewCertPool()
	for _, a := range list {
		p.AddCert(a.cert)
	}
	return p
}
