package schedtest

import (
	"context"
	"runtime"
	"sync/atomic"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sched"
	"github.com/edgewise-go/edgewise/sys"
)

func workersCases() []Case {
	return []Case{
		{ID: "workers/one-at-a-time", Doc: "sched.Shared", Run: workersOneAtATime,
			Rule:   "No two workers ever run the same task at once, in any mode.",
			Source: "epoll(7): a level trigger wakes every waiting thread"},
		{ID: "workers/coroutine-stays", Doc: "sched.Shared", Run: workersCoroutineStays,
			Rule:   "A coroutine stays with the worker that began it.",
			Source: "iter.Pull: coroswitch on a thread other than the locked one is fatal"},
		{ID: "workers/ready-work-is-taken", Doc: "sched.Shared", Run: workersTake, Needs: []Feature{SeveralWorkers},
			Rule:   "A free worker runs whatever is ready.",
			Source: "StarRocks 72956: one worker gets all the work"},
		{ID: "workers/woken-for-two", Doc: "sched.Shared", Run: workersWokenForTwo, Needs: []Feature{SeveralWorkers},
			Rule:   "A free worker runs whatever is ready.",
			Source: "schedexplore: a woken thief had a function to call first, and the other workers slept on"},
		{ID: "workers/long-step", Doc: "sched.Shared", Run: workersLongStep, Needs: []Feature{OneQueue},
			Rule:   "A long step delays no other event while a worker is free.",
			Source: "leader and followers: a leader that works leaves no thread to wait"},
		{ID: "workers/long-step-after-a-function", Doc: "sched.Shared", Run: workersFunctionBehindTask, Needs: []Feature{OneQueue},
			Rule:   "A long step delays no other event while a worker is free.",
			Source: "schedexplore: what was posted during a function waited for the turn after it"},
		{ID: "workers/long-end", Doc: "sched.Shared", Run: workersEndOfHandler, Needs: []Feature{OneQueue},
			Rule:   "A long step delays no other event while a worker is free.",
			Source: "schedexplore: handlers that ended by cancellation left no worker to wait"},
		{ID: "workers/does-not-nag", Doc: "sched.Options.Mode", Run: workersDoNotNag, Needs: []Feature{OneQueue},
			Rule:   "In no mode does a ready handle that no task waits for keep the loop busy.",
			Source: "a level trigger wakes the next leader repeatedly while the task runs"},
	}
}

func workersOneAtATime(t T, r *Fixture) {
	r.start(t, sched.Options{})
	a, b := r.pair(t)
	var inside atomic.Int32
	p := make([]byte, 64)
	s := newScript(func(sched.HandlerTask, sched.Cause) sched.Next {
		r.ops.turn(func() {
			if n := inside.Add(1); n != 1 {
				t.Errorf("%d threads run the step of one handler at once", n)
			}
			runtime.Gosched()
		}, func() { inside.Add(-1) })
		for {
			n, err := sys.Recv(a, p)
			switch {
			case err == sys.ErrWouldBlock:
				return sched.WaitFor(queue.Readable)
			case n == 0 || err != nil:
				return sched.Done(err)
			}
		}
	})
	task := r.handle(t, a, s)
	for range r.rounds(300) {
		// The socket may be full of bytes that the handler has not read yet.
		if _, err := sys.Send(b, []byte("x")); err != nil && err != sys.ErrWouldBlock {
			t.Errorf("send: %v", err)
		}
		task.Wake()
	}
	if err := sys.Shutdown(b, sys.ShutWriting); err != nil {
		t.Errorf("shutdown: %v", err)
	}
	r.wait(t, s.ended, "the handler sees the end of the stream")
}

func workersCoroutineStays(t T, r *Fixture) {
	r.start(t, sched.Options{})
	const tasks, rounds = 8, 20
	var done []<-chan struct{}
	for range tasks {
		done = append(done, r.spawn(t, r.loop(), context.Background(), "stays", func(task *sched.Task) error {
			home, err := r.ops.thread()
			for range rounds {
				if err := task.Suspend(func(resume func()) { go resume() }); err != nil {
					return err
				}
				if err := task.Yield(); err != nil {
					return err
				}
				if thread, _ := r.ops.thread(); err == nil && thread != home {
					t.Errorf("a coroutine began on thread %d and runs on %d", home, thread)
					return nil
				}
			}
			return nil
		}))
	}
	for _, d := range done {
		r.wait(t, d, "a task ends")
	}
}

func workersTake(t T, r *Fixture) {
	r.start(t, sched.Options{})
	a, _ := r.pair(t)
	begun := make(chan struct{})
	s := newScript(func(sched.HandlerTask, sched.Cause) sched.Next { return sched.Done(nil) })
	r.do(t, "holds its thread", func(task *sched.Task) error {
		if _, err := r.ops.handle(r.loop(), a, s); err != nil {
			t.Errorf("Handle: %v", err)
		}
		if !r.happens(s.ended) {
			t.Errorf("no other worker took a handler that is ready")
		}
		if err := r.ops.child(task, context.Background(), "child", func(*sched.Task) error {
			close(begun)
			return nil
		}); err != nil {
			t.Errorf("Task.Go: %v", err)
		}
		if !r.happens(begun) {
			t.Errorf("no other worker took a coroutine that is about to begin")
		}
		return nil
	})
}

func workersLongStep(t T, r *Fixture) {
	r.start(t, sched.Options{})
	a, b := r.pair(t)
	s := newScript(func(sched.HandlerTask, sched.Cause) sched.Next {
		n, err := sys.Recv(a, make([]byte, 1))
		if err == sys.ErrWouldBlock {
			return sched.WaitFor(queue.Readable)
		}
		if n != 1 {
			t.Errorf("receive: %d, %v", n, err)
		}
		return sched.Done(nil)
	})
	r.handle(t, a, s)
	r.fence(t)
	r.do(t, "holds its thread", func(*sched.Task) error {
		send(t, b, "x")
		if !r.happens(s.ended) {
			t.Errorf("a step that holds its thread delayed the event of another handler")
		}
		return nil
	})
}

func workersDoNotNag(t T, r *Fixture) {
	r.start(t, sched.Options{})
	a, b := r.pair(t)
	held, release := make(chan struct{}), make(chan struct{})
	s := newScript(nil)
	s.step = func(_ sched.HandlerTask, c sched.Cause) sched.Next {
		if c == sched.Started {
			return sched.WaitFor(queue.Readable)
		}
		close(held)
		<-release // without end: with only one thread, a turn of another task must first run out of patience
		return sched.Done(nil)
	}
	r.handle(t, a, s)
	r.fence(t)
	send(t, b, "x")
	r.wait(t, held, "the handler holds its thread")
	defer close(release)
	send(t, b, "y")
	before := r.queues[0].events.Load()
	rounds := int64(r.rounds(200))
	for range rounds {
		r.on(t, func() {})
	}
	if n := r.queues[0].events.Load() - before; n > rounds/4 {
		t.Errorf("a ready handle caused %d events in %d turns while its handler ran", n, rounds)
	}
}
