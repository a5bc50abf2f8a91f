package suite

import (
	"flag"
	"os"
	"testing"
)

// FullVariable is the environment variable that asks for whole products where the flag does not.
const FullVariable = "EDGEWISE_FULL"

// fullFlag exists in test programs only, as patienceFlag does.
var fullFlag = func() *bool {
	if !testing.Testing() {
		return new(bool)
	}
	return flag.Bool("suite.full", false, "run the whole product of mechanisms, modes, schedulers and forms instead of every pair (default: whether $"+
		FullVariable+" is set)")
}()

// Full reports whether the whole product of all axes is asked for. Otherwise Combinations covers
// every pair.
func Full() bool { return *fullFlag || os.Getenv(FullVariable) != "" }

// Combinations returns combinations of values of several axes, each value a number below the size
// of its axis. With Full it is the whole product. Otherwise each pair of values of any two axes
// occurs in at least one combination, and the list is the same in every run.
func Combinations(sizes ...int) [][]int {
	all := product(sizes)
	if Full() {
		return all
	}
	return pairwise(all, sizes)
}

// product returns every combination, the last axis varying fastest.
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

// axesPair is a value of each of two axes.
type axesPair struct{ i, vi, j, vj int }

// pairwise chooses of all combinations, greedily, those that cover the most pairs that no chosen
// one has yet.
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
