package sched

import (
	"sync"
	"sync/atomic"
	"time"
)

// arrivals are coroutines of other loops that began on a worker and continue there.
type arrivals struct {
	any atomic.Bool

	mu    sync.Mutex // guards tasks and spare
	tasks []arrival  // bounded by the number of tasks
	spare []arrival
}

type arrival struct {
	task  runnable
	since time.Duration // if there are metrics
}

// push is called with the lock of the task's loop held. l is the loop of the worker.
func (a *arrivals) push(l *Loop, r runnable) {
	now := arrival{task: r}
	if l.metrics != nil {
		now.since = l.now()
	}
	a.mu.Lock()
	a.tasks = append(a.tasks, now)
	a.mu.Unlock()
	a.any.Store(true)
	l.inbox.rouse(l)
}

func (w *worker) takeArrivals() {
	a := &w.arrivals
	if !a.any.Load() {
		return
	}
	a.any.Store(false)
	a.mu.Lock()
	arrived := a.tasks
	a.tasks, a.spare = a.spare[:0], arrived
	a.mu.Unlock()
	for i, r := range arrived {
		arrived[i].task = nil
		w.home.pushReady(r.task, r.since)
	}
}
