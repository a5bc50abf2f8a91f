package suite

import (
	"fmt"
	"testing"
	"time"
)

// tested is a T that reports to a *testing.T.
type tested struct {
	*testing.T
	stalls *stalls
	r      *recorder // holds the evidence
}

// Of wraps t as a T, for tests that use a target without being a case of the suite.
func Of(t *testing.T) T {
	t.Helper()
	s := watchStalls()
	t.Cleanup(s.end)
	return tested{T: t, stalls: s, r: &recorder{stalls: s}}
}

// OnHang calls f at the end of the test. A hung test has only the deadline of the program, which
// then prints the stacks.
func (t tested) OnHang(f func()) { t.Cleanup(f) }

func (t tested) Patience() time.Duration  { return Patience() }
func (t tested) Evidence(f func() string) { t.r.Evidence(f) }

func (t tested) Hang(format string, args ...any) {
	t.Helper()
	t.Fatalf("timed out after %v waiting for: %s; %s", t.Patience(), fmt.Sprintf(format, args...), t.r.evidence())
}
