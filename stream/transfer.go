package stream

import (
	"io"
	"net/netip"
	"sync/atomic"

	"github.com/edgewise-go/edgewise/sys"
)

// TryRead reads up to len(p) bytes. It returns io.EOF at the end of the stream, sys.ErrWouldBlock
// when there is nothing to read, and 0, nil for an empty p. Of a datagram socket it receives one
// datagram, as TryReadFrom does.
//
// Urgent data of TCP does not make it return sys.ErrWouldBlock while there are bytes: see
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

// TryWrite writes as many bytes of p as the kernel takes, which may be fewer than there are, and
// returns how many. It returns sys.ErrWouldBlock when it takes none. It never raises SIGPIPE. A
// connected datagram socket sends all of p as one datagram, also if p is empty.
func (s *Socket) TryWrite(p []byte) (int, error) {
	if err := s.acquire(); err != nil {
		return 0, err
	}
	defer s.release()
	return s.send(p)
}

// TryReadv is TryRead into several segments in order. At most sys.MaxSegments of those that are not
// empty are used. So fewer bytes than there was room for do not prove that there are no more,
// unless the last of them stands inside a segment. It is for streams: of a datagram socket it
// returns an error that is errors.ErrUnsupported, as TryWritev does.
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

// TryWritev is TryWrite of several segments in order. At most sys.MaxSegments of those that are not
// empty are used.
func (s *Socket) TryWritev(segs [][]byte) (int, error) {
	if err := s.acquire(); err != nil {
		return 0, err
	}
	defer s.release()
	return s.sendSegments(segs)
}

// TryAccept takes one connection off the queue of a listening socket, and returns it with the
// address of its peer. The new socket is non-blocking and close-on-exec. It returns
// sys.ErrWouldBlock when the queue is empty. [Transient] and [Exhausted] sort other errors.
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
	accepted.tcp = s.tcp
	return accepted, peer, nil
}

// CloseWrite ends the stream to the peer, who reads io.EOF after the bytes already written
// (shutdown(2), SHUT_WR).
func (s *Socket) CloseWrite() error {
	return s.do(func(h sys.Handle) error { return sys.Shutdown(h, sys.ShutWriting) })
}

// CloseRead makes reads return io.EOF once what has arrived is read (shutdown(2), SHUT_RD). The
// peer is not told.
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

// blockedAtMark is for a read that the kernel has answered with would-block. It reports whether the
// read is to be repeated, and otherwise returns the error of the read. A caller that waited for an
// edge instead would wait for bytes that have already been reported.
func (s *Socket) blockedAtMark() (again bool, err error) {
	if !s.tcp {
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

// endsInside reports whether a transfer of n bytes stopped inside one of segs, so that it was not
// cut by a bound on the number of segments.
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
