package sched

import (
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
)

// Handler is a task without a stack. It keeps its state between two steps in its fields. The loop
// calls its methods one at a time, each after the previous one has returned. Its own fields
// therefore need no lock, though several threads use them in turn with a Shared or a Stealing. It
// must not depend on thread-local state.
type Handler interface {
	// Step is called when the task starts, and each time that the condition of the last Next has
	// come about. It does what it can without blocking and returns what to wait for. A panic ends
	// the task.
	Step(t HandlerTask, cause Cause) Next
	// End is called exactly once, as the last call. Its argument is the error of the Next that
	// ended the task, a *CancelError, a *PanicError, or ErrStopped. The handle is no longer
	// registered, so End may close it. Run returns after the last End. If End panics, Options.Ended
	// gets that panic joined to the error.
	End(err error)
}

// Cause is the reason for a call of Step.
type Cause uint8

// Causes of a step.
const (
	Started  Cause = iota
	Ready          // a direction that the handler waits for is worth trying
	Expired        // the time given to Next.Within has passed
	Woken          // Wake was called
	Draining       // the loop was asked to end; reported once
	Resumed        // the last Next was Again
)

var causeNames = [...]string{"started", "ready", "expired", "woken", "draining", "resumed"}

// String returns the cause as one word.
func (c Cause) String() string {
	if int(c) < len(causeNames) {
		return causeNames[c]
	}
	return "unknown cause"
}

// Next is the result of a step: what to wait for, or the end.
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

// WaitFor waits until one of the directions of i is worth trying again. The step has tried and got
// would-block. It may also have had a short read, if HandlerTask.ShortReadDrains is true. With
// queue.None only Wake, the time and drain continue the task.
func WaitFor(i queue.Interest) Next { return Next{verb: verbAwait, interest: i} }

// Within bounds the wait of WaitFor. After d, or at once if d is not positive, Step is called with
// Expired. Within has no effect on Again and Done.
func (n Next) Within(d time.Duration) Next {
	// Zero is no bound. A handler that computes its remaining time can arrive at zero and must not
	// wait without a bound.
	n.within = max(d, 1)
	return n
}

// Again lets other tasks run and new events come in, and then calls Step with Resumed. It is for a
// task that has used up its share of the turn.
func Again() Next { return Next{verb: verbAgain} }

// Done ends the task with err, which may be nil.
func Done(err error) Next { return Next{verb: verbEnd, err: err} }

// HandlerTask identifies a Handler to its loop. It is a small value that the caller may keep
// indefinitely. The zero value is no task: its Loop is nil.
type HandlerTask struct {
	loop  *Loop
	token queue.Token
}

// handlerSlot is the loop's record of a handler, besides the Handler itself. Like source it has no
// pointers.
type handlerSlot struct {
	source
	want    queue.Interest
	cause   Cause
	state   taskState // taskEnded when the slot is free
	pending pending
	listed  bool // guarded by the inbox's lock
}

// pending holds what came while the task did not wait. The task's next WaitFor continues at once.
type pending uint8

const (
	pendingWake pending = 1 << iota
	pendingDrain
	pendingCancel // the step runs on another thread; the handler ends with it
)

// handlerName is the name that Options.Ended gets. A name for each of a million handlers would cost
// more than the handler.
const handlerName = "handler"

// StartHandler starts a handler task for h on l. It must be called on the loop: by a task, a step
// or a posted function. h remains the caller's, to be closed after Handler.End. If StartHandler
// returns an error, End is not called.
//
// It returns ErrFull at MaxTasks, ErrStopped when the loop is over, drains or cancels its tasks,
// and errors of queue.Queue.Add.
func (l *Loop) StartHandler(h sys.Handle, handler Handler) (HandlerTask, error) {
	l.lock()
	defer l.unlock()
	if err := l.admit(); err != nil {
		return HandlerTask{}, fmt.Errorf("sched: start handler for handle %v: %w", h, err)
	}
	s := l.putHandler(handler)
	s.handle = h
	if err := s.register(l); err != nil {
		l.dropHandler(s)
		l.living.Add(-1)
		return HandlerTask{}, err
	}
	l.runQueue.push(s)
	l.driver.offer()
	return HandlerTask{l, s.token}, nil
}

func (l *Loop) putHandler(h Handler) *handlerSlot {
	l.inbox.mu.Lock()
	defer l.inbox.mu.Unlock()
	return l.slab.put(h)
}

func (l *Loop) dropHandler(s *handlerSlot) {
	l.inbox.mu.Lock()
	defer l.inbox.mu.Unlock()
	s.state = taskEnded
	l.slab.drop(s)
}

// Loop returns the loop that t is on.
func (t HandlerTask) Loop() *Loop { return t.loop }

// ShortReadDrains reports whether a short read of a plain TCP socket proves that there are no more
// bytes. A short read returned fewer bytes than it had room for. The step may then return WaitFor
// without another read. It is for the steps of t.
//
// It promises nothing for other handles, which the loop does not distinguish. Their reads may be
// short at a descriptor or other credentials in a Unix-domain stream, or at a packet of a pipe.
// They may also be short at a line of a terminal or a record of TLS. A step reads them until they
// would block.
func (t HandlerTask) ShortReadDrains() bool { return t.loop.slab.slot(t.token).shortReadDrains(t.loop) }

// NoProgress counts a wait in vain in Metrics.Vain. A step calls it if it was called with Ready,
// has tried what it waited for, and got would-block.
func (t HandlerTask) NoProgress() { t.loop.metrics.countVain() }

// Wake calls Step with Woken if t waits, otherwise after its next WaitFor. It does nothing once t
// has ended. Any goroutine may call it. Calls count as one until the loop has noticed the first.
// With one worker, all calls that a step makes count as one.
func (t HandlerTask) Wake() {
	in := &t.loop.inbox
	in.mu.Lock()
	s := t.loop.slab.lookup(t.token)
	if s == nil || s.listed || in.ended {
		in.mu.Unlock()
		return
	}
	s.listed = true
	in.notices = append(in.notices, s)
	in.mu.Unlock()
	in.rouse(t.loop)
}

// reset prepares s for a handler that is about to start. Its token stays.
func (s *handlerSlot) reset() {
	s.flags.Store(0)
	s.armed, s.ready, s.want = queue.None, queue.None, queue.None
	s.cause, s.state, s.pending = Started, taskReady, 0
}

func (s *handlerSlot) index() uint32 { return uint32(s.token) &^ tokenHandler }

// attend delivers a Wake to the handler. A notice for the slot's previous handler is not listed any
// more.
func (s *handlerSlot) attend(l *Loop) {
	l.inbox.mu.Lock()
	listed := s.listed
	s.listed = false
	l.inbox.mu.Unlock()
	if !listed {
		return
	}
	if s.state == taskWaiting {
		s.proceed(l, Woken)
	} else {
		s.pending |= pendingWake
	}
}

func (s *handlerSlot) deliver(l *Loop, e *queue.Event) {
	s.note(l, e, s)
	got := e.Ready.Directions()
	if s.state == taskWaiting && got&s.want != 0 {
		s.ready |= got &^ s.want
		s.proceed(l, Ready)
		return
	}
	s.ready |= got
}

// proceed makes a waiting handler ready.
func (s *handlerSlot) proceed(l *Loop, c Cause) {
	s.stopTimer(l)
	s.cause, s.state, s.want = c, taskReady, queue.None
	l.runQueue.push(s)
}

func (s *handlerSlot) setTimer(l *Loop, within time.Duration) {
	i := s.index()
	page := l.slab.page(i)
	if page.timers == nil {
		page.timers = new([handlersPerPage]handlerTimer)
	}
	t := &page.timers[i%handlersPerPage]
	t.loop, t.slot, t.fire = l, s, t
	l.setTimer(&t.timer, after(l.now(), within))
}

func (s *handlerSlot) stopTimer(l *Loop) {
	i := s.index()
	if timers := l.slab.page(i).timers; timers != nil {
		l.timers.stop(&timers[i%handlersPerPage].timer)
	}
}

func (s *handlerSlot) expired(l *Loop) {
	if s.state == taskWaiting {
		s.proceed(l, Expired)
	}
}

// settle is called for a slot that may have been freed and taken again since it fired. It then does
// only what is right for the current handler.
func (s *handlerSlot) settle(l *Loop) {
	if s.state == taskEnded {
		s.fired = false
		return
	}
	s.source.settle(l, s.want)
}

// owner is called for runnables on workers of other loops. A handler is only in the run queue of
// its own loop, so it has none.
func (s *handlerSlot) owner() *Loop { return nil }

func (s *handlerSlot) run(l *Loop, w *worker) {
	if s.state == taskEnded {
		return
	}
	s.state = taskRunning
	w.turnBegins(l)
	w.watchdog.enterHandler()
	turn := l.profile.handlerTurn()
	next := s.step(l)
	turn.end()
	if s.state == taskEnded {
		return
	}
	switch {
	case next.verb == verbEnd:
		s.end(l, next.err)
	case s.pending&pendingCancel != 0:
		s.end(l, l.cancelErrorFor(handlerName))
	case next.verb == verbAgain:
		s.cause, s.state = Resumed, taskReady
		l.runQueue.push(s)
	default:
		s.await(l, next)
	}
}

func (s *handlerSlot) handler(l *Loop) Handler {
	i := s.index()
	return l.slab.page(i).handlers[i%handlersPerPage]
}

func (s *handlerSlot) step(l *Loop) (next Next) {
	h, cause, t := s.handler(l), s.cause, HandlerTask{l, s.token}
	l.unlock()
	defer l.lock()
	defer func() {
		if v := recover(); v != nil {
			next = Done(newPanicError(v))
		}
	}()
	return h.Step(t, cause)
}

func (s *handlerSlot) await(l *Loop, next Next) {
	s.state, s.want = taskWaiting, next.interest
	switch {
	case s.pending&pendingDrain != 0:
		s.pending &^= pendingDrain
		s.proceed(l, Draining)
		return
	case s.pending&pendingWake != 0:
		s.pending &^= pendingWake
		s.proceed(l, Woken)
		return
	case s.ready&next.interest != 0:
		s.ready &^= next.interest
		s.proceed(l, Ready)
		return
	}
	if next.interest != queue.None {
		if err := s.arm(l, next.interest); err != nil {
			if err == net.ErrClosed {
				err = ErrStopped // only the loop ends the registration of a handler
			}
			s.end(l, err)
			return
		}
	}
	if next.within > 0 {
		s.setTimer(l, next.within)
	}
}

func (s *handlerSlot) drain(l *Loop) {
	switch s.state {
	case taskWaiting:
		s.proceed(l, Draining)
	case taskReady, taskRunning:
		s.pending |= pendingDrain
	}
}

func (s *handlerSlot) cancel(l *Loop, cause error) {
	switch s.state {
	case taskEnded:
	case taskRunning:
		s.pending |= pendingCancel
	default:
		s.end(l, &CancelError{Task: handlerName, Cause: cause})
	}
}

func (s *handlerSlot) over(l *Loop) {
	if s.state != taskEnded {
		s.end(l, ErrStopped)
	}
}

// end ends the handler and frees the slot. The slot may still be in the run queue: then the loop's
// tasks are ending, and no task is admitted that could take it.
func (s *handlerSlot) end(l *Loop, err error) {
	s.stopTimer(l)
	h := s.handler(l)
	if !s.transfers() {
		if derr := s.deregister(l); err == nil {
			err = derr
		}
	}
	l.dropHandler(s)
	l.dismiss()
	l.tellHandler(h, err)
}

// tellHandler reports that h has ended with err.
func (l *Loop) tellHandler(h Handler, err error) {
	l.telling++
	l.driver.offer()
	l.unlock()
	defer func() {
		l.lock()
		// Workers that dismiss has woken found an End under way, and wait again.
		if l.telling--; l.telling == 0 && l.living.Load() == 0 {
			l.driver.lastEnded()
		}
	}()
	if perr := contain(func() { h.End(err) }); perr != nil {
		err = errors.Join(err, perr)
	}
	l.options.Ended(handlerName, err)
}
