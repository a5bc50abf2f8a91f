//go:build !unix

package streamtest

// system holds the features that every machine of this system has.
func system() []Feature { return nil }
