//go:build unix

package sys

import (
	"net/netip"

	"golang.org/x/sys/unix"
)

// Close closes h. It does not retry after EINTR: POSIX leaves the state of the handle unspecified,
// and every system here has closed it by then. A second close could close an unrelated handle with
// the same number.
func Close(h Handle) error {
	if err := unix.Close(int(h)); err != nil && err != unix.EINTR {
		return err
	}
	return nil
}

// Bind assigns h a local address (bind(2)).
func Bind(h Handle, addr netip.AddrPort) error {
	sa, err := sockaddrOf(h, addr)
	if err != nil {
		return err
	}
	return unix.Bind(int(h), sa)
}

// Listen makes h accept connections (listen(2)). The kernel silently lowers backlog to its own
// limit.
func Listen(h Handle, backlog int) error { return unix.Listen(int(h), backlog) }

// Connect starts a connection (connect(2)). It returns nil if the connection was made at once, and
// an error of [ClassInProgress] if the connect continues in the kernel. A connect that a signal
// interrupts also continues (POSIX: it must not be repeated), and Connect reports it as in
// progress.
func Connect(h Handle, addr netip.AddrPort) error {
	sa, err := sockaddrOf(h, addr)
	if err != nil {
		return err
	}
	if err := unix.Connect(int(h), sa); err != unix.EINTR {
		return err
	}
	return unix.EINPROGRESS
}

// SocketError returns and clears the pending error of h (SO_ERROR), which is the outcome of a
// connect. A second call returns nil.
func SocketError(h Handle) error {
	v, err := unix.GetsockoptInt(int(h), unix.SOL_SOCKET, unix.SO_ERROR)
	if err != nil {
		return err
	}
	if v != 0 {
		return unix.Errno(v)
	}
	return nil
}

// Shutdown ends one direction of a connection, or both (shutdown(2)).
func Shutdown(h Handle, how How) error {
	return unix.Shutdown(int(h), [...]int{unix.SHUT_RD, unix.SHUT_WR, unix.SHUT_RDWR}[how])
}

// SetNonblock makes h non-blocking. It is for handles that this package did not create. The flag
// belongs to the open file: it also changes for every duplicate of h, in any process.
func SetNonblock(h Handle) error { return unix.SetNonblock(int(h), true) }

// SetBlocking makes h and every duplicate of it blocking, for the next owner of the handle, such as
// a child process.
func SetBlocking(h Handle) error { return unix.SetNonblock(int(h), false) }

// IsNonblock reports whether h is non-blocking.
func IsNonblock(h Handle) (bool, error) {
	flags, err := unix.FcntlInt(uintptr(h), unix.F_GETFL, 0)
	return flags&unix.O_NONBLOCK != 0, err
}

// SetReuseAddr sets whether Bind may take an address whose former connections linger in TIME_WAIT
// (SO_REUSEADDR).
func SetReuseAddr(h Handle, on bool) error {
	return setBool(h, unix.SOL_SOCKET, unix.SO_REUSEADDR, on)
}

// SetReusePort sets whether several sockets may listen on one address (SO_REUSEPORT). Linux and
// DragonFly distribute connections among them.
func SetReusePort(h Handle, on bool) error {
	return setBool(h, unix.SOL_SOCKET, unix.SO_REUSEPORT, on)
}

// SetV6Only sets whether an IPv6 socket serves only IPv6 (IPV6_V6ONLY).
func SetV6Only(h Handle, on bool) error {
	return setBool(h, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, on)
}

// SetNoDelay sets whether small segments are sent at once instead of being coalesced (TCP_NODELAY,
// RFC 896).
func SetNoDelay(h Handle, on bool) error {
	return setBool(h, unix.IPPROTO_TCP, unix.TCP_NODELAY, on)
}

// SetKeepAlive sets whether the kernel probes the peer of an idle connection (SO_KEEPALIVE).
func SetKeepAlive(h Handle, on bool) error {
	return setBool(h, unix.SOL_SOCKET, unix.SO_KEEPALIVE, on)
}

// SetLinger sets what Close does with unsent bytes (SO_LINGER). If seconds < 0, the kernel sends
// them in the background. If it is 0, the kernel discards them and resets the connection. If it is
// more, the kernel waits that long. Linux waits even in close(2) of a non-blocking handle: see
// StopLinger.
func SetLinger(h Handle, seconds int) error {
	l := unix.Linger{}
	if seconds >= 0 {
		l.Onoff, l.Linger = 1, int32(seconds)
	}
	return unix.SetsockoptLinger(int(h), unix.SOL_SOCKET, unix.SO_LINGER, &l)
}

// StopLinger removes a linger time (SO_LINGER), so that Close of h does not wait for unsent bytes.
// The kernel then sends them in the background. StopLinger leaves the setting that makes Close
// reset the connection.
func StopLinger(h Handle) error {
	l, err := unix.GetsockoptLinger(int(h), unix.SOL_SOCKET, unix.SO_LINGER)
	if err != nil || l.Onoff == 0 || l.Linger == 0 {
		return err
	}
	return SetLinger(h, -1)
}

// SetReadBuffer asks the kernel to buffer about n received bytes (SO_RCVBUF).
func SetReadBuffer(h Handle, n int) error {
	return unix.SetsockoptInt(int(h), unix.SOL_SOCKET, unix.SO_RCVBUF, n)
}

// SetWriteBuffer asks the kernel to buffer about n unsent bytes (SO_SNDBUF).
func SetWriteBuffer(h Handle, n int) error {
	return unix.SetsockoptInt(int(h), unix.SOL_SOCKET, unix.SO_SNDBUF, n)
}

func setBool(h Handle, level, option int, on bool) error {
	v := 0
	if on {
		v = 1
	}
	return unix.SetsockoptInt(int(h), level, option, v)
}

func (f Family) domain() int {
	if f == IPv4 {
		return unix.AF_INET
	}
	return unix.AF_INET6
}
