//go:build !unix

package queuetest

// targets are what the benchmarks run on: one line a mechanism.
func targets() []Target { return nil }
