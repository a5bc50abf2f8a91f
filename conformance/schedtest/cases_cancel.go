package schedtest

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/sched"
	"github.com/edgewise-go/edgewise/sys"
)

const cancelRule = "When ctx is done, the task is canceled: any current or later wait returns a *CancelError."

func cancelCases() []Case {
	return []Case{
		{ID: "cancel/before-start", Doc: "sched.Loop.Go", Run: cancelBeforeStart, Rule: cancelRule, Source: "stream: a dial canceled before it begins"},
		{ID: "cancel/while-waiting", Doc: "sched.Loop.Go", Run: cancelWhileWaiting, Rule: cancelRule, Source: "tokio: abort of a parked task"},
		{ID: "cancel/while-ready", Doc: "sched.Loop.Go", Run: cancelWhileReady, Rule: cancelRule, Source: "tokio: abort of a scheduled task"},
		{ID: "cancel/error", Doc: "sched.CancelError", Run: cancelError,
			Rule:   "A *CancelError is ErrCanceled, and it unwraps to its cause.",
			Source: "errors.Is through every layer"},
		{ID: "cancel/ignored", Doc: "sched.Loop.Go", Run: cancelIgnored,
			Rule:   "A task that waits in spite of its cancellation does not hold the loop: each such wait lets other tasks run.",
			Source: "a read loop that retries on every error"},
		{ID: "cancel/context", Doc: "sched.Task.Context", Run: cancelContext,
			Rule:   "Context returns a context that is done when t is canceled or has ended.",
			Source: "net.Dialer's contexts"},
		{ID: "cancel/child-outlives", Doc: "sched.Task.Go", Run: cancelChildOutlives,
			Rule:   "A task that is started with the context of another one outlives it.",
			Source: "t.Go(t.Context(), …), which every user writes first"},
		{ID: "cancel/child", Doc: "sched.Task.Go", Run: cancelChild,
			Rule:   "A task that is started with the context of another one is canceled with it, and after its end with the context of that one.",
			Source: "t.Go(t.Context(), …), which every user writes first"},
	}
}

type childKey struct{}

// startChild starts a parent, and a child with a context of the parent. The parent then runs until
// release is closed, the child until it is canceled.
func (r *Fixture) startChild(t T, ctx context.Context, derived bool, child body) (release func(), parent, ended <-chan struct{}) {
	t.Helper()
	begun, over, released := make(chan struct{}), make(chan struct{}), make(chan func(), 1)
	parent = r.spawn(t, r.loop(), context.WithValue(ctx, childKey{}, "kept"), "parent", func(task *sched.Task) error {
		above := task.Context()
		if derived {
			var cancel context.CancelFunc
			above, cancel = context.WithCancel(above)
			t.Cleanup(cancel)
		}
		err := r.ops.child(task, above, "child", func(task *sched.Task) error {
			defer close(over)
			close(begun)
			return child(task)
		})
		if err != nil {
			t.Errorf("Go: %v", err)
			close(over)
		}
		return r.ops.await(task, func(resume func()) { released <- resume })
	})
	resume := suite.Receive(t, "the parent waits", released)
	r.wait(t, begun, "the child begins")
	return resume, parent, over
}

func cancelChildOutlives(t T, r *Fixture) {
	r.start(t, sched.Options{})
	for _, derived := range []bool{false, true} {
		resumes := make(chan func(), 1)
		release, parent, child := r.startChild(t, context.Background(), derived, func(task *sched.Task) error {
			ctx := task.Context()
			if err := r.ops.await(task, func(resume func()) { resumes <- resume }); err != nil {
				t.Errorf("the child's wait: %v", err)
			}
			if ctx.Err() != nil || ctx.Value(childKey{}) != "kept" {
				t.Errorf("the child's context: %v, value %v; want no error and the value of the parent's", ctx.Err(), ctx.Value(childKey{}))
			}
			return nil
		})
		resume := suite.Receive(t, "the child waits", resumes)
		release()
		r.wait(t, parent, "the parent ends")
		r.fence(t) // a cancellation would have reached the child
		resume()
		r.wait(t, child, "the child ends")
	}
}

func cancelChild(t T, r *Fixture) {
	r.start(t, sched.Options{})
	for _, parentEnds := range []bool{false, true} {
		ctx, cancel := context.WithCancelCause(context.Background())
		release, parent, child := r.startChild(t, ctx, false, func(task *sched.Task) error {
			inner := task.Context()
			checkCanceled(t, "the child's wait", r.ops.await(task, func(func()) {}))
			if inner.Err() == nil {
				t.Errorf("the child is canceled, but its context is not done")
			}
			return nil
		})
		if parentEnds {
			release()
			r.wait(t, parent, "the parent ends")
			r.fence(t)
		}
		cancel(errCase)
		r.wait(t, child, "the child is canceled")
		release()
		r.wait(t, parent, "the parent ends")
	}
}

// suspensions are the ways to suspend a task indefinitely.
func suspensions(r *Fixture, reg registration) map[string]body {
	return map[string]body{
		"sleep": func(task *sched.Task) error { return r.ops.sleep(task, time.Hour) },
		"await": func(task *sched.Task) error { return r.ops.await(task, func(func()) {}) },
		"read":  func(*sched.Task) error { return reg.Wait(sys.Readable, time.Time{}) },
	}
}

// silent registers a socket that never receives anything.
func (r *Fixture) silent(t T) registration {
	t.Helper()
	a, _ := r.pair(t)
	return r.register(t, taskForm, a)
}

func checkCanceled(t T, what string, err error) {
	t.Helper()
	if c := (*sched.CancelError)(nil); !errors.As(err, &c) || !errors.Is(err, errCase) {
		t.Errorf("%s: %v, want a *CancelError with the cause", what, err)
	}
}

func cancelBeforeStart(t T, r *Fixture) {
	r.start(t, sched.Options{})
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(errCase)
	for name, suspend := range suspensions(r, r.silent(t)) {
		r.wait(t, r.spawn(t, r.loop(), ctx, name, func(task *sched.Task) error {
			checkCanceled(t, name, suspend(task))
			return nil
		}), name+" ends")
	}
}

func cancelWhileWaiting(t T, r *Fixture) {
	r.start(t, sched.Options{})
	for name, suspend := range suspensions(r, r.silent(t)) {
		ctx, cancel := context.WithCancelCause(context.Background())
		begun := make(chan struct{})
		done := r.spawn(t, r.loop(), ctx, name, func(task *sched.Task) error {
			close(begun)
			checkCanceled(t, name, suspend(task))
			checkCanceled(t, name+" again", suspend(task))
			return nil
		})
		r.wait(t, begun, name+" begins")
		r.fence(t)
		cancel(errCase)
		r.wait(t, done, name+" ends")
	}
}

func cancelWhileReady(t T, r *Fixture) {
	r.start(t, sched.Options{})
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	r.wait(t, r.spawn(t, r.loop(), ctx, "yields", func(task *sched.Task) error {
		cancel(errCase)
		var err error
		r.keeps(t, "Yield of a canceled task fails", func() bool {
			err = task.Yield()
			return err == nil
		})
		checkCanceled(t, "Yield", err)
		checkCanceled(t, "Sleep", r.ops.sleep(task, time.Millisecond))
		return nil
	}), "the task ends")
}

func cancelError(t T, r *Fixture) {
	r.start(t, sched.Options{})
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(errCase)
	r.wait(t, r.spawn(t, r.loop(), ctx, "named", func(task *sched.Task) error {
		return r.ops.sleep(task, 0)
	}), "the task ends")
	r.ended(t, "named", errCase)
	r.ended(t, "named", sched.ErrCanceled)
	if c := (*sched.CancelError)(nil); errors.As(r.endings("named")[0], &c) && c.Task != "named" {
		t.Errorf("the error names task %q", c.Task)
	}
}

func cancelIgnored(t T, r *Fixture) {
	r.start(t, sched.Options{})
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(errCase)
	reg := r.silent(t)
	for _, suspend := range suspensions(r, reg) {
		var started, served atomic.Bool
		stubborn := r.spawn(t, r.loop(), ctx, "stubborn", func(task *sched.Task) error {
			r.flood(t, &started, func() bool {
				_ = suspend(task)
				return !served.Load()
			})
			return nil
		})
		other := r.spawn(t, r.loop(), context.Background(), "other", func(*sched.Task) error {
			served.Store(true)
			return nil
		})
		started.Store(true)
		r.wait(t, other, "the other task ends")
		r.wait(t, stubborn, "the stubborn task ends")
	}
}

func cancelContext(t T, r *Fixture) {
	r.start(t, sched.Options{})
	var after context.Context
	r.do(t, "ends", func(task *sched.Task) error {
		after = r.ops.context(task)
		if after.Err() != nil {
			t.Errorf("the context was done before the task ended: %v", after.Err())
		}
		return nil
	})
	r.wait(t, after.Done(), "the context is done after the task ends")

	ctx, cancel := context.WithCancelCause(context.Background())
	r.wait(t, r.spawn(t, r.loop(), ctx, "canceled", func(task *sched.Task) error {
		c := r.ops.context(task)
		cancel(errCase)
		// The task's context derives from the one that cancel ends. The loop is not involved, and
		// the task holds it here.
		if !r.happens(c.Done()) {
			t.Errorf("the context of a canceled task is not done")
		}
		return nil
	}), "the task ends")
}
