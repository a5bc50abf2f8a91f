package stream

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
)

// Names of the system calls in errors of the methods that move control messages. Callers of package
// net compare them: QUIC retries a sendmsg that a firewall has refused with EPERM.
const (
	callRecvmsg = "recvmsg"
	callSendmsg = "sendmsg"
)

var errNotUDP = fmt.Errorf("stream: not a UDP socket: %w", errors.ErrUnsupported)

// ReadFromUDP is ReadFrom for a UDP socket. An IPv4 sender has an IPv4 address, even if the socket
// is IPv6. For any other socket ReadFromUDP returns an error that is errors.ErrUnsupported.
func (c *PacketConn) ReadFromUDP(p []byte) (n int, from *net.UDPAddr, err error) {
	// The compiler inlines this call, so the address need not be on the heap.
	return c.readFromUDP(p, &net.UDPAddr{})
}

func (c *PacketConn) readFromUDP(p []byte, from *net.UDPAddr) (int, *net.UDPAddr, error) {
	n, addr, err := c.ReadFromUDPAddrPort(p)
	if !addr.IsValid() {
		return n, nil, err
	}
	from.IP, from.Port, from.Zone = addr.Addr().AsSlice(), int(addr.Port()), addr.Addr().Zone()
	return n, from, err
}

// ReadFromUDPAddrPort is ReadFromUDP with a netip.AddrPort.
func (c *PacketConn) ReadFromUDPAddrPort(p []byte) (n int, from netip.AddrPort, err error) {
	if c.ends != nil {
		return 0, netip.AddrPort{}, c.opError("read", errNotUDP)
	}
	return c.ReadFromAddrPort(p)
}

// ReadMsgUDP receives one datagram into p, and its control messages into oob (cmsg(3)). It returns
// the number of bytes in each, the flags that the kernel set, and the sender. Package sys names two
// flags for all systems: sys.MsgTrunc and sys.MsgCTrunc. The caller enables control messages
// through [PacketConn.SyscallConn].
//
// A datagram that is longer than p fills it and comes with sys.MsgTrunc, without an error. Package
// net does the same on Linux and other Unix systems. Read, ReadFrom and their variants return
// [ErrTruncated] instead.
//
// For a socket that is not UDP, ReadMsgUDP returns an error that is errors.ErrUnsupported.
func (c *PacketConn) ReadMsgUDP(p, oob []byte) (n, oobn, flags int, from *net.UDPAddr, err error) {
	n, oobn, flags, addr, err := c.ReadMsgUDPAddrPort(p, oob)
	if addr.IsValid() {
		from = net.UDPAddrFromAddrPort(addr)
	}
	return n, oobn, flags, from, err
}

// ReadMsgUDPAddrPort is ReadMsgUDP with a netip.AddrPort.
func (c *PacketConn) ReadMsgUDPAddrPort(p, oob []byte) (n, oobn, flags int, from netip.AddrPort, err error) {
	if c.ends != nil {
		return 0, 0, 0, netip.AddrPort{}, c.opError("read", errNotUDP)
	}
	m := Message{Buffer: p, Control: oob}
	if err := c.receiveMsg(&m); err != nil {
		return 0, 0, 0, netip.AddrPort{}, err
	}
	return m.N, m.ControlN, m.Flags, m.Addr, nil
}

// WriteToUDP is WriteTo for a UDP socket.
func (c *PacketConn) WriteToUDP(p []byte, to *net.UDPAddr) (int, error) {
	if to == nil {
		return 0, c.opError("write", c.noAddress())
	}
	return c.WriteTo(p, to)
}

// WriteToUDPAddrPort is WriteToAddrPort.
func (c *PacketConn) WriteToUDPAddrPort(p []byte, to netip.AddrPort) (int, error) {
	return c.WriteToAddrPort(p, to)
}

// WriteMsgUDP sends p as one datagram, with the control messages in oob, and returns the lengths of
// both. It waits and fails as WriteTo does. If the socket is connected, to is nil: any other value
// returns net.ErrWriteToConnected. If it is not connected, a nil to is an error.
//
// A control message may make the kernel send p as several datagrams (udp(7), UDP_SEGMENT). They are
// sent together, or none is.
//
// For a socket that is not UDP, WriteMsgUDP returns an error that is errors.ErrUnsupported.
func (c *PacketConn) WriteMsgUDP(p, oob []byte, to *net.UDPAddr) (n, oobn int, err error) {
	if to == nil {
		return c.WriteMsgUDPAddrPort(p, oob, netip.AddrPort{})
	}
	if c.ends != nil {
		return 0, 0, c.opErrorTo("write", to, errNotUDP)
	}
	addr, err := c.receiver(to)
	if err != nil {
		return 0, 0, c.opErrorTo("write", to, err)
	}
	return c.sendMsg(&Message{Buffer: p, Control: oob, Addr: addr}, to)
}

// WriteMsgUDPAddrPort is WriteMsgUDP with a netip.AddrPort. One that is not valid means no address.
func (c *PacketConn) WriteMsgUDPAddrPort(p, oob []byte, to netip.AddrPort) (n, oobn int, err error) {
	switch {
	case c.ends != nil:
		return 0, 0, c.opError("write", errNotUDP)
	case to.IsValid():
	case !c.connected():
		return 0, 0, c.opError("write", errMissingAddress)
	default:
		to = netip.AddrPort{}
	}
	return c.sendMsg(&Message{Buffer: p, Control: oob, Addr: to}, nil)
}

// noAddress returns the error of a call that needs an address and got none.
func (c *PacketConn) noAddress() error {
	if c.connected() {
		return net.ErrWriteToConnected
	}
	return errMissingAddress
}

// receiveMsg is receive with the error that the caller returns.
func (c *PacketConn) receiveMsg(m *Message) error {
	return c.opError("read", callError(callRecvmsg, c.receive(m)))
}

// sendMsg sends m with its control messages. to is the address of m if the caller has already made
// it, else nil.
func (c *PacketConn) sendMsg(m *Message, to net.Addr) (n, oobn int, err error) {
	err = c.sendOne(m)
	if err == nil {
		return len(m.Buffer), len(m.Control), nil
	}
	if to == nil {
		to = addrOf(m)
	}
	return 0, 0, c.opErrorTo("write", to, callError(callSendmsg, err))
}
