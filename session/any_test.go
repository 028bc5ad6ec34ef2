package session_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
	"github.com/gomadm/gomadm/session/memstore"
	"github.com/gomadm/gomadm/syncml"
)

// says is an authenticator that always says the same.
type says struct {
	p   session.Principal
	err error
}

func (s says) Authenticate(context.Context, *session.Inbound) (session.Principal, error) {
	return s.p, s.err
}

func TestAny(t *testing.T) {
	broken := errors.New("directory is down")
	none, bad := says{err: session.ErrNoCredentials}, says{err: session.ErrUnauthenticated}
	down := says{err: broken}
	proves := func(id string) says {
		return says{p: session.Principal{Device: omadm.DeviceID(id), Proven: true}}
	}
	claims := func(id string) says { return says{p: session.Principal{Device: omadm.DeviceID(id)}} }
	for name, test := range map[string]struct {
		list []session.Authenticator
		want session.Principal
		err  error
	}{
		"first_that_proves":            {[]session.Authenticator{proves("a"), proves("b")}, proves("a").p, nil},
		"without_credentials_the_next": {[]session.Authenticator{none, proves("b")}, proves("b").p, nil},
		"wrong_ones_refuse":            {[]session.Authenticator{bad, proves("b")}, session.Principal{}, session.ErrUnauthenticated},
		"wrong_ones_behind_the_proof":  {[]session.Authenticator{proves("a"), bad}, proves("a").p, nil},
		"wrong_ones_behind_a_claim":    {[]session.Authenticator{claims("a"), bad}, session.Principal{}, session.ErrUnauthenticated},
		"failure_is_no_refusal":        {[]session.Authenticator{none, down, proves("b")}, session.Principal{}, broken},
		"proof_beats_claim":            {[]session.Authenticator{claims("a"), proves("b")}, proves("b").p, nil},
		"first_claim":                  {[]session.Authenticator{none, claims("a"), claims("b")}, claims("a").p, nil},
		"claim_of_nobody":              {[]session.Authenticator{none, claims("")}, session.Principal{}, nil},
		"nothing_at_all":               {[]session.Authenticator{none, none}, session.Principal{}, session.ErrNoCredentials},
		"one_inside_another":           {[]session.Authenticator{none, session.Any(none), session.Any(none, proves("b"))}, proves("b").p, nil},
		"no_authenticators":            {nil, session.Principal{}, session.ErrNoCredentials},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := session.Any(test.list...).Authenticate(t.Context(), nil)
			assert.ErrorIs(t, err, test.err)
			assert.Equal(t, test.want, got)
			if test.err == broken {
				assert.NotErrorIs(t, err, session.ErrUnauthenticated, "it is answered 503")
			}
		})
	}
	t.Run("list_is_copied", func(t *testing.T) {
		list := []session.Authenticator{proves("a")}
		a := session.Any(list...)
		list[0] = bad
		_, err := a.Authenticate(t.Context(), nil)
		assert.NoError(t, err)
	})
}

func TestAuthenticatorsAreCheckedByNew(t *testing.T) {
	byToken := func(context.Context, string) (omadm.DeviceID, error) { return "", session.ErrUnauthenticated }
	pool := newAuthority(t).pool()
	for name, test := range map[string]struct {
		auth session.Authenticator
		want string // of the error; empty: none
	}{
		"any":                        {session.Any(session.BearerToken{Verify: byToken}), ""},
		"any_of_nothing":             {session.Any(), "no authenticators"},
		"any_of_nil":                 {session.Any(session.BearerToken{Verify: byToken}, nil), "number 2: nil"},
		"any_of_a_wrong_one":         {session.Any(session.Any(session.BearerToken{})), "number 1: Any, number 1: BearerToken.Verify is nil"},
		"bearer_without_func":        {session.BearerToken{}, "BearerToken.Verify is nil"},
		"signature_without_mapping":  {session.SignedMessage{Roots: pool}, "SignedMessage.Device is nil"},
		"signature_without_roots":    {session.SignedMessage{Device: byName}, "SignedMessage.Roots is nil"},
		"signature_of_negative_age":  {session.SignedMessage{Device: byName, Roots: pool, MaxAge: -1}, "SignedMessage.MaxAge is negative"},
		"forwarded_without_proxies":  {session.ForwardedCertificate{Device: byName}, "ForwardedCertificate.Proxies is empty"},
		"certificate_without_a_func": {session.ClientCertificate{}, "ClientCertificate.Device is nil"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := session.New(session.Config{Store: new(memstore.Store), Authenticator: test.auth})
			if test.want == "" {
				require.NoError(t, err)
				return
			}
			assert.ErrorContains(t, err, test.want)
		})
	}
	// An authenticator that was not given to New must not let anybody in either.
	for _, auth := range []session.Authenticator{session.BearerToken{}, session.SignedMessage{}, session.SignedMessage{Device: byName}} {
		in := inboundSigned(t, []byte(msg("1", "1", pkg1)), []byte("x"))
		in.Headers.Set("Authorization", "Bearer x")
		p, err := auth.Authenticate(t.Context(), in)
		assert.Error(t, err)
		assert.Zero(t, p)
	}
}

func TestInsecureTrustWarnsInsideAny(t *testing.T) {
	h := newHouse(t, func(c *session.Config) { c.Authenticator = session.Any(session.Any(session.InsecureTrust{})) })
	assert.Contains(t, h.log.String(), "level=WARN msg=\"session: InsecureTrust")
	h = newHouse(t, func(c *session.Config) { c.Authenticator = session.Any(session.Credentials{}) })
	assert.NotContains(t, h.log.String(), "InsecureTrust")
}

func TestBearerToken(t *testing.T) {
	const token = "eyJhbGciOiJSUzI1NiJ9.eyJkZXZpY2UiOiJ4In0.c2ln-_~+/="
	var seen []string
	broken := errors.New("keys are missing")
	verify := func(_ context.Context, got string) (omadm.DeviceID, error) {
		seen = append(seen, got)
		switch got {
		case token:
			return deviceID, nil
		case "broken":
			return "", broken
		case "nobody":
			return "", nil
		}
		return "", session.ErrUnauthenticated
	}
	for name, test := range map[string]struct {
		header string // of the authenticator
		sent   http.Header
		want   error
		asked  bool
	}{
		"authorization":            {"", http.Header{"Authorization": {"Bearer " + token}}, nil, true},
		"scheme_without_case":      {"", http.Header{"Authorization": {"bearer  " + token + " "}}, nil, true},
		"wrong_token":              {"", http.Header{"Authorization": {"Bearer " + token + "x"}}, session.ErrUnauthenticated, true},
		"verification_fails":       {"", http.Header{"Authorization": {"Bearer broken"}}, broken, true},
		"token_of_nobody":          {"", http.Header{"Authorization": {"Bearer nobody"}}, session.ErrUnauthenticated, true},
		"no_header":                {"", http.Header{}, session.ErrNoCredentials, false},
		"other_scheme":             {"", http.Header{"Authorization": {"Basic " + token}}, session.ErrNoCredentials, false},
		"no_scheme":                {"", http.Header{"Authorization": {token}}, session.ErrNoCredentials, false},
		"scheme_alone":             {"", http.Header{"Authorization": {"Bearer"}}, session.ErrUnauthenticated, false},
		"two_headers":              {"", http.Header{"Authorization": {"Bearer " + token, "Bearer " + token}}, session.ErrUnauthenticated, false},
		"two_words":                {"", http.Header{"Authorization": {"Bearer a b"}}, session.ErrUnauthenticated, false},
		"control_character":        {"", http.Header{"Authorization": {"Bearer a\x00"}}, session.ErrUnauthenticated, false},
		"too_long":                 {"", http.Header{"Authorization": {"Bearer " + strings.Repeat("a", 17<<10)}}, session.ErrUnauthenticated, false},
		"device_token":             {"DeviceToken", http.Header{"Devicetoken": {token}}, nil, true},
		"device_token_with_scheme": {"devicetoken", http.Header{"Devicetoken": {"Bearer " + token}}, nil, true},
		"device_token_is_meant":    {"DeviceToken", http.Header{"Authorization": {"Bearer " + token}}, session.ErrNoCredentials, false},
		"empty_device_token":       {"DeviceToken", http.Header{"Devicetoken": {""}}, session.ErrUnauthenticated, false},
	} {
		t.Run(name, func(t *testing.T) {
			seen = nil
			in := inboundSigned(t, []byte(msg("1", "1", pkg1)))
			in.Headers = test.sent
			p, err := session.BearerToken{Verify: verify, Header: test.header}.Authenticate(t.Context(), in)
			assert.Equal(t, test.asked, len(seen) == 1)
			if test.want == nil {
				require.NoError(t, err)
				assert.Equal(t, session.Principal{Device: deviceID, Proven: true, Scheme: "bearer"}, p)
				return
			}
			assert.ErrorIs(t, err, test.want)
			assert.Equal(t, test.want == session.ErrNoCredentials, err == session.ErrNoCredentials)
			assert.NotContains(t, fmt.Sprint(err), token)
			assert.Zero(t, p)
		})
	}
	t.Run("over_http", func(t *testing.T) {
		h := newHouse(t, func(c *session.Config) { c.Authenticator = session.BearerToken{Verify: verify} })
		for token, want := range map[string]int{token: http.StatusOK, "wrong": http.StatusForbidden, "broken": http.StatusServiceUnavailable} {
			w := h.exchange(msg("1", "1", pkg1), with("Authorization", "Bearer "+token))
			assert.Equal(t, want, w.Code)
			assert.NotContains(t, h.log.String(), token)
		}
	})
}

func TestOrigin(t *testing.T) {
	for value, want := range map[string]session.Origin{
		"": 0, "3": session.OriginPush, " 2 ": session.OriginSchedule, "4,2": session.OriginLogon, "7, 1": session.OriginAPI,
		"9": 9, "-1": 0, "x": 0, "1x": 0, ",3": 0, "99999999999999999999": 0,
	} {
		in := &session.Inbound{Headers: http.Header{"Useragentorigin": {value}}, Message: &syncml.Message{}}
		assert.Equal(t, want, in.Origin(), value)
	}
	assert.Zero(t, (&session.Inbound{}).Origin())
}
