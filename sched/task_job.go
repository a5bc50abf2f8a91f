package sched

import (
	"context"
	"fmt"
	"slices"
	"sync"
)

// Job is a task as seen from outside: others wait for its end and cancel it. Its methods are safe
// from any goroutine and from tasks of any loop.
type Job struct {
	task *Task
	done chan struct{} // closed when the task has ended
	err  error         // set before done is closed

	mu      sync.Mutex // guards the fields below
	ended   bool
	cancel  error    // cause given to Cancel
	joiners []joiner // tasks in Join, bounded by the number of tasks
}

// joiner is a suspension that the end of a job ends.
type joiner struct {
	task *Task
	id   uint64
}

// Start starts a task as Go does. It returns the Job with which others join and cancel the task.
func (l *Loop) Start(ctx context.Context, name string, body func(*Task) error) (*Job, error) {
	j := newJob(&Task{loop: l, name: name, body: body, parent: ctx})
	if err := l.launch(j.task); err != nil {
		return nil, err
	}
	return j, nil
}

// Start starts another task on the same loop, as Task.Go does. It returns the Job with which others
// join and cancel the task.
func (t *Task) Start(ctx context.Context, name string, body func(*Task) error) (*Job, error) {
	if err := t.loop.admitChild(); err != nil {
		return nil, fmt.Errorf("sched: task %q: %w", name, err)
	}
	j := newJob(&Task{loop: t.loop, name: name, body: body, parent: ctx})
	j.task.start()
	return j, nil
}

func newJob(t *Task) *Job {
	j := &Job{task: t, done: make(chan struct{})}
	t.job = j
	return j
}

// Name returns the name given to Start.
func (j *Job) Name() string { return j.task.name }

// Done returns a channel that is closed once the task has ended and Options.Ended has been called.
// It is for goroutines: a task that receives from it holds its loop.
func (j *Job) Done() <-chan struct{} { return j.done }

// Err returns the error with which the task ended, which Options.Ended also gets. It is a
// *PanicError with the stack if the task panicked. Err returns nil while the task is alive.
func (j *Job) Err() error {
	select {
	case <-j.done:
		return j.err
	default:
		return nil
	}
}

// Wait blocks the calling goroutine until the task has ended, and returns the task's error. If ctx
// is done first, it returns the cause of ctx and the task continues. It is for goroutines. A task
// gets ErrWrongWaiter and uses Join instead.
func (j *Job) Wait(ctx context.Context) error {
	if err := j.task.loop.mayBlock("Job.Wait"); err != nil {
		return err
	}
	select {
	case <-j.done:
		return j.err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Cancel cancels the task, as its context would. The task's current wait and every later one return
// a *CancelError with cause. A nil cause means context.Canceled. Cancel does not wait for the end.
// A task that has not begun still runs, and learns of the cancellation at its first wait. Calls
// after the first or after the end do nothing.
func (j *Job) Cancel(cause error) {
	if cause == nil {
		cause = context.Canceled
	}
	j.mu.Lock()
	if j.ended || j.cancel != nil {
		j.mu.Unlock()
		return
	}
	j.cancel = cause
	j.mu.Unlock()
	j.task.loop.inbox.notify(j.task.loop, j.task, &j.task.listed)
}

// cause returns the cause given to Cancel, or nil if Cancel was not called. j may be nil.
func (j *Job) cause() error {
	if j == nil {
		return nil
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.cancel
}

// Join suspends t until the task of j has ended, and returns that task's error. Any number of tasks
// may join one, at the same time or after its end, each from its own loop.
//
// If t is canceled meanwhile, Join returns t's *CancelError and the task of j continues. The same
// happens if t was canceled before and the task of j is alive. A task that joins itself panics.
// Tasks that join each other wait until one is canceled.
func (t *Task) Join(j *Job) error {
	if err := t.calls("Task.Join"); err != nil {
		return err
	}
	if j.task == t {
		panic("sched: Task.Join: task joins itself")
	}
	id := t.newSuspension()
	if !j.add(joiner{t, id}) {
		return j.err
	}
	defer j.remove(joiner{t, id})
	if err := t.awaitResumption(id); err != nil {
		return err
	}
	return j.err
}

// add reports whether the task has yet to end. If so, it records w.
func (j *Job) add(w joiner) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	if !j.ended {
		j.joiners = append(j.joiners, w)
	}
	return !j.ended
}

func (j *Job) remove(w joiner) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if i := slices.Index(j.joiners, w); i >= 0 {
		j.joiners = slices.Delete(j.joiners, i, i+1)
	}
}

// finish wakes all joiners and closes done. j may be nil.
func (j *Job) finish(err error) {
	if j == nil {
		return
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.err, j.ended = err, true
	close(j.done)
	for _, w := range j.joiners {
		w.task.resume(w.id)
	}
	j.joiners = nil
}
