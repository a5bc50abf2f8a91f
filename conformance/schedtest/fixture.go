package schedtest

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sched"
	"github.com/edgewise-go/edgewise/sys"
)

// Fixture holds what a case works with: one scheduler, which the case opens and starts.
type Fixture struct {
	ops      operations
	open     func(o sched.Options, wrap func(queue.Queue) queue.Queue) (sched.Scheduler, error)
	patience time.Duration
	altered  bool // by a mutant or a control
	ordered  bool // one worker runs the tasks of a loop: the target claims InOrder

	transfers bool // the target claims Transfers
	plain     bool // the queues of the case offer no operations

	openPoller func() (queue.Queue, queue.Mode, error)

	s       sched.Scheduler
	poller  *poller // nil unless goroutines wait in the case
	queues  []*meter
	handles []sys.Handle  // of pairs; closed when the case has ended
	ran     chan struct{} // closed when Run has returned
	runErr  error         // written before ran is closed
	strays  []*stray      // goroutines that use handles
	stuck   atomic.Int32  // number of goroutines of the case that wait; one that hangs still counts in the cleanups

	mu   sync.Mutex // guards ends
	ends []ending
}

// ending is a report to Options.Ended.
type ending struct {
	task string
	err  error
}

// roundsShare divides the rounds of a case, unless the whole product is asked for. Every target
// repeats the races, and package schedexplore enumerates their orders.
const roundsShare = 10

// rounds returns how often to repeat a race.
func (r *Fixture) rounds(n int) int {
	if suite.Full() && !r.altered {
		return n
	}
	return n / roundsShare
}

// make opens the scheduler without running it.
func (r *Fixture) make(t T, o sched.Options) {
	t.Helper()
	o.Ended = r.ops.ended(func(task string, err error) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.ends = append(r.ends, ending{task, err})
	})
	if r.poller != nil {
		r.poller.make(t, r)
		o.Poller = r.poller.Poller
	}
	s, err := r.open(r.ops.options(o), func(q queue.Queue) queue.Queue {
		m := &meter{Queue: r.ops.queue(q)}
		r.queues = append(r.queues, m)
		if r.plain {
			return m
		}
		return m.wrapped()
	})
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	r.s = s
	if r.poller != nil {
		r.queues = append(r.queues, r.poller.queue)
	}
	t.Evidence(r.evidence)
	t.OnHang(r.breakQueues)
}

// breakQueues ends the loops, whatever their state.
func (r *Fixture) breakQueues() {
	for _, q := range r.queues {
		_ = q.Close() // already closed if the loop has ended
	}
}

// start opens the scheduler and runs it until the case ends.
func (r *Fixture) start(t T, o sched.Options) {
	t.Helper()
	r.make(t, o)
	r.run(t, context.Background())
}

func (r *Fixture) run(t T, ctx context.Context) {
	if r.poller != nil {
		r.poller.run(t, r)
	}
	r.ran = make(chan struct{})
	go func() {
		defer close(r.ran)
		r.runErr = r.ops.run(r.s, ctx)
	}()
	t.Cleanup(func() { r.end(t) })
}

// end shuts the scheduler down. What a failed case has left is canceled only after half of the
// patience. What a hung case has left would not end by itself, and is canceled at once.
func (r *Fixture) end(t T) {
	ctx, cancel := context.WithTimeout(context.Background(), r.patience/2)
	defer cancel()
	if r.stuck.Load() > 0 {
		cancel()
	}
	shut := make(chan struct{})
	go func() {
		defer close(shut)
		// The cases about the end of a loop check the result.
		_ = r.s.Shutdown(ctx)
	}()
	if within(r.ran, r.patience) && within(shut, r.patience) {
		return
	}
	defer func() {
		r.breakQueues()
		within(r.ran, r.patience)
	}()
	t.Hang("Run returns after Shutdown")
}

func (r *Fixture) loop() *sched.Loop { return r.s.Loops()[0] }

// wait waits for c to be closed or sent to. A hang ends the calling goroutine, which should be that
// of the case.
func (r *Fixture) wait(t T, c <-chan struct{}, what string) {
	t.Helper()
	r.stuck.Add(1)
	suite.Receive(t, what, c)
	r.stuck.Add(-1)
}

// waitMoving waits as wait does, but for long work. It hangs if steps does not grow within the
// patience.
func (r *Fixture) waitMoving(t T, c <-chan struct{}, what string, steps *atomic.Int64) {
	t.Helper()
	r.stuck.Add(1)
	suite.Moving(t, what, func() int { return int(steps.Load()) }, func() bool { return closed(c) })
	r.stuck.Add(-1)
}

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// late is how long tasks and other goroutines wait. The case waits for them and hangs before they
// give up, so that its evidence has their stacks.
func (r *Fixture) late() time.Duration { return 2 * r.patience }

// happens waits as wait does, for tasks and other goroutines. It reports whether c was closed or
// sent to. If it was not, the caller reports a hang.
func (r *Fixture) happens(c <-chan struct{}) bool { return within(c, r.late()) }

func within(c <-chan struct{}, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-c:
		return true
	case <-timer.C:
		return false
	}
}

// spawn starts a task and returns a channel that is closed when its body has returned.
func (r *Fixture) spawn(t T, l *sched.Loop, ctx context.Context, name string, b body) <-chan struct{} {
	t.Helper()
	done := make(chan struct{})
	err := r.ops.start(l, ctx, name, func(task *sched.Task) error {
		defer close(done)
		return b(task)
	})
	if err != nil {
		t.Fatalf("Go: %v", err)
	}
	return done
}

// do runs b in a task and waits for its end.
func (r *Fixture) do(t T, name string, b body) {
	t.Helper()
	r.wait(t, r.spawn(t, r.loop(), context.Background(), name, b), "task "+name+" ends")
}

// fenceTurns is the number of turns of a fence: the events of one turn are dispatched when the next
// begins.
const fenceTurns = 3

// fence returns after the loop has taken all events that were pending when it was called.
func (r *Fixture) fence(t T) {
	t.Helper()
	for range fenceTurns {
		done := make(chan struct{})
		err := r.loop().Post(func() { close(done) })
		for until := time.Now().Add(r.patience); errors.Is(err, sched.ErrFull) && time.Now().Before(until); {
			runtime.Gosched()
			err = r.loop().Post(func() { close(done) })
		}
		if err != nil {
			t.Errorf("Post: %v", err)
			return
		}
		if !r.happens(done) {
			t.Errorf("still waiting for: a posted function runs")
			return
		}
	}
	if r.poller != nil {
		r.poller.fence(t, r)
	}
}

// until waits until so returns true. A fence is not enough on a loop with several threads: one may
// be delayed in the middle of a turn while others take everything that is posted.
func (r *Fixture) until(t T, so func() bool, what string) {
	t.Helper()
	r.stuck.Add(1)
	suite.Until(t, what, so)
	r.stuck.Add(-1)
}

// endings returns the errors that Options.Ended has received for task so far.
func (r *Fixture) endings(task string) []error {
	r.mu.Lock()
	defer r.mu.Unlock()
	var errs []error
	for _, e := range r.ends {
		if e.task == task {
			errs = append(errs, e.err)
		}
	}
	return errs
}

// ended waits until Options.Ended is called for task, and checks that it is called once, with want.
func (r *Fixture) ended(t T, task string, want error) {
	t.Helper()
	r.until(t, func() bool { return len(r.endings(task)) > 0 }, "Ended is called for task "+task)
	r.fence(t)
	errs := r.endings(task)
	if len(errs) != 1 {
		t.Fatalf("Ended was called %d times for task %q, want once: %v", len(errs), task, errs)
	}
	if !errors.Is(errs[0], want) {
		t.Errorf("task %q ended with %v, want %v", task, errs[0], want)
	}
}

// pair opens two connected sockets, which are closed when the case ends.
func (r *Fixture) pair(t T) (a, b sys.Handle) {
	t.Helper()
	a, b, err := sys.SocketPair()
	if err != nil {
		t.Fatalf("socketpair: %v", err)
	}
	r.handles = append(r.handles, a, b)
	return a, b
}

// goes runs f, which may use handles, on a goroutine, and returns a channel that is closed at its
// end.
func (r *Fixture) goes(f func()) <-chan struct{} {
	s := &stray{done: make(chan struct{})}
	r.strays = append(r.strays, s)
	go func() {
		defer close(s.done)
		g := suite.CurrentGoroutine()
		s.goroutine.Store(&g)
		f()
	}()
	return s.done
}

// stray is a goroutine of a case.
type stray struct {
	goroutine atomic.Pointer[suite.Goroutine] // nil until it runs
	done      chan struct{}                   // closed when it ends
}

// rests reports whether the goroutine is parked or has ended. One that is runnable, and only lacks
// a processor, does not rest.
func (s *stray) rests() bool {
	if closed(s.done) {
		return true
	}
	g := s.goroutine.Load()
	return g != nil && g.Parked()
}

// settle is fence for a case whose goroutines wait. It returns after each of them is parked or has
// ended, and the loop has taken all events since.
func (r *Fixture) settle(t T) {
	t.Helper()
	for _, s := range r.strays {
		if !closed(s.done) {
			suite.UntilRests(t, "a goroutine waits", s.rests)
		}
	}
	r.fence(t)
}

// closeHandles is the last step of a case. A task or a goroutine of a failed case may still run and
// use its handles. If they were closed, their numbers could become those of another case's sockets,
// so they stay open.
func (r *Fixture) closeHandles(t T) {
	var users []<-chan struct{}
	for _, s := range r.strays {
		users = append(users, s.done)
	}
	if r.ran != nil {
		users = append(users, r.ran)
	}
	for _, over := range users {
		if !closed(over) {
			return
		}
	}
	for _, h := range r.handles {
		if err := sys.Close(h); err != nil {
			t.Errorf("close: %v", err)
		}
	}
}

// register registers h for the case's form, until the case ends.
func (r *Fixture) register(t T, f form, h sys.Handle) registration {
	t.Helper()
	reg, err := f.register(&r.ops, r.loop(), h)
	if err != nil {
		t.Fatalf("Register: %v", err)
	}
	t.Cleanup(func() {
		if err := reg.Close(); err != nil {
			t.Errorf("Source.Close: %v", err)
		}
	})
	return reg
}

// flood calls f until it returns false, which f should do once the other tasks have had their turn.
//
// Where one thread runs the tasks of a loop in order, that takes at most roundsMax turns after they
// have started. A turn counts only if the clock has advanced: the clock moves in steps, and a time
// budget is not used up between two of them.
//
// Elsewhere the system may delay the thread of the others for any number of turns, so flood reports
// only a hang.
func (r *Fixture) flood(t T, started *atomic.Bool, f func() bool) {
	t.Helper()
	turns, last := 0, time.Now()
	r.keeps(t, "the other tasks have their turn while a task lets them run", func() bool {
		if now := time.Now(); r.ordered && started.Load() && now.After(last) {
			turns, last = turns+1, now
		}
		if turns > roundsMax {
			t.Errorf("the other tasks had no turn while a task let them run %d times", turns)
			return false
		}
		return f()
	})
}

// roundsMax bounds how often a flooder lets others run. Each time should be a turn, in which all of
// them run.
const roundsMax = 1000

// keeps calls f until it returns false. It reports a hang if f does not return false within the
// patience. Tasks may call it.
func (r *Fixture) keeps(t T, what string, f func() bool) {
	t.Helper()
	for begun := time.Now(); f(); {
		if time.Since(begun) > r.late() {
			t.Errorf("after %v still waiting for: %s", r.late(), what)
			return
		}
	}
}

func send(t T, h sys.Handle, p string) {
	t.Helper()
	if n, err := sys.Send(h, []byte(p)); n != len(p) || err != nil {
		t.Errorf("send: %d, %v", n, err)
	}
}

// waitsMax bounds how often a read may be woken in vain.
const waitsMax = 100

// receive reads once. It waits first, as often as the socket would block.
func receive(reg registration, h sys.Handle, p []byte) (int, error) {
	for range waitsMax {
		n, err := sys.Recv(h, p)
		if err != sys.ErrWouldBlock {
			return n, err
		}
		if err := reg.Wait(sys.Readable, time.Time{}); err != nil {
			return 0, err
		}
	}
	return 0, errNagged
}

var errNagged = errors.New("woken in vain too often")
