package sched

import (
	"encoding/json"
	"iter"
	"log/slog"
	"math"
	"math/bits"
	"sync/atomic"
)

// Buckets grow with what is in them: there are eight for each power of two, so that a bucket is at
// most an eighth as wide as its values are large.
const (
	bucketsPerDoublingBits = 3
	bucketsPerDoubling     = 1 << bucketsPerDoublingBits
	histogramBuckets       = (64 - bucketsPerDoublingBits) * bucketsPerDoubling // up to the largest int64
)

// bucketOf returns the bucket of v, which is not negative. Below bucketsPerDoubling each number has
// its own.
func bucketOf(v int64) int {
	doublings := max(0, bits.Len64(uint64(v))-1-bucketsPerDoublingBits)
	return doublings*bucketsPerDoubling + int(v>>doublings)
}

// bucketLast returns the largest number that bucket i is for.
func bucketLast(i int) int64 {
	doublings := max(0, i/bucketsPerDoubling-1)
	first := uint64(i - doublings*bucketsPerDoubling)
	return int64((first+1)<<doublings - 1)
}

// histogram is written by workers and read by anybody. Its zero value is empty.
type histogram struct {
	sum, max atomic.Int64
	buckets  [histogramBuckets]atomic.Uint64
}

// observe counts v, zero if it is negative. The order matters to snapshotOf, which reads the other
// way round: a value that has a bucket is in max, and one that is in max is in sum.
func (h *histogram) observe(v int64) {
	v = max(0, v)
	h.sum.Add(v)
	for old := h.max.Load(); v > old && !h.max.CompareAndSwap(old, v); {
		old = h.max.Load()
	}
	h.buckets[bucketOf(v)].Add(1)
}

// snapshotOf returns what h has counted, without the buckets after the last that is in use.
func snapshotOf[V ~int64](h *histogram) Histogram[V] {
	var s Histogram[V]
	var buckets [histogramBuckets]uint64
	used := 0
	for i := range h.buckets {
		if buckets[i] = h.buckets[i].Load(); buckets[i] > 0 {
			used = i + 1
			s.count += buckets[i]
		}
	}
	s.max = V(h.max.Load())
	s.sum = V(h.sum.Load())
	s.buckets = append(s.buckets, buckets[:used]...)
	return s
}

// Histogram is a snapshot of how often values occurred, in buckets of fixed limits: each is at most
// an eighth as wide as the values in it are large. It does not change. The zero value is empty. Sum
// and Max have all values that Count has, and, if it was taken while the loop ran, perhaps a few
// more.
type Histogram[V ~int64] struct {
	count    uint64
	sum, max V
	buckets  []uint64
}

// Count returns how many values there are.
func (h Histogram[V]) Count() uint64 { return h.count }

// Sum returns the sum of the values. It overflows as the additions of V do: nanoseconds after 292
// years.
func (h Histogram[V]) Sum() V { return h.sum }

// Max returns the largest value, zero if there are none.
func (h Histogram[V]) Max() V { return h.max }

// Mean returns the mean of the values, rounded down, zero if there are none.
func (h Histogram[V]) Mean() V {
	if h.count == 0 {
		return 0
	}
	return h.sum / V(h.count)
}

// Quantile returns what the share p of the values, from 0 to 1, does not exceed: the upper limit of
// a bucket, at most an eighth above the value, and never above Max. It returns zero if there are no
// values.
func (h Histogram[V]) Quantile(p float64) V {
	rank := uint64(max(1, math.Ceil(p*float64(h.count))))
	for last, n := range h.Buckets() {
		if n >= rank {
			return min(last, h.max)
		}
		rank -= n
	}
	return h.max
}

// Buckets yields, from the smallest on, each bucket that has values: the largest value that it is
// for, and how many it has.
func (h Histogram[V]) Buckets() iter.Seq2[V, uint64] {
	return func(yield func(V, uint64) bool) {
		for i, n := range h.buckets {
			if n > 0 && !yield(V(bucketLast(i)), n) {
				return
			}
		}
	}
}

// summary is what is shown of a histogram.
type summary[V ~int64] struct {
	Count uint64 `json:"count"`
	Mean  V      `json:"mean"`
	P50   V      `json:"p50"`
	P90   V      `json:"p90"`
	P99   V      `json:"p99"`
	Max   V      `json:"max"`
}

func (h Histogram[V]) summary() summary[V] {
	return summary[V]{h.count, h.Mean(), h.Quantile(0.5), h.Quantile(0.9), h.Quantile(0.99), h.max}
}

// MarshalJSON returns count, mean, p50, p90, p99 and max; durations are in nanoseconds.
func (h Histogram[V]) MarshalJSON() ([]byte, error) { return json.Marshal(h.summary()) }

// LogValue returns what MarshalJSON does, as a group.
func (h Histogram[V]) LogValue() slog.Value {
	s := h.summary()
	return slog.GroupValue(slog.Uint64("count", s.Count), slog.Any("mean", s.Mean), slog.Any("p50", s.P50),
		slog.Any("p90", s.P90), slog.Any("p99", s.P99), slog.Any("max", s.Max))
}
