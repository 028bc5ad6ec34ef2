package admx_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/gomadm/gomadm/csp"
	"github.com/gomadm/gomadm/csp/admx"
	"github.com/gomadm/gomadm/omadm"
)

func TestReadFS(t *testing.T) {
	const windows = `<policyDefinitions><policyNamespaces><target prefix="windows" namespace="Microsoft.Policies.Windows"/></policyNamespaces>` +
		`<categories><category name="WindowsComponents"/></categories></policyDefinitions>`
	set, err := admx.ReadFS(fstest.MapFS{
		"b/example.ADMX":       {Data: []byte(example(t))},
		"windows.admx":         {Data: []byte(windows)},
		"en-US/example.adml":   {Data: []byte("no XML")},
		"PolicyDefinitions/xx": {},
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(set.Files) != 2 || set.Files[0].Name != "example.ADMX" || set.Files[1].Name != "windows.admx" {
		t.Fatalf("got %v", set.Files)
	}
	p := policy(t, set.Files[0].Template, "HomePage")
	if path, err := set.Path(p); err != nil || strings.Join(path, "~") != "WindowsComponents~browser~startup~pages" {
		t.Errorf("got %v, %v", path, err)
	}
	templates, err := set.Templates("ours")
	if err != nil {
		t.Fatal(err)
	}
	if got := templates.Provenance(); got.Name != "ours" || len(got.Sources) != 1 || got.Sources[0].Nodes != 9 {
		t.Errorf("got %+v", got)
	}
	// They take the place of those of Windows.
	c, err := csp.New(csp.Provenance{}, []csp.Definition{{
		Template: "./Vendor/X", Format: omadm.FormatChr, Verbs: csp.NewVerbs(omadm.Replace),
		Allowed: csp.Constraint{Kind: csp.ADMX, ADMX: &csp.ADMXReference{File: "Example.admx", Name: "cachesize"}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	req := omadm.Request{Ops: []omadm.Op{{Verb: omadm.Replace, URI: "./Vendor/X", Value: omadm.Text(`<enabled/><data id="Megabytes" value="1"/>`)}}}
	if report := c.Check(csp.Device{}, req); len(report) != 0 {
		t.Errorf("templates of Windows: got %v", report)
	}
	if report := (csp.Rules{Elements: templates.Elements}).Check(c, csp.Device{}, req); !report.Has(csp.CodeADMXType) {
		t.Errorf("our templates: got %v", report)
	}
}

func TestReadFSRefuses(t *testing.T) {
	many := fstest.MapFS{}
	for i := range 2049 {
		many[strings.Repeat("a", i%50+1)+string(rune('0'+i/50))+".admx"] = &fstest.MapFile{Data: []byte("<policyDefinitions/>")}
	}
	for name, tt := range map[string]struct {
		files fs.FS
		want  string
	}{
		"a file that is none":  {fstest.MapFS{"a/b.admx": {Data: []byte("\n<x/>")}}, "admx: a/b.admx: line 2: root is not policyDefinitions"},
		"a folder that ends":   {fstest.MapFS{"a.admx": {Mode: fs.ModeDir}, "b.admx/c.ADMX": {Data: []byte("<x/>")}}, "admx: b.admx/c.ADMX: line 1: root is not"},
		"a folder of the name": {os.DirFS("testdata/none"), "admx: .: "},
		"many files":           {many, "admx: more than 2048 Files"},
	} {
		set, err := admx.ReadFS(tt.files)
		file, limit := new(admx.FileError), new(admx.LimitError)
		if set != nil || err == nil || !strings.HasPrefix(err.Error(), tt.want) || !errors.As(err, &file) && !errors.As(err, &limit) {
			t.Errorf("%s: got %v, %v, want %s", name, set, err, tt.want)
		}
	}
}

// TestTemplatesOfWindows proves all templates of an edition of Windows, which are Microsoft's and not part of the project,
// as if they were those of an application.
func TestTemplatesOfWindows(t *testing.T) {
	folder := os.Getenv("GOMADM_DDF")
	if folder == "" {
		t.Skip("GOMADM_DDF names no folder with the templates, which are not ours to distribute")
	}
	archive, err := zip.OpenReader(filepath.Join(folder, "PolicyDefinitions-1903-admx.zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	set, err := admx.ReadFS(archive)
	if err != nil {
		t.Fatal(err)
	}
	var n proof
	for _, f := range set.Files {
		app := admx.App{Name: strings.TrimSuffix(f.Name, ".admx")}
		c := catalog(t, app, f.Template)
		for i := range f.Template.Policies {
			p := &f.Template.Policies[i]
			for _, s := range [...]omadm.Scope{omadm.DeviceScope, omadm.UserScope} {
				if u, err := app.URI(p, s); err == nil {
					n.prove(t, c, u, p, true)
				}
			}
		}
	}
	t.Logf("%d templates: %+v", len(set.Files), n)
	if len(set.Files) != 225 || n.policies != 5451+985 {
		t.Errorf("%d templates: %+v", len(set.Files), n)
	}
}

// TestAreasOfWindows compares where policies are in the tree with what the description files say.
func TestAreasOfWindows(t *testing.T) {
	folder := os.Getenv("GOMADM_DDF")
	if folder == "" {
		t.Skip("GOMADM_DDF names no folder with the templates, which are not ours to distribute")
	}
	archive, err := zip.OpenReader(filepath.Join(folder, "PolicyDefinitions-1903-admx.zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	set, err := admx.ReadFS(archive)
	if err != nil {
		t.Fatal(err)
	}
	files := make(map[string]*admx.Template)
	for _, f := range set.Files {
		files[strings.ToLower(f.Name)] = f.Template
	}
	same, other := 0, 0
	for n := range csp.Default().All() {
		r := n.Allowed().ADMX
		if r == nil || files[strings.ToLower(r.File)] == nil {
			continue
		}
		p, ok := files[strings.ToLower(r.File)].Policy(r.Name)
		if !ok {
			continue // newer
		}
		names, err := set.Path(p)
		if err != nil {
			t.Fatal(err)
		}
		if _, area, _ := strings.Cut(r.Area, "~AT~"); area == strings.Join(names, "~") {
			same++
		} else {
			other++ // moved since, or described wrongly
		}
	}
	if same != 2392 || other != 6 {
		t.Errorf("%d areas as described, %d others", same, other)
	}
}

// TestHostileSets: what would take for ever is refused.
func TestHostileSets(t *testing.T) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	if _, err := w.Create(strings.Repeat("a/", 30000) + "x.admx"); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	z, err := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	var limit *admx.LimitError
	if _, err := admx.ReadFS(z); !errors.As(err, &limit) || limit.Limit != "Folders" {
		t.Error(err)
	}
	_, err = admx.ReadFS(fstest.MapFS{"a.admx": {Mode: fs.ModeNamedPipe}})
	if err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Error(err)
	}
}
