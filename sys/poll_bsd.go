//go:build unix && !linux

package sys

import (
	"math"
	"time"

	"golang.org/x/sys/unix"
)

// Poll waits until one of fds has an event of its Events, or an error or hang-up, and stores them
// in Revents (poll(2)); it returns how many have. A timeout of zero returns at once; a negative one
// waits for ever; others are rounded up to whole milliseconds. EINTR is returned, not retried.
// Entries with a negative Fd are passed over.
func Poll(fds []PollFD, timeout time.Duration) (int, error) {
	ms := -1
	if timeout >= 0 {
		ms = int((min(timeout, math.MaxInt32*time.Millisecond) + time.Millisecond - 1) / time.Millisecond)
	}
	return unix.Poll(fds, ms)
}
