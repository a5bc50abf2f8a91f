//go:build unix && !linux

package queuetest

import (
	"syscall"
	"time"
)

// stormPeriod is shorter than every timeout that is waited for under it. A wait that restarts with
// its full timeout at each signal never ends.
const stormPeriod = time.Millisecond

// underSignals runs f while the process gets a signal every stormPeriod. Go's runtime handles
// SIGURG and ignores it. The kernel chooses which thread gets the signal.
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
				// If this fails, the case only becomes less sharp.
				_ = syscall.Kill(syscall.Getpid(), syscall.SIGURG)
			}
		}
	}()
	f()
	close(stop)
	<-stopped
}
