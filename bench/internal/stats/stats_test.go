package stats

import (
	"testing"
	"time"
)

func TestSummariesAreMeasuredValues(t *testing.T) {
	values := []float64{5, 1, 9}
	if got := Median(values); got != 5 {
		t.Errorf("Median(%v): got %v, want 5", values, got)
	}
	if got := Median([]float64{4, 3, 2, 1}); got != 2 {
		t.Errorf("median of four: got %v, want the lower middle 2", got)
	}
	if got := Quantile(0.75, []float64{4, 3, 2, 1}); got != 3 {
		t.Errorf("third quartile: got %v, want 3", got)
	}
	if values[0] != 5 {
		t.Errorf("the argument was sorted: %v", values)
	}
}

func TestPercentilesOfDurations(t *testing.T) {
	var times []time.Duration
	for i := 100; i > 0; i-- {
		times = append(times, time.Duration(i))
	}
	if p50, p99 := P50P99(times); p50 != 50 || p99 != 99 {
		t.Errorf("got %d and %d, want 50 and 99", p50, p99)
	}
	if p50, p99 := P50P99(times[:1]); p50 != 100 || p99 != 100 {
		t.Errorf("of one duration: got %d and %d, want 100 twice", p50, p99)
	}
}

func TestOfSortedAgreesWithQuantile(t *testing.T) {
	var sorted []time.Duration
	var values []float64
	for i := range 1000 {
		sorted, values = append(sorted, time.Duration(i)), append(values, float64(i))
		for _, p := range []float64{0.25, 0.5, 0.75, 1} {
			if got, want := OfSorted(p, sorted), Quantile(p, values); float64(got) != want {
				t.Fatalf("quantile %v of %d: got %d, want %v", p, len(sorted), got, want)
			}
		}
	}
}
