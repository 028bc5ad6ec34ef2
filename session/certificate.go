package session

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/gomadm/gomadm/omadm"
)

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
		return Principal{}, ErrNoCredentials
	}
	cert := in.TLS.PeerCertificates[0]
	if a.Roots != nil {
		if err := verify(cert, in.TLS.PeerCertificates[1:], a.Roots, time.Time{}); err != nil {
			return Principal{}, unproven(err)
		}
	} else if len(in.TLS.VerifiedChains) == 0 {
		return Principal{}, unproven(errUntrusted)
	}
	return certified(ctx, a.Device, cert, "tls")
}

// ByThumbprint maps certificates by the SHA-256 of their DER, as 64 lower case hexadecimal digits. Each renewal gives
// another. The function looks it up, and returns ErrUnauthenticated if it belongs to no device.
func ByThumbprint(device func(ctx context.Context, thumbprint string) (omadm.DeviceID, error)) func(context.Context, *x509.Certificate) (omadm.DeviceID, error) {
	return func(ctx context.Context, cert *x509.Certificate) (omadm.DeviceID, error) {
		sum := sha256.Sum256(cert.Raw)
		return device(ctx, hex.EncodeToString(sum[:]))
	}
}

// BySerial maps certificates by the name of their issuer, as cert.Issuer.String gives it (RFC 2253), and their serial
// number, in lower case hexadecimal digits without leading zeros. A serial number alone names no certificate. The function
// looks the pair up, whole, and returns ErrUnauthenticated if it belongs to no device.
func BySerial(device func(ctx context.Context, issuer, serial string) (omadm.DeviceID, error)) func(context.Context, *x509.Certificate) (omadm.DeviceID, error) {
	return func(ctx context.Context, cert *x509.Certificate) (omadm.DeviceID, error) {
		return device(ctx, cert.Issuer.String(), cert.SerialNumber.Text(16))
	}
}

// verify says why a certificate for client authentication is not good at a time, in words of our own: those of package
// x509 have names from the certificate. The zero time is now.
func verify(cert *x509.Certificate, chain []*x509.Certificate, roots *x509.CertPool, at time.Time) error {
	opts := x509.VerifyOptions{Roots: roots, Intermediates: x509.NewCertPool(), CurrentTime: at, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
	for _, c := range chain {
		opts.Intermediates.AddCert(c)
	}
	_, err := cert.Verify(opts)
	var invalid x509.CertificateInvalidError
	switch {
	case err == nil:
		return nil
	case errors.As(err, new(x509.UnknownAuthorityError)):
		return fmt.Errorf("%w: its issuer is not among the roots", errUntrusted)
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return fmt.Errorf("%w: it has expired or is not valid yet", errUntrusted)
	case errors.As(err, &invalid) && invalid.Reason == x509.IncompatibleUsage:
		return fmt.Errorf("%w: it is not for client authentication", errUntrusted)
	}
	return errUntrusted
}

func certified(ctx context.Context, device func(context.Context, *x509.Certificate) (omadm.DeviceID, error), cert *x509.Certificate, scheme string) (Principal, error) {
	id, err := device(ctx, cert)
	return proven(id, err, scheme)
}
