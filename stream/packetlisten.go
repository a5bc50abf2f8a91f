package stream

import (
	"net"
	"net/netip"
	"strings"
	"syscall"

	"github.com/edgewise-go/edgewise/sys"
)

// PacketOptions configures a [PacketConn] that is not connected. The zero value is ready for use.
type PacketOptions struct {
	// ReusePort lets several UDP sockets share an address. Linux and DragonFly spread senders among
	// them. On other systems one socket gets everything.
	ReusePort bool

	// DualStack lets a socket on an IPv6 address also receive from and send to IPv4 addresses.
	DualStack bool

	// Broadcast lets the socket send to broadcast addresses.
	Broadcast bool

	// KeepPath leaves the path of a unix-domain socket in place after Close.
	KeepPath bool

	// Control, if set, is called for the new socket before it is bound, as ListenOptions.Control
	// is.
	Control func(network, address string, c syscall.RawConn) error
}

// ListenPacket opens a UDP socket, binds it to addr and registers it with w. With port zero the
// kernel chooses the port. The zero netip.Addr means every interface, as for [Listen].
// [ListenConfig] takes addresses as package net writes them.
func ListenPacket(w Waiter, addr netip.AddrPort, options PacketOptions) (*PacketConn, error) {
	return options.listen(w, place{network: networkUDP, addr: addr, name: net.UDPAddrFromAddrPort(addr)})
}

func (options PacketOptions) listen(w Waiter, p place) (*PacketConn, error) {
	c, err := everywhere(p, func(p place) (*PacketConn, error) { return options.listenAt(w, p) })
	if err != nil {
		return nil, p.failed(err)
	}
	return c, nil
}

func (options PacketOptions) listenAt(w Waiter, p place) (_ *PacketConn, err error) {
	s, err := OpenUDP(p.family())
	if err != nil {
		return nil, callError("socket", err)
	}
	c := &PacketConn{endpoint: endpoint{sock: s}}
	defer func() {
		if err != nil {
			c.sock.Close()
		}
	}()
	if err := options.apply(s.handle, p); err != nil {
		return nil, callError("setsockopt", err)
	}
	if err := c.sock.controlled(options.Control, p.controlNetwork(), p.name.String()); err != nil {
		return nil, err
	}
	if err := c.sock.Bind(p.addr); err != nil {
		return nil, callError("bind", err)
	}
	if err := c.findEnds(); err != nil {
		return nil, callError("getsockname", err)
	}
	if c.reg, err = registerWith(w, s.handle); err != nil {
		return nil, err
	}
	return c, nil
}

func (options PacketOptions) apply(h sys.Handle, p place) error {
	if p.group {
		if err := shareGroup(h); err != nil {
			return err
		}
	}
	if options.ReusePort {
		if err := sys.SetReusePort(h, true); err != nil {
			return err
		}
	}
	if err := p.limit(h, options.DualStack); err != nil {
		return err
	}
	if options.Broadcast {
		return sys.SetBroadcast(h, true)
	}
	return nil
}

// ListenUnixgram opens a unix-domain datagram socket, binds it to name and registers it with w.
// name is a path or, on Linux, "@" and an abstract name. A path must not exist yet.
//
// Close removes the path unless options.KeepPath is set. It removes whatever is at that path by
// then. The other fields of options have no effect.
func ListenUnixgram(w Waiter, name string, options PacketOptions) (*PacketConn, error) {
	c, err := listenUnixDatagram(w, name, options)
	if err != nil {
		return nil, opError("listen", nil, unixgramAddr(name), err)
	}
	return c, nil
}

func listenUnixDatagram(w Waiter, name string, options PacketOptions) (_ *PacketConn, err error) {
	s, err := OpenUnixgram()
	if err != nil {
		return nil, callError("socket", err)
	}
	c := &PacketConn{endpoint: endpoint{sock: s}, ends: &ends{local: unixgramAddr(name)}}
	if err = c.sock.controlled(options.Control, networkUnixgram, name); err == nil {
		err = callError("bind", c.sock.BindUnix(name))
	}
	if err != nil {
		c.sock.Close()
		return nil, err
	}
	if !strings.HasPrefix(name, "@") {
		c.path = name
	}
	if c.reg, err = registerWith(w, c.sock.handle); err != nil {
		c.removePath()
		c.sock.Close()
		return nil, err
	}
	if options.KeepPath {
		c.path = ""
	}
	return c, nil
}
