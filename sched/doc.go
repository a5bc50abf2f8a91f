// Package sched runs tasks on event loops. A task is suspended where an operation would block, its
// interest is registered, and it goes on where it was when the operation is worth trying again:
// many tasks share one thread, and none of them blocks it.
//
// # Tasks
//
// A coroutine task ([Loop.Go], [Task]) is straight-line code, func(*Task) error, with a stack of
// its own (about 3 KiB). Whatever blocks through the loop's [Loop.Tasks] waiter suspends only the
// task; so a net.Conn of package stream, and crypto/tls on it, run unmodified.
//
// A handler task ([Loop.StartHandler], [Handler]) is a state machine without a stack: a function
// called once for each thing that happens. It is for connections by the hundred thousand.
//
// A goroutine outside the loop can wait on it too ([Loop.Goroutines]).
//
// The two do not mix: a connection of [Loop.Tasks] is for tasks of that loop, one of
// [Loop.Goroutines] for goroutines, be they started by a task or by a library in it. Whoever waits
// in the wrong place gets [ErrWrongWaiter], with what to use instead, each time and at once; the
// loop runs on. Steps, posted functions and coroutines of package iter cannot wait at all. To know
// who waits takes about 2 ns on the processors for which Go has an assembler, and some microseconds
// on others.
//
// # What a task must not do
//
// A task holds its loop while it runs. What blocks the thread blocks every task of the loop:
// time.Sleep, a channel, a mutex that a suspended task holds, a read of package net. A mutex locked
// before a suspension stays locked during it; another task of the loop that locks it stops the loop
// for ever. crypto/tls locks around its reads and writes: a tls.Conn is for one task, and package
// stream/tlsconn is for two. Do not call runtime.LockOSThread or runtime.Goexit in a task.
//
// A task that never waits holds it as well: reads that always find bytes, writes that always find
// room, a computation. With [Options].TurnBudget reads and writes let others run when the task has
// used up its share of the turn; what does neither asks [Task.Spent], and yields.
//
// # Waiting for several things
//
// A [Select] ([Tasks.NewSelect]) suspends a task until the first of several handles is ready, a
// time has come or somebody has called its Wake. Wake is the bridge from whatever else there is:
// who puts a value where the task looks, a channel with room or a queue under a lock, calls it
// afterwards, and the task looks without blocking each time that Wait returns:
//
//	for {
//		select {
//		case v := <-values: // sent to by goroutines that call sel.Wake afterwards
//			return use(v)
//		default:
//		}
//		if err := sel.Wait(nil, deadline); err != nil {
//			return err
//		}
//	}
//
// A [Chan] and a [Bridge] do so by themselves, once the Select watches them ([Chan.WatchRecv]).
//
// # Channels
//
// A [Chan] hands items between tasks, of whatever loop, handlers and goroutines: Send and Recv
// suspend the task that has to wait; TrySend and TryRecv, for those who cannot be suspended, do not
// wait. A [Bridge] gives tasks what goroutines send to a channel of Go. The other way there is no
// need for one: a goroutine calls TryRecv, and waits for the Waker that it watches with.
//
// # Threads
//
// A loop belongs to the goroutine in [Loop.Run], which is locked to its thread, as the coroutines
// on it must be. Methods say which of them may be called from elsewhere. A function that does not
// is for the loop's own tasks and functions.
//
// There are four schedulers. With all of them a task is run by one thread at a time, and a
// coroutine goes on where it began: Go can resume it on no other thread.
//
//   - [Single]: one loop on one thread. Nothing moves, and tasks need no locks among themselves.
//     Pick it unless one processor is too few.
//   - [Sharded]: a loop on each of several threads, which share nothing. Nothing moves. It costs no
//     more than Single; one loop may be busy while another has nothing to do. Pick it for many
//     connections of equal weight.
//   - [Stealing]: as Sharded, but a loop that has nothing to do takes handlers that are ready, and
//     coroutines that have not begun, from one that is busy. Events are taken from a queue by its
//     own loop only: those of a loop that is held wait. It costs a lock at each step and
//     suspension, seldom contended, and a system call to wake who sleeps. Pick it where load is
//     uneven.
//   - [Shared]: several threads, the workers, take turns in one queue. Handlers and coroutines that
//     have not begun go to whoever is free, and so do events. It costs a lock that all contend for,
//     and the wake of a thread for most events that come while the others sleep: tens of
//     microseconds, as Go stops and starts a locked thread. Pick it for few tasks with long steps.
//
// With Shared and Stealing the tasks of one loop run at the same time: what they share must be
// guarded, by a [Mutex] if it is held over a suspension. Posted functions are called one at a time,
// in their order, though not always by the same thread. With [Options].CPUs threads are bound to
// processors.
//
// # Metrics
//
// With [Options].Metrics a loop counts what it does and measures how long tasks wait for their turn
// and keep it; [Loop.Metrics] takes a snapshot from any goroutine, while the loop runs or is held.
// Three questions tell what is wrong with a slow loop: if TurnTime has long ones, a task holds the
// loop (Options.MaxTurn finds which); if Delay is long and turns are short, there is too much to do
// for one thread; if both are short, the time is lost elsewhere. A snapshot is JSON for package
// expvar and a value of package slog. Nothing is registered: the caller publishes it where he wants
// it.
//
// [Options].Profile labels what the profiles of package runtime/pprof and the traces of
// runtime/trace have of tasks, with their names.
//
// # Bounds
//
// [Options] has the bounds. At a bound the caller gets [ErrFull]; nothing is dropped and nothing
// waits in secret.
package sched
