package testrun

import (
	"fmt"
	"io"
	"regexp"
	"strings"
	"text/tabwriter"
)

// A line that a conformance run logs, after the file and line which t.Log puts before it.
var conformanceLine = regexp.MustCompile(`(?m)^\s*(?:[^\s:]+\.go:\d+: )?(CONFORMANCE .+)$`)

var conformanceFields = regexp.MustCompile(
	`^CONFORMANCE (\S+) (.+): (\d+) pass, (\d+) n/a, (\d+) waived, (\d+) violated(?: \((.*)\))?$`)

func conformanceLines(output string) []string {
	var lines []string
	for _, m := range conformanceLine.FindAllStringSubmatch(output, -1) {
		lines = append(lines, strings.TrimSpace(m[1]))
	}
	return lines
}

// PrintConformance writes lines as a table, and one that is not of the known form as it is.
func PrintConformance(out io.Writer, lines []string) {
	if len(lines) == 0 {
		return
	}
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "\nCONFORMANCE\timplementation\tpass\tn/a\twaived\tviolated\tnot applicable because")
	var odd []string
	for _, line := range lines {
		m := conformanceFields.FindStringSubmatch(line)
		if m == nil {
			odd = append(odd, line)
			continue
		}
		fmt.Fprintln(t, strings.TrimRight(strings.Join(m[1:], "\t"), "\t"))
	}
	_ = t.Flush()
	for _, line := range odd {
		fmt.Fprintln(out, line)
	}
}
