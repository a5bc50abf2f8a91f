package stream

import (
	"net"
	"os"
	"time"

	"github.com/edgewise-go/edgewise/sys"
)

// endpoint is a registered socket with two directions. One caller operates in each direction at
// once. It is the part that Conn and PacketConn share. Its methods return errors without a
// *net.OpError.
type endpoint struct {
	sock Socket
	reg  Source
	in   side
	out  side
}

func (e *endpoint) open() error {
	if e.sock.Handle() == sys.Invalid {
		return net.ErrClosed
	}
	return nil
}

// late returns the error of a call whose deadline has passed. Close takes precedence over the
// deadline.
func (e *endpoint) late() error {
	if err := e.open(); err != nil {
		return err
	}
	return os.ErrDeadlineExceeded
}

// waitSide waits for a caller that makes its own tries.
func (e *endpoint) waitSide(s *side, d sys.Direction) error {
	if err := s.claim(e.reg); err != nil {
		return err
	}
	defer s.give()
	if err := e.open(); err != nil {
		return err
	}
	s.short = false
	if !s.blocked {
		s.progressed() // the caller has tried by other means, or not at all
	}
	return s.wait(&e.sock, e.reg, d)
}

func (e *endpoint) setDeadline(s *side, t time.Time, d sys.Direction) error {
	if err := e.open(); err != nil {
		return err
	}
	s.setDeadline(t, e.reg, d)
	return nil
}

// end closes an endpoint whose socket is retired. The source must end first, while the number of
// the handle still belongs to this socket.
func (e *endpoint) end() error {
	err := e.reg.Close()
	if r := e.sock.release(); err == nil {
		err = r
	}
	return err
}

// handOver ends the source and returns the handle to the caller. It returns ErrBusy while a call
// operates, suspended or not.
func (e *endpoint) handOver() (sys.Handle, error) {
	if !e.in.turn.Try() {
		return sys.Invalid, ErrBusy
	}
	defer e.in.give()
	if !e.out.turn.Try() {
		return sys.Invalid, ErrBusy
	}
	defer e.out.give()
	h, err := e.sock.Release()
	if err != nil {
		return sys.Invalid, err
	}
	return h, e.reg.Close()
}
