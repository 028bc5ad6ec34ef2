package xmltree_test

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/beevik/etree"

	"github.com/gomadm/gomadm/omadm/xmltree"
)

func TestRead(t *testing.T) {
	for name, doc := range map[string]string{
		"one element":      `<a/>`,
		"byte order mark":  "\ufeff<a/>",
		"declaration":      `<?xml version="1.0" encoding='UTF-8' standalone="yes"?><a/>`,
		"ASCII":            `<?xml version = '1.0' encoding="us-ascii"?><a/>`,
		"no encoding":      `<?xml version="1.0"?><a></a >`,
		"around the root":  "\n<!-- a --><?b c?> <a/>\n<!-- - --><?d?>\n",
		"attributes":       `<a b="1" c = '">' d:b="&lt;&#x41;"></a>`,
		"references":       `<a>&amp;&lt;&gt;&quot;&apos;&#65;&#x1F600;</a>`,
		"CDATA":            `<a><![CDATA[<&]]>x<![CDATA[]]></a>`,
		"non-ASCII":        `<ä ö="ü">€😀</ä>`,
		"comment in text":  `<a>b<!-- <c> & -->d</a>`,
		"end of CDATA cut": `<a>]]&gt;]]</a>`,
	} {
		t.Run(name, func(t *testing.T) {
			d, err := xmltree.Read([]byte(doc), xmltree.Limits{})
			if err != nil || d.Root == nil {
				t.Errorf("%s: %v", doc, err)
			}
		})
	}
}

func TestReadRefuses(t *testing.T) {
	for name, tt := range map[string]struct {
		doc    string
		offset int
		words  string
	}{
		"nothing":                          {"", 0, "no element"},
		"only a comment":                   {"<!-- -->", 8, "no element"},
		"text":                             {" a", 1, "outside"},
		"text after":                       {"<a/> b", 5, "outside"},
		"CDATA before":                     {"<![CDATA[]]><a/>", 0, "outside"},
		"second root":                      {"<a/><b/>", 4, "second root"},
		"open":                             {"<a><b></b>", 10, "inside"},
		"another end":                      {"<a><b></a></b>", 6, "not open"},
		"end of nothing":                   {"</a>", 0, "not open"},
		"end after the root":               {"<a/></a>", 4, "not open"},
		"open end":                         {"<a></a", 3, "not open"},
		"end with more":                    {"<a></a b>", 3, "not open"},
		"no name":                          {"<a>< /a>", 3, "tag"},
		"open tag":                         {"<a", 2, "tag"},
		"slash inside":                     {"<a / >", 3, "tag"},
		"attributes together":              {`<a b="1"c="2"/>`, 8, "tag"},
		"attribute without value":          {`<a b/>`, 4, "without a value"},
		"attribute without quotes":         {`<a b=c/>`, 4, "without a value"},
		"attribute at the end":             {`<a b`, 4, "without a value"},
		"attribute at the end, equals":     {`<a b=`, 4, "without a value"},
		"open attribute":                   {`<a b="c/>`, 5, "open attribute"},
		"attribute twice":                  {`<a b="" b=""/>`, 8, "twice"},
		"tag in an attribute":              {`<a b="<"/>`, 6, "tag in"},
		"entity in an attribute":           {`<a b="&c;"/>`, 6, "reference"},
		"65 attributes":                    {`<a` + numbered(65) + `/>`, 2 + len(numbered(64)) + 1, "too many"},
		"unknown entity":                   {"<a>&b;</a>", 3, "reference"},
		"open reference":                   {"<a>& b</a>", 3, "reference"},
		"reference at the end":             {"<a>&#65</a>", 3, "reference"},
		"reference to no character":        {"<a>&#xFFFE;</a>", 3, "reference"},
		"reference out of range":           {"<a>&#x110000;</a>", 3, "reference"},
		"reference with a sign":            {"<a>&#+65;</a>", 3, "reference"},
		"end of CDATA":                     {"<a>b]]></a>", 4, "CDATA"},
		"open CDATA":                       {"<a><![CDATA[b]]</a>", 3, "CDATA"},
		"open comment":                     {"<a><!-- b</a>", 3, "comment"},
		"comment with hyphens":             {"<a><!-- b -- c --></a>", 3, "comment"},
		"open instruction":                 {"<a><?b</a>", 3, "instruction"},
		"instruction without a target":     {"<a><??></a>", 3, "instruction"},
		"declaration inside":               {`<a><?xml version="1.0"?></a>`, 3, "instruction"},
		"open declaration":                 {`<?xml version="1.0"`, 0, "declaration"},
		"version 1.1":                      {`<?xml version="1.1"?><a/>`, 0, "version"},
		"no version":                       {`<?xml encoding="UTF-8"?><a/>`, 0, "version"},
		"version without quotes":           {`<?xml version=1.0?><a/>`, 0, "version"},
		"UTF-16":                           {`<?xml version="1.0" encoding="UTF-16"?><a/>`, 0, "encoding"},
		"Latin-1":                          {`<?xml version="1.0" encoding="iso-8859-1"?><a/>`, 0, "encoding"},
		"control character":                {"<a>\x1f</a>", 3, "octet"},
		"no UTF-8":                         {"<a>\xc3</a>", 3, "octet"},
		"surrogate":                        {"<a>\xed\xa0\x80</a>", 3, "octet"},
		"no character":                     {"<a>\uffff</a>", 3, "octet"},
		"document type":                    {"<!DOCTYPE a><a/>", 0, "document type"},
		"declaration":                      {"<!ENTITY a 'b'><a/>", 0, "wrong place"},
		"name that is none, left to etree": {"<1/>", 0, "well-formed"},
	} {
		t.Run(name, func(t *testing.T) {
			d, err := xmltree.Read([]byte(tt.doc), xmltree.Limits{})
			var e *xmltree.SyntaxError
			if d != nil || !errors.As(err, &e) {
				t.Fatalf("got %v and %v", d, err)
			}
			if e.Offset != tt.offset || e.Line != 1 || !strings.Contains(e.Error(), tt.words) {
				t.Errorf("got %v, want offset %d and %q", e, tt.offset, tt.words)
			}
		})
	}
}

func numbered(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(" a" + strings.Repeat("b", i) + `=""`)
	}
	return b.String()
}

func TestDocumentType(t *testing.T) {
	read := func(doc string) error {
		_, err := xmltree.Read([]byte(doc), xmltree.Limits{DocType: true})
		return err
	}
	for _, doctype := range []string{
		`<!DOCTYPE a>`,
		`<!DOCTYPE a SYSTEM "b">`,
		"<!DOCTYPE a PUBLIC \" -//X//Y>\"\n 'b' [<?c d=\"1\"?>\n<!-- c -->]>",
		`<!DOCTYPE a []>`,
	} {
		if err := read(doctype + "<a/>"); err != nil {
			t.Errorf("%s: %v", doctype, err)
		}
	}
	for doctype, words := range map[string]string{
		`<!DOCTYPE a [<!ENTITY b "c">]>`:         "declaration in the document type",
		`<!DOCTYPE a [<!ATTLIST a b CDATA "">]>`: "declaration in the document type",
		`<!DOCTYPE a [%b;]>`:                     "declaration in the document type",
		`<!DOCTYPE a [`:                          "declaration in the document type",
		`<!DOCTYPE a [<!--]>`:                    "comment",
		`<!DOCTYPE a [<?b]>`:                     "instruction",
		`<!DOCTYPE a "b>`:                        "open literal",
		`<!DOCTYPE a <b>`:                        "malformed document type",
		`<!DOCTYPE a><!DOCTYPE a>`:               "wrong place",
		`<a/><!DOCTYPE a>`:                       "wrong place",
		`<!ENTITY a "b">`:                        "wrong place",
		`<!DOCTYPE a`:                            "malformed document type", // the root begins inside it
	} {
		err := read(doctype + "<a/>")
		var e *xmltree.SyntaxError
		if !errors.As(err, &e) || !strings.Contains(e.Reason, words) {
			t.Errorf("%s: got %v, want %q", doctype, err, words)
		}
	}
	if err := read("<!DOCTYPE a"); err == nil || !strings.Contains(err.Error(), "open document type") {
		t.Errorf("got %v", err)
	}
}

func TestLimits(t *testing.T) {
	for name, tt := range map[string]struct {
		doc  string
		lim  xmltree.Limits // just enough
		less xmltree.Limits
		want xmltree.LimitError
	}{
		"octets":       {`<a></a>`, xmltree.Limits{Octets: 7}, xmltree.Limits{Octets: 6}, xmltree.LimitError{Limit: "Octets", Max: 6, Offset: 6}},
		"depth":        {`<a><b/><b><c/></b></a>`, xmltree.Limits{Depth: 3}, xmltree.Limits{Depth: 2}, xmltree.LimitError{Limit: "Depth", Max: 2, Offset: 10}},
		"elements":     {`<a><b/><b/></a>`, xmltree.Limits{Tokens: 3}, xmltree.Limits{Tokens: 2}, xmltree.LimitError{Limit: "Tokens", Max: 2, Offset: 9}},
		"attributes":   {`<a b="" c=""/>`, xmltree.Limits{Tokens: 3}, xmltree.Limits{Tokens: 2}, xmltree.LimitError{Limit: "Tokens", Max: 2, Offset: 12}},
		"comments":     {`<a><!----></a>`, xmltree.Limits{Tokens: 2}, xmltree.Limits{Tokens: 1}, xmltree.LimitError{Limit: "Tokens", Max: 1, Offset: 10}},
		"instructions": {`<a><?b?></a>`, xmltree.Limits{Tokens: 2}, xmltree.Limits{Tokens: 1}, xmltree.LimitError{Limit: "Tokens", Max: 1, Offset: 8}},
		"CDATA":        {`<a><![CDATA[]]></a>`, xmltree.Limits{Tokens: 2}, xmltree.Limits{Tokens: 1}, xmltree.LimitError{Limit: "Tokens", Max: 1, Offset: 15}},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := xmltree.Read([]byte(tt.doc), tt.lim); err != nil {
				t.Error(err)
			}
			_, err := xmltree.Read([]byte(tt.doc), tt.less)
			var e *xmltree.LimitError
			if !errors.As(err, &e) || *e != tt.want {
				t.Errorf("got %v, want %v", err, &tt.want)
			}
		})
	}
}

func TestPosition(t *testing.T) {
	const doc = "<!-- <x> --><a>\n<b c='<'/>\n<![CDATA[<d>]]><d>\n<e/></d></a>"
	d, err := xmltree.Read([]byte(strings.Replace(doc, "'<'", "'>'", 1)), xmltree.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	for path, line := range map[string]int{"/a": 1, "/a/b": 2, "/a/d": 3, "/a/d/e": 4} {
		e := d.Root.FindElement(path)
		tag := "<" + e.Tag
		want := strings.LastIndex(doc, tag)
		if offset, got := d.Position(e); got != line || offset != want {
			t.Errorf("%s: offset %d, line %d; want %d and %d", path, offset, got, want, line)
		}
	}
	if offset, line := d.Position(etree.NewElement("a")); offset != 0 || line != 0 {
		t.Errorf("a stranger is at %d, line %d", offset, line)
	}
}

func TestNamespacesAndText(t *testing.T) {
	d, err := xmltree.Read([]byte(`<a xmlns="urn:a" xmlns:p="urn:p">x<!-- c --><![CDATA[y]]><p:b/><q:b/><b xmlns=""/></a>`), xmltree.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	all := d.Root.ChildElements()
	for i, tt := range []struct {
		e     *etree.Element
		space string
	}{{d.Root, "urn:a"}, {all[0], "urn:p"}, {all[2], ""}} {
		for _, space := range []string{"urn:a", "urn:p", ""} {
			if got, want := xmltree.Is(tt.e, space, tt.e.Tag), space == tt.space; got != want {
				t.Errorf("element %d in %q: got %v, want %v", i, space, got, want)
			}
		}
		if xmltree.Is(tt.e, tt.space, "c") {
			t.Errorf("element %d has another name", i)
		}
	}
	if xmltree.InSpace(all[1], "") {
		t.Error("a prefix without a namespace is no namespace")
	}
	if _, ok := xmltree.Text(d.Root); ok {
		t.Error("text with elements")
	}
	for _, c := range all {
		d.Root.RemoveChild(c)
	}
	if text, ok := xmltree.Text(d.Root); !ok || text != "xy" {
		t.Errorf("got %q and %v", text, ok)
	}
	if text, ok := xmltree.Text(all[0]); !ok || text != "" {
		t.Errorf("got %q and %v", text, ok)
	}
	for s, want := range map[string]bool{"": true, "a\t\r\n€": true, "\x00": false, "\xff": false, "\ufffe": false} {
		if got := xmltree.IsText(s); got != want {
			t.Errorf("%q: got %v", s, got)
		}
	}
}

// FuzzRead compares with encoding/xml: what is read is well-formed there, with as many elements.
func FuzzRead(f *testing.F) {
	for _, doc := range []string{
		`<?xml version="1.0" encoding="UTF-8"?><!DOCTYPE a PUBLIC " -//X" "b" [<?c d?>]><a xmlns:p="q"><p:b c='1'>&lt;<![CDATA[<]]></p:b><!-- d --></a>`,
		"\ufeff<a>\r\n<b/></a>\n<?c?>", `<a b="&#65;"></a >`,
	} {
		f.Add([]byte(doc))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := xmltree.Read(b, xmltree.Limits{Octets: 1 << 16, Depth: 100, Tokens: 1000, DocType: true})
		if err != nil {
			var syntax *xmltree.SyntaxError
			var limit *xmltree.LimitError
			if !errors.As(err, &syntax) && !errors.As(err, &limit) {
				t.Fatal(err)
			}
			return
		}
		elements, last := 0, -1
		for e := range all(d.Root) {
			elements++
			offset, line := d.Position(e)
			if offset <= last || line < 1 || b[offset] != '<' {
				t.Fatalf("element %d at %d, line %d, after %d", elements, offset, line, last)
			}
			last = offset
		}
		want := 0
		for dec := xml.NewDecoder(strings.NewReader(strings.TrimPrefix(string(b), "\ufeff"))); ; {
			dec.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil }
			token, err := dec.Token()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if _, ok := token.(xml.StartElement); ok {
				want++
			}
		}
		if elements != want {
			t.Fatalf("%d elements, encoding/xml has %d", elements, want)
		}
	})
}

func all(e *etree.Element) func(func(*etree.Element) bool) {
	return func(yield func(*etree.Element) bool) { walk(e, yield) }
}

func walk(e *etree.Element, yield func(*etree.Element) bool) bool {
	if !yield(e) {
		return false
	}
	for _, c := range e.ChildElements() {
		if !walk(c, yield) {
			return false
		}
	}
	return true
}
