package stream

import (
	"os"

	"github.com/edgewise-go/edgewise/sys"
)

// File returns a file with a duplicate of the handle, as that of a net.TCPConn does, for a child
// process or package net. The caller closes it, before or after the connection; the stream ends for
// the peer when both are closed. Unlike package net's it is non-blocking: the flag belongs to both.
// Whoever gets the file may clear the flag; the connection restores it when needed, see [Adopt].
func (c *Conn) File() (*os.File, error) {
	f, err := c.sock.duplicate(c.LocalAddr().Network())
	return f, c.opError("file", err)
}

// File returns a file with a duplicate of the handle, as that of a Conn does: for a process that is to go on listening. While one of
// them is open the kernel queues connections.
func (l *Listener) File() (*os.File, error) {
	f, err := l.sock.duplicate(l.Addr().Network())
	return f, l.opError("file", err)
}

func (s *Socket) duplicate(name string) (f *os.File, err error) {
	err = s.do(func(h sys.Handle) error {
		// Before there is a duplicate that could be used.
		s.share()
		d, err := sys.Duplicate(h)
		if err == nil {
			f = os.NewFile(uintptr(d), name)
		}
		return err
	})
	return f, err
}
