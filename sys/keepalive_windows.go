package sys

import (
	"time"

	"golang.org/x/sys/windows"
)

// SetKeepAliveIdle sets the idle time of a connection before the first probe, rounded up to whole
// seconds (TCP_KEEPIDLE, Windows 10 version 1709).
func SetKeepAliveIdle(h Handle, d time.Duration) error {
	return windows.SetsockoptInt(windows.Handle(h), windows.IPPROTO_TCP, windows.TCP_KEEPIDLE, int((d+time.Second-1)/time.Second))
}

// SetKeepAliveCount sets how many unanswered probes end the connection (TCP_KEEPCNT, Windows 10
// version 1703).
func SetKeepAliveCount(h Handle, n int) error {
	return windows.SetsockoptInt(windows.Handle(h), windows.IPPROTO_TCP, windows.TCP_KEEPCNT, n)
}
