package schedtest

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sched"
	"github.com/edgewise-go/edgewise/sys"
)

const shutdownRule = "Shutdown returns nil if every task ended by itself, and the cause of ctx if some were canceled."

func drainCases() []Case {
	return []Case{
		{ID: "drain/tasks-are-told", Doc: "sched.Task.OnDrain", Run: drainTasks,
			Rule:   "OnDrain registers f, which the loop calls when it is asked to end, or at once if it already was.",
			Source: "net/http.Server.RegisterOnShutdown"},
		{ID: "drain/handlers-are-told", Doc: "sched.Draining", Run: drainHandlers,
			Rule:   "Draining: the loop was asked to end. A handler gets it once.",
			Source: "net/http.Server.Shutdown closes idle connections"},
		{ID: "drain/refuses-new-tasks", Doc: "sched.Loop.Go", Run: drainRefuses,
			Rule:   "Loop.Go returns ErrFull at a bound of Options, and ErrStopped once the loop drains or has ended.",
			Source: "net/http.ErrServerClosed"},
		{ID: "drain/allows-children", Doc: "sched.Task.Go", Run: drainChildren,
			Rule:   "Unlike Loop.Go, Task.Go is not refused while the loop drains: a task may need a child in order to end.",
			Source: "a request in flight that dials"},
		{ID: "drain/run-returns", Doc: "sched.Loop.Run", Run: drainRunReturns,
			Rule:   "Run runs until Shutdown or Drain was called and the last task has ended.",
			Source: "net/http.Server.Shutdown"},
		{ID: "drain/refused-starts", Doc: "sched.Loop.Go", Run: drainRefusedStarts,
			Rule:   "A refused start leaves no trace: it does not delay the end of Run, and Len does not count it.",
			Source: "a server at its bound that shuts down while clients still connect"},
		{ID: "shutdown/cancels-the-rest", Doc: "sched.Loop.Shutdown", Run: shutdownCancels, Rule: shutdownRule, Source: "net/http.Server.Shutdown with a context"},
		{ID: "shutdown/by-themselves", Doc: "sched.Loop.Shutdown", Run: shutdownByThemselves, Rule: shutdownRule, Source: "net/http.Server.Shutdown"},
		{ID: "shutdown/releases-goroutines", Doc: "sched.Poller.Run", Run: shutdownReleases,
			Rule:   "Goroutines that still wait get net.ErrClosed.",
			Source: "cloudwego/netpoll 140: closed while another goroutine reads"},
	}
}

// finished drains the loop and waits for Run to return.
func (r *Fixture) finished(t T) {
	t.Helper()
	r.ops.drain(r.s)
	r.wait(t, r.ran, "Run returns after Drain")
}

func drainTasks(t T, r *Fixture) {
	r.start(t, sched.Options{})
	told, late := 0, 0
	begun := make(chan struct{})
	r.spawn(t, r.loop(), context.Background(), "drains", func(task *sched.Task) error {
		if task.Draining() {
			t.Errorf("Draining before Drain")
		}
		return task.Suspend(func(resume func()) {
			r.ops.onDrain(task, func() {
				t.Errorf("OnDrain called a function that was replaced")
			})
			r.ops.onDrain(task, func() {
				told++
				resume()
			})
			close(begun)
		})
	})
	r.wait(t, begun, "the task begins")
	lateDone := r.spawn(t, r.loop(), context.Background(), "late", func(task *sched.Task) error {
		for !task.Draining() {
			if err := task.Yield(); err != nil {
				return err
			}
		}
		r.ops.onDrain(task, func() { late++ })
		return nil
	})
	r.ops.drain(r.s)
	r.wait(t, lateDone, "Draining reports true")
	r.finished(t)
	if told != 1 || late != 1 {
		t.Errorf("OnDrain's functions were called %d and %d times, want once each", told, late)
	}
}

func drainHandlers(t T, r *Fixture) {
	r.start(t, sched.Options{})
	var mu sync.Mutex // guards causes
	var causes []sched.Cause
	begun := make(chan struct{})
	for range 2 { // one has no interest, the other waits for a silent socket and a timer
		a, _ := r.pair(t)
		s := newScript(func(_ sched.HandlerTask, c sched.Cause) sched.Next {
			mu.Lock()
			defer mu.Unlock()
			causes = append(causes, c)
			switch c {
			case sched.Started:
				if len(causes) == 2 {
					close(begun)
					return sched.WaitFor(queue.Readable).Within(time.Hour)
				}
				return sched.WaitFor(queue.None)
			case sched.Draining:
				return sched.Again()
			default:
				return sched.Done(nil)
			}
		})
		s.heedsDrain = false
		r.handle(t, a, s)
	}
	r.wait(t, begun, "the handlers begin")
	r.finished(t)
	count := map[sched.Cause]int{}
	for _, c := range causes {
		count[c]++
	}
	if count[sched.Draining] != 2 || count[sched.Resumed] != 2 {
		t.Errorf("two handlers got the causes %v, want draining once each", causes)
	}
}

// held starts a task that ends when the channel is closed.
func (r *Fixture) held(t T, release <-chan struct{}) <-chan struct{} {
	t.Helper()
	begun := make(chan struct{})
	r.spawn(t, r.loop(), context.Background(), "held", func(task *sched.Task) error {
		return task.Suspend(func(resume func()) {
			close(begun)
			go func() {
				<-release
				resume()
			}()
		})
	})
	r.wait(t, begun, "a task begins")
	return begun
}

func drainRefuses(t T, r *Fixture) {
	r.start(t, sched.Options{})
	release := make(chan struct{})
	r.held(t, release)
	r.s.Drain()
	err := r.ops.start(r.loop(), context.Background(), "new", func(*sched.Task) error { return nil })
	if !errors.Is(err, sched.ErrStopped) {
		t.Errorf("Go while the loop drains: %v, want ErrStopped", err)
	}
	a, _ := r.pair(t)
	r.on(t, func() {
		s := newScript(func(sched.HandlerTask, sched.Cause) sched.Next { return sched.Done(nil) })
		if _, err := r.ops.handle(r.loop(), a, s); !errors.Is(err, sched.ErrStopped) {
			t.Errorf("Handle while the loop drains: %v, want ErrStopped", err)
		}
	})
	close(release)
	r.wait(t, r.ran, "Run returns")
	err = r.ops.start(r.loop(), context.Background(), "new", func(*sched.Task) error { return nil })
	if !errors.Is(err, sched.ErrStopped) {
		t.Errorf("Go after the loop has ended: %v, want ErrStopped", err)
	}
}

func drainChildren(t T, r *Fixture) {
	r.start(t, sched.Options{})
	ran := false
	begun := make(chan struct{})
	r.spawn(t, r.loop(), context.Background(), "parent", func(task *sched.Task) error {
		close(begun)
		for !task.Draining() {
			if err := task.Yield(); err != nil {
				return err
			}
		}
		err := r.ops.child(task, context.Background(), "child", func(child *sched.Task) error {
			ran = true
			return child.Yield()
		})
		if err != nil {
			t.Errorf("Task.Go while the loop drains: %v", err)
		}
		return nil
	})
	r.wait(t, begun, "the parent begins")
	r.s.Drain()
	r.wait(t, r.ran, "Run returns")
	if !ran {
		t.Errorf("the child did not run")
	}
}

func drainRunReturns(t T, r *Fixture) {
	r.start(t, sched.Options{})
	release := make(chan struct{})
	r.held(t, release)
	r.fence(t)
	r.ops.drain(r.s)
	r.fence(t)
	select {
	case <-r.ran:
		t.Errorf("Run returned before the last task ended")
	default:
	}
	close(release)
	r.wait(t, r.ran, "Run returns after the last task has ended")
	if r.runErr != nil {
		t.Errorf("Run: %v", r.runErr)
	}
}

// drainRefusedStarts lets the last task end while goroutines try to start others at the bound.
func drainRefusedStarts(t T, r *Fixture) {
	r.start(t, sched.Options{MaxTasks: 1})
	release := make(chan struct{})
	r.held(t, release)
	const refusedMin = 64
	var refused atomic.Int32
	var starters sync.WaitGroup
	for range 2 {
		starters.Go(func() {
			for {
				err := r.ops.start(r.loop(), context.Background(), "refused", func(*sched.Task) error { return nil })
				switch {
				case errors.Is(err, sched.ErrFull):
					refused.Add(1)
				case errors.Is(err, sched.ErrStopped):
					return
				default:
					t.Errorf("Go at the bound: %v, want ErrFull", err)
					return
				}
			}
		})
	}
	r.until(t, func() bool { return refused.Load() >= refusedMin }, "starts are refused")
	r.ops.drain(r.s)
	close(release)
	r.wait(t, r.ran, "Run returns after the last task has ended")
	starters.Wait()
	if n := r.loop().Len(); n != 0 {
		t.Errorf("Len is %d after the loop has ended, want 0", n)
	}
}

func shutdownCancels(t T, r *Fixture) {
	r.start(t, sched.Options{})
	begun := make(chan struct{})
	r.spawn(t, r.loop(), context.Background(), "stays", func(task *sched.Task) error {
		close(begun)
		err := task.Sleep(time.Hour)
		checkCanceled(t, "Sleep", err)
		return err
	})
	a, _ := r.pair(t)
	s := newScript(func(sched.HandlerTask, sched.Cause) sched.Next { return sched.WaitFor(queue.Readable) })
	s.heedsDrain = false
	r.handle(t, a, s)
	r.wait(t, begun, "the task begins")
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(errCase)
	if err := r.ops.shutdown(r.s, ctx); !errors.Is(err, errCase) {
		t.Errorf("Shutdown: %v, want the cause of the context", err)
	}
	r.wait(t, r.ran, "Run returns")
	r.wait(t, s.ended, "the handler ends")
	checkCanceled(t, "End", s.err)
}

func shutdownByThemselves(t T, r *Fixture) {
	r.start(t, sched.Options{})
	begun := make(chan struct{})
	var end func()
	r.spawn(t, r.loop(), context.Background(), "ends soon", func(task *sched.Task) error {
		return task.Suspend(func(resume func()) {
			end = resume
			close(begun)
		})
	})
	r.wait(t, begun, "the task begins")
	result := make(chan error, 1)
	r.goes(func() { result <- r.ops.shutdown(r.s, t.Context()) })
	r.settle(t) // Shutdown waits, and has done what it does at once
	end()
	if err := suite.Receive(t, "Shutdown returns", result); err != nil {
		t.Errorf("Shutdown: %v", err)
	}
	r.wait(t, r.ran, "Run returns")
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.ends) != 1 || r.ends[0].err != nil {
		t.Errorf("tasks ended with %v", r.ends)
	}
}

func shutdownReleases(t T, r *Fixture) {
	r.poll()
	r.start(t, sched.Options{})
	a, _ := r.pair(t)
	reg := r.register(t, goroutineForm, a)
	done := goroutineForm.spawn(t, r, func(func()) {
		var err error
		for range waitsMax {
			if err = reg.Wait(sys.Readable, time.Time{}); err != nil {
				break
			}
		}
		if !errors.Is(err, net.ErrClosed) {
			t.Errorf("Wait: %v, want net.ErrClosed", err)
		}
	})
	r.settle(t)
	r.finished(t)
	r.poller.stop(t, r)
	r.wait(t, done, "a waiting goroutine returns when the poller ends")
}
