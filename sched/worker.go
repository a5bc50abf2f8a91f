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
// One of several leads: it waits in the queue, while the others that have nothing to do are parked.
// Before a worker runs code of others it offers what it leaves undone, the lead included, to one
// that is parked: so somebody waits for events whenever anybody is free, and an event wakes one
// thread.
type worker struct {
	loop    *Loop
	running *Task // the coroutine that has the thread, which alone looks

	own, coroutine atomic.Uintptr // numbers of the goroutine of w, while it works, and of the coroutine that had the thread last; see callers.go

	runQueue runQueue // coroutines that began here, if the loop has a crew; guarded by the loop's lock, as what follows
	parked   bool     // among the loop's idle
	wake     chan struct{}
	watchdog *watchdog // if Options.MaxTurn asks for one
	index    int       // in the crew
	place    int       // among the threads of the scheduler
	arrivals arrivals
	began    time.Duration // when the turn that runs has begun, if there is a TurnBudget

	stopwatch stopwatch
	labels    context.Context // of the coroutine that is about to begin, if there is a profile
}

func newWorker(l *Loop, place int) *worker {
	return &worker{loop: l, place: place, wake: make(chan struct{}, 1)}
}

// shift is who of a loop's workers does what, guarded by the loop's lock.
type shift struct {
	leader *worker       // it is in the queue's Wait
	until  time.Duration // the lead waits no longer, in the time of timers
	idle   []*worker     // parked
	waking int           // workers that have been taken from idle and have not got the lock yet

	over bool // the workers go home
	done bool // the loop has finished; those whose tasks its workers may have, perhaps not
	err  error
}

// work runs l on the calling goroutine until the shift is over.
func (w *worker) work() {
	l := w.loop
	runtime.LockOSThread()
	release, err := w.bind()
	defer func() {
		// A thread that stays bound ends with the goroutine.
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
	orderly := false // unless the turns end by Goexit or a panic of the loop itself
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

// bind binds the thread to its CPU, if CPUs are asked for.
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

// push has r run on w.
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

// park has w wait until somebody has something for it. It costs the two of them what Go takes to
// stop a locked thread and to start it, which is tens of microseconds.
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
	// The last is the likely one: it was busy last.
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

// offer is called before the lock is let go, and where a task has made work: it has somebody else
// do what the caller leaves undone.
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
