package main

import (
	"archive/zip"
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gomadm/gomadm/csp"
	"github.com/gomadm/gomadm/csp/admx"
)

// TestTemplatesAreGenerated makes the table of templates again, where somebody has them.
func TestTemplatesAreGenerated(t *testing.T) {
	folder := os.Getenv("GOMADM_DDF")
	if folder == "" {
		t.Skip("GOMADM_DDF names no folder with the templates, which are not ours to distribute")
	}
	set, err := openTemplates(folder)
	if err != nil {
		t.Fatal(err)
	}
	got, err := generateTemplates(set, csp.Default())
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("../templates.bin")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		var b strings.Builder
		if err := reportTemplates(&b, string(want), string(got)); err != nil {
			t.Fatal(err)
		}
		t.Errorf("go generate changes the templates:\n%s", b.String())
	}
}

func TestNoTemplatesAreWrittenWithoutFiles(t *testing.T) {
	out := filepath.Join(t.TempDir(), "templates.bin")
	var b strings.Builder
	if err := writeTemplates(&b, t.TempDir(), out, csp.Default()); err == nil {
		t.Error("an empty folder was enough")
	}
	dir := t.TempDir()
	var file bytes.Buffer
	if err := zip.NewWriter(&file).Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, templatesFile), file.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := writeTemplates(&b, dir, out, csp.Default()); err == nil || !strings.Contains(err.Error(), "has the SHA-256 ") {
		t.Errorf("another edition: %v", err)
	}
	if _, err := generateTemplates(&admx.Set{}, csp.Default()); err == nil || !strings.Contains(err.Error(), "comes to {files:0 policies:0 ") {
		t.Errorf("a set of nothing: %v", err)
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("templates were written")
	}
}

func TestReportTemplates(t *testing.T) {
	table := func(policies ...csp.TemplatePolicy) string {
		templates, err := csp.NewTemplates(csp.Provenance{}, policies)
		if err != nil {
			t.Fatal(err)
		}
		b, err := templates.AppendBinary(nil)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	a, c := csp.TemplatePolicy{File: "a.admx", Name: "A"}, csp.TemplatePolicy{File: "a.admx", Name: "C"}
	b := csp.TemplatePolicy{File: "a.admx", Name: "B", Elements: []csp.Element{{ID: "x", Kind: csp.BooleanElement}}}
	before := table(a, b)
	b.Elements = []csp.Element{{ID: "x", Kind: csp.DecimalElement}}
	for name, tt := range map[string]struct{ before, want string }{
		"changes":            {before, "dropped a.admx, A\nchanged a.admx, B: x boolean -> x decimal\nadded a.admx, C\n1 added, 1 dropped, 1 changed\n"},
		"none":               {table(b, c), "0 added, 0 dropped, 0 changed\n"},
		"nothing to compare": {"", "cspgen: the templates before cannot be read: csp: no templates of this version\n"},
	} {
		var w strings.Builder
		if err := reportTemplates(&w, tt.before, table(b, c)); err != nil || w.String() != tt.want {
			t.Errorf("%s: got %v\n%s\nwant\n%s", name, err, w.String(), tt.want)
		}
	}
}
