package main

import (
	"archive/zip"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestAdditions: a description file and a layer add nodes to the catalogue, the last one named counts, what is odd about a
// file is said, and a file that cannot be read ends the command.
func TestAdditions(t *testing.T) {
	const (
		described = "-ddf=testdata/lint/nodes/vendor.ddf.xml"
		layered   = "-layer=testdata/lint/nodes/vendor.json"
		beep      = "./Vendor/Example/Scanner/Beep"
		number    = "uri,format,value\n" + beep + ",int,2\n"
		odd       = `dm: vendor.ddf.xml: line 28, node "./Vendor/Example/Scanner/Odd": unknown element "Put"` + "\n"
	)
	for name, tt := range map[string]struct {
		args           []string
		status         int
		stdout, stderr string
	}{
		"unknown without":        {[]string{"lint", "-"}, exitOK, "warning node.unknown at 1", ""},
		"lint, described":        {[]string{"lint", described, "-"}, exitWrong, "want   format bool", odd},
		"lint, a layer above":    {[]string{"lint", described, layered, "-"}, exitOK, "good (settings)", odd},
		"lint, a layer below":    {[]string{"lint", layered, described, "-"}, exitWrong, "want   format bool", odd},
		"lint, a layer":          {[]string{"lint", layered, "-"}, exitOK, "good (settings)", ""},
		"tree":                   {[]string{"tree", described, "./Vendor/Example/Scanner"}, exitOK, "\n  Beep  bool, Get Replace\n", odd},
		"tree, a layer":          {[]string{"tree", layered, "./Vendor/Example/Scanner"}, exitOK, "\n  Beep  int, Get Replace, one of 0 1 2\n", ""},
		"explain":                {[]string{"explain", described, "405", "Add", beep}, exitOK, "cause  verb.denied", odd},
		"no such file":           {[]string{"lint", "-ddf=testdata/lint/nodes/none.xml", "-"}, exitWrong, "", "none.xml"},
		"no description":         {[]string{"tree", "-ddf=testdata/lint/nodes/vendor.json"}, exitWrong, "", "vendor.json"},
		"no layer":               {[]string{"explain", "-layer=testdata/lint/nodes/vendor.ddf.xml", "404"}, exitWrong, "", "vendor.ddf.xml: csp: layer"},
		"no layer, no such file": {[]string{"tree", "-layer=testdata/lint/nodes/none.json"}, exitWrong, "", "none.json"},
	} {
		t.Run(name, func(t *testing.T) {
			status, stdout, stderr := command(number, tt.args...)
			if status != tt.status || !strings.Contains(stdout, tt.stdout) {
				t.Errorf("status %d:\n%s", status, stdout)
			}
			if !strings.Contains(stderr, tt.stderr) || (stderr == "") != (tt.stderr == "") {
				t.Errorf("stderr %q, want %q", stderr, tt.stderr)
			}
		})
	}
}

// phones are the description files of 2017 about providers that only phones and early editions had. Two more contradict the
// documentation: EnterpriseExtFileSystem has no node for a file, and RemoteRing is one of users.
var phones = []string{
	"alljoynmanagement-ddf.xml", "cmpolicyenterprise-ddf-file.xml", "customdeviceui-ddf.xml", "devicelock-ddf-file.xml",
	"enterpriseassignedaccess-ddf.xml", "enterpriseext-ddf.xml", "maps-ddf-file.xml", "windowssecurityauditing-ddf-file.xml",
}

// TestLintSettingsOfPhones: settings of providers that the catalogue does not have are right by their own descriptions too.
func TestLintSettingsOfPhones(t *testing.T) {
	folder := os.Getenv("GOMADM_DDF")
	if folder == "" {
		t.Skip("GOMADM_DDF names no folder with the description files, which are not ours to distribute")
	}
	archive, err := zip.OpenReader(filepath.Join(folder, "DDFv1-2017.zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	args := []string{"lint", "-tsv"}
	dir := t.TempDir()
	for _, name := range phones {
		b, err := fs.ReadFile(archive, name)
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, b, 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, "-ddf", file)
	}
	const file = "testdata/lint/settings/windows.csv"
	count := func(args []string) (unknown int) {
		_, stdout, _ := command("", slices.Concat(args, []string{file})...)
		for line := range strings.Lines(stdout) {
			if strings.Contains(line, "\terror\t") {
				t.Errorf("a false error: %s", line)
			}
			if strings.Contains(line, "\tnode.unknown\t") {
				unknown++
			}
		}
		return unknown
	}
	before, after := count(args[:2]), count(args)
	t.Logf("%d settings are unknown without the descriptions, %d with them", before, after)
	if before-after < 40 {
		t.Errorf("the descriptions make %d settings known", before-after)
	}
}
