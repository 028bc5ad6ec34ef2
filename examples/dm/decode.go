package main

import (
	"bufio"
	"flag"
	"fmt"

	"github.com/gomadm/gomadm/syncml"
)

func decode(flags *flag.FlagSet, args []string, s *streams) (int, error) {
	asJSON := flags.Bool("json", false, "one JSON document for each message")
	files, err := parse(flags, args, 0, -1)
	if err != nil {
		return exitUsage, err
	}
	status := exitOK
	out := bufio.NewWriter(s.out)
	l := &listing{w: out, style: styleOf(s.out)}
	for i, file := range files {
		m, err := s.message(file)
		switch {
		case err != nil:
			status = s.fail(err)
		case *asJSON:
			if err := writeJSON(out, m); err != nil {
				return exitWrong, err
			}
		default:
			if len(files) > 1 {
				l.heading(file, i > 0)
			}
			l.message(m)
		}
	}
	return status, out.Flush()
}

func diff(flags *flag.FlagSet, args []string, s *streams) (int, error) {
	files, err := parse(flags, args, 2, 2)
	if err != nil {
		return exitUsage, err
	}
	if files[0] == "-" && files[1] == "-" {
		return exitUsage, &usageError{"diff: the standard input can be one message only"}
	}
	var messages [2]*syncml.Message
	for i := range messages {
		if messages[i], err = s.message(files[i]); err != nil {
			return exitUsage, err
		}
	}
	st := styleOf(s.out)
	found := syncml.Diff(messages[0], messages[1])
	out := bufio.NewWriter(s.out)
	for _, d := range found {
		fmt.Fprintf(out, "%s\n  - %s\n  + %s\n", st.bold(printable(d.Path)), printable(d.A), printable(d.B))
	}
	if len(found) > 0 {
		return exitWrong, out.Flush()
	}
	return exitOK, nil
}
