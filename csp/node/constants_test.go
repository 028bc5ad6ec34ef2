package node_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/constant"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/gomadm/gomadm/csp"
	"github.com/gomadm/gomadm/omadm"
)

const (
	module   = "github.com/gomadm/gomadm"
	nodePath = module + "/csp/node"
)

// compiled are the packages below csp as the compiler sees them.
var compiled = sync.OnceValues(func() (map[string]string, error) {
	out, err := exec.Command("go", "list", "-export", "-deps", "-json=ImportPath,Export", module+"/csp/...").Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w: %s", err, stderr(err))
	}
	files := make(map[string]string)
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p struct{ ImportPath, Export string }
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return files, nil
		} else if err != nil {
			return nil, err
		}
		files[p.ImportPath] = p.Export
	}
})

func stderr(err error) string {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return string(exit.Stderr)
	}
	return ""
}

// newImporter returns what imports packages, and the paths of those that have constants.
func newImporter(t *testing.T) (types.Importer, []string) {
	t.Helper()
	if testing.Short() {
		t.Skip("compiles all packages below csp")
	}
	files, err := compiled()
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	for p := range files {
		if parent := path.Dir(p); parent == module+"/csp" {
			if _, err := os.Stat("../" + path.Base(p) + "/nodes.go"); err == nil {
				paths = append(paths, p)
			}
		}
	}
	slices.Sort(paths)
	lookup := func(p string) (io.ReadCloser, error) { return os.Open(files[p]) }
	return importer.ForCompiler(token.NewFileSet(), "gc", lookup), paths
}

// TestConstants goes over the constants as a program sees them: each is a node of the catalogue, each node has one, and it
// has the methods that the node allows, with the values of its format.
func TestConstants(t *testing.T) {
	imports, paths := newImporter(t)
	if len(paths) < 60 {
		t.Fatalf("%d packages with constants", len(paths))
	}
	nodes := make(map[string]csp.Node)
	for n := range csp.Default().All() {
		nodes[n.Template()] = n
	}
	seen := make(map[string]string)
	var values []*types.Const
	for _, p := range paths {
		pkg, err := imports.Import(p)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range pkg.Scope().Names() {
			c, ok := pkg.Scope().Lookup(name).(*types.Const)
			if !ok || !c.Exported() {
				continue
			}
			named, ok := types.Unalias(c.Type()).(*types.Named)
			if !ok {
				values = append(values, c)
				continue
			}
			if named.Obj().Pkg().Path() != nodePath {
				continue
			}
			where := pkg.Name() + "." + name
			template := constant.StringVal(c.Val())
			if other, twice := seen[template]; twice {
				t.Errorf("%s and %s are one node", where, other)
			}
			seen[template] = where
			n, ok := nodes[template]
			if !ok {
				t.Errorf("%s: the catalogue has no %s", where, template)
				continue
			}
			if m, err := csp.Default().Resolve(csp.MustParse(withNames(template))); err != nil || m.Node != n {
				t.Errorf("%s: %s resolves to %v (%v)", where, template, m.Node, err)
			}
			if got := n.Constant(); got != where {
				t.Errorf("%s: the catalogue names it %q", where, got)
			}
			if got, want := methods(t, named), methodsOf(n); !slices.Equal(got, want) {
				t.Errorf("%s: got %q, want %q", where, got, want)
			}
		}
	}
	for template := range nodes {
		if seen[template] == "" {
			t.Errorf("no constant for %s", template)
		}
	}
	byName := make(map[string]csp.Node)
	for template, where := range seen {
		byName[where] = nodes[template]
	}
	for _, c := range values {
		if !valueOfNode(c, byName) {
			t.Errorf("%s.%s = %v: no node that begins so has this value", c.Pkg().Name(), c.Name(), c.Val())
		}
	}
	t.Logf("%d nodes and %d values in %d packages", len(seen), len(values), len(paths))
}

// valueOfNode reports whether a constant is one of the values of a node whose name the constant's begins with, in the
// type of its values. Other constants of hand-written files are none of ours.
func valueOfNode(c *types.Const, byName map[string]csp.Node) bool {
	basic, ok := c.Type().(*types.Basic)
	if !ok || basic.Info()&types.IsUntyped != 0 {
		return true
	}
	for i := range c.Name() {
		n, ok := byName[c.Pkg().Name()+"."+c.Name()[:i]]
		if !ok {
			continue
		}
		got := strings.Trim(c.Val().ExactString(), `"`)
		if n.Format() == omadm.FormatInt && basic.Kind() == types.Int64 || n.Format() == omadm.FormatChr && basic.Kind() == types.String {
			for _, v := range n.Allowed().Values {
				want, err := csp.DecodeAs(n.Format(), "", omadm.Text(v))
				if err == nil && want.Data.Value == got {
					return true
				}
			}
		}
	}
	return false
}

// withNames puts names into a template.
func withNames(template string) string {
	segments := strings.Split(template, "/")
	for i, s := range segments {
		if strings.HasPrefix(s, "{") {
			segments[i] = fmt.Sprintf("name%d", i)
		}
	}
	return strings.Join(segments, "/")
}

// methods returns what a type can do, in the form of methodsOf.
func methods(t *testing.T, named *types.Named) []string {
	t.Helper()
	var list []string
	for {
		at := method(named, "At")
		if at == nil {
			break
		}
		list = append(list, "At")
		if m := types.NewMethodSet(named); m.Len() != 4 || method(named, "Template") == nil || method(named, "Names") == nil || method(named, "Rows") == nil {
			t.Errorf("%v has other methods than At, Names, Rows and Template", named)
		}
		named = at.Results().At(0).Type().(*types.Named)
	}
	set := types.NewMethodSet(named)
	for i := range set.Len() {
		m := set.At(i).Obj().(*types.Func)
		sig := m.Type().(*types.Signature)
		text := m.Name()
		if sig.Params().Len() > 0 {
			text += " " + short(sig.Params().At(0).Type())
		}
		if m.Name() == "Value" || m.Name() == "Children" {
			text += " " + short(sig.Results().At(0).Type())
		}
		list = append(list, text)
	}
	return list
}

func method(named *types.Named, name string) *types.Signature {
	if s := types.NewMethodSet(named).Lookup(nil, name); s != nil {
		return s.Obj().Type().(*types.Signature)
	}
	return nil
}

func short(t types.Type) string {
	return types.TypeString(t, func(p *types.Package) string { return p.Name() })
}

// methodsOf returns what a constant of the node has to do.
func methodsOf(n csp.Node) []string {
	kinds := map[omadm.Format]string{
		omadm.FormatInt: "int64", omadm.FormatBool: "bool", omadm.FormatFloat: "float64", omadm.FormatChr: "string",
		omadm.FormatXML: "node.XML", omadm.FormatB64: "[]byte", omadm.FormatBin: "[]byte", omadm.FormatTime: "node.Time",
	}
	kind := kinds[n.Format()]
	list := []string{"LocURI"}
	with := func(verb string) string { return strings.TrimSuffix(verb+" "+kind, " ") }
	v := n.Verbs()
	for _, verb := range []omadm.Verb{omadm.Add, omadm.Replace} {
		if v.Has(verb) {
			list = append(list, with(verb.String()))
		}
	}
	if v.Has(omadm.Delete) {
		list = append(list, "Delete")
	}
	if v.Has(omadm.Exec) {
		list = append(list, "Exec")
		if kind != "" {
			list = append(list, "ExecWith "+kind)
		}
	}
	if v.Has(omadm.Get) {
		list = append(list, "Get")
		switch n.Format() {
		case omadm.FormatNode:
			list = append(list, "Children []omadm.Result []string")
		case omadm.FormatNull:
		default:
			list = append(list, "Value []omadm.Result "+kind)
		}
	}
	slices.Sort(list)
	return append(slices.Repeat([]string{"At"}, strings.Count(n.Template(), "{")), list...)
}

// TestWhatTheNodeLacksDoesNotCompile compiles small programs, half of which do what their node does not allow.
func TestWhatTheNodeLacksDoesNotCompile(t *testing.T) {
	imports, _ := newImporter(t)
	for name, tt := range map[string]struct{ good, bad, want string }{
		"verb":                  {"policy.CameraAllowCamera.Replace(0)", "policy.CameraAllowCamera.Exec()", "CameraAllowCamera.Exec undefined"},
		"verb of what is read":  {"devinfo.DevId.Get()", `devinfo.DevId.Replace("x")`, "DevId.Replace undefined"},
		"verb of what is run":   {"remotewipe.DoWipe.Exec()", `remotewipe.DoWipe.Delete()`, "DoWipe.Delete undefined"},
		"kind of value":         {"policy.CameraAllowCamera.Replace(policy.CameraAllowCameraAllowed)", `policy.CameraAllowCamera.Replace("0")`, "cannot use"},
		"value of interior":     {"vpnv2.ProfileName.At(`x`).Add()", `vpnv2.ProfileName.At("x").Add("x")`, "too many arguments"},
		"name that is missing":  {"vpnv2.AlwaysOn.At(`x`).Replace(true)", "vpnv2.AlwaysOn.Replace(true)", "AlwaysOn.Replace undefined"},
		"second name":           {"vpnv2.RouteListAddress.At(`x`).At(`0`).Get()", "vpnv2.RouteListAddress.At(`x`).Get()", "Get undefined"},
		"value of what is null": {"reboot.RebootNow.Exec()", "reboot.RebootNow.ExecWith(`x`)", "RebootNow.ExecWith undefined"},
	} {
		t.Run(name, func(t *testing.T) {
			if err := compile(imports, tt.good); err != nil {
				t.Errorf("%s: %v", tt.good, err)
			}
			if err := compile(imports, tt.bad); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%s: got %v, want %s", tt.bad, err, tt.want)
			}
		})
	}
}

// compile compiles a program with one expression.
func compile(imports types.Importer, expr string) error {
	pkg, _, _ := strings.Cut(expr, ".")
	src := fmt.Sprintf("package main\n\nimport (\n\t%q\n\t%q\n)\n\nvar _ omadm.Op = %s\n\nfunc main() {}\n",
		module+"/csp/"+pkg, module+"/omadm", expr)
	set := token.NewFileSet()
	f, err := parser.ParseFile(set, "main.go", src, 0)
	if err != nil {
		return err
	}
	conf := types.Config{Importer: imports}
	_, err = conf.Check("main", set, []*ast.File{f}, nil)
	return err
}
