package suite

import (
	"flag"
	"os"
	"testing"
)

// FullVariable is the environment variable that requests the whole product if the flag does not.
const FullVariable = "EDGEWISE_FULL"

// fullFlag exists only in test programs, like patienceFlag.
var fullFlag = func() *bool {
	if !testing.Testing() {
		return new(bool)
	}
	return flag.Bool("suite.full", false, "run the whole product of mechanisms, modes, schedulers and forms instead of every pair (default: whether $"+
		FullVariable+" is set)")
}()

// Full reports whether the whole product of all axes is requested. Otherwise Combinations covers
// every pair.
func Full() bool { return *fullFlag || os.Getenv(FullVariable) != "" }

// Extent returns how much a case does: plain, or full if the whole product is requested. Plain is
// enough to detect every mutant.
func Extent(plain, full int) int {
	if Full() {
		return full
	}
	return plain
}

// Combinations returns combinations of values of several axes. Each value is a number less than the
// size of its axis. With Full it returns the whole product. Otherwise each pair of values of any
// two axes occurs in at least one combination. The list is the same in every run.
func Combinations(sizes ...int) [][]int {
	all := product(sizes)
	if Full() {
		return all
	}
	return pairwise(all, sizes)
}

// product returns every combination. The last axis varies fastest.
func product(sizes []int) [][]int {
	all := [][]int{nil}
	for _, size := range sizes {
		var longer [][]int
		for _, c := range all {
			for v := range size {
				longer = append(longer, append(append([]int(nil), c...), v))
			}
		}
		all = longer
	}
	return all
}

// axesPair is a pair of values of two axes.
type axesPair struct{ i, vi, j, vj int }

// pairwise chooses greedily, from all combinations, those that cover the most pairs not yet
// covered.
func pairwise(all [][]int, sizes []int) [][]int {
	if len(sizes) < 2 {
		return all
	}
	covered := map[axesPair]bool{}
	gain := func(c []int, note bool) (n int) {
		for i := range c {
			for j := range i {
				p := axesPair{i, c[i], j, c[j]}
				if !covered[p] {
					n++
					if note {
						covered[p] = true
					}
				}
			}
		}
		return n
	}
	var chosen [][]int
	for {
		best, most := -1, 0
		for k, c := range all {
			if n := gain(c, false); n > most {
				best, most = k, n
			}
		}
		if best < 0 {
			return chosen
		}
		gain(all[best], true)
		chosen = append(chosen, all[best])
	}
}
