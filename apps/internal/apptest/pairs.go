package apptest

import (
	"flag"
	"strings"
)

// full has tests take whole products of strategies instead of pairs.
var full = flag.Bool("full", false, "test every combination of the strategies, not only every pair")

// Combinations returns rows with one value of each list, in which every two values of different
// lists meet at least once; with -full, all rows. Faults that need a third strategy to show are
// rare, and the whole product takes minutes. The rows are the same in every run. Rows that valid,
// if it is not nil, refuses do not exist.
func Combinations(valid func(row []string) bool, lists ...[]string) [][]string {
	rows := [][]string{nil}
	for _, values := range lists {
		var longer [][]string
		for _, row := range rows {
			for _, v := range values {
				longer = append(longer, append(row[:len(row):len(row)], v))
			}
		}
		rows = longer
	}
	if valid != nil {
		kept := rows[:0]
		for _, row := range rows {
			if valid(row) {
				kept = append(kept, row)
			}
		}
		rows = kept
	}
	if *full || len(lists) < 2 {
		return rows
	}
	return coverPairs(rows)
}

// pairOf is two values of a row, with their places in it.
type pairOf struct {
	i, j int
	a, b string
}

func pairs(row []string) []pairOf {
	var all []pairOf
	for i := range row {
		for j := range i {
			all = append(all, pairOf{i, j, row[i], row[j]})
		}
	}
	return all
}

// coverPairs takes the row with the most pairs that are not in those it has taken, again and again,
// until there is none. The bound is the number of rows.
func coverPairs(rows [][]string) (taken [][]string) {
	seen := map[pairOf]bool{}
	for range rows {
		best, most := []string(nil), 0
		for _, row := range rows {
			n := 0
			for _, p := range pairs(row) {
				if !seen[p] {
					n++
				}
			}
			if n > most {
				best, most = row, n
			}
		}
		if most == 0 {
			break
		}
		for _, p := range pairs(best) {
			seen[p] = true
		}
		taken = append(taken, best)
	}
	return taken
}

// Name is the name of a row's subtest.
func Name(row []string) string { return strings.Join(row, "/") }
