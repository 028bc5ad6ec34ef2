package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"time"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
	"github.com/gomadm/gomadm/syncml"
	"github.com/gomadm/gomadm/syncml/wbxml"
)

// setup is the first line that the child reads.
type setup struct {
	Token   string `json:"token"`
	Cert    []byte `json:"cert,omitempty"` // PEM; empty: no TLS
	Key     []byte `json:"key,omitempty"`
	Devices []byte `json:"devices,omitempty"` // issuers of the certificates of devices, PEM
	Serve   string `json:"serve,omitempty"`   // empty: gomadm
	Store   string `json:"store,omitempty"`   // of gomadm; empty: memory
	DB      string `json:"db,omitempty"`      // file or URL of the store
	Group   int    `json:"group,omitempty"`   // commits that share a transaction, at most
}

// What the child serves.
const (
	gomadm   = "gomadm"
	echoes   = "echo"
	baseline = "baseline"
)

// What the child is asked after that, a line each, and answers with its usage.
const (
	askUsage  = "usage"
	askSettle = "settle" // to put its memory in order before
)

// ready is the answer of the child to its setup.
type ready struct {
	Addr string `json:"addr"`
}

// usage is the CPU time of a process so far.
type usage struct {
	Known  bool          `json:"known"` // whether this system tells
	User   time.Duration `json:"user"`
	System time.Duration `json:"system"`
}

// total returns all the time.
func (u usage) total() time.Duration { return u.User + u.System }

// since returns what was used after v.
func (u usage) since(v usage) usage {
	return usage{u.Known && v.Known, u.User - v.User, u.System - v.System}
}

// serve is the child: the server that is measured, until its input ends. It returns the exit status.
func serve(in io.Reader, out, stderr io.Writer) int {
	if err := serveUntilEOF(in, out, stderr); err != nil {
		fmt.Fprintln(stderr, err)
		return 1
	}
	return 0
}

func serveUntilEOF(in io.Reader, out, stderr io.Writer) error {
	lines, answers := bufio.NewReader(in), json.NewEncoder(out)
	first, err := lines.ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("load: server: setup: %w", err)
	}
	var s setup
	if err := json.Unmarshal(first, &s); err != nil {
		return errors.New("load: server: setup is not what it should be") // without the text, which holds keys
	}
	srv, l, closeStore, err := s.listen(slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: slog.LevelError})))
	if err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(l) }()
	err = answers.Encode(ready{l.Addr().String()})
	if err == nil {
		err = answerUsage(lines, answers)
	}
	err = errors.Join(err, srv.Close())
	if serr := <-ended; !errors.Is(serr, http.ErrServerClosed) {
		err = errors.Join(err, serr)
	}
	return errors.Join(err, closeStore())
}

// answerUsage answers until the input ends.
func answerUsage(lines *bufio.Reader, answers *json.Encoder) error {
	for {
		line, err := lines.ReadString('\n')
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("load: server: %w", err)
		}
		if line == askSettle+"\n" {
			runtime.GC()
		}
		if err := answers.Encode(ownUsage()); err != nil {
			return fmt.Errorf("load: server: %w", err)
		}
	}
}

// listen makes the server, and what closes its store.
func (s *setup) listen(log *slog.Logger) (*http.Server, net.Listener, func() error, error) {
	tlsConfig, err := s.tls()
	if err != nil {
		return nil, nil, nil, err
	}
	h, closeStore, err := s.handler(log)
	if err != nil {
		return nil, nil, nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, nil, errors.Join(fmt.Errorf("load: server: %w", err), closeStore())
	}
	if tlsConfig != nil {
		l = tls.NewListener(l, tlsConfig)
	}
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: time.Minute,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}, l, closeStore, nil
}

// handler returns what devices and the administrator talk to, and what closes its store.
func (s *setup) handler(log *slog.Logger) (_ http.Handler, closeStore func() error, err error) {
	mux := http.NewServeMux()
	nothing := func() error { return nil }
	switch s.Serve {
	case echoes:
		mux.HandleFunc("/dm", echo)
		return mux, nothing, nil
	case baseline:
		b := newBaseline(len(s.Devices) > 0)
		mux.Handle("/admin/", newAPI(b, s.Token))
		mux.Handle("/dm", b)
		return mux, nothing, nil
	}
	opened, closeStore, err := s.openStore(context.Background())
	if err != nil {
		return nil, nil, err
	}
	var auth session.Authenticator = session.InsecureTrust{} // only this machine reaches the server
	if len(s.Devices) > 0 {
		auth = session.ClientCertificate{Device: commonName}
	}
	devices, err := session.New(session.Config{
		Store: opened, Authenticator: auth, Codecs: []syncml.Codec{syncml.XML, wbxml.Codec}, Logger: log,
	})
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("load: server: %w", err), closeStore())
	}
	mux.Handle("/admin/", newAPI(&storeDesk{opened, session.Queue{Store: opened}}, s.Token))
	mux.Handle("/dm", devices)
	return mux, closeStore, nil
}

// quiet is a logger that says nothing.
var quiet = slog.New(slog.DiscardHandler)

// commonName takes the CommonName of a certificate as the device. The store says whether there is one.
func commonName(_ context.Context, cert *x509.Certificate) (omadm.DeviceID, error) {
	return omadm.DeviceID(cert.Subject.CommonName), nil
}

// tls returns the configuration of the listener; nil: there is no TLS. The administrator has no certificate.
func (s *setup) tls() (*tls.Config, error) {
	if len(s.Cert) == 0 {
		return nil, nil
	}
	cert, err := tls.X509KeyPair(s.Cert, s.Key)
	if err != nil {
		return nil, errors.New("load: server: the certificate is not what it should be")
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(s.Devices)
	return &tls.Config{
		Certificates: []tls.Certificate{cert}, ClientCAs: pool, ClientAuth: tls.VerifyClientCertIfGiven, MinVersion: tls.VersionTLS12,
	}, nil
}
