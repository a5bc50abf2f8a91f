package suite

import (
	"context"
	"errors"
	"os"
	"path/filepath"
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
	got := execute(context.Background(), "x", time.Millisecond, nil, func(t T) {
		t.OnHang(func() { close(release) })
		<-release
	})
	if !strings.Contains(got, "hung for more than") {
		t.Errorf("got %q", got)
	}
}

func TestAPanicAndFailNowEndTheCaseAlone(t *testing.T) {
	cleaned := 0
	got := execute(context.Background(), "x", Patience(), nil, func(t T) {
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
	got := execute(context.Background(), "x", Patience(), nil, func(t T) { helper(t) })
	if !strings.HasPrefix(got, "suite_test.go:") || !strings.HasSuffix(got, ": bad") {
		t.Errorf("got %q", got)
	}
}

// proof returns a Proof of the cases above, with text as the content of its detections file.
func proof(t *testing.T, text string, mutants []Mutant[*counter]) Proof[*counter] {
	path := filepath.Join(t.TempDir(), "detections.txt")
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return Proof[*counter]{Cases: cases, Mutants: mutants, Controls: []Target[*counter]{{Name: "good", Open: open(0)}}, Detections: path}
}

func TestProve(t *testing.T) {
	Prove(t, proof(t, "refuses wrongly\tadd/needs add/one\n", []Mutant[*counter]{
		{Name: "starts at one", Target: Target[*counter]{Open: open(1)}, Detects: "add/one"},
		{Name: "refuses wrongly", Target: Target[*counter]{Open: open(-1)}, Detects: "add/one"},
	}))
}

func TestDetectionsAreWhatTheCasesReport(t *testing.T) {
	p := proof(t, "", []Mutant[*counter]{
		{Name: "starts at one", Target: Target[*counter]{Open: open(1)}, Detects: "add/one"},
		{Name: "refuses wrongly", Target: Target[*counter]{Open: open(-1)}, Detects: "add/one"},
	})
	text := string(p.detect().text())
	if want := "refuses wrongly\tadd/needs add/one\nstarts at one\tadd/one\n"; text != want {
		t.Errorf("got %q, want %q", text, want)
	}
	if again := string(parseDetections([]byte(text)).text()); again != text {
		t.Errorf("after reading and writing: got %q, want %q", again, text)
	}
}

func TestAHangShowsTheEvidence(t *testing.T) {
	got := execute(context.Background(), "x", time.Millisecond, nil, func(t T) {
		t.Evidence(func() string { return "handle 7 is registered" })
		Receive(t, "a value", make(chan int))
	})
	for _, want := range []string{"suite_test.go:", "waiting for: a value", "handle 7 is registered", "the process was stopped for", "goroutine "} {
		if !strings.Contains(got, want) {
			t.Errorf("the text of the hang lacks %q: %s", want, got)
		}
	}
}

func TestWorkThatMovesIsNoHang(t *testing.T) {
	const steps = 50
	n := 0
	got := execute(context.Background(), "x", 20*time.Millisecond, nil, func(t T) {
		Moving(t, "steps", func() int { n++; return n }, func() bool { return n > steps })
		Until(t, "an event that never comes", func() bool { return false })
	})
	if n <= steps || !strings.Contains(got, "an event that never comes") {
		t.Errorf("%d steps; got %q", n, got)
	}
}
