//go:build unix && !linux && !darwin

package sys

// writeError is for the system that names an error wrongly.
func writeError(err error) error { return err }
