package session

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// Any returns an Authenticator that asks others in turn. The first that proves the device decides. One that finds no
// credentials of its kind (ErrNoCredentials) is passed over. One that finds wrong ones refuses the message, whatever
// the next would say, and so does any other error: put first what is trusted most. A sender that is not proven
// (Principal.Proven), as Credentials returns it, is taken only if no other proves one; the first such claim counts.
//
// Behind a proxy that opens TLS, the certificate of the connection may be that of the proxy. Do not ask
// ClientCertificate then, or let its Device return ErrNoCredentials for the certificate of the proxy.
func Any(list ...Authenticator) Authenticator { return authenticators(slices.Clone(list)) }

type authenticators []Authenticator

func (a authenticators) configured() error {
	if len(a) == 0 {
		return errors.New("Any has no authenticators")
	}
	for i, each := range a {
		if err := configured(each); err != nil {
			return fmt.Errorf("Any, number %d: %w", i+1, err)
		}
	}
	return nil
}

// Authenticate implements Authenticator.
func (a authenticators) Authenticate(ctx context.Context, in *Inbound) (Principal, error) {
	var claim Principal
	claimed, none := false, ErrNoCredentials
	for _, each := range a {
		p, err := each.Authenticate(ctx, in)
		switch {
		case errors.Is(err, ErrNoCredentials):
			if err != ErrNoCredentials {
				none = err // which says more
			}
		case err != nil:
			return Principal{}, err
		case p.Proven:
			return p, nil
		case !claimed:
			claim, claimed = p, true
		}
	}
	if !claimed {
		return Principal{}, none
	}
	return claim, nil
}

func (a authenticators) insecure() bool { return slices.ContainsFunc(a, insecure) }

// configured returns what is wrong with the fields of an authenticator.
func configured(a Authenticator) error {
	if a == nil {
		return errors.New("nil")
	}
	if c, ok := a.(interface{ configured() error }); ok {
		return c.configured()
	}
	return nil
}

// insecure reports whether an authenticator believes what anybody says.
func insecure(a Authenticator) bool {
	i, ok := a.(interface{ insecure() bool })
	return ok && i.insecure()
}
