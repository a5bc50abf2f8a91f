//go:build unix && !openbsd

package sys

import (
	"time"

	"golang.org/x/sys/unix"
)

// SetKeepAlivePeriod sets the time between two keep-alive probes, rounded up to whole seconds (TCP_KEEPINTVL).
func SetKeepAlivePeriod(h Handle, d time.Duration) error {
	return unix.SetsockoptInt(int(h), unix.IPPROTO_TCP, unix.TCP_KEEPINTVL, int((d+time.Second-1)/time.Second))
}
