package queuetest

// targets are what the benchmarks and the test under signals run on: one line a mechanism.
func targets() []Target {
	return []Target{
		epollTarget("eventfd"),
		iouringTarget("nop"),
		pollTarget("eventfd"),
	}
}
