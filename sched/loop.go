package sched

import (
	"context"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/transfer"
)

// Loop runs tasks over one queue, on one thread, or on several if it belongs to a Shared.
type Loop struct {
	queue   queue.Queue
	native  bool // queue has native edges: the loop need not declare lost readiness
	urgent  bool // queue reports urgent data with edges
	options Options
	epoch   time.Time

	driver   driver
	peers    []*worker // of all loops of the scheduler
	poller   *Poller   // suspends goroutines; nil unless Options has one
	floating bool      // the worker is not locked to its thread

	// The driver's lock guards the fields of this group and the state of tasks and sources.
	runQueue   runQueue
	timers     timers
	links      sync.Mutex // guards tasks and the links between tasks, for readers of their names
	tasks      *Task      // the live coroutines, linked
	fired      []sink     // to settle before the next wait
	batch      []sink     // receivers of the events of this turn
	events     [eventsPerWaitMax]queue.Event
	taken      []func() // posted functions of this turn
	posting    bool     // a worker calls them
	attending  bool     // a worker looks at notices
	telling    int      // handlers whose End runs
	canceled   error
	lastWait   int           // events of the last Wait
	waitsUntil time.Duration // end of the current or last wait, in the time of timers
	stopping   bool          // the workers end
	stopErr    error         // set with stopping

	drained atomic.Bool // the tasks have been notified of the drain; set with the lock held

	drainAsked  atomic.Bool
	cancelCause atomic.Pointer[error]
	listed      bool // guarded by the inbox's lock

	living atomic.Int64 // tasks of both forms, including those in the inbox
	slots  slots
	slab   slab

	transfers *transfer.Transfers // nil unless Options asks for completions
	openErr   error               // why there are none, for Run

	metrics *metrics // nil unless Options asks for it
	profile *profile // nil unless Options asks for it

	blocking blocking
	inbox    inbox

	state   atomic.Uint32 // of loopState
	over    chan struct{} // closed when Run has ended
	overErr error         // set before over is closed
}

type loopState uint32

// A loop is fresh until Run, then running, then over. Shutdown moves a fresh loop to over. Only Run
// makes the other changes.
const (
	loopFresh loopState = iota
	loopRunning
	loopOver
)

// New returns a loop over q, which it owns: Run closes q when it ends. Nothing runs before Run.
func New(q queue.Queue, options Options) *Loop {
	return newSingle(newLoop(q, options)).introduced()
}

// introduced makes the poller of l recognise the tasks of its workers. It returns l.
func (l *Loop) introduced() *Loop {
	if l.poller != nil {
		l.poller.admit(l.driver.workers())
	}
	return l
}

// newLoop returns a loop without a driver.
func newLoop(q queue.Queue, options Options) *Loop {
	features := q.Features()
	l := &Loop{
		queue:   q,
		native:  features.NativeEdge,
		urgent:  features.Urgent,
		options: options.withDefaults(),
		epoch:   time.Now(),
		over:    make(chan struct{}),
	}
	l.poller = l.options.Poller
	l.inbox.max = l.options.MaxPosted
	l.blocking.room.size = l.options.MaxBlocking
	if options.Metrics {
		l.measure()
	}
	if options.Completions {
		l.openErr = l.openTransfers(transfer.Options{})
	}
	return l
}

// Queue returns the queue of l.
func (l *Loop) Queue() queue.Queue { return l.queue }

// Len returns the number of tasks of l. Any goroutine may call it.
func (l *Loop) Len() int { return int(l.living.Load()) }

// Run runs l on the calling goroutine, which it locks to its thread. It returns once Shutdown or
// Drain was called and the last task has ended. When ctx is done, Run cancels every task, runs
// until they have ended, and returns the cause. It closes the queue. It can be called once.
//
// If the queue fails, Run ends the tasks as Shutdown ends those that it cancels, with one
// exception. A task that continues to wait in spite of the errors ends by a panic in its wait.
// Handlers end with ErrStopped.
//
// The loop of a Shared runs each of its other workers on its own goroutine. Those goroutines have
// ended when Run returns. The loops of a Stealing run only together: Run of one returns
// errors.ErrUnsupported.
func (l *Loop) Run(ctx context.Context) error {
	if err := l.driver.runsAlone(); err != nil {
		return err
	}
	if !l.claim() {
		return fmt.Errorf("sched: Run: %w", ErrStopped)
	}
	return l.runClaimed(ctx)
}

// claim reports whether the caller may, and then must, call runClaimed.
func (l *Loop) claim() bool {
	return l.state.CompareAndSwap(uint32(loopFresh), uint32(loopRunning))
}

func (l *Loop) runClaimed(ctx context.Context) error {
	l.profiled(ctx)
	stop := context.AfterFunc(ctx, func() { l.cancelAll(context.Cause(ctx)) })
	defer stop()
	runWorkers(l.driver.workers())
	return l.overErr
}

// lock is called by tasks, and by methods that other code calls on the loop, before they touch
// state that the loop owns. Workers hold the lock except while they run foreign code or wait. It
// does nothing if there is one worker.
func (l *Loop) lock()   { l.driver.lock() }
func (l *Loop) unlock() { l.driver.unlock() }

// takeDue does what other threads have asked for and fires the timers that are due.
func (l *Loop) takeDue(w *worker) {
	l.takeInbox(w)
	if !l.timers.empty() {
		now := l.now()
		l.metrics.begin(now)
		l.timers.expire(now)
		l.metrics.end()
	}
}

// runReady runs the tasks that are ready now on w.
func (l *Loop) runReady(w *worker) {
	for n := l.runQueue.count; n > 0 && l.runQueue.count > 0; n-- {
		r := w.take(&l.runQueue)
		l.driver.offer()
		r.run(l, w)
		w.turnEnds()
	}
}

// finished reports whether the loop has nothing left to wait for.
func (l *Loop) finished() bool {
	return (l.canceled != nil || l.drained.Load()) && l.living.Load() == 0 && l.blocking.count == 0 &&
		!l.posting && !l.attending && l.telling == 0 && !l.inbox.pending.Load() && (l.transfers == nil || !l.transfers.Lingering())
}

// settleFired adapts the interest in sources that have fired to what tasks wait for, before the
// next wait.
func (l *Loop) settleFired() {
	for i, k := range l.fired {
		l.fired[i] = nil
		k.settle(l)
	}
	l.fired = l.fired[:0]
}

// deliver makes the tasks ready that the result of a wait wakes.
func (l *Loop) deliver(n int, err error) {
	if err != nil {
		l.stop(fmt.Errorf("sched: %w", err))
		return
	}
	l.lastWait = n
	l.dispatch(l.events[:n])
}

// busyEventsMin is the number of events in the last wait from which the next wait is first tried
// without blocking. A blocking call notifies Go's scheduler, whose monitor may take the processor
// away. Under a modest load, however, most tries would find nothing.
const busyEventsMin = 2

// wait waits for events. It returns at once if w is busy.
func (l *Loop) wait(w *worker, busy bool) (int, error) {
	w.watchdog.enter(nil)
	if busy || l.driver.hasWork(w) || l.inbox.pending.Load() {
		return l.query(0)
	}
	if l.lastWait >= busyEventsMin && !l.floating {
		if n, err := l.query(0); n > 0 || err != nil || l.driver.hasWork(w) || l.stopping {
			return n, err
		}
	}
	timeout := time.Duration(-1)
	l.waitsUntil = math.MaxInt64
	if !l.timers.empty() {
		now := l.now()
		timeout = l.timers.next(now)
		l.waitsUntil = now + timeout
	}
	// Announce, then look again, then sleep. A concurrent post is either seen by the look, or it
	// sees the announcement and wakes the loop.
	l.inbox.sleeping.Store(true)
	if l.inbox.pending.Load() || l.driver.canSteal() {
		timeout = 0
	}
	n, err := l.query(timeout)
	l.inbox.sleeping.Store(false)
	return n, err
}

// query waits in the queue with the lock released.
func (l *Loop) query(timeout time.Duration) (int, error) {
	l.metrics.countWait()
	l.unlock()
	defer l.lock()
	if l.transfers != nil {
		l.transfers.Flush()
	}
	return l.queue.Wait(l.events[:], timeout)
}

func (l *Loop) dispatch(events []queue.Event) {
	if len(events) == 0 {
		return
	}
	if m := l.metrics; m != nil {
		m.events.Add(uint64(len(events)))
		m.begin(l.now())
	}
	l.resolve(events)
	for i, k := range l.batch {
		if k != nil {
			k.deliver(l, &events[i])
			l.batch[i] = nil
		}
	}
	l.metrics.end()
}

// resolve fills batch with the receiver of each event. It is nil for a stale event and for the
// event of a handle that foreign code registered.
func (l *Loop) resolve(events []queue.Event) {
	l.batch = l.batch[:0]
	if l.transfers != nil {
		l.transfers.Complete(events)
	}
	l.slots.mu.Lock()
	defer l.slots.mu.Unlock()
	for i := range events {
		var k sink
		switch t := events[i].Token; {
		case events[i].Completion != 0: // it has made nothing ready, or foreign code has submitted it
		case t&tokenHandler == 0:
			k = l.slots.lookup(t)
		default:
			if s := l.slab.lookup(t); s != nil {
				k = s
			}
		}
		l.batch = append(l.batch, k)
	}
}

// now returns the time since the loop was created. Timers use this time.
func (l *Loop) now() time.Duration { return time.Since(l.epoch) }

// setDeadline arms t. A deadline before the loop's epoch counts as the epoch, so that subtracting
// times cannot overflow.
func (l *Loop) setDeadline(t *timer, deadline time.Time) {
	l.setTimer(t, max(0, deadline.Sub(l.epoch)))
}

// setTimer arms t. If another thread waits for events until a later time, its wait ends.
func (l *Loop) setTimer(t *timer, when time.Duration) {
	l.timers.set(t, when)
	l.driver.timerSet(when)
}

// takeInbox does what other threads have asked for. One worker at a time calls functions, because
// otherwise they would overtake each other. Notices come first, so that the tasks they wake do not
// wait for the functions.
func (l *Loop) takeInbox(w *worker) {
	if !l.inbox.pending.Load() {
		return
	}
	functions, notices := l.inbox.take(!l.posting, !l.attending)
	if len(notices) > 0 {
		l.attending = true
		for i, n := range notices {
			notices[i] = nil
			n.attend(l)
		}
		l.attending = false
	}
	if len(functions) > 0 {
		l.posting, l.taken = true, functions
		for i, f := range functions {
			functions[i] = nil
			l.driver.offer()
			w.watchdog.enterPosted()
			l.metrics.countPosted()
			l.protect(postedName, f)
		}
		l.posting, l.taken = false, nil
	}
	if len(notices)+len(functions) > 0 {
		l.driver.inboxTaken()
	}
}

// Names that Options.Ended gets for functions that are not tasks.
const (
	postedName = "posted function"
	drainName  = "drain function"
)

// protect calls a foreign function and keeps its panic from ending the loop.
func (l *Loop) protect(name string, f func()) {
	l.unlock()
	defer l.lock()
	if err := contain(f); err != nil {
		l.options.Ended(name, err)
	}
}

// tell calls Options.Ended.
func (l *Loop) tell(name string, err error) {
	l.driver.offer()
	l.unlock()
	defer l.lock()
	l.options.Ended(name, err)
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

// admit counts a new handler in, or returns why it is refused. StartHandler, which may still fail,
// keeps the lock and so hides the count until then.
func (l *Loop) admit() error {
	if l.inbox.closing.Load() {
		return ErrStopped
	}
	return l.admitChild()
}

// admitChild counts a new task in even while the loop drains. Another task starts it and may need
// it in order to end.
func (l *Loop) admitChild() error {
	if loopState(l.state.Load()) == loopOver {
		return ErrStopped
	}
	// A refusal never touches the count. A draining loop could look at it in that moment, and would
	// then sleep although its last task has ended.
	for n := l.living.Load(); n < int64(l.options.MaxTasks); n = l.living.Load() {
		if l.living.CompareAndSwap(n, n+1) {
			return nil
		}
	}
	return fmt.Errorf("%w: %d tasks", ErrFull, l.options.MaxTasks)
}

// dismiss counts a task out. The last task may have ended on a thread of another loop.
func (l *Loop) dismiss() {
	l.metrics.countEnded()
	if l.living.Add(-1) == 0 {
		l.driver.lastEnded()
	}
}

// Post calls f on the loop soon, in the order of the posts and one function at a time. A function
// that f posts is called in a later turn, after the events that have come. Any goroutine may call
// Post, and it does not block. It returns ErrFull if MaxPosted functions wait already, and
// ErrStopped once the loop is over.
func (l *Loop) Post(f func()) error { return l.inbox.post(l, f) }
