package schedexplore

import (
	"errors"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/edgewise-go/edgewise/queue"
)

// crewMutants are the mutants for one worker and some more, except those that several workers
// cannot share.
func crewMutants() []mutant {
	alone := []string{
		"runs posted functions out of order",            // keeps held-back functions without a lock
		"wakes a handler only while it waits",           // keeps its handlers without a lock
		"goes on waiting when it is woken the 5th time", // continues without a stop
		"does not tell of a step that is ready",         // likewise
		"counts a start that it refuses for a moment",   // stops while it holds the lock of the loop
	}
	all := slices.DeleteFunc(slices.Clone(mutants), func(m mutant) bool { return slices.Contains(alone, m.name) })
	return append(all,
		mutant{"wakes another queue", func() Seams {
			var first queue.Queue
			return queueSeam(func(q *oddQueue) {
				if first == nil {
					first = q.Queue
				}
				q.wake = func() error { return first.Wake() }
			})
		}},
		mutant{"loses the first wake of each queue", func() Seams {
			return queueSeam(func(q *oddQueue) {
				var lost atomic.Bool
				q.wake = func() error {
					if lost.Swap(true) {
						return q.Queue.Wake()
					}
					return nil
				}
			})
		}},
	)
}

// repeatable returns the crews for which a seed is a single interleaving, so that the search always
// ends with the same one.
func repeatable() []Crew {
	return slices.DeleteFunc(slices.Clone(crews), func(c Crew) bool { return !c.Stealing })
}

func TestCrewsFindMutants(t *testing.T) {
	forms := repeatable()
	if *full {
		forms = crews
	}
	for _, m := range crewMutants() {
		t.Run(m.name, func(t *testing.T) {
			for i := range len(forms) * *within {
				form := forms[i%len(forms)]
				f, err := ExploreCrew(t, form, uint64(1+i), m.make(), nil)
				if errors.Is(err, errors.ErrUnsupported) {
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				if f != nil {
					t.Logf("found after %d interleavings, by %v: %v", i+1, form, f)
					return
				}
			}
			t.Errorf("not found in %d interleavings", len(forms)**within)
		})
	}
}
