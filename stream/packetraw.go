package stream

import (
	"syscall"

	"github.com/edgewise-go/edgewise/sys"
)

var _ syscall.Conn = (*PacketConn)(nil)

// SyscallConn gives access to the handle, as [Conn.SyscallConn] does. It is for socket options that
// this package does not support, such as those that enable control messages.
func (c *PacketConn) SyscallConn() (syscall.RawConn, error) {
	if err := c.open(); err != nil {
		return nil, c.opError("raw", err)
	}
	return (*rawPacketConn)(c), nil
}

// rawPacketConn is a PacketConn with the methods of a syscall.RawConn.
type rawPacketConn PacketConn

func (r *rawPacketConn) Control(f func(fd uintptr)) error {
	c := (*PacketConn)(r)
	return c.opError("raw-control", c.sock.control(f))
}

func (r *rawPacketConn) Read(f func(fd uintptr) bool) error {
	c := (*PacketConn)(r)
	return c.opError("raw-read", c.sock.repeat(&c.in, c.reg, sys.Readable, f))
}

func (r *rawPacketConn) Write(f func(fd uintptr) bool) error {
	c := (*PacketConn)(r)
	return c.opError("raw-write", c.sock.repeat(&c.out, c.reg, sys.Writable, f))
}
