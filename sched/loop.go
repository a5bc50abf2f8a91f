package sched

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/edgewise-go/edgewise/queue"
)

// Loop runs tasks over one queue: on one thread, or on several if a Shared has made it.
type Loop struct {
	queue   queue.Queue
	native  bool // queue has native edges: losing readiness need not be declared
	urgent  bool // queue reports urgent data with them
	options Options
	epoch   time.Time

	workers []*worker
	peers   []*worker // those of all loops of the scheduler
	crew    *crew     // nil if only one thread comes here

	// mu guards what follows, as far as the state of tasks and sources, if there is a crew; see
	// lock. Without one, the worker owns it.
	mu        sync.Mutex
	runQueue  runQueue
	timers    timers
	links     sync.Mutex // guards the links of tasks as well, for those who look at the names
	tasks     *Task      // the living coroutines, linked
	fired     []sink     // to be settled before the next wait
	batch     []sink     // who is told of the events of this turn
	events    [eventsPerWaitMax]queue.Event
	taken     []func() // posted functions of this turn
	posting   bool     // a worker calls them
	attending bool     // a worker looks at notices
	canceled  error
	lastWait  int // events of the last Wait
	shift     shift
	ending    *ending
	surplus   atomic.Bool // work that a worker of another loop may take, while those of this one are busy
	errand    atomic.Bool // the worker was woken to take such work of another loop

	drained atomic.Bool // drain has been told to the tasks; set with the lock

	drainAsked  atomic.Bool
	cancelCause atomic.Pointer[error]
	listed      bool // guarded by the inbox's lock

	living atomic.Int64 // tasks of both forms, those in the inbox included
	slots  slots
	slab   slab

	metrics *metrics // nil unless asked for
	profile *profile // nil unless asked for

	blocking blocking
	inbox    inbox

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
func New(q queue.Queue, options Options) *Loop { return newLoop(q, options, 1) }

func newLoop(q queue.Queue, options Options, workers int) *Loop {
	features := q.Features()
	l := &Loop{
		queue:   q,
		native:  features.NativeEdge,
		urgent:  features.Urgent,
		options: options.withDefaults(),
		epoch:   time.Now(),
		over:    make(chan struct{}),
	}
	l.inbox.max = l.options.MaxPosted
	l.blocking.room.size = l.options.MaxBlocking
	l.ending = newEnding(workers)
	for i := range workers {
		l.workers = append(l.workers, newWorker(l, i))
	}
	l.peers = l.workers
	if options.Metrics {
		l.measure()
	}
	return l
}

// Queue returns the queue of l.
func (l *Loop) Queue() queue.Queue { return l.queue }

// Len returns how many tasks l has. Any goroutine may call it.
func (l *Loop) Len() int { return int(l.living.Load()) }

// Run runs l on the calling goroutine, which it locks to its thread, until Shutdown or Drain was
// called and the last task has ended. When ctx is done it cancels every task, runs until they have
// ended, and returns the cause. It closes the queue. It can be called once.
//
// If the queue fails, Run ends the tasks as Shutdown ends those that it cancels, with one
// difference: one that goes on waiting in spite of the errors is ended by a panic in its wait.
// Handlers end with ErrStopped.
//
// The loop of a Shared has its other workers each on a goroutine of its own, which have ended when
// Run returns. The loops of a Stealing run together or not at all: Run of one returns
// errors.ErrUnsupported.
func (l *Loop) Run(ctx context.Context) error {
	if l.crew != nil && l.crew.stealing {
		return fmt.Errorf("sched: Run of one loop of a Stealing: %w", errors.ErrUnsupported)
	}
	if !l.claim() {
		return fmt.Errorf("sched: Run: %w", ErrStopped)
	}
	return l.runClaimed(ctx)
}

// claim reports whether the caller is the one who may, and must, call runClaimed.
func (l *Loop) claim() bool {
	return l.state.CompareAndSwap(uint32(loopFresh), uint32(loopRunning))
}

func (l *Loop) runClaimed(ctx context.Context) error {
	l.profiled(ctx)
	stop := context.AfterFunc(ctx, func() { l.cancelAll(context.Cause(ctx)) })
	defer stop()
	var others sync.WaitGroup
	for _, w := range l.workers[1:] {
		others.Go(w.work)
	}
	l.workers[0].work()
	others.Wait()
	return l.overErr
}

// lock is called by tasks, and by what others call on the loop, before they touch what the loop
// owns. Workers hold the lock but while they run code of others or wait. It changes nothing where
// there is one worker.
func (l *Loop) lock() {
	if l.crew != nil {
		l.mu.Lock()
	}
}

func (l *Loop) unlock() {
	if l.crew != nil {
		l.mu.Unlock()
	}
}

// turn does what there is to do, then has w wait for more: at most until the next timer, and not at
// all while there are tasks that can run.
func (l *Loop) turn(w *worker) {
	l.takeInbox(w)
	if !l.timers.empty() {
		now := l.now()
		l.metrics.begin(now)
		l.timers.expire(now)
		l.metrics.end()
	}
	l.round(w)
	switch {
	case l.goesHome():
	case l.shift.leader == nil:
		l.lead(w)
	case !l.hasWork(w) && !l.inbox.pending.Load():
		w.park()
	}
}

// round runs each task that is ready. One that becomes ready while others run has its turn in the
// next round: events come in between.
func (l *Loop) round(w *worker) {
	w.takeArrivals()
	w.roundBegins()
	for range w.runQueue.count {
		l.offer()
		if r := w.take(&w.runQueue); r.owner() == l {
			r.run(l, w)
		} else {
			w.visit(r.owner(), r.run)
		}
		w.turnEnds()
	}
	for n := l.runQueue.count; n > 0 && l.runQueue.count > 0; n-- {
		r := w.take(&l.runQueue)
		l.offer()
		r.run(l, w)
		w.turnEnds()
	}
	l.hasSurplus(false)
}

func (l *Loop) hasWork(w *worker) bool {
	return w.runQueue.count > 0 || l.runQueue.count > 0 || w.arrivals.any.Load()
}

// finished reports whether there is nothing left that the loop has to wait for.
func (l *Loop) finished() bool {
	return (l.canceled != nil || l.drained.Load()) && l.living.Load() == 0 && l.blocking.count == 0 &&
		!l.posting && !l.attending && !l.inbox.pending.Load()
}

// lead waits for events and makes ready whom they wake.
func (l *Loop) lead(w *worker) {
	for i, k := range l.fired {
		l.fired[i] = nil
		k.settle(l)
	}
	l.fired = l.fired[:0]
	stolen := w.steal()
	l.shift.leader = w
	n, err := l.wait(w, stolen)
	l.shift.leader = nil
	if err != nil {
		l.stop(fmt.Errorf("sched: %w", err))
		return
	}
	l.lastWait = n
	l.dispatch(l.events[:n])
}

// busyEventsMin is how many events the last wait must have brought for the next one to be tried
// without blocking. A blocking call tells Go's scheduler, whose monitor may take the processor
// away; but under a modest load most tries would find nothing.
const busyEventsMin = 2

func (l *Loop) wait(w *worker, busy bool) (int, error) {
	w.watchdog.enter(nil)
	if busy || l.hasWork(w) || l.inbox.pending.Load() {
		return l.query(0)
	}
	if l.lastWait >= busyEventsMin {
		if n, err := l.query(0); n > 0 || err != nil || l.hasWork(w) || l.shift.over {
			return n, err
		}
	}
	timeout := time.Duration(-1)
	l.shift.until = math.MaxInt64
	if !l.timers.empty() {
		now := l.now()
		timeout = l.timers.next(now)
		l.shift.until = now + timeout
	}
	// Announce, then look again, then sleep: whoever posts either is seen by the look or sees the
	// announcement and wakes.
	l.inbox.sleeping.Store(true)
	if l.inbox.pending.Load() || l.crew.surplus(l) {
		timeout = 0
	}
	n, err := l.query(timeout)
	l.inbox.sleeping.Store(false)
	return n, err
}

// query waits in the queue, without the lock.
func (l *Loop) query(timeout time.Duration) (int, error) {
	l.metrics.countWait()
	l.unlock()
	defer l.lock()
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

// resolve puts into batch who is told of each event, nil for a stale one and for that of a handle
// which others registered.
func (l *Loop) resolve(events []queue.Event) {
	l.batch = l.batch[:0]
	l.slots.mu.Lock()
	defer l.slots.mu.Unlock()
	for i := range events {
		var k sink
		if t := events[i].Token; t&tokenHandler == 0 {
			k = l.slots.lookup(t)
		} else if s := l.slab.lookup(t); s != nil {
			k = s
		}
		l.batch = append(l.batch, k)
	}
}

// now is the time since the loop was made; timers are kept in it.
func (l *Loop) now() time.Duration { return time.Since(l.epoch) }

// setDeadline arms t. A deadline before the loop is as good as the loop's beginning, and cannot
// overflow when times are subtracted.
func (l *Loop) setDeadline(t *timer, deadline time.Time) {
	l.setTimer(t, max(0, deadline.Sub(l.epoch)))
}

// setTimer arms t. Whoever waits for the first timer is told if t comes before it.
func (l *Loop) setTimer(t *timer, when time.Duration) {
	l.timers.set(t, when)
	if l.crew != nil && when < l.shift.until {
		l.inbox.wakeSleeper(l)
	}
}

// takeInbox does what others have asked for. Functions are called by one worker at a time, or they
// would overtake each other; the notices come first, so that what they wake does not wait for the
// functions.
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
			l.offer()
			w.watchdog.enterPosted()
			l.metrics.countPosted()
			l.protect(postedName, f)
		}
		l.posting, l.taken = false, nil
	}
	if l.crew != nil && len(notices)+len(functions) > 0 {
		l.inbox.lookAgain(l) // for what another worker has left to this one
	}
}

// What Options.Ended is told of functions that are no tasks.
const (
	postedName = "posted function"
	drainName  = "drain function"
)

// protect calls a function of others, and keeps its panic from ending the loop.
func (l *Loop) protect(name string, f func()) {
	l.unlock()
	defer l.lock()
	if err := contain(f); err != nil {
		l.options.Ended(name, err)
	}
}

// tell calls Options.Ended.
func (l *Loop) tell(name string, err error) {
	l.offer()
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

// admit counts a new handler in, or says why it cannot be. Handle, which may still fail, hides the
// count until then: it keeps the lock.
func (l *Loop) admit() error {
	if l.inbox.closing.Load() {
		return ErrStopped
	}
	return l.admitChild()
}

// admitChild counts a new task in even while the loop drains: another one starts it, which may need
// it to end.
func (l *Loop) admitChild() error {
	if loopState(l.state.Load()) == loopOver {
		return ErrStopped
	}
	// A refusal never touches the count. A loop that drains could look at it in that moment, and
	// would sleep, although its last task has ended.
	for n := l.living.Load(); n < int64(l.options.MaxTasks); n = l.living.Load() {
		if l.living.CompareAndSwap(n, n+1) {
			return nil
		}
	}
	return fmt.Errorf("%w: %d tasks", ErrFull, l.options.MaxTasks)
}

// dismiss counts a task out. The last may have ended on a thread of another loop.
func (l *Loop) dismiss() {
	l.metrics.countEnded()
	if l.living.Add(-1) == 0 && l.crew != nil {
		l.inbox.rouse(l)
	}
}

// Post has f called on the loop, soon, in the order of the posts. One is called at a time. What f
// posts is called in a later turn, after the events that have come. Any goroutine may call it; it
// does not block. ErrFull when MaxPosted functions wait already, ErrStopped when the loop is over.
func (l *Loop) Post(f func()) error { return l.inbox.post(l, f) }
