package stream

import (
	"net/netip"

	"github.com/edgewise-go/edgewise/sys"
)

// connectPhase is the state of a socket's only connect. StartConnect moves it from idle to
// connecting, or to settled if the outcome is known at once. FinishConnect moves it from connecting
// to settled.
type connectPhase uint8

const (
	phaseIdle connectPhase = iota
	phaseConnecting
	phaseSettled
)

// Bind gives the socket a local address. With port zero the kernel chooses the port.
func (s *Socket) Bind(addr netip.AddrPort) error {
	return s.do(func(h sys.Handle) error { return sys.Bind(h, addr) })
}

// Listen makes the socket accept connections. The kernel lowers backlog to its own limit. Listen
// calls [sys.StartRuntimePoller], because peers decide how many descriptors accepted connections
// take.
func (s *Socket) Listen(backlog int) error {
	sys.StartRuntimePoller()
	return s.do(func(h sys.Handle) error { return sys.Listen(h, backlog) })
}

// StartConnect starts a connection to addr. It returns nil if the connection was made at once, and
// sys.ErrWouldBlock if it is in progress.
//
// If it is in progress, the caller registers the socket, waits in direction sys.Writable and calls
// FinishConnect. A socket that was registered earlier would report a hang-up. StartConnect calls
// connect(2) once and does not repeat it after EINTR, because the kernel continues the connect.
// After any other error, the only valid call is Close.
func (s *Socket) StartConnect(addr netip.AddrPort) error {
	if err := s.acquire(); err != nil {
		return err
	}
	defer s.release()
	if err := s.keep(); err != nil {
		return err
	}
	err := sys.Connect(s.handle, addr)
	switch {
	case err == nil:
		s.phase = phaseSettled
		return s.refuseSelf()
	case sys.ClassOf(err) == sys.ClassInProgress:
		s.phase = phaseConnecting
		return sys.ErrWouldBlock
	}
	s.phase = phaseSettled
	return err
}

// FinishConnect returns the outcome of StartConnect: nil, [ErrSelfConnect] or the kernel's error,
// which the kernel reports once (SO_ERROR). While the connect is in progress, it returns
// sys.ErrWouldBlock. After the outcome has been returned, it returns [ErrNotConnecting].
func (s *Socket) FinishConnect() error {
	if s.phase != phaseConnecting {
		return ErrNotConnecting
	}
	if err := s.acquire(); err != nil {
		return err
	}
	defer s.release()
	if err := sys.SocketError(s.handle); err != nil {
		s.phase = phaseSettled
		return err
	}
	// The absence of an error proves nothing: a spurious event has the same result. A socket
	// without a peer is not connected yet.
	err := s.refuseSelf()
	if sys.ClassOf(err) == sys.ClassDisconnected {
		return sys.ErrWouldBlock
	}
	s.phase = phaseSettled
	return err
}

// refuseSelf returns an error if the socket has no peer or is its own peer.
func (s *Socket) refuseSelf() error {
	if s.datagrams != noDatagrams {
		return nil // a datagram socket may be its own peer
	}
	peer, err := sys.PeerAddr(s.handle)
	if err != nil {
		return err
	}
	local, err := sys.LocalAddr(s.handle)
	if err != nil {
		return err
	}
	if peer.IsValid() && peer == local {
		return ErrSelfConnect
	}
	return nil
}
