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
// turn, as the Conn's own methods do, and call the function until it returns true. Before each
// further call they suspend the caller until the handle is ready, the deadline passes or the
// connection is closed.
//
// The handle stays open while a function runs. Read and Write make it non-blocking before each call
// if others that share it may have changed that. The function must not block (in Read and Write),
// close the handle or make it blocking. SyscallConn clears a linger time (SO_LINGER) that the
// function of Control has set.
//
// A function that reads TCP and would block calls [sys.UnreadAtMark] before it returns false.
//
// If a function enables an error queue, functions must read that queue before other calls wait
// without progress. See the package's section on readiness without progress.
//
// If a [Transfer] moves the bytes, Read and Write first end it, for which they may wait. Read
// returns an error that is [ErrBusy] if bytes have arrived that no other read has returned.
//
// After SyscallConn, a function may have changed what a short read means. Later reads therefore
// cost one more system call each time the peer has sent nothing new.
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
	return c.opError("raw-read", c.raw(&c.in, sys.Readable, f))
}

func (r *rawConn) Write(f func(fd uintptr) bool) error {
	c := (*Conn)(r)
	return c.opError("raw-write", c.raw(&c.out, sys.Writable, f))
}

func (c *Conn) raw(one *side, d sys.Direction, f func(fd uintptr) bool) error {
	if err := c.endTransfer(one, d); err != nil {
		return err
	}
	return c.sock.repeat(one, c.reg, d, f)
}

// SyscallConn gives access to the handle, as [Conn.SyscallConn] does. Read waits for the listener.
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

// control calls f with the handle kept open, even if f panics.
func (s *Socket) control(f func(fd uintptr)) error {
	return s.do(func(h sys.Handle) error {
		f(uintptr(h))
		return nil
	})
}

// configure is control for an f that may have set options. An accepted connection inherits a linger
// time, which would make Close block.
func (s *Socket) configure(f func(fd uintptr)) error {
	return s.control(func(fd uintptr) {
		f(fd)
		if !s.file {
			_ = sys.StopLinger(sys.Handle(fd)) // a handle without this option does not linger
		}
	})
}

// repeat calls f until it returns true, and waits in direction d before each further call.
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
		done, err := s.call(f)
		if err != nil || done {
			return err
		}
		one.progressed() // only the function knows what it waits for
		if err := one.wait(s, reg, d); err != nil {
			return err
		}
	}
}

// call calls f with the handle kept open and non-blocking. Others that share the open file may have
// cleared the flag, on which the calls of f depend.
func (s *Socket) call(f func(fd uintptr) bool) (done bool, err error) {
	err = s.do(func(h sys.Handle) error {
		if err := s.keep(); err != nil {
			return err
		}
		done = f(uintptr(h))
		return nil
	})
	return done, err
}
