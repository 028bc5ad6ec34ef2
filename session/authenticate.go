package session

import (
	"context"
	"errors"
	"fmt"

	"github.com/gomadm/gomadm/omadm"
)

// ErrUnauthenticated says that a sender did not prove who it is.
var ErrUnauthenticated = errors.New("session: sender is not authenticated")

// ErrNoCredentials says that a message has no credentials of the kind that an Authenticator reads. It is an
// ErrUnauthenticated. Any asks the next.
var ErrNoCredentials = fmt.Errorf("%w: no credentials", ErrUnauthenticated)

// unproven returns an ErrUnauthenticated with the reason, for whoever calls an Authenticator. The sender is not told.
func unproven(reason error) error { return fmt.Errorf("%w: %w", ErrUnauthenticated, reason) }

var (
	errSeveral     = errors.New("header is there more than once")
	errCertificate = errors.New("not a certificate")
	errUntrusted   = errors.New("certificate is not trusted")
	errNoDevice    = errors.New("no device")
)

// sole returns the only value of a header. Two could come from two hands.
func sole(values []string) (string, error) {
	switch len(values) {
	case 0:
		return "", ErrNoCredentials
	case 1:
		return values[0], nil
	}
	return "", unproven(errSeveral)
}

// proven is the sender that a function of the application found.
func proven(id omadm.DeviceID, err error, scheme string) (Principal, error) {
	if err != nil {
		return Principal{}, err
	}
	if id == "" {
		return Principal{}, unproven(errNoDevice)
	}
	return Principal{Device: id, Proven: true, Scheme: scheme}, nil
}

// InsecureTrust believes every device the LocURI it calls itself by. It is for development: New logs a warning.
type InsecureTrust struct{}

func (InsecureTrust) insecure() bool { return true }

// Authenticate implements Authenticator.
func (InsecureTrust) Authenticate(_ context.Context, in *Inbound) (Principal, error) {
	id := in.Message.Header.Source.URI
	if id == "" {
		return Principal{}, ErrUnauthenticated
	}
	return Principal{Device: omadm.DeviceID(id), Proven: true, Scheme: "insecure"}, nil
}
