package main

import (
	"iter"
	"strconv"

	"github.com/gomadm/gomadm/syncml"
)

// place says where a command stands.
type place struct {
	path   string         // such as "SyncBody/Atomic[1]/Replace[2]"
	parent syncml.Command // the Atomic or Sequence around it, nil in the SyncBody
	metas  []*syncml.Meta // of the command and those around it, the innermost first; elements may be nil
}

// walk goes over commands in document order, each Atomic or Sequence before what is in it.
func walk(body []syncml.Command) iter.Seq2[syncml.Command, place] {
	return func(yield func(syncml.Command, place) bool) {
		walkBody(body, place{path: "SyncBody"}, yield)
	}
}

func walkBody(body []syncml.Command, around place, yield func(syncml.Command, place) bool) bool {
	count := map[string]int{}
	for _, c := range body {
		count[c.Name()]++
		at := place{
			path:   around.path + "/" + c.Name() + "[" + strconv.Itoa(count[c.Name()]) + "]",
			parent: around.parent,
			metas:  append([]*syncml.Meta{metaOf(c)}, around.metas...),
		}
		if !yield(c, at) {
			return false
		}
		inner := place{path: at.path, parent: c, metas: at.metas}
		if !walkBody(bodyOf(c), inner, yield) {
			return false
		}
	}
	return true
}

// bodyOf returns the commands in an Atomic or a Sequence.
func bodyOf(c syncml.Command) []syncml.Command {
	switch c := c.(type) {
	case *syncml.Atomic:
		return c.Body
	case *syncml.Sequence:
		return c.Body
	}
	return nil
}

// metaOf returns the Meta of a command itself, which is the default for its items.
func metaOf(c syncml.Command) *syncml.Meta {
	return describe(c).Meta
}
