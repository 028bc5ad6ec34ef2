package main

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session/simdevice"
	"github.com/gomadm/gomadm/syncml"
)

// transcript prints a conversation for people to read.
type transcript struct {
	w      io.Writer
	colour bool
}

// newTranscript returns a transcript in colour if w is a terminal, unless NO_COLOR is set (no-color.org).
func newTranscript(w io.Writer) *transcript {
	return &transcript{w: w, colour: os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && terminal(w)}
}

func terminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

func (t *transcript) line(format string, args ...any) { fmt.Fprintf(t.w, format+"\n", args...) }

// Colours as terminals number them.
const (
	red    = 31
	green  = 32
	yellow = 33
	cyan   = 36
)

func (t *transcript) paint(colour int, s string) string {
	if !t.colour {
		return s
	}
	return "\x1b[" + strconv.Itoa(colour) + "m" + s + "\x1b[0m"
}

// message prints a message on its way.
func (t *transcript) message(m simdevice.Traffic) {
	arrow := t.paint(cyan, "device → server")
	if m.From == simdevice.FromServer {
		arrow = t.paint(yellow, "device ← server")
	}
	if m.Message == nil {
		t.line("  %s  %d octets that are no message", arrow, len(m.Octets))
		return
	}
	open := ""
	if !m.Message.Final {
		open = ", package goes on"
	}
	t.line("  %s  message %s, %d octets%s", arrow, printable(m.Message.Header.MsgID), len(m.Octets), open)
	t.commands(m.Message.Body, "      ")
}

func (t *transcript) commands(list []syncml.Command, indent string) {
	for _, cmd := range list {
		t.command(cmd, indent)
	}
}

func (t *transcript) command(cmd syncml.Command, indent string) {
	switch c := cmd.(type) {
	case *syncml.Status:
		t.line("%sStatus   %s for %s", indent, t.status(c), subject(c))
	case *syncml.Alert:
		t.line("%sAlert    %s", indent, alert(c))
		t.items("", c.Items, indent+"         ")
	case *syncml.Atomic:
		t.line("%sAtomic", indent)
		t.commands(c.Body, indent+"  ")
	case *syncml.Sequence:
		t.line("%sSequence", indent)
		t.commands(c.Body, indent+"  ")
	default:
		t.items(fmt.Sprintf("%-8s ", printable(cmd.Name())), cmd.ItemList(), indent)
	}
}

// status names a status code.
func (t *transcript) status(c *syncml.Status) string {
	code, err := omadm.ParseStatus(c.Data.Value)
	if err != nil {
		return t.paint(red, printable(c.Data.Value))
	}
	colour := red
	if code.Success() {
		colour = green
	}
	return t.paint(colour, code.String())
}

// subject says what a status is about.
func subject(c *syncml.Status) string {
	s := printable(c.Cmd)
	if c.CmdRef != "0" {
		s += " " + printable(c.CmdRef)
	}
	if len(c.TargetRefs) > 0 && c.CmdRef != "0" {
		s += " " + printable(c.TargetRefs[0])
	}
	return s
}

func alert(c *syncml.Alert) string {
	code, err := omadm.ParseAlertCode(c.Data.Value)
	if err != nil {
		return printable(c.Data.Value)
	}
	return code.String()
}

// items prints addresses and values, one to a line.
func (t *transcript) items(prefix string, items []syncml.Item, indent string) {
	for i := range items {
		it := &items[i]
		line := indent + prefix
		switch {
		case it.Target.URI != "":
			line += printable(it.Target.URI)
		case it.Source.URI != "":
			line += printable(it.Source.URI)
		case it.Meta != nil:
			line += printable(it.Meta.Type)
		}
		if it.Data.Kind != syncml.NoData {
			line += " = " + value(it.Data)
		}
		t.line("%s", line)
	}
}

// value shows data, but not much of it.
func value(d syncml.Data) string {
	const most = 60
	switch {
	case d.Kind == syncml.OctetsData:
		return fmt.Sprintf("%d octets", len(d.Value))
	case strings.Contains(d.Value, userToken), strings.Contains(d.Value, wifiKey):
		return "(secret)"
	}
	if runes := []rune(d.Value); len(runes) > most {
		return strconv.Quote(string(runes[:most])) + "…"
	}
	return strconv.Quote(d.Value)
}

// printable replaces what would steer a terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if !strconv.IsPrint(r) {
			return '\uFFFD'
		}
		return r
	}, s)
}
