package vendorstore_test

import (
	"regexp"
	"strings"
	"testing"
)

// The README quotes the code and the contract. What it quotes is there.
func TestREADMEQuotes(t *testing.T) {
	var code strings.Builder
	for _, name := range []string{"store.go", "optional.go", "example_test.go"} {
		code.WriteString(read(t, name))
	}
	comments := regexp.MustCompile(`(?m)^\s*//\s*(- +)?`).ReplaceAllString(read(t, "../../../session/store.go"), "")
	contract := oneLine(regexp.MustCompile(`(?m)^.*//`).ReplaceAllString(comments, ""))

	readme := read(t, "README.md")
	blocks := regexp.MustCompile("(?s)```(?:go|sql)\n(.*?)```").FindAllStringSubmatch(readme, -1)
	sentences := regexp.MustCompile(`(?m)^> (.*)$`).FindAllStringSubmatch(readme, -1)
	if len(blocks) < 10 || len(sentences) < 20 {
		t.Fatalf("found %d blocks of code and %d sentences, want more", len(blocks), len(sentences))
	}
	for _, b := range blocks {
		if !strings.Contains(code.String(), b[1]) {
			t.Errorf("this is not in the code:\n%s", b[1])
		}
	}
	for _, s := range sentences {
		if !strings.Contains(contract, oneLine(s[1])) {
			t.Errorf("this is not in session/store.go:\n%s", s[1])
		}
	}
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
