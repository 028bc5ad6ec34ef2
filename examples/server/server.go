package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/gomadm/gomadm/session"
	"github.com/gomadm/gomadm/syncml"
	"github.com/gomadm/gomadm/syncml/wbxml"
)

// store is what the server needs of a store: the contract and two of the optional interfaces.
type store interface {
	session.Store
	session.Registrar
	session.Results
}

// grace is how long a request may take to end once the server was told to stop.
const grace = 10 * time.Second

// serve answers devices and the administrator until ctx is done.
func serve(ctx context.Context, o options, stdout io.Writer, log *slog.Logger) (err error) {
	db, err := openDatabase(ctx, o.db)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.close()) }()
	srv, l, err := listen(o, db, log)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "listening on %s\n", l.Addr())
	return until(ctx, srv, l)
}

// listen makes the server and its listener, so that all that can be wrong with the options is known before a device
// is answered.
func listen(o options, s store, log *slog.Logger) (*http.Server, net.Listener, error) {
	tlsConfig, err := o.tls()
	if err != nil {
		return nil, nil, err
	}
	l, err := net.Listen("tcp", o.listen)
	if err != nil {
		return nil, nil, fmt.Errorf("server: %w", err)
	}
	h, err := newMux(o, s, l.Addr(), log)
	if err != nil {
		return nil, nil, errors.Join(err, l.Close())
	}
	if tlsConfig != nil {
		l = tls.NewListener(l, tlsConfig)
	}
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       time.Minute,
		WriteTimeout:      time.Minute,
		IdleTimeout:       2 * time.Minute,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}, l, nil
}

// until serves until ctx is done, and then lets the requests end that have begun.
func until(ctx context.Context, srv *http.Server, l net.Listener) error {
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(l) }()
	select {
	case err := <-failed:
		return fmt.Errorf("server: %w", err)
	case <-ctx.Done():
	}
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	if err := srv.Shutdown(ctx); err != nil {
		return fmt.Errorf("server: stopping: %w", err)
	}
	return nil
}

// newMux routes what comes in to the handler of devices and to the administrator's.
func newMux(o options, s store, addr net.Addr, log *slog.Logger) (http.Handler, error) {
	devices, err := session.New(session.Config{
		Store:         s,
		Authenticator: o.authenticator(s),
		Codecs:        []syncml.Codec{syncml.XML, wbxml.Codec},
		Rules: session.Rules{
			AlertTypes: o.alertTypes,
			Strict:     o.strict,
			Limits:     session.Limits{Message: syncml.Limits{Octets: o.maxBody}},
		},
		Logger: log,
	})
	if err != nil {
		return nil, fmt.Errorf("server: %w", err)
	}
	mux := http.NewServeMux()
	mux.Handle("/admin/", guard{token: o.token, local: local(addr) && len(o.proxies) == 0}.handler(newAdmin(s)))
	base := strings.TrimSuffix(o.path, "/")
	mux.Handle(base+"/", devices)
	if base != "" {
		mux.Handle(base, devices)
	}
	return mux, nil
}

// authenticator returns what finds out which device sent a message.
func (o *options) authenticator(s store) session.Authenticator {
	switch {
	case o.clientCA != "":
		return session.ClientCertificate{Device: holder{s}.device}
	case len(o.proxies) > 0:
		return session.ForwardedCertificate{Proxies: o.proxies, Device: holder{s}.device}
	}
	return session.InsecureTrust{}
}

// tls returns the configuration of the listener, nil without a certificate. A client without a certificate gets as far
// as HTTP, where a device is refused and the administrator's token counts.
func (o *options) tls() (*tls.Config, error) {
	if o.cert == "" {
		return nil, nil
	}
	cert, err := tls.LoadX509KeyPair(o.cert, o.key)
	if err != nil {
		return nil, fmt.Errorf("server: certificate: %w", err)
	}
	c := &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
	if o.clientCA == "" {
		return c, nil
	}
	pem, err := os.ReadFile(o.clientCA)
	if err != nil {
		return nil, fmt.Errorf("server: %w", err)
	}
	c.ClientCAs = x509.NewCertPool()
	if !c.ClientCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("server: %s holds no certificate", o.clientCA)
	}
	c.ClientAuth = tls.VerifyClientCertIfGiven
	return c, nil
}
