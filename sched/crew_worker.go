package sched

import (
	"context"
	"fmt"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/edgewise-go/edgewise/sys"
)

// worker is a thread that runs the tasks of a loop.
//
// With several workers, one leads: it waits in the queue while the idle others are parked. Before a
// worker runs foreign code, it offers its unfinished work, the lead included, to a parked worker. A
// worker therefore waits for events whenever one is free, and an event wakes one thread.
type worker struct {
	loop    *Loop
	running *Task // the coroutine that has the thread; only that coroutine reads it

	own, coroutine atomic.Uintptr // goroutine numbers: of w while it works, and of the coroutine that had the thread last; see callers.go

	runQueue runQueue // coroutines that began here, if the loop has a crew; guarded by the loop's lock, like the fields below
	parked   bool     // in shift.idle
	wake     chan struct{}
	watchdog *watchdog // if Options.MaxTurn asks for one
	index    int       // in the crew
	place    int       // among the threads of the scheduler
	arrivals arrivals
	began    time.Duration // start of the current turn, if there is a TurnBudget

	stopwatch stopwatch
	labels    context.Context // of the coroutine about to begin, if there is a profile
}

func newWorker(l *Loop, place int) *worker {
	return &worker{loop: l, place: place, wake: make(chan struct{}, 1)}
}

// shift assigns roles to the workers of a loop. Guarded by the loop's lock.
type shift struct {
	leader *worker       // the worker in the queue's Wait
	until  time.Duration // end of the leader's wait, in the time of timers
	idle   []*worker     // parked
	waking int           // workers that were taken from idle and do not have the lock yet

	over bool // the workers end
	done bool // the loop has finished; loops whose tasks its workers may have can still run
	err  error
}

// work runs l on the calling goroutine until the shift is over.
func (w *worker) work() {
	l := w.loop
	runtime.LockOSThread()
	release, err := w.bind()
	defer func() {
		// A thread that remains bound ends with the goroutine.
		if release() == nil {
			runtime.UnlockOSThread()
		}
	}()
	w.occupies()
	w.watchdog = l.watch()
	defer w.watchdog.end()
	l.lock()
	if err != nil {
		l.stop(fmt.Errorf("sched: %w", err))
	}
	orderly := false // stays false if the turns end by Goexit or a panic of the loop itself
	defer func() {
		if !orderly {
			l.stop(errExitedRun)
		}
		w.leave()
	}()
	for !l.shift.over {
		l.turn(w)
	}
	orderly = true
}

// bind binds the thread to its CPU, if Options has CPUs.
func (w *worker) bind() (release func() error, err error) {
	release = func() error { return nil }
	if cpus := w.loop.options.CPUs; len(cpus) > 0 {
		unbind, err := sys.BindThread(cpus[w.place%len(cpus)])
		if err != nil {
			return release, err
		}
		release = unbind
	}
	return release, nil
}

// push makes w run r.
func (w *worker) push(r runnable) {
	if r.owner() != w.loop {
		w.arrivals.push(w.loop, r)
		return
	}
	w.runQueue.push(r)
	switch {
	case w.parked:
		w.unpark()
	case w.loop.shift.leader == w:
		w.loop.inbox.wakeSleeper(w.loop)
	}
}

// park makes w wait until there is work for it. This costs both threads tens of microseconds, the
// time that Go takes to stop and start a locked thread.
func (w *worker) park() {
	l := w.loop
	w.watchdog.enter(nil)
	w.parked = true
	l.shift.idle = append(l.shift.idle, w)
	l.unlock()
	<-w.wake
	l.lock()
	l.shift.waking--
}

func (w *worker) unpark() {
	s := &w.loop.shift
	// The last worker is the likely one: it was busy most recently.
	for i := len(s.idle) - 1; i >= 0; i-- {
		if s.idle[i] == w {
			s.idle = append(s.idle[:i], s.idle[i+1:]...)
			break
		}
	}
	w.parked = false
	s.waking++
	w.wake <- struct{}{}
}

// offer is called before the lock is released, and where a task has made work. It gives the
// caller's unfinished work to another worker.
func (l *Loop) offer() {
	if l.crew == nil || l.shift.waking > 0 {
		return
	}
	l.handOn()
	s := &l.shift
	work := l.runQueue.count > 0
	switch n := len(s.idle); {
	case n > 0 && (work || s.leader == nil):
		s.idle[n-1].unpark()
	case n > 0 || !work:
	case s.leader != nil:
		l.inbox.wakeSleeper(l)
	case l.crew.stealing:
		l.hasSurplus(true)
		l.crew.wakeThief(l)
	}
}
