package main

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"strings"

	"github.com/gomadm/gomadm/csp"
	"github.com/gomadm/gomadm/syncml"
)

func lint(flags *flag.FlagSet, args []string, s *streams) (int, error) {
	tsv := flags.Bool("tsv", false, "one line for each finding")
	policy := flags.String("policy", "default", "severities")
	var device deviceFlags
	device.define(flags)
	var more additions
	more.define(flags)
	files, err := parse(flags, args, 0, -1)
	if err != nil {
		return exitUsage, err
	}
	rules, ok := policies[*policy]
	if !ok {
		return exitUsage, &usageError{fmt.Sprintf("no policy %q", *policy)}
	}
	catalog, err := more.catalog(s)
	if err != nil {
		return exitWrong, err
	}
	l := &linter{catalog: catalog, rules: rules, device: device.Device, tsv: *tsv, style: styleOf(s.out)}
	status := exitOK
	out := bufio.NewWriter(s.out)
	l.w = out
	for _, file := range files {
		b, err := s.read(file, syncml.DefaultLimits().Octets)
		if err != nil {
			status = s.fail(err)
			continue
		}
		p, err := readProfile(b)
		if err != nil {
			status = s.fail(fmt.Errorf("%s: %w", file, err))
			continue
		}
		l.file(file, p)
	}
	if l.wrong {
		status = exitWrong
	}
	return status, out.Flush()
}

// policies are the values of -policy.
var policies = map[string]csp.Rules{
	"default": {}, "strict": {Policy: csp.Strict}, "lenient": {Policy: csp.Lenient},
}

// deviceFlags are what a user says of a device.
type deviceFlags struct{ csp.Device }

func (d *deviceFlags) define(flags *flag.FlagSet) {
	flags.Func("build", "build", func(s string) (err error) {
		d.Build, err = csp.ParseBuild(s)
		return err
	})
	flags.Func("edition", "edition", func(s string) (err error) {
		d.Edition, err = csp.ParseEdition(s)
		return err
	})
	flags.Func("user", "whether a user is signed in", func(s string) error {
		switch s {
		case "yes":
			d.User = csp.UserSignedIn
		case "none":
			d.User = csp.UserAbsent
		default:
			return fmt.Errorf("%q is neither yes nor none", s)
		}
		return nil
	})
}

// linter prints what is found in profiles.
type linter struct {
	w       io.Writer
	catalog *csp.Catalog
	rules   csp.Rules
	device  csp.Device
	tsv     bool
	style   style
	wrong   bool
}

// file checks a profile and prints the findings.
func (l *linter) file(file string, p *profile) {
	found := p.check(l.catalog, l.rules, l.device)
	counts := map[csp.Severity]int{}
	for i := range found {
		counts[found[i].Severity]++
	}
	l.wrong = l.wrong || counts[csp.Error] > 0
	if l.tsv {
		for i := range found {
			l.row(file, p, &found[i])
		}
		return
	}
	fmt.Fprintf(l.w, "%s: %s\n", show(file), l.verdict(p, counts))
	for i := range found {
		l.finding(p, &found[i])
	}
}

func (l *linter) verdict(p *profile, counts map[csp.Severity]int) string {
	var parts []string
	for s := csp.Error; s > csp.Off; s-- {
		if n := counts[s]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, plural(s.String(), n)))
		}
	}
	if counts[csp.Error] > 0 {
		return l.style.red(strings.Join(parts, ", "))
	}
	return strings.Join(append([]string{l.style.green("good")}, parts...), ", ") + " (" + p.kind + ")"
}

func plural(word string, n int) string {
	if n == 1 || word == "info" {
		return word
	}
	return word + "s"
}

// row prints a finding as fields between tabs.
func (l *linter) row(file string, p *profile, i *csp.Issue) {
	fields := []string{file, i.Severity.String(), string(i.Code), p.place(i), string(i.URI), i.Node, i.Got, i.Want, i.Message, fixes(i)}
	for j := range fields {
		fields[j] = field(fields[j])
	}
	fmt.Fprintln(l.w, strings.Join(fields, "\t"))
}

// finding prints a finding, and below it what would be better.
func (l *linter) finding(p *profile, i *csp.Issue) {
	label := fmt.Sprintf("%-8s", i.Severity)
	switch i.Severity {
	case csp.Error:
		label = l.style.red(label)
	case csp.Info:
		label = l.style.faint(label)
	}
	fmt.Fprintf(l.w, "  %s%s at %s: %s\n", label, i.Code, p.place(i), printable(i.Message))
	for _, line := range [...][2]string{
		{"node", i.Node}, {"uri", uriBeside(i)}, {"got", i.Got}, {"want", i.Want}, {"fix", fixes(i)}, {"source", i.Source},
	} {
		if line[1] != "" {
			fmt.Fprintf(l.w, "          %s %s\n", l.style.faint(fmt.Sprintf("%-6s", line[0])), l.style.cut(printable(line[1]), 17))
		}
	}
}

// uriBeside returns the address unless the node says the same.
func uriBeside(i *csp.Issue) string {
	if string(i.URI) == i.Node {
		return ""
	}
	return string(i.URI)
}

func fixes(i *csp.Issue) string {
	var all []string
	for _, f := range i.Fix {
		all = append(all, f.String())
	}
	return strings.Join(all, "; or ")
}
