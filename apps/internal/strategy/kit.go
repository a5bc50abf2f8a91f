package strategy

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/edgewise-go/edgewise/apps/internal/cli"
	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/auto"
	"github.com/edgewise-go/edgewise/resolve"
	"github.com/edgewise-go/edgewise/sched"
	"github.com/edgewise-go/edgewise/stream"
)

// Kit is what the flags chose: a scheduler, and for each of its loops what belongs to it alone.
type Kit struct {
	Flags     Flags
	Scheduler sched.Scheduler
	Places    []*Place
}

// Place is one loop with its buffers.
type Place struct {
	Loop    *sched.Loop
	Buffers *Buffers
}

// Open makes what the flags ask for. Its errors are usage errors.
func (f Flags) Open(options sched.Options) (*Kit, error) {
	if err := f.check(); err != nil {
		return nil, err
	}
	options.Mode = f.mode()
	k := &Kit{Flags: f}
	open := func() (queue.Queue, error) {
		q, err := auto.Open(f.Queue)
		if err == nil && f.Wrap != nil {
			q = f.Wrap(q)
		}
		return q, err
	}
	if f.Sched == "single" {
		q, err := open()
		if err != nil {
			return nil, cli.Usagef("-queue %s: %w", f.Queue, err)
		}
		k.Scheduler = sched.NewSingle(q, options)
	} else {
		s, err := sched.NewSharded(f.Loops, open, options)
		if err != nil {
			return nil, cli.Usagef("-queue %s: %w", f.Queue, err)
		}
		k.Scheduler = s
	}
	for _, l := range k.Scheduler.Loops() {
		b, err := f.buffers()
		if err != nil {
			return nil, cli.Usage(err)
		}
		k.Places = append(k.Places, &Place{Loop: l, Buffers: b})
	}
	return k, nil
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

// OpenResolver makes the resolver that the flags ask for, with literals, the hosts file, a cache and coalescing around it.
func (f Flags) OpenResolver() (*Resolver, error) {
	base, err := resolve.ByName(f.Resolve, resolve.System{}.Lookup, resolve.PoolConfig{Workers: resolveWorkers, QueueMax: resolveQueueMax})
	if err != nil {
		return nil, cli.Usagef("-resolve %s: %w", f.Resolve, err)
	}
	cache, err := resolve.NewCache(resolve.CacheConfig{}, resolve.NewCoalesce(0, base))
	if err != nil {
		return nil, errors.Join(err, base.Close())
	}
	hosts, err := resolve.NewHostsFile(resolve.HostsConfig{Path: resolve.DefaultHostsPath()}, cache)
	if err != nil {
		return nil, errors.Join(err, cache.Close())
	}
	return &Resolver{resolve.Host{Strategy: resolve.NewLiteral(hosts), Order: resolve.OrderInterleave}}, nil
}

// Close releases the resolver.
func (r *Resolver) Close() error { return r.host.Strategy.Close() }

// For returns a resolver function for a dialer that task t uses: it suspends the task. The inbox is that of the task's loop.
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

func (r *Resolver) start(ctx context.Context, t *sched.Task, inbox *resolve.Inbox, host string) (answer resolve.HostAnswer, err error) {
	deadline := time.Now().Add(resolveTimeoutMS * time.Millisecond)
	if d, ok := ctx.Deadline(); ok && d.Before(deadline) {
		deadline = d
	}
	query := &resolve.HostQuery{Name: host, Deadline: deadline, Inbox: inbox}
	done := false
	waitErr := t.Await(func(resume func()) {
		query.Done = func(a resolve.HostAnswer, e error) {
			answer, err, done = a, e, true
			resume()
		}
		r.host.Start(query)
	})
	if !done {
		query.Cancel()
		return resolve.HostAnswer{}, fmt.Errorf("resolving %s: %w", host, waitErr)
	}
	return answer, err
}

// NewInbox returns a resolver's inbox that l runs.
func NewInbox(l *sched.Loop) *resolve.Inbox {
	var inbox *resolve.Inbox
	inbox = resolve.NewInbox(func() error {
		return l.Post(func() { inbox.Run(0) })
	})
	return inbox
}
