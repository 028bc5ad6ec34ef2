package main

import (
	"io"
	"os"
	"strconv"
	"strings"
	"unicode"
)

// defaultWidth is how many columns a terminal has that does not say.
const defaultWidth = 100

// style is how text is laid out. The zero style is that of files and pipes.
type style struct {
	colour bool
	width  int // columns of a line, 0 for any number
}

// styleOf returns the style for a writer.
func styleOf(w io.Writer) style {
	f, ok := w.(*os.File)
	if !ok {
		return style{}
	}
	info, err := f.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return style{}
	}
	return terminalStyle(os.Getenv)
}

// terminalStyle returns the style for a terminal in an environment.
func terminalStyle(getenv func(string) string) style {
	st := style{colour: getenv("NO_COLOR") == "" && getenv("TERM") != "dumb", width: defaultWidth}
	if n, err := strconv.Atoi(getenv("COLUMNS")); err == nil && n > 0 {
		st.width = n
	}
	return st
}

func (st style) paint(sgr, s string) string {
	if !st.colour || s == "" {
		return s
	}
	return "\x1b[" + sgr + "m" + s + "\x1b[0m"
}

func (st style) bold(s string) string  { return st.paint("1", s) }
func (st style) faint(s string) string { return st.paint("2", s) }
func (st style) red(s string) string   { return st.paint("31", s) }
func (st style) green(s string) string { return st.paint("32", s) }

// cut shortens s so that the line it ends, in which it begins at a column, fits the width.
func (st style) cut(s string, column int) string {
	room := max(st.width-column, 8)
	runes := []rune(s)
	if st.width == 0 || len(runes) <= room {
		return s
	}
	return string(runes[:room-1]) + "…"
}

// show returns s as it is if it is one line of printable characters, quoted otherwise: what a device sends must
// not command a terminal.
func show(s string) string {
	if s == "" || s[0] == '"' || strings.TrimSpace(s) != s {
		return strconv.Quote(s)
	}
	return printable(s)
}

// printable is show for text that needs no marks around it.
func printable(s string) string {
	for _, r := range s {
		if !unicode.IsPrint(r) || r == unicode.ReplacementChar {
			return strconv.Quote(s)
		}
	}
	return s
}

// lines is printable for text of several lines, such as an error.
func lines(s string) string {
	list := strings.Split(s, "\n")
	for i, l := range list {
		list[i] = printable(l)
	}
	return strings.Join(list, "\n")
}
