package sched

import (
	"context"
	"fmt"
	"time"
)

// errTaskEnded is the cause of the end of a task's context if the task was not canceled.
var errTaskEnded = fmt.Errorf("sched: task has ended: %w", context.Canceled)

// taskKey finds the context of a task above another context.
type taskKey struct{}

// taskContext is the context of a task.
type taskContext struct {
	context.Context
	parent context.Context // of the task
}

func (c *taskContext) Value(key any) any {
	if key == (taskKey{}) {
		return c
	}
	return c.Context.Value(key)
}

// Deadline returns the deadline of the context with which the task was started.
func (c *taskContext) Deadline() (time.Time, bool) { return c.parent.Deadline() }

// aboveOf returns the context of the task from which ctx is derived, or nil if there is none.
func aboveOf(ctx context.Context) *taskContext {
	c, _ := ctx.Value(taskKey{}).(*taskContext)
	return c
}

// Context returns a context that is done once t is canceled or has ended. It has the values and the
// deadline of the context with which t was started.
func (t *Task) Context() context.Context {
	t.loop.lock()
	defer t.loop.unlock()
	t.openContext()
	return t.context
}

func (t *Task) openContext() {
	if t.context != nil {
		return
	}
	above := t.parent
	if aboveOf(above) != nil {
		// The end of the task above must not end this context. A cancellation arrives by stop.
		above = context.WithoutCancel(above)
	}
	inner, cancel := context.WithCancelCause(above)
	t.context, t.cancel = &taskContext{inner, t.parent}, cancel
	if t.canceled != nil {
		t.cancel(t.canceled)
	}
}

// findParent replaces the parent of t if it has ended with the task from which it comes. The
// context with which that task was started then cancels t.
func (t *Task) findParent() {
	for t.parent.Err() != nil && context.Cause(t.parent) == errTaskEnded {
		t.openContext() // with the values of the parent so far
		t.parent = aboveOf(t.parent).parent
	}
}

// watchParent makes the loop attend to t when its parent is done.
func (t *Task) watchParent() {
	t.unwatch = context.AfterFunc(t.parent, func() { t.loop.inbox.notify(t.loop, t, &t.listed) })
}

// parentDone cancels t because its parent is done, unless the parent has a successor.
func (t *Task) parentDone() {
	t.findParent()
	if t.parent.Err() != nil {
		t.stop(context.Cause(t.parent))
	} else if t.parent.Done() != nil {
		t.watchParent()
	}
}
