package sched

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/edgewise-go/edgewise/queue"
)

// Scheduler places tasks on loops. Programs can implement it: a type that embeds a scheduler of
// this package and replaces Go and Start places tasks by its own rule.
type Scheduler interface {
	// Go starts a task on one of the loops, as Loop.Go does.
	Go(ctx context.Context, name string, body func(*Task) error) error
	// Start starts a task on one of the loops, as Loop.Start does.
	Start(ctx context.Context, name string, body func(*Task) error) (*Job, error)
	// Loops returns the loops, which do not change.
	Loops() []*Loop
	// Run runs the loops until they have drained, or until ctx is done and their tasks have ended,
	// as Loop.Run does. It returns the joined errors of all loops.
	Run(ctx context.Context) error
	// Drain asks every loop to end, as Loop.Drain does.
	Drain()
	// Shutdown drains the loops and cancels the remaining tasks when ctx is done, as Loop.Shutdown
	// does.
	Shutdown(ctx context.Context) error
}

// Single is a scheduler with one loop, which runs on the goroutine that calls Run.
type Single struct{ *Loop }

// NewSingle returns a scheduler with one loop over q.
func NewSingle(q queue.Queue, options Options) Single { return Single{New(q, options)} }

// Loops returns the one loop.
func (s Single) Loops() []*Loop { return []*Loop{s.Loop} }

// Sharded is a scheduler with several loops that share nothing. A task stays on the loop where it
// was placed. Tasks are placed on the loops in turn. With a listener per loop (SO_REUSEPORT), the
// kernel spreads the connections.
type Sharded struct {
	loops []*Loop
	next  atomic.Uint32
}

// MaxShards bounds the loops of a Sharded. Each loop is a thread.
const MaxShards = 1024

// NewSharded returns a scheduler with n loops, each over a queue that open returns.
func NewSharded(n int, open func() (queue.Queue, error), options Options) (*Sharded, error) {
	return newSharded(n, open, options, newSingle)
}

// newSharded calls drive, which gives a loop its driver, for each loop.
func newSharded(n int, open func() (queue.Queue, error), options Options, drive func(*Loop) *Loop) (*Sharded, error) {
	if n < 1 || n > MaxShards {
		return nil, fmt.Errorf("sched: %d loops: want 1 to %d", n, MaxShards)
	}
	s := &Sharded{}
	for i := range n {
		q, err := open()
		if err != nil {
			return nil, fmt.Errorf("sched: open queue: %w", errors.Join(err, s.closeQueues()))
		}
		l := drive(newLoop(q, options))
		l.driver.workers()[0].place = i
		s.loops = append(s.loops, l)
	}
	var workers []*worker
	for _, l := range s.loops {
		workers = append(workers, l.driver.workers()...)
	}
	for _, l := range s.loops {
		l.peers = workers
		l.introduced()
	}
	return s, nil
}

func (s *Sharded) closeQueues() (err error) {
	for _, l := range s.loops {
		err = errors.Join(err, l.queue.Close())
	}
	return err
}

// Go starts a task on the next loop in turn.
func (s *Sharded) Go(ctx context.Context, name string, body func(*Task) error) error {
	return s.place().Go(ctx, name, body)
}

// Start starts a task on the next loop in turn. It returns the Job with which others join and
// cancel the task.
func (s *Sharded) Start(ctx context.Context, name string, body func(*Task) error) (*Job, error) {
	return s.place().Start(ctx, name, body)
}

func (s *Sharded) place() *Loop { return s.loops[int(s.next.Add(1)-1)%len(s.loops)] }

// Loops returns the loops.
func (s *Sharded) Loops() []*Loop { return s.loops }

// Run runs the first loop on the calling goroutine and each other loop on its own goroutine. Those
// goroutines have ended when Run returns. A loop that fails cancels the others.
func (s *Sharded) Run(ctx context.Context) error {
	return s.run(ctx, func([]*Loop) {})
}

// run calls begin with the loops that it is about to run.
func (s *Sharded) run(ctx context.Context, begin func(loops []*Loop)) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	// Claim all loops first: a concurrent Shutdown finds each loop either running or permanently
	// not.
	var claimed []*Loop
	for _, l := range s.loops {
		if l.claim() {
			claimed = append(claimed, l)
		}
	}
	if len(claimed) == 0 {
		return fmt.Errorf("sched: Run: %w", ErrStopped)
	}
	begin(claimed)
	errs := make([]error, len(claimed))
	run := func(i int) {
		if errs[i] = claimed[i].runClaimed(ctx); errs[i] != nil {
			cancel(errs[i])
		}
	}
	var wg sync.WaitGroup
	for i := range claimed[1:] {
		wg.Go(func() { run(i + 1) })
	}
	run(0)
	wg.Wait()
	return errors.Join(errs...)
}

// Drain asks every loop to end.
func (s *Sharded) Drain() {
	for _, l := range s.loops {
		l.Drain()
	}
}

// Shutdown shuts all loops down at the same time.
func (s *Sharded) Shutdown(ctx context.Context) error {
	if err := s.loops[0].mayBlock("Sharded.Shutdown"); err != nil {
		return err
	}
	s.Drain()
	errs := make([]error, len(s.loops))
	var wg sync.WaitGroup
	for i, l := range s.loops {
		wg.Go(func() { errs[i] = l.Shutdown(ctx) })
	}
	wg.Wait()
	return errors.Join(errs...)
}
