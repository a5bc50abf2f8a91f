package queuetest

import (
	"runtime"
	"syscall"
	"time"
)

// stormPeriod is shorter than every timeout that is waited for under it. A wait that restarts with
// its full timeout at each signal never ends.
const stormPeriod = time.Millisecond

// underSignals runs f on a thread that gets a signal every stormPeriod. Go's runtime handles SIGURG
// and ignores it.
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
				// If this fails, the case only becomes less sharp.
				_, _, _ = syscall.RawSyscall(syscall.SYS_TGKILL, uintptr(pid), uintptr(thread), uintptr(syscall.SIGURG))
			}
		}
	}()
	f()
	close(stop)
	<-stopped
}
