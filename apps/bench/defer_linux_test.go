package main

import (
	"strings"
	"testing"

	"github.com/edgewise-go/edgewise/apps/internal/apptest"
	"github.com/edgewise-go/edgewise/apps/internal/strategy"
)

func TestDeferredWorkIsReportedOnce(t *testing.T) {
	t.Parallel()
	out := succeed(t, "defer", "-sources", "50", "-turn", "1ms", "-work", "100us")
	for _, mechanism := range apptest.Queues(t) {
		for _, scheduler := range strategy.Schedulers() {
			if !strings.Contains(out, mechanism) || !strings.Contains(out, scheduler) {
				t.Errorf("got no row of %s with %s:\n%s", mechanism, scheduler, out)
			}
		}
	}
}
