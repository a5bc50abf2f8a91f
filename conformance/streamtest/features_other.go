//go:build !unix

package streamtest

// system is what every machine of this system has.
func system() []Feature { return nil }
