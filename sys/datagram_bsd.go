//go:build unix && !linux

package sys

import (
	"net/netip"

	"golang.org/x/sys/unix"
)

// RecvMessage receives one datagram from h, a non-blocking datagram socket (recvmsg(2)). It
// allocates the sender's address.
func RecvMessage(h Handle, m *Message) error {
	for {
		n, controlN, flags, from, err := recvmsg(h, m)
		if err != nil && n >= 0 {
			// The datagram was received, but package unix cannot read its sender's address: macOS
			// and NetBSD allow names longer than struct sockaddr_un. An error here would let such a
			// sender stop the receiver.
			from, err = nil, nil
		}
		switch err {
		case nil:
		case unix.EINTR:
			continue
		case unix.EAGAIN:
			return ErrWouldBlock
		default:
			return err
		}
		m.N, m.ControlN, m.Flags = n, controlN, flags&^recvFlags
		if n > len(m.Buffer) {
			// Package unix gives an empty Buffer with Control the room of one byte.
			m.N, m.Flags = 0, m.Flags|MsgTrunc
		}
		m.Truncated = m.Flags&MsgTrunc != 0
		m.Addr, m.Name = netip.AddrPort{}, ""
		if sa, ok := from.(*unix.SockaddrUnix); ok {
			m.Name = sa.Name
		} else {
			m.Addr = addrPortOf(from)
		}
		return nil
	}
}

// SendMessage sends one datagram from h, a non-blocking datagram socket (sendmsg(2)). It sends all
// of it, or none and returns an error. f is the family of h: an IPv6 socket sends to an IPv4
// address by mapping it, which OpenBSD refuses. f has no effect on a Unix-domain socket.
//
// ENOBUFS means that the queue of a network interface, or of the receiving Unix-domain socket, is
// full. No event reports room in that queue.
func SendMessage(h Handle, f Family, m *Message) error {
	to, err := m.receiver(f)
	if err != nil {
		return err
	}
	for {
		_, err := unix.SendmsgN(int(h), m.Buffer, m.Control, to, unix.MSG_DONTWAIT)
		switch err {
		case unix.EINTR:
			continue
		case unix.EAGAIN:
			return ErrWouldBlock
		}
		return err
	}
}

// receiver returns the destination address of m: nil for the peer of a connected socket.
func (m *Message) receiver(f Family) (unix.Sockaddr, error) {
	switch {
	case m.Name != "":
		return unixSockaddrOf(m.Name)
	case m.Addr == (netip.AddrPort{}):
		return nil, nil
	}
	ip := m.Addr.Addr()
	switch {
	case !ip.IsValid():
		return nil, unix.EINVAL
	case f == IPv6:
		zone, err := zoneID(Invalid, ip.Zone())
		if err != nil {
			return nil, err
		}
		return &unix.SockaddrInet6{Port: int(m.Addr.Port()), Addr: ip.As16(), ZoneId: zone}, nil
	case !ip.Unmap().Is4():
		return nil, unix.EAFNOSUPPORT
	}
	return &unix.SockaddrInet4{Port: int(m.Addr.Port()), Addr: ip.Unmap().As4()}, nil
}
