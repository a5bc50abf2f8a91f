package iouring

import (
	"syscall"
	"time"
)

// The kernel counts the memory of a ring as locked memory of its user (RLIMIT_MEMLOCK), unless the
// process has CAP_IPC_LOCK. It did so before Linux 5.12, and does so again in 6.18. It counts a
// closed ring until a worker has freed it: 10 ms later, or 0.3 s on a machine with ten times more
// work than processors. A program that opens and closes rings would meet ENOMEM by chance. The
// queue therefore retries, lockedTriesMax times with pauses.
const (
	lockedPause    = 5 * time.Millisecond
	lockedTriesMax = 400
)

// patiently calls f until it returns another error than ENOMEM, at most lockedTriesMax times.
func patiently(f func() error) error {
	for tries := 1; ; tries++ {
		err := f()
		if err != syscall.ENOMEM || tries == lockedTriesMax {
			return err
		}
		time.Sleep(lockedPause)
	}
}
