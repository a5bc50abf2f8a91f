package schedtest

import (
	"context"
	"errors"
	"iter"
	"strings"
	"time"

	"github.com/edgewise-go/edgewise/sched"
	"github.com/edgewise-go/edgewise/sys"
)

func callerCases() []Case {
	return []Case{
		{ID: "caller/goroutine-without-a-poller", Doc: "sched.Loop.Waiter", Run: callerGoroutine,
			Rule:   "Without a poller, a goroutine that waits gets ErrWrongWaiter, which names Options.Poller, even if a task started the goroutine.",
			Source: "pgx, go-redis, net/http.Transport: one of their goroutines reads from a connection that a task dialed"},
		{ID: "caller/task-waits-with-a-poller", Doc: "sched.Poller.Register", Run: callerTask,
			Rule:   "A task of a loop that uses the poller gets ErrWrongWaiter if it waits with a registration of the poller, because it would block its loop.",
			Source: "a connection with the wrong waiter silently stops the loop"},
		{ID: "caller/one-handle", Doc: "sched.Loop.Waiter", Run: callerOneHandle,
			Rule:   "One connection serves tasks and goroutines, even in turn.",
			Source: "pgx: a task reads, and during a slow write a goroutine of the library does"},
		{ID: "caller/one-handle-of-a-goroutine", Doc: "sched.Waiter.Register", Run: callerOneHandleOfGoroutine,
			Rule:   "A handle that a goroutine has registered serves tasks and goroutines.",
			Source: "net/http.Transport: a goroutine of the library dials"},
		{ID: "caller/one-handle-of-another-loop", Doc: "sched.Loop.Waiter", Needs: []Feature{SeveralLoops}, Run: callerOneHandleOfOtherLoop,
			Rule:   "A task of another loop of the scheduler is suspended by its own loop.",
			Source: "net/http.Transport: a pooled connection passes to a task of another loop"},
		{ID: "caller/held-loop", Doc: "sched.Poller", Run: callerHeldLoop,
			Rule:   "A goroutine never depends on a loop that a task holds, even if that task waits for the goroutine.",
			Source: "net/http.Transport: RoundTrip waits on a channel for the goroutine that reads"},
		{ID: "caller/interrupt-all", Doc: "stream.Source", Run: callerInterruptAll,
			Rule:   "Interrupt makes the running Wait in direction d, or else the next one, return nil, whichever caller waits.",
			Source: "SetDeadline from a task ends the read of a goroutine"},
		{ID: "caller/close-all", Doc: "stream.Source", Run: callerCloseAll,
			Rule:   "Close makes a running Wait return net.ErrClosed, whichever caller waits.",
			Source: "a goroutine reads, and a task closes"},
		{ID: "caller/select", Doc: "sched.Waiter.NewSelect", Run: callerSelect,
			Rule:   "The first Wait decides by its caller how this and all later Waits suspend.",
			Source: "a dialer that tasks and goroutines share"},
		{ID: "caller/waiter-of", Doc: "sched.WaiterOf", Needs: []Feature{SeveralLoops}, Run: callerWaiterOf,
			Rule:   "A handle that a task registers belongs to the loop of the task, and any other handle to the first loop.",
			Source: "a dialer for tasks of all loops: each connection stays with its task"},
		{ID: "caller/suspend", Doc: "sched.Waiter.Suspend", Run: callerSuspend,
			Rule:   "Suspend calls start and suspends the caller, a task or a goroutine, until resume is called, from any goroutine.",
			Source: "a resolver for callers of both kinds"},
		{ID: "caller/post", Doc: "sched.Poller.Post", Run: callerPost,
			Rule:   "Post calls f on the goroutine of Run, after the functions posted before.",
			Source: "completions that must not depend on a loop which a task holds"},
		{ID: "caller/unused", Doc: "sched.Loop.Waiter", Run: callerUnused,
			Rule:   "A registration for which no caller waits stops reporting events that another caller of the handle takes.",
			Source: "a listener that main opens and a task accepts from would wake a thread in vain for each connection"},
		{ID: "caller/another-task", Doc: "sched.Task", Run: callerOtherTask,
			Rule:   "The methods of a Task that wait return ErrWrongWaiter to any other task.",
			Source: "a Task stored where another task finds it"},
		{ID: "caller/step", Doc: "sched.ErrWrongWaiter", Run: callerStep,
			Rule:   "A step of a handler and a posted function cannot wait: each wait in them returns ErrWrongWaiter.",
			Source: "a blocking call in a callback of an event loop"},
		{ID: "caller/coroutine", Doc: "sched.Task", Run: callerCoroutine,
			Rule:   "A coroutine of package iter within a task is not a task: without a poller its waits return ErrWrongWaiter.",
			Source: "an iterator that reads, consumed through iter.Pull"},
	}
}

// means are the ways to wait for something. Each returns the result of the wait.
type means struct {
	r     *Fixture
	task  *sched.Task
	reg   registration
	other sched.Select // for a registration of the same kind as reg
	job   *sched.Job
}

// attempt is a wait that must be refused.
type attempt struct {
	what string
	wait func() error
}

// registered are the waits that need only a registration. The interrupts make the first one return
// at once if it is not refused.
func (m means) registered() []attempt {
	deadline := time.Now().Add(m.r.patience)
	return []attempt{
		{"Wait that can return at once", func() error {
			m.reg.Interrupt(sys.Readable)
			return m.reg.Wait(sys.Readable, deadline)
		}},
		{"Wait", func() error { return m.reg.Wait(sys.Writable, deadline) }},
		{"Select.Wait", func() error {
			m.other.Wake()
			return m.other.Wait(nil, deadline)
		}},
	}
}

// asTask are the waits of a task.
func (m means) asTask() []attempt {
	ops := &m.r.ops
	return []attempt{
		{"Yield", func() error { return ops.yield(m.task) }},
		{"Sleep", func() error { return ops.sleep(m.task, 0) }},
		{"Suspend", func() error { return ops.await(m.task, func(resume func()) { resume() }) }},
		{"Blocking", func() error { return ops.block(m.task, func() error { return nil }) }},
		{"Mutex.Lock", func() error { return ops.lock(new(sched.Mutex), m.task) }},
		{"Semaphore.Acquire", func() error { return ops.acquire(sched.NewSemaphore(1), m.task, 1) }},
		{"Chan.Send", func() error { return ops.channel(1).Send(m.task, 1) }},
		{"Chan.Recv", func() error {
			c := ops.channel(1)
			_ = c.TrySend(1)
			_, err := c.Recv(m.task)
			return err
		}},
		{"Join", func() error { return ops.join(m.task, m.job) }},
	}
}

// awaits is how package stream makes a task wait for another task. A registration that a mutant has
// changed may lack it.
func (m means) awaits() attempt {
	return attempt{"Source.Suspend", func() error {
		if a, ok := m.reg.(interface{ Suspend(func(func())) error }); ok {
			return a.Suspend(func(resume func()) { resume() })
		}
		return m.reg.Wait(sys.Writable, time.Now())
	}}
}

// begins is how package stream begins an operation that can finish without waiting.
func (m means) begins() attempt {
	return attempt{"YieldIfSpent", func() error {
		if y, ok := m.reg.(interface{ YieldIfSpent() error }); ok {
			return y.YieldIfSpent()
		}
		return m.reg.Wait(sys.Writable, time.Now())
	}}
}

// asGoroutine are the waits of a goroutine.
func (m means) asGoroutine() []attempt {
	ops, l := &m.r.ops, m.r.loop()
	return []attempt{
		{"Job.Wait", func() error { return ops.outside(m.job, context.Background()) }},
		{"Call", func() error {
			return ops.call(l, context.Background(), "called", func(*sched.Task) error { return nil })
		}},
		{"Shutdown", func() error {
			over, cancel := context.WithCancel(context.Background())
			cancel()
			return m.r.s.Shutdown(over)
		}},
	}
}

// refused checks that each attempt is refused with an error that names the remedy.
func refused(t T, who, remedy string, attempts ...attempt) {
	t.Helper()
	for _, a := range attempts {
		switch err := a.wait(); {
		case !errors.Is(err, sched.ErrWrongWaiter):
			t.Errorf("%s of %s: %v, want ErrWrongWaiter", a.what, who, err)
		case !strings.Contains(err.Error(), remedy):
			t.Errorf("%s of %s: %q does not name the remedy %q", a.what, who, err, remedy)
		}
	}
}

// ended returns the job of a task that has ended.
func (r *Fixture) endedJob(t T) *sched.Job {
	t.Helper()
	j, err := r.ops.launch(r.loop(), context.Background(), "joined", func(*sched.Task) error { return nil })
	if err != nil {
		t.Fatalf("Start: %v", err)
	}
	r.wait(t, j.Done(), "a task ends")
	return j
}

// startForCallers starts the scheduler and returns the waiters of tasks and of goroutines.
func (r *Fixture) startForCallers(t T) (tasks, goroutines means) {
	t.Helper()
	r.start(t, sched.Options{MaxBlocking: 1})
	job := r.endedJob(t)
	a, b := r.pair(t)
	tasks = means{r: r, job: job, reg: r.register(t, taskForm, a), other: r.loop().Waiter().NewSelect()}
	goroutines = means{r: r, job: job}
	if r.poller != nil {
		var err error
		if goroutines.reg, err = r.ops.polled(r.poller.Poller, b); err != nil {
			t.Fatalf("Register with the poller: %v", err)
		}
		t.Cleanup(func() {
			if err := goroutines.reg.Close(); err != nil {
				t.Errorf("Source.Close: %v", err)
			}
		})
		goroutines.other = r.poller.NewSelect()
	}
	return tasks, goroutines
}

// serves checks that the loop still runs tasks, and that they can wait.
func (r *Fixture) serves(t T) {
	t.Helper()
	r.do(t, "served", func(task *sched.Task) error { return task.Yield() })
}

// callerGoroutine has a goroutine wait that a task has started: once while the task has the thread,
// and once while it is suspended.
func callerGoroutine(t T, r *Fixture) {
	m, _ := r.startForCallers(t)
	try := func() <-chan struct{} {
		over := make(chan struct{})
		go func() {
			defer close(over)
			refused(t, "a goroutine", "loop.Call", append(append(m.registered(), m.awaits(), m.begins()), m.asTask()...)...)
		}()
		return over
	}
	r.do(t, "starts a goroutine", func(task *sched.Task) error {
		m.task = task
		r.wait(t, try(), "a goroutine is refused while the task runs")
		return task.Suspend(func(resume func()) {
			go func() {
				defer resume()
				r.serves(t)
				r.wait(t, try(), "a goroutine is refused while the task is suspended")
			}()
		})
	})
	r.wait(t, try(), "a goroutine is refused after the task has ended")
	r.serves(t)
}

func callerTask(t T, r *Fixture) {
	r.poll()
	_, m := r.startForCallers(t)
	r.do(t, "waits", func(task *sched.Task) error {
		refused(t, "a task", "Waiter()", append(append(m.registered(), m.begins()), m.asGoroutine()...)...)
		return task.Yield()
	})
	r.serves(t)
}

func callerOtherTask(t T, r *Fixture) {
	m, _ := r.startForCallers(t)
	r.do(t, "first", func(first *sched.Task) error {
		m.task = first
		return first.Suspend(func(resume func()) {
			go func() {
				defer resume()
				r.do(t, "second", func(second *sched.Task) error {
					refused(t, "another task", "its own Task", m.asTask()...)
					return second.Yield()
				})
			}()
		})
	})
	r.do(t, "nobody", func(*sched.Task) error {
		m.task = nil
		refused(t, "no task", "that of the caller", attempt{"Mutex.Lock", func() error { return r.ops.lock(new(sched.Mutex), nil) }},
			attempt{"Chan.Send", func() error { return r.ops.channel(1).Send(nil, 1) }},
			attempt{"Semaphore.Acquire", func() error { return r.ops.acquire(sched.NewSemaphore(1), nil, 1) }})
		return nil
	})
	r.serves(t)
}

// callerStep waits in a step and in a posted function.
func callerStep(t T, r *Fixture) {
	r.poll()
	tasks, goroutines := r.startForCallers(t)
	all := append(append(tasks.registered(), tasks.awaits()), append(goroutines.registered(), goroutines.asGoroutine()...)...)
	r.on(t, func() { refused(t, "a posted function", "Waiter() in a task", all...) })
	a, _ := r.pair(t)
	s := newScript(func(sched.HandlerTask, sched.Cause) sched.Next {
		refused(t, "a step", "return WaitFor", all...)
		return sched.Done(nil)
	})
	r.handle(t, a, s)
	r.wait(t, s.ended, "the handler ends")
	r.serves(t)
}

func callerCoroutine(t T, r *Fixture) {
	m, _ := r.startForCallers(t)
	r.do(t, "pulls", func(task *sched.Task) error {
		m.task = task
		next, stop := iter.Pull(iter.Seq[int](func(yield func(int) bool) {
			refused(t, "a coroutine", "", append(append(m.registered(), m.awaits(), m.begins()), m.asTask()...)...)
			yield(1)
		}))
		defer stop()
		next()
		if err := task.Yield(); err != nil {
			t.Errorf("Yield after a coroutine of the task was refused: %v", err)
		}
		next()
		return task.Yield()
	})
	r.serves(t)
}
