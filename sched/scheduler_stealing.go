package sched

import (
	"context"

	"github.com/edgewise-go/edgewise/queue"
)

// Stealing is a scheduler with several loops, each on its own thread and over its own queue, as in
// a Sharded. In addition, the worker of an idle loop takes ready work from a busy loop. What it
// takes stays with its loop: only the turn runs elsewhere.
//
// Any of the threads may run the step of a handler or the first turn of a coroutine. After that
// turn a coroutine stays with the thread that began it, because Go can resume it on that thread
// only. Two threads never run a task at the same time. Tasks of one loop may run at the same time,
// and must guard what they share. A loop with more ready tasks than it can run at once wakes a
// sleeping loop, which costs a system call. No thread spins. Each step and suspension takes a lock,
// which is seldom contended.
//
// It is for uneven work: steps of different length, or connections that are busy at different
// times. For even work, a Sharded does the same for less.
//
// Its loops end together, when all have drained and have no tasks left. Shutdown of one loop waits
// for the others. If one loop fails, all fail.
type Stealing struct{ *Sharded }

// NewStealing returns a scheduler with n loops, each over a queue that open returns.
func NewStealing(n int, open func() (queue.Queue, error), options Options) (Stealing, error) {
	if n == 1 {
		s, err := NewSharded(n, open, options)
		return Stealing{s}, err
	}
	g := &thieves{}
	s, err := newSharded(n, open, options, g.join)
	return Stealing{s}, err
}

// Run runs the first loop on the calling goroutine and each other loop on its own goroutine. Those
// goroutines have ended when Run returns. If one loop fails, the tasks of all loops end as if their
// queues had failed; see Loop.Run.
func (s Stealing) Run(ctx context.Context) error {
	return s.run(ctx, startTogether)
}
