package stream

import (
	"math"
	"net"
	"net/netip"
	"os"
	"time"

	"github.com/edgewise-go/edgewise/sys"
)

// networkUDP and networkUnixgram are the network names in addresses and errors of datagram sockets.
const (
	networkUDP      = "udp"
	networkUnixgram = "unixgram"
)

// PacketConn is a datagram socket that suspends its caller, through a [Waiter], where the socket
// would block. It implements net.PacketConn and net.Conn. A [Dialer] connects it to a peer: it then
// receives only from that peer, and Write sends to it.
//
// It has the methods of *net.UDPConn and, for unix-domain datagrams, those of *net.UnixConn except
// CloseRead and CloseWrite. So libraries that look for these methods, such as golang.org/x/net/ipv4
// and implementations of QUIC, find them. ReadMsgUDP, WriteMsgUDP and their variants transfer
// control messages. So do ReadBatch and WriteBatch, if a Message has Control.
//
// Each call of Read, ReadFrom and their variants receives one datagram. Each call of Write, WriteTo
// and their variants sends one, whole or not at all. A datagram may be empty. Datagrams have no end
// and no io.EOF. A datagram that is longer than the buffer fills it and comes with an error that is
// [ErrTruncated]; ReadMsgUDP and ReadMsgUnix set a flag instead. [Socket.TryReadFrom] documents
// errors from the network. [Socket.TryWriteTo] documents datagrams that find no room on the way.
//
// Any goroutine may use Close, the setters and the addresses at any time. Reads take turns, and so
// do writes; see the package's section on concurrency.
//
// Read, Write, ReadBatch, WriteBatch, WriteToUDP, WriteMsgUDP and the methods whose names end in
// AddrPort allocate nothing on Linux. The exceptions are the zone of an IPv6 sender and the name of
// a unix-domain one. ReadBatch does not allocate a name that the Message already holds.
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

// NewPacketConn makes a PacketConn from the datagram socket s and registers it with w. s must be
// bound, connected or both. The PacketConn owns s from then on; after an error, s stays the
// caller's. The addresses are those at the time of the call.
func NewPacketConn(s Socket, w Waiter) (*PacketConn, error) {
	if s.datagrams == noDatagrams {
		return nil, &net.OpError{Op: "register", Net: networkUDP, Err: errNoDatagrams}
	}
	c := &PacketConn{endpoint: endpoint{sock: s}}
	if err := c.findEnds(); err != nil {
		return nil, c.opError("getsockname", err)
	}
	var err error
	if c.reg, err = registerWith(w, s.Handle()); err != nil {
		return nil, c.opError("register", err)
	}
	return c, nil
}

// findEnds asks the kernel for the local address and for that of the peer, if there is one.
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

// Read receives one datagram into p. A connected socket receives from its peer, any other socket
// from any sender. Read suspends the caller until a datagram arrives, the read deadline passes or
// the connection is closed. As in package net, with an empty p it receives nothing and does not
// wait.
func (c *PacketConn) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, c.opError("read", c.open())
	}
	n, _, err := c.ReadFromAddrPort(p)
	return n, err
}

// ReadFrom is Read with the address of the sender, a *net.UDPAddr or *net.UnixAddr. The address is
// nil for a unix-domain sender without a name. With an empty p it receives a datagram and discards
// its bytes. ReadFrom allocates the address; ReadFromAddrPort and ReadBatch do not.
func (c *PacketConn) ReadFrom(p []byte) (int, net.Addr, error) {
	m := Message{Buffer: p}
	if err := c.receive(&m); err != nil {
		return 0, nil, c.opError("read", err)
	}
	return m.N, addrOf(&m), c.opError("read", fate(&m))
}

// ReadFromAddrPort is ReadFrom for a UDP socket. For any other socket it returns the zero AddrPort.
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

// Write sends p as one datagram to the peer of a connected socket. It suspends the caller while the
// kernel has no room for the datagram. An empty p is a datagram like any other.
//
// If the peer closes its unix-domain socket, Write returns ECONNREFUSED, even if it is suspended.
// If Write fails, it has sent nothing.
func (c *PacketConn) Write(p []byte) (int, error) {
	return c.send(&Message{Buffer: p}, nil)
}

// WriteTo is Write to an address, a *net.UDPAddr or *net.UnixAddr. A *net.UDPAddr without an IP
// means the unspecified address, which most systems take as this machine. On a connected socket
// WriteTo returns net.ErrWriteToConnected.
//
// If the queue of a unix-domain receiver is full, WriteTo returns [ErrPeerFull] at once. A receiver
// that does not read therefore does not delay writes to others.
//
// An address of another type or family is an error.
func (c *PacketConn) WriteTo(p []byte, to net.Addr) (int, error) {
	m := Message{Buffer: p}
	switch to := to.(type) {
	case *net.UDPAddr:
		if to != nil && c.ends == nil {
			var err error
			if m.Addr, err = c.receiver(to); err != nil {
				return 0, c.opErrorTo("write", to, err)
			}
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

// receiver returns to in the form that the system takes. An address without an IP becomes the
// unspecified address of the socket's family, as in package net. On an IPv6 socket, so does
// 0.0.0.0.
func (c *PacketConn) receiver(to *net.UDPAddr) (netip.AddrPort, error) {
	if to.Port < 0 || to.Port > math.MaxUint16 {
		return netip.AddrPort{}, &net.AddrError{Err: "invalid port: want 0 to 65535", Addr: to.String()}
	}
	family := c.sock.datagrams.family()
	if len(to.IP) != 0 && (family == sys.IPv4 || !to.IP.Equal(net.IPv4zero)) {
		return to.AddrPort(), nil
	}
	ip := netip.IPv4Unspecified()
	if family == sys.IPv6 {
		ip = netip.IPv6Unspecified().WithZone(to.Zone)
	}
	return netip.AddrPortFrom(ip, uint16(to.Port)), nil
}

// WriteToAddrPort is WriteTo for a UDP socket.
func (c *PacketConn) WriteToAddrPort(p []byte, to netip.AddrPort) (int, error) {
	if !to.IsValid() || c.ends != nil {
		return 0, c.opError("write", &net.AddrError{Err: "unexpected address", Addr: to.String()})
	}
	return c.send(&Message{Buffer: p, Addr: to}, nil)
}

// send sends m. to is the address of m if the caller has already made it, else nil.
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

// allows refuses an address on a connected socket: some systems would send there, others would not.
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

// Close closes the connection and discards what was not read. Running and later calls return
// net.ErrClosed. A second Close returns an error that is net.ErrClosed.
func (c *PacketConn) Close() error {
	if !c.sock.retire() {
		return c.opError("close", net.ErrClosed)
	}
	c.removePath()
	return c.opError("close", c.end())
}

// removePath removes the path of a unix-domain socket. It ignores errors: Close cannot fix a path
// that is already gone or a directory that denies the removal.
func (c *PacketConn) removePath() {
	if c.path != "" {
		os.Remove(c.path)
	}
}

// SetDeadline sets both deadlines. Once a deadline has passed, running and later calls return an
// error that is os.ErrDeadlineExceeded. The zero time means no deadline. A deadline may be moved
// while a call runs.
//
// A deadline that has passed also ends calls that need not wait. Datagrams that have arrived remain
// available to later reads.
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

// SetReadBuffer is [Socket.SetReadBuffer]. Datagrams that arrive while the buffer is full are lost.
func (c *PacketConn) SetReadBuffer(n int) error { return c.set(c.sock.SetReadBuffer(n)) }

// SetWriteBuffer is [Socket.SetWriteBuffer].
func (c *PacketConn) SetWriteBuffer(n int) error { return c.set(c.sock.SetWriteBuffer(n)) }

func (c *PacketConn) set(err error) error { return c.opError("set", callError("setsockopt", err)) }

// LocalAddr returns the local address, a *net.UDPAddr or *net.UnixAddr. It stays available after
// Close.
func (c *PacketConn) LocalAddr() net.Addr {
	if c.ends != nil {
		return c.ends.local
	}
	return net.UDPAddrFromAddrPort(c.local)
}

// RemoteAddr returns the address of the peer, a *net.UDPAddr or *net.UnixAddr, or nil if the socket
// is not connected. It stays available after Close.
func (c *PacketConn) RemoteAddr() net.Addr {
	switch {
	case c.ends != nil:
		return c.ends.remote
	case c.remote.IsValid():
		return net.UDPAddrFromAddrPort(c.remote)
	}
	return nil
}

// LocalAddrPort is LocalAddr for a UDP socket, without an allocation.
func (c *PacketConn) LocalAddrPort() netip.AddrPort { return c.local }

// RemoteAddrPort is RemoteAddr for a UDP socket, without an allocation.
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

// addrOf returns the address of m as a net.Addr, or nil if m has none.
func addrOf(m *Message) net.Addr {
	switch {
	case m.Name != "":
		return unixgramAddr(m.Name)
	case m.Addr.IsValid():
		return net.UDPAddrFromAddrPort(m.Addr)
	}
	return nil
}

func unixgramAddr(name string) *net.UnixAddr { return &net.UnixAddr{Name: name, Net: networkUnixgram} }
