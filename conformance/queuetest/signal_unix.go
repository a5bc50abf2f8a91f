//go:build unix && !linux

package queuetest

import (
	"syscall"
	"time"
)

// stormPeriod is shorter than any timeout that is waited for under it, so that a wait which starts
// again at each signal never ends.
const stormPeriod = time.Millisecond

// underSignals runs f while the process is sent a signal every stormPeriod. Go's runtime handles
// SIGURG and does nothing about it. Which thread gets it is the kernel's to choose.
func underSignals(f func()) {
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		ticker := time.NewTicker(stormPeriod)
		defer ticker.Stop()
		for {
			select {
			case <-stop:
				return
			case <-ticker.C:
				// A failure makes the case less sharp, no more.
				_ = syscall.Kill(syscall.Getpid(), syscall.SIGURG)
			}
		}
	}()
	f()
	close(stop)
	<-stopped
}
