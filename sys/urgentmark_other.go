//go:build !linux

package sys

// UnreadAtMark reports whether a read of the TCP socket h that would block is worth repeating at
// once. It never is: only Linux takes a pending signal at the mark of urgent data for a reason to
// return.
func UnreadAtMark(Handle) (bool, error) { return false, nil }
