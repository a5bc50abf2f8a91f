package stream

import (
	"os"

	"github.com/edgewise-go/edgewise/sys"
)

// File returns a file with a duplicate of the handle, as that of a net.TCPConn does, for package
// net or a child process that expects it. The caller closes it, before or after the connection; the
// stream ends for the peer when both are closed.
//
// On Linux the file of a socket blocks, as ordinary programs expect of their standard input and
// output. The connection does not: it asks for that in each call. [Conn.ReadFrom] and WriteTo make
// the file non-blocking again if they use sendfile(2) or splice(2). Elsewhere, and of what is no
// socket, the file stays non-blocking, because the flag belongs to both. [Conn.ReleaseFile] gives a
// file that blocks on every system.
func (c *Conn) File() (*os.File, error) {
	c.exposed.Store(true)
	f, err := c.sock.duplicate(c.LocalAddr().Network(), sys.DontWait && !c.sock.file)
	return f, c.opError("file", err)
}

// ReleaseFile ends the connection as Close does, but gives it to the caller as a file that blocks,
// with whatever has not been read yet: for the standard input or output of a child process. While a
// call reads or writes, suspended or not, it does nothing and returns [ErrBusy].
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

// File returns a file with a duplicate of the handle, as that of a Conn does: for a process that is
// to go on listening. While one of them is open the kernel queues connections.
func (l *Listener) File() (*os.File, error) {
	f, err := l.sock.duplicate(l.Addr().Network(), false)
	return f, l.opError("file", err)
}

func (s *Socket) duplicate(name string, blocking bool) (f *os.File, err error) {
	err = s.do(func(h sys.Handle) error {
		// Before there is a duplicate that could be used.
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
