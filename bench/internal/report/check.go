package report

import (
	"fmt"
	"io"
)

// Check is a condition that must hold.
type Check struct {
	Name    string `json:"name"`
	Verdict string `json:"verdict"` // PASS, FAIL, or N/A if the system lacks the prerequisites
	Found   string `json:"found"`
}

// Verdicts of checks.
const (
	Pass          = "PASS"
	Fail          = "FAIL"
	NotApplicable = "N/A"
)

// NewCheck returns a check of a condition. The rest describes what was found.
func NewCheck(name string, holds bool, format string, args ...any) Check {
	c := Check{Name: name, Verdict: Fail, Found: fmt.Sprintf(format, args...)}
	if holds {
		c.Verdict = Pass
	}
	return c
}

// PrintChecks prints a line per check and reports whether none has failed.
func PrintChecks(out io.Writer, checks []Check) bool {
	good := true
	for _, c := range checks {
		fmt.Fprintf(out, "%-4s  %s: %s\n", c.Verdict, c.Name, c.Found)
		good = good && c.Verdict != Fail
	}
	return good
}
