package stream

import (
	"net/netip"

	"github.com/edgewise-go/edgewise/sys"
)

// connectPhase is where a socket stands in its one connect. StartConnect moves it from idle to
// connecting, or to settled when the outcome is known at once; FinishConnect moves it from
// connecting to settled.
type connectPhase uint8

const (
	phaseIdle connectPhase = iota
	phaseConnecting
	phaseSettled
)

// Bind gives the socket a local address. Port zero lets the kernel choose.
func (s *Socket) Bind(addr netip.AddrPort) error {
	return s.do(func(h sys.Handle) error { return sys.Bind(h, addr) })
}

// Listen makes the socket accept connections. The kernel lowers backlog to a limit of its own. It
// calls [sys.StartRuntimePoller], as peers decide on how many descriptors accepted connections
// take.
func (s *Socket) Listen(backlog int) error {
	sys.StartRuntimePoller()
	return s.do(func(h sys.Handle) error { return sys.Listen(h, backlog) })
}

// StartConnect starts a connection to addr: nil when it was made at once, sys.ErrWouldBlock when it
// is in progress. Then the socket is to be registered (before, it would report a hang-up), waited
// for in direction sys.Writable, and asked by FinishConnect. connect(2) is called once, and not
// again after EINTR: the connection goes on in the kernel. After any other error the socket is only
// good for Close.
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

// FinishConnect returns the outcome of StartConnect: nil, sys.ErrWouldBlock while it is still in
// progress, [ErrSelfConnect], or the error of the kernel, which gives it once (SO_ERROR). When the
// outcome has been returned, it returns [ErrNotConnecting].
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
	// No error is no proof: it is also the answer after a spurious event. A socket without a peer
	// is not connected yet.
	err := s.refuseSelf()
	if sys.ClassOf(err) == sys.ClassDisconnected {
		return sys.ErrWouldBlock
	}
	s.phase = phaseSettled
	return err
}

// refuseSelf fails when the socket has no peer or is its own.
func (s *Socket) refuseSelf() error {
	if s.datagrams != noDatagrams {
		return nil // a socket may well be its own peer then
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
