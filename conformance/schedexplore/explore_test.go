package schedexplore

import (
	"flag"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

var (
	count  = flag.Int("interleavings", 1_000, "how many interleavings to explore")
	replay = flag.Uint64("seed", 0, "explore the interleaving of this seed only, and print what happens in it")
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
	first := rand.Uint64()
	begun := time.Now()
	for i := range uint64(*count) {
		if f := Explore(t, first+i, Seams{}, nil); f != nil {
			t.Fatalf("after %d interleavings: %v (-seed %d prints it)", i+1, f, f.Seed)
		}
	}
	t.Logf("%d interleavings from seed %d in %v", *count, first, time.Since(begun))
}

func TestASeedIsOneInterleaving(t *testing.T) {
	for seed := range uint64(100) {
		var first, second []string
		Explore(t, seed, Seams{}, &first)
		Explore(t, seed, Seams{}, &second)
		if !slices.Equal(first, second) {
			for i := range min(len(first), len(second)) {
				if first[i] != second[i] {
					t.Fatalf("seed %d: step %d is %q, then %q", seed, i, first[i], second[i])
				}
			}
			t.Fatalf("seed %d: %d steps, then %d", seed, len(first), len(second))
		}
	}
}
