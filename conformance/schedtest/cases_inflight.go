package schedtest

import (
	"context"
	"runtime"
	"sync"
	"time"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sched"
	"github.com/edgewise-go/edgewise/sys"
)

func inFlightCases() []Case {
	return []Case{
		{ID: "workers/event-on-its-way", Doc: "sched.Shared", Run: workersEventOnItsWay, Needs: []Feature{OneQueue, OneShots},
			Rule:   "In OneShot, a direction is not armed again while its event is on its way. Otherwise one readiness would be reported twice.",
			Source: "epoll(7), EPOLLONESHOT: armed again by a thread that does not know of the event"},
		{ID: "workers/earlier-time", Doc: "sched.Shared", Run: workersEarlierTime, Needs: []Feature{OneQueue},
			Rule:   "A timer that is due before the time that a worker waits for ends its wait.",
			Source: "Go runtime, wakeNetPoller: a timer earlier than the one that the polling thread waits for"},
	}
}

// One worker has taken an event from the queue and is held. Another runs the task, which reads what
// the event is about and waits for more. The held event then reports only what comes later.
func workersEventOnItsWay(t T, r *Fixture) {
	r.start(t, sched.Options{})
	a, b := r.pair(t)
	woken, told, release := make(chan struct{}), make(chan struct{}), make(chan struct{})
	p := make([]byte, 1)
	s := newScript(nil)
	s.step = func(_ sched.HandlerTask, c sched.Cause) sched.Next {
		switch c {
		case sched.Woken:
			for n, err := sys.Recv(a, p); n > 0 || err != sys.ErrWouldBlock; n, err = sys.Recv(a, p) {
				if err != nil {
					t.Errorf("receive: %d, %v", n, err)
					return sched.Done(nil)
				}
			}
			send(t, b, "y")
			close(woken)
		case sched.Ready:
			close(told)
			r.happens(release)
			return sched.Done(nil)
		}
		return sched.WaitFor(queue.Readable)
	}
	task := r.handle(t, a, s)
	r.fence(t)
	h := r.queues[0].holdEvents()
	done := r.spawn(t, r.loop(), context.Background(), "wakes", func(*sched.Task) error {
		send(t, b, "x")
		if !r.happens(h.held) {
			t.Errorf("no worker took the event")
		}
		task.Wake()
		return nil
	})
	r.wait(t, done, "the event is on its way")
	released := sync.OnceFunc(func() { close(h.release) })
	defer close(release)
	defer released()
	r.wait(t, woken, "the handler is woken")
	before := r.queues[0].events.Load()
	released()
	r.wait(t, told, "the handler gets the event")
	for range 20 {
		r.on(t, func() {}) // by a worker that waits in between
	}
	if n := r.queues[0].events.Load() - before; n > 0 {
		t.Errorf("a readiness was reported %d more times after the event that was on its way", n)
	}
}

// One worker waits for a distant time. Another sets an earlier one.
func workersEarlierTime(t T, r *Fixture) {
	r.start(t, sched.Options{})
	ctx, cancel := context.WithCancelCause(context.Background())
	distant := r.spawn(t, r.loop(), ctx, "distant", func(task *sched.Task) error {
		checkCanceled(t, "Sleep", task.Sleep(distantTime))
		return nil
	})
	r.fence(t)
	// The case repeats this: a worker that wakes for another reason at that moment finds the
	// earlier time by itself.
	for range 5 {
		near := r.spawn(t, r.loop(), context.Background(), "near", func(task *sched.Task) error {
			r.keeps(t, "another worker waits for the distant time", func() bool {
				runtime.Gosched()
				return r.queues[0].until.Load() < int64(distantTime/2)
			})
			return task.Sleep(time.Millisecond)
		})
		r.wait(t, near, "a task sleeps until an earlier time")
	}
	cancel(errCase)
	r.wait(t, distant, "the other task is canceled")
}

// distantTime is longer than any other wait of the cases.
const distantTime = 3 * time.Hour
