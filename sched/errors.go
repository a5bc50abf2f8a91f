package sched

import (
	"errors"
	"fmt"
)

// Errors of loops and tasks: compare with errors.Is.
var (
	// ErrFull says that a bound of Options is reached: try again later, or elsewhere.
	ErrFull = errors.New("sched: full")
	// ErrStopped says that the loop has ended, or no longer takes new tasks because it drains.
	ErrStopped = errors.New("sched: stopped")
	// ErrCanceled says that the task was canceled: what it waits for returns a *CancelError.
	ErrCanceled = errors.New("sched: task canceled")
	// ErrBusy says that another task waits for the same direction of the same handle.
	ErrBusy = errors.New("sched: another task waits for this direction")
	// ErrExited says that a task called runtime.Goexit (testing's FailNow does), which ends the
	// goroutine of the loop, too.
	ErrExited = errors.New("sched: task called runtime.Goexit")
	// ErrClosed says that a Chan is closed: nothing more is sent, and what was in it has been
	// received.
	ErrClosed = errors.New("sched: channel closed")
	// ErrEmpty says that there is nothing to receive from a Chan: it may come later.
	ErrEmpty = errors.New("sched: channel empty")
	// ErrWrongWaiter says that the caller cannot wait where it wants to: a goroutine by a task's
	// means, a task by those of goroutines, or code that cannot wait at all. The error names what
	// to use instead. It is returned whether there was something to wait for or not, and nothing
	// else has happened.
	ErrWrongWaiter = errors.New("sched: the caller cannot wait here")
	// ErrLeaked says that tasks were still there when Shutdown gave up.
	ErrLeaked = errors.New("sched: tasks did not end")
)

// The reasons of ErrWrongWaiter, each with its remedy.
var (
	errGoroutine = fmt.Errorf("%w: it is a goroutine, and no task of the loop: use loop.Goroutines(), or loop.Call", ErrWrongWaiter)
	errIsTask    = fmt.Errorf("%w: it is a task, and would hold its loop: use loop.Tasks(), or methods of Task", ErrWrongWaiter)
	errOtherTask = fmt.Errorf("%w: it is another task: use loop.Tasks() of its own loop, and its own Task", ErrWrongWaiter)
	errStep      = fmt.Errorf("%w: it is a step or a function that the loop calls: return Suspend, or use loop.Tasks() in a task", ErrWrongWaiter)
	errNoTask    = fmt.Errorf("%w: the Task is nil: use that of the caller", ErrWrongWaiter)
)

// CancelError is what a suspended operation of a canceled task returns, and every later one. It is
// ErrCanceled, and its cause is unwrapped.
type CancelError struct {
	Task  string
	Cause error
}

func (e *CancelError) Error() string {
	return fmt.Sprintf("sched: task %q canceled: %v", e.Task, e.Cause)
}

// Is makes the error ErrCanceled.
func (e *CancelError) Is(target error) bool { return target == ErrCanceled }

// Unwrap returns the cause.
func (e *CancelError) Unwrap() error { return e.Cause }

// PanicError is the error of a task that panicked. The panic ends the task and nothing else. A task
// that panics with one, which it got from elsewhere, ends with the same.
type PanicError struct {
	Value any
	Stack []byte // of the task, where it panicked
}

func (e *PanicError) Error() string { return fmt.Sprintf("sched: task panicked: %v", e.Value) }

// Unwrap returns the value of the panic if it is an error.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}
