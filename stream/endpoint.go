package stream

import (
	"net"
	"os"
	"time"

	"github.com/edgewise-go/edgewise/sys"
)

// endpoint is a registered socket with two directions, in each of which one caller operates at a
// time: what a Conn and a PacketConn have in common. Its errors are bare.
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

// late is the error of a call whose deadline has passed. Close goes before the deadline.
func (e *endpoint) late() error {
	if err := e.open(); err != nil {
		return err
	}
	return os.ErrDeadlineExceeded
}

// waitSide is a wait of a caller who operates by himself, with tries of his own.
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
		s.progressed() // the caller has tried by other means, or has not tried
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

// end closes what is retired already. The source ends while the number of the handle is still
// this socket's.
func (e *endpoint) end() error {
	err := e.reg.Close()
	if r := e.sock.release(); err == nil {
		err = r
	}
	return err
}

// handOver ends the source and gives the handle away. It is ErrBusy while a call operates,
// suspended or not.
func (e *endpoint) handOver() (sys.Handle, error) {
	if !e.in.turn.TryLock() {
		return sys.Invalid, ErrBusy
	}
	defer e.in.give()
	if !e.out.turn.TryLock() {
		return sys.Invalid, ErrBusy
	}
	defer e.out.give()
	h, err := e.sock.Release()
	if err != nil {
		return sys.Invalid, err
	}
	return h, e.reg.Close()
}
