package main

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// guard decides who is the administrator: who knows the token, or, when there is none, who is on this machine.
type guard struct {
	token string
	// local says that the listener is on a loopback address and that no proxy stands before it, which would make the
	// whole world local.
	local bool
}

// handler lets through to h what the administrator sends. What a web page makes the administrator's browser send is
// refused.
func (g guard) handler(h http.Handler) http.Handler {
	protection := http.NewCrossOriginProtection()
	protection.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		writeError(w, http.StatusForbidden, errors.New("web pages are not admitted"))
	}))
	protected := protection.Handler(h)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case g.admits(r):
			protected.ServeHTTP(w, r)
		case g.token != "":
			w.Header().Set("WWW-Authenticate", "Bearer")
			writeError(w, http.StatusUnauthorized, errors.New("the token is missing or wrong"))
		default:
			writeError(w, http.StatusForbidden, errors.New("only this machine is admitted"))
		}
	})
}

func (g guard) admits(r *http.Request) bool {
	if g.token == "" {
		return g.local && localRequest(r)
	}
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	// Of digests, so that the time taken does not tell the length either.
	got, want := sha256.Sum256([]byte(strings.TrimSpace(token))), sha256.Sum256([]byte(g.token))
	return strings.EqualFold(scheme, "Bearer") && subtle.ConstantTimeCompare(got[:], want[:]) == 1
}

// localRequest reports whether a request was made on this machine, to a name of this machine: another name that
// resolves to it is the trick of a web page.
func localRequest(r *http.Request) bool {
	remote, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || !remote.Addr().Unmap().IsLoopback() {
		return false
	}
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		host = r.Host
	}
	return loopback(strings.Trim(host, "[]"))
}

// local reports whether only this machine reaches an address.
func local(addr net.Addr) bool {
	tcp, ok := addr.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}
