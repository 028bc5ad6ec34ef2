package gomadm_test

import (
	"os"
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
