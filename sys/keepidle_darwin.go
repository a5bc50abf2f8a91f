package sys

import "golang.org/x/sys/unix"

// tcpKeepIdle is named TCP_KEEPALIVE on macOS.
const tcpKeepIdle = unix.TCP_KEEPALIVE
