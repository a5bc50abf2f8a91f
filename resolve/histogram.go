package resolve

import (
	"math/bits"
	"time"
)

// The buckets of a [Histogram]. Each power of two from 1,024 ns to 137 s has four.
const (
	histogramFirst  = 10 // log2 of the first bound, in nanoseconds
	histogramLast   = 37
	HistogramLength = (histogramLast-histogramFirst)*4 + 2 // the number of buckets, with one below and one above
)

// Histogram counts durations in buckets whose width is at most a quarter of their lower bound.
type Histogram [HistogramLength]uint64

// bucketOf returns the index of the bucket of d.
func bucketOf(d time.Duration) int {
	if d < 1<<histogramFirst {
		return 0
	}
	e := bits.Len64(uint64(d)) - 1
	if e >= histogramLast {
		return HistogramLength - 1
	}
	return 1 + (e-histogramFirst)*4 + int(d>>(e-2))&3
}

// bucketEnd returns the duration at which bucket i ends. The last bucket has no end: bucketEnd
// returns where it begins.
func bucketEnd(i int) time.Duration {
	if i == 0 {
		return 1 << histogramFirst
	}
	if i == HistogramLength-1 {
		return 1 << histogramLast
	}
	e := histogramFirst + (i-1)/4
	return time.Duration(1<<e + ((i-1)%4+1)<<(e-2))
}

// Bound returns the upper bound of bucket i, which it excludes. The last bucket has none: for it,
// Bound returns the lower bound.
func (h *Histogram) Bound(i int) time.Duration { return bucketEnd(i) }

// Count returns how many durations it holds.
func (h *Histogram) Count() uint64 {
	var n uint64
	for _, c := range h {
		n += c
	}
	return n
}

// Quantile returns the upper bound of the bucket that the quantile q is in: 0.99 for the duration
// that 99 % stay below. It returns 0 without durations.
func (h *Histogram) Quantile(q float64) time.Duration {
	n := h.Count()
	if n == 0 {
		return 0
	}
	rank := min(uint64(q*float64(n)), n-1)
	for i, c := range h {
		if rank < c {
			return bucketEnd(i)
		}
		rank -= c
	}
	return bucketEnd(HistogramLength - 1)
}

// recentMax is how many durations a recent holds before it fades.
const recentMax = 1024

// recent is a histogram of recent durations: at recentMax every count is halved.
type recent struct {
	counts Histogram
	n      int     // sum of counts
	total  uint64  // durations ever added
	mean   float64 // exponentially weighted, in nanoseconds
}

// recentWeight is the weight of a new duration in the mean.
const recentWeight = 1.0 / 16

func (r *recent) add(d time.Duration) {
	if r.n >= recentMax {
		r.n = 0
		for i := range r.counts {
			r.counts[i] /= 2
			r.n += int(r.counts[i])
		}
	}
	r.counts[bucketOf(d)]++
	r.n++
	if r.total++; r.total == 1 {
		r.mean = float64(d)
	} else {
		r.mean += (float64(d) - r.mean) * recentWeight
	}
}

func (r *recent) quantile(q float64) time.Duration { return r.counts.Quantile(q) }
