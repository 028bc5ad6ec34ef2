package session

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"slices"
	"time"

	"github.com/gomadm/gomadm/omadm"
)

// SignedMessage authenticates devices by the signature they put over each message, which reaches the server through a
// proxy that ends TLS. Windows signs when RequireMessageSigning of the CSP DMClient says so: the header MS-Signature
// (MS-MDM section 2.1) or MDM-Signature (MS-MDE2) holds, in base64, a detached SignedData of the Cryptographic Message
// Syntax over the body, to the octet. SHA-256, SHA-384 and SHA-512 are accepted, with RSA (PKCS #1 v1.5 and PSS) and
// ECDSA. One signer, its certificate, and the signing time have to be in it.
//
// Whoever sees a message can send it again as long as MaxAge. The session answers it as any repeated message.
type SignedMessage struct {
	// Device maps the certificate of the signer to a device, as in ClientCertificate.
	Device func(ctx context.Context, cert *x509.Certificate) (omadm.DeviceID, error)
	// Roots verify the certificate of the signer, which is for client authentication. Certificates between may come with
	// the signature.
	Roots *x509.CertPool
	// MaxAge is how far the signing time may be from now, before or after. Default: 15 minutes.
	MaxAge time.Duration
	Now    func() time.Time // default: time.Now
}

// Names of the header that holds a signature.
var signatureHeaders = [...]string{"MS-Signature", "MDM-Signature"}

func (a SignedMessage) configured() error {
	switch {
	case a.Device == nil:
		return errors.New("SignedMessage.Device is nil")
	case a.Roots == nil:
		return errors.New("SignedMessage.Roots is nil")
	case a.MaxAge < 0:
		return errors.New("SignedMessage.MaxAge is negative")
	}
	return nil
}

// Authenticate implements Authenticator.
func (a SignedMessage) Authenticate(ctx context.Context, in *Inbound) (Principal, error) {
	if err := a.configured(); err != nil {
		return Principal{}, errors.New("session: " + err.Error())
	}
	var values []string
	for _, name := range signatureHeaders {
		values = append(values, in.Headers.Values(name)...)
	}
	value, err := sole(slices.Compact(values)) // some may send it under both names
	if err != nil {
		return Principal{}, err
	}
	if len(value) > base64.StdEncoding.EncodedLen(maxSignature) {
		return Principal{}, unproven(errNotCMS)
	}
	der, err := base64.StdEncoding.DecodeString(value)
	if err != nil {
		return Principal{}, unproven(errNotCMS)
	}
	s, err := parseSignature(der)
	if err != nil {
		return Principal{}, unproven(err)
	}
	if err := a.verify(s, in.Body); err != nil {
		return Principal{}, unproven(err)
	}
	return certified(ctx, a.Device, s.signer, "signature")
}

var errSigningTime = errors.New("signing time is too far from now")

// verify checks the certificate before anything is computed with its key.
func (a SignedMessage) verify(s *signature, body []byte) error {
	age := a.MaxAge
	if age == 0 {
		age = 15 * time.Minute
	}
	now := clock(a.Now)()
	if d := now.Sub(s.signed); d > age || d < -age {
		return errSigningTime
	}
	if err := verify(s.signer, s.chain, a.Roots, now); err != nil {
		return err
	}
	return s.verify(body)
}
