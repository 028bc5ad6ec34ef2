package main

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gomadm/gomadm/csp"
	"github.com/gomadm/gomadm/csp/admx"
)

// The archive of templates.
const (
	templatesFile = "PolicyDefinitions-1903-admx.zip"
	templatesName = "templates of Windows 10, version 1903"
	templatesSum  = "818b06d838356faa2d8f3d8df9686d705cb6a7006cca3916363c1171fa6551d0"
)

// templateTotals are what the templates come to.
type templateTotals struct{ files, policies, anomalies, references, found int }

// currentTemplates were counted by other means. Of the references that are not found, the policies are newer.
var currentTemplates = templateTotals{225, 5451, 3, 2076, 1971}

// writeTemplates writes the elements of the policies that a catalogue refers to, and to w what changes.
func writeTemplates(w io.Writer, folder, out string, c *csp.Catalog) error {
	set, err := openTemplates(folder)
	if err != nil {
		return err
	}
	data, err := generateTemplates(set, c)
	if err != nil {
		return err
	}
	before, err := os.ReadFile(out)
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	if bytes.Equal(before, data) {
		return nil
	}
	if err := reportTemplates(w, string(before), string(data)); err != nil {
		return err
	}
	return os.WriteFile(out, data, 0o666)
}

func openTemplates(folder string) (*admx.Set, error) {
	b, err := os.ReadFile(filepath.Join(folder, templatesFile))
	if err != nil {
		return nil, err
	}
	if sum := fmt.Sprintf("%x", sha256.Sum256(b)); sum != templatesSum {
		return nil, fmt.Errorf("%s has the SHA-256 %s, not %s: update cspgen for another edition", templatesFile, sum, templatesSum)
	}
	archive, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return nil, err
	}
	return admx.ReadFS(archive)
}

// generateTemplates returns the table of the policies of a set that a catalogue refers to, which it reads back.
func generateTemplates(set *admx.Set, c *csp.Catalog) ([]byte, error) {
	all, err := set.Templates(templatesName)
	if err != nil {
		return nil, err
	}
	got := templateTotals{files: len(set.Files)}
	for _, f := range set.Files {
		got.policies += len(f.Template.Policies)
		got.anomalies += len(f.Template.Anomalies)
	}
	var policies []csp.TemplatePolicy
	seen := make(map[string]bool)
	for n := range c.All() {
		r := n.Allowed().ADMX
		if r == nil || seen[strings.ToLower(r.File+"\n"+r.Name)] {
			continue
		}
		seen[strings.ToLower(r.File+"\n"+r.Name)] = true
		if elements, ok := all.Policy(r); ok {
			policies = append(policies, csp.TemplatePolicy{File: r.File, Name: r.Name, Elements: elements})
		}
	}
	if got.references, got.found = len(seen), len(policies); got != currentTemplates {
		return nil, fmt.Errorf("%s comes to %+v, not %+v", templatesFile, got, currentTemplates)
	}
	t, err := csp.NewTemplates(csp.Provenance{Name: templatesName, Sources: []csp.Source{
		{Name: templatesName, SHA256: templatesSum, Files: got.files, Nodes: got.found},
	}}, policies)
	if err != nil {
		return nil, err
	}
	data, err := t.AppendBinary(nil)
	if err != nil {
		return nil, err
	}
	_, err = csp.LoadTemplates(string(data))
	return data, err
}

// reportTemplates prints what changes from one table to the other.
func reportTemplates(w io.Writer, before, after string) error {
	next, err := csp.LoadTemplates(after)
	if err != nil {
		return err
	}
	last, err := csp.LoadTemplates(before)
	if err != nil {
		_, err := fmt.Fprintf(w, "cspgen: the templates before cannot be read: %v\n", err)
		return err
	}
	was, is := elementsByPolicy(last), elementsByPolicy(next)
	names := slices.Collect(maps.Keys(was))
	names = slices.AppendSeq(names, maps.Keys(is))
	slices.Sort(names)
	count := make(map[csp.ChangeKind]int)
	for _, name := range slices.Compact(names) {
		c := csp.Change{Template: name, Kind: csp.Changed, Facts: []string{was[name] + " -> " + is[name]}}
		if _, ok := was[name]; !ok {
			c.Kind, c.Facts = csp.Added, nil
		} else if _, ok := is[name]; !ok {
			c.Kind, c.Facts = csp.Dropped, nil
		} else if was[name] == is[name] {
			continue
		}
		count[c.Kind]++
		if _, err := fmt.Fprintln(w, c); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintf(w, "%d added, %d dropped, %d changed\n", count[csp.Added], count[csp.Dropped], count[csp.Changed])
	return err
}

// elementsByPolicy returns the elements of each policy as a text.
func elementsByPolicy(t *csp.Templates) map[string]string {
	all := make(map[string]string)
	for p := range t.All() {
		var parts []string
		for _, e := range p.Elements {
			parts = append(parts, e.String())
		}
		all[p.File+", "+p.Name] = strings.Join(parts, "; ")
	}
	return all
}

// takes says in a sentence what data a policy takes; nothing when it is not known.
func takes(r *csp.ADMXReference) string {
	elements, ok := csp.WindowsTemplates().Policy(r)
	switch {
	case !ok:
		return ""
	case len(elements) == 0:
		return " It takes no data."
	}
	const most = 12
	parts := make([]string, 0, most)
	for _, e := range elements {
		if len(parts) == most {
			parts[most-1] = "…"
			break
		}
		if len(e.Values) > most {
			e.Values = append(e.Values[:most:most], "…")
		}
		parts = append(parts, e.String())
	}
	return " It takes " + strings.Join(parts, "; ") + "."
}
