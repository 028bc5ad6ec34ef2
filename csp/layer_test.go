package csp_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gomadm/gomadm/csp"
	"github.com/gomadm/gomadm/omadm"
)

func resolve(t *testing.T, c *csp.Catalog, s string) csp.Node {
	t.Helper()
	m, err := c.Resolve(csp.MustParse(s))
	if err != nil {
		t.Fatal(err)
	}
	return m.Node
}

func with(t *testing.T, c *csp.Catalog, layers ...csp.Layer) *csp.Catalog {
	t.Helper()
	next, err := c.With(layers...)
	if err != nil {
		t.Fatal(err)
	}
	return next
}

// all returns the definitions of a catalogue, by template.
func all(c *csp.Catalog) map[string]csp.Definition {
	defs := make(map[string]csp.Definition)
	for n := range c.All() {
		defs[n.Template()] = n.Definition()
	}
	return defs
}

// What is wrong by a layer is not laid at the door of the catalogue below it.
func TestIssuesNameTheLayer(t *testing.T) {
	volume := csp.Definition{
		Template: "./Vendor/Example/Volume", Format: omadm.FormatInt, Verbs: csp.NewVerbs(omadm.Replace),
		Allowed: csp.Constraint{Kind: csp.Range, Values: []string{"[0-10]"}},
	}
	pitch := volume
	pitch.Template, pitch.Origin = "./Vendor/Example/Pitch", "sound.xml"
	c := with(t, csp.Default(), csp.Layer{Name: "ours", Define: []csp.Definition{volume, pitch}})
	for uri, want := range map[omadm.URI]string{
		"./Vendor/Example/Volume":                        "ours",
		"./Vendor/Example/Pitch":                         "sound.xml",
		"./Vendor/MSFT/Policy/Config/Camera/AllowCamera": csp.Default().Provenance().Name,
	} {
		report := c.Check(csp.Device{}, omadm.Request{Ops: []omadm.Op{{Verb: omadm.Replace, URI: uri, Value: omadm.Int(11)}}})
		if len(report) != 1 || report[0].Source != want {
			t.Errorf("%s: got %+v, want one issue by %q", uri, report, want)
		}
	}
}

func TestLayers(t *testing.T) {
	const config = "./Device/Vendor/MSFT/Policy/Config/"
	vendor := csp.Layer{Name: "vendor", Define: []csp.Definition{
		{Template: "./Vendor/Example/Agent", Format: omadm.FormatNode, Verbs: csp.NewVerbs(omadm.Get)},
		{Template: "./Vendor/Example/Agent/{Task Id}/State", Format: omadm.FormatInt, Verbs: csp.NewVerbs(omadm.Get)},
	}}
	app := csp.Layer{Name: "app", Define: []csp.Definition{
		{Template: config + "Browser~Policy~x/Home", Format: omadm.FormatChr, Allowed: csp.Constraint{Kind: csp.ADMX}},
	}}
	yes, low := true, csp.Constraint{Kind: csp.Range, Values: []string{"[0-4]"}}
	fix := csp.Layer{Name: "fix", Correct: []csp.Correction{
		{Nodes: []string{config + "Camera/*"}, Set: csp.Facts{Sensitive: &yes}, Source: "one"},
		{Nodes: []string{config + "camera/AllowCamera"}, Set: csp.Facts{Allowed: &low}, Source: "two"},
		{Nodes: []string{"./*/Vendor/MSFT/VPNv2/{any}/**"}, Set: csp.Facts{Atomic: &yes}, Source: "three"},
		{Nodes: []string{"./Vendor/Example/Agent/*/State"}, Set: csp.Facts{Sensitive: &yes}, Source: "four"},
	}}
	base := csp.Default()
	c := with(t, with(t, base, vendor), app, fix)
	if got := c.Layers(); !slices.Equal(got, []string{"vendor", "app", "fix"}) || len(base.Layers()) != 0 {
		t.Errorf("layers %q", got)
	}

	if n := resolve(t, c, "Vendor/Example/Agent/7%2C1/State"); n.Template() != "./Device/Vendor/Example/Agent/{Task Id}/State" || !n.Sensitive() {
		t.Errorf("got %+v", n.Definition())
	}
	if n := resolve(t, c, "./Vendor/Example/Agent/7"); n.Described() || !n.Dynamic() || n.Format() != omadm.FormatNode {
		t.Errorf("between two that are defined: %+v", n.Definition())
	}
	if _, err := base.Resolve(csp.MustParse("./Vendor/Example/Agent")); err == nil {
		t.Error("the catalogue below has changed")
	}

	// An area of its own, and what it takes from those above.
	home := resolve(t, c, config+"browser~policy~x/home")
	if home.Ingested() || home.Allowed().Kind != csp.ADMX || home.Applies(csp.Device{}).BuildNode.Template() != "./Device/Vendor/MSFT/Policy" {
		t.Errorf("got %+v", home.Definition())
	}
	if n := resolve(t, c, config+"Other~Policy/Home"); !n.Ingested() {
		t.Errorf("got %+v", n.Definition())
	}
	var unknown *csp.UnknownError
	if _, err := c.Resolve(csp.MustParse(config + "Browser~Policy~x/Hume")); !errors.As(err, &unknown) || !unknown.Area || len(unknown.Suggest) != 1 {
		t.Errorf("got %v", err)
	}

	// Corrections of one node add up.
	camera := resolve(t, c, config+"Camera/AllowCamera")
	if !camera.Sensitive() || !cmp.Equal(camera.Allowed(), low) || !slices.Equal(camera.Sources(), []string{"one", "two"}) || camera.Verbs().String() != "Add Delete Get Replace" {
		t.Errorf("got %+v", camera.Definition())
	}
	for _, s := range []string{"./Vendor/MSFT/VPNv2/x", "./User/Vendor/MSFT/VPNv2/x/RouteList/0/Address"} {
		n := resolve(t, c, s)
		if root, ok := n.AtomicRoot(); !ok || root != n {
			t.Errorf("%s: %v", s, root)
		}
	}
	before, after := all(base), all(c)
	if len(after) != len(before)+3 {
		t.Errorf("%d nodes, and %d with the layers", len(before), len(after))
	}
	kinds := make(map[csp.ChangeKind]int)
	for change := range csp.Diff(base, c) {
		kinds[change.Kind]++
		if change.Kind == csp.Changed && !strings.Contains(change.String(), "sources: ") {
			t.Errorf("%s", change)
		}
	}
	if kinds[csp.Added] != 3 || kinds[csp.Dropped] != 0 || kinds[csp.Changed] < 100 {
		t.Errorf("changes %v", kinds)
	}

	// In one table it is the same.
	b, err := c.AppendBinary(nil)
	if err != nil {
		t.Fatal(err)
	}
	flat, err := csp.Load(string(b))
	if err != nil {
		t.Fatal(err)
	}
	for change := range csp.Diff(c, flat) {
		t.Errorf("layers and table differ: %s", change)
	}
	if flat.Provenance().Name != base.Provenance().Name {
		t.Errorf("made of %+v", flat.Provenance())
	}

	u := csp.MustParse(config + "Browser~Policy~x/Home")
	if n := testing.AllocsPerRun(100, func() { _, _ = c.Resolve(u) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestChildrenOfLayers(t *testing.T) {
	c := with(t, csp.Default(), csp.Layer{Define: []csp.Definition{
		{Template: "./Vendor/MSFT/Policy/Config/Camera/AllowB", Format: omadm.FormatInt},
		{Template: "./Vendor/MSFT/Policy/Config/Camera/allowcamera", Format: omadm.FormatChr},
		{Template: "./Vendor/MSFT/Policy/Config/Camera/{any}", Format: omadm.FormatChr},
	}})
	var got []string
	area := resolve(t, c, "./Vendor/MSFT/Policy/Config/Camera")
	for n := range area.Children() {
		got = append(got, n.Name()+" "+string(n.Format()))
		if n.Parent() != area {
			t.Errorf("parent of %s: %s", n, n.Parent())
		}
	}
	if want := []string{"AllowB int", "allowcamera chr", "{any} chr"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestLayersThatAreRefused(t *testing.T) {
	yes := true
	def := func(template string) csp.Layer {
		return csp.Layer{Define: []csp.Definition{{Template: template, Format: omadm.FormatInt}}}
	}
	fix := func(node, source string) csp.Layer {
		return csp.Layer{Correct: []csp.Correction{{Nodes: []string{node}, Set: csp.Facts{Atomic: &yes}, Source: source}}}
	}
	for name, tt := range map[string]struct {
		layer csp.Layer
		want  string
	}{
		"not from the root":          {def("Vendor/X"), `csp: node "Vendor/X": does not begin with "./"`},
		"nothing":                    {def(""), `does not begin`},
		"an empty name":              {def("./Vendor//X"), "empty name"},
		"a name that climbs":         {def("./Vendor/../X"), `name "." or ".."`},
		"an unknown format":          {csp.Layer{Define: []csp.Definition{{Template: "./Vendor/X", Format: "text"}}}, `unknown format "text"`},
		"an unknown naming":          {csp.Layer{Define: []csp.Definition{{Template: "./Vendor/X", Format: "int", Naming: "x"}}}, `unknown naming "x"`},
		"an unknown constraint":      {csp.Layer{Define: []csp.Definition{{Template: "./Vendor/X", Format: "int", Allowed: csp.Constraint{Kind: "x"}}}}, `unknown constraint "x"`},
		"a correction of nothing":    {fix("./Vendor/MSFT/Nothing", "x"), "not there"},
		"a correction of the way":    {fix("./Vendor/MSFT", "x"), "not there"},
		"a correction with no dot":   {fix("Vendor/MSFT/BitLocker", "x"), "not there"},
		"a correction with no facts": {fix("./Vendor/MSFT/BitLocker", " "), "without a source"},
	} {
		_, err := csp.Default().With(tt.layer)
		var e *csp.FactError
		if !errors.As(err, &e) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %q", name, err, tt.want)
		}
	}
	for name, text := range map[string]string{
		"no JSON": "x", "an unknown field": `{"name": "a", "corect": []}`, "two": `{"name": "a"} {"name": "b"}`,
		"an unknown verb": `{"define": [{"verbs": "Get Put"}]}`,
	} {
		if l, err := csp.ReadLayer(strings.NewReader(text)); err == nil {
			t.Errorf("%s: got %+v", name, l)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	def := func(templates ...string) []csp.Definition {
		var defs []csp.Definition
		for _, s := range templates {
			defs = append(defs, csp.Definition{Template: s, Format: omadm.FormatInt})
		}
		return defs
	}
	many := make([]string, 1<<16)
	for i := range many {
		many[i] = fmt.Sprintf("./Vendor/%d", i)
	}
	for name, tt := range map[string]struct {
		defs []csp.Definition
		want string
	}{
		"one node twice":     {def("./Vendor/X", "./Device/vendor/x"), "defined twice"},
		"two named at will":  {def("./Vendor/{a}", "./Vendor/{b}/c"), "both are named at run time"},
		"more than it holds": {def(many...), "more than 65535 nodes"},
	} {
		_, err := csp.New(csp.Provenance{}, tt.defs)
		var e *csp.FactError
		if !errors.As(err, &e) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %q", name, err, tt.want)
		}
	}
}

// full has a value for each fact.
func full() csp.Definition {
	text := func(s string) *string { return &s }
	return csp.Definition{
		Template: "./Device/Vendor/Example/{Name}", Format: omadm.FormatFloat, Verbs: csp.NewVerbs(omadm.Get, omadm.Exec, omadm.Copy),
		Occurrence: csp.OneOrN, Permanent: true, Naming: csp.UniqueName, Pattern: "a+", PatternConfirmed: true, CaseSensitive: true,
		Allowed: csp.Constraint{Kind: csp.Enum, Values: []string{"", "b"}, List: "\uf000",
			ADMX: &csp.ADMXReference{Area: "a", Name: "n", File: "f"}, Elements: elements(), Confirmed: true},
		Default: text(""), Builds: text("10.0.22000"), CSPVersion: text("1.0"), Editions: text(""), Atomic: true,
		Dependencies: []csp.DependencyGroup{{
			Changed: &csp.Constraint{Kind: csp.Range, Values: []string{"[1-2]"}},
			Nodes:   []csp.Dependency{{Not: true, Template: "./Device/x", Allowed: csp.Constraint{Kind: csp.Flags, Values: []string{"1"}}}, {Template: "./y"}},
		}, {Nodes: []csp.Dependency{{Template: "./z"}}}},
		Deprecated: &csp.Build{Major: 10, Number: 22621, Revision: 1}, Reboot: csp.RebootServerInitiated, Conflict: csp.HighestButZeroIsNone,
		Sensitive: true, Ingested: true, Removed: "2026", Origin: "here", Sources: []string{"one", strings.Repeat("long ", 100)},
	}
}

func TestTableKeepsEveryFact(t *testing.T) {
	defs := []csp.Definition{full(), {Template: "./Device/Vendor/Example", Format: omadm.FormatNode, Occurrence: csp.One},
		{Template: "./Device/Vendor/Example/{Name}/Old", Format: omadm.FormatInt, Occurrence: csp.One, Deprecated: &csp.Build{}}}
	p := csp.Provenance{Name: "test", Sources: []csp.Source{{Name: "a", SHA256: "00", Files: 1, Nodes: 300}}}
	c, err := csp.New(p, defs)
	if err != nil {
		t.Fatal(err)
	}
	b, err := c.AppendBinary(nil)
	if err != nil {
		t.Fatal(err)
	}
	back, err := csp.Load(string(b))
	if err != nil {
		t.Fatal(err)
	}
	got := all(back)
	for _, want := range defs {
		if diff := cmp.Diff(want, got[want.Template]); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	if diff := cmp.Diff(p, back.Provenance()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	// The order of the definitions does not count.
	slices.Reverse(defs)
	again, err := csp.New(p, defs)
	if err != nil {
		t.Fatal(err)
	}
	if b2, _ := again.AppendBinary(nil); string(b2) != string(b) {
		t.Error("the table depends on the order of the definitions")
	}
}

func TestLoadRefuses(t *testing.T) {
	c, err := csp.New(csp.Provenance{}, []csp.Definition{{Template: "./A", Format: omadm.FormatInt}, {Template: "./B", Format: omadm.FormatInt}})
	if err != nil {
		t.Fatal(err)
	}
	good, err := c.AppendBinary(nil)
	if err != nil {
		t.Fatal(err)
	}
	const header, record = 16, 25
	for name, damage := range map[string]func([]byte) []byte{
		"nothing":         func(b []byte) []byte { return nil },
		"another file":    func(b []byte) []byte { return append([]byte("PK"), b...) },
		"another version": func(b []byte) []byte { b[4]++; return b },
		"a part":          func(b []byte) []byte { return b[:len(b)-1] },
		"siblings swapped": func(b []byte) []byte {
			b[header+record], b[header+2*record] = b[header+2*record], b[header+record]
			return b
		},
		"twins":              func(b []byte) []byte { b[header+record] = b[header+2*record]; return b },
		"a child of a child": func(b []byte) []byte { b[header+2*record+3] = 1; return b },
		"a root with a name": func(b []byte) []byte { b[header] = b[header+record]; return b },
		"a format of none":   func(b []byte) []byte { b[header+record+9] = 15; return b },
	} {
		bad, err := csp.Load(string(damage(slices.Clone(good))))
		if bad != nil || !errors.As(err, new(*csp.FactError)) {
			t.Errorf("%s: got %v, %v", name, bad, err)
		}
	}
	if _, err := csp.Load(string(good)); err != nil {
		t.Error(err)
	}
}

func FuzzLoad(f *testing.F) {
	c, err := csp.New(csp.Provenance{Name: "x"}, []csp.Definition{full()})
	if err != nil {
		f.Fatal(err)
	}
	b, err := c.AppendBinary(nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add(b[:len(b)-10])
	f.Add([]byte("gcsp"))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := csp.Load(string(b))
		if err != nil {
			if c != nil || !errors.As(err, new(*csp.FactError)) {
				t.Fatalf("got %v, %v", c, err)
			}
			return
		}
		// What Load takes can be asked anything.
		for n := range c.All() {
			_, _, _ = n.Parent(), n.Applies(csp.Device{}), n.String()
			_, _ = n.AtomicRoot()
		}
		_, _ = c.Resolve(csp.MustParse("./Vendor/Example/X"))
		for range c.Children(csp.MustParse(".")) {
			continue
		}
	})
}
