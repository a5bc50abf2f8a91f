package sched

import (
	"errors"

	"github.com/edgewise-go/edgewise/queue"
)

// stop ends all workers. Run returns err, unless the driver says otherwise.
func (l *Loop) stop(err error) {
	if l.stopping {
		return
	}
	l.stopping, l.stopErr = true, err
	l.driver.stopped()
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
	if l.transfers != nil {
		l.transfers.End()
	}
	l.eachSink(func(k sink) { k.over(l) })
	if l.poller != nil && l.poller.loop != l {
		l.poller.dismiss(l)
	}
	return err
}

// cancelLeft cancels the remaining coroutines after the loop has failed.
func (l *Loop) cancelLeft() {
	if l.tasks == nil {
		return
	}
	cause := l.stopErr
	if cause == nil {
		cause = ErrStopped
	}
	l.canceled = cause
	l.eachTask(func(t *Task) { t.stop(cause) }, func(sink) {})
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
