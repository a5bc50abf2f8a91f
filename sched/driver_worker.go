package sched

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/edgewise-go/edgewise/sys"
)

// worker is a thread that runs the tasks of a loop.
type worker struct {
	loop    *Loop
	place   int     // among the threads of the scheduler
	ending  *ending // of the workers that end together
	running *Task   // the coroutine that has the thread; only that coroutine reads it

	own, coroutine atomic.Uintptr // goroutine numbers: of w while it works, and of the coroutine that had the thread last; see loop_callers.go

	// For drivers with several threads, guarded by the lock of w's loop.
	home     runQueue // coroutines that began here
	arrivals arrivals // those of other loops
	parked   bool
	wake     chan struct{}

	watchdog  *watchdog       // if Options.MaxTurn asks for one
	began     time.Duration   // start of the current turn, if there is a TurnBudget
	stopwatch stopwatch       // if there are metrics
	labels    context.Context // of the coroutine about to begin, if there is a profile
}

func newWorker(l *Loop, e *ending) *worker {
	w := &worker{loop: l, ending: e, wake: make(chan struct{}, 1)}
	w.home.clock = l.runQueue.clock
	return w
}

// runWorkers runs the first worker of team on the calling goroutine and each other one on its own
// goroutine. Those goroutines have ended when it returns.
func runWorkers(team []*worker) {
	var others sync.WaitGroup
	for _, w := range team[1:] {
		others.Go(w.work)
	}
	team[0].work()
	others.Wait()
}

// work runs the loop on the calling goroutine until it stops.
func (w *worker) work() {
	l := w.loop
	release, err := w.lockThread()
	defer release()
	w.occupies()
	w.watchdog = l.watch()
	defer w.watchdog.end()
	l.lock()
	if err == nil {
		err = l.openErr
	}
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
	for !l.stopping {
		l.driver.turn(w)
	}
	orderly = true
}

// lockThread locks the calling goroutine to its thread, unless the loop floats, and binds the
// thread. The caller must call release, even after an error.
func (w *worker) lockThread() (release func(), err error) {
	if w.loop.floating {
		return func() {}, nil
	}
	runtime.LockOSThread()
	unbind, err := w.bind()
	return func() {
		// A thread that remains bound ends with the goroutine.
		if unbind() == nil {
			runtime.UnlockOSThread()
		}
	}, err
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

// runHome runs the coroutines that began on w and are ready now.
func (w *worker) runHome() {
	for range w.home.count {
		w.loop.driver.offer()
		if r := w.take(&w.home); r.owner() == w.loop {
			r.run(w.loop, w)
		} else {
			w.visit(r.owner(), r.run)
		}
		w.turnEnds()
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
