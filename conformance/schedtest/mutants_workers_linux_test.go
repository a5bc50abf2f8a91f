package schedtest

import (
	"sync/atomic"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/queue"
)

func workersMutants() []suite.Mutant[*Fixture] {
	alone := single("epoll", openEpoll, queue.Edge)
	alone.Features = append(alone.Features, SeveralWorkers, OneQueue)
	return []suite.Mutant[*Fixture]{
		mutantOf(alone, "has one thread and claims several", func(*operations) {},
			"workers/ready-work-is-taken"),
		mutant("runs a task on two threads", func(o *operations) {
			o.turn = func(begin, end func()) {
				begin()
				begin()
				end()
				end()
			}
		}, "workers/one-at-a-time"),
		mutant("moves coroutines", func(o *operations) {
			var threads atomic.Uint64
			o.thread = func() (uint64, error) { return threads.Add(1), nil }
		}, "workers/coroutine-stays"),
		mutantOf(shared(2, "shared", "epoll", openEpoll, queue.Level), "leaves the interest of running handlers on", func(o *operations) {
			o.queue = func(q queue.Queue) queue.Queue {
				return modifyQueue{q, func(r queue.Registration) queue.Registration {
					if r.Interest == queue.None {
						r.Interest = queue.Both
					}
					return r
				}}
			}
		}, "workers/does-not-nag"),
	}
}
