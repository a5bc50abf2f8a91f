package schedexplore

import (
	"errors"
	"slices"
	"testing"

	"github.com/edgewise-go/edgewise/queue"
)

// crewMutants are those of one worker, but for those that cannot be there for several at a time, and some more.
func crewMutants() []mutant {
	alone := []string{
		"runs posted functions out of order",            // keeps what it has held back without a lock
		"wakes a handler only while it waits",           // knows the handlers without a lock
		"goes on waiting when it is woken the 5th time", // goes on without a stop
		"does not tell of a step that is ready",         // likewise
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
				lost := false
				q.wake = func() error {
					if lost {
						return q.Queue.Wake()
					}
					lost = true
					return nil
				}
			})
		}},
	)
}

func TestCrewsFindMutants(t *testing.T) {
	for _, m := range crewMutants() {
		t.Run(m.name, func(t *testing.T) {
			for i := range len(crews) * *within {
				form := crews[i%len(crews)]
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
			t.Errorf("not found in %d interleavings", len(crews)**within)
		})
	}
}
