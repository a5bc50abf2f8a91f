package schedtest

import (
	"context"
	"errors"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sched"
)

// guest is a coroutine that has begun on a thread of its own, and continues when it is resumed.
type guest struct {
	thread uint64
	resume func()
	begun  chan struct{}
	awaits chan struct{}
	runs   chan struct{}
	leaves chan struct{} // it holds its thread until then
	done   <-chan struct{}
}

// newGuests lets two coroutines begin at the same time, so that each has a worker of its own, and
// returns once both are suspended.
func newGuests(t T, r *Fixture) [2]*guest {
	t.Helper()
	var guests [2]*guest
	for i := range guests {
		guests[i] = &guest{begun: make(chan struct{}), awaits: make(chan struct{}), runs: make(chan struct{}), leaves: make(chan struct{})}
	}
	for i, g := range guests {
		g.done = r.spawn(t, r.loop(), context.Background(), "guest", func(task *sched.Task) error {
			g.thread, _ = r.ops.thread()
			close(g.begun)
			if !r.happens(guests[1-i].begun) {
				t.Errorf("no other worker took a coroutine that is about to begin")
			}
			err := task.Suspend(func(resume func()) {
				g.resume = resume
				close(g.awaits)
			})
			close(g.runs)
			if err == nil {
				r.happens(g.leaves)
			}
			return err
		})
	}
	for _, g := range guests {
		r.wait(t, g.awaits, "a coroutine awaits")
	}
	if guests[0].thread == guests[1].thread {
		t.Fatalf("two coroutines began at the same time, both on thread %d", guests[0].thread)
	}
	return guests
}

// workersFunctionBehindTask has a worker continue a coroutine after a posted function. The other
// worker must call the functions posted meanwhile.
func workersFunctionBehindTask(t T, r *Fixture) {
	r.start(t, sched.Options{})
	guests := newGuests(t, r)
	defer func() {
		for _, g := range guests {
			close(g.leaves)
			g.resume()
			r.wait(t, g.done, "a coroutine ends")
		}
	}()
	called, release, second := make(chan uint64, 1), make(chan struct{}), make(chan struct{})
	post := func(f func()) {
		if err := r.loop().Post(f); err != nil {
			t.Errorf("Post: %v", err)
		}
	}
	post(func() {
		thread, _ := r.ops.thread()
		called <- thread
		r.happens(release)
	})
	here, there := guests[0], guests[1]
	if suite.Receive(t, "a posted function is called", called) != here.thread {
		here, there = there, here
	}
	post(func() { close(second) })
	here.resume()
	there.resume()
	r.wait(t, there.runs, "the other worker checks what it is asked for")
	there.leaves <- struct{}{}
	close(release)
	r.wait(t, here.runs, "the worker continues the coroutine")
	r.wait(t, second, "a free worker calls a posted function while a task holds the thread of another worker")
}

func workersEndOfHandler(t T, r *Fixture) {
	r.make(t, sched.Options{})
	ctx, cancel := context.WithCancelCause(context.Background())
	r.run(t, ctx)
	a, _ := r.pair(t)
	ends, called := make(chan struct{}), make(chan struct{})
	s := newScript(func(sched.HandlerTask, sched.Cause) sched.Next { return sched.WaitFor(queue.Readable) })
	s.end = func(error) {
		close(ends)
		if !r.happens(called) {
			t.Errorf("a posted function waited for the end of a handler while a worker was free")
		}
	}
	r.handle(t, a, s)
	r.fence(t)
	cancel(errors.New("canceled by the case"))
	r.wait(t, ends, "the handler ends")
	if err := r.loop().Post(func() { close(called) }); err != nil {
		t.Errorf("Post: %v", err)
	}
	r.wait(t, s.ended, "the handler has ended")
}

// workersWokenForTwo makes a handler ready on the last loop, which is busy. It keeps every other
// loop that wakes for the handler busy, except one.
func workersWokenForTwo(t T, r *Fixture) {
	r.start(t, sched.Options{})
	loops := r.s.Loops()
	last := loops[len(loops)-1]
	a, _ := r.pair(t)
	s := newScript(func(sched.HandlerTask, sched.Cause) sched.Next { return sched.Done(nil) })
	done := make(chan struct{})
	// This is a posted function, so no other loop takes it.
	if err := last.Post(func() {
		defer close(done)
		if _, err := r.ops.handle(last, a, s); err != nil {
			t.Errorf("Handle: %v", err)
			return
		}
		for i := range len(loops) - 2 {
			if err := loops[i].Post(func() { r.happens(s.ended) }); err != nil {
				t.Errorf("Post: %v", err)
			}
		}
		if !r.happens(s.ended) {
			t.Errorf("a free worker did not take a handler that is ready")
		}
	}); err != nil {
		t.Fatalf("Post: %v", err)
	}
	r.wait(t, done, "the function ends")
}
