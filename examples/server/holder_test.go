package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log/slog"
	"math/big"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
	"github.com/gomadm/gomadm/session/memstore"
	"github.com/gomadm/gomadm/syncml"
)

// issuer signs certificates.
type issuer struct {
	t    *testing.T
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
}

func newIssuer(t *testing.T) issuer {
	t.Helper()
	is := issuer{t: t}
	is.cert, is.key = is.sign(&x509.Certificate{
		Subject: pkix.Name{CommonName: "Test CA"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	})
	return is
}

// sign completes and signs a certificate; the first one signs itself.
func (is issuer) sign(c *x509.Certificate) (*x509.Certificate, *ecdsa.PrivateKey) {
	is.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		is.t.Fatal(err)
	}
	c.SerialNumber, c.NotBefore, c.NotAfter = big.NewInt(1), time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	parent, signer := is.cert, is.key
	if parent == nil {
		parent, signer = c, key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, key.Public(), signer)
	if err != nil {
		is.t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		is.t.Fatal(err)
	}
	return cert, key
}

// device returns a client certificate with a name and URI SANs.
func (is issuer) device(name string, uris ...string) *tls.Certificate {
	is.t.Helper()
	c := &x509.Certificate{Subject: pkix.Name{CommonName: name}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
	for _, text := range uris {
		u, err := url.Parse(text)
		if err != nil {
			is.t.Fatal(err)
		}
		c.URIs = append(c.URIs, u)
	}
	cert, key := is.sign(c)
	return &tls.Certificate{Certificate: [][]byte{cert.Raw}, PrivateKey: key, Leaf: cert}
}

// file writes a PEM file and returns its name.
func (is issuer) file(name, kind string, der []byte) string {
	is.t.Helper()
	path := filepath.Join(is.t.TempDir(), name)
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		is.t.Fatal(err)
	}
	return path
}

// secureSite starts a server with TLS and returns its address, with its store.
func secureSite(t *testing.T, is issuer) (string, *memstore.Store) {
	t.Helper()
	cert, key := is.sign(&x509.Certificate{Subject: pkix.Name{CommonName: "server"}, DNSNames: []string{"localhost"}})
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	o, err := parse([]string{
		"-listen", "127.0.0.1:0", "-token", "t", "-client-ca", is.file("ca.pem", "CERTIFICATE", is.cert.Raw),
		"-cert", is.file("cert.pem", "CERTIFICATE", cert.Raw), "-key", is.file("key.pem", "EC PRIVATE KEY", der),
	}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	store := new(memstore.Store)
	svc, err := newService(o, database{store: store}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	doors, err := svc.listen()
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- svc.run(ctx, doors) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	_, port, _ := strings.Cut(doors.all.Addr().String(), ":")
	return "https://localhost:" + port, store
}

// TestClientCertificate lets devices with certificates of all kinds in, or not: the id has to be a whole field.
func TestClientCertificate(t *testing.T) {
	is, stranger := newIssuer(t), newIssuer(t)
	base, store := secureSite(t, is)
	for _, id := range []omadm.DeviceID{exampleDevice, "pc-7"} {
		if err := store.Register(context.Background(), session.Device{ID: id}); err != nil {
			t.Fatal(err)
		}
	}
	tests := []struct {
		name string
		cert *tls.Certificate
		want int // 0: the connection fails
	}{
		{"no certificate", nil, 403},
		{"CommonName", is.device(exampleDevice), 200},
		{"URI SAN", is.device("something else", exampleDevice), 200},
		{"both", is.device(exampleDevice, exampleDevice), 200},
		{"one of several URI SANs", is.device("", "urn:other", exampleDevice), 200},
		{"part of the CommonName", is.device(exampleDevice + " "), 403},
		{"prefix of the CommonName", is.device(exampleDevice[:20]), 403},
		{"unknown device", is.device("pc-8"), 403},
		{"two devices", is.device("pc-7", exampleDevice), 403},
		{"another issuer", stranger.device(exampleDevice), 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			config := &tls.Config{RootCAs: x509.NewCertPool()}
			config.RootCAs.AddCert(is.cert)
			if tt.cert != nil {
				config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return tt.cert, nil }
			}
			transport := &http.Transport{TLSClientConfig: config}
			defer transport.CloseIdleConnections()
			client := http.Client{Transport: transport}
			resp, err := client.Post(base+"/dm", syncml.ContentTypeXML, strings.NewReader(example(t, "01")))
			if err != nil {
				if tt.want != 0 {
					t.Fatal(err)
				}
				return
			}
			resp.Body.Close()
			if resp.StatusCode != tt.want {
				t.Errorf("got %d, want %d", resp.StatusCode, tt.want)
			}
		})
	}
}
