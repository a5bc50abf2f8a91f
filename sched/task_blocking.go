package sched

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
)

// Blocking calls f on a goroutine, suspends t until f returns, and returns the result of f. f may
// block its thread. It must not use t or anything that belongs to the loop. At most
// Options.MaxBlocking such goroutines exist per loop at once. Further tasks wait in line, and each
// goroutine ends with its function.
//
// If t was canceled before, or is canceled while it waits in line, Blocking returns a *CancelError
// and does not call f. If t is canceled while f runs, Blocking returns a *CancelError at once. f
// then continues and keeps its goroutine, and its result is dropped: the caller must not read what
// f writes. The loop does not end before f does.
//
// A panic of f continues in t, with the stack of f. If the result is dropped, Options.Ended gets
// the panic under the name "blocking function". If f calls runtime.Goexit, the error is ErrExited.
// If MaxBlocking is zero, the error is errors.ErrUnsupported.
func (t *Task) Blocking(f func() error) error {
	if err := t.calls("Task.Blocking"); err != nil {
		return err
	}
	l := t.loop
	if l.options.MaxBlocking < 1 {
		return fmt.Errorf("sched: Task.Blocking: Options.MaxBlocking is zero: %w", errors.ErrUnsupported)
	}
	l.lock()
	canceled := t.canceled
	if canceled != nil {
		t.giveWay()
	}
	l.unlock()
	if canceled != nil {
		return canceled
	}
	if err := l.blocking.room.Acquire(t, 1); err != nil {
		return err
	}
	l.lock()
	if canceled := t.canceled; canceled != nil {
		l.unlock()
		l.blocking.room.Release(1)
		return canceled
	}
	c := &blockingCall{task: t}
	l.blocking.begin(c)
	go c.work(f)
	err := t.wait(time.Time{})
	if !c.done {
		c.dropped = true
		l.unlock()
		return err
	}
	l.unlock()
	if c.panicked != nil {
		panic(c.panicked)
	}
	return c.err
}

// Blocking is Task.Blocking for a function that returns a value. It is safe to use even after the
// result of an earlier call was dropped.
func Blocking[T any](t *Task, f func() (T, error)) (T, error) {
	// value is not in this frame, because f may still write it after the result has been dropped.
	value := new(T)
	if err := t.Blocking(func() (err error) {
		*value, err = f()
		return err
	}); err != nil {
		if errors.Is(err, ErrCanceled) {
			var zero T
			return zero, err
		}
		return *value, err
	}
	return *value, nil
}

// blockingName is the name that Options.Ended gets for a panic that no longer has a task.
const blockingName = "blocking function"

// blocking is a loop's record of its functions that block elsewhere.
type blocking struct {
	room  Semaphore
	count int // calls that the loop has not seen end; owned by the loop

	mu    sync.Mutex      // guards calls
	calls []*blockingCall // that have not returned; bounded by room
}

// blockingCall is one call of a function. work sets err and panicked before it notifies the loop,
// which owns done and dropped.
type blockingCall struct {
	task     *Task
	err      error
	panicked *PanicError
	done     bool
	dropped  bool
	listed   bool // guarded by the inbox's lock
}

func (b *blocking) begin(c *blockingCall) {
	b.count++
	b.mu.Lock()
	defer b.mu.Unlock()
	b.calls = append(b.calls, c)
}

func (b *blocking) end(c *blockingCall) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, other := range b.calls {
		if other == c {
			last := len(b.calls) - 1
			b.calls[i], b.calls[last] = b.calls[last], nil
			b.calls = b.calls[:last]
			return
		}
	}
}

// String returns the names of the tasks whose functions have not returned.
func (b *blocking) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var names []string
	for _, c := range b.calls {
		names = append(names, fmt.Sprintf("%q", c.task.name))
	}
	return strings.Join(names, ", ")
}

func (c *blockingCall) work(f func() error) {
	l := c.task.loop
	defer func() {
		if v := recover(); v != nil {
			c.panicked = newPanicError(v)
		}
		l.blocking.end(c)
		l.blocking.room.Release(1)
		l.inbox.notify(l, c, &c.listed)
	}()
	c.err = ErrExited // unless f returns or panics
	c.err = f()
}

// attend takes the result.
func (c *blockingCall) attend(l *Loop) {
	l.inbox.unlist(&c.listed)
	l.blocking.count--
	switch {
	case !c.dropped:
		c.done = true
		c.task.wake(nil)
	case c.panicked != nil:
		l.tell(blockingName, c.panicked)
	}
}
