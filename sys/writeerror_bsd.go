//go:build unix && !linux && !darwin

package sys

// writeError returns err unchanged: only macOS needs a correction.
func writeError(err error) error { return err }
