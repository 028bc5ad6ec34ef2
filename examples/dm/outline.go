package main

import "strings"

// maxElements bounds the outline of a document.
const maxElements = 200_000

// element is an element of a document that the codec found to be well formed. What is below Data and below
// elements that no specification names is not in the outline.
type element struct {
	name, space string
	parent      *element
	children    []*element
	text        bool // there is text between the children that is not white space
	line        int

	start, inner, outer, end int // offsets of the start tag, behind it, of the end tag, and behind that
	bindings                 []binding
}

// binding is a namespace declaration of a start tag.
type binding struct{ prefix, name string }

// tag is a start tag.
type tag struct {
	prefix, local string
	start, end    int  // offsets
	name          int  // where the local name starts
	empty         bool // it ends in "/>"
}

const space = " \t\r\n"

// rootTag finds the start tag of the root element. It judges nothing: what is not well formed around the tag is for
// the codec to find.
func rootTag(doc string) (t tag, ok bool) {
	for p := 0; p < len(doc); {
		rest := doc[p:]
		switch {
		case strings.HasPrefix(rest, "<!--"), strings.HasPrefix(rest, "<?"), strings.HasPrefix(rest, "<!"):
			n := asideLength(rest)
			if n < 0 {
				return tag{}, false
			}
			p += n
		case rest[0] == '<':
			return tagAt(doc, p)
		default:
			p++
		}
	}
	return tag{}, false
}

// asideLength returns the length of the comment, instruction, CDATA section or declaration that s begins with, -1 if
// it does not end.
func asideLength(s string) int {
	for _, kind := range [...][2]string{{"<!--", "-->"}, {"<?", "?>"}, {"<![CDATA[", "]]>"}} {
		if strings.HasPrefix(s, kind[0]) {
			i := strings.Index(s[len(kind[0]):], kind[1])
			if i < 0 {
				return -1
			}
			return len(kind[0]) + i + len(kind[1])
		}
	}
	return markupEnd(s, 0)
}

// markupEnd returns the offset behind the ">" that ends the markup around offset i, -1 if there is none. One in
// quotes does not count.
func markupEnd(s string, i int) int {
	for ; i < len(s); i++ {
		switch c := s[i]; c {
		case '"', '\'':
			length := strings.IndexByte(s[i+1:], c)
			if length < 0 {
				return -1
			}
			i += length + 1
		case '>':
			return i + 1
		}
	}
	return -1
}

// tagAt reads the start tag at p, which is at a "<".
func tagAt(doc string, p int) (t tag, ok bool) {
	n := strings.IndexAny(doc[p+1:], space+"/><")
	if n < 1 {
		return tag{}, false
	}
	t = tag{start: p, name: p + 1, local: doc[p+1 : p+1+n]}
	if prefix, local, found := strings.Cut(t.local, ":"); found {
		t.prefix, t.local, t.name = prefix, local, t.name+len(prefix)+1
	}
	t.end = markupEnd(doc, p+1+n)
	if t.end < 0 {
		return tag{}, false
	}
	t.empty = doc[t.end-2] == '/'
	return t, true
}

// outline returns the elements of a well-formed document, nil if there are too many.
func outline(doc string) *element {
	t, ok := rootTag(doc)
	if !ok {
		return nil
	}
	o := outliner{doc: doc, pos: t.start, line: 1 + strings.Count(doc[:t.start], "\n")}
	return o.read()
}

type outliner struct {
	doc   string
	pos   int
	line  int // of pos
	count int
	open  *element
	below int // depth below an element whose content is not of interest
}

func (o *outliner) read() (root *element) {
	for {
		rest := o.doc[o.pos:]
		n := strings.IndexByte(rest, '<')
		if n < 0 {
			return nil
		}
		o.words(rest[:n])
		o.move(n)
		switch rest = rest[n:]; {
		case strings.HasPrefix(rest, "</"):
			done := o.close(strings.IndexByte(rest, '>') + 1)
			if done != nil {
				return done
			}
		case rest[1] == '!' || rest[1] == '?':
			length := asideLength(rest)
			if strings.HasPrefix(rest, "<![CDATA[") {
				o.words(rest[len("<![CDATA[") : length-len("]]>")])
			}
			o.move(length)
		default:
			t, ok := tagAt(o.doc, o.pos)
			if o.count++; !ok || o.count > maxElements {
				return nil
			}
			if done := o.begin(t); done != nil {
				return done
			}
		}
	}
}

// words notes text between elements.
func (o *outliner) words(text string) {
	if o.open != nil && o.below == 0 && strings.Trim(text, space) != "" {
		o.open.text = true
	}
}

func (o *outliner) move(n int) {
	o.line += strings.Count(o.doc[o.pos:o.pos+n], "\n")
	o.pos += n
}

// begin reads a start tag. It returns the element if it is a root that is empty.
func (o *outliner) begin(t tag) *element {
	defer o.move(t.end - t.start)
	if o.below > 0 || o.open != nil && models[o.open.name] == nil {
		if !t.empty {
			o.below++
		}
		return nil
	}
	e := &element{name: t.local, parent: o.open, line: o.line, start: t.start, inner: t.end,
		outer: t.end, end: t.end}
	e.bindings = declarations(o.doc[t.start:t.end])
	e.space = e.lookup(t.prefix)
	if o.open != nil {
		o.open.children = append(o.open.children, e)
	}
	switch {
	case !t.empty:
		o.open = e
	case o.open == nil:
		return e
	}
	return nil
}

// close reads an end tag. It returns the element if it is the root.
func (o *outliner) close(length int) *element {
	defer o.move(length)
	if o.below > 0 {
		o.below--
		return nil
	}
	e := o.open
	e.outer, e.end = o.pos, o.pos+length
	o.open = e.parent
	if o.open == nil {
		return e
	}
	return nil
}

// declarations returns the namespace declarations of a start tag.
func declarations(markup string) (all []binding) {
	for {
		i := strings.Index(markup, "xmlns")
		if i < 1 {
			return all
		}
		own := strings.IndexByte(space, markup[i-1]) >= 0
		markup = markup[i+len("xmlns"):]
		name, value, found := strings.Cut(markup, "=")
		value = strings.TrimLeft(value, space)
		if !own || !found || value == "" {
			continue
		}
		value, rest, _ := strings.Cut(value[1:], value[:1])
		all = append(all, binding{strings.Trim(name, ":"+space), value})
		markup = rest
	}
}

// lookup returns the namespace name of a prefix.
func (e *element) lookup(prefix string) string {
	for ; e != nil; e = e.parent {
		for _, b := range e.bindings {
			if b.prefix == prefix {
				return b.name
			}
		}
	}
	return ""
}
