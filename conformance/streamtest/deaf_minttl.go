//go:build linux || freebsd

package streamtest

import (
	"syscall"

	"github.com/edgewise-go/edgewise/sys"
)

// ttlMax is the largest time to live of a packet, which those of this machine do not have.
const ttlMax = 255

// deafen makes a socket to which connects get no answer, whoever they come from, and reports
// whether it could. IP_MINTTL (ip(7), ip(4)) has the kernel drop packets before TCP looks at them.
// A full queue would not do everywhere: FreeBSD resets what it has no room for.
func deafen(h sys.Handle) (bool, error) {
	return true, syscall.SetsockoptInt(int(h), syscall.IPPROTO_IP, syscall.IP_MINTTL, ttlMax)
}
