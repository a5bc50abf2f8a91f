package strategy

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"time"

	"github.com/edgewise-go/edgewise/apps/internal/cli"
	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/auto"
	"github.com/edgewise-go/edgewise/resolve"
	"github.com/edgewise-go/edgewise/sched"
	"github.com/edgewise-go/edgewise/stream"
)

// Kit is what the flags chose: a scheduler, and what each of its loops has to itself.
type Kit struct {
	Flags     Flags
	Scheduler sched.Scheduler
	Places    []*Place
}

// Place is one loop with its buffers. -sched shared has one place for all of its threads: one
// listener, one accepting task, and each connection goes to a free thread. Several listeners on one
// port would not help, because all of them would be in the same queue. Closing one of them would
// also lose the connections that wait there.
type Place struct {
	Loop    *sched.Loop
	Buffers *Buffers
}

// Open makes what the flags request. Its errors are usage errors.
func (f Flags) Open(options sched.Options) (*Kit, error) {
	if err := f.check(); err != nil {
		return nil, err
	}
	options.Mode = f.mode()
	k := &Kit{Flags: f}
	s, err := f.scheduler(options)
	if err != nil {
		return nil, err
	}
	k.Scheduler = s
	for _, l := range k.Scheduler.Loops() {
		b, err := f.buffers()
		if err != nil {
			return nil, cli.Usage(err)
		}
		k.Places = append(k.Places, &Place{Loop: l, Buffers: b})
	}
	return k, nil
}

// scheduler makes the scheduler. The usage error names what failed: the queue or the scheduler
// itself.
func (f *Flags) scheduler(options sched.Options) (sched.Scheduler, error) {
	var opening error
	open := func() (queue.Queue, error) {
		q, err := auto.ByName(f.Queue)
		opening = err
		return q, err
	}
	s, err := f.schedulerOver(open, options)
	switch {
	case opening != nil:
		return nil, cli.Usagef("-queue %s: %w", f.Queue, opening)
	case err != nil:
		return nil, cli.Usagef("-sched %s: %w; the nearest that works is -sched sharded", f.Sched, err)
	}
	return s, nil
}

// schedulerOver makes the scheduler over queues that open returns.
func (f *Flags) schedulerOver(open func() (queue.Queue, error), options sched.Options) (sched.Scheduler, error) {
	switch f.Sched {
	case "sharded":
		return sched.NewSharded(f.Loops, open, options)
	case "stealing":
		return sched.NewStealing(f.Loops, open, options)
	}
	q, err := open()
	if err != nil {
		return nil, err
	}
	if f.Sched == "single" {
		return sched.NewSingle(q, options), nil
	}
	s, err := sched.NewShared(f.Loops, q, options)
	if err != nil {
		return nil, errors.Join(err, q.Close())
	}
	return s, nil
}

// Sizes of the resolver.
const (
	resolveWorkers   = 8
	resolveQueueMax  = 1024
	resolveTimeoutMS = 15_000
)

// Resolver resolves for the tasks of one scheduler.
type Resolver struct {
	host resolve.Host
}

// OpenResolver makes the resolver that the flags request, with literals, the hosts file, a cache
// and coalescing around it.
func (f Flags) OpenResolver() (*Resolver, error) {
	base, err := resolve.ByName(f.Resolve, resolve.System{}.Lookup, resolve.PoolOptions{Workers: resolveWorkers, MaxQueued: resolveQueueMax})
	if err != nil {
		return nil, cli.Usagef("-resolve %s: %w", f.Resolve, err)
	}
	cache, err := resolve.NewCache(resolve.CacheOptions{}, resolve.NewCoalesce(0, base))
	if err != nil {
		return nil, errors.Join(err, base.Close())
	}
	path := f.HostsPath
	if path == "" {
		path = resolve.DefaultHostsPath()
	}
	hosts, err := resolve.NewHostsFile(resolve.HostsOptions{Path: path, Failed: f.HostsFailed}, cache)
	if err != nil {
		return nil, errors.Join(err, cache.Close())
	}
	return &Resolver{resolve.Host{Strategy: resolve.NewLiteral(hosts), Order: resolve.OrderInterleave}}, nil
}

// Close releases the resolver.
func (r *Resolver) Close() error { return r.host.Strategy.Close() }

// For returns a resolver function for a dialer that task t uses. The function suspends the task.
// inbox is that of the task's loop.
func (r *Resolver) For(t *sched.Task, inbox *resolve.Inbox) stream.Resolve {
	return func(ctx context.Context, host string) ([]netip.Addr, error) {
		answer, err := r.host.Try(host, resolve.FamilyBoth)
		if errors.Is(err, resolve.ErrWouldBlock) {
			answer, err = r.start(ctx, t, inbox, host)
		}
		if err != nil {
			return nil, err
		}
		return answer.Addrs(), nil
	}
}

func (r *Resolver) start(ctx context.Context, t *sched.Task, inbox *resolve.Inbox, host string) (resolve.HostAnswer, error) {
	deadline := time.Now().Add(resolveTimeoutMS * time.Millisecond)
	if d, ok := ctx.Deadline(); ok && d.Before(deadline) {
		deadline = d
	}
	query := &resolve.HostQuery{Name: host, Deadline: deadline, Inbox: inbox}
	var mu sync.Mutex // guards the fields below: another thread of the loop may run the inbox
	var answer resolve.HostAnswer
	var err error
	done := false
	waitErr := t.Suspend(func(resume func()) {
		query.Done = func(a resolve.HostAnswer, e error) {
			mu.Lock()
			answer, err, done = a, e, true
			mu.Unlock()
			resume()
		}
		r.host.Start(query)
	})
	mu.Lock()
	defer mu.Unlock()
	if !done {
		query.Cancel()
		return resolve.HostAnswer{}, fmt.Errorf("resolving %s: %w", host, waitErr)
	}
	return answer, err
}

// NewInbox returns an inbox for resolvers that l runs.
func NewInbox(l *sched.Loop) *resolve.Inbox {
	var inbox *resolve.Inbox
	inbox = resolve.NewInbox(func() error {
		return l.Post(func() { inbox.Run(0) })
	})
	return inbox
}
