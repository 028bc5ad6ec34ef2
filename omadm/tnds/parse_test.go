package tnds_test

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/omadm/tnds"
	"github.com/gomadm/gomadm/syncml"
)

func TestHostileDocumentsAreRefused(t *testing.T) {
	const node = `<Node><NodeName>a</NodeName><Value>x</Value></Node>`
	for name, doc := range map[string]string{
		"nothing":              "",
		"white space":          " \n",
		"not XML":              "a",
		"open":                 `<MgmtTree>`,
		"document type":        `<!DOCTYPE MgmtTree>` + document(node),
		"entity":               `<!DOCTYPE MgmtTree [<!ENTITY a "b">]>` + document(strings.Replace(node, "x", "&a;", 1)),
		"unknown entity":       document(strings.Replace(node, "x", "&nbsp;", 1)),
		"invalid character":    document(strings.Replace(node, "x", "\x01", 1)),
		"invalid reference":    document(strings.Replace(node, "x", "&#0;", 1)),
		"invalid UTF-8":        document(strings.Replace(node, "x", "\xff", 1)),
		"another encoding":     `<?xml version="1.0" encoding="UTF-16"?>` + document(node),
		"unbound prefix":       strings.ReplaceAll(document(node), "MgmtTree", "p:MgmtTree"),
		"name that is no name": document(strings.ReplaceAll(node, "Node>", "1>")),
		"second root":          document(node) + document(node),
	} {
		t.Run(name, func(t *testing.T) { refused(t, name, doc, "") })
	}
}

func TestLimits(t *testing.T) {
	deep := func(n int) string {
		return document(strings.Repeat(`<Node><NodeName>a</NodeName>`, n) + strings.Repeat(`</Node>`, n))
	}
	wide := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `<Node><NodeName>n%d</NodeName></Node>`, i)
		}
		return document(b.String())
	}
	implied := func(n int) string {
		return document(`<Node><NodeName>a</NodeName><Path>` + strings.TrimSuffix(strings.Repeat("a/", n-1), "/") + `</Path></Node>`)
	}
	for name, tt := range map[string]struct {
		doc  func(int) string
		lim  tnds.Limits
		n    int // the largest that is taken
		want string
	}{
		"depth":                  {deep, tnds.Limits{}, 32, "Depth"},
		"depth, given":           {deep, tnds.Limits{Depth: 3}, 3, "Depth"},
		"depth of a path":        {implied, tnds.Limits{}, 32, "Depth"},
		"nodes":                  {wide, tnds.Limits{}, 10_000, "Nodes"},
		"nodes, given":           {wide, tnds.Limits{Nodes: 2}, 2, "Nodes"},
		"nodes that are implied": {implied, tnds.Limits{Nodes: 2}, 2, "Nodes"},
		"octets": {func(n int) string {
			return strings.Replace(document(`<Node><NodeName>a</NodeName></Node>`), "</NodeName>", "</NodeName>"+strings.Repeat(" ", n), 1)
		}, tnds.Limits{Octets: 200}, 200 - len(document(`<Node><NodeName>a</NodeName></Node>`)), "Octets"},
		"elements that say nothing": {func(n int) string {
			return document(`<Node><NodeName>a</NodeName>` + strings.Repeat(`<b/>`, n) + `</Node>`)
		}, tnds.Limits{Nodes: 1}, 35, "Tokens"},
		"elements inside each other": {func(n int) string {
			return document(`<Node><NodeName>a</NodeName>` + strings.Repeat(`<b>`, n) + strings.Repeat(`</b>`, n) + `</Node>`)
		}, tnds.Limits{Depth: 1}, 5, "Depth"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := tt.lim.Parse([]byte(tt.doc(tt.n))); err != nil {
				t.Errorf("%d: %v", tt.n, err)
			}
			_, err := tt.lim.Parse([]byte(tt.doc(tt.n + 1)))
			var e *tnds.LimitError
			if !errors.As(err, &e) || e.Limit != tt.want {
				t.Fatalf("%d: got %v, want a LimitError of %s", tt.n+1, err, tt.want)
			}
			if tt.lim.Depth > 0 && e.Max != tt.lim.Depth || !strings.Contains(err.Error(), fmt.Sprint(e.Max)) {
				t.Errorf("error %q with a maximum of %d", err, e.Max)
			}
		})
	}
}

// TestMemoryIsLinear counts the octets that documents of growing size cost, of the kinds that cost most.
func TestMemoryIsLinear(t *testing.T) {
	for name, doc := range map[string]func(n int) string{
		"text": func(n int) string {
			return `<Node><NodeName>a</NodeName><Value>` + strings.Repeat("x", 40*n) + `</Value></Node>`
		},
		"comments": func(n int) string { return strings.Repeat(`<!---->`, 10*n) },
		"elements": func(n int) string { return strings.Repeat(`<a/>`, 15*n) },
		"paths": func(n int) string {
			var b strings.Builder
			for i := range n {
				fmt.Fprintf(&b, `<Node><NodeName>%d</NodeName><Path>a/b/c/d/e/f/g/h</Path></Node>`, i)
			}
			return b.String()
		},
	} {
		t.Run(name, func(t *testing.T) {
			cost := func(n int) float64 {
				b := []byte(document(doc(n) + `<Node><NodeName>last</NodeName></Node>`))
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				if _, err := tnds.Parse(b); err != nil {
					t.Fatal(err)
				}
				runtime.ReadMemStats(&after)
				return float64(after.TotalAlloc - before.TotalAlloc)
			}
			small, large := cost(1000), cost(8000)
			if large > 8*1.6*small {
				t.Errorf("%.0f octets, 8 times the document %.0f", small, large)
			}
		})
	}
}

// TestLongPathIsNotTakenApart compares what a path of a million names costs with a value of the same length.
func TestLongPathIsNotTakenApart(t *testing.T) {
	cost := func(element string) (uint64, error) {
		b := []byte(document(`<Node><NodeName>a</NodeName><` + element + `>` + strings.Repeat("a/", 1<<20) + `a</` + element + `></Node>`))
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := tnds.Parse(b)
		runtime.ReadMemStats(&after)
		return after.TotalAlloc - before.TotalAlloc, err
	}
	value, err := cost("Value")
	if err != nil {
		t.Fatal(err)
	}
	path, err := cost("Path")
	var e *tnds.LimitError
	if !errors.As(err, &e) || e.Limit != "Depth" {
		t.Errorf("got %v, want a LimitError of Depth", err)
	}
	if path > value+value/4 {
		t.Errorf("%d octets for a path, %d for a value of its length", path, value)
	}
}

func TestErrorsSayWhere(t *testing.T) {
	doc := "<MgmtTree>\n<Node><NodeName>a b</NodeName>\n<Node><NodeName>c</NodeName>\n" +
		"  <RTProperties><Format><bin/></Format></RTProperties><Value>s3cret!</Value></Node></Node></MgmtTree>"
	_, err := tnds.Parse([]byte(doc))
	var e *tnds.SyntaxError
	if !errors.As(err, &e) {
		t.Fatalf("got %v", err)
	}
	want := tnds.SyntaxError{Node: "a%20b/c", Offset: strings.Index(doc, "<Value>"), Line: 4, Reason: "binary value that is not base64"}
	if *e != want {
		t.Errorf("got %+v, want %+v", *e, want)
	}
	if got, want := err.Error(), fmt.Sprintf(`tnds: offset %d, line 4, node "a%%20b/c": binary value that is not base64`, want.Offset); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	_, err = tnds.Parse([]byte("<MgmtTree>\n\n<a>&s3cret;</a></MgmtTree>"))
	if got, want := err.Error(), "tnds: offset 15, line 3: reference to an unknown entity or character"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestAppendRefuses(t *testing.T) {
	value := func(v omadm.Value) *tnds.Tree {
		return tree(interior("a", &tnds.Node{Name: "b", Value: v}))
	}
	property := func(p tnds.Properties) *tnds.Tree {
		return tree(interior("a", &tnds.Node{Name: "b", Properties: p}))
	}
	for name, tt := range map[string]struct {
		tree *tnds.Tree
		node string
	}{
		"no nodes":               {&tnds.Tree{}, ""},
		"Man":                    {&tnds.Tree{Man: "\x00", Nodes: []*tnds.Node{leaf("a", "")}}, ""},
		"the target and others":  {tree(interior(""), leaf("a", "")), ""},
		"others and the target":  {tree(leaf("a", ""), interior("")), ""},
		"no name":                {tree(interior("a", leaf("", ""))), "a/"},
		"name of white space":    {tree(leaf(" ", "")), "%20"},
		"name of two segments":   {tree(leaf("a/b", "")), "a%2Fb"},
		"two of a name":          {tree(interior("a", leaf("b", ""), leaf("b", ""))), "a/b"},
		"markup":                 {value(omadm.Value{Format: "xml", Data: syncml.Markup("<a/>")}), "a/b"},
		"octets of another type": {value(omadm.Value{Format: "chr", Data: syncml.Octets([]byte("a"))}), "a/b"},
		"character":              {value(omadm.Text("\x00")), "a/b"},
		"not base64":             {value(omadm.Value{Format: "b64", Data: syncml.Text("!")}), "a/b"},
		"not a number":           {value(omadm.Value{Format: "int", Data: syncml.Text("x")}), "a/b"},
		"null with data":         {value(omadm.Value{Format: "null", Data: syncml.Text("x")}), "a/b"},
		"node with data":         {value(omadm.Value{Format: "node", Data: syncml.Text("x")}), "a/b"},
		"format":                 {value(omadm.Value{Format: "a b"}), "a/b"},
		"format with a digit":    {value(omadm.Value{Format: "1a"}), "a/b"},
		"media type":             {value(omadm.Value{Type: "\x00"}), "a/b"},
		"title":                  {property(tnds.Properties{Title: "\xff"}), "a/b"},
		"ACL":                    {property(tnds.Properties{ACL: omadm.ACL{Get: []string{"a b"}}}), "a/b"},
		"value and children":     {tree(&tnds.Node{Name: "a", Value: omadm.Text("x"), Nodes: []*tnds.Node{leaf("b", "")}}), "a"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, write := range []func([]byte) ([]byte, error){tt.tree.Append, tt.tree.AppendFlat} {
				got, err := write([]byte("before"))
				var e *tnds.NodeError
				if !errors.As(err, &e) || e.Node != tt.node || string(got) != "before" {
					t.Errorf("got %q and %v, want a NodeError of %q", got, err, tt.node)
				}
			}
			if v, err := tt.tree.Value(); err == nil || v != (omadm.Value{}) {
				t.Errorf("got %v and %v", v, err)
			}
		})
	}
	var e *omadm.ValueError
	if _, err := value(omadm.Text("s3cret\x00")).Value(); !errors.As(err, &e) || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("got %v, want a ValueError without the value", err)
	}
}

func TestAllStops(t *testing.T) {
	tr := tree(interior("a", leaf("b", "")), leaf("c", ""))
	for stop := range 3 {
		var got []string
		for u := range tr.All(omadm.Root) {
			if got = append(got, string(u)); len(got) > stop {
				break
			}
		}
		if want := []string{"./a", "./a/b", "./c"}[:stop+1]; !cmp.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, nodes := range []string{
		`<Node><NodeName>Mail</NodeName><RTProperties><ACL>Get=*</ACL><Format><node/></Format><Type><DDFName>n</DDFName></Type></RTProperties>` +
			`<Node><NodeName>Port</NodeName><RTProperties><Format><int/></Format><Type><MIME>text/plain</MIME></Type></RTProperties><Value>110</Value></Node></Node>`,
		`<Node><NodeName>b</NodeName><Path>a/%20</Path><Value>&lt;&#13;<![CDATA[x]]></Value></Node><Node><NodeName>a</NodeName></Node>`,
		`<Node><NodeName/><Node><NodeName>b</NodeName><RTProperties><Format><bin/></Format></RTProperties><Value>AAE=</Value></Node></Node>`,
		`<Node><NodeName>b</NodeName><RTProperties><Format><null/></Format><Title>t</Title></RTProperties><Value/></Node>`,
	} {
		f.Add([]byte(document(nodes)))
	}
	f.Add([]byte(`<p:MgmtTree xmlns:p="syncml:dmddf1.2"><p:Node><p:NodeName>a</p:NodeName></p:Node></p:MgmtTree>`))
	f.Fuzz(func(t *testing.T, b []byte) {
		tr, err := tnds.Parse(b)
		if err != nil {
			var syntax *tnds.SyntaxError
			var limit *tnds.LimitError
			if tr != nil || !errors.As(err, &syntax) && !errors.As(err, &limit) {
				t.Fatalf("got %v and %v", tr, err)
			}
			return
		}
		for _, write := range []func([]byte) ([]byte, error){tr.Append, tr.AppendFlat} {
			doc, err := write(nil)
			var value *omadm.ValueError
			if errors.As(err, &value) {
				return // a value that a device may have, but no server may send
			}
			if err != nil {
				t.Fatal(err)
			}
			again, err := tnds.Parse(doc)
			if err != nil {
				t.Fatalf("%s: %v", doc, err)
			}
			if diff := cmp.Diff(tr, again); diff != "" {
				t.Fatalf("%s (-first +second):\n%s", doc, diff)
			}
		}
	})
}
