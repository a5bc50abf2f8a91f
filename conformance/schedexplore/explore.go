package schedexplore

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
)

// Failure is an interleaving in which rules were broken.
type Failure struct {
	Seed   uint64
	Broken []string
}

// Error implements error.
func (f *Failure) Error() string {
	return fmt.Sprintf("seed %d: %s", f.Seed, strings.Join(f.Broken, "; "))
}

// Explore runs the interleaving of one seed. It returns nil if the interleaving keeps all rules.
// Explore appends what happens to trace unless trace is nil. It needs t for the bubble.
func Explore(t *testing.T, seed uint64, seams Seams, trace *[]string) *Failure {
	t.Helper()
	w := newWorld(seed, seams, trace)
	synctest.Test(t, func(*testing.T) { w.run() })
	return w.failure(seed)
}

func newWorld(seed uint64, seams Seams, trace *[]string) *world {
	w := &world{seams: seams, source: rand.New(rand.NewPCG(seed, 0)), trace: func(string, ...any) {}}
	if trace != nil {
		w.trace = func(format string, args ...any) {
			w.told.Lock()
			defer w.told.Unlock()
			*trace = append(*trace, fmt.Sprintf(format, args...))
		}
	}
	return w
}

func (w *world) failure(seed uint64) *Failure {
	if len(w.failures) == 0 {
		return nil
	}
	return &Failure{seed, w.failures}
}

// ExploreCrew is Explore with several workers. The error is errors.ErrUnsupported if the system
// does not distinguish threads.
func ExploreCrew(t *testing.T, form Crew, seed uint64, seams Seams, trace *[]string) (*Failure, error) {
	t.Helper()
	w := newWorld(seed, seams, trace)
	var err error
	synctest.Test(t, func(*testing.T) {
		w.begin()
		var c *crew
		if c, err = newCrew(w, form); err == nil {
			c.run()
		}
	})
	return w.failure(seed), err
}
