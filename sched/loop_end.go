package sched

import (
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/edgewise-go/edgewise/queue"
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

// goesHome reports whether the workers of l must run no more tasks.
func (l *Loop) goesHome() bool {
	s := &l.shift
	stealing := l.crew != nil && l.crew.stealing
	switch {
	case s.over:
	case stealing && l.crew.over.Load():
		s.over, s.err = true, l.canceled
		if l.crew.err != nil {
			s.err = l.crew.err
		}
	case !l.finished():
	case !stealing:
		l.stop(l.canceled)
	case !s.done:
		// The worker stays and steals until all loops have finished, because it may have coroutines
		// of other loops.
		s.done = true
		if int(l.crew.done.Add(1)) == len(l.crew.loops) {
			l.stop(l.canceled)
		}
	}
	return s.over
}

// stop ends all workers. Run returns err, unless all loops of a Stealing end in order: then each
// loop returns its own error.
func (l *Loop) stop(err error) {
	s := &l.shift
	if s.over {
		return
	}
	s.over, s.err = true, err
	for len(s.idle) > 0 {
		s.idle[len(s.idle)-1].unpark()
	}
	l.inbox.wakeSleeper(l)
	if l.crew != nil && l.crew.stealing {
		if s.done {
			err = nil
		}
		l.crew.stop(err)
	}
}

// leave ends the coroutines of w, which no other thread can resume. It does so once no worker runs
// tasks any more.
func (w *worker) leave() {
	l, e := w.loop, w.loop.ending
	first := w == l.workers[0]
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
		l.overErr = l.shift.err // in case a function that windUp calls exits
		l.overErr = l.windUp(l.shift.err)
	}
}

// windUp ends everything except the coroutines, and returns the result of Run.
func (l *Loop) windUp(err error) error {
	l.state.Store(uint32(loopOver))
	// A goroutine that exits in a posted function leaves the rest of its batch undone.
	for _, f := range append(l.taken, l.inbox.end()...) {
		if f != nil {
			l.metrics.countPosted()
			l.protect(postedName, f)
		}
	}
	if cerr := l.queue.Close(); err == nil && cerr != nil && !errors.Is(cerr, queue.ErrClosed) {
		err = cerr
	}
	l.eachSink(func(k sink) { k.over(l) })
	return err
}

// endTurnsMax bounds how often a task may wait in spite of its cancellation when the loop cannot
// continue.
const endTurnsMax = 64

// cancelLeft cancels the remaining coroutines after the loop has failed.
func (l *Loop) cancelLeft() {
	if l.tasks == nil {
		return
	}
	cause := l.shift.err
	if cause == nil {
		cause = ErrStopped
	}
	l.canceled = cause
	l.eachTask(func(t *Task) { t.stop(cause) }, func(sink) {})
}

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
		l.round(w)
	}
	l.abortAll(w)
	if l.crew != nil {
		for _, other := range l.crew.loops {
			w.visit(other, (*Loop).abortAll)
		}
	}
	finished = true
}

// abortAll ends the remaining coroutines of l at w by a panic.
func (l *Loop) abortAll(w *worker) {
	for t := l.tasksAt(w); t != nil; t = l.tasksAt(w) {
		w.running = t
		if t.abort != nil {
			t.abort()
		}
		w.running = nil
		t.end()
	}
}

// tasksAt returns a task of l that w has to end, or nil if there is none.
func (l *Loop) tasksAt(w *worker) *Task {
	t := l.tasks
	for t != nil && t.home != w && (t.home != nil || w.loop != l) {
		t = t.older
	}
	return t
}
