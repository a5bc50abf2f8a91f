package sched

import (
	"fmt"

	"github.com/edgewise-go/edgewise/sched/internal/goroutine"
)

// Who waits is found by the number of the calling goroutine, which every coroutine has for itself.
// A worker notes the number of the coroutine that it resumes. The note may be old, that of a
// coroutine which is suspended; but then nobody with this number runs.

// occupies notes that the goroutine that calls it is w's own, until vacates.
func (w *worker) occupies() { w.own.Store(goroutine.Current()) }
func (w *worker) vacates()  { w.own.Store(0) }

// resumes is called by a coroutine of w when it begins, and each time that it is resumed.
func (w *worker) resumes() {
	if g := goroutine.Current(); w.coroutine.Load() != g {
		w.coroutine.Store(g)
	}
}

// forgets is called by a coroutine of w when it ends: its number may be another goroutine's next.
func (w *worker) forgets() { w.coroutine.Store(0) }

// task returns the coroutine of w that has the number g, nil if the one that runs has another.
func (w *worker) task(g uintptr) *Task {
	if w.coroutine.Load() != g {
		return nil
	}
	return w.running
}

// runningTask returns the coroutine of l, or of a loop whose workers l shares, that calls it, nil
// if none does. Any goroutine may call it.
func (l *Loop) runningTask() *Task {
	g := goroutine.Current()
	if l.crew == nil {
		return l.workers[0].task(g)
	}
	for _, w := range l.crew.workers {
		if t := w.task(g); t != nil {
			return t
		}
	}
	return nil
}

// runningWorker returns the worker that calls it in a step or a posted function, nil if none does.
func (l *Loop) runningWorker() *worker {
	g := goroutine.Current()
	for _, w := range l.peers {
		if w.own.Load() == g {
			return w
		}
	}
	return nil
}

// caller returns the task of l that calls what, or the error if none does. Its frame is not to be
// part of that of a task's wait, which is the deepest of an idle coroutine's stack.
//
//go:noinline
func (l *Loop) caller(what string) (*Task, error) {
	if t := l.runningTask(); t != nil && t.loop == l {
		return t, nil
	}
	return nil, l.notTask(what)
}

// calls returns an error unless t calls what. t may be nil.
//
//go:noinline
func (t *Task) calls(what string) error {
	if t == nil {
		return fmt.Errorf("sched: %s: %w", what, errNoTask)
	}
	if w := t.home; w != nil && w.task(goroutine.Current()) == t {
		return nil
	}
	return t.loop.notTask(what)
}

// notTask says how the caller of what, which is not the task that it should be, waits instead.
func (l *Loop) notTask(what string) error {
	g := goroutine.Current()
	reason := errGoroutine
	for _, w := range l.peers {
		switch g {
		case w.own.Load():
			reason = errStep
		case w.coroutine.Load():
			reason = errOtherTask
		}
	}
	return fmt.Errorf("sched: %s: %w", what, reason)
}

// mayBlock returns an error if the goroutine that calls what is one of the scheduler's, tasks
// included: it would hold a loop.
func (l *Loop) mayBlock(what string) error {
	g := goroutine.Current()
	for _, w := range l.peers {
		switch g {
		case w.own.Load():
			return fmt.Errorf("sched: %s: %w", what, errStep)
		case w.coroutine.Load():
			return fmt.Errorf("sched: %s: %w", what, errIsTask)
		}
	}
	return nil
}
