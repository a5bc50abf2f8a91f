package iouring

import (
	"errors"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

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

// All queues but one are closed, so each can be opened as soon as the kernel has freed the others.
// How long that takes depends on the load of the machine.
func TestClosedRingsCountForAWhile(t *testing.T) {
	if opened(t, Options{}, 4, 8) == nil {
		return
	}
	for _, single := range []bool{false, true} {
		unprivileged(t, 1<<20, func() {
			for i := range 100 {
				var q queue.Completer
				var err error
				for deadline := time.Now().Add(patience); ; {
					if q, err = New(Options{SingleWaiter: single}); !errors.Is(err, syscall.ENOMEM) || time.Now().After(deadline) {
						break
					}
				}
				if err != nil {
					t.Errorf("queue %d: %v, want no error: all others are closed", i+1, err)
					return
				}
				if err := q.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

func TestAnErrorThatMayPassIsRetried(t *testing.T) {
	for _, c := range []struct {
		results []error
		calls   int
		want    error
	}{
		{[]error{nil}, 1, nil},
		{[]error{syscall.ENOMEM, syscall.ENOMEM, nil}, 3, nil},
		{[]error{syscall.ENOMEM, syscall.EMFILE, nil}, 2, syscall.EMFILE},
	} {
		calls := 0
		err := patiently(func() error {
			calls++
			return c.results[calls-1]
		})
		if err != c.want || calls != c.calls {
			t.Errorf("%v: got %v after %d calls, want %v after %d", c.results, err, calls, c.want, c.calls)
		}
	}
}

func TestTheLimitOfLockedMemoryIsNamed(t *testing.T) {
	if opened(t, Options{}, 4, 8) == nil {
		return
	}
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
