//go:build ignore

// Mutate proves that the tests notice broken rules. It reads .ci/mutations.txt, breaks one rule after the other in a copy of
// one file, and runs the test of the rule, which has to fail:
//
//	go run .ci/mutate.go            # all of them
//	go run .ci/mutate.go -tenth     # every tenth, others each day
//	go run .ci/mutate.go -run P-21  # those whose name matches
//
// A mutation that cannot be applied or does not compile, and one whose test does not exist, is an error of the list. Whether
// they can be applied is looked at for all, whichever are run.
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

const list = ".ci/mutations.txt"

// mutation is an entry of the list: a line "[name] package [test]", the name of a file, and lines that begin with - or +,
// which are the old text and the new one. Without a test it is that of the row whose id the name begins with.
type mutation struct {
	name, pkg, test, file string
	old, new              string
}

func main() {
	tenth := flag.Bool("tenth", false, "run every tenth, chosen by the date")
	run := flag.String("run", "", "run those whose name matches the regular expression")
	flag.Parse()
	text, err := os.ReadFile(list)
	exit(err)
	all, err := parse(string(text))
	exit(err)
	wanted, err := regexp.Compile(*run)
	exit(err)
	today := time.Now().UTC().YearDay()
	counts := make(map[string]int)
	for i, m := range all {
		text, err := m.broken()
		if err == nil && (!wanted.MatchString(m.name) || *tenth && i%10 != today%10) {
			continue
		}
		begun := time.Now()
		verdict, output := wrong, fmt.Sprint(err)
		if err == nil {
			verdict, output = m.try(text)
		}
		counts[verdict]++
		fmt.Printf("%-9s %-40s %-22s %3.0f s\n", verdict, m.name, m.pkg, time.Since(begun).Seconds())
		if verdict != noticed {
			fmt.Println(output)
		}
	}
	fmt.Printf("%d noticed, %d not noticed, %d errors of the list\n", counts[noticed], counts[unnoticed], counts[wrong])
	if counts[noticed] == 0 || counts[unnoticed]+counts[wrong] > 0 {
		os.Exit(1)
	}
}

// Verdicts.
const (
	noticed   = "noticed"
	unnoticed = "UNNOTICED"
	wrong     = "ERROR"
)

// broken returns the file with the mutation.
func (m mutation) broken() (string, error) {
	text, err := os.ReadFile(m.file)
	if err != nil {
		return "", err
	}
	if n := strings.Count(string(text), m.old); n != 1 {
		return "", fmt.Errorf("the old text stands %d times in %s", n, m.file)
	}
	return strings.Replace(string(text), m.old, m.new, 1), nil
}

// try runs the test of a mutation, of which the text is the file.
func (m mutation) try(text string) (verdict, output string) {
	overlay, err := m.overlay(text)
	if err != nil {
		return wrong, err.Error()
	}
	defer os.RemoveAll(filepath.Dir(overlay))
	b, err := exec.Command("go", "test", "-overlay", overlay, "-vet=off", "-count=1", "-timeout=120s", "-run", m.test, m.pkg).CombinedOutput()
	switch failed := err != nil; {
	case bytes.Contains(b, []byte("[build failed]")), bytes.Contains(b, []byte("[setup failed]")), bytes.Contains(b, []byte("no tests to run")):
		return wrong, string(b)
	case failed && (bytes.Contains(b, []byte("--- FAIL")) || bytes.Contains(b, []byte("panic: "))):
		return noticed, ""
	case failed:
		return wrong, string(b)
	}
	return unnoticed, string(b)
}

// overlay writes the broken file into a folder of its own, and beside it what the go command has to know.
func (m mutation) overlay(text string) (string, error) {
	dir, err := os.MkdirTemp("", "mutate")
	if err != nil {
		return "", err
	}
	from, err := filepath.Abs(m.file)
	if err != nil {
		return "", err
	}
	broken := filepath.Join(dir, filepath.Base(m.file))
	if err := os.WriteFile(broken, []byte(text), 0o600); err != nil {
		return "", err
	}
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": {from: broken}})
	if err != nil {
		return "", err
	}
	name := filepath.Join(dir, "overlay.json")
	return name, os.WriteFile(name, overlay, 0o600)
}

var head = regexp.MustCompile(`^\[(([A-Z]-[0-9]+)?.*)\] (\S+)(?: (\S+))?$`)

// parse reads the list. Lines that begin with # are comments.
func parse(text string) (all []mutation, err error) {
	seen := make(map[string]bool)
	for n, line := range strings.Split(strings.TrimRight(text, "\n"), "\n") {
		fault := func(what string) error { return fmt.Errorf("%s:%d: %s", list, n+1, what) }
		if h := head.FindStringSubmatch(line); h != nil {
			m := mutation{name: h[1], pkg: h[3], test: h[4]}
			if m.test == "" {
				m.test = "TestRows/^" + h[2] + "(_|$)"
			}
			if h[2] == "" && h[4] == "" || seen[m.name] {
				return nil, fault("neither a row nor a test, or a name that is there twice")
			}
			seen[m.name] = true
			all = append(all, m)
			continue
		}
		if line == "" || line[0] == '#' {
			continue
		}
		if len(all) == 0 {
			return nil, fault("no entry")
		}
		m := &all[len(all)-1]
		switch {
		case line[0] == '-':
			m.old += line[1:] + "\n"
		case line[0] == '+':
			m.new += line[1:] + "\n"
		case m.file == "":
			m.file = line
		default:
			return nil, fault("neither old nor new")
		}
	}
	for _, m := range all {
		if m.file == "" || m.old == "" || m.old == m.new {
			return nil, fmt.Errorf("%s: %s is not complete", list, m.name)
		}
	}
	return all, nil
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutate:", err)
		os.Exit(1)
	}
}
