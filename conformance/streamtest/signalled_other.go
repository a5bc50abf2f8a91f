//go:build !linux

package streamtest

// signalled is for Linux.
var signalled = []string{""}
