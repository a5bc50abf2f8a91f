package stream

import (
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"syscall"

	"github.com/edgewise-go/edgewise/sys"
)

// ErrNotPollable is returned for a handle that cannot be waited for, because it is always ready and
// yet makes its caller wait: a file on disk, a folder, a block device, on Linux also /dev/null and
// its like. It is the error that the Add of a queue returns for such a handle.
var ErrNotPollable = sys.ErrNotPollable

// Adopt makes a Socket of a handle that was opened elsewhere, which the Socket owns from then on: a
// stream socket of any family, one end of a pipe or a socket pair, a FIFO, a terminal, a socket of
// UDP or of unix-domain datagrams, which [NewPacketConn] takes. What the handle cannot do, its
// calls refuse with the kernel's error, as when the reading end of a pipe is written to.
//
// It makes h non-blocking if it is not: that flag belongs to the open file, so every duplicate of
// h, in whatever process, becomes non-blocking with it. Whoever else has it may clear the flag at
// any time. The Socket looks before each call that depends on the flag, and restores it: that is
// one system call more for what is no socket, and for accepting, sendfile(2) and splice(2); on
// Linux, reads and writes of sockets do not depend on it. A flag that is cleared in between lets
// that one call block its thread until the peer acts, and nothing else of the process.
//
// Other sockets are refused with an error that is errors.ErrUnsupported, what cannot be waited for
// with [ErrNotPollable]. When an error is returned, h stays the caller's, as it was.
func Adopt(h sys.Handle) (Socket, error) {
	kind, err := sys.KindOf(h)
	if err != nil {
		return Socket{}, err
	}
	switch kind {
	case sys.KindOtherSocket:
		return Socket{}, fmt.Errorf("stream: handle %v is a socket of an unknown kind: %w", h, errors.ErrUnsupported)
	case sys.KindAlwaysReady:
		return Socket{}, fmt.Errorf("stream: adopt handle %v, which is always ready: %w", h, ErrNotPollable)
	}
	nonblocking, err := sys.IsNonblock(h)
	if err != nil {
		return Socket{}, err
	}
	if !nonblocking {
		if err := sys.SetNonblock(h); err != nil {
			return Socket{}, err
		}
	}
	s := own(h)
	s.refs |= foreign | shared
	switch kind {
	case sys.KindFile:
		s.file = true
	case sys.KindTCP:
		s.tcp = true
	case sys.KindDatagram4:
		s.datagrams = udp4
	case sys.KindDatagram6:
		s.datagrams = udp6
	case sys.KindUnixgram:
		s.datagrams = unixDatagrams
	}
	return s, nil
}

// AdoptDuplicate is Adopt of a duplicate of the handle of c, such as a connection of package net or
// an *os.File. c stays the caller's and is closed by itself, before or after; the stream ends for
// the peer when both are closed. An *os.File that was blocking is non-blocking from then on, and
// its own Read and Write return EAGAIN where they would have blocked.
func AdoptDuplicate(c syscall.Conn) (Socket, error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return Socket{}, err
	}
	var s Socket
	var adopting error
	err = raw.Control(func(fd uintptr) {
		var h sys.Handle
		if h, adopting = sys.Duplicate(sys.Handle(fd)); adopting != nil {
			return
		}
		if s, adopting = Adopt(h); adopting != nil {
			sys.Close(h)
		}
	})
	if err == nil {
		err = adopting
	}
	return s, err
}

// Release ends the Socket as Close does, but gives the handle, open and non-blocking, to the
// caller. While a call runs it does nothing and returns [ErrBusy].
func (s *Socket) Release() (sys.Handle, error) {
	// The owner's reference stays for good, so that nobody closes the handle.
	if v := atomic.LoadUint32(&s.refs) & lasting; atomic.CompareAndSwapUint32(&s.refs, v|1, v|1|retired) {
		return s.handle, nil
	}
	if s.Handle() == sys.Invalid {
		return sys.Invalid, net.ErrClosed
	}
	return sys.Invalid, ErrBusy
}

// Release ends the connection as Close does, but gives the handle, open and non-blocking, to the
// caller, with whatever has not been read yet. While a call reads or writes, suspended or not, it
// does nothing and returns [ErrBusy].
func (c *Conn) Release() (sys.Handle, error) {
	h, err := c.handOver()
	return h, c.opError("release", err)
}

// handleAddr is the address of what is no socket.
type handleAddr struct{}

func (handleAddr) Network() string { return "handle" }
func (handleAddr) String() string  { return "handle" }
