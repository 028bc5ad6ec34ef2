package xmltree

import (
	"bytes"

	"github.com/beevik/etree"
)

// partOctets is how much of a document a part has at least, unless it is the last one. It has as much as it repeats of others
// besides, so that all of them are at most twice as long as the document.
const partOctets = 64 << 10

// ReadParts reads a document of which a whole tree would be too large, and calls f with one part after the other. Each is a
// document that has the root, but of the elements down to a depth, where the root has 1, only a run, with those that they are
// inside of. So an element above the depth may be in several parts (Continues), and one at the depth is whole in one of them.
// The depth 0 makes one part. The error is a *SyntaxError, a *LimitError, or what f returned, which ends the reading. Parts are
// read before what comes after them, which may be wrong.
func ReadParts(b []byte, lim Limits, depth int, f func(*Document) error) error {
	s := scanner{b: b, lim: lim, last: position{line: 1}, cut: depth, f: f}
	return s.document()
}

// part is what the scanner has of a part.
type part struct {
	from   int
	head   []byte     // start tags of the elements that were open there
	starts []position // of its elements, with these
	tokens int
}

// endPart makes a tree of the part that ends here, and begins the next.
func (s *scanner) endPart() error {
	text := bytes.TrimPrefix(s.b[s.part.from:s.at], byteOrderMark)
	if len(s.part.head) > 0 || len(s.open) > 0 {
		text = append(s.part.head, text...)
		for i := len(s.open) - 1; i >= 0; i-- {
			text = append(append(append(text, "</"...), s.text(s.open[i].name)...), '>')
		}
	}
	tree := etree.NewDocument()
	tree.ReadSettings.MaxDepth = s.deepest
	if err := tree.ReadFromBytes(text); err != nil || tree.Root() == nil {
		// Its text may quote the document.
		first := s.part.starts[0]
		return &SyntaxError{Offset: first.offset, Line: first.line, Reason: "is not well-formed"}
	}
	d := &Document{Root: tree.Root(), from: s.part.from, starts: s.part.starts}
	s.part = part{from: s.at}
	for _, t := range s.open {
		s.part.head = append(s.part.head, s.b[t.start.offset:t.end]...)
		s.part.starts = append(s.part.starts, t.start)
	}
	return s.f(d)
}
