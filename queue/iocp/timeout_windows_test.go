package iocp

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/edgewise-go/edgewise/queue"
)

func TestTimeouts(t *testing.T) {
	q := opened(t)
	begin := time.Now()
	late := submit(t, q, queue.Op{Kind: queue.OpTimeout, Token: 9, After: time.Hour})
	for i := range 20 {
		submit(t, q, queue.Op{Kind: queue.OpTimeout, Token: queue.Token(i), After: time.Duration(i*7%20) * time.Millisecond})
	}
	var passed []time.Duration
	for range 20 {
		events := make([]queue.Event, 1)
		n, err := q.Wait(events, patience)
		must(t, err)
		if n != 1 || events[0].Result != 0 {
			t.Fatalf("got %+v", events[:n])
		}
		passed = append(passed, time.Duration(events[0].Token*7%20)*time.Millisecond)
	}
	if !slices.IsSorted(passed) || time.Since(begin) < 19*time.Millisecond {
		t.Errorf("got %v after %v, want them in order and not early", passed, time.Since(begin))
	}
	must(t, q.Cancel(late))
	if e := completion(t, q); e.Result != queue.ResultCanceled || e.Token != 9 {
		t.Errorf("got %+v, want canceled", e)
	}
}

// A new first deadline comes in time although every Wait has blocked for longer, and although the
// first Wait that it reaches leaves.
func TestANewDeadlineReachesBlockedWaits(t *testing.T) {
	q := opened(t)
	const waiters = 3
	got := make(chan queue.Event, 2*waiters)
	var all sync.WaitGroup
	for range waiters {
		all.Go(func() {
			events := make([]queue.Event, 1)
			n, err := q.Wait(events, patience)
			if n != 1 || err != nil {
				t.Errorf("got %d events, %v", n, err)
			}
			got <- events[0]
		})
	}
	blocked(t, q, waiters)
	for i := range waiters {
		submit(t, q, queue.Op{Kind: queue.OpTimeout, Token: queue.Token(i), After: time.Duration(waiters-i) * 10 * time.Millisecond})
	}
	all.Wait()
	seen := map[queue.Token]bool{}
	for range waiters {
		seen[(<-got).Token] = true
	}
	if len(seen) != waiters {
		t.Errorf("got %v, want %d timeouts", seen, waiters)
	}
}

func blocked(t testing.TB, q *instance, waiters int) {
	t.Helper()
	for n := 0; n < waiters; time.Sleep(time.Millisecond) {
		q.Mu.Lock()
		n = q.blocked
		q.Mu.Unlock()
	}
}
