package schedtest

import (
	"context"
	"runtime"
	"time"

	"github.com/edgewise-go/edgewise/sched"
	"github.com/edgewise-go/edgewise/sys"
)

func readinessCases() []Case {
	return []Case{
		{ID: "readiness/does-not-nag", Doc: "sched.Options.Mode", Run: readinessDoesNotNag,
			Rule:   "In no mode does a ready handle that no task waits for keep the loop busy.",
			Source: "smol 111, libuv 47e95602: a leftover interest costs a whole processor"},
		{ID: "readiness/many-and-collected", Doc: "stream.Source", Run: readinessMany,
			Rule:   waitRule,
			Source: "cloudwego/netpoll 360: an object referenced only by the kernel was garbage-collected"},
	}
}

func readinessDoesNotNag(t T, r *Fixture) {
	r.start(t, sched.Options{})
	a, b := r.pair(t)
	reg := r.register(t, taskForm, a)
	r.do(t, "looks", func(task *sched.Task) error {
		for range waitsMax { // the first events, of a socket with room to write in
			if _, err := sys.Send(b, []byte("x")); err != nil {
				return err
			}
			if err := reg.Wait(sys.Readable, time.Time{}); err != nil {
				return err
			}
			if n, _ := sys.Recv(a, make([]byte, 1)); n == 1 {
				break
			}
		}
		if err := reg.Wait(sys.Writable, time.Time{}); err != nil {
			return err
		}
		if _, err := sys.Send(b, []byte("xx")); err != nil {
			return err
		}
		return reg.Wait(sys.Readable, time.Time{})
	})
	r.fence(t)
	before := r.queues[0].events.Load()
	rounds := int64(r.rounds(200))
	for range rounds {
		r.fence(t)
	}
	if n := r.queues[0].events.Load() - before; n > rounds/2 {
		t.Errorf("a ready handle that no task waits for caused %d events in %d turns", n, rounds*fenceTurns)
	}
}

func readinessMany(t T, r *Fixture) {
	r.start(t, sched.Options{})
	const tasks = 80
	var peers []sys.Handle
	var done []<-chan struct{}
	for range tasks {
		a, b := r.pair(t)
		reg := r.register(t, taskForm, a)
		peers = append(peers, b)
		done = append(done, r.spawn(t, r.loop(), context.Background(), "reader", func(*sched.Task) error {
			_, err := receive(reg, a, make([]byte, 1))
			if err != nil {
				t.Errorf("receive: %v", err)
			}
			return err
		}))
	}
	r.fence(t)
	for range 2 { // the second collection frees what a finalizer or a cleanup kept
		runtime.GC()
	}
	for _, b := range peers {
		send(t, b, "x")
	}
	for _, c := range done {
		r.wait(t, c, "a suspended task is woken after a garbage collection")
	}
}
