package stream

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"sync"
)

// splitAddress returns the host and the port of a TCP address.
func splitAddress(network, address string) (host string, port uint16, err error) {
	switch network {
	case "tcp", "tcp4", "tcp6":
	default:
		return "", 0, net.UnknownNetworkError(network)
	}
	host, service, err := net.SplitHostPort(address)
	if err != nil {
		return "", 0, err
	}
	n, err := strconv.ParseUint(service, 10, 16)
	if err != nil {
		return "", 0, &net.AddrError{Err: "invalid port: want 0 to 65535", Addr: address}
	}
	return host, uint16(n), nil
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

// addresses returns the addresses of host in network. The result may be empty.
func (d *Dialer) addresses(ctx context.Context, network, host string) ([]netip.Addr, error) {
	ips, known := literal(host)
	if !known {
		var err error
		if ips, err = d.lookup(ctx, host); err != nil {
			return nil, err
		}
	}
	f := filter{network: network}
	return f.pass(ips), nil
}

// lookup resolves host through Resolve.
func (d *Dialer) lookup(ctx context.Context, host string) ([]netip.Addr, error) {
	switch {
	case d.Resolve != nil:
		ips, err := d.Resolve(ctx, host)
		if err != nil {
			return nil, done(ctx, err)
		}
		return ips, nil
	case d.ResolveParts != nil:
		return nil, fmt.Errorf("stream: resolve %s: ResolveParts needs a Waiter that is a Selector: %w", host, errors.ErrUnsupported)
	}
	return nil, &net.DNSError{Err: "not a literal address and Dialer.Resolve is nil", Name: host, IsNotFound: true}
}

// delivery collects what ResolveParts delivers to a race, from any goroutine.
type delivery struct {
	wake   func()
	cancel func() // called only by the race

	mu     sync.Mutex // guards all below
	filter filter
	parts  [][]netip.Addr // not taken yet
	over   bool
	err    error
}

func (d *delivery) deliver(addrs []netip.Addr, more bool, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.over {
		return
	}
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

func (d *delivery) failure() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.err
}

// resolverNetwork returns the name that resolvers use for network.
func resolverNetwork(network string) string { return "ip" + network[len("tcp"):] }
