package sys

import "golang.org/x/sys/unix"

// PollRDHup is the peer's half-close in a PollFD. It is zero where the system does not report it
// separately.
const PollRDHup = int16(unix.POLLRDHUP)
