package sched

import (
	"fmt"

	"github.com/edgewise-go/edgewise/sched/internal/goroutine"
)

// The caller of a wait is identified by its goroutine number. Each coroutine has its own. A worker
// records the number of the coroutine that it resumes. The record may be of a coroutine that has
// since been suspended, but then no running goroutine has that number.

// occupies records that the calling goroutine is w's own, until vacates.
func (w *worker) occupies() { w.own.Store(goroutine.Current()) }
func (w *worker) vacates()  { w.own.Store(0) }

// resumes is called by a coroutine of w when it begins and each time that it is resumed.
func (w *worker) resumes() {
	if g := goroutine.Current(); w.coroutine.Load() != g {
		w.coroutine.Store(g)
	}
}

// forgets is called by a coroutine of w when it ends, because another goroutine may get its number.
func (w *worker) forgets() { w.coroutine.Store(0) }

// task returns the coroutine of w with number g, or nil if the running one has another number.
func (w *worker) task(g uintptr) *Task {
	if w.coroutine.Load() != g {
		return nil
	}
	return w.running
}

// runningTask returns the calling coroutine, if it is of l or of a loop whose workers l shares. It
// returns nil for any other caller. Any goroutine may call it.
func (l *Loop) runningTask() *Task {
	return l.driver.runningTask(goroutine.Current())
}

// runningTask returns the coroutine with number g, if it has the thread of one of the workers.
func runningTask(workers []*worker, g uintptr) *Task {
	for _, w := range workers {
		if t := w.task(g); t != nil {
			return t
		}
	}
	return nil
}

// runningWorker returns the worker whose step or posted function calls it, or nil for any other
// caller.
func (l *Loop) runningWorker() *worker {
	g := goroutine.Current()
	for _, w := range l.known() {
		if w.own.Load() == g {
			return w
		}
	}
	return nil
}

// caller returns the task of l that calls what, or an error for any other caller. It is not
// inlined: its frame must not be part of a task's wait, which is the deepest frame of an idle
// coroutine.
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

// notTask returns the error for a caller of what that is not the expected task. The error names
// what to use instead.
func (l *Loop) notTask(what string) error {
	g := goroutine.Current()
	reason := errGoroutine
	for _, w := range l.known() {
		switch g {
		case w.own.Load():
			reason = errStep
		case w.coroutine.Load():
			reason = errOtherTask
		}
	}
	return fmt.Errorf("sched: %s: %w", what, reason)
}

// mayBlock returns an error if the goroutine that calls what belongs to the scheduler, tasks
// included. Such a goroutine would hold a loop.
func (l *Loop) mayBlock(what string) error {
	g := goroutine.Current()
	for _, w := range l.known() {
		switch g {
		case w.own.Load():
			return fmt.Errorf("sched: %s: %w", what, errStep)
		case w.coroutine.Load():
			return fmt.Errorf("sched: %s: %w", what, errIsTask)
		}
	}
	return nil
}
