package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/gomadm/gomadm/csp"
	"github.com/gomadm/gomadm/csp/ddf"
)

// additions are files with nodes that the catalogue of package csp does not have, or has in another way. Of two that say
// something of one node, the one that is named last counts.
type additions []addition

// addition is one of them, with what reads it.
type addition struct {
	file string
	read func(file string) (csp.Layer, []ddf.Anomaly, error)
}

func (a *additions) define(flags *flag.FlagSet) {
	add := func(flag, usage string, read func(string) (csp.Layer, []ddf.Anomaly, error)) {
		flags.Func(flag, usage, func(file string) error {
			*a = append(*a, addition{file, read})
			return nil
		})
	}
	add("ddf", "description files", described)
	add("layer", "a layer in JSON", layered)
}

// catalog returns the catalogue of package csp with what the files add, and prints what is odd about them.
func (a additions) catalog(s *streams) (*csp.Catalog, error) {
	layers := make([]csp.Layer, 0, len(a))
	for _, add := range a {
		l, odd, err := add.read(add.file)
		if err != nil {
			return nil, err
		}
		for _, o := range odd {
			fmt.Fprintf(s.err, "dm: %s: line %d, node %q: %s\n", show(o.File), o.Line, o.Node, printable(o.Reason))
		}
		layers = append(layers, l)
	}
	return csp.Default().With(layers...)
}

// described reads a description file, a folder of them or an archive.
func described(name string) (csp.Layer, []ddf.Anomaly, error) {
	set, err := ddf.Open(name)
	if err != nil {
		return csp.Layer{}, nil, err
	}
	defs, odd := set.Definitions()
	for i := range defs {
		defs[i].Origin = set.Name
	}
	return csp.Layer{Name: set.Name, Define: defs}, odd, nil
}

// layered reads a layer that somebody wrote.
func layered(name string) (csp.Layer, []ddf.Anomaly, error) {
	f, err := os.Open(name)
	if err != nil {
		return csp.Layer{}, nil, err
	}
	defer f.Close()
	l, err := csp.ReadLayer(f)
	if err != nil {
		return csp.Layer{}, nil, fmt.Errorf("%s: %w", name, err)
	}
	return l, nil, nil
}
