package gomadm_test

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
)

// TestReadmeIsCompiledCode holds the programs of README.md against the example files that compile them.
func TestReadmeIsCompiledCode(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	files := []string{"omadm/readme_example_test.go", "session/readme_example_test.go", "session/readme_example_test.go", "session/readme_example_test.go"}
	blocks := strings.Split(string(readme), "```go\n")[1:]
	if len(blocks) != len(files) {
		t.Fatalf("README.md has %d programs, want %d", len(blocks), len(files))
	}
	for i, name := range files {
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		program, _, ok := strings.Cut(blocks[i], "```")
		if !ok {
			t.Fatalf("program %d does not end", i+1)
		}
		if !strings.Contains(string(source), program) {
			t.Errorf("program %d of README.md is not in %s:\n%s", i+1, name, program)
		}
		if n := strings.Count(program, "\n"); n >= 20 {
			t.Errorf("program %d of README.md has %d lines, want less than 20", i+1, n)
		}
	}
}

// TestReadmeNamesEachPackage holds the table of README.md against the folders of the module. The packages of the
// providers of Windows have one row, and so has examples/server with its parts.
func TestReadmeNamesEachPackage(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	var rows []string // what stands before the description
	for _, line := range strings.Split(string(readme), "\n") {
		if strings.HasPrefix(line, "| `") {
			rows = append(rows, strings.SplitN(line, "|", 3)[1])
		}
	}
	table, found := strings.Join(rows, "\n"), 0
	err = fs.WalkDir(os.DirFS("."), ".", func(dir string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() || dir == "." {
			return err
		}
		switch name := path.Base(dir); {
		case name == "testdata" || name == "internal" || strings.HasPrefix(name, "."):
			return fs.SkipDir
		case path.Dir(dir) == "examples/server":
			return fs.SkipDir
		}
		if constants, err := filepath.Glob(filepath.Join(dir, "example_nodes_test.go")); err != nil || constants != nil {
			return err // of a provider
		}
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil || files == nil {
			return err
		}
		found++
		if !strings.Contains(table, "`"+dir+"`") {
			t.Errorf("the table of README.md has no row for `%s`", dir)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if found < 15 {
		t.Errorf("found %d packages, want more", found)
	}
}
