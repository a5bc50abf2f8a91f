package sched

import (
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
)

// Handler is a task without a stack: what it remembers between two steps is in its fields. Its methods are called on the loop, one at a time and each
// after the one before: its own fields need no lock, though with a Shared or a Stealing several threads use them in turn. What
// belongs to a thread is not for them.
type Handler interface {
	// Step is called when the task starts, and each time that what the last Next asked for has come about. It does what can be done
	// without blocking and returns what to wait for. A panic ends the task.
	Step(t *HandlerTask, cause Cause) Next
	// End is called once, last: with the error of the Next that ended the task, a *CancelError, a *PanicError, or ErrStopped. The
	// handle is no longer registered, so that End may close it. If End panics, its panic is joined to the error that Options.Ended is told.
	End(err error)
}

// Cause says why Step is called.
type Cause uint8

// The causes.
const (
	Started  Cause = iota
	Ready          // a direction that was waited for is worth trying
	Expired        // the time given to Next.Within has passed
	Woken          // Wake was called
	Draining       // the loop was asked to end; said once
	Resumed        // the last Next was Again
)

var causeNames = [...]string{"started", "ready", "expired", "woken", "draining", "resumed"}

// String returns the cause in a word.
func (c Cause) String() string {
	if int(c) < len(causeNames) {
		return causeNames[c]
	}
	return "unknown cause"
}

// Next is what a step ends with.
type Next struct {
	verb     verb
	interest queue.Interest
	within   time.Duration
	err      error
}

type verb uint8

const (
	verbAwait verb = iota
	verbAgain
	verbEnd
)

// Await waits until one of the directions of i is worth trying again. The step has tried, and was told that it would block, or had a
// short read where HandlerTask.ShortReadDrains says that this is as good. With queue.None only Wake, the time and drain continue the task.
func Await(i queue.Interest) Next { return Next{verb: verbAwait, interest: i} }

// Within bounds the wait of an Await: after d, and at once if d is not positive, Step is called with Expired. It does nothing to Again and Done.
func (n Next) Within(d time.Duration) Next {
	// Zero is no bound. A handler that computes what is left of its time arrives there, and must not wait for ever.
	n.within = max(d, 1)
	return n
}

// Again lets other tasks run, and new events come in, then calls Step with Resumed: for a task that has used up its share of the turn.
func Again() Next { return Next{verb: verbAgain} }

// Done ends the task with err, which may be nil.
func Done(err error) Next { return Next{verb: verbEnd, err: err} }

// HandlerTask is the loop's side of a Handler.
type HandlerTask struct {
	source
	handler Handler
	timer   *timer // made by the first Next.Within
	want    queue.Interest
	cause   Cause
	state   taskState
	pending pending
	listed  bool // guarded by the inbox's lock
}

// pending is what came while the task did not wait: its next Await continues at once.
type pending uint8

const (
	pendingWake pending = 1 << iota
	pendingDrain
	pendingCancel // the step runs on another thread: its end is the handler's
)

// handlerName is what Options.Ended is told: a name for each of a million handlers would cost more than the handler.
const handlerName = "handler"

// Handle starts a handler task for h on l. It is called on the loop: by a task, a step or a posted function. The caller keeps h and closes it
// after Handler.End; if Handle returns an error, End is not called.
//
// It returns ErrFull at TasksMax, ErrStopped when the loop is over, drains or cancels its tasks, and errors of queue.Queue.Add.
func (l *Loop) Handle(h sys.Handle, handler Handler) (*HandlerTask, error) {
	l.lock()
	defer l.unlock()
	if err := l.admit(); err != nil {
		return nil, fmt.Errorf("sched: handler for handle %v: %w", h, err)
	}
	t := &HandlerTask{handler: handler}
	if err := t.open(l, h, t); err != nil {
		l.living.Add(-1)
		return nil, err
	}
	l.runQueue.push(t)
	l.offer()
	return t, nil
}

// Loop returns the loop that t is on.
func (t *HandlerTask) Loop() *Loop { return t.loop }

// ShortReadDrains reports whether a read that returned fewer bytes than it had room for proves that there are no more: then the step may
// Await without the further read that would say so.
func (t *HandlerTask) ShortReadDrains() bool { return t.shortReadDrains() }

// Wake has Step called with Woken if t waits, or else after the next Await. Any goroutine may call it.
func (t *HandlerTask) Wake() { t.loop.inbox.notify(t.loop, t, &t.listed) }

func (t *HandlerTask) attend() {
	t.loop.inbox.unlist(&t.listed)
	if t.state == taskWaiting {
		t.proceed(Woken)
	} else if t.state != taskEnded {
		t.pending |= pendingWake
	}
}

func (t *HandlerTask) deliver(e *queue.Event) {
	t.note(e)
	got := e.Ready.Directions()
	if t.state == taskWaiting && got&t.want != 0 {
		t.source.ready |= got &^ t.want
		t.proceed(Ready)
		return
	}
	t.source.ready |= got
}

// proceed makes a waiting task ready.
func (t *HandlerTask) proceed(c Cause) {
	if t.timer != nil {
		t.loop.timers.stop(t.timer)
	}
	t.cause, t.state, t.want = c, taskReady, queue.None
	t.loop.runQueue.push(t)
}

func (t *HandlerTask) expired() {
	if t.state == taskWaiting {
		t.proceed(Expired)
	}
}

func (t *HandlerTask) settle() { t.source.settle(t.want) }

func (t *HandlerTask) owner() *Loop { return t.loop }

func (t *HandlerTask) run(w *worker) {
	if t.state == taskEnded {
		return
	}
	t.state = taskRunning
	w.turnBegins(t.loop)
	w.watchdog.enterHandler()
	next := t.step()
	if t.state == taskEnded {
		return
	}
	switch {
	case next.verb == verbEnd:
		t.end(next.err)
	case t.pending&pendingCancel != 0:
		t.end(t.loop.cancelErrorFor(handlerName))
	case next.verb == verbAgain:
		t.cause, t.state = Resumed, taskReady
		t.loop.runQueue.push(t)
	default:
		t.await(next)
	}
}

func (t *HandlerTask) step() (next Next) {
	cause := t.cause
	t.loop.unlock()
	defer t.loop.lock()
	defer func() {
		if v := recover(); v != nil {
			next = Done(newPanicError(v))
		}
	}()
	return t.handler.Step(t, cause)
}

func (t *HandlerTask) await(next Next) {
	t.state, t.want = taskWaiting, next.interest
	switch {
	case t.pending&pendingDrain != 0:
		t.pending &^= pendingDrain
		t.proceed(Draining)
		return
	case t.pending&pendingWake != 0:
		t.pending &^= pendingWake
		t.proceed(Woken)
		return
	case t.source.ready&next.interest != 0:
		t.source.ready &^= next.interest
		t.proceed(Ready)
		return
	}
	if next.interest != queue.None {
		if err := t.arm(next.interest); err != nil {
			if err == net.ErrClosed {
				err = ErrStopped // nobody but the loop ends the registration of a handler
			}
			t.end(err)
			return
		}
	}
	if next.within > 0 {
		if t.timer == nil {
			t.timer = &timer{fire: t}
		}
		t.loop.setTimer(t.timer, after(t.loop.now(), next.within))
	}
}

func (t *HandlerTask) drain() {
	switch t.state {
	case taskWaiting:
		t.proceed(Draining)
	case taskReady, taskRunning:
		t.pending |= pendingDrain
	}
}

func (t *HandlerTask) cancel(cause error) {
	switch t.state {
	case taskEnded:
	case taskRunning:
		t.pending |= pendingCancel
	default:
		t.end(&CancelError{Task: handlerName, Cause: cause})
	}
}

func (t *HandlerTask) over() {
	if t.state != taskEnded {
		t.end(ErrStopped)
	}
}

func (t *HandlerTask) end(err error) {
	t.state = taskEnded
	if t.timer != nil {
		t.loop.timers.stop(t.timer)
	}
	if _, cerr := t.close(); err == nil {
		err = cerr
	}
	t.loop.dismiss()
	t.tell(err)
}

// tell says that t has ended with err.
func (t *HandlerTask) tell(err error) {
	t.loop.unlock()
	defer t.loop.lock()
	if perr := contain(func() { t.handler.End(err) }); perr != nil {
		err = errors.Join(err, perr)
	}
	t.loop.options.Ended(handlerName, err)
}
