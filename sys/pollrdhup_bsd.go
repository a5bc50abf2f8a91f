//go:build unix && !linux

package sys

// PollRDHup is the peer's half-close in a PollFD. It is zero where the system does not report it
// separately.
const PollRDHup = int16(0)
