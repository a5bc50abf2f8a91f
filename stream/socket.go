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
// The zero Socket is closed. A Socket may be moved by assignment until a second goroutine knows it;
// what it was moved from must not be used again. Nothing closes a Socket but Close: it has no
// finalizer.
//
// One goroutine at a time may read, one may write. Close may come from any goroutine at any time:
// it makes later calls return [net.ErrClosed], and the number of the handle goes back to the kernel
// when the last running call returns, never under it.
//
// TryReadv and TryWritev are for streams; TryReadFrom, TryWriteTo, TryReadBatch and TryWriteBatch
// are for datagrams. On a socket of the other kind they return an error that is
// errors.ErrUnsupported.
type Socket struct {
	handle sys.Handle

	// refs is accessed atomically. Bits 29 to 31 are foreign, shared and retired. The rest counts
	// references: one of the owner, and one of each running call. Who takes away the last reference
	// of a retired socket closes the handle. Zero was never open.
	refs uint32

	phase connectPhase // owned by the one who connects
	file  bool         // no socket: Read and Write move its bytes
	tcp   bool         // of TCP alone: see MayDrainShort

	datagrams datagramKind
}

// The bits of Socket.refs that are no count.
const (
	retired = 1 << 31 // further calls fail
	shared  = 1 << 30 // others have the open file as well, and may clear its non-blocking flag
	foreign = 1 << 29 // opened elsewhere, or accepted from such a socket: its options are not known

	lasting = shared | foreign // once set, these stay
)

// OpenTCP opens a TCP socket, non-blocking and close-on-exec from birth. It is neither bound nor
// connected.
func OpenTCP(f sys.Family) (Socket, error) {
	h, err := sys.Socket(f)
	if err != nil {
		return Socket{}, err
	}
	s := own(h)
	s.tcp = true
	return s, nil
}

// MayDrainShort reports whether s is a socket of plain TCP, whose read ends early for two reasons
// only: there are no more bytes, or the next one is at an urgent mark. So a short read can prove
// that there are no more, if urgent data is ruled out (see Source).
//
// Reads of any other handle are short while there is more: Unix-domain streams that carry
// descriptors or credentials, pipes of packets, terminals, inotify, SCTP, TLS in the kernel.
func (s *Socket) MayDrainShort() bool { return s.tcp }

func own(h sys.Handle) Socket { return Socket{handle: h, refs: 1} }

// acquire keeps the handle from being closed until release. Every successful acquire is followed by
// one release.
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

// share notes that others have the open file from now on.
func (s *Socket) share() { atomic.OrUint32(&s.refs, shared) }

func (s *Socket) isShared() bool { return atomic.LoadUint32(&s.refs)&shared != 0 }

// keep restores the non-blocking flag before a call that depends on it, where others may have
// cleared it.
func (s *Socket) keep() error {
	if s.isShared() {
		return sys.KeepNonblock(s.handle)
	}
	return nil
}

// keepTransfer is keep before Recv and Send, which depend on the flag on some systems only.
func (s *Socket) keepTransfer() error {
	if sys.DontWait {
		return nil
	}
	return s.keep()
}

// release gives back a reference, and closes the handle with the last one of a retired socket.
func (s *Socket) release() error {
	if refs := atomic.AddUint32(&s.refs, ^uint32(0)); refs&^lasting == retired {
		if refs&foreign != 0 && !s.file {
			// close(2) would block for the time of SO_LINGER on Linux, non-blocking or not.
			// Whatever the option's fate, the handle is closed.
			_ = sys.StopLinger(s.handle)
		}
		return sys.Close(s.handle)
	}
	return nil
}

// retire makes further calls fail and reports whether it was the first to do so. The owner's
// reference remains, to be released.
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

// Close ends the socket and does not wait. Unsent bytes are sent in the background, unless
// [Socket.SetLinger] says otherwise; unread ones make the kernel reset the connection. A second
// Close returns net.ErrClosed. The registration of the handle with a queue must have ended before.
func (s *Socket) Close() error {
	if !s.retire() {
		return net.ErrClosed
	}
	return s.release()
}

// Handle returns the handle, or sys.Invalid when the socket is closed. It does not keep the handle
// from being closed.
func (s *Socket) Handle() sys.Handle {
	if v := atomic.LoadUint32(&s.refs); v == 0 || v&retired != 0 {
		return sys.Invalid
	}
	return s.handle
}

// LocalAddr asks the kernel for the address that the socket is bound to. It is the zero AddrPort
// for a socket of another family.
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

// do runs operation with the handle kept open.
func (s *Socket) do(operation func(sys.Handle) error) error {
	if err := s.acquire(); err != nil {
		return err
	}
	defer s.release()
	return operation(s.handle)
}
