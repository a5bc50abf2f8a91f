package schedtest

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sched"
)

func runCases() []Case {
	return []Case{
		{ID: "run/context", Doc: "sched.Loop.Run", Run: runContext,
			Rule:   "When ctx is done, Run cancels every task, runs until they have ended, and returns the cause.",
			Source: "errgroup's contexts"},
		{ID: "run/once", Doc: "sched.Loop.Run", Run: runOnce,
			Rule:   "Run can be called once.",
			Source: "net/http.Server after Shutdown"},
		{ID: "run/after-shutdown", Doc: "sched.Loop.Shutdown", Run: runAfterShutdown,
			Rule:   "Shutdown ends a loop that does not run yet at once: tasks that wait to start end with ErrStopped.",
			Source: "net/http.Server.Shutdown before Serve"},
		{ID: "run/tasks-before", Doc: "sched.New", Run: runTasksBefore,
			Rule:   "Nothing runs before Run.",
			Source: "a program that starts its tasks before its loops"},
		{ID: "run/queue-fails", Doc: "sched.Loop.Run", Run: runQueueFails,
			Rule:   "If the queue fails, Run ends the tasks as Shutdown ends those that it cancels.",
			Source: "iter.Pull: a dropped coroutine leaks, and its deferred calls never run"},
	}
}

func runContext(t T, r *Fixture) {
	r.make(t, sched.Options{})
	ctx, cancel := context.WithCancelCause(context.Background())
	r.run(t, ctx)
	begun := make(chan struct{})
	r.spawn(t, r.loop(), context.Background(), "sleeps", func(task *sched.Task) error {
		close(begun)
		checkCanceled(t, "Sleep", task.Sleep(time.Hour))
		return nil
	})
	r.wait(t, begun, "the task begins")
	cancel(errCase)
	r.wait(t, r.ran, "Run returns after its context is done")
	if !errors.Is(r.runErr, errCase) {
		t.Errorf("Run: %v, want the cause of the context", r.runErr)
	}
}

func runOnce(t T, r *Fixture) {
	r.start(t, sched.Options{})
	r.do(t, "any", func(*sched.Task) error { return nil })
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := r.ops.run(r.s, ctx); !errors.Is(err, sched.ErrStopped) {
		t.Errorf("a second Run: %v, want ErrStopped", err)
	}
	r.do(t, "any", func(*sched.Task) error { return nil })
}

func runAfterShutdown(t T, r *Fixture) {
	r.make(t, sched.Options{})
	for range 2 {
		if err := r.ops.start(r.loop(), context.Background(), "waits", func(*sched.Task) error { return nil }); err != nil {
			t.Fatalf("Go: %v", err)
		}
	}
	if err := r.ops.shutdown(r.s, t.Context()); err != nil {
		t.Errorf("Shutdown before Run: %v", err)
	}
	if err := r.ops.run(r.s, t.Context()); !errors.Is(err, sched.ErrStopped) {
		t.Errorf("Run after Shutdown: %v, want ErrStopped", err)
	}
	errs := r.endings("waits")
	if len(errs) != 2 || !errors.Is(errs[0], sched.ErrStopped) || !errors.Is(errs[1], sched.ErrStopped) {
		t.Errorf("tasks that waited to start ended with %v", errs)
	}
	if n := r.loop().Len(); n != 0 {
		t.Errorf("%d tasks are left", n)
	}
}

func runTasksBefore(t T, r *Fixture) {
	r.make(t, sched.Options{})
	ran := make(chan struct{})
	if err := r.ops.start(r.loop(), context.Background(), "early", func(*sched.Task) error {
		close(ran)
		return nil
	}); err != nil {
		t.Fatalf("Go: %v", err)
	}
	select {
	case <-ran:
		t.Errorf("a task ran before Run")
	default:
	}
	r.ops.drain(r.s)
	r.run(t, context.Background())
	r.wait(t, ran, "a task started before Run and Drain runs")
	r.wait(t, r.ran, "Run returns")
}

func runQueueFails(t T, r *Fixture) {
	r.make(t, sched.Options{})
	r.run(t, context.Background())
	const tasks = 10
	var ended atomic.Int32
	begun := make(chan struct{})
	for i := range tasks {
		r.spawn(t, r.loop(), context.Background(), "deferred", func(task *sched.Task) error {
			defer ended.Add(1)
			if i == tasks-1 {
				close(begun)
			}
			for { // some end on the error, some ignore it
				if err := r.ops.sleep(task, time.Hour); err != nil && i%2 == 0 {
					return err
				}
			}
		})
	}
	a, _ := r.pair(t)
	s := newScript(func(sched.HandlerTask, sched.Cause) sched.Next { return sched.WaitFor(queue.Readable) })
	r.handle(t, a, s)
	r.wait(t, begun, "the tasks begin")
	r.fence(t)
	r.breakQueues()
	r.wait(t, r.ran, "Run returns after its queue fails")
	if !errors.Is(r.runErr, queue.ErrClosed) {
		t.Errorf("Run: %v, want the queue's error", r.runErr)
	}
	if ended.Load() != tasks || r.loop().Len() != 0 {
		t.Errorf("%d of %d tasks ran their deferred calls; Len is %d", ended.Load(), tasks, r.loop().Len())
	}
	r.wait(t, s.ended, "the handler ends")
	if !errors.Is(s.err, sched.ErrStopped) {
		t.Errorf("the handler ended with %v, want ErrStopped", s.err)
	}
}
