package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/edgewise-go/edgewise"
	"github.com/edgewise-go/edgewise/apps/internal/cli"
	"github.com/edgewise-go/edgewise/apps/internal/strategy"
	"github.com/edgewise-go/edgewise/resolve"
	"github.com/edgewise-go/edgewise/sched"
)

// session is one run of the program.
type session struct {
	config   config
	began    time.Time
	resolver *resolver
	tracer   *tracer // nil without -trace
	feed     *feed
	pacer    *pacer
	out      *output
	drivers  []*driver
	stopped  atomic.Bool           // start no further lookup, and cancel those in flight
	fault    atomic.Pointer[error] // of a driver
	starving atomic.Int32          // drivers that wait for a name, or for room in the output
}

// lookup looks up the names of c.
func lookup(ctx context.Context, c config, stdout, stderr *os.File) error {
	// A stack dials the addresses of servers, and no names.
	c.options.Resolver = resolve.NewLiteral(resolve.NewBlocking(noName))
	s := &session{config: c, began: time.Now(), pacer: newPacer(c.rate)}
	c.options.Sched.Ended = func(_ string, err error) { s.taskEnded(err) }
	stack, err := strategy.Open(c.options)
	if err != nil {
		return err
	}
	defer stack.Shutdown(context.Background())
	if c.trace {
		s.tracer = newTracer(stderr)
	}
	warn := func(err error) {
		if !c.quiet {
			fmt.Fprintf(stderr, "lookup: warning: %s\n", oneLine(err.Error()))
		}
	}
	if s.resolver, err = newResolver(&s.config, stack, s.tracer, warn); err != nil {
		return err
	}
	s.out = newOutput(&s.config, stdout, stderr)
	if err := s.work(ctx, stack); err != nil {
		return err
	}
	if err := s.resolver.close(); err != nil {
		return err
	}
	if err := stack.Shutdown(context.Background()); err != nil {
		return err
	}
	return s.finish(ctx, stderr)
}

// taskEnded keeps the error of a driver, which a fault of the program has ended, and stops the
// others: results could wait for one that the driver has lost.
func (s *session) taskEnded(err error) {
	if err != nil {
		s.fault.CompareAndSwap(nil, &err)
		s.stop()
	}
}

func noName(_ context.Context, q resolve.Question) (resolve.Answer, error) {
	return resolve.Answer{}, fmt.Errorf("lookup: dial to the name %v: want an IP address", q.Name)
}

// work runs the drivers until the last name has its result, or until ctx is done.
func (s *session) work(ctx context.Context, stack *edgewise.Stack) error {
	n := s.config.options.Loops
	if n == 0 {
		n = runtime.GOMAXPROCS(0)
	}
	n = min(n, s.config.inFlight)
	for i := range n {
		d := &driver{session: s, quota: (s.config.inFlight + i) / n, flights: map[flight]struct{}{}}
		d.inbox = resolve.NewInbox(func() error { d.bell.ring(); return nil })
		s.drivers = append(s.drivers, d)
	}
	defer context.AfterFunc(ctx, s.stop)()
	ctx, end := context.WithCancel(ctx)
	defer end() // of the feed
	s.feed = newFeed(ctx, s.config.input, s.advanced)
	var running sync.WaitGroup
	for _, d := range s.drivers {
		running.Add(1)
		err := stack.Go(context.Background(), "lookup", func(t *sched.Task) error {
			defer running.Done()
			return d.work(t)
		})
		if err != nil {
			return err
		}
	}
	ended := make(chan struct{})
	go func() { running.Wait(); close(ended) }()
	select {
	case <-ended:
		return nil
	case <-stack.Done():
		return stack.Err()
	}
}

// stop makes the drivers end soon.
func (s *session) stop() {
	s.stopped.Store(true)
	s.ringAll()
}

func (s *session) ringAll() {
	for _, d := range s.drivers {
		d.bell.ring()
	}
}

// advanced wakes the drivers that wait for a name or for room.
func (s *session) advanced() {
	if s.starving.Load() > 0 {
		s.ringAll()
	}
}

// finish prints the summary and returns the end of the program.
func (s *session) finish(ctx context.Context, stderr io.Writer) error {
	o := s.out
	if err := o.end(); err != nil {
		return fmt.Errorf("standard output: %w", err)
	}
	if fault := s.fault.Load(); fault != nil {
		return *fault
	}
	interrupted := context.Cause(ctx) != nil
	if o.names == 0 && !interrupted && s.feed.err == nil {
		return cli.Usagef("-i: no name in the list")
	}
	if !s.config.quiet {
		fmt.Fprint(stderr, s.summary())
	}
	switch {
	case interrupted:
		return errors.New("interrupted")
	case s.feed.err != nil:
		return s.feed.err
	case o.without > 0:
		return cli.ErrReported
	}
	return nil
}
