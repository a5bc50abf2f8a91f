package iouring

import (
	"errors"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/internal/table"
	"github.com/edgewise-go/edgewise/sys"
	"github.com/stretchr/testify/require"
)

func TestWhatOverflowsTheRingIsNotLost(t *testing.T) {
	q := opened(t, Options{}, 4, 8)
	if q == nil {
		return
	}
	const sources, arrivals = 30, 5
	var hs, peers [sources]sys.Handle
	for i := range hs {
		hs[i], peers[i] = pair(t)
		mode := []queue.Mode{queue.Edge, queue.Level, queue.OneShot}[i%3]
		must(t, q.Add(hs[i], queue.Registration{Token: queue.Token(i), Interest: queue.Readable, Mode: mode}))
	}
	silent(t, q, "of a handle that is not ready") // now all are polled
	for range 3 {
		// Each arrival completes a lasting poll. The test takes none of the completions.
		for range arrivals {
			for _, h := range peers {
				send(t, h)
			}
		}
		if !q.ring.Overflown() {
			t.Error("the ring did not overflow, want it to")
		}
		missing := map[queue.Token]bool{}
		for i := range hs {
			missing[queue.Token(i)] = true
		}
		events := make([]queue.Event, 3)
		for deadline := time.Now().Add(patience); len(missing) > 0; {
			n, err := q.Wait(events, time.Until(deadline))
			must(t, err)
			if n == 0 {
				t.Fatalf("%d of %d sources are not reported", len(missing), sources)
			}
			for _, e := range events[:n] {
				if !missing[e.Token] {
					continue
				}
				delete(missing, e.Token)
				i := int(e.Token)
				empty(t, hs[i], arrivals)
				if i%3 == 2 {
					must(t, q.Modify(hs[i], queue.Registration{Token: e.Token, Interest: queue.Readable, Mode: queue.OneShot}))
				}
			}
		}
		// The remaining events report bytes that were read meanwhile.
		for n := 1; n > 0; {
			var err error
			if n, err = q.Wait(events, 0); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestAPollOutlivesTheThreadThatSubmittedIt(t *testing.T) {
	for _, mode := range []queue.Mode{queue.Level, queue.Edge, queue.OneShot} {
		q := opened(t, Options{}, 4, 8)
		if q == nil {
			return
		}
		a, b := pair(t)
		must(t, q.Add(a, queue.Registration{Token: 1, Interest: queue.Readable, Mode: mode}))
		var thread sync.WaitGroup
		thread.Go(func() {
			runtime.LockOSThread() // never unlocked: the thread ends with its goroutine
			silent(t, q, "of a handle that is not ready")
		})
		thread.Wait()
		if !is(q.table.Of(a), polled) {
			t.Errorf("%v: the thread did not submit the poll", mode)
		}
		send(t, b)
		if e := expect(t, q, 1); e.Ready != queue.Ready(queue.Readable) {
			t.Errorf("%v: got %+v, want only readable", mode, e)
		}
	}
}

func TestAHalfCloseIsNoStormForThoseWhoWaitForRoom(t *testing.T) {
	for _, mode := range []queue.Mode{queue.Level, queue.Edge, queue.OneShot} {
		q := opened(t, Options{}, 4, 8)
		if q == nil {
			return
		}
		a, b := pair(t)
		r := queue.Registration{Token: 1, Interest: queue.Writable, Mode: mode}
		must(t, q.Add(a, r))
		for range 3 {
			sent := fill(t, a)
			must(t, q.Modify(a, r))
			must(t, sys.Shutdown(b, sys.ShutWriting))
			silent(t, q, "of a full socket")
			s := q.table.Of(a)
			if !is(s, polled) || !is(s, lasting) {
				t.Errorf("%v: the poll does not wait for a wake-up after a known half-close", mode)
			}
			if _, ok := q.ring.Peek(); ok {
				t.Errorf("%v: the poll completed again without a wake-up", mode)
			}
			empty(t, b, sent)
			for range 2 {
				if e := expect(t, q, 1); !e.Ready.Directions().Has(queue.Writable) {
					t.Errorf("%v: got %+v, want writable", mode, e)
				}
				if mode != queue.Level {
					break
				}
			}
		}
	}
}

func TestACompletionTakenBeforeModifyOrDeleteIsDropped(t *testing.T) {
	q := opened(t, Options{}, 4, 8)
	if q == nil {
		return
	}
	a, _ := pair(t)
	r := queue.Registration{Token: 1, Interest: queue.Writable, Mode: queue.OneShot}
	must(t, q.Add(a, r))
	events := make([]queue.Event, 4)
	for name, change := range map[string]func() error{
		"modify": func() error { return q.Modify(a, r) },
		"delete": func() error { return errors.Join(q.Delete(a), q.Add(a, r)) },
	} {
		requests, _, err := q.prepare(0)
		if err = errors.Join(err, q.ring.Enter(requests, 0)); err != nil {
			t.Fatal(err)
		}
		if _, ok := q.ring.Peek(); !ok {
			t.Fatalf("%s: no completion in the ring, want one", name)
		}
		q.Mu.Lock()
		q.Polling = false // leave the new poll to the next Wait
		q.Mu.Unlock()
		must(t, change())
		if n, _, err := q.deliver(events, nil); n != 0 || err != nil {
			t.Errorf("%s: deliver returned %d, %v; want no event of the old registration", name, n, err)
		}
	}
	if n, err := q.Wait(events, patience); n != 1 || err != nil || events[0].Disarmed != queue.Writable {
		t.Errorf("Wait: got %d, %v, %+v; want the event of the last registration", n, err, events[0])
	}
}

func TestArrivalsOfOneHandleAreOneEvent(t *testing.T) {
	// The kernel completes a poll in the thread that submitted it. In another thread, a Wait might
	// run before the last completion.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	q := opened(t, Options{}, submissions, completions)
	if q == nil {
		return
	}
	a, b := pair(t)
	c, d := pair(t)
	must(t, q.Add(a, queue.Registration{Token: 1, Interest: queue.Both, Mode: queue.Edge}))
	must(t, q.Add(c, queue.Registration{Token: 2, Interest: queue.Readable, Mode: queue.Edge}))
	expect(t, q, 1)
	for range 100 {
		send(t, b)
		send(t, d)
	}
	must(t, sys.Shutdown(b, sys.ShutWriting))
	ready, events := map[queue.Token]queue.Ready{}, make([]queue.Event, 16)
	for i, want := range []int{2, 0} {
		n, err := q.Wait(events, 0)
		if n != want || err != nil {
			t.Errorf("Wait %d: got %d events, %v, want %d", i, n, err, want)
		}
		for _, e := range events[:n] {
			ready[e.Token] |= e.Ready
		}
	}
	if ready[1] != queue.Ready(queue.Readable)|queue.Ready(queue.Writable)|queue.ReadyPeerShut || ready[2] != queue.Ready(queue.Readable) {
		t.Errorf("got readiness %v by token; want 1: both and ReadyPeerShut, 2: readable", ready)
	}
}

func TestCompletionsThatTheKernelDroppedAreMadeUpFor(t *testing.T) {
	for _, kind := range []string{"nop", "eventfd", "pipe"} {
		q := opened(t, Options{Waker: kind}, 4, 64)
		if q == nil {
			return
		}
		var hs, peers [3]sys.Handle
		for i, mode := range []queue.Mode{queue.Level, queue.Edge, queue.OneShot} {
			hs[i], peers[i] = pair(t)
			must(t, q.Add(hs[i], queue.Registration{Token: queue.Token(i), Interest: queue.Readable, Mode: mode}))
		}
		for range 3 {
			silent(t, q, "of a handle that is not ready")
			for _, h := range hs {
				// Cancel the poll, as if the kernel had lost its completion.
				require.NoError(t, q.push(q.cancelRequest(table.Data(h, q.table.Of(h).Generation))))
			}
			must(t, q.submit())
			for _, ok := q.ring.Peek(); ok; _, ok = q.ring.Peek() {
				q.ring.Advance()
			}
			if q.waker != nil && q.attending {
				must(t, q.push(q.cancelRequest(wakeData(q.wakes))))
			}
			if n, _, err := q.deliver(make([]queue.Event, 4), syscall.EBADR); n != 0 || err != nil {
				t.Errorf("%s: deliver returned %d, %v; want 0, nil", kind, n, err)
			}
			silent(t, q, "of a handle that is not ready")
		}
		got := make(chan error)
		go func() {
			_, err := q.Wait(make([]queue.Event, 1), -1)
			got <- err
		}()
		for polling := false; !polling; runtime.Gosched() {
			q.Mu.Lock()
			polling = q.Polling
			q.Mu.Unlock()
		}
		must(t, q.Wake())
		must(t, <-got)
		for i, b := range peers {
			send(t, b)
			expect(t, q, queue.Token(i))
			must(t, q.Delete(hs[i]))
		}
	}
}
