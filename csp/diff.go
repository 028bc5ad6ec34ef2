package csp

import (
	"cmp"
	"encoding/json"
	"fmt"
	"iter"
	"reflect"
	"slices"
	"strings"
)

// Change is a difference between two catalogues.
type Change struct {
	Template string
	Kind     ChangeKind
	Facts    []string // of Changed: the facts that differ, as "builds: 10.0.22000 -> 10.0.26100"
}

// ChangeKind is a kind of Change.
type ChangeKind string

// The kinds.
const (
	Added   ChangeKind = "added"
	Dropped ChangeKind = "dropped"
	Changed ChangeKind = "changed"
)

// String returns a line without an end.
func (c Change) String() string {
	s := string(c.Kind) + " " + c.Template
	if len(c.Facts) > 0 {
		s += ": " + strings.Join(c.Facts, "; ")
	}
	return s
}

// Diff returns the differences of two catalogues by template, node by node.
func Diff(before, after *Catalog) iter.Seq[Change] {
	return func(yield func(Change) bool) {
		a, b := definitions(before), definitions(after)
		for len(a)+len(b) > 0 {
			var c Change
			switch order := compareKeys(a, b); {
			case order < 0:
				c, a = Change{Template: a[0].def.Template, Kind: Dropped}, a[1:]
			case order > 0:
				c, b = Change{Template: b[0].def.Template, Kind: Added}, b[1:]
			default:
				c = Change{Template: b[0].def.Template, Kind: Changed, Facts: differences(&a[0].def, &b[0].def)}
				a, b = a[1:], b[1:]
			}
			if (c.Kind != Changed || len(c.Facts) > 0) && !yield(c) {
				return
			}
		}
	}
}

type keyed struct {
	key string
	def Definition
}

// definitions returns all of c by the key of their templates.
func definitions(c *Catalog) []keyed {
	var all []keyed
	for n := range c.All() {
		d := n.Definition()
		key, err := templateKey(d.Template)
		if err != nil {
			key = d.Template
		}
		all = append(all, keyed{key, d})
	}
	slices.SortFunc(all, func(a, b keyed) int { return strings.Compare(a.key, b.key) })
	return all
}

func compareKeys(a, b []keyed) int {
	switch {
	case len(a) == 0:
		return 1
	case len(b) == 0:
		return -1
	}
	return cmp.Compare(a[0].key, b[0].key)
}

// differences names the facts in which a and b differ.
func differences(a, b *Definition) []string {
	var all []string
	x, y := reflect.ValueOf(a).Elem(), reflect.ValueOf(b).Elem()
	for i := range x.NumField() {
		from, to := fact(x.Field(i)), fact(y.Field(i))
		if from == to {
			continue
		}
		name, _, _ := strings.Cut(x.Type().Field(i).Tag.Get("json"), ",")
		all = append(all, fmt.Sprintf("%s: %s -> %s", name, from, to))
	}
	return all
}

// fact returns a fact as a text.
func fact(v reflect.Value) string {
	b, err := json.Marshal(v.Interface())
	if err != nil {
		return err.Error()
	}
	return string(b)
}
