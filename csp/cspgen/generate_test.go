package main

import (
	"archive/zip"
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gomadm/gomadm/csp"
	"github.com/gomadm/gomadm/csp/ddf"
	"github.com/gomadm/gomadm/omadm"
)

// TestCatalogIsGenerated makes the catalogue again. The description files are Microsoft's and not part of the project,
// so that it can only be done where somebody has them.
func TestCatalogIsGenerated(t *testing.T) {
	folder := os.Getenv("GOMADM_DDF")
	if folder == "" {
		t.Skip("GOMADM_DDF names no folder with the description files, which are not ours to distribute")
	}
	layer, err := readLayer("../overlay.json")
	if err != nil {
		t.Fatal(err)
	}
	got, said, err := generate(folder, layer)
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("../catalog.bin")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		var b strings.Builder
		if err := report(&b, string(want), string(got)); err != nil {
			t.Fatal(err)
		}
		t.Errorf("go generate changes the catalogue:\n%s", b.String())
	}
	testConstants(t, said)
}

// TestConstantsAreGenerated makes the constants again, from the catalogue and the names that are there.
func TestConstantsAreGenerated(t *testing.T) { testConstants(t, nil) }

func testConstants(t *testing.T, said described) {
	t.Helper()
	text, err := os.ReadFile("names.tsv")
	if err != nil {
		t.Fatal(err)
	}
	ns, err := parseNames(string(text))
	if err != nil {
		t.Fatal(err)
	}
	files, err := constants("..", csp.Default(), ns, said)
	if err != nil {
		t.Fatal(err)
	}
	files["cspgen/names.tsv"] = ns.String()
	for file, want := range files {
		got, err := os.ReadFile(filepath.Join("..", filepath.FromSlash(file)))
		if err != nil {
			t.Error(err)
		} else if string(got) != want {
			t.Errorf("%s is not what it should be: run go generate ./csp", file)
		}
	}
}

func TestCatalogStaysWithoutFiles(t *testing.T) {
	dir := t.TempDir()
	catalog, overlay := filepath.Join(dir, catalogFile), filepath.Join(dir, overlayFile)
	small, err := build(csp.Provenance{Name: "x"}, []csp.Definition{{Template: "./Vendor/MSFT/A", Format: omadm.FormatInt}}, csp.Layer{})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(catalog, small, 0o600); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := run(&b, t.TempDir(), dir); err == nil {
		t.Error("no overlay was enough")
	}
	if err := os.WriteFile(overlay, []byte(`{"name": "corrections"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := run(&b, t.TempDir(), dir); err == nil {
		t.Error("an empty folder was enough")
	}
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, currentFile), archive(t), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := run(&b, folder, dir); err == nil || !strings.Contains(err.Error(), "has the SHA-256 ") {
		t.Errorf("another edition: %v", err)
	}
	if after, err := os.ReadFile(catalog); err != nil || !bytes.Equal(after, small) {
		t.Errorf("the catalogue was written (%v)", err)
	}
}

// archive returns an archive with one small description file.
func archive(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	f, err := w.Create("a.xml")
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.Write([]byte(`<MgmtTree><VerDTD>1.2</VerDTD><Node><NodeName>n</NodeName><DFProperties><AccessType><Get/></AccessType>` +
		`<DFFormat><chr/></DFFormat><DFType><MIME/></DFType></DFProperties></Node></MgmtTree>`))
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestJudge(t *testing.T) {
	odd := []ddf.Anomaly{{File: "drop/a.xml", Node: "./x ", Line: 3, Reason: "one"}, {File: "drop/a.xml", Node: "./x ", Line: 4, Reason: "one"}}
	const line = "a.xml\t./x\tone"
	for name, tt := range map[string]struct{ accepted, want string }{
		"accepted":           {"# why\n" + line + "\n", ""},
		"new":                {"", `drop/a.xml: line 3, node "./x ": one`},
		"accepted, and gone": {line + "\na.xml\t./y\ttwo\n", `accepted, but gone: "a.xml\t./y\ttwo"`},
		"of another node":    {"a.xml\t./y\tone\n", "drop/a.xml: line 3, node \"./x \": one\naccepted, but gone: \"a.xml\\t./y\\tone\""},
	} {
		got := ""
		if err := judge(odd, tt.accepted); err != nil {
			got = err.Error()
		}
		if got != tt.want {
			t.Errorf("%s: got %s, want %s", name, got, tt.want)
		}
	}
}

func TestReport(t *testing.T) {
	table := func(defs ...csp.Definition) string {
		b, err := build(csp.Provenance{Name: "x"}, defs, csp.Layer{})
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	a := csp.Definition{Template: "./Vendor/A", Format: omadm.FormatInt}
	b := csp.Definition{Template: "./Vendor/B", Format: omadm.FormatInt}
	before := table(a, b)
	b.Format, b.Atomic = omadm.FormatChr, true
	after := table(b, csp.Definition{Template: "./Vendor/C", Format: omadm.FormatInt})
	for name, tt := range map[string]struct{ before, want string }{
		"changes": {before, "dropped ./Device/Vendor/A\nchanged ./Device/Vendor/B: format: \"int\" -> \"chr\"; atomic: false -> true\n" +
			"added ./Device/Vendor/C\n1 added, 1 dropped, 1 changed\n"},
		"none":               {after, "0 added, 0 dropped, 0 changed\n"},
		"nothing to compare": {"", "cspgen: the catalogue before cannot be read: csp: not a catalogue, or a damaged one\n"},
	} {
		var w strings.Builder
		if err := report(&w, tt.before, after); err != nil || w.String() != tt.want {
			t.Errorf("%s: got %v\n%s\nwant\n%s", name, err, w.String(), tt.want)
		}
	}
}
