package main

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"strings"
	"unicode"

	"github.com/gomadm/gomadm/syncml"
)

func check(flags *flag.FlagSet, args []string, s *streams) (int, error) {
	tsv := flags.Bool("tsv", false, "one line for each file")
	files, err := parse(flags, args, 0, -1)
	if err != nil {
		return exitUsage, err
	}
	status := exitOK
	out := bufio.NewWriter(s.out)
	v := &verdicts{w: out, style: styleOf(s.out)}
	for _, file := range files {
		b, err := s.read(file, syncml.DefaultLimits().Octets)
		if err != nil {
			status = s.fail(err)
			continue
		}
		d := open(b)
		if *tsv {
			v.row(file, d)
		} else {
			v.file(file, d)
		}
	}
	if v.wrong {
		status = exitWrong
	}
	return status, out.Flush()
}

// verdicts prints what is found about documents.
type verdicts struct {
	w     io.Writer
	style style
	wrong bool
}

// row prints a line of fields between tabs.
func (v *verdicts) row(file string, d *document) {
	form := "well-formed"
	if d.refused != nil {
		form = "not-well-formed: " + reason(d.refused)
		v.wrong = true
	}
	fmt.Fprintf(v.w, "%s\t%s\t%s\n", field(file), field(form), field(d.kind))
}

// field makes s fit for a field between tabs.
func field(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == unicode.ReplacementChar || !unicode.IsPrint(r) && !unicode.IsSpace(r) {
			return ' '
		}
		return r
	}, s)
}

// file prints the verdict on a file and what leads to it.
func (v *verdicts) file(file string, d *document) {
	if d.refused != nil {
		v.wrong = true
		fmt.Fprintf(v.w, "%s: %s\n", show(file), v.style.red("not well formed"))
		v.line(&finding{row: d.row, text: reason(d.refused)})
		return
	}
	found := inspect(d)
	verdict := v.style.green("good")
	for _, f := range found {
		if !f.note {
			verdict, v.wrong = v.style.red("wrong"), true
			break
		}
	}
	fmt.Fprintf(v.w, "%s: %s (%s)\n", show(file), verdict, printable(d.kind))
	for _, f := range found {
		v.line(f)
	}
}

func (v *verdicts) line(f *finding) {
	row := fmt.Sprintf("%-5s", f.row)
	label := v.style.red(row)
	if f.note {
		label = v.style.faint(row + "note: ")
	}
	text := printable(f.String())
	if at := f.place(); at != "" {
		text = printable(at) + ": " + text
	}
	fmt.Fprintf(v.w, "  %s%s\n", label, text)
}

// reason returns an error of a decoder without the name of the package.
func reason(err error) string {
	return strings.TrimPrefix(err.Error(), "syncml: ")
}
