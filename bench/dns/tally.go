package dns

import (
	"runtime"
	"time"

	"github.com/edgewise-go/edgewise/bench/internal/process"
)

// tally is what a process has done in a span of time. The programs in C print the same JSON,
// without allocations.
type tally struct {
	Lookups     int           `json:"lookups"` // answered
	Failed      int           `json:"failed"`
	CPU         time.Duration `json:"cpu_ns"` // user and system, of this process
	Wall        time.Duration `json:"wall_ns"`
	Allocations *uint64       `json:"allocations,omitempty"`
	Bytes       *uint64       `json:"bytes,omitempty"` // allocated
}

// cpuPerLookup returns nanoseconds.
func (t tally) cpuPerLookup() float64 { return float64(t.CPU) / float64(max(1, t.Lookups)) }

func (t tally) rate() float64 { return float64(t.Lookups) / t.Wall.Seconds() }

// allocations returns the allocations per lookup, and false if they are unknown.
func (t tally) allocations() (float64, bool) {
	if t.Allocations == nil {
		return 0, false
	}
	return float64(*t.Allocations) / float64(max(1, t.Lookups)), true
}

// mark is the state of the process at a moment.
type mark struct {
	memory runtime.MemStats
	cpu    time.Duration
	at     time.Time
}

func newMark() (*mark, error) {
	m := &mark{}
	runtime.ReadMemStats(&m.memory)
	var err error
	m.cpu, err = process.OwnCPU()
	m.at = time.Now()
	return m, err
}

// since returns what has happened since m, except for the counts of lookups.
func (m *mark) since() (tally, error) {
	end := time.Now()
	cpu, err := process.OwnCPU()
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	allocations, bytes := memory.Mallocs-m.memory.Mallocs, memory.TotalAlloc-m.memory.TotalAlloc
	return tally{CPU: cpu - m.cpu, Wall: end.Sub(m.at), Allocations: &allocations, Bytes: &bytes}, err
}
