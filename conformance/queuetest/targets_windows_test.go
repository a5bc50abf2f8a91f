package queuetest

// targets are what the benchmarks and the test of faults run on: one line a mechanism.
func targets() []Target {
	return []Target{
		iocpTarget(),
	}
}
