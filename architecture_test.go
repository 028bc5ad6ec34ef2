// Package gomadm_test holds the project to the drawing in DESIGN.md, section 1.
package gomadm_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/gomadm/gomadm"

// drawing says which packages of the project each package may import; the first room that matches counts. As in
// the go command, x/... is x and everything below it. A test may also import all of its own floor: syncml/...,
// omadm/..., session/..., csp/... or examples/....
var drawing = []struct{ room, imports string }{
	{"examples/server/...", "syncml/... omadm/... session/... csp/... examples/server/..."},
	{"examples/...", "syncml/... omadm/... session/... csp/..."},
	{".", "syncml/... omadm/... session/... csp/..."},

	{"session/simdevice", "syncml syncml/wbxml omadm"}, // of omadm only the codes
	{"session", "syncml/... omadm/..."},
	{"session/...", "syncml/... omadm/... session/..."},

	{"csp", "syncml/... omadm/..."},
	{"csp/node", "syncml/... omadm/... csp"},
	{"csp/...", "syncml/... omadm/... csp/..."},

	{"omadm", "syncml/..."},
	{"omadm/xmltree", ""},
	{"omadm/...", "syncml/... omadm/..."},

	{"syncml/wbxml", "syncml syncml/internal/sample syncml/internal/hostile"},
	{"syncml", "syncml/internal/sample syncml/internal/hostile"}, // its tests
	{"syncml/internal/sample", ""},
	{"syncml/internal/hostile", "syncml"}, // tests import it
}

const (
	clock = "time.Now time.Since time.Until time.Sleep time.After time.AfterFunc time.Tick time.NewTimer " +
		"time.NewTicker context.WithTimeout context.WithTimeoutCause context.WithDeadline context.WithDeadlineCause"
	randomness = "math/rand math/rand/v2 crypto/rand hash/maphash"

	// The packages that replay to the octet, and who around them may know the time of day.
	pure    = "syncml/... omadm/... csp/... session"
	outside = "_test.go syncml/internal/... omadm/notify/wns session/handler.go session/config.go"
)

// limits says what stays where: an import, a function of an import, or a construct (see uses) is never in these
// packages and files, but in those.
var limits = []struct{ what, never, but string }{
	{"net/http/... net/rpc/... expvar", "...", "session/... omadm/notify/wns examples/..."},
	{"database/sql/...", "...", "session/sqlstore examples/server/..."},
	{"testing/...", "...", "_test.go syncml/internal/hostile session/sessiontest examples/server/pgtest"},
	{"github.com/stretchr/testify/... github.com/google/go-cmp/...", "...", "_test.go"},
	{"encoding/xml", "...", "_test.go examples/server/load/baseline.go"}, // the yardstick
	{"github.com/beevik/etree", "syncml/...", "_test.go"},
	{"unsafe C", "...", "syncml/arena.go"},
	{"csp/ddf", "csp/...", "_test.go csp/cspgen"}, // who has a constant needs no reader of descriptions
	{clock, pure, outside},
	{randomness, pure, outside},
	{"go-statement", pure, outside},
	{"exported-map-or-slice", "...", "_test.go"},
	{"dot-import", "...", "_test.go"}, // it would hide what a file uses
}

// required are the modules that the go.mod of the core may require directly.
var required = []string{
	"github.com/beevik/etree",
	"github.com/google/go-cmp",
	"github.com/stretchr/testify",
	"golang.org/x/crypto",
}

func TestArchitecture(t *testing.T) {
	files := readTree(t)
	if len(files) < 2 {
		t.Fatalf("read %d files: the tree was not found", len(files))
	}
	for _, v := range violations(files) {
		t.Error(v)
	}
}

func TestCoreModule(t *testing.T) {
	b, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range moduleViolations(string(b)) {
		t.Error(v)
	}
}

// TestViolationsAreFound breaks each row of the tables once.
func TestViolationsAreFound(t *testing.T) {
	const codes = "package omadm\ntype Status int\ntype AlertCode int\n" +
		"const (StatusOK Status = 200; StatusNext)\nconst AlertAbort AlertCode = 1223\nconst StatusWord = \"200\"\n" +
		"func ParseStatus(s string) (Status, error) { return 0, nil }\nfunc ParseOp(s string) (Op, error) { return Op{}, nil }\n" +
		"type Op struct{}"
	tests := []struct {
		name string
		path string
		src  string
		want []string
	}{
		// Arrows.
		{"syncml has nothing below it", "syncml/a.go", `import "github.com/gomadm/gomadm/omadm"`,
			[]string{"syncml/a.go:2: syncml may not import omadm"}},
		{"wbxml does not know the meaning", "syncml/wbxml/a.go", `import "github.com/gomadm/gomadm/omadm"`,
			[]string{"syncml/wbxml/a.go:2: syncml/wbxml may not import omadm"}},
		{"wbxml stands on syncml", "syncml/wbxml/a.go", `import "github.com/gomadm/gomadm/syncml"`, nil},
		{"omadm does not know its children", "omadm/a.go", `import "github.com/gomadm/gomadm/omadm/auth"`,
			[]string{"omadm/a.go:2: omadm may not import omadm/auth"}},
		{"omadm does not know sessions", "omadm/tnds/a.go", `import "github.com/gomadm/gomadm/session"`,
			[]string{"omadm/tnds/a.go:2: omadm/... may not import session"}},
		{"session and csp never meet", "session/a.go", `import "github.com/gomadm/gomadm/csp"`,
			[]string{"session/a.go:2: session may not import csp"}},
		{"nor in a test", "session/a_test.go", `import "github.com/gomadm/gomadm/csp"`,
			[]string{"session/a_test.go:2: session may not import csp"}},
		{"nor among the children", "session/enroll/a.go", `import "github.com/gomadm/gomadm/csp/policy"`,
			[]string{"session/enroll/a.go:2: session/... may not import csp/policy"}},
		{"csp and session never meet", "csp/a.go", `import "github.com/gomadm/gomadm/session"`,
			[]string{"csp/a.go:2: csp may not import session"}},
		{"nor do children of csp", "csp/policy/a.go", `import x "github.com/gomadm/gomadm/session/memstore"`,
			[]string{"csp/policy/a.go:2: csp/... may not import session/memstore"}},
		{"the catalogue does not read descriptions", "csp/a.go", `import "github.com/gomadm/gomadm/csp/ddf"`,
			[]string{"csp/a.go:2: csp may not import csp/ddf", "csp/a.go:2: csp/ddf: not in csp/... but in _test.go csp/cspgen"}},
		{"who makes it does", "csp/cspgen/a.go", `import "github.com/gomadm/gomadm/csp/ddf"`, nil},
		{"nor templates", "csp/a.go", `import "github.com/gomadm/gomadm/csp/admx"`,
			[]string{"csp/a.go:2: csp may not import csp/admx"}},
		{"who reads templates makes nodes of them", "csp/admx/a.go", `import "github.com/gomadm/gomadm/csp"`, nil},
		{"the constants do not", "csp/policy/a.go", `import "github.com/gomadm/gomadm/csp/ddf"`,
			[]string{"csp/policy/a.go:2: csp/ddf: not in csp/... but in _test.go csp/cspgen"}},
		{"kits stand on the catalogue", "csp/bitlocker/a.go", `import "github.com/gomadm/gomadm/csp"`, nil},
		{"the catalogue does not know the constants", "csp/a.go", `import "github.com/gomadm/gomadm/csp/policy"`,
			[]string{"csp/a.go:2: csp may not import csp/policy"}},
		{"its tests do", "csp/a_test.go", `import "github.com/gomadm/gomadm/csp/policy"`, nil},
		{"nor do their types", "csp/node/a.go", `import "github.com/gomadm/gomadm/csp/policy"`,
			[]string{"csp/node/a.go:2: csp/node may not import csp/policy"}},
		{"session does not know its stores", "session/a.go", `import "github.com/gomadm/gomadm/session/memstore"`,
			[]string{"session/a.go:2: session may not import session/memstore"}},
		{"its tests do", "session/a_test.go", `import "github.com/gomadm/gomadm/session/memstore"`, nil},
		{"the device does not know the engine", "session/simdevice/a.go", `import "github.com/gomadm/gomadm/session"`,
			[]string{"session/simdevice/a.go:2: session/simdevice may not import session"}},
		{"examples know all", "examples/minimal/main.go", `import "github.com/gomadm/gomadm/session/memstore"`, nil},
		{"but not each other", "examples/minimal/main.go", `import "github.com/gomadm/gomadm/examples/dm"`,
			[]string{"examples/minimal/main.go:2: examples/... may not import examples/dm"}},
		{"nor the server", "examples/server/main.go", `import "github.com/gomadm/gomadm/examples/dm"`,
			[]string{"examples/server/main.go:2: examples/server/... may not import examples/dm"}},
		{"the server has parts", "examples/server/main.go", `import "github.com/gomadm/gomadm/examples/server/vendor"`, nil},
		{"nobody imports an example", "a.go", `import "github.com/gomadm/gomadm/examples/server"`,
			[]string{"a.go:2: . may not import examples/server"}},
		{"nothing imports the root", "syncml/a.go", `import "github.com/gomadm/gomadm"`,
			[]string{"syncml/a.go:2: syncml may not import ."}},
		{"trees read XML", "omadm/tnds/a.go", `import "github.com/gomadm/gomadm/omadm/xmltree"`, nil},
		{"descriptions read XML", "csp/ddf/a.go", `import "github.com/gomadm/gomadm/omadm/xmltree"`, nil},
		{"messages do not", "syncml/a.go", `import "github.com/gomadm/gomadm/omadm/xmltree"`,
			[]string{"syncml/a.go:2: syncml may not import omadm/xmltree"}},
		{"the reader of XML knows nothing of its users", "omadm/xmltree/a.go", `import "github.com/gomadm/gomadm/syncml"`,
			[]string{"omadm/xmltree/a.go:2: omadm/xmltree may not import syncml"}},
		{"the time of day in it", "omadm/xmltree/a.go", "import \"time\"\nvar now = time.Now",
			[]string{"omadm/xmltree/a.go:3: time.Now: not in " + pure + " but in " + outside}},
		{"a package outside the drawing", "util/a.go", "",
			[]string{"util/a.go: util is not in the drawing"}},
		{"a child outside the drawing", "syncml/json/a.go", "",
			[]string{"syncml/json/a.go: syncml/json is not in the drawing"}},

		// Identifiers of omadm.
		{"the device knows codes", "session/simdevice/a.go", "import \"github.com/gomadm/gomadm/omadm\"\n" +
			"var s omadm.Status = omadm.StatusNext\nvar a omadm.AlertCode = omadm.AlertAbort\nvar p = omadm.ParseStatus", nil},
		{"and nothing else", "session/simdevice/a.go", "import o \"github.com/gomadm/gomadm/omadm\"\n" +
			"var r = o.NewReply\nvar p = o.ParseOp\nvar w = o.StatusWord",
			[]string{
				"session/simdevice/a.go:3: session/simdevice may not use omadm.NewReply: neither a status nor an alert code",
				"session/simdevice/a.go:4: session/simdevice may not use omadm.ParseOp: neither a status nor an alert code",
				"session/simdevice/a.go:5: session/simdevice may not use omadm.StatusWord: neither a status nor an alert code",
			}},
		{"its tests may", "session/simdevice/a_test.go", "import \"github.com/gomadm/gomadm/omadm\"\nvar r = omadm.NewReply", nil},

		// Limits.
		{"http in protocol code", "omadm/notify/a.go", `import "net/http/httptest"`,
			[]string{"omadm/notify/a.go:2: net/http/httptest: only in session/... omadm/notify/wns examples/..."}},
		{"http in a test of it", "omadm/notify/a_test.go", `import "net/http"`,
			[]string{"omadm/notify/a_test.go:2: net/http: only in session/... omadm/notify/wns examples/..."}},
		{"http where it belongs", "omadm/notify/wns/a.go", `import "net/http"`, nil},
		{"sql in the engine", "session/a.go", `import "database/sql"`,
			[]string{"session/a.go:2: database/sql: only in session/sqlstore examples/server/..."}},
		{"sql where it belongs", "session/sqlstore/a.go", `import "database/sql/driver"`, nil},
		{"testing in a server", "session/simdevice/a.go", `import "testing"`,
			[]string{"session/simdevice/a.go:2: testing: only in _test.go syncml/internal/hostile session/sessiontest examples/server/pgtest"}},
		{"testing in a kit", "session/sessiontest/a.go", `import "testing"`, nil},
		{"testify in a kit", "session/sessiontest/a.go", `import "github.com/stretchr/testify/require"`,
			[]string{"session/sessiontest/a.go:2: github.com/stretchr/testify/require: only in _test.go"}},
		{"go-cmp in a test", "syncml/a_test.go", `import "github.com/google/go-cmp/cmp"`, nil},
		{"encoding/xml", "omadm/tnds/a.go", `import "encoding/xml"`,
			[]string{"omadm/tnds/a.go:2: encoding/xml: only in _test.go examples/server/load/baseline.go"}},
		{"encoding/xml beside the yardstick", "examples/server/load/serve.go", `import "encoding/xml"`,
			[]string{"examples/server/load/serve.go:2: encoding/xml: only in _test.go examples/server/load/baseline.go"}},
		{"etree reads no messages", "syncml/wbxml/a.go", `import "github.com/beevik/etree"`,
			[]string{"syncml/wbxml/a.go:2: github.com/beevik/etree: not in syncml/... but in _test.go"}},
		{"etree reads the rest", "omadm/tnds/a.go", `import "github.com/beevik/etree"`, nil},
		{"unsafe", "syncml/decode.go", `import _ "unsafe"`,
			[]string{"syncml/decode.go:2: unsafe: only in syncml/arena.go"}},
		{"unsafe in its place", "syncml/arena.go", `import "unsafe"`, nil},
		{"the time of day", "session/step.go", "import clock \"time\"\nvar now = clock.Now",
			[]string{"session/step.go:3: time.Now: not in " + pure + " but in " + outside}},
		{"a duration", "session/step.go", "import \"time\"\nvar d = time.Second", nil},
		{"the time of day in the handler", "session/handler.go", "import \"time\"\nvar now = time.Now", nil},
		{"a store may know it", "session/memstore/a.go", "import \"time\"\nvar now = time.Now", nil},
		{"a deadline", "omadm/a.go", "import \"context\"\nvar f = context.WithTimeout",
			[]string{"omadm/a.go:3: context.WithTimeout: not in " + pure + " but in " + outside}},
		{"randomness", "csp/bitlocker/a.go", "import \"math/rand/v2\"\nvar n = rand.Int",
			[]string{"csp/bitlocker/a.go:2: math/rand/v2: not in " + pure + " but in " + outside}},
		{"the samples of the benchmarks", "syncml/internal/sample/a.go", `import "github.com/gomadm/gomadm/syncml"`,
			[]string{"syncml/internal/sample/a.go:2: syncml/internal/sample may not import syncml"}},
		{"the hostile messages of the tests", "syncml/internal/hostile/a.go", `import "github.com/gomadm/gomadm/syncml/wbxml"`,
			[]string{"syncml/internal/hostile/a.go:2: syncml/internal/hostile may not import syncml/wbxml"}},
		{"a package that does not exist", "syncml/a.go", `import "github.com/gomadm/gomadm/util"`,
			[]string{"syncml/a.go:2: syncml may not import util"}},
		{"randomness in a test", "syncml/a_test.go", `import "math/rand"`, nil},
		{"a goroutine", "session/step.go", "func f() { go f() }",
			[]string{"session/step.go:2: go-statement: not in " + pure + " but in " + outside}},
		{"an exported map", "omadm/a.go", "var Codes = map[int]string{}",
			[]string{"omadm/a.go:2: exported-map-or-slice: only in _test.go"}},
		{"of a named type", "omadm/a.go", "type table map[int]string\nvar Codes table",
			[]string{"omadm/a.go:3: exported-map-or-slice: only in _test.go"}},
		{"an exported slice", "csp/a.go", "var Names = append([]string(nil), \"a\")",
			[]string{"csp/a.go:2: exported-map-or-slice: only in _test.go"}},
		{"made", "csp/a.go", "var (\n\tName = \"a\"\n\tNames, Seen = []string{}, make(map[string]bool)\n)",
			[]string{"csp/a.go:4: exported-map-or-slice: only in _test.go", "csp/a.go:4: exported-map-or-slice: only in _test.go"}},
		{"not exported, an array, inside a function", "csp/a.go",
			"var names = []string{}\nvar Names = [...]string{\"a\"}\nfunc f() { var X = []int{}; _ = X }", nil},
		{"dot import", "session/simdevice/a.go", `import . "github.com/gomadm/gomadm/omadm"`,
			[]string{"session/simdevice/a.go:2: dot-import: only in _test.go"}},
	}

	broken := make(map[string]bool)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			files := []file{parse(t, "omadm/codes.go", codes)}
			files = append(files, parse(t, tt.path, "package p\n"+tt.src))
			var got []string
			for _, v := range violations(files) {
				got = append(got, v.String())
				broken[v.rule] = true
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got:\n\t%s\nwant:\n\t%s", strings.Join(got, "\n\t"), strings.Join(tt.want, "\n\t"))
			}
		})
	}
	for _, r := range drawing {
		if !broken[r.room] {
			t.Errorf("no case breaks the row of %s in the drawing", r.room)
		}
	}
	for _, l := range limits {
		if !broken[l.what] {
			t.Errorf("no case breaks the limit of %s", l.what)
		}
	}
}

func TestModuleViolationsAreFound(t *testing.T) {
	tests := []struct {
		name string
		mod  string
		want []string
	}{
		{"nothing", "module m\n\ngo 1.25\n", nil},
		{"the four", "module m\ngo 1.25.0\nrequire (\n\tgithub.com/beevik/etree v1.0.0\n\tgithub.com/google/go-cmp v0.1.0\n)\n" +
			"require golang.org/x/crypto v0.1.0\nrequire github.com/stretchr/testify v1.0.0 // why\n", nil},
		{"what they need", "go 1.25\nrequire (\n\tgopkg.in/yaml.v3 v3.0.1 // indirect\n)\n", nil},
		{"a fifth", "go 1.25\nrequire (\n\texample.org/fifth v1.0.0\n)\n",
			[]string{"go.mod:3: example.org/fifth is required directly and not in the list of DESIGN.md"}},
		{"a fifth alone", "go 1.25\nrequire example.org/fifth v1.0.0\n",
			[]string{"go.mod:2: example.org/fifth is required directly and not in the list of DESIGN.md"}},
		{"toolchain", "go 1.25\ntoolchain go1.26.0\n", []string{"go.mod:2: toolchain: users choose their own"}},
		{"replace", "go 1.25\nreplace a => ../a\n", []string{"go.mod:2: replace: users would not get it"}},
		{"tool", "go 1.25\ntool example.org/x\n", []string{"go.mod:2: tool: users inherit what it requires"}},
		{"a newer language", "go 1.26\n", []string{"go.mod:1: go 1.26: the language version is 1.25"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := moduleViolations(tt.mod); !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// file is what one Go file uses.
type file struct {
	path string // from the root, such as session/step.go
	uses []use
	// What the whole package needs to know of the file.
	syntax *ast.File
	fset   *token.FileSet
}

// use is an import (its path), a name of an import (time.Now), or a construct: go-statement, dot-import,
// exported-map-or-slice. Packages of the project are named from the root: omadm, omadm.Status.
type use struct {
	what string
	line int
	ours bool // an import of a package of the project
}

func (f file) pkg() string  { return path.Dir(f.path) }
func (f file) isTest() bool { return strings.HasSuffix(f.path, "_test.go") }

// in reports whether one of the space-separated patterns holds the package of f or f itself.
func (f file) in(patterns string) bool {
	return slices.ContainsFunc(strings.Fields(patterns), func(p string) bool {
		return p == "_test.go" && f.isTest() || match(p, f.pkg()) || match(p, f.path)
	})
}

// match reports whether pattern is name, or ends in /... and holds it.
func match(pattern, name string) bool {
	if pattern == "..." {
		return true
	}
	tree, ok := strings.CutSuffix(pattern, "/...")
	return name == tree || ok && strings.HasPrefix(name, tree+"/")
}

func matchAny(patterns, name string) bool {
	return slices.ContainsFunc(strings.Fields(patterns), func(p string) bool { return match(p, name) })
}

// violation is a breach of the row of a table that rule names.
type violation struct {
	path string
	line int // 0: the whole file
	rule string
	text string
}

func (v violation) String() string {
	if v.line == 0 {
		return v.path + ": " + v.text
	}
	return fmt.Sprintf("%s:%d: %s", v.path, v.line, v.text)
}

// violations returns what breaks the drawing and the limits, in the order of the files.
func violations(files []file) []violation {
	var all []violation
	codes, slicesAndMaps := codeNames(files), namedMapsAndSlices(files)
	for _, f := range files {
		all = append(all, arrows(f, codes)...)
		f.uses = append(f.uses, exportedMapsAndSlices(f, slicesAndMaps[f.pkg()])...)
		for _, l := range limits {
			if !f.in(l.never) || f.in(l.but) {
				continue
			}
			where := "only in " + l.but
			if l.never != "..." {
				where = "not in " + l.never + " but in " + l.but
			}
			for _, u := range f.uses {
				if matchAny(l.what, u.what) {
					all = append(all, violation{f.path, u.line, l.what, u.what + ": " + where})
				}
			}
		}
	}
	return all
}

// arrows returns the imports of f that the drawing does not show, and for the simulated device the names of
// omadm that are not codes.
func arrows(f file, codes map[string]bool) []violation {
	room, may, ok := roomOf(f.pkg())
	if !ok {
		return []violation{{f.path, 0, "drawing", f.pkg() + " is not in the drawing"}}
	}
	if f.isTest() {
		floor, _, _ := strings.Cut(f.pkg(), "/")
		may += " " + floor + "/..."
	}
	var all []violation
	for _, u := range f.uses {
		name, ok := strings.CutPrefix(u.what, "omadm.")
		switch {
		case u.ours && !matchAny(may, u.what):
			all = append(all, violation{f.path, u.line, room, room + " may not import " + u.what})
		case ok && !codes[name] && room == "session/simdevice" && !f.isTest():
			all = append(all, violation{f.path, u.line, room,
				room + " may not use " + u.what + ": neither a status nor an alert code"})
		}
	}
	return all
}

func roomOf(pkg string) (room, imports string, ok bool) {
	for _, r := range drawing {
		if match(r.room, pkg) {
			return r.room, r.imports, true
		}
	}
	return "", "", false
}

// codeNames returns the names that omadm declares for status and alert codes: the two types, their constants
// and the functions Parse… that return one.
func codeNames(files []file) map[string]bool {
	types := map[string]bool{"Status": true, "AlertCode": true}
	isCode := func(e ast.Expr) bool {
		id, ok := e.(*ast.Ident)
		return ok && types[id.Name]
	}
	names := maps.Clone(types)
	for _, f := range files {
		if f.pkg() != "omadm" || f.isTest() {
			continue
		}
		for _, d := range f.syntax.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Recv == nil && strings.HasPrefix(d.Name.Name, "Parse") && d.Type.Results != nil &&
					isCode(d.Type.Results.List[0].Type) {
					names[d.Name.Name] = true
				}
			case *ast.GenDecl:
				if d.Tok != token.CONST {
					continue
				}
				var typ ast.Expr // of the constants that repeat the line above them
				for _, s := range d.Specs {
					s := s.(*ast.ValueSpec)
					if s.Type != nil || len(s.Values) > 0 {
						typ = s.Type
					}
					for _, n := range s.Names {
						if typ != nil && isCode(typ) {
							names[n.Name] = true
						}
					}
				}
			}
		}
	}
	return names
}

// namedMapsAndSlices returns, for each package, the names of its types that are maps or slices.
func namedMapsAndSlices(files []file) map[string]map[string]bool {
	all := make(map[string]map[string]bool)
	for _, f := range files {
		for _, d := range f.syntax.Decls {
			d, ok := d.(*ast.GenDecl)
			if !ok || d.Tok != token.TYPE {
				continue
			}
			for _, s := range d.Specs {
				s := s.(*ast.TypeSpec)
				if !isMapOrSlice(s.Type, nil) {
					continue
				}
				if all[f.pkg()] == nil {
					all[f.pkg()] = make(map[string]bool)
				}
				all[f.pkg()][s.Name.Name] = true
			}
		}
	}
	return all
}

// exportedMapsAndSlices returns the exported variables of f that others could change an element of.
func exportedMapsAndSlices(f file, named map[string]bool) []use {
	var uses []use
	for _, d := range f.syntax.Decls {
		d, ok := d.(*ast.GenDecl)
		if !ok || d.Tok != token.VAR {
			continue
		}
		for _, s := range d.Specs {
			s := s.(*ast.ValueSpec)
			for i, n := range s.Names {
				typ := s.Type
				if typ == nil && i < len(s.Values) {
					typ = typeOf(s.Values[i])
				}
				if n.IsExported() && isMapOrSlice(typ, named) {
					uses = append(uses, use{what: "exported-map-or-slice", line: f.fset.Position(n.Pos()).Line})
				}
			}
		}
	}
	return uses
}

// typeOf returns the type of a value as far as its syntax shows it.
func typeOf(value ast.Expr) ast.Expr {
	switch v := value.(type) {
	case *ast.CompositeLit:
		return v.Type
	case *ast.ParenExpr:
		return typeOf(v.X)
	case *ast.CallExpr:
		if id, ok := v.Fun.(*ast.Ident); ok && len(v.Args) > 0 {
			switch id.Name {
			case "make":
				return v.Args[0]
			case "append":
				return typeOf(v.Args[0])
			}
		}
		return v.Fun // a conversion, if it is a type
	}
	return nil
}

func isMapOrSlice(typ ast.Expr, named map[string]bool) bool {
	switch t := typ.(type) {
	case *ast.MapType:
		return true
	case *ast.ArrayType:
		return t.Len == nil
	case *ast.ParenExpr:
		return isMapOrSlice(t.X, named)
	case *ast.Ident:
		return named[t.Name]
	}
	return false
}

// moduleViolations returns what is wrong with the go.mod file of the core.
func moduleViolations(mod string) []string {
	forbidden := map[string]string{
		"toolchain": "users choose their own",
		"replace":   "users would not get it",
		"tool":      "users inherit what it requires",
	}
	var all []string
	block := ""
	for i, line := range strings.Split(mod, "\n") {
		line, comment, _ := strings.Cut(line, "//")
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		if block != "" {
			words = append([]string{block}, words...)
		}
		switch {
		case words[len(words)-1] == "(":
			block = words[0]
			continue
		case words[len(words)-1] == ")":
			block = ""
			continue
		}
		add := func(text string) { all = append(all, fmt.Sprintf("go.mod:%d: %s", i+1, text)) }
		why, bad := forbidden[words[0]]
		switch {
		case bad:
			add(words[0] + ": " + why)
		case words[0] == "go" && words[1] != "1.25" && !strings.HasPrefix(words[1], "1.25."):
			add("go " + words[1] + ": the language version is 1.25")
		case words[0] == "require" && !slices.Contains(required, words[1]) && strings.TrimSpace(comment) != "indirect":
			add(words[1] + " is required directly and not in the list of DESIGN.md")
		}
	}
	return all
}

// readTree reads all Go files of the core and of examples/server.
func readTree(t *testing.T) []file {
	t.Helper()
	var files []file
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base := d.Name()
		if d.IsDir() {
			if name != "." && (base == "testdata" || base[0] == '.' || base[0] == '_') {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(base, ".go") || base[0] == '.' || base[0] == '_' {
			return nil
		}
		src, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		files = append(files, parse(t, filepath.ToSlash(name), string(src)))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// parse reads what a file uses. Names are resolved by the imports alone: a local variable with the name of an
// import counts as the import, which can only refuse too much.
func parse(t *testing.T, name, src string) file {
	t.Helper()
	fset := token.NewFileSet()
	syntax, err := parser.ParseFile(fset, name, src, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	f := file{path: name, syntax: syntax, fset: fset}
	line := func(n ast.Node) int { return fset.Position(n.Pos()).Line }

	imports := make(map[string]string) // by the name they have in the file
	for _, s := range syntax.Imports {
		importPath, err := strconv.Unquote(s.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		local := localName(s, importPath)
		if local == "." {
			f.uses = append(f.uses, use{what: "dot-import", line: line(s)})
		}
		rel, ours := strings.CutPrefix(importPath, module+"/")
		if importPath == module {
			rel, ours = ".", true
		}
		f.uses = append(f.uses, use{what: rel, line: line(s), ours: ours})
		imports[local] = rel
	}
	ast.Inspect(syntax, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			f.uses = append(f.uses, use{what: "go-statement", line: line(n)})
		case *ast.SelectorExpr:
			id, ok := n.X.(*ast.Ident)
			if ok && imports[id.Name] != "" {
				f.uses = append(f.uses, use{what: imports[id.Name] + "." + n.Sel.Name, line: line(n)})
			}
		}
		return true
	})
	return f
}

// localName returns the name by which a file knows an import.
func localName(s *ast.ImportSpec, importPath string) string {
	if s.Name != nil {
		return s.Name.Name
	}
	dir, base := path.Split(importPath)
	if len(base) > 1 && base[0] == 'v' && strings.Trim(base[1:], "0123456789") == "" {
		return path.Base(dir) // a major version is not part of the name
	}
	return base
}
