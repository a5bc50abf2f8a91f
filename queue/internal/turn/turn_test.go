package turn

import (
	"sync"
	"testing"
	"time"
)

func TestOneAtATime(t *testing.T) {
	turn, inside := New(), 0 // inside is guarded by the turn; the race detector checks this
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 500 {
				if !turn.Take(-1) {
					t.Error("Take(-1) returned false before End")
					return
				}
				if inside++; inside != 1 {
					t.Errorf("%d callers have the turn, want 1", inside)
				}
				inside--
				turn.Release()
			}
		})
	}
	all.Wait()
}

func TestTakeGivesUp(t *testing.T) {
	turn := New()
	if !turn.Take(0) {
		t.Fatal("Take(0) returned false on a free turn")
	}
	for _, timeout := range []time.Duration{0, 1, time.Millisecond} {
		begin := time.Now()
		if turn.Take(timeout) {
			t.Error("Take returned true while another caller has the turn")
		}
		if took := time.Since(begin); took < timeout {
			t.Errorf("Take gave up after %v, before its timeout of %v", took, timeout)
		}
	}
	var all sync.WaitGroup
	for _, timeout := range []time.Duration{-1, time.Hour} {
		all.Go(func() {
			if turn.Take(timeout) {
				t.Error("Take returned true while another caller has the turn")
			}
		})
	}
	turn.End()
	all.Wait()
	turn.Release()
	if !turn.Take(0) {
		t.Error("Take(0) returned false on a free turn after End")
	}
}

func TestWaitingAllocatesNothing(t *testing.T) {
	turn := New()
	turn.Take(0)
	if n := testing.AllocsPerRun(100, func() { turn.Take(time.Microsecond) }); n > 0 {
		t.Errorf("got %v allocations per Take, want 0", n)
	}
}
