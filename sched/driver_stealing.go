package sched

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// stealingDriver runs a loop on one thread. The threads of the other loops of a Stealing may run
// the loop's tasks too.
type stealingDriver struct {
	loop  *Loop
	group *thieves
	index int // among the loops of the group
	team  [1]*worker

	mu      sync.Mutex // guards the fields below and the state of the loop, its tasks and sources
	waiting bool       // the worker is in the queue's Wait
	done    bool       // the loop has finished; loops whose tasks its worker may have can still run

	surplus atomic.Bool // a worker of another loop may take work, while that of this loop is busy
	errand  atomic.Bool // the worker was woken to take such work from another loop
}

// thieves are the loops of a Stealing. The fields that are not atomic are set before the workers
// begin, except err.
type thieves struct {
	loops   []*stealingDriver // those that run
	workers []*worker         // of all loops

	done   atomic.Int32 // loops that have finished
	over   atomic.Bool
	failed sync.Once
	err    error // set before over
}

// join makes l the next loop of g.
func (g *thieves) join(l *Loop) *Loop {
	d := &stealingDriver{loop: l, group: g, index: len(g.loops), team: [1]*worker{newWorker(l, newEnding(1))}}
	if d.index > 0 {
		l.epoch = g.loops[0].loop.epoch // a thief uses the time of its own loop
	}
	l.driver = d
	g.loops = append(g.loops, d)
	g.workers = append(g.workers, d.team[0])
	return l
}

// startTogether prepares loops, which end together, before they run.
func startTogether(loops []*Loop) {
	first, ok := loops[0].driver.(*stealingDriver)
	if !ok {
		return // a single loop has none to steal from
	}
	ending := newEnding(len(loops))
	first.group.loops = nil
	for i, l := range loops {
		d := l.driver.(*stealingDriver)
		d.index, d.team[0].ending = i, ending
		first.group.loops = append(first.group.loops, d)
	}
}

func (d *stealingDriver) lock()   { d.mu.Lock() }
func (d *stealingDriver) unlock() { d.mu.Unlock() }

func (d *stealingDriver) turn(w *worker) {
	l := d.loop
	l.takeDue(w)
	d.round(w)
	if d.goesHome() {
		return
	}
	l.settleFired()
	stolen := d.steal(w)
	d.waiting = true
	n, err := l.wait(w, stolen)
	d.waiting = false
	l.deliver(n, err)
}

func (d *stealingDriver) round(w *worker) {
	w.takeArrivals()
	w.roundBegins()
	w.runHome()
	d.loop.runReady(w)
	d.setSurplus(false)
}

// goesHome reports whether the worker must run no more tasks.
func (d *stealingDriver) goesHome() bool {
	l, g := d.loop, d.group
	switch {
	case l.stopping:
	case g.over.Load():
		l.stopping, l.stopErr = true, l.canceled
		if g.err != nil {
			l.stopErr = g.err
		}
	case l.finished() && !d.done:
		// The worker stays and steals until all loops have finished, because it may have coroutines
		// of other loops.
		d.done = true
		if int(g.done.Add(1)) == len(g.loops) {
			l.stop(l.canceled)
		}
	}
	return l.stopping
}

// stopped ends the other workers. Run returns the loop's error, unless all loops end in order: then
// each loop returns its own.
func (d *stealingDriver) stopped() {
	err := d.loop.stopErr
	if d.done {
		err = nil
	}
	d.loop.inbox.wakeSleeper(d.loop)
	d.group.stop(err)
}

// stop ends all workers.
func (g *thieves) stop(err error) {
	g.failed.Do(func() {
		g.err = err
		g.over.Store(true)
	})
	for _, d := range g.loops {
		d.loop.inbox.rouse(d.loop)
	}
}

func (d *stealingDriver) offer() {
	d.handOn()
	switch l := d.loop; {
	case l.runQueue.count == 0:
	case d.waiting:
		l.inbox.wakeSleeper(l)
	default:
		d.setSurplus(true)
		d.group.wakeThief(d)
	}
}

func (d *stealingDriver) push(w *worker, r runnable) {
	if w.loop != d.loop {
		w.arrivals.push(w.loop, r)
		return
	}
	w.home.push(r)
	if d.waiting {
		d.loop.inbox.wakeSleeper(d.loop)
	}
}

func (d *stealingDriver) hasWork(w *worker) bool {
	return w.home.count > 0 || d.loop.runQueue.count > 0 || w.arrivals.any.Load()
}

func (d *stealingDriver) timerSet(when time.Duration) {
	if when < d.loop.waitsUntil {
		d.loop.inbox.wakeSleeper(d.loop)
	}
}

// inboxTaken makes the worker take what came while a thief held the lock. The caller may have a
// task to run before that.
func (d *stealingDriver) inboxTaken() { d.loop.inbox.lookAgain(d.loop) }

func (d *stealingDriver) abortVisitors(w *worker) {
	for _, other := range d.group.loops {
		w.visit(other.loop, (*Loop).abortAll)
	}
}

func (d *stealingDriver) workers() []*worker { return d.team[:] }

func (d *stealingDriver) workerOf() *worker { return d.loop.runningWorker() }

func (d *stealingDriver) runningTask(g uintptr) *Task { return runningTask(d.group.workers, g) }

func (d *stealingDriver) lastEnded() { d.loop.inbox.rouse(d.loop) }

func (*stealingDriver) runsAlone() error {
	return fmt.Errorf("sched: cannot run a single loop of a Stealing scheduler: %w", errors.ErrUnsupported)
}

// steal runs one task of a busy loop if w has nothing else to do, and reports whether it did.
func (d *stealingDriver) steal(w *worker) bool {
	if d.hasWork(w) || d.loop.stopping {
		return false
	}
	loops := d.group.loops
	for i := range loops {
		// Each thief begins after its own place, so that they do not all try the same victim.
		victim := loops[(d.index+1+i)%len(loops)]
		if victim != d && victim.surplus.Load() && d.stealFrom(victim, w) {
			return true
		}
	}
	if d.errand.Load() {
		d.errand.Store(false)
	}
	return false
}

func (d *stealingDriver) stealFrom(victim *stealingDriver, w *worker) bool {
	d.unlock()
	victim.lock()
	defer func() {
		victim.unlock()
		d.lock()
	}()
	if victim.loop.runQueue.count == 0 || victim.loop.stopping {
		victim.surplus.Store(false)
		return false
	}
	w.theftBegins()
	r := w.take(&victim.loop.runQueue)
	victim.setSurplus(victim.loop.runQueue.count > 0)
	victim.offer()
	d.handOn() // other loops may have more
	r.run(victim.loop, w)
	w.turnEnds()
	victim.offer() // it may be ready again while the victim sleeps
	return true
}

// setSurplus sets whether other loops may look for work at d.
func (d *stealingDriver) setSurplus(some bool) {
	if d.surplus.Load() != some {
		d.surplus.Store(some)
	}
}

// wakeThief wakes a sleeping worker of a loop other than d's, if there is one. A worker that is
// about to sleep announces it and then looks for surplus once more.
func (g *thieves) wakeThief(d *stealingDriver) {
	for _, other := range g.loops {
		if other == d || !other.loop.inbox.sleeping.Load() {
			continue
		}
		other.errand.Store(true)
		if other.loop.inbox.wakeSleeper(other.loop) {
			return
		}
	}
}

// handOn wakes another thief in place of d's worker, which was woken to steal but has other work
// first.
func (d *stealingDriver) handOn() {
	if d.errand.Load() && d.errand.Swap(false) && d.canSteal() {
		d.group.wakeThief(d)
	}
}

func (d *stealingDriver) canSteal() bool {
	for _, other := range d.group.loops {
		if other != d && other.surplus.Load() {
			return true
		}
	}
	return false
}
