package sched

import (
	"fmt"

	"github.com/edgewise-go/edgewise/queue"
)

// Shared is a scheduler of one loop on several threads, its workers: they share a queue, and
// whoever is free runs what is ready. A handler's steps, and the first turn of a coroutine, are run
// by any worker; after it a coroutine stays with the worker that began it, because Go can resume it
// on that thread only. No task is ever run by two workers at a time, whatever the mode.
//
// One worker waits for events, the others wait for it: an event wakes one thread. A long step
// delays nobody's event while a worker is free. A lock is taken at each step and suspension, and a
// thread may be woken for an event that another has taken from the queue. In the modes Level and
// OneShot interest is changed with the lock held; in Level a task that is not yet run costs two
// such changes more, where Single often needs none: prefer Edge. Shared is for few tasks with long
// steps; many short ones run faster on a Sharded.
//
// What one worker does counts for another that is in the queue's wait: a time that comes before the
// one it waits for ends the wait; and in OneShot an event that is on its way is not asked for
// again, or one readiness would be reported twice.
//
// Its tasks, steps and posted functions run at the same time: what they share, each must guard.
// Options.Ended and Options.Stalled are called by several workers at a time.
type Shared struct{ *Loop }

// MaxWorkers bounds the workers of a Shared: each is a thread.
const MaxWorkers = 256

// NewShared returns a scheduler of workers threads over q, which it owns unless there is an error:
// Run closes q when it ends.
func NewShared(workers int, q queue.Queue, options Options) (Shared, error) {
	if workers < 1 || workers > MaxWorkers {
		return Shared{}, fmt.Errorf("sched: %d workers: want 1 to %d", workers, MaxWorkers)
	}
	l := newLoop(q, options, workers)
	if workers > 1 {
		l.crew = newCrew(l.workers)
	}
	return Shared{l}, nil
}

// Loops returns the one loop.
func (s Shared) Loops() []*Loop { return []*Loop{s.Loop} }
