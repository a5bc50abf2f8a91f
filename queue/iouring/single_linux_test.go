package iouring

import (
	"errors"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
)

// elsewhere runs f on another thread.
func elsewhere(f func()) {
	var thread sync.WaitGroup
	thread.Go(func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		f()
	})
	thread.Wait()
}

// lonely returns a queue with one waiter, or nil. The goroutine stays locked to its thread.
func lonely(t *testing.T, submissions, completions uint32) *instance {
	t.Helper()
	runtime.LockOSThread()
	t.Cleanup(runtime.UnlockOSThread)
	q := opened(t, Options{SingleWaiter: true}, submissions, completions)
	if q == nil || !q.single {
		return nil
	}
	return q
}

func TestOnlyOneThreadWaits(t *testing.T) {
	q := lonely(t, 4, 8)
	if q == nil {
		return
	}
	events := make([]queue.Event, 1)
	refused := func(when string) {
		t.Helper()
		elsewhere(func() {
			for _, timeout := range []time.Duration{0, -1} {
				n, err := q.Wait(events, timeout)
				if n != 0 || !errors.Is(err, queue.ErrInvalid) || errors.Is(err, syscall.EEXIST) || !strings.Contains(err.Error(), "SingleWaiter") {
					t.Errorf("Wait of another thread %s: got %d, %v; want ErrInvalid with SingleWaiter", when, n, err)
				}
			}
		})
	}
	_, err := q.Wait(events, 0)
	must(t, err)
	refused("between Waits")
	a, b := pair(t)
	must(t, q.Add(a, queue.Registration{Token: 1, Interest: queue.Readable}))
	var other sync.WaitGroup
	other.Go(func() {
		for polling := false; !polling; runtime.Gosched() {
			q.Mu.Lock()
			polling = q.Polling
			q.Mu.Unlock()
		}
		refused("during a Wait")
		send(t, b)
	})
	expect(t, q, 1)
	other.Wait()
	refused("with readiness")
	expect(t, q, 1)
}

func TestAQueueWithOneWaiterIsNotNested(t *testing.T) {
	q, err := New(Options{SingleWaiter: true})
	if errors.Is(err, errors.ErrUnsupported) || errors.Is(err, queue.ErrUnavailable) {
		return
	}
	must(t, err)
	if _, nester := q.(queue.Nester); nester != q.Features().Nested {
		t.Errorf("the queue is a Nester: %v, Features: %v", nester, q.Features().Nested)
	}
	must(t, q.Close())
	if _, err := New(Options{SingleWaiter: true, Waker: nop}); !errors.Is(err, queue.ErrInvalid) {
		t.Errorf("New with waker nop: got %v, want ErrInvalid", err)
	}
}

// TestChangesOfOtherThreadsReachTheOneWaiter makes more changes than the ring has room for.
func TestChangesOfOtherThreadsReachTheOneWaiter(t *testing.T) {
	q := lonely(t, 4, 8)
	if q == nil {
		return
	}
	const sources = 50
	var hs, peers [sources]sys.Handle
	for i := range hs {
		hs[i], peers[i] = pair(t)
		must(t, q.Add(hs[i], queue.Registration{Token: queue.Token(i), Interest: queue.Readable, Mode: queue.Edge}))
	}
	silent(t, q, "of handles that are not ready")
	elsewhere(func() {
		for i := range hs {
			if i%2 == 0 {
				if err := q.Delete(hs[i]); err != nil {
					t.Error(err)
				}
			} else if err := q.Modify(hs[i], queue.Registration{Token: sources + queue.Token(i), Interest: queue.Readable}); err != nil {
				t.Error(err)
			}
		}
	})
	if len(q.spill) == 0 {
		t.Error("the ring had room for all changes, want it full")
	}
	for _, p := range peers {
		send(t, p)
	}
	missing := sources / 2
	seen := map[queue.Token]bool{}
	events := make([]queue.Event, 4)
	for deadline := time.Now().Add(patience); missing > 0; {
		n, err := q.Wait(events, time.Until(deadline))
		must(t, err)
		if n == 0 {
			t.Fatalf("%d sources are not reported", missing)
		}
		for _, e := range events[:n] {
			if i := int(e.Token) - sources; i < 0 || i%2 == 0 {
				t.Fatalf("got %+v of an old registration", e)
			}
			if !seen[e.Token] {
				seen[e.Token] = true
				missing--
			}
		}
	}
}

func TestOperationsOfOtherThreadsReachTheOneWaiter(t *testing.T) {
	q := lonely(t, 4, 8)
	if q == nil {
		return
	}
	a, b := pair(t)
	errs := make(chan error, 4)
	canceledAll := make(chan struct{})
	go func() {
		for range 100 {
			id, err := q.Submit(&queue.Op{Token: 1, Kind: queue.OpRecv, Handle: a, Data: make([]byte, 4)})
			errs <- err
			errs <- q.Cancel(id)
		}
		buffers, err := q.NewBuffers(4, 16)
		errs <- err
		_, err = q.Submit(&queue.Op{Token: 2, Kind: queue.OpRecv, Handle: a, Buffers: buffers})
		errs <- err
		// A cancellation is a request: until it is reported, the operation may receive the byte.
		<-canceledAll
		_, err = sys.Send(b, []byte("x"))
		errs <- err
		close(errs)
	}()
	collected := make(chan error, 1)
	go func() {
		var failed error
		for err := range errs {
			if !errors.Is(err, queue.ErrNotFound) {
				failed = errors.Join(failed, err)
			}
		}
		collected <- failed
	}()
	for canceled, received := 0, 0; canceled < 100 || received == 0; {
		events := make([]queue.Event, 4)
		n, err := q.Wait(events, patience)
		must(t, err)
		if n == 0 {
			t.Fatalf("%d cancellations and %d bytes were reported, want 100 and 1", canceled, received)
		}
		for _, e := range events[:n] {
			if e.Token == 1 {
				wantResult(t, e, queue.ResultCanceled)
				if canceled++; canceled == 100 {
					close(canceledAll)
				}
				continue
			}
			wantResult(t, e, 1)
			received++
		}
	}
	must(t, <-collected)
}
