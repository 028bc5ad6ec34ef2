package xmltree

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/beevik/etree"
)

// Document is a document that was read.
type Document struct {
	Root *etree.Element

	from   int // where the part begins
	starts []position
	place  map[*etree.Element]position // of elements; made when the first is asked for
}

// position is where an element starts.
type position struct{ offset, line int }

// Limits bounds what is read. Zero fields mean no limit.
type Limits struct {
	Octets int // size of the document
	Depth  int // nesting of elements
	Tokens int // elements, attributes, comments, processing instructions and CDATA sections together
	Part   int // those in one part, see ReadParts

	// DocType lets the document have a DOCTYPE with an external identifier, which is never looked up, and an
	// internal subset of white space, comments and processing instructions. Declarations are always refused.
	DocType bool
}

// SyntaxError says why a document was not read.
type SyntaxError struct {
	Offset int // octets before the fault
	Line   int // starting at 1
	Reason string
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("xmltree: offset %d, line %d: %s", e.Offset, e.Line, e.Reason)
}

// LimitError says that a document is larger than Limits allow.
type LimitError struct {
	Limit  string // name of the field of Limits
	Max    int
	Offset int
}

func (e *LimitError) Error() string {
	return fmt.Sprintf("xmltree: offset %d: more than %d %s", e.Offset, e.Max, e.Limit)
}

// Read reads a document in UTF-8, with or without a byte order mark. The error is a *SyntaxError or a
// *LimitError.
func Read(b []byte, lim Limits) (*Document, error) {
	var whole *Document
	err := ReadParts(b, lim, 0, func(d *Document) error {
		whole = d
		return nil
	})
	return whole, err
}

// Continues reports whether e, which has to be of the document, was in a part before, with others below it.
func (d *Document) Continues(e *etree.Element) bool {
	offset, _ := d.Position(e)
	return offset < d.from
}

// Position returns where the start tag of e is: octets before it, and the line starting at 1. It is zero for an
// element that is not of this document. It is not for concurrent use.
func (d *Document) Position(e *etree.Element) (offset, line int) {
	if d.place == nil {
		d.place = make(map[*etree.Element]position, len(d.starts))
		d.locate(d.Root)
	}
	p := d.place[e]
	return p.offset, p.line
}

// locate pairs elements with the start tags of the scan: both are in the order of the document.
func (d *Document) locate(e *etree.Element) {
	if n := len(d.place); n < len(d.starts) {
		d.place[e] = d.starts[n]
	}
	for _, c := range e.Child {
		if c, ok := c.(*etree.Element); ok {
			d.locate(c)
		}
	}
}

func lineAt(b []byte, offset int) int { return 1 + bytes.Count(b[:offset], []byte{'\n'}) }

// Is reports whether e is the element of a namespace, whatever its prefix. The empty namespace is that of elements
// without prefix outside every default namespace.
func Is(e *etree.Element, space, name string) bool {
	return e.Tag == name && InSpace(e, space)
}

// InSpace reports whether e is an element of a namespace.
func InSpace(e *etree.Element, space string) bool {
	return e.NamespaceURI() == space && (e.Space == "" || space != "")
}

// Text returns the character data directly inside e, comments left out. It reports false if e holds elements.
func Text(e *etree.Element) (text string, ok bool) {
	var parts []string
	for _, c := range e.Child {
		switch c := c.(type) {
		case *etree.CharData:
			parts = append(parts, c.Data)
		case *etree.Element:
			return "", false
		}
	}
	if len(parts) == 1 {
		return parts[0], true
	}
	return strings.Join(parts, ""), true
}

// IsText reports whether XML 1.0 can carry s, escaped where it needs to be.
func IsText(s string) bool { return notXML([]byte(s)) < 0 }
