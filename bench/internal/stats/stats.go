// Package stats summarizes measurements. A summary is always a value that was measured, never one
// between two values.
package stats

import (
	"math"
	"slices"
	"time"

	"gonum.org/v1/gonum/stat"
)

// Quantile returns the smallest of values that the fraction p of them does not exceed. values must
// not be empty.
func Quantile(p float64, values []float64) float64 {
	return stat.Quantile(p, stat.Empirical, slices.Sorted(slices.Values(values)), nil)
}

// Median returns the middle value. Of an even number of values it returns the lower of the two in
// the middle.
func Median(values []float64) float64 { return Quantile(0.5, values) }

// MedianOf returns the median of what of returns for each item.
func MedianOf[T any](items []T, of func(T) float64) float64 {
	values := make([]float64, len(items))
	for i, item := range items {
		values[i] = of(item)
	}
	return Median(values)
}

// P50P99 returns the median and the 99th percentile of durations.
func P50P99(times []time.Duration) (p50, p99 time.Duration) {
	values := make([]float64, len(times))
	for i, t := range times {
		values[i] = float64(t)
	}
	slices.Sort(values)
	return time.Duration(stat.Quantile(0.5, stat.Empirical, values, nil)), time.Duration(stat.Quantile(0.99, stat.Empirical, values, nil))
}

// OfSorted is Quantile for sorted values, without a copy.
func OfSorted[T ~int64](p float64, sorted []T) T {
	return sorted[max(0, int(math.Ceil(p*float64(len(sorted))))-1)]
}
