package stream

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"
)

// Resolve turns a host name into addresses, best first. It suspends its caller as it sees fit,
// until ctx is done at the latest.
type Resolve = func(ctx context.Context, host string) ([]netip.Addr, error)

// ErrNoAddress is returned when a host has no address of the network that was asked for.
var ErrNoAddress = errors.New("stream: no suitable address")

// ResolveParts starts to turn a host name into addresses, and returns at once. Network says which
// are wanted: "ip", "ip4" or "ip6".
//
// deliver is given addresses as they arrive, best first, usually those of one family at a time; it
// copies them, and may be called from any goroutine, also before ResolveParts returns. The call
// with more false is the last one, and later ones do nothing. err says why addresses are missing;
// the dial fails with it if it has got none at all. cancel, if it is not nil, is called once by the
// caller of the dial when that needs no more, also after the last delivery.
type ResolveParts = func(network, host string, deliver func(addrs []netip.Addr, more bool, err error)) (cancel func())

// The delays of RFC 8305, section 8, which zero in a [Dialer] stands for, and the least one between
// attempts.
const (
	DefaultResolutionDelay = 50 * time.Millisecond
	DefaultAttemptDelay    = 250 * time.Millisecond

	attemptDelayMin = 10 * time.Millisecond
)

// The bounds of one dial, which the comment of [Dialer] has as well: addresses of each family that
// a resolver delivers, and attempts at a time.
const (
	addressesMax = 64
	attemptsMax  = 16
)

// Dialer opens connections. Waiter must be set; all else may be zero. Its methods may be used by
// any number of callers at once, and its fields must not change meanwhile.
//
// Several addresses are raced, if Waiter is a [Selector], as RFC 8305 says: the families alternate,
// an attempt that has not answered is joined by the next after AttemptDelay, one that fails by the
// next at once, the first connection wins, and the others are closed before the dial returns. At
// most 16 attempts run at a time: the next then starts when one ends. A resolver's addresses are
// tried up to 64 of each family, and the rest passed over. All this is done by the caller,
// suspended, without a goroutine.
//
// IPv6 is first of the families if a resolver delivers them one by one, and otherwise that of the
// first address. An address that is delivered while attempts run joins them.
//
// With a Waiter that is no Selector, addresses are tried one after the other, each with its share
// of the time that is left, 2 seconds at least: one that does not answer uses it up, and without a
// deadline a black hole costs the kernel's own limit, about two minutes on Linux.
type Dialer struct {
	// Waiter suspends the caller while connecting, and later the callers of the connection.
	Waiter Waiter

	// Resolve is asked for host names. Without it and ResolveParts only literal addresses are
	// understood.
	Resolve Resolve

	// ResolveParts is asked instead of Resolve where Waiter is a Selector; where it is not, and
	// there is no Resolve, a dial of a host name fails with an error that is errors.ErrUnsupported.
	ResolveParts ResolveParts

	// ResolutionDelay is how long IPv4 addresses that have come wait for IPv6 ones;
	// DefaultResolutionDelay if zero, not at all if negative. They do not wait longer than the
	// resolver needs, and IPv6 addresses do not wait.
	ResolutionDelay time.Duration

	// AttemptDelay is how long an attempt has to answer before the next one joins it;
	// DefaultAttemptDelay if zero, 10 ms at least. If it is negative, the next one starts when the
	// one before has failed, and addresses are not raced.
	AttemptDelay time.Duration

	// Timeout bounds a whole dial, with resolving; zero does not. The context's deadline bounds it
	// as well.
	Timeout time.Duration

	// Nagle leaves TCP_NODELAY off. Package net turns it on, and so does Dialer otherwise.
	Nagle bool

	// KeepAlive makes the kernel ask silent peers whether they are there, with the times of
	// ListenOptions.KeepAlive.
	KeepAlive bool
}

// DialContext connects to address, "host:port" with a numeric port, in network "tcp", "tcp4" or
// "tcp6". An empty host is the loopback interface. In network "unix" it is ConnectUnix to the name
// that address is. In the networks of datagrams, "udp", "udp4", "udp6" and "unixgram", it is
// ConnectUDP or ConnectUnixgram, and the connection a *PacketConn. It fits
// http.Transport.DialContext. The connection is a *Conn; when an error is returned there is none,
// and no descriptor is left open.
//
// Canceling ctx ends the dial with an error that is ctx.Err(); afterwards it does nothing to the
// connection. An error is a *net.OpError, or, when several attempts were made, one that joins one
// for each in the order of their start. A timeout is context.DeadlineExceeded as well as
// os.ErrDeadlineExceeded.
//
// In networks "tcp4" and "tcp6" only addresses of that family are asked for and tried.
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

// Connect connects to the first of addrs that answers, with the promises of DialContext. It takes
// them in the order in which they are given, whatever their families.
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

// connect races the candidates if there are several and the Waiter can.
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
