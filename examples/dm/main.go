// Dm reads, writes and checks SyncML messages, the language of OMA DM.
//
// Usage:
//
//	dm decode [-json] [FILE...]
//	dm encode [-to xml|wbxml] [FILE]
//	dm convert -to xml|wbxml [FILE]
//	dm diff A B
//	dm check [-tsv] [FILE...]
//	dm lint [-tsv] [-policy default|strict|lenient] [-build BUILD] [-edition EDITION] [-user yes|none] [NODES] [FILE...]
//	dm explain [-build BUILD] [-edition EDITION] [-user yes|none] [NODES] STATUS|HRESULT [VERB URI]
//	dm tree [-depth N] [NODES] [URI]
//	dm inspect FILE|DIR
//	dm replay [-mode meaning|outcomes|rules] CAPTURE URL
//	dm record -listen ADDR -upstream URL -dir DIR
//
// A file named - is the standard input, and so is no file. Whether a message is XML or WBXML is seen from its first
// octet.
//
// # Decode
//
// Decode prints a listing of each message: the header, then each command with what it says. Characters that would
// move the cursor are escaped. Credentials and nonces are replaced by their length. On a terminal the listing has
// colours, unless NO_COLOR is set, and long values are cut to the width in COLUMNS, or to 100 columns.
//
// With -json it prints one JSON document for each message instead, with everything that the message says, secrets
// included. The fields:
//
//	namespace  of the SyncML element, when it is not the one that verDTD implies
//	header     verDTD, verProto, sessionID, msgID, target, source, respURI, noResp, cred, meta
//	commands   name, cmdID, and what the command has of msgRef, cmdRef, cmd, targetRefs, sourceRefs, noResp, archive,
//	           sftDel, lang, cred, chal, meta, data, correlator, items, commands (of Atomic and Sequence); of a
//	           command that DM does not use also space and content, its markup
//	final      whether the message ends the package
//
//	target, source  uri, name
//	items           target, source, meta, data, moreData
//	cred            meta, data
//	chal            meta
//	meta            format, type, mark, size, nextNonce, maxMsgSize, maxObjSize, extra (name, space, content)
//	data            one of text, markup and octets (base64), and originalError
//
// A field that is missing says that the element is. Fields may be added; none is renamed or removed.
//
// # Encode
//
// Encode writes the message that such a JSON document describes. Fields that it does not know are an error.
//
// # Convert
//
// Convert writes a message in the other encoding, or in the same one in the form the encoder gives it. XML carries no
// raw octets: they become base64, and their Format b64.
//
// # Diff
//
// Diff compares what two messages mean and prints the path of each difference with both values, whatever they are.
// The exit status is 0 when there is none, 1 when there is one, 2 when a message cannot be read.
//
// # Check
//
// Check prints a verdict for each file, and under it what is wrong, each finding with the row of CONFORMANCE.md that
// it breaks. A file may also hold a part of a message, such as one command, which is judged as far as it goes.
// Findings marked as notes are allowed, but worth knowing. The exit status is 1 when a file is not well formed or
// has a finding that is no note.
//
// With -tsv it says no more than whether each file is well formed, as lines of
//
//	file <TAB> well-formed | not-well-formed: reason <TAB> message | fragment:ROOT | wbxml
//
// A fragment is a document that is not a SyncML element with a SyncHdr, then a SyncBody. What the decoder refuses for
// other reasons, such as its limits or declarations of entities, counts as not well formed.
//
// # Lint
//
// Lint compares what is to be sent to Windows devices with the catalogue of package csp, and prints what it finds: how
// severe, the code, the number of the setting or item in the file, the node, what there is, what there should be, and
// what could be sent instead. It never prints the value of a node that keeps a secret. It reads
//
//   - commands in SyncML: a message, a part of one, or commands one after the other;
//   - lists of settings in CSV, whose first row names the columns: one for the address (OMA-URI, URI or LocURI), and perhaps
//     ones for the type (Data type or Format), the value (Value), or the command (Verb: Add, Replace, Get, Delete or Exec);
//   - custom configuration profiles of Microsoft Graph in JSON, or their omaSettings alone.
//
// Settings are judged as csp.Catalog.Plan would send them. With -build (such as 10.0.26100.1742), -edition (a number or a
// name such as Pro) and -user it judges for a device. The policy strict makes errors of warnings, lenient makes warnings
// of all that a newer device may take. The exit status is 1 when there is an error, or a file cannot be read.
//
// With -tsv it prints a line for each finding: file, severity, code, number, URI, node, got, want, message and fixes
// between tabs.
//
// With NODES the catalogue has more, here and in explain and tree: -ddf PATH adds what a description file, a folder of them
// or a zip archive says, such as the providers of a vendor or of devices that Microsoft no longer describes; -layer FILE
// adds a layer in JSON, as csp.ReadLayer reads it. Both can be given more than once; of two that have a node, the last
// counts, and the catalogue itself least.
//
// # Explain
//
// Explain says what a status or an HRESULT means, whether it helps to send the command again, and with a command and an
// address what the catalogue knows of the cause. HRESULTs may be negative numbers, as consoles show them.
//
// # Tree
//
// Tree lists a node of the catalogue and what is below it, all of it or down to a depth: format, commands, values, builds
// and editions. Without an address it begins at the root.
//
// # Inspect
//
// Inspect shows a recorded conversation: sessions, messages, and each command of the server beside what the device made of
// it. Statuses, alerts and HRESULTs have their names, nodes of Windows what the catalogue knows of them, and values are
// unfolded: base64, documents, trees. A rule of the protocol that is broken stands below its message, marked with "!" and
// the row of CONFORMANCE.md. Secrets are never shown: in their place stands their number. It reads the recordings of
// package capture, HTTP archives, SAZ archives, logs and texts with messages in them, and folders of messages. The exit
// status is 1 when a rule is broken, or something cannot be read.
//
// # Replay
//
// Replay plays the device of a recording to a server that runs: it posts the messages to the URL, with references to what
// the server sends now and without credentials, prints the conversation as it goes, and then where it differs from the
// recording. With -mode meaning (the default) each reply has to mean the same, with outcomes the server has to ask for the
// same, and with rules only for what the protocol allows. The exit status is 1 when there is a difference. The server has to
// believe the device without credentials, and to have queued what the recording asks for.
//
// # Record
//
// Record is a proxy that records: devices talk to the address, the server behind the URL answers, and the conversations are
// written into the folder without their secrets, as package capture does. The folder must not hold a recording. An
// address without a host, such as :8080, is one that only this machine reaches; 0.0.0.0:8080 is one for all. Messages
// above 16 MiB are refused. It ends with an interrupt.
//
// Any command exits with status 2 when it is used wrongly.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
)

const usage = `Usage:
  dm decode [-json] [FILE...]           list messages
  dm encode [-to xml|wbxml] [FILE]      write the message that JSON describes
  dm convert -to xml|wbxml [FILE]       write a message in another encoding
  dm diff A B                           compare two messages by meaning
  dm check [-tsv] [FILE...]             judge messages
  dm lint [FLAGS] [FILE...]             judge commands and settings for Windows
  dm explain [FLAGS] CODE [VERB URI]    say what a status or an HRESULT means
  dm tree [FLAGS] [URI]                 list nodes of Windows
  dm inspect FILE|DIR                   show a recorded conversation
  dm replay [-mode MODE] CAPTURE URL    play the device of a recording to a server
  dm record -listen ADDR -upstream URL -dir DIR
                                        record what passes through a proxy

Flags of lint: -tsv, -policy default|strict|lenient; of lint and explain: -build BUILD, -edition EDITION,
-user yes|none; of tree: -depth N; of all three: -ddf FILE|DIR|ZIP, -layer FILE. Modes of replay: meaning, outcomes, rules.

A file named - is the standard input, and so is no file.
What the commands and flags do: go doc github.com/gomadm/gomadm/examples/dm
`

// usageOf returns what usage says of a command, all of it if there is no such command.
func usageOf(command string) string {
	var own strings.Builder
	all := strings.SplitAfter(usage, "\n")
	mine := false
	for i, line := range all[1:] {
		if strings.TrimSpace(line) == "" {
			all = all[i+1:]
			break
		}
		if strings.HasPrefix(line, "  dm ") {
			mine = strings.HasPrefix(line, "  dm "+command+" ")
		}
		if mine {
			own.WriteString(line)
		}
	}
	if own.Len() == 0 {
		return usage
	}
	if text := own.String(); !strings.Contains(text, "FLAGS") && !strings.Contains(text, "MODE") {
		all = nil
	}
	return "Usage:\n" + own.String() + strings.Join(all, "")
}

// Exit statuses.
const (
	exitOK    = 0
	exitWrong = 1 // something is wrong with a message, or two differ
	exitUsage = 2 // wrong usage; of diff also: no comparison
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// streams are what a command reads and writes.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// fail reports an error and returns the exit status.
func (s *streams) fail(err error) int {
	fmt.Fprintln(s.err, "dm:", lines(err.Error()))
	return exitWrong
}

// usageError is an error of whoever typed the command.
type usageError struct{ reason string }

func (e *usageError) Error() string { return e.reason }

var commands = []struct {
	name string
	run  func(flags *flag.FlagSet, args []string, s *streams) (status int, err error)
}{
	{"decode", decode},
	{"encode", encode},
	{"convert", convert},
	{"diff", diff},
	{"check", check},
	{"lint", lint},
	{"explain", explain},
	{"tree", tree},
	{"inspect", inspectCapture},
	{"replay", replay},
	{"record", record},
}

// run runs one command and returns the exit status.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	s := &streams{in: stdin, out: stdout, err: stderr}
	if len(args) == 0 {
		fmt.Fprint(stderr, usage)
		return exitUsage
	}
	switch args[0] {
	case "help", "-h", "-help", "--help":
		fmt.Fprint(stdout, usage)
		return exitOK
	}
	for _, c := range commands {
		if c.name != args[0] {
			continue
		}
		flags := flag.NewFlagSet(c.name, flag.ContinueOnError)
		flags.SetOutput(io.Discard)
		status, err := c.run(flags, args[1:], s)
		return s.finish(c.name, status, err)
	}
	return s.finish("", exitUsage, &usageError{fmt.Sprintf("no command %q", args[0])})
}

// finish reports the error of a command.
func (s *streams) finish(command string, status int, err error) int {
	var wrong *usageError
	switch {
	case err == nil:
		return status
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(s.out, usage)
		return exitOK
	case errors.As(err, &wrong):
		fmt.Fprintf(s.err, "dm: %s\n%s", lines(err.Error()), usageOf(command))
		return exitUsage
	}
	s.fail(err)
	return max(status, exitWrong)
}

// parse reads flags, then between least and most files; most < 0 is any number.
func parse(flags *flag.FlagSet, args []string, least, most int) ([]string, error) {
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil, err
		}
		return nil, &usageError{err.Error()}
	}
	files := flags.Args()
	if len(files) < least || most >= 0 && len(files) > most {
		return nil, &usageError{flags.Name() + ": the wrong number of arguments"}
	}
	if len(files) == 0 {
		files = []string{"-"}
	}
	return files, nil
}
