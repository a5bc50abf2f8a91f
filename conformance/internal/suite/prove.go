package suite

import (
	"context"
	"slices"
	"strings"
	"testing"
)

// Mutant is a correct implementation with one rule broken. Its goroutines have no data race that
// the correct implementation lacks.
type Mutant[F any] struct {
	Name   string
	Target Target[F]
	// Detects is the case that must report the mutant in every run. Other cases that report it are
	// listed in the detections of the proof.
	Detects string
}

// Proof is the input of Prove for one suite.
type Proof[F any] struct {
	Cases    []Case[F]
	Mutants  []Mutant[F]
	Controls []Target[F] // odd but legal: no case may report them
	// Detections is the path of a file that lists, per mutant, all cases that have reported it. The
	// flag -suite.detections rewrites the file.
	Detections string
}

// pair is a mutant and a case that must report it.
type pair[F any] struct {
	mutant Mutant[F]
	c      Case[F]
}

// Prove fails t unless the case named by each mutant reports it, every case reports at least one
// mutant, and no case reports a control. A case that no mutant names runs against the first mutant
// that it reports in the detections.
//
// Mutants run in parallel, except against cases that are Alone.
func Prove[F any](t *testing.T, p Proof[F]) {
	t.Helper()
	known, ok := p.detections(t)
	if !ok {
		return
	}
	pairs := p.pairs(t, known)
	for _, alone := range []bool{false, true} {
		name := "together"
		if alone {
			name = "alone"
		}
		t.Run(name, func(t *testing.T) {
			for _, pair := range pairs {
				if pair.c.Alone == alone {
					t.Run(subtest(pair.mutant.Name)+"/"+pair.c.ID, func(t *testing.T) {
						if !alone {
							t.Parallel()
						}
						pair.prove(t)
					})
				}
			}
			for _, c := range p.Controls {
				t.Run("control/"+subtest(c.Name), func(t *testing.T) {
					if !alone {
						t.Parallel()
					}
					passes(t, p.Cases, c, alone)
				})
			}
		})
	}
	t.Logf("%d cases, %d mutants, %d controls", len(p.Cases), len(p.Mutants), len(p.Controls))
}

// subtest turns the name of a mutant into one path element of a subtest name.
func subtest(name string) string { return strings.ReplaceAll(name, "/", "-") }

func (p pair[F]) prove(t *testing.T) {
	t.Helper()
	res := runCase(context.Background(), p.c, p.mutant.Target, scaled(proofPatience), func(s string) { t.Log(s) })
	if res.Outcome != Violated {
		t.Errorf("mutant %q: case %s does not report it: %v %s", p.mutant.Name, p.c.ID, res.Outcome, res.Detail)
	}
}

// Tried returns the violations that the cases report of target, a mutant. Like Prove, it uses a
// shorter patience.
func Tried[F any](ctx context.Context, cases []Case[F], target Target[F]) []Violation {
	var results []Result
	for _, c := range cases {
		results = append(results, runCase(ctx, c, target, scaled(proofPatience), nil))
	}
	return Violations(results)
}

// passes fails t if a case reports target. It runs either the cases that are Alone or all others.
func passes[F any](t *testing.T, cases []Case[F], target Target[F], alone bool) {
	t.Helper()
	for _, c := range cases {
		if c.Alone != alone {
			continue
		}
		if res := runCase(t.Context(), c, target, Patience(), nil); res.Outcome == Violated {
			t.Errorf("control %q: case %s reports it, but it is legal: %s", target.Name, c.ID, res.Detail)
		}
	}
}

// pairs returns the runs needed so that each mutant is reported and each case reports a mutant.
func (p Proof[F]) pairs(t *testing.T, known detections) []pair[F] {
	t.Helper()
	byID := map[string]Case[F]{}
	for _, c := range p.Cases {
		byID[c.ID] = c
	}
	var pairs []pair[F]
	reporting := map[string]bool{}
	add := func(m Mutant[F], id string) {
		reporting[id] = true
		pairs = append(pairs, pair[F]{m, byID[id]})
	}
	seen := map[string]bool{}
	for _, m := range p.Mutants {
		switch {
		case seen[m.Name]:
			t.Errorf("mutant %q occurs twice", m.Name)
			continue
		case byID[m.Detects].Run == nil:
			t.Errorf("mutant %q: no case has the identifier %q", m.Name, m.Detects)
			continue
		}
		seen[m.Name] = true
		add(m, m.Detects)
	}
	for _, c := range p.Cases {
		if reporting[c.ID] {
			continue
		}
		i := slices.IndexFunc(p.Mutants, func(m Mutant[F]) bool { return slices.Contains(known[m.Name], c.ID) })
		if i < 0 {
			t.Errorf("case %s has never been seen to fail: no mutant names it, and %s has none", c.ID, p.Detections)
			continue
		}
		add(p.Mutants[i], c.ID)
	}
	return pairs
}
