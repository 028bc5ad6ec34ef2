package main

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/gomadm/gomadm/csp"
	"github.com/gomadm/gomadm/omadm"
)

func tree(flags *flag.FlagSet, args []string, s *streams) (int, error) {
	depth := flags.Int("depth", -1, "how far below the node")
	var more additions
	more.define(flags)
	words, err := parse(flags, args, 0, 1)
	if err != nil {
		return exitUsage, err
	}
	address := words[0]
	if address == "-" {
		address = "."
	}
	catalog, err := more.catalog(s)
	if err != nil {
		return exitWrong, err
	}
	m, err := catalog.ResolveLocURI(omadm.URI(address))
	if unknown := new(csp.UnknownError); errors.As(err, &unknown) && len(unknown.Suggest) > 1 {
		for _, u := range unknown.Suggest[1:] {
			err = fmt.Errorf("%w\n    or %s", err, u)
		}
	}
	if err != nil {
		return exitWrong, err
	}
	out := bufio.NewWriter(s.out)
	l := &nodeListing{w: out, style: styleOf(s.out), depth: *depth}
	fmt.Fprintln(out, l.style.bold(printable(m.Node.Template())))
	l.facts(m.Node, "  ")
	l.below(m.Node, "  ", 1)
	return exitOK, out.Flush()
}

// nodeListing prints nodes of the catalogue.
type nodeListing struct {
	w     io.Writer
	style style
	depth int // negative: all the way down
}

// below prints what is below a node.
func (l *nodeListing) below(n csp.Node, indent string, level int) {
	if l.depth >= 0 && level > l.depth {
		return
	}
	for child := range n.Children() {
		line := indent + printable(child.Name())
		if child.Described() {
			line += "  " + l.style.faint(printable(summary(child)))
		}
		fmt.Fprintln(l.w, line)
		l.below(child, indent+"  ", level+1)
	}
}

// summary returns what matters most about a node in one line.
func summary(n csp.Node) string {
	parts := []string{string(n.Format()), n.Verbs().String()}
	if v := values(n); v != "" {
		parts = append(parts, v)
	}
	if n.Sensitive() {
		parts = append(parts, "secret")
	}
	if _, ok := n.Deprecated(); ok {
		parts = append(parts, "deprecated")
	}
	if _, ok := n.Removed(); ok {
		parts = append(parts, "removed")
	}
	return strings.Join(parts, ", ")
}

// values says which values a node takes.
func values(n csp.Node) string {
	c := n.Allowed()
	var s string
	switch c.Kind {
	case csp.Enum:
		s = "one of " + strings.Join(c.Values, " ")
	case csp.Flags:
		s = "a sum of " + strings.Join(c.Values, " ")
	case csp.Range, csp.Regex:
		s = string(c.Kind) + " " + strings.Join(c.Values, " ")
	case csp.ADMX:
		if s = "template"; c.ADMX != nil {
			s += " " + c.ADMX.File + ", " + c.ADMX.Name
		}
		if elements, _ := csp.ElementsOf(n); len(elements) > 0 {
			var parts []string
			for _, e := range elements {
				parts = append(parts, e.String())
			}
			s += " with " + strings.Join(parts, "; ")
		}
	default:
		s = string(c.Kind)
	}
	if c.List != "" {
		s = strings.TrimSpace("list with " + fmt.Sprintf("%+q", c.List) + " " + s)
	}
	return s
}

// facts prints what is known of a node.
func (l *nodeListing) facts(n csp.Node, indent string) {
	if !n.Described() {
		return
	}
	d := n.Definition()
	rows := [][2]string{
		{"format", string(d.Format)}, {"verbs", d.Verbs.String()}, {"occurs", string(d.Occurrence)}, {"values", values(n)},
		{"builds", fact(d.Builds)}, {"reboot", string(d.Reboot)}, {"removed", d.Removed}, {"origin", d.Origin},
		{"constant", n.Constant()},
	}
	a := n.Applies(csp.Device{})
	if d.Builds == nil && a.BuildFact != "" {
		rows = append(rows, [2]string{"builds", a.BuildFact + ", as " + a.BuildNode.Name()})
	}
	if def, ok := n.Default(); ok && !n.Sensitive() {
		rows = append(rows, [2]string{"default", def})
	}
	if root, ok := n.AtomicRoot(); ok {
		rows = append(rows, [2]string{"atomic", "below " + root.Template()})
	}
	if since, ok := n.Deprecated(); ok {
		rows = append(rows, [2]string{"deprecated", strings.TrimSpace("since " + since.String())})
	}
	for _, g := range n.Dependencies() {
		for _, dep := range g.Nodes {
			rows = append(rows, [2]string{"depends", dep.Template})
		}
	}
	for _, source := range d.Sources {
		rows = append(rows, [2]string{"corrected", source})
	}
	rows = slices.DeleteFunc(rows, func(r [2]string) bool { return r[1] == "" })
	for _, r := range rows {
		fmt.Fprintf(l.w, "%s%s %s\n", indent, l.style.faint(fmt.Sprintf("%-10s", r[0])), printable(r[1]))
	}
}

func fact(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
