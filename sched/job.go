package sched

import (
	"context"
	"fmt"
	"slices"
	"sync"
)

// Job is a task as others see it: they wait for its end, and cancel it. Its methods are safe from
// any goroutine and from tasks of any loop.
type Job struct {
	task *Task
	done chan struct{} // closed when the task has ended
	err  error         // set before

	mu      sync.Mutex // guards all below
	ended   bool
	cancel  error    // why Cancel was called
	joiners []joiner // tasks in Join: their bound is the number of tasks
}

// joiner is a suspension that the end of a job ends.
type joiner struct {
	task *Task
	id   uint64
}

// Start starts a task as Go does, and returns what others need to join and to cancel it.
func (l *Loop) Start(ctx context.Context, name string, body func(*Task) error) (*Job, error) {
	j := newJob(&Task{loop: l, name: name, body: body, parent: ctx})
	if err := l.launch(j.task); err != nil {
		return nil, err
	}
	return j, nil
}

// Start starts another task on the same loop as Task.Go does, and returns what others need to join
// and to cancel it.
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

// Done returns a channel that is closed when the task has ended, and Options.Ended has been told.
// It is for goroutines: a task that received from it would hold its loop.
func (j *Job) Done() <-chan struct{} { return j.done }

// Err returns the error that the task has ended with, which is what Options.Ended is told: a
// *PanicError with the stack if it panicked. It returns nil while the task lives.
func (j *Job) Err() error {
	select {
	case <-j.done:
		return j.err
	default:
		return nil
	}
}

// Wait blocks the calling goroutine until the task has ended and returns the task's error, or until
// ctx is done and returns the cause of ctx; the task goes on. It is for goroutines: a task uses
// Join, and is told ErrWrongWaiter here.
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

// Cancel cancels the task, as its context would: whatever it waits for, then or later, returns a
// *CancelError with cause, which is context.Canceled if nil is given. It does not wait for the end.
// A task that has not begun yet runs, and learns of it at its first wait. Calls after the first do
// nothing, nor does one after the end.
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

// cause returns why Cancel was called, nil if it was not. j may be nil.
func (j *Job) cause() error {
	if j == nil {
		return nil
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.cancel
}

// Join suspends t until the task of j has ended, and returns that task's error. Any number of tasks
// may join one, at the same time or after its end, each from its own loop. If t is canceled
// meanwhile Join returns t's *CancelError, and the task of j goes on; so does a Join of a living
// task by one that was canceled before. A task that joins itself panics; tasks that join each
// other wait until one is canceled.
func (t *Task) Join(j *Job) error {
	if err := t.calls("Task.Join"); err != nil {
		return err
	}
	if j.task == t {
		panic("sched: Task.Join is called by the task that is to be joined")
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

// add reports whether the task is still to end, and if so remembers w.
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

// finish tells everybody of the end. j may be nil.
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
