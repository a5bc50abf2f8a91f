//go:build !linux

package sys

// DropErrors returns 0: the system has no error queues.
func DropErrors(Handle, int) int { return 0 }
