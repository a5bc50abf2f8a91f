package sched

import (
	"sync"
	"sync/atomic"

	"github.com/edgewise-go/edgewise/sys"
)

// crew is workers that may run each other's tasks. There is no cheaper way to tell which of them is calling than to ask for the number of its thread.
type crew struct {
	workers []*worker
	threads []atomic.Uint64 // their numbers, zero before a worker works

	// Of a Stealing. What is not atomic is set before the workers begin.
	stealing bool
	loops    []*Loop // that run
	done     atomic.Int32
	over     atomic.Bool
	err      error // set before over
	failed   sync.Once
}

func newCrew(workers []*worker) (*crew, error) {
	if _, err := sys.ThreadID(); err != nil {
		return nil, err
	}
	for i, w := range workers {
		w.index = i
	}
	return &crew{workers: workers, threads: make([]atomic.Uint64, len(workers))}, nil
}

// join is called by w on its thread. c may be nil.
func (c *crew) join(w *worker) {
	if c != nil {
		id, _ := sys.ThreadID()
		c.threads[w.index].Store(id)
	}
}

// leave is called by w when it runs no more tasks: the number may be another thread's next. c may be nil.
func (c *crew) leave(w *worker) {
	if c != nil {
		c.threads[w.index].Store(0)
	}
}

// current returns the worker that calls it, nil if none does. Its frame is not to be part of that of a task's wait, which is the deepest
// of an idle coroutine's stack.
//
//go:noinline
func (c *crew) current() *worker {
	id, _ := sys.ThreadID()
	for i := range c.threads {
		if c.threads[i].Load() == id {
			return c.workers[i]
		}
	}
	return nil
}

// runningTask returns the coroutine that calls it, nil if none does. Without a crew the caller is taken to be on the loop's thread.
func (l *Loop) runningTask() *Task {
	if l.crew == nil {
		return l.workers[0].running
	}
	if w := l.crew.current(); w != nil {
		return w.running
	}
	return nil
}

// caller returns the task of l that calls what. Its frame, too, is not to be part of that of a task's wait.
//
//go:noinline
func (l *Loop) caller(what string) *Task {
	t := l.runningTask()
	if t == nil || t.loop != l {
		panic("sched: " + what + " is called outside the loop's tasks")
	}
	return t
}
