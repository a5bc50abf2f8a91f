package sched

import (
	"encoding/json"
	"iter"
	"log/slog"
	"math"
	"math/bits"
	"sync/atomic"
)

// Buckets grow with their values. Each power of two has eight buckets, so that a bucket's width is
// at most an eighth of its values.
const (
	bucketsPerDoublingBits = 3
	bucketsPerDoubling     = 1 << bucketsPerDoublingBits
	histogramBuckets       = (64 - bucketsPerDoublingBits) * bucketsPerDoubling // up to the largest int64
)

// bucketOf returns the bucket of v, which must not be negative. Each number below
// bucketsPerDoubling has its own bucket.
func bucketOf(v int64) int {
	doublings := max(0, bits.Len64(uint64(v))-1-bucketsPerDoublingBits)
	return doublings*bucketsPerDoubling + int(v>>doublings)
}

// bucketLast returns the largest number in bucket i.
func bucketLast(i int) int64 {
	doublings := max(0, i/bucketsPerDoubling-1)
	first := uint64(i - doublings*bucketsPerDoubling)
	return int64((first+1)<<doublings - 1)
}

// histogram is written by workers and read from any goroutine. Its zero value is empty.
type histogram struct {
	sum, max atomic.Int64
	buckets  [histogramBuckets]atomic.Uint64
}

// observe counts v, or zero if v is negative. The order matters to snapshotOf, which reads in the
// reverse order. A value that has a bucket is in max, and a value that is in max is in sum.
func (h *histogram) observe(v int64) {
	v = max(0, v)
	h.sum.Add(v)
	for old := h.max.Load(); v > old && !h.max.CompareAndSwap(old, v); {
		old = h.max.Load()
	}
	h.buckets[bucketOf(v)].Add(1)
}

// snapshotOf returns the content of h, without the buckets after the last used one.
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

// Histogram is a snapshot of how often values occurred, in buckets with fixed limits. A bucket's
// width is at most an eighth of its values. A Histogram does not change. The zero value is empty.
// Sum and Max include all values that Count includes. If the snapshot was taken while the loop ran,
// they may include a few more.
type Histogram[V ~int64] struct {
	count    uint64
	sum, max V
	buckets  []uint64
}

// Count returns the number of values.
func (h Histogram[V]) Count() uint64 { return h.count }

// Sum returns the sum of the values. It overflows as an addition of V does: after 292 years for
// nanoseconds.
func (h Histogram[V]) Sum() V { return h.sum }

// Max returns the largest value, or zero if there is no value.
func (h Histogram[V]) Max() V { return h.max }

// Mean returns the mean of the values, rounded down, or zero if there is no value.
func (h Histogram[V]) Mean() V {
	if h.count == 0 {
		return 0
	}
	return h.sum / V(h.count)
}

// Quantile returns a bound that the share p of the values, from 0 to 1, does not exceed. The bound
// is the upper limit of a bucket: at most an eighth above the value, and never above Max. It is
// zero if there is no value.
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

// Buckets yields each bucket that has values, in ascending order: its largest possible value and
// its number of values.
func (h Histogram[V]) Buckets() iter.Seq2[V, uint64] {
	return func(yield func(V, uint64) bool) {
		for i, n := range h.buckets {
			if n > 0 && !yield(V(bucketLast(i)), n) {
				return
			}
		}
	}
}

// summary is the form in which a histogram is printed.
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

// LogValue returns the content of MarshalJSON as a group.
func (h Histogram[V]) LogValue() slog.Value {
	s := h.summary()
	return slog.GroupValue(slog.Uint64("count", s.Count), slog.Any("mean", s.Mean), slog.Any("p50", s.P50),
		slog.Any("p90", s.P90), slog.Any("p99", s.P99), slog.Any("max", s.Max))
}
