package stream

import (
	"io"
	"net/netip"
	"sync/atomic"

	"github.com/edgewise-go/edgewise/sys"
)

// TryRead reads up to len(p) bytes. It returns io.EOF at the end of the stream, sys.ErrWouldBlock
// if nothing is there to read, and 0, nil for an empty p. On a datagram socket it receives one
// datagram, as TryReadFrom does.
//
// Urgent data on TCP does not make it return sys.ErrWouldBlock while bytes are there; see
// [sys.UnreadAtMark].
func (s *Socket) TryRead(p []byte) (int, error) {
	if err := s.acquire(); err != nil {
		return 0, err
	}
	defer s.release()
	n, err := s.recv(p)
	if n == 0 && err == nil && len(p) > 0 && s.datagrams == noDatagrams {
		return 0, io.EOF
	}
	return n, err
}

// TryWrite writes as many bytes of p as the kernel takes, possibly fewer than len(p), and returns
// how many. It returns sys.ErrWouldBlock if the kernel takes none. It never raises SIGPIPE. A
// connected datagram socket sends all of p as one datagram, even if p is empty.
func (s *Socket) TryWrite(p []byte) (int, error) {
	if err := s.acquire(); err != nil {
		return 0, err
	}
	defer s.release()
	return s.send(p)
}

// TryReadv is TryRead into several segments in order. It uses at most sys.MaxSegments non-empty
// segments. So a read of fewer bytes than segs holds proves that no more bytes are there only if it
// ends inside a segment. TryReadv is for streams. On a datagram socket it returns an error that is
// errors.ErrUnsupported, as TryWritev does.
func (s *Socket) TryReadv(segs [][]byte) (int, error) {
	if err := s.acquire(); err != nil {
		return 0, err
	}
	defer s.release()
	n, err := s.recvSegments(segs)
	if n == 0 && err == nil && !allEmpty(segs) && s.datagrams == noDatagrams {
		return 0, io.EOF
	}
	return n, err
}

// TryWritev is TryWrite of several segments in order. It uses at most sys.MaxSegments non-empty
// segments.
func (s *Socket) TryWritev(segs [][]byte) (int, error) {
	if err := s.acquire(); err != nil {
		return 0, err
	}
	defer s.release()
	return s.sendSegments(segs)
}

// TryAccept takes one connection off the queue of a listening socket and returns it with the
// address of its peer. The new socket is non-blocking and close-on-exec. TryAccept returns
// sys.ErrWouldBlock if the queue is empty. [Transient] and [Exhausted] classify other errors.
func (s *Socket) TryAccept() (Socket, netip.AddrPort, error) {
	if err := s.acquire(); err != nil {
		return Socket{}, netip.AddrPort{}, err
	}
	defer s.release()
	accept := sys.Accept
	if s.isShared() {
		accept = sys.AcceptShared
	}
	h, peer, err := accept(s.handle)
	if err != nil {
		return Socket{}, netip.AddrPort{}, err
	}
	accepted := own(h)
	accepted.refs |= atomic.LoadUint32(&s.refs) & foreign // options are inherited
	accepted.kind = s.kind
	return accepted, peer, nil
}

// CloseWrite ends the stream to the peer, which reads io.EOF after the bytes already written
// (shutdown(2), SHUT_WR).
func (s *Socket) CloseWrite() error {
	return s.do(func(h sys.Handle) error { return sys.Shutdown(h, sys.ShutWriting) })
}

// CloseRead makes reads return io.EOF after the bytes that have already arrived (shutdown(2),
// SHUT_RD). The peer is not notified.
func (s *Socket) CloseRead() error {
	return s.do(func(h sys.Handle) error { return sys.Shutdown(h, sys.ShutReading) })
}

func (s *Socket) recv(p []byte) (int, error) {
	switch {
	case s.file:
		return sys.ReadShared(s.handle, p)
	case s.datagrams != noDatagrams:
		return s.recvDatagram(p)
	}
	if err := s.keepTransfer(); err != nil {
		return 0, err
	}
	for {
		n, err := sys.Recv(s.handle, p)
		if err != sys.ErrWouldBlock {
			return n, err
		}
		if again, err := s.blockedAtMark(); !again {
			return 0, err
		}
	}
}

// blockedAtMark handles a read that the kernel has answered with would-block. It reports whether to
// repeat the read, and otherwise returns the error of the read. A caller that waited for an edge
// instead would wait for bytes that have already been reported.
func (s *Socket) blockedAtMark() (again bool, err error) {
	if s.kind != plainTCP {
		return false, sys.ErrWouldBlock
	}
	if again, err = sys.UnreadAtMark(s.handle); again || err != nil {
		return again, err
	}
	return false, sys.ErrWouldBlock
}

func (s *Socket) send(p []byte) (int, error) {
	switch {
	case s.file:
		return sys.WriteShared(s.handle, p)
	case s.datagrams != noDatagrams:
		return s.sendDatagram(p)
	}
	if err := s.keepTransfer(); err != nil {
		return 0, err
	}
	return sys.Send(s.handle, p)
}

func (s *Socket) recvSegments(segs [][]byte) (int, error) {
	switch {
	case s.file:
		return sys.ReadvShared(s.handle, segs)
	case s.datagrams != noDatagrams:
		return 0, errDatagrams
	}
	if err := s.keepTransfer(); err != nil {
		return 0, err
	}
	for {
		n, err := sys.RecvSegments(s.handle, segs)
		if err != sys.ErrWouldBlock {
			return n, err
		}
		if again, err := s.blockedAtMark(); !again {
			return 0, err
		}
	}
}

func (s *Socket) sendSegments(segs [][]byte) (int, error) {
	switch {
	case s.file:
		return sys.WritevShared(s.handle, segs)
	case s.datagrams != noDatagrams:
		return 0, errDatagrams
	}
	if err := s.keepTransfer(); err != nil {
		return 0, err
	}
	return sys.SendSegments(s.handle, segs)
}

func allEmpty(segs [][]byte) bool {
	for _, s := range segs {
		if len(s) > 0 {
			return false
		}
	}
	return true
}

// endsInside reports whether a transfer of n bytes stopped inside one of segs. If so, the bound on
// the number of segments did not cut it.
func endsInside(segs [][]byte, n int) bool {
	for _, s := range segs {
		if n <= 0 {
			return false
		}
		if n < len(s) {
			return true
		}
		n -= len(s)
	}
	return false
}
