package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"time"

	"github.com/gomadm/gomadm/session/capture"
)

// What passes through the proxy at most.
const (
	maxProxied    = 16 << 20         // octets of a message
	proxyDelay    = 2 * time.Minute  // for an exchange
	proxyIdle     = 2 * time.Minute  // between messages of a connection
	proxyFarewell = 10 * time.Second // for exchanges on their way when the proxy ends
)

func record(flags *flag.FlagSet, args []string, s *streams) (int, error) {
	listen := flags.String("listen", "127.0.0.1:8080", "")
	upstream := flags.String("upstream", "", "")
	dir := flags.String("dir", "", "")
	if err := flags.Parse(args); err != nil {
		_, err = parse(flags, args, 0, 0)
		return exitUsage, err
	}
	if flags.NArg() > 0 || *upstream == "" || *dir == "" {
		return exitUsage, &usageError{"record: -upstream and -dir are needed, and no files"}
	}
	if err := webAddress(*upstream); err != nil {
		return exitUsage, err
	}
	address, err := listenAddress(*listen)
	if err != nil {
		return exitUsage, err
	}
	if info, err := os.Stat(*dir); err == nil && !info.IsDir() {
		return exitUsage, &usageError{fmt.Sprintf("record: %s is no folder", *dir)}
	}
	if _, err := os.Stat(filepath.Join(*dir, "index.jsonl")); err == nil {
		return exitUsage, &usageError{fmt.Sprintf("record: %s holds a recording already", *dir)}
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	to, _ := url.Parse(*upstream) // webAddress has read it
	return serve(ctx, s, address, newProxy(to, *dir, s))
}

// listenAddress returns an address to listen at, of this machine if it names no host.
func listenAddress(s string) (string, error) {
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		return "", &usageError{fmt.Sprintf("record: -listen: %q is not an address", s)}
	}
	if host == "" {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port), nil
}

// newProxy returns a proxy to a server that records into a folder.
func newProxy(to *url.URL, dir string, s *streams) http.Handler {
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(to)
			if r.In.URL.Path == "" || r.In.URL.Path == "/" {
				r.Out.URL.Path = to.Path
			}
			r.SetXForwarded()
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			fmt.Fprintln(s.err, "dm: record:", lines(err.Error()))
			w.WriteHeader(http.StatusBadGateway)
		},
	}
	recorder := &capture.Recorder{
		Handler: proxy, Sink: capture.Dir(dir), Secret: sensitive,
		OnError: func(err error) { fmt.Fprintln(s.err, "dm: record:", lines(err.Error())) },
	}
	return http.MaxBytesHandler(recorder, maxProxied)
}

// serve serves until the context ends.
func serve(ctx context.Context, s *streams, address string, h http.Handler) (int, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return exitWrong, err
	}
	server := &http.Server{
		Handler: h, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: proxyDelay, WriteTimeout: proxyDelay, IdleTimeout: proxyIdle,
		MaxHeaderBytes: 64 << 10,
	}
	fmt.Fprintf(s.out, "recording at http://%v\n", l.Addr())
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	select {
	case err := <-ended:
		return exitWrong, err
	case <-ctx.Done():
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), proxyFarewell)
	defer cancel()
	if err := server.Shutdown(last); err != nil && !errors.Is(err, http.ErrServerClosed) {
		return exitWrong, err
	}
	return exitOK, nil
}
