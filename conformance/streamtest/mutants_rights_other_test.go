//go:build !linux

package streamtest

func rightsMutants() []mutant { return nil }
