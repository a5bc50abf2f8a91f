package streamtest

import (
	"testing"

	"github.com/edgewise-go/edgewise/stream/park"
)

// parked is the target whose Waiter is stream/park.
func parked() Target {
	return Target{Name: "park", Features: append(features(), Turns), Waivers: waivers(), Open: func(T) (*Fixture, error) {
		return &Fixture{Waiter: park.Waiter{}, Go: func(_ string, f func()) { go f() }, Child: "TestOneInAChild"}, nil
	}}
}

func TestPark(t *testing.T) { Run(t, parked()) }

// TestOneInAChild is the test that other tests start in a process of its own.
func TestOneInAChild(t *testing.T) { RunChild(t, everyTarget()...) }

// features returns the features that every target has on this system.
func features() []Feature {
	return append(System(), Selects)
}
