package testrun

import (
	"cmp"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"text/tabwriter"
)

// A line that a conformance run logs, after the file and line that t.Log adds.
var conformanceLine = regexp.MustCompile(`(?m)^\s*(?:[^\s:]+\.go:\d+: )?(CONFORMANCE .+)$`)

var conformanceFields = regexp.MustCompile(
	`^CONFORMANCE (\S+) (.+): (\d+) pass, (\d+) n/a, (\d+) waived, (\d+) violated(?: \((.*?)\))?(?: \[(.*)\])?$`)

// modes are the areas of cases that are counted separately: they show how complete an
// implementation is in each mode.
var modes = []string{"level", "edge", "oneshot"}

// outcomes are the possible outcomes of a case, in the order of the table.
var outcomes = []string{"pass", "n/a", "waived", "violated"}

// conformance returns the results that the test t of p has logged. To each line of the known form
// it appends the counts per mode, in brackets.
func (p *packageRun) conformance(t *testRun) []string {
	var lines []string
	for _, m := range conformanceLine.FindAllStringSubmatch(t.output.String(), -1) {
		line := strings.TrimSpace(m[1])
		if conformanceFields.MatchString(line) {
			if counts := p.modes(t.name); counts != "" {
				line += " [" + counts + "]"
			}
		}
		lines = append(lines, line)
	}
	return lines
}

// modes counts, by mode, the cases below test whose name is a mode, as in "level 20 pass, 1 n/a;
// edge 9 pass".
func (p *packageRun) modes(test string) string {
	count := map[string]map[string]int{}
	for _, t := range p.tests {
		id, ok := strings.CutPrefix(t.name, test+"/")
		area, _, inArea := strings.Cut(id, "/")
		if !ok || !inArea || !slices.Contains(modes, area) {
			continue
		}
		if count[area] == nil {
			count[area] = map[string]int{}
		}
		count[area][t.caseOutcome()]++
	}
	var all []string
	for _, mode := range modes {
		var counts []string
		for _, outcome := range outcomes {
			if n := count[mode][outcome]; n > 0 {
				counts = append(counts, fmt.Sprintf("%d %s", n, outcome))
			}
		}
		if len(counts) > 0 {
			all = append(all, mode+" "+strings.Join(counts, ", "))
		}
	}
	return strings.Join(all, "; ")
}

// caseOutcome returns the outcome of a case of a conformance suite. The suite skips a case with a
// message that begins with N/A or WAIVED.
func (t *testRun) caseOutcome() string {
	switch {
	case t.outcome == "pass":
		return "pass"
	case t.outcome == "skip" && strings.Contains(t.output.String(), ": N/A "):
		return "n/a"
	case t.outcome == "skip" && strings.Contains(t.output.String(), ": WAIVED "):
		return "waived"
	}
	return "violated"
}

// PrintConformance writes lines as a table. It writes a line that is not of the known form
// unchanged.
func PrintConformance(out io.Writer, lines []string) {
	if len(lines) == 0 {
		return
	}
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "\nCONFORMANCE\timplementation\tpass\tn/a\twaived\tviolated\tby mode\tnot applicable because")
	var odd []string
	for _, line := range lines {
		m := conformanceFields.FindStringSubmatch(line)
		if m == nil {
			odd = append(odd, line)
			continue
		}
		because, byMode := cmp.Or(m[7], "-"), cmp.Or(m[8], "-")
		fmt.Fprintln(t, strings.Join(append(m[1:7], byMode, because), "\t"))
	}
	_ = t.Flush()
	for _, line := range odd {
		fmt.Fprintln(out, line)
	}
}
