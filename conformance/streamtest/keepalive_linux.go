package streamtest

import (
	"syscall"

	"github.com/edgewise-go/edgewise/sys"
)

// keepAliveIdle returns how many seconds a connection is silent before the first probe.
func keepAliveIdle(h sys.Handle) (int, error) {
	return syscall.GetsockoptInt(int(h), syscall.IPPROTO_TCP, syscall.TCP_KEEPIDLE)
}
