//go:build !linux

package streamtest

func shortHandles() []shortHandle { return nil }
