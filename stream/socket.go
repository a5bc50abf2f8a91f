package stream

import (
	"net"
	"net/netip"
	"sync/atomic"

	"github.com/edgewise-go/edgewise/sys"
)

// Socket is a handle that never blocks, with operations that return at once. It is 16 bytes and
// meant to be held by value.
//
// The zero Socket is closed. A Socket may be moved by assignment until a second goroutine has
// access to it; the source of the assignment must not be used again. Only Close closes a Socket; it
// has no finalizer.
//
// At most one goroutine may read and at most one may write. Any goroutine may call Close at any
// time. Later calls then return [net.ErrClosed]. The kernel gets the handle's number back when the
// last running call returns, never before.
//
// TryReadv and TryWritev are for streams. TryReadFrom, TryWriteTo, TryReadBatch and TryWriteBatch
// are for datagrams. On a socket of the other kind they return an error that is
// errors.ErrUnsupported.
type Socket struct {
	handle sys.Handle

	// refs is accessed atomically. Bits 29 to 31 are foreign, shared and retired. The other bits
	// count references: one for the owner and one per running call. The call that drops the last
	// reference of a retired socket closes the handle. Zero means that it was never open.
	refs uint32

	phase connectPhase // owned by the caller that connects
	file  bool         // not a socket: Read and Write move its bytes
	kind  streamKind   // of a socket that is neither a file nor for datagrams

	datagrams datagramKind
}

// streamKind distinguishes sockets by what their reads return.
type streamKind uint8

const (
	otherStream streamKind = iota
	plainTCP               // see MayDrainShort
	unixRecords            // each call transfers one record
)

// Bits of Socket.refs that are not part of the count.
const (
	retired = 1 << 31 // further calls fail
	shared  = 1 << 30 // others share the open file and may clear its non-blocking flag
	foreign = 1 << 29 // opened elsewhere, or accepted from such a socket: its options are unknown

	lasting = shared | foreign // once set, these stay
)

// OpenTCP opens a TCP socket that is non-blocking and close-on-exec from birth. It is neither bound
// nor connected.
func OpenTCP(f sys.Family) (Socket, error) {
	h, err := sys.Socket(f)
	if err != nil {
		return Socket{}, err
	}
	s := own(h)
	s.kind = plainTCP
	return s, nil
}

// MayDrainShort reports whether s is a plain TCP socket. A read of such a socket ends early for
// only two reasons: no more bytes are there, or the next byte is at an urgent mark. So if urgent
// data is ruled out (see Source), a short read proves that no more bytes are there.
//
// A read of any other handle may be short although more is there. Examples are Unix-domain streams
// that carry descriptors or credentials, packet-mode pipes, terminals, inotify, SCTP, and TLS in
// the kernel.
func (s *Socket) MayDrainShort() bool { return s.kind == plainTCP }

func own(h sys.Handle) Socket { return Socket{handle: h, refs: 1} }

// acquire keeps the handle open until release. Each successful acquire needs exactly one release.
func (s *Socket) acquire() error {
	for {
		v := atomic.LoadUint32(&s.refs)
		if v == 0 || v&retired != 0 {
			return net.ErrClosed
		}
		if atomic.CompareAndSwapUint32(&s.refs, v, v+1) {
			return nil
		}
	}
}

// share records that others have the open file from now on.
func (s *Socket) share() { atomic.OrUint32(&s.refs, shared) }

func (s *Socket) isShared() bool { return atomic.LoadUint32(&s.refs)&shared != 0 }

// keep restores the non-blocking flag before a call that depends on it, if others may have cleared
// it.
func (s *Socket) keep() error {
	if s.isShared() {
		return sys.KeepNonblock(s.handle)
	}
	return nil
}

// keepTransfer is keep for Recv and Send, which depend on the flag on some systems only.
func (s *Socket) keepTransfer() error {
	if sys.DontWait {
		return nil
	}
	return s.keep()
}

// release drops a reference. The last one of a retired socket closes the handle.
func (s *Socket) release() error {
	if refs := atomic.AddUint32(&s.refs, ^uint32(0)); refs&^lasting == retired {
		if refs&foreign != 0 && !s.file {
			// On Linux, close(2) would block for the time of SO_LINGER, even on a non-blocking
			// socket. If clearing the option fails, close the handle regardless.
			_ = sys.StopLinger(s.handle)
		}
		return sys.Close(s.handle)
	}
	return nil
}

// retire makes later calls fail, and reports whether it was the first to do so. The owner's
// reference remains and must be released.
func (s *Socket) retire() bool {
	for {
		v := atomic.LoadUint32(&s.refs)
		if v == 0 || v&retired != 0 {
			return false
		}
		if atomic.CompareAndSwapUint32(&s.refs, v, v|retired) {
			return true
		}
	}
}

// Close closes the socket and does not wait. The kernel sends unsent bytes in the background,
// unless [Socket.SetLinger] changes that. If bytes are unread, the kernel resets the connection. A
// second Close returns net.ErrClosed. The caller must first end the registration of the handle with
// a queue.
func (s *Socket) Close() error {
	if !s.retire() {
		return net.ErrClosed
	}
	return s.release()
}

// Handle returns the handle, or sys.Invalid if the socket is closed. It does not keep the handle
// open.
func (s *Socket) Handle() sys.Handle {
	if v := atomic.LoadUint32(&s.refs); v == 0 || v&retired != 0 {
		return sys.Invalid
	}
	return s.handle
}

// LocalAddr asks the kernel for the address that the socket is bound to. It returns the zero
// AddrPort for a socket of another family.
func (s *Socket) LocalAddr() (netip.AddrPort, error) {
	if err := s.acquire(); err != nil {
		return netip.AddrPort{}, err
	}
	defer s.release()
	return sys.LocalAddr(s.handle)
}

// RemoteAddr asks the kernel for the address that the socket is connected to.
func (s *Socket) RemoteAddr() (netip.AddrPort, error) {
	if err := s.acquire(); err != nil {
		return netip.AddrPort{}, err
	}
	defer s.release()
	return sys.PeerAddr(s.handle)
}

// do runs operation while the handle is kept open.
func (s *Socket) do(operation func(sys.Handle) error) error {
	if err := s.acquire(); err != nil {
		return err
	}
	defer s.release()
	return operation(s.handle)
}
