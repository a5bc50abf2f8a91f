package schedexplore

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sched"
	"github.com/edgewise-go/edgewise/sys"
)

// Crew describes the workers of an interleaving: two or more, each a thread.
type Crew struct {
	Workers  int
	Stealing bool // each worker has its own loop and takes tasks that another cannot run at once; otherwise all share one loop
}

// String returns the name of the scheduler and its number of workers.
func (c Crew) String() string {
	if c.Stealing {
		return fmt.Sprintf("stealing %d", c.Workers)
	}
	return fmt.Sprintf("shared %d", c.Workers)
}

// stepsMax bounds the steps of an interleaving of a crew, which must be over by then.
const stepsMax = 20_000

// crew stops its workers wherever they run user code and wherever they are in the queue's Wait. It
// releases one of them at a time. At these places a worker does not hold the lock of its loop. So
// only the released worker and the workers that it wakes run, one after the other as they get the
// lock.
type crew struct {
	w         *world
	form      Crew
	scheduler sched.Scheduler
	over      bool // Run has returned
	off       bool // the interleaving is aborted, and all Waits fail
	outsider  bool // a thread that is not a worker runs, and no worker does

	mu    sync.Mutex // guards the fields below
	stops []*stop
}

// stop is a place where a worker has stopped.
type stop struct {
	who     string
	thread  uint64
	place   *place    // in Wait or Wake of its queue; nil in user code
	blocked bool      // the Wait had nothing to return
	until   time.Time // when the Wait times out; zero for never
	gate    chan struct{}
}

// newCrew returns a crew whose scheduler is not running yet. The error is errors.ErrUnsupported if
// the system does not distinguish threads.
func newCrew(w *world, form Crew) (*crew, error) {
	if _, err := sys.ThreadID(); err != nil {
		return nil, err
	}
	c := &crew{w: w, form: form}
	w.crew = c
	options := w.options()
	open := func() (queue.Queue, error) {
		p := &place{}
		w.places = append(w.places, p)
		return w.newQueue(p), nil
	}
	var err error
	if form.Stealing {
		c.scheduler, err = sched.NewStealing(form.Workers, open, options)
	} else {
		q, _ := open()
		c.scheduler, err = sched.NewShared(form.Workers, q, options)
	}
	if err != nil {
		return nil, err
	}
	for i, l := range c.scheduler.Loops() {
		w.places[i].loop = l
	}
	return c, nil
}

// run explores the interleaving of one seed. It must be called in a bubble.
func (c *crew) run() {
	w := c.w
	ctx, cancel := context.WithCancelCause(context.Background())
	w.cancel = cancel
	defer cancel(nil)
	// A loop of a Stealing has no thread before Run.
	early := !c.form.Stealing && w.oneIn(2)
	if early {
		w.populate()
	}
	go func() {
		err := c.scheduler.Run(ctx)
		w.ran(err)
		c.over = true
	}()
	w.settle()
	if !early {
		w.populate()
	}
	for steps := 0; !c.over; steps++ {
		if steps == stepsMax {
			w.fail("the loop did not end in %d steps", steps)
		}
		c.step()
		if w.broken() && !c.off {
			c.breakOff()
		}
		if steps == 2*stepsMax {
			panic(fmt.Sprintf("schedexplore: Run does not return after %v", w.failures))
		}
	}
	w.closing = true
	for len(c.stops) > 0 {
		c.let(c.stops[0]) // it wakes a loop that has ended
	}
	w.openGates()
	w.finish()
}

// breakOff makes all Waits fail, so that the loop ends.
func (c *crew) breakOff() {
	c.off = true
	c.w.closing = true
}

// step releases one worker or lets the environment act once.
func (c *crew) step() {
	w := c.w
	w.settle()
	if w.closing {
		w.openGates()
	}
	if !c.off && w.oneIn(8) || len(c.movable()) == 0 {
		c.check()
	}
	switch can := c.movable(); {
	case c.over || w.broken() && !c.off:
	case w.busy() && (len(can) == 0 || w.oneIn(3)):
		w.act()
	case len(can) > 0:
		c.let(can[w.random(len(can))])
	case !w.closing:
		w.close()
	case c.sleep():
	case c.off:
		panic(fmt.Sprintf("schedexplore: Run does not return after %v", w.failures))
	default:
		w.fail("the workers block indefinitely: %s", w.living())
	}
}

// sleep advances the clock to the earliest timeout of a Wait. It reports false if no Wait has a
// timeout.
func (c *crew) sleep() bool {
	var first time.Time
	for _, s := range c.stops {
		if !s.until.IsZero() && (first.IsZero() || s.until.Before(first)) {
			first = s.until
		}
	}
	if first.IsZero() {
		return false
	}
	c.w.trace("time passes until %v", first)
	c.w.sleep(time.Until(first))
	return true
}

// movable returns the stops that can be left, in an order that depends only on the seed. Like
// everything that only the conductor calls, it is called while all workers are blocked.
func (c *crew) movable() []*stop {
	var can []*stop
	for _, s := range c.stops {
		if !s.blocked || c.off || s.place.queue.due() || !s.until.IsZero() && !time.Now().Before(s.until) {
			can = append(can, s)
		}
	}
	slices.SortFunc(can, func(a, b *stop) int { return cmp.Compare(a.who, b.who) })
	return can
}

// let releases the worker at s and returns after all goroutines are blocked.
func (c *crew) let(s *stop) {
	c.w.trace("%s continues", s.who)
	c.stops = slices.DeleteFunc(c.stops, func(o *stop) bool { return o == s })
	close(s.gate)
	c.w.settle()
}

// hold stops the calling worker.
func (c *crew) hold(s *stop) {
	s.thread, s.gate = c.thread(), make(chan struct{})
	c.mu.Lock()
	c.stops = append(c.stops, s)
	c.mu.Unlock()
	<-s.gate
}

// visit stops a worker in the code of who. c may be nil.
func (c *crew) visit(who string) {
	if c != nil {
		c.hold(&stop{who: who})
	}
}

// outside calls f on a thread that is not a worker. The thread may stop where it wakes a worker.
func (w *world) outside(f func()) {
	if w.crew == nil || !w.acting || w.oneIn(2) {
		f()
		return
	}
	w.crew.outsider = true
	go f()
	w.settle()
	w.crew.outsider = false
}

// beforeWake stops an outsider. c may be nil.
func (c *crew) beforeWake(p *place) {
	if c != nil && c.outsider {
		c.outsider = false
		c.hold(&stop{who: "a wake of " + p.String(), place: p})
	}
}

// thread returns the number of the calling thread. c may be nil.
func (c *crew) thread() uint64 {
	if c == nil {
		return 0
	}
	id, err := sys.ThreadID()
	if err != nil {
		panic(err) // newCrew would have failed
	}
	return id
}

// look stops a worker that is about to look into the queue of p.
func (c *crew) look(p *place) error {
	p.thread = c.thread()
	c.hold(&stop{who: p.String(), place: p})
	if c.off {
		return errExplored
	}
	return nil
}

// pause may stop a worker that has taken events from the queue of p.
func (c *crew) pause(p *place) {
	if c.w.oneIn(2) {
		c.hold(&stop{who: p.String(), place: p})
	}
}

// block stops a worker because the queue of p has nothing to return.
func (c *crew) block(p *place, left time.Duration) error {
	s := &stop{who: p.String(), place: p, blocked: true}
	if left >= 0 {
		s.until = time.Now().Add(left)
	}
	c.hold(s)
	if c.off {
		return errExplored
	}
	return nil
}
