//go:build !unix && !windows

package queuetest

// targets are what the benchmarks run on: one line a mechanism.
func targets() []Target { return nil }
