//go:build linux || freebsd

package streamtest

import (
	"syscall"

	"github.com/edgewise-go/edgewise/sys"
)

// ttlMax is the largest time to live of a packet. Packets of this machine have a smaller one.
const ttlMax = 255

// deafen makes a socket answer no connect, whatever its origin, and reports whether it could.
// IP_MINTTL (ip(7), ip(4)) makes the kernel drop packets before TCP sees them. A full queue is not
// portable: FreeBSD resets connections that it has no room for.
func deafen(h sys.Handle) (bool, error) {
	return true, syscall.SetsockoptInt(int(h), syscall.IPPROTO_IP, syscall.IP_MINTTL, ttlMax)
}
