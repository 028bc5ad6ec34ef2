package session

import (
	"context"
	"errors"
	"strings"

	"github.com/gomadm/gomadm/omadm"
)

// BearerToken authenticates devices by a token that they send with each message, such as the Entra token of Windows
// (MS-MDM section 2.1). Whoever has the token can use it: it may only travel over TLS.
type BearerToken struct {
	// Verify checks a token and returns the device that it was given to, ErrUnauthenticated if it is not good.
	// It is called for each message, so it has to be quick: verify a signature, do not ask another server. An error
	// must not hold the token.
	Verify func(ctx context.Context, token string) (omadm.DeviceID, error)
	// Header is the name of the header that holds the token, such as DeviceToken. Default: Authorization. In
	// Authorization the scheme Bearer stands before the token (RFC 6750, section 2.1), elsewhere it may.
	Header string
}

// maxToken is the size, in octets, of the longest token that is looked at.
const maxToken = 16 << 10

var errToken = errors.New("not a token")

func (a BearerToken) configured() error {
	if a.Verify == nil {
		return errors.New("BearerToken.Verify is nil")
	}
	return nil
}

// Authenticate implements Authenticator.
func (a BearerToken) Authenticate(ctx context.Context, in *Inbound) (Principal, error) {
	if err := a.configured(); err != nil {
		return Principal{}, errors.New("session: " + err.Error())
	}
	name := a.Header
	if name == "" {
		name = "Authorization"
	}
	value, err := sole(in.Headers.Values(name))
	if err != nil {
		return Principal{}, err
	}
	token, ok := strings.TrimSpace(value), false
	if scheme, rest, _ := strings.Cut(token, " "); strings.EqualFold(scheme, "Bearer") {
		token, ok = strings.TrimSpace(rest), true
	}
	if !ok && strings.EqualFold(name, "Authorization") {
		return Principal{}, ErrNoCredentials // of another scheme
	}
	if token == "" || len(token) > maxToken || strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return Principal{}, unproven(errToken)
	}
	id, err := a.Verify(ctx, token)
	return proven(id, err, "bearer")
}
