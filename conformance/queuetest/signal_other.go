//go:build !unix

package queuetest

// underSignals runs f: signals interrupt no call on this system.
func underSignals(f func()) { f() }
