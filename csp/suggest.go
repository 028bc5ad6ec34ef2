package csp

import (
	"slices"
	"strings"
)

const (
	mostSuggestions = 3
	longestName     = 128 // a longer one is nobody's mistake
)

// suggest returns known addresses near u, the nearest first. The names lead to p, which does not have name; rest
// follows it.
func (c *Catalog) suggest(u URI, p place, depth int, name, rest string) []URI {
	if len(name) > longestName {
		return nil
	}
	var all []suggestion
	above := prefix(u, depth)
	add := func(names string, distance int) {
		loc := above + "/" + names
		if rest != "" && !strings.HasSuffix(loc, "/"+rest) {
			loc += "/" + rest
		}
		if n, ok := c.resolve(URI{loc}); ok && !n.Ingested() {
			all = append(all, suggestion{URI{loc}, distance})
		}
	}
	for child := range c.childrenAt(p) {
		near := escapedName(child)
		if child.Dynamic() {
			continue
		}
		if d, ok := distance(near, name); ok {
			add(near, d)
		}
		// A level that was left out.
		if grandchild := c.step(c.locate(child), name); !grandchild.none() && !c.node(grandchild).Dynamic() {
			add(near+"/"+escapedName(c.node(grandchild)), 1)
		}
	}
	return nearest(all)
}

func (c *Catalog) childrenAt(p place) func(func(Node) bool) {
	return func(yield func(Node) bool) { c.children(p, yield) }
}

func escapedName(n Node) string {
	t, i := n.table()
	return t.name(i)
}

type suggestion struct {
	uri      URI
	distance int
}

func nearest(all []suggestion) []URI {
	slices.SortStableFunc(all, func(a, b suggestion) int { return a.distance - b.distance })
	var uris []URI
	for _, s := range all {
		if len(uris) < mostSuggestions && !slices.Contains(uris, s.uri) {
			uris = append(uris, s.uri)
		}
	}
	return uris
}

// prefix returns the first names of u, as an address without a delimiter at its end.
func prefix(u URI, depth int) string {
	end := 1
	for segments := u.segments(); depth > 0; depth-- {
		i := strings.IndexByte(segments, '/')
		if i < 0 {
			i = len(segments)
		}
		end += 1 + i
		segments = segments[min(i+1, len(segments)):]
	}
	return u.loc[:end]
}

// distance counts the letters to put in, leave out, change or swap with their neighbour to make b of a, the case of those of
// ASCII aside. It reports false when they are too many for a slip. b has at most longestName.
func distance(a, b string) (n int, ok bool) {
	most := 1 + min(len(a), len(b))/4
	if d := len(a) - len(b); d > most || -d > most {
		return 0, false
	}
	var rows [3][longestName + 1]uint8
	before, last, row := &rows[0], &rows[1], &rows[2] // before is the one before the last
	for j := range len(b) + 1 {
		last[j] = uint8(j)
	}
	var above byte // the letter of the last row
	for i := range len(a) {
		letter, left := lower(a[i]), byte(0)
		row[0] = uint8(i + 1)
		least := row[0]
		for j := range len(b) {
			cost, other := uint8(1), lower(b[j])
			if letter == other {
				cost = 0
			}
			row[j+1] = min(last[j+1]+1, row[j]+1, last[j]+cost)
			if i > 0 && j > 0 && letter == left && above == other {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
			least, left = min(least, row[j+1]), other
		}
		if int(least) > most+1 { // a swap may be better by one
			return 0, false
		}
		above = letter
		before, last, row = last, row, before
	}
	return int(last[len(b)]), int(last[len(b)]) <= most
}
