package stream

import (
	"errors"
	"fmt"
	"net"
)

var errNotUnixgram = fmt.Errorf("stream: not a unix-domain datagram socket: %w", errors.ErrUnsupported)

// ReadFromUnix is ReadFrom for a unix-domain socket. The address is nil for a sender without a
// name. For any other socket ReadFromUnix returns an error that is errors.ErrUnsupported.
func (c *PacketConn) ReadFromUnix(p []byte) (int, *net.UnixAddr, error) {
	if c.ends == nil {
		return 0, nil, c.opError("read", errNotUnixgram)
	}
	m := Message{Buffer: p}
	if err := c.receive(&m); err != nil {
		return 0, nil, c.opError("read", err)
	}
	return m.N, nameOf(&m), c.opError("read", fate(&m))
}

// ReadMsgUnix is ReadMsgUDP for a unix-domain socket. The address is nil for a sender without a
// name. On Linux, package net sets MSG_CMSG_CLOEXEC in the flags; ReadMsgUnix does not.
//
// Descriptors that oob receives (unix(7), SCM_RIGHTS) are close-on-exec. The caller owns them from
// then on, and closes those that it does not expect. If oob has too little room, the flags include
// sys.MsgCTrunc, and the kernel closes the rest of the descriptors.
//
// For a socket that is not unix-domain, ReadMsgUnix returns an error that is errors.ErrUnsupported.
func (c *PacketConn) ReadMsgUnix(p, oob []byte) (n, oobn, flags int, from *net.UnixAddr, err error) {
	if c.ends == nil {
		return 0, 0, 0, nil, c.opError("read", errNotUnixgram)
	}
	m := Message{Buffer: p, Control: oob}
	if err := c.receiveMsg(&m); err != nil {
		return 0, 0, 0, nil, err
	}
	return m.N, m.ControlN, m.Flags, nameOf(&m), nil
}

// WriteToUnix is WriteTo for a unix-domain socket.
func (c *PacketConn) WriteToUnix(p []byte, to *net.UnixAddr) (int, error) {
	if to == nil {
		return 0, c.opError("write", c.noAddress())
	}
	return c.WriteTo(p, to)
}

// WriteMsgUnix is WriteMsgUDP for a unix-domain socket. The control messages in oob may carry
// descriptors (unix(7), SCM_RIGHTS), which stay open here. If the socket is connected and to is
// nil, the datagram goes to the peer; package net returns net.ErrWriteToConnected in that case.
//
// For a socket that is not unix-domain, WriteMsgUnix returns an error that is
// errors.ErrUnsupported.
func (c *PacketConn) WriteMsgUnix(p, oob []byte, to *net.UnixAddr) (n, oobn int, err error) {
	switch {
	case c.ends == nil:
		return 0, 0, c.opError("write", errNotUnixgram)
	case to != nil && to.Name != "":
		return c.sendMsg(&Message{Buffer: p, Control: oob, Name: to.Name}, to)
	case to != nil || !c.connected():
		return 0, 0, c.opError("write", errMissingAddress)
	}
	return c.sendMsg(&Message{Buffer: p, Control: oob}, nil)
}

// nameOf returns the address of a unix-domain datagram, or nil if m has none.
func nameOf(m *Message) *net.UnixAddr {
	if m.Name == "" {
		return nil
	}
	return unixgramAddr(m.Name)
}
