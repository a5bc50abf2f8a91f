package suite

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
)

type counter struct{ n int }

func (c *counter) add() { c.n++ }

var cases = []Case[*counter]{
	{ID: "add/one", Rule: "add adds one", Run: func(t T, c *counter) {
		c.add()
		if c.n != 1 {
			t.Errorf("n = %d, want 1", c.n)
		}
	}},
	{ID: "add/needs", Rule: "only some can", Needs: []Feature{"rare"}, Run: func(T, *counter) {}, Refused: func(t T, c *counter) {
		if c.n < 0 {
			t.Fatalf("refused wrongly")
		}
	}},
}

func open(n int) func(T) (*counter, error) {
	return func(T) (*counter, error) { return &counter{n}, nil }
}

func outcomes(rs []Result) (s []Outcome) {
	for _, r := range rs {
		s = append(s, r.Outcome)
	}
	return s
}

func TestOutcomes(t *testing.T) {
	for _, c := range []struct {
		name   string
		target Target[*counter]
		want   []Outcome
	}{
		{"good", Target[*counter]{Open: open(0)}, []Outcome{Passed, NotApplicable}},
		{"claims", Target[*counter]{Open: open(0), Features: []Feature{"rare"}}, []Outcome{Passed, Passed}},
		{"broken", Target[*counter]{Open: open(1)}, []Outcome{Violated, NotApplicable}},
		{"refuses wrongly", Target[*counter]{Open: open(-1)}, []Outcome{Violated, Violated}},
		{"waived", Target[*counter]{Open: open(1), Waivers: []Waiver{{"add/one", "known", ""}}}, []Outcome{Waived, NotApplicable}},
		{"stale waiver", Target[*counter]{Open: open(0), Waivers: []Waiver{{"add/one", "known", ""}}}, []Outcome{Violated, NotApplicable}},
		{"does not open", Target[*counter]{Open: func(T) (*counter, error) { return nil, errors.New("no") }}, []Outcome{Violated, Violated}},
	} {
		got := outcomes(Check(t.Context(), cases, c.target))
		if len(got) != 2 || got[0] != c.want[0] || got[1] != c.want[1] {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}

func TestAHungCaseIsReleasedAndReported(t *testing.T) {
	release := make(chan struct{})
	got := execute(context.Background(), "x", 10*time.Millisecond, nil, func(t T) {
		t.OnHang(func() { close(release) })
		<-release
	})
	if !strings.Contains(got, "hung for more than") {
		t.Errorf("got %q", got)
	}
}

func TestAPanicAndFailNowEndTheCaseAlone(t *testing.T) {
	cleaned := 0
	got := execute(context.Background(), "x", 0, nil, func(t T) {
		t.Cleanup(func() { cleaned++ })
		t.Cleanup(func() { t.FailNow() })
		t.Cleanup(func() { panic("in cleanup") })
		panic("in case")
	})
	if cleaned != 1 || !strings.Contains(got, "in case") || !strings.Contains(got, "in cleanup") {
		t.Errorf("cleaned %d, got %q", cleaned, got)
	}
}

func TestAFailureNamesTheLineOfTheCase(t *testing.T) {
	helper := func(t T) { t.Helper(); t.Errorf("bad") }
	got := execute(context.Background(), "x", 0, nil, func(t T) { helper(t) })
	if !strings.HasPrefix(got, "suite_test.go:") || !strings.HasSuffix(got, ": bad") {
		t.Errorf("got %q", got)
	}
}

func TestProve(t *testing.T) {
	opened := 0
	Prove(t, cases, []Mutant[*counter]{
		{Name: "starts at one", Target: Target[*counter]{Open: open(1)}, Caught: []string{"add/one"}},
		{Name: "refuses wrongly", Target: Target[*counter]{Open: open(-1)}, Caught: []string{"add/one", "add/needs"}},
		{Name: "refuses wrongly, or so", Target: Target[*counter]{Open: open(-1)}, Caught: []string{"add/one"}, Chance: []string{"add/needs"}},
		{Name: "starts at one now and then", Target: Target[*counter]{Open: func(T) (*counter, error) {
			// The first trial opens two counters, for two cases; then only the case is tried that has not reported it.
			opened++
			return &counter{max(0, opened-2)}, nil
		}}, Caught: []string{"add/one"}},
	}, []Target[*counter]{{Name: "good", Open: open(0)}})
	if opened != 3 {
		t.Errorf("%d counters were opened, want 3", opened)
	}
}
