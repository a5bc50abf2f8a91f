package schedtest

import (
	"time"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sched"
	"github.com/edgewise-go/edgewise/sys"
)

func urgentMutants() []suite.Mutant[*Fixture] {
	all := []suite.Mutant[*Fixture]{
		mutant("waits in vain are not counted", func(ops *operations) {
			ops.metrics = func(l *sched.Loop) sched.Metrics {
				m := l.Metrics()
				m.Vain = 0
				return m
			}
		}, "metrics/vain"),
	}
	for _, detects := range []string{"task-wait/urgent", "goroutine-wait/urgent", "handler/urgent"} {
		all = append(all, mutant("urgent data is not heard of: "+detects, func(ops *operations) {
			ops.queue = func(q queue.Queue) queue.Queue {
				return waitQueue{q, func(q queue.Queue, events []queue.Event, timeout time.Duration) (int, error) {
					n, err := q.Wait(events, timeout)
					for i := range events[:n] {
						events[i].Ready &^= queue.ReadyUrgent
					}
					return n, err
				}}
			}
		}, detects))
	}
	for _, f := range []form{taskForm, goroutineForm} {
		all = append(all, mutant(f.name+" short reads never drain", func(ops *operations) {
			register := &ops.tasks
			if f.name == goroutineForm.name {
				register = &ops.goroutines
			}
			honest := *register
			*register = func(l *sched.Loop, h sys.Handle) (registration, error) {
				reg, err := honest(l, h)
				return doubtful{reg}, err
			}
		}, f.name+"-wait/short-read"))
	}
	return all
}

// doubtful is a registration that promises nothing.
type doubtful struct{ registration }

func (doubtful) ShortReadDrains() bool { return false }

// NoProgress is an optional method, which decorators pass on.
func (d doubtful) NoProgress(dir sys.Direction) {
	d.registration.(vainCounter).NoProgress(dir)
}
