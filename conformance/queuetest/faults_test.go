package queuetest

import (
	"testing"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/conformance/queuefault"
	"github.com/edgewise-go/edgewise/queue"
)

// TestLegalFaults runs every case on queues with all oddities that the contract allows. The faults
// delay events, so the targets wait together. Cases that are Alone run first, one at a time.
func TestLegalFaults(t *testing.T) {
	var faulty []Target
	for _, target := range targets() {
		if err := target.available(); err != nil {
			t.Logf("%s: unavailable (%v)", target.Name, err)
			continue
		}
		faulty = append(faulty, withFaults(target, queuefault.Legal))
	}
	check := func(t *testing.T, target Target, alone bool) {
		var cases []Case
		for _, c := range Cases() {
			if c.Alone == alone {
				cases = append(cases, c)
			}
		}
		for _, v := range suite.Violations(suite.Check(t.Context(), cases, target.suite())) {
			t.Errorf("%s: %v", target.Name, v)
		}
	}
	for _, target := range faulty {
		check(t, target, true)
	}
	t.Parallel()
	for _, target := range faulty {
		t.Run(target.Name, func(t *testing.T) {
			t.Parallel()
			check(t, target, false)
		})
	}
}

// withFaults returns target with faults injected into its queues.
func withFaults(target Target, faults queuefault.Faults) Target {
	open := target.Open
	target.Name, target.Seed, target.Features.Nested = target.Name+" with faults", faultSeed, false
	target.Open = func() (queue.Queue, error) {
		q, err := open()
		if err != nil {
			return nil, err
		}
		return queuefault.New(q, faults, faultSeed), nil
	}
	return target
}

// faultSeed makes the choices of a single-goroutine run repeatable.
const faultSeed = 1
