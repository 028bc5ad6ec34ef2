package main

import (
	_ "embed"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gomadm/gomadm/csp"
	"github.com/gomadm/gomadm/csp/ddf"
	"github.com/gomadm/gomadm/omadm"
)

// The archives.
const (
	currentFile = "DDFv2Feb2026.zip"
	currentName = "DDF v2, February 2026"
	currentSum  = "bf667d895af4a8c8ab5a31065ce0e28ea2f8b649c4dc416f452f62fd1c42ff14"

	formerFile = "DDFv1-2017.zip"
	formerName = "DDF v1, 2017"
	formerSum  = "b2cac6817f20b47dffadc7901ad9360633239c8a5e87a3182ccabd7c1ff55331"
)

// former are the files of DDF v1 about providers that DDF v2 lacks and that devices of today still have, or that
// administrators of the editions they are for still use. Those of phones are left out.
var former = []string{
	"enterpriseapn-ddf-2.xml", "enterprisedataprotection-ddf-file.xml", "remotefind-ddf-file.xml", "reporting-ddf-file.xml",
	"storage-ddf-file.xml", "surfacehub-ddf-file.xml", "unifiedwritefilter-ddf.xml", "update-ddf-file.xml",
	"win32appinventory-ddf-file.xml", "windowsadvancedthreatprotection-ddf.xml",
}

//go:embed accepted.tsv
var accepted string

func readLayer(name string) (csp.Layer, error) {
	f, err := os.Open(name)
	if err != nil {
		return csp.Layer{}, err
	}
	defer f.Close()
	return csp.ReadLayer(f)
}

// generate returns the catalogue, and what the description files say of values.
func generate(folder string, layer csp.Layer) ([]byte, described, error) {
	current, err := open(folder, currentFile, currentSum)
	if err != nil {
		return nil, nil, err
	}
	old, err := open(folder, formerFile, formerSum)
	if err != nil {
		return nil, nil, err
	}
	old.Files = slices.DeleteFunc(old.Files, func(f ddf.File) bool { return !slices.Contains(former, path.Base(f.Name)) })
	if got := count(current); got != currentTotals {
		return nil, nil, fmt.Errorf("%s comes to %+v, not %+v", currentFile, got, currentTotals)
	}
	defs, odd := current.Definitions()
	oldDefs, oldOdd := old.Definitions()
	if err := judge(append(odd, oldOdd...), accepted); err != nil {
		return nil, nil, err
	}
	for i := range oldDefs {
		oldDefs[i].Origin = formerName
	}
	p := csp.Provenance{Name: currentName, Sources: []csp.Source{
		{Name: currentName, SHA256: current.SHA256, Files: len(current.Files), Nodes: len(defs)},
		{Name: formerName, SHA256: old.SHA256, Files: len(old.Files), Nodes: len(oldDefs)},
		{Name: layer.Name, Nodes: len(layer.Define)},
	}}
	data, err := build(p, append(defs, oldDefs...), layer)
	return data, describe(current, old), err
}

// totals are what a set comes to.
type totals struct{ files, trees, nodes, values, dynamic, allowed, applicable, dependent, atomic int }

// currentTotals were counted by other means.
var currentTotals = totals{313, 400, 5955, 5146, 132, 4489, 4120, 125, 21}

func count(s *ddf.Set) totals {
	t := totals{files: len(s.Files)}
	add := func(n *int, is bool) {
		if is {
			*n++
		}
	}
	for _, f := range s.Files {
		t.trees += len(f.Document.Nodes)
		for _, n := range f.Document.All() {
			w := &n.Windows
			t.nodes++
			add(&t.values, n.Format != omadm.FormatNode)
			add(&t.dynamic, n.Dynamic())
			add(&t.allowed, w.Allowed != nil)
			add(&t.applicable, w.Applicability != ddf.Applicability{})
			add(&t.dependent, len(w.Dependencies) > 0)
			add(&t.atomic, w.Atomic)
		}
	}
	return t
}

func open(folder, name, sum string) (*ddf.Set, error) {
	s, err := ddf.Open(filepath.Join(folder, name))
	if err != nil {
		return nil, err
	}
	if s.SHA256 != sum {
		return nil, fmt.Errorf("%s has the SHA-256 %s, not %s: update cspgen for another edition", name, s.SHA256, sum)
	}
	return s, nil
}

// judge returns an error unless the anomalies are those that are accepted: lines with file, node and reason.
func judge(odd []ddf.Anomaly, accepted string) error {
	expected := make(map[string]bool)
	for line := range strings.Lines(accepted) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			expected[line] = true
		}
	}
	var all []error
	seen := make(map[string]bool)
	for _, a := range odd {
		line := path.Base(a.File) + "\t" + strings.TrimSpace(a.Node) + "\t" + a.Reason
		if !expected[line] && !seen[line] {
			all = append(all, fmt.Errorf("%s: line %d, node %q: %s", a.File, a.Line, a.Node, a.Reason))
		}
		seen[line] = true
	}
	for _, line := range slices.Sorted(maps.Keys(expected)) {
		if !seen[line] {
			all = append(all, fmt.Errorf("accepted, but gone: %q", line))
		}
	}
	return errors.Join(all...)
}

// build returns the catalogue of the definitions with a layer, in one table, which it reads back.
func build(p csp.Provenance, defs []csp.Definition, layer csp.Layer) ([]byte, error) {
	plain, err := csp.New(p, defs)
	if err != nil {
		return nil, err
	}
	c, err := plain.With(layer)
	if err != nil {
		return nil, err
	}
	data, err := c.AppendBinary(nil)
	if err != nil {
		return nil, err
	}
	back, err := csp.Load(string(data))
	if err != nil {
		return nil, err
	}
	for change := range csp.Diff(c, back) {
		return nil, fmt.Errorf("the table does not say what it was made of: %v", change)
	}
	return data, nil
}

// report prints what changes from one catalogue to the other.
func report(w io.Writer, before, after string) error {
	next, err := csp.Load(after)
	if err != nil {
		return err
	}
	last, err := csp.Load(before)
	if err != nil {
		_, err := fmt.Fprintf(w, "cspgen: the catalogue before cannot be read: %v\n", err)
		return err
	}
	count := make(map[csp.ChangeKind]int)
	for change := range csp.Diff(last, next) {
		count[change.Kind]++
		if _, err := fmt.Fprintln(w, change); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintf(w, "%d added, %d dropped, %d changed\n", count[csp.Added], count[csp.Dropped], count[csp.Changed])
	return err
}
