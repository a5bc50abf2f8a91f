package schedexplore

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing/synctest"
	"time"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sched"
	"github.com/edgewise-go/edgewise/sys"
)

// Seams are the interfaces between a loop and its environment. Each may be nil. A mutant replaces
// one.
type Seams struct {
	Queue      func(q queue.Queue) queue.Queue
	Tasks      func(l *sched.Loop, h sys.Handle) (sched.Source, error)
	Goroutines func(l *sched.Loop, h sys.Handle) (sched.Source, error)
	Handler    func(h sched.Handler) sched.Handler
	Wake       func(t sched.HandlerTask)
	Sleep      func(t *sched.Task, d time.Duration) error
	Suspend    func(t *sched.Task, start func(resume func())) error
	Post       func(l *sched.Loop, f func()) error
	Start      func(l *sched.Loop, ctx context.Context, name string, body func(*sched.Task) error) error
}

// Bounds of an interleaving.
const (
	actorsMax  = 5
	handlesMax = 16
	actsMax    = 60    // of the environment
	waitsMax   = 5_000 // of the loop; the bound is far above what any correct interleaving needs
)

// world is one interleaving: the loops, the actors that wait on them, and the environment. Only one
// goroutine at a time runs it: the goroutine of the loop or, while the loop waits, the goroutine of
// an actor. With a crew it is the conductor while all others are blocked, or else the released
// worker.
type world struct {
	source *rand.Rand
	mu     sync.Mutex // guards nothing: see sleep
	seams  Seams
	mode   queue.Mode
	native bool
	places []*place
	crew   *crew // nil if there is one worker, on whose goroutine the environment acts

	actors   []actor
	conns    []*conn
	acts     atomic.Int64 // left
	acting   bool
	postings int
	lent     lent
	visitors int
	detained []chan struct{} // the gates of goroutines that are stopped in a call of the queue and are not loops
	tasksMax int             // zero for none
	inboxMax int             // zero for none
	draining bool
	closing  bool
	cancel   context.CancelCauseFunc
	canceled bool

	trace func(format string, args ...any)

	told     sync.Mutex     // guards the fields below
	names    map[string]int // how many tasks of each name have not ended
	failures []string
}

// actor is a task or a goroutine that waits.
type actor interface {
	// lost returns what should have woken the actor if it is waiting, or "".
	lost(w *world) string
	// until returns when time must wake a task of the loop, or zero for never.
	until() time.Time
	// over reports whether the actor has ended.
	over() bool
	// where returns the place and the only thread that can run the actor, or zero if any thread
	// can.
	where() (*place, uint64)
	String() string
}

var errExplored = errors.New("schedexplore: the interleaving was aborted")

func (w *world) random(n int) int                   { return w.source.IntN(n) }
func (w *world) oneIn(n int) bool                   { return w.source.IntN(n) == 0 }
func (w *world) shuffle(n int, swap func(i, j int)) { w.source.Shuffle(n, swap) }

// busy reports whether the environment still acts.
func (w *world) busy() bool { return w.acts.Load() > 0 && !w.closing }

func (w *world) fail(format string, args ...any) {
	if w.crew != nil && w.crew.off {
		return // an aborted interleaving breaks rules
	}
	w.trace("VIOLATION: "+format, args...)
	w.told.Lock()
	defer w.told.Unlock()
	w.failures = append(w.failures, fmt.Sprintf(format, args...))
}

// broken reports whether a rule was broken.
func (w *world) broken() bool {
	w.told.Lock()
	defer w.told.Unlock()
	return len(w.failures) > 0
}

// count adds n to the number of live tasks of that name.
func (w *world) count(name string, n int) {
	w.told.Lock()
	defer w.told.Unlock()
	w.names[name] += n
}

// begin chooses the initial state of an interleaving, except for its places.
func (w *world) begin() {
	w.mode = queue.Mode(w.random(3))
	w.native = w.oneIn(2)
	w.names = map[string]int{}
	w.acts.Store(int64(actsMax/4 + w.random(actsMax)))
	switch w.random(6) {
	case 0:
		w.tasksMax = 1 + w.random(boundMax)
	case 1:
		w.inboxMax = 1 + w.random(boundMax)
	}
	w.trace("mode %v, native edges %v, %d acts, bounds %d and %d", w.mode, w.native, w.acts.Load(), w.tasksMax, w.inboxMax)
}

// run explores the interleaving of one seed. It must be called in a bubble.
func (w *world) run() {
	w.begin()
	p := &place{}
	w.places = []*place{p}
	p.loop = sched.New(w.newQueue(p), w.options())
	w.populate()
	ctx, cancel := context.WithCancelCause(context.Background())
	w.cancel = cancel
	defer cancel(nil)
	w.ran(p.loop.Run(ctx))
	w.closing = true
	w.openGates()
	w.finish()
}

// ran checks what Run has returned.
func (w *world) ran(err error) {
	if err != nil && !errors.Is(err, errExplored) && !errors.Is(err, errCanceled) {
		w.fail("Run: %v", err)
	}
}

// finish checks that nothing is left and releases what the actors hold.
func (w *world) finish() {
	w.audit()
	// Not earlier: a cancellation could still reach the loop.
	for _, a := range w.actors {
		if c, ok := a.(canceler); ok {
			c.cancelIt()
		}
	}
}

// audit checks that nothing is left.
func (w *world) audit() {
	for _, p := range w.places {
		if n := p.loop.Len(); n != 0 {
			w.fail("%d tasks are left", n)
		}
	}
	if w.broken() {
		return // an aborted interleaving leaves tasks and registrations
	}
	for _, a := range w.actors {
		if !a.over() {
			w.fail("%v has not ended", a)
		}
	}
	for name, n := range w.names {
		if n != 0 {
			w.fail("Ended was called %d times for %q, want once", 1-n, name)
		}
	}
	for _, a := range w.actors {
		// Registrations of goroutines end with the queue.
		if s, ok := a.(*side); ok && s.gate != nil {
			delete(s.conn.at.queue.regs, s.conn.file.handle)
		}
	}
	for _, p := range w.places {
		if len(p.posts) > 0 {
			w.fail("%d posted functions did not run", len(p.posts))
		}
		for h := range p.queue.regs {
			w.fail("handle %v is still registered", h)
		}
	}
}

func (w *world) ended(name string, err error) {
	w.trace("%s ended: %v", name, err)
	var p *sched.PanicError
	if errors.As(err, &p) && !errors.Is(err, sched.ErrStopped) && !w.broken() {
		w.fail("%s: %v", name, p)
	}
	w.crew.visit("the end of " + name)
	w.count(name, -1)
}

// beforeWait runs after the loop has done all pending work.
func (w *world) beforeWait(p *place) error {
	if p.waits++; p.waits > waitsMax {
		w.fail("the loop waited %d times and did not end", waitsMax)
	}
	if w.broken() {
		return errExplored
	}
	p.looking.Store(true)
	defer p.looking.Store(false)
	if w.crew != nil {
		return w.crew.look(p)
	}
	w.settle()
	for range w.random(3) {
		w.maybeAct()
	}
	if w.closing {
		w.openGates()
	}
	return nil
}

// looked runs after the queue has taken the events that it will return.
func (w *world) looked(p *place) {
	if w.crew != nil {
		w.crew.pause(p)
		return
	}
	for w.oneIn(2) && w.busy() {
		w.act()
	}
}

// blocked runs when the loop blocks for left, or indefinitely if left is negative. It returns when
// something may have happened.
func (w *world) blocked(p *place, left time.Duration) error {
	if w.crew != nil {
		return w.crew.block(p, left)
	}
	w.settle()
	if w.closing {
		w.openGates()
	}
	// The goroutines may have ended the wait.
	if p.queue.due() {
		return nil
	}
	w.check(p, left)
	switch {
	case w.broken():
		return errExplored
	case w.busy() && (left < 0 || !w.oneIn(5)):
		w.act()
	case !w.busy() && !w.closing:
		w.close()
	case left >= 0:
		w.trace("the loop sleeps for %v", left)
		w.sleep(left)
	default:
		w.fail("the loop blocks indefinitely: %s", w.living())
		return errExplored
	}
	return nil
}

func (w *world) living() string {
	s := ""
	for _, a := range w.actors {
		if !a.over() {
			s += fmt.Sprintf("%v; ", a)
		}
	}
	return s
}

// due reports whether a wait would return at once.
func (q *virtualQueue) due() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.woken {
		return true
	}
	for _, r := range q.regs {
		if r.due() != queue.None {
			return true
		}
	}
	return false
}

// check is the central check: when the loop blocks, every actor that was due to be woken must be
// awake.
func (w *world) check(p *place, left time.Duration) {
	for _, a := range w.actors {
		if a.over() {
			continue
		}
		if why := a.lost(w); why != "" {
			w.fail("%v waits and the loop blocks although %s", a, why)
		}
		if until := a.until(); !until.IsZero() && (left < 0 || time.Now().Add(left).After(until)) {
			w.fail("%v waits for another %v, but the loop waits for %v", a, time.Until(until), left)
		}
	}
	if len(p.posts) > 0 {
		w.fail("the loop blocks while %d posted functions wait", len(p.posts))
	}
}

// settle returns after every goroutine has reached the place where it waits.
func (w *world) settle() { synctest.Wait() }

// sleep advances the clock. Deadlines of goroutines may expire meanwhile. synctest orders them
// after everything done before, but the race detector does not know that order. synctest also
// leaves open which of two simultaneous timers fires first: here the goroutine's does.
func (w *world) sleep(d time.Duration) {
	end := time.Now().Add(d)
	for _, a := range w.actors {
		if s, ok := a.(*side); ok && s.gate != nil && s.waiting && s.deadline.Equal(end) {
			d++
			break
		}
	}
	w.fence()
	time.Sleep(d)
	w.settle()
}

func (w *world) fence() {
	w.mu.Lock()
	defer w.mu.Unlock()
}

// openGates releases goroutines until none is at a gate.
func (w *world) openGates() {
	for {
		w.settle()
		opened := false
		for _, a := range w.actors {
			if s, ok := a.(*side); ok && s.atGate {
				s.open()
				w.settle()
				opened = true
			}
		}
		if !w.release() && !opened {
			return
		}
	}
}

func (w *world) withinCall(call string) {
	if w.acting || !w.busy() || !w.oneIn(8) {
		return
	}
	w.acts.Add(-1)
	w.trace("in %s:", call)
	if w.oneIn(3) {
		w.post()
	} else {
		w.arrive()
	}
}

// point is a place in the code of a task, a step or a posted function where the environment may
// act. With several workers, the calling worker stops there until it is released.
func (w *world) point(who fmt.Stringer) {
	if w.crew != nil {
		w.crew.visit(who.String())
		return
	}
	w.maybeAct()
}

// enter marks where the code of who begins or continues after a wait. With several workers, others
// may run at this moment until the worker has stopped.
func (w *world) enter(who fmt.Stringer) {
	if w.crew != nil {
		w.crew.visit(who.String())
	}
}

func (w *world) maybeAct() {
	if w.oneIn(3) {
		w.act()
	}
}
