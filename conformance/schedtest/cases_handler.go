package schedtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sched"
	"github.com/edgewise-go/edgewise/sys"
)

const (
	stepRule = "Step is called when the task starts, and each time the condition of the last Next is met."
	endRule  = "End is called exactly once, as the last call. Its error is that of the Next that ended the task, a *CancelError, a *PanicError, or ErrStopped."
	wakeRule = "Wake makes the loop call Step with Woken: at once if t waits, otherwise after the next WaitFor."
)

func handlerCases() []Case {
	return []Case{
		{ID: "handler/starts", Doc: "sched.Handler.Step", Run: handlerStarts, Rule: stepRule, Source: "the contract of every spawn"},
		{ID: "handler/ends-once", Doc: "sched.Handler.End", Run: handlerEndsOnce, Rule: endRule, Source: "gnet 621: a callback after the last one"},
		{ID: "handler/ready", Doc: "sched.Handler.Step", Run: handlerReady, Rule: stepRule, Source: "epoll(7)"},
		{ID: "handler/ready-before-await", Doc: "sched.Handler.Step", Run: handlerReadyBefore, Rule: stepRule, Source: "nbio: a connection that yields is forgotten"},
		{ID: "handler/panic-in-step", Doc: "sched.Handler.Step", Run: handlerPanicInStep, Rule: "A panic ends the task.", Source: "cloudwego/netpoll 238"},
		{ID: "handler/panic-in-end", Doc: "sched.Handler.End", Run: handlerPanicInEnd, Rule: "If End panics, its panic is joined to the error that Options.Ended gets.", Source: "cloudwego/netpoll 238"},
		{ID: "handler/within", Doc: "sched.Next.Within", Run: handlerWithin,
			Rule:   "Within makes the loop call Step with Expired after d, or at once if d is not positive.",
			Source: "a remaining time that is negative"},
		{ID: "handler/wake", Doc: "sched.HandlerTask.Wake", Run: handlerWake, Rule: wakeRule, Source: "smol 134: a wake between the check and the park"},
		{ID: "handler/wake-after-end", Doc: "sched.HandlerTask.Wake", Run: handlerWakeAfterEnd,
			Rule:   "After t has ended, Wake does nothing.",
			Source: "a slab that reuses its places"},
		{ID: "handler/again", Doc: "sched.Again", Run: handlerAgain,
			Rule:   "Again lets other tasks run and new events in, then calls Step with Resumed.",
			Source: "gnet 599, tokio 6221: one connection monopolizes the loop"},
		{ID: "handler/bound", Doc: "sched.Loop.StartHandler", Run: handlerBound, Rule: "Handle returns ErrFull at MaxTasks.", Source: "gnet 423: unbounded memory"},
		{ID: "handler/handle-is-free", Doc: "sched.Handler.End", Run: handlerHandleIsFree,
			Rule:   "When End is called, the handle is no longer registered, so End may close it.",
			Source: "gnet 621: the order of close and callback"},
	}
}

// script is a handler made of functions. It records the causes of its steps.
type script struct {
	step func(t sched.HandlerTask, cause sched.Cause) sched.Next
	end  func(err error)

	heedsDrain bool // the handler ends with the case

	steps atomic.Int32
	ends  atomic.Int32
	err   error // written before ended is closed
	ended chan struct{}
}

func newScript(step func(t sched.HandlerTask, cause sched.Cause) sched.Next) *script {
	return &script{step: step, heedsDrain: true, ended: make(chan struct{})}
}

func (s *script) Step(t sched.HandlerTask, cause sched.Cause) sched.Next {
	s.steps.Add(1)
	if cause == sched.Draining && s.heedsDrain {
		return sched.Done(nil)
	}
	return s.step(t, cause)
}

func (s *script) End(err error) {
	if s.ends.Add(1) == 1 {
		s.err = err
		defer close(s.ended)
	}
	if s.end != nil {
		s.end(err)
	}
}

// on calls f on the loop and waits for it to return.
func (r *Fixture) on(t T, f func()) {
	t.Helper()
	done := make(chan struct{})
	if err := r.loop().Post(func() {
		defer close(done)
		f()
	}); err != nil {
		t.Fatalf("Post: %v", err)
	}
	r.wait(t, done, "a posted function returns")
}

// handle starts s for h.
func (r *Fixture) handle(t T, h sys.Handle, s *script) sched.HandlerTask {
	t.Helper()
	var task sched.HandlerTask
	var err error
	r.on(t, func() { task, err = r.ops.handle(r.loop(), h, s) })
	if err != nil {
		t.Fatalf("Handle: %v", err)
	}
	return task
}

func handlerStarts(t T, r *Fixture) {
	r.start(t, sched.Options{})
	a, _ := r.pair(t)
	var mu sync.Mutex // guards causes
	var causes []sched.Cause
	said := func() []sched.Cause {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(causes)
	}
	s := newScript(func(_ sched.HandlerTask, c sched.Cause) sched.Next {
		mu.Lock()
		defer mu.Unlock()
		causes = append(causes, c)
		return sched.WaitFor(queue.None)
	})
	r.handle(t, a, s)
	r.until(t, func() bool { return len(said()) > 0 }, "Step is called")
	r.fence(t)
	if causes := said(); len(causes) != 1 || causes[0] != sched.Started {
		t.Errorf("Step was called with %v, want started, once", causes)
	}
}

func handlerEndsOnce(t T, r *Fixture) {
	r.start(t, sched.Options{})
	for _, want := range []error{nil, errCase} {
		a, _ := r.pair(t)
		s := newScript(func(_ sched.HandlerTask, c sched.Cause) sched.Next {
			if c == sched.Started {
				return sched.Again()
			}
			return sched.Done(want)
		})
		task := r.handle(t, a, s)
		r.wait(t, s.ended, "the handler ends")
		task.Wake() // it has ended
		r.fence(t)
		if s.ends.Load() != 1 || s.steps.Load() != 2 || !errors.Is(s.err, want) {
			t.Errorf("%d steps, %d ends, with %v; want 2, 1, with %v", s.steps.Load(), s.ends.Load(), s.err, want)
		}
	}
	r.until(t, func() bool { return len(r.endings("handler")) >= 2 }, "Ended is called for both handlers")
	r.fence(t)
	if n := len(r.endings("handler")); n != 2 {
		t.Errorf("Ended was called %d times for 2 handlers", n)
	}
}

func handlerReady(t T, r *Fixture) {
	r.poll()
	r.start(t, sched.Options{})
	a, b := r.pair(t)
	p := make([]byte, 8)
	reader := newScript(nil)
	reader.step = func(_ sched.HandlerTask, c sched.Cause) sched.Next {
		if c != sched.Started && c != sched.Ready {
			t.Errorf("Step was called with %v", c)
		}
		for {
			n, err := sys.Recv(a, p)
			switch {
			case err == sys.ErrWouldBlock && reader.steps.Load() > waitsMax+200:
				return sched.Done(errNagged)
			case err == sys.ErrWouldBlock:
				return sched.WaitFor(queue.Readable)
			case n == 0 || err != nil:
				return sched.Done(err)
			}
			if _, err := sys.Send(a, p[:n]); err != nil {
				return sched.Done(err)
			}
		}
	}
	r.handle(t, a, reader)
	reg := r.register(t, goroutineForm, b)
	done := r.goes(func() {
		for range 40 {
			send(t, b, "x")
			if n, err := receive(reg, b, make([]byte, 8)); n != 1 || err != nil {
				t.Errorf("echo: %d, %v", n, err)
				return
			}
		}
	})
	r.wait(t, done, "every byte comes back")
	if err := sys.Shutdown(b, sys.ShutWriting); err != nil {
		t.Errorf("shutdown: %v", err)
	}
	r.wait(t, reader.ended, "the handler sees the end of the stream")
	if reader.err != nil {
		t.Errorf("the handler ended with %v", reader.err)
	}
}

func handlerReadyBefore(t T, r *Fixture) {
	r.start(t, sched.Options{})
	a, b := r.pair(t)
	yields := 0
	s := newScript(func(_ sched.HandlerTask, c sched.Cause) sched.Next {
		n, err := sys.Recv(a, make([]byte, 1))
		switch {
		case n == 1:
			return sched.Done(nil)
		case err != sys.ErrWouldBlock:
			return sched.Done(err)
		case c == sched.Started:
			// The handler has seen would-block. The byte comes later, and is reported before the
			// WaitFor.
			if _, err := sys.Send(b, []byte("x")); err != nil {
				return sched.Done(err)
			}
		}
		return sched.WaitFor(queue.Readable)
	})
	plain := s.step
	s.step = func(task sched.HandlerTask, c sched.Cause) sched.Next {
		if c == sched.Started {
			plain(task, c)
		}
		if yields++; yields <= fenceTurns {
			return sched.Again()
		}
		if yields == fenceTurns+1 {
			return sched.WaitFor(queue.Readable)
		}
		return plain(task, c)
	}
	r.handle(t, a, s)
	r.wait(t, s.ended, "readiness reported before the WaitFor ends it")
	if s.err != nil {
		t.Errorf("the handler ended with %v", s.err)
	}
}

// blow is a function name that the case looks for in a stack.
func blow() { panic(errCase) }

func handlerPanicInStep(t T, r *Fixture) {
	r.start(t, sched.Options{})
	a, _ := r.pair(t)
	s := newScript(func(sched.HandlerTask, sched.Cause) sched.Next {
		blow()
		return sched.Again()
	})
	r.handle(t, a, s)
	r.wait(t, s.ended, "the handler ends")
	r.ended(t, "handler", errCase)
	checkPanic(t, s.err, "blow")
}

func handlerPanicInEnd(t T, r *Fixture) {
	r.start(t, sched.Options{})
	a, _ := r.pair(t)
	s := newScript(func(sched.HandlerTask, sched.Cause) sched.Next { return sched.Done(nil) })
	s.end = func(error) { blow() }
	r.handle(t, a, s)
	r.wait(t, s.ended, "the handler ends")
	r.ended(t, "handler", errCase)
	checkPanic(t, r.endings("handler")[0], "blow")
}

func handlerWithin(t T, r *Fixture) {
	r.start(t, sched.Options{})
	a, b := r.pair(t)
	durations := append([]time.Duration{-time.Hour}, durations...)
	var begun time.Time
	var expired atomic.Int32 // timers, and one for the event after them
	s := newScript(func(_ sched.HandlerTask, c sched.Cause) sched.Next {
		i := int(expired.Load())
		defer func() { expired.Store(int32(i)) }()
		switch {
		case c == sched.Expired && i < len(durations):
			if d := time.Since(begun); d < durations[i] {
				t.Errorf("Within %v expired after %v", durations[i], d)
			}
			i++
		case c == sched.Expired:
			t.Errorf("a timer expired that an event had ended")
			return sched.Done(nil)
		case c == sched.Ready && i == len(durations):
			i++
			return sched.WaitFor(queue.None).Within(time.Hour)
		}
		begun = time.Now()
		if i < len(durations) {
			return sched.WaitFor(queue.Readable).Within(durations[i])
		}
		if i == len(durations) {
			if _, err := sys.Send(b, []byte("x")); err != nil {
				return sched.Done(err)
			}
			return sched.WaitFor(queue.Readable).Within(time.Hour)
		}
		return sched.Done(nil)
	})
	task := r.handle(t, a, s)
	r.until(t, func() bool { return int(expired.Load()) > len(durations) }, "all timers expire, and an event comes")
	task.Wake()
	r.wait(t, s.ended, "the handler ends")
}

func handlerWake(t T, r *Fixture) {
	r.start(t, sched.Options{})
	a, _ := r.pair(t)
	var woken atomic.Int64
	seen := make(chan struct{}, 1)
	s := newScript(func(task sched.HandlerTask, c sched.Cause) sched.Next {
		switch {
		case c == sched.Started:
			r.ops.wake(task) // during a step: takes effect at the next WaitFor
			r.ops.wake(task)
		case c == sched.Woken:
			woken.Add(1)
			seen <- struct{}{}
		default:
			t.Errorf("Step was called with %v", c)
		}
		return sched.WaitFor(queue.None)
	})
	task := r.handle(t, a, s)
	r.wait(t, seen, "a Wake during the previous step is delivered")
	r.fence(t)
	// Another worker may see the first call before the step makes the second.
	if n := woken.Load(); n > 2 || n > 1 && r.ordered {
		t.Errorf("Step was called with Woken %d times after two calls in one step", n)
	}
	for i := range r.rounds(2000) {
		r.ops.wake(task)
		r.wait(t, seen, fmt.Sprintf("the handler is woken by Wake %d", i))
	}
}

// The successor takes over from the first handler what it can: its place in the loop's tables, and
// its pending notice.
func handlerWakeAfterEnd(t T, r *Fixture) {
	r.start(t, sched.Options{})
	for range 20 {
		a, b := r.pair(t)
		second := newScript(func(sched.HandlerTask, sched.Cause) sched.Next { return sched.WaitFor(queue.None) })
		first := newScript(func(task sched.HandlerTask, _ sched.Cause) sched.Next {
			r.ops.wake(task)
			return sched.Done(nil)
		})
		first.end = func(error) {
			if _, err := r.ops.handle(r.loop(), b, second); err != nil {
				t.Errorf("Handle: %v", err)
			}
		}
		task := r.handle(t, a, first)
		r.wait(t, first.ended, "the first handler ends")
		r.ops.wake(task)
		r.until(t, func() bool { return second.steps.Load() > 0 }, "the next handler starts")
		r.fence(t)
		if n := second.steps.Load(); n != 1 {
			t.Fatalf("a Wake of a handler that has ended reached its successor: %d steps, want 1", n)
		}
	}
}

func handlerAgain(t T, r *Fixture) {
	r.start(t, sched.Options{})
	a, _ := r.pair(t)
	var others atomic.Int32
	s := newScript(nil)
	var started atomic.Bool // the other task
	late, begun := 0, time.Now()
	s.step = func(_ sched.HandlerTask, c sched.Cause) sched.Next {
		if s.steps.Load() > 1 && c != sched.Resumed {
			t.Errorf("Step was called with %v after Again", c)
		}
		if started.Load() {
			late++
		}
		switch {
		case others.Load() == 10:
			return sched.Done(nil)
		case r.ordered && late > roundsMax, time.Since(begun) > r.late(): // counted as Fixture.flood counts
			t.Errorf("another task had %d turns, and since it started a handler returned Again %d times", others.Load(), late)
			return sched.Done(nil)
		}
		return sched.Again()
	}
	r.handle(t, a, s)
	other := r.spawn(t, r.loop(), context.Background(), "other", func(task *sched.Task) error {
		for others.Store(1); others.Load() < 10; others.Add(1) {
			if err := task.Yield(); err != nil {
				return err
			}
		}
		return nil
	})
	started.Store(true)
	r.wait(t, other, "the other task ends")
	r.wait(t, s.ended, "the handler ends")
}

func handlerBound(t T, r *Fixture) {
	const tasks = 4
	r.start(t, sched.Options{MaxTasks: tasks})
	for range 2 {
		var held []*script
		var woken []sched.HandlerTask
		for range tasks {
			a, _ := r.pair(t)
			s := newScript(func(_ sched.HandlerTask, c sched.Cause) sched.Next {
				if c == sched.Woken {
					return sched.Done(nil)
				}
				return sched.WaitFor(queue.None)
			})
			woken = append(woken, r.handle(t, a, s))
			held = append(held, s)
		}
		a, _ := r.pair(t)
		extra := newScript(func(sched.HandlerTask, sched.Cause) sched.Next { return sched.Done(nil) })
		r.on(t, func() {
			if _, err := r.ops.handle(r.loop(), a, extra); !errors.Is(err, sched.ErrFull) {
				t.Errorf("Handle at MaxTasks: %v, want ErrFull", err)
			}
		})
		for i, task := range woken {
			task.Wake()
			r.wait(t, held[i].ended, "a held handler ends")
		}
		if n := extra.ends.Load(); n != 0 {
			t.Errorf("End was called for a handler that was refused")
		}
	}
}

func handlerHandleIsFree(t T, r *Fixture) {
	r.start(t, sched.Options{})
	a, _ := r.pair(t)
	second := newScript(func(sched.HandlerTask, sched.Cause) sched.Next { return sched.Done(nil) })
	first := newScript(func(sched.HandlerTask, sched.Cause) sched.Next { return sched.Done(nil) })
	first.end = func(error) {
		if _, err := r.loop().StartHandler(a, second); err != nil {
			t.Errorf("Handle in End, for the same handle: %v", err)
			close(second.ended)
		}
	}
	r.handle(t, a, first)
	r.wait(t, second.ended, "the second handler ends")
}
