package stream

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
)

// splitAddress returns the host and the port of an address of TCP or UDP.
func splitAddress(ctx context.Context, network, address string) (host string, port uint16, err error) {
	host, service, err := net.SplitHostPort(address)
	if err != nil {
		return "", 0, err
	}
	port, err = portOf(ctx, network, service)
	return host, port, err
}

// portOf returns the number of a port that is a number, the name of a service, or empty. The first
// name makes the process read the system's list of services, if it has one (services(5)).
func portOf(ctx context.Context, network, service string) (uint16, error) {
	// A resolver of the C library would block a thread, and possibly ask a server.
	r := net.Resolver{PreferGo: true}
	port, err := r.LookupPort(ctx, network, service)
	return uint16(port), err
}

// literal returns the addresses of a host that needs no resolver.
func literal(host string) ([]netip.Addr, bool) {
	if host == "" {
		return []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1}), netip.IPv6Loopback()}, true
	}
	ip, err := netip.ParseAddr(host)
	if ip == netip.IPv6Unspecified() {
		// As in package net: a listener on "::" may cover IPv4 too, and yet a machine may have
		// nothing to connect to at "::".
		return []netip.Addr{ip, netip.IPv4Unspecified()}, true
	}
	return []netip.Addr{ip}, err == nil
}

// addresses returns the addresses of host that f passes.
func (f *filter) addresses(ctx context.Context, host string, lookup func(ctx context.Context, host string) ([]netip.Addr, error)) ([]netip.Addr, error) {
	ips, known := literal(host)
	if !known {
		var err error
		if ips, err = lookup(ctx, host); err != nil {
			return nil, lookupError(ctx, host, err)
		}
		if len(ips) == 0 {
			return nil, withoutAddresses(host)
		}
	}
	if ips = f.pass(ips); len(ips) == 0 {
		return nil, f.none(host)
	}
	return ips, nil
}

// withoutAddresses returns the error for a host that has no addresses at all.
func withoutAddresses(host string) error {
	return &net.DNSError{UnwrapErr: ErrNoAddress, Err: noSuchHost, Name: host, IsNotFound: true}
}

// lookup resolves host through Resolve.
func (d *Dialer) lookup(ctx context.Context, host string) ([]netip.Addr, error) {
	switch {
	case d.Resolve != nil:
		return d.Resolve(ctx, host)
	case d.ResolveParts != nil:
		return nil, fmt.Errorf("stream: ResolveParts needs a Waiter that is a Selector: %w", errors.ErrUnsupported)
	}
	return nil, noResolver(host, "Dialer.Resolve")
}

// noResolver is the error of a host name if field, which would resolve it, is nil.
func noResolver(host, field string) error {
	return &net.DNSError{Err: "not a literal address and " + field + " is nil", Name: host, IsNotFound: true}
}

// delivery collects what ResolveParts delivers to a race, from any goroutine.
type delivery struct {
	wake   func()
	cancel func() // called only by the race

	mu     sync.Mutex // guards all below
	filter filter
	parts  [][]netip.Addr // not taken yet
	any    bool           // addresses were delivered, even if none passed
	over   bool
	err    error
}

func (d *delivery) deliver(addrs []netip.Addr, more bool, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.over {
		return
	}
	d.any = d.any || len(addrs) > 0
	if part := d.filter.pass(addrs); len(part) > 0 {
		d.parts = append(d.parts, part)
	}
	if err != nil {
		d.err = err
	}
	d.over = !more
	d.wake()
}

// take returns what has arrived since the last call, and whether the last delivery has been made.
func (d *delivery) take() (parts [][]netip.Addr, over bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	parts, d.parts = d.parts, nil
	return parts, d.over
}

// end ignores later deliveries and calls cancel.
func (d *delivery) end() {
	d.mu.Lock()
	d.over = true
	d.mu.Unlock()
	if d.cancel != nil {
		d.cancel()
	}
}

// failure returns the reason why no address of host was delivered.
func (d *delivery) failure(ctx context.Context, host string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.err != nil:
		return lookupError(ctx, host, d.err)
	case d.any:
		return d.filter.none(host)
	}
	return withoutAddresses(host)
}

// resolverNetwork returns the name that resolvers use for network.
func resolverNetwork(network string) string { return "ip" + network[len("tcp"):] }
