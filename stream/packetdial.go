package stream

import (
	"context"
	"net"
	"net/netip"

	"github.com/edgewise-go/edgewise/sys"
)

// ConnectUDP opens a UDP socket and connects it to the first of addrs for which the system has a
// route. It sends nothing, so success does not show that a peer exists. As in package net, the
// socket may send to broadcast addresses. Of the Dialer's fields it uses only Waiter, LocalAddr,
// Control and ControlContext.
func (d *Dialer) ConnectUDP(ctx context.Context, addrs ...netip.AddrPort) (*PacketConn, error) {
	one := &dialing{Dialer: d, ctx: ctx, network: networkUDP}
	if err := one.check(); err != nil {
		return nil, err
	}
	return one.connectUDP(addrs)
}

// udp dials an address of UDP.
func (d *dialing) udp(address string) (*PacketConn, error) {
	host, port, err := d.target(address)
	if err != nil {
		return nil, err
	}
	f := filter{network: d.network, from: d.from}
	ips, err := f.addresses(d.ctx, host, d.lookup)
	if err != nil {
		return nil, d.failed(nil, err)
	}
	var addrs []netip.AddrPort
	for _, ip := range ips {
		addrs = append(addrs, netip.AddrPortFrom(ip, port))
	}
	return d.connectUDP(addrs)
}

func (d *dialing) connectUDP(addrs []netip.AddrPort) (*PacketConn, error) {
	var failed []error
	for _, addr := range addrs {
		if !d.from.reaches(addr.Addr().Unmap()) {
			continue
		}
		c, err := d.attemptUDP(d.from.peer(addr))
		if err == nil {
			return c, nil
		}
		failed = append(failed, d.failed(net.UDPAddrFromAddrPort(addr), done(d.ctx, err)))
		if d.ctx.Err() != nil {
			break
		}
	}
	if len(failed) == 0 {
		return nil, d.failed(nil, d.unreached(addrs))
	}
	return nil, joined(failed)
}

func (d *dialing) attemptUDP(addr netip.AddrPort) (*PacketConn, error) {
	f := sys.FamilyOf(addr.Addr())
	return d.peer(func() (Socket, error) { return OpenUDP(f) }, func(s *Socket) error {
		if err := s.do(func(h sys.Handle) error { return sys.SetBroadcast(h, true) }); err != nil {
			return callError("setsockopt", err)
		}
		if err := d.control(s, familyNetwork(networkUDP, f), addr.String()); err != nil {
			return err
		}
		if err := d.from.bind(s, addr.Addr()); err != nil {
			return callError("bind", err)
		}
		return callError("connect", s.StartConnect(addr))
	})
}

// ConnectUnixgram opens a unix-domain datagram socket and connects it to the socket with the given
// name. The name is a path or, on Linux, "@" and an abstract name. Of the Dialer's fields it uses
// only Waiter, LocalAddr, Control and ControlContext.
//
// Without LocalAddr the new socket has no name, so its peer cannot answer.
func (d *Dialer) ConnectUnixgram(ctx context.Context, name string) (*PacketConn, error) {
	one := &dialing{Dialer: d, ctx: ctx, network: networkUnixgram}
	if err := one.check(); err != nil {
		return nil, err
	}
	return one.connectUnixgram(name)
}

// unixgram dials an address of unix-domain datagrams.
func (d *dialing) unixgram(name string) (*PacketConn, error) {
	if err := d.named(name); err != nil {
		return nil, err
	}
	return d.connectUnixgram(name)
}

func (d *dialing) connectUnixgram(name string) (*PacketConn, error) {
	c, err := d.peer(OpenUnixgram, func(s *Socket) error {
		if err := d.prepareUnix(s, name); err != nil {
			return err
		}
		return callError("connect", s.StartConnectUnix(name))
	})
	if err != nil {
		return nil, d.failed(unixgramAddr(name), done(d.ctx, err))
	}
	return c, nil
}

// peer opens a socket, connects it and registers it. After an error no descriptor is left open.
func (d *dialing) peer(open func() (Socket, error), connect func(s *Socket) error) (*PacketConn, error) {
	if err := d.ctx.Err(); err != nil {
		return nil, err
	}
	s, err := open()
	if err != nil {
		return nil, callError("socket", err)
	}
	c := &PacketConn{endpoint: endpoint{sock: s}}
	if err = connect(&c.sock); err == nil {
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
