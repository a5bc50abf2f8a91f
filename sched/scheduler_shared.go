package sched

import (
	"fmt"

	"github.com/edgewise-go/edgewise/queue"
)

// Shared is a scheduler with one loop on several threads, its workers. They share a queue, and any
// free worker runs what is ready. Any worker runs the steps of a handler and the first turn of a
// coroutine. After that turn a coroutine stays with the worker that began it, because Go can resume
// it on that thread only. Two workers never run a task at the same time, whatever the mode.
//
// One worker waits for events, and the others wait for it. An event wakes one thread. A long step
// delays no event while a worker is free. Each step and suspension takes a lock. A thread may be
// woken for an event that another thread has taken from the queue.
//
// In the modes Level and OneShot, interest is changed with the lock held. In Level a task that has
// not yet run costs two more such changes, where Single often needs none: prefer Edge. Shared is
// for few tasks with long steps. Many short steps run faster on a Sharded.
//
// A change by one worker applies to the worker in the queue's wait. A deadline before the one it
// waits for ends the wait. In OneShot, an event that is on its way is not requested again.
// Otherwise one readiness would be reported twice.
//
// Tasks, steps and posted functions run at the same time, and must guard what they share. Several
// workers call Options.Ended and Options.Stalled at the same time.
type Shared struct{ *Loop }

// MaxWorkers bounds the workers of a Shared. Each worker is a thread.
const MaxWorkers = 256

// NewShared returns a scheduler of workers threads over q. It owns q unless it returns an error:
// Run closes q when it ends.
func NewShared(workers int, q queue.Queue, options Options) (Shared, error) {
	if workers < 1 || workers > MaxWorkers {
		return Shared{}, fmt.Errorf("sched: %d workers: want 1 to %d", workers, MaxWorkers)
	}
	if workers == 1 {
		return Shared{New(q, options)}, nil
	}
	return Shared{newShared(newLoop(q, options), workers).introduced()}, nil
}

// Loops returns the one loop.
func (s Shared) Loops() []*Loop { return []*Loop{s.Loop} }
