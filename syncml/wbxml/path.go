package wbxml

import (
	"strconv"
	"strings"
)

// path names the elements that are open at an offset of a document, such as
// "SyncML/SyncBody/Replace[2]/Item[1]". It reads the document again from r, so that only errors pay for it.
// Commands of a body and items are numbered among those of the same name.
func path(r reader, offset int) string {
	type element struct {
		name     string
		position int  // among its siblings, 0 when it is not numbered
		numbered bool // its children are commands
		items    int
		children [64]int
	}
	var open []*element
	var free []*element // elements closed, used again
	r.err = nil
	for r.pos < offset && r.next() && r.at < offset {
		switch r.kind {
		case kindEnd:
			if len(open) > 0 {
				free = append(free, open[len(open)-1])
				open = open[:len(open)-1]
			}
		case kindStart, kindEmpty:
			position := 0
			if len(open) > 0 {
				switch parent := open[len(open)-1]; {
				case parent.numbered && r.tag.page() == pageSyncML:
					parent.children[r.tag]++
					position = parent.children[r.tag]
				case r.tag == tagItem:
					parent.items++
					position = parent.items
				}
			}
			if r.kind == kindEmpty {
				continue
			}
			var e *element
			if n := len(free); n > 0 {
				e, free = free[n-1], free[:n-1]
			} else {
				e = new(element)
			}
			e.name, e.position, e.items = r.name(), position, 0
			if e.numbered = r.tag == tagSyncBody || r.tag == tagAtomic || r.tag == tagSequence; e.numbered {
				clear(e.children[:])
			}
			open = append(open, e)
		}
	}
	var b strings.Builder
	for i, e := range open {
		if i > 0 {
			b.WriteByte('/')
		}
		b.WriteString(e.name)
		if e.position > 0 {
			b.WriteString("[" + strconv.Itoa(e.position) + "]")
		}
	}
	return b.String()
}

// name is the local name of the element read last.
func (r *reader) name() string {
	if r.literal != "" {
		return r.literal
	}
	return r.tag.String()
}
