package resolvetest

import (
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/resolve"
)

func pool(_ T, lookup resolve.Lookup, bounds resolve.PoolOptions) (resolve.Strategy, error) {
	return resolve.NewPool(lookup, bounds)
}

func blocking(_ T, lookup resolve.Lookup, _ resolve.PoolOptions) (resolve.Strategy, error) {
	return resolve.NewBlocking(lookup), nil
}

func everything() Fixture {
	p := Default()
	p.Base = pool
	return p
}

var poolClaims = []Feature{Async, Bounded, Lookup, Precise, SlowLane, Spares}

func TestPoolAndDecorators(t *testing.T) {
	leavesNoGoroutines(t)
	Run(t, Target{Name: "pool", Fixture: everything(), Claims: poolClaims})
}

func TestBlocking(t *testing.T) {
	leavesNoGoroutines(t)
	Run(t, Target{Name: "blocking", Fixture: Fixture{Base: blocking}, Claims: []Feature{Lookup, Precise}})
}

// leavesNoGoroutines fails t if more goroutines are in module resolve at the end of the test than
// at its start.
func leavesNoGoroutines(t *testing.T) {
	t.Helper()
	count := func() (n int, all string) {
		buf := make([]byte, 1<<20)
		all = string(buf[:runtime.Stack(buf, true)])
		for _, stack := range strings.Split(all, "\n\n") {
			if strings.Contains(stack, "edgewise/resolve") {
				n++
			}
		}
		return n, all
	}
	before, _ := count()
	t.Cleanup(func() {
		for limit := time.Now().Add(suite.Patience()); ; <-time.After(time.Millisecond) {
			n, all := count()
			if n <= before {
				return
			}
			if time.Now().After(limit) {
				t.Errorf("%d goroutines are left in module resolve\n%s", n-before, all)
				return
			}
		}
	})
}
