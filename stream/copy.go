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

// regularFile is the interface that ReadFrom needs from a file. *os.File implements it, and so do
// the wrappers that package os passes in its place.
type regularFile interface {
	fs.File
	io.Seeker
	syscall.Conn
}

// ReadFrom reads r until its end and writes what it reads to the connection. It returns how many
// bytes the kernel took. The end of r is not an error. io.Copy calls ReadFrom.
//
// On Linux it sends a regular file by sendfile(2) and moves the bytes of another Conn by splice(2).
// Those bytes do not pass through the process. Both also work through an io.LimitedReader. If the
// kernel refuses, and on any other system, it copies through a buffer of 32 KiB.
//
// The position of a file moves by exactly the bytes that were sent, even after an error. Reading a
// file may block the thread, as always. If writing fails, bytes already read from another Conn are
// lost, as in any copy. The deadlines of both connections apply. Writes of other goroutines wait or
// come between two buffers.
//
// splice(2) stops at urgent data of TCP, so a buffer passes the mark. All bytes except urgent ones
// are copied, up to the end.
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

// WriteTo copies what the peer sends into w until the end of the stream, which is not an error. It
// returns how many bytes w took. io.Copy calls WriteTo. If w is another Conn, WriteTo calls its
// [Conn.ReadFrom].
func (c *Conn) WriteTo(w io.Writer) (int64, error) {
	if to, ok := w.(*Conn); ok {
		return to.ReadFrom(c)
	}
	return io.Copy(w, onlyReader{c})
}

// onlyWriter and onlyReader hide ReadFrom and WriteTo from io.Copy, which would call back.
type (
	onlyWriter struct{ c *Conn }
	onlyReader struct{ c *Conn }
)

func (w onlyWriter) Write(p []byte) (int, error) { return w.c.Write(p) }
func (r onlyReader) Read(p []byte) (int, error)  { return r.c.Read(p) }

// refusesZeroCopy reports whether err means that the system, the file or the socket does not
// support moving bytes directly.
func refusesZeroCopy(err error) bool {
	return errors.Is(err, syscall.EINVAL) || sys.ClassOf(err) == sys.ClassUnsupported
}

// partBytes is how much one sendfile or splice call is asked to move before other tasks run. If the
// peer reads fast, a call continues up to this bound. On loopback, at 1 to 3 GB/s, a part took less
// than a millisecond. A yield between two parts costs a thousandth of that.
const partBytes = 1 << 20

// sendFile sends up to remain bytes of f. If handled is false, the caller must copy the rest.
func (c *Conn) sendFile(f regularFile, remain int64) (n int64, handled bool, err error) {
	if c.sock.kind == unixRecords {
		return 0, false, nil // a record has a limit, so parts of the file may be too long for one
	}
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
	if err := c.syncTransfer(); err != nil {
		return 0, true, c.opError("write", err)
	}
	var sent int64
	var failure error
	send := func(fd uintptr) {
		if failure = c.sock.acquire(); failure == nil {
			if failure = c.sock.keep(); failure == nil {
				sent, failure = sys.SendFile(c.sock.handle, sys.Handle(fd), min(remain, partBytes))
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
		if failure == sys.ErrWouldBlock && c.out.woken {
			sent, failure = c.sendPlain(f, remain)
		}
		n, remain = n+sent, remain-sent
		if sent > 0 {
			c.out.progressed()
		}
		switch {
		case failure == sys.ErrWouldBlock:
			failure = c.waitForRoom()
		case failure == nil && sent == 0:
			return n, true, nil
		case refusesZeroCopy(failure):
			return n, false, nil
		case failure == nil && remain > 0:
			failure = yieldAfterPart(c.reg)
		}
		if failure != nil {
			return n, true, c.opError("write", callError("sendfile", failure))
		}
	}
	return n, true, nil
}

// sendPlain sends some bytes of f through a buffer and moves its position by as many. The kernel
// has reported the socket writable, and sendfile(2) would block.
func (c *Conn) sendPlain(f regularFile, remain int64) (sent int64, err error) {
	r, ok := f.(io.ReaderAt)
	if !ok {
		return 0, sys.ErrWouldBlock
	}
	position, err := f.Seek(0, io.SeekCurrent)
	if err != nil {
		return 0, err
	}
	buffer := make([]byte, min(remain, plainBytes))
	k, err := r.ReadAt(buffer, position)
	if k == 0 {
		if err == io.EOF {
			err = nil
		}
		return 0, err
	}
	n, err := c.sock.TryWrite(buffer[:k])
	if n > 0 {
		_, err = f.Seek(int64(n), io.SeekCurrent)
	}
	return int64(n), err
}

// pipeBytes is the default capacity of a pipe. spliceBytes is the capacity that is requested after
// pipeBytes have been moved: larger parts need fewer calls. A user without privileges has 64 MiB
// for all pipes, so a pipe that moves little stays small (pipe(7)).
const (
	pipeBytes   = 64 << 10
	spliceBytes = partBytes
)

// splice moves up to remain bytes from one connection to another, through a pipe that exists only
// during the call.
func (c *Conn) splice(from *Conn, remain int64) (n int64, handled bool, err error) {
	if c.sock.file || from.sock.file || c.sock.kind == unixRecords || from.sock.kind == unixRecords {
		return 0, false, nil
	}
	if c.transfer != nil || from.transfer != nil {
		return 0, false, nil // bytes of either connection are in the process already
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
		return 0, false, nil // any error, including no descriptors: use a buffer instead
	}
	defer sys.Close(r)
	defer sys.Close(w)
	room, grown := int64(pipeBytes), false
	from.in.short = false
	s := splicing{from: from, to: c, r: r, w: w}
	part := int64(0)
	for remain > 0 {
		if !grown && n >= pipeBytes {
			grown = true
			if got, err := sys.GrowPipe(w, spliceBytes); err == nil { // on an error, keep the present capacity
				room = int64(got)
			}
		}
		moved, plain, err := s.in(min(remain, room))
		if n == 0 && refusesZeroCopy(err) {
			return 0, false, nil
		}
		if err != nil {
			return n, true, from.opError("read", callError("splice", err))
		}
		if moved == 0 {
			return n, true, nil
		}
		sent, err := s.out(moved, plain)
		n, remain, part = n+sent, remain-moved, part+moved
		if err != nil {
			return n, true, c.opError("write", callError("splice", err))
		}
		yield := yieldIfSpent
		if part >= partBytes {
			yield, part = yieldAfterPart, 0
		}
		if remain > 0 {
			if err := yield(from.reg); err != nil {
				return n, true, from.opError("read", err)
			}
		}
	}
	return n, true, nil
}
