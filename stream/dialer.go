package stream

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"time"
)

// Resolve turns a host name into addresses, best first. It suspends its caller as it sees fit, until ctx is done at the latest.
type Resolve = func(ctx context.Context, host string) ([]netip.Addr, error)

// ErrNoAddress is returned when a host has no address of the network that was asked for.
var ErrNoAddress = errors.New("stream: no suitable address")

// attemptShareMin is the least time that one of several addresses gets, unless less is left.
const attemptShareMin = 2 * time.Second

// Dialer opens connections. Waiter must be set; all else may be zero. Its methods may be used by any number of callers at once, and its fields
// must not change meanwhile.
//
// Addresses are tried one after the other, the families alternating, each with its share of the time that is left. They are not
// raced: an address that does not answer uses up its share before the next one is tried. So without a deadline a black hole costs the
// kernel's own limit, about two minutes on Linux.
type Dialer struct {
	// Waiter suspends the caller while connecting, and later the callers of the connection.
	Waiter Waiter

	// Resolve is asked for host names. Without it only literal addresses are understood.
	Resolve Resolve

	// Timeout bounds a whole dial, with resolving; zero does not. The context's deadline bounds it as well.
	Timeout time.Duration

	// Nagle leaves TCP_NODELAY off. Package net turns it on, and so does Dialer otherwise.
	Nagle bool

	// KeepAlive makes the kernel ask silent peers whether they are there.
	KeepAlive bool
}

// DialContext connects to address, "host:port" with a numeric port, in network "tcp", "tcp4" or "tcp6". An empty host is the loopback interface.
// In network "unix" it is ConnectUnix to the name that address is. In the networks of datagrams, "udp", "udp4", "udp6" and "unixgram", it is ConnectUDP
// or ConnectUnixDatagram, and the connection a *PacketConn.
// It fits http.Transport.DialContext. The connection is a *Conn; when an error is returned there is none, and no descriptor is left open.
//
// Cancelling ctx ends the dial with an error that is ctx.Err(); afterwards it does nothing to the connection. An error is a *net.OpError,
// or, when several addresses failed, one that joins one for each. A timeout is context.DeadlineExceeded as well as os.ErrDeadlineExceeded.
func (d *Dialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	if network == networkUnix {
		c, err := d.ConnectUnix(ctx, address)
		if err != nil {
			return nil, err
		}
		return c, nil
	}
	if dialsPackets(network) {
		return d.dialPacket(ctx, network, address)
	}
	if err := checkNetwork(network); err != nil {
		return nil, &net.OpError{Op: "dial", Net: network, Err: err}
	}
	ctx, cancel := d.limit(ctx)
	defer cancel()
	addrs, err := d.lookup(ctx, network, address)
	if err != nil {
		return nil, &net.OpError{Op: "dial", Net: network, Err: err}
	}
	c, err := d.connect(ctx, interleave(addrs))
	if err != nil {
		return nil, err
	}
	return c, nil
}

// Connect connects to the first of addrs that answers, trying them in order, with the promises of DialContext.
func (d *Dialer) Connect(ctx context.Context, addrs ...netip.AddrPort) (*Conn, error) {
	if len(addrs) == 0 {
		return nil, &net.OpError{Op: "dial", Net: network, Err: ErrNoAddress}
	}
	ctx, cancel := d.limit(ctx)
	defer cancel()
	return d.connect(ctx, addrs)
}

func (d *Dialer) limit(ctx context.Context) (context.Context, context.CancelFunc) {
	if d.Timeout <= 0 {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, d.Timeout)
}

func (d *Dialer) connect(ctx context.Context, addrs []netip.AddrPort) (*Conn, error) {
	var failed []error
	for i, addr := range addrs {
		c, err := d.attempt(ctx, addr, share(ctx, len(addrs)-i))
		if err == nil {
			return c, nil
		}
		failed = append(failed, opError("dial", nil, netAddr(addr), err))
		if ctx.Err() != nil {
			break
		}
	}
	if len(failed) == 1 {
		return nil, failed[0]
	}
	return nil, errors.Join(failed...)
}

// share returns until when the first of left addresses is tried.
func share(ctx context.Context, left int) time.Time {
	deadline, ok := ctx.Deadline()
	if !ok {
		return time.Time{}
	}
	remaining := time.Until(deadline)
	part := remaining / time.Duration(left)
	if part < attemptShareMin {
		part = min(attemptShareMin, remaining)
	}
	if part == remaining {
		return deadline
	}
	return time.Now().Add(part)
}

func (d *Dialer) lookup(ctx context.Context, network, address string) ([]netip.AddrPort, error) {
	host, service, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	port, err := strconv.ParseUint(service, 10, 16)
	if err != nil {
		return nil, &net.AddrError{Err: "port is not a number below 65536", Addr: address}
	}
	ips, err := d.addresses(ctx, host)
	if err != nil {
		return nil, err
	}
	var addrs []netip.AddrPort
	for _, ip := range ips {
		ip = ip.Unmap()
		if network == "tcp" || network == "tcp4" && ip.Is4() || network == "tcp6" && ip.Is6() {
			addrs = append(addrs, netip.AddrPortFrom(ip, uint16(port)))
		}
	}
	if len(addrs) == 0 {
		return nil, fmt.Errorf("%s: %w", address, ErrNoAddress)
	}
	return addrs, nil
}

func (d *Dialer) addresses(ctx context.Context, host string) ([]netip.Addr, error) {
	if host == "" {
		return []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1}), netip.IPv6Loopback()}, nil
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{ip}, nil
	}
	if d.Resolve == nil {
		return nil, &net.DNSError{Err: "not a literal address, and the Dialer has no Resolve", Name: host, IsNotFound: true}
	}
	ips, err := d.Resolve(ctx, host)
	if err != nil {
		return nil, done(ctx, err)
	}
	return ips, nil
}

func checkNetwork(network string) error {
	switch network {
	case "tcp", "tcp4", "tcp6":
		return nil
	}
	return net.UnknownNetworkError(network)
}

// interleave makes the families alternate, beginning with that of the first address and keeping the order within each (RFC 8305, 4).
func interleave(addrs []netip.AddrPort) []netip.AddrPort {
	var first, second []netip.AddrPort
	for _, a := range addrs {
		if a.Addr().Is4() == addrs[0].Addr().Is4() {
			first = append(first, a)
		} else {
			second = append(second, a)
		}
	}
	mixed := make([]netip.AddrPort, 0, len(addrs))
	for i := range max(len(first), len(second)) {
		if i < len(first) {
			mixed = append(mixed, first[i])
		}
		if i < len(second) {
			mixed = append(mixed, second[i])
		}
	}
	return mixed
}
