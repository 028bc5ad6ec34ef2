package ddf_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/gomadm/gomadm/csp"
	"github.com/gomadm/gomadm/csp/ddf"
	"github.com/gomadm/gomadm/omadm"
)

func files(all map[string]string) fstest.MapFS {
	fsys := make(fstest.MapFS)
	for name, text := range all {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return fsys
}

// archive returns a zip archive of the files.
func archive(t *testing.T, fsys fs.FS) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	if err := w.AddFS(fsys); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestOpen(t *testing.T) {
	fsys := files(map[string]string{
		"Drop/B.xml": file(least, ""), "Drop/a.XML": strings.Replace(file(least, ""), "<NodeName>n", "<NodeName>m", 1), "Drop/read.txt": "x",
	})
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, "folder"), fsys); err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{"all.zip": archive(t, fsys), "one.xml": []byte(file(least, ""))} {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string][]string{
		"folder": {"Drop/B.xml", "Drop/a.XML"}, "all.zip": {"Drop/B.xml", "Drop/a.XML"}, "one.xml": {"one.xml"},
	} {
		s, err := ddf.Open(filepath.Join(dir, name))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var got []string
		for _, f := range s.Files {
			got = append(got, f.Name)
		}
		if !slices.Equal(got, want) || s.Name != name || (s.SHA256 != "") != (name != "folder") {
			t.Errorf("%s: got %q, name %q, digest %q", name, got, s.Name, s.SHA256)
		}
	}
}

func TestErrorsNameTheFile(t *testing.T) {
	broken := strings.Replace(file(least, child("c", least)), child("c", least), "\n<Node><NodeName>c</NodeName></Node>", 1)
	_, err := ddf.ReadFS(files(map[string]string{"a.xml": file(least, ""), "sub/b.xml": broken}))
	var f *ddf.FileError
	var s *ddf.SyntaxError
	if !errors.As(err, &f) || f.File != "sub/b.xml" || !errors.As(err, &s) || s.Node != "./a/n" || s.Line != 2 {
		t.Fatalf("got %v", err)
	}
	if got := err.Error(); !strings.HasPrefix(got, "ddf: sub/b.xml: offset ") || !strings.HasSuffix(got, `, line 2, node "./a/n": Node without DFProperties`) {
		t.Errorf("got %s", got)
	}

	dir := t.TempDir()
	bad := archive(t, files(map[string]string{"a.xml": file(least, "")}))
	for name, b := range map[string][]byte{"cut.zip": bad[:len(bad)-30], "empty.zip": archive(t, files(map[string]string{"a.txt": ""})), "no.xml": nil} {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"cut.zip", "empty.zip", "no.xml", "missing.zip"} {
		if set, err := ddf.Open(filepath.Join(dir, name)); set != nil || !errors.As(err, &f) || f.File == "" {
			t.Errorf("%s: got %v, %v", name, set, err)
		}
	}
	if _, _, err := ddf.Compile(fstest.MapFS{}); !errors.As(err, &f) {
		t.Errorf("nothing to read: %v", err)
	}

	many := make(map[string]string)
	for i := range 4097 {
		many[strings.Repeat("x", 1+i/100)+string(rune('a'+i%100))+".xml"] = "x"
	}
	var limit *ddf.LimitError
	if _, err := ddf.ReadFS(files(many)); !errors.As(err, &limit) || limit.Limit != "Files" {
		t.Errorf("got %v", err)
	}
	if _, err := ddf.ReadFS(files(map[string]string{"a.xml": strings.Repeat(" ", 17<<20)})); !errors.As(err, &limit) || limit.Limit != "Octets" {
		t.Errorf("got %v", err)
	}
}

// definitions returns what a file comes to.
func definitions(t *testing.T, all map[string]string) (map[string]csp.Definition, []ddf.Anomaly) {
	t.Helper()
	s, err := ddf.ReadFS(files(all))
	if err != nil {
		t.Fatal(err)
	}
	list, odd := s.Definitions()
	defs := make(map[string]csp.Definition)
	for _, d := range list {
		defs[d.Template] = d
	}
	return defs, odd
}

// whole is least with what a description could leave out, and what those of Windows have.
const whole = least + "<Occurrence><One/></Occurrence><Scope><Dynamic/></Scope>"

func TestDefinitions(t *testing.T) {
	const windows = `<Occurrence><ZeroOrOne/></Occurrence><Scope><Permanent/></Scope><CaseSense><CS/></CaseSense><DefaultValue>1</DefaultValue>` +
		`<MSFT:Applicability><MSFT:OsBuildVersion>10.0.22000, 10.0.19041.1202</MSFT:OsBuildVersion><MSFT:CspVersion>1.0</MSFT:CspVersion>` +
		`<MSFT:EditionAllowList>0x4;</MSFT:EditionAllowList></MSFT:Applicability>` +
		`<MSFT:AllowedValues ValueType="ENUM"><MSFT:Enum><MSFT:Value>0</MSFT:Value><MSFT:ValueDescription>Off.</MSFT:ValueDescription></MSFT:Enum>` +
		`<MSFT:List Delimiter="\xF000"/></MSFT:AllowedValues><MSFT:AtomicRequired/><MSFT:ConflictResolution>LowestValueMostSecure</MSFT:ConflictResolution>` +
		`<MSFT:RebootBehavior>Automatic</MSFT:RebootBehavior><MSFT:Deprecated OsBuildDeprecated="10.0.22000"/>` +
		`<MSFT:DependencyBehavior><MSFT:DependencyGroup FriendlyId="x"><MSFT:DependencyChangedAllowedValues ValueType="Range"><MSFT:Value>[7-365]</MSFT:Value>` +
		`</MSFT:DependencyChangedAllowedValues><MSFT:Dependency Type="DependsOn"><MSFT:DependencyUri>Vendor/A/n/[Name]/d e</MSFT:DependencyUri>` +
		`<MSFT:DependencyAllowedValue ValueType="Range"><MSFT:Value>[6,17]</MSFT:Value></MSFT:DependencyAllowedValue></MSFT:Dependency></MSFT:DependencyGroup></MSFT:DependencyBehavior>`
	doc := strings.Replace(file(whole, child("c", least+windows)+
		strings.Replace(child("", strings.Replace(whole, "chr", "node", 1)+`<DFTitle>Name</DFTitle><MSFT:DynamicNodeNaming><MSFT:UniqueName>The name.</MSFT:UniqueName></MSFT:DynamicNodeNaming>`+
			`<MSFT:AllowedValues ValueType="RegEx"><MSFT:Value>[0-9]+</MSFT:Value></MSFT:AllowedValues>`), "</Node>", child("d e", whole)+"</Node>", 1)), "./a", "./Vendor/A", 1)
	got, odd := definitions(t, map[string]string{"a.xml": doc})
	if len(odd) > 0 {
		t.Errorf("anomalies %v", odd)
	}
	text := func(s string) *string { return &s }
	get := csp.NewVerbs(omadm.Get)
	const a = "./Device/Vendor/A/n"
	want := map[string]csp.Definition{
		a: {Template: a, Format: "chr", Verbs: get, Occurrence: csp.One},
		a + "/c": {Template: a + "/c", Format: "chr", Verbs: get, Occurrence: csp.ZeroOrOne, Permanent: true, CaseSensitive: true, Default: text("1"),
			Builds: text("10.0.22000, 10.0.19041.1202"), CSPVersion: text("1.0"), Editions: text("0x4;"), Atomic: true,
			Allowed: csp.Constraint{Kind: csp.Enum, Values: []string{"0"}, List: "\uf000"}, Conflict: csp.LowestMostSecure,
			Reboot: csp.RebootAutomatic, Deprecated: &csp.Build{Major: 10, Number: 22000},
			Dependencies: []csp.DependencyGroup{{Changed: &csp.Constraint{Kind: csp.Range, Values: []string{"[7-365]"}}, Nodes: []csp.Dependency{{
				Template: a + "/{Name}/d%20e", Allowed: csp.Constraint{Kind: csp.Range, Values: []string{"[6,17]"}},
			}}}}},
		a + "/{Name}":       {Template: a + "/{Name}", Format: "node", Verbs: get, Occurrence: csp.One, Naming: csp.UniqueName, Pattern: "[0-9]+"},
		a + "/{Name}/d%20e": {Template: a + "/{Name}/d%20e", Format: "chr", Verbs: get, Occurrence: csp.One},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}

	c, odd, err := ddf.Compile(files(map[string]string{"a.xml": doc}))
	if err != nil || len(odd) > 0 {
		t.Fatal(err, odd)
	}
	m, err := c.Resolve(csp.MustParse("./Vendor/A/n/7/d e"))
	if err != nil || m.Node.Template() != a+"/{Name}/d%20e" {
		t.Errorf("got %s, %v", m.Node, err)
	}
}

// TestDependenciesStayInTheirScope has one node in both scopes, and on it depend, without saying which, nodes of both.
func TestDependenciesStayInTheirScope(t *testing.T) {
	const on = whole + `<MSFT:DependencyBehavior><MSFT:DependencyGroup><MSFT:Dependency Type="DependsOn"><MSFT:DependencyUri>Vendor/A/n/c` +
		`</MSFT:DependencyUri><MSFT:DependencyAllowedValue ValueType="None"/></MSFT:Dependency></MSFT:DependencyGroup></MSFT:DependencyBehavior>`
	doc := file(whole, child("c", whole)+child("d", on))
	got, odd := definitions(t, map[string]string{
		"a.xml": strings.Replace(doc, "./a", "./User/Vendor/A", 1), "b.xml": strings.Replace(doc, "./a", "./Device/Vendor/A", 1),
	})
	for _, scope := range []string{"./User", "./Device"} {
		d := got[scope+"/Vendor/A/n/d"]
		if len(d.Dependencies) != 1 || d.Dependencies[0].Nodes[0].Template != scope+"/Vendor/A/n/c" {
			t.Errorf("%s: got %+v, %v", scope, d.Dependencies, odd)
		}
	}
}

func TestSetIsBounded(t *testing.T) {
	if os.Getenv("GOMADM_LONG") == "" {
		t.Skip("reads 128 MiB; set GOMADM_LONG=1")
	}
	large := []byte(file(whole, strings.Repeat(" ", 15<<20)))
	fsys := make(fstest.MapFS)
	for i := range 9 {
		fsys[string(rune('a'+i))+".xml"] = &fstest.MapFile{Data: large}
	}
	var limit *ddf.LimitError
	if _, err := ddf.ReadFS(fsys); !errors.As(err, &limit) || limit.Max != 128<<20 {
		t.Errorf("got %v", err)
	}
}

func TestFactsThatAreOdd(t *testing.T) {
	allowed := func(kind, content string) string {
		return whole + `<MSFT:AllowedValues ValueType="` + kind + `">` + content + `</MSFT:AllowedValues>`
	}
	depends := func(kind, on string) string {
		return whole + `<MSFT:DependencyBehavior><MSFT:DependencyGroup><MSFT:Dependency Type="` + kind + `"><MSFT:DependencyUri>` + on +
			`</MSFT:DependencyUri><MSFT:DependencyAllowedValue ValueType="None"/></MSFT:Dependency></MSFT:DependencyGroup></MSFT:DependencyBehavior>`
	}
	const value = "<MSFT:Value>%s</MSFT:Value>"
	v := func(s string) string { return strings.Replace(value, "%s", s, 1) }
	for name, tt := range map[string]struct{ properties, children, want string }{
		"a type of values":             {allowed("Enum", v("1")), "", `unknown ValueType "Enum"`},
		"a range":                      {allowed("Range", v("[1..2]")), "", `not a range: ["[1..2]"]`},
		"ranges":                       {allowed("Range", v("[1-2]")+v("[3-4]")), "", `not a range: ["[1-2]" "[3-4]"]`},
		"a negative bound":             {allowed("Range", v("[-1-2]")), "", `not a range: ["[-1-2]"]`},
		"a comma in a range":           {allowed("Range", v("[1,2]")), "", "range with a comma"},
		"a pattern":                    {allowed("RegEx", v("(")), "", "pattern that does not compile"},
		"no pattern":                   {allowed("RegEx", ""), "", "pattern that is not one"},
		"no values":                    {allowed("ENUM", ""), "", "enum without values"},
		"no template":                  {allowed("ADMX", ""), "", "ADMX without a reference"},
		"a delimiter as a value":       {allowed("None", v(",")), "", "delimiter where a value should be"},
		"values of no type":            {allowed("None", v("one")), "", "values of no type"},
		"a conflict":                   {whole + "<MSFT:ConflictResolution>First</MSFT:ConflictResolution>", "", `unknown ConflictResolution "First"`},
		"a restart":                    {whole + "<MSFT:RebootBehavior>Never</MSFT:RebootBehavior>", "", `unknown RebootBehavior "Never"`},
		"a build":                      {whole + "<MSFT:Applicability><MSFT:OsBuildVersion>soon</MSFT:OsBuildVersion></MSFT:Applicability>", "", `not a list of builds: "soon"`},
		"the year 11.0":                {whole + "<MSFT:Applicability><MSFT:OsBuildVersion>11.0.26100</MSFT:OsBuildVersion></MSFT:Applicability>", "", "build 11.0, which is 10.0"},
		"deprecated since when":        {whole + `<MSFT:Deprecated OsBuildDeprecated="soon"/>`, "", "deprecated since what is no build"},
		"a default in another script":  {whole + "<DefaultValue>é</DefaultValue>", "", "fact with characters outside ASCII"},
		"a dependency on nothing":      {depends("DependsOn", "Vendor/Nothing"), "", `dependency on a node that is not there: "Vendor/Nothing"`},
		"a type of dependency":         {depends("Needs", "./a/n"), "", `unknown type of dependency "Needs"`},
		"no occurrence":                {least + "<Scope><Dynamic/></Scope>", "", "no Occurrence"},
		"no scope":                     {least + "<Occurrence><One/></Occurrence>", "", "no Scope"},
		"a template in another script": {allowed("ADMX", `<MSFT:AdmxBacked Area="a" Name="é" File="f"/>`), "", "fact with characters outside ASCII"},
		"twins, case aside":            {whole, child("c", whole) + child("C", whole), "is described already"},
	} {
		_, odd := definitions(t, map[string]string{"dir/a.xml": file(tt.properties, tt.children)})
		if len(odd) != 1 || odd[0].Reason != tt.want || odd[0].File != "dir/a.xml" || odd[0].Line != 1 || !strings.HasPrefix(odd[0].Node, "./a/n") {
			t.Errorf("%s: got %+v, want %q", name, odd, tt.want)
		}
	}
	_, odd := definitions(t, map[string]string{"a.xml": file(whole, ""), "b.xml": file(whole, "")})
	if len(odd) != 1 || odd[0].File != "b.xml" || odd[0].Reason != "is described already" {
		t.Errorf("got %+v", odd)
	}
}

func FuzzDefinitions(f *testing.F) {
	f.Add([]byte(file(least, child("", least+`<DFTitle>a/{b}</DFTitle>`)+child("c d", least+`<MSFT:AllowedValues ValueType="RegEx"><MSFT:Value>a</MSFT:Value></MSFT:AllowedValues>`))))
	f.Add([]byte(strings.Replace(file(least, ""), "./a", "Vendor//x/..", 1)))
	f.Add([]byte(strings.Replace(file(least, child("..", least)), "./a", ".", 1)))
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := ddf.Parse(bytes.NewReader(b))
		if err != nil {
			return
		}
		s := &ddf.Set{Files: []ddf.File{{Name: "a.xml", Document: d}}}
		defs, _ := s.Definitions()
		c, err := csp.New(csp.Provenance{}, defs)
		if err != nil {
			if !errors.As(err, new(*csp.FactError)) {
				t.Fatal(err)
			}
			return
		}
		n := 0
		for range c.All() {
			n++
		}
		if n != len(defs) {
			t.Fatalf("%d definitions, %d nodes", len(defs), n)
		}
	})
}

// TestHostileArchives: an archive that would take long to list is refused before that.
func TestHostileArchives(t *testing.T) {
	for name, test := range map[string]struct {
		limit string
		names func(yield func(string) bool)
	}{
		"deep":                       {"Folders", func(yield func(string) bool) { yield(strings.Repeat("a/", 30000) + "x.xml") }},
		"deep in the way of Windows": {"Folders", func(yield func(string) bool) { yield(strings.Repeat(`a\`, 30000) + "x.xml") }},
		"many": {"Files", func(yield func(string) bool) {
			for i := 0; i <= 1<<16 && yield(strconv.Itoa(i)); i++ {
			}
		}},
	} {
		var b bytes.Buffer
		w := zip.NewWriter(&b)
		for file := range test.names {
			if _, err := w.CreateHeader(&zip.FileHeader{Name: file, Method: zip.Store}); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		z, err := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
		if err != nil {
			t.Fatal(err)
		}
		var limit *ddf.LimitError
		if _, err := ddf.ReadFS(z); !errors.As(err, &limit) || limit.Limit != test.limit {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A folder may have pipes in it, into which nobody writes.
func TestPipesAreRefused(t *testing.T) {
	_, err := ddf.ReadFS(fstest.MapFS{"a.xml": {Mode: fs.ModeNamedPipe}})
	var file *ddf.FileError
	if !errors.As(err, &file) || file.File != "a.xml" || !strings.Contains(err.Error(), "not a regular file") {
		t.Error(err)
	}
}
