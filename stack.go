package edgewise

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"

	"github.com/edgewise-go/edgewise/bufstrategy"
	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/auto"
	"github.com/edgewise-go/edgewise/queue/netpoll"
	"github.com/edgewise-go/edgewise/resolve"
	"github.com/edgewise-go/edgewise/resolve/netresolver"
	"github.com/edgewise-go/edgewise/resolve/sysconfig"
	"github.com/edgewise-go/edgewise/sched"
	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/sys"
)

// Stack is a running scheduler with everything that its tasks need for networking. Any goroutine
// and any task may use its methods.
type Stack struct {
	options   Options
	choices   []Choice
	scheduler sched.Scheduler
	poller    *sched.Poller
	waiter    sched.Waiter
	resolver  *Resolver
	dialer    stream.Dialer
	buffers   map[*sched.Loop]bufferOptions
	next      atomic.Uint32 // loop of the next connection

	ended chan struct{} // closed when the loops and the poller have ended
	err   error         // set before ended is closed

	mu       sync.Mutex            // guards services
	services map[*service]struct{} // nil after the loops have ended
}

// Open starts a Stack. It starts a goroutine per loop, one for the poller of goroutines, and those
// of the resolver. They end with Shutdown.
//
// The error for an option that cannot work is an *OptionError. It names the option and, if there is
// one, the nearest value that can.
func Open(options Options) (*Stack, error) {
	s, err := open(options)
	if err != nil {
		return nil, fmt.Errorf("edgewise: open: %w", err)
	}
	return s, nil
}

func open(options Options) (_ *Stack, err error) {
	options, err = options.complete()
	if err != nil {
		return nil, err
	}
	s := &Stack{options: options, ended: make(chan struct{}), services: map[*service]struct{}{}}
	var undo []io.Closer
	defer func() {
		for _, c := range undo {
			if err != nil {
				err = errors.Join(err, c.Close())
			}
		}
	}()
	if err = s.choose(); err != nil {
		return nil, err
	}
	if s.poller, err = s.openPoller(); err != nil {
		return nil, err
	}
	undo = append(undo, s.poller)
	// The resolver dials after Open, with the dialer that is set below.
	strategy, search, err := options.resolver(func(ctx context.Context, network, address string) (net.Conn, error) {
		return s.dialer.DialContext(ctx, network, address)
	})
	if err != nil {
		return nil, err
	}
	undo = append(undo, strategy)
	if s.scheduler, err = s.openScheduler(); err != nil {
		return nil, err
	}
	s.waiter = sched.WaiterOf(s.scheduler)
	s.resolver = &Resolver{
		Resolver: netresolver.Resolver{Host: resolve.Host{
			Strategy: strategy, Order: resolve.OrderInterleave, Search: search, Source: sysconfig.SourceOf, Suspend: s.waiter.Suspend,
		}},
		poller: s.poller,
	}
	s.resolver.inbox = resolve.NewInbox(func() error {
		return s.poller.Post(func() { s.resolver.inbox.Run(0) })
	})
	s.dialer = options.Dialer
	s.dialer.Waiter, s.dialer.Resolve, s.dialer.ResolveParts = s.waiter, nil, s.resolver.parts
	if options.Resolver == nil && options.Resolve == "blocking" {
		// The lookup blocks where it starts, which must not be the poller.
		s.dialer.Resolve, s.dialer.ResolveParts = s.resolver.lookup, nil
	}
	if err = s.openBuffers(); err != nil {
		// The scheduler has queues, which end with it.
		return nil, errors.Join(err, s.scheduler.Shutdown(context.Background()))
	}
	s.run()
	return s, nil
}

// run starts the loops and the poller. It returns once the loops run: Shutdown of a loop that does
// not run ends its tasks before they begin.
func (s *Stack) run() {
	polled := make(chan error, 1)
	go func() { polled <- s.poller.Run(context.Background()) }()
	go func() {
		defer close(s.ended)
		err := s.scheduler.Run(context.Background())
		s.abandonServices()
		s.err = errors.Join(err, s.poller.Close(), <-polled, s.resolver.Host.Strategy.Close())
	}()
	for _, l := range s.scheduler.Loops() {
		runs := make(chan struct{})
		if l.Post(func() { close(runs) }) == nil {
			<-runs // the end of a loop calls the function too
		}
	}
}

func (s *Stack) openQueue() (queue.Queue, error) {
	if s.options.OpenQueue != nil {
		return s.options.OpenQueue()
	}
	q, err := auto.ByName(s.options.Queue)
	if err != nil {
		return nil, &OptionError{Option: "Queue", Value: s.options.Queue, Err: err}
	}
	return q, nil
}

// openLoopQueue opens the queue of a loop.
func (s *Stack) openLoopQueue() (queue.Queue, error) {
	if s.options.IO != "completion" {
		return s.openQueue()
	}
	if s.options.OpenQueue != nil {
		q, err := s.options.OpenQueue()
		if err != nil {
			return nil, err
		}
		return auto.Completing(q)
	}
	single := s.options.NewScheduler == nil && s.options.Scheduler != "shared"
	q, err := auto.Completer(s.options.Queue, single)
	if err != nil {
		return nil, &OptionError{Option: "Queue", Value: s.options.Queue, Err: err}
	}
	return q, nil
}

// openPoller opens the poller. Its queue holds no thread if the mechanism allows that.
func (s *Stack) openPoller() (*sched.Poller, error) {
	q, err := s.openQueue()
	if err != nil {
		return nil, err
	}
	threadless, err := netpoll.New(q)
	if err == nil {
		return sched.NewPoller(threadless, s.options.mode()), nil
	}
	if !errors.Is(err, errors.ErrUnsupported) {
		return nil, errors.Join(err, q.Close())
	}
	return sched.NewPoller(q, s.options.mode()), nil
}

func (s *Stack) openScheduler() (sched.Scheduler, error) {
	o := s.options.Sched
	o.Mode, o.Poller = s.options.mode(), s.poller
	o.Completions = o.Completions || s.options.IO == "completion"
	if o.Ended == nil {
		o.Ended = s.logEnd
	}
	n := s.options.Loops
	if s.options.NewScheduler != nil {
		return s.options.NewScheduler(s.openLoopQueue, o)
	}
	var made sched.Scheduler
	var err error
	switch s.options.Scheduler {
	case "sharded":
		made, err = sched.NewSharded(n, s.openLoopQueue, o)
	case "stealing":
		made, err = sched.NewStealing(n, s.openLoopQueue, o)
	default:
		q, opening := s.openLoopQueue()
		if opening != nil {
			return nil, opening
		}
		if s.options.Scheduler == "single" {
			return sched.NewSingle(q, o), nil
		}
		if made, err = sched.NewShared(n, q, o); err != nil {
			err = errors.Join(err, q.Close())
		}
	}
	if err != nil {
		return nil, &OptionError{Option: "Scheduler", Value: s.options.Scheduler, Err: err}
	}
	return made, nil
}

// logEnd logs the end of a task that failed. Peers that connect and leave are no failure.
func (s *Stack) logEnd(task string, err error) {
	var p *sched.PanicError
	switch {
	case errors.As(err, &p):
		s.options.Logger.Error("task panicked", "task", task, "value", p.Value, "stack", string(p.Stack))
	case err == nil, errors.Is(err, net.ErrClosed), errors.Is(err, io.EOF), errors.Is(err, sched.ErrCanceled), sys.ClassOf(err) == sys.ClassDisconnected:
	default:
		s.options.Logger.Warn("task failed", "task", task, "error", err)
	}
}

// Go starts a task on one of the loops. The task is canceled when ctx is done; see sched.Loop.Go.
func (s *Stack) Go(ctx context.Context, name string, body func(*Task) error) error {
	return s.scheduler.Go(ctx, name, body)
}

// Call runs body in a task and returns its result, to a goroutine; see sched.Loop.Call.
func (s *Stack) Call(ctx context.Context, name string, body func(*Task) error) error {
	return s.nextLoop().Call(ctx, name, body)
}

// Scheduler returns the scheduler.
func (s *Stack) Scheduler() sched.Scheduler { return s.scheduler }

// Waiter returns the waiter of all connections, for those that are made with package stream.
func (s *Stack) Waiter() sched.Waiter { return s.waiter }

// NewBuffer makes a buffer for a connection whose task or handler runs on l.
func (s *Stack) NewBuffer(l *sched.Loop) (bufstrategy.Buffer, error) {
	o, ok := s.buffers[l]
	if !ok {
		return nil, fmt.Errorf("edgewise: new buffer: loop %p is not of this stack", l)
	}
	return bufstrategy.ByName(s.options.Buffer, o)
}

// Shutdown ends the Stack. It asks every task and handler to end, as sched.Loop.Drain does, and
// ends every Serve. When ctx is done it cancels the remaining tasks. Goroutines that still wait get
// net.ErrClosed.
//
// It returns nil if all tasks ended by themselves, and the cause of ctx if some were canceled. A
// task would wait for its own end: it gets sched.ErrWrongWaiter.
func (s *Stack) Shutdown(ctx context.Context) error {
	err := s.scheduler.Shutdown(ctx)
	if errors.Is(err, sched.ErrWrongWaiter) || errors.Is(err, sched.ErrLeaked) {
		return err
	}
	<-s.ended
	if err == nil {
		err = s.err
	}
	return err
}

// Done returns a channel that is closed when the Stack has ended, by Shutdown or because a queue
// has failed. Err then returns why.
func (s *Stack) Done() <-chan struct{} { return s.ended }

// Err returns nil while the Stack runs and after Shutdown, and otherwise the error that has ended
// it.
func (s *Stack) Err() error {
	select {
	case <-s.ended:
		return s.err
	default:
		return nil
	}
}

// nextLoop returns the loops in turn.
func (s *Stack) nextLoop() *sched.Loop {
	loops := s.scheduler.Loops()
	return loops[int(s.next.Add(1)-1)%len(loops)]
}

// enter adds a running Serve, and reports whether the loops still run.
func (s *Stack) enter(v *service) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.services == nil {
		return false
	}
	s.services[v] = struct{}{}
	return true
}

func (s *Stack) leave(v *service) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.services, v)
}

// abandonServices ends every Serve after the loops have ended.
func (s *Stack) abandonServices() {
	s.mu.Lock()
	services := s.services
	s.services = nil
	s.mu.Unlock()
	for v := range services {
		v.abandon()
	}
}
