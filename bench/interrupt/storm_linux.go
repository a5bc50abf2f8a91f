package interrupt

import (
	"os"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"
)

// stormPeriod is the time between two signals to a thread.
const stormPeriod = time.Millisecond

// startStorm sends SIGURG to every thread of the process each stormPeriod and counts the signals.
// It returns a function that ends the storm. The Go runtime handles that signal and only checks
// whether it sent the signal itself.
func startStorm(sent *atomic.Int64) (end func()) {
	stop, stopped := make(chan struct{}), make(chan struct{})
	sent.Add(signalThreads()) // a short run may be over before the first tick
	go func() {
		defer close(stopped)
		ticker := time.NewTicker(stormPeriod)
		defer ticker.Stop()
		for {
			select {
			case <-stop:
				return
			case <-ticker.C:
				sent.Add(signalThreads())
			}
		}
	}()
	return func() {
		close(stop)
		<-stopped
	}
}

func signalThreads() (sent int64) {
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return 0
	}
	pid := syscall.Getpid()
	for _, t := range threads {
		if id, err := strconv.Atoi(t.Name()); err == nil {
			// The thread may have ended since.
			if _, _, errno := syscall.RawSyscall(syscall.SYS_TGKILL, uintptr(pid), uintptr(id), uintptr(syscall.SIGURG)); errno == 0 {
				sent++
			}
		}
	}
	return sent
}
