package schedexplore

import (
	"flag"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

var (
	full   = flag.Bool("full", false, "explore many interleavings, from a new seed")
	count  = flag.Int("interleavings", 0, "how many interleavings to explore (default 500, or 20000 with -full)")
	replay = flag.Uint64("seed", 0, "explore only the interleaving of this seed, and print what happens in it")
)

func TestExplore(t *testing.T) {
	if *replay != 0 {
		var trace []string
		f := Explore(t, *replay, Seams{}, &trace)
		for _, line := range trace {
			t.Log(line)
		}
		if f != nil {
			t.Fatal(f)
		}
		return
	}
	first, n := firstSeed(), howMany(*count, 500, 20_000)
	begun := time.Now()
	for i := range n {
		if f := Explore(t, first+i, Seams{}, nil); f != nil {
			t.Fatalf("after %d interleavings: %v (-seed %d prints it)", i+1, f, f.Seed)
		}
	}
	t.Logf("%d interleavings from seed %d in %v", n, first, time.Since(begun))
}

// firstSeed returns the first seed: the same in every run, or with -full a random one, which the
// test prints.
func firstSeed() uint64 {
	if *full {
		return rand.Uint64()
	}
	return 1
}

// howMany returns the number that a flag requests, or the default.
func howMany(asked int, usual, exhaustive uint64) uint64 {
	switch {
	case asked > 0:
		return uint64(asked)
	case *full:
		return exhaustive
	}
	return usual
}

func TestASeedIsOneInterleaving(t *testing.T) {
	for seed := range uint64(100) {
		var first, second []string
		Explore(t, seed, Seams{}, &first)
		Explore(t, seed, Seams{}, &second)
		if !slices.Equal(first, second) {
			for i := range min(len(first), len(second)) {
				if first[i] != second[i] {
					t.Fatalf("seed %d: step %d is %q in the first run and %q in the second", seed, i, first[i], second[i])
				}
			}
			t.Fatalf("seed %d: %d steps in the first run, %d in the second", seed, len(first), len(second))
		}
	}
}
