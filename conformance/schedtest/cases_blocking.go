package schedtest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/edgewise-go/edgewise/sched"
)

func blockingCases() []Case {
	return []Case{
		{ID: "blocking/does-not-hold-the-loop", Doc: "sched.Task.Blocking", Run: blockingResult,
			Rule:   "Blocking calls f on a separate goroutine, suspends t until f returns, and returns the result of f.",
			Source: "tokio spawn_blocking"},
		{ID: "blocking/bound", Doc: "sched.Task.Blocking", Run: blockingBound,
			Rule:   "At most Options.MaxBlocking such goroutines exist at once. Further tasks wait in line.",
			Source: "libuv: an unbounded thread pool, and a bounded one that starves"},
		{ID: "blocking/panic", Doc: "sched.Task.Blocking", Run: blockingPanic,
			Rule:   "A panic of f continues in t, with the stack of f.",
			Source: "tokio spawn_blocking: JoinError::is_panic"},
		{ID: "blocking/canceled", Doc: "sched.Task.Blocking", Run: blockingCanceled,
			Rule:   "If t is canceled while f runs, Blocking returns a *CancelError at once. f keeps running and keeps its goroutine, and its result is dropped.",
			Source: "libuv uv_cancel: EBUSY for a request that is running"},
		{ID: "blocking/canceled-in-line", Doc: "sched.Task.Blocking", Run: blockingCanceledInLine,
			Rule:   "If t is canceled before or while it waits in line, Blocking returns a *CancelError and f is not called.",
			Source: "libuv uv_cancel"},
		{ID: "blocking/drain-waits", Doc: "sched.Task.Blocking", Run: blockingDrain,
			Rule:   "The loop does not end before f returns.",
			Source: "tokio: shutdown waits for blocking tasks"},
		{ID: "blocking/no-pool", Doc: "sched.Task.Blocking", Run: blockingNoPool,
			Rule:   "Without MaxBlocking, Blocking returns errors.ErrUnsupported.",
			Source: "a goroutine that the program did not ask for"},
	}
}

func blockingResult(t T, r *Fixture) {
	r.start(t, sched.Options{MaxBlocking: 1})
	release := make(chan struct{})
	inside := make(chan struct{})
	done := r.spawn(t, r.loop(), context.Background(), "blocks", func(task *sched.Task) error {
		err := r.ops.block(task, func() error {
			close(inside)
			if !r.happens(release) {
				t.Errorf("the function blocked the loop")
			}
			return errCase
		})
		if !errors.Is(err, errCase) {
			t.Errorf("Blocking: %v, want the error of the function", err)
		}
		n, err := sched.Blocking(task, func() (int, error) { return 42, errCase })
		if n != 42 || !errors.Is(err, errCase) {
			t.Errorf("Blocking: %d, %v, want the value and error of the function", n, err)
		}
		return nil
	})
	r.wait(t, inside, "the function is called")
	r.do(t, "other", func(*sched.Task) error {
		close(release)
		return nil
	})
	r.wait(t, done, "the task ends")
}

func blockingBound(t T, r *Fixture) {
	const bound, tasks = 2, 5
	r.start(t, sched.Options{MaxBlocking: bound})
	release, open := gate()
	defer open()
	var inside, calls atomic.Int32
	var done []<-chan struct{}
	for i := range tasks {
		done = append(done, r.spawn(t, r.loop(), context.Background(), fmt.Sprint(i), func(task *sched.Task) error {
			return r.ops.block(task, func() error {
				if n := inside.Add(1); n > bound {
					t.Errorf("%d functions run at once, want at most %d", n, bound)
				}
				calls.Add(1)
				<-release
				inside.Add(-1)
				return nil
			})
		}))
	}
	r.until(t, func() bool { return calls.Load() >= bound }, "MaxBlocking functions are called")
	r.leavesLine(t, "a function beyond MaxBlocking")
	open()
	for _, d := range done {
		r.wait(t, d, "a task ends")
	}
	if n := calls.Load(); n != tasks {
		t.Errorf("%d functions were called, want %d", n, tasks)
	}
	r.finished(t)
}

// leavesLine cancels a task that waits in line, and reports what if its function is called. The
// case calls finished at its end: if the task did not wait in line, its function is called before
// Run returns, however late its goroutine runs.
func (r *Fixture) leavesLine(t T, what string) {
	t.Helper()
	begun := make(chan struct{})
	j := r.launch(t, context.Background(), "leaves the line", func(task *sched.Task) error {
		close(begun)
		return r.ops.block(task, func() error {
			t.Errorf("%s was called", what)
			return nil
		})
	})
	r.wait(t, begun, "the task begins")
	r.fence(t) // its turn is over: it waits in line, or its function has a goroutine
	j.Cancel(errCase)
	r.wait(t, j.Done(), "Blocking of a canceled task returns")
	checkCanceled(t, "Blocking in line", j.Err())
}

// explode is a function name that the case looks for in a stack.
func explode() error { panic(errCase) }

func blockingPanic(t T, r *Fixture) {
	r.start(t, sched.Options{MaxBlocking: 1})
	j := r.launch(t, context.Background(), "bomb", func(task *sched.Task) error { return r.ops.block(task, explode) })
	r.wait(t, j.Done(), "the task ends")
	checkPanic(t, j.Err(), "explode")
	r.do(t, "blocks", func(task *sched.Task) error {
		if err := r.ops.block(task, func() error { return nil }); err != nil {
			t.Errorf("Blocking after a panic: %v", err)
		}
		return nil
	})
}

// abandon starts a task whose function runs until release is closed, cancels it, and waits for its
// end.
func (r *Fixture) abandon(t T, release <-chan struct{}, result func() error) {
	t.Helper()
	inside := make(chan struct{})
	j := r.launch(t, context.Background(), "abandons", func(task *sched.Task) error {
		return r.ops.block(task, func() error {
			close(inside)
			<-release
			return result()
		})
	})
	r.wait(t, inside, "the function is called")
	j.Cancel(errCase)
	r.wait(t, j.Done(), "Blocking of a canceled task returns")
	checkCanceled(t, "Blocking", j.Err())
}

// gate returns a channel and a function that closes it once.
func gate() (release <-chan struct{}, open func()) {
	c := make(chan struct{})
	return c, sync.OnceFunc(func() { close(c) })
}

func blockingCanceled(t T, r *Fixture) {
	r.start(t, sched.Options{MaxBlocking: 1})
	release, open := gate()
	defer open()
	r.abandon(t, release, explode)
	r.leavesLine(t, "a function whose place is still held by an abandoned one")
	next := r.launch(t, context.Background(), "next", func(task *sched.Task) error {
		return r.ops.block(task, func() error { return nil })
	})
	open()
	r.wait(t, next.Done(), "the next task ends")
	// The place is free before the loop is notified of the end.
	r.ended(t, "blocking function", errCase)
	checkPanic(t, r.endings("blocking function")[0], "explode")
	r.finished(t)
}

func blockingCanceledInLine(t T, r *Fixture) {
	r.start(t, sched.Options{MaxBlocking: 1})
	release, open := gate()
	defer open()
	inside := make(chan struct{})
	first := r.launch(t, context.Background(), "first", func(task *sched.Task) error {
		return r.ops.block(task, func() error {
			close(inside)
			<-release
			return nil
		})
	})
	r.wait(t, inside, "the function is called")
	second := r.launch(t, context.Background(), "in line", func(task *sched.Task) error {
		for range 2 {
			checkCanceled(t, "Blocking", r.ops.block(task, func() error {
				t.Errorf("the function of a canceled task was called")
				return nil
			}))
		}
		return nil
	})
	r.fence(t)
	second.Cancel(errCase)
	r.wait(t, second.Done(), "Blocking of a canceled task returns")
	open()
	r.wait(t, first.Done(), "the first task ends")
}

func blockingDrain(t T, r *Fixture) {
	r.start(t, sched.Options{MaxBlocking: 1})
	release, open := gate()
	defer open()
	r.abandon(t, release, func() error { return nil })
	r.s.Drain()
	r.fence(t) // fails if the loop has ended
	open()
	r.wait(t, r.ran, "Run returns after the function returns")
}

func blockingNoPool(t T, r *Fixture) {
	r.start(t, sched.Options{})
	r.do(t, "blocks", func(task *sched.Task) error {
		err := r.ops.block(task, func() error {
			t.Errorf("the function is called")
			return nil
		})
		if !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("Blocking without a pool: %v, want ErrUnsupported", err)
		}
		return nil
	})
}
