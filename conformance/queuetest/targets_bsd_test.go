//go:build unix && !linux

package queuetest

// targets are what the benchmarks and the test under signals run on: one line a mechanism.
func targets() []Target {
	return []Target{
		pollTarget("pipe"),
	}
}
