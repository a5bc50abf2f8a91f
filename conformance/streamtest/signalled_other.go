//go:build !linux

package streamtest

// signalled is available only on Linux.
var signalled = []string{""}
