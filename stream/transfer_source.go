package stream

import (
	"fmt"
	"net"
	"runtime"
	"sync/atomic"

	"github.com/edgewise-go/edgewise/sys"
)

// Transferrer is an optional extension of [Source]. A mechanism that completes operations, such as
// io_uring, moves the bytes of a connection itself and needs no system call per read and write.
type Transferrer interface {
	// Transfer makes the source move the bytes of its handle, a connected stream socket, and
	// returns how to read and write them. It returns nil if the mechanism only reports readiness. A
	// Conn calls it once, before the first read or write.
	Transfer() Transfer
}

// Transfer reads and writes the bytes of a connection. It has the semantics of the Try operations
// of [Socket], and after [sys.ErrWouldBlock] the caller waits by its Source. Any goroutine may use
// it.
//
//   - A write may be taken although the peer cannot take it. An error then comes with a later call.
//   - Drained reports whether the next read would block, and an event reports what comes next.
//   - Sync passes all bytes that were taken to the kernel, so that the caller may write by other
//     means. It reports whether that is done. If not, the caller waits for room and calls it again.
//   - Want makes the next Wait in direction d return when d is worth trying. It is for a caller
//     that no try of the Transfer has given sys.ErrWouldBlock. If d is so already, it reports true,
//     and the caller does not wait.
//   - Unread reports whether bytes, or an error, have arrived that no read has returned.
//   - Stop ends the transfer, and reports whether it has ended. If not, the caller waits in either
//     direction and calls it again. Afterwards reads return what has arrived, and then all calls go
//     to the handle directly. Bytes that were taken leave at once if the kernel has room, even if
//     the caller then blocks the thread of its loop.
//   - Close owns the handle. It closes the handle when the bytes that were taken have left, or
//     cannot leave.
//   - Release ends a transfer that has stopped, and returns the handle. It reports false, and does
//     nothing, if the transfer has not stopped or Unread reports true.
type Transfer = interface {
	TryRead(p []byte) (int, error)
	TryWrite(p []byte) (int, error)
	TryReadv(segments [][]byte) (int, error)
	TryWritev(segments [][]byte) (int, error)
	CloseWrite() error
	Drained() bool
	Sync() (done bool)
	Want(d sys.Direction) (ready bool)
	Unread() bool
	Stop() (done bool)
	Close()
	Release() bool
}

// beginTransfer lets the source move the bytes, if it can and the kind of the handle allows it.
func (c *Conn) beginTransfer() {
	if c.sock.file || c.sock.kind == unixRecords || c.sock.isShared() {
		return
	}
	if t, ok := c.reg.(Transferrer); ok {
		c.transfer = t.Transfer()
	}
}

func (c *Conn) tryRead(p []byte) (int, error) {
	if c.transfer != nil {
		return c.transfer.TryRead(p)
	}
	return c.sock.TryRead(p)
}

func (c *Conn) tryReadv(segs [][]byte) (int, error) {
	if c.transfer != nil {
		return c.transfer.TryReadv(segs)
	}
	return c.sock.TryReadv(segs)
}

func (c *Conn) tryWrite(p []byte) (int, error) {
	if c.transfer != nil {
		return c.transfer.TryWrite(p)
	}
	return c.sock.TryWrite(p)
}

func (c *Conn) tryWritev(segs [][]byte) (int, error) {
	if c.transfer != nil {
		return c.transfer.TryWritev(segs)
	}
	return c.sock.TryWritev(segs)
}

// syncTransfer waits until the kernel has all bytes that were written. The caller holds the turn of
// writes, and is about to write by other means.
func (c *Conn) syncTransfer() error {
	for c.transfer != nil && !c.transfer.Sync() {
		if c.out.expired() {
			return c.late()
		}
		if err := c.out.wait(&c.sock, c.reg, sys.Writable); err != nil {
			return err
		}
	}
	return nil
}

// waitForRoom waits for room after a write by other means would block.
func (c *Conn) waitForRoom() error {
	if c.transfer != nil && c.transfer.Want(sys.Writable) {
		return nil
	}
	return c.out.wait(&c.sock, c.reg, sys.Writable)
}

// surrender ends the socket, which is retired, without closing its handle. It returns when no call
// uses the handle; no call holds it for longer than a system call.
func (s *Socket) surrender() {
	for atomic.LoadUint32(&s.refs)&^(lasting|retired) > 1 {
		runtime.Gosched()
	}
}

// errUnread is returned to a caller that wants the handle while bytes that have left it are unread.
var errUnread = fmt.Errorf("stream: bytes have arrived that no read has returned; read them first: %w", ErrBusy)

// endTransfer waits until operations have ended, so that the caller may use the handle by other
// means in direction d.
func (c *Conn) endTransfer(one *side, d sys.Direction) error {
	if c.transfer == nil {
		return nil
	}
	if err := one.take(c.reg); err != nil {
		return err
	}
	defer one.give()
	for !c.transfer.Stop() {
		if one.expired() {
			return c.late()
		}
		one.progressed()
		if err := one.wait(&c.sock, c.reg, d); err != nil {
			return err
		}
	}
	if err := c.open(); err != nil {
		return err
	}
	if d == sys.Readable && c.transfer.Unread() {
		return errUnread
	}
	return nil
}

// handOver ends the transfer, then the source. The first call makes operations end even if it
// returns ErrBusy, so that bytes which come later stay at the handle.
func (c *Conn) handOver() (sys.Handle, error) {
	if c.transfer == nil {
		return c.endpoint.handOver()
	}
	if err := c.open(); err != nil {
		return sys.Invalid, err
	}
	stopped := c.transfer.Stop()
	if !c.in.turn.Try() {
		return sys.Invalid, ErrBusy
	}
	defer c.in.give()
	if !c.out.turn.Try() {
		return sys.Invalid, ErrBusy
	}
	defer c.out.give()
	switch {
	case !stopped:
		return sys.Invalid, ErrBusy
	case c.transfer.Unread():
		return sys.Invalid, errUnread
	case !c.sock.retire():
		return sys.Invalid, net.ErrClosed
	}
	err := c.reg.Close()
	c.sock.surrender()
	c.transfer.Release() // it has stopped, and all has been read
	return c.sock.handle, err
}

// waitSide is endpoint.waitSide for a caller that perhaps has not tried.
func (c *Conn) waitSide(s *side, d sys.Direction) error {
	if c.transfer == nil {
		return c.endpoint.waitSide(s, d)
	}
	if err := s.claim(c.reg); err != nil {
		return err
	}
	defer s.give()
	if err := c.open(); err != nil {
		return err
	}
	s.short = false
	if !s.blocked {
		s.progressed()
	}
	if s.expired() {
		return c.late()
	}
	if c.transfer.Want(d) {
		return nil
	}
	return s.wait(&c.sock, c.reg, d)
}
