package session

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/gomadm/gomadm/omadm"
)

// ErrUnauthenticated says that a sender did not prove who it is.
var ErrUnauthenticated = errors.New("session: sender is not authenticated")

// ClientCertificate authenticates devices by the certificate of their TLS connection.
type ClientCertificate struct {
	// Device maps a certificate to a device. It returns ErrUnauthenticated for a certificate that belongs to none.
	// Compare whole fields, never parts of a name.
	Device func(ctx context.Context, cert *x509.Certificate) (omadm.DeviceID, error)
	// Roots verify the certificate here. Nil: the TLS listener has verified it (tls.RequireAndVerifyClientCert or
	// tls.VerifyClientCertIfGiven).
	Roots *x509.CertPool
}

func (a ClientCertificate) configured() error {
	if a.Device == nil {
		return errors.New("ClientCertificate.Device is nil")
	}
	return nil
}

// Authenticate implements Authenticator.
func (a ClientCertificate) Authenticate(ctx context.Context, in *Inbound) (Principal, error) {
	if in.TLS == nil || len(in.TLS.PeerCertificates) == 0 {
		return Principal{}, ErrUnauthenticated
	}
	cert := in.TLS.PeerCertificates[0]
	if a.Roots != nil {
		if !verified(cert, in.TLS.PeerCertificates[1:], a.Roots) {
			return Principal{}, ErrUnauthenticated
		}
	} else if len(in.TLS.VerifiedChains) == 0 {
		return Principal{}, ErrUnauthenticated
	}
	return certified(ctx, a.Device, cert, "tls")
}

// ForwardedCertificate authenticates devices by the certificate that a proxy saw on the TLS connection it ends. The
// proxy has to verify it and to remove the header from what clients send.
type ForwardedCertificate struct {
	// Proxies are the addresses of the proxies that are believed.
	Proxies []netip.Prefix
	// Header is the name of the header. It holds the certificate as RFC 9440 has it, as PEM escaped for a URL, or
	// as DER in base64. Default: Client-Cert.
	Header string
	// Device maps a certificate to a device, as in ClientCertificate.
	Device func(ctx context.Context, cert *x509.Certificate) (omadm.DeviceID, error)
	// Roots verify the certificate once more. Nil: the proxy has done it.
	Roots *x509.CertPool
}

func (a ForwardedCertificate) configured() error {
	if len(a.Proxies) == 0 {
		return errors.New("ForwardedCertificate.Proxies is empty")
	}
	if a.Device == nil {
		return errors.New("ForwardedCertificate.Device is nil")
	}
	return nil
}

// Authenticate implements Authenticator.
func (a ForwardedCertificate) Authenticate(ctx context.Context, in *Inbound) (Principal, error) {
	if !a.trusts(in.RemoteAddr) {
		return Principal{}, ErrUnauthenticated
	}
	name := a.Header
	if name == "" {
		name = "Client-Cert"
	}
	// Two headers could come from two hands.
	values := in.Headers.Values(name)
	if len(values) != 1 {
		return Principal{}, ErrUnauthenticated
	}
	cert, err := parseForwarded(values[0])
	if err != nil || a.Roots != nil && !verified(cert, nil, a.Roots) {
		return Principal{}, ErrUnauthenticated
	}
	return certified(ctx, a.Device, cert, "forwarded-certificate")
}

func (a ForwardedCertificate) trusts(remote string) bool {
	addr, err := netip.ParseAddrPort(remote)
	if err != nil {
		return false
	}
	ip := addr.Addr().Unmap().WithZone("")
	return slices.ContainsFunc(a.Proxies, func(p netip.Prefix) bool { return p.Contains(ip) })
}

// parseForwarded reads a certificate in any of the three forms.
func parseForwarded(v string) (*x509.Certificate, error) {
	v = strings.TrimSpace(v)
	if strings.HasPrefix(v, ":") && strings.HasSuffix(v, ":") && len(v) > 2 {
		v = v[1 : len(v)-1]
	} else if strings.HasPrefix(v, "-----BEGIN") {
		text, err := url.PathUnescape(v)
		if err != nil {
			return nil, err
		}
		block, _ := pem.Decode([]byte(text))
		if block == nil || block.Type != "CERTIFICATE" {
			return nil, errors.New("no certificate")
		}
		return x509.ParseCertificate(block.Bytes)
	}
	der, err := base64.StdEncoding.DecodeString(v)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

func verified(cert *x509.Certificate, chain []*x509.Certificate, roots *x509.CertPool) bool {
	opts := x509.VerifyOptions{Roots: roots, Intermediates: x509.NewCertPool(), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
	for _, c := range chain {
		opts.Intermediates.AddCert(c)
	}
	_, err := cert.Verify(opts)
	return err == nil
}

func certified(ctx context.Context, device func(context.Context, *x509.Certificate) (omadm.DeviceID, error), cert *x509.Certificate, scheme string) (Principal, error) {
	id, err := device(ctx, cert)
	if err != nil {
		return Principal{}, err
	}
	return Principal{Device: id, Proven: true, Scheme: scheme}, nil
}

// InsecureTrust believes every device the LocURI it calls itself by. It is for development: New logs a warning.
type InsecureTrust struct{}

// Authenticate implements Authenticator.
func (InsecureTrust) Authenticate(_ context.Context, in *Inbound) (Principal, error) {
	id := in.Message.Header.Source.URI
	if id == "" {
		return Principal{}, ErrUnauthenticated
	}
	return Principal{Device: omadm.DeviceID(id), Proven: true, Scheme: "insecure"}, nil
}
