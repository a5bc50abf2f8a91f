// Package urgent sends TCP urgent data (tcp(7)), for cases about reads that stop at the urgent
// mark.
package urgent

import (
	"errors"
	"net/netip"
	"time"

	"github.com/edgewise-go/edgewise/sys"
)

// pollMax bounds the wait for a connection that the kernel is certain to complete at once.
const pollMax = 10 * time.Second

// Pair returns the two ends of a TCP connection over loopback.
func Pair() (a, b sys.Handle, err error) {
	l, err := sys.Socket(sys.IPv4)
	if err != nil {
		return sys.Invalid, sys.Invalid, err
	}
	defer func() { err = errors.Join(err, sys.Close(l)) }()
	if a, err = sys.Socket(sys.IPv4); err != nil {
		return sys.Invalid, sys.Invalid, err
	}
	if b, err = join(l, a); err != nil {
		return sys.Invalid, sys.Invalid, errors.Join(err, sys.Close(a))
	}
	return a, b, nil
}

// join connects a to l and returns what l accepts.
func join(l, a sys.Handle) (sys.Handle, error) {
	if err := sys.Bind(l, netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), 0)); err != nil {
		return sys.Invalid, err
	}
	if err := sys.Listen(l, 1); err != nil {
		return sys.Invalid, err
	}
	to, err := sys.LocalAddr(l)
	if err != nil {
		return sys.Invalid, err
	}
	if err := sys.Connect(a, to); err != nil && sys.ClassOf(err) != sys.ClassInProgress {
		return sys.Invalid, err
	}
	for until := time.Now().Add(pollMax); ; {
		fds := []sys.PollFD{{Fd: int32(l), Events: sys.PollIn}}
		if _, err := sys.Poll(fds, time.Until(until)); err != nil && sys.ClassOf(err) != sys.ClassInterrupted {
			return sys.Invalid, err
		}
		b, _, err := sys.Accept(l)
		if err != sys.ErrWouldBlock || time.Now().After(until) {
			return b, err
		}
	}
}

// SendPieces sends pieces in order. Pieces that begin with an upper-case letter are urgent data.
func SendPieces(h sys.Handle, pieces []string) error {
	for _, piece := range pieces {
		if err := send(h, []byte(piece), IsUrgent(piece)); err != nil {
			return err
		}
	}
	return nil
}

// IsUrgent reports whether SendPieces sends piece as urgent data.
func IsUrgent(piece string) bool { return piece[0] <= 'Z' }

// Recv reads from h until it would block. A would-block that a pending signal causes does not
// count: see sys.UnreadAtMark.
func Recv(h sys.Handle, p []byte) (int, error) {
	for {
		n, err := sys.Recv(h, p)
		if err != sys.ErrWouldBlock {
			return n, err
		}
		if again, err := sys.UnreadAtMark(h); err != nil {
			return 0, err
		} else if !again {
			return 0, sys.ErrWouldBlock
		}
	}
}
