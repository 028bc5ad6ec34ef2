package main

import (
	"math/bits"
	"time"
)

// histogram counts durations in buckets. A bucket is at most 1/64 as wide as what it counts, so that a percentile is
// off by less than 0.8 %; the memory is that of the buckets, whatever is counted. The zero histogram is empty.
type histogram struct {
	buckets  [buckets]uint64
	n        uint64
	sum      float64 // nanoseconds
	min, max time.Duration
}

// Each power of two from 64 on is divided into 64 buckets; numbers below 128 have one each.
const (
	subBits = 6
	sub     = 1 << subBits
	buckets = (64 - subBits) * sub
)

// add counts d; one that is negative is 0.
func (h *histogram) add(d time.Duration) {
	d = max(d, 0)
	if h.n == 0 || d < h.min {
		h.min = d
	}
	h.max = max(h.max, d)
	h.n++
	h.sum += float64(d)
	h.buckets[bucket(uint64(d))]++
}

// bucket returns the bucket that counts v.
func bucket(v uint64) int {
	shift := max(bits.Len64(v)-subBits-1, 0)
	return shift<<subBits + int(v>>shift)
}

// middle returns what stands for all that a bucket counts.
func middle(i int) time.Duration {
	shift := max(i>>subBits-1, 0)
	first := uint64(i-shift<<subBits) << shift
	return time.Duration(first + (uint64(1)<<shift-1)/2)
}

// perMille returns the smallest duration such that p in a thousand of those counted are not longer; 0 when there is
// none.
func (h *histogram) perMille(p uint64) time.Duration {
	rank := (h.n*p + 999) / 1000
	switch {
	case h.n == 0:
		return 0
	case rank <= 1:
		return h.min
	case rank >= h.n:
		return h.max
	}
	var seen uint64
	for i, count := range h.buckets {
		if seen += count; seen >= rank {
			return min(max(middle(i), h.min), h.max)
		}
	}
	return h.max
}

// mean returns the mean; 0 when there is none.
func (h *histogram) mean() time.Duration {
	if h.n == 0 {
		return 0
	}
	return time.Duration(h.sum / float64(h.n))
}
