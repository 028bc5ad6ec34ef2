package main

import (
	"bufio"
	"flag"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/gomadm/gomadm/csp"
	"github.com/gomadm/gomadm/omadm"
)

func explain(flags *flag.FlagSet, args []string, s *streams) (int, error) {
	var device deviceFlags
	device.define(flags)
	var more additions
	more.define(flags)
	args = flagsEnd(args)
	if err := flags.Parse(args); err != nil {
		_, err = parse(flags, args, 0, -1)
		return exitUsage, err
	}
	words := flags.Args()
	if len(words) != 1 && len(words) != 3 {
		return exitUsage, &usageError{"explain: a status or an HRESULT, and perhaps a command and an address"}
	}
	status, hresult, err := code(words[0])
	if err != nil {
		return exitUsage, &usageError{"explain: " + err.Error()}
	}
	var op omadm.Op
	if len(words) == 3 {
		if op, err = operation(words[1], words[2]); err != nil {
			return exitUsage, &usageError{"explain: " + err.Error()}
		}
	}
	catalog, err := more.catalog(s)
	if err != nil {
		return exitWrong, err
	}
	out := bufio.NewWriter(s.out)
	st := styleOf(s.out)
	x := catalog.Explain(device.Device, op, status, hresult)
	name := status.String()
	if status == 0 {
		name = hresult.String()
		if wrapped, ok := hresult.Status(); ok {
			name += ", which is " + wrapped.String()
		}
	}
	fmt.Fprintf(out, "%s\n", st.bold(name))
	var fixes []string
	for _, f := range x.Fix {
		fixes = append(fixes, f.String())
	}
	for _, line := range [...][2]string{
		{"means", x.Hint}, {"cause", string(x.Cause)}, {"again", x.Retry.String()}, {"fix", strings.Join(fixes, "; or ")},
	} {
		if line[1] != "" {
			fmt.Fprintf(out, "  %s %s\n", st.faint(fmt.Sprintf("%-6s", line[0])), printable(line[1]))
		}
	}
	for i := range x.Issues {
		fmt.Fprintf(out, "  %s %s\n", st.faint("found "), printable(strings.TrimPrefix(x.Issues[i].Error(), "csp: ")))
	}
	return exitOK, out.Flush()
}

// flagsEnd puts -- before a negative number, which is no flag.
func flagsEnd(args []string) []string {
	for i, a := range args {
		if a == "--" {
			break
		}
		if n, err := strconv.Atoi(a); err == nil && n < 0 {
			return slices.Insert(slices.Clone(args), i, "--")
		}
	}
	return args
}

// code reads a status, which has three or four digits, or an HRESULT.
func code(s string) (omadm.Status, csp.HRESULT, error) {
	if n, err := strconv.Atoi(s); err == nil && n > 0 && n < 10000 {
		status, err := omadm.ParseStatus(s)
		return status, 0, err
	}
	h, err := csp.ParseHRESULT(s)
	if err != nil {
		return 0, 0, fmt.Errorf("neither a status nor an HRESULT: %q", s)
	}
	return 0, h, nil
}

// operation returns the operation that a user names, with a value that says nothing if it needs one.
func operation(verb, uri string) (omadm.Op, error) {
	for _, v := range [...]omadm.Verb{omadm.Get, omadm.Add, omadm.Replace, omadm.Delete, omadm.Exec} {
		if strings.EqualFold(v.String(), verb) {
			return omadm.Op{Verb: v, URI: omadm.URI(uri)}, nil
		}
	}
	return omadm.Op{}, fmt.Errorf("no command %q", verb)
}
