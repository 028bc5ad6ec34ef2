package main

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// TestHistogramAgainstExactPercentiles compares with the percentiles of a sorted list.
func TestHistogramAgainstExactPercentiles(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	tests := []struct {
		name string
		n    int
		draw func() time.Duration
	}{
		{"one", 1, func() time.Duration { return 12345678 }},
		{"two", 2, func() time.Duration { return time.Duration(r.IntN(1e9)) }},
		{"all the same", 1000, func() time.Duration { return 7777777 }},
		{"even", 5000, func() time.Duration { return time.Duration(r.IntN(1e8)) }},
		{"nanoseconds", 5000, func() time.Duration { return time.Duration(r.IntN(200)) }},
		{"a long tail", 10000, func() time.Duration { return time.Duration(1e6 * math.Exp(3*r.NormFloat64())) }},
		{"two hills", 999, func() time.Duration { return time.Duration(1e6 + 1e9*float64(r.IntN(2)) + 1e4*r.Float64()) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var h histogram
			var all []time.Duration
			sum := 0.0
			for range tt.n {
				d := tt.draw()
				h.add(d)
				all = append(all, d)
				sum += float64(d)
			}
			slices.Sort(all)
			for p := uint64(0); p <= 1000; p++ {
				want := all[max((uint64(tt.n)*p+999)/1000, 1)-1]
				if got := h.perMille(p); math.Abs(float64(got-want)) > float64(want)/128 {
					t.Fatalf("%d in a thousand: got %d, want %d", p, got, want)
				}
			}
			if all[0] == all[tt.n-1] && h.perMille(500) != all[0] {
				t.Errorf("the median is %v, and all are %v", h.perMille(500), all[0])
			}
			if h.min != all[0] || h.max != all[tt.n-1] || h.n != uint64(tt.n) {
				t.Errorf("got %d from %v to %v, want %d from %v to %v", h.n, h.min, h.max, tt.n, all[0], all[tt.n-1])
			}
			if got, want := float64(h.mean()), sum/float64(tt.n); math.Abs(got-want) > 1 {
				t.Errorf("mean: got %v, want %v", got, want)
			}
		})
	}
}

func TestHistogramWithoutValues(t *testing.T) {
	var h histogram
	if h.perMille(500) != 0 || h.perMille(1000) != 0 || h.mean() != 0 {
		t.Error("an empty histogram has values")
	}
	h.add(-time.Second)
	if h.perMille(500) != 0 || h.max != 0 || h.n != 1 {
		t.Errorf("a negative duration: got %v of %d", h.max, h.n)
	}
}

// TestBuckets walks over all buckets: they follow each other without a gap, and their middle is in them.
func TestBuckets(t *testing.T) {
	for i := range buckets {
		if got := bucket(uint64(middle(i))); got != i {
			t.Fatalf("the middle of bucket %d is in %d", i, got)
		}
	}
	if got := bucket(math.MaxInt64); got != buckets-1 {
		t.Errorf("the longest duration is in bucket %d of %d", got, buckets)
	}
	for v := uint64(1); v < 1<<62; v += v/50 + 1 {
		if step := bucket(v) - bucket(v-1); step < 0 || step > 1 {
			t.Fatalf("from %d to %d: %d buckets", v-1, v, step)
		}
	}
}
