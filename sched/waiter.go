package sched

import (
	"time"

	"github.com/edgewise-go/edgewise/sched/internal/goroutine"
	"github.com/edgewise-go/edgewise/sys"
)

// Source is a handle tied to a loop. It is the Source of package stream (stream.Source, which has
// the contract). It is an alias of an unnamed interface, so that neither package imports the other.
type Source = interface {
	Wait(d sys.Direction, deadline time.Time) error
	Interrupt(d sys.Direction)
	ShortReadDrains() bool
	Close() error
}

// Waiter suspends the callers that wait for handles of a loop. It implements stream.Waiter.
type Waiter struct {
	loop   *Loop
	follow bool // handles belong to the loop of the task that registers them
}

// Waiter returns the waiter of l. One connection made with it serves tasks and goroutines, even in
// turn:
//
//   - A task of l is suspended by l. This is the fast case.
//   - A task of another loop is suspended by its own loop. That loop must be one of the same
//     scheduler, or of another scheduler with the same Options.Poller. The task's first wait
//     registers the handle with that loop.
//   - A goroutine is suspended by Options.Poller. Without a poller it gets ErrWrongWaiter. A
//     goroutine that a task has started is one like any other. So is a coroutine of package iter
//     within a task, and it holds the task's loop while it waits.
//   - A step and a posted function must not wait. They get ErrWrongWaiter.
//
// A task of a scheduler that shares neither is mistaken for a goroutine: its wait holds its loop.
//
// One task per loop and one goroutine may wait in each direction of a handle. Another one gets
// ErrBusy.
func (l *Loop) Waiter() Waiter { return Waiter{loop: l} }

// WaiterOf returns a waiter for the loops of s. A handle that a task registers belongs to the loop
// of the task, and any other handle to the first loop. Otherwise it is like the waiter of a loop.
// All loops of s must have the same Options.Poller, or none.
func WaiterOf(s Scheduler) Waiter { return Waiter{loop: s.Loops()[0], follow: true} }

// Register ties h to the loop. Any goroutine may call it and the methods of the Source. If a
// goroutine calls Register and l has a poller, h is tied to the poller first, and to the loop by
// the first wait of a task.
//
// Errors: net.ErrClosed after the end of the loop or of the poller, and those of queue.Queue.Add.
func (w Waiter) Register(h sys.Handle) (Source, error) {
	l := w.loop
	t := l.callingTask()
	if t != nil && w.follow {
		l = t.loop
	}
	s := &taskSource{loop: l}
	if l.poller == nil || t != nil || l.runningWorker() != nil {
		if err := s.open(l, h, s); err != nil {
			return nil, closedError(err)
		}
		return s, nil
	}
	s.handle = h
	s.flags.Or(flagResting)
	g, err := l.poller.register(h, s)
	if err != nil {
		return nil, closedError(err)
	}
	o := &others{home: s}
	o.goroutine.Store(g)
	s.others.Store(o)
	return s, nil
}

// Suspend calls start and suspends the caller, a task or a goroutine, until resume is called, from
// any goroutine. It is for code that serves both kinds of callers; a task alone uses
// [Task.Suspend], which has the details. A caller that cannot wait gets ErrWrongWaiter, and start
// is not called.
func (w Waiter) Suspend(start func(resume func())) error { return w.loop.suspendCaller(start) }

// mayTry returns nil if the caller, which is not a task, can operate on a handle of l: a step or a
// posted function, which may try, and a goroutine, if it can wait. Any other operation thus fails
// each time, and not only when it has to wait.
func (l *Loop) mayTry() error {
	if l.poller != nil || l.runningWorker() != nil {
		return nil
	}
	return l.notTask("an operation on a handle")
}

// callingTask returns the task that calls it, of whichever loop that l knows, or nil for any other
// caller.
func (l *Loop) callingTask() *Task {
	if t := l.runningTask(); t != nil {
		return t
	}
	return runningTask(l.known(), goroutine.Current())
}

// known returns the workers whose tasks l can tell from goroutines.
func (l *Loop) known() []*worker {
	if l.poller != nil {
		return *l.poller.members.Load()
	}
	return l.peers
}
