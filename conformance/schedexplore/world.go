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

// Seams are where a loop meets what is around it. Each may be nil; a mutant replaces one.
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
	actsMax    = 60    // by others
	waitsMax   = 5_000 // of the loop, which is over by then
)

// world is one interleaving: loops, those who wait on them, and what others do. All of it runs by
// turns: on the goroutine of the loop, or, while that waits for it, on the one of an actor. With a
// crew it runs on the one that conducts, while all others rest, or on the worker that was let go.
type world struct {
	source *rand.Rand
	mu     sync.Mutex // guards nothing: see sleep
	seams  Seams
	mode   queue.Mode
	native bool
	places []*place
	crew   *crew // nil if there is one worker, on whose turn the others act

	actors   []actor
	conns    []*conn
	acts     atomic.Int64 // left
	acting   bool
	postings int
	lent     lent
	visitors int
	detained []chan struct{} // who stops in a call of the queue, and is no loop
	tasksMax int             // zero for none
	inboxMax int             // zero for none
	draining bool
	closing  bool
	cancel   context.CancelCauseFunc
	canceled bool

	trace func(format string, args ...any)

	told     sync.Mutex     // guards what follows
	names    map[string]int // tasks that have not ended
	failures []string
}

// actor is somebody who waits.
type actor interface {
	// lost says what should have woken the actor, if it waits nevertheless.
	lost(w *world) string
	// until is when time is to wake a task of the loop, zero for never.
	until() time.Time
	// over reports whether the actor has ended.
	over() bool
	// where returns the place, and the thread that alone can run the actor, zero if any can.
	where() (*place, uint64)
	String() string
}

var errExplored = errors.New("schedexplore: the interleaving is broken off")

func (w *world) random(n int) int                   { return w.source.IntN(n) }
func (w *world) oneIn(n int) bool                   { return w.source.IntN(n) == 0 }
func (w *world) shuffle(n int, swap func(i, j int)) { w.source.Shuffle(n, swap) }

// busy reports whether others still act.
func (w *world) busy() bool { return w.acts.Load() > 0 && !w.closing }

func (w *world) fail(format string, args ...any) {
	if w.crew != nil && w.crew.off {
		return // what is broken off breaks rules
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

// count notes that n more tasks of the name live.
func (w *world) count(name string, n int) {
	w.told.Lock()
	defer w.told.Unlock()
	w.names[name] += n
}

// begin makes up what an interleaving begins with, but for its places.
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

// ran looks at what Run has returned.
func (w *world) ran(err error) {
	if err != nil && !errors.Is(err, errExplored) && !errors.Is(err, errCanceled) {
		w.fail("Run: %v", err)
	}
}

// finish checks that nothing is left, and lets go of what the actors hold.
func (w *world) finish() {
	w.audit()
	// Not before: the loop would hear of it at any time.
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
		return // what was broken off leaves things
	}
	for _, a := range w.actors {
		if !a.over() {
			w.fail("%v has not ended", a)
		}
	}
	for name, n := range w.names {
		if n != 0 {
			w.fail("Ended was told %d times of %q, want once", 1-n, name)
		}
	}
	for _, a := range w.actors {
		// What goroutines have registered ends with the queue.
		if s, ok := a.(*side); ok && s.gate != nil {
			delete(s.conn.at.queue.regs, s.conn.file.handle)
		}
	}
	for _, p := range w.places {
		if len(p.posts) > 0 {
			w.fail("%d posted functions have not run", len(p.posts))
		}
		for h := range p.queue.regs {
			w.fail("handle %v is left registered", h)
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

// beforeWait is called when the loop has done what it had to do.
func (w *world) beforeWait(p *place) error {
	if p.waits++; p.waits > waitsMax {
		w.fail("the loop has waited %d times and does not end", waitsMax)
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

// looked is called when the queue has taken what it is going to return.
func (w *world) looked(p *place) {
	if w.crew != nil {
		w.crew.pause(p)
		return
	}
	for w.oneIn(2) && w.busy() {
		w.act()
	}
}

// blocked is called when the loop blocks, for left or, if that is negative, for ever: it returns
// when something may have happened.
func (w *world) blocked(p *place, left time.Duration) error {
	if w.crew != nil {
		return w.crew.block(p, left)
	}
	w.settle()
	if w.closing {
		w.openGates()
	}
	// What the goroutines did may have ended the wait.
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
		w.fail("the loop blocks for ever: %s", w.living())
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

// due reports whether a wait would end by itself.
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

// check is the heart: the loop blocks, so that nobody may wait whom something was to wake.
func (w *world) check(p *place, left time.Duration) {
	for _, a := range w.actors {
		if a.over() {
			continue
		}
		if why := a.lost(w); why != "" {
			w.fail("%v waits and the loop blocks, although %s", a, why)
		}
		if until := a.until(); !until.IsZero() && (left < 0 || time.Now().Add(left).After(until)) {
			w.fail("%v waits for %v more, and the loop for %v", a, time.Until(until), left)
		}
	}
	if len(p.posts) > 0 {
		w.fail("the loop blocks, and %d posted functions wait", len(p.posts))
	}
}

// settle lets all goroutines arrive where they wait.
func (w *world) settle() { synctest.Wait() }

// sleep lets time pass. Deadlines of goroutines may come meanwhile, which synctest orders after
// what was done before, but does not tell the race detector. Nor does it say who goes first when
// two timers come at once: the goroutine does.
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

// openGates lets goroutines go on until none can.
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

// point is where code of a task, a step or a posted function is interrupted: others act, or, if
// there are several workers, the one that calls stops until it is let go.
func (w *world) point(who fmt.Stringer) {
	if w.crew != nil {
		w.crew.visit(who.String())
		return
	}
	w.maybeAct()
}

// enter is where code of who begins, or goes on after a wait. With several workers others may run
// at this moment, until it has stopped.
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
