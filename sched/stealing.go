package sched

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/edgewise-go/edgewise/queue"
)

// Stealing is a scheduler of several loops, each on a thread of its own and over a queue of its
// own, as a Sharded has them, but for one thing: the worker of a loop that has nothing to do takes
// what is ready on one that is busy. What it takes stays with its loop: only the turn is run
// elsewhere.
//
// A handler's step may be run by any of the threads, and so may the first turn of a coroutine;
// after it a coroutine stays with the thread that began it, because Go can resume it on that thread
// only. No task is ever run by two threads at a time, but the tasks of one loop may run at the same
// time: what they share, each must guard. A loop that has more ready than it can run at once wakes
// one that sleeps: a system call. Nobody spins. A lock is taken at each step and suspension, seldom
// contended.
//
// It is for work that comes unevenly: steps of different length, connections that are busy by
// turns. Where it is even, a Sharded does the same for less.
//
// Its loops end together, when all have been drained and have no tasks left: Shutdown of one of
// them waits for the others. If one fails, all do.
type Stealing struct{ *Sharded }

// NewStealing returns a scheduler of n loops, each over a queue that open returns.
func NewStealing(n int, open func() (queue.Queue, error), options Options) (Stealing, error) {
	s, err := NewSharded(n, open, options)
	if err != nil || n == 1 {
		return Stealing{s}, err
	}
	c := newCrew(s.loops[0].peers)
	c.stealing = true
	for _, l := range s.loops {
		l.crew, l.epoch = c, s.loops[0].epoch // a thief measures in the time of its own loop
	}
	return Stealing{s}, nil
}

// Run runs the first loop on the calling goroutine and each other on one of its own, which have
// ended when Run returns. If one fails, the tasks of all end as Loop.Run ends those of a loop whose
// queue fails.
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

// arrivals are coroutines of other loops that began on a worker, and go on there.
type arrivals struct {
	any atomic.Bool

	mu    sync.Mutex // guards what follows
	tasks []arrival  // their bound is the number of tasks
	spare []arrival
}

type arrival struct {
	task  runnable
	since time.Duration // if there are metrics
}

// push is called with the lock of the task's loop; l is the worker's.
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

// visit calls f with the lock of l in place of that of w's own loop.
func (w *worker) visit(l *Loop, f func(*Loop, *worker)) {
	w.loop.unlock()
	l.lock()
	defer func() {
		l.unlock()
		w.loop.lock()
	}()
	f(l, w)
}

// steal runs one task of a loop that is busy, if w has nothing else to do, and reports whether it
// did.
func (w *worker) steal() bool {
	c := w.loop.crew
	if c == nil || !c.stealing || w.loop.hasWork(w) || w.loop.shift.over {
		return false
	}
	for i := range c.loops {
		// Each begins after its own place, so that thieves do not all ask the same.
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
	w.loop.handOn() // there may be more elsewhere
	r.run(victim, w)
	w.turnEnds()
	victim.offer() // it may be ready again, and the victim asleep by now
	return true
}

// hasSurplus says whether others may look for work at l.
func (l *Loop) hasSurplus(some bool) {
	if l.crew != nil && l.crew.stealing && l.surplus.Load() != some {
		l.surplus.Store(some)
	}
}

// wakeThief wakes a worker of a loop other than l, if there is one that sleeps. One that is about
// to sleep looks once more for surplus after it has said so.
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

// handOn has another thief woken in the place of l's worker, which was woken to steal and has
// something else to do first.
func (l *Loop) handOn() {
	if l.errand.Load() && l.errand.Swap(false) && l.crew.surplus(l) {
		l.crew.wakeThief(l)
	}
}

// surplus reports whether there is work to steal for a worker of l. c may be nil.
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

// stop sends all workers home.
func (c *crew) stop(err error) {
	c.failed.Do(func() {
		c.err = err
		c.over.Store(true)
	})
	for _, l := range c.loops {
		l.inbox.rouse(l)
	}
}
