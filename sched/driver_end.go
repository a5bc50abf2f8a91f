package sched

import (
	"fmt"
	"sync/atomic"
)

var errExitedRun = fmt.Errorf("sched: Run: %w", ErrExited)

// ending holds the barriers at which workers that end together wait for each other.
type ending struct {
	stopped *barrier // no worker runs tasks
	wound   *barrier // everything is over except the coroutines, which are canceled
	ended   *barrier // the coroutines have ended
}

func newEnding(workers int) *ending {
	return &ending{newBarrier(workers), newBarrier(workers), newBarrier(workers)}
}

// barrier releases its waiters once the number of workers that it was made for has arrived.
type barrier struct {
	missing atomic.Int32
	open    chan struct{}
}

func newBarrier(n int) *barrier {
	b := &barrier{open: make(chan struct{})}
	b.missing.Store(int32(n))
	return b
}

func (b *barrier) arrive() {
	if b.missing.Add(-1) == 0 {
		close(b.open)
	}
}

func (b *barrier) wait() { <-b.open }

// leave ends the coroutines of w, which no other thread can resume. It does so once no worker runs
// tasks any more.
func (w *worker) leave() {
	l, e := w.loop, w.ending
	first := w == l.driver.workers()[0]
	// Deferred: the calls before these run foreign functions, which may call Goexit.
	defer func() {
		l.unlock()
		e.ended.arrive()
		if first {
			e.ended.wait()
			close(l.over)
		}
	}()
	defer w.vacates()
	defer w.endTasks()
	defer func() {
		if first {
			l.cancelLeft()
		}
		l.unlock()
		e.wound.arrive()
		e.wound.wait()
		l.lock()
	}()
	l.unlock()
	e.stopped.arrive()
	e.stopped.wait()
	l.lock()
	if first {
		l.overErr = l.stopErr // in case a function that windUp calls exits
		l.overErr = l.windUp(l.stopErr)
	}
}

// endTurnsMax bounds how often a task may wait in spite of its cancellation when the loop cannot
// continue.
const endTurnsMax = 64

// endTasks ends the remaining coroutines of w after the loop has failed. They can be resumed
// neither later nor by another thread.
func (w *worker) endTasks() {
	finished := false
	defer func() {
		// One of the tasks has called runtime.Goexit, which continues once the others have ended.
		if !finished {
			w.endTasks()
		}
	}()
	if exited := w.running; exited != nil {
		w.visit(exited.loop, func(_ *Loop, w *worker) {
			w.running = nil
			exited.end()
		})
	}
	l := w.loop
	for range endTurnsMax {
		l.driver.round(w)
	}
	l.abortAll(w)
	l.driver.abortVisitors(w)
	finished = true
}
