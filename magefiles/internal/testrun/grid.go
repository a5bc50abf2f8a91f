package testrun

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
)

// Grid counts the outcomes of tests that are called Test/column/case. Its method Add fits
// Options.Ended. The zero value is empty.
type Grid struct {
	rows, columns []string
	counts        map[[2]string]map[string]int // by row and column, then by outcome
	skipped       map[string]bool              // rows that were skipped as a whole
}

// Add counts the test with that name. It counts neither the tests above cases nor those below.
func (g *Grid) Add(name, outcome string) {
	row, rest, _ := strings.Cut(name, "/")
	column, leaf, isCase := strings.Cut(rest, "/")
	row = strings.TrimPrefix(row, "Test")
	if rest == "" && outcome == "skip" {
		if g.skipped == nil {
			g.skipped = map[string]bool{}
		}
		g.skipped[row] = true
		g.rows = append(g.rows, row)
	}
	if !isCase || strings.Contains(leaf, "/") {
		return
	}
	if !slices.Contains(g.rows, row) {
		g.rows = append(g.rows, row)
	}
	if !slices.Contains(g.columns, column) {
		g.columns = append(g.columns, column)
	}
	if g.counts == nil {
		g.counts = map[[2]string]map[string]int{}
	}
	cell := [2]string{row, column}
	if g.counts[cell] == nil {
		g.counts[cell] = map[string]int{}
	}
	g.counts[cell][outcome]++
}

// Print writes a line per test and a column per form, in the order in which they came.
func (g *Grid) Print(out io.Writer) {
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "\n\t"+strings.Join(g.columns, "\t"))
	for _, row := range g.rows {
		cells := []string{row}
		for _, column := range g.columns {
			cells = append(cells, g.cell(row, column))
		}
		fmt.Fprintln(t, strings.Join(cells, "\t"))
	}
	_ = t.Flush()
}

func (g *Grid) cell(row, column string) string {
	if g.skipped[row] {
		return "skipped"
	}
	var parts []string
	for _, outcome := range []string{"pass", "skip", "fail"} {
		if n := g.counts[[2]string{row, column}][outcome]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, outcome))
		}
	}
	if len(parts) == 0 {
		return "-"
	}
	return strings.Join(parts, ", ")
}
