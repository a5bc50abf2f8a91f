package resolve

import "time"

// AdaptiveStats holds the counters of an [Adaptive].
type AdaptiveStats struct {
	Queries  uint64 // started
	Retries  uint64 // failures after which another route was asked
	Explored uint64 // queries that went to another route to measure it
	Probes   uint64 // copies of queries to routes that were down
	Routes   []RouteStats
}

// RouteStats holds the counters of one route of an [Adaptive].
type RouteStats struct {
	Name     string
	Outcomes [Outcomes]uint64 // results, by [Outcome], including probes and [Adaptive.Sample]
	Answered Latency          // answers
	Negative Latency          // negative answers
	Failed   Latency          // failures
	Held     Latency          // how long Start held up its caller, for any result
	Down     bool
	Failure  error // why the route is down
}

// Latency describes recent durations. The percentiles are the upper bounds of the buckets of a
// [Histogram].
type Latency struct {
	Samples  uint64        // all ever made
	Mean     time.Duration // exponentially weighted; for Held, of the durations still counted
	P95, P99 time.Duration
}

func latencyOf(r *recent) Latency {
	return Latency{Samples: r.total, Mean: time.Duration(r.mean), P95: r.quantile(0.95), P99: r.quantile(0.99)}
}

// Stats returns the counters.
func (a *Adaptive) Stats() AdaptiveStats {
	a.mu.Lock()
	defer a.mu.Unlock()
	s := a.stats
	for _, r := range a.routes {
		h := r.held()
		held := Latency{Samples: r.threads(), P95: h.Quantile(0.95), P99: h.Quantile(0.99)}
		var weight float64
		for i := range r.thread {
			weight += float64(r.thread[i].n) * r.thread[i].mean
		}
		if n := h.Count(); n > 0 {
			held.Mean = time.Duration(weight / float64(n))
		}
		s.Routes = append(s.Routes, RouteStats{Name: r.Name, Outcomes: r.outcomes, Held: held, Down: r.down, Failure: r.failure,
			Answered: latencyOf(&r.latency[kindAnswered]), Negative: latencyOf(&r.latency[kindNegative]), Failed: latencyOf(&r.latency[kindFailed])})
	}
	return s
}
