package resolve

import (
	"sync/atomic"
	"time"
)

// Stats is an [Observer] that counts. The zero Stats is ready for use, also by several [Observe] at
// once. It never locks or allocates.
type Stats struct {
	memory, started atomic.Uint64
	inFlight        atomic.Int64
	outcomes        [outcomes]atomic.Uint64
	latency         [HistogramLength]atomic.Uint64
}

// StatsSnapshot holds the counters of a [Stats]. They are read one after the other, so they need
// not be of one instant.
type StatsSnapshot struct {
	FromMemory uint64           // answers and failures that Try returned
	Started    uint64           // queries started
	InFlight   int              // queries started and not finished
	Outcomes   [Outcomes]uint64 // queries finished, by [Outcome]
	Latency    Histogram        // of the finished queries, except the canceled ones
}

// Tried implements [Observer].
func (s *Stats) Tried(Question, Answer, error) { s.memory.Add(1) }

// Started implements [Observer].
func (s *Stats) Started(Question) {
	s.started.Add(1)
	s.inFlight.Add(1)
}

// Finished implements [Observer].
func (s *Stats) Finished(_ Question, took time.Duration, _ Answer, err error) {
	o := OutcomeOf(err)
	s.inFlight.Add(-1)
	s.outcomes[o].Add(1)
	if o != OutcomeCanceled {
		s.latency[bucketOf(took)].Add(1)
	}
}

// Snapshot returns the counters.
func (s *Stats) Snapshot() StatsSnapshot {
	var c StatsSnapshot
	c.FromMemory, c.Started, c.InFlight = s.memory.Load(), s.started.Load(), int(s.inFlight.Load())
	for i := range s.outcomes {
		c.Outcomes[i] = s.outcomes[i].Load()
	}
	for i := range s.latency {
		c.Latency[i] = s.latency[i].Load()
	}
	return c
}
