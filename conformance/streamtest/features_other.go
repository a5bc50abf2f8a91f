//go:build !unix

package streamtest

// Unix returns the features that the system has.
func Unix() []Feature { return nil }
