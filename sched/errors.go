package sched

import (
	"errors"
	"fmt"
)

// Errors of loops and tasks. Compare them with errors.Is.
var (
	// ErrFull reports that a bound of Options is reached. Try again later or elsewhere.
	ErrFull = errors.New("sched: full")
	// ErrStopped reports that the loop has ended, or drains and takes no new tasks.
	ErrStopped = errors.New("sched: stopped")
	// ErrCanceled reports that the task was canceled. Its waits return a *CancelError.
	ErrCanceled = errors.New("sched: task canceled")
	// ErrBusy reports that another task waits for the same direction of the same handle.
	ErrBusy = errors.New("sched: another task waits for this direction")
	// ErrExited reports that a task called runtime.Goexit, as FailNow of package testing does.
	// Goexit also ends the goroutine of the loop.
	ErrExited = errors.New("sched: task called runtime.Goexit")
	// ErrClosed reports that a Chan is closed: nothing more is sent, and everything in it has been
	// received.
	ErrClosed = errors.New("sched: channel closed")
	// ErrEmpty reports that a Chan has no item to receive now. An item may come later.
	ErrEmpty = errors.New("sched: channel empty")
	// ErrWrongWaiter reports that the caller cannot wait with the means it used. It is a step, a
	// goroutine for which there is no Poller, or a caller that uses the Task of another. The error
	// names the alternative. It is returned even if there was no need to wait, and the call has no
	// other effect.
	ErrWrongWaiter = errors.New("sched: caller cannot wait here")
	// ErrLeaked reports that tasks were still alive when Shutdown gave up.
	ErrLeaked = errors.New("sched: tasks did not end")
)

// The reasons for ErrWrongWaiter, each with its remedy.
var (
	errGoroutine = fmt.Errorf("%w: it is a goroutine and the loop has no Options.Poller: set one, or use loop.Call", ErrWrongWaiter)
	errIsTask    = fmt.Errorf("%w: it is a task and would hold its loop: use loop.Waiter() or methods of Task", ErrWrongWaiter)
	errOtherTask = fmt.Errorf("%w: it is another task: use its own Task", ErrWrongWaiter)
	errStep      = fmt.Errorf("%w: it is a step or a function that the loop calls: return WaitFor, or use loop.Waiter() in a task", ErrWrongWaiter)
	errNoTask    = fmt.Errorf("%w: the Task is nil: pass that of the caller", ErrWrongWaiter)
)

var errNoCompleter = fmt.Errorf("sched: Options.Completions: the queue is no queue.Completer (see package completion): %w", errors.ErrUnsupported)

// CancelError is the error of a canceled task's suspended operation and of every later one. It
// matches ErrCanceled and unwraps to its cause.
type CancelError struct {
	Task  string
	Cause error
}

func (e *CancelError) Error() string {
	return fmt.Sprintf("sched: task %q canceled: %v", e.Task, e.Cause)
}

// Is reports whether target is ErrCanceled.
func (e *CancelError) Is(target error) bool { return target == ErrCanceled }

// Unwrap returns the cause.
func (e *CancelError) Unwrap() error { return e.Cause }

// PanicError is the error of a task that panicked. The panic ends only that task. A task that
// panics with a *PanicError from elsewhere ends with that same error.
type PanicError struct {
	Value any
	Stack []byte // of the task at the panic
}

func (e *PanicError) Error() string { return fmt.Sprintf("sched: task panicked: %v", e.Value) }

// Unwrap returns the value of the panic if it is an error, nil otherwise.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}
