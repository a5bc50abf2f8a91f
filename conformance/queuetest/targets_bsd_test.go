//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package queuetest

// targets returns the targets of the benchmarks and of the test under signals, one line per
// mechanism.
func targets() []Target {
	return []Target{
		pollTarget("pipe"),
		kqueueTarget("user"),
		kqueueTarget("pipe"),
	}
}
