//go:build unix

package sys

import "golang.org/x/sys/unix"

// PollFD is struct pollfd (poll(2)).
type PollFD = unix.PollFd

// The bits of a PollFD. POLLRDHUP, the peer's half-close, exists only on Linux; elsewhere it is
// part of PollIn.
const (
	PollIn      = int16(unix.POLLIN)
	PollOut     = int16(unix.POLLOUT)
	PollErr     = int16(unix.POLLERR)
	PollHup     = int16(unix.POLLHUP)
	PollInvalid = int16(unix.POLLNVAL)
)
