package session

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gomadm/gomadm/omadm"
)

// ForwardedCertificate authenticates devices by the certificate that a proxy saw on the TLS connection it ends. The
// proxy has to verify it and to remove the header from what clients send.
type ForwardedCertificate struct {
	// Proxies are the addresses of the proxies that are believed. From others the header counts as missing.
	Proxies []netip.Prefix
	// Header is the name of the header: Client-Cert (RFC 9440), X-SSL-Cert and the like (nginx, HAProxy, Apache),
	// X-ARR-ClientCert (IIS, Azure), X-Amzn-Mtls-Clientcert, X-Forwarded-Client-Cert (Envoy) or another. It holds
	// one certificate: as RFC 9440 has it, as PEM that may be escaped for a URL or have blanks for line ends, as
	// DER in base64, or as the field Cert of an Envoy, which has to be told to write that field. Default:
	// Client-Cert.
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
	name := a.Header
	if name == "" {
		name = "Client-Cert"
	}
	if !a.trusts(in.RemoteAddr) {
		if len(in.Headers.Values(name)) > 0 {
			return Principal{}, fmt.Errorf("%w from a proxy that is believed", ErrNoCredentials)
		}
		return Principal{}, ErrNoCredentials
	}
	value, err := sole(in.Headers.Values(name))
	if err != nil {
		return Principal{}, err
	}
	if value == "" || value == "(null)" {
		return Principal{}, ErrNoCredentials // so proxies write that the client has none
	}
	cert, err := parseForwarded(value)
	if err != nil {
		return Principal{}, unproven(errCertificate)
	}
	if a.Roots != nil {
		if err := verify(cert, nil, a.Roots, time.Time{}); err != nil {
			return Principal{}, unproven(err)
		}
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

// parseForwarded reads a certificate in any of the forms.
func parseForwarded(v string) (*x509.Certificate, error) {
	v = strings.TrimSpace(v)
	if strings.HasPrefix(v, ":") && strings.HasSuffix(v, ":") && len(v) > 2 {
		v = v[1 : len(v)-1]
	}
	v, err := fromEnvoy(v)
	if err != nil {
		return nil, err
	}
	if v, err = url.PathUnescape(v); err != nil {
		return nil, errCertificate
	}
	if text, ok := strings.CutPrefix(v, "-----BEGIN CERTIFICATE-----"); ok {
		if v, ok = strings.CutSuffix(strings.TrimSpace(text), "-----END CERTIFICATE-----"); !ok {
			return nil, errCertificate
		}
		v = strings.Join(strings.Fields(v), "")
	}
	der, err := base64.StdEncoding.DecodeString(v)
	if err != nil {
		return nil, errCertificate
	}
	return x509.ParseCertificate(der)
}

// fromEnvoy returns the field Cert of an element as Envoy writes it: name=value pairs with semicolons between, a value may
// stand in quotation marks. It returns other forms as they are. Two elements, with a comma between, come from two
// proxies: they are refused.
func fromEnvoy(v string) (string, error) {
	name, _, _ := strings.Cut(v, "=")
	if !slices.ContainsFunc(envoyFields[:], func(f string) bool { return strings.EqualFold(f, name) }) {
		return v, nil
	}
	certs := 0
	var cert string
	for more := true; more; {
		name, value, rest, ok := envoyField(v)
		if !ok {
			return "", errCertificate
		}
		if strings.EqualFold(name, "Cert") {
			cert = value
			certs++
		}
		v, more = strings.CutPrefix(rest, ";")
	}
	if v != "" || certs != 1 {
		return "", errCertificate
	}
	return cert, nil
}

var envoyFields = [...]string{"By", "Hash", "Cert", "Chain", "Subject", "URI", "DNS"}

// envoyField reads one pair. In quotation marks a backslash escapes; that is undone by nobody, as no certificate has one.
func envoyField(v string) (name, value, rest string, ok bool) {
	name, rest, ok = strings.Cut(v, "=")
	if !strings.HasPrefix(rest, `"`) {
		end := strings.IndexAny(rest+";", ";,")
		return name, rest[:end], rest[end:], ok
	}
	for i := 1; i < len(rest); i++ {
		switch rest[i] {
		case '\\':
			i++
		case '"':
			return name, rest[1:i], rest[i+1:], ok
		}
	}
	return "", "", "", false
}
