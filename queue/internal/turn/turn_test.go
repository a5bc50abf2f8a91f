package turn

import (
	"sync"
	"testing"
	"time"
)

func TestOneAtATime(t *testing.T) {
	turn, inside := New(), 0 // inside is guarded by the turn: the race detector looks on
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 500 {
				if !turn.Take(-1) {
					t.Error("gave up without reason")
					return
				}
				if inside++; inside != 1 {
					t.Errorf("%d have the turn", inside)
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
		t.Fatal("a free turn was not taken")
	}
	for _, timeout := range []time.Duration{0, 1, time.Millisecond} {
		begin := time.Now()
		if turn.Take(timeout) {
			t.Error("two have the turn")
		}
		if took := time.Since(begin); took < timeout {
			t.Errorf("gave up after %v of %v", took, timeout)
		}
	}
	var all sync.WaitGroup
	for _, timeout := range []time.Duration{-1, time.Hour} {
		all.Go(func() {
			if turn.Take(timeout) {
				t.Error("two have the turn")
			}
		})
	}
	turn.End()
	all.Wait()
	turn.Release()
	if !turn.Take(0) {
		t.Error("a free turn was not taken")
	}
}

func TestWaitingAllocatesNothing(t *testing.T) {
	turn := New()
	turn.Take(0)
	if n := testing.AllocsPerRun(100, func() { turn.Take(time.Microsecond) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
