package syncml_test

import (
	"errors"
	"fmt"
	"math/rand"
	"strings"
	"testing"

	"github.com/gomadm/gomadm/syncml"
	"github.com/gomadm/gomadm/syncml/internal/hostile"
)

func TestLimits(t *testing.T) {
	nested := func(n int) string { return strings.Repeat("<a>", n) + strings.Repeat("</a>", n) }
	attributes := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, " a%d=''", i)
		}
		return "<Data" + b.String() + "/>"
	}
	declarations := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "<p xmlns:a%d='u' xmlns:b%d='u'>", i, i)
		}
		return "<Data>" + b.String() + strings.Repeat("</p>", n) + "</Data>"
	}
	add := `<Add><CmdID>1</CmdID></Add>`
	tests := []struct {
		name   string
		limits syncml.Limits
		in     func(n int) string // n is at the limit
		want   string
		max    int
		over   int // how much more than the limit makes an error
	}{
		{"octets", syncml.Limits{Octets: 1000}, func(n int) string {
			in := inItem("<Data></Data>")
			return inItem("<Data>" + strings.Repeat("x", n-len(in)) + "</Data>")
		}, "Octets", 1000, 1},
		{"depth", syncml.Limits{Depth: 20}, func(n int) string { return inItem("<Data>" + nested(n-5) + "</Data>") }, "Depth", 20, 1},
		{"depth of Sequence", syncml.Limits{Depth: 20}, func(n int) string {
			return inBody(strings.Repeat("<Sequence>", n-2) + strings.Repeat("</Sequence>", n-2))
		}, "Depth", 20, 1},
		{"depth of what is skipped", syncml.Limits{Depth: 20}, func(n int) string { return inItem(nested(n - 4)) }, "Depth", 20, 1},
		{"commands", syncml.Limits{Commands: 5}, func(n int) string { return inBody(strings.Repeat(add, n)) }, "Commands", 5, 1},
		{"nested commands", syncml.Limits{Commands: 5}, func(n int) string { return inBody("<Atomic>" + strings.Repeat(add, n-1) + "</Atomic>") }, "Commands", 5, 1},
		{"unknown commands", syncml.Limits{Commands: 5}, func(n int) string { return inBody(strings.Repeat("<x/>", n)) }, "Commands", 5, 1},
		{"items", syncml.Limits{Items: 5}, func(n int) string {
			return inBody("<Add>" + strings.Repeat("<Item/>", n-1) + "</Add><Add><Item/></Add>")
		}, "Items", 5, 1},
		{"attributes", syncml.Limits{Attributes: 5}, func(n int) string { return inItem(attributes(n)) }, "Attributes", 5, 1},
		{"declarations", syncml.Limits{Attributes: 5}, func(n int) string { return inItem(declarations((n - 1) / 2)) }, "Attributes", 5, 2},
		{"one more declaration", syncml.Limits{Attributes: 5}, func(n int) string {
			return inItem("<Data>" + strings.Repeat("<p xmlns:a='u'>", n-1) + strings.Repeat("</p>", n-1) + "</Data>")
		}, "Attributes", 5, 1},
		{"extra", syncml.Limits{Extra: 5}, func(n int) string { return inItem("<Meta>" + strings.Repeat("<x/>", n) + "</Meta>") }, "Extra", 5, 1},
		{"address", syncml.Limits{URI: 5}, func(n int) string { return inItem("<Target><LocURI>" + strings.Repeat("x", n) + "</LocURI></Target>") }, "URI", 5, 1},
		{"address in a reference", syncml.Limits{URI: 5}, func(n int) string {
			return inBody("<Status><TargetRef>" + strings.Repeat("x", n) + "</TargetRef></Status>")
		}, "URI", 5, 1},
		{"extra in all", syncml.Limits{Items: 5}, func(n int) string {
			return inBody("<Add><Meta><x/></Meta><Item><Meta>" + strings.Repeat("<x/>", n-1) + "</Meta></Item></Add>")
		}, "Extra", 5, 1},
		{"default depth", syncml.Limits{}, func(n int) string { return inItem("<Data>" + nested(n-5) + "</Data>") }, "Depth", 32, 1},
		{"default commands", syncml.Limits{}, func(n int) string { return inBody(strings.Repeat(add, n)) }, "Commands", 2000, 1},
		{"default items", syncml.Limits{}, func(n int) string { return inBody("<Add>" + strings.Repeat("<Item/>", n) + "</Add>") }, "Items", 10000, 1},
		{"default attributes", syncml.Limits{}, func(n int) string { return inItem(attributes(n)) }, "Attributes", 64, 1},
		{"default address", syncml.Limits{}, func(n int) string { return inItem("<Source><LocURI>" + strings.Repeat("x", n) + "</LocURI></Source>") }, "URI", 4096, 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if _, err := syncml.XML.Decode([]byte(test.in(test.max)), test.limits); err != nil {
				t.Errorf("at the limit: %v", err)
			}
			d := syncml.Decoder{Limits: test.limits}
			for _, decode := range []func([]byte) (*syncml.Message, error){
				func(b []byte) (*syncml.Message, error) { return syncml.XML.Decode(b, test.limits) }, d.Decode,
			} {
				_, err := decode([]byte(test.in(test.max + test.over)))
				var e *syncml.LimitError
				if !errors.As(err, &e) || e.Limit != test.want || e.Max != test.max {
					t.Errorf("above the limit: %v, want a *LimitError of %s, %d", err, test.want, test.max)
				}
			}
		})
	}
}

// allocated returns the octets that Decode takes for b, and whether it accepts b.
func allocated(b []byte) (octets uint64, accepted bool) {
	return hostile.Allocated(syncml.XML, b, syncml.Limits{})
}

// costly are shapes that cost a decoder more memory than they have octets; each is made larger and larger.
var costly = []struct {
	name string
	in   func(n int) string
}{
	{"empty items", func(n int) string { return inBody("<Add>" + strings.Repeat("<Item/>", n) + "</Add>") }},
	{"items with a Meta", func(n int) string { return inBody("<Add>" + strings.Repeat("<Item><Meta/></Item>", n) + "</Add>") }},
	{"a burst of items", func(n int) string {
		return inBody("<Add>" + strings.Repeat("<Item><Meta/></Item>", n/20) + "</Add><Add><Item><Data>" + strings.Repeat("x", 10*n) + "</Data></Item></Add>")
	}},
	{"empty commands", func(n int) string { return inBody(strings.Repeat("<Add/>", n)) }},
	{"commands of each kind", func(n int) string {
		return inBody(strings.Repeat("<Add/><Alert/><Atomic/><Copy/><Delete/><Exec/><Get/><Replace/><Results/><Sequence/><Status/><x/>", n/12))
	}},
	{"bursts of each kind", func(n int) string {
		var b strings.Builder
		for _, name := range []string{"Add", "Alert", "Atomic", "Copy", "Delete", "Exec", "Get", "Replace", "Results", "Sequence", "Status", "x"} {
			b.WriteString(strings.Repeat("<"+name+"/>", n/12))
		}
		return inBody(b.String())
	}},
	{"unknown commands", func(n int) string { return inBody(strings.Repeat("<x/>", n)) }},
	{"skipped elements", func(n int) string { return inItem(strings.Repeat("<x/>", n)) }},
	{"extra elements", func(n int) string {
		return inBody("<Add>" + strings.Repeat("<Item><Meta>"+strings.Repeat("<a/>", 64)+"</Meta></Item>", n/64) + "</Add>")
	}},
	{"attributes", func(n int) string {
		return inItem("<Data>" + strings.Repeat("<a b='' c='' d='' e='' f='' g='' h='' i='' j=''/>", n/10) + "</Data>")
	}},
	{"declarations", func(n int) string { return inItem("<Data>" + strings.Repeat("<a xmlns='x&#32;y'/>", n) + "</Data>") }},
	{"bindings to add", func(n int) string {
		return inBody("<Add xmlns:p='" + strings.Repeat("u", 4096) + "'><Item><Data>" + strings.Repeat("<p:a/>", n) + "</Data></Item></Add>")
	}},
	{"nesting", func(n int) string { return inBody(strings.Repeat("<Sequence>", n)) }},
	{"nested markup", func(n int) string { return inItem("<Data>" + strings.Repeat("<a>", n)) }},
	{"names", func(n int) string { return inItem("<Data><" + strings.Repeat("a", n)) }},
	{"references", func(n int) string { return inItem("<Data>" + strings.Repeat("&lt;", n) + "</Data>") }},
	{"short texts", func(n int) string { return inBody("<Status>" + strings.Repeat("<Cmd>&lt;</Cmd>", n) + "</Status>") }},
	{"pieces", func(n int) string { return inItem("<Data>" + strings.Repeat("x<![CDATA[x]]>", n) + "</Data>") }},
	{"children in text", func(n int) string { return inBody("<Add><CmdID>" + strings.Repeat("x<x/>", n) + "</CmdID></Add>") }},
	{"references to targets", func(n int) string { return inBody("<Status>" + strings.Repeat("<TargetRef/>", n) + "</Status>") }},
	{"references in turns", func(n int) string {
		return inBody("<Status>" + strings.Repeat("<TargetRef/><SourceRef/>", n/2) + "</Status>")
	}},
	{"repeated Cred", func(n int) string { return inBody("<Add>" + strings.Repeat("<Cred/>", n) + "</Add>") }},
	{"repeated Chal", func(n int) string {
		return inBody("<Status>" + strings.Repeat("<Chal><Meta/></Chal>", n) + "</Status>")
	}},
	{"CmdIDs in an unknown command", func(n int) string { return inBody("<x>" + strings.Repeat("<CmdID>1</CmdID> ", n) + "</x>") }},
	{"mixed content", func(n int) string { return inItem("<Data>" + strings.Repeat("x<a/>", n) + "</Data>") }},
}

// A refused message costs at most 2 MB and 8 times its size. So do the hostile shapes that are accepted, and random
// ones.
func TestMemoryIsBounded(t *testing.T) {
	check := func(name string, in string) {
		t.Helper()
		b := []byte(in)
		octets, accepted := allocated(b)
		if most := uint64(2<<20 + 8*len(b)); octets > most {
			t.Errorf("%s: %d octets cost %d, want at most %d (accepted: %v)", name, len(b), octets, most, accepted)
		}
	}
	for _, shape := range costly {
		for n := 64; n <= 100_000; n *= 2 {
			check(shape.name, shape.in(n))
			check(shape.name+", refused", strings.TrimSuffix(shape.in(n), messageEnd)+"<")
		}
	}
	r := rand.New(rand.NewSource(9))
	for range 2000 {
		a, b := costly[r.Intn(len(costly))].in(r.Intn(2000)), costly[r.Intn(len(costly))].in(r.Intn(2000))
		a, b = strings.TrimSuffix(a, messageEnd), strings.TrimPrefix(b, messageStart)
		check("two shapes", a+b)
	}
}

// A message twice as large costs twice as much, give or take what chunks leave over.
func TestMemoryGrowsLinearly(t *testing.T) {
	shape := func(n int) []byte {
		return []byte(inBody(strings.Repeat(`<Replace><CmdID>1</CmdID><Item><Target><LocURI>./Vendor/MSFT/Policy</LocURI></Target><Meta>`+
			`<Format xmlns="syncml:metinf">chr</Format></Meta><Data>a &lt; b</Data></Item></Replace>`, n)))
	}
	last := float64(0)
	for n := 60; n <= 1920; n *= 2 {
		b := shape(n)
		octets, accepted := allocated(b)
		if !accepted {
			t.Fatal("refused")
		}
		per := float64(octets) / float64(len(b))
		if last > 0 && per > 1.6*last {
			t.Errorf("%d commands cost %.1f times their octets, half as many %.1f", n, per, last)
		}
		last = per
	}
}
