package queuetest

// targets returns the targets of the benchmarks and of the test of faults, one line per mechanism.
func targets() []Target {
	return []Target{
		iocpTarget(),
	}
}
