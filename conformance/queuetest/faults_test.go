package queuetest

import (
	"testing"

	"github.com/edgewise-go/edgewise/conformance/queuefault"
	"github.com/edgewise-go/edgewise/queue"
)

// TestLegalFaults runs every case on queues with all oddities that the contract allows.
func TestLegalFaults(t *testing.T) {
	for _, target := range targets() {
		if err := target.available(); err != nil {
			t.Logf("%s: unavailable (%v)", target.Name, err)
			continue
		}
		target := withFaults(target, queuefault.Legal)
		for _, v := range Check(t.Context(), target) {
			t.Errorf("%s: %v", target.Name, v)
		}
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
