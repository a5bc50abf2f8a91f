package sys

import "golang.org/x/sys/unix"

// PollRDHup is the peer's half-close in a PollFD, and zero where the system does not tell it apart.
const PollRDHup = int16(unix.POLLRDHUP)
