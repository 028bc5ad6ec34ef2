package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gomadm/gomadm/csp"
)

// expectation is what a profile says that is found in it.
type expectation struct {
	found  []string // "error value.range 1"
	flags  []string // that describe the device
	secret string
}

// expected reads what a profile says of itself.
func expected(t *testing.T, file string) expectation {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	text := string(b)
	if strings.HasSuffix(file, ".json") {
		var p struct{ Description string }
		if err := json.Unmarshal(b, &p); err != nil {
			t.Fatal(err)
		}
		text = p.Description
	}
	var e expectation
	says := false
	for line := range strings.Lines(text) {
		key, value, _ := strings.Cut(strings.Trim(line, "# \t\n"), ": ")
		switch key {
		case "finds":
			if says = true; value != "nothing" {
				e.found = append(e.found, value)
			}
		case "secret":
			e.secret = value
		case "device":
			for fact := range strings.FieldsSeq(value) {
				e.flags = append(e.flags, "-"+fact)
			}
		}
	}
	if !says {
		t.Fatalf("%s does not say what is found", file)
	}
	slices.Sort(e.found)
	return e
}

func profiles(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "lint", dir, "*"))
	if err != nil || len(files) == 0 {
		t.Fatal(dir, err, len(files))
	}
	return files
}

// TestLintProfiles: of each profile exactly what it says is found, for the device it names, and no secret is printed.
func TestLintProfiles(t *testing.T) {
	for _, dir := range []string{"codes", "rows", "templates"} {
		for _, file := range profiles(t, dir) {
			t.Run(dir+"/"+filepath.Base(file), func(t *testing.T) {
				want := expected(t, file)
				status, stdout, stderr := command("", slices.Concat([]string{"lint", "-tsv"}, want.flags, []string{file})...)
				var got []string
				for line := range strings.Lines(stdout) {
					fields := strings.Split(line, "\t")
					got = append(got, strings.Join(fields[1:4], " "))
				}
				slices.Sort(got)
				if d := cmp.Diff(want.found, got); d != "" || stderr != "" {
					t.Errorf("stderr %q, (-want +got):\n%s%s", stderr, d, stdout)
				}
				wrong := slices.ContainsFunc(want.found, func(s string) bool { return strings.HasPrefix(s, "error") })
				if wrong != (status == exitWrong) || !wrong && status != exitOK {
					t.Errorf("exit status %d", status)
				}
				_, long, _ := command("", slices.Concat([]string{"lint"}, want.flags, []string{file})...)
				if want.secret != "" && strings.Contains(stdout+stderr+long, want.secret) {
					t.Errorf("a secret is printed:\n%s%s", stdout, long)
				}
			})
		}
	}
}

// TestLintProfilesCoverTheCodes: there are two profiles for each code, which find it, and one for each mistake.
func TestLintProfilesCoverTheCodes(t *testing.T) {
	count := map[string]int{}
	for _, file := range profiles(t, "codes") {
		name := filepath.Base(file)
		code := name[:strings.LastIndexByte(name, '-')]
		count[code]++
		found := slices.ContainsFunc(expected(t, file).found, func(s string) bool { return strings.Contains(s, " "+code+" ") })
		if !found && code != "secret.logged" {
			t.Errorf("%s does not find %s", name, code)
		}
	}
	for code, n := range count {
		if n != 2 {
			t.Errorf("%s: %d profiles", code, n)
		}
	}
	if len(count) != 40 || len(profiles(t, "rows")) != 19 {
		t.Errorf("%d codes, %d rows", len(count), len(profiles(t, "rows")))
	}
}

// TestLintSettings: settings that are known to be good have no errors, among them over 200 of messages.
func TestLintSettings(t *testing.T) {
	valued, n := 0, 0
	distinct := map[string]bool{} // of messages
	for _, file := range profiles(t, "settings") {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		p, err := readProfile(b)
		if err != nil {
			t.Fatal(err)
		}
		n += len(p.settings) + len(p.commands)
		for _, s := range p.settings {
			if filepath.Base(file) == "windows.csv" {
				distinct[fmt.Sprint(s.URI, "\x00", s.Value.Format, "\x00", s.Value.Data.Value)] = true
			}
			if _, err := csp.Default().ResolveLocURI(s.URI); s.Value.Data.Value != "" && (s.Value.Format != "" || err == nil) {
				valued++
			}
		}
		_, stdout, stderr := command("", "lint", "-tsv", file)
		if stderr != "" {
			t.Errorf("%s: %s", file, stderr)
		}
		for line := range strings.Lines(stdout) {
			if strings.Contains(line, "\terror\t") {
				t.Errorf("a false error: %s", line)
			}
		}
	}
	t.Logf("%d settings and commands, %d with address, format and value; %d different settings of messages", n, valued, len(distinct))
	if valued <= 200 || len(distinct) <= 200 {
		t.Errorf("only %d settings with a value, only %d of messages", valued, len(distinct))
	}
}
