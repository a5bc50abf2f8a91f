package queuetest

import (
	"fmt"
	"math"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/queue"
)

func wakeCases() []Case {
	return []Case{
		{
			ID: "wake/before-wait", Doc: "queue.Queue.Wake", Rule: "Wake makes one Wait return: a blocked one, or else the next to begin.",
			Source: "smol#134, netty 76592db0", Run: wakeBefore,
		},
		{
			ID: "wake/during-wait", Doc: "queue.Queue.Wait", Rule: "Wait returns 0, nil after a Wake.",
			Source: "libuv ce51c8bc, mio#1826", Run: wakeDuring,
		},
		{
			ID: "wake/one", Doc: "queue.Queue.Wake", Rule: "Wake makes one Wait return, not all Waits.",
			Source: "thundering herd: epoll_ctl(2) on EPOLLEXCLUSIVE", Run: wakeOne,
		},
		{
			ID: "wake/never-lost", Doc: "queue.Queue.Wake", Rule: "Wake is never lost. Several Wakes before a Wait has returned may count as one.",
			Source: "netty 76592db0, libuv ce51c8bc, libuv#2226", Run: wakeNeverLost,
		},
		{
			ID: "wake/saturated", Doc: "queue.Queue.Wake", Rule: "A repeated Wake is cheap: any number of Wakes neither blocks nor fails, and counts as at least one.",
			Source: "evio#57, eventfd(2), pipe(7): 65,536 bytes fill a pipe", Run: wakeSaturated,
		},
		{
			ID: "wake/beside-events", Doc: "queue.Queue.Wake", Rule: "A Wake consumes no event, and no event consumes the Wake.",
			Source: "netty e348bd92, gnet ident 0", Run: wakeBesideEvents,
		},
	}
}

func wakeBefore(t T, f *Fixture) {
	for _, wakes := range []int{1, 3, 1} {
		for range wakes {
			must(t, f.Wake())
		}
		f.soon(t, "a wait that begins after a Wake", func() {
			if n, err := f.Wait(make([]queue.Event, 1), -1); n != 0 || err != nil {
				t.Errorf("wait after a Wake: got %d, %v, want 0, nil", n, err)
			}
		})
	}
}

func wakeDuring(t T, f *Fixture) {
	for range 5 {
		await := startBlocked(t, "a blocked wait with nothing to report", func() {
			if n, err := f.Wait(make([]queue.Event, 1), -1); n != 0 || err != nil {
				t.Errorf("woken wait: got %d, %v, want 0, nil", n, err)
			}
		})
		must(t, f.Wake())
		await(t, "a woken wait")
	}
}

func wakeOne(t T, f *Fixture) {
	const waiters = 4
	var calls []*suite.Call
	for range waiters {
		calls = append(calls, suite.Go(func() {
			if n, err := f.Wait(make([]queue.Event, 1), -1); n != 0 || err != nil {
				t.Errorf("woken wait: got %d, %v, want 0, nil", n, err)
			}
		}))
	}
	suite.UntilBlocked(t, "blocked waits with nothing to report", calls...)
	for i := range waiters {
		must(t, f.Wake())
		suite.Until(t, fmt.Sprintf("return of the Wait for Wake %d of %d", i+1, waiters), func() bool { return ended(calls) > i })
		// If the Wake or the returned Wait has also woken another Wait, that Wait no longer blocks
		// and is about to return.
		suite.UntilBlocked(t, "waits that block until the next Wake", calls...)
		if n := ended(calls); n > i+1 {
			t.Fatalf("%d waits returned after %d wakes", n, i+1)
		}
	}
}

// wakeNeverLost runs producers that each wait until their post has been seen. A single lost Wake
// leaves them waiting.
func wakeNeverLost(t T, f *Fixture) {
	const producers, posts = 8, 10
	const total = 1 + producers*posts + posts
	var posted, waits atomic.Int64
	var mu sync.Mutex
	seen := sync.NewCond(&mu)
	var seenUpTo int64 // guarded by mu
	consume := func() {
		one := make([]queue.Event, 1)
		for seenNow := int64(0); seenNow < total; {
			n, err := f.Wait(one, -1)
			if n != 0 || err != nil {
				t.Errorf("woken wait: got %d, %v, want 0, nil", n, err)
				return
			}
			waits.Add(1)
			seenNow = posted.Load()
			mu.Lock()
			seenUpTo = seenNow
			mu.Unlock()
			seen.Broadcast()
		}
	}
	produce := func() {
		for range posts {
			mine := posted.Add(1)
			if err := f.Wake(); err != nil {
				return // the case is over
			}
			mu.Lock()
			for seenUpTo < mine {
				seen.Wait()
			}
			mu.Unlock()
		}
	}
	// Producers that still wait must end with the case.
	t.Cleanup(func() {
		mu.Lock()
		seenUpTo = math.MaxInt64
		mu.Unlock()
		seen.Broadcast()
	})
	f.fence(t)
	consumer := f.start(consume)
	posted.Add(1)
	must(t, f.Wake())
	f.soon(t, "the first post", func() {
		mu.Lock()
		defer mu.Unlock()
		for seenUpTo < 1 {
			seen.Wait()
		}
	})
	f.soon(t, "producers that each wait until their post is seen", slices.Repeat([]func(){produce}, producers)...)
	f.soon(t, "a producer alone", produce)
	consumer(t, "the consumer")
	if n := waits.Load(); n > total {
		t.Errorf("%d waits returned after %d wakes", n, total)
	}
}

func wakeSaturated(t T, f *Fixture) {
	// The portions together exceed the capacity of a pipe.
	const portions, wakes = 10, 7_000
	for range portions {
		f.soon(t, "many wakes", func() {
			for i := range wakes {
				if err := f.Wake(); err != nil {
					t.Errorf("wake %d: %v", i+1, err)
					return
				}
			}
		})
	}
	f.soon(t, "a wait after many wakes", func() {
		if n, err := f.Wait(make([]queue.Event, 1), -1); n != 0 || err != nil {
			t.Errorf("wait after many wakes: got %d, %v, want 0, nil", n, err)
		}
	})
	a, _ := pair(t)
	f.add(t, a, 1, queue.Writable, queue.Level)
	f.expect(t, 1, queue.Writable)
}

func wakeBesideEvents(t T, f *Fixture) {
	const sources = 3
	for _, m := range modes {
		var ends [sources]*end
		missing := map[queue.Token]bool{}
		for i := range ends {
			ends[i], _ = pair(t)
			missing[queue.Token(i)] = true
		}
		must(t, f.Wake())
		for i, e := range ends {
			f.add(t, e, queue.Token(i), queue.Writable, m)
		}
		must(t, f.Wake())
		for range 4 * sources {
			for _, e := range f.wait(t, f.patience) {
				delete(missing, e.Token)
			}
			if len(missing) == 0 {
				break
			}
		}
		if len(missing) > 0 {
			t.Errorf("%v: %d of %d events were lost during a Wake", m, len(missing), sources)
		}
		for _, e := range ends {
			must(t, f.Delete(e.handle))
		}
		// Whether or not a Wait with events has consumed the Wake, the next Wake ends a Wait.
		f.soon(t, "a wait after a Wake during events", func() {
			if err := f.Wake(); err != nil {
				t.Errorf("wake: %v", err)
			}
			if _, err := f.Wait(make([]queue.Event, 1), -1); err != nil {
				t.Errorf("wait: %v", err)
			}
		})
	}
}
