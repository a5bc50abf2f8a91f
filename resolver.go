package edgewise

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/edgewise-go/edgewise/resolve"
	"github.com/edgewise-go/edgewise/resolve/evented"
	"github.com/edgewise-go/edgewise/resolve/netresolver"
	"github.com/edgewise-go/edgewise/resolve/sysconfig"
	"github.com/edgewise-go/edgewise/sched"
)

// Bounds of the resolver.
const (
	resolveWorkers  = 8
	resolveQueueMax = 1024
	resolveTimeout  = 15 * time.Second
)

// Resolver resolves host names and records for tasks and goroutines. Its methods have the
// signatures of those of net.Resolver; package netresolver documents the differences.
type Resolver struct {
	netresolver.Resolver
	poller *sched.Poller
	inbox  *resolve.Inbox // run by the poller, which no task can hold
}

// resolver makes the strategy that o selects, with what surrounds it, and the search list. dial
// connects to name servers.
func (o Options) resolver(dial func(ctx context.Context, network, address string) (net.Conn, error)) (resolve.Strategy, func() resolve.Search, error) {
	if o.Resolver != nil {
		return o.Resolver, nil, nil
	}
	system, err := sysconfig.NewWatcher(sysconfig.Options{})
	if err != nil {
		if o.Resolve == "evented" && len(o.NameServers) == 0 {
			return nil, nil, &OptionError{Option: "Resolve", Value: o.Resolve, Err: err, Nearest: "pool"}
		}
		o.Logger.Warn("the configuration of the resolver was not read", "error", err)
	}
	base, err := o.strategy(system, dial)
	if err != nil {
		return nil, nil, err
	}
	options := resolve.CacheOptions{}
	var search func() resolve.Search
	if system != nil && (o.Resolve == "evented" || o.Resolve == "adaptive") {
		// The other strategies leave the search list to the system.
		options.Generation = system.Generation
		search = func() resolve.Search { return system.Current().HostSearch() }
	}
	cache, err := resolve.NewCache(options, resolve.NewCoalesce(0, base))
	if err != nil {
		return nil, nil, errors.Join(err, base.Close())
	}
	path := o.HostsPath
	if path == "" {
		path = resolve.DefaultHostsPath()
	}
	failed := o.HostsFailed
	if failed == nil {
		failed = func(err error) { o.Logger.Warn("hosts file not read", "error", err) }
	}
	hosts, err := resolve.NewHostsFile(resolve.HostsOptions{Path: path, Failed: failed}, cache)
	if err != nil {
		return nil, nil, errors.Join(&OptionError{Option: "HostsPath", Value: path, Err: err}, cache.Close())
	}
	return resolve.NewLiteral(resolve.NewSpecial(resolve.SpecialOptions{}, hosts)), search, nil
}

// strategy makes the strategy that asks others. system is nil if the configuration is not known.
func (o Options) strategy(system *sysconfig.Watcher, dial func(ctx context.Context, network, address string) (net.Conn, error)) (resolve.Strategy, error) {
	if o.Resolve == "blocking" {
		return resolve.NewBlocking(resolve.System{}.Lookup), nil
	}
	servers := evented.Options{Servers: evented.Servers(o.NameServers...), Dial: dial}
	if len(o.NameServers) == 0 {
		servers.System = system
	}
	// The system asks its own servers, so nothing replaces those of the caller.
	if o.Resolve == "evented" || o.Resolve == "adaptive" && len(o.NameServers) > 0 {
		e, err := evented.New(servers)
		if err != nil {
			return nil, &OptionError{Option: "NameServers", Value: fmt.Sprint(o.NameServers), Err: err}
		}
		return e, nil
	}
	pool, err := resolve.NewPool(resolve.System{}.Lookup, resolve.PoolOptions{Workers: resolveWorkers, MaxQueued: resolveQueueMax})
	if err != nil || o.Resolve == "pool" || system == nil {
		return pool, err
	}
	e, err := evented.New(servers)
	if err != nil {
		return nil, errors.Join(err, pool.Close())
	}
	return resolve.NewAdaptive(resolve.AdaptiveOptions{
		Routes: []resolve.Route{
			{Name: "evented", Strategy: e, Records: true},
			{Name: "pool", Strategy: pool, Records: true, System: true},
		},
		NeedsSystem: func(q resolve.Question) (bool, string) { return system.Current().NameNeedsSystem(q.Name) },
	})
}

// Resolver returns the resolver of s.
func (s *Stack) Resolver() *Resolver { return s.resolver }

// LookupNetIP returns the addresses of host in network, which is "ip", "ip4" or "ip6". An error is
// a *net.DNSError. A lookup ends with ctx, and after 15 seconds at the latest.
func (r *Resolver) LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error) {
	ctx, cancel := context.WithTimeout(ctx, resolveTimeout)
	defer cancel()
	return r.Resolver.LookupNetIP(ctx, network, host)
}

// NetResolver returns a *net.Resolver that asks the strategy of r, for code that takes no other
// type. It reads the hosts file and the search list itself, and blocks its goroutine: see
// netresolver.Bridge.
func (r *Resolver) NetResolver() *net.Resolver { return netresolver.Bridge(r.Host.Strategy) }

// lookup is for stream.ListenConfig, and for dialers if the lookup must block its caller.
func (r *Resolver) lookup(ctx context.Context, host string) ([]netip.Addr, error) {
	return r.LookupNetIP(ctx, "ip", host)
}

// LookupHost returns the addresses of host as text. It fits pgx's LookupFunc.
func (r *Resolver) LookupHost(ctx context.Context, host string) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, resolveTimeout)
	defer cancel()
	return r.Resolver.LookupHost(ctx, host)
}

// dnsError returns err as package net reports it.
func dnsError(host string, err error) error {
	e := &net.DNSError{UnwrapErr: err, Err: err.Error(), Name: host, Server: serverOf(err)}
	var without *net.DNSError // the name, which e has
	if errors.As(err, &without) {
		e.Err = without.Err
	}
	switch {
	case errors.Is(err, resolve.ErrNotFound), errors.Is(err, resolve.ErrNoData):
		e.Err, e.IsNotFound = "no such host", true
	case errors.Is(err, resolve.ErrTimeout):
		e.Err, e.IsTimeout, e.IsTemporary = "i/o timeout", true, true
	case errors.Is(err, resolve.ErrServFail):
		e.IsTemporary = true
	}
	return e
}

// startRetry is the pause before a query is posted again, while the poller takes no more functions.
const startRetry = time.Millisecond

// start starts query on the poller.
func (r *Resolver) start(query *resolve.HostQuery, deliver func(addrs []netip.Addr, more bool, err error)) {
	err := r.poller.Post(func() { r.Host.Start(query) })
	switch {
	case err == nil:
	case errors.Is(err, sched.ErrFull) && time.Now().Before(query.Deadline):
		time.AfterFunc(startRetry, func() { r.start(query, deliver) })
	default:
		deliver(nil, false, dnsError(query.Name, err))
	}
}

// serverOf returns the server that has answered, if err names one.
func serverOf(err error) string {
	var e *resolve.Error
	for errors.As(err, &e) {
		if e.Server != "" {
			return e.Server
		}
		err = e.Err
	}
	return ""
}

var families = map[string]resolve.Family{"ip": resolve.FamilyBoth, "ip4": resolve.FamilyV4, "ip6": resolve.FamilyV6}

// parts delivers the addresses of host to a dial as they arrive. The query belongs to the goroutine
// of the poller, on which it starts and completes.
func (r *Resolver) parts(network, host string, deliver func(addrs []netip.Addr, more bool, err error)) (cancel func()) {
	family := families[network]
	answer, err := r.Host.Try(host, family)
	if !errors.Is(err, resolve.ErrWouldBlock) {
		if err != nil {
			err = dnsError(host, err)
		}
		deliver(answer.Addrs(), false, err)
		return nil
	}
	query := &resolve.HostQuery{
		Name: host, Family: family, Deadline: time.Now().Add(resolveTimeout), Inbox: r.inbox,
		Partial: func(a resolve.Answer) { deliver(a.AppendAddrs(nil), true, nil) },
		Done: func(_ resolve.HostAnswer, err error) {
			if err != nil {
				err = dnsError(host, err)
			}
			deliver(nil, false, err)
		},
	}
	r.start(query, deliver)
	return query.Cancel
}
