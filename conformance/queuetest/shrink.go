package queuetest

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
)

// shrinkTriesMax and shrinkLooks bound the cost of shrinking by counts, so that the result does not
// depend on the speed of the machine.
const (
	shrinkTriesMax = 300
	shrinkLooks    = 10
)

// shrink removes steps while the rest still fails, and returns the shortest failing steps.
func shrink(t T, f *Fixture, steps []step) []step {
	shortest := steps
	tries := 0
	for size := len(shortest) / 2; size > 0; {
		removed := false
		for from := 0; from < len(shortest); {
			if tries++; tries > shrinkTriesMax {
				return certain(t, f, steps, shortest)
			}
			fewer := slices.Delete(slices.Clone(shortest), from, min(from+size, len(shortest)))
			if failure, n := replay(t, f, fewer, shrinkLooks); failure != "" {
				shortest, removed = fewer[:n], true
				continue
			}
			from += size
		}
		if !removed || size > 1 {
			size /= 2
		}
	}
	return certain(t, f, steps, shortest)
}

// certain returns shortest if it fails with full patience. Otherwise an event was only late, and
// certain returns steps.
func certain(t T, f *Fixture, steps, shortest []step) []step {
	if failure, _ := replay(t, f, shortest, 0); failure == "" {
		return steps
	}
	return shortest
}

// trial is a T for a part of a case that may fail without failing the case.
type trial struct {
	T

	mu       sync.Mutex
	failures []string // guarded by mu
	cleanups []func() // guarded by mu
}

// attempt runs body to its end, including its cleanups, and returns its failures.
func attempt(t T, body func(t T)) string {
	r := &trial{T: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer r.clean()
		body(r)
	}()
	<-done
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Join(r.failures, "\n")
}

func (r *trial) clean() {
	r.mu.Lock()
	fs := r.cleanups
	r.cleanups = nil
	r.mu.Unlock()
	for _, f := range slices.Backward(fs) {
		f()
	}
}

func (r *trial) Cleanup(f func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cleanups = append(r.cleanups, f)
}

func (r *trial) Errorf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failures = append(r.failures, fmt.Sprintf(format, args...))
}

func (r *trial) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	runtime.Goexit()
}

func (r *trial) FailNow() { r.Fatalf("FailNow") }
