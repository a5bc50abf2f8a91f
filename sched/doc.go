// Package sched runs tasks on event loops. A task that would block is suspended instead, and its
// interest is registered. It resumes where it stopped when the operation is worth trying again.
// Many tasks share one thread, and none of them blocks it.
//
// # Tasks
//
// A coroutine task ([Loop.Go], [Task]) is straight-line code, func(*Task) error, with its own stack
// of about 3 KiB. An operation that waits through the loop's [Loop.Waiter] suspends only the task.
// A net.Conn of package stream, and crypto/tls on top of it, therefore run unmodified.
//
// A handler task ([Loop.StartHandler], [Handler]) is a state machine without a stack. The loop
// calls its Step once for each cause. Use handlers for hundreds of thousands of connections.
//
// # Who waits
//
// One connection serves tasks and goroutines. Each wait finds out which task or goroutine calls it,
// and suspends that caller; see [Loop.Waiter]. A library in a task may therefore start goroutines
// that use the connection. Goroutines are suspended by a [Poller], which the caller starts.
//
// A goroutine that waits on a loop without a poller gets [ErrWrongWaiter] at once, on every
// attempt. So do steps and posted functions, which cannot wait at all. The error names the
// alternative, and the loop continues. Identifying the caller takes about 2 ns per thread of the
// scheduler on processors for which Go has an assembler, and some microseconds on others.
//
// # What a task must not do
//
// A task holds its loop while it runs. A call that blocks the thread blocks every task of the loop.
// Examples are time.Sleep, a channel, a mutex that a suspended task holds, and a read of package
// net. A mutex locked before a suspension stays locked during it. If another task of the loop locks
// that mutex, the loop stops permanently. crypto/tls locks around its reads and writes: use a
// tls.Conn from one task only, and package stream/tlsconn from two. Do not call
// runtime.LockOSThread or runtime.Goexit in a task.
//
// A task that never waits holds its loop in the same way: reads that always find bytes, writes that
// always find room, a computation. With [Options].TurnBudget, reads and writes let other tasks run
// once the task has used up its share of the turn. Code that does neither checks [Task.Spent] and
// yields.
//
// # Waiting for several things
//
// A [Select] ([Waiter.NewSelect]) suspends a task until the first of several handles is ready, a
// deadline has passed, or its Wake has been called. Wake connects the task to any other source of
// work. The producer puts a value where the task looks, such as a channel with room or a locked
// queue. It then calls Wake. The task looks without blocking each time that Wait returns:
//
//	for {
//		select {
//		case v := <-values: // goroutines send to it and then call sel.Wake
//			return use(v)
//		default:
//		}
//		if err := sel.Wait(nil, deadline); err != nil {
//			return err
//		}
//	}
//
// A [Chan] and a [Bridge] call Wake by themselves once the Select watches them ([Chan.WatchRecv]).
//
// # Channels
//
// A [Chan] passes items between tasks of any loop, handlers and goroutines. Send and Recv suspend a
// task that has to wait. TrySend and TryRecv never wait, and are for callers that cannot be
// suspended. A [Bridge] gives tasks the items that goroutines send to a Go channel. The other
// direction needs no bridge: a goroutine calls TryRecv and waits for the Waker with which it
// watches.
//
// # Threads
//
// A loop belongs to the goroutine in [Loop.Run]. That goroutine is locked to its thread, as the
// loop's coroutines must be. A method that may be called from elsewhere documents it. All other
// methods are for the loop's own tasks and functions.
//
// There are four schedulers. In each of them, one thread at a time runs a task. A coroutine resumes
// only on the thread where it began, because Go can resume it on no other.
//
//   - [Single]: one loop on one thread. Nothing moves between threads, and tasks need no locks
//     among themselves. Choose it unless one processor is too few.
//   - [Sharded]: one loop on each of several threads, which share nothing. Nothing moves. It costs
//     no more than Single. One loop may be busy while another is idle. Choose it for many
//     connections of equal weight.
//   - [Stealing]: as Sharded, but an idle loop takes ready handlers, and coroutines that have not
//     begun, from a busy one. Only a queue's own loop takes events from it, so the events of a held
//     loop wait. It costs a seldom contended lock per step and suspension, and a system call to
//     wake a sleeping loop. Choose it where load is uneven.
//   - [Shared]: several threads, the workers, take turns in one queue. Any free worker takes
//     events, handlers, and coroutines that have not begun. It costs a lock for which all workers
//     contend. Most events that arrive while the other workers sleep also wake a thread. That takes
//     tens of microseconds, because Go stops and starts a locked thread. Choose it for few tasks
//     with long steps.
//
// With Shared and Stealing, tasks of one loop run at the same time. Data that they share must be
// guarded, by a [Mutex] if the lock is held over a suspension. Posted functions are called one at a
// time and in order, but not always by the same thread. With [Options].CPUs, threads are bound to
// processors.
//
// # Metrics
//
// With [Options].Metrics, a loop counts its work. It also measures how long tasks wait for their
// turn and how long they keep it. [Loop.Metrics] takes a snapshot from any goroutine, while the
// loop runs or is held. Three checks find the cause of a slow loop:
//
//   - TurnTime has long turns: a task holds the loop. Options.MaxTurn finds which.
//   - Delay is long and turns are short: there is too much work for one thread.
//   - Both are short: the time is lost elsewhere.
//
// A snapshot is JSON for package expvar and a value of package slog. The package registers nothing:
// the caller publishes the snapshot.
//
// [Options].Profile labels tasks with their names in profiles of package runtime/pprof and traces
// of runtime/trace.
//
// # Bounds
//
// [Options] has the bounds. At a bound the caller gets [ErrFull]. Nothing is dropped, and nothing
// waits without notice.
package sched
