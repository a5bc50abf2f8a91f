package queuetest

// targets returns the targets of the benchmarks and of the test under signals, one line per
// mechanism.
func targets() []Target {
	return []Target{
		epollTarget("eventfd"),
		iouringTarget("nop"),
		pollTarget("eventfd"),
	}
}
