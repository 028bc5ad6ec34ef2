package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// reading are the commands that read one file. None writes any.
var reading = [][]string{
	{"decode"}, {"decode", "-json"}, {"encode"}, {"encode", "-to", "wbxml"}, {"convert", "-to", "xml"}, {"convert", "-to", "wbxml"},
	{"check"}, {"check", "-tsv"}, {"lint", "-tsv"}, {"inspect"}, {"lint", "-layer"}, {"tree", "-ddf"},
}

// FuzzCommands: nothing that a file holds makes a command panic, or commands a terminal.
func FuzzCommands(f *testing.F) {
	for _, pattern := range []string{"testdata/*", "testdata/lint/*/*", "testdata/capture/*", filepath.Join(samples, "*")} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			f.Fatal(err)
		}
		for i, file := range files {
			b, err := os.ReadFile(file)
			if err == nil && len(b) < 4<<10 { // the others are folders, or too slow to be changed
				f.Add(byte(i), b)
			}
		}
	}
	f.Fuzz(func(t *testing.T, which byte, b []byte) {
		args := reading[int(which)%len(reading)]
		file := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(file, b, 0o600); err != nil {
			t.Fatal(err)
		}
		_, stdout, stderr := command("", append(args[:len(args):len(args)], file)...)
		if args[0] != "convert" && args[0] != "encode" && strings.ContainsAny(stdout+stderr, "\x1b\u009b\r\a\b") {
			t.Errorf("dm %s prints %q, %q", args[0], stdout, stderr)
		}
	})
}
