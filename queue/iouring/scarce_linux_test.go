package iouring

import (
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
)

// A kernel without memory ends no Wait and loses nothing: neither earlier submissions nor those for
// which there was no room.
func TestAKernelOutOfMemoryIsAskedAgain(t *testing.T) {
	for _, sources := range []int{1, 30} { // fewer than the ring has room for, and more
		q := opened(t, Options{}, 4, 64)
		if q == nil {
			return
		}
		hs, missing := make([]sys.Handle, sources), map[queue.Token]bool{}
		for i := range hs {
			h, peer := pair(t)
			must(t, q.Add(h, queue.Registration{Token: queue.Token(i), Interest: queue.Readable}))
			send(t, peer)
			hs[i], missing[queue.Token(i)] = h, true
		}
		events := make([]queue.Event, sources)
		var thread sync.WaitGroup
		thread.Go(func() {
			runtime.LockOSThread() // never unlocked: the sandbox ends with the thread
			if refused := sandbox(ringEnter, syscall.EAGAIN); refused != nil {
				t.Logf("cannot install a sandbox: %v", refused)
				return
			}
			for _, timeout := range []time.Duration{0, 3 * scarcePause} {
				began := time.Now()
				if n, err := q.Wait(events, timeout); n != 0 || err != nil {
					t.Errorf("Wait: got %d, %v, want no event and no error", n, err)
				}
				if took := time.Since(began); took < timeout {
					t.Errorf("Wait gave up after %v, before its timeout of %v", took, timeout)
				}
			}
			if err := q.Wake(); err != nil {
				t.Error(err)
			}
			if n, err := q.Wait(events, -1); n != 0 || err != nil {
				t.Errorf("Wait after a Wake: got %d, %v, want no event and no error", n, err)
			}
		})
		thread.Wait()
		for deadline := time.Now().Add(patience); len(missing) > 0; {
			n, err := q.Wait(events, time.Until(deadline))
			must(t, err)
			if n == 0 {
				t.Fatalf("%d of %d sources are not reported", len(missing), sources)
			}
			for _, e := range events[:n] {
				delete(missing, e.Token)
			}
		}
	}
}
