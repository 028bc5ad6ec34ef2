package syncml

import (
	"strings"
	"unsafe"
)

// arena hands out values of one type from chunks, so that a message costs a few allocations whatever it
// holds. Chunks are sized from the part of the message seen so far, or from what is counted in the rest of it.
type arena[T any] struct {
	chunk []T // [:used] is handed out
	used  int

	first   int    // size of the first chunk; 1 if zero
	most    int    // how many are expected at most; 0 if that is not known
	element string // local name of the element that each value comes from; "" if there are several
	count   int    // handed out from earlier chunks
	base    int    // of the current chunk, taken over from the one before
	start   int    // position in the message when the current chunk was begun

	keep bool // chunks are kept for the next message
	kept [][]T
	next int // first of kept that this message did not use
}

// take returns a zero value.
func (a *arena[T]) take(s *scanner) *T {
	if a.used == len(a.chunk) {
		a.grow(s, 0)
	}
	p := &a.chunk[a.used]
	a.used++
	return p
}

// extend returns run with one zero value more. Only a run that was extended last grows in place.
func (a *arena[T]) extend(run []T, s *scanner) []T {
	n := len(run)
	if n > 0 && (a.used == 0 || &run[n-1] != &a.chunk[a.used-1]) {
		if n == cap(run) {
			run = append(make([]T, 0, 2*n), run...)
		}
		return run[:n+1]
	}
	if a.used == len(a.chunk) {
		a.grow(s, n)
		a.used = copy(a.chunk, run)
	}
	a.used++
	return a.chunk[a.used-n-1 : a.used : a.used]
}

// grow begins a new chunk that has room for a run and more.
func (a *arena[T]) grow(s *scanner, run int) {
	taken, spent := a.used-a.base, s.pos-a.start
	a.count += a.used - run
	a.used, a.base, a.start = 0, run, s.pos
	if a.next < len(a.kept) && len(a.kept[a.next]) > run {
		a.chunk = a.kept[a.next]
		a.next++
		return
	}
	// A run that is copied again and again moves a quarter of itself on at least, so that copying stays in proportion.
	a.chunk = make([]T, run+max(a.more(s, a.count+run, taken, spent), run/4))
	if a.keep {
		a.kept = append(a.kept[:a.next], a.chunk)
		a.next++
	}
}

// more returns how many values a new chunk has room for when seen were handed out so far, taken of them while spent
// octets of the message were read.
func (a *arena[T]) more(s *scanner, seen, taken, spent int) int {
	most := seen
	if a.most > 0 {
		most = max(a.most-seen, 16)
	}
	switch {
	case seen == 0:
		return max(a.first, 1)
	case a.element != "":
		// A run has to lie in one piece, and is not copied again when it has room for all that can come. The count is
		// not too low, so this happens once in a message.
		return 1 + s.ahead(a.element, most-1)
	}
	// As much as the rest of the message fills at the density of the last chunk but at most as much again as was
	// handed out, so that what is left over is in proportion.
	rest := len(s.src) - s.pos
	return min(int(int64(rest)*int64(taken)/int64(max(spent, 1)))*9/8+4, seen, most)
}

// reset takes back all that was handed out.
func (a *arena[T]) reset(first int) {
	for _, chunk := range a.kept[:a.next] {
		clear(chunk)
	}
	*a = arena[T]{first: first, most: a.most, element: a.element, keep: a.keep, kept: a.kept}
}

// textArena makes strings.
type textArena struct {
	builder strings.Builder
	reuse   bool
	bytes   arena[byte]
}

const textChunk = 16 << 10

// string returns text as a string; rest is an upper bound of what may still be asked for.
func (a *textArena) string(text []byte, rest int) string {
	if len(text) == 0 {
		return ""
	}
	if a.reuse {
		return a.reusable(text, rest)
	}
	if a.builder.Cap()-a.builder.Len() < len(text) {
		// Strings taken from the old buffer stay as they are.
		a.builder.Reset()
		a.builder.Grow(max(len(text), min(rest/4+64, textChunk)))
	}
	at := a.builder.Len()
	a.builder.Write(text)
	return a.builder.String()[at:]
}

// reusable is string for a Decoder, whose strings are good until its next message only.
func (a *textArena) reusable(text []byte, rest int) string {
	b := &a.bytes
	if len(b.chunk)-b.used < len(text) {
		b.used = 0
		if b.next < len(b.kept) && len(b.kept[b.next]) >= len(text) {
			b.chunk = b.kept[b.next]
		} else {
			b.chunk = make([]byte, max(len(text), min(rest, textChunk)))
			b.kept = append(b.kept[:b.next], b.chunk)
		}
		b.next++
	}
	own := b.chunk[b.used : b.used+len(text)]
	b.used += copy(own, text)
	return aliasString(own)
}

func (a *textArena) reset() { a.bytes = arena[byte]{kept: a.bytes.kept} }

// aliasString returns b as a string without a copy. It is for octets that a Decoder owns: they change only when
// its next message is decoded, and its strings are documented to be good until then.
func aliasString(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
