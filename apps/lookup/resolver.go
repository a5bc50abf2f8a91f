package main

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/edgewise-go/edgewise"
	"github.com/edgewise-go/edgewise/apps/internal/cli"
	"github.com/edgewise-go/edgewise/resolve"
	"github.com/edgewise-go/edgewise/resolve/evented"
	"github.com/edgewise-go/edgewise/resolve/stub"
	"github.com/edgewise-go/edgewise/resolve/sysconfig"
)

// The resolver strategies.
const (
	resolveAdaptive = "adaptive"
	resolveEvented  = "evented"
	resolvePool     = "pool"
	resolveBlocking = "blocking"
)

func resolvers() []string {
	return []string{resolveAdaptive, resolveBlocking, resolvePool, resolveEvented}
}

// workersMax bounds the goroutines of -resolve pool.
const workersMax = 256

// timeoutShare is the part of a name's time that one suffix of the search list does not get. If no
// server answers, the lookup then ends with the error of the resolver, which names the server.
const timeoutShare = 20

// system reports whether the resolver of package net answers. It has a search list of its own.
func (c *config) system() bool { return c.resolve == resolvePool || c.resolve == resolveBlocking }

// searches reports whether names are completed with a search list.
func (c *config) searches() bool { return c.kind == 0 && !c.noSearch && !c.system() }

// needsSettings reports whether the machine's configuration matters.
func (c *config) needsSettings() bool {
	return !c.system() && (len(c.servers) == 0 || c.searches() && c.search == nil)
}

// resolver is the strategy of a run, and what surrounds it.
type resolver struct {
	host    resolve.Host
	watcher *sysconfig.Watcher // nil if the machine's configuration does not matter
	servers *evented.Resolver  // nil if the resolver of package net answers
	cache   *resolve.Cache     // nil without one
}

// newResolver makes the resolver. warn prints a warning. tracer may be nil.
func newResolver(c *config, stack *edgewise.Stack, tracer *tracer, warn func(error)) (*resolver, error) {
	r := &resolver{}
	if c.needsSettings() {
		if err := r.readSettings(c, warn); err != nil {
			return nil, err
		}
	}
	base, err := r.base(c, stack, tracer)
	if err != nil {
		return nil, err
	}
	s, err := r.surround(c, tracer.below(c, base), warn)
	if err != nil {
		return nil, errors.Join(err, base.Close())
	}
	s = resolve.NewLiteral(resolve.NewSpecial(resolve.SpecialOptions{}, s))
	r.host = resolve.Host{Strategy: tracer.above(s), Source: sysconfig.SourceOf, Search: r.searchOf(c)}
	return r, nil
}

// surround puts the cache and the hosts file in front of s.
func (r *resolver) surround(c *config, s resolve.Strategy, warn func(error)) (resolve.Strategy, error) {
	if !c.noCache {
		var err error
		if s, err = r.withCache(c, s); err != nil {
			return nil, err
		}
	}
	if c.kind != 0 || c.noHosts {
		return s, nil
	}
	return withHosts(c, s, warn)
}

// base makes the strategy that asks the servers.
func (r *resolver) base(c *config, stack *edgewise.Stack, tracer *tracer) (resolve.Strategy, error) {
	switch c.resolve {
	case resolvePool:
		return resolve.NewPool(resolve.System{}.Lookup, resolve.PoolOptions{Workers: min(c.inFlight, workersMax), MaxQueued: 2 * c.inFlight})
	case resolveBlocking:
		return resolve.NewBlocking(resolve.System{}.Lookup), nil
	}
	o := evented.Options{Servers: c.servers, Dial: stack.DialContext, Stub: stub.Options{
		Timeout: c.timeout, Streams: c.tcp, MixCase: c.mixCase, Trace: tracer.event(),
	}}
	if c.searches() {
		o.Stub.Timeout -= c.timeout / timeoutShare
	}
	if r.watcher != nil {
		s := r.watcher.Current()
		if len(c.servers) == 0 {
			o.System = r.watcher
		}
		if s.NoAAAA && c.family == resolve.FamilyBoth {
			c.family = resolve.FamilyV4
		}
	}
	var err error
	r.servers, err = evented.New(o)
	if err != nil {
		return nil, err
	}
	if c.resolve != resolveAdaptive || len(c.servers) > 0 || c.conf != "" || c.kind != 0 {
		return r.servers, nil // the user has chosen the servers, which the system does not ask, or asks the DNS itself
	}
	pool, err := resolve.NewPool(resolve.System{}.Lookup, resolve.PoolOptions{Workers: min(c.inFlight, workersMax), MaxQueued: 2 * c.inFlight})
	if err != nil {
		return nil, errors.Join(err, r.servers.Close())
	}
	return resolve.NewAdaptive(resolve.AdaptiveOptions{
		Routes:      []resolve.Route{{Name: resolveEvented, Strategy: r.servers, Records: true}, {Name: resolvePool, Strategy: pool, System: true}},
		NeedsSystem: func(q resolve.Question) (bool, string) { return r.watcher.Current().NameNeedsSystem(q.Name) },
	})
}

func (r *resolver) readSettings(c *config, warn func(error)) error {
	if c.conf != "" {
		// Without the file the defaults would apply, which is not what the user asked for.
		if _, err := os.Stat(c.conf); err != nil {
			return cli.Usagef("-resolv-conf: %w", err)
		}
	}
	w, err := sysconfig.NewWatcher(sysconfig.Options{ResolvConf: c.conf})
	switch {
	case err != nil && c.conf != "":
		return cli.Usagef("-resolv-conf %s: %w", c.conf, err)
	case err != nil:
		return fmt.Errorf("%w: give another file with -resolv-conf, or -server ADDR with -no-search", err)
	}
	for _, text := range w.Current().Warnings {
		warn(fmt.Errorf("%s", text))
	}
	r.watcher = w
	return nil
}

// withCache puts a cache in front of s. Equal questions that are in flight together are asked once.
func (r *resolver) withCache(c *config, s resolve.Strategy) (resolve.Strategy, error) {
	o := resolve.CacheOptions{}
	if r.watcher != nil && len(c.servers) == 0 {
		o.Generation = r.watcher.Generation
	}
	// Two questions per name, and as many again for those that the search list has replaced.
	cache, err := resolve.NewCache(o, resolve.NewCoalesce(4*c.inFlight, s))
	if err != nil {
		return nil, err
	}
	r.cache = cache
	return cache, nil
}

func withHosts(c *config, s resolve.Strategy, warn func(error)) (resolve.Strategy, error) {
	o := resolve.HostsOptions{Path: c.hosts, Failed: func(err error) {
		warn(fmt.Errorf("using the readable part of the hosts file: %w", err))
	}}
	if o.Path == "" {
		o.Path = resolve.DefaultHostsPath()
	} else if _, err := os.Stat(o.Path); err != nil {
		return nil, cli.Usagef("-hosts: %w", err)
	}
	return resolve.NewHostsFile(o, s)
}

// searchOf returns the search list of a host lookup, or nil if names are absolute.
func (r *resolver) searchOf(c *config) func() resolve.Search {
	switch {
	case !c.searches():
		return nil
	case c.search != nil:
		list := resolve.Search{Suffixes: c.search, Ndots: sysconfig.DefaultNdots}
		return func() resolve.Search { return list }
	}
	return func() resolve.Search { return r.watcher.Current().HostSearch() }
}

// close ends the resolver and its goroutines.
func (r *resolver) close() error {
	err := r.host.Strategy.Close()
	if r.servers != nil {
		r.servers.Wait()
	}
	return err
}

// deadline returns when a lookup that begins now is given up. It returns zero if the resolver does
// that: a lookup without a search list asks each question once.
func (c *config) deadline() time.Time {
	if c.searches() || c.system() {
		return time.Now().Add(c.timeout)
	}
	return time.Time{}
}
