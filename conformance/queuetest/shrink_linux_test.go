package queuetest

import (
	"regexp"
	"strconv"
	"testing"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
)

func TestTheModelNamesFewSteps(t *testing.T) {
	t.Parallel() // it waits for events that the mutant loses
	// Two steps suffice to detect it: one that registers, and any other step after it.
	target := mutate("a level is an edge", func(q *faulty) {
		edge := func(r queue.Registration) queue.Registration {
			r.Mode = max(r.Mode, queue.Edge)
			return r
		}
		q.add = func(h sys.Handle, r queue.Registration) error { return q.reallyAdd(h, edge(r)) }
		q.modify = func(h sys.Handle, r queue.Registration) error { return q.reallyModify(h, edge(r)) }
	})
	violations := suite.Tried(t.Context(), modelCases(), target)
	if len(violations) != 1 {
		t.Fatalf("%d violations, want 1", len(violations))
	}
	detail := violations[0].Detail
	m := regexp.MustCompile(`these (\d+) steps fail`).FindStringSubmatch(detail)
	if m == nil {
		t.Fatalf("no steps in %s", detail)
	}
	if n, err := strconv.Atoi(m[1]); err != nil || n > 3 {
		t.Errorf("%s steps, want at most 3:\n%s", m[1], detail)
	}
}
