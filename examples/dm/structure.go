package main

import (
	"slices"
	"strconv"

	"github.com/gomadm/gomadm/syncml"
)

// structure looks at what the decoder forgives: order, names and namespaces of elements, and text between them.
func (r *report) structure(e *element, path string) {
	r.lines[path] = e.line
	model := models[e.name]
	if model == nil {
		return
	}
	if e.parent == nil {
		r.rootElement(e, path)
	}
	if e.text {
		r.wrong("X-26", path, "text between the elements in %s", e.name)
	}
	count := map[string]int{}
	last, ordered := 0, true
	for _, c := range e.children {
		count[c.name]++
		at := childPath(path, c.name, count[c.name], isNumbered(e, c))
		r.lines[at] = c.line
		i, repeatable := placeIn(model, c.name)
		switch {
		case i < 0:
			r.misplaced(e, c, at)
			continue
		case i < last && ordered:
			ordered = false
			r.wrong("X-7", at, "%s comes too late in %s", printable(c.name), e.name)
		case count[c.name] == 2 && !repeatable && e.name != "SyncML": // that is row X-1
			r.wrong("X-4", at, "%s given twice in %s", c.name, e.name)
		}
		last = max(last, i)
		r.namespace(e, c, at)
		r.structure(c, at)
	}
}

// isNumbered says whether the paths of children of that name have their number: items and commands, known or not.
func isNumbered(e, c *element) bool {
	return c.name == "Item" || isCommand(c.name) || isUnknownCommand(e, c)
}

// isUnknownCommand says whether the decoder keeps a child as an unknown command.
func isUnknownCommand(e, c *element) bool {
	return holdsCommands(e.name) && models[c.name] == nil && !isLeaf(c.name)
}

// childPath returns the path of a child, which is the nth of its name.
func childPath(path, name string, n int, numbered bool) string {
	if path != "" {
		path += "/"
	}
	path += name
	if numbered {
		path += "[" + strconv.Itoa(n) + "]"
	}
	return path
}

// misplaced reports a child that its parent has no place for.
func (r *report) misplaced(e, c *element, path string) {
	switch {
	case slices.Contains(metInf, c.name):
		r.wrong("D-15", path, "%s stands in %s and not in a Meta", c.name, e.name)
	case e.name == "Meta" || e.name == "MetInf":
		r.note("D-18", path, "%s is no element of MetInf", printable(c.name))
	case isUnknownCommand(e, c): // reported with the message
	default:
		r.wrong("X-4", path, "%s does not belong in %s", printable(c.name), e.name)
	}
}

// isLeaf says whether an element of that name is in a model somewhere.
func isLeaf(name string) bool {
	for _, model := range models {
		if i, _ := placeIn(model, name); i >= 0 {
			return true
		}
	}
	return false
}

// rootElement looks at the namespace of the root.
func (r *report) rootElement(e *element, path string) {
	switch e.space {
	case syncml.Namespace12, syncml.Namespace11, syncml.Namespace10:
	case "":
		if e.name == "SyncML" {
			r.note("V-5", path, "the message has no namespace")
		}
	default:
		r.wrong("X-10", path, "%s is in the namespace %s", printable(e.name), printable(e.space))
	}
}

// namespace looks at the namespace of an element that is named by a specification.
func (r *report) namespace(e, c *element, path string) {
	want := root(e).space
	if slices.Contains(metInf, c.name) || slices.Contains(metInf, c.name+"*") || c.name == "MetInf" {
		want = syncml.NamespaceMeta
	}
	if c.space == want {
		return
	}
	if c.space == "" {
		r.wrong("X-10", path, "%s is in no namespace", c.name)
		return
	}
	r.wrong("X-10", path, "%s is in the namespace %s", c.name, printable(c.space))
}

func root(e *element) *element {
	for e.parent != nil {
		e = e.parent
	}
	return e
}
