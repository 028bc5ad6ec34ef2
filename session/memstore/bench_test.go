package memstore_test

import (
	"context"
	"strconv"
	"testing"

	"github.com/gomadm/gomadm/session"
	"github.com/gomadm/gomadm/session/memstore"
)

// BenchmarkMessage is what a message in the middle of a session asks of the store, with so many requests that wait.
func BenchmarkMessage(b *testing.B) {
	for _, pending := range []int{0, 100, 10_000} {
		b.Run(strconv.Itoa(pending), func(b *testing.B) {
			ctx := context.Background()
			s := new(memstore.Store)
			if err := s.Register(ctx, session.Device{ID: dev}); err != nil {
				b.Fatal(err)
			}
			fill(b, s, pending)
			b.ReportAllocs()
			for b.Loop() {
				rec, err := s.Load(ctx, of)
				if err != nil {
					b.Fatal(err)
				}
				if err := s.Commit(ctx, step(rec)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
