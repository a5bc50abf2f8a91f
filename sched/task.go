package sched

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"runtime/debug"
	"time"
)

// Task is a coroutine on a loop: straight-line code that is suspended where it waits. Its methods
// are for the code that runs in it, unless they document otherwise. The waiting methods return
// ErrWrongWaiter to any other caller. That includes other tasks, goroutines that the task has
// started, and coroutines of package iter in it.
type Task struct {
	loop *Loop
	home *worker // made the coroutine, which cannot resume on another thread; nil before its first turn
	name string
	body func(*Task) error

	parent  context.Context // that cancels the task; see task_context.go
	context context.Context // created by the first call of Context
	cancel  context.CancelCauseFunc
	unwatch func() bool // stops watching parent

	next  func() (struct{}, bool) // gives the thread to the coroutine
	yield func(struct{}) bool     // gives it back
	abort func()                  // makes yield return false

	state    taskState
	awaiting bool   // waits in Suspend
	listed   bool   // guarded by the inbox's lock
	resumed  uint64 // last suspension that another thread ended; guarded by the inbox's lock
	suspends uint64 // counts the suspensions that Suspend makes, to recognize a late resume of an earlier one
	verdict  error  // result of the suspended call
	canceled error
	arming   *taskSource // for which the queue watches once the task is suspended
	timer    timer
	onDrain  func()
	err      error
	place    *place  // in line for a Semaphore; created by the first wait for one
	holder   *holder // for the watchdog, if there is one
	job      *Job    // of a task that Start started

	older, newer *Task // the loop's list of live tasks
}

type taskState uint8

// A ready task runs once the loop gives it the thread, until it suspends. A waiting task becomes
// ready when it is woken. A task ends while running. Only the loop changes its state.
const (
	taskReady taskState = iota
	taskRunning
	taskWaiting
	taskEnded
)

// Go starts a task on l, which runs body when its turn comes. Any goroutine may call it. When ctx
// is done the task is canceled: its current wait and every later one return a *CancelError. A task
// that waits in spite of the cancellation does not hold the loop, because each such wait lets other
// tasks run. Options.Ended gets the error that body returns.
//
// Go returns ErrFull at a bound of Options, and ErrStopped once the loop drains or is over. A
// refused start leaves no trace: it does not delay the end of Run, and Len does not count it.
func (l *Loop) Go(ctx context.Context, name string, body func(*Task) error) error {
	return l.launch(&Task{loop: l, name: name, body: body, parent: ctx})
}

// launch starts t on the loop.
func (l *Loop) launch(t *Task) error {
	if err := l.inbox.postTask(l, t.start); err != nil {
		return fmt.Errorf("sched: task %q: %w", t.name, err)
	}
	return nil
}

// Go starts another task on the same loop. Unlike Loop.Go it is not refused while the loop drains,
// because a task may need the new one in order to end.
//
// ctx cancels the new task. If it is t.Context(), or derived from it, the new task is canceled with
// t. It outlives t: once t has ended, the context with which t was started cancels it instead.
func (t *Task) Go(ctx context.Context, name string, body func(*Task) error) error {
	if err := t.loop.admitChild(); err != nil {
		return fmt.Errorf("sched: task %q: %w", name, err)
	}
	(&Task{loop: t.loop, name: name, body: body, parent: ctx}).start()
	return nil
}

// start adds the task to the loop's list and to its run queue.
func (t *Task) start() {
	l := t.loop
	l.lock()
	defer l.unlock()
	if loopState(l.state.Load()) == loopOver {
		t.state = taskEnded
		l.living.Add(-1)
		l.metrics.countEnded()
		l.tell(t.name, ErrStopped)
		t.job.finish(ErrStopped)
		return
	}
	t.timer.fire = t
	t.link()
	t.canceled = l.cancelErrorFor(t.name)
	t.findParent()
	if t.canceled == nil && t.parent.Err() != nil {
		t.canceled = &CancelError{Task: t.name, Cause: context.Cause(t.parent)}
	} else if cause := t.job.cause(); t.canceled == nil && cause != nil {
		t.canceled = &CancelError{Task: t.name, Cause: cause}
	}
	if t.parent.Done() != nil {
		t.watchParent()
	}
	l.runQueue.push(t)
	l.driver.offer()
}

// link adds t to the loop's list of live tasks.
func (t *Task) link() {
	l := t.loop
	l.links.Lock()
	defer l.links.Unlock()
	t.older = l.tasks
	if l.tasks != nil {
		l.tasks.newer = t
	}
	l.tasks = t
}

func (t *Task) unlink() {
	l := t.loop
	l.links.Lock()
	defer l.links.Unlock()
	if t.older != nil {
		t.older.newer = t.newer
	}
	if t.newer != nil {
		t.newer.older = t.older
	} else {
		l.tasks = t.older
	}
	t.older, t.newer = nil, nil
}

// Name returns the name given to Go.
func (t *Task) Name() string { return t.name }

// Loop returns the loop that t is on.
func (t *Task) Loop() *Loop { return t.loop }

// Draining reports whether the loop has been asked to end. The task should then finish its current
// work and return.
func (t *Task) Draining() bool { return t.loop.drained.Load() }

// OnDrain sets the function f that the loop calls when it is asked to end. If it was already asked,
// OnDrain calls f at once. It replaces the function set before, and nil sets none. f runs on the
// thread of t, never while t runs. It must not wait: it closes a listener, or sets a deadline that
// ends an idle wait.
func (t *Task) OnDrain(f func()) {
	if !t.loop.drained.Load() {
		t.onDrain = f
		return
	}
	t.onDrain = nil
	if f != nil {
		f()
	}
}

// Yield lets the other tasks of the loop run and new events come in.
func (t *Task) Yield() error {
	if err := t.calls("Task.Yield"); err != nil {
		return err
	}
	return t.yieldTurn()
}

func (t *Task) yieldTurn() error {
	t.loop.lock()
	t.giveWay()
	err := t.canceled
	t.loop.unlock()
	return err
}

// giveWay lets the other tasks run. Like every function that suspends a task, it is called and
// returns with the lock held.
func (t *Task) giveWay() {
	t.state = taskReady
	t.enqueue()
	t.suspend()
}

// enqueue makes t run where it must.
func (t *Task) enqueue() {
	if t.home == nil {
		t.loop.runQueue.push(t)
		return
	}
	t.loop.driver.push(t.home, t)
}

// Sleep suspends t for at least d. Tasks wake in the order of their deadlines. On several threads
// one may overtake another before it runs.
func (t *Task) Sleep(d time.Duration) error {
	if err := t.calls("Task.Sleep"); err != nil {
		return err
	}
	t.loop.lock()
	err := t.wait(time.Now().Add(d))
	t.loop.unlock()
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return nil
	}
	return err
}

// Suspend calls start and suspends t until resume, the function passed to start, is called. Any
// goroutine may call resume, including start itself. Calls after the first do nothing. start must
// not call Suspend. If t is canceled meanwhile, Suspend returns a *CancelError, and resume may
// still be called.
func (t *Task) Suspend(start func(resume func())) error {
	if err := t.calls("Task.Suspend"); err != nil {
		return err
	}
	id := t.newSuspension()
	start(func() { t.resume(id) })
	if t.suspends != id {
		panic("sched: Task.Suspend: called by the start function of another Suspend")
	}
	return t.awaitResumption(id)
}

// newSuspension numbers the suspension that follows, so that other threads can end it even before
// it begins.
func (t *Task) newSuspension() uint64 {
	t.suspends++
	return t.suspends
}

// resume ends suspension id. Any goroutine may call it.
func (t *Task) resume(id uint64) {
	l := t.loop
	l.inbox.mu.Lock()
	t.resumed = max(t.resumed, id)
	l.inbox.mu.Unlock()
	l.inbox.notify(l, t, &t.listed)
}

// awaitResumption suspends t until resume(id) or until t is canceled.
func (t *Task) awaitResumption(id uint64) error {
	t.loop.lock()
	if t.wasResumed(id) {
		err := t.canceled
		t.loop.unlock()
		return err
	}
	t.awaiting = true
	err := t.wait(time.Time{})
	t.awaiting = false
	t.loop.unlock()
	return err
}

func (t *Task) wasResumed(id uint64) bool {
	t.loop.inbox.mu.Lock()
	defer t.loop.inbox.mu.Unlock()
	return t.resumed >= id
}

// attend acts on what other threads did to t: they canceled it or ended its suspension.
func (t *Task) attend(*Loop) {
	t.loop.inbox.unlist(&t.listed)
	if t.state == taskEnded {
		return
	}
	if t.parent.Err() != nil {
		t.parentDone()
	}
	if cause := t.job.cause(); cause != nil {
		t.stop(cause)
	}
	if t.awaiting && t.wasResumed(t.suspends) {
		t.wake(nil)
	}
}

// stop cancels t.
func (t *Task) stop(cause error) {
	if t.canceled != nil || t.state == taskEnded {
		return
	}
	t.canceled = &CancelError{Task: t.name, Cause: cause}
	if t.cancel != nil {
		t.cancel(t.canceled)
	}
	t.wake(t.canceled)
}

// wait suspends t until wake, or until the deadline if there is one.
func (t *Task) wait(deadline time.Time) error {
	if t.canceled != nil {
		// Let other tasks run: a task that keeps trying in spite of the error would hold the loop.
		t.giveWay()
		return t.canceled
	}
	if !deadline.IsZero() {
		t.loop.setDeadline(&t.timer, deadline)
	}
	t.state = taskWaiting
	t.suspend()
	err := t.verdict
	t.verdict = nil
	return err
}

// wake makes a waiting task ready. Its wait returns verdict. wake reports whether the task waited.
func (t *Task) wake(verdict error) bool {
	if t.state != taskWaiting {
		return false
	}
	t.loop.timers.stop(&t.timer)
	t.state, t.verdict = taskReady, verdict
	t.enqueue()
	return true
}

func (t *Task) expired() { t.wake(os.ErrDeadlineExceeded) }

// suspend gives the thread back. The lock is held across the switch in both directions: a
// concurrent caller of wake waits for it.
func (t *Task) suspend() {
	more := t.yield(struct{}{})
	t.home.resumes()
	if !more {
		t.loop.unlock()
		panic(ErrStopped)
	}
}

func (t *Task) owner() *Loop { return t.loop }

// run gives the thread to the task until it suspends or ends. The coroutine is created here, on the
// loop's locked thread. A coroutine that was created in another locking state could not be switched
// to, and the runtime would throw.
func (t *Task) run(_ *Loop, w *worker) {
	if t.state == taskEnded {
		return
	}
	if t.next == nil {
		t.home = w
		t.loop.profile.labelCoroutine(w, t)
		t.next, t.abort = iter.Pull(t.sequence)
	}
	t.state = taskRunning
	w.turnBegins(t.loop)
	outer := w.running
	w.running = t
	w.watchdog.enter(t.holder) // nil before its first turn; sequence creates it
	turn := t.loop.profile.turn(t.name)
	_, suspended := t.next()
	turn.end()
	w.running = outer
	if !suspended {
		t.end()
	} else if s := t.arming; s != nil {
		t.arming = nil
		s.armFor(t)
	}
}

func (t *Task) sequence(yield func(struct{}) bool) {
	t.yield = yield
	t.home.resumes()
	t.loop.unlock()
	defer t.loop.lock()
	defer t.home.forgets()
	if t.home.watchdog != nil {
		t.show()
	}
	if t.loop.profile != nil {
		t.label()
	}
	defer func() {
		// Recover here: the stack of the panic is lost once it reaches the resumer of the
		// coroutine.
		if v := recover(); v != nil {
			t.err = newPanicError(v)
		}
	}()
	t.err = ErrExited // unless body returns or panics
	t.err = t.body(t)
}

// show registers the task's own goroutine with the watchdog. It is a separate function because the
// frame of sequence comes out of the smallest stack that a coroutine can have.
//
//go:noinline
func (t *Task) show() {
	t.holder = &holder{name: t.name, goroutine: goroutineHeader()}
	t.home.watchdog.enter(t.holder)
}

// newPanicError returns the error that reports a panic with v. If v is itself a *PanicError, it
// keeps its stack.
func newPanicError(v any) *PanicError {
	if p, ok := v.(*PanicError); ok {
		return p
	}
	return &PanicError{Value: v, Stack: debug.Stack()}
}

func (t *Task) end() {
	l := t.loop
	t.state = taskEnded
	l.timers.stop(&t.timer)
	if t.unwatch != nil {
		t.unwatch()
	}
	if t.cancel != nil {
		t.cancel(errTaskEnded)
	}
	t.unlink()
	t.body, t.onDrain = nil, nil
	t.next, t.yield, t.abort = nil, nil, nil
	l.dismiss()
	l.tell(t.name, t.err)
	t.job.finish(t.err)
}

// Call runs body in a task of l, blocks the calling goroutine until the task has ended, and returns
// the result of body. When ctx is done the task is canceled, and Call returns a *CancelError at
// once, even if body still runs. Call is for goroutines outside the loop. A task would wait for
// itself, so it gets ErrWrongWaiter.
func (l *Loop) Call(ctx context.Context, name string, body func(*Task) error) error {
	if err := l.mayBlock("Loop.Call"); err != nil {
		return err
	}
	ended := make(chan error, 1)
	err := l.Go(ctx, name, func(t *Task) (err error) {
		finished := false
		defer func() {
			if v := recover(); v != nil {
				err = newPanicError(v)
			} else if !finished {
				err = ErrExited
			}
			ended <- err
		}()
		err = body(t)
		finished = true
		return err
	})
	if err != nil {
		return err
	}
	otherwise := ErrStopped
	select {
	case err := <-ended:
		return err
	case <-l.over:
	case <-ctx.Done():
		otherwise = &CancelError{Task: name, Cause: context.Cause(ctx)}
	}
	select {
	case err := <-ended:
		return err
	default:
		return otherwise
	}
}
