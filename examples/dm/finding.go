package main

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/gomadm/gomadm/syncml"
)

// finding is something about a document, with the row of CONFORMANCE.md that says so.
type finding struct {
	row  string
	note bool // it is allowed
	path string
	line int // 0 if it is not known
	text string
	more int // how often it was found again
}

// report collects findings of a document. The same one in several places counts once.
type report struct {
	list  []*finding
	index map[string]*finding
	lines map[string]int // of paths
}

func (r *report) add(f finding) {
	if f.line == 0 {
		f.line = r.lines[f.path]
	}
	key := f.row + " " + f.text
	if first := r.index[key]; first != nil {
		first.more++
		return
	}
	r.list = append(r.list, &f)
	r.index[key] = &f
}

// wrong reports what breaks a row.
func (r *report) wrong(row, path, format string, args ...any) {
	r.add(finding{row: row, path: path, text: fmt.Sprintf(format, args...)})
}

// note reports what a row allows.
func (r *report) note(row, path, format string, args ...any) {
	r.add(finding{row: row, path: path, text: fmt.Sprintf(format, args...), note: true})
}

// inspect returns the findings about a well-formed document in the order of its lines.
func inspect(d *document) []*finding {
	r := &report{index: map[string]*finding{}, lines: map[string]int{}}
	for _, prefix := range d.loose {
		r.note("X-10", "", "the prefix %s is not bound", printable(prefix))
	}
	switch {
	case d.root != nil:
		r.whole(d)
		r.structure(d.root, base(d.root))
	case d.kind != "wbxml":
		r.note("F-5", "", "more than %d elements, so that their order and names are not looked at", maxElements)
	}
	if d.message != nil {
		header, body := partsIn(d)
		r.meaning(d.message, header, body)
	}
	slices.SortStableFunc(r.list, func(a, b *finding) int { return cmp.Compare(a.line, b.line) })
	return r.list
}

// whole looks at whether a document is a message, or a part of one.
func (r *report) whole(d *document) {
	name := d.root.name
	switch {
	case d.partial != nil && !d.root.has("SyncHdr"):
		r.wrong("X-1", "", "no SyncHdr")
	case d.partial != nil && !d.root.has("SyncBody"):
		r.wrong("X-1", "", "no SyncBody")
	case d.partial != nil:
		var fault *syncml.SyntaxError
		if errors.As(d.partial, &fault) {
			r.add(finding{row: "X-1", path: fault.Path, line: fault.Line, text: fault.Reason})
		}
	case models[name] == nil && !slices.Contains(reserved, name):
		r.wrong("X-1", "", "%s is no part of a message", printable(name))
	}
}

// base returns the path of a root element, which is where it would stand in a message.
func base(root *element) string {
	switch name := root.name; name {
	case "SyncML":
		return ""
	case "SyncHdr", "SyncBody":
		return name
	default:
		return "SyncBody/" + name + "[1]"
	}
}

// partsIn says which parts of a message a document has.
func partsIn(d *document) (header, body bool) {
	switch {
	case d.root == nil || d.kind == "message":
		return true, true
	case d.root.name == "SyncML":
		return d.root.has("SyncHdr"), d.root.has("SyncBody")
	}
	return d.root.name == "SyncHdr", d.root.name == "SyncBody"
}

// String returns a line without the place.
func (f *finding) String() string {
	text := f.text
	if f.more > 0 {
		text += fmt.Sprintf(" (and %d more)", f.more)
	}
	return text
}

// place returns where the finding is.
func (f *finding) place() string {
	if f.line == 0 {
		return f.path
	}
	return strings.TrimSuffix(fmt.Sprintf("line %d, %s", f.line, f.path), ", ")
}
