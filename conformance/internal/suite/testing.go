package suite

import (
	"fmt"
	"sort"
	"strings"
	"testing"
)

// Run runs every case as a subtest of t and logs one summary line, which begins with "CONFORMANCE".
func Run[F any](t *testing.T, contract string, cases []Case[F], target Target[F]) {
	t.Helper()
	Validate(t, cases, target.Waivers)
	count := map[Outcome]int{}
	absent := map[string]int{}
	for _, c := range cases {
		t.Run(c.ID, func(t *testing.T) {
			res := runCase(t.Context(), c, target, Patience(), func(s string) { t.Log(s) })
			count[res.Outcome]++
			switch res.Outcome {
			case NotApplicable:
				absent[res.Detail]++
				t.Skipf("N/A %s: %s", c.ID, res.Detail)
			case Waived:
				t.Skipf("WAIVED %s: %s", c.ID, res.Detail)
			case Violated:
				t.Errorf("%s\nrule: %s", res.Detail, res.Rule)
			case Passed:
			}
		})
	}
	line := fmt.Sprintf("CONFORMANCE %s %s: %d pass, %d n/a, %d waived, %d violated",
		contract, target.Name, count[Passed], count[NotApplicable], count[Waived], count[Violated])
	if len(absent) > 0 {
		var parts []string
		for detail, n := range absent {
			parts = append(parts, fmt.Sprintf("%s: %d", detail, n))
		}
		sort.Strings(parts)
		line += " (" + strings.Join(parts, "; ") + ")"
	}
	t.Log(line)
}

// Validate fails t if a case has no rule, an identifier occurs twice, or a waiver names no case or
// gives no reason.
func Validate[F any](t *testing.T, cases []Case[F], waivers []Waiver) {
	t.Helper()
	seen := map[string]bool{}
	for _, c := range cases {
		if c.ID == "" || !strings.Contains(c.ID, "/") || c.Rule == "" || c.Run == nil {
			t.Errorf("case %q: want an area/behaviour identifier, a rule and a function", c.ID)
		}
		if seen[c.ID] {
			t.Errorf("case %q occurs twice", c.ID)
		}
		seen[c.ID] = true
	}
	for _, w := range waivers {
		if !seen[w.Case] || w.Reason == "" {
			t.Errorf("waiver for %q: want a known case and a reason", w.Case)
		}
	}
}

// Unavailable skips t. In place of the summary it logs that this system lacks the implementation,
// with the reason.
func Unavailable(t *testing.T, contract, name string, reason error) {
	t.Helper()
	t.Skipf("CONFORMANCE %s %s: unavailable (%v)", contract, name, reason)
}
