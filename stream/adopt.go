package stream

import (
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"syscall"

	"github.com/edgewise-go/edgewise/sys"
)

// ErrNotPollable is returned for a handle that is always ready and yet makes its caller wait.
// Examples are a file on disk, a directory, a block device, and on Linux /dev/null and similar
// devices. The Add method of a queue returns the same error for such a handle.
var ErrNotPollable = sys.ErrNotPollable

// Adopt makes a Socket from a handle that was opened elsewhere. The Socket owns the handle from
// then on. Adopt accepts:
//
//   - a stream socket of any family, or a unix-domain socket with SOCK_SEQPACKET
//   - one end of a pipe or a socket pair, a FIFO, or a terminal
//   - a UDP or unix-domain datagram socket, which [NewPacketConn] takes
//
// If the handle does not support an operation, the call returns the kernel's error, as for a write
// to the reading end of a pipe.
//
// Adopt makes h non-blocking. The flag belongs to the open file, so it also applies to every
// duplicate of h, in any process. Any other owner may clear the flag at any time.
//
// The Socket checks and restores the flag before each call that depends on it. This costs one
// system call for handles that are not sockets, and for accepting, sendfile(2) and splice(2). On
// Linux, reads and writes of sockets do not depend on the flag. If the flag is cleared between the
// check and the call, that call may block its thread until the peer acts. Nothing else in the
// process blocks.
//
// Adopt refuses other sockets with an error that is errors.ErrUnsupported, and a handle that cannot
// be waited for with [ErrNotPollable]. After an error, h stays the caller's and is unchanged.
func Adopt(h sys.Handle) (Socket, error) {
	kind, err := sys.KindOf(h)
	if err != nil {
		return Socket{}, err
	}
	switch kind {
	case sys.KindOtherSocket:
		return Socket{}, fmt.Errorf("stream: adopt handle %v: unknown kind of socket: %w", h, errors.ErrUnsupported)
	case sys.KindAlwaysReady:
		return Socket{}, fmt.Errorf("stream: adopt handle %v: always ready: %w", h, ErrNotPollable)
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
		s.kind = plainTCP
	case sys.KindUnixpacket:
		s.kind = unixRecords
	case sys.KindDatagram4:
		s.datagrams = udp4
	case sys.KindDatagram6:
		s.datagrams = udp6
	case sys.KindUnixgram:
		s.datagrams = unixDatagrams
	}
	return s, nil
}

// AdoptDuplicate is Adopt for a duplicate of the handle of c, such as a connection of package net
// or an *os.File. c stays the caller's, which closes it separately, before or after. The stream
// ends for the peer when both are closed.
//
// A blocking *os.File becomes non-blocking. Its own Read and Write then return EAGAIN where they
// would have blocked.
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

// Release ends the Socket as Close does, but returns the handle to the caller, open and
// non-blocking. While a call runs, it does nothing and returns [ErrBusy].
func (s *Socket) Release() (sys.Handle, error) {
	// The owner's reference is never dropped, so no call closes the handle.
	if v := atomic.LoadUint32(&s.refs) & lasting; atomic.CompareAndSwapUint32(&s.refs, v|1, v|1|retired) {
		return s.handle, nil
	}
	if s.Handle() == sys.Invalid {
		return sys.Invalid, net.ErrClosed
	}
	return sys.Invalid, ErrBusy
}

// Release ends the connection as Close does, but returns the handle to the caller, open and
// non-blocking. Unread bytes remain readable through the handle. While a call reads or writes,
// suspended or not, it does nothing and returns [ErrBusy].
//
// If a [Transfer] moves the bytes, the first call makes it end. Release then also returns ErrBusy
// until it has ended, and while bytes that it has moved are unread. The caller reads them, and
// calls Release again.
func (c *Conn) Release() (sys.Handle, error) {
	h, err := c.handOver()
	return h, c.opError("release", err)
}

// handleAddr is the address of a handle that is not a socket.
type handleAddr struct{}

func (handleAddr) Network() string { return "handle" }
func (handleAddr) String() string  { return "handle" }
