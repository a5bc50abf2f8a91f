package stream

import (
	"os"

	"github.com/edgewise-go/edgewise/sys"
)

// File returns a file with a duplicate of the handle, as the File method of net.TCPConn does. It is
// for package net or for a child process that expects a file. The caller closes the file, before or
// after the connection. The stream ends for the peer when both are closed.
//
// On Linux the file of a socket is blocking, as ordinary programs expect of their standard input
// and output. The connection does not block, because it requests non-blocking I/O in each call.
// [Conn.ReadFrom] and WriteTo make the file non-blocking again if they use sendfile(2) or
// splice(2). So do Read and Write of [Conn.SyscallConn].
//
// On other systems the file stays non-blocking, because both handles share the flag. The same
// applies to a handle that is not a socket. [Conn.ReleaseFile] returns a blocking file on every
// system.
func (c *Conn) File() (*os.File, error) {
	c.exposed.Store(true)
	if c.transfer != nil {
		c.transfer.Stop() // what arrives from now on is for whichever reads first
	}
	f, err := c.sock.duplicate(c.LocalAddr().Network(), sys.DontWait && !c.sock.file)
	return f, c.opError("file", err)
}

// ReleaseFile ends the connection as Close does, but returns it to the caller as a blocking file.
// Unread bytes remain readable through the file. It is for the standard input or output of a child
// process. While a call reads or writes, suspended or not, it does nothing and returns [ErrBusy];
// see also [Conn.Release].
func (c *Conn) ReleaseFile() (*os.File, error) {
	h, err := c.handOver()
	if h == sys.Invalid {
		return nil, c.opError("release", err)
	}
	if e := sys.SetBlocking(h); err == nil {
		err = e
	}
	if err != nil {
		sys.Close(h)
		return nil, c.opError("release", err)
	}
	return os.NewFile(uintptr(h), c.LocalAddr().Network()), nil
}

// File returns a file with a duplicate of the handle, as [Conn.File] does. It is for a process that
// continues to listen. While the listener or the file is open, the kernel queues connections.
func (l *Listener) File() (*os.File, error) {
	f, err := l.sock.duplicate(l.Addr().Network(), false)
	return f, l.opError("file", err)
}

func (s *Socket) duplicate(name string, blocking bool) (f *os.File, err error) {
	err = s.do(func(h sys.Handle) error {
		// Mark the handle before a duplicate exists.
		s.share()
		d, err := sys.Duplicate(h)
		if err != nil {
			return err
		}
		if blocking {
			if err := sys.SetBlocking(d); err != nil {
				sys.Close(d)
				return err
			}
		}
		f = os.NewFile(uintptr(d), name)
		return nil
	})
	return f, err
}
