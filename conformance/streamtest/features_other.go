//go:build !unix

package streamtest

// Unix returns the features about unix-domain sockets that the system has.
func Unix() []Feature { return nil }
