//go:build !linux

package streamtest

func shortReadMutants() []mutant { return nil }
