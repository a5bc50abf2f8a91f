//go:build !linux

package sys

// UnreadAtMark reports whether a read of the TCP socket h that would block is worth repeating at
// once. It returns false: only on Linux does a signal that is pending at the mark of urgent data
// make a read return.
func UnreadAtMark(Handle) (bool, error) { return false, nil }
