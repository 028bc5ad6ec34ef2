// Package conversations holds random conversations between the simulated device and the handler, on a store in memory and
// on SQLite: devices of all profiles, encodings, sizes and schemes, queues of all verbs, groups and deliveries, and
// accidents of all kinds. What must always hold is checked for each. A conversation that breaks it is cut down until it
// breaks it with as little as possible, and printed.
package conversations_test

import (
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	syncatomic "sync/atomic"
	"testing"

	"github.com/gomadm/gomadm/session/memstore"
)

// seeds returns how many conversations are held, and the seed of the first. GOMADM_SEED=7 or GOMADM_SEED=7-9 holds these.
func seeds(t *testing.T, short, long int) (first uint64, n int) {
	if s := os.Getenv("GOMADM_SEED"); s != "" {
		from, to, several := strings.Cut(s, "-")
		first, err := strconv.ParseUint(from, 10, 64)
		last := first
		if several && err == nil {
			last, err = strconv.ParseUint(to, 10, 64)
		}
		if err != nil || last < first {
			t.Fatalf("GOMADM_SEED=%q is neither a number nor two", s)
		}
		return first, int(last - first + 1)
	}
	if os.Getenv("GOMADM_LONG") == "1" {
		return 1, long
	}
	return 1, short
}

func TestConversationsInMemory(t *testing.T) {
	first, n := seeds(t, 500, 20_000)
	converse(t, first, n, func(*testing.T) store { return new(memstore.Store) })
}

// converse holds n conversations, on as many stores as there are workers.
func converse(t *testing.T, first uint64, n int, open func(*testing.T) store) {
	var next syncatomic.Uint64
	var messages syncatomic.Int64
	next.Store(first)
	var all sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), n) {
		s := open(t)
		all.Go(func() {
			for !t.Failed() {
				seed := next.Add(1) - 1
				if seed >= first+uint64(n) {
					return
				}
				k := newTalk(seed)
				p, found := k.hold(t.Context(), s, "device")
				messages.Add(int64(p.wire.messages))
				if found != nil {
					report(t, s, k, found)
				}
			}
		})
	}
	all.Wait()
	t.Logf("%d conversations, %d messages", n, messages.Load())
}

// report cuts a conversation that fails down and prints it.
func report(t *testing.T, s store, k *talk, found *finding) {
	t.Helper()
	fails := func(less *talk) bool {
		_, f := less.hold(t.Context(), s, "device")
		return f != nil && f.property == found.property
	}
	least := shrink(k, 1000, fails)
	p, f := least.hold(t.Context(), s, "device")
	if f == nil { // it hangs on what was before in the store
		p, f = k.hold(t.Context(), s, "device")
	}
	t.Errorf("seed %d: %v\ncut down to: %v\n%v\n%s", k.seed, found, f, least, beginning(p.dialogue()))
}

// beginning is what people read of a text.
func beginning(s string) string {
	const most = 12_000
	if len(s) <= most {
		return s
	}
	return s[:most] + "…"
}
