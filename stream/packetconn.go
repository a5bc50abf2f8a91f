package stream

import (
	"math"
	"net"
	"net/netip"
	"os"
	"time"

	"github.com/edgewise-go/edgewise/sys"
)

// networkUDP and networkUnixgram are what addresses and errors call the networks of datagrams.
const (
	networkUDP      = "udp"
	networkUnixgram = "unixgram"
)

// PacketConn is a datagram socket that suspends its caller, through a [Waiter], where the socket
// would block. It implements net.PacketConn, and net.Conn too: connected to a peer, by a [Dialer],
// it hears that peer only, and Write sends to it.
//
// Each call of Read, ReadFrom and their like gets one datagram, each call of Write, WriteTo and
// their like sends one, whole or not at all. A datagram may be empty; there is no end of datagrams,
// and no io.EOF. One that is longer than the room for it is returned as far as there is room, with
// an error that is [ErrTruncated]. [Socket.TryReadFrom] says what becomes of the errors of the
// network, [Socket.TryWriteTo] what becomes of datagrams for which there is no room on the way.
//
// Close, the setters and the addresses may be used from any goroutine at any time. Reads take
// turns, and so do writes, where the Waiter suspends goroutines; from tasks there is one reader and
// one writer at a time (see the package's section on concurrency).
//
// ReadFromAddrPort, WriteToAddrPort, ReadBatch, WriteBatch, Read and Write allocate nothing on
// Linux, but for the zone of an IPv6 sender and the name of a unix-domain one; ReadBatch not for a
// name that the Message has from before.
type PacketConn struct {
	endpoint
	local  netip.AddrPort
	remote netip.AddrPort // of a connected UDP socket; otherwise zero
	ends   *ends          // of a unix-domain socket; otherwise nil
	path   string         // to be removed by Close
}

var (
	_ net.PacketConn = (*PacketConn)(nil)
	_ net.Conn       = (*PacketConn)(nil)
)

// NewPacketConn makes a PacketConn of s, a datagram socket, bound or connected or both, and
// registers it with w. The PacketConn owns s from then on; when an error is returned, s stays the
// caller's. The addresses are what they are at this time.
func NewPacketConn(s Socket, w Waiter) (*PacketConn, error) {
	if s.datagrams == noDatagrams {
		return nil, &net.OpError{Op: "register", Net: networkUDP, Err: errNoDatagrams}
	}
	c := &PacketConn{endpoint: endpoint{sock: s}}
	if err := c.findEnds(); err != nil {
		return nil, c.opError("getsockname", err)
	}
	var err error
	if c.reg, err = w.Register(s.Handle()); err != nil {
		return nil, c.opError("register", err)
	}
	return c, nil
}

// findEnds asks the kernel for the address of this end, and for that of the peer, if there is one.
func (c *PacketConn) findEnds() (err error) {
	if c.sock.datagrams == unixDatagrams {
		return c.findNames()
	}
	if c.local, err = c.sock.LocalAddr(); err != nil {
		return err
	}
	c.remote, err = c.sock.RemoteAddr()
	if sys.ClassOf(err) == sys.ClassDisconnected {
		return nil
	}
	return err
}

func (c *PacketConn) findNames() error {
	c.ends = &ends{}
	return c.sock.do(func(h sys.Handle) error {
		local, err := sys.LocalUnixName(h)
		if err != nil {
			return err
		}
		c.ends.local = unixgramAddr(local)
		remote, err := sys.PeerUnixName(h)
		if sys.ClassOf(err) == sys.ClassDisconnected {
			return nil
		}
		c.ends.remote = unixgramAddr(remote)
		return err
	})
}

// Read receives one datagram into p, from the peer of a connected socket or else from anybody, and
// suspends the caller until there is one, the read deadline passes or the connection is closed. An
// empty p receives nothing and does not wait, as in package net.
func (c *PacketConn) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, c.opError("read", c.open())
	}
	n, _, err := c.ReadFromAddrPort(p)
	return n, err
}

// ReadFrom is Read with the address of the sender, a *net.UDPAddr or *net.UnixAddr; that of a
// unix-domain socket without a name is nil. An empty p receives a datagram, of which it has no
// byte. ReadFrom allocates the address; ReadFromAddrPort and ReadBatch do not.
func (c *PacketConn) ReadFrom(p []byte) (int, net.Addr, error) {
	m := Message{Buffer: p}
	if err := c.receive(&m); err != nil {
		return 0, nil, c.opError("read", err)
	}
	return m.N, addrOf(&m), c.opError("read", fate(&m))
}

// ReadFromAddrPort is ReadFrom of a UDP socket. Of another it returns the zero AddrPort.
func (c *PacketConn) ReadFromAddrPort(p []byte) (int, netip.AddrPort, error) {
	m := Message{Buffer: p}
	if err := c.receive(&m); err != nil {
		return 0, netip.AddrPort{}, c.opError("read", err)
	}
	return m.N, m.Addr, c.opError("read", fate(&m))
}

func (c *PacketConn) receive(m *Message) error {
	if err := c.in.take(c.reg); err != nil {
		return err
	}
	defer c.in.give()
	for {
		if c.in.expired() {
			return c.late()
		}
		if err := c.sock.tryReceive(m); err != sys.ErrWouldBlock {
			return err
		}
		if err := c.in.wait(&c.sock, c.reg, sys.Readable); err != nil {
			return err
		}
	}
}

// Write sends p as one datagram to the peer of a connected socket, and suspends the caller while
// the kernel has no room for it. An empty p is a datagram too.
//
// The close of the unix-domain socket at the peer is ECONNREFUSED, also for a Write that is
// suspended. Of a Write that fails nothing is sent.
func (c *PacketConn) Write(p []byte) (int, error) {
	return c.send(&Message{Buffer: p}, nil)
}

// WriteTo is Write to an address, a *net.UDPAddr or *net.UnixAddr. A *net.UDPAddr without an IP is
// the unspecified address, which most systems take for this machine. On a connected socket it
// returns net.ErrWriteToConnected. A unix-domain receiver whose queue is full is [ErrPeerFull], at
// once: one that does not read does not stop those who are written to after it.
//
// An address of another type or family is an error.
func (c *PacketConn) WriteTo(p []byte, to net.Addr) (int, error) {
	m := Message{Buffer: p}
	switch to := to.(type) {
	case *net.UDPAddr:
		if to != nil && c.ends == nil {
			if to.Port < 0 || to.Port > math.MaxUint16 {
				return 0, c.opErrorTo("write", to, &net.AddrError{Err: "port is not a number below 65536", Addr: to.String()})
			}
			m.Addr = c.receiver(to)
		}
	case *net.UnixAddr:
		if to != nil && c.ends != nil {
			m.Name = to.Name
		}
	}
	if !m.Addr.IsValid() && m.Name == "" {
		text := "<nil>"
		if to != nil {
			text = to.String()
		}
		return 0, c.opErrorTo("write", to, &net.AddrError{Err: "unexpected address", Addr: text})
	}
	return c.send(&m, to)
}

// receiver returns to for the system. Without an IP it is the unspecified address, in the family of
// the socket, as in package net; so is 0.0.0.0 for a socket of IPv6.
func (c *PacketConn) receiver(to *net.UDPAddr) netip.AddrPort {
	family := c.sock.datagrams.family()
	if len(to.IP) != 0 && (family == sys.IPv4 || !to.IP.Equal(net.IPv4zero)) {
		return to.AddrPort()
	}
	ip := netip.IPv4Unspecified()
	if family == sys.IPv6 {
		ip = netip.IPv6Unspecified().WithZone(to.Zone)
	}
	return netip.AddrPortFrom(ip, uint16(to.Port))
}

// WriteToAddrPort is WriteTo of a UDP socket.
func (c *PacketConn) WriteToAddrPort(p []byte, to netip.AddrPort) (int, error) {
	if !to.IsValid() || c.ends != nil {
		return 0, c.opError("write", &net.AddrError{Err: "unexpected address", Addr: to.String()})
	}
	return c.send(&Message{Buffer: p, Addr: to}, nil)
}

// send sends m, whose address is to if it has been made already.
func (c *PacketConn) send(m *Message, to net.Addr) (int, error) {
	err := c.sendOne(m)
	if err == nil {
		return len(m.Buffer), nil
	}
	if to == nil {
		to = addrOf(m)
	}
	return 0, c.opErrorTo("write", to, err)
}

func (c *PacketConn) sendOne(m *Message) error {
	if err := c.out.take(c.reg); err != nil {
		return err
	}
	defer c.out.give()
	if err := c.allows(m); err != nil {
		return err
	}
	for {
		if c.out.expired() {
			return c.late()
		}
		err := c.sock.trySend(m)
		if err != sys.ErrWouldBlock {
			return err
		}
		if err := c.out.wait(&c.sock, c.reg, sys.Writable); err != nil {
			return err
		}
	}
}

// allows refuses an address where there is a peer: some systems would send there, others not.
func (c *PacketConn) allows(m *Message) error {
	if c.connected() && (m.Name != "" || m.Addr != (netip.AddrPort{})) {
		return net.ErrWriteToConnected
	}
	return nil
}

func (c *PacketConn) connected() bool {
	if c.ends != nil {
		return c.ends.remote != nil
	}
	return c.remote.IsValid()
}

// Close ends the connection, makes running and later calls return net.ErrClosed, and discards what
// was not read. A second Close returns an error that is net.ErrClosed.
func (c *PacketConn) Close() error {
	if !c.sock.retire() {
		return c.opError("close", net.ErrClosed)
	}
	c.removePath()
	return c.opError("close", c.end())
}

// removePath removes the path of a unix-domain socket. That it is gone already, or that its folder
// refuses, is nothing that Close could mend.
func (c *PacketConn) removePath() {
	if c.path != "" {
		os.Remove(c.path)
	}
}

// SetDeadline sets both deadlines. A deadline makes running and later calls return an error that is
// os.ErrDeadlineExceeded once it has passed; the zero time is none. It may be moved while a call
// runs.
//
// A deadline that has passed also ends calls that need not wait. Datagrams that have arrived stay
// for later reads.
func (c *PacketConn) SetDeadline(t time.Time) error {
	if err := c.SetReadDeadline(t); err != nil {
		return err
	}
	return c.SetWriteDeadline(t)
}

// SetReadDeadline sets the deadline of reads.
func (c *PacketConn) SetReadDeadline(t time.Time) error {
	return c.opError("set", c.setDeadline(&c.in, t, sys.Readable))
}

// SetWriteDeadline sets the deadline of writes.
func (c *PacketConn) SetWriteDeadline(t time.Time) error {
	return c.opError("set", c.setDeadline(&c.out, t, sys.Writable))
}

// SetReadBuffer is [Socket.SetReadBuffer]: what arrives when it is full is lost.
func (c *PacketConn) SetReadBuffer(n int) error { return c.set(c.sock.SetReadBuffer(n)) }

// SetWriteBuffer is [Socket.SetWriteBuffer].
func (c *PacketConn) SetWriteBuffer(n int) error { return c.set(c.sock.SetWriteBuffer(n)) }

func (c *PacketConn) set(err error) error { return c.opError("set", callError("setsockopt", err)) }

// LocalAddr returns the address of this end, a *net.UDPAddr or *net.UnixAddr. It stays available
// after Close.
func (c *PacketConn) LocalAddr() net.Addr {
	if c.ends != nil {
		return c.ends.local
	}
	return net.UDPAddrFromAddrPort(c.local)
}

// RemoteAddr returns the address of the peer, a *net.UDPAddr or *net.UnixAddr; nil if the socket is
// not connected. It stays available after Close.
func (c *PacketConn) RemoteAddr() net.Addr {
	switch {
	case c.ends != nil:
		return c.ends.remote
	case c.remote.IsValid():
		return net.UDPAddrFromAddrPort(c.remote)
	}
	return nil
}

// LocalAddrPort is LocalAddr of a UDP socket without an allocation.
func (c *PacketConn) LocalAddrPort() netip.AddrPort { return c.local }

// RemoteAddrPort is RemoteAddr of a UDP socket without an allocation.
func (c *PacketConn) RemoteAddrPort() netip.AddrPort { return c.remote }

func (c *PacketConn) opError(op string, err error) error {
	if err == nil || err == sys.ErrWouldBlock {
		return err
	}
	return c.opErrorTo(op, c.RemoteAddr(), err)
}

func (c *PacketConn) opErrorTo(op string, to net.Addr, err error) error {
	if to == nil {
		to = c.RemoteAddr()
	}
	network := networkUDP
	if c.ends != nil {
		network = networkUnixgram
	}
	return &net.OpError{Op: op, Net: network, Source: c.LocalAddr(), Addr: to, Err: callError(op, err)}
}

// addrOf returns the address of m in the form that package net's interfaces want; nil if it has
// none.
func addrOf(m *Message) net.Addr {
	switch {
	case m.Name != "":
		return unixgramAddr(m.Name)
	case m.Addr.IsValid():
		return net.UDPAddrFromAddrPort(m.Addr)
	}
	return nil
}

func unixgramAddr(name string) net.Addr { return &net.UnixAddr{Name: name, Net: networkUnixgram} }
