package suite

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// seen runs body as a case and fails t if the case fails.
func seen(t *testing.T, body func(t T)) {
	t.Helper()
	c := Case[struct{}]{ID: "call", Run: func(t T, _ struct{}) { body(t) }}
	target := Target[struct{}]{Name: "call", Open: func(T) (struct{}, error) { return struct{}{}, nil }}
	if res := runCase(context.Background(), c, target, Patience(), nil); res.Outcome != Passed {
		t.Error(res.Detail)
	}
}

func TestACallIsSeenToBlock(t *testing.T) {
	var mu sync.Mutex
	cond := sync.NewCond(&mu)
	c := make(chan struct{})
	for name, f := range map[string]struct{ wait, release func() }{
		"channel": {func() { <-c }, func() { c <- struct{}{} }},
		"select": {func() {
			select {
			case <-c:
			case <-time.After(time.Hour):
			}
		}, func() { c <- struct{}{} }},
		"condition": {func() {
			mu.Lock()
			cond.Wait()
			mu.Unlock()
		}, func() {
			mu.Lock() // blocks until the call is in cond.Wait
			defer mu.Unlock()
			cond.Signal()
		}},
	} {
		t.Run(name, func(t *testing.T) {
			seen(t, func(t T) {
				call := Go(f.wait)
				UntilBlocked(t, "a blocked call", call)
				if call.HasEnded() {
					t.Errorf("the call has ended, want it blocked")
				}
				f.release()
				Receive(t, "end of the call", call.Ended())
				if call.Blocked() {
					t.Errorf("an ended call reports Blocked")
				}
				UntilBlocked(t, "end of the call", call)
			})
		})
	}
}

func TestACallThatWorksIsNotBlocked(t *testing.T) {
	var mu sync.Mutex
	var over atomic.Bool
	for name, work := range map[string]func(){
		"computes": func() {
			for !over.Load() {
			}
		},
		"yields": func() {
			for !over.Load() {
				runtime.Gosched()
			}
		},
		"locks": func() {
			mu.Lock()
			defer mu.Unlock()
		},
	} {
		t.Run(name, func(t *testing.T) {
			mu.Lock()
			over.Store(false)
			call := Go(work)
			for range 2 * settledMin {
				if call.Blocked() {
					t.Error("it blocks")
					break
				}
			}
			mu.Unlock()
			over.Store(true)
			<-call.Ended()
		})
	}
}
