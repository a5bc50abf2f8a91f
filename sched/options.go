package sched

import (
	"errors"
	"log/slog"
	"time"

	"github.com/edgewise-go/edgewise/queue"
)

// Defaults of Options.
const (
	DefaultMaxTasks  = 1 << 20
	DefaultMaxPosted = 1 << 12
)

// eventsPerWaitMax bounds the events that a turn takes from the queue. It is large enough to spread
// the cost of the call and small enough to keep a turn short.
const eventsPerWaitMax = 256

// Options configure a loop. The zero value is ready to use.
type Options struct {
	// Mode is the trigger mode in which handles are registered. A task runs the same in each mode;
	// only the system calls differ. The zero value, Level, changes interest at each wait. Edge
	// registers interest once. In no mode does a ready handle without a waiting task keep the loop
	// busy.
	Mode queue.Mode
	// Poller suspends the goroutines that wait for handles of the loop. Without one, a goroutine
	// that waits gets ErrWrongWaiter.
	Poller *Poller
	// Completions makes the operations of the queue move the bytes of connections, instead of
	// system calls of the tasks; see package transfer. The queue must be a queue.Completer. Run
	// returns an error if it is none, or if its buffers cannot be allocated.
	//
	// A small write leaves, and bytes arrive, when the task waits or ends its turn. A task that
	// blocks its thread instead, until a peer has answered, may wait without end. Task.Blocking
	// does not block the thread.
	//
	// Run waits until the bytes of closed connections have left, for at most
	// transfer.DefaultLinger. Once the tasks of the loop are canceled, it waits for no peer. Bytes
	// that the kernel does not take at once are then lost, and their connection is reset.
	Completions bool
	// MaxTasks bounds the tasks per loop. Zero means DefaultMaxTasks.
	MaxTasks int
	// MaxPosted bounds the functions that were posted from elsewhere and have not run. Zero means
	// DefaultMaxPosted.
	MaxPosted int
	// MaxBlocking bounds the goroutines of Task.Blocking per loop. With zero, Task.Blocking is
	// refused and no goroutine starts.
	MaxBlocking int
	// CPUs binds the threads of the scheduler. The first worker or loop gets the first CPU number,
	// the next gets the second, and so on. The list repeats if there are fewer CPUs than threads.
	// The thread of Loop.Run is also released when Run returns. An empty list binds nothing.
	//
	// Run fails if a CPU does not exist or is not available to the process. It fails with
	// errors.ErrUnsupported where threads cannot be bound, on all systems except Linux.
	//
	// CPUs helps only if nothing else runs on these CPUs. The system does not move a bound thread
	// while another thread keeps its CPU busy.
	CPUs []int
	// TurnBudget is a task's share of a turn: the time for which it should keep its thread.
	// Task.Spent and HandlerTask.Spent report when the share is used up.
	//
	// A coroutine whose handle is always ready is never suspended by a wait. With a budget it
	// yields once its share is used up. It does so at its next operation on a connection of package
	// stream over Loop.Waiter. It also does so between the parts of a long operation. Nothing
	// interrupts code that neither operates on a connection nor asks; see MaxTurn.
	//
	// The budget costs one clock reading per turn (none with Metrics) and one per operation. Zero
	// sets no budget: a coroutine that never waits keeps its thread until it ends.
	TurnBudget time.Duration
	// MaxTurn enables a watchdog, a goroutine that exists while Run runs. It reports to Stalled
	// each task, handler or posted function that holds the loop for longer. It looks twice in that
	// time: a report may be late but is never early. It reports each stall once. The loop pays one
	// atomic store for each task that it runs. Zero starts no watchdog.
	MaxTurn time.Duration
	// Stalled is called on the goroutine of the watchdog while the loop is still held. It must be
	// safe to call for several loops at the same time, and Run waits for it to return. Taking the
	// stack stops the whole program briefly, once per stall. A nil Stalled logs with slog.Default.
	Stalled func(Stall)
	// Metrics enables counting and measuring for Loop.Metrics. It costs some 12 KiB per loop and 8
	// bytes for each place of a run queue.
	//
	// It also costs time. The clock is read once for each wait that brought events, each round of
	// turns and each turn. It is read once more for each task that a turn makes ready, itself
	// included. In BenchmarkMetrics a turn that only yields took 1.25 times as long. Without
	// Metrics, each of these places costs a branch and reads no clock.
	Metrics bool
	// Profile makes profiles and traces distinguish tasks. In a CPU or goroutine profile (package
	// runtime/pprof) the samples of a task have the label "task" with its name. For a handler the
	// name is "handler". Both also carry the labels of Run's context, and so does Run's goroutine.
	// In an execution trace (runtime/trace) each turn is a region of the loop's goroutine, with the
	// task's name as its type.
	//
	// It costs a few allocations for each coroutine that begins, two stores per step, and one
	// allocation per turn during a trace. Without it, each turn costs a branch.
	Profile bool
	// Ended is called on the loop when a task has ended, with its name and its error, which may be
	// nil. All handlers have the name "handler".
	//
	// It is also called after a panic of another function. The name is "posted function" for a
	// posted function and "drain function" for one set with OnDrain. It is "blocking function" for
	// one whose task has left Task.Blocking.
	//
	// A nil Ended logs panics with slog.Default and ignores everything else. Ended must not panic.
	// Every scheduler except Single calls it on several threads at the same time.
	Ended func(task string, err error)
}

func (o Options) withDefaults() Options {
	if o.MaxTasks == 0 {
		o.MaxTasks = DefaultMaxTasks
	}
	if o.MaxPosted == 0 {
		o.MaxPosted = DefaultMaxPosted
	}
	if o.Ended == nil {
		o.Ended = logPanic
	}
	if o.Stalled == nil {
		o.Stalled = logStall
	}
	return o
}

func logPanic(task string, err error) {
	var p *PanicError
	if errors.As(err, &p) {
		slog.Default().Error("task panicked", "task", task, "value", p.Value, "stack", string(p.Stack))
	}
}
