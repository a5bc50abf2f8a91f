package stream

import (
	"errors"
	"io"
	"io/fs"
	"math"
	"syscall"

	"github.com/edgewise-go/edgewise/sys"
)

var (
	_ io.ReaderFrom = (*Conn)(nil)
	_ io.WriterTo   = (*Conn)(nil)
)

// regularFile is what ReadFrom wants of a file: *os.File has it, and so has what package os passes on in its place.
type regularFile interface {
	fs.File
	io.Seeker
	syscall.Conn
}

// ReadFrom writes what r has until its end, which is no error, and returns how many bytes the kernel took; io.Copy calls it.
//
// On Linux the bytes of a regular file are sent by sendfile(2) and those of another Conn by splice(2), also behind an io.LimitedReader, and do not pass through
// the process. Where the kernel refuses, and everywhere else, they are copied by a buffer of 32 KiB. With a file, its position moves by just the
// bytes that were sent, also when an error is returned; reading it may block the thread, as reading files does. With another Conn, what was read from it
// when writing fails is lost, as with every copy. The deadlines of both apply. Writes of other goroutines wait, or come between two buffers.
func (c *Conn) ReadFrom(r io.Reader) (int64, error) {
	limited, remain := (*io.LimitedReader)(nil), int64(math.MaxInt64)
	from := r
	if l, ok := r.(*io.LimitedReader); ok {
		limited, remain, from = l, l.N, l.R
	}
	var n int64
	var err error
	handled := false
	switch from := from.(type) {
	case *Conn:
		n, handled, err = c.splice(from, remain)
	case regularFile:
		n, handled, err = c.sendFile(from, remain)
	}
	if limited != nil {
		limited.N -= n
	}
	if handled {
		return n, err
	}
	more, err := io.Copy(onlyWriter{c}, r)
	return n + more, err
}

// WriteTo writes what the peer sends to w until the end of the stream, which is no error, and returns how many bytes w took; io.Copy calls it. To another Conn
// it is that one's [Conn.ReadFrom].
func (c *Conn) WriteTo(w io.Writer) (int64, error) {
	if to, ok := w.(*Conn); ok {
		return to.ReadFrom(c)
	}
	return io.Copy(w, onlyReader{c})
}

// onlyWriter and onlyReader keep io.Copy from calling back.
type (
	onlyWriter struct{ c *Conn }
	onlyReader struct{ c *Conn }
)

func (w onlyWriter) Write(p []byte) (int, error) { return w.c.Write(p) }
func (r onlyReader) Read(p []byte) (int, error)  { return r.c.Read(p) }

// refusesZeroCopy reports whether err says that this file, socket or system is none that bytes can be moved to or from directly.
func refusesZeroCopy(err error) bool {
	return errors.Is(err, syscall.EINVAL) || sys.ClassOf(err) == sys.ClassUnsupported
}

// sendFile sends up to remain bytes of f. It has not handled what it has not sent, if it says so.
func (c *Conn) sendFile(f regularFile, remain int64) (n int64, handled bool, err error) {
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return 0, false, nil
	}
	raw, err := f.SyscallConn()
	if err != nil {
		return 0, false, nil
	}
	if err := c.out.take(c.reg); err != nil {
		return 0, true, c.opError("write", err)
	}
	defer c.out.give()
	var sent int64
	var failure error
	send := func(fd uintptr) {
		if failure = c.sock.acquire(); failure == nil {
			if failure = c.sock.keep(); failure == nil {
				sent, failure = sys.SendFile(c.sock.handle, sys.Handle(fd), remain)
			}
			c.sock.release()
		}
	}
	for remain > 0 {
		if c.out.expired() {
			return n, true, c.opError("write", c.late())
		}
		sent = 0
		if err := raw.Control(send); err != nil {
			return n, true, err // the file is closed
		}
		n, remain = n+sent, remain-sent
		switch {
		case failure == sys.ErrWouldBlock:
			failure = c.out.wait(c.reg, sys.Writing)
		case failure == nil && sent == 0:
			return n, true, nil
		case refusesZeroCopy(failure):
			return n, false, nil
		case failure == nil && remain > 0:
			failure = yieldIfSpent(c.reg)
		}
		if failure != nil {
			return n, true, c.opError("write", callError("sendfile", failure))
		}
	}
	return n, true, nil
}

// spliceBytes is how much is moved at a time: what a pipe holds unless asked to hold more (pipe(7)).
const spliceBytes = 64 << 10

// splice moves up to remain bytes from one connection to another, by a pipe that is there for the call.
func (c *Conn) splice(from *Conn, remain int64) (n int64, handled bool, err error) {
	if c.sock.file || from.sock.file {
		return 0, false, nil
	}
	if err := from.in.take(from.reg); err != nil {
		return 0, true, from.opError("read", err)
	}
	defer from.in.give()
	if err := c.out.take(c.reg); err != nil {
		return 0, true, c.opError("write", err)
	}
	defer c.out.give()
	r, w, err := sys.Pipe()
	if err != nil {
		return 0, false, nil // out of descriptors, too: a buffer will do
	}
	defer sys.Close(r)
	defer sys.Close(w)
	from.in.short = false
	for remain > 0 {
		moved, err := from.spliceInto(w, min(remain, spliceBytes))
		if n == 0 && refusesZeroCopy(err) {
			return 0, false, nil
		}
		if err != nil {
			return n, true, from.opError("read", callError("splice", err))
		}
		if moved == 0 {
			return n, true, nil
		}
		remain -= moved
		for moved > 0 {
			sent, err := c.spliceFrom(r, moved)
			if err != nil {
				return n, true, c.opError("write", callError("splice", err))
			}
			n, moved = n+sent, moved-sent
		}
		if remain > 0 {
			if err := yieldIfSpent(from.reg); err != nil {
				return n, true, from.opError("read", err)
			}
		}
	}
	return n, true, nil
}

// spliceInto moves what the peer has sent into the pipe to, which is empty, and suspends the caller until there is a byte.
func (c *Conn) spliceInto(to sys.Handle, most int64) (int64, error) {
	for {
		if c.in.expired() {
			return 0, c.late()
		}
		if err := c.sock.acquire(); err != nil {
			return 0, err
		}
		n, err := c.sock.splice(c.sock.handle, to, most)
		c.sock.release()
		if err != sys.ErrWouldBlock {
			return n, err
		}
		if err := c.in.wait(c.reg, sys.Reading); err != nil {
			return 0, err
		}
	}
}

// spliceFrom moves at most that many bytes of the pipe from, which has them, to the peer, and suspends the caller until the kernel takes one.
func (c *Conn) spliceFrom(from sys.Handle, most int64) (int64, error) {
	for {
		if c.out.expired() {
			return 0, c.late()
		}
		if err := c.sock.acquire(); err != nil {
			return 0, err
		}
		n, err := c.sock.splice(from, c.sock.handle, most)
		c.sock.release()
		if err != sys.ErrWouldBlock {
			return n, err
		}
		if err := c.out.wait(c.reg, sys.Writing); err != nil {
			return 0, err
		}
	}
}

// splice moves bytes between the socket, which is one of from and to, and a pipe of this process.
func (s *Socket) splice(from, to sys.Handle, most int64) (int64, error) {
	if err := s.keep(); err != nil {
		return 0, err
	}
	return sys.Splice(from, to, most)
}
