package main

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
)

// rig is a server that is measured, and its devices.
type rig struct {
	serve string // what it serves; empty: nobody knows
	site  *site
	child *child // nil: the server is at a URL
	fleet *fleet
	dir   string // with the file of its store; empty: none

	authority *authority // that issues the certificates of devices; nil: they have none
}

// newRig starts a server, unless there is one at a URL, and makes the devices known to it. The rig has to be taken down also
// when there is an error.
func (o *options) newRig(ctx context.Context, serve string, stderr io.Writer, p *progress) (*rig, error) {
	g := &rig{serve: serve}
	var err error
	if o.url != "" {
		g.serve = ""
		err = g.reach(o)
	} else {
		err = g.start(o, stderr)
	}
	if err != nil {
		return g, err
	}
	p.say("%d devices: making them known", o.devices)
	if g.fleet, err = newFleet(o, g.site, g.authority); err != nil {
		return g, err
	}
	if serve == echoes {
		return g, g.fleet.rehearse(ctx, &o.mix)
	}
	return g, g.fleet.register(ctx)
}

// takeDown ends the server, or makes it forget the devices when it goes on or its database does. It returns what the server
// has used in its life.
func (g *rig) takeDown(o *options) (used usage, err error) {
	if g.fleet != nil && (o.url != "" || o.store == postgres) {
		err = o.cleanUp(g.fleet)
	}
	if g.child != nil {
		u, cerr := g.child.end()
		used, err = u, errors.Join(err, cerr)
	}
	if g.dir != "" {
		err = errors.Join(err, os.RemoveAll(g.dir))
	}
	return used, err
}

// cleanUp unregisters the devices, also after an interrupt.
func (o *options) cleanUp(f *fleet) error {
	ctx, cancel := context.WithTimeout(context.Background(), o.timeout)
	defer cancel()
	return f.unregister(ctx)
}

// start starts a server of its own.
func (g *rig) start(o *options, stderr io.Writer) (err error) {
	in := setup{Token: rand.Text(), Serve: g.serve, Store: o.store, DB: o.db, Group: o.group}
	if g.serve == gomadm && o.store == sqlite {
		if g.dir, err = os.MkdirTemp("", "gomadm-load-"); err != nil {
			return fmt.Errorf("load: %w", err)
		}
		in.DB = filepath.Join(g.dir, "load.db")
	}
	scheme := "http"
	var config *tls.Config
	if o.mtls {
		if g.authority, err = newAuthority(); err != nil {
			return err
		}
		cert, err := g.authority.server()
		if err != nil {
			return err
		}
		if in.Cert, in.Key, err = encode(cert); err != nil {
			return err
		}
		in.Devices = encodeCertificate(g.authority.cert)
		scheme, config = "https", &tls.Config{RootCAs: g.authority.pool(), MinVersion: tls.VersionTLS12}
	}
	if g.child, err = start(in, stderr); err != nil {
		return err
	}
	g.site, err = newSite(scheme+"://"+g.child.addr+"/dm", in.Token, config)
	return err
}

// reach takes the server at the URL.
func (g *rig) reach(o *options) error {
	roots, err := readPool(o.serverCA)
	if err != nil {
		return err
	}
	if o.mtls {
		if g.authority, err = readAuthority(o.clientCA, o.clientKey); err != nil {
			return err
		}
	}
	g.site, err = newSite(o.url, o.token, &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12})
	return err
}

// step runs one step and adds it to the report.
func (g *rig) step(ctx context.Context, o *options, l load, r *report, progress *progress) error {
	f := g.fleet
	p := pace{load: l, duration: o.duration, timeout: o.timeout, checkIn: f.checkIn, tally: new(tally)}
	if g.serve == echoes {
		p.checkIn = f.recite
	}
	progress.say("%s%s, %g %s: filling the queues", prefix(g.serve), l.Model, l.Load, l.Model.unit())
	devices, err := f.muster(ctx, p.needs(o.devices))
	if err != nil {
		return err
	}
	before, err := g.usage(askSettle)
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
	after, err := g.usage(askUsage)
	r.add(g.serve, l, p.tally, took, after.since(before), own)
	if ctx.Err() != nil {
		err = errors.Join(err, errInterrupted)
	}
	return err
}

// prefix puts a name before a text, if there is one.
func prefix(name string) string {
	if name == "" {
		return ""
	}
	return name + ": "
}

// usage asks for what the server has used; nobody knows that of one at a URL.
func (g *rig) usage(question string) (usage, error) {
	if g.child == nil {
		return usage{}, nil
	}
	return g.child.usage(question)
}
