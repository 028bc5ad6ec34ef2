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
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"golang.org/x/net/netutil"

	"github.com/gomadm/gomadm/session"
	"github.com/gomadm/gomadm/session/capture"
	"github.com/gomadm/gomadm/syncml"
	"github.com/gomadm/gomadm/syncml/wbxml"
)

// store is what the server needs of a store: the contract and the optional interfaces.
type store interface {
	session.Store
	session.Registrar
	session.Results
	session.Canceler
	session.Idler
	session.Lister
	session.Pruner
	session.Pushes
}

// maxHeader is the size of the header of a request, in octets. A forwarded certificate stands in it.
const maxHeader = 64 << 10

// The names of handlers in the log and the metrics.
const (
	device        = "device"
	administrator = "administrator"
	probe         = "probe"
)

// service is all that a process does for those who reach it.
type service struct {
	options options
	store   store
	log     *slog.Logger
	metrics *metrics
	health  *health
	devices *session.Handler
}

// newService puts a service together on an open database.
func newService(o options, db database, log *slog.Logger) (*service, error) {
	if err := o.readToken(); err != nil {
		return nil, err
	}
	var pool []prometheus.Collector
	if db.pool != nil {
		pool = append(pool, collectors.NewDBStatsCollector(db.pool, "gomadm"))
	}
	m := newMetrics(pool...)
	s := &service{options: o, store: measured{db.store, m}, log: log, metrics: m}
	s.health = &health{store: db.store, log: log}
	var err error
	s.devices, err = session.New(session.Config{
		Store:         s.store,
		Authenticator: o.authenticator(s.store),
		Codecs:        []syncml.Codec{syncml.XML, wbxml.Codec},
		Rules: session.Rules{
			AlertTypes: o.alertTypes,
			Strict:     o.strict,
			Limits:     session.Limits{Message: syncml.Limits{Octets: o.maxBody}},
		},
		Hooks:  m.hooks(),
		Logger: log,
	})
	if err != nil {
		return nil, fmt.Errorf("server: %w", err)
	}
	return s, nil
}

// serve answers devices and the administrator until ctx is done.
func serve(ctx context.Context, o options, stdout io.Writer, log *slog.Logger) (err error) {
	db, err := openDatabase(ctx, o.db, o.group)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.close()) }()
	s, err := newService(o, db, log)
	if err != nil {
		return err
	}
	doors, err := s.listen()
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "listening on %s\n", doors.all.Addr())
	if doors.watch != nil {
		fmt.Fprintf(stdout, "metrics on %s\n", doors.watch.Addr())
	}
	return s.run(ctx, doors)
}

// doors are the listeners of a process: that of devices and the administrator, and that of -metrics, if any.
type doors struct{ all, watch net.Listener }

// listen opens the doors, so that all that can be wrong with the options is known before a device is answered.
func (s *service) listen() (doors, error) {
	config, err := s.options.tls()
	if err != nil {
		return doors{}, err
	}
	l, err := net.Listen("tcp", s.options.listen)
	if err != nil {
		return doors{}, fmt.Errorf("server: %w", err)
	}
	l = netutil.LimitListener(l, s.options.maxConnections)
	if config != nil {
		l = tls.NewListener(l, config)
	}
	if s.options.metrics == "" {
		return doors{all: l}, nil
	}
	watch, err := net.Listen("tcp", s.options.metrics)
	if err != nil {
		return doors{}, errors.Join(fmt.Errorf("server: -metrics: %w", err), l.Close())
	}
	return doors{l, netutil.LimitListener(watch, 100)}, nil
}

// server returns an HTTP server with the limits of the options. The deadline of a request ends before that of its
// connection, so that there is an answer.
func (s *service) server(h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		MaxHeaderBytes:    maxHeader,
		ReadHeaderTimeout: min(10*time.Second, s.options.timeout),
		ReadTimeout:       s.options.timeout,
		WriteTimeout:      s.options.timeout + 10*time.Second,
		IdleTimeout:       2 * time.Minute,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelWarn),
	}
}

// run serves until ctx is done. Then it is no longer ready, goes on for a while if it is told to, closes its door, and lets
// the requests end that have begun. The door of those who watch is the last that closes.
func (s *service) run(ctx context.Context, d doors) error {
	all, watch := s.server(s.mux(d.all.Addr())), s.server(s.watch())
	var background sync.WaitGroup
	defer background.Wait()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	background.Go(func() { s.sweep(ctx) })

	failed := make(chan error, 2)
	go func() { failed <- all.Serve(d.all) }()
	if d.watch != nil {
		go func() { failed <- watch.Serve(d.watch) }()
		defer watch.Close()
	}
	select {
	case err := <-failed:
		return errors.Join(fmt.Errorf("server: %w", err), all.Close())
	case <-ctx.Done():
	}
	s.health.stopping.Store(true)
	s.log.Info("stopping", "drain", s.options.drain)
	time.Sleep(s.options.drain)
	ctx, cancel := context.WithTimeout(context.Background(), s.options.timeout+time.Second)
	defer cancel()
	if err := all.Shutdown(ctx); err != nil {
		return errors.Join(fmt.Errorf("server: stopping: %w", err), all.Close())
	}
	return nil
}

// sweep ends the sessions that devices do not go on with, every now and then until ctx is done. Several processes on one
// database may all do so.
func (s *service) sweep(ctx context.Context) {
	if s.options.sweep == 0 {
		return
	}
	tick := time.NewTicker(s.options.sweep)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		n, err := s.devices.Sweep(ctx)
		s.metrics.swept.Add(float64(n))
		if err != nil && ctx.Err() == nil {
			s.log.Error("sweep", "err", err)
		}
	}
}

// recorded returns the handler with a recorder before it, if there is to be one.
func (s *service) recorded(h http.Handler) http.Handler {
	if s.options.record == "" {
		return h
	}
	return &capture.Recorder{
		Handler: h, Sink: capture.Dir(s.options.record), OnError: func(err error) { s.log.Error("record", "err", err) },
	}
}

// mux routes what comes in to the handler of devices, the administrator's, and the two of probes.
func (s *service) mux(addr net.Addr) http.Handler {
	o := observer{s.log, s.metrics}
	g := guard{token: s.options.token, local: local(addr) && len(s.options.proxies) == 0}
	overload := func() { s.metrics.refused.WithLabelValues("overload").Inc() }
	devices := o.handler(device, limit(s.options.maxRequests, overload, deadline(s.options.timeout, s.recorded(s.devices))))

	mux := http.NewServeMux()
	mux.Handle("/admin/", o.handler(administrator, g.handler(deadline(s.options.timeout, newAdmin(s.store, checks[s.options.checkName], s.metrics.handler())))))
	s.probes(mux, o)
	base := strings.TrimSuffix(s.options.path, "/")
	mux.Handle(base+"/", devices)
	if base != "" {
		mux.Handle(base, devices)
	}
	return mux
}

// watch answers those who watch over the process.
func (s *service) watch() http.Handler {
	mux := http.NewServeMux()
	s.probes(mux, observer{s.log, s.metrics})
	mux.Handle("GET /metrics", s.metrics.handler())
	return mux
}

func (s *service) probes(mux *http.ServeMux, o observer) {
	mux.Handle("GET /livez", o.handler(probe, http.HandlerFunc(s.health.alive)))
	mux.Handle("GET /readyz", o.handler(probe, http.HandlerFunc(s.health.ready)))
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
