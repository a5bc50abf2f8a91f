package streamtest

import (
	"syscall"

	"github.com/edgewise-go/edgewise/sys"
)

// keepAliveIdle returns how many seconds a connection is silent before the first probe.
func keepAliveIdle(h sys.Handle) (int, error) {
	return syscall.GetsockoptInt(int(h), syscall.IPPROTO_TCP, syscall.TCP_KEEPIDLE)
}

// keepAliveOf returns the keep-alive settings of a connection.
func keepAliveOf(h sys.Handle) (k keepAlive, err error) {
	for _, o := range []struct {
		level, option int
		to            *int
	}{
		{syscall.SOL_SOCKET, syscall.SO_KEEPALIVE, &k.on},
		{syscall.IPPROTO_TCP, syscall.TCP_KEEPIDLE, &k.idle},
		{syscall.IPPROTO_TCP, syscall.TCP_KEEPINTVL, &k.interval},
		{syscall.IPPROTO_TCP, syscall.TCP_KEEPCNT, &k.count},
	} {
		if *o.to, err = syscall.GetsockoptInt(int(h), o.level, o.option); err != nil {
			return k, err
		}
	}
	return k, nil
}
