package sched

import "time"

// driver runs a loop on threads, its workers. The scheduler chooses it. The loop decides what runs;
// the driver decides which thread runs it and which thread waits for events.
//
// All methods except lock and those that say so are called with the lock held.
type driver interface {
	// lock excludes the other threads that run tasks of the loop. It does nothing if there are
	// none.
	lock()
	unlock()

	// turn lets w do the work at hand and then wait for more. The wait ends by the next timer at
	// the latest. There is no wait while a task can run.
	turn(w *worker)
	// round runs each ready task. A task that becomes ready during the round has its turn in the
	// next one, so that events come in between.
	round(w *worker)
	// offer is called before the lock is released, and where a task has made work. It gives the
	// unfinished work of the loop to another thread.
	offer()
	// push makes w, where a coroutine began, run r: no other thread can resume the coroutine.
	push(w *worker, r runnable)

	// hasWork reports whether a task of the loop, or one that only w can run, is ready.
	hasWork(w *worker) bool
	// canSteal reports whether w can take work from another loop. It is called after the loop has
	// announced that it sleeps.
	canSteal() bool
	// timerSet is called after a timer was set.
	timerSet(when time.Duration)
	// inboxTaken is called after a worker has acted on the inbox.
	inboxTaken()
	// stopped is called once, when the workers must end.
	stopped()
	// abortVisitors ends, by a panic, the coroutines of other loops that only w can resume. w is
	// about to end.
	abortVisitors(w *worker)

	// workers returns the threads of the loop. Any goroutine may call it.
	workers() []*worker
	// workerOf returns the worker that calls a step or a posted function of the loop. Only such
	// functions call it, without the lock.
	workerOf() *worker
	// runningTask returns the coroutine with goroutine number g, if it has the thread of a worker
	// that may run tasks of the loop. Any goroutine may call it, without the lock.
	runningTask(g uintptr) *Task
	// lastEnded is called when the last task has ended, perhaps on a thread of another loop and
	// without the lock.
	lastEnded()
	// runsAlone returns an error if the loop runs only together with others. It is called without
	// the lock.
	runsAlone() error
}
