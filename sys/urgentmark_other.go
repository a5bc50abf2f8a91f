//go:build !linux

package sys

// UnreadAtMark reports whether a read of the TCP socket h that would block is worth repeating at
// once. It returns false: only on Linux does a signal that is pending at the mark of urgent data
// make a read return.
func UnreadAtMark(Handle) (bool, error) { return false, nil }

// StoppedAtMark reports whether a short read of the TCP socket h may have stopped at the mark of
// urgent data. It asks the kernel on Linux only. On other systems the answer is unknown and
// therefore true.
func StoppedAtMark(Handle) bool { return true }
