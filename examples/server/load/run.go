package main

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"io"
	"runtime"
	"time"
)

// errInterrupted says that a run was not brought to its end.
var errInterrupted = errors.New("load: interrupted")

// run runs all steps. The report tells of those that were run, whatever the error; without one it may be nil.
func (o *options) run(ctx context.Context, stderr io.Writer) (_ *report, err error) {
	progress := newProgress(stderr)
	s, authority, server, err := o.site(stderr)
	if err != nil {
		return nil, err
	}
	r := o.newReport()
	defer func() {
		if server != nil {
			used, serr := server.end()
			r.Server.CPU, err = newCPU(used, 0), errors.Join(err, serr)
		}
	}()
	progress.say("%d devices: making them known", o.devices)
	f, err := newFleet(o, s, authority)
	if err != nil {
		return r, err
	}
	if server == nil {
		defer func() { err = errors.Join(err, o.cleanUp(f)) }()
	}
	if err := f.register(ctx); err != nil {
		return r, err
	}
	for _, l := range o.steps {
		if err := o.step(ctx, f, l, server, r, progress); err != nil {
			return r, err
		}
	}
	return r, nil
}

// cleanUp unregisters the devices, also after an interrupt.
func (o *options) cleanUp(f *fleet) error {
	ctx, cancel := context.WithTimeout(context.Background(), o.timeout)
	defer cancel()
	return f.unregister(ctx)
}

// site returns the server to be driven, and who issues the certificates of the devices; nil: nobody. It starts the
// server, unless there is one at a URL.
func (o *options) site(stderr io.Writer) (*site, *authority, *child, error) {
	if o.url != "" {
		return o.foreignSite()
	}
	in := setup{Token: rand.Text()}
	scheme := "http"
	var a *authority
	var config *tls.Config
	if o.mtls {
		var err error
		if a, err = newAuthority(); err != nil {
			return nil, nil, nil, err
		}
		cert, err := a.server()
		if err != nil {
			return nil, nil, nil, err
		}
		if in.Cert, in.Key, err = encode(cert); err != nil {
			return nil, nil, nil, err
		}
		in.Devices = encodeCertificate(a.cert)
		scheme, config = "https", &tls.Config{RootCAs: a.pool(), MinVersion: tls.VersionTLS12}
	}
	c, err := start(in, stderr)
	if err != nil {
		return nil, nil, nil, err
	}
	s, err := newSite(scheme+"://"+c.addr+"/dm", in.Token, config)
	if err != nil {
		_, serr := c.end()
		return nil, nil, nil, errors.Join(err, serr)
	}
	return s, a, c, nil
}

// foreignSite returns the server at the URL.
func (o *options) foreignSite() (*site, *authority, *child, error) {
	roots, err := readPool(o.serverCA)
	if err != nil {
		return nil, nil, nil, err
	}
	var a *authority
	if o.mtls {
		if a, err = readAuthority(o.clientCA, o.clientKey); err != nil {
			return nil, nil, nil, err
		}
	}
	s, err := newSite(o.url, o.token, &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12})
	return s, a, nil, err
}

// step runs one step and adds it to the report.
func (o *options) step(ctx context.Context, f *fleet, l load, server *child, r *report, progress *progress) error {
	p := pace{load: l, duration: o.duration, timeout: o.timeout, checkIn: f.checkIn, tally: new(tally)}
	progress.say("%s, %g %s: filling the queues", l.Model, l.Load, l.Model.unit())
	devices, err := f.muster(ctx, p.needs(o.devices))
	if err != nil {
		return err
	}
	before, err := cpuOf(server, askSettle)
	if err != nil {
		return err
	}
	runtime.GC()
	own := ownUsage()
	stop := progress.watch(p.tally)
	n, took := p.run(ctx, devices)
	stop()
	own = ownUsage().since(own)
	f.advance(devices[:n])
	after, err := cpuOf(server, askUsage)
	r.add(l, p.tally, took, after.since(before), own)
	if ctx.Err() != nil {
		err = errors.Join(err, errInterrupted)
	}
	return err
}

// cpuOf asks for what a server has used; nobody knows that of one that is not there.
func cpuOf(server *child, question string) (usage, error) {
	if server == nil {
		return usage{}, nil
	}
	return server.usage(question)
}

// milliseconds returns d as reports have it.
func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
