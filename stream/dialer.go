package stream

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"syscall"
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

	// KeepAlive is the time of silence after which the kernel probes the peer of a TCP connection.
	// Zero means 15 seconds, and a negative time turns probes off. ListenOptions.KeepAlive
	// documents the rest.
	KeepAlive time.Duration

	// KeepAliveConfig replaces KeepAlive if its field Enable is true.
	KeepAliveConfig net.KeepAliveConfig

	// MultipathTCP offers Multipath TCP (RFC 8684) to the peers of TCP, on Linux. A system that
	// lacks or refuses it uses TCP, and so does a connection whose peer lacks it.
	MultipathTCP bool

	// LocalAddr is the local address of a connection, as for a net.Dialer: a *net.TCPAddr,
	// *net.UDPAddr or *net.UnixAddr that suits the network. A zero port, an empty IP or an
	// unspecified one leaves the choice to the kernel. Only remote addresses of its family are
	// tried. The path of a *net.UnixAddr stays after Close.
	LocalAddr net.Addr

	// Control, if set, is called for each new socket before it is bound or connected, as for a
	// net.Dialer: with a network such as "tcp4", "udp6" or "unix", and the remote address. An error
	// ends the attempt.
	//
	// The caller of the dial calls it, so it must not block. Only the method Control of c works,
	// and only until the function returns. The function must neither close the handle nor make it
	// blocking.
	Control func(network, address string, c syscall.RawConn) error

	// ControlContext replaces Control if it is set. Its context is that of the dial.
	ControlContext func(ctx context.Context, network, address string, c syscall.RawConn) error
}

// dialing is one dial: a Dialer, and what the caller of the dial has passed.
type dialing struct {
	*Dialer
	ctx     context.Context
	network string // as in errors
	from    origin
}

// DialContext connects to address and returns a *Conn or a *PacketConn. It fits
// http.Transport.DialContext. After an error no connection exists and no descriptor is left open.
//
//   - In networks "tcp", "tcp4" and "tcp6", address is "host:port". An empty host means the
//     loopback interface. The port may be the name of a service. The first such name makes the
//     process read the system's list of services.
//   - In network "unix", DialContext is ConnectUnix with address as the name. In "unixpacket" the
//     socket transfers records (SOCK_SEQPACKET): Write sends one, and Read receives one and
//     discards what exceeds its buffer. macOS and Windows lack that network.
//   - In networks "udp", "udp4" and "udp6", it is ConnectUDP and returns a *PacketConn.
//   - In network "unixgram", it is ConnectUnixgram and returns a *PacketConn.
//
// If ctx is canceled, the dial ends with an error that is ctx.Err(). A cancellation after the dial
// does not affect the connection. An error is a *net.OpError with the text that package net has for
// the same cause. If several attempts were made, it joins their errors in the order in which they
// started. A timeout is both context.DeadlineExceeded and os.ErrDeadlineExceeded.
//
// In networks "tcp4" and "tcp6" the dial looks up and tries only addresses of that family.
func (d *Dialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	ctx, cancel := d.limit(ctx)
	defer cancel()
	one := &dialing{Dialer: d, ctx: ctx, network: network}
	switch network {
	case "tcp", "tcp4", "tcp6":
		return asConn(one.tcp(address))
	case networkUnix, networkUnixpacket:
		return asConn(one.unix(address))
	case "udp", "udp4", "udp6":
		return asConn(one.udp(address))
	case networkUnixgram:
		return asConn(one.unixgram(address))
	}
	return nil, one.failed(nil, net.UnknownNetworkError(network))
}

// asConn returns c as a net.Conn, or nil after an error.
func asConn[C net.Conn](c C, err error) (net.Conn, error) {
	if err != nil {
		return nil, err
	}
	return c, nil
}

// Connect connects to the first of addrs that answers, with the promises of DialContext. It tries
// addrs in the given order, whatever their families.
func (d *Dialer) Connect(ctx context.Context, addrs ...netip.AddrPort) (*Conn, error) {
	ctx, cancel := d.limit(ctx)
	defer cancel()
	one := &dialing{Dialer: d, ctx: ctx, network: network}
	if err := one.check(); err != nil {
		return nil, err
	}
	var left candidates
	for _, a := range addrs {
		if one.from.reaches(a.Addr().Unmap()) {
			left.inOrder(a)
		}
	}
	if left.len() == 0 {
		return nil, one.failed(nil, one.unreached(addrs))
	}
	return one.connect(left)
}

// unreached is the error of a dial of addrs, none of which suits the local address.
func (d *dialing) unreached(addrs []netip.AddrPort) error {
	if len(addrs) == 0 {
		return ErrNoAddress
	}
	return noAddress(d.from.text)
}

func (d *Dialer) limit(ctx context.Context) (context.Context, context.CancelFunc) {
	if d.Timeout <= 0 {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, d.Timeout)
}

// check sets the local address, or returns why the dial cannot have it.
func (d *dialing) check() (err error) {
	d.from, err = originOf(d.network, d.LocalAddr)
	return d.failed(nil, err)
}

// failed returns err, which may be nil, as the error of the dial of to. Without to, no attempt was
// made.
func (d *dialing) failed(to net.Addr, err error) error {
	if err == nil {
		return nil
	}
	e := &net.OpError{Op: "dial", Net: d.network, Addr: to, Err: err}
	if to != nil {
		e.Source = d.LocalAddr
	}
	return e
}

func (d *dialing) failedAt(to netip.AddrPort, err error) error { return d.failed(netAddr(to), err) }

// target splits address and checks the local address.
func (d *dialing) target(address string) (host string, port uint16, err error) {
	if address == "" {
		return "", 0, d.failed(nil, errMissingAddress)
	}
	if host, port, err = splitAddress(d.ctx, d.network, address); err != nil {
		return "", 0, d.failed(nil, err)
	}
	return host, port, d.check()
}

// tcp dials an address of TCP.
func (d *dialing) tcp(address string) (*Conn, error) {
	host, port, err := d.target(address)
	if err != nil {
		return nil, err
	}
	selector, selects := d.Waiter.(Selector)
	if _, known := literal(host); !known && selects && d.ResolveParts != nil {
		r := newRace(d, selector)
		defer r.end()
		r.resolve(host, port)
		return r.run()
	}
	f := filter{network: d.network, from: d.from}
	ips, err := f.addresses(d.ctx, host, d.lookup)
	if err != nil {
		return nil, d.failed(nil, err)
	}
	var left candidates
	left.add(ips, port)
	return d.connect(left)
}

// connect races the candidates if there are several and the Waiter is a Selector.
func (d *dialing) connect(left candidates) (*Conn, error) {
	selector, selects := d.Waiter.(Selector)
	if !selects || left.len() == 1 {
		return d.tryEach(left)
	}
	r := newRace(d, selector)
	defer r.end()
	r.left = left
	return r.run()
}
