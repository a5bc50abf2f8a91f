package stream

import (
	"net"
	"net/netip"
	"strings"

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
}

// ListenPacket opens a UDP socket, binds it to addr and registers it with w. With port zero the
// kernel chooses the port.
func ListenPacket(w Waiter, addr netip.AddrPort, options PacketOptions) (*PacketConn, error) {
	c, err := listenPacket(w, addr, options)
	if err != nil {
		return nil, opError("listen", nil, net.UDPAddrFromAddrPort(addr), err)
	}
	return c, nil
}

func listenPacket(w Waiter, addr netip.AddrPort, options PacketOptions) (_ *PacketConn, err error) {
	f := sys.FamilyOf(addr.Addr())
	s, err := OpenUDP(f)
	if err != nil {
		return nil, callError("socket", err)
	}
	c := &PacketConn{endpoint: endpoint{sock: s}}
	defer func() {
		if err != nil {
			c.sock.Close()
		}
	}()
	if err := options.apply(s.handle, f); err != nil {
		return nil, callError("setsockopt", err)
	}
	if err := c.sock.Bind(addr); err != nil {
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

func (options PacketOptions) apply(h sys.Handle, f sys.Family) error {
	if options.ReusePort {
		if err := sys.SetReusePort(h, true); err != nil {
			return err
		}
	}
	if f == sys.IPv6 {
		if err := sys.SetV6Only(h, !options.DualStack); err != nil {
			return err
		}
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
	if err := s.BindUnix(name); err != nil {
		s.Close()
		return nil, callError("bind", err)
	}
	c := &PacketConn{endpoint: endpoint{sock: s}, ends: &ends{local: unixgramAddr(name)}}
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
