// Package suite runs the cases of a contract against one implementation, and proves that the cases
// can fail.
//
// A case is an identifier, the rule that it enforces, the features that it needs, and a function.
// It has three outcomes: pass, n/a with the missing feature, and waived with a reason. Any other
// result is a violation.
package suite

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// T is the part of testing.TB that a case may use. The package implements it itself, so that a case
// runs unchanged under a *testing.T, in a tool, and against a mutant that must fail.
//
// FailNow must be called on the goroutine that runs the case. Errorf and Logf may be called on any
// goroutine while the case runs.
type T interface {
	Helper()
	Name() string
	Context() context.Context
	Cleanup(func())
	TempDir() string
	Logf(format string, args ...any)
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
	FailNow()
	// OnHang registers f to run when the case exceeds its limit. f releases the blocked goroutines
	// by closing the implementation under test. The last registered function runs first.
	OnHang(f func())
	// Patience is how long the case waits for an event that is due. It only ends hangs: it never
	// proves that something does not happen.
	Patience() time.Duration
	// Evidence registers f, whose text a hang prints: for example the registrations of a queue or
	// the state of a peer.
	Evidence(f func() string)
	// Hang ends the case because an event that was due did not arrive within Patience. It prints
	// all evidence, how long the process itself was stopped, and all stacks. Like FailNow, it must
	// be called on the goroutine that runs the case.
	Hang(format string, args ...any)
}

// Feature names a feature that an implementation may lack.
type Feature string

// Case is one rule of a contract and the function that enforces it on a fixture of type F.
type Case[F any] struct {
	ID     string    // "area/behaviour", unique in its suite
	Rule   string    // the rule, in one or two sentences
	Doc    string    // the symbol whose doc comment promises the rule, such as "queue.Queue.Wait"; see Promises
	Source string    // the origin of the rule: a defect of a known project, a manual, an RFC section
	Needs  []Feature // if all are claimed, Run must pass; otherwise Refused must
	// Alone marks a case that observes a resource of the whole process, which concurrent cases
	// would disturb: allocations, or the number of a closed handle. Prove runs it while no other
	// case runs.
	Alone bool
	Run   func(t T, f F)
	// Refused checks that an implementation that does not claim Needs returns
	// errors.ErrUnsupported. It may be nil only if no call exists that could be refused.
	Refused func(t T, f F)
}

// Waiver is a known deviation of an implementation. The case runs and must fail, and its failure is
// reported as waived.
type Waiver struct {
	Case   string
	Reason string
	URL    string // evidence: an issue, a manual page
}

// Target is one implementation and the features that it claims.
type Target[F any] struct {
	Name     string
	Features []Feature
	Waivers  []Waiver
	// Open makes a new fixture for one case and registers its release with t.Cleanup.
	Open func(t T) (F, error)
}

// Outcome is the result of a case.
type Outcome uint8

// The outcomes. Only Violated is a failure.
const (
	Passed Outcome = iota
	NotApplicable
	Waived
	Violated
)

func (o Outcome) String() string {
	switch o {
	case Passed:
		return "pass"
	case NotApplicable:
		return "n/a"
	case Waived:
		return "waived"
	case Violated:
		return "violated"
	}
	return fmt.Sprintf("Outcome(%d)", uint8(o))
}

// Result is the outcome of one case on one target.
type Result struct {
	Case    string
	Rule    string
	Outcome Outcome
	Detail  string // the failure, the missing feature, or the waiver's reason
}

// Violation is a case that failed. It implements error.
type Violation struct{ Case, Rule, Detail string }

func (v Violation) Error() string {
	return fmt.Sprintf("%s: %s\nrule: %s", v.Case, v.Detail, v.Rule)
}

// Violations returns the results that are failures.
func Violations(results []Result) []Violation {
	var vs []Violation
	for _, r := range results {
		if r.Outcome == Violated {
			vs = append(vs, Violation{r.Case, r.Rule, r.Detail})
		}
	}
	return vs
}

// Check runs all cases against target, in order, without a *testing.T.
func Check[F any](ctx context.Context, cases []Case[F], target Target[F]) []Result {
	results := make([]Result, 0, len(cases))
	for _, c := range cases {
		results = append(results, runCase(ctx, c, target, Patience(), nil))
	}
	return results
}

func runCase[F any](ctx context.Context, c Case[F], target Target[F], patience time.Duration, log func(string)) Result {
	res := Result{Case: c.ID, Rule: c.Rule}
	run := c.Run
	missing := missingOf(c.Needs, target.Features)
	if missing != "" {
		res.Outcome, res.Detail = NotApplicable, "needs "+missing
		if c.Refused == nil {
			return res
		}
		run = c.Refused
	}
	waiver := slices.IndexFunc(target.Waivers, func(w Waiver) bool { return w.Case == c.ID })

	failure := execute(ctx, target.Name+"/"+c.ID, patience, log, func(t T) {
		f, err := target.Open(t)
		if err != nil {
			t.Fatalf("open: %v", err)
		}
		run(t, f)
	})
	switch {
	case failure != "" && waiver >= 0:
		w := target.Waivers[waiver]
		res.Outcome, res.Detail = Waived, strings.TrimSpace(w.Reason+" "+w.URL)
	case failure != "" && missing != "":
		res.Outcome, res.Detail = Violated, "feature not claimed ("+missing+"), but wrongly refused: "+failure
	case failure != "":
		res.Outcome, res.Detail = Violated, failure
	case waiver >= 0:
		res.Outcome, res.Detail = Violated, "stale waiver: the case passes"
	}
	return res
}

func missingOf(needs, have []Feature) string {
	var missing []string
	for _, n := range needs {
		if !slices.Contains(have, n) {
			missing = append(missing, string(n))
		}
	}
	return strings.Join(missing, ", ")
}
