package schedtest

import (
	"context"
	"time"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sched"
	"github.com/edgewise-go/edgewise/sys"
)

type (
	body         = func(*sched.Task) error
	registration = sched.Source
)

// operations are the calls that cases make. A mutant replaces them to answer instead of the
// scheduler.
type operations struct {
	place      func(s sched.Scheduler, ctx context.Context, name string, b body) error
	start      func(l *sched.Loop, ctx context.Context, name string, b body) error
	child      func(t *sched.Task, ctx context.Context, name string, b body) error
	call       func(l *sched.Loop, ctx context.Context, name string, b body) error
	launch     func(l *sched.Loop, ctx context.Context, name string, b body) (*sched.Job, error)
	join       func(t *sched.Task, j *sched.Job) error
	outside    func(j *sched.Job, ctx context.Context) error
	cancel     func(j *sched.Job, cause error)
	lock       func(m *sched.Mutex, t *sched.Task) error
	unlock     func(m *sched.Mutex)
	acquire    func(s *sched.Semaphore, t *sched.Task, n int) error
	release    func(s *sched.Semaphore, n int)
	channel    func(size int) channel
	bridge     func(from <-chan int, size int) bridge
	block      func(t *sched.Task, f func() error) error
	turn       func(begin, end func()) // the calls of a step
	thread     func() (uint64, error)
	yield      func(t *sched.Task) error
	spent      func(t *sched.Task) bool
	stepSpent  func(t sched.HandlerTask) bool
	share      func(reg registration) error // the calls of an operation of package stream
	sleep      func(t *sched.Task, d time.Duration) error
	await      func(t *sched.Task, start func(resume func())) error
	context    func(t *sched.Task) context.Context
	onDrain    func(t *sched.Task, f func())
	post       func(l *sched.Loop, f func()) error
	handle     func(l *sched.Loop, h sys.Handle, handler sched.Handler) (sched.HandlerTask, error)
	wake       func(t sched.HandlerTask)
	transfer   func(t sched.HandlerTask) sched.Transfer
	tasks      func(l *sched.Loop, h sys.Handle) (registration, error)
	goroutines func(l *sched.Loop, h sys.Handle) (registration, error)
	selects    func(l *sched.Loop) sched.Select
	everywhere func(s sched.Scheduler) sched.Waiter
	suspends   func(l *sched.Loop, start func(resume func())) error
	postPoller func(p *sched.Poller, f func()) error
	polled     func(p *sched.Poller, h sys.Handle) (registration, error)
	run        func(s sched.Scheduler, ctx context.Context) error
	drain      func(s sched.Scheduler)
	shutdown   func(s sched.Scheduler, ctx context.Context) error
	ended      func(tell func(task string, err error)) func(task string, err error)
	queue      func(q queue.Queue) queue.Queue
	interrupt  func() error
	options    func(o sched.Options) sched.Options
	metrics    func(l *sched.Loop) sched.Metrics
}

// honest returns the operations of the scheduler itself.
func honest() operations {
	return operations{
		place:      sched.Scheduler.Go,
		start:      (*sched.Loop).Go,
		child:      (*sched.Task).Go,
		call:       (*sched.Loop).Call,
		launch:     (*sched.Loop).Start,
		join:       (*sched.Task).Join,
		outside:    (*sched.Job).Wait,
		cancel:     (*sched.Job).Cancel,
		lock:       (*sched.Mutex).Lock,
		unlock:     (*sched.Mutex).Unlock,
		acquire:    (*sched.Semaphore).Acquire,
		release:    (*sched.Semaphore).Release,
		channel:    func(size int) channel { return sched.NewChan[int](size) },
		bridge:     func(from <-chan int, size int) bridge { return sched.NewBridge(from, size) },
		block:      (*sched.Task).Blocking,
		turn:       func(begin, end func()) { begin(); end() },
		thread:     sys.ThreadID,
		yield:      (*sched.Task).Yield,
		spent:      (*sched.Task).Spent,
		stepSpent:  (sched.HandlerTask).Spent,
		share:      func(reg registration) error { return reg.(interface{ YieldIfSpent() error }).YieldIfSpent() },
		sleep:      (*sched.Task).Sleep,
		await:      (*sched.Task).Suspend,
		context:    (*sched.Task).Context,
		onDrain:    (*sched.Task).OnDrain,
		post:       (*sched.Loop).Post,
		handle:     (*sched.Loop).StartHandler,
		wake:       (sched.HandlerTask).Wake,
		transfer:   (sched.HandlerTask).Transfer,
		tasks:      func(l *sched.Loop, h sys.Handle) (registration, error) { return l.Waiter().Register(h) },
		goroutines: func(l *sched.Loop, h sys.Handle) (registration, error) { return l.Waiter().Register(h) },
		selects:    func(l *sched.Loop) sched.Select { return l.Waiter().NewSelect() },
		everywhere: sched.WaiterOf,
		suspends:   func(l *sched.Loop, start func(resume func())) error { return l.Waiter().Suspend(start) },
		postPoller: (*sched.Poller).Post,
		polled:     (*sched.Poller).Register,
		run:        sched.Scheduler.Run,
		drain:      sched.Scheduler.Drain,
		shutdown:   sched.Scheduler.Shutdown,
		ended:      func(tell func(string, error)) func(string, error) { return tell },
		queue:      func(q queue.Queue) queue.Queue { return q },
		interrupt:  interrupt,
		options:    func(o sched.Options) sched.Options { return o },
		metrics:    (*sched.Loop).Metrics,
	}
}
