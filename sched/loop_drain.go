package sched

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// cancelGrace is the time for which Shutdown waits for the tasks that it has canceled. A task that
// holds the thread cannot be ended.
const cancelGrace = 5 * time.Second

// Drain asks l to end. l takes no new tasks from outside and calls the functions that its tasks
// have set with OnDrain. Run returns once the last task has ended. Any goroutine may call Drain,
// and it does not wait.
func (l *Loop) Drain() {
	l.inbox.closing.Store(true)
	l.drainAsked.Store(true)
	l.inbox.notify(l, l, &l.listed)
}

// Shutdown drains l and waits for its end. If ctx is done first, it cancels the remaining tasks and
// waits for another cancelGrace. It returns nil if all tasks ended by themselves, and the cause of
// ctx if some were canceled. It returns ErrLeaked if some tasks, or functions in Task.Blocking,
// could not be ended. That error names the tasks of the functions and the first few of the others.
//
// A loop that does not run yet is over at once, and tasks that wait to start end with ErrStopped. A
// task of l would wait for its own end: it gets ErrWrongWaiter and uses Drain instead.
func (l *Loop) Shutdown(ctx context.Context) error {
	if err := l.mayBlock("Loop.Shutdown"); err != nil {
		return err
	}
	l.Drain()
	l.endFresh()
	select {
	case <-l.over:
		return l.overErr
	case <-ctx.Done():
	}
	l.cancelAll(context.Cause(ctx))
	grace := time.NewTimer(cancelGrace)
	defer grace.Stop()
	select {
	case <-l.over:
		return l.overErr
	case <-grace.C:
		return l.leaked()
	}
}

// endFresh ends l if it has never run, and reports whether it did so.
func (l *Loop) endFresh() bool {
	if !l.state.CompareAndSwap(uint32(loopFresh), uint32(loopOver)) {
		return false
	}
	l.lock()
	l.overErr = l.windUp(nil)
	l.unlock()
	close(l.over)
	return true
}

// namesMax bounds the tasks that ErrLeaked names.
const namesMax = 8

// namesOfTasks returns the names of live coroutines. Any goroutine may call it.
func (l *Loop) namesOfTasks() string {
	l.links.Lock()
	defer l.links.Unlock()
	var b strings.Builder
	n := 0
	for t := l.tasks; t != nil && n < namesMax; t = t.older {
		fmt.Fprintf(&b, ", %q", t.name)
		n++
	}
	if n == namesMax {
		b.WriteString(", …")
	}
	return b.String()
}

// leaked returns an ErrLeaked that names the tasks that have not ended.
func (l *Loop) leaked() error {
	text := l.namesOfTasks()
	if functions := l.blocking.String(); functions != "" {
		text += ", and functions in Blocking of " + functions
	}
	return fmt.Errorf("%w: %d left%s", ErrLeaked, l.Len(), text)
}

// cancelAll cancels every task, including future ones.
func (l *Loop) cancelAll(cause error) {
	if cause == nil {
		cause = errors.New("no cause")
	}
	l.inbox.closing.Store(true)
	l.cancelCause.CompareAndSwap(nil, &cause)
	l.inbox.notify(l, l, &l.listed)
}

// attend carries out what Drain and cancelAll requested.
func (l *Loop) attend(*Loop) {
	l.inbox.unlist(&l.listed)
	if l.drainAsked.Load() && !l.drained.Load() {
		l.drained.Store(true)
		l.eachTask(func(t *Task) {
			if t.home != nil {
				l.driver.push(t.home, drainCall{t})
			}
		}, func(k sink) { k.drain(l) })
	}
	if cause := l.cancelCause.Load(); cause != nil && l.canceled == nil {
		l.canceled = *cause
		l.eachTask(func(t *Task) { t.stop(*cause) }, func(k sink) { k.cancel(l, *cause) })
		if l.transfers != nil {
			l.transfers.StopLingering()
		}
	}
}

// drainCall calls the OnDrain function of a task on the task's thread.
type drainCall struct{ task *Task }

func (c drainCall) owner() *Loop { return c.task.loop }

func (c drainCall) run(l *Loop, w *worker) {
	if f := c.task.onDrain; f != nil {
		w.watchdog.enterDrain()
		l.protect(drainName, f)
	}
}

func (l *Loop) eachTask(task func(*Task), other func(sink)) {
	for t := l.tasks; t != nil; {
		older := t.older
		task(t)
		t = older
	}
	l.eachSink(other)
}

// eachSink calls f with every receiver of events.
func (l *Loop) eachSink(f func(sink)) {
	for _, k := range l.slots.all() {
		f(k)
	}
	l.slab.each(func(s *handlerSlot) { f(s) })
}

// cancelErrorFor returns the error for a task that starts on a loop whose tasks were canceled, and
// nil on any other loop.
func (l *Loop) cancelErrorFor(name string) error {
	if l.canceled == nil {
		return nil
	}
	return &CancelError{Task: name, Cause: l.canceled}
}
