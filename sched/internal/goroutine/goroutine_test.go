package goroutine

import (
	"iter"
	"runtime"
	"sync"
	"testing"
)

// pair is what a goroutine is called in both ways.
type pair struct{ current, number uintptr }

func both() pair { return pair{Current(), number()} }

// grow has the stack moved, and calls f there.
func grow(depth int, f func()) {
	var frame [1 << 10]byte
	if depth > 0 {
		grow(depth-1, f)
	} else {
		f()
	}
	runtime.KeepAlive(&frame)
}

func TestAGoroutineKeepsItsNumber(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	first := both()
	if first.current == 0 || first.number == 0 {
		t.Fatalf("the numbers are %v, want neither zero", first)
	}
	for range 100 {
		runtime.Gosched()
		grow(256, func() {
			if now := both(); now != first {
				t.Errorf("the numbers are %v, were %v", now, first)
			}
		})
	}
	runtime.GC()
	if now := both(); now != first {
		t.Errorf("after a collection the numbers are %v, were %v", now, first)
	}
}

// All that live at a time have numbers of their own, and Current and the stacks tell the same
// apart.
func TestNoTwoGoroutinesHaveOneNumber(t *testing.T) {
	const rounds, goroutines = 20, 200
	for range rounds {
		found := make([]pair, goroutines)
		var begun, over sync.WaitGroup
		release := make(chan struct{})
		for i := range found {
			begun.Add(1)
			over.Go(func() {
				found[i] = both()
				begun.Done()
				<-release
				if now := both(); now != found[i] {
					t.Errorf("the numbers are %v, were %v", now, found[i])
				}
			})
		}
		begun.Wait()
		current, number := map[uintptr]bool{}, map[uintptr]bool{}
		for _, p := range append(found, both()) {
			current[p.current], number[p.number] = true, true
		}
		if len(current) != goroutines+1 || len(number) != goroutines+1 {
			t.Errorf("%d goroutines have %d and %d numbers", goroutines+1, len(current), len(number))
		}
		close(release)
		over.Wait()
	}
}

func TestACoroutineHasItsOwnNumber(t *testing.T) {
	numbers := func(yield func(pair) bool) {
		for yield(both()) {
		}
	}
	next, stop := iter.Pull(iter.Seq[pair](numbers))
	defer stop()
	outside := both()
	first, _ := next()
	second, _ := next()
	if first != second || first.current == outside.current || first.number == outside.number {
		t.Errorf("the coroutine has the numbers %v, then %v; its caller has %v", first, second, outside)
	}
}

func TestNothingIsAllocated(t *testing.T) {
	if n := testing.AllocsPerRun(100, func() { _ = Current() }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkCurrent(b *testing.B) {
	for b.Loop() {
		_ = Current()
	}
}

func BenchmarkNumber(b *testing.B) {
	for b.Loop() {
		_ = number()
	}
}
