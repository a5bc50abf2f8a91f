package sched

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/edgewise-go/edgewise/queue"
)

// Loop runs tasks on one thread, over one queue.
type Loop struct {
	queue   queue.Queue
	native  bool // queue has native edges: losing readiness need not be declared
	options Options
	epoch   time.Time

	// Owned by the goroutine in Run.
	runQueue runQueue
	timers   timers
	running  *Task     // the coroutine that has the thread
	tasks    *Task     // the living coroutines, linked
	fired    []*source // to be settled at the end of the turn
	batch    []*source // sources of the events of this turn
	events   [eventsPerWaitMax]queue.Event
	taken    []func() // posted functions of this turn
	drained  bool     // drain has been told to the tasks
	canceled error
	lastWait int // events of the last Wait

	drainAsked  atomic.Bool
	cancelCause atomic.Pointer[error]
	listed      bool // guarded by the inbox's lock

	living atomic.Int64 // tasks of both forms, those in the inbox included
	slots  slots

	blocking blocking
	watchdog *watchdog // if Options.TurnMax asks for one

	inbox inbox

	state   atomic.Uint32 // of loopState
	over    chan struct{} // closed when Run has ended
	overErr error         // set before over is closed
}

type loopState uint32

// A loop is fresh until Run; then it runs until it is over. Only Run moves it.
const (
	loopFresh loopState = iota
	loopRunning
	loopOver
)

// New returns a loop over q, which it owns: Run closes q when it ends. Nothing runs before Run.
func New(q queue.Queue, options Options) *Loop {
	l := &Loop{
		queue:   q,
		native:  q.Features().NativeEdge,
		options: options.withDefaults(),
		epoch:   time.Now(),
		over:    make(chan struct{}),
	}
	l.inbox.max = l.options.InboxMax
	l.blocking.room.size = l.options.BlockingMax
	return l
}

// Queue returns the queue of l.
func (l *Loop) Queue() queue.Queue { return l.queue }

// Len returns how many tasks l has. Any goroutine may call it.
func (l *Loop) Len() int { return int(l.living.Load()) }

// Run runs l on the calling goroutine, which it locks to its thread, until Shutdown or Drain was called and the last task has ended. When ctx is
// done it cancels every task, runs until they have ended, and returns the cause. It closes the queue. It can be called once.
//
// If the queue fails, Run ends the tasks as Shutdown ends those that it cancels, with one difference: one that goes on waiting in spite of
// the errors is ended by a panic in its wait. Handlers end with ErrStopped.
func (l *Loop) Run(ctx context.Context) error {
	if !l.claim() {
		return fmt.Errorf("sched: Run: %w", ErrStopped)
	}
	return l.runClaimed(ctx)
}

// claim reports whether the caller is the one who may, and must, call runClaimed.
func (l *Loop) claim() bool {
	return l.state.CompareAndSwap(uint32(loopFresh), uint32(loopRunning))
}

func (l *Loop) runClaimed(ctx context.Context) (err error) {
	runtime.LockOSThread()
	stop := context.AfterFunc(ctx, func() { l.cancelAll(context.Cause(ctx)) })
	if l.options.TurnMax > 0 {
		l.watchdog = l.watch()
		defer l.watchdog.end()
	}
	exited := true // by Goexit or a panic of the loop itself, unless the turns end orderly
	defer func() {
		stop()
		if exited {
			err = fmt.Errorf("sched: Run: %w", ErrExited)
		}
		l.finish(err)
		// The thread stays locked, and ends with the goroutine, if coroutines that were created on it are left.
		if l.Len() == 0 {
			runtime.UnlockOSThread()
		}
	}()
	for {
		done, err := l.turn()
		if done || err != nil {
			exited = false
			return err
		}
	}
}

func (l *Loop) finish(err error) {
	l.state.Store(uint32(loopOver))
	// Deferred, because what they follow calls functions of others, which may exit.
	defer func() {
		l.overErr = err
		close(l.over)
	}()
	defer func() { l.endTasks(err) }()
	// A goroutine that exits in a posted function leaves the rest of its batch.
	for _, f := range append(l.taken, l.inbox.end()...) {
		if f != nil {
			l.protect(postedName, f)
		}
	}
	if cerr := l.queue.Close(); err == nil && cerr != nil && !errors.Is(cerr, queue.ErrClosed) {
		err = cerr
	}
	for _, s := range l.slots.all() {
		s.sink.over()
	}
}

// turn does what there is to do, then waits for more: at most until the next timer, and not at all while there are tasks that can run.
func (l *Loop) turn() (done bool, err error) {
	l.takeInbox()
	if !l.timers.empty() {
		l.timers.expire(l.now())
	}
	// A task that becomes ready while others run has its turn in the next round: events come in between.
	for range l.runQueue.count {
		l.runQueue.pop().run()
	}
	for i, s := range l.fired {
		l.fired[i] = nil
		s.sink.settle()
	}
	l.fired = l.fired[:0]
	if l.canceled != nil || l.drained {
		if l.living.Load() == 0 && l.blocking.count == 0 && !l.inbox.pending.Load() {
			return true, l.canceled
		}
	}
	n, err := l.wait()
	if err != nil {
		return false, fmt.Errorf("sched: %w", err)
	}
	l.lastWait = n
	l.dispatch(l.events[:n])
	return false, nil
}

// busyEventsMin is how many events the last wait must have brought for the next one to be tried without blocking. A
// blocking call tells Go's scheduler, whose monitor may take the processor away; but under a modest load most tries would find nothing.
const busyEventsMin = 2

func (l *Loop) wait() (int, error) {
	l.watchdog.enter(nil)
	if l.runQueue.count > 0 || l.inbox.pending.Load() {
		return l.queue.Wait(l.events[:], 0)
	}
	if l.lastWait >= busyEventsMin {
		if n, err := l.queue.Wait(l.events[:], 0); n > 0 || err != nil {
			return n, err
		}
	}
	timeout := time.Duration(-1)
	if !l.timers.empty() {
		timeout = l.timers.next(l.now())
	}
	// Announce, then look again, then sleep: whoever posts either is seen by the look or sees the announcement and wakes.
	l.inbox.sleeping.Store(true)
	if l.inbox.pending.Load() {
		timeout = 0
	}
	n, err := l.queue.Wait(l.events[:], timeout)
	l.inbox.sleeping.Store(false)
	return n, err
}

func (l *Loop) dispatch(events []queue.Event) {
	if len(events) == 0 {
		return
	}
	l.batch = l.slots.resolve(l.batch[:0], events)
	for i, s := range l.batch {
		if s != nil {
			s.sink.deliver(&events[i])
			l.batch[i] = nil
		}
	}
}

// now is the time since the loop was made; timers are kept in it.
func (l *Loop) now() time.Duration { return time.Since(l.epoch) }

// setTimer arms t. A deadline before the loop is as good as the loop's beginning, and cannot overflow when times are subtracted.
func (l *Loop) setTimer(t *timer, deadline time.Time) {
	l.timers.set(t, max(0, deadline.Sub(l.epoch)))
}

func (l *Loop) takeInbox() {
	if !l.inbox.pending.Load() {
		return
	}
	functions, notices := l.inbox.take()
	l.taken = functions
	for i, f := range functions {
		functions[i] = nil
		l.watchdog.enterPosted()
		l.protect(postedName, f)
	}
	l.taken = nil
	for i, n := range notices {
		n.attend()
		notices[i] = nil
	}
}

// What Options.Ended is told of functions that are no tasks.
const (
	postedName = "posted function"
	drainName  = "drain function"
)

// protect keeps a function's panic from ending the loop.
func (l *Loop) protect(name string, f func()) {
	if err := contain(f); err != nil {
		l.options.Ended(name, err)
	}
}

// contain returns the panic of f as an error.
func contain(f func()) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = newPanicError(v)
		}
	}()
	f()
	return nil
}

// admit counts a new task from outside in, or says why it cannot be.
func (l *Loop) admit() error {
	if l.inbox.closing.Load() {
		return ErrStopped
	}
	return l.admitChild()
}

// admitChild is admit for a task that another one starts, which may need it to end.
func (l *Loop) admitChild() error {
	if loopState(l.state.Load()) == loopOver {
		return ErrStopped
	}
	if l.living.Add(1) > int64(l.options.TasksMax) {
		l.living.Add(-1)
		return fmt.Errorf("%w: %d tasks", ErrFull, l.options.TasksMax)
	}
	return nil
}

// Post has f called on the loop, soon, in the order of the posts. What f posts is called in a later turn, after the events that have come. Any goroutine may
// call it; it does not block. ErrFull when InboxMax functions wait already, ErrStopped when the loop is over.
func (l *Loop) Post(f func()) error { return l.inbox.post(l, f) }
