package sys

import (
	"errors"
	"net/netip"
	"time"

	"golang.org/x/sys/windows"
)

// pairTimeout bounds how long SocketPair waits for the connection on loopback. pairStrangersMax
// bounds the connections from other sockets that it closes before it gives up.
const (
	pairTimeout      = 10 * time.Second
	pairStrangersMax = 64
)

// SocketPair opens two connected stream sockets. They are TCP sockets over 127.0.0.1, because
// Windows has no socketpair. Small writes are sent at once (TCP_NODELAY), and arrive a little
// later. Another process may connect to the port while it is open; SocketPair recognizes such a
// connection by its address and closes it.
//
// Unlike the rest of this package, SocketPair blocks: it waits for its own connection.
func SocketPair() (a, b Handle, err error) {
	l, err := Socket(IPv4)
	if err != nil {
		return Invalid, Invalid, err
	}
	defer func() { err = errors.Join(err, Close(l)) }()
	// Another process must not be able to bind to the same address and take the connection.
	if err := SetReuseAddr(l, false); err != nil {
		return Invalid, Invalid, err
	}
	if err := Bind(l, netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), 0)); err != nil {
		return Invalid, Invalid, err
	}
	if err := Listen(l, 1); err != nil {
		return Invalid, Invalid, err
	}
	if a, err = Socket(IPv4); err != nil {
		return Invalid, Invalid, err
	}
	if b, err = connectPair(a, l); err == nil {
		if err = errors.Join(SetNoDelay(a, true), SetNoDelay(b, true)); err == nil {
			return a, b, nil
		}
		err = errors.Join(err, Close(b))
	}
	return Invalid, Invalid, errors.Join(err, Close(a))
}

// connectPair connects a to the listener l and returns the accepted end.
func connectPair(a, l Handle) (Handle, error) {
	to, err := LocalAddr(l)
	if err != nil {
		return Invalid, err
	}
	if err := Connect(a, to); err != nil && ClassOf(err) != ClassInProgress {
		return Invalid, err
	}
	if err := await(a, PollOut); err != nil {
		return Invalid, err
	}
	if err := SocketError(a); err != nil {
		return Invalid, err
	}
	from, err := LocalAddr(a)
	if err != nil {
		return Invalid, err
	}
	for range pairStrangersMax {
		if err := await(l, PollIn); err != nil {
			return Invalid, err
		}
		b, peer, err := Accept(l)
		switch {
		case err == ErrWouldBlock || ClassOf(err) == ClassDisconnected: // the peer is gone
			continue
		case err != nil:
			return Invalid, err
		case peer == from:
			return b, nil
		}
		if err := Close(b); err != nil {
			return Invalid, err
		}
	}
	return Invalid, windows.WSAECONNABORTED
}

func await(h Handle, events int16) error {
	n, err := Poll([]PollFD{{Fd: int32(h), Events: events}}, pairTimeout)
	if err == nil && n == 0 {
		return windows.WSAETIMEDOUT
	}
	return err
}
