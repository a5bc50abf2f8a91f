package apptest

import (
	"flag"
	"os"
	"strings"
)

// FullVariable is the environment variable that requests whole products if the flag does not.
const FullVariable = "EDGEWISE_FULL"

// full makes tests cover whole products of strategies instead of pairs.
var full = flag.Bool("full", false, "test every combination of the strategies instead of every pair, with more clients, files and names (default: whether $"+
	FullVariable+" is set)")

// Full reports whether whole products, and the larger numbers of clients, files and names, are
// requested.
func Full() bool { return *full || os.Getenv(FullVariable) != "" }

// Size returns few, or many with [Full]. A test can fail for its reason with few.
func Size(few, many int) int {
	if Full() {
		return many
	}
	return few
}

// Combinations returns rows with one value of each list. Every two values of different lists meet
// in at least one row; with [Full], it returns all rows. Faults that need a third strategy are
// rare, and the whole product takes minutes. The rows are the same in every run. If valid is not
// nil, Combinations omits the rows that it rejects.
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
	if Full() || len(lists) < 2 {
		return rows
	}
	return coverPairs(rows)
}

// pairOf is two values of a row, with their positions.
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

// coverPairs repeatedly takes the row with the most uncovered pairs, until no pair is left. The
// number of rows bounds it.
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

// Name returns the name of a row's subtest.
func Name(row []string) string { return strings.Join(row, "/") }
