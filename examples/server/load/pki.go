package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"time"
)

// authority issues certificates.
type authority struct {
	cert *x509.Certificate
	key  any
}

// validity is how long certificates are good: longer than a run may be.
const validity = 7 * 24 * time.Hour

// newAuthority returns an authority that nobody knows yet.
func newAuthority() (*authority, error) {
	made, err := certify(&x509.Certificate{
		Subject: pkix.Name{CommonName: "load"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}, nil)
	if err != nil {
		return nil, err
	}
	return &authority{made.Leaf, made.PrivateKey}, nil
}

// readAuthority reads an authority from two PEM files.
func readAuthority(cert, key string) (*authority, error) {
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		return nil, fmt.Errorf("load: -client-ca: %w", err)
	}
	return &authority{pair.Leaf, pair.PrivateKey}, nil
}

// device issues the certificate of a device.
func (a *authority) device(id string) (*tls.Certificate, error) {
	return certify(&x509.Certificate{
		Subject: pkix.Name{CommonName: id}, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}, a)
}

// server issues the certificate of the server on loopback.
func (a *authority) server() (*tls.Certificate, error) {
	return certify(&x509.Certificate{
		Subject: pkix.Name{CommonName: "server"}, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}, a)
}

// certify makes a key and a certificate for it, issued by a, or by itself.
func certify(t *x509.Certificate, a *authority) (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("load: %w", err)
	}
	if t.SerialNumber, err = rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127)); err != nil {
		return nil, fmt.Errorf("load: %w", err)
	}
	t.NotBefore, t.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(validity)
	if a == nil {
		a = &authority{t, key}
	}
	der, err := x509.CreateCertificate(rand.Reader, t, a.cert, key.Public(), a.key)
	if err != nil {
		return nil, fmt.Errorf("load: issuing a certificate: %w", err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("load: %w", err)
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, nil
}

// pool returns the authority as roots.
func (a *authority) pool() *x509.CertPool {
	p := x509.NewCertPool()
	p.AddCert(a.cert)
	return p
}

// readPool reads roots from a PEM file; nil, which are those of the system, without a name.
func readPool(name string) (*x509.CertPool, error) {
	if name == "" {
		return nil, nil
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("load: -server-ca: %w", err)
	}
	p := x509.NewCertPool()
	if !p.AppendCertsFromPEM(text) {
		return nil, errors.New("load: -server-ca holds no certificate")
	}
	return p, nil
}

// encode returns a certificate and its key as PEM.
func encode(c *tls.Certificate) (cert, key []byte, err error) {
	der, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	if err != nil {
		return nil, nil, fmt.Errorf("load: %w", err)
	}
	return encodeCertificate(c.Leaf), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}

func encodeCertificate(c *x509.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
}
