package sched

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// cancelGrace is how long Shutdown waits for tasks that it has canceled. A task that holds the
// thread cannot be ended.
const cancelGrace = 5 * time.Second

// Drain asks l to end: it takes no new tasks from outside, calls what its tasks have set with
// OnDrain, and Run returns when the last has ended. Any goroutine may call it; it does not wait.
func (l *Loop) Drain() {
	l.inbox.closing.Store(true)
	l.drainAsked.Store(true)
	l.inbox.notify(l, l, &l.listed)
}

// Shutdown drains l and waits for its end, or until ctx is done: then it cancels the tasks that are
// left and waits for cancelGrace more. It returns nil if all ended by themselves, the cause of ctx
// if some were canceled, and ErrLeaked if some, or functions in Task.Blocking, could not be ended:
// it names the functions' tasks, and the first few of the others. A loop that does not run yet is
// over at once: what waits to start ends with ErrStopped. A task of l, for whose end it would wait,
// is told ErrWrongWaiter, and uses Drain.
func (l *Loop) Shutdown(ctx context.Context) error {
	if err := l.mayBlock("Loop.Shutdown"); err != nil {
		return err
	}
	l.Drain()
	if l.state.CompareAndSwap(uint32(loopFresh), uint32(loopOver)) {
		l.lock()
		l.overErr = l.windUp(nil)
		l.unlock()
		close(l.over)
	}
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

// namesMax bounds how many tasks ErrLeaked names.
const namesMax = 8

// namesOfTasks names coroutines that live. Any goroutine may call it.
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

// leaked says what has not ended.
func (l *Loop) leaked() error {
	text := l.namesOfTasks()
	if functions := l.blocking.String(); functions != "" {
		text += ", and functions in Blocking of " + functions
	}
	return fmt.Errorf("%w: %d of them%s", ErrLeaked, l.Len(), text)
}

// cancelAll cancels every task, those to come included.
func (l *Loop) cancelAll(cause error) {
	if cause == nil {
		cause = errors.New("no cause")
	}
	l.inbox.closing.Store(true)
	l.cancelCause.CompareAndSwap(nil, &cause)
	l.inbox.notify(l, l, &l.listed)
}

// attend does what Drain and cancelAll asked for.
func (l *Loop) attend(*Loop) {
	l.inbox.unlist(&l.listed)
	if l.drainAsked.Load() && !l.drained.Load() {
		l.drained.Store(true)
		l.eachTask(func(t *Task) {
			switch {
			case l.crew == nil:
				drainCall{t}.run(l, l.workers[0])
			case t.home != nil:
				t.home.push(drainCall{t})
			}
		}, func(k sink) { k.drain(l) })
	}
	if cause := l.cancelCause.Load(); cause != nil && l.canceled == nil {
		l.canceled = *cause
		l.eachTask(func(t *Task) { t.stop(*cause) }, func(k sink) { k.cancel(l, *cause) })
	}
}

// drainCall calls what a task has set with OnDrain, on the thread of the task.
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

// eachSink calls f with all who are told of events.
func (l *Loop) eachSink(f func(sink)) {
	for _, k := range l.slots.all() {
		f(k)
	}
	l.slab.each(func(s *handlerSlot) { f(s) })
}

// cancelErrorFor returns the error of a task that starts on a loop whose tasks were canceled, nil
// on any other.
func (l *Loop) cancelErrorFor(name string) error {
	if l.canceled == nil {
		return nil
	}
	return &CancelError{Task: name, Cause: l.canceled}
}
