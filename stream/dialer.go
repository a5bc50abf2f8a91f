package stream

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"
)

// Resolve turns a host name into addresses, best first. It may suspend its caller, but not for
// longer than ctx lasts.
type Resolve = func(ctx context.Context, host string) ([]netip.Addr, error)

// ErrNoAddress is returned if a host has no address in the requested network.
var ErrNoAddress = errors.New("stream: no suitable address")

// ResolveParts starts to turn a host name into addresses, and returns at once. network is "ip",
// "ip4" or "ip6" and selects the families.
//
// ResolveParts passes addresses to deliver as they arrive, best first and usually one family per
// call. deliver copies them. Any goroutine may call deliver, even before ResolveParts returns. The
// call with more set to false is the last one; later calls do nothing. err reports why addresses
// are missing. If no address arrives at all, the dial fails with err.
//
// If cancel is not nil, the caller of the dial calls it once when it needs no more addresses. That
// may be after the last delivery.
type ResolveParts = func(network, host string, deliver func(addrs []netip.Addr, more bool, err error)) (cancel func())

// Delays of RFC 8305, section 8, which a zero field of [Dialer] selects, and the minimum delay
// between attempts.
const (
	DefaultResolutionDelay = 50 * time.Millisecond
	DefaultAttemptDelay    = 250 * time.Millisecond

	attemptDelayMin = 10 * time.Millisecond
)

// Bounds of one dial, which the comment of [Dialer] repeats: addresses per family from a resolver,
// and concurrent attempts.
const (
	addressesMax = 64
	attemptsMax  = 16
)

// Dialer opens connections. Waiter must be set, or a dial returns [ErrNoWaiter]; all other fields
// may be zero. Any number of callers may use its methods at once. Its fields must not change
// meanwhile.
//
// If Waiter is a [Selector], the Dialer races several addresses as described in RFC 8305:
//
//   - The families alternate.
//   - If an attempt has no outcome after AttemptDelay, the next attempt joins it. If one fails, the
//     next starts at once.
//   - The first connection wins. The dial closes the others before it returns.
//   - At most 16 attempts run at once. The next one then starts when another ends.
//   - The dial tries up to 64 addresses of each family from a resolver and ignores the rest.
//
// The suspended caller does all this without a goroutine.
//
// IPv6 goes first if a resolver delivers the families one by one. Otherwise the family of the first
// address does. An address that is delivered while attempts run joins them.
//
// If Waiter is not a Selector, the Dialer tries addresses in sequence. Each gets its share of the
// remaining time, at least 2 seconds, and an address that does not answer uses it up. Without a
// deadline, a black hole takes the kernel's own limit, about two minutes on Linux.
type Dialer struct {
	// Waiter suspends the caller of a dial, and later the callers of the connection.
	Waiter Waiter

	// Resolve looks up host names. Without it and ResolveParts, only literal addresses work.
	Resolve Resolve

	// ResolveParts replaces Resolve if Waiter is a Selector. If Waiter is not one and Resolve is
	// nil, the dial of a host name fails with an error that is errors.ErrUnsupported.
	ResolveParts ResolveParts

	// ResolutionDelay is how long IPv4 addresses wait for IPv6 ones. Zero means
	// DefaultResolutionDelay, and a negative value means no wait. IPv4 addresses do not wait for
	// longer than the resolver needs. IPv6 addresses do not wait.
	ResolutionDelay time.Duration

	// AttemptDelay is how long an attempt runs before the next one joins it. Zero means
	// DefaultAttemptDelay, and the minimum is 10 ms. If it is negative, addresses are not raced:
	// the next attempt starts after the previous one has failed.
	AttemptDelay time.Duration

	// Timeout limits a whole dial, resolving included. Zero means no limit. The deadline of the
	// context applies too.
	Timeout time.Duration

	// Nagle leaves TCP_NODELAY off. By default the Dialer turns it on, as package net does.
	Nagle bool

	// KeepAlive makes the kernel probe silent peers, with the times of ListenOptions.KeepAlive.
	KeepAlive bool
}

// DialContext connects to address and returns a *Conn or a *PacketConn. It fits
// http.Transport.DialContext. After an error no connection exists and no descriptor is left open.
//
//   - In networks "tcp", "tcp4" and "tcp6", address is "host:port" with a numeric port. An empty
//     host means the loopback interface.
//   - In network "unix", DialContext is ConnectUnix with address as the name.
//   - In networks "udp", "udp4" and "udp6", it is ConnectUDP and returns a *PacketConn.
//   - In network "unixgram", it is ConnectUnixgram and returns a *PacketConn.
//
// If ctx is canceled, the dial ends with an error that is ctx.Err(). A cancellation after the dial
// does not affect the connection. An error is a *net.OpError. If several attempts were made, it
// joins their errors in the order in which they started. A timeout is both context.DeadlineExceeded
// and os.ErrDeadlineExceeded.
//
// In networks "tcp4" and "tcp6" the dial looks up and tries only addresses of that family.
func (d *Dialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	if dialsPackets(network) {
		return d.dialPacket(ctx, network, address)
	}
	var c *Conn
	var err error
	if network == networkUnix {
		c, err = d.ConnectUnix(ctx, address)
	} else {
		c, err = d.dial(ctx, network, address)
	}
	if err != nil {
		return nil, err
	}
	return c, nil
}

// Connect connects to the first of addrs that answers, with the promises of DialContext. It tries
// addrs in the given order, whatever their families.
func (d *Dialer) Connect(ctx context.Context, addrs ...netip.AddrPort) (*Conn, error) {
	if len(addrs) == 0 {
		return nil, &net.OpError{Op: "dial", Net: network, Err: ErrNoAddress}
	}
	ctx, cancel := d.limit(ctx)
	defer cancel()
	var left candidates
	left.inOrder(addrs)
	return d.connect(ctx, network, left)
}

func (d *Dialer) limit(ctx context.Context) (context.Context, context.CancelFunc) {
	if d.Timeout <= 0 {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, d.Timeout)
}

func (d *Dialer) dial(ctx context.Context, network, address string) (*Conn, error) {
	host, port, err := splitAddress(network, address)
	if err != nil {
		return nil, &net.OpError{Op: "dial", Net: network, Err: err}
	}
	ctx, cancel := d.limit(ctx)
	defer cancel()
	selector, selects := d.Waiter.(Selector)
	if _, known := literal(host); !known && selects && d.ResolveParts != nil {
		r := newRace(d, ctx, network, selector)
		defer r.end()
		r.resolve(host, port)
		return r.run()
	}
	ips, err := d.addresses(ctx, network, host)
	if err == nil && len(ips) == 0 {
		err = noAddress(address)
	}
	if err != nil {
		return nil, &net.OpError{Op: "dial", Net: network, Err: err}
	}
	var left candidates
	left.add(ips, port)
	return d.connect(ctx, network, left)
}

// connect races the candidates if there are several and the Waiter is a Selector.
func (d *Dialer) connect(ctx context.Context, network string, left candidates) (*Conn, error) {
	selector, selects := d.Waiter.(Selector)
	if !selects || left.len() == 1 {
		return d.tryEach(ctx, left)
	}
	r := newRace(d, ctx, network, selector)
	defer r.end()
	r.left = left
	return r.run()
}

func noAddress(address string) error { return fmt.Errorf("%s: %w", address, ErrNoAddress) }
