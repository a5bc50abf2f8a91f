package schedexplore

import (
	"errors"
	"flag"
	"slices"
	"testing"
	"time"
)

var crewCount = flag.Int("crew-interleavings", 0, "how many interleavings to explore with each crew (default 50, or 2000 with -full)")

var crews = []Crew{{Workers: 2}, {Workers: 3}, {Workers: 2, Stealing: true}, {Workers: 3, Stealing: true}}

// exploreCrew is ExploreCrew that returns nil if the system has no crews.
func exploreCrew(t *testing.T, form Crew, seed uint64, seams Seams, trace *[]string) *Failure {
	t.Helper()
	f, err := ExploreCrew(t, form, seed, seams, trace)
	if err != nil && !errors.Is(err, errors.ErrUnsupported) {
		t.Fatal(err)
	}
	return f
}

func TestExploreCrews(t *testing.T) {
	for _, form := range crews {
		t.Run(form.String(), func(t *testing.T) {
			if *replay != 0 {
				var trace []string
				f := exploreCrew(t, form, *replay, Seams{}, &trace)
				for _, line := range trace {
					t.Log(line)
				}
				if f != nil {
					t.Fatal(f)
				}
				return
			}
			first, n := firstSeed(), howMany(*crewCount, 50, 2_000)
			begun := time.Now()
			for i := range n {
				if f := exploreCrew(t, form, first+i, Seams{}, nil); f != nil {
					t.Fatalf("after %d interleavings: %v (-seed %d prints it)", i+1, f, f.Seed)
				}
			}
			t.Logf("%d interleavings from seed %d in %v", n, first, time.Since(begun))
		})
	}
}

// With a Stealing only one thread runs at a time, so that no two contend for a lock. For a Shared
// see the package documentation.
func TestASeedIsOneInterleavingOfThieves(t *testing.T) {
	for _, form := range crews {
		if !form.Stealing {
			continue
		}
		for seed := range uint64(25) {
			var first, second []string
			exploreCrew(t, form, seed, Seams{}, &first)
			exploreCrew(t, form, seed, Seams{}, &second)
			if !slices.Equal(first, second) {
				t.Errorf("%v: seed %d gave two interleavings", form, seed)
			}
		}
	}
}
