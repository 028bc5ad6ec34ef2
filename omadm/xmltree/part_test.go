package xmltree_test

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/beevik/etree"

	"github.com/gomadm/gomadm/omadm/xmltree"
)

// long returns a document with n elements of the depth 3, which have others inside, in several of the depth 2.
func long(n int) string {
	var b strings.Builder
	b.WriteString("\ufeff<?xml version=\"1.0\"?>\n<!-- long --><a xmlns='u' xmlns:p=\"v\">\n")
	for i := range n {
		switch i % 1000 {
		case 0:
			fmt.Fprintf(&b, "<p:list n='%d'>", i)
		case 999:
			b.WriteString("</p:list>\n<empty/>")
		default:
			fmt.Fprintf(&b, "<item n='%d'>\n  <p:x/><x y='&lt;'>%d</x>\n</item>", i, i)
		}
	}
	return b.String() + strings.Repeat("</p:list>", min(1, n%1000)) + "</a>\n<!-- end -->"
}

// seen are the elements of a part that were in none before.
func seen(d *xmltree.Document, e *etree.Element, list []string) []string {
	if !d.Continues(e) {
		offset, line := d.Position(e)
		text, _ := xmltree.Text(e)
		said := fmt.Sprintf("%d:%d %s {%s} %q", line, offset, e.GetPath(), e.NamespaceURI(), strings.TrimSpace(text))
		for _, a := range e.Attr {
			said += " " + a.FullKey() + "=" + a.Value
		}
		list = append(list, said)
	}
	for _, c := range e.ChildElements() {
		list = seen(d, c, list)
	}
	return list
}

// TestReadParts: the parts of a document have the elements of the document, once, and where they are.
func TestReadParts(t *testing.T) {
	doc := long(10_500)
	whole, err := xmltree.Read([]byte(doc), xmltree.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	want := seen(whole, whole.Root, nil)
	for depth, parts := range []int{1, 1, 6, 9, 9} {
		var got []string
		n := 0
		err := xmltree.ReadParts([]byte(doc), xmltree.Limits{}, depth, func(d *xmltree.Document) error {
			got = seen(d, d.Root, got)
			n++
			return nil
		})
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("depth %d: %d elements, want %d, %v", depth, len(got), len(want), err)
		}
		if n != parts {
			t.Errorf("depth %d: %d parts of %d octets, want %d", depth, n, len(doc), parts)
		}
	}
}

func TestReadPartsEnds(t *testing.T) {
	doc, stop := long(5000), errors.New("stop")
	n := 0
	err := xmltree.ReadParts([]byte(doc), xmltree.Limits{}, 3, func(*xmltree.Document) error { n++; return stop })
	if n != 1 || !errors.Is(err, stop) {
		t.Errorf("%d parts, %v", n, err)
	}
	n = 0
	var syntax *xmltree.SyntaxError
	err = xmltree.ReadParts([]byte(doc+"<b/>"), xmltree.Limits{}, 3, func(*xmltree.Document) error { n++; return nil })
	if n == 0 || !errors.As(err, &syntax) || syntax.Offset != len(doc) {
		t.Errorf("%d parts, %v", n, err)
	}
	broken := strings.Replace(doc, "<x y", "<1 y", 1)
	err = xmltree.ReadParts([]byte(strings.Replace(broken, "</x>", "</1>", 1)), xmltree.Limits{}, 3, func(*xmltree.Document) error { return nil })
	if !errors.As(err, &syntax) || !strings.Contains(syntax.Reason, "well-formed") {
		t.Errorf("a name that is none: %v", err)
	}
	var limit *xmltree.LimitError
	lim := xmltree.Limits{Part: 30_000}
	if err := xmltree.ReadParts([]byte(doc), lim, 3, func(*xmltree.Document) error { return nil }); err != nil {
		t.Errorf("parts of less: %v", err)
	}
	_, err = xmltree.Read([]byte(long(20_000)), lim)
	if want := (xmltree.LimitError{Limit: "Part", Max: 30_000}); !errors.As(err, &limit) || limit.Limit != want.Limit || limit.Max != want.Max {
		t.Errorf("a part of more: %v", err)
	}
}

// TestPartsTakeNoMore: what is held of the trees does not grow with the document, and neither do the parts together, for all that
// they repeat, by more than it.
func TestPartsTakeNoMore(t *testing.T) {
	held := func(doc []byte) (most, read int) {
		err := xmltree.ReadParts(doc, xmltree.Limits{}, 3, func(d *xmltree.Document) error {
			var m runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&m)
			most = max(most, int(m.HeapAlloc))
			text, err := etree.NewDocumentWithRoot(d.Root).WriteToString()
			read += len(text)
			return err
		})
		if err != nil {
			t.Error(err)
		}
		return most - len(doc), read
	}
	short, _ := held([]byte(long(10_000)))
	if most, _ := held([]byte(long(40_000))); most > short+1<<20 {
		t.Errorf("%d octets are held at most, and of a document that is four times as long %d", short, most)
	}
	for _, tag := range []string{strings.Repeat("x", 500_000), "a p='" + strings.Repeat("x", 500_000) + "'"} {
		name, _, _ := strings.Cut(tag, " ")
		doc := "<" + tag + ">" + strings.Repeat("<b><c/></b>", 100_000) + "</" + name + ">"
		if _, read := held([]byte(doc)); read > 3*len(doc) {
			t.Errorf("of %d octets parts with %d were made", len(doc), read)
		}
	}
}
