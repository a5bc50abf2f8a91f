//go:build unix && !linux

package sys

import (
	"math"
	"time"

	"golang.org/x/sys/unix"
)

// Poll waits until one of fds has an event of its Events, an error or a hang-up (poll(2)). It
// stores these in Revents and returns the number of entries with any. A zero timeout polls; a
// negative one waits indefinitely. Any other timeout is rounded up to whole milliseconds. Poll
// returns EINTR instead of retrying it. It skips entries with a negative Fd.
func Poll(fds []PollFD, timeout time.Duration) (int, error) {
	ms := -1
	if timeout >= 0 {
		ms = int((min(timeout, math.MaxInt32*time.Millisecond) + time.Millisecond - 1) / time.Millisecond)
	}
	return unix.Poll(fds, ms)
}
