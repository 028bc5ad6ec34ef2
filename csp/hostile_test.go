package csp_test

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/gomadm/gomadm/csp"
	"github.com/gomadm/gomadm/omadm"
)

// allocated returns how many octets f allocates.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// each returns n members of a list of JSON.
func each(n int, member func(i int) string) string {
	list := make([]string, n)
	for i := range list {
		list[i] = member(i)
	}
	return strings.Join(list, ",")
}

func defines(template string) string {
	return fmt.Sprintf(`{"template":%q,"format":"chr","verbs":"Get"}`, template)
}

// TestHostileLayers puts on layers as somebody may send them to make harm. One that is twice as long takes no more than
// 2.5 times the memory, and what is refused takes no more than what a few corrections of the whole catalogue take.
func TestHostileLayers(t *testing.T) {
	corrects := func(n int, node string) string {
		return `{"correct":[` + each(n, func(i int) string {
			return fmt.Sprintf(`{"nodes":[%q],"source":"%d","set":{"format":"chr"}}`, node, i)
		}) + `]}`
	}
	for name, test := range map[string]struct {
		layer   func(n int) string
		refused bool // with n of a thousand and more
	}{
		"deep node":              {func(n int) string { return `{"define":[` + defines("./"+strings.Repeat("a/", n)+"b") + `]}` }, true},
		"deep names at run time": {func(n int) string { return `{"define":[` + defines("./"+strings.Repeat("{a}/", n)+"b") + `]}` }, true},
		"long name":              {func(n int) string { return `{"define":[` + defines("./"+strings.Repeat("a", 10*n)) + `]}` }, true},
		"long title":             {func(n int) string { return `{"define":[` + defines("./{"+strings.Repeat("a", 10*n)+"}") + `]}` }, true},
		"many deep nodes": {func(n int) string {
			return `{"define":[` + each(n/10, func(i int) string { return defines("./" + strconv.Itoa(i) + strings.Repeat("/a", 60)) }) + `]}`
		}, false},
		"many nodes": {func(n int) string {
			return `{"define":[` + each(n, func(i int) string { return defines("./X/" + strconv.Itoa(i)) }) + `]}`
		}, false},
		"one node often": {func(n int) string {
			return `{"define":[` + each(n, func(int) string { return defines("./X/Y") }) + `]}`
		}, false},
		"corrections of everything": {func(n int) string { return corrects(n, "./**") }, true},
		"corrections of one node":   {func(n int) string { return corrects(n*10, "./Vendor/MSFT/WiFi/Profile/{SSID}") }, true},
		"looking for one node":      {func(n int) string { return corrects(n*2, "./*/*/*/*/*/WlanXml") }, true},
		"everything often": {func(n int) string {
			return `{"correct":[{"source":"s","set":{},"nodes":[` + each(n, func(int) string { return `"./**"` }) + `]}]}`
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			var costs []uint64
			for n := 1000; n <= 4000; n *= 2 {
				var err error
				text := test.layer(n)
				cost := allocated(func() {
					var l csp.Layer
					if l, err = csp.ReadLayer(strings.NewReader(text)); err == nil {
						_, err = csp.Default().With(l)
					}
				})
				if refused := errors.As(err, new(*csp.FactError)); refused != test.refused || !refused && err != nil {
					t.Fatalf("%d octets: %v", len(text), err)
				}
				if most := uint64(256<<20 + 8*len(text)); test.refused && cost > most {
					t.Errorf("%d octets cost %d, want at most %d", len(text), cost, most)
				}
				costs = append(costs, cost)
			}
			for i := 1; i < len(costs); i++ {
				if float64(costs[i])/float64(costs[i-1]) > 2.5 {
					t.Errorf("grows too fast: %d", costs)
				}
			}
		})
	}
}

// endless is a layer that does not end.
type endless struct{ read int64 }

func (e *endless) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = ' '
	}
	e.read += int64(len(b))
	if e.read > 1<<30 {
		return 0, io.ErrUnexpectedEOF
	}
	return len(b), nil
}

func TestReadLayerIsBounded(t *testing.T) {
	for _, begin := range []string{`{"name":"x"}`, `{"name":"`} {
		if _, err := csp.ReadLayer(io.MultiReader(strings.NewReader(begin), new(endless))); !errors.As(err, new(*csp.FactError)) {
			t.Errorf("%s: got %v", begin, err)
		}
	}
}

// TestHostilePatterns checks values of nodes whose patterns are made to cost much memory or time. None of them finds
// anything, as they are not looked at, or not for ever.
func TestHostilePatterns(t *testing.T) {
	value := strings.Repeat("a", 1<<20)
	for name, pattern := range map[string]string{
		"repeated":         "(?:" + strings.Repeat("a?", 1500) + "){1000}",
		"repeated classes": "(?:" + strings.Repeat("[a-z]?", 400) + "){1000}",
		"repeated often":   strings.Repeat("a{1000}?", 300),
		"nested":           "((((((a?){10}){10}){10})*)*)*b",
		"long classes":     strings.Repeat(`\PL`, 20000),
		"long":             strings.Repeat("a?", 1<<20),
		"heavy":            strings.Repeat("a?", 2000) + "b",
		"alternatives":     strings.Repeat("(a|aa)*", 500) + "b",
		"broken":           strings.Repeat("(", 1<<20),
	} {
		t.Run(name, func(t *testing.T) {
			c, err := csp.Default().With(csp.Layer{Name: "x", Define: []csp.Definition{{
				Template: "./Vendor/X/A", Format: omadm.FormatChr, Verbs: csp.NewVerbs(omadm.Replace),
				Allowed: csp.Constraint{Kind: csp.Regex, Values: []string{pattern}},
			}, {Template: "./Vendor/X/{N}", Format: omadm.FormatChr, Verbs: csp.NewVerbs(omadm.Replace), Pattern: pattern}}})
			if err != nil {
				t.Fatal(err)
			}
			req := omadm.Request{Ops: []omadm.Op{{Verb: omadm.Replace, URI: "./Vendor/X/N", Value: omadm.Text("")}}}
			for range 10 {
				req.Ops = append(req.Ops, omadm.Op{Verb: omadm.Replace, URI: "./Vendor/X/A", Value: omadm.Text(value)})
			}
			cost := allocated(func() { _ = csp.Rules{}.Check(c, csp.Device{}, req) })
			if cost > 32<<20 {
				t.Errorf("%d octets allocated", cost)
			}
		})
	}
}

// A layer decides what findings say should be there. However much that is, they stay short.
func TestFindingsOfHostileLayersAreShort(t *testing.T) {
	long := strings.Repeat("9", 1<<20)
	many := strings.Split(strings.Repeat("1 ", 1<<16), " ")
	for name, allowed := range map[string]csp.Constraint{
		"enum": {Kind: csp.Enum, Values: []string{long}}, "enum of many": {Kind: csp.Enum, Values: many},
		"flags": {Kind: csp.Flags, Values: []string{long}}, "flags of many": {Kind: csp.Flags, Values: many},
		"ranges": {Kind: csp.Range, Values: []string{strings.Repeat("[1-2],", 1<<16) + "[3]"}},
		"list":   {Kind: csp.Enum, Values: []string{"1"}, List: strings.Repeat("\x01", 1<<20)},
	} {
		c, err := csp.Default().With(csp.Layer{Name: "x", Define: []csp.Definition{{
			Template: "./Vendor/X/A", Format: omadm.FormatInt, Verbs: csp.NewVerbs(omadm.Replace), Allowed: allowed,
		}}})
		if err != nil {
			t.Fatal(err)
		}
		for _, value := range []string{"no number", strings.Repeat(" ", 1<<20) + "8" + strings.Repeat(" ", 1<<20)} {
			report := csp.Rules{}.Check(c, csp.Device{}, one("./Vendor/X/A", omadm.Value{Format: omadm.FormatInt, Data: omadm.Text(value).Data}))
			if name != "list" && value == "no number" && len(report) == 0 {
				t.Errorf("%s: finds nothing", name)
			}
			for _, i := range report {
				if n := len(i.Error()); n > 16<<10 {
					t.Errorf("%s: %s has %d octets", name, i.Code, n)
				}
			}
		}
	}
}

// FuzzLayer puts layers on the catalogue, looks at all that they define, and checks an operation on each: nothing panics,
// and what is wrong with one is an error.
func FuzzLayer(f *testing.F) {
	for _, s := range []string{
		`{"name":"x","define":[` + defines("./X/{N}/A") + `]}`,
		`{"define":[{"template":"./X","format":"node","verbs":"Add Get","occurrence":"ZeroOrMore","naming":"server","pattern":"a+","default":"","builds":"10.0.1","editions":"0x4;","reboot":"server","conflict":"lowest"}]}`,
		`{"define":[{"template":"./X/A","format":"int","verbs":"Replace","allowed":{"kind":"range","values":["[0-3],[7]"],"list":";"}}]}`,
		`{"define":[{"template":"./X/A","format":"chr","verbs":"Replace","allowed":{"kind":"admx","admx":{"area":"a","name":"b","file":"c"},"elements":[{"id":"e","kind":"enum","values":["1"]}]},"dependencies":[{"changed":{"kind":"flags","values":["1"]},"nodes":[{"not":true,"template":"./X/B","allowed":{"kind":"enum","values":["1"]}}]}]}]}`,
		`{"define":[{"template":"./X/A","format":"bogus","verbs":"Get","allowed":{"kind":"bogus"},"occurrence":"bogus","deprecated":{"Major":-1}}]}`,
		`{"correct":[{"nodes":["./Vendor/MSFT/WiFi/**","./*/Vendor/MSFT/VPNv2/{a}/*"],"source":"s","set":{"format":"bogus","naming":"bogus","allowed":{"kind":"regex","values":["("]}}}]}`,
		`{"correct":[{"nodes":["**","./**","",".//","./Vendor"],"source":"s","set":{}}]}`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		l, err := csp.ReadLayer(strings.NewReader(text))
		if err != nil {
			return
		}
		c, err := csp.Default().With(l)
		if err != nil {
			if c != nil || !errors.As(err, new(*csp.FactError)) {
				t.Fatalf("%v, %v", c, err)
			}
			return
		}
		for _, d := range l.Define {
			m, err := c.ResolveLocURI(omadm.URI(d.Template))
			if err != nil {
				continue
			}
			_, _ = csp.ElementsOf(m.Node)
			m.Node.Applies(csp.Device{})
			m.Node.AtomicRoot()
			got := m.Node.Definition()
			req := omadm.Request{Ops: []omadm.Op{
				{Verb: omadm.Add, URI: omadm.URI(d.Template), Value: omadm.Text("1;2")}, {Verb: omadm.Get, URI: omadm.URI(d.Template)},
			}}
			_ = csp.Rules{}.Check(c, csp.Device{}, req)
			_, _ = csp.Rules{}.Plan(c, csp.Device{}, csp.Desired{URI: omadm.URI(got.Template), Value: omadm.Int(1)})
		}
	})
}
