package stream

import (
	"os"

	"github.com/edgewise-go/edgewise/sys"
)

// File returns a file with a duplicate of the handle, as the File method of net.UDPConn does. It is
// for net.FilePacketConn or for a child process that expects a socket. The caller closes the file,
// before or after the connection. While either is open, datagrams arrive, and each goes to the one
// that reads first. Close of the connection removes the path of a unix-domain socket.
//
// As for [Conn.File], the file is blocking on Linux, and stays non-blocking on other systems. The
// connection does not block. [PacketConn.SyscallConn] makes the file non-blocking again if Read or
// Write is called: their functions may depend on the flag, which both handles share.
func (c *PacketConn) File() (*os.File, error) {
	f, err := c.sock.duplicate(c.LocalAddr().Network(), sys.DontWait)
	return f, c.opError("file", err)
}
