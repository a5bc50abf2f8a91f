package sched

import (
	"sync"
	"sync/atomic"
)

// crew is a group of workers that can run each other's tasks.
type crew struct {
	workers []*worker

	// For a Stealing only. The fields that are not atomic are set before the workers begin.
	stealing bool
	loops    []*Loop // the running loops
	done     atomic.Int32
	over     atomic.Bool
	err      error // set before over
	failed   sync.Once
}

func newCrew(workers []*worker) *crew {
	for i, w := range workers {
		w.index = i
	}
	return &crew{workers: workers}
}
