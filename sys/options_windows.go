package sys

import (
	"errors"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

// soExclusiveAddrUse is SO_EXCLUSIVEADDRUSE (winsock2.h), ~SO_REUSEADDR.
const soExclusiveAddrUse = ^windows.SO_REUSEADDR

// SetReuseAddr sets whether Bind may take an address whose former connections linger in TIME_WAIT,
// which is the default on Windows. Off sets SO_EXCLUSIVEADDRUSE: Bind fails while they linger, and
// no other process can take the address from this one.
//
// SetReuseAddr never sets SO_REUSEADDR, which on Windows takes the address of a listening socket.
// Call it before Bind.
func SetReuseAddr(h Handle, on bool) error {
	return setBool(h, windows.SOL_SOCKET, soExclusiveAddrUse, !on)
}

// SetReusePort returns an error that is [errors.ErrUnsupported]: Windows does not distribute
// connections among listeners.
func SetReusePort(h Handle, on bool) error { return errors.ErrUnsupported }

// SetV6Only sets whether an IPv6 socket serves only IPv6 (IPV6_V6ONLY), which is the default on
// Windows.
func SetV6Only(h Handle, on bool) error {
	return setBool(h, windows.IPPROTO_IPV6, windows.IPV6_V6ONLY, on)
}

// SetNoDelay sets whether small segments are sent at once instead of being coalesced (TCP_NODELAY,
// RFC 896).
func SetNoDelay(h Handle, on bool) error {
	return setBool(h, windows.IPPROTO_TCP, windows.TCP_NODELAY, on)
}

// SetKeepAlive sets whether the kernel probes the peer of an idle connection (SO_KEEPALIVE).
func SetKeepAlive(h Handle, on bool) error {
	return setBool(h, windows.SOL_SOCKET, windows.SO_KEEPALIVE, on)
}

// keepAliveIdle is the default idle time before the first probe.
const keepAliveIdle = 2 * time.Hour

// SetKeepAlivePeriod sets the time between two keep-alive probes, rounded up to whole milliseconds,
// and enables keep-alive (SIO_KEEPALIVE_VALS, which every version of Windows has). The call also
// sets the idle time before the first probe, to two hours, the default of Windows.
func SetKeepAlivePeriod(h Handle, d time.Duration) error {
	values := windows.TCPKeepalive{
		OnOff: 1, Time: uint32(keepAliveIdle / time.Millisecond), Interval: uint32((d + time.Millisecond - 1) / time.Millisecond),
	}
	var returned uint32
	return windows.WSAIoctl(windows.Handle(h), windows.SIO_KEEPALIVE_VALS, (*byte)(unsafe.Pointer(&values)), uint32(unsafe.Sizeof(values)),
		nil, 0, &returned, nil, 0)
}

// SetLinger sets what Close does with unsent bytes (SO_LINGER). If seconds < 0, the kernel sends
// them in the background. If it is 0, the kernel discards them and resets the connection. If it is
// more, the kernel waits that long: Close of a non-blocking handle then fails with WSAEWOULDBLOCK,
// and the handle stays open.
func SetLinger(h Handle, seconds int) error {
	l := windows.Linger{}
	if seconds >= 0 {
		l.Onoff, l.Linger = 1, int32(seconds)
	}
	return windows.SetsockoptLinger(windows.Handle(h), windows.SOL_SOCKET, windows.SO_LINGER, &l)
}

// StopLinger removes a linger time (SO_LINGER), which would make Close of h fail while bytes are
// unsent. The kernel then sends them in the background. StopLinger leaves the setting that makes
// Close reset the connection.
func StopLinger(h Handle) error {
	var linger struct{ on, seconds uint16 } // struct linger (winsock2.h)
	size := int32(unsafe.Sizeof(linger))
	err := windows.Getsockopt(windows.Handle(h), windows.SOL_SOCKET, windows.SO_LINGER, (*byte)(unsafe.Pointer(&linger)), &size)
	if err != nil || linger.on == 0 || linger.seconds == 0 {
		return err
	}
	return SetLinger(h, -1)
}

// SetReadBuffer asks the kernel to buffer about n received bytes (SO_RCVBUF).
func SetReadBuffer(h Handle, n int) error {
	return windows.SetsockoptInt(windows.Handle(h), windows.SOL_SOCKET, windows.SO_RCVBUF, n)
}

// SetWriteBuffer asks the kernel to buffer about n unsent bytes (SO_SNDBUF).
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
