//go:build !unix

package streamtest

// lostFlagMutants are for systems where a handle can be adopted.
func lostFlagMutants() []mutant { return nil }
