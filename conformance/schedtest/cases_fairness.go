package schedtest

import (
	"context"
	"sync/atomic"

	"github.com/edgewise-go/edgewise/sched"
	"github.com/edgewise-go/edgewise/sys"
)

const yieldRule = "Yield lets the other tasks of the loop run, and lets new events in."

func fairnessCases() []Case {
	return []Case{
		{ID: "fairness/tasks", Doc: "sched.Task.Yield", Run: fairTasks, Rule: yieldRule, Source: "gnet 599, tokio 6221: one connection monopolizes the loop"},
		{ID: "fairness/events", Doc: "sched.Task.Yield", Run: fairEvents, Rule: yieldRule, Source: "libuv 1787: events starve while tasks run"},
	}
}

func fairTasks(t T, r *Fixture) {
	r.start(t, sched.Options{})
	r.letsTasksRun(t, r.ops.yield)
}

// letsTasksRun has a task call let repeatedly until another task has had several turns.
func (r *Fixture) letsTasksRun(t T, let func(*sched.Task) error) {
	t.Helper()
	var pings atomic.Int32
	var started atomic.Bool
	flooder := r.spawn(t, r.loop(), context.Background(), "flooder", func(task *sched.Task) error {
		r.flood(t, &started, func() bool { return let(task) == nil && pings.Load() < 10 })
		return nil
	})
	ping := r.spawn(t, r.loop(), context.Background(), "ping", func(task *sched.Task) error {
		for pings.Store(1); pings.Load() < 10; pings.Add(1) {
			if err := task.Yield(); err != nil {
				return err
			}
		}
		return nil
	})
	started.Store(true)
	r.wait(t, flooder, "the flooder ends")
	r.wait(t, ping, "the other task ends")
}

func fairEvents(t T, r *Fixture) {
	r.start(t, sched.Options{})
	a, b := r.pair(t)
	r.letsEventsIn(t, a, b, r.ops.yield)
}

// letsEventsIn has a task call let repeatedly until another task has received what b sends to a.
func (r *Fixture) letsEventsIn(t T, a, b sys.Handle, let func(*sched.Task) error) {
	t.Helper()
	reg := r.register(t, taskForm, a)
	var received atomic.Bool
	reader := r.spawn(t, r.loop(), context.Background(), "reader", func(*sched.Task) error {
		_, err := receive(reg, a, make([]byte, 1))
		received.Store(err == nil)
		return err
	})
	r.fence(t)
	r.do(t, "flooder", func(task *sched.Task) error {
		if _, err := sys.Send(b, []byte("x")); err != nil {
			return err
		}
		// How many turns an event takes to arrive depends on the system, so the case sets no limit
		// on turns.
		r.keeps(t, "the reader receives while another task lets events in", func() bool { return let(task) == nil && !received.Load() })
		return nil
	})
	r.wait(t, reader, "the reader ends")
}
