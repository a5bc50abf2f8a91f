//go:build !linux

package streamtest

func vainMutants() []mutant { return nil }
