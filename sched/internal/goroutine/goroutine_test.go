package goroutine

import (
	"iter"
	"runtime"
	"sync"
	"testing"
)

// pair holds the two numbers of a goroutine.
type pair struct{ current, number uintptr }

func both() pair { return pair{Current(), number()} }

// grow makes the runtime move the stack, and calls f there.
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
		t.Fatalf("numbers: got %v, want both nonzero", first)
	}
	for range 100 {
		runtime.Gosched()
		grow(256, func() {
			if now := both(); now != first {
				t.Errorf("numbers: got %v, want %v as before", now, first)
			}
		})
	}
	runtime.GC()
	if now := both(); now != first {
		t.Errorf("numbers after a collection: got %v, want %v as before", now, first)
	}
}

// All live goroutines have distinct numbers, and Current and stack dumps distinguish the same
// goroutines.
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
					t.Errorf("numbers: got %v, want %v as before", now, found[i])
				}
			})
		}
		begun.Wait()
		current, number := map[uintptr]bool{}, map[uintptr]bool{}
		for _, p := range append(found, both()) {
			current[p.current], number[p.number] = true, true
		}
		if len(current) != goroutines+1 || len(number) != goroutines+1 {
			t.Errorf("%d goroutines: got %d and %d distinct numbers", goroutines+1, len(current), len(number))
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
		t.Errorf("coroutine: got numbers %v, then %v; its caller has %v; want the same twice, different from the caller's", first, second, outside)
	}
}

func TestNothingIsAllocated(t *testing.T) {
	if n := testing.AllocsPerRun(100, func() { _ = Current() }); n != 0 {
		t.Errorf("got %v allocations, want 0", n)
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
