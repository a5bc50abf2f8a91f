package sched

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

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
	s, err := NewSharded(n, open, options)
	if err != nil || n == 1 {
		return Stealing{s}, err
	}
	c := newCrew(s.loops[0].peers)
	c.stealing = true
	for _, l := range s.loops {
		l.crew, l.epoch = c, s.loops[0].epoch // a thief uses the time of its own loop
	}
	return Stealing{s}, nil
}

// Run runs the first loop on the calling goroutine and each other loop on its own goroutine. Those
// goroutines have ended when Run returns. If one loop fails, the tasks of all loops end as if their
// queues had failed; see Loop.Run.
func (s Stealing) Run(ctx context.Context) error {
	return s.run(ctx, func(loops []*Loop) {
		if c := loops[0].crew; c != nil {
			c.loops = loops
			together := newEnding(len(loops))
			for _, l := range loops {
				l.ending = together
			}
		}
	})
}

// arrivals are coroutines of other loops that began on a worker and continue there.
type arrivals struct {
	any atomic.Bool

	mu    sync.Mutex // guards tasks and spare
	tasks []arrival  // bounded by the number of tasks
	spare []arrival
}

type arrival struct {
	task  runnable
	since time.Duration // if there are metrics
}

// push is called with the lock of the task's loop held. l is the loop of the worker.
func (a *arrivals) push(l *Loop, r runnable) {
	now := arrival{task: r}
	if l.metrics != nil {
		now.since = l.now()
	}
	a.mu.Lock()
	a.tasks = append(a.tasks, now)
	a.mu.Unlock()
	a.any.Store(true)
	l.inbox.rouse(l)
}

func (w *worker) takeArrivals() {
	a := &w.arrivals
	if !a.any.Load() {
		return
	}
	a.any.Store(false)
	a.mu.Lock()
	arrived := a.tasks
	a.tasks, a.spare = a.spare[:0], arrived
	a.mu.Unlock()
	for i, r := range arrived {
		arrived[i].task = nil
		w.runQueue.pushReady(r.task, r.since)
	}
}

// visit calls f with the lock of l held instead of that of w's own loop.
func (w *worker) visit(l *Loop, f func(*Loop, *worker)) {
	w.loop.unlock()
	l.lock()
	defer func() {
		l.unlock()
		w.loop.lock()
	}()
	f(l, w)
}

// steal runs one task of a busy loop if w has nothing else to do, and reports whether it did.
func (w *worker) steal() bool {
	c := w.loop.crew
	if c == nil || !c.stealing || w.loop.hasWork(w) || w.loop.shift.over {
		return false
	}
	for i := range c.loops {
		// Each thief begins after its own place, so that they do not all try the same victim.
		victim := c.loops[(w.index+1+i)%len(c.loops)]
		if victim == w.loop || !victim.surplus.Load() {
			continue
		}
		if w.stealFrom(victim) {
			return true
		}
	}
	if w.loop.errand.Load() {
		w.loop.errand.Store(false)
	}
	return false
}

func (w *worker) stealFrom(victim *Loop) bool {
	w.loop.unlock()
	victim.lock()
	defer func() {
		victim.unlock()
		w.loop.lock()
	}()
	if victim.runQueue.count == 0 || victim.shift.over {
		victim.surplus.Store(false)
		return false
	}
	w.theftBegins()
	r := w.take(&victim.runQueue)
	victim.hasSurplus(victim.runQueue.count > 0)
	victim.offer()
	w.loop.handOn() // other loops may have more
	r.run(victim, w)
	w.turnEnds()
	victim.offer() // it may be ready again while the victim sleeps
	return true
}

// hasSurplus sets whether other loops may look for work at l.
func (l *Loop) hasSurplus(some bool) {
	if l.crew != nil && l.crew.stealing && l.surplus.Load() != some {
		l.surplus.Store(some)
	}
}

// wakeThief wakes a sleeping worker of a loop other than l, if there is one. A worker that is about
// to sleep announces it and then looks for surplus once more.
func (c *crew) wakeThief(l *Loop) {
	for _, other := range c.loops {
		if other == l || !other.inbox.sleeping.Load() {
			continue
		}
		other.errand.Store(true)
		if other.inbox.wakeSleeper(other) {
			return
		}
	}
}

// handOn wakes another thief in place of l's worker, which was woken to steal but has other work
// first.
func (l *Loop) handOn() {
	if l.errand.Load() && l.errand.Swap(false) && l.crew.surplus(l) {
		l.crew.wakeThief(l)
	}
}

// surplus reports whether a worker of l can steal work. c may be nil.
func (c *crew) surplus(l *Loop) bool {
	if c == nil || !c.stealing {
		return false
	}
	for _, other := range c.loops {
		if other != l && other.surplus.Load() {
			return true
		}
	}
	return false
}

// stop ends all workers.
func (c *crew) stop(err error) {
	c.failed.Do(func() {
		c.err = err
		c.over.Store(true)
	})
	for _, l := range c.loops {
		l.inbox.rouse(l)
	}
}
