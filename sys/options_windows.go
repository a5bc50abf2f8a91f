package sys

import (
	"errors"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

// soExclusiveAddrUse is SO_EXCLUSIVEADDRUSE (winsock2.h), ~SO_REUSEADDR.
const soExclusiveAddrUse = ^windows.SO_REUSEADDR

// SetReuseAddr lets Bind take an address whose former connections linger in TIME_WAIT, which is
// what Windows does unless told otherwise. Off is SO_EXCLUSIVEADDRUSE: Bind fails while they
// linger, and no other process can take the address from this one. It is never SO_REUSEADDR, which
// on Windows takes the address of a socket that is listening. Call it before Bind.
func SetReuseAddr(h Handle, on bool) error {
	return setBool(h, windows.SOL_SOCKET, soExclusiveAddrUse, !on)
}

// SetReusePort returns an error that is [errors.ErrUnsupported]: Windows does not spread
// connections between listeners.
func SetReusePort(h Handle, on bool) error { return errors.ErrUnsupported }

// SetV6Only keeps an IPv6 socket from serving IPv4 as well (IPV6_V6ONLY), which is how Windows
// makes them.
func SetV6Only(h Handle, on bool) error {
	return setBool(h, windows.IPPROTO_IPV6, windows.IPV6_V6ONLY, on)
}

// SetNoDelay sends small segments at once instead of gathering them (TCP_NODELAY, RFC 896).
func SetNoDelay(h Handle, on bool) error {
	return setBool(h, windows.IPPROTO_TCP, windows.TCP_NODELAY, on)
}

// SetKeepAlive asks the peer whether it is there when a connection has been idle (SO_KEEPALIVE).
func SetKeepAlive(h Handle, on bool) error {
	return setBool(h, windows.SOL_SOCKET, windows.SO_KEEPALIVE, on)
}

// keepAliveIdle is after how long an idle connection is probed first, unless told otherwise.
const keepAliveIdle = 2 * time.Hour

// SetKeepAlivePeriod sets the time between two keep-alive probes, rounded up to whole milliseconds,
// and switches keep-alive on (SIO_KEEPALIVE_VALS, which every version of Windows has). The first
// probe comes after two hours, Windows' own default: the call sets both.
func SetKeepAlivePeriod(h Handle, d time.Duration) error {
	values := windows.TCPKeepalive{
		OnOff: 1, Time: uint32(keepAliveIdle / time.Millisecond), Interval: uint32((d + time.Millisecond - 1) / time.Millisecond),
	}
	var returned uint32
	return windows.WSAIoctl(windows.Handle(h), windows.SIO_KEEPALIVE_VALS, (*byte)(unsafe.Pointer(&values)), uint32(unsafe.Sizeof(values)),
		nil, 0, &returned, nil, 0)
}

// SetLinger sets what Close does with unsent bytes (SO_LINGER): seconds < 0 sends them in the
// background, 0 discards them and resets the connection, more lets the kernel wait that long. Close
// of a non-blocking handle fails with WSAEWOULDBLOCK then, and the handle stays open.
func SetLinger(h Handle, seconds int) error {
	l := windows.Linger{}
	if seconds >= 0 {
		l.Onoff, l.Linger = 1, int32(seconds)
	}
	return windows.SetsockoptLinger(windows.Handle(h), windows.SOL_SOCKET, windows.SO_LINGER, &l)
}

// StopLinger sees to it that Close of h does not wait for unsent bytes, which it would refuse: a
// time to linger (SO_LINGER) is taken away, and the bytes are sent in the background. The option
// that makes Close reset a connection stays.
func StopLinger(h Handle) error {
	var linger struct{ on, seconds uint16 } // struct linger (winsock2.h)
	size := int32(unsafe.Sizeof(linger))
	err := windows.Getsockopt(windows.Handle(h), windows.SOL_SOCKET, windows.SO_LINGER, (*byte)(unsafe.Pointer(&linger)), &size)
	if err != nil || linger.on == 0 || linger.seconds == 0 {
		return err
	}
	return SetLinger(h, -1)
}

// SetReadBuffer asks the kernel to hold about n received bytes (SO_RCVBUF).
func SetReadBuffer(h Handle, n int) error {
	return windows.SetsockoptInt(windows.Handle(h), windows.SOL_SOCKET, windows.SO_RCVBUF, n)
}

// SetWriteBuffer asks the kernel to hold about n unsent bytes (SO_SNDBUF).
func SetWriteBuffer(h Handle, n int) error {
	return windows.SetsockoptInt(windows.Handle(h), windows.SOL_SOCKET, windows.SO_SNDBUF, n)
}

func setBool(h Handle, level, option int, on bool) error {
	v := 0
	if on {
		v = 1
	}
	return windows.SetsockoptInt(windows.Handle(h), level, option, v)
}
