//go:build unix && !linux

package sys

// PollRDHup is the peer's half-close in a PollFD, and zero where the system does not tell it apart.
const PollRDHup = int16(0)
