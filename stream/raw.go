package stream

import (
	"errors"
	"net"
	"os"
	"syscall"

	"github.com/edgewise-go/edgewise/sys"
)

var (
	_ syscall.Conn = (*Conn)(nil)
	_ syscall.Conn = (*Listener)(nil)
)

// SyscallConn gives access to the handle. Control calls its function at once. Read and Write take a
// turn, as the Conn's own do, and call their function, which must not block, until it returns true;
// before each further call they suspend the caller until the handle is ready, the deadline passes
// or the connection is closed. The handle is not closed while a function runs. It must not be
// closed by one, nor made to block: a time to linger (SO_LINGER) that Control's function has set is
// taken away.
//
// A function that reads TCP, and would block, asks [sys.UnreadAtMark] before it returns false.
//
// An error queue that a function switches on is for functions to read, before others wait in vain:
// see the package's section on readiness without progress.
//
// It costs later reads one system call more each time that the peer has sent nothing new: a
// function may have changed what a short read means.
func (c *Conn) SyscallConn() (syscall.RawConn, error) {
	if err := c.open(); err != nil {
		return nil, c.opError("raw", err)
	}
	c.exposed.Store(true)
	return (*rawConn)(c), nil
}

// rawConn is a Conn with the methods of a syscall.RawConn.
type rawConn Conn

func (r *rawConn) Control(f func(fd uintptr)) error {
	c := (*Conn)(r)
	return c.opError("raw-control", c.sock.configure(f))
}

func (r *rawConn) Read(f func(fd uintptr) bool) error {
	c := (*Conn)(r)
	return c.opError("raw-read", c.sock.repeat(&c.in, c.reg, sys.Readable, f))
}

func (r *rawConn) Write(f func(fd uintptr) bool) error {
	c := (*Conn)(r)
	return c.opError("raw-write", c.sock.repeat(&c.out, c.reg, sys.Writable, f))
}

// SyscallConn gives access to the handle, as that of a Conn does. A listener is waited for by Read;
// Write returns an error that is errors.ErrUnsupported.
func (l *Listener) SyscallConn() (syscall.RawConn, error) {
	if err := l.open(); err != nil {
		return nil, l.opError("raw", err)
	}
	return (*rawListener)(l), nil
}

// rawListener is a Listener with the methods of a syscall.RawConn.
type rawListener Listener

func (r *rawListener) Control(f func(fd uintptr)) error {
	l := (*Listener)(r)
	return l.opError("raw-control", l.sock.configure(f))
}

func (r *rawListener) Read(f func(fd uintptr) bool) error {
	l := (*Listener)(r)
	return l.opError("raw-read", l.sock.repeat(&l.in, l.reg, sys.Readable, f))
}

func (r *rawListener) Write(func(fd uintptr) bool) error {
	l := (*Listener)(r)
	return l.opError("raw-write", errors.ErrUnsupported)
}

// control calls f with the handle kept open, also when f panics.
func (s *Socket) control(f func(fd uintptr)) error {
	return s.do(func(h sys.Handle) error {
		f(uintptr(h))
		return nil
	})
}

// configure is control for an f that may have set options. A time to linger, which an accepted
// connection inherits, would make Close block.
func (s *Socket) configure(f func(fd uintptr)) error {
	return s.control(func(fd uintptr) {
		f(fd)
		if !s.file {
			_ = sys.StopLinger(sys.Handle(fd)) // what has no such option does not linger
		}
	})
}

// repeat calls f, waiting in direction d before each further call, until f returns true.
func (s *Socket) repeat(one *side, reg Source, d sys.Direction, f func(fd uintptr) bool) error {
	if err := one.take(reg); err != nil {
		return err
	}
	defer one.give()
	one.short = false
	for {
		if s.Handle() == sys.Invalid {
			return net.ErrClosed
		}
		if one.expired() {
			return os.ErrDeadlineExceeded
		}
		done := false
		if err := s.control(func(fd uintptr) { done = f(fd) }); err != nil || done {
			return err
		}
		one.progressed() // what the function waits for is its own business
		if err := one.wait(s, reg, d); err != nil {
			return err
		}
	}
}
