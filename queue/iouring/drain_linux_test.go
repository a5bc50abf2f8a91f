package iouring

import (
	"errors"
	"os"
	"runtime"
	"sync"
	"testing"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
)

// TestCloseEndsAThousandOperations closes queues while peers send, and collects garbage. The memory
// of the operations is refilled afterwards: the kernel must not write to it.
func TestCloseEndsAThousandOperations(t *testing.T) {
	const inFlight = 1000
	for name, o := range map[string]Options{"plain": {}, "single": {SingleWaiter: true}} {
		for _, closer := range []string{"the thread that waits", "another thread during a Wait", "another thread between Waits"} {
			t.Run(name+"/"+closer, func(t *testing.T) {
				runtime.LockOSThread()
				defer runtime.UnlockOSThread()
				q := opened(t, o, 64, 128)
				if q == nil || !q.Features().Completions {
					return
				}
				var hs, peers [inFlight / 10]sys.Handle
				for i := range hs {
					hs[i], peers[i] = pair(t)
				}
				l, dial := listener(t)
				submit(t, q, queue.Op{Token: inFlight, Kind: queue.OpAccept, Handle: l, Multi: true})
				buffers, err := q.NewBuffers(16, 64)
				must(t, err)
				submit(t, q, queue.Op{Token: inFlight, Kind: queue.OpRecv, Handle: hs[0], Buffers: buffers, Multi: true})
				var memory [][]byte
				for i := range inFlight {
					memory = append(memory, make([]byte, 64))
					submit(t, q, queue.Op{Token: queue.Token(i), Kind: queue.OpRecv, Handle: hs[i%len(hs)], Data: memory[i]})
				}
				events := make([]queue.Event, 1)
				_, err = q.Wait(events, 0)
				must(t, err)
				before := handles(t)
				for _, p := range peers {
					send(t, p)
				}
				for range 8 {
					dial()
				}
				before += 8 // the peers; what was accepted is closed
				runtime.GC()
				switch closer {
				case "the thread that waits":
					must(t, q.Close())
				case "another thread between Waits":
					var other sync.WaitGroup
					other.Go(func() {
						runtime.LockOSThread()
						defer runtime.UnlockOSThread()
						if err := q.Close(); err != nil {
							t.Error(err)
						}
					})
					other.Wait()
				default:
					closed := make(chan error, 1)
					go func() {
						for polling := false; !polling; runtime.Gosched() {
							q.Mu.Lock()
							polling = q.Polling
							q.Mu.Unlock()
						}
						closed <- q.Close()
					}()
					for {
						if _, err = q.Wait(events, patience); err != nil {
							break
						}
						if e := events[0]; e.Token == inFlight && e.Completion&queue.Provided == 0 && e.Result > 0 {
							must(t, sys.Close(sys.Handle(e.Result)))
						}
					}
					if !errors.Is(err, queue.ErrClosed) {
						t.Errorf("Wait: got %v, want ErrClosed", err)
					}
					must(t, <-closed)
				}
				if q.inside != 0 {
					t.Errorf("%d operations in flight after Close, want 0", q.inside)
				}
				for _, m := range memory {
					clear(m)
				}
				for range 2 {
					for _, p := range peers {
						if _, err := sys.Send(p, []byte("late")); err != nil {
							t.Fatal(err)
						}
					}
					runtime.GC()
				}
				for i, m := range memory {
					for _, c := range m {
						if c != 0 {
							t.Fatalf("the kernel wrote into the memory of operation %d after Close", i)
						}
					}
				}
				if after := handles(t); after >= before {
					t.Errorf("%d handles are open after Close, %d before; want fewer: accepted handles leak", after, before)
				}
			})
		}
	}
}

func handles(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	must(t, err)
	return len(entries)
}
