package streamtest

import (
	"time"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sched"
	"github.com/edgewise-go/edgewise/sys"
)

// eitherQueue watches both directions when it is asked for one, and reports every event as
// readable.
type eitherQueue struct{ queue.Queue }

func (q eitherQueue) Add(h sys.Handle, r queue.Registration) error {
	return q.Queue.Add(h, either(r))
}

func (q eitherQueue) Modify(h sys.Handle, r queue.Registration) error {
	return q.Queue.Modify(h, either(r))
}

func either(r queue.Registration) queue.Registration {
	if r.Interest != queue.None {
		r.Interest = queue.Both
	}
	return r
}

func (q eitherQueue) Wait(events []queue.Event, timeout time.Duration) (int, error) {
	n, err := q.Queue.Wait(events, timeout)
	for i := range events[:n] {
		events[i].Ready |= queue.Ready(queue.Readable)
	}
	return n, err
}

// directionMutants are loops that end a wait in one direction on readiness in the other. The
// deadlines of goroutines are kept by the runtime, not by the loop, so a deadline may come before
// the event.
func directionMutants() []mutant {
	over := placing{"either", func(open func() (queue.Queue, error), o sched.Options) (sched.Scheduler, error) {
		q, err := open()
		if err != nil {
			return nil, err
		}
		return sched.NewSingle(eitherQueue{q}, o), nil
	}, func(q queue.Queue) queue.Queue { return eitherQueue{q} }}
	loop := func(name string, target Target, detects string) mutant {
		return mutant{Name: name, Target: changed(name, target, func(*Fixture) {}), Detects: detects}
	}
	return []mutant{
		loop("any readiness wakes a task", tasks("auto", queue.Level, over), "waiter/directions"),
		loop("any readiness wakes a goroutine", goroutines("auto", queue.Level, over), "waiter/directions"),
		loop("any readiness wakes a task that selects", tasks("auto", queue.Level, over), "select/directions"),
		loop("any readiness wakes a goroutine that selects", goroutines("auto", queue.Level, over), "select/directions"),
	}
}
