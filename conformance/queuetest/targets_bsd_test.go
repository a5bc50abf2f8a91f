//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package queuetest

// targets are what the benchmarks and the test under signals run on: one line a mechanism.
func targets() []Target {
	return []Target{
		pollTarget("pipe"),
		kqueueTarget("user"),
		kqueueTarget("pipe"),
	}
}
