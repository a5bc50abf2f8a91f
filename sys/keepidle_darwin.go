package sys

import "golang.org/x/sys/unix"

// tcpKeepIdle has another name on macOS.
const tcpKeepIdle = unix.TCP_KEEPALIVE
