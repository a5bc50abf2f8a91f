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

// eventsPerWaitMax is how many events a turn takes from the queue at most: enough to spread the
// cost of the call, few enough that a turn stays short.
const eventsPerWaitMax = 256

// Options configure a loop. The zero value is good.
type Options struct {
	// Mode is the trigger mode in which handles are registered. A task runs the same in each; they
	// differ in system calls. The zero value, Level, changes interest at each wait; Edge asks once
	// for all. In no mode does a handle that is ready, and that nobody waits for, keep the loop
	// busy.
	Mode queue.Mode
	// MaxTasks bounds the tasks of a loop, DefaultMaxTasks if zero.
	MaxTasks int
	// MaxPosted bounds the functions posted from elsewhere that have not run, DefaultMaxPosted if
	// zero.
	MaxPosted int
	// MaxBlocking bounds the goroutines of Task.Blocking, for each loop. Zero refuses: none is
	// started that was not asked for.
	MaxBlocking int
	// CPUs binds the threads of the scheduler: the first worker, or loop, to the CPU with the first
	// number, and so on, and over again if there are fewer CPUs than threads. A thread of Loop.Run,
	// too, is released when Run returns. Run fails if a CPU does not exist or is not the process's,
	// and with errors.ErrUnsupported where threads cannot be bound (all systems but Linux). None
	// binds nothing. It is of use where nothing else runs on these CPUs: the system does not move a
	// bound thread away from another that keeps its CPU busy.
	CPUs []int
	// TurnBudget is how long a task should keep its thread at a time, its share of a turn;
	// Task.Spent and HandlerTask.Spent tell when it is used up. A coroutine whose handle is always
	// ready is suspended by no wait: with a budget it yields, when its share is used up, at the
	// beginning of its next operation on a connection of package stream over Loop.Tasks, or between
	// the parts of a long one. Nothing interrupts what does neither and does not ask; see MaxTurn.
	// It costs a reading of the clock for each turn, none with Metrics, and one for each operation.
	// Zero asks for none: then a coroutine that never waits keeps its thread until it ends.
	TurnBudget time.Duration
	// MaxTurn asks for a watchdog: a goroutine while Run runs, which tells Stalled of each task,
	// handler or posted function that holds the loop for longer. It looks twice in that time, so
	// that it may speak late, and never early; it speaks once of each. It costs the loop an atomic
	// store for each task that it runs. Zero asks for none.
	MaxTurn time.Duration
	// Stalled is called on the goroutine of the watchdog, while the loop is still held: it must be
	// safe to call for several loops at a time, and Run waits for its return. Making the stack
	// stops the whole program for a moment, once a stall. A nil Stalled logs with slog.Default.
	Stalled func(Stall)
	// Metrics has the loop count and measure for Loop.Metrics. It costs some 12 KiB for each loop,
	// 8 bytes for each place of a run queue, and time: the clock is read once for each wait that
	// has brought events, each round of turns and each turn, and once more for each task that a
	// turn makes ready, itself included. A turn that does nothing but yield took 1.25 times as long
	// in BenchmarkMetrics. Without it there is a branch in the place of each, and the clock is not
	// read for them.
	Metrics bool
	// Profile has profiles and traces tell tasks apart. In a CPU or goroutine profile (package
	// runtime/pprof) the samples of a task have the label "task" with its name, those of a handler
	// "handler", beside the labels of Run's context, which Run's goroutine is given as well. In an
	// execution trace (runtime/trace) each turn is a region of the loop's goroutine that has the
	// task's name for its type. It costs a few allocations for each coroutine that begins, two
	// stores for each step, and one allocation for each turn while a trace is made; without it, a
	// branch for each turn.
	Profile bool
	// Ended is called on the loop when a task has ended, with its name and its error, nil included.
	// Handlers are all named "handler". A panic of another function is reported likewise: of one
	// that was posted as "posted function", of one set with OnDrain as "drain function", of one
	// whose task has left Task.Blocking as "blocking function". A nil Ended logs panics with
	// slog.Default and passes over the rest. Ended must not panic. Every scheduler but Single calls
	// it on several threads at a time.
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
