//go:build unix && !linux

package sys

import "golang.org/x/sys/unix"

// isTCP reports whether the stream socket h is TCP. Only TCP has TCP options: SCTP and Unix-domain
// sockets refuse the level.
func isTCP(h Handle) bool {
	sa, err := unix.Getsockname(int(h))
	if err != nil {
		return false
	}
	switch sa.(type) {
	case *unix.SockaddrInet4, *unix.SockaddrInet6:
	default:
		return false
	}
	_, err = unix.GetsockoptInt(int(h), unix.IPPROTO_TCP, unix.TCP_NODELAY)
	return err == nil
}
