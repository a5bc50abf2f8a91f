package queuetest

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
)

func waiterCases() []Case {
	return []Case{
		{
			ID: "waiters/oneshot", Doc: "queue.Queue.Wait", Rule: "A registration in mode OneShot is reported by one Wait per transition, regardless of how many are waiting.", Needs: []suite.Feature{SeveralWaiters},
			Source: "mio#808, mio#1341", Run: func(t T, f *Fixture) { oneWaiter(t, f, queue.OneShot) },
		},
		{
			ID: "waiters/edge", Doc: "queue.Queue.Wait", Rule: "A registration in mode Edge is reported by one Wait per transition, regardless of how many are waiting.", Needs: []suite.Feature{SeveralWaiters},
			Source: "mio#673, mio#809", Run: func(t T, f *Fixture) { oneWaiter(t, f, queue.Edge) },
		},
		{
			ID: "waiters/all-served", Doc: "queue.Queue.Wait", Rule: "With several Waits running, every registration is reported.", Needs: []suite.Feature{SeveralWaiters},
			Source: "PowerDNS#10446, calloop#123", Run: allServed,
		},
	}
}

// waiters starts n goroutines that wait. They pass each event to handle, with the value that stamp
// returned before their Wait began. waiters returns after each has blocked, so nothing may be ready
// yet. The returned function stops them.
func (f *Fixture) waiters(t T, n int, stamp func() int64, handle func(e queue.Event, stamp int64)) (stop func(t T)) {
	var over atomic.Bool
	var calls []*suite.Call
	for range n {
		calls = append(calls, suite.GoPinned(func(unpin func()) {
			events := make([]queue.Event, 4)
			for !over.Load() {
				s := stamp()
				n, err := f.Wait(events, -1)
				unpin()
				if err != nil {
					if !errors.Is(err, queue.ErrClosed) {
						t.Errorf("wait: %v", err)
					}
					return
				}
				for _, e := range events[:n] {
					handle(e, s)
				}
				runtime.Gosched() // a level is ready at once, and other goroutines need the processor
			}
		}))
	}
	t.Cleanup(func() { over.Store(true) })
	suite.UntilBlocked(t, "blocked waiters with nothing to report", calls...)
	return func(t T) {
		t.Helper()
		over.Store(true)
		// A waiter ends when its Wait consumes a Wake. Wakes that no Wait has consumed may count as
		// one, so each waiter gets its own.
		for i := range calls {
			must(t, f.Wake())
			suite.Until(t, fmt.Sprintf("end of %d of %d waiters", i+1, n), func() bool { return ended(calls) > i })
		}
	}
}

// ended returns how many calls have ended.
func ended(calls []*suite.Call) (n int) {
	for _, c := range calls {
		if c.HasEnded() {
			n++
		}
	}
	return n
}

func noStamp() int64 { return 0 }

func oneWaiter(t T, f *Fixture, m queue.Mode) {
	const rounds, waiters = 100, 8
	a, b := pair(t)
	r := registration(1, queue.Readable, m)
	var reports atomic.Int64
	consumed := make(chan struct{}, 2*rounds)
	stop := f.waiters(t, waiters, noStamp, func(queue.Event, int64) {
		reports.Add(1)
		p, found := make([]byte, 1), false
		for {
			n, err := sys.Read(a.handle, p)
			if n == 1 {
				found = true
				continue
			}
			if err == sys.ErrWouldBlock {
				err = f.WouldBlock(a.handle, queue.Readable)
			}
			if err == nil && m == queue.OneShot {
				err = f.Modify(a.handle, r)
			}
			if err != nil && !errors.Is(err, queue.ErrClosed) {
				t.Errorf("would-block: %v", err)
			}
			if found {
				consumed <- struct{}{} // the next byte is its own transition
			}
			return
		}
	})
	must(t, f.Add(a.handle, r))
	for i := range rounds {
		b.send(t, 1)
		suite.Receive(t, fmt.Sprintf("event for byte %d", i+1), consumed)
	}
	stop(t)
	// A spurious event is legal if the direction is switched on, but not one per arrival.
	limit := int64(rounds)
	if m == queue.Edge {
		limit += rounds / 10
	}
	if n := reports.Load(); n > limit {
		t.Errorf("got %d events for %d arrivals", n, rounds)
	}
}

func allServed(t T, f *Fixture) {
	const sources, waiters = 12, 4
	var mu sync.Mutex
	served := make(chan struct{})
	missing := map[queue.Token]bool{}
	for i := range sources {
		missing[queue.Token(i)] = true
	}
	stop := f.waiters(t, waiters, noStamp, func(e queue.Event, _ int64) {
		mu.Lock()
		defer mu.Unlock()
		if delete(missing, e.Token); len(missing) == 0 && served != nil {
			close(served)
			served = nil
		}
	})
	done := served
	for i := range sources {
		a, _ := pair(t)
		f.add(t, a, queue.Token(i), queue.Writable, modes[i%len(modes)])
	}
	f.soon(t, "waiters that serve all sources", func() { <-done })
	stop(t)
}
