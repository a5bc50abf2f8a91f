package iouring

import (
	"errors"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/edgewise-go/edgewise/queue"
)

// unprivileged runs f in a thread of a user that has no other ring, with room for few rings in
// RLIMIT_MEMLOCK.
func unprivileged(t *testing.T, limit uint64, f func()) {
	t.Helper()
	var old unix.Rlimit
	must(t, unix.Getrlimit(unix.RLIMIT_MEMLOCK, &old))
	must(t, unix.Setrlimit(unix.RLIMIT_MEMLOCK, &unix.Rlimit{Cur: min(limit, old.Max), Max: old.Max}))
	defer func() { must(t, unix.Setrlimit(unix.RLIMIT_MEMLOCK, &old)) }()
	var thread sync.WaitGroup
	thread.Go(func() {
		runtime.LockOSThread() // never unlocked: the user ends with the thread
		const user = 64901
		// The call of package syscall changes all threads.
		if _, _, errno := syscall.RawSyscall(unix.SYS_SETRESUID, user, user, user); errno != 0 {
			t.Logf("cannot become another user: %v", errno)
			return
		}
		f()
	})
	thread.Wait()
}

func TestClosedRingsMayCountAgainstTheLimit(t *testing.T) {
	for _, single := range []bool{false, true} {
		unprivileged(t, 1<<20, func() {
			for i := range 100 {
				q, err := New(Options{SingleWaiter: single})
				if err != nil {
					t.Errorf("queue %d: %v, want no error: all others are closed", i+1, err)
					return
				}
				b, err := q.NewBuffers(16, 16)
				if err != nil {
					t.Errorf("buffers %d: %v, want no error", i+1, err)
				} else if err := b.Close(); err != nil {
					t.Error(err)
				}
				if err := q.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

func TestTheLimitOfLockedMemoryIsNamed(t *testing.T) {
	unprivileged(t, 1<<20, func() {
		for range 100 {
			q, err := New(Options{})
			if err == nil {
				defer q.Close()
				continue
			}
			if !errors.Is(err, syscall.ENOMEM) || !errors.Is(err, queue.ErrUnavailable) || !strings.Contains(err.Error(), "ulimit -l") {
				t.Errorf("got %v, want ENOMEM and ErrUnavailable with the remedy", err)
			}
			return
		}
		t.Log("this kernel does not count rings")
	})
}
