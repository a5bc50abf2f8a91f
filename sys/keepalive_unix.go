//go:build unix && !openbsd

package sys

import (
	"time"

	"golang.org/x/sys/unix"
)

// SetKeepAlivePeriod sets the time between two keep-alive probes, rounded up to whole seconds
// (TCP_KEEPINTVL).
func SetKeepAlivePeriod(h Handle, d time.Duration) error {
	return unix.SetsockoptInt(int(h), unix.IPPROTO_TCP, unix.TCP_KEEPINTVL, int((d+time.Second-1)/time.Second))
}

// SetKeepAliveIdle sets the idle time of a connection before the first probe, rounded up to whole
// seconds (TCP_KEEPIDLE; on macOS TCP_KEEPALIVE).
func SetKeepAliveIdle(h Handle, d time.Duration) error {
	return unix.SetsockoptInt(int(h), unix.IPPROTO_TCP, tcpKeepIdle, int((d+time.Second-1)/time.Second))
}

// SetKeepAliveCount sets how many unanswered probes end the connection (TCP_KEEPCNT).
func SetKeepAliveCount(h Handle, n int) error {
	return unix.SetsockoptInt(int(h), unix.IPPROTO_TCP, unix.TCP_KEEPCNT, n)
}
