package stream

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"

	"github.com/edgewise-go/edgewise/sys"
)

// ConnectUDP opens a UDP socket and connects it to the first of addrs for which the system has a
// route. It sends nothing, so success does not show that a peer exists. It uses only the Waiter
// field of the Dialer.
func (d *Dialer) ConnectUDP(ctx context.Context, addrs ...netip.AddrPort) (*PacketConn, error) {
	if len(addrs) == 0 {
		return nil, &net.OpError{Op: "dial", Net: networkUDP, Err: ErrNoAddress}
	}
	var failed []error
	for _, addr := range addrs {
		c, err := d.peer(ctx, func() (Socket, error) { return OpenUDP(sys.FamilyOf(addr.Addr())) }, func(s *Socket) error { return s.StartConnect(addr) })
		if err == nil {
			return c, nil
		}
		failed = append(failed, opError("dial", nil, net.UDPAddrFromAddrPort(addr), done(ctx, err)))
		if ctx.Err() != nil {
			break
		}
	}
	if len(failed) == 1 {
		return nil, failed[0]
	}
	return nil, errors.Join(failed...)
}

// ConnectUnixgram opens a unix-domain datagram socket and connects it to the socket with the given
// name. The name is a path or, on Linux, "@" and an abstract name. It uses only the Waiter field of
// the Dialer.
//
// The new socket itself has no name, so its peer cannot answer. A caller that wants answers binds a
// socket from [OpenUnixgram] and connects that.
func (d *Dialer) ConnectUnixgram(ctx context.Context, name string) (*PacketConn, error) {
	c, err := d.peer(ctx, OpenUnixgram, func(s *Socket) error { return s.StartConnectUnix(name) })
	if err != nil {
		return nil, opError("dial", nil, unixgramAddr(name), done(ctx, err))
	}
	return c, nil
}

// peer opens a socket, connects it and registers it. After an error no descriptor is left open.
func (d *Dialer) peer(ctx context.Context, open func() (Socket, error), connect func(s *Socket) error) (*PacketConn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s, err := open()
	if err != nil {
		return nil, callError("socket", err)
	}
	c := &PacketConn{endpoint: endpoint{sock: s}}
	if err = callError("connect", connect(&c.sock)); err == nil {
		if err = callError("getsockname", c.findEnds()); err == nil {
			c.reg, err = registerWith(d.Waiter, s.handle)
		}
	}
	if err != nil {
		c.sock.Close()
		return nil, err
	}
	return c, nil
}

// dialsPackets reports whether DialContext opens a PacketConn in network.
func dialsPackets(network string) bool {
	switch network {
	case "udp", "udp4", "udp6", networkUnixgram:
		return true
	}
	return false
}

// dialPacket is DialContext for datagram networks.
func (d *Dialer) dialPacket(ctx context.Context, network, address string) (_ net.Conn, err error) {
	ctx, cancel := d.limit(ctx)
	defer cancel()
	var c *PacketConn
	if network == networkUnixgram {
		c, err = d.ConnectUnixgram(ctx, address)
	} else {
		var addrs []netip.AddrPort
		if addrs, err = d.receivers(ctx, strings.Replace(network, networkUDP, "tcp", 1), address); err != nil {
			return nil, &net.OpError{Op: "dial", Net: network, Err: err}
		}
		c, err = d.ConnectUDP(ctx, addrs...)
	}
	if err != nil {
		return nil, err
	}
	return c, nil
}

// receivers returns the addresses of address in network, which has the corresponding TCP name.
func (d *Dialer) receivers(ctx context.Context, network, address string) ([]netip.AddrPort, error) {
	host, port, err := splitAddress(network, address)
	if err != nil {
		return nil, err
	}
	ips, err := d.addresses(ctx, network, host)
	if err != nil {
		return nil, err
	}
	if len(ips) == 0 {
		return nil, noAddress(address)
	}
	var addrs []netip.AddrPort
	for _, ip := range ips {
		addrs = append(addrs, netip.AddrPortFrom(ip, port))
	}
	return addrs, nil
}
