package sched

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestBucketsAreContiguousAndNarrow(t *testing.T) {
	for i := range histogramBuckets {
		last := bucketLast(i)
		if got := bucketOf(last); got != i {
			t.Fatalf("bucket %d: its last value %d is in bucket %d", i, last, got)
		}
		if i+1 == histogramBuckets {
			if last != math.MaxInt64 {
				t.Errorf("last bucket: ends with %d, want math.MaxInt64", last)
			}
			break
		}
		first := last + 1
		if got := bucketOf(first); got != i+1 {
			t.Fatalf("bucketOf(%d): got %d, want %d", first, got, i+1)
		}
		if width := bucketLast(i+1) - last; width > max(1, first/8) {
			t.Fatalf("bucket %d: begins with %d, width %d, want at most an eighth", i+1, first, width)
		}
	}
}

func TestQuantilesAreAtMostAnEighthTooLarge(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var h histogram
	values := make([]int64, 1000)
	var sum int64
	for i := range values {
		values[i] = random.Int64() >> (10 + random.IntN(50))
		sum += values[i]
		h.observe(values[i])
	}
	slices.Sort(values)
	s := snapshotOf[time.Duration](&h)
	if s.Count() != 1000 || s.Sum() != time.Duration(sum) || s.Max() != time.Duration(values[999]) || s.Mean() != time.Duration(sum/1000) {
		t.Errorf("got count %d, sum %d, mean %d, max %d", s.Count(), s.Sum(), s.Mean(), s.Max())
	}
	for _, permille := range []int{0, 1, 10, 500, 900, 990, 999, 1000} {
		want := values[max(0, permille-1)]
		if got := int64(s.Quantile(float64(permille) / 1000)); got < want || got > want+want/8 {
			t.Errorf("quantile %d/1000: got %d, want %d to an eighth more", permille, got, want)
		}
	}
}

func TestAHistogramOfNothing(t *testing.T) {
	var h histogram
	s := snapshotOf[int64](&h)
	if s.Quantile(0.5) != 0 || s.Mean() != 0 || s.Max() != 0 || s.Count() != 0 {
		t.Errorf("empty histogram: got %v", s)
	}
	h.observe(-5)
	if s = snapshotOf[int64](&h); s.Sum() != 0 || s.Count() != 1 || s.Max() != 0 {
		t.Errorf("negative value: got %v, want one zero", s)
	}
}

func TestMetricsAreJSON(t *testing.T) {
	var m Metrics
	var h histogram
	h.observe(3)
	m.Turns, m.TurnTime = 1, snapshotOf[time.Duration](&h)
	var got map[string]any
	require.NoError(t, json.Unmarshal([]byte(m.String()), &got))
	length, _ := got["turn_time"].(map[string]any)
	if got["turns"] != 1.0 || length["p99"] != 3.0 || length["count"] != 1.0 {
		t.Errorf("JSON: got %v, want 1 turn of 3 ns", got)
	}
}

// Ready tasks keep their times while the ring grows and is reused.
func TestARunQueueRemembersSinceWhenEachIsReady(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var now time.Duration
	q := runQueue{clock: func() time.Duration { now++; return now }}
	var model []time.Duration
	for range 10 * runQueueLengthMin {
		switch random.IntN(5) {
		case 0, 1:
			q.push(numbered(0))
			model = append(model, now)
		case 2:
			q.pushReady(numbered(0), -1)
			model = append(model, -1)
		default:
			if len(model) == 0 {
				continue
			}
			if got := q.readySince(); got != model[0] {
				t.Fatalf("readySince: got %d, want %d", got, model[0])
			}
			q.pop()
			model = model[1:]
		}
	}
}
