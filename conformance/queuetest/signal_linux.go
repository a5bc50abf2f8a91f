package queuetest

import (
	"runtime"
	"syscall"
	"time"
)

// stormPeriod is shorter than any timeout that is waited for under it, so that a wait which starts
// again at each signal never ends.
const stormPeriod = time.Millisecond

// underSignals runs f on a thread that is sent a signal every stormPeriod. Go's runtime handles
// SIGURG and does nothing about it.
func underSignals(f func()) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	pid, thread := syscall.Getpid(), syscall.Gettid()
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
				_, _, _ = syscall.RawSyscall(syscall.SYS_TGKILL, uintptr(pid), uintptr(thread), uintptr(syscall.SIGURG))
			}
		}
	}()
	f()
	close(stop)
	<-stopped
}
