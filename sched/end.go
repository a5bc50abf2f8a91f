package sched

import (
	"errors"
	"fmt"
	"runtime"

	"github.com/edgewise-go/edgewise/queue"
)

var errExitedRun = fmt.Errorf("sched: Run: %w", ErrExited)

// stop sends the workers home; Run returns err.
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
}

// leave ends what w has to end: when no worker runs tasks any more, its coroutines, which no other thread can resume.
func (w *worker) leave() {
	l := w.loop
	// Deferred, because what they follow calls functions of others, which may exit.
	defer func() {
		l.shift.departed++
		last := l.shift.departed == len(l.workers)
		left := l.tasksAt(w) != nil
		l.crew.leave(w)
		l.unlock()
		if last {
			close(l.over)
		}
		// The thread stays locked, and ends with the goroutine, if coroutines that were created on it are left.
		if !left {
			runtime.UnlockOSThread()
		}
	}()
	defer func() { l.endTasks(w) }()
	l.shift.arrived++
	if l.shift.arrived < len(l.workers) {
		l.unlock()
		<-l.shift.halted
		l.lock()
		return
	}
	defer close(l.shift.halted)
	l.overErr = l.shift.err
	l.overErr = l.windUp(l.shift.err)
}

// windUp ends all but the coroutines, and returns what Run is to return.
func (l *Loop) windUp(err error) error {
	l.state.Store(uint32(loopOver))
	// A goroutine that exits in a posted function leaves the rest of its batch.
	for _, f := range append(l.taken, l.inbox.end()...) {
		if f != nil {
			l.protect(postedName, f)
		}
	}
	if cerr := l.queue.Close(); err == nil && cerr != nil && !errors.Is(cerr, queue.ErrClosed) {
		err = cerr
	}
	for _, s := range l.slots.all() {
		s.sink.over()
	}
	return err
}

// endTurnsMax is how often a task may wait in spite of its cancellation when the loop cannot go on.
const endTurnsMax = 64

// endTasks ends the coroutines that are left at w when the loop has failed: they cannot be resumed later, nor by another thread.
func (l *Loop) endTasks(w *worker) {
	finished := false
	defer func() {
		// One of them has called runtime.Goexit, which goes on when the others have ended.
		if !finished {
			l.endTasks(w)
		}
	}()
	l.cancelAndRun(w)
	for t := l.tasksAt(w); t != nil; t = l.tasksAt(w) {
		w.running = t
		if t.abort != nil {
			t.abort()
		}
		w.running = nil
		t.end()
	}
	finished = true
}

// tasksAt returns a task that w has to end, nil if there is none.
func (l *Loop) tasksAt(w *worker) *Task {
	t := l.tasks
	for t != nil && t.home != nil && t.home != w {
		t = t.older
	}
	return t
}

// cancelAndRun gives every coroutine the chance to return.
func (l *Loop) cancelAndRun(w *worker) {
	if exited := w.running; exited != nil {
		w.running = nil
		exited.end()
	}
	if l.tasks == nil {
		return
	}
	cause := l.shift.err
	if cause == nil {
		cause = ErrStopped
	}
	l.canceled = cause
	l.eachTask(func(t *Task) { t.stop(cause) }, func(sink) {})
	for range endTurnsMax {
		l.round(w)
	}
}
