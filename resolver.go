package edgewise

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"time"

	"github.com/edgewise-go/edgewise/resolve"
	"github.com/edgewise-go/edgewise/sched"
)

// Bounds of the resolver.
const (
	resolveWorkers  = 8
	resolveQueueMax = 1024
	resolveTimeout  = 15 * time.Second
)

// Resolver resolves host names for tasks and goroutines. Its methods have the signatures of those
// of net.Resolver.
type Resolver struct {
	host   resolve.Host
	poller *sched.Poller
	inbox  *resolve.Inbox // run by the poller, which no task can hold
}

// resolver makes the strategy that o selects, with what surrounds it.
func (o Options) resolver() (resolve.Strategy, error) {
	if o.Resolver != nil {
		return o.Resolver, nil
	}
	base, err := resolve.ByName(o.Resolve, resolve.System{}.Lookup, resolve.PoolOptions{Workers: resolveWorkers, MaxQueued: resolveQueueMax})
	if err != nil {
		return nil, &OptionError{Option: "Resolve", Value: o.Resolve, Err: err}
	}
	cache, err := resolve.NewCache(resolve.CacheOptions{}, resolve.NewCoalesce(0, base))
	if err != nil {
		return nil, errors.Join(err, base.Close())
	}
	// The hosts file of Windows has no line for localhost, and name servers must not be asked for
	// it (RFC 6761, section 6.3).
	loopback := map[string][]netip.Addr{"localhost": {netip.IPv6Loopback(), netip.AddrFrom4([4]byte{127, 0, 0, 1})}}
	static, err := resolve.NewStatic(loopback, cache)
	if err != nil {
		return nil, errors.Join(err, cache.Close())
	}
	path := o.HostsPath
	if path == "" {
		path = resolve.DefaultHostsPath()
	}
	failed := o.HostsFailed
	if failed == nil {
		failed = func(err error) { o.Logger.Warn("hosts file not read", "error", err) }
	}
	hosts, err := resolve.NewHostsFile(resolve.HostsOptions{Path: path, Failed: failed}, static)
	if err != nil {
		return nil, errors.Join(&OptionError{Option: "HostsPath", Value: path, Err: err}, cache.Close())
	}
	return resolve.NewLiteral(hosts), nil
}

// Resolver returns the resolver of s.
func (s *Stack) Resolver() *Resolver { return s.resolver }

// LookupNetIP returns the addresses of host in network, which is "ip", "ip4" or "ip6". An error is
// a *net.DNSError. A lookup ends with ctx, and after 15 seconds at the latest.
func (r *Resolver) LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error) {
	family, ok := families[network]
	if !ok {
		return nil, &net.DNSError{Err: "unknown network " + network, Name: host}
	}
	ctx, cancel := context.WithTimeout(ctx, resolveTimeout)
	defer cancel()
	answer, err := r.host.Lookup(ctx, host, family)
	if err != nil {
		return nil, dnsError(host, err)
	}
	return answer.Addrs(), nil
}

// lookup is for stream.ListenConfig, and for dialers if the lookup must block its caller.
func (r *Resolver) lookup(ctx context.Context, host string) ([]netip.Addr, error) {
	return r.LookupNetIP(ctx, "ip", host)
}

// LookupHost returns the addresses of host as text. It fits pgx's LookupFunc.
func (r *Resolver) LookupHost(ctx context.Context, host string) ([]string, error) {
	addrs, err := r.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, err
	}
	texts := make([]string, len(addrs))
	for i, a := range addrs {
		texts[i] = a.String()
	}
	return texts, nil
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
	err := r.poller.Post(func() { r.host.Start(query) })
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
	answer, err := r.host.Try(host, family)
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
