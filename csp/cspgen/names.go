package main

import (
	"cmp"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gomadm/gomadm/csp"
)

// name is a line of names.tsv: the constant of a node, or of one of its values. Once given, a name is never changed or
// taken away, since programs use it.
type name struct {
	pkg, ident string
	template   string // of the node
	value      string // as description files write it; empty for the node itself
}

func (n name) key() string {
	if n.value == "" {
		return n.template
	}
	return n.template + " = " + n.value
}

// names are all names that were given.
type names struct {
	byKey map[string]name
	taken map[string]string // what an identifier of a package, "bitlocker.X", stands for
}

const namesHead = "# The names of the constants: package, identifier, node, value. cspgen adds lines; nothing is changed or taken away.\n"

// parseNames reads names.tsv.
func parseNames(text string) (*names, error) {
	ns := &names{byKey: make(map[string]name), taken: make(map[string]string)}
	i := 0
	for line := range strings.Lines(text) {
		i++
		if line = strings.TrimSuffix(line, "\n"); line == "" || line[0] == '#' {
			continue
		}
		f := strings.Split(line, "\t")
		if len(f) < 3 || len(f) > 4 {
			return nil, fmt.Errorf("names: line %d: %d columns", i, len(f))
		}
		n := name{pkg: f[0], ident: f[1], template: f[2]}
		if len(f) == 4 {
			n.value = f[3]
		}
		if err := ns.add(n); err != nil {
			return nil, fmt.Errorf("names: line %d: %w", i, err)
		}
	}
	return ns, nil
}

func (ns *names) add(n name) error {
	if other, ok := ns.taken[n.pkg+"."+n.ident]; ok {
		return fmt.Errorf("%s.%s is the name of %q and of %q", n.pkg, n.ident, other, n.key())
	}
	if other, ok := ns.byKey[n.key()]; ok {
		return fmt.Errorf("%q is %s.%s and %s.%s", n.key(), other.pkg, other.ident, n.pkg, n.ident)
	}
	ns.byKey[n.key()] = n
	ns.taken[n.pkg+"."+n.ident] = n.key()
	return nil
}

// reserve keeps an identifier of a package, which hand-written files declare, from being given.
func (ns *names) reserve(pkg, ident string) {
	if _, ok := ns.taken[pkg+"."+ident]; !ok {
		ns.taken[pkg+"."+ident] = "a hand-written file"
	}
}

// sorted returns the names by package and node; the values of a node follow it.
func (ns *names) sorted() []name {
	all := make([]name, 0, len(ns.byKey))
	for _, n := range ns.byKey {
		all = append(all, n)
	}
	slices.SortFunc(all, func(a, b name) int {
		if c := cmp.Compare(a.pkg, b.pkg); c != 0 {
			return c
		}
		if c := byTemplate(a.template, b.template); c != 0 {
			return c
		}
		return byValue(a.value, b.value)
	})
	return all
}

// byTemplate orders templates as trees are walked: those of devices first, and a node before what is below it.
func byTemplate(a, b string) int {
	return slices.Compare(strings.Split(a, "/"), strings.Split(b, "/"))
}

// byValue orders numbers by size, and all else by text.
func byValue(a, b string) int {
	x, ok1 := number(a)
	y, ok2 := number(b)
	if ok1 && ok2 && x != y {
		return cmp.Compare(x, y)
	}
	return cmp.Compare(a, b)
}

func (ns *names) String() string {
	var b strings.Builder
	b.WriteString(namesHead)
	for _, n := range ns.sorted() {
		b.WriteString(n.pkg + "\t" + n.ident + "\t" + n.template)
		if n.value != "" {
			b.WriteString("\t" + n.value)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// nameNodes gives its name to each node that has none, and finds those whose name would change.
func (ns *names) nameNodes(c *csp.Catalog) error {
	var all []error
	for n := range c.All() {
		t := n.Template()
		next := name{template: t}
		next.pkg, next.ident = csp.ConstantName(t)
		if next.ident == "" {
			all = append(all, fmt.Errorf("%s: a place that belongs to no package", t))
		} else if old, ok := ns.byKey[next.key()]; !ok {
			all = append(all, ns.add(next))
		} else if old != next {
			all = append(all, fmt.Errorf("%s is %s.%s, and csp.ConstantName makes it %s.%s", t, old.pkg, old.ident, next.pkg, next.ident))
		}
	}
	return errors.Join(all...)
}

// gone returns the nodes with a name that a catalogue does not have.
func (ns *names) gone(c *csp.Catalog) []name {
	have := make(map[string]bool)
	for n := range c.All() {
		have[n.Template()] = true
	}
	return slices.DeleteFunc(ns.sorted(), func(n name) bool { return have[n.template] || n.value != "" })
}

// declared returns what the files of a package that are not generated declare.
func declared(dir string) ([]string, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, err
	}
	var idents []string
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") || filepath.Base(file) == nodesFile {
			continue
		}
		src, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, src, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		for _, d := range f.Decls {
			idents = append(idents, declares(d)...)
		}
	}
	return idents, nil
}

func declares(d ast.Decl) []string {
	var idents []string
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Recv == nil {
			idents = append(idents, d.Name.Name)
		}
	case *ast.GenDecl:
		for _, s := range d.Specs {
			switch s := s.(type) {
			case *ast.TypeSpec:
				idents = append(idents, s.Name.Name)
			case *ast.ValueSpec:
				for _, id := range s.Names {
					idents = append(idents, id.Name)
				}
			}
		}
	}
	return idents
}
