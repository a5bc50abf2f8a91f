//go:build unix && !openbsd && !darwin

package sys

import "golang.org/x/sys/unix"

const tcpKeepIdle = unix.TCP_KEEPIDLE
