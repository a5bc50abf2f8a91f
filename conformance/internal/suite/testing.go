package suite

import (
	"context"
	"fmt"
	"slices"
	"sort"
	"strings"
	"sync"
	"testing"
)

// parallelMutantsMax bounds how many mutants run at once: most of their time is spent waiting for a hang to be seen.
const parallelMutantsMax = 16

// Run runs every case as a subtest of t and logs one summary line, which begins with "CONFORMANCE".
func Run[F any](t *testing.T, contract string, cases []Case[F], target Target[F]) {
	t.Helper()
	Validate(t, cases, target.Waivers)
	count := map[Outcome]int{}
	absent := map[string]int{}
	for _, c := range cases {
		t.Run(c.ID, func(t *testing.T) {
			res := runCase(t.Context(), c, target, func(s string) { t.Log(s) })
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

// Validate fails t when a case has no rule, an identifier stands twice, or a waiver names no case or gives no reason.
func Validate[F any](t *testing.T, cases []Case[F], waivers []Waiver) {
	t.Helper()
	seen := map[string]bool{}
	for _, c := range cases {
		if c.ID == "" || !strings.Contains(c.ID, "/") || c.Rule == "" || c.Run == nil {
			t.Errorf("case %q: needs an area/behaviour identifier, a rule and a function", c.ID)
		}
		if seen[c.ID] {
			t.Errorf("case %q stands twice", c.ID)
		}
		seen[c.ID] = true
	}
	for _, w := range waivers {
		if !seen[w.Case] || w.Reason == "" {
			t.Errorf("waiver for %q: needs a known case and a reason", w.Case)
		}
	}
}

// Mutant is a correct implementation with one rule broken, and the cases that must report it: no fewer, or the
// suite is blind; no more, or it is over-strict.
type Mutant[F any] struct {
	Name   string
	Target Target[F]
	Caught []string
	// Chance are cases that race threads against each other, and see what is broken in some runs and not in others.
	Chance []string
}

// trialsMax bounds the trials of a mutant. A case that races may miss it in one: what counts is that it was seen to fail.
const trialsMax = 3

// try runs the cases against m until each that must report it has, and returns the violations of all trials, one a case.
func (m Mutant[F]) try(cases []Case[F]) []Violation {
	var all []Violation
	reported := func(id string) bool {
		return slices.ContainsFunc(all, func(v Violation) bool { return v.Case == id })
	}
	left := cases
	for range trialsMax {
		for _, v := range Violations(Check(context.Background(), left, m.Target)) {
			if !reported(v.Case) {
				all = append(all, v)
			}
		}
		left = slices.DeleteFunc(slices.Clone(left), func(c Case[F]) bool {
			return reported(c.ID) || !slices.Contains(m.Caught, c.ID)
		})
		if len(left) == 0 {
			break
		}
	}
	return all
}

// subject is what is run in a proof: a mutant, or a control, which nothing may report.
type subject[F any] struct {
	name         string
	want, chance []string
	try          func(cases []Case[F]) []Violation
	found        []Violation
}

// Prove runs every case against every mutant and fails t unless each is reported by exactly the cases it names, but for chance,
// every case is tripped by at least one mutant, and no control, which is odd but legal, is reported at all.
//
// Several mutants run side by side, and after them, one by one, the cases that want to be alone.
func Prove[F any](t *testing.T, cases []Case[F], mutants []Mutant[F], controls []Target[F]) {
	t.Helper()
	var subjects []*subject[F]
	for _, m := range mutants {
		if len(m.Caught) == 0 {
			t.Errorf("mutant %s: names no case", m.Name)
		}
		subjects = append(subjects, &subject[F]{name: "mutant " + m.Name, want: m.Caught, chance: m.Chance, try: m.try})
	}
	for _, c := range controls {
		subjects = append(subjects, &subject[F]{name: "control " + c.Name, try: func(cases []Case[F]) []Violation {
			return Violations(Check(context.Background(), cases, c))
		}})
	}
	var together, alone []Case[F]
	for _, c := range cases {
		if c.Alone {
			alone = append(alone, c)
		} else {
			together = append(together, c)
		}
	}
	var wg sync.WaitGroup
	slot := make(chan struct{}, parallelMutantsMax)
	for _, s := range subjects {
		wg.Go(func() {
			slot <- struct{}{}
			defer func() { <-slot }()
			s.found = s.try(together)
		})
	}
	wg.Wait()
	tripped := map[string]bool{}
	for _, s := range subjects {
		s.found = append(s.found, s.try(alone)...)
		s.judge(t, tripped)
	}
	for _, c := range cases {
		if !tripped[c.ID] {
			t.Errorf("case %s has never been seen to fail: no mutant trips it", c.ID)
		}
	}
	t.Logf("%d cases, %d mutants, %d controls", len(cases), len(mutants), len(controls))
}

// judge compares what was found with what was wanted, and notes the cases that were tripped.
func (s *subject[F]) judge(t *testing.T, tripped map[string]bool) {
	t.Helper()
	var got []string
	for _, v := range s.found {
		if slices.Contains(s.want, v.Case) || !slices.Contains(s.chance, v.Case) {
			got = append(got, v.Case)
			tripped[v.Case] = true
		}
	}
	want := slices.Sorted(slices.Values(s.want))
	slices.Sort(got)
	if slices.Equal(got, want) {
		return
	}
	t.Errorf("%s: reported by %v, want %v", s.name, got, want)
	for _, v := range s.found {
		if !slices.Contains(want, v.Case) {
			t.Logf("%s: %s: %.2000s", s.name, v.Case, v.Detail)
		}
	}
}

// Unavailable skips t and logs, in place of the summary, that the system has no such implementation, and why.
func Unavailable(t *testing.T, contract, name string, reason error) {
	t.Helper()
	t.Skipf("CONFORMANCE %s %s: unavailable (%v)", contract, name, reason)
}
